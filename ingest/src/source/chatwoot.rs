//! Conversations as Chatwoot's API returns them, each with its messages.

use super::conversation::{Conversation, NotRead, OPEN, Side, Turn, people};
use super::json::{body, day, id, list, text, truth};
use serde_json::Value;

pub(crate) fn read(conversation: &Value) -> Result<Conversation, NotRead> {
    let number = id(conversation, "id").ok_or_else(|| NotRead::Broken("it has no 'id'".into()))?;
    match text(conversation, "status") {
        Some("resolved") => {}
        Some(_) => return Err(OPEN),
        None => return Err(NotRead::Broken("it has no 'status'".into())),
    }
    let Some(messages) = conversation.get("messages").and_then(Value::as_array) else {
        let reason = "it has no 'messages': export each conversation with its messages";
        return Err(NotRead::Broken(reason.into()));
    };
    let mut messages: Vec<&Value> = messages.iter().collect();
    messages.sort_by_key(|m| (m.get("created_at").and_then(Value::as_i64), m.get("id").and_then(Value::as_i64)));
    let turns = messages.iter().filter_map(|m| turn(m)).collect();
    let additional = conversation.get("additional_attributes").unwrap_or(&Value::Null);
    let language = text(additional, "conversation_language")
        .or_else(|| text(additional.get("browser").unwrap_or(&Value::Null), "browser_language"));
    Ok(Conversation {
        id: format!("conversation:chatwoot:{number}"),
        subject: text(additional, "mail_subject").map(String::from),
        language: language.map(String::from),
        date: day(conversation, "created_at").or_else(|| messages.first().and_then(|m| day(m, "created_at"))),
        url: None,
        tags: list(conversation, "labels").iter().filter_map(Value::as_str).map(String::from).collect(),
        people: people(conversation),
        turns,
    })
}

/// What a customer or a person of the store said in public.
fn turn(message: &Value) -> Option<Turn> {
    if truth(message, "private") == Some(true) {
        return None;
    }
    // The API numbers the kinds, webhooks name them: activity (2) and template (3) come from the program.
    let kind = message.get("message_type")?;
    let side = match (kind.as_i64(), kind.as_str()) {
        (Some(0), _) | (_, Some("incoming")) => Side::Customer,
        (Some(1), _) | (_, Some("outgoing")) => Side::Agent,
        _ => return None,
    };
    let sender = message.get("sender").and_then(|s| text(s, "type")).unwrap_or_default().to_lowercase();
    let automatic = sender.contains("bot") || sender.contains("captain");
    let written = matches!(text(message, "content_type"), None | Some("text" | "incoming_email"));
    if automatic || !written || truth(message, "deleted") == Some(true) {
        return None;
    }
    let text = body(message, &["content"], &[]);
    (!text.is_empty()).then_some(Turn { side, text })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn notes_activities_and_bots_are_no_turns() {
        let message = |id: i64, kind: Value, content: &str| json!({ "id": id, "created_at": id, "message_type": kind, "content": content, "private": false });
        let mut note = message(4, json!(1), "call me later");
        note["private"] = json!(true);
        let mut bot = message(5, json!("outgoing"), "I am a bot");
        bot["sender"] = json!({ "type": "agent_bot", "name": "Bot" });
        let mut form = message(6, json!(1), "Your e-mail?");
        form["content_type"] = json!("input_email");
        let record = json!({
            "id": 7, "status": "resolved", "created_at": 1_772_323_200, "labels": ["packs"],
            "messages": [message(3, json!(1), "Yes."), message(2, json!("incoming"), "Is it?"), message(8, json!(2), "resolved"),
                         message(9, json!("template"), "Rate us"), note, bot, form, message(10, json!(0), "")],
        });
        let read = read(&record).unwrap();
        assert_eq!(read.id, "conversation:chatwoot:7");
        let turns: Vec<(Side, &str)> = read.turns.iter().map(|t| (t.side, t.text.as_str())).collect();
        assert_eq!(turns, [(Side::Customer, "Is it?"), (Side::Agent, "Yes.")]);
        assert_eq!(read.date, Some(jiff::civil::date(2026, 3, 1)));
    }

    #[test]
    fn open_and_broken_ones_are_told_apart() {
        assert_eq!(read(&json!({ "id": 1, "status": "open", "messages": [] })).unwrap_err(), OPEN);
        for broken in [json!({ "status": "resolved" }), json!({ "id": 1 }), json!({ "id": 1, "status": "resolved" })] {
            assert!(matches!(read(&broken), Err(NotRead::Broken(_))), "{broken}");
        }
    }
}
