//! `eval questions`, `qa`, `decisions`, `attacks`, `replay` and `all`: asks, prints, and keeps what came.

use super::args::{Answering, Common, ModeArg, PacksArgs, Peering, QuestionsArgs, RetrievalArgs};
use super::bar::Bar;
use super::index::{Over, PackLibrary};
use super::signed_off::SignedOff;
use super::unsearched::Unsearched;
use super::{endpoint, finish, memory, ports, retrieval, unprintable};
use crate::commands::{CommandError, Exit, operator};
use crate::wiring::{House, LoadedModels, fingerprint, intents};
use ::eval::latency::FileLatency;
use ::eval::measure::{AskPlan, MeasureError, Measured, measure, measure_file};
use ::eval::pack::{IndexedStore, Kind, Pack, PackIndex};
use ::eval::peer::Context;
use ::eval::record::Recorder;
use ::eval::report::{Report, complaint};
use ::eval::results::write_whole;
use ::eval::unit::Task;
use engine::ports::{Approved, Ports};
use engine::{Engine, RiskModel, StoreId};
use jiff::Zoned;
use jiff::tz::TimeZone;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Every task there is.
pub const ALL: [Task; 9] = [
    Task::Questions,
    Task::Qa,
    Task::Decisions,
    Task::Replay,
    Task::Intents,
    Task::OutOfScope,
    Task::Attacks,
    Task::Benign,
    Task::Poisoned,
];

/// What a run needs besides its packs: our models, a peer, or both.
pub struct Ready {
    pub house: House,
    /// Absent where a peer answers from what it knows.
    models: Option<LoadedModels>,
    /// Decides what our engine may say from the pages.
    risk: Option<Arc<RiskModel>>,
    peer: Option<endpoint::Set>,
    /// What the store has signed off, if that is to be said.
    approved: Option<SignedOff>,
    pub bar: Arc<Bar>,
}

pub async fn over_packs(house: House, args: &PacksArgs, tasks: &[Task]) -> Result<Exit, CommandError> {
    let ready = Ready::for_packs(house, args).await?;
    let report = asked(&ready, args, tasks).await?;
    finish(&args.common, report)
}

/// Rankings first, then everything that is asked.
pub async fn everything(house: House, args: &PacksArgs) -> Result<Exit, CommandError> {
    let ready = Ready::for_packs(house, args).await?;
    let mut report = Report::default();
    let ranked = packs_with_queries(&args.pack)?;
    // A peer ranks nothing.
    if let (Some(models), None, false) = (&ready.models, &ready.peer, ranked.is_empty() || !args.file.is_empty()) {
        let ranking = RetrievalArgs {
            pack: ranked,
            file: Vec::new(),
            mode: vec![ModeArg::Full],
            without_verbatim: false,
            whole_corpus: false,
            exclude_docs: None,
            no_baselines: true,
            cluster: None,
            common: Common { json: false, out: args.common.out.clone(), ..args.common },
        };
        report.runs.extend(retrieval::measure(ready.house.clone(), &ranking, Some(models.clone())).await?.runs);
    }
    report.runs.extend(asked(&ready, args, &ALL).await?.runs);
    finish(&args.common, report)
}

fn packs_with_queries(dirs: &[PathBuf]) -> Result<Vec<PathBuf>, CommandError> {
    let mut ranked = Vec::new();
    for dir in dirs {
        let pack = Pack::open(dir)?;
        if pack.of(Kind::Queries).next().is_some() && !pack.corpus_files().is_empty() {
            ranked.push(dir.clone());
        }
    }
    Ok(ranked)
}

async fn asked(ready: &Ready, args: &PacksArgs, tasks: &[Task]) -> Result<Report, CommandError> {
    let index = ready.index(over(args.store.as_ref(), args.over.as_deref()))?;
    let measured = measure(&ready.plan(args, tasks)?, &*index, &*ready.bar).await?;
    shown(&args.common, &args.answering, measured)
}

/// What packs without documents are asked over.
pub fn over(store: Option<&StoreId>, pack: Option<&Path>) -> Over {
    match (store, pack) {
        (Some(store), _) => Over::Store(store.clone()),
        (None, Some(dir)) => Over::Pack(dir.to_owned()),
        (None, None) => Over::Sample,
    }
}

