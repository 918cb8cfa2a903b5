//! The engine's [`Knowledge`] over both kinds of index.

use crate::{
    index::{
        IndexMeta, failed,
        fuse::{Fused, FusionConfig, fuse},
        generation::{Generations, View},
        lexical::Lexical,
        server::{ServerConfig, ServerSearch},
        shard,
    },
    library::Library,
};
use async_trait::async_trait;
use engine::{
    access::{StoreId, StorePass},
    evidence::{DocId, Passage, Scores},
    ports::{Knowledge, KnowledgeError, SearchMode, SearchQuery},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, RwLock, Weak},
    time::Duration,
};

/// How often it is looked whether something newer was published, or the store removed.
const LOOK: Duration = Duration::from_secs(2);

/// Searches the embedded indexes of a library. A sync that another process publishes is seen at the next question, and
/// what it replaced is let go of within two seconds: an erasure waits for that.
#[derive(Clone)]
pub struct EdgeKnowledge {
    inner: Arc<Inner>,
}

struct Inner {
    library: Library,
    lexical: Lexical,
    fusion: FusionConfig,
    stores: Mutex<HashMap<StoreId, Arc<Slot>>>,
}

/// What is open of one store.
#[derive(Default)]
struct Slot {
    view: RwLock<Option<Arc<View>>>,
    /// Held while a newer generation is opened; who finds it held answers from the one that is open.
    opening: Mutex<()>,
}

impl EdgeKnowledge {
    /// `language` is the one that the indexes were built with.
    pub fn new(library: Library, language: &str, fusion: FusionConfig) -> Result<Self, KnowledgeError> {
        let lexical = Lexical::new(language)?;
        let inner = Arc::new(Inner { library, lexical, fusion, stores: Mutex::default() });
        let watched = Arc::downgrade(&inner);
        let watch = std::thread::Builder::new().name("index-views".into()).spawn(move || let_go(&watched));
        watch.map_err(|error| failed("watching for newer indexes", error))?;
        Ok(Self { inner })
    }
}

/// Ends with the last [`EdgeKnowledge`].
fn let_go(watched: &Weak<Inner>) {
    loop {
        std::thread::sleep(LOOK);
        let Some(inner) = watched.upgrade() else { return };
        let stores: Vec<Arc<Slot>> = match inner.stores.lock() {
            Ok(stores) => stores.values().cloned().collect(),
            Err(_) => return,
        };
        for slot in stores {
            let Ok(mut view) = slot.view.write() else { continue };
            let is_stale = |view: &View| !matches!(view.published(), Ok(Some(current)) if current == view.generation);
            view.take_if(|view| is_stale(view));
        }
    }
}

#[async_trait]
impl Knowledge for EdgeKnowledge {
    async fn search(&self, pass: &StorePass, query: &SearchQuery) -> Result<Vec<Passage>, KnowledgeError> {
        let (inner, pass, query) = (self.inner.clone(), pass.clone(), query.clone());
        let searched = tokio::task::spawn_blocking(move || inner.search(&pass, &query));
        searched.await.map_err(|error| failed("searching", error))?
    }
}

impl Inner {
    fn search(&self, pass: &StorePass, query: &SearchQuery) -> Result<Vec<Passage>, KnowledgeError> {
        let view = self.view(pass)?;
        view.meta.check(&wanted(query, &self.lexical))?;
        let depth = self.fusion.depth.max(query.limit);
        let dense = match query.mode {
            SearchMode::Dense | SearchMode::Fused => {
                shard::search_dense(&view.shard, query.embedding.values.clone(), query, depth)?
            }
            SearchMode::Lexical => Vec::new(),
        };
        let lexical = match query.mode {
            SearchMode::Lexical | SearchMode::Fused => {
                shard::search_lexical(&view.shard, self.lexical.query(&query.text), query, depth)?
            }
            SearchMode::Dense => Vec::new(),
        };
        let mut hits = fuse(&dense, &lexical, &self.fusion);
        hits.truncate(query.limit);
        let ids: Vec<_> = hits.iter().map(|hit| hit.id).collect();
        let mut payloads = shard::payloads(&view.shard, &ids)?;
        let passage = |hit: Fused<_>| Some(payloads.remove(&hit.id)?.into_passage(pass.store().clone(), scores(&hit)));
        Ok(hits.into_iter().filter_map(passage).collect())
    }

