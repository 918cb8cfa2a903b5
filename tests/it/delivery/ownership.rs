//! Taking over, giving back, resolving, and what a conversation knows that was opened anew.

use super::{Helpdesk, STORE, System, case, desks, send_all, settings, store};
use api::db::{
    conversations::{Arrived, Channel, Owner, TurnRole},
    ownership::{From, Move, Moved, PersonSaid},
    replies::{BotReply, Recorded},
};
use axum::http::StatusCode;
use engine::{ConversationId, Speaker, ports::Handoffs};
use serde_json::json;
use tests::app::{ANSWERED, TestApp, UNANSWERED};

fn arrived<'a>(id: &'a ConversationId, text: &'a str) -> Arrived<'a> {
    Arrived { conversation: id, channel: Channel::Api, number: None, message: None, text, contact: None }
}

fn reply<'a>(id: &'a ConversationId, number: u32, epoch: u32, text: &'a str) -> BotReply<'a> {
    BotReply { conversation: id, number, epoch, text, kind: "answer", outcome: None }
}

#[tokio::test]
async fn a_reply_counts_only_while_the_bot_has_the_word() {
    let dir = tempfile::tempdir().unwrap();
    let (desks, pass) = (desks(dir.path()), store());
    let agent = pass.as_agent().unwrap();
    let id = ConversationId("c".into());
    let first = desks.arrived(&pass, &arrived(&id, "one"), 10).await.unwrap();
    assert_eq!((first.number, first.epoch, &first.owner, first.again), (0, 0, &Owner::Bot, false));
    let said = desks.record_reply_if_bot_owns(&pass, &reply(&id, 0, 0, "first")).await.unwrap();
    assert_eq!(said, Recorded::Said);
    let second = desks.arrived(&pass, &arrived(&id, "two"), 10).await.unwrap();
    let texts: Vec<&str> = second.history.iter().map(|message| message.text.as_str()).collect();
    assert_eq!((second.number, texts), (1, vec!["one", "first"]));
    assert_eq!(second.history[1].role, Speaker::Agent);

    let by_mia = (Move::TakeOver, "Mia", From::Here);
    let moved = desks.move_conversation(agent, &id, by_mia).await.unwrap();
    assert!(matches!(&moved, Moved::Done(now, true) if now.owner == Owner::Person("Mia".into())), "{moved:?}");
    let late = desks.record_reply_if_bot_owns(&pass, &reply(&id, 1, 0, "late")).await.unwrap();
    assert_eq!(late, Recorded::Discarded(Owner::Person("Mia".into())));
    let part = desks.record_part_if_bot_owns(&pass, &reply(&id, 1, 0, "la")).await.unwrap();
    assert_eq!(part, Recorded::Discarded(Owner::Person("Mia".into())));
    // Twice is once, and a colleague may step in.
    assert!(matches!(desks.move_conversation(agent, &id, by_mia).await.unwrap(), Moved::Done(_, false)));
    assert_eq!(desks.say_as_person(agent, &id, ("Ole", "hello")).await.unwrap(), PersonSaid::NotTakenOver);
    assert_eq!(desks.say_as_person(agent, &id, ("Mia", "I am Mia")).await.unwrap(), PersonSaid::Done);

    let back = desks.move_conversation(agent, &id, (Move::GiveBack, "Mia", From::Here)).await.unwrap();
    assert!(matches!(back, Moved::Done(now, true) if now.owner == Owner::Bot));
    let third = desks.arrived(&pass, &arrived(&id, "three"), 10).await.unwrap();
    let texts: Vec<&str> = third.history.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(texts, ["one", "first", "two", "I am Mia"], "the bot knows what the person said");
    let audit = desks.audit_of(agent, None).await.unwrap();
    let lines: Vec<(&str, &str)> = audit.iter().map(|line| (line.who.as_str(), line.what.as_str())).collect();
    assert_eq!(lines, [("Mia", "took over"), ("Mia", "gave back")]);
    let nobody = ConversationId("nobody".into());
    assert_eq!(desks.move_conversation(agent, &nobody, by_mia).await.unwrap(), Moved::NoSuchConversation);
}

