//! What the first fill from Shopify costs, as one JSON line per step.
//!
//! `cargo bench -p tests --bench fill` fills 20,000 products; `cargo bench -p tests --bench fill -- 2000` so many. The
//! sandbox serves them in this process, the fill runs in another, so that its peak memory is its own. The sandbox
//! prepares a bulk operation in moments, which Shopify does not; the embedder is the fake one.
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use api::shopify::{fill, index::Extent};
use ingest::sync::Silent;
use serde_json::json;
use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};
use tests::connected::{Connected, brisk, sandbox};

/// Says to the other process which folder and which address.
const ORDERS: &str = "SHOPCLERK_BENCH_FILL";

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    if let Ok(orders) = std::env::var(ORDERS) {
        let (data, url) = orders.split_once('\n').expect("folder and address");
        return runtime.block_on(measure(Path::new(data), url));
    }
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let count = words.first().map_or(20_000, |count| count.parse().expect("a number of products"));
    runtime.block_on(async {
        let sandbox = sandbox(count, brisk()).await;
        let data = tempfile::tempdir().expect("a folder");
        let this = std::env::current_exe().expect("this program has a path");
        let orders = format!("{}\n{}", data.path().display(), sandbox.url());
        // Where it can be waited for without stopping the sandbox.
        let run = tokio::task::spawn_blocking(move || Command::new(this).env(ORDERS, orders).status());
        let status = run.await.expect("it runs").expect("it can be run");
        assert!(status.success(), "{status}");
    });
}

async fn measure(data: &Path, url: &str) {
    let store = Connected::open(data, url).await;
    let started = Instant::now();
    let read = fill::fill(&store.shop, true, &fill::Quiet).await.expect("a catalogue");
    say("bulk operation to mirror", read.products, started.elapsed());
    let started = Instant::now();
    let (index, mirror) = (&store.worker.index, &store.shop.mirror);
    let sync = async |extent| index.sync(&store.pass, mirror, extent, true, &Silent).await.expect("an index");
    let chunks = sync(Extent::All).await.expect("a report").chunks;
    say("mirror to index", read.products, started.elapsed());
    println!("{}", json!({ "measure": "chunks", "chunks": chunks }));
    let started = Instant::now();
    sync(Extent::All).await;
    say("nothing changed", read.products, started.elapsed());
}

fn say(step: &str, products: usize, took: Duration) {
    let seconds = took.as_secs_f64();
    let memory = peak_memory_mib();
    println!(
        "{}",
        json!({
            "measure": step, "products": products, "seconds": (seconds * 10.0).round() / 10.0,
            "products_per_second": (products as f64 / seconds).round(), "peak_mib": memory,
        })
    );
}

fn peak_memory_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? / 1024)
}