    fn view(&self, pass: &StorePass) -> Result<Arc<View>, KnowledgeError> {
        let slot = {
            let mut stores = self.stores.lock().map_err(poisoned)?;
            stores.entry(pass.store().clone()).or_default().clone()
        };
        let generations = Generations::new(self.library.shelf(pass)?.index_dir());
        let Some(current) = generations.current()? else {
            return Err(KnowledgeError::NoIndex(pass.store().to_string()));
        };
        let open = slot.view.read().map_err(poisoned)?.clone();
        let _opening = match open {
            Some(view) if view.generation == current => return Ok(view),
            Some(stale) => match slot.opening.try_lock() {
                Ok(opening) => opening,
                Err(_) => return Ok(stale),
            },
            None => slot.opening.lock().map_err(poisoned)?,
        };
        if let Some(view) = slot.view.read().map_err(poisoned)?.as_ref()
            && view.generation >= current
        {
            return Ok(view.clone());
        }
        let view = generations.open_current()?.ok_or_else(|| KnowledgeError::NoIndex(pass.store().to_string()))?;
        let view = Arc::new(view);
        *slot.view.write().map_err(poisoned)? = Some(view.clone());
        Ok(view)
    }
}

fn poisoned<T>(_: std::sync::PoisonError<T>) -> KnowledgeError {
    KnowledgeError::Failed("an earlier search panicked".into())
}

/// Searches the collections of a Qdrant server.
pub struct ServerKnowledge {
    search: ServerSearch,
    lexical: Lexical,
    fusion: FusionConfig,
}

impl ServerKnowledge {
    /// Connects lazily: a server that is down is reported by the first search.
    pub fn new(config: &ServerConfig, language: &str, fusion: FusionConfig) -> Result<Self, KnowledgeError> {
        Ok(Self { search: ServerSearch::new(config)?, lexical: Lexical::new(language)?, fusion })
    }
}

#[async_trait]
impl Knowledge for ServerKnowledge {
    async fn search(&self, pass: &StorePass, query: &SearchQuery) -> Result<Vec<Passage>, KnowledgeError> {
        self.search.meta(pass).await?.check(&wanted(query, &self.lexical))?;
        let words = match query.mode {
            SearchMode::Dense => None,
            SearchMode::Lexical | SearchMode::Fused => Some(self.lexical.query(&query.text)),
        };
        let found = self.search.lists(pass, query, words, self.fusion.depth.max(query.limit)).await?;
        let mut payloads = found.payloads;
        // While a sync replaces a document, both its versions are there for a moment: the better placed one answers.
        let mut versions: HashMap<DocId, String> = HashMap::new();
        let mut passages = Vec::new();
        for hit in fuse(&found.dense, &found.lexical, &self.fusion) {
            let Some(fields) = payloads.remove(&hit.id) else { continue };
            if *versions.entry(fields.doc.clone()).or_insert_with(|| fields.hash.clone()) != fields.hash {
                continue;
            }
            passages.push(fields.into_passage(pass.store().clone(), scores(&hit)));
            if passages.len() == query.limit {
                break;
            }
        }
        Ok(passages)
    }
}

fn wanted(query: &SearchQuery, lexical: &Lexical) -> IndexMeta {
    IndexMeta::new(query.embedding.model.clone(), query.embedding.values.len(), lexical.language())
}

fn scores<I>(hit: &Fused<I>) -> Scores {
    Scores { dense: hit.dense, lexical: hit.lexical, fused: hit.score, rerank: None }
}
