//! Ports that let everything through and write it down.

use super::Vectors;
use super::call::{Call, Output, Port, name_of, output, short};
use super::shop::{FoundLine, ReadLine};
use async_trait::async_trait;
use engine::identity::{CustomerId, CustomerKey, CustomerPass, Email, OrderClaim, OrderNumber};
use engine::live::{ClaimedOrder, Customer, Product, Read, StoredValue};
use engine::package::{About, PastContact};
use engine::ports::{
    Clock, Embedder, Embedding, Generator, Handoffs, HandoffsError, Knowledge, KnowledgeError, ModelError, ModelId,
    OrdersFound, OrdersWanted, Piece, Ports, ProductsWanted, Reranker, SearchQuery, Storefront, StorefrontError,
};
use engine::prompt::Prompt;
use engine::{AgentPass, HandoffCase, HandoffId, Passage, StorePass};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;

/// The calls of one turn, as they come.
#[derive(Debug, Default)]
pub struct Tape {
    calls: Mutex<Vec<Call>>,
    searches: Mutex<Vec<Searched>>,
    vectors: Vectors,
}

/// A search and what it brought, as the engine met them.
#[derive(Clone, Debug)]
pub struct Searched {
    pub query: SearchQuery,
    pub found: Vec<Passage>,
}

/// The ports with a tape running. `vectors` are those of earlier turns: a text is embedded once, and every turn sees
/// the same vector of it.
pub fn around(ports: &Ports, vectors: &Vectors) -> (Ports, Arc<Tape>) {
    let tape = Arc::new(Tape { vectors: vectors.clone(), ..Tape::default() });
    let taped = Ports {
        embedder: Arc::new(Taped { inner: ports.embedder.clone(), tape: tape.clone() }),
        reranker: ports
            .reranker
            .clone()
            .map(|inner| Arc::new(Taped { inner, tape: tape.clone() }) as Arc<dyn Reranker>),
        generator: ports
            .generator
            .clone()
            .map(|inner| Arc::new(Taped { inner, tape: tape.clone() }) as Arc<dyn Generator>),
        knowledge: Arc::new(Taped { inner: ports.knowledge.clone(), tape: tape.clone() }),
        handoffs: Arc::new(Taped { inner: ports.handoffs.clone(), tape: tape.clone() }),
        storefront: ports
            .storefront
            .clone()
            .map(|inner| Arc::new(Taped { inner, tape: tape.clone() }) as Arc<dyn Storefront>),
        // No evaluation has signed-off answers; a record would have to hold the set.
        approved: None,
        // Nor a catalogue, for the same reason, and nobody asks there in several conversations.
        catalogue: None,
        contacts: None,
        clock: Arc::new(Taped { inner: ports.clock.clone(), tape: tape.clone() }),
    };
    (taped, tape)
}

impl Tape {
    /// What was called so far, in the order in which the calls began.
    pub fn calls(&self) -> Vec<Call> {
        self.lock().clone()
    }

    pub fn searches(&self) -> Vec<Searched> {
        self.searches.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Call>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place for a call that begins now.
    fn begin(&self, port: Port, input: String, shown: &str) -> usize {
        let mut calls = self.lock();
        calls.push(Call { port, input, short: short(shown), output: Output::Unfinished });
        calls.len() - 1
    }

    fn end(&self, place: usize, output: Output) {
        if let Some(call) = self.lock().get_mut(place) {
            call.output = output;
        }
    }

    /// One more piece of what a generator says.
    fn piece(&self, place: usize, piece: Value) {
        if let Some(call) = self.lock().get_mut(place) {
            match &mut call.output {
                Output::Ok(Value::Array(pieces)) => pieces.push(piece),
                Output::Ok(_) | Output::Error(_) | Output::Unfinished => call.output = Output::Ok(json!([piece])),
            }
        }
    }
}

struct Taped<P: ?Sized> {
    inner: Arc<P>,
    tape: Arc<Tape>,
}

impl<P: ?Sized> Taped<P> {
    /// A vector as it is kept, and the call written down.
    fn kept(&self, place: usize, name: &str, vector: Vec<f32>) -> Vec<f32> {
        self.tape.end(place, Output::Ok(Value::Null));
        self.tape.vectors.keep(name, vector)
    }
}

/// The name of a text's vector; another model's is another.
pub fn vector_name(port: Port, model: &ModelId, text: &str) -> String {
    name_of(port, &(model, text))
}

#[async_trait]
impl Embedder for Taped<dyn Embedder> {
    fn model(&self) -> &ModelId {
        self.inner.model()
    }

