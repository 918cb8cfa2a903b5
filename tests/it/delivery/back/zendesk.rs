//! Zendesk's webhook.

use super::{CONVERSATION, STORE, Talk, pair, until};
use api::{
    db::{
        conversations::Owner,
        ownership::{From, Move},
    },
    deliver::back::zendesk::signature,
};
use axum::http::StatusCode;
use engine::ConversationId;
use jiff::Timestamp;
use serde_json::{Value, json};
use tests::{
    app::Response,
    helpdesk::{Helpdesk, System, ZENDESK_SECRET},
};

const PATH: &str = "/v1/channels/zendesk/one";

struct Zendesk {
    talk: Talk,
    desk: Helpdesk,
}

impl Zendesk {
    async fn start() -> Self {
        let desk = Helpdesk::start(System::Zendesk).await;
        let talk = Talk::start(&desk.settings()).await;
        assert!(PATH.ends_with(STORE));
        Self { talk, desk }
    }

    /// Hands over, and waits for the ticket; its `external_id`.
    async fn ticket(&self, turn: u32) -> String {
        let before = self.desk.effects().len();
        self.talk.hand_over(turn).await;
        until("the ticket is made", async || self.desk.effects().len() > before).await;
        self.desk.effects()[before].what["external_id"].as_str().expect("an id").to_owned()
    }

    /// A comment as Zendesk documents it: an agent's, for the customer.
    fn comment(&self, ticket: &str, id: &str, text: &str, seconds: i64) -> Value {
        json!({
            "type": "zen:event-type:ticket.comment_added", "account_id": 22129848, "id": format!("event-of-{id}"),
            "time": self.talk.time(seconds).to_string(), "zendesk_event_version": "2022-11-06",
            "subject": "zen:ticket:5158",
            "detail": {
                "actor_id": "8447388090494", "assignee_id": "8447388090494", "external_id": ticket, "id": "5158",
                "is_public": true, "requester_id": "8447388090494", "status": "OPEN", "subject": "Needs a person",
                "tags": ["shopclerk"], "type": "TASK", "via": { "channel": "web_service" },
            },
            "event": { "comment": {
                "author": { "id": "8447388090494", "is_staff": true, "name": "Mia" },
                "body": text, "id": id, "is_public": true,
            } },
        })
    }

    fn status(&self, ticket: &str, event: &str, current: &str, seconds: i64) -> Value {
        json!({
            "type": "zen:event-type:ticket.status_changed", "account_id": 22129848, "id": event,
            "time": self.talk.time(seconds).to_string(), "zendesk_event_version": "2022-11-06",
            "subject": "zen:ticket:5158",
            "detail": { "external_id": ticket, "id": "5158", "status": current },
            "event": { "current": current, "previous": "OPEN" },
        })
    }

    async fn tell(&self, event: &Value) -> StatusCode {
        let answer = self.tell_as(&event.to_string(), Timestamp::now(), ZENDESK_SECRET).await;
        answer.status
    }

