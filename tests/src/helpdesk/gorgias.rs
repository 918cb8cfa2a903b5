//! Gorgias' tickets: `POST` and `GET /api/tickets`, `GET` and `PUT /api/tickets/{id}` with what was written meanwhile, and
//! `POST /api/tickets/{id}/messages`. It knows no idempotency key: what is posted twice is there twice. A ticket's number
//! is its place among what was done.

use super::{Asked, Effect, Known, Reply, TOKEN, USER, only, text};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

pub(super) fn reply(asked: &Asked<'_>, known: &mut Known) -> Result<Reply, String> {
    asked.basic(&format!("{USER}:{TOKEN}"))?;
    if let Some(path) = asked.path.strip_prefix("/api/tickets/") {
        return of_one(asked, known, path);
    }
    if asked.path != "/api/tickets" {
        return Err("no such path".into());
    }
    if asked.method == Method::GET {
        let id = asked.query.get("external_id").ok_or("which tickets?")?;
        let found: Vec<Value> = (0..known.effects.len()).filter_map(|at| shown(known, at)).collect();
        let found: Vec<Value> = found.into_iter().filter(|ticket| ticket["external_id"] == **id).collect();
        return Ok(Reply::Seen(StatusCode::OK, json!({ "data": found, "object": "list" })));
    }
    let ticket = asked.json()?;
    let key = text(&ticket, "external_id")?.to_owned();
    text(&ticket, "subject")?;
    text(&ticket, "channel")?;
    text(&ticket, "via")?;
    text(&ticket, "customer.email")?;
    if ticket["tags"].as_array().is_none_or(|tags| tags.iter().any(|tag| !tag["name"].is_string())) {
        return Err("a tag has a name".into());
    }
    let messages = ticket["messages"].as_array().filter(|messages| !messages.is_empty());
    for message in messages.ok_or("a ticket has messages")? {
        check(message)?;
    }
    Ok(Reply::Done(Effect { key, what: ticket }, StatusCode::CREATED, json!({ "id": known.effects.len() + 1 })))
}

/// A message as Gorgias takes it.
fn check(message: &Value) -> Result<(), String> {
    text(message, "channel")?;
    text(message, "via")?;
    text(message, "body_text")?;
    if message["sender"]["id"].is_null() {
        text(message, "sender.email")?;
    }
    let from_agent = message["from_agent"].as_bool().ok_or("from_agent is needed")?;
    // Internal notes are outgoing and not public.
    if message["channel"] == "internal-note" && (!from_agent || message["public"] != false) {
        return Err("a note is the agents'".into());
    }
    if from_agent && message["sender"]["email"] != USER {
        return Err("an agent's message is a user's".into());
    }
    Ok(())
}

/// A ticket with what Gorgias adds to it.
fn shown(known: &Known, at: usize) -> Option<Value> {
    let mut ticket = known.effects.get(at)?.what.clone();
    if !ticket["external_id"].is_string() {
        return None;
    }
    ticket["id"] = json!(at + 1);
    ticket["customer"]["id"] = json!(5000 + at);
    Some(ticket)
}

fn of_one(asked: &Asked<'_>, known: &mut Known, path: &str) -> Result<Reply, String> {
    let number = path.strip_suffix("/messages").unwrap_or(path);
    let at: usize = number.parse().map_err(|_| "a ticket has a number")?;
    let at = at.checked_sub(1).ok_or("tickets are counted from 1")?;
    let Some(ticket) = shown(known, at) else {
        return Ok(Reply::Seen(StatusCode::NOT_FOUND, json!({ "error": { "msg": "not found" } })));
    };
    match (asked.method.clone(), number == path) {
        (Method::GET, true) => Ok(Reply::Seen(StatusCode::OK, ticket)),
        (Method::PUT, true) => {
            let change = asked.json()?;
            only(&change, &["status"])?;
            known.effects[at].what["status"] = json!(text(&change, "status")?);
            known.effects[at].what["closed_datetime"] = Value::Null;
            Ok(Reply::Seen(StatusCode::ACCEPTED, json!({ "id": at + 1 })))
        }
        (Method::POST, false) => {
            let mut message = asked.json()?;
            check(&message)?;
            if message["from_agent"] != false || !message["receiver"].is_null() {
                return Err("an incoming message is from a customer, and to nobody".into());
            }
            if message["sender"]["id"] != ticket["customer"]["id"] {
                return Err("the sender is not the ticket's customer".into());
            }
            let key = text(&message, "external_id")?.to_owned();
            message["id"] = json!(100_000 + known.effects.len());
            message["created_datetime"] = json!(jiff::Timestamp::now().to_string());
            let messages = known.effects[at].what["messages"].as_array_mut().ok_or("a ticket has messages")?;
            messages.push(message.clone());
            let what = json!({ "ticket": at + 1, "message": message });
            Ok(Reply::Done(Effect { key, what }, StatusCode::CREATED, message))
        }
        _ => Err("no such request".into()),
    }
}
