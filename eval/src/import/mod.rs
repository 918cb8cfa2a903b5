//! Conversations out of a helpdesk, a pack to replay in: read, masked, and with labels that rules suggest.
//!
//! Nothing is written but what the masking has seen. The suggestions rest on masked texts alone, so that they cannot
//! bring back what was taken out. The formats that are read stand in `docs/evaluation.md`.

mod chatwoot;
mod conversation;
mod courtesy;
mod facts;
mod fields;
mod gather;
mod gorgias;
mod language;
mod own;
mod pack;
mod read;
mod record;
mod rules;
#[cfg(test)]
mod tests;
mod zendesk;

use crate::pack::PackError;
use crate::results::ResultsError;
use conversation::{Conversation, NotRead};
use gather::Gathered;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

pub use rules::{Suggestion, suggest};

/// What wrote the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Chatwoot,
    Zendesk,
    Gorgias,
    /// A store's own: documents of the kind `conversation`, as a sync reads them.
    Shopclerk,
    /// `{id, turns: [{role, text, at?}]}`, one a line.
    Jsonl,
}

impl Source {
    pub fn name(self) -> &'static str {
        match self {
            Self::Chatwoot => "chatwoot",
            Self::Zendesk => "zendesk",
            Self::Gorgias => "gorgias",
            Self::Shopclerk => "shopclerk",
            Self::Jsonl => "jsonl",
        }
    }
}

/// What is done to texts before they are written. Given by the binary: HTML, quoted mail and masking are known where a
/// store's sources are read, and this crate must not depend on that.
pub trait Texts: Send + Sync {
    /// The text of a message that was written as HTML.
    fn of_html(&self, html: &str) -> String;
    /// A message without older mail below it and without a signature.
    fn own_words(&self, message: &str) -> String;
    /// Names and addresses of people that a record of a helpdesk holds.
    fn people(&self, record: &Value) -> Vec<String>;
    /// All texts of one conversation without personal data: the same value is the same mark in each of them.
    fn mask(&self, people: &[String], texts: &[String]) -> Masked;
}

/// Texts without personal data, in the order in which they came, and how much was taken out by kind.
#[derive(Clone, Debug, Default)]
pub struct Masked {
    pub texts: Vec<String>,
    pub counts: BTreeMap<String, usize>,
}

/// Records that no file holds.
#[derive(Clone, Debug, Default)]
pub struct Held {
    /// What failures name in the place of a file.
    pub name: PathBuf,
    /// As an export would hold them.
    pub records: Vec<Value>,
}

#[derive(Clone, Debug)]
pub struct ImportPlan {
    pub source: Source,
    /// Files and folders of `.json` and `.jsonl`.
    pub paths: Vec<PathBuf>,
    /// Read after the files.
    pub held: Held,
    /// The folder of the pack.
    pub out: PathBuf,
    /// Only what began on this day (UTC) or later.
    pub since: Option<Date>,
    /// Also write the conversations as documents, to answer from.
    pub documents: bool,
}

/// Where something stands that could not be read. Holds no word of a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    pub file: PathBuf,
    /// Counts from 1; of a file with one record a line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Counts from 1; of a file that is one list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<usize>,
    pub reason: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(record) = self.record {
            write!(f, ", record {record}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

/// What an import did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Imported {
    /// The file of conversations that was written.
    pub file: PathBuf,
    /// Conversations of this export.
    pub conversations: usize,
    /// Conversations that the pack holds now, those of earlier imports included.
    pub in_pack: usize,
    pub turns: usize,
    /// Labels by action that rules suggested in this export, where no person had decided before.
    pub suggested: BTreeMap<String, usize>,
    /// Labels of persons that were kept.
    pub kept: usize,
    /// Conversations that the export tells otherwise than the pack, and that stay as they are for their labels' sake.
    pub left_as_they_were: Vec<String>,
    /// What was masked, by kind.
    pub masked: BTreeMap<String, usize>,
    /// What was left out on purpose, by reason.
    pub skipped: BTreeMap<String, usize>,
    pub failures: Vec<Failure>,
}

/// Classified by what the caller must do.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("{path} cannot be read", path = .path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{path} holds no .json or .jsonl file: name the file of the export, or the folder it lies in", path = .0.display())]
    NoFiles(PathBuf),
    #[error("nothing was imported from {read} records: {why}")]
    Nothing { read: usize, why: String },
    #[error(transparent)]
    Pack(#[from] PackError),
    #[error(transparent)]
    Write(#[from] ResultsError),
}

/// Reads the exports and writes the pack. What cannot be read is named in [`Imported::failures`]; the rest is there.
pub fn import(plan: &ImportPlan, texts: &dyn Texts) -> Result<Imported, ImportError> {
    let mut gathered = Gathered::new(plan.source);
    for path in read::files(&plan.paths)? {
        read::each(&path, &mut |place, record| gathered.take(place, record))?;
    }
    for (at, record) in plan.held.records.iter().enumerate() {
        gathered.take(Place { record: Some(at + 1), ..Place::of(&plan.held.name) }, Ok(record.clone()));
    }
    let mut imported = Imported { file: plan.out.join(pack::FILE), ..Imported::default() };
    let (read, failures) = gathered.conversations(texts);
    imported.failures = failures;
    let total = read.len() + imported.failures.len();
    let mut records = Vec::new();
    for (place, conversation) in read {
        match conversation.and_then(|conversation| within(plan.since, conversation)) {
            Ok(conversation) => match record::masked(plan.source, conversation, texts, &mut imported.masked) {
                Ok(record) => records.push(record),
                Err(reason) => *imported.skipped.entry(reason.to_owned()).or_default() += 1,
            },
            Err(NotRead::Skipped(reason)) => *imported.skipped.entry(reason.to_owned()).or_default() += 1,
            Err(NotRead::Broken(reason)) => imported.failures.push(place.failure(reason)),
        }
    }
    if records.is_empty() {
        return Err(ImportError::Nothing { read: total, why: why_nothing(&imported) });
    }
    imported.conversations = records.len();
    imported.turns = records.iter().map(|record| record.turns.len()).sum();
    pack::write(plan, records, &mut imported)?;
    Ok(imported)
}

fn within(since: Option<Date>, conversation: Conversation) -> Result<Conversation, NotRead> {
    let day = conversation.began().map(|at| at.to_zoned(TimeZone::UTC).date());
    match (since, day) {
        (Some(since), Some(day)) if day < since => Err(NotRead::Skipped("conversations from before --since")),
        _ => Ok(conversation),
    }
}

fn why_nothing(imported: &Imported) -> String {
    let first = imported.failures.first().map(ToString::to_string);
    let skipped = imported.skipped.iter().map(|(reason, count)| format!("{count} {reason}"));
    let mut said: Vec<String> = first.into_iter().chain(skipped).collect();
    if said.is_empty() {
        said.push("the files are empty".into());
    }
    said.join("; ")
}

/// Where a record stands in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub file: PathBuf,
    pub line: Option<usize>,
    pub record: Option<usize>,
}

impl Place {
    fn of(file: &Path) -> Self {
        Self { file: file.to_owned(), line: None, record: None }
    }

    pub(crate) fn failure(self, reason: String) -> Failure {
        let Self { file, line, record } = self;
        Failure { file, line, record, reason }
    }
}
