//! What is foreign, slow or random, as traits. `models` and `ingest` implement them; `api` wires them.

use crate::access::{AgentPass, StorePass};
use crate::approved::ApprovedSet;
use crate::evidence::{Passage, SourceKind};
use crate::handoff::{HandoffCase, HandoffId};
use crate::identity::{CustomerKey, CustomerPass, Email, OrderClaim, OrderNumber};
use crate::live::{ClaimedOrder, Customer, Order, Product, Read, StoredValue};
use crate::package::{About, PastContact};
use crate::prompt::Prompt;
use crate::turn::Turn;
use crate::understand::Titles;
use crate::understand::repeats::{Asked, AskedBefore};
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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

#[derive(Debug, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
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

#[derive(Debug, Serialize, Deserialize, thiserror::Error)]
#[error("the handoffs could not be read or written: {0}")]
pub struct HandoffsError(pub String);

#[async_trait]
pub trait Handoffs: Send + Sync {
    /// Opens a handoff; a second one for the same conversation and turn is the first.
    async fn open(&self, pass: &StorePass, case: &HandoffCase) -> Result<HandoffId, HandoffsError>;
    async fn waiting(&self, agent: AgentPass<'_>) -> Result<Vec<(HandoffId, HandoffCase)>, HandoffsError>;
    /// Earlier handoffs of the same conversation, about the same order or of the same customer, newest first: for the
    /// package that an agent gets, and for nobody else.
    async fn past(&self, pass: &StorePass, about: About<'_>) -> Result<Vec<PastContact>, HandoffsError>;
}

#[derive(Debug, thiserror::Error)]
#[error("the approved answers could not be read: {0}")]
pub struct ApprovedError(pub String);

#[async_trait]
pub trait Approved: Send + Sync {
    /// What the store has signed off, as it stands now. Asked at every turn, so it should be cheap where nothing changed.
    async fn answers(&self, pass: &StorePass) -> Result<Arc<ApprovedSet>, ApprovedError>;
}

#[async_trait]
pub trait Catalogue: Send + Sync {
    /// The titles of the store's products, as they were when its index was last looked at. Asked at every turn, so
    /// nothing is read where nothing has changed; without an index there are none.
    async fn titles(&self, pass: &StorePass) -> Arc<Titles>;
}

#[derive(Debug, thiserror::Error)]
#[error("what was asked before could not be read or written: {0}")]
pub struct ContactsError(pub String);

/// What customers asked in earlier conversations, on any channel. Only of a customer who is known to be themselves:
/// what somebody asked who only claimed to be them is not told apart from theirs.
#[async_trait]
pub trait Contacts: Send + Sync {
    /// Questions of this customer in other conversations than the turn's, since then, newest first.
    async fn asked(
        &self,
        customer: &CustomerPass,
        turn: &Turn,
        since: Timestamp,
    ) -> Result<Vec<AskedBefore>, ContactsError>;

    /// Keeps what a turn asked. `also` are other keys of the same customer, as their own orders name them.
    async fn keep(
        &self,
        customer: &CustomerPass,
        also: &[CustomerKey],
        turn: &Turn,
        asked: &Asked,
        at: Timestamp,
    ) -> Result<(), ContactsError>;
}

/// Which of a customer's orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrdersWanted<'a> {
    /// The latest ones, newest first, at most so many.
    Latest(usize),
    /// This one, if it is theirs.
    Number(&'a OrderNumber),
}

/// A customer's orders, as far as the store's key reaches.
#[derive(Clone, Debug, PartialEq)]
pub struct OrdersFound {
    pub orders: Read<Vec<Order>>,
    /// Orders older than this cannot be seen (`read_all_orders` is missing): "not found" would be a lie.
    pub reach: Option<Timestamp>,
}

/// What a question about the catalogue asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProductsWanted<'a> {
    Handles(&'a [String]),
    /// Words of a title or a SKU, as the customer wrote them.
    Words(&'a str),
}

/// Classified by what the engine says about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum StorefrontError {
    #[error("this store is not connected to Shopify")]
    NotConnected,
    /// The deadline of the question has passed: an honest sentence, not a hang.
    #[error("Shopify did not answer in time")]
    TimedOut,
    /// Too many claims from this conversation or for this address.
    #[error("too many tries")]
    TooManyTries,
    #[error("the key may not read this; the scope {0} is missing")]
    MissingScope(String),
    #[error("Shopify refused the key: {0}")]
    Unauthorized(String),
    #[error("Shopify failed: {0}")]
    Failed(String),
}

/// Live data of a store. There is no method that finds an order by its number alone: each takes the customer's pass, or
/// a claim that holds number and e-mail.
///
/// ```compile_fail,E0308
/// async fn look_up(s: &dyn engine::ports::Storefront, number: &engine::identity::OrderNumber) {
///     let _ = s.orders(number, engine::ports::OrdersWanted::Latest(1)).await;
/// }
/// ```
#[async_trait]
pub trait Storefront: Send + Sync {
    /// The customer's own orders.
    async fn orders(&self, customer: &CustomerPass, wanted: OrdersWanted<'_>) -> Result<OrdersFound, StorefrontError>;

    /// The order that has both the number and the e-mail, reduced to what a claim opens. `None` says nothing about why,
    /// and takes as long.
    async fn claimed(&self, claim: &OrderClaim) -> Result<Option<Read<ClaimedOrder>>, StorefrontError>;

    /// The customer with their history.
    async fn customer(&self, customer: &CustomerPass) -> Result<Option<Read<Customer>>, StorefrontError>;

    /// What the customer has left to pay with. An address without an account has nothing, and is no error; a key that
    /// may read neither gift cards nor store credit is [`StorefrontError::MissingScope`].
    async fn stored_value(&self, customer: &CustomerPass) -> Result<Read<StoredValue>, StorefrontError>;

    /// Whether an order or a customer of the store has this e-mail: whether a code may be mailed to it. The answer
    /// decides about a mail and nothing else; no reply may depend on it.
    async fn knows(&self, pass: &StorePass, email: &Email) -> Result<bool, StorefrontError>;

    /// Products that customers may see, best match first.
    async fn products(
        &self,
        pass: &StorePass,
        wanted: ProductsWanted<'_>,
    ) -> Result<Read<Vec<Product>>, StorefrontError>;
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
    /// Without one, nothing was signed off ahead of time.
    pub approved: Option<Arc<dyn Approved>>,
    /// Without one, products are known by what a search finds.
    pub catalogue: Option<Arc<dyn Catalogue>>,
    /// Without one, a question of an earlier conversation is not known to be asked again.
    pub contacts: Option<Arc<dyn Contacts>>,
    /// Without one, questions about orders and stock go to a person.
    pub storefront: Option<Arc<dyn Storefront>>,
    pub clock: Arc<dyn Clock>,
}
