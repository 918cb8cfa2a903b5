//! `shopclerk eval`: measures with the engine, the index and the models that serve customers.

mod bar;
mod desk;
mod index;
mod live;

use super::{CommandError, Exit, operator};
use crate::wiring::{House, LoadedModels};
use ::eval::pack::{self, IndexedStore, Pack, PackIndex, Question};
use ::eval::questions::{Asked, ask_all, latency, summarize, wrong_not_ruled_out};
use ::eval::report::{Report, Run, complaint};
use ::eval::retrieval::sample;
use ::eval::statistics::Bootstrap;
use ::eval::suite::{Mode, RetrievalPlan, Scope, measure_retrieval};
use bar::Bar;
use clap::{Args, Subcommand, ValueEnum};
use desk::{EvalClock, NoDesk};
use engine::ports::{Knowledge, Ports, SearchMode};
use engine::{DocId, Engine, StoreId};
use index::PackLibrary;
use jiff::civil::Date;
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Debug, Args)]
pub struct EvalArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Do the searches find the documents that answer? (files of queries with judged documents)
    Retrieval(RetrievalArgs),
    /// Are the answers and handoffs of a synced store right? (a file of questions with required facts)
    Questions(QuestionsArgs),
    /// Are the answers over a pack's corpus right? (a file of queries with gold answers)
    Qa(QaArgs),
    /// Is a live value wrong, missing or shown to somebody who may not see it? (a shop's fixture, through the sandbox)
    Live(live::LiveArgs),
}

