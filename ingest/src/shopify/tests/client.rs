use super::server::{Say, Server};
use crate::shopify::operations::{OrderUpdate, Policies, RefundCreate, order_update, policies, refund_create};
use crate::shopify::{Credentials, Deadline, Secret, ShopifyError};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn within(ms: u64) -> Deadline {
    Deadline::within(Duration::from_millis(ms))
}

fn good() -> Say {
    Say::Json(200, json!({"data": {"shop": {"shopPolicies": []}}}))
}

fn throttled(available: f64) -> Value {
    json!({"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}], "extensions": {"cost": {
        "requestedQueryCost": 20, "actualQueryCost": null, "throttleStatus":
        {"maximumAvailable": 1000.0, "currentlyAvailable": available, "restoreRate": 100.0}}}})
}

fn error(code: &str, extra: Value) -> Value {
    let mut extensions = json!({"code": code});
    extensions.as_object_mut().unwrap().extend(extra.as_object().cloned().unwrap_or_default());
    json!({"data": null, "errors": [{"message": "It says beth@mail.example", "path": ["shop", "shopPolicies"],
        "extensions": extensions}]})
}

fn address() -> order_update::Variables {
    let input = order_update::OrderInput { id: "gid://shopify/Order/1".into(), shipping_address: None };
    order_update::Variables { input }
}

fn updated() -> Say {
    let payload = json!({"order": {"id": "gid://shopify/Order/1", "name": "#1"}, "userErrors": []});
    Say::Json(200, json!({"data": {"orderUpdate": payload}}))
}

fn refund() -> refund_create::Variables {
    refund_create::Variables {
        key: "k".into(),
        input: refund_create::RefundInput {
            order_id: "gid://shopify/Order/1".into(),
            currency: None,
            note: None,
            notify: None,
            refund_line_items: None,
            shipping: None,
            transactions: None,
        },
    }
}

fn refunded() -> Say {
    Say::Json(200, json!({"data": {"refundCreate": {"refund": null, "userErrors": []}}}))
}

/// Asks a query; how it ended and how many requests it took.
async fn read(script: Vec<Say>, deadline: Deadline) -> (Result<(), ShopifyError>, usize) {
    let server = Server::saying(script).await;
    let read = server.client().read::<Policies>(policies::Variables, deadline).await;
    (read.map(|_| ()), server.asked().len())
}

#[tokio::test]
async fn a_query_goes_where_it_belongs_and_the_version_that_served_it_is_known() {
    let server = Server::saying(vec![good()]).await;
    let client = server.client();
    assert_eq!(client.served_version(), None);
    client.read::<Policies>(policies::Variables, within(2000)).await.unwrap();
    let asked = &server.asked()[0];
    assert_eq!(asked.path, "/admin/api/2026-07/graphql.json");
    assert_eq!(asked.token.as_deref(), Some("shpat_test"));
    assert_eq!(asked.body["operationName"], "Policies");
    assert_eq!((client.version(), client.served_version().as_deref()), ("2026-07", Some("2026-10")));
}

#[tokio::test]
async fn throttling_is_waited_out_on_200_and_429() {
    // The query costs 20 and the bucket fills by 100 a second: 15 points are there after 0.15 s.
    for (said, least_ms) in [
        (Say::Json(200, throttled(5.0)), 140),
        (Say::Json(429, throttled(5.0)), 140),
        (Say::With(429, "Retry-After", "0.4", json!({})), 390),
        (Say::With(200, "Retry-After", "0.4", throttled(900.0)), 390),
        (Say::Json(429, json!({"errors": "Too many requests"})), 990),
    ] {
        let begun = Instant::now();
        assert_eq!(read(vec![said, good()], within(4000)).await, (Ok(()), 2));
        let took = begun.elapsed().as_millis();
        assert!((least_ms..4000).contains(&took), "{took} ms, at least {least_ms}");
    }
}

