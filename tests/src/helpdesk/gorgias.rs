//! Gorgias' tickets: `POST` and `GET /api/tickets`, and `GET /api/tickets/{id}` with what agents wrote meanwhile. It knows no idempotency key: what is posted twice is there twice.

use super::{Asked, Effect, Known, Reply, TOKEN, USER, text};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

pub(super) fn reply(asked: &Asked<'_>, known: &Known) -> Result<Reply, String> {
    asked.basic(&format!("{USER}:{TOKEN}"))?;
    if let Some(number) = asked.path.strip_prefix("/api/tickets/") {
        let at: usize = number.parse().map_err(|_| "a ticket has a number")?;
        let found = known.effects.get(at.wrapping_sub(1)).filter(|_| asked.method == Method::GET);
        return Ok(match found {
            Some(effect) => Reply::Seen(StatusCode::OK, effect.what.clone()),
            None => Reply::Seen(StatusCode::NOT_FOUND, json!({ "error": { "msg": "not found" } })),
        });
    }
    if asked.path != "/api/tickets" {
        return Err("no such path".into());
    }
    if asked.method == Method::GET {
        let id = asked.query.get("external_id").ok_or("which tickets?")?;
        let found: Vec<&Value> =
            known.effects.iter().map(|effect| &effect.what).filter(|ticket| ticket["external_id"] == **id).collect();
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
        text(message, "channel")?;
        text(message, "via")?;
        text(message, "body_text")?;
        text(message, "sender.email")?;
        let from_agent = message["from_agent"].as_bool().ok_or("from_agent is needed")?;
        // Internal notes are outgoing and not public.
        if message["channel"] == "internal-note" && (!from_agent || message["public"] != false) {
            return Err("a note is the agents'".into());
        }
        if from_agent && message["sender"]["email"] != USER {
            return Err("an agent's message is a user's".into());
        }
    }
    Ok(Reply::Done(Effect { key, what: ticket }, StatusCode::CREATED, json!({ "id": known.effects.len() + 1 })))
}
