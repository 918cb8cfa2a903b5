//! Answers that agents give where they work come back into the conversation, and nothing else does.

mod gorgias;
mod mail;
mod zendesk;

use super::{STORE, case, pace, settings, store, until};
use api::{
    db::conversations::{Conversation, Owner, StoredTurn, TurnRole},
    deliver::Deliverer,
};
use axum::http::Method;
use engine::{ConversationId, HandoffId, StoreId, StorePass, ports::Handoffs};
use jiff::{SignedDuration, Timestamp};
use tests::app::{ANSWERED, Caller, Response, TestApp};

/// The conversation that is handed over; `Caller::ask` asks in it.
const CONVERSATION: &str = "c-1";

fn of(store: &StoreId) -> StorePass {
    tests::app::pass(store.as_str())
}

/// A server that hands over and hears back.
struct Talk {
    app: TestApp,
    nobody: Caller,
    shop: Caller,
    _delivering: tokio::task::JoinHandle<()>,
}

impl Drop for Talk {
    fn drop(&mut self) {
        self._delivering.abort();
    }
}

impl Talk {
    async fn start(handover: &str) -> Self {
        let app = TestApp::start().await;
        settings(app.dir.path(), handover);
        let deliverer = Deliverer { app: app.app.clone(), data: app.dir.path().to_owned(), pace: pace(), pass: of };
        let delivering = tokio::spawn(deliverer.run());
        until("the channel is open", async || app.app.channels.get(&STORE.parse().unwrap()).is_some()).await;
        let (nobody, shop) = (app.nobody(), app.storefront(STORE).await);
        let talk = Self { app, nobody, shop, _delivering: delivering };
        assert_eq!(talk.asks().await, "answer");
        talk
    }

    /// Has a person called for the customer's message of this number.
    async fn hand_over(&self, turn: u32) -> HandoffId {
        self.app.app.desks.open(&store(), &case(CONVERSATION, turn)).await.unwrap()
    }

    /// The server's time, so many seconds from now.
    fn time(&self, seconds: i64) -> Timestamp {
        self.app.app.desks.now() + SignedDuration::from_secs(seconds)
    }

    async fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
        self.nobody.send(Method::POST, path, headers, body).await
    }

    async fn conversation(&self) -> (Conversation, Vec<StoredTurn>) {
        let (pass, id) = (store(), ConversationId(CONVERSATION.into()));
        self.app.app.desks.conversation(pass.as_agent().unwrap(), &id).await.unwrap().expect("a conversation")
    }

    async fn owner(&self) -> Owner {
        self.conversation().await.0.owner
    }

    /// Who said what, of what people said.
    async fn said(&self) -> Vec<(String, String)> {
        let turns = self.conversation().await.1.into_iter().filter(|turn| turn.role == TurnRole::Person);
        turns.map(|turn| (turn.who.unwrap_or_default(), turn.text)).collect()
    }

    /// The customer writes something.
    async fn says(&self, text: &str) {
        self.shop.ask(text).await.json();
    }

    /// The type of the reply to a question that the pages answer.
    async fn asks(&self) -> String {
        let reply = self.shop.ask(ANSWERED).await.json();
        reply["reply"]["type"].as_str().expect("a type").to_owned()
    }
}

fn pair(who: &str, text: &str) -> (String, String) {
    (who.to_owned(), text.to_owned())
}
