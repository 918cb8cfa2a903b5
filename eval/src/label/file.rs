//! A file of conversations with labels, as it lies on the disk: unknown fields stay, and every change is written whole.

use super::LabelError;
use crate::pack::lines::{numbered, parse, read};
use crate::pack::{Action, PackError, records};
use crate::results::write_whole;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// Who decides, and when.
#[derive(Clone, Debug)]
pub struct Signature {
    pub by: String,
    pub at: Timestamp,
}

/// Which labels are gone through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Only {
    Everything,
    /// Those that a rule suggested and nobody has confirmed.
    Suggested,
}

/// One label: of which record, and which of its labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    pub record: usize,
    pub label: usize,
}

/// What a person says about a label.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// It is right as it stands.
    Accept,
    Change {
        action: Action,
        /// Every right action; `action` alone where empty.
        accept: Vec<Action>,
        must_include: Vec<Value>,
        must_not_include: Vec<Value>,
    },
}

#[derive(Debug)]
pub struct LabelFile {
    path: PathBuf,
    records: Vec<Map<String, Value>>,
    /// As it was last read or written here.
    text: String,
}

impl LabelFile {
    /// Opens a file of conversations; it is checked as a replay would.
    pub fn open(path: &Path) -> Result<Self, LabelError> {
        records::transcripts(path)?;
        let text = read(path)?;
        let parsed: Result<_, PackError> = numbered(&text).map(|(number, line)| parse(path, number, line)).collect();
        Ok(Self { path: path.to_owned(), records: parsed?, text })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn record(&self, item: Item) -> &Map<String, Value> {
        &self.records[item.record]
    }

    pub fn label(&self, item: Item) -> &Value {
        self.records[item.record].get("expected").and_then(|labels| labels.get(item.label)).unwrap_or(&Value::Null)
    }

    pub fn items(&self, only: Only) -> Vec<Item> {
        let of = |record: usize, fields: &Map<String, Value>| {
            let labels = fields.get("expected").and_then(Value::as_array).map_or(0, Vec::len);
            (0..labels).map(move |label| Item { record, label })
        };
        let all = self.records.iter().enumerate().flat_map(|(record, fields)| of(record, fields));
        all.filter(|item| only == Only::Everything || is_suggested(self.label(*item))).collect()
    }

    /// Labels in the file, and how many of them a rule suggested and nobody has confirmed.
    pub fn counts(&self) -> (usize, usize) {
        (self.items(Only::Everything).len(), self.items(Only::Suggested).len())
    }

    /// The item of a conversation's turn.
    pub fn find(&self, id: &str, turn: u64) -> Option<Item> {
        let of = |item: &Item| {
            let named = self.record(*item).get("id").and_then(Value::as_str) == Some(id);
            named && self.label(*item).get("turn").and_then(Value::as_u64) == Some(turn)
        };
        self.items(Only::Everything).into_iter().find(of)
    }

    /// Puts a decision into the records, without writing it.
    pub(super) fn put(&mut self, item: Item, decision: &Decision, signature: &Signature) -> Value {
        let before = self.label(item).clone();
        let mut label = before.as_object().cloned().unwrap_or_default();
        match decision {
            Decision::Accept => {}
            Decision::Change { action, accept, must_include, must_not_include } => {
                let suggested = label.get("action").filter(|was| was.as_str() != Some(action.name())).cloned();
                if let Some(was) = suggested.filter(|_| is_suggested(&before)) {
                    // So that the rules can be measured.
                    label.insert("suggested_action".into(), was);
                }
                let accept = if accept.is_empty() { vec![*action] } else { accept.clone() };
                label.insert("action".into(), json!(action));
                label.insert("accept".into(), json!(accept));
                label.insert("must_include".into(), json!(must_include));
                label.insert("must_not_include".into(), json!(must_not_include));
            }
        }
        label.insert("suggested".into(), json!(false));
        label.insert("labelled_by".into(), json!(signature.by));
        label.insert("labelled_at".into(), json!(signature.at));
        self.set(item, Value::Object(label));
        before
    }

    /// Decides and writes; gives the label as it was before.
    pub fn decide(&mut self, item: Item, decision: &Decision, signature: &Signature) -> Result<Value, LabelError> {
        let before = self.put(item, decision, signature);
        match self.save() {
            Ok(()) => Ok(before),
            Err(error) => {
                self.set(item, before);
                Err(error)
            }
        }
    }

    /// Puts a label back as it was, and writes.
    pub fn restore(&mut self, item: Item, label: Value) -> Result<(), LabelError> {
        self.set(item, label);
        self.save()
    }

    fn set(&mut self, item: Item, label: Value) {
        let labels = self.records[item.record].get_mut("expected").and_then(Value::as_array_mut);
        if let Some(slot) = labels.and_then(|labels| labels.get_mut(item.label)) {
            *slot = label;
        }
    }

    pub(super) fn save(&mut self) -> Result<(), LabelError> {
        if read(&self.path)? != self.text {
            return Err(LabelError::Changed(self.path.clone()));
        }
        let lines = self.records.iter().map(|record| serde_json::to_string(record).map(|line| line + "\n"));
        let text: String = lines.collect::<Result<_, _>>().map_err(std::io::Error::other)?;
        write_whole(&self.path, &text)?;
        self.text = text;
        Ok(())
    }
}

pub(super) fn is_suggested(label: &Value) -> bool {
    label.get("suggested").and_then(Value::as_bool) == Some(true)
}

pub(super) fn action_of(label: &Value) -> Option<Action> {
    label.get("action").and_then(Value::as_str).and_then(records::action)
}
