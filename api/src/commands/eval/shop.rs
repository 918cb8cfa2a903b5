//! A pack's customers, orders and products: the stand-in for a Shopify store over them, in this process, and the client
//! that serves customers in front of it.

use super::trace;
use crate::sandbox::{Fixture, FixtureError, Options, RunningSandbox, Sandbox};
use crate::store::{StoreError, StoreSettings};
use ::eval::pack::{IndexError, PackShop};
use ::eval::record::Settings;
use engine::StoreId;
use engine::ports::{Clock, Storefront};
use ingest::shopify::operations::API_VERSION;
use ingest::shopify::{Connection, Credentials, Endpoint, Secret, ShopifyClient, ShopifyStorefront};
use jiff::{Timestamp, Unit};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A bucket that never runs dry: what is measured is the answers, not Shopify's limits.
const PLENTY: (f64, f64) = (1e9, 1e9);
/// Longer than the sandbox ever takes, so that a busy machine changes no answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A shop that is served until this is dropped.
pub struct Shop {
    pub storefront: Arc<dyn Storefront>,
    /// The shop's time, which stands still.
    pub now: Timestamp,
    pub settings: StoreSettings,
    /// The settings as a record holds them.
    pub recorded: Settings,
    _running: RunningSandbox,
}

impl Shop {
    pub async fn open(shop: &PackShop, store: &StoreId) -> Result<Self, IndexError> {
        let fixture = Fixture::load(&shop.dir).map_err(|error: FixtureError| failed(error))?;
        let sandbox = Sandbox::over(fixture, Options { bucket: PLENTY, ..Options::default() });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
        let running = sandbox.start(listener).map_err(failed)?;
        let now = running.now().round(Unit::Minute).map_err(failed)?;
        let endpoint = Endpoint::parse(&running.url()).map_err(failed)?;
        let credentials = Credentials::App {
            client_id: running.client_id().to_owned(),
            client_secret: Secret::new(running.client_secret()),
        };
        let client = Arc::new(ShopifyClient::new(endpoint, API_VERSION, credentials));
        let storefront = Arc::new(ShopifyStorefront::new(Arc::new(StoppedClock(now))));
        storefront.connect(store, Arc::new(Connection::new(client, PATIENCE)));
        let settings = settings(shop, store).map_err(failed)?;
        let text = match &shop.settings {
            Some(path) => std::fs::read_to_string(path).map_err(failed)?,
            None => PLAIN.to_owned(),
        };
        let recorded = trace::without_secrets(&text, &settings).map_err(failed)?;
        Ok(Self { storefront, now, settings, recorded, _running: running })
    }
}

/// The pack's own settings of the store; without any, nothing is said about returns, delivery and cancellation.
fn settings(shop: &PackShop, store: &StoreId) -> Result<StoreSettings, StoreError> {
    match &shop.settings {
        Some(path) => StoreSettings::load(path, store),
        None => StoreSettings::parse(PLAIN, Path::new("pack"), store).map_err(StoreError::Invalid),
    }
}

const PLAIN: &str = r#"
name = "the store"
domain = "store.example"
currency = "USD"
languages = ["en"]

[hours]
time_zone = "UTC"
"#;

pub struct StoppedClock(pub Timestamp);

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

fn failed(error: impl std::fmt::Display) -> IndexError {
    IndexError(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pack_without_settings_has_plain_ones() {
        let shop = PackShop { dir: "nowhere".into(), settings: None };
        let settings = settings(&shop, &StoreId::parse("pack").unwrap()).unwrap();
        assert!(settings.profile().returns.is_none());
    }
}
