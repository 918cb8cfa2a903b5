//! Configuration in, parts out: the only place that knows which part stands behind which port.

pub mod intents;
mod places;
mod risk;
mod stores;

pub use places::{Places, SaidPlaces};
pub use risk::{RiskFileError, fingerprint};
pub use stores::Stores;

use crate::{
    app::{App, AppParts, Loaded},
    config::Config,
    db::{
        DbError,
        desk::Desks,
        keys::Keys,
        mirror::{Mirror, Mirrors},
    },
    deliver::{Channels, Deliverer, worker as delivery},
    identity::{Identity, IdentityParts, KeyFileError, LimitedStorefront, Tries},
    machine::Machine,
    sandbox::in_process,
    shopify::{erase::Eraser, index::IndexWriter, shop::Shops, supervisor::Supervisor, worker::Pace},
    store::{self, StoreSettings},
};
use engine::understand::IntentReader;
use engine::{
    Engine, StoreId, StorePass,
    ports::{
        Approved, Catalogue, Clock, Contacts, Embedder, Generator, Handoffs, Knowledge, KnowledgeError, Ports,
        Reranker, Storefront,
    },
};
use ingest::{
    catalogue::IndexCatalogue,
    chunk::ChunkConfig,
    index::{
        Index, IndexMeta,
        edge::EdgeIndex,
        erase::Place,
        fuse::FusionConfig,
        server::{ServerConfig, ServerIndex, ServerKey},
    },
    knowledge::{EdgeKnowledge, ServerKnowledge},
    library::{Library, WriteLock},
    sync::SyncTarget,
};
pub use intents::IntentsError;
use jiff::{SignedDuration, Timestamp};
use models::{
    catalog::{Catalog, CatalogError, Entry, Role},
    embedder::BertEmbedder,
    encoder::EncoderConfig,
    generator::{GeneratorConfig, GgufGenerator},
    reranker::{CrossEncoder, LateInteraction},
    weights::{ModelDir, WeightsError},
};
use std::sync::Arc;

