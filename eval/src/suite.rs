//! Retrieval over several packs: every file under every mode, beside the baselines.

use crate::baseline::{Bm25, DenseWindows, Rrf};
use crate::pack::{CorpusDocument, IndexError, IndexedStore, Pack, PackError, PackIndex, Query, Shelf, queries};
use crate::progress::Progress;
use crate::rankings::{self, RankingHeader};
use crate::report::{Baseline, Report, Run};
use crate::results::ResultsError;
use crate::retrieval::{RankError, Ranked, clusters, gain, other_kinds, rank_all, sample, summarize, without_verbatim};
use crate::searcher::{EngineSearcher, IndexSearcher, SearchError, Searcher};
use crate::statistics::Bootstrap;
use engine::DocId;
use engine::ports::{Embedder, SearchMode};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// What a customer's question goes through, rerank and all.
    Full,
    /// One list of the index, or the fusion of both, without reranking.
    Search(SearchMode),
}

/// The corpus that a file is measured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The documents of the kinds that answer the file's queries.
    AnsweringKinds,
    WholeCorpus,
}

#[derive(Clone, Debug)]
pub struct RetrievalPlan {
    pub packs: Vec<PathBuf>,
    /// Names of files, with or without `.jsonl`; empty means every file that judges documents.
    pub files: Vec<String>,
    pub modes: Vec<Mode>,
    pub scope: Scope,
    /// Leave out what [`without_verbatim`] says.
    pub without_verbatim: bool,
    /// Documents to leave out besides.
    pub exclude: BTreeSet<DocId>,
    /// Passages that the engine looks at for a customer.
    pub candidates: usize,
    pub baselines: bool,
    /// At most this many queries of each file, chosen by the seed.
    pub limit: Option<usize>,
    pub bootstrap: Bootstrap,
    /// The field whose equal values are drawn together.
    pub cluster: Option<String>,
    /// Where vectors of the baseline are kept.
    pub cache: Option<PathBuf>,
    /// Where results are kept: a run that was cut off goes on there.
    pub out: Option<PathBuf>,
    /// Models, settings and version: all that decides what is found besides the pack.
    pub system: String,
}

