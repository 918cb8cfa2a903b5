//! Deterministic ports for tests: no files, no weights, no clock.

use crate::access::{AgentPass, StorePass};
use crate::approved::ApprovedSet;
use crate::evidence::{DocId, Passage, PassageId, Scores, SourceKind};
use crate::handoff::{HandoffCase, HandoffId};
use crate::identity::{CustomerKey, CustomerPass, Email, OrderClaim};
use crate::live::{ClaimedOrder, Customer, Order, Product, ProductStatus, Read, StoredValue};
use crate::package::{About, Link, Package, PastContact};
use crate::ports::*;
use crate::prompt::Prompt;
use crate::text::content_stems;
use async_trait::async_trait;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;

/// A bag of stems, each at a place that its hash names. Texts that share words are near each other.
pub struct BagEmbedder {
    model: ModelId,
    dimensions: usize,
}

impl BagEmbedder {
    pub fn new(name: &str, dimensions: usize) -> Self {
        Self { model: ModelId(format!("{name}@fake")), dimensions }
    }

    fn embed(&self, text: &str) -> Embedding {
        let mut values = vec![0.0f32; self.dimensions];
        for stem in content_stems(text) {
            let hash = Sha256::digest(stem.as_bytes());
            let place = u32::from_le_bytes([hash[0], hash[1], hash[2], hash[3]]) as usize % self.dimensions;
            values[place] += 1.0;
        }
        let norm = values.iter().map(|v| v * v).sum::<f32>().sqrt();
        if norm > 0.0 {
            values.iter_mut().for_each(|v| *v /= norm);
        } else {
            values[0] = 1.0;
        }
        Embedding { values, model: self.model.clone() }
    }
}

#[async_trait]
impl Embedder for BagEmbedder {
    fn model(&self) -> &ModelId {
        &self.model
    }
    fn dimensions(&self) -> usize {
        self.dimensions
    }
    async fn embed_query(&self, text: &str) -> Result<Embedding, ModelError> {
        Ok(self.embed(text))
    }
    async fn embed_passages(&self, texts: &[String]) -> Result<Vec<Embedding>, ModelError> {
        Ok(texts.iter().map(|t| self.embed(t)).collect())
    }
}

/// Passages in memory, ranked by shared stems.
#[derive(Default)]
pub struct MemoryKnowledge(pub Vec<Passage>);

impl MemoryKnowledge {
    pub fn add(&mut self, pass: &StorePass, kind: SourceKind, doc: &str, title: &str, text: &str) -> &mut Passage {
        self.0.push(Passage {
            id: PassageId(format!("{doc}#{}", self.0.len())),
            doc: DocId(doc.to_owned()),
            store: pass.store().clone(),
            kind,
            title: title.to_owned(),
            heading: Vec::new(),
            text: text.to_owned(),
            url: None,
            tags: Vec::new(),
            valid_from: None,
            valid_to: None,
            span: (0, text.len()),
            scores: Scores::default(),
        });
        self.0.last_mut().expect("just pushed")
    }
}

#[async_trait]
impl Knowledge for MemoryKnowledge {
    async fn search(&self, pass: &StorePass, query: &SearchQuery) -> Result<Vec<Passage>, KnowledgeError> {
        let asked = content_stems(&query.text);
        let mut found: Vec<Passage> = Vec::new();
        for p in self.0.iter().filter(|p| &p.store == pass.store()) {
            let holds = content_stems(&format!("{} {} {}", p.title, p.heading.join(" "), p.text));
            let shared = asked.iter().filter(|s| holds.contains(s)).count() as f32 / asked.len().max(1) as f32;
            if shared > 0.0 {
                let mut p = p.clone();
                p.scores = Scores { dense: Some(shared), lexical: Some(shared), fused: shared, rerank: None };
                found.push(p);
            }
        }
        found.sort_by(|a, b| b.scores.fused.total_cmp(&a.scores.fused).then_with(|| a.id.cmp(&b.id)));
        found.truncate(query.limit);
        Ok(found)
    }
}

/// Says what it was told to say, word by word, and counts how often it was asked.
pub struct Parrot {
    model: ModelId,
    says: String,
    pub asked: Mutex<Vec<Prompt>>,
}

impl Parrot {
    pub fn new(says: &str) -> Self {
        Self { model: ModelId("parrot@fake".into()), says: says.to_owned(), asked: Mutex::default() }
    }
}

