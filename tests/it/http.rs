//! The HTTP API as its callers see it.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use tests::app::{ANSWERED, TestApp, UNANSWERED};

mod limits;
mod log;

const JSON: (&str, &str) = ("content-type", "application/json");
const EVENTS: (&str, &str) = ("accept", "text/event-stream");

#[tokio::test]
async fn an_answer_has_its_sources() {
    let app = TestApp::start().await;
    let reply = app.storefront("one").await.ask(ANSWERED).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    let reply = reply.json();
    assert_eq!(reply["conversation_id"], "c-1");
    assert_eq!(reply["turn"], 0);
    assert_eq!(reply["reply"]["type"], "answer");
    assert!(reply["reply"]["text"].as_str().unwrap().contains("within 30 days"), "{reply}");
    let cited = reply["reply"]["sentences"][0]["cites"][0].as_u64().unwrap();
    let citation = reply["citations"].as_array().unwrap().iter().find(|c| c["number"] == cited).unwrap();
    assert_eq!(citation["doc"], "pages/returns.md");
    assert!(reply["timings"]["total_ms"].as_f64().unwrap() > 0.0);
}

#[tokio::test]
async fn what_nothing_covers_is_handed_over_once() {
    let app = TestApp::start().await;
    let (shop, agent) = (app.storefront("one").await, app.agent("one").await);
    let first = shop.ask(UNANSWERED).await.json();
    assert_eq!(first["reply"]["type"], "handoff", "{first}");
    let case = &first["reply"]["case"];
    assert_eq!((&case["reason"], &case["question"]), (&json!("no_evidence"), &json!(UNANSWERED)));
    assert!(case["looked_at"].is_array() && case.get("draft").is_none(), "{case}");
    assert!(case.get("package").is_none() && case.get("note").is_none(), "for agents only: {case}");
    assert_eq!(first["citations"], json!([]));

    // The same turn again, as a client does that lost the connection.
    let again = shop.ask(UNANSWERED).await.json();
    assert_eq!(again["reply"]["id"], first["reply"]["id"]);
    let list = agent.get("/v1/stores/one/handoffs").await.json();
    assert_eq!(list["handoffs"].as_array().unwrap().len(), 1, "{list}");
    let id = first["reply"]["id"].as_str().unwrap();
    let read = agent.get(&format!("/v1/stores/one/handoffs/{id}")).await.json();
    assert_eq!(read, list["handoffs"][0]);
    assert_eq!(read["case"]["question"], UNANSWERED);
    assert_eq!(read["case"]["package"]["open_questions"], json!([UNANSWERED]));
    assert!(read["case"]["note"].as_str().unwrap().contains(UNANSWERED), "{read}");
    let missing = agent.get("/v1/stores/one/handoffs/ho_none").await;
    assert_eq!((missing.status, missing.problem().as_str()), (StatusCode::NOT_FOUND, "no-such-handoff"));
}

#[tokio::test]
async fn the_draft_that_failed_is_for_agents_only() {
    let parrot = "QUOTE: x [1]\nANSWER: You can return an item within 45 days of delivery [1].";
    let app = TestApp::with(|setup| {
        setup.ports.generator = Some(std::sync::Arc::new(engine::fakes::Parrot::new(parrot)));
    })
    .await;
    let shop = app.storefront("one").await;
    // Handed over by rule or by check, whatever the engine decides: a storefront never reads a draft.
    for question in [ANSWERED, UNANSWERED, "Cancel my order please"] {
        let reply = shop.post("/v1/ask", &json!({ "question": question })).await;
        assert_eq!(reply.status, StatusCode::OK);
        assert!(!reply.text.contains("\"draft\"") && !reply.text.contains("45 days"), "{}", reply.text);
    }
}

#[tokio::test]
async fn sentences_stream_before_the_answer() {
    let app = TestApp::start().await;
    let shop = app.storefront("one").await;
    let body = json!({ "question": ANSWERED, "conversation_id": "c-1" }).to_string();
    let stream = shop.send(Method::POST, "/v1/ask", &[JSON, EVENTS], &body).await;
    assert_eq!(stream.status, StatusCode::OK);
    let events = stream.events();
    let (last, sentences) = events.split_last().unwrap();
    assert_eq!(last.0, "answer");
    assert!(!sentences.is_empty());
    let released: Vec<&Value> = sentences
        .iter()
        .map(|(name, data)| {
            assert_eq!(name, "sentence");
            data
        })
        .collect();
    assert_eq!(json!(released), last.1["reply"]["sentences"]);
    // The same reply as without a stream.
    let whole = shop.ask(ANSWERED).await.json();
    assert_eq!((&whole["reply"], &whole["citations"]), (&last.1["reply"], &last.1["citations"]));

    let body = json!({ "question": UNANSWERED }).to_string();
    let events = shop.send(Method::POST, "/v1/ask", &[JSON, EVENTS], &body).await.events();
    assert_eq!(events.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["handoff"]);
}

