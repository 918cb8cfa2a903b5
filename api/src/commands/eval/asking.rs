//! `eval questions`, `qa`, `decisions`, `attacks`, `replay` and `all`: asks, prints, and keeps what came.

use super::args::{Answering, Common, ModeArg, PacksArgs, QuestionsArgs, RetrievalArgs};
use super::bar::Bar;
use super::index::{Over, PackLibrary};
use super::{finish, ports, retrieval, unprintable};
use crate::commands::{CommandError, Exit, operator};
use crate::wiring::{House, LoadedModels, fingerprint};
use ::eval::latency;
use ::eval::measure::{AskPlan, Measured, measure, measure_file};
use ::eval::pack::{IndexedStore, Kind, Pack};
use ::eval::report::{Report, complaint};
use ::eval::results::write_whole;
use ::eval::unit::Task;
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

pub async fn over_packs(house: House, args: &PacksArgs, tasks: &[Task]) -> Result<Exit, CommandError> {
    let models = load(&house, &args.answering).await?;
    let report = asked(&house, args, tasks, &models).await?;
    finish(&args.common, report)
}

/// Rankings first, then everything that is asked.
pub async fn everything(house: House, args: &PacksArgs) -> Result<Exit, CommandError> {
    let models = load(&house, &args.answering).await?;
    let mut report = Report::default();
    let ranked = packs_with_queries(&args.pack)?;
    if !ranked.is_empty() && args.file.is_empty() {
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
        report.runs.extend(retrieval::measure(house.clone(), &ranking, Some(models.clone())).await?.runs);
    }
    report.runs.extend(asked(&house, args, &ALL, &models).await?.runs);
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

async fn asked(house: &House, args: &PacksArgs, tasks: &[Task], models: &LoadedModels) -> Result<Report, CommandError> {
    let over = over(args.store.as_ref(), args.over.as_deref());
    let risk = house.risk(models)?;
    let plan = plan(house, &args.answering, &args.common, models, &args.pack, tasks, &args.file);
    let plan = decided_by(risk.as_deref(), plan);
    let bar = Arc::new(Bar::new());
    let library = PackLibrary::new(house.clone(), models.clone(), over, bar.clone())?.with_risk(risk);
    let measured = measure(&plan, &library, &*bar).await?;
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
    let models = load(&house, &args.answering).await?;
    let ports = ports(&models, house.knowledge()?);
    let risk = house.risk(&models)?;
    let plan = plan(&house, &args.answering, &args.common, &models, &[], &ALL, &[]);
    let plan = decided_by(risk.as_deref(), plan);
    let engine = Engine::new(ports.clone(), house.config.engine.to_engine()).with_risk(risk);
    let store = IndexedStore { pass: operator(&args.store), engine, ports };
    let measured = measure_file(&plan, args.store.as_str(), &args.file, store, &Bar::new()).await?;
    let report = shown(&args.common, &args.answering, measured)?;
    finish(&args.common, report)
}

pub async fn load(house: &House, answering: &Answering) -> Result<LoadedModels, CommandError> {
    let mut house = house.clone();
    if answering.no_generator {
        house.config.models.generator = "none".into();
    }
    Ok(house.load_models().await?)
}

pub fn plan(
    house: &House,
    answering: &Answering,
    common: &Common,
    models: &LoadedModels,
    packs: &[PathBuf],
    tasks: &[Task],
    files: &[String],
) -> AskPlan {
    AskPlan {
        packs: packs.to_vec(),
        tasks: tasks.iter().copied().collect(),
        files: files.to_vec(),
        limit: common.limit,
        bootstrap: common.bootstrap(),
        cluster: answering.cluster.clone(),
        jobs: answering.jobs,
        out: common.out.clone(),
        today: answering.today.unwrap_or_else(|| Zoned::now().with_time_zone(TimeZone::UTC).date()),
        system: system(house, models),
        name: if models.generator.is_some() { "generated" } else { "extractive" }.to_owned(),
    }
}

/// The same plan where a risk decides what may be said: its results are not those of another, or of none.
pub fn decided_by(risk: Option<&RiskModel>, plan: AskPlan) -> AskPlan {
    match risk {
        Some(risk) => AskPlan { system: format!("{}, risk {}", plan.system, fingerprint(risk)), ..plan },
        None => plan,
    }
}

/// All that decides what is said, besides the pack and the day.
fn system(house: &House, models: &LoadedModels) -> String {
    let name = |model: Option<&engine::ports::ModelId>| model.map_or("none".to_owned(), ToString::to_string);
    let index = &house.config.index;
    format!(
        "shopclerk {}, embedder {}, reranker {}, generator {}, index {} {:?} k={} dense={} lexical={}, {:?}",
        env!("CARGO_PKG_VERSION"),
        models.embedder.model(),
        name(models.reranker.as_ref().map(|reranker| reranker.model())),
        name(models.generator.as_ref().map(|generator| generator.model())),
        index.language,
        house.chunks(),
        index.rrf_k,
        index.dense_weight,
        index.lexical_weight,
        house.config.engine.to_engine(),
    )
}

/// Prints the rates and keeps them beside the lines.
fn shown(common: &Common, answering: &Answering, measured: Measured) -> Result<Report, CommandError> {
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
        let times = latency::stages(&asked.timings);
        print!("{}", latency::table(&times));
        timings.push(latency::FileLatency {
            pack: asked.run.pack.clone(),
            file: asked.run.file.clone(),
            stages: times,
        });
        report.runs.push(asked.run);
    }
    if let Some(out) = &common.out {
        write_summary(out, "summary.json", &report)?;
        let text = serde_json::to_string_pretty(&timings).map_err(unprintable)?;
        write_whole(&out.join("timings").join("latency.json"), &text)?;
    }
    Ok(report)
}

pub fn write_summary(out: &Path, name: &str, report: &Report) -> Result<(), CommandError> {
    let text = serde_json::to_string_pretty(report).map_err(unprintable)?;
    Ok(write_whole(&out.join(name), &(text + "\n"))?)
}
