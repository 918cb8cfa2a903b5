//! What leaves the engine.

use crate::evidence::{DocId, PassageId};
use crate::handoff::{HandoffCase, HandoffId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The outcome of one turn. Closed, and matched without `_`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Reply {
    Answer(Answer),
    /// An answer that may not be the whole one, and the offer of a person.
    Offer(Offer),
    /// A question back, with what to choose from.
    Clarify(Clarify),
    /// The answer depends on who is asking, and that is not known yet.
    NeedsIdentity(NeedsIdentity),
    Handoff(Handoff),
}

impl Reply {
    /// What was answered, if something was.
    pub fn answered(&self) -> Option<&Answer> {
        match self {
            Self::Answer(answer) | Self::Offer(Offer { answer, .. }) => Some(answer),
            Self::Clarify(_) | Self::NeedsIdentity(_) | Self::Handoff(_) => None,
        }
    }
}

/// Answers and offers a person.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Offer {
    pub answer: Answer,
    /// What is said after it.
    pub offer: String,
}

/// Asks which of several things is meant.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Clarify {
    pub message: String,
    /// What a customer can choose from, as they would say it ("#FV10234"). Never empty.
    pub choices: Vec<String>,
}

/// Asks who is asking. The same words whether the order exists, belongs to somebody else or does not exist.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NeedsIdentity {
    pub message: String,
    /// What would be enough, the easiest first.
    pub ways: Vec<IdentityWay>,
}

/// How a customer can say who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityWay {
    /// Order number and e-mail: opens status and tracking of that order.
    OrderNumberAndEmail,
    /// A six-digit code to the e-mail on file.
    EmailedCode,
    /// Logging in to the store.
    SignIn,
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
    /// When a live fact was read; absent for pages, whose words stand still.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Timestamp>,
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
