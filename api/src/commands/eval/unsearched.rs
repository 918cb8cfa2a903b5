//! Packs for a peer that is a whole engine: it is asked what the pack asks, and nothing of ours is searched, so no index
//! is made and no weights are needed.

use super::desk::{NoDesk, NoKnowledge};
use super::index::{Over, shelf_of};
use crate::commands::operator;
use crate::wiring::SystemClock;
use ::eval::pack::{IndexError, IndexedStore, PackIndex, Shelf};
use async_trait::async_trait;
use engine::ports::{Embedder, Embedding, ModelError, ModelId, Ports};
use engine::{Engine, EngineConfig, StoreId};
use std::sync::Arc;

pub struct Unsearched {
    pub over: Over,
    pub config: EngineConfig,
}

impl Unsearched {
    fn store(&self) -> Result<IndexedStore, IndexError> {
        let store = StoreId::parse("nothing").map_err(|error| IndexError(error.to_string()))?;
        let ports = Ports {
            embedder: Arc::new(NoEmbedder(ModelId("none".into()))),
            reranker: None,
            generator: None,
            knowledge: Arc::new(NoKnowledge),
            handoffs: Arc::new(NoDesk),
            approved: None,
            catalogue: None,
            contacts: None,
            storefront: None,
            clock: Arc::new(SystemClock),
        };
        let engine = Engine::new(ports.clone(), self.config.clone());
        Ok(IndexedStore { pass: operator(&store), engine, ports })
    }
}

#[async_trait]
impl PackIndex for Unsearched {
    async fn open(&self, _shelf: &Shelf) -> Result<IndexedStore, IndexError> {
        self.store()
    }

    async fn fallback(&self) -> Result<(String, Option<Shelf>, IndexedStore), IndexError> {
        let over = match &self.over {
            Over::Store(store) => format!("the store {store}"),
            Over::Pack(_) | Over::Sample => "what the peer knows".to_owned(),
        };
        Ok((over, shelf_of(&self.over)?, self.store()?))
    }
}

/// Embeds nothing: whoever asks it has asked the wrong system.
struct NoEmbedder(ModelId);

#[async_trait]
impl Embedder for NoEmbedder {
    fn model(&self) -> &ModelId {
        &self.0
    }

    fn dimensions(&self) -> usize {
        1
    }

    async fn embed_query(&self, _text: &str) -> Result<Embedding, ModelError> {
        Err(ModelError::Failed("no model was loaded: a peer is asked".into()))
    }

    async fn embed_passages(&self, _texts: &[String]) -> Result<Vec<Embedding>, ModelError> {
        Err(ModelError::Failed("no model was loaded: a peer is asked".into()))
    }
}