#[derive(Debug, Args)]
struct Common {
    /// Print one JSON object as the last line.
    #[arg(long)]
    json: bool,
    /// Write one JSON line per question: what was found or said, and the verdict.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// At most so many questions of each file, chosen by the seed.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Of the bootstrap and of --limit.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Debug, Args)]
struct RetrievalArgs {
    /// A folder with corpus.jsonl and files of queries.
    #[arg(long, value_name = "DIR", required = true)]
    pack: Vec<PathBuf>,
    /// Only this file of the packs.
    #[arg(long, value_name = "NAME")]
    file: Vec<String>,
    #[arg(long, value_enum, default_value = "full")]
    mode: Vec<ModeArg>,
    /// Only questions that other documents answer too, without the documents that hold them word for word.
    #[arg(long)]
    without_verbatim: bool,
    /// Search every kind of document, not only the kinds that answer the file.
    #[arg(long)]
    whole_corpus: bool,
    /// A file with ids of documents to leave out, one a line.
    #[arg(long, value_name = "FILE")]
    exclude_docs: Option<PathBuf>,
    /// Queries with the same value of this field are drawn together by the bootstrap.
    #[arg(long, value_name = "FIELD")]
    cluster: Option<String>,
    /// Only our own numbers.
    #[arg(long)]
    no_baselines: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ModeArg {
    /// What a customer's question goes through.
    Full,
    /// Vectors and words, without rerank.
    Fused,
    /// Vectors only.
    Dense,
    /// Words only.
    Lexical,
}

#[derive(Debug, Args)]
struct QuestionsArgs {
    #[arg(long)]
    store: StoreId,
    /// Questions with required facts.
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    answering: Answering,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct QaArgs {
    #[arg(long, value_name = "DIR")]
    pack: PathBuf,
    /// A file of queries with gold answers.
    #[arg(long, value_name = "NAME")]
    file: String,
    #[command(flatten)]
    answering: Answering,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct Answering {
    /// Answer in the sentences of the sources.
    #[arg(long)]
    no_generator: bool,
    /// The day on which the questions are asked; today where absent.
    #[arg(long, value_name = "DATE")]
    today: Option<Date>,
}

pub async fn run(house: House, args: EvalArgs) -> Result<Exit, CommandError> {
    match args.what {
        What::Retrieval(args) => retrieval(house, args).await,
        What::Questions(args) => questions(house, args).await,
        What::Qa(args) => qa(house, args).await,
        What::Live(args) => live::run(house, args).await,
    }
}

async fn retrieval(mut house: House, args: RetrievalArgs) -> Result<Exit, CommandError> {
    house.config.models.generator = "none".into();
    let plan = RetrievalPlan {
        packs: args.pack,
        files: args.file,
        modes: args.mode.into_iter().map(Mode::from).collect(),
        scope: if args.whole_corpus { Scope::WholeCorpus } else { Scope::AnsweringKinds },
        without_verbatim: args.without_verbatim,
        exclude: args.exclude_docs.as_deref().map(document_names).transpose()?.unwrap_or_default(),
        candidates: house.config.engine.candidates,
        baselines: !args.no_baselines,
        limit: args.common.limit,
        bootstrap: Bootstrap { resamples: 2000, seed: args.common.seed },
        cluster: args.cluster,
        cache: Some(house.places.data.join("eval").join("baselines")),
    };
    let models = house.load_models().await?;
    let bar = Arc::new(Bar::new());
    let library = PackLibrary::new(house, models.clone(), None, bar.clone())?;
    let measured = measure_retrieval(&plan, &library, models.embedder, &*bar).await?;
    for table in measured.report.tables() {
        println!("{table}");
    }
    if let Some(out) = &args.common.out {
        write_lines(out, &measured.lines)?;
    }
    finish(&args.common, &measured.report)
}

async fn questions(house: House, args: QuestionsArgs) -> Result<Exit, CommandError> {
    let questions = pack::questions(&args.file)?;
    let (models, today) = args.answering.load(&house).await?;
    let ports = ports(&models, house.knowledge()?, today);
    let engine = Engine::new(ports.clone(), house.config.engine.to_engine());
    let store = IndexedStore { pass: operator(&args.store), engine, ports };
    let file = args.file.file_name().unwrap_or(args.file.as_os_str()).to_string_lossy();
    answers(&store, args.store.as_str(), &file, questions, &args.common).await
}

async fn qa(house: House, args: QaArgs) -> Result<Exit, CommandError> {
    let pack = Pack::open(&args.pack)?;
    let queries = pack::queries(&pack.file(&args.file), &pack.corpus()?)?;
    let questions = pack::checkable(&queries);
    if questions.is_empty() {
        let problem = "no query has a gold answer with a number, a yes or a no that could be checked";
        return Err(CommandError::Said(format!("{}: {problem}", args.file)));
    }
    let (models, today) = args.answering.load(&house).await?;
    let library = PackLibrary::new(house, models, today, Arc::new(Bar::new()))?;
    let store = library.open(&pack, &BTreeSet::new()).await?;
    answers(&store, &pack.name, &args.file, questions, &args.common).await
}

impl Answering {
    /// The models that answer, and the day on which they do.
    async fn load(&self, house: &House) -> Result<(LoadedModels, Option<Date>), CommandError> {
        let mut house = house.clone();
        if self.no_generator {
            house.config.models.generator = "none".into();
        }
        Ok((house.load_models().await?, self.today))
    }
}

/// Asks, prints what was not right and the rates, and writes what was asked for.
async fn answers(
    store: &IndexedStore,
    pack: &str,
    file: &str,
    questions: Vec<Question>,
    common: &Common,
) -> Result<Exit, CommandError> {
    let questions = sample(questions, common.limit, common.seed, |question| &question.id);
    let asked = ask_all(store, questions, &Bar::new()).await?;
    for text in asked.iter().filter_map(complaint) {
        println!("{text}");
    }
    let system = if store.ports.generator.is_some() { "generated" } else { "extractive" };
    let run = Run {
        pack: pack.to_owned(),
        file: file.to_owned(),
        system: system.to_owned(),
        variant: None,
        n: asked.len(),
        documents: None,
        metrics: summarize(&asked),
        baselines: Vec::new(),
    };
    print!("{}", run.list());
    if let Some(bound) = wrong_not_ruled_out(&asked) {
        println!("  none was wrong: up to {:.1} % wrong cannot be ruled out (95 %)", bound * 100.0);
    }
    if let Some(times) = latency(&asked) {
        println!("  ms per reply: p50 {:.0}, p95 {:.0}, p99 {:.0}", times.p50_ms, times.p95_ms, times.p99_ms);
    }
    if let Some(out) = &common.out {
        write_results(out, &asked)?;
    }
    finish(common, &Report { runs: vec![run] })
}

/// The results repeat byte for byte; the times, which do not, go to a file beside them.
fn write_results(out: &Path, asked: &[Asked]) -> Result<(), CommandError> {
    let lines: Result<Vec<_>, _> = asked.iter().map(|one| serde_json::to_string(&one.line())).collect();
    write_lines(out, &lines.map_err(unprintable)?)?;
    let time = |one: &Asked| json!({ "id": one.question.id, "took_ms": one.took_ms.round() }).to_string();
    write_lines(&out.with_extension("timings.jsonl"), &asked.iter().map(time).collect::<Vec<_>>())
}

/// The engine's ports without its desk: what is asked here must reach no person.
fn ports(models: &LoadedModels, knowledge: Arc<dyn Knowledge>, today: Option<Date>) -> Ports {
    let LoadedModels { embedder, reranker, generator } = models.clone();
    let (handoffs, clock) = (Arc::new(NoDesk), Arc::new(EvalClock(today)));
    Ports { embedder, reranker, generator, knowledge, handoffs, storefront: None, clock }
}

impl From<ModeArg> for Mode {
    fn from(mode: ModeArg) -> Self {
        match mode {
            ModeArg::Full => Self::Full,
            ModeArg::Fused => Self::Search(SearchMode::Fused),
            ModeArg::Dense => Self::Search(SearchMode::Dense),
            ModeArg::Lexical => Self::Search(SearchMode::Lexical),
        }
    }
}

fn document_names(file: &Path) -> Result<BTreeSet<DocId>, CommandError> {
    let text = fs::read_to_string(file).map_err(CommandError::io(format!("{} cannot be read", file.display())))?;
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| DocId(line.to_owned())).collect())
}

fn write_lines(file: &Path, lines: &[String]) -> Result<(), CommandError> {
    let text: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
    fs::write(file, text).map_err(CommandError::io(format!("{} cannot be written", file.display())))
}

fn finish(common: &Common, report: &Report) -> Result<Exit, CommandError> {
    if common.json {
        println!("{}", serde_json::to_string(report).map_err(unprintable)?);
    }
    Ok(Exit::Done)
}

fn unprintable(error: serde_json::Error) -> CommandError {
    CommandError::Said(format!("the results cannot be written as JSON: {error}"))
}