#[tokio::test]
async fn what_would_be_late_is_said_at_once() {
    for said in [Say::With(429, "Retry-After", "30", json!({})), Say::Json(200, throttled(-1e6))] {
        let begun = Instant::now();
        assert_eq!(read(vec![said], within(10_000)).await, (Err(ShopifyError::TimedOut), 1));
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn nothing_hangs_past_the_deadline() {
    for script in [
        vec![Say::Hang],
        vec![Say::Json(503, json!({})), Say::Hang],
        // Throttled for ever, and the bucket says that it is full.
        (0..200).map(|_| Say::Json(200, throttled(1000.0))).collect(),
    ] {
        let begun = Instant::now();
        let (ended, requests) = read(script, within(900)).await;
        assert_eq!(ended, Err(ShopifyError::TimedOut));
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
        assert!(requests < 15, "{requests} requests in a second");
    }
}

#[tokio::test]
async fn a_query_is_tried_again_when_shopify_breaks() {
    for broken in [
        Say::Json(500, json!({})),
        Say::Json(503, json!({})),
        Say::Cut,
        Say::HalfBody,
        Say::Raw("<html>busy</html>"),
        Say::Json(200, error("INTERNAL_SERVER_ERROR", json!({}))),
    ] {
        assert_eq!(read(vec![broken, good()], within(5000)).await, (Ok(()), 2));
    }
    let (ended, requests) = read((0..9).map(|_| Say::Json(502, json!({}))).collect(), within(20_000)).await;
    assert!(matches!(&ended, Err(ShopifyError::Failed(why)) if why.contains("502")), "{ended:?}");
    assert_eq!(requests, 4, "the first try and three more");
}

#[tokio::test]
async fn a_change_is_sent_again_only_where_it_surely_was_not_made() {
    let uncertain = ShopifyError::Uncertain { operation: "OrderUpdate" };
    for (script, expect, requests) in [
        (vec![Say::Cut, updated()], Err(uncertain.clone()), 1),
        (vec![Say::HalfBody, updated()], Err(uncertain.clone()), 1),
        (vec![Say::Json(500, json!({})), updated()], Err(uncertain.clone()), 1),
        (vec![Say::Hang, updated()], Err(uncertain), 1),
        (vec![Say::Json(200, throttled(100.0)), updated()], Ok(()), 2),
        (vec![Say::With(429, "Retry-After", "0.1", json!({})), updated()], Ok(()), 2),
    ] {
        let server = Server::saying(script).await;
        let done = server.client().write::<OrderUpdate>(address(), within(1500)).await;
        assert_eq!(done.map(|_| ()), expect);
        assert_eq!(server.asked().len(), requests);
    }
    // With an idempotency key, twice is once.
    let server = Server::saying(vec![Say::Cut, Say::Json(500, json!({})), refunded()]).await;
    server.client().write_keyed::<RefundCreate>(refund(), within(5000)).await.unwrap();
    let asked = server.asked();
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|a| a.body == asked[0].body && a.body["variables"]["key"] == "k"));
}

#[tokio::test]
async fn no_connection_is_no_answer_and_nothing_was_done() {
    // A port that was free a moment ago: nobody listens.
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address_of_nobody = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let endpoint = crate::shopify::Endpoint::parse(&address_of_nobody).unwrap();
    let client = crate::shopify::ShopifyClient::new(endpoint, "2026-07", Credentials::Token(Secret::new("t")));
    let done = client.write::<OrderUpdate>(address(), within(20_000)).await;
    assert!(matches!(&done, Err(ShopifyError::Failed(why)) if why.contains("no connection")), "{done:?}");
}

