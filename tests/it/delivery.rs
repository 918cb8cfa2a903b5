//! Handing over: who has the word, and that every handoff arrives, once in effect.

mod back;
mod chatwoot;
mod follow_ups;
mod killed;
mod once;
mod ownership;
mod race;

use api::{
    db::desk::Desks,
    deliver::{
        Connector,
        worker::{Pace, Sender},
    },
    store::StoreSettings,
    wiring::SystemClock,
};
use engine::{ConversationId, HandoffCase, HandoffReason, StorePass};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tests::{
    app::pass,
    helpdesk::{Helpdesk, SIGNING_SECRET, System},
};

const STORE: &str = "one";

/// Fails fast, comes back fast.
fn pace() -> Pace {
    Pace {
        base: Duration::from_millis(5),
        longest: Duration::from_millis(40),
        idle: Duration::from_millis(20),
        timeout: Duration::from_millis(400),
    }
}

fn store() -> StorePass {
    pass(STORE)
}

/// Settings of the store, with what is under `[handover]`.
fn settings(data: &Path, handover: &str) -> PathBuf {
    let folder = data.join("stores").join(STORE);
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join("store.toml");
    let needed = "name = \"Fjellvik\"\ndomain = \"fjellvik.example\"\ncurrency = \"USD\"\nlanguages = [\"en\"]\n\
                  [hours]\ntime_zone = \"UTC\"\n";
    fs::write(&path, format!("{needed}{handover}")).unwrap();
    path
}

fn desks(data: &Path) -> Arc<Desks> {
    Arc::new(Desks::new(data.to_owned(), Arc::new(SystemClock)))
}

/// Everything that sends for the store, as `serve` would make it.
fn sender(data: &Path, desks: &Arc<Desks>) -> Sender {
    let settings = StoreSettings::of(data, &STORE.parse().unwrap()).unwrap_or_else(|e| panic!("{e}"));
    let connectors = Connector::all(&settings, pace().timeout).unwrap();
    Sender { pass: store(), desks: desks.clone(), connectors, attempts: settings.handover.attempts, pace: pace() }
}

/// Sends until nothing waits any more.
async fn send_all(data: &Path, desks: &Arc<Desks>) {
    let sender = sender(data, desks);
    let sending = tokio::spawn(async move { sender.run().await });
    let pass = store();
    let empty = async {
        loop {
            let left = desks.outbox(pass.as_agent().unwrap(), false, 10_000).await.unwrap();
            if left.iter().all(|line| line.next_at.is_none()) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), empty).await.expect("sent in time");
    sending.abort();
}

fn case(conversation: &str, turn: u32) -> HandoffCase {
    HandoffCase {
        conversation: ConversationId(conversation.into()),
        turn,
        reason: HandoffReason::NoEvidence,
        evidence: String::new(),
        question: format!("<!channel> do you sell snow & ice? ({conversation})"),
        looked_at: Vec::new(),
        draft: None,
        tier: None,
        action: None,
        package: None,
    }
}

/// Waits until it is so.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..500 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("not in time: {what}");
}
