//! What a store does not keep any longer goes, whole; what is open stays, however old.

use api::{
    db::{
        conversations::{Arrived, Channel},
        ownership::{From, Move},
        replies::BotReply,
        retention::{KeptCount, Purged},
    },
    retention::Purger,
};
use engine::{ConversationId, HandoffCase, HandoffReason, StoreId, StorePass, ports::Handoffs};
use std::fs;
use tests::app::{TestApp, pass};

const STORE: &str = "one";
const DAY: i64 = 24 * 3600;
const WARES: &str = "snow";

fn of(store: &StoreId) -> StorePass {
    pass(store.as_str())
}

async fn say(app: &TestApp, id: &str, replied: &str) {
    let (pass, id) = (pass(STORE), ConversationId(id.into()));
    let text = format!("Do you sell {WARES}?");
    let said = Arrived {
        conversation: &id,
        channel: Channel::Api,
        number: None,
        message: None,
        text: &text,
        contact: Some("anna@mail.example"),
    };
    let begun = app.app.desks.arrived(&pass, &said, 0).await.unwrap();
    let text = format!("We do not sell {WARES}.");
    let reply = BotReply {
        conversation: &id,
        number: begun.number,
        epoch: begun.epoch,
        text: &text,
        kind: replied,
        outcome: None,
    };
    app.app.desks.record_reply_if_bot_owns(&pass, &reply).await.unwrap();
}

async fn hand_over(app: &TestApp, id: &str) {
    let case = HandoffCase {
        conversation: ConversationId(id.into()),
        turn: 0,
        reason: HandoffReason::NoEvidence,
        evidence: String::new(),
        question: format!("Do you sell {WARES}?"),
        looked_at: Vec::new(),
        draft: None,
        tier: None,
        action: None,
        package: None,
    };
    app.app.desks.open(&pass(STORE), &case).await.unwrap();
}

async fn moved(app: &TestApp, id: &str, what: Move) {
    let (pass, id) = (pass(STORE), ConversationId(id.into()));
    app.app.desks.move_conversation(pass.as_agent().unwrap(), &id, (what, "Mia", From::Here)).await.unwrap();
}

async fn ids(app: &TestApp) -> Vec<String> {
    let pass = pass(STORE);
    let found = app.app.desks.conversations(pass.as_agent().unwrap(), true, 1000).await.unwrap();
    let mut ids: Vec<String> = found.into_iter().map(|conversation| conversation.id.0).collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn what_is_old_goes_and_what_is_open_stays() {
    let app = TestApp::start().await;
    let store = pass(STORE);
    let agent = store.as_agent().unwrap();
    say(&app, "answered", "answer").await;
    for id in ["resolved", "waiting", "taken"] {
        say(&app, id, "handoff").await;
        hand_over(&app, id).await;
    }
    moved(&app, "resolved", Move::Resolve).await;
    moved(&app, "taken", Move::TakeOver).await;
    app.clock.advance(100 * DAY);
    say(&app, "young", "answer").await;

    let before = app.app.desks.days_ago(90);
    let would = app.app.desks.would_purge(&store, before).await.unwrap();
    assert_eq!(would, Purged { conversations: 2, turns: 4, handoffs: 1, open: 2 });
    assert_eq!(ids(&app).await.len(), 5, "counting removes nothing");
    assert_eq!(app.app.desks.purge(&store, before).await.unwrap(), would);
    assert_eq!(ids(&app).await, ["taken", "waiting", "young"]);
    assert_eq!(app.app.desks.open_handoffs(agent, 10).await.unwrap().len(), 2, "what waits is there");
    let gone = ConversationId("resolved".into());
    assert!(app.app.desks.conversation(agent, &gone).await.unwrap().is_none());
    // Who did what is still known.
    let audit = app.app.desks.audit_of(agent, None).await.unwrap();
    assert!(audit.iter().any(|line| line.action == "resolved" && line.what == "resolved" && line.who == "Mia"));

    let count = |what: &str, name: &str, count| KeptCount {
        month: "2026-11".into(),
        what: what.into(),
        name: name.into(),
        count,
    };
    let kept = app.app.desks.kept_counts(&store).await.unwrap();
    let expected = [
        count("conversation", "api", 2),
        count("handoff", "no_evidence", 1),
        count("turn", "bot:answer", 1),
        count("turn", "bot:handoff", 1),
        count("turn", "customer", 2),
    ];
    assert_eq!(kept, expected);

    // Again there is nothing to do, and nothing is counted twice.
    let again = app.app.desks.purge(&store, before).await.unwrap();
    assert_eq!((again.conversations, again.open), (0, 2));
    assert_eq!(app.app.desks.kept_counts(&store).await.unwrap(), expected);
    // When they are done their time begins to count, and the counts add up.
    moved(&app, "waiting", Move::Resolve).await;
    moved(&app, "taken", Move::Resolve).await;
    let rest = app.app.desks.purge(&store, before).await.unwrap();
    assert_eq!((rest.conversations, rest.open), (2, 0));
    let kept = app.app.desks.kept_counts(&store).await.unwrap();
    assert!(kept.contains(&count("conversation", "api", 4)), "{kept:?}");
}

#[tokio::test]
async fn more_than_one_batch_goes() {
    let app = TestApp::start().await;
    for at in 0..250 {
        say(&app, &format!("c-{at:03}"), "answer").await;
    }
    app.clock.advance(10 * DAY);
    let purged = app.app.desks.purge(&pass(STORE), app.app.desks.days_ago(9)).await.unwrap();
    assert_eq!((purged.conversations, purged.turns), (250, 500));
    assert_eq!(ids(&app).await, [] as [&str; 0]);
    let kept = app.app.desks.kept_counts(&pass(STORE)).await.unwrap();
    let of = |name: &str| kept.iter().find(|count| count.name == name).map(|count| count.count);
    assert_eq!((of("api"), of("customer"), of("bot:answer")), (Some(250), Some(250), Some(250)));
}

#[tokio::test]
async fn a_server_purges_the_stores_that_say_how_long() {
    let app = TestApp::start().await;
    let settings = |keep: &str| {
        let folder = app.dir.path().join("stores").join(STORE);
        fs::create_dir_all(&folder).unwrap();
        let needed = "name = \"Fjellvik\"\ndomain = \"fjellvik.example\"\ncurrency = \"USD\"\nlanguages = [\"en\"]\n\
                      [hours]\ntime_zone = \"UTC\"\n";
        fs::write(folder.join("store.toml"), format!("{needed}{keep}")).unwrap();
    };
    let purger = Purger { desks: app.app.desks.clone(), data: app.dir.path().to_owned(), pass: of };
    say(&app, "old", "answer").await;
    app.clock.advance(100 * DAY);
    for keep in ["", "[retention]\n", "[retention]\nconversations = \"101d\"\n", "[retention]\nconversations = 1\n"] {
        settings(keep);
        purger.round().await;
        assert_eq!(ids(&app).await, ["old"], "{keep}");
    }
    settings("[retention]\nconversations = \"99d\"\n");
    purger.round().await;
    assert_eq!(ids(&app).await, [] as [&str; 0]);
}