#[tokio::test]
async fn what_was_resolved_is_opened_anew_and_knows_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (desks, pass) = (desks(dir.path()), store());
    let agent = pass.as_agent().unwrap();
    let id = ConversationId("c".into());
    desks.arrived(&pass, &arrived(&id, "one"), 10).await.unwrap();
    let handoff = desks.open(&pass, &case("c", 0)).await.unwrap();
    let (now, _) = desks.conversation(agent, &id).await.unwrap().unwrap();
    assert_eq!(now.owner, Owner::Waiting);
    desks.move_conversation(agent, &id, (Move::Resolve, "Mia", From::Here)).await.unwrap();
    assert!(desks.handoff(agent, &handoff).await.unwrap().unwrap().resolved_at.is_some());
    // An answer to a question from before is of no use any more.
    let late = desks.record_reply_if_bot_owns(&pass, &reply(&id, 0, 0, "late")).await.unwrap();
    assert_eq!(late, Recorded::Discarded(Owner::Resolved));

    let anew = desks.arrived(&pass, &arrived(&id, "one"), 10).await.unwrap();
    assert_eq!((anew.number, anew.epoch, anew.epoch_from, &anew.owner), (1, 1, 1, &Owner::Bot));
    assert_eq!(anew.history, []);
    let late = desks.record_reply_if_bot_owns(&pass, &reply(&id, 0, 0, "late")).await.unwrap();
    assert_eq!(late, Recorded::Discarded(Owner::Resolved));
    // A caller that counts from the beginning again has a handoff of its own.
    let counted = Arrived { number: Some(0), ..arrived(&id, "one") };
    assert_eq!(desks.arrived(&pass, &counted, 10).await.unwrap().number, 1);
    assert_ne!(desks.open(&pass, &case("c", 1)).await.unwrap(), handoff);
    let reopened = desks.move_conversation(agent, &id, (Move::Reopen, "Mia", From::Here)).await.unwrap();
    assert!(matches!(reopened, Moved::Not(_)), "it waits for a person: {reopened:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agents_move_conversations_and_the_webhook_hears_of_it() {
    let app = TestApp::start().await;
    let webhook = Helpdesk::start(System::Webhook).await;
    settings(app.dir.path(), &format!("[handover]\nsilent_while_waiting = true\n{}", webhook.settings()));
    let (shop, agent) = (app.storefront(STORE).await, app.agent(STORE).await);
    let id = "0123456789012345678901";
    let ask = async |question: &str| {
        let reply = shop.post("/v1/ask", &json!({ "question": question, "conversation_id": id })).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
        reply.json()
    };
    let path = format!("/v1/stores/{STORE}/conversations/{id}");
    assert_eq!(agent.get(&path).await.problem(), "no-such-conversation");
    assert_eq!(ask(ANSWERED).await["reply"]["type"], "answer");
    let handoff = ask(UNANSWERED).await;
    assert_eq!((&handoff["reply"]["type"], &handoff["turn"]), (&json!("handoff"), &json!(1)));
    // This store wants nothing said until a person comes.
    assert_eq!(ask("Hello?").await["reply"], json!({ "type": "silent", "owner": "waiting" }));

    let by = json!({ "by": "Mia" });
    let early = agent.post(&format!("{path}/messages"), &json!({ "by": "Mia", "text": "Hi" })).await;
    assert_eq!((early.status, early.problem().as_str()), (StatusCode::CONFLICT, "not-now"));
    assert_eq!(agent.post(&format!("{path}/take-over"), &by).await.json()["owner"], "person");
    let said = agent.post(&format!("{path}/messages"), &json!({ "by": "Mia", "text": "Hi, I am Mia." })).await.json();
    let roles: Vec<&str> = said["turns"].as_array().unwrap().iter().map(|t| t["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["customer", "bot", "customer", "bot", "customer", "person"]);
    assert_eq!(ask("Thank you!").await["reply"]["owner"], "person");
    assert_eq!(agent.post(&format!("{path}/give-back"), &by).await.json()["owner"], "bot");
    let list = agent.get(&format!("/v1/stores/{STORE}/handoffs")).await.json();
    assert_eq!(list["handoffs"], json!([]), "a person dealt with it");
    assert_eq!(agent.post(&format!("{path}/resolve"), &by).await.json()["owner"], "resolved");
    assert_eq!(agent.post(&format!("{path}/give-back"), &by).await.problem(), "not-now");
    assert_eq!(agent.post(&format!("{path}/take-over"), &json!({ "by": " " })).await.problem(), "invalid-request");
    assert_eq!(ask(ANSWERED).await["reply"]["type"], "answer");
    assert_eq!(agent.get(&path).await.json()["epoch"], 1);

    send_all(app.dir.path(), &app.app.desks).await;
    let told: Vec<String> = webhook
        .effects()
        .iter()
        .map(|effect| effect.what["what"].as_str().or(effect.what["event"].as_str()).unwrap().to_owned())
        .collect();
    assert_eq!(
        told,
        ["handoff", "customer_said", "took over", "customer_said", "gave back", "resolved"],
        "in the order in which it happened"
    );
}

#[tokio::test]
async fn a_waiting_conversation_is_answered_unless_the_store_wants_silence() {
    let app = TestApp::start().await;
    let shop = app.storefront(STORE).await;
    assert_eq!(shop.ask(UNANSWERED).await.json()["reply"]["type"], "handoff");
    let answered = shop.ask(ANSWERED).await.json();
    assert_eq!((&answered["reply"]["type"], &answered["turn"]), (&json!("answer"), &json!(1)));
    let pass = store();
    let found = app.app.desks.conversation(pass.as_agent().unwrap(), &ConversationId("c-1".into())).await.unwrap();
    let (conversation, turns) = found.unwrap();
    assert_eq!(conversation.owner, Owner::Waiting);
    assert_eq!(turns.iter().filter(|turn| turn.role == TurnRole::Bot).count(), 2);
}
