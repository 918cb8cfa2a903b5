//! What Chatwoot says: messages of customers and agents, and the status of a conversation. Proved and written down while
//! Chatwoot waits (it gives up after five seconds, and opens the conversation), worked off after.
//!
//! The status is Chatwoot's word on who speaks: `pending` is the bot's, everything else a person's. A message that
//! comes with another status than `pending` is never answered. Only an event that says `pending` outright gives a
//! conversation back that a person took over: a message may be older than the take-over.

use super::{ChannelStatus, chatwoot, webhook::is_signed};
use crate::{
    app::App,
    asking::{self, Admitted, Incoming},
    db::{
        DbError,
        conversations::{Arrived, Channel, Owner},
        inbox::Received,
        ownership::{From, Move},
    },
    error::{ApiError, FieldError},
    store,
};
use engine::{Asker, ConversationId, StorePass};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// How far the time of a signature may be from ours.
const WINDOW: SignedDuration = SignedDuration::from_mins(5);
/// What is worked off at once and was not, by then, because the process died.
const LEFT_ALONE: Duration = Duration::from_secs(30);
/// After so many tries a person answers.
const TRIES: u32 = 5;
/// Whom a move is put down to that came without a name.
const NAMELESS: &str = "Chatwoot";

/// Something that Chatwoot told, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Customer { message: String, text: String, status: ChannelStatus },
    Agent { message: String, text: String, who: String },
    Status(ChannelStatus),
}

/// Whether Chatwoot said this: by the secret in the address, and by its signature where it signs.
pub fn prove<'h>(
    settings: &store::Chatwoot,
    path_secret: &str,
    header: impl Fn(&str) -> Option<&'h str>,
    body: &[u8],
    now: Timestamp,
) -> Result<(), ApiError> {
    // Digests, because how long they compare says nothing about the secret.
    if Sha256::digest(path_secret) != Sha256::digest(settings.path_secret.expose()) {
        return Err(ApiError::BadSignature);
    }
    if settings.signing_secrets.is_empty() {
        return Ok(());
    }
    let said = header("x-chatwoot-signature").zip(header("x-chatwoot-timestamp"));
    let (signature, timestamp) = said.ok_or(ApiError::BadSignature)?;
    let at = timestamp.parse().ok().and_then(|at| Timestamp::from_second(at).ok()).ok_or(ApiError::BadSignature)?;
    let fresh = now.duration_since(at).abs() <= WINDOW;
    let signed = settings.signing_secrets.iter().any(|secret| is_signed(secret.expose(), timestamp, body, signature));
    if fresh && signed { Ok(()) } else { Err(ApiError::BadSignature) }
}

/// Writes down what was proved. What does not matter here is taken and forgotten.
pub async fn receive(app: &App, pass: &StorePass, settings: &store::Chatwoot, body: &[u8]) -> Result<(), ApiError> {
    let malformed = || ApiError::Invalid(vec![FieldError::new("body", "is not an event of Chatwoot")]);
    let told: Value = serde_json::from_slice(body).map_err(|_| malformed())?;
    let event = told["event"].as_str().ok_or_else(malformed)?;
    let Some(matters) = read(&told) else { return Ok(()) };
    let account = told["account"]["id"].as_u64().unwrap_or(settings.account);
    if account != settings.account {
        return Err(ApiError::BadSignature);
    }
    let (number, key) = if event == "message_created" {
        (told["conversation"]["id"].as_u64(), format!("message:{}", told["id"]))
    } else {
        // Such an event has no id. What is told again is told in the same words.
        (told["id"].as_u64(), format!("event:{}", hex::encode(Sha256::digest(body))))
    };
    let conversation = chatwoot::conversation(account, number.ok_or_else(malformed)?);
    let text = String::from_utf8_lossy(body).into_owned();
    // Who speaks is settled at once, while an answer may be under way; a message is answered in its turn.
    let (at_once, wait) = match matters {
        Event::Customer { .. } => (false, Duration::ZERO),
        Event::Agent { .. } | Event::Status(_) => (true, LEFT_ALONE),
    };
    let taken = app.desks.receive(pass, ("chatwoot", &key), &conversation, (&text, wait)).await?;
    if let Some(id) = taken.filter(|_| at_once) {
        let received = Received { id, channel: "chatwoot".into(), conversation, payload: text, attempts: 0 };
        work_off(app, pass, &received).await?;
        app.desks.worked_off(pass, id).await?;
    }
    Ok(())
}

/// What matters of an event.
pub fn read(told: &Value) -> Option<Event> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    match told["event"].as_str()? {
        "message_created" => {
            let message = told["id"].as_u64().map(|id| id.to_string()).or_else(|| text(&told["id"]))?;
            if told["private"].as_bool().unwrap_or_default() {
                return None;
            }
            let content = text(&told["content"]).unwrap_or_default();
            match told["message_type"].as_str()? {
                "incoming" => {
                    let status = status(&told["conversation"]["status"])?;
                    Some(Event::Customer { message, text: content, status })
                }
                // What bots say, ours among them, is nobody's take-over.
                "outgoing" if told["sender"]["type"] == "user" => {
                    let who = text(&told["sender"]["name"]).filter(|name| !name.trim().is_empty());
                    Some(Event::Agent { message, text: content, who: who.unwrap_or_else(|| NAMELESS.into()) })
                }
                _ => None,
            }
        }
        "conversation_status_changed" => status(&told["status"]).map(Event::Status),
        "conversation_opened" => Some(Event::Status(ChannelStatus::Open)),
        "conversation_resolved" => Some(Event::Status(ChannelStatus::Resolved)),
        _ => None,
    }
}

