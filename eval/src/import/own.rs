//! A store's own conversations: documents as a sync reads them, and plain turns.

use super::Texts;
use super::conversation::{ATTACHMENT, Conversation, Entry, NotRead, Who};
use super::fields::{id, list, text, time};
use super::gather::Piece;
use serde_json::Value;

pub fn piece(value: &Value) -> Option<Piece> {
    let has = |key: &str| value.get(key).is_some();
    match () {
        () if has("turns") || has("text") => Some(Piece::Head),
        () if has("conversations") || has("data") => Some(Piece::Around(vec!["conversations", "data"])),
        // So that the error names what is missing.
        () if has("id") => Some(Piece::Head),
        () => None,
    }
}

/// `{id, turns: [{role, text, at?}]}`
pub fn turns(record: &Value, texts: &dyn Texts) -> Result<Conversation, NotRead> {
    let missing = |key: &str| NotRead::Broken(format!("the field '{key}' is missing or empty: fill it in"));
    let number = id(record, "id").ok_or_else(|| missing("id"))?;
    let turns = list(record, "turns");
    if turns.is_empty() {
        return Err(missing("turns"));
    }
    let mut entries = Vec::new();
    for (at, turn) in turns.iter().enumerate() {
        let who = match text(turn, "role").map(str::to_lowercase).as_deref() {
            Some("customer" | "user" | "contact" | "visitor") => Who::Customer,
            Some("agent" | "assistant" | "support") => Who::Agent(id(turn, "author")),
            Some("bot") => Who::Bot,
            // Notes and system messages are nobody's words to the customer.
            Some("note" | "system" | "internal") => continue,
            Some(role) => {
                let known = "customer, agent, bot or note";
                return Err(NotRead::Broken(format!("'turns[{at}].role' is '{role}': use {known}")));
            }
            None => return Err(NotRead::Broken(format!("'turns[{at}].role' is missing: use customer or agent"))),
        };
        let own = texts.own_words(text(turn, "text").unwrap_or_default());
        let attached = own.trim().is_empty() && !list(turn, "attachments").is_empty();
        let said = if attached { ATTACHMENT.to_owned() } else { own.trim().to_owned() };
        if !said.is_empty() {
            entries.push(Entry { who, at: time(turn, "at").or_else(|| time(turn, "created_at")), text: said });
        }
    }
    Ok(conversation(record, number, entries, texts))
}

/// `{id, kind: conversation, title, text}`, whose lines begin with who speaks.
pub fn document(record: &Value, texts: &dyn Texts) -> Result<Conversation, NotRead> {
    if record.get("turns").is_some() {
        return turns(record, texts);
    }
    let missing = |key: &str| NotRead::Broken(format!("the field '{key}' is missing or empty: fill it in"));
    let number = id(record, "id").ok_or_else(|| missing("id"))?;
    if text(record, "kind").is_some_and(|kind| kind != "conversation") {
        return Err(NotRead::Skipped("documents that are no conversations"));
    }
    let mut entries: Vec<Entry> = Vec::new();
    for line in text(record, "text").ok_or_else(|| missing("text"))?.lines() {
        match (speaker(line), entries.last_mut()) {
            (Some((who, said)), _) => entries.push(Entry { who, at: None, text: said.to_owned() }),
            (None, Some(last)) => {
                last.text.push('\n');
                last.text.push_str(line);
            }
            (None, None) => return Err(NotRead::Skipped("documents without turns (Customer: …, Agent: …)")),
        }
    }
    for entry in &mut entries {
        entry.text = texts.own_words(&entry.text).trim().to_owned();
    }
    entries.retain(|entry| !entry.text.is_empty());
    // The day on which it was is all that a document knows.
    let day = time(record, "valid_from").or_else(|| time(record.get("meta")?, "valid_from"));
    if let Some(first) = entries.first_mut() {
        first.at = day;
    }
    Ok(conversation(record, number, entries, texts))
}

fn conversation(record: &Value, number: String, entries: Vec<Entry>, texts: &dyn Texts) -> Conversation {
    let customer = record.get("customer").unwrap_or(&Value::Null);
    let meta = record.get("meta").unwrap_or(&Value::Null);
    let contact =
        ["user_id", "customer_id", "contact"].iter().find_map(|key| id(record, key).or_else(|| id(meta, key)));
    Conversation {
        id: number,
        subject: text(record, "subject").or_else(|| text(record, "title")).map(String::from),
        channel: text(record, "channel").map(String::from),
        language: text(record, "language").or_else(|| text(meta, "language")).map(String::from),
        contact: id(customer, "id").or(contact),
        people: texts.people(record),
        entries,
    }
}

fn speaker(line: &str) -> Option<(Who, &str)> {
    let marks = [
        ("Customer: ", Who::Customer),
        ("User: ", Who::Customer),
        ("Agent: ", Who::Agent(None)),
        ("Assistant: ", Who::Agent(None)),
        ("Support: ", Who::Agent(None)),
    ];
    marks.into_iter().find_map(|(mark, who)| Some((who, line.strip_prefix(mark)?)))
}
