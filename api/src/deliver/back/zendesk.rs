//! Zendesk's webhook, subscribed to *comment added* and *status changed* of tickets.
//!
//! `X-Zendesk-Webhook-Signature` is the Base64 of the HMAC-SHA256, under the webhook's signing secret, of the time in
//! `X-Zendesk-Webhook-Signature-Timestamp` (as in RFC 3339) and the raw body, with nothing in between. The webhook tells
//! of all tickets; ours carry the `external_id` that we gave them.

use super::{Heeded, handoff_of, mac, take};
use crate::{
    app::App,
    db::{heard::Heard, outbox::Destination},
    error::{ApiError, FieldError},
    store::Secret,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use engine::StorePass;
use hmac::Mac;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// How far the time of a signature may be from ours.
const WINDOW: SignedDuration = SignedDuration::from_mins(5);
/// Whom something is put down to that came without a name.
const NAMELESS: &str = "Zendesk";

/// Whether Zendesk sent this, just now.
pub fn prove<'h>(
    secret: &Secret,
    header: impl Fn(&str) -> Option<&'h str>,
    body: &[u8],
    now: Timestamp,
) -> Result<(), ApiError> {
    let said = header("x-zendesk-webhook-signature").zip(header("x-zendesk-webhook-signature-timestamp"));
    let (signature, timestamp) = said.ok_or(ApiError::BadSignature)?;
    let at: Timestamp = timestamp.parse().map_err(|_| ApiError::BadSignature)?;
    let signature = STANDARD.decode(signature).map_err(|_| ApiError::BadSignature)?;
    let signed = mac(secret.expose(), &[timestamp.as_bytes(), body]).verify_slice(&signature).is_ok();
    let fresh = now.duration_since(at).abs() <= WINDOW;
    if signed && fresh { Ok(()) } else { Err(ApiError::BadSignature) }
}

/// Takes an event that was proved.
pub async fn receive(app: &App, pass: &StorePass, body: &[u8]) -> Result<Heeded, ApiError> {
    let malformed = || ApiError::Invalid(vec![FieldError::new("body", "is not an event of Zendesk")]);
    let told: Value = serde_json::from_slice(body).map_err(|_| malformed())?;
    let kind = told["type"].as_str().ok_or_else(malformed)?;
    let Some(handoff) = told["detail"]["external_id"].as_str().and_then(|id| handoff_of(id, Destination::Zendesk))
    else {
        return Ok(Heeded::Ignored);
    };
    let at = told["time"].as_str().and_then(|at| at.parse().ok()).ok_or_else(malformed)?;
    let comment = &told["event"]["comment"];
    // Whoever the ticket is for: the customer, or an agent who is one.
    let requester = text_or_number(&told["detail"]["requester_id"]);
    let as_customer = requester.is_some() && requester == text_or_number(&comment["author"]["id"]);
    let heard = |key, who, says, done| Heard {
        from: Destination::Zendesk,
        key,
        handoff: &handoff,
        at,
        who,
        says,
        as_customer,
        done,
    };
    match kind {
        "zen:event-type:ticket.comment_added" => {
            let id = text_or_number(&comment["id"]).ok_or_else(malformed)?;
            let is_answer = comment["is_public"].as_bool() == Some(true);
            let by_agent = comment["author"]["is_staff"].as_bool() == Some(true);
            if !is_answer || !by_agent {
                return Ok(Heeded::Ignored);
            }
            let key = format!("comment:{id}");
            let body = comment["body"].as_str();
            let done = is_done(&told["detail"]["status"]);
            take(app, pass, heard(&key, name(&comment["author"]["name"]), body, done)).await
        }
        "zen:event-type:ticket.status_changed" if is_done(&told["event"]["current"]) => {
            let id = told["id"].as_str().filter(|id| !id.is_empty()).ok_or_else(malformed)?;
            take(app, pass, heard(&format!("event:{id}"), NAMELESS, None, true)).await
        }
        _ => Ok(Heeded::Ignored),
    }
}

fn is_done(status: &Value) -> bool {
    status.as_str().is_some_and(|status| ["solved", "closed"].contains(&status.to_ascii_lowercase().as_str()))
}

fn name(value: &Value) -> &str {
    value.as_str().map(str::trim).filter(|name| !name.is_empty()).unwrap_or(NAMELESS)
}

fn text_or_number(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// What the signature header says of a body that is sent at a time; for whoever stands in for Zendesk.
pub fn signature(secret: &str, timestamp: &str, body: &[u8]) -> String {
    STANDARD.encode(mac(secret, &[timestamp.as_bytes(), body]).finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_its_time_and_body_and_secret() {
        // Checked with: printf '2026-11-25T12:00:00Z{"a":1}' | openssl dgst -sha256 -hmac secret -binary | base64
        let (at, body) = ("2026-11-25T12:00:00Z", br#"{"a":1}"#);
        let signed = signature("secret", at, body);
        assert_eq!(signed, "tcUOaGC01adZBXt6v+cBCDruEsI+oLKaXO3e8tvJnR8=");
        #[derive(serde::Deserialize)]
        struct Of {
            secret: Secret,
        }
        let secret = toml::from_str::<Of>("secret = \"secret\"").unwrap().secret;
        let prove = |signature: Option<&str>, timestamp: Option<&str>, body: &[u8], now: &str| {
            let header = |name: &str| match name {
                "x-zendesk-webhook-signature" => signature,
                "x-zendesk-webhook-signature-timestamp" => timestamp,
                _ => None,
            };
            super::prove(&secret, header, body, now.parse().unwrap()).is_ok()
        };
        let now = "2026-11-25T12:04:59Z";
        assert!(prove(Some(&signed), Some(at), body, now));
        assert!(!prove(Some(&signed), Some(at), br#"{"a":2}"#, now));
        assert!(!prove(Some(&signed), Some("2026-11-25T12:00:01Z"), body, now));
        assert!(!prove(Some(&signed), Some(at), body, "2026-11-25T12:05:01Z"));
        assert!(!prove(Some(&signed), Some(at), body, "2026-11-25T11:54:59Z"));
        assert!(!prove(None, Some(at), body, now) && !prove(Some(&signed), None, body, now));
        assert!(!prove(Some("nonsense!"), Some(at), body, now) && !prove(Some(""), Some(at), body, now));
    }
}
