//! The stores that are connected to Shopify, as a running process holds them.

use super::webhook::{Changed, Delivery, Refused};
use crate::{
    db::{DbError, mirror::Mirror},
    sandbox::in_process::{self, InProcessError},
    store::{Access, Shopify, StoreError, StoreSettings},
};
use engine::{StoreId, StorePass};
use ingest::shopify::{BadEndpoint, Connection, Credentials, Endpoint, Secret, ShopifyClient, ShopifyStorefront};
use jiff::Timestamp;
use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tokio::sync::Notify;

/// One store's connection.
pub struct Shop {
    pub pass: StorePass,
    /// `fjellvik.myshopify.com`
    pub domain: String,
    /// What webhooks are signed with; without one none is taken.
    pub secret: Option<Secret>,
    pub connection: Arc<Connection>,
    /// Whose facts are forgotten when a webhook says that they changed.
    pub storefront: Arc<ShopifyStorefront>,
    pub mirror: Mirror,
    /// Wakes the worker.
    pub woken: Notify,
}

/// Cheap to clone; stores come and go while the server runs.
#[derive(Clone, Default)]
pub struct Shops(Arc<RwLock<HashMap<StoreId, Arc<Shop>>>>);

#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error(transparent)]
    Settings(#[from] StoreError),
    #[error("the settings of '{0}' have no [shopify]; see `shopclerk store --help`")]
    NotShopify(StoreId),
    #[error("shopify.endpoint: {0}")]
    Endpoint(#[from] BadEndpoint),
    #[error("shopify.sandbox")]
    Sandbox(#[from] InProcessError),
}

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

/// The connection that the store's settings describe.
pub fn connection(shopify: &Shopify, store: &StoreId) -> Result<Connection, ConnectError> {
    if let Some(fixture) = &shopify.sandbox {
        let sandbox = in_process::over(fixture)?;
        let token = Credentials::Token(Secret::new(sandbox.token()));
        return connect(&sandbox.url(), shopify, token);
    }
    let credentials = match shopify.access() {
        Some(Access::Token(token)) => Credentials::Token(Secret::new(token.expose())),
        Some(Access::Client { id, secret }) => {
            Credentials::App { client_id: id.to_owned(), client_secret: Secret::new(secret.expose()) }
        }
        None => return Err(ConnectError::NotShopify(store.clone())),
    };
    connect(&shopify.base_url(), shopify, credentials)
}

fn connect(url: &str, shopify: &Shopify, credentials: Credentials) -> Result<Connection, ConnectError> {
    let endpoint = Endpoint::parse(url)?;
    let client = ShopifyClient::new(endpoint, shopify.api_version.as_str(), credentials);
    Ok(Connection::new(Arc::new(client), Duration::from_millis(shopify.deadline_ms)))
}

impl Shop {
    /// As the store's settings say, in the data folder.
    pub fn connect(
        data: &Path,
        pass: &StorePass,
        mirror: Mirror,
        storefront: Arc<ShopifyStorefront>,
    ) -> Result<Self, ConnectError> {
        let settings = StoreSettings::of(data, pass.store())?;
        let shopify = settings.shopify.ok_or_else(|| ConnectError::NotShopify(pass.store().clone()))?;
        let connection = Arc::new(connection(&shopify, pass.store())?);
        storefront.connect(pass.store(), connection.clone());
        Ok(Self {
            pass: pass.clone(),
            domain: shopify.shop.clone(),
            secret: shopify.webhook_secret().map(|secret| Secret::new(secret.expose())),
            connection,
            storefront,
            mirror,
            woken: Notify::new(),
        })
    }

    /// Whether Shopify signed this for the store; before anything of the body is read.
    pub fn prove<'h>(&self, header: impl Fn(&str) -> Option<&'h str>, body: &[u8]) -> Result<Delivery, Refused> {
        let secret = self.secret.as_ref().ok_or(Refused::Unproved)?;
        Delivery::prove(header, body, secret, &self.domain)
    }

    /// Writes a delivery down and wakes the worker; nothing of the work is done here. Whether it is new.
    pub async fn receive(&self, delivery: &Delivery, now: Timestamp) -> Result<bool, DbError> {
        // Also for a repetition: it costs little, and says that something changed.
        self.forget(&delivery.changed);
        let new = self.mirror.receive(&delivery.id, &delivery.name, &delivery.wanted, now).await?;
        if new {
            self.woken.notify_one();
        }
        Ok(new)
    }

    /// Facts that are kept for a moment are not said any more.
    pub fn forget(&self, changed: &Changed) {
        let store = self.pass.store();
        match changed {
            Changed::Order(order) => self.storefront.forget_order(store, order),
            Changed::Product(product) => self.storefront.forget_product(store, product),
            Changed::Anything => self.storefront.forget_store(store),
            Changed::Nothing => {}
        }
    }
}
