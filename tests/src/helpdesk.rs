//! Stand-ins for the systems that handoffs are handed to: each checks that a request is what the system documents, does
//! what it would do, and fails as often as a test wants.

mod chatwoot;
mod gorgias;
mod slack;
mod webhook;
mod zendesk;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};
use tokio::sync::{mpsc, watch};

pub const WEBHOOK_SECRET: &str = "a-secret-of-more-than-thirty-two-bytes";
pub const USER: &str = "agent@fjellvik.example";
pub const TOKEN: &str = "zendesk-token";
pub const BOT_TOKEN: &str = "bot-token";
pub const AGENT_TOKEN: &str = "agent-token";
pub const ACCOUNT: u64 = 5;
pub const PATH_SECRET: &str = "0123456789abcdef0123456789abcdef";
pub const SIGNING_SECRET: &str = "chatwoot-signs-with-this";
/// What Zendesk's webhook signs with, and what Gorgias' HTTP integration sends.
pub const ZENDESK_SECRET: &str = "zendesk-signs-with-this";
pub const GORGIAS_SECRET: &str = "fedcba9876543210fedcba9876543210";

/// The number of the Zendesk user whose token it is: whoever a ticket without a requester is for.
pub const ZENDESK_SUBMITTER: u64 = 900;

/// Which system it stands in for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    Webhook,
    Chatwoot,
    Zendesk,
    Gorgias,
    Slack,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Faults {
    Never,
    /// This share of the requests: too many, broken, taken and never confirmed, taken and the connection reset.
    Share(f64),
    /// Everything is taken, told to the test, and never confirmed.
    Hang,
    /// Nothing is taken.
    Down,
}

/// Something that was done: a ticket made, a message posted, a status set.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// What the system would know it by: the idempotency key, the external id, the text.
    pub key: String,
    pub what: Value,
}

/// What a request comes to, if it is one that the system documents.
pub(crate) enum Reply {
    /// It changes something.
    Done(Effect, StatusCode, Value),
    /// It only looks, or was done before.
    Seen(StatusCode, Value),
}

pub(crate) struct Asked<'a> {
    pub method: &'a Method,
    pub path: &'a str,
    pub query: BTreeMap<String, String>,
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
}

/// What a stand-in knows.
pub struct Known {
    pub effects: Vec<Effect>,
    /// How often a request was taken and not confirmed.
    pub unconfirmed: usize,
    pub requests: usize,
    /// Requests that the system does not document.
    pub wrong: Vec<String>,
    faults: Faults,
    random: StdRng,
}

#[derive(Clone)]
struct Shared {
    system: System,
    known: Arc<Mutex<Known>>,
    taken: mpsc::UnboundedSender<()>,
}

/// Listens on a port of this machine until it is dropped.
pub struct Helpdesk {
    pub address: SocketAddr,
    pub system: System,
    known: Arc<Mutex<Known>>,
    taken: mpsc::UnboundedReceiver<()>,
    _stop: watch::Sender<()>,
}

impl Helpdesk {
    pub async fn start(system: System) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let known = Known {
            effects: Vec::new(),
            unconfirmed: 0,
            requests: 0,
            wrong: Vec::new(),
            faults: Faults::Never,
            random: StdRng::seed_from_u64(11),
        };
        let known = Arc::new(Mutex::new(known));
        let (sender, taken) = mpsc::unbounded_channel();
        let (stop, mut stopped) = watch::channel(());
        let shared = Shared { system, known: known.clone(), taken: sender };
        let router = Router::new().fallback(answer).with_state(shared);
        tokio::spawn(async move {
            let server = axum::serve(listener, router).into_future();
            tokio::select! {
                _ = server => {}
                _ = stopped.changed() => {}
            }
        });
        Self { address, system, known, taken, _stop: stop }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn faults(&self, faults: Faults) {
        self.known().faults = faults;
    }

    pub fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().expect("not poisoned")
    }

    /// What was done.
    pub fn effects(&self) -> Vec<Effect> {
        let known = self.known();
        assert_eq!(known.wrong, [] as [String; 0], "{:?} documents no such request", self.system);
        known.effects.clone()
    }

    /// Waits until a request was taken that is not confirmed.
    pub async fn taken(&mut self) {
        tokio::time::timeout(Duration::from_secs(60), self.taken.recv()).await.expect("in time").expect("it lives");
    }

    /// The section of a store's settings that leads here.
    pub fn settings(&self) -> String {
        let url = self.url();
        match self.system {
            System::Webhook => format!("[handover.webhook]\nurl = \"{url}/hook\"\nsecret = \"{WEBHOOK_SECRET}\"\n"),
            System::Chatwoot => format!(
                "[handover.chatwoot]\nurl = \"{url}\"\naccount = {ACCOUNT}\ntoken = \"{BOT_TOKEN}\"\n\
                 path_secret = \"{PATH_SECRET}\"\nsigning_secrets = [\"{SIGNING_SECRET}\"]\n\
                 look_token = \"{AGENT_TOKEN}\"\n"
            ),
            System::Zendesk => format!(
                "[handover.zendesk]\nurl = \"{url}\"\nuser = \"{USER}\"\ntoken = \"{TOKEN}\"\ntags = [\"chat\"]\n\
                 signing_secret = \"{ZENDESK_SECRET}\"\n"
            ),
            System::Gorgias => format!(
                "[handover.gorgias]\nurl = \"{url}\"\nuser = \"{USER}\"\nkey = \"{TOKEN}\"\n\
                 unknown_customer = \"visitor@fjellvik.example\"\nwebhook_secret = \"{GORGIAS_SECRET}\"\n"
            ),
            System::Slack => format!("[handover.slack]\nurl = \"{url}/services/T0/B0/secret\"\n"),
        }
    }
}

