//! Gorgias' HTTP integration, triggered by *ticket message created* and *ticket updated*, with the body
//! `{"ticket_id": "{{ticket.id}}"}` and our secret in a header: Gorgias signs nothing.
//!
//! What it sends is what somebody wrote into a form, and a call that fails may not come again. So a call says only that
//! there is something to read: the ticket is read through the API, and every answer in it that is not known yet is
//! taken. A later call makes good what an earlier one lost.

use super::{Heeded, handoff_of, same, take};
use crate::{
    app::App,
    db::{heard::Heard, inbox::Received, outbox::Destination},
    deliver::{Failure, FollowUp, gorgias::Gorgias, http},
    error::{ApiError, FieldError, chain},
    store::Secret,
};
use engine::{ConversationId, HandoffId, StorePass};
use jiff::Timestamp;
use serde_json::Value;
use std::time::Duration;

/// The header that the secret stands in.
pub const SECRET_HEADER: &str = "x-shopclerk-secret";
/// Whom something is put down to that came without a name.
const NAMELESS: &str = "Gorgias";
/// For one look at a ticket.
const TIMEOUT: Duration = Duration::from_secs(20);
/// After so many tries a ticket is left alone; the next call for it begins anew.
const TRIES: u32 = 12;

/// Whether whoever calls knows the secret.
pub fn prove(secret: &Secret, said: Option<&str>) -> Result<(), ApiError> {
    if said.is_some_and(|said| same(said, secret.expose())) { Ok(()) } else { Err(ApiError::BadSignature) }
}

/// Writes down that a ticket is to be looked at.
pub async fn receive(app: &App, pass: &StorePass, body: &[u8]) -> Result<(), ApiError> {
    let malformed = || ApiError::Invalid(vec![FieldError::new("ticket_id", "must be the number of a ticket")]);
    let told: Value = serde_json::from_slice(body).map_err(|_| malformed())?;
    let ticket = match &told["ticket_id"] {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let ticket = ticket.ok_or_else(malformed)?;
    // A call has no id. Each is a reason to look, and to look twice changes nothing.
    let key = format!("call:{}", uuid::Uuid::new_v4().simple());
    let row = ConversationId(format!("gorgias:ticket:{ticket}"));
    let channel = (Destination::Gorgias.as_str(), key.as_str());
    app.desks.receive(pass, channel, &row, (&ticket.to_string(), Duration::ZERO)).await?;
    Ok(())
}

/// Looks at the ticket of a call.
pub async fn work_off(app: &App, pass: &StorePass, received: &Received) -> Result<(), ApiError> {
    let handover = app.desks.handover(pass.store());
    // The settings changed since.
    let (Some(settings), Ok(ticket)) = (&handover.gorgias, received.payload.parse()) else { return Ok(()) };
    let http = http::client(TIMEOUT).map_err(|error| ApiError::Internal(chain(&error)))?;
    match Gorgias::new(http, settings).read(ticket).await {
        Ok(read) => take_all(app, pass, &read).await,
        Err(Failure::Never { class }) => {
            tracing::error!(store.id = %pass.store(), error.class = class, "a ticket of Gorgias cannot be read");
            Ok(())
        }
        Err(Failure::Later { class, .. }) if received.attempts >= TRIES => {
            tracing::error!(store.id = %pass.store(), error.class = class, "a ticket of Gorgias was not read in time");
            Ok(())
        }
        Err(Failure::Later { class, .. }) => {
            Err(ApiError::Internal(format!("a ticket of Gorgias cannot be read: {class}")))
        }
    }
}

/// Takes what a ticket holds that is not known yet.
async fn take_all(app: &App, pass: &StorePass, ticket: &Value) -> Result<(), ApiError> {
    let of_ours = ticket["external_id"].as_str().and_then(|id| handoff_of(id, Destination::Gorgias));
    let Some(handoff) = of_ours else { return Ok(()) };
    // What was forwarded to somebody else is not the customer's to read.
    let customer = ticket["customer"]["id"].as_u64();
    let to_them = |message: &&Value| match (message["receiver"]["id"].as_u64(), customer) {
        (Some(receiver), Some(customer)) => receiver == customer,
        // Gorgias does not say.
        (None, _) | (Some(_), None) => true,
    };
    let messages = ticket["messages"].as_array().into_iter().flatten();
    let mut answers: Vec<Answer<'_>> = messages.filter(to_them).filter_map(answer).collect();
    answers.sort_by_key(|answer| (answer.at, answer.id));
    for answer in &answers {
        let key = format!("message:{}", answer.id);
        if let Heeded::Unknown =
            take(app, pass, heard(&handoff, &key, answer.at, answer.who, Some(answer.text))).await?
        {
            return Ok(());
        }
    }
    if ticket["status"] == "closed" {
        // Closed once more after it was opened again is another time.
        let closed = ticket["closed_datetime"].as_str().unwrap_or_default();
        let at = time(&ticket["closed_datetime"]).unwrap_or_else(|| app.desks.now());
        let key = format!("closed:{}:{closed}", handoff.0);
        take(app, pass, Heard { done: true, ..heard(&handoff, &key, at, NAMELESS, None) }).await?;
    }
    Ok(())
}

fn heard<'a>(handoff: &'a HandoffId, key: &'a str, at: Timestamp, who: &'a str, says: Option<&'a str>) -> Heard<'a> {
    Heard { from: Destination::Gorgias, key, handoff, at, who, says, as_customer: false, done: false }
}

/// What an agent wrote to the customer.
struct Answer<'a> {
    id: u64,
    at: Timestamp,
    who: &'a str,
    text: &'a str,
}