    async fn tell_as(&self, body: &str, at: Timestamp, secret: &str) -> Response {
        let at = format!("{at:.0}");
        let signed = signature(secret, &at, body.as_bytes());
        let headers = [
            ("content-type", "application/json"),
            ("x-zendesk-webhook-signature", signed.as_str()),
            ("x-zendesk-webhook-signature-timestamp", at.as_str()),
            ("x-zendesk-webhook-invocation-id", "01HPEVZ5ZD4YP8BYBMXVQH0G9A"),
        ];
        self.talk.post(PATH, &headers, body).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agents_answer_comes_back_once_and_a_solved_ticket_resolves() {
    let zendesk = Zendesk::start().await;
    let (talk, ticket) = (&zendesk.talk, zendesk.ticket(0).await);
    assert_eq!(talk.owner().await, Owner::Waiting);

    // Notes among agents, and what the customer wrote by mail, are no answers.
    let mut note = zendesk.comment(&ticket, "1", "She is a difficult one.", 60);
    note["event"]["comment"]["is_public"] = json!(false);
    let mut customers = zendesk.comment(&ticket, "2", "Hello?", 61);
    customers["event"]["comment"]["author"]["is_staff"] = json!(false);
    let elsewhere = zendesk.comment("order-77", "3", "Of another ticket.", 62);
    for event in [&note, &customers, &elsewhere] {
        assert_eq!(zendesk.tell(event).await, StatusCode::OK);
    }
    assert_eq!((talk.owner().await, talk.said().await), (Owner::Waiting, vec![]));

    let answer = zendesk.comment(&ticket, "4", "We do, from May on.\n", 63);
    assert_eq!(zendesk.tell(&answer).await, StatusCode::OK);
    let expected = [pair("Mia", "We do, from May on.")];
    assert_eq!((talk.owner().await, talk.said().await), (Owner::Person("Mia".into()), expected.to_vec()));
    // The bot is silent, and whoever shows the conversation finds the answer in it.
    assert_eq!(talk.asks().await, "silent");
    let agent = talk.app.agent(STORE).await;
    let shown = agent.get(&format!("/v1/stores/{STORE}/conversations/{CONVERSATION}")).await.json();
    let turn = shown["turns"].as_array().unwrap().iter().find(|turn| turn["role"] == "person").expect("the answer");
    assert_eq!((turn["who"].as_str(), turn["text"].as_str()), (Some("Mia"), Some("We do, from May on.")));

    // Told again, by the same event and by another for the same comment; also after the bot got the word back.
    let give_back = (Move::GiveBack, "Mia", From::Here);
    let (pass, id) = (super::store(), ConversationId(CONVERSATION.into()));
    talk.app.app.desks.move_conversation(pass.as_agent().unwrap(), &id, give_back).await.unwrap();
    let mut again = answer.clone();
    again["id"] = json!("another-event");
    for event in [&answer, &again] {
        assert_eq!(zendesk.tell(event).await, StatusCode::OK);
    }
    assert_eq!((talk.owner().await, talk.said().await), (Owner::Bot, expected.to_vec()));
    assert_eq!(talk.asks().await, "answer");

    // She writes once more, and is done.
    assert_eq!(zendesk.tell(&zendesk.comment(&ticket, "5", "And in June.", 70)).await, StatusCode::OK);
    assert_eq!(talk.owner().await, Owner::Person("Mia".into()));
    let solved = zendesk.status(&ticket, "solved-1", "SOLVED", 71);
    assert_eq!(zendesk.tell(&solved).await, StatusCode::OK);
    assert_eq!((talk.owner().await, talk.conversation().await.0.epoch), (Owner::Resolved, 0));
    talk.app.clock.advance(120);
    assert_eq!(talk.asks().await, "answer");
    assert_eq!((talk.owner().await, talk.conversation().await.0.epoch), (Owner::Bot, 1));

    // The same again, and Zendesk's own closing days later, are about what is over.
    for event in [&solved, &zendesk.status(&ticket, "closed-1", "CLOSED", 400_000)] {
        assert_eq!(zendesk.tell(event).await, StatusCode::OK);
    }
    assert_eq!((talk.owner().await, talk.conversation().await.0.epoch), (Owner::Bot, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_late_or_out_of_order_silences_nobody() {
    let zendesk = Zendesk::start().await;
    let (talk, ticket) = (&zendesk.talk, zendesk.ticket(0).await);
    // Submitted as solved with an answer: two requests, the second first.
    talk.app.clock.advance(60);
    assert_eq!(zendesk.tell(&zendesk.status(&ticket, "e-1", "SOLVED", -1)).await, StatusCode::OK);
    assert_eq!(talk.owner().await, Owner::Resolved);
    let mut last = zendesk.comment(&ticket, "7", "Here you are.", -1);
    last["detail"]["status"] = json!("SOLVED");
    assert_eq!(zendesk.tell(&last).await, StatusCode::OK);
    assert_eq!((talk.owner().await, talk.said().await), (Owner::Resolved, vec![pair("Mia", "Here you are.")]));

    // The customer came back; an answer from before is shown and takes nothing over.
    talk.app.clock.advance(60);
    assert_eq!(talk.asks().await, "answer");
    assert_eq!(zendesk.tell(&zendesk.comment(&ticket, "8", "One more thing.", -30)).await, StatusCode::OK);
    assert_eq!((talk.owner().await, talk.said().await.len()), (Owner::Bot, 2));
    // One from now does; and the last word of a ticket that is over leaves the bot where it is.
    let mut parting = zendesk.comment(&ticket, "9", "Bye.", 30);
    parting["detail"]["status"] = json!("SOLVED");
    assert_eq!(zendesk.tell(&parting).await, StatusCode::OK);
    assert_eq!(talk.owner().await, Owner::Bot);
    assert_eq!(zendesk.tell(&zendesk.comment(&ticket, "10", "Still there?", 31)).await, StatusCode::OK);
    assert_eq!(talk.owner().await, Owner::Person("Mia".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_is_resolved_when_none_of_its_tickets_waits() {
    let zendesk = Zendesk::start().await;
    let (talk, first, second) = (&zendesk.talk, zendesk.ticket(0).await, zendesk.ticket(1).await);
    assert_ne!(first, second);
    assert_eq!(zendesk.tell(&zendesk.status(&first, "e-1", "SOLVED", 5)).await, StatusCode::OK);
    assert_eq!(talk.owner().await, Owner::Waiting);
    let pass = super::store();
    let open = talk.app.app.desks.open_handoffs(pass.as_agent().unwrap(), 10).await.unwrap();
    assert_eq!(open.iter().map(|handoff| handoff.case.turn).collect::<Vec<_>>(), [1]);
    assert_eq!(zendesk.tell(&zendesk.status(&second, "e-2", "CLOSED", 6)).await, StatusCode::OK);
    assert_eq!(talk.owner().await, Owner::Resolved);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_else_speaks_for_zendesk() {
    let zendesk = Zendesk::start().await;
    let (talk, ticket) = (&zendesk.talk, zendesk.ticket(0).await);
    let event = zendesk.comment(&ticket, "1", "We do.", 5);
    let body = event.to_string();
    let now = Timestamp::now();
    let minutes = jiff::SignedDuration::from_mins;
    for (at, secret) in
        [(now, "another secret"), (now, ""), (now - minutes(6), ZENDESK_SECRET), (now + minutes(6), ZENDESK_SECRET)]
    {
        let refused = zendesk.tell_as(&body, at, secret).await;
        assert_eq!((refused.status, refused.problem().as_str()), (StatusCode::UNAUTHORIZED, "bad-signature"));
    }
    // A signature of other words.
    let at = format!("{now:.0}");
    let signed = signature(ZENDESK_SECRET, &at, b"{}");
    let headers =
        [("x-zendesk-webhook-signature", signed.as_str()), ("x-zendesk-webhook-signature-timestamp", at.as_str())];
    assert_eq!(talk.post(PATH, &headers, &body).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(talk.post(PATH, &[], &body).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(talk.post("/v1/channels/zendesk/two", &headers, "{}").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!((talk.owner().await, talk.said().await), (Owner::Waiting, vec![]));

    // Proved, and still nothing that can be used.
    for (body, status, problem) in [
        ("{".to_owned(), StatusCode::BAD_REQUEST, "invalid-request"),
        (json!({ "no": "event" }).to_string(), StatusCode::BAD_REQUEST, "invalid-request"),
        (format!("{{\"type\": \"{}\"}}", "x".repeat(2 * 1024 * 1024)), StatusCode::PAYLOAD_TOO_LARGE, "too-large"),
        (
            zendesk.comment("ho_00000000000000000000000000000000:zendesk", "2", "We do.", 5).to_string(),
            StatusCode::NOT_FOUND,
            "no-such-conversation",
        ),
    ] {
        let answer = zendesk.tell_as(&body, now, ZENDESK_SECRET).await;
        assert_eq!((answer.status, answer.problem().as_str()), (status, problem));
        assert!(!answer.text.contains("We do."), "{}", answer.text);
    }
    assert_eq!((talk.owner().await, talk.said().await), (Owner::Waiting, vec![]));
    assert_eq!(zendesk.tell(&event).await, StatusCode::OK);
    assert_eq!(talk.owner().await, Owner::Person("Mia".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_customer_added_does_not_come_back_as_an_answer() {
    let zendesk = Zendesk::start().await;
    let (talk, ticket) = (&zendesk.talk, zendesk.ticket(0).await);
    assert_eq!(zendesk.tell(&zendesk.comment(&ticket, "1", "Which one?", 5)).await, StatusCode::OK);
    talk.app.clock.advance(10);
    talk.says("The  blue one,\nof course.").await;
    until("it is added", async || zendesk.desk.effects().len() == 2).await;
    let added = &zendesk.desk.effects()[1].what;
    assert_eq!(added["ticket"], json!(1));

    // The customer is one of the store's own people, so that their comment passes for an agent's.
    let echo = zendesk.comment(&ticket, "2", "The blue one, of course.\r\n", 11);
    // The same words of an agent's who is not whom the ticket is for, and other words of one who is.
    let mut repeated = zendesk.comment(&ticket, "3", "The blue one, of course.", 12);
    repeated["event"]["comment"]["author"]["id"] = json!("777");
    for event in [&echo, &echo, &repeated, &zendesk.comment(&ticket, "4", "We do.", 13)] {
        assert_eq!(zendesk.tell(event).await, StatusCode::OK);
    }
    let expected = ["Which one?", "The blue one, of course.", "We do."].map(|text| pair("Mia", text));
    assert_eq!(talk.said().await, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_that_the_customer_added_to_since_is_not_done() {
    let zendesk = Zendesk::start().await;
    let (talk, ticket) = (&zendesk.talk, zendesk.ticket(0).await);
    assert_eq!(zendesk.tell(&zendesk.comment(&ticket, "1", "Done!", 1)).await, StatusCode::OK);
    zendesk.desk.known().effects[0].what["status"] = json!("solved");
    talk.app.clock.advance(10);
    talk.says("No, it is not.").await;
    until("it is opened", async || zendesk.desk.known().effects[0].what["status"] == "open").await;
    // Solved before, and told late.
    assert_eq!(zendesk.tell(&zendesk.status(&ticket, "e-1", "SOLVED", -5)).await, StatusCode::OK);
    assert_eq!(talk.owner().await, Owner::Person("Mia".into()));
    assert_eq!(zendesk.tell(&zendesk.status(&ticket, "e-2", "SOLVED", 5)).await, StatusCode::OK);
    assert_eq!(talk.owner().await, Owner::Resolved);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_solved_after_the_bot_got_the_word_back_leaves_it_there() {
    let zendesk = Zendesk::start().await;
    let (talk, ticket) = (&zendesk.talk, zendesk.ticket(0).await);
    assert_eq!(zendesk.tell(&zendesk.comment(&ticket, "1", "We do.", 1)).await, StatusCode::OK);
    let (pass, id) = (super::store(), ConversationId(CONVERSATION.into()));
    let give_back = (Move::GiveBack, "Mia", From::Here);
    talk.app.app.desks.move_conversation(pass.as_agent().unwrap(), &id, give_back).await.unwrap();
    assert_eq!(zendesk.tell(&zendesk.status(&ticket, "e-1", "SOLVED", 5)).await, StatusCode::OK);
    let (conversation, _) = talk.conversation().await;
    assert_eq!((conversation.owner, conversation.epoch), (Owner::Bot, 0));
    assert_eq!(talk.app.app.desks.open_handoffs(pass.as_agent().unwrap(), 10).await.unwrap(), []);
    // What is said to the bot is not for the ticket.
    talk.app.clock.advance(60);
    talk.says("Thank you").await;
    let told = talk.app.app.desks.outbox(pass.as_agent().unwrap(), true, 100).await.unwrap();
    assert!(told.iter().all(|line| line.kind != "follow_up"), "{told:?}");
}
