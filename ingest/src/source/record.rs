//! One JSON record, whatever made it: what shape it has, and what it becomes.

use super::conversation::{self, Conversation, NotRead, OPEN, Side, Turn, people};
use super::json::{day, id, list, text};
use super::zendesk::Beside;
use super::{Reading, chatwoot, gorgias, markdown, page, zendesk};
use crate::document::{AGENT, Block, CUSTOMER, Document};
use crate::mask::MaskReport;
use engine::evidence::SourceKind;
use jiff::civil::Date;
use serde_json::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `{id, kind, title, text, url, meta}`
    Entry,
    /// `{id, turns: [{role, text}]}`
    Transcript,
    Chatwoot,
    Zendesk,
    Gorgias,
}

/// What to say of records that are none of them.
pub(crate) const SHAPES: &str = "use {id, kind, title, text} or {id, turns: [{role, text}]}, one a line, \
     or a conversation export of Chatwoot, Zendesk or Gorgias";

impl Shape {
    pub(crate) fn of(record: &Value) -> Option<Self> {
        let has = |key: &str| record.get(key).is_some();
        let message = |key: &str| list(record, "messages").first().is_some_and(|m| m.get(key).is_some());
        match () {
            () if has("turns") => Some(Self::Transcript),
            () if has("text") && has("kind") => Some(Self::Entry),
            () if message("message_type") || (has("inbox_id") && has("status")) => Some(Self::Chatwoot),
            () if message("from_agent") || has("opened_datetime") || has("created_datetime") => Some(Self::Gorgias),
            () if has("requester_id") || has("comments") || has("raw_subject") => Some(Self::Zendesk),
            () if has("messages") && has("customer") => Some(Self::Gorgias),
            () if has("messages") && has("meta") => Some(Self::Chatwoot),
            () => None,
        }
    }
}

/// Reads one record and delivers it. `line` is where it stands, if that is known.
pub(crate) fn read(
    record: &Value,
    shape: Shape,
    beside: &Beside<'_>,
    line: Option<usize>,
    reading: &mut Reading<'_, '_>,
) {
    let noun = match shape {
        Shape::Entry => "the entry",
        Shape::Transcript | Shape::Chatwoot => "the conversation",
        Shape::Zendesk | Shape::Gorgias => "the ticket",
    };
    let place = id(record, "id").map_or_else(|| noun.to_owned(), |id| format!("{noun} '{id}'"));
    let conversation = match shape {
        Shape::Entry => match entry(record) {
            Ok(Entry::Page(document)) => return reading.document(*document, line),
            Ok(Entry::Notes(document)) => {
                let (masker, report) = reading.masker();
                let document = masked(*document, record, masker, report);
                return reading.document(document, line);
            }
            Ok(Entry::Conversation(conversation)) => Ok(*conversation),
            Err(reason) => Err(NotRead::Broken(reason)),
        },
        Shape::Transcript => transcript(record),
        Shape::Chatwoot => chatwoot::read(record),
        Shape::Zendesk => zendesk::read(record, beside),
        Shape::Gorgias => gorgias::read(record),
    };
    conversation::deliver(reading, conversation, line, &place);
}

enum Entry {
    Page(Box<Document>),
    Conversation(Box<Conversation>),
    /// A conversation that somebody wrote up, without turns.
    Notes(Box<Document>),
}

fn entry(record: &Value) -> Result<Entry, String> {
    let missing = |key: &str| format!("the field '{key}' is missing or empty: fill it in");
    let id = id(record, "id").ok_or_else(|| missing("id"))?;
    let kind: SourceKind =
        text(record, "kind").ok_or_else(|| missing("kind"))?.parse().map_err(|e| format!("the field 'kind': {e}"))?;
    let body = text(record, "text").ok_or_else(|| missing("text"))?;
    let field = |key: &str| record.get(key).or_else(|| record.get("meta")?.get(key));
    let date = |key: &str| -> Result<Option<Date>, String> {
        match field(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                let date = value.as_str().and_then(|d| d.parse().ok());
                date.map(Some).ok_or_else(|| format!("the field '{key}' is no date: write it as 2026-03-31"))
            }
        }
    };
    let tags = match field("tags") {
        Some(Value::String(tags)) => super::front_matter::tags(tags),
        Some(Value::Array(tags)) => tags.iter().filter_map(Value::as_str).map(str::to_lowercase).collect(),
        _ => Vec::new(),
    };
    let turns = if kind == SourceKind::Conversation { turns_of(body) } else { Vec::new() };
    if !turns.is_empty() {
        return Ok(Entry::Conversation(Box::new(Conversation {
            id,
            subject: text(record, "title").map(String::from),
            language: field("language").and_then(Value::as_str).map(String::from),
            date: date("valid_from")?,
            url: text(record, "url").map(String::from),
            tags,
            people: people(record),
            turns,
        })));
    }
    let mut document = Document::new(id, kind, String::new());
    document.blocks = markdown::blocks(body, markdown::LineBreaks::Kept);
    let named = text(record, "title").map(String::from);
    document.title = page::take_title(&mut document.blocks, named).ok_or_else(|| missing("title"))?;
    if document.blocks.is_empty() {
        document.blocks.push(Block::Paragraph(document.title.clone()));
    }
    document.url = text(record, "url").map(String::from);
    document.owner = field("owner").and_then(Value::as_str).map(String::from);
    document.tags = tags;
    document.valid_from = date("valid_from")?;
    document.valid_to = date("valid_to")?;
    Ok(if kind == SourceKind::Conversation { Entry::Notes(document.into()) } else { Entry::Page(document.into()) })
}

