//! The stores that are connected to Shopify, as a running process holds them.

use super::webhook::{Delivery, Headers, Refused};
use super::topics::Topic;
use crate::{
    db::{DbError, mirror::Mirror},
    store::Secret,
};
use engine::{StoreId, StorePass};
use ingest::shopify::ShopifyClient;
use jiff::Timestamp;
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};
use tokio::sync::Notify;

/// One store's connection.
pub struct Shop {
    pub pass: StorePass,
    /// `fjellvik.myshopify.com`
    pub domain: String,
    /// What webhooks are signed with; without one none is taken.
    pub secret: Option<Secret>,
    pub client: Arc<ShopifyClient>,
    pub mirror: Mirror,
    /// Wakes the worker.
    pub woken: Notify,
}

/// Cheap to clone; stores come and go while the server runs.
#[derive(Clone, Default)]
pub struct Shops(Arc<RwLock<HashMap<StoreId, Arc<Shop>>>>);

impl Shops {
    pub fn get(&self, store: &StoreId) -> Option<Arc<Shop>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(store).cloned()
    }

    pub fn put(&self, shop: Arc<Shop>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(shop.pass.store().clone(), shop);
    }

    /// From now on no webhook of the store is taken.
    pub fn remove(&self, store: &StoreId) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(store);
    }
}

impl Shop {
    /// Whether Shopify signed this for the store; before anything of the body is read.
    pub fn prove(&self, headers: Headers<'_>, body: &[u8]) -> Result<Delivery, Refused> {
        let secret = self.secret.as_ref().ok_or(Refused::Unproved)?;
        Delivery::prove(headers, body, secret.expose().as_bytes(), &self.domain)
    }

    /// Writes a delivery down and wakes the worker; nothing of the work is done here. Whether it is new.
    pub async fn receive(&self, delivery: &Delivery, now: Timestamp) -> Result<bool, DbError> {
        let Delivery { id, name, topic, wanted } = delivery;
        let new = self.mirror.receive(id, name, wanted, now).await?;
        if new {
            match topic {
                Topic::Product | Topic::Live | Topic::CustomerRedact => self.forget_facts(),
                Topic::DataRequest | Topic::ShopRedact | Topic::Uninstalled | Topic::Other => {}
            }
            self.woken.notify_one();
        }
        Ok(new)
    }
}