/// Why the parts do not fit together.
#[derive(Debug, thiserror::Error)]
pub enum WiringError {
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    #[error(transparent)]
    Weights(#[from] WeightsError),
    #[error("the configuration names {name} as {wanted}, but it is a {role}; see `shopclerk models list`")]
    Role { name: String, wanted: &'static str, role: Role },
    #[error("the model {name} cannot be loaded")]
    Encoder { name: String, source: models::encoder::LoadError },
    #[error("the generator {name} cannot be loaded")]
    Generator { name: String, source: models::generator::LoadError },
    #[error(transparent)]
    Knowledge(#[from] KnowledgeError),
    #[error(transparent)]
    Risk(#[from] RiskFileError),
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    ServerKey(#[from] KeyFileError),
    #[error(transparent)]
    Intents(#[from] IntentsError),
    #[error("loading a model ended unexpectedly")]
    Loading(#[from] tokio::task::JoinError),
}

/// Configuration and folders, settled once at the start.
#[derive(Clone, Debug)]
pub struct House {
    pub config: Config,
    pub places: Places,
    pub machine: Machine,
    pub clock: HouseClock,
}

/// The time by which questions are answered: the real one, or that of a world that lies some way off, as the sample
/// store's does.
#[derive(Clone, Copy, Debug, Default)]
pub struct HouseClock {
    ahead: SignedDuration,
}

impl HouseClock {
    /// A clock that says `now` at this moment, and runs.
    pub fn that_says(now: Timestamp) -> Self {
        Self { ahead: now.duration_since(Timestamp::now()) }
    }
}

impl Clock for HouseClock {
    fn now(&self) -> Timestamp {
        Timestamp::now().saturating_add(self.ahead).unwrap_or_else(|_| Timestamp::now())
    }
}

/// What answers about orders and products, and who may ask.
pub struct Live {
    pub stores: Stores,
    /// Counts the claims that it answers.
    pub storefront: Arc<dyn Storefront>,
    pub tries: Tries,
    desks: Arc<Desks>,
}

/// The models that are in use.
#[derive(Clone)]
pub struct LoadedModels {
    pub embedder: Arc<dyn Embedder>,
    pub reranker: Option<Arc<dyn Reranker>>,
    pub generator: Option<Arc<dyn Generator>>,
    /// What a message is about; `None` where the settings want the word patterns alone.
    pub intents: Option<Arc<IntentReader>>,
}

/// The real time.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

impl House {
    pub fn catalog(&self) -> Result<Catalog, CatalogError> {
        let catalog = Catalog::shipped()?;
        let own = &self.config.models.catalog;
        if own.as_os_str().is_empty() { Ok(catalog) } else { catalog.with_file(own) }
    }

    pub fn model_dir(&self) -> ModelDir {
        ModelDir::new(&self.places.models)
    }

    pub fn library(&self) -> Library {
        Library::new(&self.places.data)
    }

    pub fn chunks(&self) -> ChunkConfig {
        ChunkConfig { max_chars: self.config.index.chunk_max_chars, min_chars: self.config.index.chunk_min_chars }
    }

    /// The server that holds the indexes, if they are not embedded.
    pub fn server(&self) -> Option<ServerConfig> {
        let index = &self.config.index;
        (!index.url.is_empty()).then(|| self.server_at(&index.url))
    }

    /// A server with the configured key.
    pub fn server_at(&self, url: &str) -> ServerConfig {
        let api_key = self.config.index.api_key.expose().map(|key| ServerKey(key.to_owned()));
        ServerConfig { api_key, ..ServerConfig::new(url) }
    }

    /// The generator that the configuration means: by name, or the first of the machine's profile that is here.
    pub fn generator_entry(&self) -> Result<Option<Entry>, WiringError> {
        let catalog = self.catalog()?;
        match self.config.models.generator.as_str() {
            "none" => Ok(None),
            "auto" => {
                let dir = self.model_dir();
                for name in self.machine.profile().generators {
                    let entry = catalog.get(name)?;
                    match dir.installed(entry) {
                        Ok(_) => return Ok(Some(entry.clone())),
                        Err(WeightsError::Missing { .. }) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                Ok(None)
            }
            name => expect_role(catalog.get(name)?, Role::Generator, "generator").map(Some),
        }
    }

    /// Reads the weights of the embedder only: what `sync` needs.
    pub async fn load_embedder(&self) -> Result<Arc<BertEmbedder>, WiringError> {
        let entry = expect_role(self.catalog()?.get(&self.config.models.embedder)?, Role::Embedder, "embedder")?;
        let files = self.model_dir().installed(&entry)?;
        let config = self.encoder();
        let loading = tokio::task::spawn_blocking(move || {
            BertEmbedder::load(&entry, &files, config)
                .map_err(|source| WiringError::Encoder { name: entry.name.clone(), source })
        });
        loading.await?
    }

    /// Reads the weights of everything that answering needs.
    pub async fn load_models(&self) -> Result<LoadedModels, WiringError> {
        let embedder = self.load_embedder().await?;
        let reading: Arc<dyn Embedder> = embedder.clone();
        let intents = self.intents(&reading).await?;
        let reranker: Option<Arc<dyn Reranker>> = match self.config.models.reranker.as_str() {
            "none" => None,
            "late-interaction" => Some(Arc::new(LateInteraction::new(Arc::clone(&embedder)))),
            name => {
                let entry = expect_role(self.catalog()?.get(name)?, Role::Reranker, "reranker")?;
                let files = self.model_dir().installed(&entry)?;
                let config = self.encoder();
                let loading = tokio::task::spawn_blocking(move || {
                    CrossEncoder::load(&entry, &files, config)
                        .map_err(|source| WiringError::Encoder { name: entry.name.clone(), source })
                });
                Some(loading.await??)
            }
        };
        let generator = self.load_generator().await?;
        Ok(LoadedModels { embedder, reranker, generator, intents })
    }

    /// The configured generator alone; `None` where none is.
    pub async fn load_generator(&self) -> Result<Option<Arc<dyn Generator>>, WiringError> {
        let Some(entry) = self.generator_entry()? else { return Ok(None) };
        let files = self.model_dir().installed(&entry)?;
        let config = GeneratorConfig {
            queue: self.config.limits.concurrent.max(GeneratorConfig::standard(1).queue),
            ..GeneratorConfig::standard(self.threads())
        };
        let loading = tokio::task::spawn_blocking(move || {
            GgufGenerator::load(files.id.clone(), files.weights(), &config)
                .map_err(|source| WiringError::Generator { name: entry.name.clone(), source })
        });
        Ok(Some(loading.await??))
    }

    pub fn knowledge(&self) -> Result<Arc<dyn Knowledge>, WiringError> {
        let index = &self.config.index;
        let fusion = FusionConfig {
            k: index.rrf_k,
            dense_weight: index.dense_weight,
            lexical_weight: index.lexical_weight,
            depth: index.depth,
        };
        Ok(match self.server() {
            Some(server) => Arc::new(ServerKnowledge::new(&server, &index.language, fusion)?),
            None => Arc::new(EdgeKnowledge::new(self.library(), &index.language, fusion)?),
        })
    }

    /// From now on it is the time of the store's sandbox, if it has one: that of the world that its orders are from.
    pub fn move_to(&mut self, store: &StoreId) {
        let fixture = StoreSettings::of(&self.places.data, store).ok().and_then(|settings| settings.shopify?.sandbox);
        // A fixture that cannot be read is reported when the store is connected.
        if let Some(sandbox) = fixture.and_then(|fixture| in_process::over(&fixture).ok()) {
            self.clock = HouseClock::that_says(sandbox.now());
        }
    }

    /// For a server: there is one time for all its stores. A sandbox's holds where every connected store has a sandbox;
    /// beside a real shop it is the real one, and the orders of a sandbox are then from another time.
    pub fn move_to_sandboxes(&mut self) {
        let stores = store::all_in(&self.places.data).into_iter().filter_map(|(store, settings)| {
            let shopify = settings.ok()?.shopify?;
            Some((store, shopify.sandbox.is_some()))
        });
        let (tried, real): (Vec<_>, Vec<_>) = stores.partition(|(_, sandbox)| *sandbox);
        match tried.first() {
            Some((store, _)) if real.is_empty() => self.move_to(store),
            Some((store, _)) => {
                tracing::warn!(store.id = %store, "its sandbox is asked at the real time, because other stores are real");
            }
            None => {}
        }
    }

    /// The stores as their settings say. Settings that are wrong are logged, and their store goes without.
    pub fn live(&self, desks: &Arc<Desks>) -> Result<Live, WiringError> {
        let stores = Stores::new(self.places.data.clone(), self.clock);
        stores.look();
        let key = Identity::server_key(&self.places.data)?;
        let tries = Tries::new(desks.clone(), key, Arc::new(SystemClock), self.config.identity.clone());
        let storefront = Arc::new(LimitedStorefront::new(stores.storefront.clone(), tries.clone()));
        Ok(Live { stores, storefront, tries, desks: desks.clone() })
    }

    pub fn engine(
        &self,
        models: &LoadedModels,
        handoffs: Arc<dyn Handoffs>,
        live: &Live,
    ) -> Result<Engine, WiringError> {
        self.engine_with(models, handoffs, live, None)
    }

    /// `contacts` keep what is asked for later conversations; a question that is only tried leaves nothing there.
    fn engine_with(
        &self,
        models: &LoadedModels,
        handoffs: Arc<dyn Handoffs>,
        live: &Live,
        contacts: Option<Arc<dyn Contacts>>,
    ) -> Result<Engine, WiringError> {
        let (approved, storefront) = (Some(live.desks.clone() as Arc<dyn Approved>), Some(live.storefront.clone()));
        let catalogue = Some(self.catalogue());
        let ports = Ports { approved, storefront, catalogue, contacts, ..self.ports(models, handoffs)? };
        Ok(Engine::new(ports, self.config.engine.to_engine())
            .with_intents(models.intents.clone())
            .with_risk(self.risk(models)?)
            .with_profiles(live.stores.profiles.clone()))
    }

    pub fn ports(&self, models: &LoadedModels, handoffs: Arc<dyn Handoffs>) -> Result<Ports, WiringError> {
        let LoadedModels { embedder, reranker, generator, intents: _ } = models.clone();
        let (knowledge, clock) = (self.knowledge()?, Arc::new(self.clock));
        Ok(Ports {
            embedder,
            reranker,
            generator,
            knowledge,
            handoffs,
            approved: None,
            catalogue: None,
            contacts: None,
            storefront: None,
            clock,
        })
    }

    /// The titles of the stores' products, read when they are first asked for.
    pub fn catalogue(&self) -> Arc<dyn Catalogue> {
        Arc::new(IndexCatalogue::new(self.library(), self.server()))
    }

    /// Where a sync of the store writes to. The lock keeps every other writer out for as long as it is held; an
    /// embedded index holds its own.
    pub async fn sync_target(
        &self,
        pass: &StorePass,
        embedder: Arc<dyn Embedder>,
        rebuild: bool,
    ) -> Result<(SyncTarget, Option<WriteLock>), WiringError> {
        let meta = IndexMeta::new(embedder.model().clone(), embedder.dimensions(), &self.config.index.language);
        let shelf = self.library().shelf(pass).map_err(KnowledgeError::from)?;
        let (index, lock): (Box<dyn Index>, _) = match self.server() {
            Some(server) => {
                let lock = shelf.lock().map_err(KnowledgeError::from)?;
                (Box::new(ServerIndex::open(&server, pass, meta.clone(), rebuild).await?), Some(lock))
            }
            None => (Box::new(EdgeIndex::open(&shelf, meta.clone(), rebuild).await?), None),
        };
        Ok((SyncTarget { index, embedder, meta }, lock))
    }

    pub fn desks(&self) -> Arc<Desks> {
        Arc::new(Desks::new(self.places.data.clone(), Arc::new(SystemClock)))
    }

    pub fn mirrors(&self) -> Arc<Mirrors> {
        Arc::new(Mirrors::new(self.places.data.clone()))
    }

    /// Where the store's index is, for an erasure.
    pub fn place(&self, pass: &StorePass) -> Result<Place, WiringError> {
        let shelf = self.library().shelf(pass).map_err(KnowledgeError::from)?;
        Ok(match self.server() {
            Some(config) => Place::Server { config, pass: pass.clone(), shelf },
            None => Place::Edge(shelf),
        })
    }

    /// What takes a person out of a store.
    pub fn eraser(&self, pass: StorePass, mirror: Mirror, desks: Arc<Desks>) -> Result<Eraser, WiringError> {
        let key = Identity::server_key(&self.places.data)?;
        let tries = Tries::new(desks, key, Arc::new(SystemClock), self.config.identity.clone());
        Ok(Eraser { data: self.places.data.clone(), place: self.place(&pass)?, pass, mirror, tries })
    }

    pub async fn keys(&self) -> Result<Keys, DbError> {
        Keys::open(&self.places.data).await
    }

    /// The whole server, less its socket.
    async fn app(&self, models: &LoadedModels, live: Live) -> Result<App, WiringError> {
        let desks = live.desks.clone();
        let contacts: Arc<dyn Contacts> = desks.clone();
        let engine = self.engine_with(models, desks.clone(), &live, Some(contacts))?;
        let identity = Identity::new(IdentityParts {
            desks: desks.clone(),
            clock: Arc::new(SystemClock),
            storefront: Some(live.storefront.clone()),
            ways: live.stores.ways.clone(),
            tries: live.tries,
        });
        let loaded = Loaded {
            embedder: models.embedder.model().to_string(),
            reranker: models.reranker.as_ref().map(|reranker| reranker.model().to_string()),
            generator: models.generator.as_ref().map(|generator| generator.model().to_string()),
        };
        let parts = AppParts {
            engine,
            keys: self.keys().await?,
            desks,
            identity,
            http: self.config.http.clone(),
            limits: self.config.limits.clone(),
            handoff_message: self.config.engine.handoff_message.clone(),
            loaded,
            shops: Shops::default(),
            channels: Channels::default(),
        };
        Ok(App::new(parts).await?)
    }

    /// The server, and what is done for its stores besides answering. `pass` makes the pass of a store whose settings
    /// are in the data folder.
    pub async fn serving(
        &self,
        models: &LoadedModels,
        pass: fn(&StoreId) -> StorePass,
    ) -> Result<(App, Supervisor, Deliverer), WiringError> {
        let live = self.live(&self.desks())?;
        let stores = live.stores.clone();
        let app = self.app(models, live).await?;
        let supervisor = Supervisor {
            index: IndexWriter { house: self.clone(), embedder: models.embedder.clone() },
            desks: app.desks.clone(),
            keys: self.keys().await?,
            mirrors: self.mirrors(),
            shops: app.shops.clone(),
            stores,
            pace: Pace::default(),
            pass,
        };
        let (data, pace) = (self.places.data.clone(), delivery::Pace::default());
        let deliverer = Deliverer { app: app.clone(), data, pace, pass };
        Ok((app, supervisor, deliverer))
    }

    fn encoder(&self) -> EncoderConfig {
        EncoderConfig { queue: self.config.models.queue, ..EncoderConfig::standard(self.threads()) }
    }

    fn threads(&self) -> usize {
        match self.config.models.threads {
            0 => self.machine.cores,
            threads => threads,
        }
    }
}

fn expect_role(entry: &Entry, role: Role, wanted: &'static str) -> Result<Entry, WiringError> {
    if entry.role == role {
        Ok(entry.clone())
    } else {
        Err(WiringError::Role { name: entry.name.clone(), wanted, role: entry.role })
    }
}
