//! Chatwoot: conversations and messages as its API returns them, together or apart.
//!
//! `GET …/conversations` gives `{data: {payload: [conversation]}}`, `GET …/conversations/ID/messages` gives
//! `{payload: [message]}`, each message with its `conversation_id`. Webhooks name the kinds that the API numbers.

use super::Texts;
use super::conversation::{Conversation, Entry, NotRead, Who, body};
use super::fields::{id, is, text, time};
use super::gather::{Piece, messages};
use serde_json::Value;

pub fn piece(value: &Value) -> Option<Piece> {
    let has = |key: &str| value.get(key).is_some();
    match () {
        () if has("message_type") => Some(id(value, "conversation_id").map_or(Piece::Head, Piece::Part)),
        () if has("messages") || (has("status") && (has("inbox_id") || has("meta"))) => Some(Piece::Head),
        () if has("payload") || has("data") || has("conversations") => {
            Some(Piece::Around(vec!["payload", "data", "conversations"]))
        }
        () => None,
    }
}

pub fn read(conversation: &Value, apart: &[Value], texts: &dyn Texts) -> Result<Conversation, NotRead> {
    let number = id(conversation, "id").ok_or_else(|| NotRead::Broken("it has no 'id'".into()))?;
    if conversation.get("message_type").is_some() {
        return Err(NotRead::Broken(
            "it is a message without 'conversation_id': export it with its conversation".into(),
        ));
    }
    if conversation.get("messages").is_some_and(|messages| !messages.is_array()) {
        return Err(NotRead::Broken("'messages' is no list".into()));
    }
    let messages = messages(conversation, "messages", apart, &["created_at"]);
    if messages.is_empty() {
        let reason = "it has no 'messages': export each conversation with its messages, or their pages beside it";
        return Err(NotRead::Broken(reason.into()));
    }
    let additional = conversation.get("additional_attributes").unwrap_or(&Value::Null);
    let browser = additional.get("browser").unwrap_or(&Value::Null);
    let sender = conversation.get("meta").and_then(|meta| meta.get("sender")).unwrap_or(&Value::Null);
    let channel =
        conversation.get("meta").and_then(|meta| text(meta, "channel")).or_else(|| text(conversation, "channel"));
    let mut people = texts.people(conversation);
    people.extend(apart.iter().flat_map(|message| texts.people(message)));
    let contact = id(sender, "id").or_else(|| {
        let incoming = messages.iter().find(|message| who(message) == Some(Who::Customer))?;
        id(incoming.get("sender")?, "id")
    });
    Ok(Conversation {
        id: number,
        subject: text(additional, "mail_subject").map(String::from),
        channel: channel.map(|channel| channel.trim_start_matches("Channel::").to_lowercase()),
        language: text(additional, "conversation_language")
            .or_else(|| text(browser, "browser_language"))
            .map(String::from),
        contact,
        people,
        entries: messages.into_iter().filter_map(|message| entry(message, texts)).collect(),
    })
}

fn entry(message: &Value, texts: &dyn Texts) -> Option<Entry> {
    let who = who(message)?;
    // A message that was taken back keeps its place and says so.
    let attributes = message.get("content_attributes").unwrap_or(&Value::Null);
    if is(attributes, "deleted") == Some(true) {
        return None;
    }
    let text = match &who {
        Who::Transfer => String::new(),
        // `content` of a mail is cut already where Chatwoot could; its HTML is in the attributes.
        Who::Customer | Who::Agent(_) | Who::Bot => body(message, &["content"], &[], texts),
    };
    (who == Who::Transfer || !text.is_empty()).then(|| Entry { who, at: time(message, "created_at"), text })
}

/// Who wrote a message; `None` for notes, forms and what the program says by itself.
fn who(message: &Value) -> Option<Who> {
    if is(message, "private") == Some(true) {
        return None;
    }
    let kind = message.get("message_type")?;
    let sender = message.get("sender").unwrap_or(&Value::Null);
    let sender_type = text(sender, "type").or_else(|| text(message, "sender_type")).unwrap_or_default().to_lowercase();
    match (kind.as_i64(), kind.as_str()) {
        (Some(0), _) | (_, Some("incoming")) => Some(Who::Customer),
        (Some(1), _) | (_, Some("outgoing")) => {
            let plain = matches!(text(message, "content_type"), None | Some("text" | "incoming_email"));
            match sender_type.as_str() {
                "agent_bot" | "agentbot" | "captain_assistant" | "captain::assistant" => Some(Who::Bot),
                _ if !plain => None,
                _ => Some(Who::Agent(id(sender, "id").or_else(|| id(message, "sender_id")))),
            }
        }
        (Some(2), _) | (_, Some("activity")) => {
            let said = text(message, "content")?.to_lowercase();
            // "Assigned to Ingrid by Owen", "Assigned to Returns via …"; "Ingrid self-assigned this conversation" is none.
            (said.starts_with("assigned to ") && said.contains(" by ")).then_some(Who::Transfer)
        }
        _ => None,
    }
}
