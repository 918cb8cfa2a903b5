//! Ports that answer from a record, and notice what was not recorded.

use super::call::{Call, Output, Port, name_of, quoted, short};
use super::file::Models;
use super::shop::{FoundLine, ReadLine};
use super::tape::{
    asked, case_name, case_short, claim_name, key, orders_name, past_name, products_name, rerank_name, search_name,
    vector_name,
};
use super::vectors::{self, Vectors};
use async_trait::async_trait;
use engine::identity::{CustomerPass, Email, OrderClaim};
use engine::live::{ClaimedOrder, Customer, Product, Read, StoredValue};
use engine::package::{About, PastContact};
use engine::ports::{
    Clock, Embedder, Embedding, Generated, Generator, Handoffs, HandoffsError, Knowledge, KnowledgeError, ModelError,
    ModelId, OrdersFound, OrdersWanted, Piece, Ports, ProductsWanted, Reranker, SearchQuery, Storefront,
    StorefrontError,
};
use engine::prompt::Prompt;
use engine::{AgentPass, HandoffCase, HandoffId, Passage, StoreId, StorePass};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

/// One turn's record as the ports of an engine.
pub struct Player {
    calls: Vec<Call>,
    vectors: Vectors,
    store: StoreId,
    embedder: ModelId,
    dimensions: usize,
    reranker: ModelId,
    generator: ModelId,
    heard: Mutex<Heard>,
}

/// What the engine asked for.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// Which calls of the record were asked again.
    used: Vec<bool>,
    /// What was asked and is not in the record.
    pub missed: Vec<Missed>,
    asked: usize,
}

#[derive(Clone, Debug)]
pub struct Missed {
    pub port: Port,
    pub short: String,
    /// Calls before it in this replay.
    pub after: usize,
}

impl Heard {
    /// Calls of the record that were not asked again, with their places.
    pub fn unused<'c>(&self, calls: &'c [Call]) -> Vec<(usize, &'c Call)> {
        calls.iter().enumerate().filter(|(at, _)| self.used.get(*at) != Some(&true)).collect()
    }
}

const NOT_RECORDED: &str = "not in the record";

impl Player {
    pub fn new(calls: Vec<Call>, vectors: Vectors, store: StoreId, models: &Models) -> Arc<Self> {
        let absent = || ModelId("none".into());
        Arc::new(Self {
            heard: Mutex::new(Heard { used: vec![false; calls.len()], ..Heard::default() }),
            calls,
            vectors,
            store,
            embedder: models.embedder.clone(),
            dimensions: models.dimensions,
            reranker: models.reranker.clone().unwrap_or_else(absent),
            generator: models.generator.clone().unwrap_or_else(absent),
        })
    }

