//! Packs as stores: the documents go through the same sync as a store's sources, into an index that is kept.

use super::bar::Bar;
use super::desk::NoKnowledge;
use super::ports;
use super::shop::{Shop, StoppedClock};
use super::signed_off::SignedOff;
use crate::store::StoreSettings;
use crate::{
    commands::{demo, operator},
    wiring::{House, LoadedModels, WiringError},
};
use ::eval::pack::{IndexError, IndexedStore, Pack, PackIndex, PackShop, Shelf};
use ::eval::record::Settings;
use async_trait::async_trait;
use engine::ports::{Approved, Knowledge, Ports};
use engine::{Engine, Profiles, RiskModel, StoreId, StorePass};
use ingest::document::Document;
use ingest::index::erase::Place;
use ingest::source::{Failure, ReadOptions, read_each};
use ingest::sync::{SyncOptions, sync};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What packs without documents are asked over.
#[derive(Clone, Debug)]
pub enum Over {
    /// A store that has been synced.
    Store(StoreId),
    /// Another pack's documents.
    Pack(PathBuf),
    /// The sample store where its folder is here; otherwise nothing at all.
    Sample,
}

/// Where the sample store lies in a checkout; the default of `shopclerk demo --store-dir`, too.
const SAMPLE: &str = "api/demo";

pub struct PackLibrary {
    /// As configured, but for the folder of its data.
    house: House,
    /// Where the real stores' settings are.
    data: PathBuf,
    models: LoadedModels,
    /// Decides what may be said.
    risk: Option<Arc<RiskModel>>,
    /// What a store has signed off.
    approved: Option<SignedOff>,
    knowledge: Arc<dyn Knowledge>,
    /// The index of the real stores.
    stores: Arc<dyn Knowledge>,
    over: Over,
    bar: Arc<Bar>,
    /// Served as long as the library is used.
    shops: Mutex<Vec<Shop>>,
}

impl PackLibrary {
    /// The settings of a store's shop, whole.
    pub fn shop_settings(&self, store: &StoreId) -> Option<StoreSettings> {
        let shops = self.shops.lock().unwrap_or_else(PoisonError::into_inner);
        shops.iter().find(|shop| shop.settings.store == *store).map(|shop| shop.settings.clone())
    }

    /// Where the index of a pack is.
    pub fn place(&self, pass: &StorePass) -> Result<Place, WiringError> {
        self.house.place(pass)
    }
}

impl PackLibrary {
    /// Keeps the indexes in `<data>/eval`, apart from those of the stores.
    pub fn new(mut house: House, models: LoadedModels, over: Over, bar: Arc<Bar>) -> Result<Self, WiringError> {
        let stores = house.knowledge()?;
        let data = house.places.data.clone();
        house.places.data.push("eval");
        let knowledge = house.knowledge()?;
        Ok(Self {
            data,
            house,
            models,
            risk: None,
            approved: None,
            knowledge,
            stores,
            over,
            bar,
            shops: Mutex::default(),
        })
    }

    /// With a risk that decides in the place of the coverage bound.
    pub fn with_risk(self, risk: Option<Arc<RiskModel>>) -> Self {
        Self { risk, ..self }
    }

    /// With what a store has signed off. Packs are stores of their own, and have signed off nothing.
    pub fn with_approved(self, approved: Option<SignedOff>) -> Self {
        Self { approved, ..self }
    }

    /// The shelf's name and a hash of all that makes its index another one.
    fn store(&self, shelf: &Shelf) -> Result<StoreId, IndexError> {
        let (embedder, index) = (self.models.embedder.model(), &self.house.config.index);
        let mut hash = Sha256::new();
        hash.update(format!("{:?}{embedder}{}{:?}", shelf.files, index.language, self.house.chunks()));
        hash.update(format!("{:?}", shelf.without));
        let hash: String = hash.finalize().iter().take(5).map(|byte| format!("{byte:02x}")).collect();
        let safe = |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' };
        let name: String = shelf.name.to_lowercase().chars().map(safe).take(40).collect();
        StoreId::parse(&format!("pack-{name}-{hash}")).map_err(failed)
    }

    async fn bring_up_to_date(&self, pass: &StorePass, shelf: &Shelf) -> Result<(), IndexError> {
        let embedder = self.models.embedder.clone();
        let (mut target, _lock) = self.house.sync_target(pass, embedder, false).await.map_err(failed)?;
        let options = SyncOptions { allow_mass_removal: true, chunks: self.house.chunks(), ..SyncOptions::default() };
        let read = ReadOptions::default();
        let source = |sink: &mut dyn FnMut(Result<Document, Failure>)| {
            read_each(&shelf.files, &read, &mut |item| match item {
                Ok(document) if shelf.without.contains(&document.id) => {}
                item => sink(item),
            })
        };
        let report = sync(&mut target, source, &options, &*self.bar).await.map_err(failed)?;
        // A corpus with holes would be measured as if it had none.
        report.failed.first().map_or(Ok(()), |failure| Err(failed(failure)))
    }

