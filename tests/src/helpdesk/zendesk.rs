//! Zendesk's ticketing API: `POST` and `GET /api/v2/tickets.json`, `PUT /api/v2/tickets/{id}.json` and the audits of a
//! ticket. A ticket's number is its place among what was done.

use super::{Asked, Effect, Known, Reply, TOKEN, USER, ZENDESK_SUBMITTER as SUBMITTER, only, text};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

/// Audits of a page, so that there is more than one.
const PAGE: usize = 2;

pub(super) fn reply(asked: &Asked<'_>, known: &mut Known) -> Result<Reply, String> {
    asked.basic(&format!("{USER}/token:{TOKEN}"))?;
    if let Some(path) = asked.path.strip_prefix("/api/v2/tickets/") {
        let path = path.strip_suffix(".json").ok_or("no such path")?;
        return match path.strip_suffix("/audits") {
            Some(number) => audits(asked, known, number),
            None => add(asked, known, path),
        };
    }
    if asked.path != "/api/v2/tickets.json" {
        return Err("no such path".into());
    }
    if asked.method == Method::GET {
        let id = asked.query.get("external_id").ok_or("which tickets?")?;
        let found: Vec<Value> = (0..known.effects.len()).filter_map(|at| shown(known, at)).collect();
        let found: Vec<Value> = found.into_iter().filter(|ticket| ticket["external_id"] == **id).collect();
        return Ok(Reply::Seen(StatusCode::OK, json!({ "tickets": found, "count": found.len() })));
    }
    let body = asked.json()?;
    only(&body, &["ticket"])?;
    let ticket = &body["ticket"];
    let fields = ["subject", "comment", "external_id", "tags", "requester", "requester_id", "metadata"];
    only(ticket, &[&fields[..], &["via_followup_source_id"]].concat())?;
    if let Some(source) = ticket["via_followup_source_id"].as_u64() {
        let source = shown(known, source as usize - 1).ok_or("a follow-up of what?")?;
        if source["status"] != "closed" {
            return Err("only a closed ticket has follow-ups".into());
        }
    }
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

/// A ticket with what Zendesk adds to it.
fn shown(known: &Known, at: usize) -> Option<Value> {
    let mut ticket = known.effects.get(at)?.what.clone();
    if !ticket["external_id"].is_string() {
        return None;
    }
    let requester = match &ticket["requester_id"] {
        Value::Null if ticket["requester"].is_null() => json!(SUBMITTER),
        Value::Null => json!(1000 + at),
        said => said.clone(),
    };
    ticket["id"] = json!(at + 1);
    ticket["requester_id"] = requester;
    ticket["submitter_id"] = json!(SUBMITTER);
    if ticket["status"].is_null() {
        ticket["status"] = json!("new");
    }
    Some(ticket)
}

fn place(known: &Known, number: &str) -> Result<Option<(usize, Value)>, String> {
    let number: usize = number.parse().map_err(|_| "a ticket has a number")?;
    let at = number.checked_sub(1).ok_or("tickets are counted from 1")?;
    Ok(shown(known, at).map(|ticket| (at, ticket)))
}

/// Adds a comment. What is sent twice is there twice.
fn add(asked: &Asked<'_>, known: &mut Known, number: &str) -> Result<Reply, String> {
    if asked.method != Method::PUT {
        return Err("PUT changes a ticket".into());
    }
    let body = asked.json()?;
    only(&body, &["ticket"])?;
    let change = &body["ticket"];
    only(change, &["comment", "status", "metadata"])?;
    let Some((at, ticket)) = place(known, number)? else {
        return Ok(Reply::Seen(StatusCode::NOT_FOUND, json!({ "error": "RecordNotFound" })));
    };
    if ticket["status"] == "closed" {
        return Ok(Reply::Seen(StatusCode::UNPROCESSABLE_ENTITY, json!({ "error": "RecordInvalid" })));
    }
    let comment = &change["comment"];
    only(comment, &["body", "public", "author_id"])?;
    text(comment, "body")?;
    // The default author is the agent whose token it is: the customer would be mailed their own words as an answer.
    let by_customer = comment["author_id"] == ticket["requester_id"] && ticket["requester_id"] != SUBMITTER;
    if comment["public"] != by_customer {
        return Err(format!("public, and not the customer's: {comment}"));
    }
    let key = text(change, "metadata.shopclerk")?.to_owned();
    if let Some(status) = change["status"].as_str() {
        known.effects[at].what["status"] = json!(status);
    }
    let what = json!({ "ticket": at + 1, "comment": comment, "metadata": change["metadata"] });
    Ok(Reply::Done(Effect { key, what }, StatusCode::OK, json!({ "ticket": ticket })))
}

/// `GET /api/v2/tickets/{id}/audits.json`, page by page.
fn audits(asked: &Asked<'_>, known: &Known, number: &str) -> Result<Reply, String> {
    if asked.method != Method::GET || !asked.query.contains_key("page%5Bsize%5D") {
        return Err("a page of audits is asked for".into());
    }
    let Some((at, _)) = place(known, number)? else {
        return Ok(Reply::Seen(StatusCode::NOT_FOUND, json!({ "error": "RecordNotFound" })));
    };
    let of_it =
        known.effects.iter().enumerate().filter(|(place, effect)| *place == at || effect.what["ticket"] == at + 1);
    let audits: Vec<Value> =
        of_it.map(|(_, effect)| json!({ "metadata": { "system": {}, "custom": effect.what["metadata"] } })).collect();
    let from: usize =
        asked.query.get("page%5Bafter%5D").map_or(Ok(0), |after| after.parse()).map_err(|_| "which page?")?;
    let to = (from + PAGE).min(audits.len());
    let meta = json!({ "has_more": to < audits.len(), "after_cursor": to.to_string() });
    Ok(Reply::Seen(StatusCode::OK, json!({ "audits": audits[from..to], "meta": meta })))
}
