//! Every handoff arrives, once in effect, whatever goes wrong on the way.

use super::{Helpdesk, System, case, desks, send_all, settings, store};
use api::db::outbox::OutboxState;
use engine::ports::Handoffs;
use std::collections::BTreeSet;
use tests::{helpdesk::Faults, smtp_sink::SmtpSink};

const HANDOFFS: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_handoff_arrives_once_under_faults() {
    let dir = tempfile::tempdir().unwrap();
    let mut systems = Vec::new();
    for system in [System::Webhook, System::Zendesk, System::Gorgias, System::Slack] {
        systems.push(Helpdesk::start(system).await);
    }
    let sections: String = systems.iter().map(Helpdesk::settings).collect();
    settings(dir.path(), &format!("[handover]\nattempts = 50\n{sections}"));
    systems.iter().for_each(|system| system.faults(Faults::Share(0.2)));
    let desks = desks(dir.path());
    let pass = store();
    let mut ids = BTreeSet::new();
    for at in 0..HANDOFFS {
        let case = case(&format!("c-{}", at / 2), (at % 2) as u32);
        ids.insert(desks.open(&pass, &case).await.unwrap().0);
        // Reported twice, as a client does that lost the connection.
        desks.open(&pass, &case).await.unwrap();
    }
    send_all(dir.path(), &desks).await;

    let lines = desks.outbox(pass.as_agent().unwrap(), true, 10_000).await.unwrap();
    assert_eq!(lines.len(), HANDOFFS * systems.len());
    assert!(lines.iter().all(|line| line.state == OutboxState::Sent), "{lines:?}");
    assert!(lines.iter().any(|line| line.attempts > 1), "nothing went wrong, so nothing was tried");
    for system in &systems {
        let effects = system.effects();
        let of = |key: &str| key.split(':').next().unwrap_or_default().to_owned();
        let told: BTreeSet<String> = effects.iter().map(|effect| of(&effect.key)).collect();
        assert_eq!(told, ids, "{:?}", system.system);
        let twice = effects.len() - ids.len();
        match system.system {
            System::Slack => assert!(twice <= system.known().unconfirmed, "{twice} twice"),
            System::Webhook | System::Zendesk | System::Gorgias | System::Chatwoot => {
                assert_eq!(twice, 0, "{:?}", system.system);
            }
        }
    }
    // In order for each conversation: the second handoff of each was told after the first.
    let webhook = systems[0].effects();
    for at in 0..HANDOFFS / 2 {
        let turns: Vec<u64> = webhook
            .iter()
            .filter(|effect| effect.what["conversation_id"] == format!("c-{at}"))
            .map(|effect| effect.what["case"]["turn"].as_u64().unwrap())
            .collect();
        assert_eq!(turns, [0, 1], "c-{at}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_given_up_is_listed_and_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let zendesk = Helpdesk::start(System::Zendesk).await;
    settings(dir.path(), &format!("[handover]\nattempts = 3\n{}", zendesk.settings()));
    zendesk.faults(Faults::Down);
    let desks = desks(dir.path());
    let (pass, agent) = (store(), store());
    let agent = agent.as_agent().unwrap();
    for conversation in ["c-1", "c-2"] {
        desks.open(&pass, &case(conversation, 0)).await.unwrap();
    }
    send_all(dir.path(), &desks).await;
    let lines = desks.outbox(agent, false, 10).await.unwrap();
    assert_eq!(lines.len(), 2);
    for line in &lines {
        assert_eq!((line.state, line.attempts), (OutboxState::Dead, 3));
        assert_eq!(line.last_error.as_deref(), Some("status 503"));
    }
    assert_eq!(zendesk.known().requests, 6);

    zendesk.faults(Faults::Never);
    assert!(desks.drop_outbox(agent, lines[1].id).await.unwrap());
    // What was dropped is not sent, also not with the rest.
    assert_eq!(desks.retry_outbox(agent, None).await.unwrap(), 1);
    send_all(dir.path(), &desks).await;
    assert_eq!(zendesk.effects().len(), 1);
    assert_eq!(desks.retry_outbox(agent, Some(lines[0].id)).await.unwrap(), 0, "it was sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handoff_is_mailed_with_an_id_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let mut sink = SmtpSink::start().await;
    let handover = format!(
        "[handover.email]\nto = \"desk@fjellvik.example\"\n[identity.smtp]\nhost = \"127.0.0.1\"\nport = {}\n\
         security = \"none\"\nfrom = \"help@fjellvik.example\"\n",
        sink.address.port()
    );
    settings(dir.path(), &handover);
    let desks = desks(dir.path());
    let id = desks.open(&store(), &case("c-1", 0)).await.unwrap();
    desks.open(&store(), &case("c-2", 0)).await.unwrap();
    send_all(dir.path(), &desks).await;
    let mut ids = BTreeSet::new();
    let mut texts = String::new();
    for _ in 0..2 {
        let mail = sink.next().await;
        assert_eq!(mail.to, "desk@fjellvik.example");
        assert!(mail.subject().starts_with("Needs a person: "), "{}", mail.data);
        let line = mail.data.lines().find(|line| line.to_ascii_lowercase().starts_with("message-id:"));
        ids.insert(line.expect("a Message-ID").to_owned());
        texts.push_str(&mail.data);
    }
    assert_eq!(ids.len(), 2);
    assert!(ids.iter().all(|id| id.ends_with("@fjellvik.example>")), "{ids:?}");
    assert!(texts.contains(&id.0) && texts.contains("no source of the store covers the question"), "{texts}");
    assert!(sink.is_empty());
}
