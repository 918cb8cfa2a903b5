//! The engine as one message meets it: at its time, without what must not be known, for who asks.

use crate::pack::IndexedStore;
use crate::unit::Unit;
use async_trait::async_trait;
use engine::identity::{CustomerKey, CustomerPass};
use engine::ports::{Clock, Knowledge, KnowledgeError, Ports, SearchQuery};
use engine::{Asker, DocId, Engine, Passage, StorePass};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// One engine for each time and each set of documents that is left out; all share models, index and caches.
pub struct Variants {
    store: IndexedStore,
    today: Timestamp,
    made: Mutex<HashMap<(BTreeSet<DocId>, Timestamp), Engine>>,
}

impl Variants {
    pub fn new(store: IndexedStore, today: Date) -> Self {
        let noon = today.at(12, 0, 0, 0).to_zoned(TimeZone::UTC).map(|noon| noon.timestamp());
        let shop = store.ports.storefront.is_some().then(|| store.ports.clock.now());
        Self { today: shop.or(noon.ok()).unwrap_or(Timestamp::UNIX_EPOCH), store, made: Mutex::default() }
    }

    pub fn of(&self, unit: &Unit) -> (Engine, Asker) {
        let at = unit.at.unwrap_or(self.today);
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let engine = made.entry((unit.without.clone(), at)).or_insert_with(|| self.make(&unit.without, at)).clone();
        (engine, self.asker(unit))
    }

    fn make(&self, without: &BTreeSet<DocId>, at: Timestamp) -> Engine {
        let mut ports: Ports = self.store.ports.clone();
        ports.clock = Arc::new(StoppedClock(at));
        if !without.is_empty() {
            ports.knowledge = Arc::new(Except { inner: ports.knowledge, without: without.clone() });
        }
        self.store.engine.with_ports(ports)
    }

    #[expect(clippy::disallowed_methods, reason = "a replay puts the questions of customers whose store it holds")]
    fn asker(&self, unit: &Unit) -> Asker {
        let pass = self.store.pass.clone();
        match &unit.customer {
            Some(email) if self.store.ports.storefront.is_some() => {
                Asker::Verified(CustomerPass::for_operator(pass, CustomerKey::Email(email.clone()), "eval replay"))
            }
            _ => Asker::Anonymous(pass),
        }
    }
}

/// A clock that stands still.
struct StoppedClock(Timestamp);

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// What is known, less some documents. Ranks and word statistics are still those of the whole.
struct Except {
    inner: Arc<dyn Knowledge>,
    without: BTreeSet<DocId>,
}

#[async_trait]
impl Knowledge for Except {
    /// Looks deeper until enough is left.
    async fn search(&self, pass: &StorePass, query: &SearchQuery) -> Result<Vec<Passage>, KnowledgeError> {
        let mut deeper = SearchQuery { limit: query.limit * 2, ..query.clone() };
        loop {
            let mut found = self.inner.search(pass, &deeper).await?;
            let exhausted = found.len() < deeper.limit;
            found.retain(|passage| !self.without.contains(&passage.doc));
            if exhausted || found.len() >= query.limit {
                found.truncate(query.limit);
                return Ok(found);
            }
            deeper.limit *= 2;
        }
    }
}
