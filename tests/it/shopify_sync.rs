//! Lost, repeated, late and shuffled webhooks end in the same index as a clean sync; a kill loses none; an erasure leaves
//! nothing; an approval has one effect.

mod actions;
mod erasure;
mod killed;

use api::{sandbox::Delivery, shopify::fill};
use axum::http::{Method, StatusCode};
use futures::{StreamExt, stream};
use ingest::sync::Silent;
use rand::{Rng, SeedableRng, rngs::StdRng, seq::SliceRandom};
use serde_json::json;
use std::{collections::BTreeSet, time::Instant};
use tests::{
    app::Caller,
    connected::{Connected, brisk, parts, sandbox},
    index_backend::page,
    shop_fixture as fixture,
};

const PATH: &str = "/v1/shopify/fjellvik/webhooks";
const PRODUCTS: usize = 300;
const DELIVERIES: usize = 5000;

async fn deliver(caller: &Caller, delivery: &Delivery) -> StatusCode {
    let (headers, body) = parts(delivery);
    caller.send(Method::POST, PATH, &headers, &body).await.status
}

/// The catalogue into the index, and all of it.
async fn fill(store: &Connected) {
    let report = fill::fill(&store.shop, true, &fill::Quiet).await.unwrap();
    assert_eq!(report.failed, Vec::<String>::new());
    let extent = api::shopify::index::Extent::All;
    store.worker.index.sync(&store.pass, &store.shop.mirror, extent, true, &Silent).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_webhooks_ends_in_the_index_of_a_clean_sync() {
    let sandbox = sandbox(PRODUCTS, brisk()).await;
    let dir = tempfile::tempdir().unwrap();
    let store = Connected::open(&dir.path().join("stormy"), &sandbox.url()).await;
    fill(&store).await;
    // A page from a folder lives in the same index.
    let embedder = store.worker.index.embedder.clone();
    let sync_file = async |store: &Connected| {
        let (mut target, _lock) = store.house.sync_target(&store.pass, embedder.clone(), false).await.unwrap();
        let file = |sink: &mut dyn FnMut(_)| {
            sink(Ok(page("opening-hours", "We are here from nine to five.")));
            Default::default()
        };
        ingest::sync::sync(&mut target, file, &Default::default(), &Silent).await.unwrap();
    };
    sync_file(&store).await;
    let before = store.index().await;

    // What happens in the shop, each with its webhook: changes, new products, deletions.
    let mut random = StdRng::seed_from_u64(5);
    let mut deliveries = Vec::new();
    let unique = DELIVERIES * 7 / 10;
    let mut next = PRODUCTS;
    let mut deleted = BTreeSet::new();
    for edition in 0..unique as u64 {
        let number = random.random_range(0..next);
        let gid = fixture::gid(number);
        let topic = match random.random_range(0..10) {
            0 if !deleted.contains(&number) && deleted.len() < PRODUCTS / 3 => {
                assert!(sandbox.delete(&gid));
                deleted.insert(number);
                "products/delete"
            }
            1 => {
                let mut product = fixture::product(next, edition);
                product["updatedAt"] = json!(sandbox.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
                sandbox.put("Product", product).unwrap();
                next += 1;
                deliveries.push(sandbox.webhook("products/create", &fixture::gid(next - 1)));
                continue;
            }
            2 => {
                // Not about the catalogue.
                deliveries.push(sandbox.webhook("orders/updated", &sandbox.ids("Order")[0]));
                continue;
            }
            _ if deleted.contains(&number) => "products/update",
            kind => {
                let mut product = fixture::product(number, edition);
                product["updatedAt"] = json!(sandbox.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
                if kind == 3 {
                    product["status"] = json!("DRAFT");
                }
                if kind == 4 {
                    product["handle"] = json!(format!("thing-{number}-{edition}"));
                }
                sandbox.put("Product", product).unwrap();
                "products/update"
            }
        };
        deliveries.push(sandbox.webhook(topic, &gid));
    }
    let repeated = deliveries.len() * 3 / 7;
    for _ in 0..repeated {
        let again = deliveries[random.random_range(0..unique)].clone();
        deliveries.push(again);
    }
    deliveries.shuffle(&mut random);
    // One in twenty never arrives, and nobody repeats it.
    let lost: BTreeSet<String> = deliveries.iter().take(unique / 20).map(|d| d.webhook_id.clone()).collect();
    deliveries.retain(|delivery| !lost.contains(&delivery.webhook_id));
    assert!(deliveries.len() > DELIVERIES * 8 / 10, "{}", deliveries.len());

    // They come in from many sides at once, while the worker works.
    let app = store.app().await;
    let caller = app.nobody();
    let Connected { data, pass, house, shop, shops, worker, desks, keys } = store;
    let working = tokio::spawn(worker.run());
    let started = Instant::now();
    let mut slowest: Vec<u128> = stream::iter(&deliveries)
        .map(|delivery| async {
            let asked = Instant::now();
            assert_eq!(deliver(&caller, delivery).await, StatusCode::OK);
            asked.elapsed().as_millis()
        })
        .buffer_unordered(16)
        .collect()
        .await;
    let took = started.elapsed();
    slowest.sort_unstable();
    let (median, last) = (slowest[slowest.len() / 2], slowest[slowest.len() - 1]);
    eprintln!("{} deliveries in {took:.1?}; answers: half within {median} ms, all within {last} ms", slowest.len());
    assert!(last < 1000, "the slowest answer took {last} ms");
    working.abort();
    let _ = working.await;
    drop((shop, shops, desks, keys, house, pass));

    // The process starts again, works off what is left, and finds what was lost.
    let store = Connected::open(&data, &sandbox.url()).await;
    store.worker.settle().await.unwrap();
    fill::catch_up(&store.shop).await.unwrap();
    api::shopify::refetch::sweep(&store.shop).await.unwrap();
    store.worker.settle().await.unwrap();
    let stormy = store.index().await;

    let clean = Connected::open(&dir.path().join("clean"), &sandbox.url()).await;
    fill(&clean).await;
    sync_file(&clean).await;
    let clean = clean.index().await;
    assert!(clean.len() > PRODUCTS && clean.contains_key("pages/opening-hours.md#0"));
    let differ: Vec<_> = clean.keys().chain(stormy.keys()).filter(|id| clean.get(*id) != stormy.get(*id)).collect();
    assert_eq!(differ, Vec::<&String>::new());
    let changed = before.iter().filter(|(id, was)| stormy.get(*id) != Some(*was)).count();
    assert!(
        changed * 2 > before.len(),
        "only {changed} of {} passages are others: too quiet for a storm",
        before.len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_signed_webhooks_are_taken_once_and_without_waiting_for_the_work() {
    let sandbox = sandbox(3, brisk()).await;
    let dir = tempfile::tempdir().unwrap();
    let store = Connected::open(dir.path(), &sandbox.url()).await;
    let app = store.app().await;
    let (caller, mirror) = (app.nobody(), &store.shop.mirror);
    let good = sandbox.webhook("products/update", &fixture::gid(1));
    let change = |edit: fn(&mut Delivery)| {
        let mut changed = good.clone();
        edit(&mut changed);
        changed
    };
    for (bad, status, problem) in [
        (change(|d| d.body.push(b' ')), 401, "bad-signature"),
        (change(|d| d.signature = "AAAA".into()), 401, "bad-signature"),
        (change(|d| d.signature = String::new()), 401, "bad-signature"),
        (change(|d| d.shop_domain = "other.myshopify.com".into()), 401, "bad-signature"),
        // The topic is not signed: a body that is not what it promises is not taken for it.
        (change(|d| d.topic = "shop/redact".into()), 400, "invalid-request"),
        (change(|d| d.topic = "customers/redact".into()), 400, "invalid-request"),
    ] {
        let (headers, body) = parts(&bad);
        let reply = caller.send(Method::POST, PATH, &headers, &body).await;
        assert_eq!(
            (reply.status.as_u16(), reply.problem().as_str()),
            (status, problem),
            "{} {}",
            bad.topic,
            bad.signature
        );
    }
    let (headers, body) = parts(&good);
    for path in ["/v1/shopify/nobody/webhooks", "/v1/shopify/..%2f/webhooks"] {
        let elsewhere = caller.send(Method::POST, path, &headers, &body).await;
        assert_eq!(elsewhere.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    assert_eq!(mirror.counts().await.unwrap().deliveries, 0, "nothing of it was taken");

    // Nobody works: the answer comes all the same, and the work is written down once.
    for _ in 0..3 {
        assert_eq!(deliver(&caller, &good).await, StatusCode::OK);
    }
    let counts = mirror.counts().await.unwrap();
    assert_eq!((counts.deliveries, counts.dirty_objects, counts.jobs), (1, 1, 0));
    store.worker.settle().await.unwrap();
    assert_eq!(deliver(&caller, &good).await, StatusCode::OK);
    let counts = mirror.counts().await.unwrap();
    assert_eq!(
        (counts.dirty_objects, counts.dirty_documents, counts.jobs),
        (0, 0, 0),
        "a late repetition asks for nothing"
    );
    assert!(store.index().await.keys().any(|id| id.starts_with("product:thing-1#")));
}
