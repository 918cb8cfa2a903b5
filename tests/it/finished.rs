//! A store's own conversations as something to learn from: what is over, and nothing that is not.

use api::db::{
    conversations::{Arrived, Channel},
    ownership::{From, Move},
    replies::BotReply,
};
use engine::{ConversationId, HandoffCase, HandoffReason, ports::Handoffs};
use tests::app::{TestApp, pass};

const STORE: &str = "one";

async fn says(app: &TestApp, id: &str, text: &str) {
    let (pass, id) = (pass(STORE), ConversationId(id.into()));
    let said = Arrived { conversation: &id, channel: Channel::Api, number: None, message: None, text, contact: None };
    let begun = app.app.desks.arrived(&pass, &said, 0).await.unwrap();
    let reply = BotReply {
        conversation: &id,
        number: begun.number,
        epoch: begun.epoch,
        text: "It is.",
        kind: "answer",
        outcome: None,
    };
    app.app.desks.record_reply_if_bot_owns(&pass, &reply).await.unwrap();
}

async fn moved(app: &TestApp, id: &str, what: Move) {
    let (pass, id) = (pass(STORE), ConversationId(id.into()));
    app.app.desks.move_conversation(pass.as_agent().unwrap(), &id, (what, "Mia", From::Here)).await.unwrap();
}

#[tokio::test]
async fn only_what_is_over_is_learnt_from() {
    let app = TestApp::start().await;
    let store = pass(STORE);
    let agent = store.as_agent().unwrap();
    let first = async |but_handed_over| {
        let mut found = app.app.desks.first_messages(agent, but_handed_over, 10).await.unwrap();
        found.sort();
        found
    };
    says(&app, "quiet", "Is the tent dry?").await;
    says(&app, "quiet", "And light?").await;
    says(&app, "twice", "Is the stove safe?").await;
    moved(&app, "twice", Move::Resolve).await;
    says(&app, "twice", "Is the lamp bright?").await;
    says(&app, "waits", "Is the axe sharp?").await;
    let case = |id: &str| HandoffCase {
        conversation: ConversationId(id.into()),
        turn: 0,
        reason: HandoffReason::NoEvidence,
        evidence: String::new(),
        question: "Is it?".into(),
        looked_at: Vec::new(),
        draft: None,
        tier: None,
        action: None,
        package: None,
    };
    app.app.desks.open(&store, &case("waits")).await.unwrap();
    // Resolved, or opened anew since; what the bot had to itself may go on.
    assert_eq!(first(false).await, ["Is the stove safe?"]);
    let finished = app.app.desks.finished(agent).await.unwrap();
    assert_eq!(finished.len(), 1);
    assert_eq!((finished[0].conversation.as_str(), finished[0].epoch, finished[0].turns.len()), ("twice", 0, 2));

    app.clock.advance(25 * 3600);
    assert_eq!(first(false).await, ["Is the lamp bright?", "Is the stove safe?", "Is the tent dry?"]);
    // What a person dealt with is over as well, and is read from the handoffs where those are read.
    moved(&app, "waits", Move::TakeOver).await;
    assert_eq!(first(false).await.len(), 3);
    moved(&app, "waits", Move::Resolve).await;
    assert_eq!(first(false).await.len(), 4);
    assert_eq!(first(true).await.len(), 3);
    let finished = app.app.desks.finished(agent).await.unwrap();
    let roles = |id: &str, epoch| {
        let one = finished.iter().find(|one| one.conversation == id && one.epoch == epoch).expect("it is over");
        one.turns.iter().map(|turn| turn.role.clone()).collect::<Vec<_>>()
    };
    assert_eq!(finished.len(), 4);
    assert_eq!(roles("quiet", 0), ["customer", "bot", "customer", "bot"]);
    assert_eq!((roles("twice", 0), roles("twice", 1)), (vec!["customer".into(), "bot".into()], roles("twice", 0)));
}
