//! A stand-in for a Shopify store: developers, the demo and the tests talk to it as they would to the Admin API, without
//! an account.
//!
//! Operations are parsed, validated and executed by apollo-compiler on the part of Shopify's schema that shopclerk uses
//! (`ingest::shopify::operations::SCHEMA`), over a fixture in memory. What it does not claim to imitate stands in the
//! help of `shopclerk sandbox`: the exact cost of a query, ranking and tokenization of searches, redaction of protected
//! customer data, the wording of validation errors.

mod access;
mod bulk;
mod cost;
mod execute;
pub mod faults;
pub mod fixture;
mod http;
pub mod in_process;
mod mutate;
mod resolve;
mod schema;
mod search;
mod webhooks;
mod world;

pub use faults::{Fault, FaultKind};
pub use fixture::{BadLine, Fixture, FixtureError};
pub use http::FOREIGN_CLIENT;
pub use mutate::Effect;
pub use schema::EXTENSION;
pub use webhooks::{Delivery, Sent};
pub use world::Fields;

use access::Scopes;
use apollo_compiler::response::JsonMap;
use apollo_compiler::validation::Valid;
use cost::Bucket;
use faults::Dice;
use fixture::ShopFile;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap},
    fmt, io,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, OnceLock},
    time::Duration,
};
use tokio::{net::TcpListener, runtime::Handle, task::JoinHandle};
use world::{Clock, World, text};

/// The versions that are served, oldest first. The second is a release candidate until its quarter begins.
pub const VERSIONS: [&str; 2] = ["2026-07", "2026-10"];

/// How a sandbox behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// The store's time at the start; else the fixture's.
    pub now: Option<Timestamp>,
    pub faults: Vec<Fault>,
    pub seed: u64,
    /// Where webhooks of every topic go, subscribed or not.
    pub webhooks_to: Option<String>,
    /// Points in the bucket, and points a second.
    pub bucket: (f64, f64),
    /// `Retry-After` of a 429.
    pub retry_after: Duration,
    /// How long a bulk operation waits before it runs, and again before it is done.
    pub bulk_delay: Duration,
    /// Before the second try of a webhook; doubled for each further one.
    pub webhook_wait: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            now: None,
            faults: Vec::new(),
            seed: 0,
            webhooks_to: None,
            bucket: (2000.0, 100.0),
            retry_after: Duration::from_secs(1),
            bulk_delay: Duration::from_millis(200),
            webhook_wait: Duration::from_millis(250),
        }
    }
}

/// A store that is loaded and not served yet.
#[derive(Debug)]
pub struct Sandbox {
    shared: Arc<Shared>,
}

/// Everything that requests share.
struct Shared {
    options: Options,
    fixture_shop: ShopFile,
    clock: Clock,
    world: Mutex<Arc<World>>,
    /// By idempotency key.
    remembered: Mutex<HashMap<String, Remembered>>,
    effects: Mutex<Vec<Effect>>,
    bucket: Mutex<Bucket>,
    dice: Mutex<Dice>,
    scopes: Mutex<Scopes>,
    /// Granted tokens and when they end.
    granted: Mutex<HashMap<String, Timestamp>>,
    /// Requests by operation name.
    counts: Mutex<BTreeMap<String, usize>>,
    /// Results of bulk operations by address.
    files: Mutex<HashMap<String, Arc<tempfile::NamedTempFile>>>,
    sent: Mutex<Vec<Sent>>,
    /// Ignores proxies: receivers are on this machine.
    client: reqwest::Client,
    served: OnceLock<(SocketAddr, Handle)>,
}

/// A mutation that was carried out with an idempotency key.
struct Remembered {
    mutation: String,
    arguments: Value,
    payload: Value,
}

/// What a resolver knows of the request.
struct RequestContext<'a> {
    shared: &'a Arc<Shared>,
    scopes: Scopes,
    now: Timestamp,
    variables: &'a Valid<JsonMap>,
}

impl Sandbox {
    /// Reads and checks a fixture.
    pub fn load(fixture: &Path, options: Options) -> Result<Self, FixtureError> {
        Ok(Self::over(Fixture::load(fixture)?, options))
    }