#[tokio::test]
async fn a_key_is_needed_and_counts_from_the_moment_it_is_made_until_it_is_revoked() {
    let app = TestApp::start().await;
    for (caller, header) in [(app.nobody(), "none"), (app.with_key("sk_wrong"), "wrong")] {
        let reply = caller.ask(ANSWERED).await;
        assert_eq!((reply.status, reply.problem().as_str()), (StatusCode::UNAUTHORIZED, "unauthorized"), "{header}");
        assert!(reply.header("www-authenticate").unwrap().starts_with("Bearer"));
    }
    let shop = app.storefront("one").await;
    assert_eq!(shop.ask(ANSWERED).await.status, StatusCode::OK);
    let id = app.keys.list(None).await.unwrap()[0].id.clone();
    app.keys.revoke(&id, "2026-11-21T12:00:00Z".parse().unwrap()).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(2100)).await;
    assert_eq!(shop.ask(ANSWERED).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn errors_are_problem_documents() {
    let app = TestApp::start().await;
    let shop = app.storefront("one").await;
    let long = "é".repeat(4001);
    let question = |q: &str| json!({ "question": q }).to_string();
    let huge = question(&"x".repeat(300_000));
    type Case<'a> = (Method, &'a str, &'a [(&'a str, &'a str)], String, u16, &'a str, &'a str);
    let cases: [Case<'_>; 10] = [
        (Method::POST, "/v1/ask", &[JSON], "{".into(), 400, "invalid-request", "body"),
        (Method::POST, "/v1/ask", &[JSON], "{}".into(), 400, "invalid-request", "question"),
        (Method::POST, "/v1/ask", &[JSON], r#"{"question":"a","who":1}"#.into(), 400, "invalid-request", "who"),
        (Method::POST, "/v1/ask", &[JSON], question(" "), 400, "invalid-request", "question"),
        (Method::POST, "/v1/ask", &[JSON], question(&long), 400, "invalid-request", "question"),
        (Method::POST, "/v1/ask", &[JSON], huge, 413, "too-large", ""),
        (Method::POST, "/v1/ask", &[("content-type", "text/plain")], question("a"), 415, "not-json", ""),
        (Method::POST, "/v1/ask", &[], question("a"), 415, "not-json", ""),
        (Method::GET, "/v1/ask", &[], String::new(), 405, "method-not-allowed", ""),
        (Method::POST, "/v1/nothing", &[], String::new(), 404, "no-such-route", ""),
    ];
    for (method, path, headers, body, status, kind, field) in cases {
        let reply = shop.send(method.clone(), path, headers, &body).await;
        let named: String = body.chars().take(40).collect();
        assert_eq!((reply.status.as_u16(), reply.problem().as_str()), (status, kind), "{method} {path} {named}");
        let errors = reply.json();
        assert_eq!(errors["errors"][0]["field"].as_str().unwrap_or_default(), field, "{named}: {errors}");
        assert!(reply.header("x-request-id").is_some());
    }
    let allowed = shop.get("/v1/ask").await;
    assert_eq!(allowed.header("allow"), Some("POST"));
}

#[tokio::test]
async fn the_store_may_be_named_and_must_be_the_keys() {
    let app = TestApp::start().await;
    let shop = app.storefront("one").await;
    let body = json!({ "question": ANSWERED });
    assert!(shop.post("/v1/stores/one/ask", &body).await.text.contains("30 days"));
    let mut named = body.clone();
    named["store"] = "one".into();
    assert_eq!(shop.post("/v1/ask", &named).await.status, StatusCode::OK);
    named["store"] = "two".into();
    assert_eq!(shop.post("/v1/ask", &named).await.problem(), "no-such-store");
    // Another store's, one that nobody has, and one that cannot be: the same answer, byte for byte.
    let foreign = shop.post("/v1/stores/two/ask", &body).await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
    for path in ["/v1/stores/nobody/ask", "/v1/stores/NOT%20A%20STORE/ask", "/v1/stores/%FF/ask"] {
        let unknown = shop.post(path, &body).await;
        assert_eq!((unknown.status, &unknown.text), (foreign.status, &foreign.text), "{path}");
    }
}

#[tokio::test]
async fn health_readiness_and_the_front_page() {
    let app = TestApp::start().await;
    let nobody = app.nobody();
    assert_eq!(nobody.get("/healthz").await.json(), json!({ "status": "ok" }));
    let ready = nobody.get("/readyz").await.json();
    assert_eq!((&ready["status"], &ready["embedder"]), (&json!("ready"), &json!("bag@fake")));
    assert!(nobody.get("/").await.text.contains("/v1/ask"));
    app.app.stop();
    let stopping = nobody.get("/readyz").await;
    assert_eq!((stopping.status, stopping.problem().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "stopping"));
    assert_eq!(nobody.get("/healthz").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_request_keeps_the_id_that_it_came_with() {
    let app = TestApp::start().await;
    let with = |id| [("x-request-id", id)];
    let kept = app.nobody().send(Method::GET, "/healthz", &with("abc-1"), "").await;
    assert_eq!(kept.header("x-request-id"), Some("abc-1"));
    let made = app.nobody().send(Method::GET, "/healthz", &with("jo@example.com"), "").await;
    assert_eq!(made.header("x-request-id").map(str::len), Some(32));
}