    fn dimensions(&self) -> usize {
        self.inner.dimensions()
    }

    async fn embed_query(&self, text: &str) -> Result<Embedding, ModelError> {
        let name = vector_name(Port::EmbedQuery, self.model(), text);
        let place = self.tape.begin(Port::EmbedQuery, name.clone(), text);
        let values = match self.tape.vectors.get(&name) {
            Some(known) => known,
            None => match self.inner.embed_query(text).await {
                Ok(embedding) => embedding.values,
                Err(error) => {
                    self.tape.end(place, output(&Err::<(), _>(&error)));
                    return Err(error);
                }
            },
        };
        Ok(Embedding { values: self.kept(place, &name, values), model: self.model().clone() })
    }

    /// One call for each text: which texts are asked for together says nothing about what comes.
    async fn embed_passages(&self, texts: &[String]) -> Result<Vec<Embedding>, ModelError> {
        let names: Vec<String> = texts.iter().map(|text| vector_name(Port::EmbedPassage, self.model(), text)).collect();
        let begin = |(name, text): (&String, &String)| self.tape.begin(Port::EmbedPassage, name.clone(), text);
        let places: Vec<usize> = names.iter().zip(texts).map(begin).collect();
        let mut known: Vec<Option<Vec<f32>>> = names.iter().map(|name| self.tape.vectors.get(name)).collect();
        let unknown: Vec<usize> = (0..texts.len()).filter(|at| known[*at].is_none()).collect();
        if !unknown.is_empty() {
            let new: Vec<String> = unknown.iter().map(|at| texts[*at].clone()).collect();
            match self.inner.embed_passages(&new).await {
                Ok(made) => unknown.iter().zip(made).for_each(|(at, made)| known[*at] = Some(made.values)),
                Err(error) => {
                    unknown.iter().for_each(|at| self.tape.end(places[*at], output(&Err::<(), _>(&error))));
                    return Err(error);
                }
            }
        }
        let model = self.model().clone();
        let made = places.iter().zip(&names).zip(known).filter_map(|((place, name), vector)| {
            let values = self.kept(*place, name, vector?);
            Some(Embedding { values, model: model.clone() })
        });
        Ok(made.collect())
    }
}

pub fn rerank_name(query: &str, passages: &[String]) -> String {
    name_of(Port::Rerank, &(query, passages))
}

#[async_trait]
impl Reranker for Taped<dyn Reranker> {
    fn model(&self) -> &ModelId {
        self.inner.model()
    }

    async fn score(&self, query: &str, passages: &[String]) -> Result<Vec<f32>, ModelError> {
        let place = self.tape.begin(Port::Rerank, rerank_name(query, passages), query);
        let scores = self.inner.score(query, passages).await;
        self.tape.end(place, output(&scores.as_ref().map(|scores| super::vectors::to_text(scores))));
        scores
    }
}

#[async_trait]
impl Generator for Taped<dyn Generator> {
    fn model(&self) -> &ModelId {
        self.inner.model()
    }

