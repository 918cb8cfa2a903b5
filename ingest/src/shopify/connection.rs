//! One connected store: the client, and what of the shop the answers depend on.

use super::client::ShopifyClient;
use super::error::{Deadline, ShopifyError};
use super::operations::{self, shop_info};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::time::Instant;

pub struct Connection {
    pub client: Arc<ShopifyClient>,
    /// After so long a question is answered without Shopify.
    pub(super) patience: Duration,
    /// `namespace.key` of the metafields that products are read with; empty: the first fifty.
    pub(super) metafields: Vec<String>,
    /// How many orders are read at once. Less after Shopify found it too costly.
    pub(super) page: AtomicUsize,
    shop: RwLock<Option<(Instant, Arc<Shop>)>>,
}

/// The shop as it says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shop {
    pub name: String,
    /// `fjellvik.myshopify.com`
    pub domain: String,
    /// `https://fjellvik.example`
    pub url: String,
    /// ISO 4217; prices of products are in it.
    pub currency: String,
    /// `America/Chicago`
    pub time_zone: String,
    /// Scopes that the key has.
    pub scopes: Vec<String>,
    /// Versions of the Admin API that Shopify supports at present.
    pub versions: Vec<String>,
}

/// Scopes and currency change seldom.
const SHOP_HOLDS: Duration = Duration::from_secs(15 * 60);
/// Five orders of the usual size stay below what a single query may cost.
const ORDERS_AT_ONCE: usize = 5;

impl Connection {
    pub fn new(client: Arc<ShopifyClient>, patience: Duration) -> Self {
        let page = AtomicUsize::new(ORDERS_AT_ONCE);
        Self { client, patience, metafields: Vec::new(), page, shop: RwLock::new(None) }
    }

    /// Only these metafields, as `namespace.key`.
    pub fn with_metafields(self, metafields: Vec<String>) -> Self {
        Self { metafields, ..self }
    }

    pub(super) fn wanted_metafields(&self) -> Option<Vec<String>> {
        (!self.metafields.is_empty()).then(|| self.metafields.clone())
    }

    /// Asked once in a while.
    pub async fn shop(&self, deadline: Deadline) -> Result<Arc<Shop>, ShopifyError> {
        let known = self.shop.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, shop)) = known.filter(|(at, _)| at.elapsed() < SHOP_HOLDS) {
            return Ok(shop);
        }
        self.ask_shop(deadline).await
    }

    pub(super) async fn ask_shop(&self, deadline: Deadline) -> Result<Arc<Shop>, ShopifyError> {
        let data = self.client.read::<operations::ShopInfo>(shop_info::Variables, deadline).await?;
        let supported = data.public_api_versions.into_iter().filter(|v| v.supported).map(|v| v.handle);
        let shop = Arc::new(Shop {
            name: data.shop.name,
            domain: data.shop.myshopify_domain,
            url: data.shop.primary_domain.url,
            currency: data.shop.currency_code,
            time_zone: data.shop.iana_timezone,
            scopes: data.current_app_installation.access_scopes.into_iter().map(|s| s.handle).collect(),
            versions: supported.collect(),
        });
        *self.shop.write().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), shop.clone()));
        Ok(shop)
    }
}

impl Shop {
    /// Who may write may read.
    pub fn grants(&self, scope: &str) -> bool {
        let writes = scope.strip_prefix("read_").map(|thing| format!("write_{thing}"));
        self.scopes.iter().any(|granted| granted == scope || Some(granted) == writes.as_ref())
    }
}
