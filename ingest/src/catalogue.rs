//! The titles of a store's products, as its index holds them: the engine's [`Catalogue`] over both kinds of index.
//!
//! They are read once, and again when the index has changed; no question waits for a second reading, and none reads
//! anything where nothing has changed but the number of the current generation.

use crate::{
    index::{erase::Place, failed, generation::Generations, server::ServerConfig},
    library::Library,
};
use async_trait::async_trait;
use engine::{
    access::{StoreId, StorePass},
    evidence::{DocId, SourceKind},
    ports::{Catalogue, KnowledgeError},
    understand::Titles,
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How long the first question waits for the titles; they are there for the next one.
const PATIENCE: Duration = Duration::from_secs(2);
/// A server does not say that a sync has written: what was read is believed for so long.
const BELIEVED: Duration = Duration::from_secs(600);
/// After a reading that failed.
const AGAIN: Duration = Duration::from_secs(60);

/// The titles of all stores of a library, as they were read last.
#[derive(Clone)]
pub struct IndexCatalogue {
    library: Library,
    /// Where the indexes are on a server.
    server: Option<ServerConfig>,
    stores: Arc<Mutex<HashMap<StoreId, Arc<Slot>>>>,
}

#[derive(Default)]
struct Slot {
    kept: Mutex<Option<Kept>>,
    /// Held while the index is read.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Kept {
    of: Version,
    titles: Arc<Titles>,
}

/// Of which state of the index titles are.
#[derive(Clone, Copy, PartialEq)]
enum Version {
    /// None where the store has no index yet.
    Generation(Option<u64>),
    Until(Instant),
}

impl IndexCatalogue {
    pub fn new(library: Library, server: Option<ServerConfig>) -> Self {
        Self { library, server, stores: Arc::default() }
    }

    fn place(&self, pass: &StorePass) -> Result<Place, KnowledgeError> {
        let shelf = self.library.shelf(pass)?;
        Ok(match &self.server {
            Some(config) => Place::Server { config: config.clone(), pass: pass.clone(), shelf },
            None => Place::Edge(shelf),
        })
    }

    /// Whether what is kept is still so; for an embedded index one small file is looked at.
    async fn holds(&self, pass: &StorePass, of: Version) -> bool {
        match of {
            Version::Until(until) => Instant::now() < until,
            Version::Generation(known) => {
                let (library, pass) = (self.library.clone(), pass.clone());
                let current = tokio::task::spawn_blocking(move || current(&library, &pass)).await;
                // What cannot be looked at is not read again at every question.
                !matches!(current, Ok(Ok(now)) if now != known)
            }
        }
    }

    /// Reads the titles, unless somebody is at it; who waits for them finds them read then.
    async fn read(self, pass: StorePass, slot: Arc<Slot>, stale: Option<Version>) {
        let _reading = slot.reading.lock().await;
        let known = slot.kept.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|kept| kept.of);
        if known != stale {
            return;
        }
        let kept = match self.titles_of(&pass).await {
            Ok(kept) => kept,
            Err(error) => {
                tracing::warn!(store.id = %pass.store(), %error, "the titles of the products cannot be read");
                let before = slot.kept.lock().unwrap_or_else(PoisonError::into_inner).take();
                let titles = before.map(|kept| kept.titles).unwrap_or_default();
                Kept { of: Version::Until(Instant::now() + AGAIN), titles }
            }
        };
        *slot.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
    }

    async fn titles_of(&self, pass: &StorePass) -> Result<Kept, KnowledgeError> {
        let place = self.place(pass)?;
        // The number first: what is published while the index is read is read again.
        let of = match &self.server {
            Some(_) => Version::Until(Instant::now() + BELIEVED),
            None => {
                let (library, pass) = (self.library.clone(), pass.clone());
                let current = tokio::task::spawn_blocking(move || current(&library, &pass)).await;
                Version::Generation(current.map_err(|error| failed("looking at the index", error))??)
            }
        };
        let mut titles: BTreeMap<DocId, String> = BTreeMap::new();
        let mut see = |fields: &crate::index::point::Fields| {
            if fields.kind == SourceKind::Product {
                titles.entry(fields.doc.clone()).or_insert_with(|| fields.title.clone());
            }
        };
        place.visit(&mut see).await?;
        let titles = Titles::new(titles.into_iter().map(|(doc, title)| (Some(doc), title)));
        Ok(Kept { of, titles: Arc::new(titles) })
    }
}

fn current(library: &Library, pass: &StorePass) -> Result<Option<u64>, KnowledgeError> {
    Generations::new(library.shelf(pass)?.index_dir()).current()
}

#[async_trait]
impl Catalogue for IndexCatalogue {
    async fn titles(&self, pass: &StorePass) -> Arc<Titles> {
        let slot = {
            let mut stores = self.stores.lock().unwrap_or_else(PoisonError::into_inner);
            stores.entry(pass.store().clone()).or_default().clone()
        };
        let kept = || slot.kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let known = kept();
        if let Some(known) = &known
            && self.holds(pass, known.of).await
        {
            return known.titles.clone();
        }
        let reading = tokio::spawn(self.clone().read(pass.clone(), slot.clone(), known.as_ref().map(|k| k.of)));
        match known {
            // Until the new ones are there the old ones do.
            Some(known) => known.titles,
            None => {
                // A reading that takes longer goes on without this question.
                let _ = tokio::time::timeout(PATIENCE, reading).await;
                kept().map(|kept| kept.titles).unwrap_or_default()
            }
        }
    }
}
