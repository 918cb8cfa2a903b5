//! Chatwoot both ways: what its agent bot hears, and what it says.

use super::{Helpdesk, SIGNING_SECRET, STORE, System, pace, settings, store, until};
use api::{
    db::conversations::{Conversation, Owner, StoredTurn},
    deliver::{Deliverer, signature},
};
use axum::http::{Method, StatusCode};
use engine::{ConversationId, StoreId, StorePass};
use serde_json::{Value, json};
use tests::{
    app::{ANSWERED, Caller, TestApp, UNANSWERED},
    helpdesk::{ACCOUNT, Effect, PATH_SECRET},
};

const CONVERSATION: u64 = 42;

fn of(store: &StoreId) -> StorePass {
    tests::app::pass(store.as_str())
}

struct Talk {
    app: TestApp,
    nobody: Caller,
    chatwoot: Helpdesk,
    messages: u64,
    _delivering: tokio::task::JoinHandle<()>,
}

impl Drop for Talk {
    fn drop(&mut self) {
        self._delivering.abort();
    }
}

impl Talk {
    async fn start() -> Self {
        let app = TestApp::start().await;
        let chatwoot = Helpdesk::start(System::Chatwoot).await;
        settings(app.dir.path(), &chatwoot.settings());
        let (data, pace) = (app.dir.path().to_owned(), pace());
        let deliverer = Deliverer { app: app.app.clone(), data, pace, pass: of };
        let delivering = tokio::spawn(deliverer.run());
        until("the channel is open", async || app.app.channels.get(&STORE.parse().unwrap()).is_some()).await;
        let nobody = app.nobody();
        Self { app, nobody, chatwoot, messages: 100, _delivering: delivering }
    }

    async fn tell(&self, event: &Value) -> StatusCode {
        let now = jiff::Timestamp::now().as_second().to_string();
        self.tell_as(event, PATH_SECRET, &now, SIGNING_SECRET).await
    }

    async fn tell_as(&self, event: &Value, path_secret: &str, timestamp: &str, secret: &str) -> StatusCode {
        let body = event.to_string();
        let signed = signature(secret, timestamp, body.as_bytes());
        let headers = [
            ("content-type", "application/json"),
            ("x-chatwoot-signature", signed.as_str()),
            ("x-chatwoot-timestamp", timestamp),
        ];
        let path = format!("/v1/channels/chatwoot/{STORE}/{path_secret}");
        self.nobody.send(Method::POST, &path, &headers, &body).await.status
    }

    fn message(&mut self, text: &str, kind: &str, status: &str) -> Value {
        self.messages += 1;
        let sender = match kind {
            "incoming" => json!({ "id": 9, "type": "contact", "name": "Anna" }),
            _ => json!({ "id": 3, "type": "user", "name": "Mia" }),
        };
        json!({
            "event": "message_created", "id": self.messages, "content": text, "content_type": "text",
            "message_type": kind, "private": false, "sender": sender, "account": { "id": ACCOUNT, "name": "F" },
            "conversation": { "id": CONVERSATION, "status": status, "inbox_id": 1 },
        })
    }

    fn status(&self, event: &str, status: &str) -> Value {
        json!({ "event": event, "id": CONVERSATION, "status": status, "at": self.messages })
    }

    /// What Chatwoot was told, once there is so much of it.
    async fn told(&self, count: usize) -> Vec<Effect> {
        until("Chatwoot is told", async || self.chatwoot.effects().len() >= count).await;
        // And no more than that.
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        let effects = self.chatwoot.effects();
        assert_eq!(effects.len(), count, "{effects:?}");
        effects
    }

    async fn conversation(&self) -> (Conversation, Vec<StoredTurn>) {
        let (pass, id) = (store(), ConversationId(format!("chatwoot:{ACCOUNT}:{CONVERSATION}")));
        self.app.app.desks.conversation(pass.as_agent().unwrap(), &id).await.unwrap().expect("a conversation")
    }