    /// Serves a shop for as long as the library is used.
    async fn connect(&self, store: &mut IndexedStore, shop: &PackShop) -> Result<(), IndexError> {
        let shop = Shop::open(shop, store.pass.store()).await?;
        store.ports.storefront = Some(shop.storefront.clone());
        store.ports.clock = Arc::new(StoppedClock(shop.now));
        let profiles = Profiles::default();
        profiles.set(shop.settings.profile());
        store.engine = store.engine.with_ports(store.ports.clone()).with_profiles(profiles);
        self.shops.lock().unwrap_or_else(PoisonError::into_inner).push(shop);
        Ok(())
    }

    fn indexed(&self, pass: StorePass, knowledge: Arc<dyn Knowledge>) -> IndexedStore {
        let approved = self.approved.clone().map(|approved| Arc::new(approved) as Arc<dyn Approved>);
        let ports = Ports { approved, ..ports(&self.models, knowledge) };
        let engine = Engine::new(ports.clone(), self.house.config.engine.to_engine())
            .with_intents(self.models.intents.clone())
            .with_risk(self.risk.clone());
        IndexedStore { pass, engine, ports }
    }
}

#[async_trait]
impl PackIndex for PackLibrary {
    async fn open(&self, shelf: &Shelf) -> Result<IndexedStore, IndexError> {
        let pass = operator(&self.store(shelf)?);
        self.bring_up_to_date(&pass, shelf).await?;
        let mut store = self.indexed(pass, self.knowledge.clone());
        if let Some(shop) = &shelf.shop {
            self.connect(&mut store, shop).await?;
        }
        Ok(store)
    }

    fn settings(&self, store: &StoreId) -> Option<Settings> {
        let shops = self.shops.lock().unwrap_or_else(PoisonError::into_inner);
        shops.iter().find(|shop| shop.settings.store == *store).map(|shop| shop.recorded.clone())
    }

    async fn fallback(&self) -> Result<(String, Option<Shelf>, IndexedStore), IndexError> {
        if let Over::Store(store) = &self.over {
            let mut indexed = self.indexed(operator(store), self.stores.clone());
            let settings = StoreSettings::of(&self.data, store).ok();
            let sandbox = settings.as_ref().and_then(|s| s.shopify.as_ref()?.sandbox.clone());
            if let (Some(settings), Some(dir)) = (settings, sandbox) {
                let shop = PackShop { dir, settings: Some(settings.path().to_owned()) };
                self.connect(&mut indexed, &shop).await?;
            }
            return Ok((format!("the store {store}"), None, indexed));
        }
        let Some(shelf) = shelf_of(&self.over)? else {
            let nothing = operator(&StoreId::parse("nothing").map_err(failed)?);
            return Ok(("no documents at all".into(), None, self.indexed(nothing, Arc::new(NoKnowledge))));
        };
        let store = self.open(&shelf).await?;
        Ok((shelf.name.clone(), Some(shelf), store))
    }
}

/// The documents that packs without documents are asked over; `None` where they are a store's, or where there are none.
pub fn shelf_of(over: &Over) -> Result<Option<Shelf>, IndexError> {
    let shelf = match over {
        Over::Store(_) => return Ok(None),
        Over::Pack(dir) => {
            let pack = Pack::open(dir).map_err(failed)?;
            Shelf { files: pack.corpus_files(), name: pack.name, without: BTreeSet::new(), shop: None }
        }
        Over::Sample => {
            let paths = demo::SOURCES.iter().map(|name| Path::new(SAMPLE).join(name));
            let files = paths.filter(|path| path.exists()).collect();
            let dir = Path::new(SAMPLE).join("shop");
            let settings = Some(Path::new(SAMPLE).join("store.toml")).filter(|path| path.is_file());
            let shop = dir.join("orders.jsonl").is_file().then_some(PackShop { dir, settings });
            Shelf { name: "the sample store".into(), files, without: BTreeSet::new(), shop }
        }
    };
    Ok((!shelf.files.is_empty()).then_some(shelf))
}

fn failed(error: impl std::fmt::Display) -> IndexError {
    IndexError(error.to_string())
}
