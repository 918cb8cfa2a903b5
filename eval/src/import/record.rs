//! A conversation as it stands in a pack: masked, with suggested labels.

use super::conversation::{ATTACHMENT, Conversation, Entry, Who};
use super::facts::candidates;
use super::language;
use super::rules::suggest;
use super::{Source, Texts};
use crate::pack::Action;
use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// A line of the transcripts.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    pub id: String,
    pub source: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Conversations of one customer have the same; a hash of the helpdesk's id.
    pub contact: String,
    pub customer: Customer,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    pub turns: Vec<Turn>,
    pub expected: Vec<Label>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Customer {
    pub id: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Turn {
    pub role: &'static str,
    pub text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// What a rule suggests for one turn of the customer.
#[derive(Clone, Debug, Serialize)]
pub struct Label {
    pub turn: usize,
    pub need: &'static str,
    pub action: Action,
    pub accept: Vec<Action>,
    pub must_include: Vec<String>,
    pub must_not_include: Vec<String>,
    /// What a person of the store replied.
    pub reference: String,
    pub suggested: bool,
    pub why: String,
}

/// Masks a conversation and suggests its labels. The error says why it cannot be replayed; it names many.
pub fn masked(
    source: Source,
    conversation: Conversation,
    texts: &dyn Texts,
    counts: &mut BTreeMap<String, usize>,
) -> Result<Record, &'static str> {
    let said = |of: fn(&Who) -> bool| conversation.entries.iter().any(|entry| of(&entry.who) && !entry.text.is_empty());
    if !said(|who| *who == Who::Customer) {
        return Err("conversations without a word of the customer");
    }
    if !said(|who| matches!(who, Who::Agent(_))) {
        return Err("conversations without an answer of a person");
    }
    let at = conversation.began();
    let Conversation { id, subject, channel, language: named, contact, people, mut entries } = conversation;
    // What stands before the customer's first word answers nothing, but it is history.
    let mut raw: Vec<String> = entries.iter().map(|entry| entry.text.clone()).collect();
    raw.extend(subject);
    let masked = texts.mask(&people, &raw);
    for (kind, count) in masked.counts {
        *counts.entry(kind).or_default() += count;
    }
    let mut clean = masked.texts.into_iter();
    for entry in &mut entries {
        // A masking that gives fewer texts than it was given must not let the raw ones through.
        entry.text = clean.next().unwrap_or_default();
    }
    let title = clean.next().filter(|title| !title.is_empty());
    let spoken = entries.iter().filter(|entry| entry.who == Who::Customer).map(|entry| entry.text.as_str());
    let language = named.as_deref().and_then(language::named);
    let language = language.or_else(|| language::detected(&spoken.collect::<Vec<_>>().join("\n")));
    let id = format!("{}-{}", source.name(), safe(&id));
    let contact =
        contact.map_or_else(|| short_hash(&id), |contact| short_hash(&format!("{}:{contact}", source.name())));
    Ok(Record {
        source: source.name(),
        channel,
        language,
        at,
        customer: Customer { id: contact.clone() },
        contact,
        title,
        expected: labels(&entries),
        turns: entries.into_iter().filter_map(turn).collect(),
        id,
    })
}

/// An id of a helpdesk is a number or a code; what looks like an address of mail or a telephone number is hashed.
fn safe(id: &str) -> String {
    if id.contains('@') || id.starts_with('+') || id.contains(char::is_whitespace) {
        short_hash(id)
    } else {
        id.to_owned()
    }
}

fn short_hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

fn turn(entry: Entry) -> Option<Turn> {
    let role = match entry.who {
        Who::Customer => "customer",
        Who::Agent(_) | Who::Bot => "agent",
        Who::Transfer => return None,
    };
    Some(Turn { role, text: entry.text, at: entry.at })
}

/// The turns that are judged: of messages in a row the last one before a person answered.
fn labels(entries: &[Entry]) -> Vec<Label> {
    let mut labels = Vec::new();
    let mut customer = String::new();
    let mut last_agent: Option<&Option<String>> = None;
    let mut number = 0;
    for (at, entry) in entries.iter().enumerate() {
        match &entry.who {
            Who::Transfer => continue,
            Who::Agent(author) => last_agent = Some(author),
            Who::Bot => {}
            Who::Customer => {
                customer.push_str(&entry.text);
                customer.push('\n');
                let after = &entries[at + 1..];
                let until = after.iter().position(|entry| entry.who == Who::Customer).unwrap_or(after.len());
                labels.extend(label(entry, &after[..until], &customer, number, last_agent));
            }
        }
        number += 1;
    }
    labels
}

fn label(
    asked: &Entry,
    replies: &[Entry],
    customer: &str,
    turn: usize,
    last_agent: Option<&Option<String>>,
) -> Option<Label> {
    let people = replies.iter().filter(|entry| matches!(entry.who, Who::Agent(_)));
    let reference = people.clone().map(|entry| entry.text.as_str()).collect::<Vec<_>>().join("\n");
    // An engine reads words alone; what a picture shows it cannot know.
    if reference.is_empty() || reference == ATTACHMENT || asked.text == ATTACHMENT {
        return None;
    }
    let first = people.clone().next().map(|entry| &entry.who);
    let answered = replies.iter().position(|entry| Some(&entry.who) == first).unwrap_or(0);
    // Given to somebody before anybody had answered is how a queue works; after that it is a transfer.
    let transferred = last_agent.is_some() && replies[..answered].iter().any(|entry| entry.who == Who::Transfer);
    let suggestion = suggest(&asked.text, &reference, transferred)?;
    let must_include = match suggestion.action {
        Action::Answer | Action::Offer => candidates(&reference, customer),
        Action::Handoff | Action::Clarify | Action::NeedsIdentity => Vec::new(),
    };
    Some(Label {
        turn,
        need: suggestion.need,
        action: suggestion.action,
        accept: suggestion.accept,
        must_include,
        must_not_include: Vec::new(),
        reference,
        suggested: true,
        why: suggestion.why,
    })
}
