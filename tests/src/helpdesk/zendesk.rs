//! Zendesk's ticketing API: `POST` and `GET /api/v2/tickets.json`.

use super::{Asked, Effect, Known, Reply, TOKEN, USER, only, text};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

pub(super) fn reply(asked: &Asked<'_>, known: &Known) -> Result<Reply, String> {
    asked.basic(&format!("{USER}/token:{TOKEN}"))?;
    if asked.path != "/api/v2/tickets.json" {
        return Err("no such path".into());
    }
    if asked.method == Method::GET {
        let id = asked.query.get("external_id").ok_or("which tickets?")?;
        let found: Vec<&Value> =
            known.effects.iter().map(|effect| &effect.what).filter(|ticket| ticket["external_id"] == **id).collect();
        return Ok(Reply::Seen(StatusCode::OK, json!({ "tickets": found, "count": found.len() })));
    }
    let body = asked.json()?;
    only(&body, &["ticket"])?;
    let ticket = &body["ticket"];
    only(ticket, &["subject", "comment", "external_id", "tags", "requester"])?;
    text(ticket, "subject")?;
    text(ticket, "comment.body")?;
    if ticket["comment"]["public"] != false {
        return Err("the customer would be mailed the agents' note".into());
    }
    let tags = ticket["tags"].as_array().ok_or("tags must be a list")?;
    if tags.iter().any(|tag| tag.as_str().is_none_or(|tag| tag.is_empty() || tag.contains(' '))) {
        return Err("a tag is a word".into());
    }
    if !ticket["requester"].is_null() {
        // Both are needed for a requester who is new.
        text(ticket, "requester.name")?;
        if !text(ticket, "requester.email")?.contains('@') {
            return Err("requester.email is none".into());
        }
    }
    let key = asked.header("idempotency-key")?;
    if key.len() > 255 {
        return Err("the key is too long".into());
    }
    match known.effects.iter().find(|effect| effect.key == key) {
        Some(before) if before.what == *ticket => Ok(Reply::Seen(StatusCode::CREATED, json!({ "ticket": ticket }))),
        Some(_) => Ok(Reply::Seen(StatusCode::BAD_REQUEST, json!({ "error": "IdempotentRequestError" }))),
        None => {
            let effect = Effect { key: key.to_owned(), what: ticket.clone() };
            Ok(Reply::Done(effect, StatusCode::CREATED, json!({ "ticket": ticket })))
        }
    }
}