/// Classified by where to look.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    #[error(transparent)]
    Pack(#[from] PackError),
    #[error(transparent)]
    Index(#[from] IndexError),
    #[error("{system} failed on {pack}")]
    Search { system: String, pack: String, source: SearchError },
    #[error(transparent)]
    Results(#[from] ResultsError),
    #[error("no pack holds a file named {0}")]
    NoSuchFile(String),
    #[error("{0}: the field '{1}' to cluster by is not a text in every record")]
    NoCluster(String, String),
    #[error("{0}: no query names 'alt_docs', so there is no variant without its verbatim sources")]
    NoVariant(String),
}

/// What was measured, and every ranking behind it as JSON lines.
#[derive(Debug, Default)]
pub struct Measured {
    pub report: Report,
    pub lines: Vec<String>,
}

/// One file, cut to what is measured.
struct Task {
    pack: Pack,
    file: String,
    variant: Option<&'static str>,
    queries: Vec<Query>,
    clusters: Option<Vec<String>>,
    /// What is searched.
    corpus: Vec<CorpusDocument>,
    without: BTreeSet<DocId>,
}

pub async fn measure_retrieval(
    plan: &RetrievalPlan,
    index: &dyn PackIndex,
    baseline_embedder: Arc<dyn Embedder>,
    progress: &dyn Progress,
) -> Result<Measured, SuiteError> {
    let mut measured = Measured::default();
    for task in tasks(plan)? {
        let files = task.pack.corpus_files();
        let shelf = Shelf { name: task.pack.name.clone(), files, without: task.without.clone(), shop: None };
        let store = index.open(&shelf).await?;
        let mut baselines = Vec::new();
        if plan.baselines {
            for searcher in yardsticks(plan, &task, &baseline_embedder, progress).await? {
                let ranked = rank(plan, &*searcher, &task, progress).await?;
                baselines.push((searcher.name().to_owned(), ranked));
            }
        }
        for mode in &plan.modes {
            let searcher = searcher(*mode, &store, plan.candidates);
            let ranked = rank(plan, &*searcher, &task, progress).await?;
            measured.lines.extend(lines(&task, searcher.name(), &ranked));
            measured.report.runs.push(run(plan, &task, searcher.name(), &ranked, &baselines));
        }
        for (name, ranked) in &baselines {
            measured.lines.extend(lines(&task, name, ranked));
        }
    }
    Ok(measured)
}

fn tasks(plan: &RetrievalPlan) -> Result<Vec<Task>, SuiteError> {
    let packs: Vec<Pack> = plan.packs.iter().map(|dir| Pack::open(dir)).collect::<Result<_, _>>()?;
    if let Some(stranger) = plan.files.iter().find(|file| !packs.iter().any(|pack| pack.file(file).is_file())) {
        return Err(SuiteError::NoSuchFile(stranger.clone()));
    }
    let mut tasks = Vec::new();
    for pack in packs {
        let files: Vec<PathBuf> = if plan.files.is_empty() {
            pack.query_files()?
        } else {
            plan.files.iter().map(|file| pack.file(file)).filter(|path| path.is_file()).collect()
        };
        let corpus = pack.corpus()?;
        for path in files {
            tasks.push(task(plan, &pack, &path, &corpus)?);
        }
    }
    Ok(tasks)
}

fn task(plan: &RetrievalPlan, pack: &Pack, path: &Path, corpus: &[CorpusDocument]) -> Result<Task, SuiteError> {
    let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut queries = queries(path, corpus)?;
    let mut without = plan.exclude.clone();
    if plan.scope == Scope::AnsweringKinds {
        without.extend(other_kinds(&queries, corpus));
    }
    let mut variant = None;
    if plan.without_verbatim {
        let (kept, removed) = without_verbatim(&queries, corpus);
        if kept.is_empty() {
            return Err(SuiteError::NoVariant(file));
        }
        queries = kept;
        without.extend(removed);
        variant = Some("without verbatim sources");
    }
    let queries = sample(queries, plan.limit, plan.bootstrap.seed, |query| &query.id);
    let clusters = match &plan.cluster {
        Some(field) => {
            Some(clusters(&queries, field).ok_or_else(|| SuiteError::NoCluster(file.clone(), field.clone()))?)
        }
        None => None,
    };
    let corpus = corpus.iter().filter(|document| !without.contains(&document.id)).cloned().collect();
    Ok(Task { pack: pack.clone(), file, variant, queries, clusters, corpus, without })
}

async fn yardsticks(
    plan: &RetrievalPlan,
    task: &Task,
    embedder: &Arc<dyn Embedder>,
    progress: &dyn Progress,
) -> Result<Vec<Arc<dyn Searcher>>, SuiteError> {
    progress.begin("windows", DenseWindows::window_count(&task.corpus));
    let cache = plan.cache.as_deref();
    let dense = DenseWindows::new(embedder.clone(), &task.corpus, cache, &|| progress.step()).await;
    progress.end();
    let failed = |source: engine::ports::ModelError| search_failed("the baseline's embedder", task, source.into());
    let dense = Arc::new(dense.map_err(failed)?);
    let lexical = Arc::new(Bm25::new(&task.corpus));
    Ok(vec![lexical.clone(), dense.clone(), Arc::new(Rrf::new(lexical, dense))])
}

fn searcher(mode: Mode, store: &IndexedStore, candidates: usize) -> Box<dyn Searcher> {
    match mode {
        Mode::Full => Box::new(EngineSearcher::new(store.clone(), candidates)),
        Mode::Search(mode) => Box::new(IndexSearcher::new(store.clone(), mode)),
    }
}

async fn rank(
    plan: &RetrievalPlan,
    searcher: &dyn Searcher,
    task: &Task,
    progress: &dyn Progress,
) -> Result<Vec<Ranked>, SuiteError> {
    let content = rankings::content(&task.queries, &task.corpus);
    let name = searcher.name();
    let header = RankingHeader::new(&task.pack.name, &task.file, task.variant, name, &plan.system, &content);
    let kept = plan.out.as_deref().map(|dir| (dir, &header));
    rank_all(searcher, &task.queries, kept, progress).await.map_err(|error| match error {
        RankError::Search(source) => search_failed(name, task, source),
        RankError::Results(error) => error.into(),
    })
}

fn search_failed(system: &str, task: &Task, source: SearchError) -> SuiteError {
    SuiteError::Search { system: system.to_owned(), pack: task.pack.name.clone(), source }
}

fn run(plan: &RetrievalPlan, task: &Task, name: &str, ours: &[Ranked], baselines: &[(String, Vec<Ranked>)]) -> Run {
    let clusters = task.clusters.as_deref();
    let baseline = |(system, theirs): &(String, Vec<Ranked>)| Baseline {
        system: system.clone(),
        metrics: summarize(theirs, clusters, plan.bootstrap),
        gain: gain(ours, theirs, clusters, plan.bootstrap),
    };
    Run {
        variant: task.variant.map(str::to_owned),
        documents: Some(task.corpus.len()),
        baselines: baselines.iter().map(baseline).collect(),
        ..Run::new(&task.pack.name, &task.file, name, ours.len(), summarize(ours, clusters, plan.bootstrap))
    }
}

fn lines<'a>(task: &'a Task, system: &'a str, ranked: &'a [Ranked]) -> impl Iterator<Item = String> + 'a {
    let line = move |one: &Ranked| serde_json::to_string(&one.line(&task.pack.name, &task.file, task.variant, system));
    // Strings and numbers only: there is nothing in a line that JSON cannot hold.
    ranked.iter().filter_map(move |one| line(one).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Silent;
    use crate::statistics::Estimate;
    use engine::fakes::{BagEmbedder, MemoryKnowledge, ports};
    use engine::{Engine, EngineConfig, StoreId, StorePass};
    use std::fs;

    /// Indexes the corpus in memory and remembers what was left out.
    struct InMemory;

    #[async_trait::async_trait]
    impl PackIndex for InMemory {
        async fn open(&self, shelf: &Shelf) -> Result<IndexedStore, IndexError> {
            #[expect(clippy::disallowed_methods, reason = "a test acts for the operator")]
            let pass = StorePass::for_operator(StoreId::parse("pack").unwrap(), "test");
            let mut knowledge = MemoryKnowledge::default();
            let pack = Pack::open(shelf.files[0].parent().unwrap()).unwrap();
            for document in pack.corpus().unwrap().into_iter().filter(|doc| !shelf.without.contains(&doc.id)) {
                knowledge.add(&pass, document.kind, &document.id.0, &document.title, &document.text);
            }
            let config = EngineConfig {
                candidates: 10,
                passages: 4,
                search: SearchMode::Fused,
                coverage: 0.5,
                certain: 0.9,
                evidence_sentences: 4,
                max_tokens: 10,
                handoff_message: String::new(),
            };
            let ports = ports(knowledge);
            Ok(IndexedStore { pass, engine: Engine::new(ports.clone(), config), ports })
        }

        async fn fallback(&self) -> Result<(String, Option<Shelf>, IndexedStore), IndexError> {
            Err(IndexError("a ranking needs documents".into()))
        }
    }

    const CORPUS: &str = r#"{"id":"faq","kind":"policy","title":"FAQ","text":"Can I return shoes? Yes, for 30 days."}
{"id":"returns","kind":"policy","title":"Returns","text":"Shoes can be returned for 30 days."}
{"id":"shoe","kind":"product","title":"Shoe","text":"A shoe to return to."}
"#;
    const QUERIES: &str = r#"{"id":"a","text":"return shoes","question":"Can I return shoes?","who":"x","relevant":[{"doc_id":"faq","grade":2},{"doc_id":"returns","grade":1}],"alt_docs":["returns"]}
"#;

    fn plan(dir: &Path) -> RetrievalPlan {
        fs::write(dir.join("corpus.jsonl"), CORPUS).unwrap();
        fs::write(dir.join("queries.jsonl"), QUERIES).unwrap();
        RetrievalPlan {
            packs: vec![dir.to_owned()],
            files: Vec::new(),
            modes: vec![Mode::Full, Mode::Search(SearchMode::Dense)],
            scope: Scope::AnsweringKinds,
            without_verbatim: false,
            exclude: BTreeSet::new(),
            candidates: 10,
            baselines: true,
            limit: None,
            bootstrap: Bootstrap { resamples: 100, seed: 1 },
            cluster: None,
            cache: None,
            out: None,
            system: "test".into(),
        }
    }

    async fn measure(plan: &RetrievalPlan) -> Result<Measured, SuiteError> {
        measure_retrieval(plan, &InMemory, Arc::new(BagEmbedder::new("bag", 256)), &Silent).await
    }

    #[tokio::test]
    async fn every_mode_is_a_run_beside_the_same_baselines() {
        let dir = tempfile::tempdir().unwrap();
        let plan = plan(dir.path());
        let measured = measure(&plan).await.unwrap();
        let runs = &measured.report.runs;
        assert_eq!(runs.iter().map(|run| run.system.as_str()).collect::<Vec<_>>(), ["full", "dense"]);
        for run in runs {
            assert_eq!((run.n, run.documents), (1, Some(2)));
            let names: Vec<_> = run.baselines.iter().map(|baseline| baseline.system.as_str()).collect();
            assert_eq!(names, ["bm25", "dense-windows", "rrf"]);
            let (name, recall) = run.metrics.0[1].clone();
            assert_eq!((name.as_str(), recall), ("recall@5", Estimate { value: 1.0, low: 1.0, high: 1.0 }));
        }
        assert_eq!(measured.lines.len(), 5);
        assert_eq!(measure(&plan).await.unwrap().lines, measured.lines);
    }

    #[tokio::test]
    async fn a_run_that_was_killed_at_any_byte_ends_like_one_that_was_not() {
        let (dir, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let plan = RetrievalPlan { out: Some(out.path().to_owned()), ..plan(dir.path()) };
        let second = r#"{"id":"b","text":"shoes","relevant":[{"doc_id":"returns","grade":1}]}"#;
        fs::write(dir.path().join("queries.jsonl"), format!("{QUERIES}{second}\n")).unwrap();
        let whole = measure(&plan).await.unwrap().lines;
        let kept = out.path().join("rankings");
        let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().ends_with(".queries.full.jsonl");
        let full = fs::read_dir(&kept)
            .unwrap()
            .map(Result::unwrap)
            .find_map(|e| {
                let path = e.path();
                name(e).then_some(path)
            })
            .unwrap();
        let bytes = fs::read(&full).unwrap();
        for at in (0..=bytes.len()).step_by(13) {
            fs::write(&full, &bytes[..at]).unwrap();
            assert_eq!(measure(&plan).await.unwrap().lines, whole, "cut at byte {at}");
            assert!(fs::read(&full).unwrap() == bytes, "cut at byte {at}");
        }
        let other = RetrievalPlan { system: "other models".into(), ..plan };
        let error = measure(&other).await.unwrap_err().to_string();
        assert!(error.contains("holds the results of another run"), "{error}");
    }

    #[tokio::test]
    async fn scope_and_variant_change_what_is_searched() {
        let dir = tempfile::tempdir().unwrap();
        let whole = RetrievalPlan { scope: Scope::WholeCorpus, ..plan(dir.path()) };
        assert_eq!(measure(&whole).await.unwrap().report.runs[0].documents, Some(3));
        let hard = RetrievalPlan { without_verbatim: true, ..plan(dir.path()) };
        let run = &measure(&hard).await.unwrap().report.runs[0];
        assert_eq!((run.documents, run.variant.as_deref()), (Some(1), Some("without verbatim sources")));
    }

    #[tokio::test]
    async fn a_plan_that_cannot_be_run_says_why() {
        let dir = tempfile::tempdir().unwrap();
        let base = plan(dir.path());
        let missing = RetrievalPlan { files: vec!["other".into()], ..base.clone() };
        assert_eq!(measure(&missing).await.unwrap_err().to_string(), "no pack holds a file named other");
        let cluster = RetrievalPlan { cluster: Some("whom".into()), ..base.clone() };
        assert!(measure(&cluster).await.unwrap_err().to_string().contains("the field 'whom' to cluster by"));
        let named = RetrievalPlan { files: vec!["queries".into()], cluster: Some("who".into()), ..base };
        assert_eq!(measure(&named).await.unwrap().report.runs.len(), 2);
    }
}
