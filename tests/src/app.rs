//! The server without its socket, over fakes, and callers as types.

use api::{
    App, AppParts, Loaded,
    config::{self, Http, Limits},
    db::{desk::Desks, keys::Keys},
    deliver::Channels,
    identity::{AllWays, Identity, IdentityParts, LimitedStorefront, Tries, Ways},
    shopify::shop::Shops,
    store::StoreSettings,
};
use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use engine::{
    Engine, Role, SourceKind, StoreId, StorePass,
    fakes::{self, MemoryKnowledge},
    ports::{Clock, Ports, Storefront},
};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::sync::{Arc, Mutex};
use tower::ServiceExt;

/// A question that the pages of both stores answer, and one that nothing answers.
pub const ANSWERED: &str = "How many days do I have to return an item?";
pub const UNANSWERED: &str = "Do you price match Amazon?";

/// Two stores, `one` and `two`, with the same routes and different pages.
pub struct TestApp {
    pub app: App,
    pub router: Router,
    pub keys: Keys,
    pub dir: tempfile::TempDir,
    /// The server's time. It stands until a test moves it.
    pub clock: Arc<TestClock>,
    /// The storefront as the engine sees it.
    pub storefront: Option<Arc<dyn Storefront>>,
}

/// A clock that a test moves; it begins at noon on 21 November 2026, UTC.
pub struct TestClock(Mutex<Timestamp>);

impl TestClock {
    pub fn advance(&self, seconds: i64) {
        *self.0.lock().expect("not poisoned") += SignedDuration::from_secs(seconds);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("not poisoned")
    }
}

/// What a test changes about the server.
pub struct Setup {
    pub ports: Ports,
    pub http: Http,
    pub limits: Limits,
    pub identity: config::Identity,
    pub ways: AllWays,
    pub shops: Shops,
    pub channels: Channels,
}

impl Setup {
    /// Lets a store's customers prove who they are as its settings say: `settings` stands below the keys that every
    /// file needs.
    pub fn settings(&mut self, store: &str, settings: &str) {
        let needed = "name = \"Fjellvik Outfitters\"\ndomain = \"fjellvik.example\"\ncurrency = \"USD\"\n\
                      languages = [\"en\"]\n[hours]\ntime_zone = \"UTC\"\n";
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), format!("{needed}{settings}")).expect("a file that can be written");
        let store: StoreId = store.parse().expect("a store's name");
        let settings = StoreSettings::load(file.path(), &store).unwrap_or_else(|e| panic!("{e}"));
        self.ways.set(store, Ways::of(&settings).expect("ways"));
    }
}

/// Whoever sends requests, with a key or without.
#[derive(Clone)]
pub struct Caller {
    router: Router,
    key: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub struct Response {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

#[expect(clippy::disallowed_methods, reason = "a test is its own operator")]
pub fn pass(store: &str) -> StorePass {
    StorePass::for_operator(store.parse().expect("a store's name"), "test")
}

impl TestApp {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Setup)) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let mut knowledge = MemoryKnowledge::default();
        for (store, days) in [("one", "30"), ("two", "14")] {
            let text = format!("You can return an item within {days} days of delivery.\nReturn shipping costs $6.95.");
            knowledge.add(&pass(store), SourceKind::Policy, "pages/returns.md", "Returns", &text);
        }
        let config = api::config::shipped().expect("the shipped settings");
        let mut setup = Setup {
            ports: fakes::ports(knowledge),
            http: config.http,
            limits: config.limits,
            identity: config.identity,
            ways: AllWays::default(),
            shops: Shops::default(),
            channels: Channels::default(),
        };
        let clock = Arc::new(TestClock(Mutex::new("2026-11-21T12:00:00Z".parse().expect("a time"))));
        let desks = Arc::new(Desks::new(dir.path().into(), clock.clone()));
        setup.ports.handoffs = desks.clone();
        setup.ports.contacts = Some(desks.clone());
        setup.ports.clock = clock.clone();
        change(&mut setup);
        let key = Identity::server_key(dir.path()).expect("a key");
        let tries = Tries::new(desks.clone(), key, clock.clone(), setup.identity);
        let identity = Identity::new(IdentityParts {
            desks: desks.clone(),
            clock: clock.clone(),
            storefront: setup.ports.storefront.clone(),
            ways: setup.ways,
            tries: tries.clone(),
        });
        let limited = |inner| Arc::new(LimitedStorefront::new(inner, tries)) as Arc<dyn Storefront>;
        setup.ports.storefront = setup.ports.storefront.map(limited);
        let storefront = setup.ports.storefront.clone();
        let keys = Keys::open(dir.path()).await.expect("a key database");
        let parts = AppParts {
            engine: Engine::new(setup.ports, config.engine.to_engine()),
            keys: keys.clone(),
            desks,
            identity,
            http: setup.http,
            limits: setup.limits,
            handoff_message: config.engine.handoff_message,
            loaded: Loaded { embedder: "bag@fake".into(), reranker: None, generator: None },
            shops: setup.shops,
            channels: setup.channels,
        };
        let app = App::new(parts).await.expect("an app");
        Self { router: api::router(app.clone()), app, keys, dir, clock, storefront }
    }

    pub fn nobody(&self) -> Caller {
        Caller { router: self.router.clone(), key: None }
    }

    pub fn with_key(&self, key: &str) -> Caller {
        Caller { key: Some(key.to_owned()), ..self.nobody() }
    }

    pub async fn storefront(&self, store: &str) -> Caller {
        self.with_key(&self.key(store, Role::Storefront).await)
    }

    pub async fn agent(&self, store: &str) -> Caller {
        self.with_key(&self.key(store, Role::Agent).await)
    }

    /// A new key. The running server has read its keyring already, so this is also how a key made later arrives.
    pub async fn key(&self, store: &str, role: Role) -> String {
        let store: StoreId = store.parse().expect("a store's name");
        self.keys.create(&store, role, "2026-11-21T12:00:00Z".parse().expect("a time")).await.expect("a key").secret
    }
}

impl Caller {
    pub async fn get(&self, path: &str) -> Response {
        self.send(Method::GET, path, &[], "").await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Response {
        self.send(Method::POST, path, &[("content-type", "application/json")], &body.to_string()).await
    }

    /// A question to `/v1/ask`.
    pub async fn ask(&self, question: &str) -> Response {
        self.post("/v1/ask", &serde_json::json!({ "question": question, "conversation_id": "c-1" })).await
    }

    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
        let response = self
            .router
            .clone()
            .oneshot(self.request(method, path, headers, body))
            .await
            .unwrap_or_else(|never| match never {});
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        Response { status: parts.status, headers: parts.headers, text }
    }

    pub fn request(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Request<Body> {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(key) = &self.key {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Body::from(body.to_owned())).expect("a request")
    }
}

impl Response {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// A problem document, as every error must be; its kind.
    pub fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.text);
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16());
        for field in ["title", "detail"] {
            assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {problem}");
        }
        let kind = problem["type"].as_str().expect("a type");
        kind.strip_prefix("urn:shopclerk:problem:").expect("a kind of ours").to_owned()
    }

    /// Events of a stream: name and data. Comments are left out.
    pub fn events(&self) -> Vec<(String, Value)> {
        assert_eq!(self.header("content-type"), Some("text/event-stream"));
        let parse = |block: &str| {
            let line = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            let data = line("data:")?;
            Some((line("event:")?.to_owned(), serde_json::from_str(data).expect("JSON")))
        };
        self.text.split("\n\n").filter_map(parse).collect()
    }
}
