//! Faults: what a client sees of each, and what was done all the same.

use super::store::{Store, gid};
use api::sandbox::{Fault, Options};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const SHOP: &str = "{ shop { name } }";

async fn with(fault: &str) -> Store {
    let faults = vec![fault.parse::<Fault>().unwrap()];
    Store::with(Options { faults, retry_after: Duration::from_secs(2), ..Options::default() }).await
}

#[tokio::test]
async fn faults_are_seen_as_shopify_shows_them() {
    for (fault, status) in [("429=1", 429), ("500=1", 500), ("503=1", 503), ("expired-token=1", 401)] {
        let reply = with(fault).await.send(SHOP, json!({})).await;
        assert_eq!(reply.status().as_u16(), status, "{fault}");
        assert_eq!(reply.headers().get("retry-after").map(|v| v.to_str().unwrap()), (status == 429).then_some("2.0"));
        assert!(reply.headers().contains_key("x-shopify-api-version"));
    }
    let throttled = with("throttled=1").await.ask(SHOP, json!({})).await;
    assert_eq!(throttled["errors"][0]["extensions"]["code"], "THROTTLED");

    let started = Instant::now();
    with("slow:150=1").await.data(SHOP, json!({})).await;
    assert!(started.elapsed() >= Duration::from_millis(150));

    let reply = with("truncated=1").await.send(SHOP, json!({})).await;
    assert_eq!(reply.status(), 200);
    assert!(serde_json::from_slice::<Value>(&reply.bytes().await.unwrap()).is_err());

    let store = with("cut=1").await;
    let request = store.post("/admin/api/2026-07/graphql.json").header("x-shopify-access-token", "test-token");
    let cut = match request.json(&json!({"query": SHOP})).send().await {
        Ok(reply) => reply.bytes().await.is_err(),
        Err(_) => true,
    };
    assert!(cut);

    let store = with("hang=1").await;
    let waiting = tokio::time::timeout(Duration::from_millis(300), store.send(SHOP, json!({}))).await;
    assert!(waiting.is_err());
}

#[tokio::test]
async fn a_dropped_field_is_one_that_may_be_null() {
    let store = with("dropped-field=1").await;
    let query = r#"{ order(id: "gid://shopify/Order/1001") { id name email closed createdAt returnStatus customer { firstName } } }"#;
    let whole = {
        store.running.set_faults(Vec::new());
        store.data(query, json!({})).await
    };
    store.running.set_faults(vec!["dropped-field=1".parse().unwrap()]);
    let mut dropped = std::collections::BTreeSet::new();
    for _ in 0..40 {
        let data = store.data(query, json!({})).await;
        assert_ne!(data, whole);
        let order = &data["order"];
        let gone = if order.is_null() {
            "order"
        } else if order["customer"].is_null() {
            "customer"
        } else if order["email"].is_null() {
            "email"
        } else {
            "firstName"
        };
        dropped.insert(gone);
        // Whatever else there is stands as it was.
        if gone == "email" {
            assert_eq!(order["customer"], whole["order"]["customer"]);
        }
    }
    assert_eq!(dropped.into_iter().collect::<Vec<_>>(), ["customer", "email", "firstName", "order"]);
}

/// The client cannot know whether it was done, so it asks again with the same key.
#[tokio::test]
async fn what_was_done_before_the_answer_was_lost_is_not_done_twice() {
    let refund = "mutation($input: RefundInput!) { refundCreate(input: $input) @idempotent(key: \"once\") { refund { id } userErrors { message } } }";
    let order = gid("Order", 1001);
    let money = json!({"orderId": order, "amount": "10.00", "gateway": "shopify_payments", "kind": "REFUND"});
    let variables = json!({"input": {"orderId": order, "transactions": [money]}});
    for (fault, done) in [
        ("429=1", 0),
        ("503=1", 0),
        ("throttled=1", 0),
        ("expired-token=1", 0),
        ("500=1", 1),
        ("cut=1", 1),
        ("truncated=1", 1),
    ] {
        let store = with(fault).await;
        for _ in 0..3 {
            let request = store.post("/admin/api/2026-07/graphql.json").header("x-shopify-access-token", "test-token");
            let _ = request.json(&json!({"query": refund, "variables": variables})).send().await;
        }
        assert_eq!(store.running.effects().len(), done, "{fault}");
        store.running.set_faults(Vec::new());
        assert!(store.data(refund, variables.clone()).await["refundCreate"]["refund"]["id"].is_string());
        assert_eq!(store.running.effects().len(), 1, "{fault}");
    }
}

#[tokio::test]
async fn a_seed_says_which_requests() {
    let draw = async |seed: u64| {
        let faults = vec!["503=0.3".parse().unwrap(), "500=0.2".parse().unwrap()];
        let store = Store::with(Options { faults, seed, ..Options::default() }).await;
        let mut statuses = Vec::new();
        for _ in 0..60 {
            statuses.push(store.send(SHOP, json!({})).await.status().as_u16());
        }
        statuses
    };
    let first = draw(7).await;
    assert_eq!(first, draw(7).await);
    assert_ne!(first, draw(8).await);
    for (status, between) in [(503, 8..=28), (500, 4..=22), (200, 18..=42)] {
        assert!(between.contains(&first.iter().filter(|s| **s == status).count()), "{status}: {first:?}");
    }
}

#[test]
fn a_fault_is_named() {
    for bad in ["429", "fire=0.1", "429=2", "429=-1", "slow:x=0.1", "=0.1", "429=NaN"] {
        assert!(bad.parse::<Fault>().is_err(), "{bad}");
    }
}