/// Turns of a text whose lines start with who speaks; empty if they do not.
fn turns_of(body: &str) -> Vec<Turn> {
    let speakers = [
        (CUSTOMER, Side::Customer),
        ("User: ", Side::Customer),
        (AGENT, Side::Agent),
        ("Assistant: ", Side::Agent),
        ("Support: ", Side::Agent),
    ];
    let mut turns: Vec<Turn> = Vec::new();
    for line in body.lines() {
        let said = speakers.iter().find_map(|(mark, side)| Some((*side, line.strip_prefix(mark)?)));
        match (said, turns.last_mut()) {
            (Some((side, text)), _) => turns.push(Turn { side, text: text.into() }),
            (None, Some(turn)) => {
                turn.text.push('\n');
                turn.text.push_str(line);
            }
            (None, None) if line.trim().is_empty() => {}
            (None, None) => return Vec::new(),
        }
    }
    turns
}

fn masked(mut document: Document, record: &Value, masker: &crate::mask::Masker, report: &mut MaskReport) -> Document {
    let (people, body) = (people(record), document.text());
    let names = masker.names(people.iter().map(String::as_str), [body.as_str(), document.title.as_str()]);
    let mut mask = |text: &mut String| *text = masker.mask(text, &names, report);
    mask(&mut document.title);
    for block in &mut document.blocks {
        match block {
            Block::Heading { text, .. } | Block::Paragraph(text) | Block::Item { text, .. } => mask(text),
            Block::Row { header, cells } => header.iter_mut().chain(cells).for_each(&mut mask),
        }
    }
    document
}

fn transcript(record: &Value) -> Result<Conversation, NotRead> {
    let id =
        id(record, "id").ok_or_else(|| NotRead::Broken("the field 'id' is missing or empty: fill it in".into()))?;
    if text(record, "status").is_some_and(|s| !matches!(s, "resolved" | "closed" | "solved")) {
        return Err(OPEN);
    }
    let mut turns = Vec::new();
    for (i, turn) in list(record, "turns").iter().enumerate() {
        let side = match text(turn, "role") {
            Some("customer" | "user" | "contact") => Side::Customer,
            Some("agent" | "assistant") => Side::Agent,
            Some(_) => continue,
            None => return Err(NotRead::Broken(format!("turn {i} has no 'role': use customer or agent"))),
        };
        turns.push(Turn { side, text: text(turn, "text").unwrap_or_default().to_owned() });
    }
    Ok(Conversation {
        id,
        subject: text(record, "title").or_else(|| text(record, "subject")).map(String::from),
        language: text(record, "language").map(String::from),
        date: day(record, "created_at").or_else(|| day(record, "date")),
        url: text(record, "url").map(String::from),
        tags: text(record, "category").map(String::from).into_iter().collect(),
        people: people(record),
        turns,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn shapes_are_told_apart() {
        for (record, shape) in [
            (json!({ "id": "a", "kind": "policy", "text": "x" }), Some(Shape::Entry)),
            (json!({ "id": "a", "turns": [] }), Some(Shape::Transcript)),
            (json!({ "id": 1, "status": "open", "messages": [{ "message_type": 0 }] }), Some(Shape::Chatwoot)),
            (json!({ "id": 1, "status": "open", "messages": [], "meta": {} }), Some(Shape::Chatwoot)),
            (json!({ "id": 1, "messages": [{ "from_agent": true }] }), Some(Shape::Gorgias)),
            (json!({ "id": 1, "requester_id": 2 }), Some(Shape::Zendesk)),
            (json!({ "id": "q", "text": "x", "relevant": [] }), None),
            (json!([]), None),
        ] {
            assert_eq!(Shape::of(&record), shape, "{record}");
        }
    }

    #[test]
    fn entries_are_pages_or_conversations() {
        let page = json!({ "id": "p", "kind": "policy", "title": "Returns", "text": "## Fee\n\nNone.", "meta": { "tags": "A,b", "valid_to": "2026-01-31" } });
        let Ok(Entry::Page(document)) = entry(&page) else { panic!() };
        assert_eq!((document.text().as_str(), document.tags.len()), ("Fee\nNone.", 2));
        assert_eq!(document.valid_to, Some(jiff::civil::date(2026, 1, 31)));
        let talk =
            json!({ "id": "c", "kind": "conversation", "title": "Hi", "text": "Customer: Hi\nthere\nAgent: Hello" });
        let Ok(Entry::Conversation(conversation)) = entry(&talk) else { panic!() };
        assert_eq!(conversation.turns[0], Turn { side: Side::Customer, text: "Hi\nthere".into() });
        for (broken, field) in [
            (json!({ "kind": "policy", "title": "t", "text": "x" }), "'id'"),
            (json!({ "id": "a", "kind": "blog", "title": "t", "text": "x" }), "'kind'"),
            (json!({ "id": "a", "kind": "policy", "title": "t", "text": 5 }), "'text'"),
            (json!({ "id": "a", "kind": "policy", "text": "x" }), "'title'"),
            (json!({ "id": "a", "kind": "policy", "title": "t", "text": "x", "valid_from": "soon" }), "'valid_from'"),
        ] {
            let Err(reason) = entry(&broken) else { panic!("{broken}") };
            assert!(reason.contains(field), "{reason}");
        }
    }
}
