//! One request: parsed, validated, paid for, executed, and answered in Shopify's shape.

use super::{
    RequestContext, Shared,
    access::Scopes,
    cost::{self, MAX_QUERY_COST},
    resolve::{MARK, Root, Run},
    schema,
};
use apollo_compiler::{
    ExecutableDocument,
    executable::{Operation, OperationType},
    request::coerce_variable_values,
    resolvers::Execution,
    response::{ExecutionResponse, GraphQLError, JsonMap},
    validation::Valid,
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// The body of a request.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    #[serde(default)]
    pub query: Option<String>,
    #[serde(default)]
    pub variables: Option<JsonMap>,
    #[serde(default)]
    pub operation_name: Option<String>,
}

/// What shall go wrong with this request on the way.
#[derive(Clone, Copy, Debug, Default)]
pub struct Trouble {
    /// No points are left, whatever the bucket holds.
    pub throttled: bool,
    /// One field that may be null is null.
    pub dropped_field: bool,
}

/// The reply's JSON; always sent with 200.
pub fn answer(shared: &Arc<Shared>, scopes: &Scopes, request: &Request, trouble: Trouble) -> Value {
    let Some(query) = request.query.as_deref().filter(|q| !q.trim().is_empty()) else {
        return json!({"errors": {"query": "Required parameter missing or invalid"}});
    };
    let document = match ExecutableDocument::parse_and_validate(schema::get(), query, "query.graphql") {
        Ok(document) => document,
        Err(wrong) => {
            let errors = wrong.errors.iter().map(|e| {
                let code = e.error.unstable_error_name().map_or_else(|| "parseError".to_owned(), lower_first);
                with_code(&e.to_json(), &code)
            });
            return json!({"errors": errors.collect::<Vec<_>>()});
        }
    };
    let refused = |error: apollo_compiler::request::RequestError, code: &str| json!({"errors": [with_code(&error.to_graphql_error(&document.sources), code)]});
    let operation = match document.operations.get(request.operation_name.as_deref()) {
        Ok(operation) => operation,
        Err(error) => return refused(error, "operationName"),
    };
    shared.count(operation.name.as_ref().map_or("", |n| n.as_str()));
    let given = request.variables.clone().unwrap_or_default();
    let variables = match coerce_variable_values(schema::get(), operation, &given) {
        Ok(variables) => variables,
        Err(error) => return refused(error, "INVALID_VARIABLE"),
    };

    let requested = cost::requested(&document, operation, &variables);
    if requested > MAX_QUERY_COST {
        return too_dear(requested);
    }
    if trouble.throttled || !shared.bucket().take(requested) {
        let cost = shared.bucket().report(requested, None);
        let error = json!({"message": "Throttled", "extensions": {
            "code": "THROTTLED", "documentation": "https://shopify.dev/api/usage/rate-limits",
        }});
        return json!({"errors": [error], "extensions": {"cost": cost}});
    }

    let context = RequestContext { shared, scopes: scopes.clone(), now: shared.clock.now(), variables: &variables };
    let (response, search) = execute(&context, &document, operation, trouble.dropped_field);
    let actual = response.data.as_ref().map_or(0, |data| cost::actual(&document, operation, &variables, data));
    let mut bucket = shared.bucket();
    bucket.give_back(requested.saturating_sub(actual));
    let mut extensions = json!({"cost": bucket.report(requested, Some(actual))});
    if !search.is_empty() {
        extensions["search"] = search.into();
    }
    let mut reply = json!({"data": response.data, "extensions": extensions});
    if !response.errors.is_empty() {
        reply["errors"] = response.errors.iter().map(field_error).collect::<Vec<_>>().into();
    }
    reply
}

fn execute(
    context: &RequestContext<'_>,
    document: &Valid<ExecutableDocument>,
    operation: &Operation,
    drop_one: bool,
) -> (ExecutionResponse, Vec<Value>) {
    let world = context.shared.world();
    let attempt = |drop: Option<usize>| {
        let run = Run::new(world.clone(), context, None);
        run.notes.lock().expect("no holder panics").drop = drop;
        let root = Root { run: &run, ty: operation.object_type().clone() };
        let execution = Execution::new(schema::get(), document).operation(operation);
        let response = execution.coerced_variable_values(context.variables).execute_sync(&root);
        let response = response.unwrap_or_else(|error| ExecutionResponse {
            errors: vec![error.to_graphql_error(&document.sources)],
            data: None,
        });
        let notes = std::mem::take(&mut *run.notes.lock().expect("no holder panics"));
        (response, notes)
    };
    // Which field it is can be drawn once it is known how many there are. A mutation runs once only.
    let drop = (drop_one && operation.operation_type == OperationType::Query).then(|| {
        let (_, notes) = attempt(None);
        context.shared.dice.lock().expect("no holder panics").pick(notes.nullable)
    });
    let (response, notes) = attempt(drop);
    (response, notes.search)
}

fn too_dear(cost: u64) -> Value {
    json!({"errors": [{
        "message": format!("Query cost is {cost}, which exceeds the single query max cost limit ({MAX_QUERY_COST})."),
        "extensions": {
            "code": "MAX_COST_EXCEEDED", "cost": cost, "maxCost": MAX_QUERY_COST,
            "documentation": "https://shopify.dev/api/usage/rate-limits",
        },
    }]})
}

/// An error of a field: what [`super::resolve::refuse`] packed into its message is taken apart again.
fn field_error(error: &GraphQLError) -> Value {
    const OURS: &str = "resolver error: ";
    let packed = error.message.strip_prefix(OURS).and_then(|m| m.strip_suffix(MARK));
    let unpacked = packed.and_then(|p| serde_json::from_str::<(String, Value)>(p).ok());
    match unpacked {
        Some((message, extensions)) => json!({
            "message": message, "locations": error.locations, "path": error.path, "extensions": extensions,
        }),
        None => json!({
            "message": error.message, "locations": error.locations, "path": error.path,
            "extensions": {"code": "INTERNAL_SERVER_ERROR"},
        }),
    }
}

fn with_code(error: &GraphQLError, code: &str) -> Value {
    json!({"message": error.message, "locations": error.locations, "extensions": {"code": code}})
}

fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