    async fn generate(&self, prompt: Prompt) -> Result<mpsc::Receiver<Result<Piece, ModelError>>, ModelError> {
        let place = self.tape.begin(Port::Generate, name_of(Port::Generate, &prompt), &asked(&prompt));
        let mut pieces = match self.inner.generate(prompt).await {
            Ok(pieces) => pieces,
            Err(error) => {
                self.tape.end(place, output(&Err::<(), _>(&error)));
                return Err(error);
            }
        };
        self.tape.end(place, Output::Ok(json!([])));
        // One at a time: a generation that is dropped ends within a token, as without a tape.
        let (sender, receiver) = mpsc::channel(1);
        let tape = self.tape.clone();
        tokio::spawn(async move {
            while let Some(piece) = pieces.recv().await {
                tape.piece(place, piece_line(&piece));
                if sender.send(piece).await.is_err() {
                    return;
                }
            }
        });
        Ok(receiver)
    }
}

/// What a prompt asks last.
pub fn asked(prompt: &Prompt) -> String {
    prompt.messages.last().map(|message| message.text.clone()).unwrap_or_default()
}

fn piece_line(piece: &Result<Piece, ModelError>) -> Value {
    match piece {
        Ok(Piece::Text(text)) => json!({ "text": text }),
        Ok(Piece::End(end)) => json!({ "end": end }),
        Err(error) => json!({ "error": error }),
    }
}

pub fn search_name(query: &SearchQuery) -> String {
    // The vector follows from the text, whose embedding is a call of its own.
    let SearchQuery { text, embedding: _, mode, limit, kinds, tags, valid_on } = query;
    name_of(Port::Search, &(text, mode, limit, kinds, tags, valid_on))
}

#[async_trait]
impl Knowledge for Taped<dyn Knowledge> {
    async fn search(&self, pass: &StorePass, query: &SearchQuery) -> Result<Vec<Passage>, KnowledgeError> {
        let place = self.tape.begin(Port::Search, search_name(query), &query.text);
        let found = self.inner.search(pass, query).await;
        self.tape.end(place, output(&found.as_ref()));
        if let Ok(found) = &found {
            let searched = Searched { query: query.clone(), found: found.clone() };
            self.tape.searches.lock().unwrap_or_else(PoisonError::into_inner).push(searched);
        }
        found
    }
}

pub fn case_name(case: &HandoffCase) -> String {
    name_of(Port::OpenHandoff, case)
}

pub fn case_short(case: &HandoffCase) -> String {
    let reason = serde_json::to_value(case.reason).unwrap_or_default();
    format!("{}, {}", reason.as_str().unwrap_or_default(), case.evidence)
}

#[async_trait]
impl Handoffs for Taped<dyn Handoffs> {
    async fn open(&self, pass: &StorePass, case: &HandoffCase) -> Result<HandoffId, HandoffsError> {
        let place = self.tape.begin(Port::OpenHandoff, case_name(case), &case_short(case));
        let opened = self.inner.open(pass, case).await;
        self.tape.end(place, output(&opened.as_ref()));
        opened
    }

    async fn waiting(&self, agent: AgentPass<'_>) -> Result<Vec<(HandoffId, HandoffCase)>, HandoffsError> {
        let place = self.tape.begin(Port::WaitingHandoffs, name_of(Port::WaitingHandoffs, &()), "");
        let waiting = self.inner.waiting(agent).await;
        self.tape.end(place, output(&waiting.as_ref()));
        waiting
    }