    /// Serves a fixture that was read before.
    pub fn over(fixture: Fixture, options: Options) -> Self {
        let Fixture { shop, world, unknown: _ } = fixture;
        let client = reqwest::Client::builder().no_proxy().build().expect("a client without certificates of its own");
        let shared = Shared {
            clock: Clock::starting(options.now.unwrap_or(shop.now)),
            world: Mutex::new(Arc::new(world)),
            remembered: Mutex::default(),
            effects: Mutex::default(),
            bucket: Mutex::new(Bucket::full(options.bucket.0, options.bucket.1)),
            dice: Mutex::new(Dice::new(options.seed, options.faults.clone())),
            scopes: Mutex::new(Scopes::new(shop.scopes.iter().cloned())),
            granted: Mutex::default(),
            counts: Mutex::default(),
            files: Mutex::default(),
            sent: Mutex::default(),
            client,
            served: OnceLock::new(),
            fixture_shop: shop,
            options,
        };
        Self { shared: Arc::new(shared) }
    }

    /// Answers at `listener` until the result is dropped. Called within a tokio runtime.
    pub fn start(self, listener: TcpListener) -> io::Result<RunningSandbox> {
        let address = listener.local_addr()?;
        let Self { shared } = self;
        shared.served.set((address, Handle::current())).map_err(|_| io::Error::other("served before"))?;
        let router = http::router(shared.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(RunningSandbox { shared, server })
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("shop", &self.fixture_shop).finish_non_exhaustive()
    }
}

impl Shared {
    fn world(&self) -> Arc<World> {
        self.world.lock().expect("no holder panics").clone()
    }

    fn bucket(&self) -> MutexGuard<'_, Bucket> {
        self.bucket.lock().expect("no holder panics")
    }

    fn draw(&self) -> Option<FaultKind> {
        self.dice.lock().expect("no holder panics").draw()
    }

    fn count(&self, operation: &str) {
        *self.counts.lock().expect("no holder panics").entry(operation.to_owned()).or_default() += 1;
    }

    fn url(&self) -> String {
        self.served.get().map(|(address, _)| format!("http://{address}")).unwrap_or_default()
    }

    fn shop_domain(&self) -> String {
        text(&self.world().shop, "myshopifyDomain").unwrap_or("sandbox.myshopify.com").to_owned()
    }

    /// What a token may do; None for one that is unknown or has ended.
    fn scopes_of(&self, token: &str) -> Option<Scopes> {
        let lasting = token == self.fixture_shop.access_token;
        let granted = self.granted.lock().expect("no holder panics").get(token).copied();
        let holds = lasting || granted.is_some_and(|ends| self.clock.now() < ends);
        holds.then(|| self.scopes.lock().expect("no holder panics").clone())
    }

    fn grant(&self, seconds: i64) -> (String, Scopes) {
        let token = format!("granted-{}", uuid::Uuid::new_v4());
        let ends = self.clock.now().saturating_add(SignedDuration::from_secs(seconds)).expect("no calendar units");
        self.granted.lock().expect("no holder panics").insert(token.clone(), ends);
        (token, self.scopes.lock().expect("no holder panics").clone())
    }

    fn revoke(&self, token: &str) {
        self.granted.lock().expect("no holder panics").remove(token);
    }

    /// Tells of an object to whoever wants to hear of the topic.
    fn emit(self: &Arc<Self>, topic: &str, gid: &str) {
        let world = self.world();
        let payload = self.payload(&world, topic, gid);
        let event_id = uuid::Uuid::new_v4().to_string();
        let subscriptions = world.all("WebhookSubscription").iter().filter_map(|id| world.get(id));
        let wanted = subscriptions.filter(|s| text(s, "topic").is_some_and(|t| webhooks::topic_of_enum(t) == topic));
        let urls: Vec<String> = wanted.filter_map(|s| text(s, "uri").map(str::to_owned)).collect();
        for url in urls.into_iter().chain(self.options.webhooks_to.clone()) {
            let delivery = webhooks::delivery(self, topic, &payload, &event_id);
            self.send(delivery, url);
        }
    }

    fn payload(&self, world: &World, topic: &str, gid: &str) -> Value {
        let compulsory = webhooks::compliance(world, self, topic, gid);
        compulsory.unwrap_or_else(|| webhooks::payload(world, topic, gid))
    }

