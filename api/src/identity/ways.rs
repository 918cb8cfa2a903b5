//! How the customers of a store can prove who they are: its `[identity]` settings, ready to use.

use super::{Mailer, MailerError};
use crate::store::StoreSettings;
use engine::{
    StoreId,
    identity::{
        app_proxy::AppProxyKey,
        token::{TokenKeys, WeakKey},
    },
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

/// Settings that were read and still cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WaysError {
    #[error("identity.tokens")]
    Token(#[from] WeakKey),
    #[error("identity.smtp")]
    Mailer(#[from] MailerError),
}

impl Ways {
    pub fn of(settings: &StoreSettings) -> Result<Self, WaysError> {
        let StoreSettings { store, identity, shopify, basics, .. } = settings;
        let app = shopify.as_ref().filter(|_| identity.app_proxy);
        let app = app.and_then(|shopify| Some((&shopify.shop, shopify.client_secret.as_ref()?)));
        let smtp = identity.smtp.as_ref().filter(|_| identity.code);
        Ok(Self {
            claim: identity.claim,
            app_proxy: app.map(|(shop, secret)| AppProxyKey::new(store.clone(), shop, secret.expose())),
            tokens: TokenKeys::new(identity.tokens.iter().map(|key| (key.key_id.as_str(), key.secret.expose())))?,
            mailer: smtp.map(|smtp| Mailer::new(smtp, &basics.name)).transpose()?.map(Arc::new),
        })
    }
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
