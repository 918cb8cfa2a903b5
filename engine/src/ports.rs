//! What is foreign, slow or random, as traits. `models` and `ingest` implement them; `api` wires them.

use crate::access::{AgentPass, StorePass};
use crate::evidence::{Passage, SourceKind};
use crate::handoff::{HandoffCase, HandoffId};
use crate::prompt::Prompt;
use async_trait::async_trait;
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use std::{fmt, sync::Arc};
use tokio::sync::mpsc;

/// Which model made a vector: its catalogue name and the first 16 hex digits of the sha256 of its weights
/// (`minilm-l6@53aa51172d142c89`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ModelId(pub String);

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A vector that knows its model, so that an index can refuse one that it cannot compare.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding {
    pub values: Vec<f32>,
    pub model: ModelId,
}

/// Classified by what the caller can do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    #[error("the model's queue is full")]
    Overloaded,
    #[error("the input has {tokens} tokens, the model takes {limit}")]
    InputTooLong { tokens: usize, limit: usize },
    #[error("the model failed: {0}")]
    Failed(String),
}

#[async_trait]
pub trait Embedder: Send + Sync {
    fn model(&self) -> &ModelId;
    /// Length of its vectors.
    fn dimensions(&self) -> usize;
    async fn embed_query(&self, text: &str) -> Result<Embedding, ModelError>;
    /// One vector for each text, in the same order. Longer texts are cut at the model's limit.
    async fn embed_passages(&self, texts: &[String]) -> Result<Vec<Embedding>, ModelError>;
}

#[async_trait]
pub trait Reranker: Send + Sync {
    fn model(&self) -> &ModelId;
    /// How well each passage answers the query, in the same order; higher is better, the scale is the model's own.
    async fn score(&self, query: &str, passages: &[String]) -> Result<Vec<f32>, ModelError>;
}

/// A piece of what a generator says.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    Text(String),
    /// Always the last one.
    End(Generated),
}

/// What a generation cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Generated {
    pub prompt_tokens: usize,
    /// Prompt tokens whose keys and values were still in the cache.
    pub cached_tokens: usize,
    pub generated_tokens: usize,
    pub prefill_ms: u64,
    pub decode_ms: u64,
    /// The token limit ended it, not the model.
    pub truncated: bool,
}

#[async_trait]
pub trait Generator: Send + Sync {
    fn model(&self) -> &ModelId;
    /// Starts a generation. Dropping the receiver ends it within a token.
    async fn generate(&self, prompt: Prompt) -> Result<mpsc::Receiver<Result<Piece, ModelError>>, ModelError>;
}

/// Which lists a search consults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SearchMode {
    Dense,
    Lexical,
    /// Both, merged by reciprocal rank fusion.
    Fused,
}

#[derive(Clone, Debug)]
pub struct SearchQuery {
    pub text: String,
    pub embedding: Embedding,
    pub mode: SearchMode,
    /// How many passages at most.
    pub limit: usize,
    /// Empty means every kind.
    pub kinds: Vec<SourceKind>,
    /// Passages must carry every one of these.
    pub tags: Vec<String>,
    /// Only what holds on this day; `None` looks at everything.
    pub valid_on: Option<Date>,
}

#[derive(Debug, thiserror::Error)]
pub enum KnowledgeError {
    #[error("the store has no index yet; run `shopclerk sync --store {0} PATH`")]
    NoIndex(String),
    #[error(
        "the index was built with {index}, the embedder is {embedder}; \
         configure that embedder again, or rebuild with `shopclerk sync --rebuild`"
    )]
    OtherModel { index: ModelId, embedder: ModelId },
    #[error("the index is being written by another process; try again when it has finished")]
    Busy,
    #[error("the index failed: {0}")]
    Failed(String),
}

#[async_trait]
pub trait Knowledge: Send + Sync {
    /// Best first.
    async fn search(&self, pass: &StorePass, query: &SearchQuery) -> Result<Vec<Passage>, KnowledgeError>;
}

#[derive(Debug, thiserror::Error)]
#[error("the handoffs could not be read or written: {0}")]
pub struct HandoffsError(pub String);

#[async_trait]
pub trait Handoffs: Send + Sync {
    /// Opens a handoff; a second one for the same conversation and turn is the first.
    async fn open(&self, pass: &StorePass, case: &HandoffCase) -> Result<HandoffId, HandoffsError>;
    async fn waiting(&self, agent: AgentPass<'_>) -> Result<Vec<(HandoffId, HandoffCase)>, HandoffsError>;
}

pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

/// Everything that an engine talks to.
#[derive(Clone)]
pub struct Ports {
    pub embedder: Arc<dyn Embedder>,
    pub reranker: Option<Arc<dyn Reranker>>,
    /// Without one, answers are extractive: sentences of the sources.
    pub generator: Option<Arc<dyn Generator>>,
    pub knowledge: Arc<dyn Knowledge>,
    pub handoffs: Arc<dyn Handoffs>,
    pub clock: Arc<dyn Clock>,
}
