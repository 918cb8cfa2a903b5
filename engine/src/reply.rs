//! What leaves the engine.

use crate::evidence::{DocId, PassageId};
use crate::handoff::{HandoffCase, HandoffId};
use serde::Serialize;

/// The outcome of one turn. Closed, and matched without `_`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Reply {
    Answer(Answer),
    Handoff(Handoff),
}

/// Sentences that passed the check, each with what it rests on. Only [`crate::check::Draft::check`] makes one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    pub(crate) sentences: Vec<Sentence>,
    pub(crate) citations: Vec<Citation>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sentence {
    pub text: String,
    /// Numbers of [`Citation`]s, from 1. Never empty.
    pub cites: Vec<usize>,
}

/// A source as the customer may see it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Citation {
    pub number: usize,
    pub doc: DocId,
    pub passage: PassageId,
    pub title: String,
    pub heading: Vec<String>,
    pub url: Option<String>,
    /// The words of the source that the answer rests on.
    pub quote: String,
}

impl Answer {
    pub fn sentences(&self) -> &[Sentence] {
        &self.sentences
    }

    pub fn citations(&self) -> &[Citation] {
        &self.citations
    }

    /// The sentences as one text, without citation marks.
    pub fn text(&self) -> String {
        self.sentences.iter().map(|s| s.text.as_str()).collect::<Vec<_>>().join(" ")
    }
}

/// A person takes over. `message` is what the customer reads; the case is for the person.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Handoff {
    pub id: HandoffId,
    pub message: String,
    pub case: HandoffCase,
}