    /// Waits until so many turns are written down.
    async fn turns(&self, count: usize) -> Conversation {
        until("it is written down", async || self.conversation().await.1.len() >= count).await;
        self.conversation().await.0
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bot_answers_what_is_pending_and_is_silent_where_a_person_is() {
    let mut talk = Talk::start().await;
    let question = talk.message(ANSWERED, "incoming", "pending");
    assert_eq!(talk.tell(&question).await, StatusCode::OK);
    let told = talk.told(1).await;
    assert!(told[0].key.contains("within 30 days"), "{told:?}");
    assert_eq!((&told[0].what["private"], &told[0].what["conversation"]), (&json!(false), &json!(CONVERSATION)));
    // Chatwoot tells again what it is not sure of, and tells us of what we said.
    assert_eq!(talk.tell(&question).await, StatusCode::OK);
    let mut own = talk.message("within 30 days", "outgoing", "pending");
    own["sender"] = json!({ "id": 1, "type": "agent_bot", "name": "shopclerk" });
    assert_eq!(talk.tell(&own).await, StatusCode::OK);
    talk.told(1).await;

    // A handoff: a note for agents, an open conversation, a word to the customer.
    let question = talk.message(UNANSWERED, "incoming", "pending");
    talk.tell(&question).await;
    let told = talk.told(4).await;
    assert_eq!(told[1].what["private"], true);
    assert!(told[1].key.contains(UNANSWERED) && told[1].key.contains("Handoff ho_"), "{}", told[1].key);
    assert_eq!(told[2].what["status"], "open");
    assert_eq!(told[3].what["private"], false);
    // Chatwoot tells that the conversation is open. That is our own doing, and the customer gets no more answers.
    talk.tell(&talk.status("conversation_opened", "open")).await;
    assert_eq!(talk.conversation().await.0.owner, Owner::Waiting);
    let more = talk.message(ANSWERED, "incoming", "open");
    talk.tell(&more).await;
    let more = talk.message(ANSWERED, "incoming", "pending");
    talk.tell(&more).await;
    assert_eq!(talk.turns(6).await.owner, Owner::Waiting);
    talk.told(4).await;

    // A person answers, and gives back.
    let answer = talk.message("We do not, sorry.", "outgoing", "open");
    talk.tell(&answer).await;
    assert_eq!(talk.turns(7).await.owner, Owner::Person("Mia".into()));
    // Older than the take-over, or not: a message gives nothing back.
    let late = talk.message(ANSWERED, "incoming", "pending");
    talk.tell(&late).await;
    assert!(matches!(talk.turns(8).await.owner, Owner::Person(_)));
    talk.told(4).await;
    talk.tell(&talk.status("conversation_status_changed", "pending")).await;
    assert_eq!(talk.conversation().await.0.owner, Owner::Bot);
    let question = talk.message(ANSWERED, "incoming", "pending");
    talk.tell(&question).await;
    talk.told(5).await;

    // Resolved, and opened anew by the next message.
    talk.tell(&talk.status("conversation_resolved", "resolved")).await;
    let (resolved, turns) = talk.conversation().await;
    assert_eq!((resolved.owner, resolved.epoch), (Owner::Resolved, 0));
    let question = talk.message(ANSWERED, "incoming", "pending");
    talk.tell(&question).await;
    talk.told(6).await;
    let anew = talk.turns(turns.len() + 2).await;
    assert_eq!((anew.owner, anew.epoch), (Owner::Bot, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_who_was_first_is_not_talked_over() {
    let mut talk = Talk::start().await;
    talk.tell(&talk.status("conversation_status_changed", "open")).await;
    assert!(matches!(talk.conversation().await.0.owner, Owner::Person(_)));
    // It was written when the conversation was pending, and comes late.
    let late = talk.message(ANSWERED, "incoming", "pending");
    talk.tell(&late).await;
    assert!(matches!(talk.turns(1).await.owner, Owner::Person(_)));
    talk.told(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_decided_here_is_told_there() {
    let mut talk = Talk::start().await;
    let question = talk.message(ANSWERED, "incoming", "pending");
    talk.tell(&question).await;
    talk.told(1).await;
    let agent = talk.app.agent(STORE).await;
    let path = format!("/v1/stores/{STORE}/conversations/chatwoot:{ACCOUNT}:{CONVERSATION}");
    for (at, (what, status)) in
        [("take-over", "open"), ("give-back", "pending"), ("resolve", "resolved")].iter().enumerate()
    {
        let moved = agent.post(&format!("{path}/{what}"), &json!({ "by": "Mia" })).await;
        assert_eq!(moved.status, StatusCode::OK, "{}", moved.text);
        let told = talk.told(at + 2).await;
        assert_eq!(told[at + 1].what["status"], **status);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_else_speaks_for_chatwoot() {
    let mut talk = Talk::start().await;
    let now = jiff::Timestamp::now().as_second();
    let question = talk.message(ANSWERED, "incoming", "pending");
    for (path, timestamp, secret) in [
        ("another-path-of-24-letters", now, SIGNING_SECRET),
        (PATH_SECRET, now, "another secret"),
        (PATH_SECRET, now - 400, SIGNING_SECRET),
        (PATH_SECRET, now + 400, SIGNING_SECRET),
    ] {
        let status = talk.tell_as(&question, path, &timestamp.to_string(), secret).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{path} {timestamp} {secret}");
    }
    let mut foreign = question.clone();
    foreign["account"]["id"] = json!(ACCOUNT + 1);
    assert_eq!(talk.tell(&foreign).await, StatusCode::UNAUTHORIZED);
    assert_eq!(talk.tell(&json!({ "no": "event" })).await, StatusCode::BAD_REQUEST);
    assert_eq!(talk.tell(&json!({ "event": "webwidget_triggered" })).await, StatusCode::OK);
    talk.told(0).await;
    assert_eq!(talk.tell(&question).await, StatusCode::OK);
    talk.told(1).await;
}
