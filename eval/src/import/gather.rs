//! Records put together: helpdesks return a conversation and its messages apart, in any order and in several files.

use super::conversation::{Conversation, NotRead};
use super::fields::{id, list};
use super::read::Read;
use super::{Failure, Place, Source, Texts, chatwoot, gorgias, own, zendesk};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};

/// A conversation with where it stood, or why it is none.
type Placed = (Place, Result<Conversation, NotRead>);

/// Everything that was read, sorted by what it is.
pub struct Gathered {
    source: Source,
    /// Conversations, tickets, documents.
    heads: Vec<(Place, Value)>,
    /// Messages and comments that stand apart, by the conversation that they are of.
    parts: BTreeMap<String, Vec<(Place, Value)>>,
    /// People by the helpdesk's id.
    users: HashMap<String, Value>,
    failures: Vec<Failure>,
}

/// What one record is.
pub enum Piece {
    Head,
    /// Of the conversation with this id.
    Part(String),
    User(String),
    /// A page of an API, or an export: what is in these fields.
    Around(Vec<&'static str>),
}

const UNKNOWN: &str = "is no conversation of this kind: is --from right?";

impl Gathered {
    pub fn new(source: Source) -> Self {
        let (heads, parts) = (Vec::new(), BTreeMap::new());
        Self { source, heads, parts, users: HashMap::new(), failures: Vec::new() }
    }

    /// Sorts one document of a file.
    pub fn take(&mut self, place: Place, read: Read) {
        match read {
            Ok(document) => self.sort(place, document, None),
            Err(reason) => self.failures.push(place.failure(reason)),
        }
    }

    fn sort(&mut self, place: Place, value: Value, of: Option<&str>) {
        match value {
            Value::Array(items) => {
                for (at, item) in items.into_iter().enumerate() {
                    self.sort(Place { record: Some(at + 1), ..place.clone() }, item, of);
                }
            }
            Value::Object(_) => self.sort_object(place, value, of),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                self.failures.push(place.failure(UNKNOWN.into()));
            }
        }
    }

    fn sort_object(&mut self, place: Place, mut value: Value, of: Option<&str>) {
        let piece = match self.source {
            Source::Chatwoot => chatwoot::piece(&value),
            Source::Zendesk => zendesk::piece(&value, of, &place),
            Source::Gorgias => gorgias::piece(&value),
            Source::Shopclerk | Source::Jsonl => own::piece(&value),
        };
        match piece {
            Some(Piece::Head) => self.heads.push((place, value)),
            Some(Piece::Part(of)) => self.parts.entry(of).or_default().push((place, value)),
            Some(Piece::User(id)) => {
                self.users.insert(id, value);
            }
            Some(Piece::Around(fields)) => {
                for field in fields {
                    match value.get_mut(field).map(Value::take) {
                        // Comments by the number of their ticket.
                        Some(Value::Object(by)) if field == "comments" => {
                            for (ticket, comments) in by {
                                self.sort(place.clone(), comments, Some(&ticket));
                            }
                        }
                        Some(inner @ (Value::Array(_) | Value::Object(_))) => self.sort(place.clone(), inner, of),
                        _ => {}
                    }
                }
            }
            None => self.failures.push(place.failure(UNKNOWN.into())),
        }
    }

    /// Every conversation that the records make, in the order of their ids' first appearance.
    pub fn conversations(self, texts: &dyn Texts) -> (Vec<Placed>, Vec<Failure>) {
        let Self { source, heads, mut parts, users, mut failures } = self;
        let mut read = Vec::new();
        let mut seen = HashSet::new();
        for (place, head) in heads {
            let number = id(&head, "id");
            if let Some(number) = &number
                && !seen.insert(number.clone())
            {
                // An incremental export returns a ticket again whenever it changes.
                read.push((place, Err(NotRead::Skipped("conversations that stand in the files twice"))));
                continue;
            }
            let apart = number.and_then(|number| parts.remove(&number)).unwrap_or_default();
            let apart: Vec<Value> = apart.into_iter().map(|(_, part)| part).collect();
            let conversation = match source {
                Source::Chatwoot => chatwoot::read(&head, &apart, texts),
                Source::Zendesk => zendesk::read(&head, &apart, &users, texts),
                Source::Gorgias => gorgias::read(&head, &apart, texts),
                Source::Shopclerk => own::document(&head, texts),
                Source::Jsonl => own::turns(&head, texts),
            };
            read.push((place, conversation));
        }
        for (number, parts) in parts {
            let Some((place, _)) = parts.first().cloned() else { continue };
            let apart: Vec<Value> = parts.into_iter().map(|(_, part)| part).collect();
            match source {
                // The messages tell everything that matters.
                Source::Chatwoot => read.push((place, chatwoot::read(&headless(&number), &apart, texts))),
                Source::Gorgias => read.push((place, gorgias::read(&headless(&number), &apart, texts))),
                Source::Zendesk | Source::Shopclerk | Source::Jsonl => failures.push(place.failure(format!(
                    "the {} comments of ticket {number} have no ticket: export the tickets, too",
                    apart.len()
                ))),
            }
        }
        (read, failures)
    }
}

fn headless(number: &str) -> Value {
    serde_json::json!({ "id": number })
}

/// The messages in a record and those that stand apart, each once, in the order in which they were written.
pub fn messages<'v>(head: &'v Value, key: &str, apart: &'v [Value], at: &[&str]) -> Vec<&'v Value> {
    let mut seen = HashSet::new();
    let all = list(head, key).iter().chain(apart);
    let mut messages: Vec<&Value> = all.filter(|m| id(m, "id").is_none_or(|id| seen.insert(id))).collect();
    messages.sort_by_key(|message| {
        let time = at.iter().find_map(|key| super::fields::time(message, key));
        (time, message.get("id").and_then(Value::as_i64))
    });
    messages
}
