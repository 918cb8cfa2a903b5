//! Too many, too slow, gone: what happens to questions that cannot be answered now.

use super::{ANSWERED, EVENTS, JSON, TestApp};
use async_trait::async_trait;
use axum::http::{Method, StatusCode};
use engine::{
    Passage, StorePass,
    ports::{Knowledge, KnowledgeError, SearchQuery},
};
use futures::StreamExt;
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::time::{sleep, timeout};

/// An index that never answers, and counts who is waiting for it.
#[derive(Default)]
struct Stuck(Arc<Counts>);

#[derive(Default)]
struct Counts {
    /// Searches that ever began.
    begun: AtomicUsize,
    /// Those that nobody has given up.
    waiting: AtomicUsize,
}

struct Waiting(Arc<Counts>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Knowledge for Stuck {
    async fn search(&self, _: &StorePass, _: &SearchQuery) -> Result<Vec<Passage>, KnowledgeError> {
        self.0.waiting.fetch_add(1, Ordering::SeqCst);
        self.0.begun.fetch_add(1, Ordering::SeqCst);
        let _waiting = Waiting(self.0.clone());
        std::future::pending().await
    }
}

async fn until(count: &AtomicUsize, expect: usize) {
    let reached = async {
        while count.load(Ordering::SeqCst) != expect {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(10), reached).await.unwrap_or_else(|_| panic!("not {expect} in time"));
}

async fn stuck(timeout_ms: u64) -> (TestApp, Arc<Counts>) {
    let counts = Arc::new(Counts::default());
    let knowledge = Stuck(counts.clone());
    let app = TestApp::with(|setup| {
        setup.ports.knowledge = Arc::new(knowledge);
        setup.http.request_timeout_ms = timeout_ms;
        (setup.limits.concurrent, setup.limits.waiting, setup.limits.wait_ms) = (1, 1, 60_000);
        setup.limits.retry_after_s = 7;
    })
    .await;
    (app, counts)
}

#[tokio::test]
async fn when_every_place_is_taken_the_next_is_told_so_at_once() {
    let (app, counts) = stuck(60_000).await;
    let shop = app.storefront("one").await;
    let ask = || {
        let shop = shop.clone();
        tokio::spawn(async move { shop.ask(ANSWERED).await })
    };
    let first = ask();
    until(&counts.waiting, 1).await;
    let second = ask();
    sleep(Duration::from_millis(50)).await;
    let asked = Instant::now();
    let third = shop.ask(ANSWERED).await;
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    assert_eq!((third.status, third.problem().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "busy"));
    assert_eq!(third.header("retry-after"), Some("7"));
    // The first caller hangs up: the second gets the place.
    assert_eq!(counts.begun.load(Ordering::SeqCst), 1);
    first.abort();
    until(&counts.begun, 2).await;
    until(&counts.waiting, 1).await;
    second.abort();
    until(&counts.waiting, 0).await;
}

#[tokio::test]
async fn a_question_that_takes_too_long_goes_to_a_person() {
    let (app, counts) = stuck(50).await;
    let shop = app.storefront("one").await;
    let reply = shop.ask(ANSWERED).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    let reply = reply.json();
    assert_eq!(reply["reply"]["case"]["reason"], "unavailable");
    assert_eq!(counts.waiting.load(Ordering::SeqCst), 0, "the search was stopped");
    let list = app.agent("one").await.get("/v1/stores/one/handoffs").await.json();
    assert_eq!(list["handoffs"][0]["id"], reply["reply"]["id"]);
}

#[tokio::test]
async fn whoever_leaves_a_stream_stops_the_work() {
    use tower::ServiceExt;
    let (app, counts) = stuck(60_000).await;
    let shop = app.storefront("one").await;
    let body = json!({ "question": ANSWERED }).to_string();
    let request = shop.request(Method::POST, "/v1/ask", &[JSON, EVENTS], &body);
    let response = app.router.clone().oneshot(request).await.unwrap();
    let mut stream = response.into_body().into_data_stream();
    assert!(timeout(Duration::from_millis(50), stream.next()).await.is_err(), "nothing to say yet");
    until(&counts.waiting, 1).await;
    drop(stream);
    until(&counts.waiting, 0).await;
    // And the place is free again.
    let next = tokio::spawn({
        let shop = shop.clone();
        async move { shop.ask(ANSWERED).await }
    });
    until(&counts.waiting, 1).await;
    next.abort();
}

#[tokio::test]
async fn a_server_that_is_told_to_stop_finishes_what_runs() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (app, counts) = stuck(400).await;
    let key = app.key("one", engine::Role::Storefront).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(api::serve::serve(listener, app.app.clone(), Duration::from_secs(10), async {
        let _ = stopped.await;
    }));
    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    let body = json!({ "question": ANSWERED }).to_string();
    let request = format!(
        "POST /v1/ask HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    until(&counts.waiting, 1).await;
    stop.send(()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"unavailable\""), "{answer}");
    assert_eq!(server.await.unwrap().unwrap(), api::serve::Ended::Drained);
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "no new connections");
}

#[tokio::test]
async fn a_caller_who_hangs_up_stops_the_work_behind_a_real_socket_too() {
    use tokio::io::AsyncWriteExt;
    let (app, counts) = stuck(60_000).await;
    let key = app.key("one", engine::Role::Storefront).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server =
        tokio::spawn(api::serve::serve(listener, app.app.clone(), Duration::from_millis(10), std::future::pending()));
    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    let body = json!({ "question": ANSWERED }).to_string();
    let request = format!(
        "POST /v1/ask HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    until(&counts.waiting, 1).await;
    drop(socket);
    until(&counts.waiting, 0).await;
    server.abort();
}