#[async_trait]
impl Generator for Parrot {
    fn model(&self) -> &ModelId {
        &self.model
    }
    async fn generate(&self, prompt: Prompt) -> Result<mpsc::Receiver<Result<Piece, ModelError>>, ModelError> {
        self.asked.lock().expect("not poisoned").push(prompt);
        let pieces: Vec<String> = self.says.split_inclusive(' ').map(str::to_owned).collect();
        let (sender, receiver) = mpsc::channel(pieces.len() + 1);
        for piece in pieces {
            sender.try_send(Ok(Piece::Text(piece))).map_err(|e| ModelError::Failed(e.to_string()))?;
        }
        sender.try_send(Ok(Piece::End(Generated::default()))).map_err(|e| ModelError::Failed(e.to_string()))?;
        Ok(receiver)
    }
}

/// Handoffs in memory.
#[derive(Default)]
pub struct MemoryHandoffs(pub Mutex<Vec<(HandoffId, HandoffCase)>>);

#[async_trait]
impl Handoffs for MemoryHandoffs {
    async fn open(&self, pass: &StorePass, case: &HandoffCase) -> Result<HandoffId, HandoffsError> {
        let mut all = self.0.lock().map_err(|e| HandoffsError(e.to_string()))?;
        if let Some((id, _)) = all.iter().find(|(_, c)| c.conversation == case.conversation && c.turn == case.turn) {
            return Ok(id.clone());
        }
        let id = HandoffId(format!("{}-{}", pass.store(), all.len() + 1));
        all.push((id.clone(), case.clone()));
        Ok(id)
    }
    async fn waiting(&self, _agent: AgentPass<'_>) -> Result<Vec<(HandoffId, HandoffCase)>, HandoffsError> {
        Ok(self.0.lock().map_err(|e| HandoffsError(e.to_string()))?.clone())
    }
    async fn past(&self, _pass: &StorePass, about: About<'_>) -> Result<Vec<PastContact>, HandoffsError> {
        let all = self.0.lock().map_err(|e| HandoffsError(e.to_string()))?;
        let subjects = about.subjects();
        let linked = all.iter().rev().filter_map(|(_, case)| {
            let package = case.package.as_deref()?;
            if case.conversation == *about.conversation {
                return (case.turn < about.turn).then_some((Link::Conversation, case, package));
            }
            let filed = package.subjects();
            let link = subjects.iter().find(|(_, subject)| filed.contains(subject))?;
            Some((link.0, case, package))
        });
        let contact = |(link, case, package): (Link, &HandoffCase, &Package)| PastContact {
            conversation: case.conversation.clone(),
            turn: case.turn,
            at: package.made_at,
            reason: case.reason,
            question: case.question.clone(),
            resolved: false,
            link,
            channel: None,
        };
        Ok(linked.map(contact).collect())
    }
}

/// Approved answers in memory.
#[derive(Default)]
pub struct MemoryApproved(pub Mutex<Arc<ApprovedSet>>);

#[async_trait]
impl Approved for MemoryApproved {
    async fn answers(&self, _pass: &StorePass) -> Result<Arc<ApprovedSet>, ApprovedError> {
        Ok(self.0.lock().map_err(|e| ApprovedError(e.to_string()))?.clone())
    }
}

/// Orders and products in memory, each reached as at a real shop: a customer's own, or one by number and e-mail.
#[derive(Default)]
pub struct MemoryStorefront {
    pub orders: Vec<Order>,
    pub customers: Vec<Customer>,
    pub products: Vec<Product>,
    /// Of customers; others have nothing. Empty: the key may not read it.
    pub stored: Vec<StoredValue>,
    /// When everything was read.
    pub now: Timestamp,
    /// Older orders cannot be seen.
    pub reach: Option<Timestamp>,
    /// What every call says instead of an answer.
    pub fails: Option<StorefrontError>,
    /// How long every call takes.
    pub takes: std::time::Duration,
    /// How often it was asked.
    pub calls: AtomicUsize,
}

impl MemoryStorefront {
    async fn call(&self) -> Result<(), StorefrontError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if !self.takes.is_zero() {
            tokio::time::sleep(self.takes).await;
        }
        self.fails.clone().map_or(Ok(()), Err)
    }

    fn read<T>(&self, value: T, source: &'static str) -> Read<T> {
        Read { value, source, read_at: self.now }
    }

    fn visible(&self, pass: &StorePass) -> impl Iterator<Item = &Order> {
        let store = pass.store().clone();
        self.orders.iter().filter(move |o| o.store == store && self.reach.is_none_or(|reach| o.created_at >= reach))
    }
}