async fn answer(State(shared): State<Shared>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    enum Fate {
        Fine,
        Refuse(StatusCode),
        Hang,
        Reset,
    }
    let (reply, fate) = {
        let mut known = shared.known.lock().expect("not poisoned");
        known.requests += 1;
        let faults = known.faults;
        let fate = match faults {
            Faults::Never => Fate::Fine,
            Faults::Hang => Fate::Hang,
            Faults::Down => Fate::Refuse(StatusCode::SERVICE_UNAVAILABLE),
            Faults::Share(share) => match (known.random.random_bool(share), known.random.random_range(0..4)) {
                (false, _) => Fate::Fine,
                (true, 0) => Fate::Refuse(StatusCode::TOO_MANY_REQUESTS),
                (true, 1) => Fate::Refuse(StatusCode::INTERNAL_SERVER_ERROR),
                (true, 2) => Fate::Hang,
                (true, _) => Fate::Reset,
            },
        };
        if let Fate::Refuse(status) = fate {
            return (status, [(header::RETRY_AFTER, "1")], "not now").into_response();
        }
        let query = uri.query().unwrap_or_default();
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let query = pairs.map(|(name, value)| (name.to_owned(), value.replace("%3A", ":"))).collect();
        let asked = Asked { method: &method, path: uri.path(), query, headers: &headers, body: &body };
        let reply = match shared.system {
            System::Webhook => webhook::reply(&asked, &known),
            System::Chatwoot => chatwoot::reply(&asked, &known),
            System::Zendesk => zendesk::reply(&asked, &mut known),
            System::Gorgias => gorgias::reply(&asked, &mut known),
            System::Slack => slack::reply(&asked),
        };
        let reply = match reply {
            Ok(Reply::Done(effect, status, value)) => {
                known.effects.push(effect);
                known.unconfirmed += usize::from(!matches!(fate, Fate::Fine));
                (status, value)
            }
            Ok(Reply::Seen(status, value)) => (status, value),
            Err(wrong) => {
                known.wrong.push(format!("{method} {uri}: {wrong}"));
                (StatusCode::UNPROCESSABLE_ENTITY, Value::String(wrong))
            }
        };
        (reply, fate)
    };
    match fate {
        Fate::Fine | Fate::Refuse(_) => {
            let (status, value) = reply;
            let text = if let Value::String(text) = &value { text.clone() } else { value.to_string() };
            (status, text).into_response()
        }
        Fate::Hang => {
            let _ = shared.taken.send(());
            std::future::pending::<Response>().await
        }
        // Headers, and then the connection ends in the middle of the body.
        Fate::Reset => {
            let broken = futures::stream::iter([
                Ok(Bytes::from_static(b"{")),
                Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
            ]);
            (reply.0, Body::from_stream(broken)).into_response()
        }
    }
}

impl Asked<'_> {
    pub(crate) fn header(&self, name: &str) -> Result<&str, String> {
        self.headers.get(name).and_then(|value| value.to_str().ok()).ok_or_else(|| format!("no header {name}"))
    }

    /// The JSON of a body that says that it is JSON.
    pub(crate) fn json(&self) -> Result<Value, String> {
        let kind = self.header("content-type")?;
        if !kind.starts_with("application/json") {
            return Err(format!("content-type {kind}"));
        }
        serde_json::from_slice(self.body).map_err(|e| e.to_string())
    }

    /// Basic authentication, as `{user}:{password}`.
    pub(crate) fn basic(&self, expected: &str) -> Result<(), String> {
        use base64::Engine;
        let said = self.header("authorization")?.strip_prefix("Basic ").ok_or("not basic authentication")?;
        let said = base64::engine::general_purpose::STANDARD.decode(said).map_err(|e| e.to_string())?;
        if said == expected.as_bytes() { Ok(()) } else { Err("another user or password".into()) }
    }
}

/// The text of a field that must be there and not be empty.
pub(crate) fn text<'v>(value: &'v Value, field: &str) -> Result<&'v str, String> {
    let found = field.split('.').fold(value, |value, name| &value[name]);
    found.as_str().filter(|text| !text.trim().is_empty()).ok_or_else(|| format!("{field} must be a text: {found}"))
}

pub(crate) fn only(value: &Value, known: &[&str]) -> Result<(), String> {
    let object = value.as_object().ok_or("not an object")?;
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!("{key} is not documented")),
        None => Ok(()),
    }
}
