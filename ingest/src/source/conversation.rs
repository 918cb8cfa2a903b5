//! A past conversation from any helpdesk, and the document that it becomes: masked before it leaves this file.

use super::lines::{one_line, shorten, tidy};
use super::{Reading, quoted};
use crate::document::{AGENT, Block, CUSTOMER, Document};
use crate::mask::{MaskReport, Masker};
use engine::evidence::SourceKind;
use jiff::civil::Date;
use serde_json::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Customer,
    Agent,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Turn {
    pub side: Side,
    pub text: String,
}

#[derive(Debug, Default)]
pub(crate) struct Conversation {
    /// The document's id: `conversation:<system>:<id>`, or as the file has it.
    pub id: String,
    pub subject: Option<String>,
    /// As the helpdesk names it: `fr`, `en-US`.
    pub language: Option<String>,
    pub date: Option<Date>,
    pub url: Option<String>,
    pub tags: Vec<String>,
    /// People that the record names, and their addresses.
    pub people: Vec<String>,
    /// What was said in public and by a person, in order.
    pub turns: Vec<Turn>,
}

/// Why a record of an export is no document.
#[derive(Debug, PartialEq)]
pub(crate) enum NotRead {
    /// On purpose; the reason names many.
    Skipped(&'static str),
    /// The record is broken, and how.
    Broken(String),
}

pub(crate) const OPEN: NotRead = NotRead::Skipped("conversations that are not resolved");

/// Titles are short, in characters.
const TITLE: usize = 80;

/// Puts what a record was read as where it belongs. `place` names the record in its file.
pub(crate) fn deliver(
    reading: &mut Reading<'_, '_>,
    read: Result<Conversation, NotRead>,
    line: Option<usize>,
    place: &str,
) {
    let read = read.and_then(|conversation| {
        let (masker, report) = reading.masker();
        conversation.document(masker, report)
    });
    match read {
        Ok(document) => reading.document(document, line),
        Err(NotRead::Skipped(reason)) => reading.skip(reason),
        Err(NotRead::Broken(reason)) => reading.fail(line, format!("{place} was not read: {reason}")),
    }
}

impl Conversation {
    pub(crate) fn document(self, masker: &Masker, report: &mut MaskReport) -> Result<Document, NotRead> {
        let said = |side: Side| self.turns.iter().any(|t| t.side == side && !t.text.trim().is_empty());
        if !said(Side::Customer) {
            return Err(NotRead::Skipped("conversations without a word of the customer"));
        }
        if !said(Side::Agent) {
            return Err(NotRead::Skipped("conversations without an answer of a person"));
        }
        // Signatures give names away: they are looked at before they are cut.
        let texts = self.turns.iter().map(|t| t.text.as_str()).chain(self.subject.as_deref());
        let names = masker.names(self.people.iter().map(String::as_str), texts);
        let mut turns: Vec<(Side, String)> = Vec::new();
        for turn in &self.turns {
            // Agents, and the programs that help them, write marks of Markdown that a chat does not show.
            let own = tidy(&quoted::own_words(&turn.text).replace("**", ""));
            let masked = quoted::without_signature(&masker.mask(&own, &names, report));
            match turns.last_mut() {
                _ if masked.is_empty() => {}
                Some((side, text)) if *side == turn.side => {
                    text.push('\n');
                    text.push_str(&masked);
                }
                _ => turns.push((turn.side, masked)),
            }
        }
        let subject = self.subject.as_deref().map(|s| masker.mask(&one_line(s), &names, report));
        let subject = subject.map(|s| bare_subject(&s)).filter(|s| says_something(s));
        let title = subject.or_else(|| first_matter(&turns)).unwrap_or_else(|| "Conversation".into());
        let mut document = Document::new(self.id, SourceKind::Conversation, shorten(&title, TITLE));
        document.url = self.url;
        document.valid_from = self.date;
        document.tags.extend(self.tags.iter().map(|tag| tag.trim().to_lowercase()).filter(|tag| {
            // A tag that holds personal data is no tag.
            !tag.is_empty() && masker.mask(tag, &names, &mut MaskReport::default()) == *tag
        }));
        if let Some(language) = self.language.as_deref().and_then(language) {
            document.tags.push(format!("lang:{language}"));
        }
        document.blocks = turns
            .into_iter()
            .map(|(side, text)| {
                let who = if side == Side::Customer { CUSTOMER } else { AGENT };
                Block::Paragraph(format!("{who}{text}"))
            })
            .collect();
        Ok(document)
    }
}

/// `en_US` is `en`.
fn language(name: &str) -> Option<String> {
    let code: String = name.trim().chars().take_while(char::is_ascii_alphabetic).collect::<String>().to_lowercase();
    (2..=3).contains(&code.len()).then_some(code)
}

/// A subject without the marks of replies and forwards.
fn bare_subject(subject: &str) -> String {
    let mut subject = subject.trim();
    while let Some((mark, rest)) = subject.split_once(':') {
        if !matches!(mark.trim().to_lowercase().as_str(), "re" | "fw" | "fwd" | "aw" | "wg" | "tr" | "sv" | "ref") {
            break;
        }
        subject = rest.trim_start();
    }
    subject.to_owned()
}

/// Helpdesks give a name of their own to what comes in by chat.
fn says_something(subject: &str) -> bool {
    let lower = subject.to_lowercase();
    let made =
        ["conversation with", "chat with", "new message", "message from", "(no subject)", "no subject", "contact form"];
    lower.chars().filter(|c| c.is_alphabetic()).count() >= 4 && !made.iter().any(|m| lower.starts_with(m))
}

/// The first thing the customer says that is more than a greeting.
fn first_matter(turns: &[(Side, String)]) -> Option<String> {
    let asked = turns.iter().filter(|(side, _)| *side == Side::Customer);
    let lines = asked.flat_map(|(_, text)| text.lines());
    let lines: Vec<&str> = lines.collect();
    let sentences =
        lines.iter().flat_map(|line| unicode_segmentation::UnicodeSegmentation::split_sentence_bounds(*line));
    let sentences: Vec<&str> = sentences.map(str::trim).filter(|s| !s.is_empty()).collect();
    // The first sentence, and not the first question: "Which side goes up?" says less than what it is about.
    let long = |s: &&&str| s.split_whitespace().count() >= 4;
    sentences.iter().find(long).or(sentences.first()).map(|s| (*s).to_owned())
}

/// Names and addresses of the people in a record, wherever helpdesks put them.
pub fn people(record: &Value) -> Vec<String> {
    let mut people = Vec::new();
    gather(record, false, 0, &mut people);
    people.sort_unstable();
    people.dedup();
    people
}

/// Fields that hold people, or hold fields that do.
const PEOPLE: [&str; 14] = [
    "sender",
    "receiver",
    "customer",
    "requester",
    "assignee",
    "assignee_user",
    "contact",
    "user",
    "author",
    "from",
    "to",
    "created_by",
    "recipient",
    "submitter",
];
const AROUND: [&str; 9] =
    ["meta", "via", "source", "messages", "comments", "participants", "users", "last_message", "payload"];
const NAMES: [&str; 16] = [
    "name",
    "first_name",
    "last_name",
    "firstname",
    "lastname",
    "full_name",
    "display_name",
    "available_name",
    "customer_name",
    "username",
    "email",
    "address",
    "id",
    "user_id",
    "nickname",
    "identifier",
];

fn gather(value: &Value, person: bool, depth: usize, people: &mut Vec<String>) {
    if depth > 8 {
        return;
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| gather(item, person, depth + 1, people)),
        Value::Object(fields) => {
            for (key, field) in fields {
                let key = key.as_str();
                match field {
                    Value::String(name) if (person && NAMES.contains(&key)) || key == "user_id" => {
                        people.extend(is_person(name).then(|| name.clone()));
                    }
                    Value::Object(_) | Value::Array(_) if PEOPLE.contains(&key) => {
                        gather(field, true, depth + 1, people)
                    }
                    Value::Object(_) | Value::Array(_) if AROUND.contains(&key) => {
                        gather(field, key == "users" || key == "participants", depth + 1, people);
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

/// Not the name of a mailbox, a team or a program; a postal address is masked by its form.
fn is_person(name: &str) -> bool {
    let lower = name.split('@').next().unwrap_or(name).to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphabetic()).filter(|w| !w.is_empty()).collect();
    let others = [
        "support",
        "team",
        "bot",
        "service",
        "care",
        "store",
        "shop",
        "help",
        "helpdesk",
        "assistant",
        "desk",
        "info",
        "sales",
        "orders",
        "returns",
        "contact",
        "hello",
        "office",
        "noreply",
        "reply",
        "kundenservice",
        "system",
        "admin",
        "customer",
    ];
    !words.is_empty() && words.len() <= 5 && !words.iter().any(|w| others.contains(w))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::MaskConfig;
    use serde_json::json;

    fn turn(side: Side, text: &str) -> Turn {
        Turn { side, text: text.into() }
    }

    fn document(subject: Option<&str>, turns: Vec<Turn>) -> Result<Document, NotRead> {
        let conversation = Conversation {
            id: "conversation:test:1".into(),
            subject: subject.map(String::from),
            language: Some("fr-CA".into()),
            people: vec!["Nora Whitfield".into(), "ingrid@fjellvik.example".into()],
            tags: vec!["Packs".into(), "nora".into()],
            turns,
            ..Conversation::default()
        };
        conversation.document(&Masker::new(&MaskConfig::default()), &mut MaskReport::default())
    }

    #[test]
    fn a_conversation_is_masked_and_without_signatures() {
        let document = document(
            None,
            vec![
                turn(Side::Customer, "Hello!"),
                turn(
                    Side::Customer,
                    "Does the Ferd fit a 12 L bladder? My order is #1234.\n\nNora Whitfield\n(608) 555-0133",
                ),
                turn(Side::Agent, "Hi Nora,\n\nit does.\n\nIngrid\n-- \nFjellvik, Duluth"),
                turn(Side::Customer, "Thanks!\n\nOn Tue, Apr 28, 2026 Owen at Fjellvik wrote:\n> Hi Nora"),
            ],
        )
        .unwrap();
        assert_eq!(document.title, "Does the Ferd fit a 12 L bladder?");
        assert_eq!(document.tags, ["packs", "lang:fr"]);
        assert_eq!(
            document.text(),
            "Customer: Hello!\nDoes the Ferd fit a 12 L bladder? My order is [order].\n\
             Agent: Hi [name],\nit does.\nCustomer: Thanks!"
        );
    }

    #[test]
    fn a_subject_is_the_title_if_it_says_something() {
        let turns = || vec![turn(Side::Customer, "Hi. Where is my parcel, please?"), turn(Side::Agent, "On its way.")];
        for (subject, title) in [
            ("RE: Fwd: Squeaking boots", "Squeaking boots"),
            ("Conversation with Nora Whitfield", "Where is my parcel, please?"),
            ("Re:", "Where is my parcel, please?"),
            ("Order #1234 for Nora", "Order [order] for [name]"),
        ] {
            assert_eq!(document(Some(subject), turns()).unwrap().title, title);
        }
    }

    #[test]
    fn one_side_alone_is_no_conversation() {
        assert!(matches!(document(None, vec![turn(Side::Customer, "Hello?")]), Err(NotRead::Skipped(_))));
        assert!(matches!(
            document(None, vec![turn(Side::Agent, "Hello?"), turn(Side::Customer, " ")]),
            Err(NotRead::Skipped(_))
        ));
    }

    #[test]
    fn people_are_found_in_every_record() {
        let record = json!({
            "id": 1, "tags": [{ "name": "Returns" }], "inbox": { "name": "Shop" },
            "meta": { "sender": { "name": "Nora Whitfield", "email": "nora.w@example.com" }, "team": { "name": "Blue" } },
            "messages": [{ "sender": { "name": "Fjellvik Support" }, "content": "x" }],
            "customer": { "firstname": "Rosa" },
        });
        assert_eq!(people(&record), ["Nora Whitfield", "Rosa", "nora.w@example.com"]);
    }
}