/// What is internal, was written by a rule, could not be sent or is the customer's that we put there is none.
fn answer(message: &Value) -> Option<Answer<'_>> {
    let internal = message["channel"] == "internal-note" || message["public"].as_bool() != Some(true);
    let automatic = matches!(message["via"].as_str(), Some("rule" | "macro-rule" | "autoresponder"));
    let failed = message["failed_datetime"].is_string();
    let ours = message["external_id"].as_str().is_some_and(|id| id.starts_with(FollowUp::KEYS));
    if message["from_agent"].as_bool() != Some(true) || internal || automatic || failed || ours {
        return None;
    }
    let text = |field: &str| message[field].as_str().map(str::trim).filter(|text| !text.is_empty());
    let who = message["sender"]["name"].as_str().map(str::trim).filter(|name| !name.is_empty());
    Some(Answer {
        id: message["id"].as_u64()?,
        at: time(&message["created_datetime"])?,
        who: who.unwrap_or(NAMELESS),
        text: text("stripped_text").or_else(|| text("body_text"))?,
    })
}

/// Gorgias writes its times with an offset, with `Z` or, of UTC, with neither.
fn time(value: &Value) -> Option<Timestamp> {
    let text = value.as_str()?;
    text.parse().ok().or_else(|| format!("{text}Z").parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_an_agent_wrote_to_the_customer_is_an_answer() {
        let message = json!({
            "id": 9, "from_agent": true, "public": true, "channel": "email", "via": "helpdesk",
            "sender": { "name": "Mia" }, "stripped_text": "We do.", "body_text": "We do.\n> old",
            "created_datetime": "2026-11-25T12:00:00.123456",
        });
        let read = answer(&message).expect("an answer");
        assert_eq!((read.id, read.who, read.text), (9, "Mia", "We do."));
        assert_eq!(read.at, "2026-11-25T12:00:00.123456Z".parse().unwrap());
        for (field, value) in [
            ("from_agent", json!(false)),
            ("public", json!(false)),
            ("public", json!(null)),
            ("channel", json!("internal-note")),
            ("via", json!("rule")),
            ("failed_datetime", json!("2026-11-25T12:00:01")),
            ("external_id", json!("fu_0123456789abcdef:gorgias")),
            ("id", json!(null)),
        ] {
            let mut other = message.clone();
            other[field] = value;
            assert!(answer(&other).is_none(), "{field}: {other}");
        }
    }
}