/// What is snoozed is a person's.
fn status(value: &Value) -> Option<ChannelStatus> {
    match value.as_str()? {
        "pending" => Some(ChannelStatus::Pending),
        "open" | "snoozed" => Some(ChannelStatus::Open),
        "resolved" => Some(ChannelStatus::Resolved),
        _ => None,
    }
}

/// Works off one thing that was written down.
pub async fn work_off(app: &App, pass: &StorePass, received: &Received) -> Result<(), ApiError> {
    let told: Value = serde_json::from_str(&received.payload).unwrap_or_default();
    let id = &received.conversation;
    match read(&told) {
        Some(Event::Customer { message, text, status: ChannelStatus::Pending }) => {
            answer(app, pass, id, (message, text), received.attempts).await
        }
        Some(Event::Customer { message, text, status: ChannelStatus::Open | ChannelStatus::Resolved }) => {
            let arrived = Arrived {
                conversation: id,
                channel: Channel::Chatwoot,
                number: None,
                message: Some(&message),
                text: &text,
                contact: None,
            };
            let begun = app.desks.arrived(pass, &arrived, 0).await?;
            if begun.owner == Owner::Bot {
                moved(app, pass, id, (Move::TakeOver, NAMELESS)).await?;
            }
            Ok(())
        }
        Some(Event::Agent { message, text, who }) => {
            moved(app, pass, id, (Move::TakeOver, &who)).await?;
            Ok(app.desks.person_said(pass, id, (&who, &text, &message)).await?)
        }
        Some(Event::Status(status)) => {
            let owner = owner(app, pass, id).await?;
            let wanted = match (status, owner) {
                // Our own call for a person opens the conversation; that is not the person yet.
                (ChannelStatus::Open, Owner::Bot | Owner::Resolved) => Move::TakeOver,
                (ChannelStatus::Open, Owner::Waiting | Owner::Person(_)) => return Ok(()),
                (ChannelStatus::Pending, Owner::Person(_)) => Move::GiveBack,
                (ChannelStatus::Pending, Owner::Bot | Owner::Waiting | Owner::Resolved) => return Ok(()),
                (ChannelStatus::Resolved, _) => Move::Resolve,
            };
            Ok(moved(app, pass, id, (wanted, NAMELESS)).await?)
        }
        None => Ok(()),
    }
}

async fn answer(
    app: &App,
    pass: &StorePass,
    id: &ConversationId,
    (message, text): (String, String),
    attempts: u32,
) -> Result<(), ApiError> {
    let wordless = text.trim().is_empty();
    let text = if wordless { "(a message without words)".to_owned() } else { text };
    let incoming = Incoming {
        asker: Asker::Anonymous(pass.clone()),
        turn: asking::bare_turn(id.clone(), text),
        number: None,
        channel: Channel::Chatwoot,
        message: Some(message),
    };
    match asking::admit(app, incoming).await? {
        Admitted::Silent(_) => {}
        Admitted::Question(question) if wordless => {
            question.give_up(app, "a picture or a file, which only a person can look at").await?;
        }
        Admitted::Question(question) if attempts >= TRIES => {
            question.give_up(app, "it failed however often it was tried").await?;
        }
        Admitted::Question(question) => {
            question.answer(app).await?;
        }
    }
    Ok(())
}

/// A conversation that we have not heard of is the bot's.
async fn owner(app: &App, pass: &StorePass, id: &ConversationId) -> Result<Owner, ApiError> {
    let agent = pass.as_agent().map_err(|_| ApiError::NotAnAgent)?;
    let found = app.desks.conversation(agent, id).await?;
    Ok(found.map_or(Owner::Bot, |(conversation, _)| conversation.owner))
}

async fn moved(app: &App, pass: &StorePass, id: &ConversationId, (wanted, by): (Move, &str)) -> Result<(), ApiError> {
    let agent = pass.as_agent().map_err(|_| ApiError::NotAnAgent)?;
    let done: Result<_, DbError> =
        app.desks.move_conversation(agent, id, (wanted, by, From::Channel(Channel::Chatwoot))).await;
    done?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_matters_is_read() {
        let message = |kind: &str, sender: &str, status: &str| {
            json!({
                "event": "message_created", "id": 7, "content": "hello", "message_type": kind, "private": false,
                "sender": { "type": sender, "name": "Mia" }, "conversation": { "id": 3, "status": status },
            })
        };
        let customer = |status| Event::Customer { message: "7".into(), text: "hello".into(), status };
        assert_eq!(read(&message("incoming", "contact", "pending")), Some(customer(ChannelStatus::Pending)));
        assert_eq!(read(&message("incoming", "contact", "snoozed")), Some(customer(ChannelStatus::Open)));
        assert_eq!(read(&message("incoming", "contact", "new")), None);
        let agent = Event::Agent { message: "7".into(), text: "hello".into(), who: "Mia".into() };
        assert_eq!(read(&message("outgoing", "user", "open")), Some(agent));
        assert_eq!(read(&message("outgoing", "agent_bot", "pending")), None);
        assert_eq!(read(&message("template", "user", "open")), None);
        let mut note = message("outgoing", "user", "open");
        note["private"] = json!(true);
        assert_eq!(read(&note), None);
        for (event, status, read_as) in [
            ("conversation_status_changed", "pending", Some(ChannelStatus::Pending)),
            ("conversation_status_changed", "snoozed", Some(ChannelStatus::Open)),
            ("conversation_opened", "open", Some(ChannelStatus::Open)),
            ("conversation_resolved", "resolved", Some(ChannelStatus::Resolved)),
            ("conversation_updated", "open", None),
        ] {
            let told = json!({ "event": event, "id": 3, "status": status });
            assert_eq!(read(&told), read_as.map(Event::Status), "{event} {status}");
        }
    }
}