    /// The ports that the recorded engine had.
    pub fn ports(self: &Arc<Self>, models: &Models, storefront: bool) -> Ports {
        Ports {
            embedder: self.clone(),
            reranker: models.reranker.as_ref().map(|_| Arc::new(PlayedReranker(self.clone())) as Arc<dyn Reranker>),
            generator: models.generator.as_ref().map(|_| Arc::new(PlayedGenerator(self.clone())) as Arc<dyn Generator>),
            knowledge: self.clone(),
            handoffs: self.clone(),
            approved: None,
            catalogue: None,
            contacts: None,
            storefront: storefront.then(|| self.clone() as Arc<dyn Storefront>),
            clock: self.clone(),
        }
    }

    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    pub fn heard(&self) -> Heard {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the record says to this call: of equal ones the first that was not asked yet.
    fn take(&self, port: Port, input: &str, shown: &str) -> Option<&Output> {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.asked += 1;
        let mut same = (0..self.calls.len()).filter(|at| {
            let call = &self.calls[*at];
            call.port == port && call.input == input
        });
        let (mut last, mut found) = (None, None);
        for at in same.by_ref() {
            last = Some(at);
            if !heard.used[at] {
                found = Some(at);
                break;
            }
        }
        match found.or(last.filter(|_| port.repeats())) {
            Some(at) => {
                heard.used[at] = true;
                Some(&self.calls[at].output)
            }
            None => {
                let after = heard.asked - 1;
                heard.missed.push(Missed { port, short: short(shown), after });
                None
            }
        }
    }

    fn answer<T: DeserializeOwned, E: DeserializeOwned>(
        &self,
        port: Port,
        input: &str,
        shown: &str,
        failed: impl Fn(String) -> E,
    ) -> Result<T, E> {
        let unreadable = |error: serde_json::Error| failed(format!("the record of {port} cannot be read: {error}"));
        match self.take(port, input, shown) {
            Some(Output::Ok(value)) => serde_json::from_value(value.clone()).map_err(unreadable),
            Some(Output::Error(value)) => Err(serde_json::from_value(value.clone()).unwrap_or_else(unreadable)),
            Some(Output::Unfinished) => Err(failed("it had not ended when the turn did".into())),
            None => Err(failed(format!("{port}({}) is {NOT_RECORDED}", quoted(&short(shown))))),
        }
    }

    fn vector(&self, port: Port, text: &str) -> Result<Embedding, ModelError> {
        let name = vector_name(port, &self.embedder, text);
        let known = || self.vectors.get(&name);
        let embedding = |values| Embedding { values, model: self.embedder.clone() };
        match self.answer::<Value, ModelError>(port, &name, text, ModelError::Failed) {
            Ok(_) => known().map(embedding).ok_or_else(|| {
                ModelError::Failed(format!(
                    "the vector of {} stands in a line that cannot be read",
                    quoted(&short(text))
                ))
            }),
            // Another turn may have asked for it: the replay goes on, and the step stays noted.
            Err(error) => known().map(embedding).ok_or(error),
        }
    }
}

#[async_trait]
impl Embedder for Player {
    fn model(&self) -> &ModelId {
        &self.embedder
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    async fn embed_query(&self, text: &str) -> Result<Embedding, ModelError> {
        self.vector(Port::EmbedQuery, text)
    }

    async fn embed_passages(&self, texts: &[String]) -> Result<Vec<Embedding>, ModelError> {
        texts.iter().map(|text| self.vector(Port::EmbedPassage, text)).collect()
    }
}

struct PlayedReranker(Arc<Player>);

#[async_trait]
impl Reranker for PlayedReranker {
    fn model(&self) -> &ModelId {
        &self.0.reranker
    }

    async fn score(&self, query: &str, passages: &[String]) -> Result<Vec<f32>, ModelError> {
        let name = rerank_name(query, passages);
        let answered: Result<String, ModelError> = self.0.answer(Port::Rerank, &name, query, ModelError::Failed);
        let scores = |text: String| {
            vectors::from_text(&text).ok_or_else(|| ModelError::Failed("the recorded scores cannot be read".into()))
        };
        match answered {
            Ok(text) => scores(text),
            // Of other passages to the same question: they are ordered as the recorded ones were, so that the replay
            // goes on to what differs about them; the step stays noted.
            Err(error) => {
                let alike = self.0.calls.iter().find(|call| call.port == Port::Rerank && call.short == short(query));
                match alike.map(|call| &call.output) {
                    Some(Output::Ok(Value::String(text))) => {
                        scores(text.clone()).and_then(|s| if s.len() == passages.len() { Ok(s) } else { Err(error) })
                    }
                    Some(Output::Ok(_) | Output::Error(_) | Output::Unfinished) | None => Err(error),
                }
            }
        }
    }
}

struct PlayedGenerator(Arc<Player>);

/// A piece of a generation in a record.
#[derive(serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum PieceLine {
    Text(String),
    End(Generated),
    Error(ModelError),
}

#[async_trait]
impl Generator for PlayedGenerator {
    fn model(&self) -> &ModelId {
        &self.0.generator
    }

