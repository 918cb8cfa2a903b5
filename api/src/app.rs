//! What every handler shares.

use crate::{
    auth::LiveKeyring,
    config::{Http, Limits},
    db::{DbError, desk::Desks, keys::Keys},
    deliver::Channels,
    gate::Gate,
    identity::Identity,
    shopify::shop::Shops,
};
use engine::Engine;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

/// What an [`App`] is made of.
pub struct AppParts {
    pub engine: Engine,
    pub keys: Keys,
    pub desks: Arc<Desks>,
    pub identity: Identity,
    pub http: Http,
    pub limits: Limits,
    /// What a customer reads when a question took too long.
    pub handoff_message: String,
    pub loaded: Loaded,
    /// The stores that are connected to Shopify.
    pub shops: Shops,
    /// The stores that a channel may bring messages to.
    pub channels: Channels,
}

/// The models in use, as `/readyz` names them.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub embedder: String,
    pub reranker: Option<String>,
    pub generator: Option<String>,
}

pub struct Inner {
    pub engine: Engine,
    pub keyring: LiveKeyring,
    pub desks: Arc<Desks>,
    pub identity: Identity,
    pub gate: Gate,
    pub http: Http,
    pub limits: Limits,
    pub handoff_message: String,
    pub loaded: Loaded,
    pub shops: Shops,
    pub channels: Channels,
    stopping: AtomicBool,
}

impl App {
    /// Reads the keys that are in force.
    pub async fn new(parts: AppParts) -> Result<Self, DbError> {
        let AppParts { engine, keys, desks, identity, http, limits, handoff_message, loaded, shops, channels } = parts;
        let keyring = LiveKeyring::open(keys).await?;
        let gate = Gate::new(limits.concurrent, limits.waiting, limits.wait());
        let stopping = AtomicBool::new(false);
        let inner = Inner {
            engine,
            keyring,
            desks,
            identity,
            gate,
            http,
            limits,
            handoff_message,
            loaded,
            shops,
            channels,
            stopping,
        };
        Ok(Self(Arc::new(inner)))
    }

    /// From now on `/readyz` says no, so that a load balancer looks elsewhere.
    pub fn stop(&self) {
        self.0.stopping.store(true, Ordering::Relaxed);
    }

    pub fn stopping(&self) -> bool {
        self.0.stopping.load(Ordering::Relaxed)
    }
}

impl std::ops::Deref for App {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}
