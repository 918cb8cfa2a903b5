//! What syncing and searching cost, as one JSON line per measurement.
//!
//! `cargo bench -p tests --bench index` measures everything, each in a process of its own so that peak memory is that
//! measurement's; `cargo bench -p tests --bench index -- edge 20000` only that one. `server` is the server at
//! `QDRANT_URL`, or the tests' stub, which is Qdrant Edge behind gRPC and builds no HNSW graph.
//!
//! The embedder is the fake one: these are the costs of everything but the model.
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use engine::ports::{Embedder, SearchMode};
use ingest::sync::SyncOptions;
use jiff::civil::Date;
use serde_json::json;
use std::{
    path::Path,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};
use tests::{
    fake_embedder::FakeEmbedder,
    index_backend::{IndexBackend, pass, query},
    product_generator::{products, question},
};

/// Backend and number of products; a hundred products make about 284 chunks.
const ALL: [(&str, usize); 6] =
    [("edge", 1_000), ("edge", 3_520), ("edge", 20_000), ("edge", 35_200), ("server", 3_520), ("server", 35_200)];
const QUESTIONS: u64 = 200;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    match words.as_slice() {
        [] => {
            // Each in its own process: peak memory is never given back.
            for (backend, count) in ALL {
                let this = std::env::current_exe().expect("this program has a path");
                let status = Command::new(this).args([backend, &count.to_string()]).status().expect("it can be run");
                assert!(status.success(), "{backend} {count}: {status}");
            }
        }
        [backend, count] => {
            let count = count.parse().expect("the second word is a number of products");
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
            runtime.block_on(measure(backend, count));
        }
        _ => panic!("usage: index [edge|server PRODUCTS]"),
    }
}

async fn measure(name: &str, count: usize) {
    let data = tempfile::tempdir().expect("a temporary directory");
    let backend = match name {
        "edge" => IndexBackend::at(data.path(), None),
        "server" => match IndexBackend::real() {
            Some(real) => real,
            None => IndexBackend::stub().await,
        },
        other => panic!("'{other}' is neither edge nor server"),
    };
    let embedder = Arc::new(FakeEmbedder::new("fake@1", 384));
    let store = pass(&format!("bench-{count}"));

    let first = timed_sync(&backend, &embedder, &store, name, "first", count, 0).await;
    let memory = peak_memory_mib();
    println!("{}", json!({ "measure": "memory", "backend": name, "products": count, "peak_mib": memory }));
    timed_sync(&backend, &embedder, &store, name, "nothing changed", count, 0).await;
    timed_sync(&backend, &embedder, &store, name, "one in a hundred changed", count, 100).await;
    if name == "edge" {
        let (logical, real) = size_mib(data.path());
        println!("{}", json!({ "measure": "disk", "products": count, "mib": real, "mib_with_holes": logical }));
    }

    let knowledge = backend.knowledge();
    let started = Instant::now();
    let first_question = query(&embedder, &question(0), SearchMode::Fused).await;
    knowledge.search(&store, &first_question).await.expect("it was just synced");
    println!("{}", json!({ "measure": "open", "backend": name, "chunks": first, "ms": ms(started.elapsed()) }));
    for (mode, day) in [
        (SearchMode::Dense, None),
        (SearchMode::Lexical, None),
        (SearchMode::Fused, None),
        (SearchMode::Fused, Some(Date::constant(2026, 1, 1))),
    ] {
        let mut taken = Vec::new();
        for seed in 1..=QUESTIONS {
            let mut asked = query(&embedder, &question(seed), mode).await;
            asked.valid_on = day;
            let started = Instant::now();
            let found = knowledge.search(&store, &asked).await.expect("it was just synced");
            taken.push(started.elapsed());
            assert_eq!(found.len(), 10, "every question finds something");
        }
        taken.sort();
        let at = |share: f64| ms(taken[((taken.len() - 1) as f64 * share) as usize]);
        println!(
            "{}",
            json!({
                "measure": "search", "backend": name, "chunks": first, "mode": mode, "valid_on": day.is_some(),
                "p50_ms": at(0.5), "p99_ms": at(0.99),
            })
        );
    }
}

/// Syncs the catalogue, with one product in `change_every` changed; returns the chunks of the index.
async fn timed_sync(
    backend: &IndexBackend,
    embedder: &Arc<FakeEmbedder>,
    store: &engine::StorePass,
    name: &str,
    what: &str,
    count: usize,
    change_every: usize,
) -> usize {
    let items = products(count, 1).enumerate().map(|(number, mut product)| {
        if change_every > 0 && number % change_every == 0 {
            product.title.push_str(" (new)");
        }
        Ok(product)
    });
    let items: Vec<_> = items.collect();
    let before = embedder.embedded();
    let started = Instant::now();
    // The largest catalogues are here for the searches; large batches flush less often.
    let mut options = SyncOptions::default();
    if count > 20_000 {
        options.batch = 1024;
    }
    let report = backend.sync(store, embedder, items, &options).await.expect("the catalogue syncs");
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{}",
        json!({
            "measure": "sync", "backend": name, "what": what, "products": count, "chunks": report.chunks,
            "embedded": embedder.embedded() - before, "batch": options.batch, "dimensions": embedder.dimensions(),
            "seconds": (seconds * 100.0).round() / 100.0,
            "products_per_s": (count as f64 / seconds).round(),
            "chunks_per_s": (report.chunks as f64 / seconds).round(),
        })
    );
    report.chunks
}

fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e5).round() / 100.0
}

/// Of this process; absent where the system does not say.
fn peak_memory_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? / 1024)
}

/// What the files say they have, and what they take.
fn size_mib(dir: &Path) -> (u64, u64) {
    let (logical, real) = size_kib(dir);
    (logical / 1024, real / 1024)
}

fn size_kib(dir: &Path) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    let mut total = (0, 0);
    for entry in std::fs::read_dir(dir).expect("it is there").flatten() {
        let meta = entry.metadata().expect("it is there");
        if meta.is_dir() {
            let below = size_kib(&entry.path());
            total = (total.0 + below.0, total.1 + below.1);
        } else if meta.is_file() {
            total = (total.0 + meta.len() / 1024, total.1 + meta.blocks() / 2);
        }
    }
    total
}
