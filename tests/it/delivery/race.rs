//! A person takes over while the bot is answering: nothing that the bot says is written down, or given out, after that.

use super::{ConversationId, STORE};
use api::db::conversations::TurnRole;
use axum::http::{Method, StatusCode};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use std::time::Instant;
use tests::app::{ANSWERED, Caller, TestApp, UNANSWERED};

const INTERLEAVINGS: u64 = 100;

async fn bot_turns(app: &TestApp, id: &str) -> usize {
    let pass = super::store();
    let found = app.app.desks.conversation(pass.as_agent().unwrap(), &ConversationId(id.into())).await.unwrap();
    found.unwrap().1.iter().filter(|turn| turn.role == TurnRole::Bot).count()
}

async fn take_over(agent: &Caller, id: &str) {
    let path = format!("/v1/stores/{STORE}/conversations/{id}/take-over");
    let reply = agent.post(&path, &json!({ "by": "Mia" })).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    assert_eq!((&reply.json()["owner"], &reply.json()["person"]), (&json!("person"), &json!("Mia")));
}

/// The reply, and the sentences that were given out before it.
async fn ask(shop: &Caller, body: &Value, streamed: bool) -> (Value, Vec<String>) {
    let mut headers = vec![("content-type", "application/json")];
    if streamed {
        headers.push(("accept", "text/event-stream"));
    }
    let response = shop.send(Method::POST, "/v1/ask", &headers, &body.to_string()).await;
    assert_eq!(response.status, StatusCode::OK, "{}", response.text);
    if !streamed {
        return (response.json()["reply"].clone(), Vec::new());
    }
    let mut events = response.events();
    let (name, last) = events.pop().unwrap();
    assert_eq!(last["reply"]["type"], json!(name));
    (last["reply"].clone(), events.iter().map(|(_, data)| data["text"].as_str().unwrap().to_owned()).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bot_never_talks_over_a_person() {
    let app = TestApp::start().await;
    let (shop, agent) = (app.storefront(STORE).await, app.agent(STORE).await);
    let mut random = StdRng::seed_from_u64(5);
    let (mut silent, mut said) = (0, 0);
    for at in 0..INTERLEAVINGS {
        let id = format!("race-{at}");
        let first = json!({ "question": ANSWERED, "conversation_id": id, "turn": 0 });
        let started = Instant::now();
        assert_eq!(ask(&shop, &first, false).await.0["type"], "answer");
        let took = started.elapsed();
        let question = if at % 3 == 0 { UNANSWERED } else { ANSWERED };
        let second = json!({ "question": question, "conversation_id": id, "turn": 1 });
        let wait = took.mul_f64(random.random_range(0.0..1.0));
        let asking = tokio::spawn({
            let shop = shop.clone();
            async move { ask(&shop, &second, at % 2 == 0).await }
        });
        tokio::time::sleep(wait).await;
        take_over(&agent, &id).await;
        // From here on a person has the word: what the bot has said by now is all that it may say.
        let before = bot_turns(&app, &id).await;
        let (reply, released) = asking.await.unwrap();
        assert_eq!(bot_turns(&app, &id).await, before, "{id}: written down after the take-over");
        if reply["type"] == "silent" {
            assert_eq!(reply["owner"], "person");
            silent += 1;
        } else {
            assert_eq!(before, 2, "{id}: given out and not written down: {reply}");
            said += 1;
        }
        if !released.is_empty() {
            assert_eq!(before, 2, "{id}: a sentence was given out and not written down");
        }
        // And so it stays.
        let third = json!({ "question": ANSWERED, "conversation_id": id, "turn": 2 });
        let (reply, released) = ask(&shop, &third, at % 2 == 1).await;
        assert_eq!(reply, json!({ "type": "silent", "owner": "person" }));
        assert!(released.is_empty() && bot_turns(&app, &id).await == before);
    }
    eprintln!("{said} answers came before the take-over, {silent} after");
    assert!(silent > 0, "no take-over came before an answer");
}
