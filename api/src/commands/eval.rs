//! `shopclerk eval`: measures with the engine, the index and the models that serve customers.

mod bar;
mod desk;
mod index;

use anyhow::{Context, bail};
use bar::Bar;
use clap::{Args, Subcommand, ValueEnum};
use desk::NoDesk;
use engine::ports::{Clock, Embedder, Generator, Knowledge, Ports, Reranker, SearchMode};
use engine::{DocId, Engine, EngineConfig, StoreId, StorePass};
use eval::pack::{self, IndexedStore, Pack, PackIndex, Question};
use eval::questions::{Asked, ask_all, latency, summarize, wrong_not_ruled_out};
use eval::report::{Report, Run, complaint};
use eval::retrieval::sample;
use eval::statistics::Bootstrap;
use eval::suite::{Mode, RetrievalPlan, Scope, measure_retrieval};
use index::PackLibrary;
use ingest::chunk::ChunkConfig;
use ingest::index::fuse::FusionConfig;
use jiff::civil::Date;
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
    tuning: Tuning,
    #[command(flatten)]
    common: Common,
}

/// For experiments: what the packs are indexed and searched with.
#[derive(Debug, Args)]
struct Tuning {
    /// Weight of the vectors in the fusion.
    #[arg(long, value_name = "WEIGHT")]
    dense_weight: Option<f32>,
    /// Weight of the words in the fusion.
    #[arg(long, value_name = "WEIGHT")]
    lexical_weight: Option<f32>,
    /// Longest chunk in characters.
    #[arg(long, value_name = "CHARS")]
    chunk_chars: Option<usize>,
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
    answering: AnsweringArgs,
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
    answering: AnsweringArgs,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct AnsweringArgs {
    /// Answer in the sentences of the sources.
    #[arg(long)]
    no_generator: bool,
    /// The day on which the questions are asked; today where absent.
    #[arg(long, value_name = "DATE")]
    today: Option<Date>,
}

impl EvalArgs {
    /// Whether a generator will be asked: whoever loads the models need not load one otherwise.
    pub fn needs_generator(&self) -> bool {
        match &self.what {
            What::Retrieval(_) => false,
            What::Questions(args) => !args.answering.no_generator,
            What::Qa(args) => !args.answering.no_generator,
        }
    }
}

/// What the wiring hands in.
pub struct EvalParts {
    pub embedder: Arc<dyn Embedder>,
    pub reranker: Option<Arc<dyn Reranker>>,
    pub generator: Option<Arc<dyn Generator>>,
    /// The stores' own indexes.
    pub knowledge: Arc<dyn Knowledge>,
    pub engine: EngineConfig,
    pub fusion: FusionConfig,
    pub chunks: ChunkConfig,
    /// Language of the lexical index.
    pub language: String,
    /// Packs are indexed below it.
    pub data: PathBuf,
}

pub async fn run(args: EvalArgs, parts: EvalParts) -> anyhow::Result<()> {
    match args.what {
        What::Retrieval(args) => retrieval(args, parts).await,
        What::Questions(args) => questions(args, parts).await,
        What::Qa(args) => qa(args, parts).await,
    }
}

async fn retrieval(args: RetrievalArgs, mut parts: EvalParts) -> anyhow::Result<()> {
    let Tuning { dense_weight, lexical_weight, chunk_chars } = args.tuning;
    parts.fusion.dense_weight = dense_weight.unwrap_or(parts.fusion.dense_weight);
    parts.fusion.lexical_weight = lexical_weight.unwrap_or(parts.fusion.lexical_weight);
    parts.chunks.max_chars = chunk_chars.unwrap_or(parts.chunks.max_chars);
    let plan = RetrievalPlan {
        packs: args.pack,
        files: args.file,
        modes: args.mode.into_iter().map(Mode::from).collect(),
        scope: if args.whole_corpus { Scope::WholeCorpus } else { Scope::AnsweringKinds },
        without_verbatim: args.without_verbatim,
        exclude: args.exclude_docs.as_deref().map(document_names).transpose()?.unwrap_or_default(),
        candidates: parts.engine.candidates,
        baselines: !args.no_baselines,
        limit: args.common.limit,
        bootstrap: bootstrap(args.common.seed),
        cluster: args.cluster,
        cache: Some(parts.data.join("eval").join("baselines")),
    };
    let bar = Arc::new(Bar::new());
    let embedder = parts.embedder.clone();
    let library = PackLibrary::new(parts, None, bar.clone())?;
    let measured = measure_retrieval(&plan, &library, embedder, &*bar).await?;
    for run in &measured.report.runs {
        print(&run.table());
    }
    if let Some(out) = &args.common.out {
        write_lines(out, measured.lines)?;
    }
    finish(&args.common, &measured.report)
}

async fn questions(args: QuestionsArgs, parts: EvalParts) -> anyhow::Result<()> {
    let questions = pack::questions(&args.file)?;
    #[expect(clippy::disallowed_methods, reason = "whoever runs the command has the store's data at hand")]
    let pass = StorePass::for_operator(args.store.clone(), "eval asks the store");
    let ports = ports(&parts, parts.knowledge.clone(), &args.answering);
    let store = IndexedStore { pass, engine: Engine::new(ports.clone(), parts.engine), ports };
    let file = args.file.file_name().unwrap_or(args.file.as_os_str()).to_string_lossy();
    answers(&store, args.store.as_str(), &file, questions, &args.common).await
}

async fn qa(args: QaArgs, mut parts: EvalParts) -> anyhow::Result<()> {
    let pack = Pack::open(&args.pack)?;
    let queries = pack::queries(&pack.file(&args.file), &pack.corpus()?)?;
    let questions = pack::checkable(&queries);
    if questions.is_empty() {
        bail!("{}: no query has a gold answer with a number, a yes or a no that could be checked", args.file);
    }
    if args.answering.no_generator {
        parts.generator = None;
    }
    let library = PackLibrary::new(parts, args.answering.today, Arc::new(Bar::new()))?;
    let store = library.open(&pack, &BTreeSet::new()).await?;
    answers(&store, &pack.name, &args.file, questions, &args.common).await
}

/// Asks, prints what was not right and the rates, and writes what was asked for.
async fn answers(
    store: &IndexedStore,
    pack: &str,
    file: &str,
    questions: Vec<Question>,
    common: &Common,
) -> anyhow::Result<()> {
    let questions = sample(questions, common.limit, common.seed, |question| &question.id);
    let asked = ask_all(store, questions, &Bar::new()).await?;
    for text in asked.iter().filter_map(complaint) {
        print(&text);
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
    print(&run.list());
    if let Some(bound) = wrong_not_ruled_out(&asked) {
        print(&format!("  none was wrong: up to {:.1} % wrong cannot be ruled out (95 %)\n", bound * 100.0));
    }
    if let Some(times) = latency(&asked) {
        print(&format!("  ms per reply: p50 {:.0}, p95 {:.0}, p99 {:.0}\n", times.p50_ms, times.p95_ms, times.p99_ms));
    }
    if let Some(out) = &common.out {
        write_results(out, &asked)?;
    }
    finish(common, &Report { runs: vec![run] })
}

/// The results repeat byte for byte; the times, which do not, go to a file beside them.
fn write_results(out: &Path, asked: &[Asked]) -> anyhow::Result<()> {
    let lines: Vec<String> = asked.iter().map(|one| serde_json::to_string(&one.line())).collect::<Result<_, _>>()?;
    write_lines(out, lines)?;
    let times = asked.iter().map(|one| {
        let took_ms = (one.took_ms * 10.0).round() / 10.0;
        serde_json::json!({ "id": one.question.id, "took_ms": took_ms }).to_string()
    });
    write_lines(&out.with_extension("timings.jsonl"), times)
}

/// The engine's ports without its desk: what is asked here must reach no person.
fn ports(parts: &EvalParts, knowledge: Arc<dyn Knowledge>, answering: &AnsweringArgs) -> Ports {
    Ports {
        embedder: parts.embedder.clone(),
        reranker: parts.reranker.clone(),
        generator: parts.generator.clone().filter(|_| !answering.no_generator),
        knowledge,
        handoffs: Arc::new(NoDesk),
        clock: clock(answering.today),
    }
}

fn clock(today: Option<Date>) -> Arc<dyn Clock> {
    Arc::new(desk::EvalClock(today))
}

fn bootstrap(seed: u64) -> Bootstrap {
    Bootstrap { resamples: 2000, seed }
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

fn document_names(file: &Path) -> anyhow::Result<BTreeSet<DocId>> {
    let text = fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| DocId(line.to_owned())).collect())
}

fn write_lines(file: &Path, lines: impl IntoIterator<Item = String>) -> anyhow::Result<()> {
    let mut text = String::new();
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    fs::write(file, text).with_context(|| format!("{} cannot be written", file.display()))
}

fn finish(common: &Common, report: &Report) -> anyhow::Result<()> {
    if common.json {
        print(&serde_json::to_string(report)?);
        print("\n");
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "what the command is for")]
fn print(text: &str) {
    print!("{text}");
}
