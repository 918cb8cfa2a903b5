//! `shopclerk eval live`: the sandbox, the client and the engine over every order of a fixture. No model is asked.

use super::args::Common;
use super::bar::Bar;
use super::desk::NoDesk;
use crate::commands::{CommandError, Exit, operator};
use crate::config::shipped;
use crate::db::desk::Desks;
use crate::identity::{Identity, LimitedStorefront, Tries};
use crate::sandbox::{Fault, FaultKind, Options, RunningSandbox, Sandbox};
use crate::store::{StoreError, StoreSettings};
use crate::wiring::House;
use ::eval::live::{self, Attacked, Judged, Rules, Shop};
use ::eval::report::{Report, Run};
use ::eval::results::write_whole;
use ::eval::retrieval::sample;
use async_trait::async_trait;
use clap::Args;
use engine::ports::{
    Clock, Embedder, Embedding, Knowledge, KnowledgeError, ModelError, ModelId, Ports, SearchQuery, Storefront,
};
use engine::{Engine, Passage, Profiles, StoreId, StorePass};
use ingest::shopify::operations::API_VERSION;
use ingest::shopify::{Connection, Credentials, Endpoint, Secret, ShopifyClient, ShopifyStorefront};
use jiff::Timestamp;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug, Args)]
pub struct LiveArgs {
    /// Its settings hold the rules; without any, those of the file store.toml beside the fixture's folder count.
    #[arg(long)]
    store: StoreId,
    /// A folder as `shopclerk sandbox` serves it.
    #[arg(long, value_name = "DIR", default_value = "api/demo/shop")]
    fixture: PathBuf,
    /// The share of Shopify's answers that fail, in a run of its own; 0 leaves it out.
    #[arg(long, value_name = "SHARE", default_value_t = 0.2)]
    faults: f64,
    /// How many hostile look-ups are tried.
    #[arg(long, value_name = "N", default_value_t = 500)]
    hostile: usize,
    /// How many questions are asked at once.
    #[arg(long, value_name = "N", default_value_t = 4)]
    at_once: usize,
    #[command(flatten)]
    common: Common,
}

/// Replies that are not right and are shown; `--out` holds all.
const SHOWN: usize = 10;
/// Questions of the run with faults.
const UNDER_FAULTS: usize = 400;
/// After so long a question is answered without Shopify, where the settings say nothing.
const PATIENCE: Duration = Duration::from_millis(4000);
/// What the engine may take beyond it.
const GRACE: Duration = Duration::from_secs(1);
/// A bucket that never runs dry: what is measured is the answers, not Shopify's limits.
const PLENTY: (f64, f64) = (1e9, 1e9);

pub async fn run(house: House, args: LiveArgs) -> Result<Exit, CommandError> {
    if !(0.0..=1.0).contains(&args.faults) {
        return Err(CommandError::Said("--faults is a share: write a number from 0 to 1".into()));
    }
    let shop = Shop::open(&args.fixture).map_err(|e| CommandError::Said(e.to_string()))?;
    let settings = settings(&house, &args)?;
    let text = std::fs::read_to_string(settings.path()).map_err(CommandError::io("the settings cannot be read"))?;
    let rules = Rules::read(&text).map_err(|e| CommandError::Said(e.to_string()))?;
    let patience = settings.shopify.as_ref().map_or(PATIENCE, |s| Duration::from_millis(s.deadline_ms));
    let world = World { args: &args, shop: &shop, rules: &rules, settings: &settings, patience, bar: Bar::new() };

    let (mut report, mut good, mut lines) = (Report::default(), true, Vec::new());
    let judged = world.all().await?;
    good &= judged.iter().all(|j| j.faults.is_empty());
    print!("{}", live::breakdown(&shop, &judged));
    world.tell(&judged, live::run_of(args.store.as_str(), &judged), &mut report, &mut lines);
    if args.hostile > 0 {
        let attacked = world.hostile().await?;
        good &= attacked.iter().all(|a| a.disclosed.is_empty() && !a.told_apart);
        world.tell_attacks(&attacked, &mut report, &mut lines);
    }
    if args.faults > 0.0 {
        let mut judged = world.failing().await?;
        good &= judged
            .iter()
            .all(|j| j.faults.wrong.is_empty() && j.faults.forbidden.is_empty() && j.took <= patience + GRACE);
        let run = live::run_under_faults(args.store.as_str(), &judged, patience + GRACE);
        // An honest sentence in place of an answer is right here.
        judged.iter_mut().for_each(|j| j.faults.missing.clear());
        world.tell(&judged, run, &mut report, &mut lines);
    }
    if let Some(out) = &args.common.out {
        let text: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
        write_whole(&out.join("live.txt"), &text)?;
    }
    super::finish(&args.common, report)?;
    Ok(if good { Exit::Done } else { Exit::NotGood })
}

