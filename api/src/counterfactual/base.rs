//! What is, before anything is changed.

use super::CounterfactualError;
use super::trial::Trial;
use crate::commands::{eval_ports, operator};
use crate::shopify::shop::connection;
use crate::store::{StoreError, StoreSettings};
use crate::wiring::{House, LoadedModels};
use ::eval::pack::IndexedStore;
use engine::ports::{Clock, Storefront};
use engine::{Engine, Profiles, StoreId};
use ingest::index::erase::Place;
use ingest::index::known::{self, KnownDocument};
use ingest::mask::MaskConfig;
use ingest::shopify::ShopifyStorefront;
use ingest::source::{Currency, ReadOptions};
use ingest::sync::{SyncOptions, SyncProgress, sync_paths};
use jiff::Timestamp;
use std::path::PathBuf;
use std::sync::Arc;

/// A store that can be asked, and where its parts lie.
pub struct Base {
    pub store: IndexedStore,
    /// Where its index is.
    pub place: Place,
    pub settings: Option<StoreSettings>,
    /// The folder of an index that was made for this.
    _made: Option<Trial>,
}

impl Base {
    /// A synced store, as it stands. Its orders are asked where a sandbox stands in for the shop, or where `live` says
    /// that the real one may be.
    pub fn of_store(
        house: &House,
        models: &LoadedModels,
        store: &StoreId,
        live: bool,
    ) -> Result<Self, CounterfactualError> {
        Self::over(house, house, models, store, live)
    }

    /// A store whose knowledge is made of `sources` anew, in a folder of its own, whatever its index holds.
    pub async fn of_sources(
        house: &House,
        models: &LoadedModels,
        store: &StoreId,
        live: bool,
        sources: &[PathBuf],
        progress: &dyn SyncProgress,
    ) -> Result<Self, CounterfactualError> {
        let trial = Trial::of_sources(house, store)?;
        let apart = &trial.house;
        let base = Self::over(house, apart, models, store, live)?;
        let read = read_options(base.settings.as_ref())?;
        let (mut target, _lock) = apart.sync_target(&base.store.pass, models.embedder.clone(), false).await?;
        let options = SyncOptions { allow_mass_removal: true, chunks: apart.chunks(), ..SyncOptions::default() };
        let report = sync_paths(&mut target, sources, &read, &options, progress).await?;
        if let Some(failure) = report.failed.first() {
            let problem = failure.reason.clone();
            return Err(CounterfactualError::File { path: failure.path.clone(), problem });
        }
        Ok(Self { _made: Some(trial), ..base })
    }

    /// `indexed` says where the index is, `house` where everything else is.
    fn over(
        house: &House,
        indexed: &House,
        models: &LoadedModels,
        store: &StoreId,
        live: bool,
    ) -> Result<Self, CounterfactualError> {
        let settings = match StoreSettings::of(&house.places.data, store) {
            Ok(settings) => Some(settings),
            Err(StoreError::Missing(_)) => None,
            Err(error) => return Err(error.into()),
        };
        let mut ports = eval_ports(models, indexed.knowledge()?);
        // Both runs at one moment: that of the shop's world where a sandbox has one.
        let mut moved = house.clone();
        moved.move_to(store);
        let clock = Arc::new(Stopped(moved.clock.now()));
        let profiles = Profiles::default();
        if let Some(settings) = &settings {
            profiles.set(settings.profile());
            let shopify = settings.shopify.as_ref().filter(|shopify| live || shopify.sandbox.is_some());
            if let Some(shopify) = shopify {
                let storefront = ShopifyStorefront::new(clock.clone());
                storefront.connect(store, Arc::new(connection(shopify, store)?));
                ports.storefront = Some(Arc::new(storefront) as Arc<dyn Storefront>);
            }
        }
        ports.clock = clock;
        let engine = Engine::new(ports.clone(), house.config.engine.to_engine())
            .with_intents(models.intents.clone())
            .with_risk(house.risk(models)?)
            .with_profiles(profiles);
        let pass = operator(store);
        let place = indexed.place(&pass)?;
        Ok(Self { store: IndexedStore { pass, engine, ports }, place, settings, _made: None })
    }

    /// A store that was made of a pack.
    pub fn of_pack(store: IndexedStore, place: Place, settings: Option<StoreSettings>) -> Self {
        Self { store, place, settings, _made: None }
    }

    /// Every document that is searched.
    pub async fn documents(&self) -> Result<Vec<KnownDocument>, CounterfactualError> {
        Ok(known::documents(&self.place, self.store.pass.store()).await?)
    }
}

/// How the store's own sources are read.
pub(super) fn read_options(settings: Option<&StoreSettings>) -> Result<ReadOptions, CounterfactualError> {
    let Some(settings) = settings else { return Ok(ReadOptions::default()) };
    let wrong = |problem: String| CounterfactualError::File { path: settings.path().to_owned(), problem };
    let basics = &settings.basics;
    let currency: Currency = basics.currency.code().parse().map_err(|e| wrong(format!("currency: {e}")))?;
    let mask = MaskConfig::keeping(vec![basics.name.clone()])
        .with_order_number(basics.order_number_pattern.as_str())
        .map_err(|e| wrong(format!("order_number_pattern: {e}")))?;
    Ok(ReadOptions { currency, mask, ..ReadOptions::default() })
}

struct Stopped(Timestamp);

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        self.0
    }
}