    fn send(self: &Arc<Self>, delivery: Delivery, url: String) {
        // Before the sandbox is served nobody can have subscribed.
        let Some((_, runtime)) = self.served.get() else { return };
        let shared = self.clone();
        runtime.spawn(async move {
            let wait = shared.options.webhook_wait;
            let sent = webhooks::send(shared.client.clone(), delivery, url, wait).await;
            shared.sent.lock().expect("no holder panics").push(sent);
        });
    }
}

/// A store that is served: what to say to it, and what it can be asked and told behind its back.
#[derive(Debug)]
pub struct RunningSandbox {
    shared: Arc<Shared>,
    server: JoinHandle<io::Result<()>>,
}

impl Drop for RunningSandbox {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl RunningSandbox {
    /// `http://127.0.0.1:40123`: stands where `https://shop.myshopify.com` would.
    pub fn url(&self) -> String {
        self.shared.url()
    }

    /// A token that does not end.
    pub fn token(&self) -> &str {
        &self.shared.fixture_shop.access_token
    }

    pub fn client_id(&self) -> &str {
        &self.shared.fixture_shop.client_id
    }

    /// Grants tokens, and signs webhooks.
    pub fn client_secret(&self) -> &str {
        &self.shared.fixture_shop.client_secret
    }

    pub fn shop_domain(&self) -> String {
        self.shared.shop_domain()
    }

    /// The store's time.
    pub fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    pub fn advance(&self, by: SignedDuration) {
        self.shared.clock.advance(by);
    }

    pub fn set_faults(&self, faults: Vec<Fault>) {
        self.shared.dice.lock().expect("no holder panics").set(faults);
    }

    pub fn set_scopes(&self, scopes: &[&str]) {
        *self.shared.scopes.lock().expect("no holder panics") = Scopes::new(scopes.iter().map(|&s| s.to_owned()));
    }

    /// Ends every token that was granted.
    pub fn expire_tokens(&self) {
        self.shared.granted.lock().expect("no holder panics").clear();
    }

    /// Leaves no points for the next query.
    pub fn drain_bucket(&self) {
        self.shared.bucket().drain();
    }

    /// What mutations did, oldest first.
    pub fn effects(&self) -> Vec<Effect> {
        self.shared.effects.lock().expect("no holder panics").clone()
    }

    /// How often each operation came, by name.
    pub fn requests(&self) -> BTreeMap<String, usize> {
        self.shared.counts.lock().expect("no holder panics").clone()
    }

    /// The fields of an object, as they are kept: objects within that have an id are their ids.
    pub fn object(&self, gid: &str) -> Option<Fields> {
        self.shared.world().get(gid).map(|fields| (**fields).clone())
    }

    /// The ids of all objects of a type, `Product`.
    pub fn ids(&self, ty: &str) -> Vec<String> {
        self.shared.world().all(ty).to_vec()
    }

    /// Adds an object, shaped as a fixture's line, or changes the given fields of the one with that id. `updatedAt` becomes
    /// now unless it is given. Nobody is told of it: see [`emit`](Self::emit).
    pub fn put(&self, ty: &str, object: Value) -> Result<String, Vec<BadLine>> {
        let mut fields = object.as_object().cloned().unwrap_or_default();
        fields.entry("updatedAt").or_insert_with(|| world::iso(self.now()).into());
        let mut guard = self.shared.world.lock().expect("no holder panics");
        fixture::put(Arc::make_mut(&mut guard), &self.shared.fixture_shop, ty, fields)
    }

    /// Deletes an object; what points at it finds null. False if there was none.
    pub fn delete(&self, gid: &str) -> bool {
        let mut guard = self.shared.world.lock().expect("no holder panics");
        Arc::make_mut(&mut guard).remove(gid)
    }

    /// Sends a webhook of that topic (`products/update`, `customers/redact`) about an object to whoever subscribed.
    pub fn emit(&self, topic: &str, gid: &str) {
        self.shared.emit(topic, gid);
    }

    /// The webhook that [`emit`](Self::emit) would send, to be sent by the caller.
    pub fn webhook(&self, topic: &str, gid: &str) -> Delivery {
        let payload = self.shared.payload(&self.shared.world(), topic, gid);
        webhooks::delivery(&self.shared, topic, &payload, &uuid::Uuid::new_v4().to_string())
    }

    /// Deliveries that ended, arrived or given up.
    pub fn sent(&self) -> Vec<Sent> {
        self.shared.sent.lock().expect("no holder panics").clone()
    }
}