    async fn generate(&self, prompt: Prompt) -> Result<mpsc::Receiver<Result<Piece, ModelError>>, ModelError> {
        let name = name_of(Port::Generate, &prompt);
        let lines: Vec<PieceLine> = self.0.answer(Port::Generate, &name, &asked(&prompt), ModelError::Failed)?;
        let ended = matches!(lines.last(), Some(PieceLine::End(_) | PieceLine::Error(_)));
        let mut pieces: Vec<Result<Piece, ModelError>> = lines
            .into_iter()
            .map(|line| match line {
                PieceLine::Text(text) => Ok(Piece::Text(text)),
                PieceLine::End(end) => Ok(Piece::End(end)),
                PieceLine::Error(error) => Err(error),
            })
            .collect();
        if !ended {
            // The engine stopped listening here; whoever listens on hears that nothing is known of the rest.
            pieces.push(Err(ModelError::Failed(format!("the rest of the generation is {NOT_RECORDED}"))));
        }
        let (sender, receiver) = mpsc::channel(pieces.len());
        for piece in pieces {
            sender.try_send(piece).map_err(|error| ModelError::Failed(error.to_string()))?;
        }
        Ok(receiver)
    }
}

#[async_trait]
impl Knowledge for Player {
    async fn search(&self, _pass: &StorePass, query: &SearchQuery) -> Result<Vec<Passage>, KnowledgeError> {
        let name = search_name(query);
        let mut found: Vec<Passage> = self.answer(Port::Search, &name, &query.text, KnowledgeError::Failed)?;
        found.iter_mut().for_each(|passage| passage.store = self.store.clone());
        Ok(found)
    }
}

#[async_trait]
impl Handoffs for Player {
    /// A case that is another one is noted, and the turn goes on to its end.
    async fn open(&self, _pass: &StorePass, case: &HandoffCase) -> Result<HandoffId, HandoffsError> {
        match self.take(Port::OpenHandoff, &case_name(case), &case_short(case)) {
            Some(Output::Ok(id)) => serde_json::from_value(id.clone()).map_err(|e| HandoffsError(e.to_string())),
            Some(Output::Error(error)) => {
                Err(serde_json::from_value(error.clone()).unwrap_or_else(|e| HandoffsError(e.to_string())))
            }
            Some(Output::Unfinished) | None => Ok(HandoffId(NOT_RECORDED.into())),
        }
    }

    async fn waiting(&self, _agent: AgentPass<'_>) -> Result<Vec<(HandoffId, HandoffCase)>, HandoffsError> {
        self.answer(Port::WaitingHandoffs, &name_of(Port::WaitingHandoffs, &()), "", HandoffsError)
    }

    async fn past(&self, _pass: &StorePass, about: About<'_>) -> Result<Vec<PastContact>, HandoffsError> {
        self.answer(Port::PastHandoffs, &past_name(about), "", HandoffsError)
    }
}

#[async_trait]
impl Storefront for Player {
    async fn orders(&self, customer: &CustomerPass, wanted: OrdersWanted<'_>) -> Result<OrdersFound, StorefrontError> {
        let (name, shown) = orders_name(customer, wanted);
        let found: FoundLine = self.answer(Port::Orders, &name, &shown, StorefrontError::Failed)?;
        Ok(found.of(&self.store))
    }

    async fn claimed(&self, claim: &OrderClaim) -> Result<Option<Read<ClaimedOrder>>, StorefrontError> {
        let shown = claim.number.as_str();
        let found: Option<ReadLine<ClaimedOrder>> =
            self.answer(Port::Claimed, &claim_name(claim), shown, StorefrontError::Failed)?;
        Ok(found.map(|found| found.of(&self.store)))
    }

    async fn customer(&self, customer: &CustomerPass) -> Result<Option<Read<Customer>>, StorefrontError> {
        let name = name_of(Port::Customer, &key(customer));
        let found: Option<ReadLine<Customer>> = self.answer(Port::Customer, &name, "", StorefrontError::Failed)?;
        Ok(found.map(|found| found.of(&self.store)))
    }

    async fn stored_value(&self, customer: &CustomerPass) -> Result<Read<StoredValue>, StorefrontError> {
        let name = name_of(Port::StoredValue, &key(customer));
        let found: ReadLine<StoredValue> = self.answer(Port::StoredValue, &name, "", StorefrontError::Failed)?;
        Ok(found.of(&self.store))
    }

    async fn knows(&self, _pass: &StorePass, email: &Email) -> Result<bool, StorefrontError> {
        self.answer(Port::Knows, &name_of(Port::Knows, &email.expose()), "", StorefrontError::Failed)
    }

    async fn products(
        &self,
        _pass: &StorePass,
        wanted: ProductsWanted<'_>,
    ) -> Result<Read<Vec<Product>>, StorefrontError> {
        let (name, shown) = products_name(wanted);
        let found: ReadLine<Vec<Product>> = self.answer(Port::Products, &name, &shown, StorefrontError::Failed)?;
        Ok(found.of(&self.store))
    }
}

impl Clock for Player {
    fn now(&self) -> Timestamp {
        match self.take(Port::Now, &name_of(Port::Now, &()), "") {
            Some(Output::Ok(now)) => serde_json::from_value(now.clone()).unwrap_or(Timestamp::UNIX_EPOCH),
            Some(Output::Error(_) | Output::Unfinished) | None => Timestamp::UNIX_EPOCH,
        }
    }
}