#[tokio::test]
async fn each_refusal_says_what_to_do() {
    let check = async |said: Say, expect: &str| {
        let (ended, requests) = read(vec![said], within(2000)).await;
        let says = ended.expect_err(expect).to_string();
        assert!(says.contains(expect), "{says}");
        assert!(!says.contains("beth"), "{says}");
        assert_eq!(requests, 1, "{expect}");
    };
    let denied = json!({"requiredAccess": "`read_legal_policies` access scope."});
    check(Say::Json(200, error("ACCESS_DENIED", denied)), "'shopPolicies'; it takes the scope read_legal_policies")
        .await;
    check(Say::Json(200, error("MAX_COST_EXCEEDED", json!({}))), "too costly").await;
    check(Say::Json(200, error("undefinedField", json!({}))), "undefinedField at 'shopPolicies'").await;
    check(Say::Json(401, json!({"errors": "[API] Invalid API key"})), "make a new one").await;
    check(Say::Json(402, json!({"errors": "Unavailable Shop"})), "frozen").await;
    check(Say::Json(423, json!({})), "locked").await;
    check(Say::Json(404, json!({"errors": "Not Found"})), "no such shop").await;
    check(Say::Json(403, json!({})), "403").await;
    check(Say::Json(302, json!({})), "status 302").await;
    check(Say::Json(200, json!({"data": null})), "without data").await;
    check(Say::Json(200, json!({"data": {"shop": {}}})), "shopPolicies: it was asked for and is missing").await;
    check(Say::Json(200, json!({"data": {"shop": {"shopPolicies": "beth"}}})), "its type is not").await;
    check(Say::Huge { bytes: 17 << 20, announced: true }, "larger than any").await;
    check(Say::Huge { bytes: 17 << 20, announced: false }, "larger than any").await;
}

fn app() -> Credentials {
    Credentials::App { client_id: "id".into(), client_secret: Secret::new("hush") }
}

fn token(name: &str, expires_in: u64) -> Say {
    Say::Json(200, json!({"access_token": name, "scope": "read_orders", "expires_in": expires_in}))
}

#[tokio::test]
async fn a_token_that_shopify_no_longer_takes_is_renewed_once() {
    let refused = || Say::Json(401, json!({"errors": "[API] Invalid API key or access token"}));
    let server = Server::saying(vec![token("one", 86399), good(), refused(), token("two", 86399), good()]).await;
    let client = server.client_with(app());
    for _ in 0..2 {
        client.read::<Policies>(policies::Variables, within(2000)).await.unwrap();
    }
    let asked = server.asked();
    let tokens: Vec<_> = asked.iter().map(|a| a.token.as_deref().unwrap_or("-")).collect();
    assert_eq!(tokens, ["-", "one", "one", "-", "two"]);
    assert_eq!(asked[0].path, "/admin/oauth/access_token");
    assert_eq!(asked[0].body, json!({"grant_type": "client_credentials", "client_id": "id", "client_secret": "hush"}));

    let server = Server::saying(vec![token("one", 86399), refused(), token("two", 86399), refused()]).await;
    let ended = server.client_with(app()).read::<Policies>(policies::Variables, within(2000)).await;
    assert!(matches!(ended, Err(ShopifyError::Unauthorized(_))), "{ended:?}");
    assert_eq!(server.asked().len(), 4);
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends_and_the_old_one_serves_meanwhile() {
    let broken = || Say::Json(500, json!({}));
    let script = vec![token("one", 86399), good(), broken(), broken(), good(), token("two", 86399), good(), good()];
    let server = Server::saying(script).await;
    let client = server.client_with(app());
    let ask = async || client.read::<Policies>(policies::Variables, within(3000)).await.unwrap();
    ask().await;
    client.tokens().come_of_age();
    for _ in 0..3 {
        ask().await;
    }
    let asked = server.asked();
    let tokens: Vec<_> = asked.iter().map(|a| a.token.as_deref().unwrap_or("-")).collect();
    assert_eq!(
        tokens,
        ["-", "one", "-", "-", "one", "-", "two", "two"],
        "a failed renewal is not the customer's matter"
    );
}

#[tokio::test]
async fn many_questions_at_once_fetch_one_token() {
    let mut script = vec![token("one", 86399)];
    script.extend((0..8).map(|_| good()));
    let server = Server::saying(script).await;
    let client = server.client_with(app());
    let asks = (0..8).map(|_| client.read::<Policies>(policies::Variables, within(3000)));
    assert!(futures::future::join_all(asks).await.iter().all(Result::is_ok));
    assert_eq!(server.asked().iter().filter(|a| a.token.is_none()).count(), 1);
}

#[tokio::test]
async fn an_app_of_another_organization_is_told_so() {
    let server = Server::saying(vec![Say::Json(400, json!({"error": "shop_not_permitted"}))]).await;
    let ended = server.client_with(app()).read::<Policies>(policies::Variables, within(2000)).await;
    assert!(matches!(&ended, Err(ShopifyError::Unauthorized(why)) if why.contains("same organization")), "{ended:?}");
}
