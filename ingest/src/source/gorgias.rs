//! Gorgias' tickets, each with its messages.

use super::conversation::{Conversation, NotRead, OPEN, Side, Turn, people};
use super::json::{body, day, id, list, text, truth};
use serde_json::Value;

pub(crate) fn read(ticket: &Value) -> Result<Conversation, NotRead> {
    let number = id(ticket, "id").ok_or_else(|| NotRead::Broken("it has no 'id'".into()))?;
    match text(ticket, "status") {
        Some("closed") => {}
        Some(_) => return Err(OPEN),
        None => return Err(NotRead::Broken("it has no 'status'".into())),
    }
    if truth(ticket, "spam") == Some(true) {
        return Err(NotRead::Skipped("conversations marked as spam"));
    }
    let Some(messages) = ticket.get("messages").and_then(Value::as_array) else {
        return Err(NotRead::Broken("it has no 'messages': export each ticket with its messages".into()));
    };
    let mut messages: Vec<&Value> = messages.iter().collect();
    messages.sort_by(|a, b| text(a, "created_datetime").cmp(&text(b, "created_datetime")));
    let named = |tag: &Value| text(tag, "name").or_else(|| tag.as_str()).map(String::from);
    Ok(Conversation {
        id: format!("conversation:gorgias:{number}"),
        subject: text(ticket, "subject").map(String::from),
        language: text(ticket, "language").map(String::from),
        date: day(ticket, "created_datetime").or_else(|| day(ticket, "opened_datetime")),
        url: None,
        tags: list(ticket, "tags").iter().filter_map(named).collect(),
        people: people(ticket),
        turns: messages.into_iter().filter_map(turn).collect(),
    })
}

/// What reached the other side, and was not written by a rule.
fn turn(message: &Value) -> Option<Turn> {
    let internal = text(message, "channel") == Some("internal-note") || truth(message, "public") == Some(false);
    let automatic = matches!(text(message, "via"), Some("rule" | "macro-rule" | "autoresponder"));
    let failed = text(message, "failed_datetime").is_some();
    if internal || automatic || failed {
        return None;
    }
    let side = if truth(message, "from_agent")? { Side::Agent } else { Side::Customer };
    // Gorgias strips quotes and signatures itself, from plain text and from HTML.
    let text = body(message, &["stripped_text", "body_text"], &["stripped_html", "body_html"]);
    (!text.trim().is_empty()).then_some(Turn { side, text })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn notes_rules_and_failures_are_no_turns() {
        let ticket = json!({
            "id": 12, "status": "closed", "language": "fr", "subject": "Taille", "tags": [{ "name": "exchange" }],
            "created_datetime": "2026-04-28T13:00:00Z", "customer": { "name": "Rosa Acht" },
            "messages": [
                { "from_agent": true, "public": true, "body_html": "<p>Oui.</p>", "created_datetime": "2026-04-28T14:00:00Z" },
                { "from_agent": false, "public": true, "body_text": "Trop petit ? > vieux", "stripped_text": "Trop petit ?", "created_datetime": "2026-04-28T13:00:00Z" },
                { "from_agent": true, "public": false, "channel": "internal-note", "body_text": "hm", "created_datetime": "3" },
                { "from_agent": true, "public": true, "via": "rule", "body_text": "We got it", "created_datetime": "4" },
                { "from_agent": true, "public": true, "failed_datetime": "5", "body_text": "lost", "created_datetime": "5" },
                { "public": true, "body_text": "whose?" },
            ],
        });
        let read = read(&ticket).unwrap();
        let turns: Vec<(Side, &str)> = read.turns.iter().map(|t| (t.side, t.text.as_str())).collect();
        assert_eq!(turns, [(Side::Customer, "Trop petit ?"), (Side::Agent, "Oui.")]);
        assert_eq!((read.tags, read.people), (vec!["exchange".to_owned()], vec!["Rosa Acht".to_owned()]));
    }

    #[test]
    fn open_spam_and_broken_ones_are_told_apart() {
        assert_eq!(read(&json!({ "id": 1, "status": "open" })).unwrap_err(), OPEN);
        let spam = json!({ "id": 1, "status": "closed", "spam": true, "messages": [] });
        assert!(matches!(read(&spam), Err(NotRead::Skipped(_))));
        assert!(matches!(read(&json!({ "id": 1, "status": "closed" })), Err(NotRead::Broken(_))));
    }
}