/// A file of any kind that is asked, over a store that has been synced.
pub async fn over_store(house: House, args: &QuestionsArgs) -> Result<Exit, CommandError> {
    let ready = Ready::of(house, &args.answering, &args.peering, &args.common).await?;
    let ready = ready.with_approved(args.approved.then_some(&args.store)).await?;
    let store = ready.store(&args.store).await?;
    let plan = ready.planned(&args.answering, &args.common, &[], &ALL, &[])?;
    let measured = measure_file(&plan, args.store.as_str(), &args.file, store, &Bar::new()).await?;
    let report = shown(&args.common, &args.answering, measured)?;
    finish(&args.common, report)
}

impl Ready {
    pub async fn of(
        mut house: House,
        answering: &Answering,
        peering: &Peering,
        common: &Common,
    ) -> Result<Self, CommandError> {
        let engine = &house.config.engine;
        let context = Context { candidates: engine.candidates, passages: engine.passages };
        let peer = endpoint::open(peering, common.seed, context)?;
        if answering.no_generator || peer.is_some() {
            house.config.models.generator = "none".into();
        }
        // Before a peer that is a whole engine nothing of ours is loaded.
        let models = match &peer {
            Some(set) if set.peer.context.is_none() => None,
            Some(_) | None => Some(house.load_models().await?),
        };
        // A peer's replies pass no gate of ours.
        let risk = match (&models, &peer) {
            (Some(models), None) => house.risk(models)?,
            (Some(_) | None, _) => None,
        };
        Ok(Self { house, models, risk, peer, approved: None, bar: Arc::new(Bar::new()) })
    }

    /// With everything that is said of packs.
    pub async fn for_packs(house: House, args: &PacksArgs) -> Result<Self, CommandError> {
        let ready = Self::of(house, &args.answering, &args.peering, &args.common).await?;
        ready.with_approved(args.store.as_ref().filter(|_| args.approved)).await
    }

    /// With the approved answers of a store.
    pub async fn with_approved(self, store: Option<&StoreId>) -> Result<Self, CommandError> {
        let approved = match store {
            Some(store) => Some(SignedOff::read(&self.house.places.data, &self.house.desks(), store).await?),
            None => None,
        };
        Ok(Self { approved, ..self })
    }

    /// Our engine with nothing held back.
    pub async fn open(mut house: House, answering: &Answering) -> Result<Self, CommandError> {
        if answering.no_generator {
            house.config.models.generator = "none".into();
        }
        let models = house.load_models().await?;
        let risk = Some(Arc::new(RiskModel::open()));
        Ok(Self { house, models: Some(models), risk, peer: None, approved: None, bar: Arc::new(Bar::new()) })
    }

    /// The models and settings that a risk is fitted with.
    pub fn fitted_with(&self) -> Option<engine::decide::System> {
        self.models.as_ref().map(|models| self.house.system(models))
    }

    pub fn index(&self, over: Over) -> Result<Box<dyn PackIndex>, CommandError> {
        let Some(models) = &self.models else { return Ok(Box::new(self.unsearched(over))) };
        let library = PackLibrary::new(self.house.clone(), models.clone(), over, self.bar.clone())?;
        Ok(Box::new(library.with_risk(self.risk.clone()).with_approved(self.approved.clone())))
    }

    /// A store that has been synced.
    pub async fn store(&self, store: &StoreId) -> Result<IndexedStore, CommandError> {
        let Some(models) = &self.models else {
            return Ok(self.unsearched(Over::Store(store.clone())).fallback().await?.2);
        };
        let approved = self.approved.clone().map(|approved| Arc::new(approved) as Arc<dyn Approved>);
        let ports = Ports { approved, ..ports(models, self.house.knowledge()?) };
        let engine = Engine::new(ports.clone(), self.house.config.engine.to_engine())
            .with_intents(models.intents.clone())
            .with_risk(self.risk.clone());
        Ok(IndexedStore { pass: operator(store), engine, ports })
    }

    fn unsearched(&self, over: Over) -> Unsearched {
        Unsearched { over, config: self.house.config.engine.to_engine() }
    }

    pub fn plan(&self, args: &PacksArgs, tasks: &[Task]) -> Result<AskPlan, CommandError> {
        self.planned(&args.answering, &args.common, &args.pack, tasks, &args.file)
    }