#[async_trait]
impl Storefront for MemoryStorefront {
    async fn orders(&self, customer: &CustomerPass, wanted: OrdersWanted<'_>) -> Result<OrdersFound, StorefrontError> {
        self.call().await?;
        let theirs = |o: &&Order| match customer.customer() {
            CustomerKey::Id(id) => o.customer.as_ref() == Some(id),
            CustomerKey::Email(email) => o.email.as_ref() == Some(email),
        };
        let mut orders: Vec<Order> = self.visible(customer.store_pass()).filter(theirs).cloned().collect();
        orders.sort_by_key(|o| std::cmp::Reverse(o.created_at));
        match wanted {
            OrdersWanted::Latest(most) => orders.truncate(most),
            OrdersWanted::Number(number) => orders.retain(|o| &o.number == number),
        }
        Ok(OrdersFound { orders: self.read(orders, "memory"), reach: self.reach })
    }

    async fn claimed(&self, claim: &OrderClaim) -> Result<Option<Read<ClaimedOrder>>, StorefrontError> {
        self.call().await?;
        let both = |o: &&Order| o.number == claim.number && o.email.as_ref() == Some(&claim.email);
        let order = self.visible(&claim.pass).find(both);
        Ok(order.map(|o| self.read(o.as_claimed(), "memory")))
    }

    async fn customer(&self, customer: &CustomerPass) -> Result<Option<Read<Customer>>, StorefrontError> {
        self.call().await?;
        let found = self.customers.iter().find(|c| match customer.customer() {
            CustomerKey::Id(id) => &c.id == id,
            CustomerKey::Email(email) => c.email.as_ref() == Some(email),
        });
        let ours = found.filter(|c| &c.store == customer.store_pass().store());
        Ok(ours.map(|c| self.read(c.clone(), "memory")))
    }

    async fn stored_value(&self, customer: &CustomerPass) -> Result<Read<StoredValue>, StorefrontError> {
        self.call().await?;
        if self.stored.is_empty() {
            return Err(StorefrontError::MissingScope("read_gift_cards".into()));
        }
        let store = customer.store_pass().store();
        let found = self.stored.iter().find(|s| match customer.customer() {
            CustomerKey::Id(id) => &s.store == store && s.customer.as_ref() == Some(id),
            CustomerKey::Email(email) => &s.store == store && s.email.as_ref() == Some(email),
        });
        let nothing = || StoredValue {
            store: store.clone(),
            customer: None,
            email: None,
            gift_cards: Some(Vec::new()),
            credit: Some(Vec::new()),
        };
        Ok(self.read(found.cloned().unwrap_or_else(nothing), "memory"))
    }

    async fn knows(&self, pass: &StorePass, email: &Email) -> Result<bool, StorefrontError> {
        self.call().await?;
        let customer = self.customers.iter().any(|c| &c.store == pass.store() && c.email.as_ref() == Some(email));
        Ok(customer || self.visible(pass).any(|o| o.email.as_ref() == Some(email)))
    }

    async fn products(
        &self,
        pass: &StorePass,
        wanted: ProductsWanted<'_>,
    ) -> Result<Read<Vec<Product>>, StorefrontError> {
        self.call().await?;
        let shared = |p: &Product| match wanted {
            ProductsWanted::Handles(handles) => usize::from(handles.contains(&p.handle)),
            ProductsWanted::Words(words) => {
                let asked = content_stems(words);
                content_stems(&p.title).iter().filter(|s| asked.contains(s)).count()
            }
        };
        let ours = self.products.iter().filter(|p| &p.store == pass.store() && p.status == ProductStatus::Active);
        let mut found: Vec<(usize, &Product)> = ours.map(|p| (shared(p), p)).filter(|(n, _)| *n > 0).collect();
        found.sort_by_key(|(n, p)| (std::cmp::Reverse(*n), p.handle.clone()));
        Ok(self.read(found.into_iter().take(20).map(|(_, p)| p.clone()).collect(), "memory"))
    }
}

/// A clock that stands still.
pub struct StoppedClock(pub Timestamp);

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// All ports around a knowledge, without a generator.
pub fn ports(knowledge: MemoryKnowledge) -> Ports {
    Ports {
        embedder: Arc::new(BagEmbedder::new("bag", 256)),
        reranker: None,
        generator: None,
        knowledge: Arc::new(knowledge),
        handoffs: Arc::new(MemoryHandoffs::default()),
        approved: None,
        catalogue: None,
        contacts: None,
        storefront: None,
        clock: Arc::new(StoppedClock("2026-11-21T12:00:00Z".parse().expect("a constant time"))),
    }
}
