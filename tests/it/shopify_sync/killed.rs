//! What was answered with 200 survives a kill, and a fill that was killed goes on.

use super::{fill, sandbox};
use api::{
    db::mirror::{Mirrors, Wanted},
    shopify::fill as filling,
};
use engine::live::Gid;
use jiff::Timestamp;
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::{
    collections::BTreeSet,
    fs::{self, OpenOptions},
    io::Write,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};
use tests::{
    connected::{Connected, brisk},
    index_backend::pass,
};

/// Says to [`child`] what to do: `receive` or `fill`, the data folder, the report or the sandbox.
const ORDERS: &str = "SHOPCLERK_TEST_SHOPIFY_CHILD";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_is_done_after_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let (data, report) = (dir.path().join("data"), dir.path().join("report"));
    let mut random = StdRng::seed_from_u64(3);
    for _ in 0..6 {
        let after = Duration::from_millis(random.random_range(150..600));
        run(&format!("receive\n{}\n{}", data.display(), report.display()), Some(after));
    }
    let answered: BTreeSet<String> = fs::read_to_string(&report).unwrap().lines().map(str::to_owned).collect();
    assert!(answered.len() > 20, "{} answers: the child was killed too soon", answered.len());
    let mirror = Mirrors::new(data).of(&pass("killed")).await.unwrap();
    let marked = mirror.dirty_objects(1_000_000).await.unwrap();
    let marked: BTreeSet<String> = marked.into_iter().map(|(_, gid)| gid.0).collect();
    assert!(answered.is_subset(&marked), "{} answered, {} marked", answered.len(), marked.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_fill_goes_on_with_its_bulk_operation() {
    let options = api::sandbox::Options { bulk_delay: Duration::from_millis(150), ..brisk() };
    let sandbox = sandbox(400, options).await;
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("killed");
    let orders = format!("fill\n{}\n{}", data.display(), sandbox.url());
    let mut random = StdRng::seed_from_u64(4);
    let (mut kills, mut ended) = (0, false);
    while !ended && kills < 8 {
        ended = run(&orders, Some(Duration::from_millis(random.random_range(250..700))));
        kills += usize::from(!ended);
    }
    assert!(kills > 0, "the fill was never killed");
    if !ended {
        assert!(run(&orders, None));
    }
    let started = sandbox.requests().get("BulkRun").copied().unwrap_or_default();
    assert!(started <= 2, "{started} bulk operations were started in {kills} kills");

    let killed = Connected::open(&data, &sandbox.url()).await;
    let undisturbed = Connected::open(&dir.path().join("undisturbed"), &sandbox.url()).await;
    fill(&undisturbed).await;
    let index = killed.index().await;
    assert!(index.len() > 400);
    assert_eq!(index, undisturbed.index().await);
}

/// Whether it ended by itself, and well, before it was killed.
fn run(orders: &str, kill_after: Option<Duration>) -> bool {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "shopify_sync::killed::child", "--ignored", "--quiet"])
        .env(ORDERS, orders)
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
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
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The process that is killed; does nothing without orders.
#[test]
#[ignore = "run by the other tests of this file, which kill it"]
fn child() {
    let Ok(orders) = std::env::var(ORDERS) else { return };
    let [what, data, other]: [&str; 3] = orders.split('\n').collect::<Vec<_>>().try_into().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        match what {
            "receive" => receive(Path::new(data), Path::new(other)).await,
            _ => {
                let store = Connected::open(Path::new(data), other).await;
                filling::fill(&store.shop, false, &filling::Quiet).await.unwrap();
                store.worker.settle().await.unwrap();
            }
        }
    });
}

async fn receive(data: &Path, report: &Path) {
    let mirror = Mirrors::new(data.to_owned()).of(&pass("killed")).await.unwrap();
    let mut report = OpenOptions::new().create(true).append(true).open(report).unwrap();
    for _ in 0..100_000 {
        let gid = format!("gid://shopify/Product/{}", rand::random::<u32>());
        let wanted = Wanted::Refetch(Gid(gid.clone()));
        assert!(mirror.receive(&gid, "products/update", &wanted, Timestamp::now()).await.unwrap());
        // In one write: a kill between the name and its line break would make one line of two.
        report.write_all(format!("{gid}\n").as_bytes()).unwrap();
    }
}
