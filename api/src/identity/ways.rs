//! How the customers of a store can prove who they are: its `[identity]` settings, ready to use.

use super::Mailer;
use engine::{
    StoreId,
    identity::{app_proxy::AppProxyKey, token::TokenKeys},
};
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

/// One store's ways.
#[derive(Clone, Debug)]
pub struct Ways {
    /// Order number and e-mail open the status of that order.
    pub claim: bool,
    /// What Shopify's app proxy signs with.
    pub app_proxy: Option<AppProxyKey>,
    /// What the merchant's site signs with; empty: it signs nothing.
    pub tokens: TokenKeys,
    /// What sends codes; without it none are offered.
    pub mailer: Option<Arc<Mailer>>,
}

impl Default for Ways {
    /// What needs no setting up.
    fn default() -> Self {
        Self { claim: true, app_proxy: None, tokens: TokenKeys::default(), mailer: None }
    }
}

/// The ways in force. Cheap to clone; a store's can be replaced while the server runs.
#[derive(Clone, Debug, Default)]
pub struct AllWays(Arc<RwLock<HashMap<StoreId, Arc<Ways>>>>);

impl AllWays {
    pub fn of(&self, store: &StoreId) -> Arc<Ways> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(store).cloned().unwrap_or_default()
    }

    pub fn remove(&self, store: &StoreId) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(store);
    }

    pub fn set(&self, store: StoreId, ways: Ways) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(store, Arc::new(ways));
    }
}
