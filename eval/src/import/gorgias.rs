//! Gorgias: tickets with their messages (`GET /api/tickets/ID`), or tickets and messages apart (`GET /api/tickets`,
//! `GET /api/messages`, both `{data: […]}`, a message with its `ticket_id`).

use super::Texts;
use super::conversation::{Conversation, Entry, NotRead, Who, body};
use super::fields::{id, is, text, time};
use super::gather::{Piece, messages};
use serde_json::Value;

pub fn piece(value: &Value) -> Option<Piece> {
    let has = |key: &str| value.get(key).is_some();
    match () {
        () if has("from_agent") => Some(id(value, "ticket_id").map_or(Piece::Head, Piece::Part)),
        () if has("messages") || (has("status") && has("channel")) || has("opened_datetime") => Some(Piece::Head),
        () if has("data") || has("tickets") => Some(Piece::Around(vec!["data", "tickets"])),
        () => None,
    }
}

pub fn read(ticket: &Value, apart: &[Value], texts: &dyn Texts) -> Result<Conversation, NotRead> {
    let number = id(ticket, "id").ok_or_else(|| NotRead::Broken("it has no 'id'".into()))?;
    if ticket.get("from_agent").is_some() {
        return Err(NotRead::Broken("it is a message without 'ticket_id': export it with its ticket".into()));
    }
    if is(ticket, "spam") == Some(true) {
        return Err(NotRead::Skipped("conversations marked as spam"));
    }
    if text(ticket, "trashed_datetime").is_some() {
        return Err(NotRead::Skipped("conversations in the trash"));
    }
    if ticket.get("messages").is_some_and(|messages| !messages.is_array()) {
        return Err(NotRead::Broken("'messages' is no list".into()));
    }
    let messages = messages(ticket, "messages", apart, &["sent_datetime", "created_datetime"]);
    if messages.is_empty() {
        let reason = "it has no 'messages': export each ticket with its messages, or the messages beside it";
        return Err(NotRead::Broken(reason.into()));
    }
    let mut people = texts.people(ticket);
    people.extend(apart.iter().flat_map(|message| texts.people(message)));
    let asked = messages.iter().find(|message| is(message, "from_agent") == Some(false));
    let sender = asked.and_then(|message| id(message.get("sender")?, "id"));
    let channel = text(ticket, "channel").or_else(|| asked.and_then(|message| text(message, "channel")));
    Ok(Conversation {
        id: number,
        subject: text(ticket, "subject").map(String::from),
        channel: channel.map(String::from),
        language: text(ticket, "language").map(String::from),
        contact: ticket.get("customer").and_then(|customer| id(customer, "id")).or(sender),
        people,
        entries: messages.into_iter().filter_map(|message| entry(message, texts)).collect(),
    })
}

/// What reached the other side.
fn entry(message: &Value, texts: &dyn Texts) -> Option<Entry> {
    let internal = text(message, "channel") == Some("internal-note") || is(message, "public") == Some(false);
    let automatic = matches!(text(message, "via"), Some("rule" | "macro-rule" | "autoresponder" | "self_service"));
    let by_rule = message.get("rule_id").is_some_and(|rule| !rule.is_null());
    if internal || text(message, "failed_datetime").is_some() {
        return None;
    }
    let from_agent = is(message, "from_agent")?;
    let sender = message.get("sender").unwrap_or(&Value::Null);
    let who = match from_agent {
        false => Who::Customer,
        true if automatic || by_rule => return None,
        true if is_bot(sender) => Who::Bot,
        true => Who::Agent(id(sender, "id")),
    };
    // Gorgias strips quotes and signatures itself, from plain text and from HTML.
    let text = body(message, &["stripped_text", "body_text"], &["stripped_html", "body_html"], texts);
    let at = time(message, "sent_datetime").or_else(|| time(message, "created_datetime"));
    (!text.is_empty()).then_some(Entry { who, at, text })
}

/// The robots of Gorgias write under names of their own.
fn is_bot(sender: &Value) -> bool {
    let name = text(sender, "name").or_else(|| text(sender, "firstname")).unwrap_or_default().to_lowercase();
    text(sender, "email").is_some_and(|email| email.ends_with("@gorgias.com"))
        || name.split_whitespace().any(|w| w == "bot")
}
