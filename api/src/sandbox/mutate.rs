//! Mutations: what changes in the store in memory, what is refused, and a log of what was done for whom to look at.

mod orders;
mod subscriptions;

use super::{
    Remembered, bulk,
    resolve::{Run, refuse},
    world::World,
};
use apollo_compiler::{
    resolvers::{FieldError, ResolveInfo},
    response::JsonMap,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

/// One effect of a mutation on the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    pub at: Timestamp,
    /// `refundCreate`.
    pub mutation: String,
    /// The id of what was made or changed.
    pub subject: String,
    /// Of `@idempotent(key:)`, where one was given.
    pub key: Option<String>,
}

/// What a mutation did.
struct Done {
    payload: Value,
    /// None: it was refused, and nothing changed.
    subject: Option<String>,
    /// Webhook topics that follow, with the object that each tells of.
    webhooks: Vec<(&'static str, String)>,
}

impl Done {
    /// `errors`: field path, code, message.
    fn refused(list: &str, errors: &[UserError<'_>]) -> Self {
        let errors = errors.iter().map(|e| json!({"field": e.field, "code": e.code, "message": e.message}));
        Self { payload: json!({list: errors.collect::<Vec<_>>()}), subject: None, webhooks: Vec::new() }
    }
}

struct UserError<'a> {
    field: Vec<String>,
    code: &'a str,
    message: String,
}

fn user_error<'a>(field: &[&str], code: &'a str, message: impl Into<String>) -> UserError<'a> {
    UserError { field: field.iter().map(|&f| f.to_owned()).collect(), code, message: message.into() }
}

/// Runs the mutation that `info` names; its payload, with ids where objects are meant.
pub fn apply(run: &Run<'_>, info: &ResolveInfo<'_>) -> Result<Value, FieldError> {
    let (shared, now) = (run.context.shared, run.context.now);
    let field = info.field_name();
    let args = serde_json::to_value(info.arguments()).unwrap_or_default();
    let key = idempotency_key(info, run.context.variables)?;

    // Held until all is done: of two requests with one key the second sees what the first did.
    let mut guard = shared.world.lock().expect("no holder panics");
    let mut remembered = shared.remembered.lock().expect("no holder panics");
    if let Some(key) = &key
        && let Some(before) = remembered.get(key)
    {
        if before.mutation == field && before.arguments == args {
            return Ok(before.payload.clone());
        }
        let message = "The same idempotency key cannot be used with different operation parameters.";
        return Ok(Done::refused("userErrors", &[user_error(&[], "INVALID", message)]).payload);
    }
    if field == "refundCreate" && key.is_none() {
        let message = "The @idempotent directive is required for this mutation but was not provided.";
        return Err(refuse(message, json!({"code": "BAD_REQUEST"})));
    }

    let world: &mut World = Arc::make_mut(&mut guard);
    let done = match field {
        "returnRequest" => orders::request_return(world, now, &args),
        "orderCancel" => orders::cancel(world, now, &args),
        "orderUpdate" => orders::update(world, now, &args),
        "refundCreate" => orders::refund(world, now, &args),
        "webhookSubscriptionCreate" => subscriptions::create(world, now, &args),
        "webhookSubscriptionDelete" => subscriptions::delete(world, &args),
        "bulkOperationRunQuery" => start_bulk(run, world, now, &args),
        "bulkOperationCancel" => cancel_bulk(world, now, &args),
        other => {
            return Err(refuse(
                &format!("the sandbox has no mutation {other}"),
                json!({"code": "INTERNAL_SERVER_ERROR"}),
            ));
        }
    };
    if let Some(subject) = &done.subject {
        let effect = Effect { at: now, mutation: field.into(), subject: subject.clone(), key: key.clone() };
        shared.effects.lock().expect("no holder panics").push(effect);
        if let Some(key) = key {
            let payload = done.payload.clone();
            remembered.insert(key, Remembered { mutation: field.into(), arguments: args, payload });
        }
    }
    *run.world.lock().expect("no holder panics") = guard.clone();
    drop(remembered);
    drop(guard);
    for (topic, gid) in &done.webhooks {
        shared.emit(topic, gid);
    }
    Ok(done.payload)
}

/// The key of `@idempotent`, which must not be blank.
fn idempotency_key(info: &ResolveInfo<'_>, variables: &JsonMap) -> Result<Option<String>, FieldError> {
    let directives = info.field_selections().iter().filter_map(|field| field.directives.get("idempotent"));
    let Some(directive) = directives.into_iter().next() else { return Ok(None) };
    let value = directive.specified_argument_by_name("key");
    let key = value.and_then(|value| match value.as_variable() {
        Some(variable) => variables.get(variable.as_str())?.as_str().map(str::to_owned),
        None => value.as_str().map(str::to_owned),
    });
    match key.filter(|key| !key.trim().is_empty()) {
        Some(key) => Ok(Some(key)),
        None => Err(refuse("The idempotency key cannot be blank.", json!({"code": "BAD_REQUEST"}))),
    }
}

fn start_bulk(run: &Run<'_>, world: &mut World, now: Timestamp, args: &Value) -> Done {
    let query = args["query"].as_str().unwrap_or_default();
    match bulk::prepare(world, query) {
        Err((code, message)) => Done::refused("userErrors", &[user_error(&["query"], code, message)]),
        Ok(prepared) => {
            let gid = bulk::enter(world, now, query);
            bulk::start(run.context.shared.clone(), run.context.scopes.clone(), gid.clone(), prepared);
            Done { payload: json!({"bulkOperation": gid, "userErrors": []}), subject: Some(gid), webhooks: Vec::new() }
        }
    }
}

fn cancel_bulk(world: &mut World, now: Timestamp, args: &Value) -> Done {
    let gid = args["id"].as_str().unwrap_or_default();
    match bulk::cancel(world, now, gid) {
        Ok(()) => Done {
            payload: json!({"bulkOperation": gid, "userErrors": []}),
            subject: Some(gid.to_owned()),
            webhooks: Vec::new(),
        },
        Err(message) => Done::refused("userErrors", &[user_error(&["id"], "INVALID", message)]),
    }
}
