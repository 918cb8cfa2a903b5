//! What a customer adds after a person was called reaches the ticket, after it, in order, once.

use super::{Helpdesk, STORE, System, case, desks, send_all, sender, settings, store, until};
use api::db::{
    conversations::{Arrived, Channel},
    desk::Desks,
    outbox::{OutboxLine, OutboxState},
    ownership::{From, Move},
};
use engine::{ConversationId, HandoffId, ports::Handoffs};
use serde_json::{Value, json};
use tests::{
    helpdesk::{Faults, ZENDESK_SUBMITTER},
    smtp_sink::SmtpSink,
};

const CONTACT: &str = "kari@example.com";

/// The customer writes; under which number.
async fn says(desks: &Desks, conversation: &str, text: &str, contact: Option<&str>) -> u32 {
    let id = ConversationId(conversation.into());
    let arrived = Arrived { conversation: &id, channel: Channel::Api, number: None, message: None, text, contact };
    desks.arrived(&store(), &arrived, 0).await.unwrap().number
}

/// The customer asks something that only a person can answer.
async fn asks(desks: &Desks, conversation: &str, contact: Option<&str>) -> HandoffId {
    let number = says(desks, conversation, &format!("a question in {conversation}"), contact).await;
    desks.open(&store(), &case(conversation, number)).await.unwrap()
}

async fn moves(desks: &Desks, conversation: &str, wanted: Move) {
    let (pass, id) = (store(), ConversationId(conversation.into()));
    desks.move_conversation(pass.as_agent().unwrap(), &id, (wanted, "Mia", From::Here)).await.unwrap();
}

async fn outbox(desks: &Desks) -> Vec<OutboxLine> {
    desks.outbox(store().as_agent().unwrap(), true, 10_000).await.unwrap()
}

async fn follow_ups(desks: &Desks) -> Vec<OutboxLine> {
    outbox(desks).await.into_iter().filter(|line| line.kind == "follow_up").collect()
}

