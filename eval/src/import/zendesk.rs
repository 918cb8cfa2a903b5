//! Zendesk: tickets with their comments, one a line or in a list; or the pages of its API, in any number of files:
//! `{tickets: […]}`, `{users: […]}`, `{ticket_events: […]}`, `{comments: {ID: […]}}`, and `{comments: […]}` of one
//! ticket in a file that is named after it.

use super::conversation::{Conversation, Entry, NotRead, Who, body};
use super::fields::{id, is, list, text, time};
use super::gather::{Piece, messages};
use super::{Place, Texts};
use serde_json::Value;
use std::collections::HashMap;

pub fn piece(value: &Value, of: Option<&str>, place: &Place) -> Option<Piece> {
    let has = |key: &str| value.get(key).is_some();
    let wraps = ["tickets", "users", "ticket_events", "results"].iter().any(|key| has(key));
    let comment = has("author_id") && (has("body") || has("plain_body") || has("html_body"));
    match () {
        // What changed in a ticket; of it only comments are looked at.
        () if has("child_events") => id(value, "ticket_id").map(Piece::Part),
        () if wraps || (has("comments") && !has("id")) => {
            Some(Piece::Around(vec!["users", "tickets", "comments", "ticket_events", "results"]))
        }
        () if comment && !has("status") => {
            let stem = place.file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            let named = Some(stem.chars().filter(char::is_ascii_digit).collect::<String>()).filter(|n| !n.is_empty());
            id(value, "ticket_id").or_else(|| of.map(String::from)).or(named).map(Piece::Part)
        }
        () if has("role") && has("name") => id(value, "id").map(Piece::User),
        () if has("ticket") && !has("id") => Some(Piece::Around(vec!["users", "ticket"])),
        () if has("requester_id") || has("comments") || has("status") || has("requester") => Some(Piece::Head),
        () => None,
    }
}

pub fn read(
    ticket: &Value,
    apart: &[Value],
    users: &HashMap<String, Value>,
    texts: &dyn Texts,
) -> Result<Conversation, NotRead> {
    let number = id(ticket, "id").ok_or_else(|| NotRead::Broken("it has no 'id'".into()))?;
    if text(ticket, "status") == Some("deleted") {
        return Err(NotRead::Skipped("deleted tickets"));
    }
    if ticket.get("comments").is_some_and(|comments| !comments.is_array()) {
        return Err(NotRead::Broken("'comments' is no list".into()));
    }
    let apart: Vec<Value> = apart.iter().flat_map(unfolded).collect();
    let comments = messages(ticket, "comments", &apart, &["created_at", "timestamp"]);
    if comments.is_empty() {
        let reason = "it has no 'comments': export each ticket with its comments, or their pages beside it";
        return Err(NotRead::Broken(reason.into()));
    }
    let requester_record = ticket.get("requester").unwrap_or(&Value::Null);
    let requester = id(ticket, "requester_id").or_else(|| id(requester_record, "id"));
    let mut people = texts.people(ticket);
    let concerned = comments.iter().filter_map(|comment| id(comment, "author_id")).chain(requester.clone());
    for user in concerned.chain(id(ticket, "assignee_id")).filter_map(|id| users.get(&id)) {
        people.extend(["name", "email", "alias", "phone"].iter().filter_map(|key| text(user, key)).map(String::from));
    }
    let via = ticket.get("via").and_then(|via| text(via, "channel"));
    let locale =
        requester.as_ref().and_then(|id| users.get(id)).or(Some(requester_record)).and_then(|u| text(u, "locale"));
    let entries = comments.into_iter().filter_map(|comment| entry(comment, requester.as_deref(), users, texts));
    Ok(Conversation {
        id: number,
        subject: text(ticket, "subject").or_else(|| text(ticket, "raw_subject")).map(String::from),
        channel: via.map(String::from),
        language: locale.map(String::from),
        entries: entries.collect(),
        contact: requester,
        people,
    })
}

/// The comments in an event; a comment that stands for itself is its own.
fn unfolded(part: &Value) -> Vec<Value> {
    let Some(events) = part.get("child_events").and_then(Value::as_array) else { return vec![part.clone()] };
    let comments = events.iter().filter(|event| text(event, "event_type") == Some("Comment"));
    comments
        .map(|event| {
            let mut comment = event.clone();
            for key in ["timestamp", "created_at"] {
                if comment.get(key).is_none()
                    && let Some(time) = part.get(key)
                {
                    comment[key] = time.clone();
                }
            }
            comment
        })
        .collect()
}

fn entry(comment: &Value, requester: Option<&str>, users: &HashMap<String, Value>, texts: &dyn Texts) -> Option<Entry> {
    // Rules and triggers write in the name of the store.
    let channel = comment.get("via").and_then(|via| text(via, "channel")).unwrap_or_default();
    if is(comment, "public") == Some(false) || matches!(channel, "rule" | "system" | "trigger" | "automation") {
        return None;
    }
    let author = id(comment, "author_id").or_else(|| id(comment.get("author")?, "id"));
    let user = author.as_ref().and_then(|id| users.get(id)).or_else(|| comment.get("author"));
    let name = user.and_then(|user| text(user, "name")).unwrap_or_default().to_lowercase();
    let who = match user.and_then(|user| text(user, "role")) {
        Some("end-user") => Who::Customer,
        _ if author.is_some() && author.as_deref() == requester => Who::Customer,
        _ if channel == "answer_bot_for_web_widget" || name.split_whitespace().any(|word| word == "bot") => Who::Bot,
        _ => Who::Agent(author),
    };
    let text = body(comment, &["plain_body", "body"], &["html_body"], texts);
    let at = time(comment, "created_at").or_else(|| time(comment, "timestamp"));
    // Zendesk writes an empty comment's files below it.
    let text = if text.is_empty() && !list(comment, "attachments").is_empty() {
        super::conversation::ATTACHMENT.to_owned()
    } else {
        text
    };
    (!text.is_empty()).then_some(Entry { who, at, text })
}