    async fn past(&self, pass: &StorePass, about: About<'_>) -> Result<Vec<PastContact>, HandoffsError> {
        let place = self.tape.begin(Port::PastHandoffs, past_name(about), "");
        let past = self.inner.past(pass, about).await;
        self.tape.end(place, output(&past.as_ref()));
        past
    }
}

pub fn past_name(about: About<'_>) -> String {
    let About { conversation, turn, orders, email, customer } = about;
    let orders: Vec<&str> = orders.iter().map(OrderNumber::as_str).collect();
    let (email, customer) = (email.map(Email::expose), customer.map(CustomerId::as_str));
    name_of(Port::PastHandoffs, &(conversation, turn, orders, email, customer))
}

/// Who a customer is, for the name of an input; it is not shown.
pub fn key(customer: &CustomerPass) -> (&'static str, &str) {
    match customer.customer() {
        CustomerKey::Id(id) => ("id", id.as_str()),
        CustomerKey::Email(email) => ("email", email.expose()),
    }
}

pub fn orders_name(customer: &CustomerPass, wanted: OrdersWanted<'_>) -> (String, String) {
    let shown = match wanted {
        OrdersWanted::Latest(most) => format!("the latest {most}"),
        OrdersWanted::Number(number) => number.to_string(),
    };
    (name_of(Port::Orders, &(key(customer), &shown)), shown)
}

pub fn claim_name(claim: &OrderClaim) -> String {
    name_of(Port::Claimed, &(&claim.number, claim.email.expose(), &claim.conversation))
}

pub fn products_name(wanted: ProductsWanted<'_>) -> (String, String) {
    let (by, words) = match wanted {
        ProductsWanted::Handles(handles) => ("handles", handles.join(", ")),
        ProductsWanted::Words(words) => ("words", words.to_owned()),
    };
    (name_of(Port::Products, &(by, &words)), words)
}

#[async_trait]
impl Storefront for Taped<dyn Storefront> {
    async fn orders(&self, customer: &CustomerPass, wanted: OrdersWanted<'_>) -> Result<OrdersFound, StorefrontError> {
        let (name, shown) = orders_name(customer, wanted);
        let place = self.tape.begin(Port::Orders, name, &shown);
        let found = self.inner.orders(customer, wanted).await;
        self.tape.end(place, output(&found.as_ref().map(FoundLine::from)));
        found
    }

    async fn claimed(&self, claim: &OrderClaim) -> Result<Option<Read<ClaimedOrder>>, StorefrontError> {
        let place = self.tape.begin(Port::Claimed, claim_name(claim), claim.number.as_str());
        let found = self.inner.claimed(claim).await;
        self.tape.end(place, output(&found.as_ref().map(|found| found.as_ref().map(ReadLine::from))));
        found
    }

    async fn customer(&self, customer: &CustomerPass) -> Result<Option<Read<Customer>>, StorefrontError> {
        let place = self.tape.begin(Port::Customer, name_of(Port::Customer, &key(customer)), "");
        let found = self.inner.customer(customer).await;
        self.tape.end(place, output(&found.as_ref().map(|found| found.as_ref().map(ReadLine::from))));
        found
    }

    async fn stored_value(&self, customer: &CustomerPass) -> Result<Read<StoredValue>, StorefrontError> {
        let place = self.tape.begin(Port::StoredValue, name_of(Port::StoredValue, &key(customer)), "");
        let found = self.inner.stored_value(customer).await;
        self.tape.end(place, output(&found.as_ref().map(ReadLine::from)));
        found
    }

    async fn knows(&self, pass: &StorePass, email: &Email) -> Result<bool, StorefrontError> {
        let place = self.tape.begin(Port::Knows, name_of(Port::Knows, &email.expose()), "");
        let knows = self.inner.knows(pass, email).await;
        self.tape.end(place, output(&knows.as_ref()));
        knows
    }

    async fn products(
        &self,
        pass: &StorePass,
        wanted: ProductsWanted<'_>,
    ) -> Result<Read<Vec<Product>>, StorefrontError> {
        let (name, shown) = products_name(wanted.clone());
        let place = self.tape.begin(Port::Products, name, &shown);
        let found = self.inner.products(pass, wanted).await;
        self.tape.end(place, output(&found.as_ref().map(ReadLine::from)));
        found
    }
}

impl Clock for Taped<dyn Clock> {
    fn now(&self) -> Timestamp {
        let place = self.tape.begin(Port::Now, name_of(Port::Now, &()), "");
        let now = self.inner.now();
        self.tape.end(place, output(&Ok::<_, ()>(now)));
        now
    }
}
