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
use regex::Regex;
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
        let numbers = order_numbers(&fixture);
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
        let (settings, text) = settings(shop, store, numbers.as_ref())?;
        let recorded = trace::without_secrets(&text, &settings).map_err(failed)?;
        Ok(Self { storefront, now, settings, recorded, _running: running })
    }
}

/// How the orders of a shop without settings are numbered: what all numbers begin with, and so many digits.
fn order_numbers(fixture: &Fixture) -> Option<Regex> {
    let names = fixture.order_names();
    let split = |name: &str| {
        let digits = name.bytes().rev().take_while(u8::is_ascii_digit).count();
        (name[..name.len() - digits].to_owned(), digits)
    };
    let (prefix, digits) = split(names.first()?);
    let (mut least, mut most) = (digits, digits);
    for name in &names {
        let (other, digits) = split(name);
        if other != prefix || digits == 0 {
            return None;
        }
        (least, most) = (least.min(digits), most.max(digits));
    }
    let rest = regex::escape(prefix.trim_start_matches('#'));
    Regex::new(&format!(r"(?i)#?{rest}\d{{{least},{most}}}\b")).ok()
}

/// The pack's own settings of the store, and their text; without any, nothing is said about returns, delivery and
/// cancellation, and orders are known by how they are numbered.
fn settings(shop: &PackShop, store: &StoreId, numbers: Option<&Regex>) -> Result<(StoreSettings, String), IndexError> {
    if let Some(path) = &shop.settings {
        let text = std::fs::read_to_string(path).map_err(|error| failed(format!("{}: {error}", path.display())))?;
        return Ok((StoreSettings::load(path, store).map_err(failed)?, text));
    }
    let numbers = numbers.map(|pattern| format!("order_number_pattern = {}", toml::Value::from(pattern.as_str())));
    let text = format!("{}{PLAIN}", numbers.unwrap_or_default());
    let settings =
        StoreSettings::parse(&text, Path::new("pack"), store).map_err(StoreError::Invalid).map_err(failed)?;
    Ok((settings, text))
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
    fn a_pack_without_settings_has_plain_ones_and_its_orders_own_numbers() {
        let shop = PackShop { dir: "nowhere".into(), settings: None };
        let store = StoreId::parse("pack").unwrap();
        let (plain, _) = settings(&shop, &store, None).unwrap();
        assert!(plain.profile().returns.is_none());
        let numbers = Regex::new(r"(?i)#?FV'\d{4,5}\b").unwrap();
        let (numbered, text) = settings(&shop, &store, Some(&numbers)).unwrap();
        assert_eq!(numbered.profile().order_number.as_str(), numbers.as_str());
        // What is recorded makes the same profile again.
        let recorded = trace::without_secrets(&text, &numbered).unwrap();
        let again = StoreSettings::parse(&recorded.toml, Path::new("record"), &store).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(again.profile().order_number.as_str(), numbers.as_str());
    }
}
