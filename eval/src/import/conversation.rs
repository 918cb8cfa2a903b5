//! A conversation of any helpdesk, before it is masked.

use super::Texts;
use jiff::Timestamp;
use serde_json::Value;

/// Who said something, as far as a label depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    Customer,
    /// A person of the store, by the helpdesk's id.
    Agent(Option<String>),
    /// A program that the customer read: history, and never a reference.
    Bot,
    /// Nobody: the conversation was given to another person or team here.
    Transfer,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub who: Who,
    pub at: Option<Timestamp>,
    pub text: String,
}

#[derive(Clone, Debug, Default)]
pub struct Conversation {
    pub id: String,
    pub subject: Option<String>,
    pub channel: Option<String>,
    /// As the helpdesk names it: `fr`, `en-US`.
    pub language: Option<String>,
    /// The helpdesk's id of the customer; only a hash of it is written.
    pub contact: Option<String>,
    /// Names and addresses of the people of the record.
    pub people: Vec<String>,
    /// In the order in which they were said.
    pub entries: Vec<Entry>,
}

/// Why a record is no conversation of the pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotRead {
    /// On purpose; the reason names many.
    Skipped(&'static str),
    /// The record is broken, and how.
    Broken(String),
}

/// What stands for a message that is nothing but files.
pub const ATTACHMENT: &str = "[attachment]";

impl Conversation {
    /// When the first thing was said.
    pub fn began(&self) -> Option<Timestamp> {
        self.entries.iter().find_map(|entry| entry.at)
    }
}

/// The text of a message: plain if it has one, otherwise from its HTML; a mark where it is nothing but files.
pub fn body(message: &Value, plain: &[&str], html: &[&str], texts: &dyn Texts) -> String {
    let written = plain.iter().find_map(|key| super::fields::text(message, key)).map(String::from);
    let text =
        written.or_else(|| html.iter().find_map(|key| super::fields::text(message, key)).map(|h| texts.of_html(h)));
    let own = texts.own_words(&text.unwrap_or_default());
    if own.trim().is_empty() && !super::fields::list(message, "attachments").is_empty() {
        return ATTACHMENT.to_owned();
    }
    own.trim().to_owned()
}