/// What was added to the tickets of a handoff, in the order in which it arrived there, and what is a ticket.
fn added(desk: &Helpdesk, handoff: &HandoffId) -> Vec<String> {
    let effects = desk.effects();
    let of_it = |number: &Value| {
        let at = number.as_u64().expect("a ticket's number") as usize - 1;
        effects[at].what["external_id"].as_str().is_some_and(|id| id.starts_with(&handoff.0))
    };
    let text = |what: &Value| -> Option<String> {
        let text = match desk.system {
            System::Zendesk if of_it(&what["ticket"]) => &what["comment"]["body"],
            System::Gorgias if of_it(&what["ticket"]) => &what["message"]["body_text"],
            System::Slack if what.to_string().contains(&handoff.0) => &what["blocks"][0]["text"]["text"],
            System::Zendesk | System::Gorgias | System::Slack | System::Webhook | System::Chatwoot => return None,
        };
        let text = text.as_str()?;
        Some(text.strip_prefix("The customer wrote in the chat:\n\n").unwrap_or(text).to_owned())
    };
    // A ticket is no addition, and what Slack shows as a header is the handoff.
    let further = effects.iter().filter(|effect| !effect.what["external_id"].is_string());
    further
        .filter(|effect| effect.what["blocks"][0]["type"] != "header")
        .filter_map(|effect| text(&effect.what))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_customer_adds_arrives_once_and_in_order_under_faults() {
    const CONVERSATIONS: usize = 10;
    let dir = tempfile::tempdir().unwrap();
    let mut systems = Vec::new();
    for system in [System::Zendesk, System::Gorgias, System::Slack] {
        systems.push(Helpdesk::start(system).await);
    }
    let sections: String = systems.iter().map(Helpdesk::settings).collect();
    settings(dir.path(), &format!("[handover]\nattempts = 60\n{sections}"));
    systems.iter().for_each(|system| system.faults(Faults::Share(0.25)));
    let desks = desks(dir.path());
    let mut handoffs = Vec::new();
    for at in 0..CONVERSATIONS {
        let conversation = format!("c-{at}");
        let contact = (at % 2 == 0).then_some(CONTACT);
        handoffs.push(asks(&desks, &conversation, contact).await);
        for text in ["first", "second"] {
            says(&desks, &conversation, text, contact).await;
        }
        // Asked again, as a client does that lost the connection.
        says(&desks, &conversation, "second", contact).await;
        moves(&desks, &conversation, Move::TakeOver).await;
        says(&desks, &conversation, "third", contact).await;
    }
    send_all(dir.path(), &desks).await;

    let lines = outbox(&desks).await;
    assert!(lines.iter().all(|line| line.state == OutboxState::Sent), "{lines:?}");
    assert_eq!(follow_ups(&desks).await.len(), 3 * CONVERSATIONS * systems.len());
    assert!(lines.iter().any(|line| line.kind == "follow_up" && line.attempts > 1), "nothing went wrong");
    for system in &systems {
        let mut twice = 0;
        for handoff in &handoffs {
            let mut texts = added(system, handoff);
            let all = texts.len();
            if system.system == System::Slack {
                texts.dedup();
            }
            twice += all - texts.len();
            assert_eq!(texts, ["first", "second", "third"], "{:?} {handoff:?}", system.system);
        }
        assert!(twice <= system.known().unconfirmed, "{twice} twice");
    }
    // Whose words they are: the customer's where their address is known, else a note, which nobody is mailed.
    let zendesk = systems[0].effects();
    for effect in
        zendesk.iter().filter(|effect| effect.what["comment"]["body"].is_string() && effect.what["ticket"].is_u64())
    {
        let at = effect.what["ticket"].as_u64().unwrap() as usize - 1;
        let known = !zendesk[at].what["requester"].is_null();
        assert_eq!(effect.what["comment"]["public"], json!(known));
        assert_eq!(effect.what["comment"]["author_id"].is_u64(), known);
        assert_ne!(effect.what["comment"]["author_id"], json!(ZENDESK_SUBMITTER));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_added_before_there_is_a_ticket() {
    let dir = tempfile::tempdir().unwrap();
    let zendesk = Helpdesk::start(System::Zendesk).await;
    settings(dir.path(), &format!("[handover]\nattempts = 2\n{}", zendesk.settings()));
    zendesk.faults(Faults::Down);
    let desks = desks(dir.path());
    let first = asks(&desks, "c-1", None).await;
    says(&desks, "c-1", "more", None).await;
    let dropped = asks(&desks, "c-2", None).await;
    says(&desks, "c-2", "more", None).await;
    let sending = tokio::spawn({
        let sender = sender(dir.path(), &desks);
        async move { sender.run().await }
    });
    let given_up = async || outbox(&desks).await.iter().filter(|line| line.state == OutboxState::Dead).count() == 2;
    until("the tickets are given up", given_up).await;
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    let held = follow_ups(&desks).await;
    assert!(held.iter().all(|line| (line.state, line.attempts) == (OutboxState::Pending, 0)), "{held:?}");
    assert_eq!(zendesk.known().requests, 4, "two tries for each ticket, and nothing else");
    // A further handoff of the conversation is not held up by what waits for the first one's ticket.
    zendesk.faults(Faults::Never);
    let second = asks(&desks, "c-1", None).await;
    until("the second ticket is made", async || zendesk.effects().len() == 1).await;
    assert!(zendesk.effects()[0].key.starts_with(&second.0));
    sending.abort();

    let lines = outbox(&desks).await;
    let of = |handoff: &HandoffId| {
        let at = if *handoff == dropped { "c-2" } else { "c-1" };
        lines.iter().find(|line| line.conversation == at && line.kind == "handoff").expect("a row").id
    };
    let pass = store();
    let agent = pass.as_agent().unwrap();
    assert!(desks.drop_outbox(agent, of(&dropped)).await.unwrap());
    assert_eq!(desks.retry_outbox(agent, Some(of(&first))).await.unwrap(), 1);
    says(&desks, "c-2", "still there?", None).await;
    send_all(dir.path(), &desks).await;
    // The question of the second handoff came after the first one's ticket, and is told there too.
    assert_eq!(added(&zendesk, &first), ["more", "a question in c-1"]);
    assert_eq!(added(&zendesk, &second), [] as [&str; 0]);
    let rows: Vec<_> = follow_ups(&desks).await.into_iter().filter(|line| line.conversation == "c-2").collect();
    let expected = [(OutboxState::Dead, Some("dropped".to_owned()))];
    assert_eq!(rows.into_iter().map(|row| (row.state, row.last_error)).collect::<Vec<_>>(), expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follow_up_goes_where_a_person_still_has_work() {
    let dir = tempfile::tempdir().unwrap();
    let zendesk = Helpdesk::start(System::Zendesk).await;
    let desks = desks(dir.path());
    settings(dir.path(), "");
    // From before the store had a helpdesk.
    asks(&desks, "c-0", None).await;
    settings(dir.path(), &zendesk.settings());
    until("the settings are read", async || desks.handover(&STORE.parse().unwrap()).zendesk.is_some()).await;
    says(&desks, "c-0", "more", None).await;
    // The bot's own.
    says(&desks, "c-1", "hello", None).await;
    let handoff = asks(&desks, "c-1", None).await;
    // The message that the handoff is of, once more.
    says(&desks, "c-1", "a question in c-1", None).await;
    assert_eq!(follow_ups(&desks).await, []);
    says(&desks, "c-1", " ", None).await;
    moves(&desks, "c-1", Move::GiveBack).await;
    says(&desks, "c-1", "to the bot", None).await;
    moves(&desks, "c-1", Move::TakeOver).await;
    says(&desks, "c-1", "to Mia", None).await;
    moves(&desks, "c-1", Move::Resolve).await;
    // A new context: what was handed over before is over.
    says(&desks, "c-1", "a new matter", None).await;
    moves(&desks, "c-1", Move::TakeOver).await;
    says(&desks, "c-1", "to Mia again", None).await;
    send_all(dir.path(), &desks).await;
    assert_eq!(added(&zendesk, &handoff), ["(a message without words)", "to Mia"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_that_was_solved_is_opened_or_followed_by_a_fresh_one() {
    let dir = tempfile::tempdir().unwrap();
    let (zendesk, gorgias) = (Helpdesk::start(System::Zendesk).await, Helpdesk::start(System::Gorgias).await);
    settings(dir.path(), &format!("[handover]\nattempts = 60\n{}{}", zendesk.settings(), gorgias.settings()));
    let desks = desks(dir.path());
    let handoff = asks(&desks, "c-1", Some(CONTACT)).await;
    send_all(dir.path(), &desks).await;
    let set = |desk: &Helpdesk, status: &str| desk.known().effects[0].what["status"] = json!(status);
    let status = |desk: &Helpdesk| desk.known().effects[0].what["status"].clone();
    for (zendesks, opened) in
        [("new", "new"), ("open", "open"), ("pending", "open"), ("hold", "open"), ("solved", "open")]
    {
        set(&zendesk, zendesks);
        set(&gorgias, "closed");
        says(&desks, "c-1", &format!("after {zendesks}"), Some(CONTACT)).await;
        send_all(dir.path(), &desks).await;
        assert_eq!((status(&zendesk), status(&gorgias)), (json!(opened), json!("open")), "{zendesks}");
    }
    assert_eq!(added(&zendesk, &handoff).len(), 5);
    assert_eq!(added(&gorgias, &handoff).len(), 5);

    // Zendesk never opens again what it closed, and Gorgias' ticket was deleted.
    set(&zendesk, "closed");
    gorgias.known().effects[0].what["external_id"] = Value::Null;
    let (before, there) = (zendesk.effects().len(), gorgias.effects().len());
    zendesk.faults(Faults::Share(0.5));
    for text in ["one", "two"] {
        says(&desks, "c-1", text, Some(CONTACT)).await;
    }
    send_all(dir.path(), &desks).await;
    let fresh = &zendesk.effects()[before..];
    assert_eq!(fresh.len(), 2, "{fresh:?}");
    assert_eq!(fresh[0].what["external_id"], json!(format!("{}:zendesk", handoff.0)));
    assert_eq!(fresh[0].what["via_followup_source_id"], json!(1));
    assert!(fresh[0].what["comment"]["body"].as_str().unwrap().ends_with("one"));
    assert_eq!(fresh[1].what["ticket"], json!(before + 1));
    let fresh = &gorgias.effects()[there..];
    assert_eq!(fresh.len(), 2, "{fresh:?}");
    assert_eq!(fresh[0].what["messages"][0]["body_text"], json!("one"));
    assert_eq!(fresh[1].what["ticket"], json!(there + 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follow_up_is_mailed_in_the_thread_of_its_handoff() {
    for replies in [
        "",
        "[handover.email.replies]\naddress = \"help@in.fjellvik.example\"\npath_secret = \"00112233445566778899aabbccddeeff\"\n",
    ] {
        let dir = tempfile::tempdir().unwrap();
        let mut sink = SmtpSink::start().await;
        let handover = format!(
            "[handover.email]\nto = \"desk@fjellvik.example\"\n{replies}[identity.smtp]\nhost = \"127.0.0.1\"\nport = {}\n\
             security = \"none\"\nfrom = \"help@fjellvik.example\"\n",
            sink.address.port()
        );
        settings(dir.path(), &handover);
        let desks = desks(dir.path());
        let handoff = asks(&desks, "c-1", Some(CONTACT)).await;
        says(&desks, "c-1", "It is the blue one.", Some(CONTACT)).await;
        says(&desks, "c-1", "Hello?", Some(CONTACT)).await;
        send_all(dir.path(), &desks).await;
        let first = sink.next().await;
        let id = first.header("Message-ID").expect("an id");
        let mut ids = vec![id.clone()];
        for words in ["It is the blue one.", "Hello?"] {
            let mail = sink.next().await;
            for name in ["In-Reply-To", "References"] {
                assert_eq!(mail.header(name).as_ref(), Some(&id), "{name}");
            }
            assert_eq!(mail.header("Reply-To"), first.header("Reply-To"));
            assert_eq!(mail.header("Subject").unwrap(), format!("Re: {}", first.header("Subject").unwrap()));
            assert!(mail.data.contains(words) && mail.data.contains(&handoff.0), "{}", mail.data);
            assert_eq!(mail.data.contains("Write your answer above"), !replies.is_empty());
            ids.push(mail.header("Message-ID").expect("an id"));
        }
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 3, "each has an id of its own");
        assert!(sink.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_is_kept_until_what_was_added_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let zendesk = Helpdesk::start(System::Zendesk).await;
    settings(dir.path(), &zendesk.settings());
    let desks = desks(dir.path());
    asks(&desks, "c-1", None).await;
    says(&desks, "c-1", "more", None).await;
    moves(&desks, "c-1", Move::Resolve).await;
    let later = desks.now() + jiff::SignedDuration::from_hours(1);
    assert_eq!(desks.purge(&store(), later).await.unwrap().conversations, 0, "it was not told yet");
    send_all(dir.path(), &desks).await;
    assert_eq!(desks.purge(&store(), later).await.unwrap().conversations, 1);
    assert_eq!(outbox(&desks).await, []);
}
