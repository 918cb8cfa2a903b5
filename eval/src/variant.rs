//! The engine as one message meets it: at its time, without what must not be known, for who asks.

use crate::as_of::{AsOf, Dates, deeper};
use crate::pack::IndexedStore;
use crate::record::{self, Tape, Vectors};
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

/// What is left out, and when it is.
type Apart = (BTreeSet<DocId>, Option<Timestamp>);

/// One engine for each time and each set of documents that is left out; all share models, index and caches.
pub struct Variants {
    store: IndexedStore,
    today: Timestamp,
    /// Since when documents are known, for messages that have a time of their own.
    dates: Arc<Dates>,
    made: Mutex<HashMap<Apart, Engine>>,
}

impl Variants {
    pub fn new(store: IndexedStore, today: Date) -> Self {
        let noon = today.at(12, 0, 0, 0).to_zoned(TimeZone::UTC).map(|noon| noon.timestamp());
        let shop = store.ports.storefront.is_some().then(|| store.ports.clock.now());
        let today = shop.or(noon.ok()).unwrap_or(Timestamp::UNIX_EPOCH);
        Self { today, store, dates: Arc::default(), made: Mutex::default() }
    }

    /// With the dates that the pack's own records give its documents.
    pub fn knowing(self, dates: Dates) -> Self {
        Self { dates: Arc::new(dates), ..self }
    }

    pub fn of(&self, unit: &Unit) -> (Engine, Asker) {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || self.store.engine.with_ports(self.ports(unit));
        let engine = made.entry((unit.without.clone(), unit.at)).or_insert_with(make).clone();
        (engine, self.asker(unit))
    }

    /// As [`Variants::of`], for one turn, with a tape running: nothing is remembered of other turns.
    pub fn taped(&self, unit: &Unit, vectors: &Vectors) -> (Engine, Asker, Arc<Tape>) {
        let (ports, tape) = record::around(&self.ports(unit), vectors);
        (self.store.engine.anew(ports), self.asker(unit), tape)
    }

    /// The ports as the message meets them.
    pub fn ports(&self, unit: &Unit) -> Ports {
        let mut ports: Ports = self.store.ports.clone();
        ports.clock = Arc::new(StoppedClock(unit.at.unwrap_or(self.today)));
        if let Some(at) = unit.at {
            ports.knowledge = Arc::new(AsOf { inner: ports.knowledge, at, dates: self.dates.clone() });
        }
        if !unit.without.is_empty() {
            ports.knowledge = Arc::new(Except { inner: ports.knowledge, without: unit.without.clone() });
        }
        ports
    }

    #[expect(clippy::disallowed_methods, reason = "a replay puts the questions of customers whose store it holds")]
    pub fn asker(&self, unit: &Unit) -> Asker {
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
    async fn search(&self, pass: &StorePass, query: &SearchQuery) -> Result<Vec<Passage>, KnowledgeError> {
        deeper(self.inner.as_ref(), pass, query, |passage| !self.without.contains(&passage.doc)).await
    }
}