    pub fn planned(
        &self,
        answering: &Answering,
        common: &Common,
        packs: &[PathBuf],
        tasks: &[Task],
        files: &[String],
    ) -> Result<AskPlan, CommandError> {
        let record = answering.record.as_deref().map(Recorder::open).transpose().map_err(MeasureError::from)?;
        let approved = self.approved.as_ref().map(SignedOff::manifest).unwrap_or_default();
        let ours = self.models.as_ref().map(|models| system(&self.house, models, self.risk.as_deref()) + &approved);
        let generated = self.models.as_ref().is_some_and(|models| models.generator.is_some());
        let (name, system) = match (&self.peer, ours) {
            (Some(peer), Some(ours)) => (peer.name.clone(), format!("{} of {ours}", peer.system)),
            (Some(peer), None) => (peer.name.clone(), peer.system.clone()),
            (None, ours) => (if generated { "generated" } else { "extractive" }.to_owned(), ours.unwrap_or_default()),
        };
        Ok(AskPlan {
            packs: packs.to_vec(),
            tasks: tasks.iter().copied().collect(),
            files: files.to_vec(),
            limit: common.limit,
            bootstrap: common.bootstrap(),
            cluster: answering.cluster.clone(),
            jobs: answering.jobs,
            out: common.out.clone(),
            today: answering.today.unwrap_or_else(|| Zoned::now().with_time_zone(TimeZone::UTC).date()),
            system,
            name,
            peer: self.peer.as_ref().map(|set| set.peer.clone()),
            change: None,
            confirmed_only: answering.confirmed_only,
            record: record.map(Arc::new),
        })
    }
}

/// All that decides what is said, besides the pack and the day.
pub fn system(house: &House, models: &LoadedModels, risk: Option<&RiskModel>) -> String {
    let name = |model: Option<&engine::ports::ModelId>| model.map_or("none".to_owned(), ToString::to_string);
    let index = &house.config.index;
    // With a risk, results are not those of another, or of none.
    let risk = risk.map(|risk| format!(", risk {}", fingerprint(risk))).unwrap_or_default();
    format!(
        "shopclerk {}, embedder {}, reranker {}, generator {}, intents {}, index {} {:?} k={} dense={} lexical={}, {:?}{risk}",
        env!("CARGO_PKG_VERSION"),
        models.embedder.model(),
        name(models.reranker.as_ref().map(|reranker| reranker.model())),
        name(models.generator.as_ref().map(|generator| generator.model())),
        intents::fingerprint(models.intents.as_deref()),
        index.language,
        house.chunks(),
        index.rrf_k,
        index.dense_weight,
        index.lexical_weight,
        house.config.engine.to_engine(),
    )
}

/// Prints the rates and keeps them beside the lines.
pub fn shown(common: &Common, answering: &Answering, measured: Measured) -> Result<Report, CommandError> {
    for note in &measured.notes {
        println!("note: {note}");
    }
    let mut report = Report::default();
    let mut timings = Vec::new();
    for asked in measured.asked {
        if answering.verbose {
            asked.lines.iter().filter_map(complaint).for_each(|text| println!("{text}"));
        }
        println!("{}", asked.run.list());
        let times = FileLatency::new(&asked.run.pack, &asked.run.file, &asked.timings);
        print!("{}", times.table());
        timings.push(times);
        report.runs.push(asked.run);
    }
    let peak = memory::peak();
    if let Some(bytes) = peak {
        println!("peak memory of this process: {} MiB", bytes / (1024 * 1024));
    }
    if let Some(out) = &common.out {
        write_summary(out, "summary.json", &report)?;
        let used = serde_json::json!({ "peak_bytes": peak });
        write_whole(&out.join("timings").join("memory.json"), &format!("{used}\n"))?;
        let text = serde_json::to_string_pretty(&timings).map_err(unprintable)?;
        write_whole(&out.join("timings").join("latency.json"), &text)?;
    }
    Ok(report)
}

pub fn write_summary(out: &Path, name: &str, report: &Report) -> Result<(), CommandError> {
    let text = serde_json::to_string_pretty(report).map_err(unprintable)?;
    Ok(write_whole(&out.join(name), &(text + "\n"))?)
}
