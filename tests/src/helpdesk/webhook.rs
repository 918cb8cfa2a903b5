//! A merchant's own receiver, which does what the documentation asks of one: proves the signature, refuses what is old,
//! and takes each key once.

use super::{Asked, Effect, Known, Reply, WEBHOOK_SECRET, text};
use axum::http::{Method, StatusCode};
use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::Sha256;

pub(super) fn reply(asked: &Asked<'_>, known: &Known) -> Result<Reply, String> {
    if asked.method != Method::POST || asked.path != "/hook" {
        return Err("POST to the address of the settings".into());
    }
    let timestamp = asked.header("x-shopclerk-timestamp")?;
    let age = jiff::Timestamp::now().as_second() - timestamp.parse::<i64>().map_err(|e| e.to_string())?;
    if age.abs() > 300 {
        return Err(format!("signed {age} s ago"));
    }
    let signature = asked.header("x-shopclerk-signature")?.strip_prefix("sha256=").ok_or("no sha256=")?;
    let mut mac = Hmac::<Sha256>::new_from_slice(WEBHOOK_SECRET.as_bytes()).expect("any length");
    mac.update(format!("{timestamp}.").as_bytes());
    mac.update(asked.body);
    let expected = hex::encode(mac.finalize().into_bytes());
    if signature != expected {
        return Err("the signature is wrong".into());
    }
    let body = asked.json()?;
    let key = asked.header("idempotency-key")?;
    if text(&body, "id")? != key {
        return Err("id and Idempotency-Key differ".into());
    }
    text(&body, "store")?;
    text(&body, "conversation_id")?;
    match text(&body, "event")? {
        "handoff" => {
            text(&body, "handoff_id")?;
            text(&body, "note")?;
            text(&body, "case.question")?;
        }
        "customer_said" => {
            text(&body, "text")?;
        }
        "moved" => {
            text(&body, "what")?;
            text(&body, "by")?;
        }
        other => return Err(format!("{other} is not an event for webhooks")),
    }
    if known.effects.iter().any(|effect| effect.key == key) {
        return Ok(Reply::Seen(StatusCode::OK, Value::Null));
    }
    Ok(Reply::Done(Effect { key: key.to_owned(), what: body }, StatusCode::OK, Value::Null))
}
