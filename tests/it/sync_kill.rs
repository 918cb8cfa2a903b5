//! A sync is killed again and again, at moments nobody chose, and loses nothing, repeats nothing, and never leaves
//! half a document for a question to find.
//!
//! The parent runs this very test binary as the process to be killed ([`child`]), so that it dies as a process does:
//! with open files, half-written buffers and locks.

use engine::ports::SearchMode;
use ingest::{
    document::{Block, Document},
    index::Index,
    sync::{Plan, Silent, SyncOptions, SyncProgress, sync},
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tests::{
    fake_embedder::FakeEmbedder,
    index_backend::{IndexBackend, from, meta, page, pass, query},
};

const KILLS: usize = 26;
const BATCH: usize = 8;
/// Says to [`child`] what to do: data directory, version, server's address or nothing, its report.
const ORDERS: &str = "SHOPCLERK_TEST_SYNC_CHILD";

/// Two versions of the sources: between them two thirds of the pages change, a few go and a few come.
fn sources(version: usize) -> Vec<Document> {
    let numbers: Vec<usize> = if version == 0 { (0..24).collect() } else { (3..27).collect() };
    let text = |n: usize, part: usize| {
        let edition = if n.is_multiple_of(3) { 9 } else { version };
        format!("Rule {n} part {part} edition {edition} about returns. ").repeat(8)
    };
    let document = |n: usize| {
        let mut document = page(&format!("page-{n}"), &text(n, 0));
        for part in 1..4 {
            document.blocks.push(Block::Heading { level: 2, text: format!("Part {part}") });
            document.blocks.push(Block::Paragraph(text(n, part)));
        }
        document
    };
    numbers.into_iter().map(document).collect()
}

fn slow() -> Arc<FakeEmbedder> {
    Arc::new(FakeEmbedder::new("fake@1", 32).slow(Duration::from_millis(4)))
}

fn options() -> SyncOptions {
    SyncOptions { batch: BATCH, ..SyncOptions::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_sync_of_the_embedded_index_loses_and_repeats_nothing() {
    survives(IndexBackend::edge(), true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_sync_to_a_server_loses_and_repeats_nothing() {
    survives(IndexBackend::stub().await, false).await;
}

/// `stepwise`: what is published changes in one step, so that a question sees one version or the other.
async fn survives(backend: IndexBackend, stepwise: bool) {
    let dir = tempfile::tempdir().unwrap();
    let (data, report) = (dir.path().join("data"), dir.path().join("report"));
    let server = backend.server.as_ref().map(|server| server.url.clone());
    let killed = IndexBackend::at(&data, server.clone());
    let (pass, knowledge) = (pass("killed"), killed.knowledge());
    let orders = |version: usize| {
        let parts = [
            data.display().to_string(),
            version.to_string(),
            server.clone().unwrap_or_default(),
            report.display().to_string(),
        ];
        parts.join("\n")
    };
    let mut random = StdRng::seed_from_u64(26);

    // How long an undisturbed first sync takes, so that kills fall anywhere in it.
    let started = Instant::now();
    assert!(
        run_child(&orders(0), None),
        "the undisturbed sync ends well:\n{}",
        fs::read_to_string(&report).unwrap_or_default()
    );
    let whole = started.elapsed();
    let (mut version, mut kills, mut amid, mut published, mut left) = (1, 0, 0, 0, None);
    while kills < KILLS {
        fs::remove_file(&report).ok();
        let finished = run_child(&orders(version), Some(whole.mul_f64(random.random_range(0.02..1.1))));
        // What this run found to do must be what the run before it left.
        let (planned, stored) = read_report(&report);
        if let (Some(planned), Some(left)) = (planned, left) {
            assert!(planned <= left, "{planned} chunks to do after a kill that left {left}");
        }
        left = planned.map(|planned: usize| planned - stored).or(left);
        if finished {
            assert_eq!(left, Some(0));
            (version, published, left) = (1 - version, version, None);
        } else {
            kills += 1;
            amid += usize::from(planned.is_some_and(|planned| stored < planned));
        }
        let mut question = query(&slow(), "rule edition about returns", SearchMode::Fused).await;
        question.limit = 60;
        let passages = knowledge.search(&pass, &question).await.unwrap();
        assert!(!passages.is_empty());
        let (old, new) = (texts(published), texts(1 - published));
        for passage in &passages {
            let known = |texts: &BTreeMap<String, Vec<String>>| {
                texts.get(&passage.doc.0).is_some_and(|all| all.contains(&passage.text))
            };
            assert!(known(&old) || known(&new), "{} after {kills} kills", passage.id);
        }
        if stepwise {
            let all_of = |texts: &BTreeMap<String, Vec<String>>| {
                passages.iter().all(|passage| texts.get(&passage.doc.0).is_some_and(|all| all.contains(&passage.text)))
            };
            assert!(all_of(&old) || all_of(&new), "two versions in one answer after {kills} kills");
        }
    }
    assert!(amid >= 3, "only {amid} kills fell while chunks were stored: the delays do not fit this machine");
    // To the end, and beside an index that nobody disturbed.
    let mut target = killed.target(&pass, slow(), false).await.unwrap();
    sync(&mut target, from(sources(1).into_iter().map(Ok).collect()), &options(), &Silent).await.unwrap();
    let after_kills = everything(&mut *target.index).await;
    drop(target);
    let calm = IndexBackend::edge();
    let mut target = calm.target(&pass, slow(), false).await.unwrap();
    sync(&mut target, from(sources(1).into_iter().map(Ok).collect()), &options(), &Silent).await.unwrap();
    let undisturbed = everything(&mut *target.index).await;
    assert_eq!(after_kills.len(), undisturbed.len());
    assert!(after_kills == undisturbed, "the same points with the same vectors");
}

/// Points by id, as text: their keys and their vectors.
async fn everything(index: &mut dyn Index) -> BTreeMap<String, String> {
    let contents = index.contents().await.unwrap();
    let ids: Vec<_> = contents.iter().map(|point| point.id).collect();
    let vectors = index.vectors(&ids).await.unwrap();
    contents
        .into_iter()
        .map(|point| (point.id.to_string(), format!("{:?} {:?}", point.key, vectors[&point.id])))
        .collect()
}

/// The texts of the chunks of each document of a version.
fn texts(version: usize) -> BTreeMap<String, Vec<String>> {
    let config = Default::default();
    let chunks =
        |document: &Document| ingest::chunk::chunks(document, &config).into_iter().map(|chunk| chunk.text).collect();
    sources(version).iter().map(|document| (document.id.0.clone(), chunks(document))).collect()
}

/// Whether it ended by itself, and well, before it was killed.
fn run_child(orders: &str, kill_after: Option<Duration>) -> bool {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sync_kill::child", "--ignored", "--quiet"])
        .env(ORDERS, orders)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "the child failed on its own: {status}");
            return true;
        }
        if kill_after.is_some_and(|after| started.elapsed() >= after) {
            child.kill().unwrap();
            child.wait().unwrap();
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Chunks that the child had to store, and chunks that it said it had stored.
fn read_report(path: &Path) -> (Option<usize>, usize) {
    let text = fs::read_to_string(path).unwrap_or_default();
    let numbers = |word: &str| {
        text.lines().filter_map(|line| line.strip_prefix(word)?.trim().parse::<usize>().ok()).collect::<Vec<_>>()
    };
    (numbers("planned").first().copied(), numbers("stored").last().copied().unwrap_or(0))
}

/// The process that is killed; does nothing without orders.
#[test]
#[ignore = "run by the other tests of this file, which kill it"]
fn child() {
    let Ok(orders) = std::env::var(ORDERS) else { return };
    let [data, version, server, report]: [&str; 4] = orders.split('\n').collect::<Vec<_>>().try_into().unwrap();
    let backend = IndexBackend::at(Path::new(data), (!server.is_empty()).then(|| server.to_owned()));
    let progress = Written::new(report.into());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let embedder = slow();
        let index = backend.open(&pass("killed"), meta(&embedder), false).await.unwrap();
        let meta = meta(&embedder);
        let mut target = ingest::sync::SyncTarget { index, embedder, meta };
        let documents = sources(version.parse().unwrap()).into_iter().map(Ok).collect();
        sync(&mut target, from(documents), &options(), &progress).await.unwrap();
    });
}

/// Progress that outlives the process.
struct Written(Mutex<File>);

impl Written {
    fn new(path: PathBuf) -> Self {
        Self(Mutex::new(OpenOptions::new().create(true).append(true).open(path).unwrap()))
    }
}

impl SyncProgress for Written {
    fn planned(&self, plan: &Plan) {
        writeln!(self.0.lock().unwrap(), "planned {}", plan.chunks).unwrap();
    }
    fn stored(&self, done: usize, _: usize) {
        writeln!(self.0.lock().unwrap(), "stored {done}").unwrap();
    }
    fn publishing(&self) {}
}
