//! Gorgias' HTTP integration.

use super::{STORE, Talk, pair, until};
use api::{db::conversations::Owner, deliver::back::gorgias::SECRET_HEADER};
use axum::http::StatusCode;
use serde_json::{Value, json};
use tests::helpdesk::{Faults, GORGIAS_SECRET, Helpdesk, System};

const PATH: &str = "/v1/channels/gorgias/one";

struct Gorgias {
    talk: Talk,
    desk: Helpdesk,
}

impl Gorgias {
    async fn start() -> Self {
        let desk = Helpdesk::start(System::Gorgias).await;
        let talk = Talk::start(&desk.settings()).await;
        assert!(PATH.ends_with(STORE));
        talk.hand_over(0).await;
        until("the ticket is made", async || !desk.effects().is_empty()).await;
        Self { talk, desk }
    }

    /// Somebody does something in the ticket.
    fn in_ticket(&self, change: impl FnOnce(&mut Value)) {
        change(&mut self.desk.known().effects[0].what);
    }

    fn writes(&self, id: u64, text: &str, change: impl FnOnce(&mut Value)) {
        let mut message = json!({
            "id": id, "ticket_id": 1, "channel": "email", "via": "helpdesk", "from_agent": true, "public": true,
            "sender": { "id": 7, "name": "Mia", "email": "mia@fjellvik.example" }, "subject": "Re: Needs a person",
            "body_text": format!("{text}\n\nOn Monday we wrote:\n> old"), "stripped_text": text,
            "created_datetime": self.talk.time(id as i64).to_string(), "failed_datetime": null,
        });
        change(&mut message);
        self.in_ticket(|ticket| ticket["messages"].as_array_mut().unwrap().push(message));
    }

    async fn call(&self, body: &Value, secret: &str) -> StatusCode {
        let headers = [("content-type", "application/json"), (SECRET_HEADER, secret)];
        self.talk.post(PATH, &headers, &body.to_string()).await.status
    }

    /// Gorgias says that there is something to read in the ticket.
    async fn calls(&self) {
        assert_eq!(self.call(&json!({ "ticket_id": "1" }), GORGIAS_SECRET).await, StatusCode::OK);
    }

    async fn until_said(&self, count: usize) -> Vec<(String, String)> {
        until("it comes back", async || self.talk.said().await.len() >= count).await;
        self.talk.said().await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_agent_wrote_in_the_ticket_comes_back() {
    let gorgias = Gorgias::start().await;
    let talk = &gorgias.talk;
    // The note that we put there, a note of an agent's, a rule's answer, the customer's own mail.
    gorgias.writes(10, "She is a difficult one.", |m| {
        m["channel"] = json!("internal-note");
        m["public"] = json!(false);
    });
    gorgias.writes(11, "We have got your message.", |m| m["via"] = json!("rule"));
    gorgias.writes(12, "Hello?", |m| m["from_agent"] = json!(false));
    gorgias.writes(13, "We do, from May on.", |_| {});
    gorgias.calls().await;
    let first = pair("Mia", "We do, from May on.");
    assert_eq!(gorgias.until_said(1).await, std::slice::from_ref(&first));
    assert_eq!(talk.owner().await, Owner::Person("Mia".into()));
    assert_eq!(talk.asks().await, "silent");

    // Called twice for nothing; then a call is lost, and the next makes it good, in order.
    gorgias.calls().await;
    gorgias.calls().await;
    gorgias.writes(21, "In June too.", |m| m["sender"]["name"] = json!("Ola"));
    gorgias.writes(20, "Or July.", |_| {});
    gorgias.calls().await;
    assert_eq!(gorgias.until_said(3).await, [first, pair("Mia", "Or July."), pair("Ola", "In June too.")]);
    assert_eq!(talk.owner().await, Owner::Person("Ola".into()));

    // Closed, and the customer comes back.
    gorgias.in_ticket(|ticket| {
        ticket["status"] = json!("closed");
        ticket["closed_datetime"] = json!("2026-11-21T12:01:00.000000");
    });
    gorgias.calls().await;
    until("it is resolved", async || talk.owner().await == Owner::Resolved).await;
    talk.app.clock.advance(120);
    assert_eq!(talk.asks().await, "answer");
    gorgias.calls().await;
    until("the calls are worked off", async || gorgias.desk.known().requests >= 7).await;
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    let (conversation, _) = talk.conversation().await;
    assert_eq!((conversation.owner, conversation.epoch, talk.said().await.len()), (Owner::Bot, 1, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_customer_added_does_not_come_back_as_an_answer() {
    let gorgias = Gorgias::start().await;
    gorgias.talk.says("The blue one.").await;
    let added =
        async || gorgias.desk.effects().iter().any(|effect| effect.what["message"]["body_text"] == "The blue one.");
    until("it is added", added).await;
    // Also where Gorgias takes the customer for one of the store's own people.
    gorgias.in_ticket(|ticket| {
        for message in ticket["messages"].as_array_mut().unwrap() {
            message["from_agent"] = json!(true);
        }
    });
    gorgias.writes(200_000, "We do.", |_| {});
    gorgias.calls().await;
    assert_eq!(gorgias.until_said(1).await, [pair("Mia", "We do.")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_that_cannot_be_read_is_read_later() {
    let gorgias = Gorgias::start().await;
    gorgias.writes(10, "We do.", |_| {});
    gorgias.desk.faults(Faults::Down);
    let before = gorgias.desk.known().requests;
    gorgias.calls().await;
    until("it was tried", async || gorgias.desk.known().requests > before).await;
    assert_eq!(gorgias.talk.said().await, []);
    gorgias.desk.faults(Faults::Never);
    // The server's clock stands until it is moved.
    until("it comes back", async || {
        gorgias.talk.app.clock.advance(5);
        !gorgias.talk.said().await.is_empty()
    })
    .await;
    assert_eq!(gorgias.talk.said().await, [pair("Mia", "We do.")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_else_speaks_for_gorgias() {
    let gorgias = Gorgias::start().await;
    gorgias.writes(10, "We do.", |_| {});
    let ticket = json!({ "ticket_id": 1 });
    assert_eq!(gorgias.call(&ticket, "another").await, StatusCode::UNAUTHORIZED);
    assert_eq!(gorgias.talk.post(PATH, &[], &ticket.to_string()).await.status, StatusCode::UNAUTHORIZED);
    let other = [(SECRET_HEADER, GORGIAS_SECRET)];
    let elsewhere = gorgias.talk.post("/v1/channels/gorgias/two", &other, &ticket.to_string()).await;
    assert_eq!(elsewhere.status, StatusCode::UNAUTHORIZED);
    for (body, status) in [
        (json!({ "ticket_id": "{{ticket.id}}" }), StatusCode::BAD_REQUEST),
        (json!({}), StatusCode::BAD_REQUEST),
        (json!({ "ticket_id": 1, "more": "x".repeat(2 * 1024 * 1024) }), StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        assert_eq!(gorgias.call(&body, GORGIAS_SECRET).await, status);
    }
    // A ticket of somebody else's in the same helpdesk.
    gorgias.in_ticket(|ticket| ticket["external_id"] = json!("order-77"));
    let before = gorgias.desk.known().requests;
    gorgias.calls().await;
    until("it was read", async || gorgias.desk.known().requests > before).await;
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert_eq!((gorgias.talk.owner().await, gorgias.talk.said().await), (Owner::Waiting, vec![]));
}
