//! Every route of the OpenAPI document × every caller who must not pass. A route that is not in the table fails.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::app::{ANSWERED, Caller, Response, TestApp, UNANSWERED};

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    /// Everybody: it says nothing of any store.
    Open,
    /// The holder of a store's key, who reaches that store only.
    Key,
    /// As `Key`, and the key is an agent's.
    Agent,
    /// Whoever comes with Shopify's signature for the store. No key opens it; `identity/door.rs` and `shopify_sync.rs` show what does.
    Signed,
}

const ROUTES: [(&str, &str, Door); 21] = [
    ("get", "/", Door::Open),
    ("get", "/healthz", Door::Open),
    ("get", "/openapi.json", Door::Open),
    ("get", "/readyz", Door::Open),
    ("post", "/v1/ask", Door::Key),
    ("post", "/v1/channels/chatwoot/{store}/{secret}", Door::Signed),
    ("post", "/v1/channels/email/{store}/{secret}", Door::Signed),
    ("post", "/v1/channels/gorgias/{store}", Door::Signed),
    ("post", "/v1/channels/zendesk/{store}", Door::Signed),
    ("post", "/v1/identity/code", Door::Key),
    ("post", "/v1/identity/verify", Door::Key),
    ("post", "/v1/shopify/{store}/webhooks", Door::Signed),
    ("post", "/v1/stores/{store}/ask", Door::Key),
    ("post", "/v1/stores/{store}/proxy/ask", Door::Signed),
    ("get", "/v1/stores/{store}/conversations/{conversation}", Door::Agent),
    ("post", "/v1/stores/{store}/conversations/{conversation}/give-back", Door::Agent),
    ("post", "/v1/stores/{store}/conversations/{conversation}/messages", Door::Agent),
    ("post", "/v1/stores/{store}/conversations/{conversation}/resolve", Door::Agent),
    ("post", "/v1/stores/{store}/conversations/{conversation}/take-over", Door::Agent),
    ("get", "/v1/stores/{store}/handoffs", Door::Agent),
    ("get", "/v1/stores/{store}/handoffs/{id}", Door::Agent),
];

fn documented() -> BTreeSet<(String, String)> {
    let document = serde_json::to_value(api::openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap().iter();
    paths.flat_map(|(path, item)| item.as_object().unwrap().keys().map(move |m| (m.clone(), path.clone()))).collect()
}

#[test]
fn the_table_is_the_document() {
    let table: BTreeSet<_> = ROUTES.iter().map(|(method, path, _)| (method.to_string(), path.to_string())).collect();
    assert_eq!(table, documented(), "a new route needs a line in ROUTES, and a thought about who may call it");
}

/// A handoff of store `one`, whose words nobody else may read.
async fn handoff(app: &TestApp) -> String {
    let reply = app.storefront("one").await.ask(UNANSWERED).await.json();
    reply["reply"]["id"].as_str().expect("a handoff").to_owned()
}

async fn call(caller: &Caller, method: &str, path: &str, store: &str, id: &str) -> Response {
    let path = path.replace("{store}", store).replace("{id}", id);
    // The conversation that the handoff is from.
    let path = path.replace("{conversation}", "c-1").replace("{secret}", "0123456789abcdef0123456789abcdef");
    assert!(!path.contains('{'), "{path}: how is this parameter filled in?");
    let method: Method = method.to_uppercase().parse().unwrap();
    let body = if method == Method::POST { body(&path, store).to_string() } else { String::new() };
    caller.send(method, &path, &[("content-type", "application/json")], &body).await
}

fn body(path: &str, store: &str) -> Value {
    match path {
        "/v1/identity/code" => json!({ "conversation_id": "c", "email": "a@b.example", "store": store }),
        "/v1/identity/verify" => {
            json!({ "conversation_id": "c", "email": "a@b.example", "code": "123456", "store": store })
        }
        _ if path.ends_with("/messages") => json!({ "by": "Mia", "text": "hello" }),
        _ if path.contains("/conversations/") => json!({ "by": "Mia" }),
        _ => json!({ "question": ANSWERED, "store": store }),
    }
}

/// Whether the door opened: something was done, or could not be for a reason that lies behind the door. These stores
/// have no mail server, no code was sent to anybody, and nobody took the conversation over.
fn opened(reply: &Response) -> bool {
    reply.status == StatusCode::OK
        || ["codes-not-offered", "code-refused", "not-now"].contains(&reply.problem().as_str())
}

#[tokio::test]
async fn without_a_key_nothing_but_the_open_doors() {
    let app = TestApp::start().await;
    let id = handoff(&app).await;
    for (method, path, door) in ROUTES {
        for caller in [app.nobody(), app.with_key("sk_0000")] {
            let reply = call(&caller, method, path, "one", &id).await;
            let expect = if door == Door::Open { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
            assert_eq!(reply.status, expect, "{method} {path}");
            assert!(!reply.text.contains("30 days") && !reply.text.contains(UNANSWERED), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn another_stores_key_finds_nothing() {
    let app = TestApp::start().await;
    let id = handoff(&app).await;
    for (method, path, door) in ROUTES.into_iter().filter(|(_, _, door)| *door != Door::Open) {
        for foreign in [app.storefront("two").await, app.agent("two").await] {
            let reply = call(&foreign, method, path, "one", &id).await;
            let expect = if door == Door::Signed { StatusCode::UNAUTHORIZED } else { StatusCode::NOT_FOUND };
            assert_eq!(reply.status, expect, "{method} {path} {door:?}");
            let unknown = call(&foreign, method, path, "nobody", &id).await;
            assert_eq!((unknown.status, &unknown.text), (reply.status, &reply.text), "{method} {path}");
            // Nor through its own store's door.
            let own = call(&foreign, method, path, "two", &id).await;
            assert!(!own.text.contains("30 days") && !own.text.contains(UNANSWERED), "{method} {path}: {}", own.text);
        }
    }
}

#[tokio::test]
async fn a_storefronts_key_opens_no_agents_door() {
    let app = TestApp::start().await;
    let id = handoff(&app).await;
    let (shop, agent) = (app.storefront("one").await, app.agent("one").await);
    for (method, path, door) in ROUTES {
        let reply = call(&shop, method, path, "one", &id).await;
        match door {
            Door::Open | Door::Key => assert!(opened(&reply), "{method} {path}: {}", reply.text),
            Door::Agent => assert_eq!(reply.problem(), "agent-key-needed", "{method} {path}"),
            Door::Signed => {
                assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{method} {path}");
                assert!(["identity-refused", "bad-signature"].contains(&reply.problem().as_str()), "{method} {path}");
            }
        }
        // The table would be worth nothing if the right key were refused as well.
        if door != Door::Signed {
            assert!(opened(&call(&agent, method, path, "one", &id).await), "{method} {path}");
        }
    }
}