/// The store's own settings, or those that lie beside the fixture.
fn settings(house: &House, args: &LiveArgs) -> Result<StoreSettings, CommandError> {
    match StoreSettings::of(&house.places.data, &args.store) {
        Err(missing @ StoreError::Missing(_)) => {
            let beside = args.fixture.parent().unwrap_or(Path::new(".")).join("store.toml");
            if beside.is_file() { Ok(StoreSettings::load(&beside, &args.store)?) } else { Err(missing.into()) }
        }
        found => Ok(found?),
    }
}

struct World<'a> {
    args: &'a LiveArgs,
    shop: &'a Shop,
    rules: &'a Rules,
    settings: &'a StoreSettings,
    patience: Duration,
    bar: Bar,
}

/// A shop that is served, and an engine that is connected to it.
struct Stand {
    engine: Engine,
    storefront: Arc<ShopifyStorefront>,
    /// Serves until it is dropped.
    _shop: RunningSandbox,
}

impl World<'_> {
    async fn all(&self) -> Result<Vec<Judged>, CommandError> {
        let stand = self.stand(Vec::new(), |storefront| storefront).await?;
        let Common { seed, limit, .. } = self.args.common;
        let questions = live::questions(self.shop, &self.pass(), seed, limit);
        Ok(self.measured(&stand, questions).await)
    }

    async fn failing(&self) -> Result<Vec<Judged>, CommandError> {
        let kinds = [
            FaultKind::TooManyRequests,
            FaultKind::ServerError,
            FaultKind::Unavailable,
            FaultKind::Slow(Duration::from_millis(1500)),
            FaultKind::Hang,
            FaultKind::Cut,
            FaultKind::ExpiredToken,
            FaultKind::Throttled,
            FaultKind::DroppedField,
            FaultKind::Truncated,
        ];
        let share = self.args.faults / kinds.len() as f64;
        let faults = kinds.map(|kind| Fault { kind, share }).to_vec();
        let stand = self.stand(faults, |storefront| storefront).await?;
        let Common { seed, limit, .. } = self.args.common;
        let questions = live::questions(self.shop, &self.pass(), seed.wrapping_add(1), limit);
        let questions = sample(questions, Some(UNDER_FAULTS), seed, |q| q.turn.conversation.0.as_str());
        Ok(self.measured(&stand, questions).await)
    }

    async fn hostile(&self) -> Result<Vec<Attacked>, CommandError> {
        let dir = tempfile::tempdir().map_err(CommandError::io("a folder for counted tries cannot be made"))?;
        let clock: Arc<dyn Clock> = Arc::new(Stopped(self.shop.now));
        let desks = Arc::new(Desks::new(dir.path().to_owned(), clock.clone()));
        let key = Identity::server_key(dir.path()).map_err(|e| CommandError::Said(e.to_string()))?;
        // Addresses and the store as a whole are tried far more often than ever in a minute; each conversation is
        // bounded as it is shipped.
        let limits =
            crate::config::Identity { claims_per_address: u32::MAX, claims_per_store: u32::MAX, ..shipped()?.identity };
        let tries = Tries::new(desks, key, clock, limits);
        let limited = |inner| Arc::new(LimitedStorefront::new(inner, tries)) as Arc<dyn Storefront>;
        let stand = self.stand(Vec::new(), limited).await?;
        let Common { seed, .. } = self.args.common;
        let tried = live::attacks(self.shop, &self.pass(), &operator(&self.other_store()?), self.args.hostile, seed);
        // Most of a try is waiting for its class of time.
        Ok(live::attack(&stand.engine, self.shop, self.rules, tried, 4 * self.args.at_once, &self.bar).await)
    }

    async fn measured(&self, stand: &Stand, questions: Vec<live::Question>) -> Vec<Judged> {
        // Each question is one to Shopify: what was kept of the one before would hide how long that takes.
        let forget = || stand.storefront.forget_store(&self.args.store);
        let at_once = self.args.at_once;
        live::measure(&stand.engine, self.shop, self.rules, questions, at_once, &forget, &self.bar).await
    }

    async fn stand(
        &self,
        faults: Vec<Fault>,
        around: impl FnOnce(Arc<dyn Storefront>) -> Arc<dyn Storefront>,
    ) -> Result<Stand, CommandError> {
        let options = Options { faults, seed: self.args.common.seed, bucket: PLENTY, ..Options::default() };
        let sandbox = Sandbox::load(&self.args.fixture, options)?;
        let listening = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let started = listening.and_then(|listener| sandbox.start(listener));
        let shop = started.map_err(CommandError::io("the sandbox cannot be served"))?;
        let endpoint = Endpoint::parse(&shop.url()).map_err(|e| CommandError::Said(e.to_string()))?;
        let credentials = Credentials::App {
            client_id: shop.client_id().to_owned(),
            client_secret: Secret::new(shop.client_secret()),
        };
        let clock = Arc::new(Stopped(self.shop.now));
        let client = Arc::new(ShopifyClient::new(endpoint, API_VERSION, credentials));
        let storefront = Arc::new(ShopifyStorefront::new(clock.clone()));
        storefront.connect(&self.args.store, Arc::new(Connection::new(client, self.patience)));
        let profiles = Profiles::default();
        profiles.set(self.settings.profile());
        // Settings like the others, and no shop.
        profiles.set(engine::StoreProfile { store: self.other_store()?, ..self.settings.profile() });
        let ports = Ports {
            embedder: Arc::new(NoModel(ModelId("none".into()))),
            reranker: None,
            generator: None,
            knowledge: Arc::new(NoPages),
            handoffs: Arc::new(NoDesk),
            approved: None,
            catalogue: None,
            contacts: None,
            storefront: Some(around(storefront.clone())),
            clock,
        };
        let engine = Engine::new(ports, shipped()?.engine.to_engine()).with_profiles(profiles);
        Ok(Stand { engine, storefront, _shop: shop })
    }

    fn pass(&self) -> StorePass {
        operator(&self.args.store)
    }

    /// Another store than the one that is measured.
    fn other_store(&self) -> Result<StoreId, CommandError> {
        let name = if self.args.store.as_str() == "elsewhere" { "nowhere" } else { "elsewhere" };
        name.parse().map_err(|e: engine::access::BadStoreId| CommandError::Said(e.to_string()))
    }

    fn tell(&self, judged: &[Judged], run: Run, report: &mut Report, lines: &mut Vec<String>) {
        let complaints: Vec<String> = judged.iter().filter_map(|j| live::complaint(self.shop, j)).collect();
        complaints.iter().take(SHOWN).for_each(|text| print!("{text}"));
        print!("{}", run.list());
        report.runs.push(run);
        lines.extend(complaints);
    }

    fn tell_attacks(&self, attacked: &[Attacked], report: &mut Report, lines: &mut Vec<String>) {
        let complaints: Vec<String> = attacked.iter().filter_map(|a| live::complaint_of(self.shop, a)).collect();
        complaints.iter().take(SHOWN).for_each(|text| print!("{text}"));
        print!("{}", live::breakdown_of(attacked));
        let run = live::run_of_attacks(self.args.store.as_str(), attacked);
        print!("{}", run.list());
        report.runs.push(run);
        lines.extend(complaints);
    }
}

/// The fixture's time, in which nothing passes.
struct Stopped(Timestamp);

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// What needs a model goes to a person.
struct NoModel(ModelId);

#[async_trait]
impl Embedder for NoModel {
    fn model(&self) -> &ModelId {
        &self.0
    }

    fn dimensions(&self) -> usize {
        1
    }

    async fn embed_query(&self, _text: &str) -> Result<Embedding, ModelError> {
        Err(ModelError::Failed("no pages are asked here".into()))
    }

    async fn embed_passages(&self, _texts: &[String]) -> Result<Vec<Embedding>, ModelError> {
        Err(ModelError::Failed("no pages are asked here".into()))
    }
}

struct NoPages;

#[async_trait]
impl Knowledge for NoPages {
    async fn search(&self, pass: &StorePass, _query: &SearchQuery) -> Result<Vec<Passage>, KnowledgeError> {
        Err(KnowledgeError::NoIndex(pass.store().to_string()))
    }
}
