//! Answers in the store's own words: written ahead of time, signed off by a person, said without a generator.
//!
//! An approved answer names the passages that it rests on, word for word (by hash). Whoever syncs an index compares
//! them ([`RestsOn::stands_in`]); one that changed puts the answer back to review, and only [`State::Approved`] is ever
//! said. Live values stand in the text as placeholders of a closed list ([`placeholder`]) and are filled by code.

mod compose;
pub mod facts;
pub mod find;
pub mod matching;
pub mod placeholder;
#[cfg(test)]
mod tests;
pub mod verify;

pub use find::{Matched, Unused};
pub use matching::{Likeness, MatchModel};
pub use placeholder::Placeholder;

use crate::evidence::{DocId, Passage, PassageId};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// `ans_` and some hex digits; chosen by whoever keeps the answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AnswerId(pub String);

impl fmt::Display for AnswerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where an answer stands. Only [`State::Approved`] is said to customers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum State {
    /// Nobody has looked at it yet.
    Draft,
    Approved,
    /// It was approved, and then what it rests on changed.
    Review {
        why: String,
    },
    Rejected {
        why: String,
    },
}

impl State {
    pub const NAMES: [&str; 4] = ["draft", "approved", "review", "rejected"];

    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Approved => "approved",
            Self::Review { .. } => "review",
            Self::Rejected { .. } => "rejected",
        }
    }

    /// Why it is not said, where there is more to say than its name.
    pub fn why(&self) -> &str {
        match self {
            Self::Draft | Self::Approved => "",
            Self::Review { why } | Self::Rejected { why } => why,
        }
    }
}

/// What customers of such a kind only are told. Empty lists limit nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// ISO 3166-1 alpha-2: the question must be about one of them, or its customer shop from one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub countries: Vec<String>,
    /// Titles: the question must name one of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<String>,
    /// The question must hold the words of one of them ("gift card", "wholesale").
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<String>,
}

impl Limits {
    pub fn is_empty(&self) -> bool {
        self.countries.is_empty() && self.products.is_empty() && self.subjects.is_empty()
    }
}

/// A passage as it stood when the answer was approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestsOn {
    pub doc: DocId,
    pub passage: PassageId,
    /// Of its heading and words; see [`hash_of`].
    pub hash: String,
    pub title: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heading: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The words themselves, so that a change can be shown as what was and what is.
    pub text: String,
    /// First and last day on which the passage holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Date>,
}

impl RestsOn {
    pub fn of(passage: &Passage) -> Self {
        Self {
            doc: passage.doc.clone(),
            passage: passage.id.clone(),
            hash: hash_of(&passage.heading, &passage.text),
            title: passage.title.clone(),
            heading: passage.heading.clone(),
            url: passage.url.clone(),
            text: passage.text.clone(),
            valid_from: passage.valid_from,
            valid_to: passage.valid_to,
        }
    }

    /// The passage of the same document that says the same today, which may have moved within it.
    pub fn stands_in<'p>(&self, document: &'p [RestsOn]) -> Option<&'p RestsOn> {
        let same = |p: &&RestsOn| p.doc == self.doc && p.hash == self.hash;
        document.iter().find(|p| same(p) && p.passage == self.passage).or_else(|| document.iter().find(same))
    }

    pub fn holds_on(&self, day: Date) -> bool {
        self.valid_from.is_none_or(|from| from <= day) && self.valid_to.is_none_or(|to| day <= to)
    }
}

/// The heading counts: the same sentence under "Final sale" is another rule.
pub fn hash_of(heading: &[String], text: &str) -> String {
    let mut hasher = Sha256::new();
    for part in heading.iter().map(String::as_str).chain([text]) {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hex::encode(&hasher.finalize()[..16])
}

/// What is said to a question that many ask.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApprovedAnswer {
    pub id: AnswerId,
    /// The question in the words of different customers. Never empty.
    pub questions: Vec<String>,
    /// What is said, with placeholders for live facts: `You have {return.window}.`
    pub text: String,
    /// Never empty: words that rest on nothing could never go stale.
    pub rests_on: Vec<RestsOn>,
    pub state: State,
    #[serde(default)]
    pub limits: Limits,
    #[serde(default)]
    pub approved_by: Option<String>,
    #[serde(default)]
    pub approved_at: Option<Timestamp>,
    /// Counts the changes, from 1: a change that was made on an older version is refused.
    pub version: u32,
    /// How often the question was found when it was mined; 0 where it was written by hand.
    #[serde(default)]
    pub asked: usize,
}

/// A store's answers, and how likeness is weighed for them.
#[derive(Clone, Debug, Default)]
pub struct ApprovedSet {
    /// Only those in [`State::Approved`].
    pub answers: Vec<ApprovedAnswer>,
    pub model: MatchModel,
}
