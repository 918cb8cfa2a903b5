//! The whole path of a turn over fakes: what a merchant must be able to rely on, whatever the models do.

use crate::access::{StoreId, StorePass};
use crate::answer::{Engine, EngineConfig, Outcome};
use crate::evidence::SourceKind;
use crate::fakes::{self, MemoryKnowledge, Parrot};
use crate::handoff::HandoffReason;
use crate::identity::Asker;
use crate::ports::SearchMode;
use crate::reply::Reply;
use crate::turn::Turn;
use std::sync::{Arc, Mutex};

#[expect(clippy::disallowed_methods, reason = "a test is its own operator")]
fn pass(store: &str) -> StorePass {
    StorePass::for_operator(StoreId::parse(store).unwrap(), "test")
}

fn config() -> EngineConfig {
    EngineConfig {
        candidates: 20,
        passages: 6,
        search: SearchMode::Fused,
        coverage: 0.5,
        certain: 0.9,
        evidence_sentences: 8,
        max_tokens: 100,
        handoff_message: "A person will take over.".into(),
    }
}

fn knowledge(pass: &StorePass) -> MemoryKnowledge {
    let mut k = MemoryKnowledge::default();
    k.add(
        pass,
        SourceKind::Policy,
        "returns",
        "Returns",
        "You can return an item within 30 days of delivery.\nFinal sale items cannot be returned or exchanged.\nReturn shipping costs $6.95.",
    );
    k.add(
        pass,
        SourceKind::Policy,
        "shipping",
        "Shipping",
        "Standard shipping takes 3-5 business days. Express shipping costs $14.50.",
    );
    k
}

async fn ask(knowledge: MemoryKnowledge, generator: Option<Arc<Parrot>>, text: &str) -> (Outcome, Vec<String>) {
    let mut ports = fakes::ports(knowledge);
    ports.generator = generator.map(|g| g as Arc<dyn crate::ports::Generator>);
    let released = Mutex::new(Vec::new());
    let outcome = Engine::new(ports, config())
        .answer(&Asker::Anonymous(pass("one")), &Turn::single("c", text), &|s| {
            released.lock().unwrap().push(s.text.clone())
        })
        .await
        .unwrap();
    (outcome, released.into_inner().unwrap())
}

fn text(outcome: &Outcome) -> String {
    match &outcome.reply {
        Reply::Answer(answer) => answer.text(),
        Reply::Offer(offer) => format!("{} {}", offer.answer.text(), offer.offer),
        Reply::Clarify(asks) => asks.message.clone(),
        Reply::NeedsIdentity(asks) => asks.message.clone(),
        Reply::Handoff(handoff) => format!("handoff: {:?}", handoff.case.reason),
    }
}

#[tokio::test]
async fn extractive_answers_are_sentences_of_the_source_with_citations() {
    let (outcome, released) = ask(knowledge(&pass("one")), None, "How many days do I have to return an item?").await;
    let Reply::Answer(answer) = &outcome.reply else { panic!("{:?}", outcome.reply) };
    assert!(answer.text().contains("within 30 days of delivery"), "{}", answer.text());
    assert_eq!(answer.citations()[0].doc.0, "returns");
    assert_eq!(released, answer.sentences().iter().map(|s| s.text.clone()).collect::<Vec<_>>());
}

#[tokio::test]
async fn nothing_found_means_no_model_call_and_a_person() {
    let parrot = Arc::new(Parrot::new("QUOTE: x [1]\nANSWER: Yes, we match prices [1]."));
    let (outcome, released) = ask(knowledge(&pass("one")), Some(parrot.clone()), "Do you price match Amazon?").await;
    assert_eq!(text(&outcome), "handoff: NoEvidence");
    assert!(parrot.asked.lock().unwrap().is_empty());
    assert!(released.is_empty());
}

#[tokio::test]
async fn what_a_model_invents_is_not_said() {
    // `says` is dropped where `stands` is false: then the sources speak, or a person does.
    let check = async |says: &str, asked: &str, stands: Option<&str>| {
        let parrot = Arc::new(Parrot::new(&format!("QUOTE: q [1]\nANSWER: {says}")));
        let (outcome, released) = ask(knowledge(&pass("one")), Some(parrot), asked).await;
        assert_eq!(outcome.trace.extractive, stands.is_none(), "{says}: {:?}", outcome.trace.dropped);
        match stands {
            Some(expect) => assert_eq!(text(&outcome), expect),
            None => assert!(!text(&outcome).contains(says.trim_end_matches(" [1].")), "{}", text(&outcome)),
        }
        let shown = if matches!(outcome.reply, Reply::Answer(_)) { text(&outcome) } else { String::new() };
        assert_eq!(released.join(" "), shown, "what was released is what was answered");
        text(&outcome)
    };
    let days = "How many days do I have to return an item?";
    let right = "You can return an item within 30 days of delivery.";
    check("You can return an item within 30 days of delivery [1].", days, Some(right)).await;
    let instead = check("You can return an item within 45 days of delivery [1].", days, None).await;
    assert!(instead.starts_with(right), "{instead}");
    let sale = "Can I return a final sale item?";
    for wrong in
        ["Yes, final sale items can be returned [1].", "You can return an item within 30 days of delivery [1]."]
    {
        let instead = check(wrong, sale, None).await;
        assert!(instead.contains("Final sale items cannot be returned"), "{instead}");
    }
    check("No, final sale items cannot be returned [1].", sale, Some("No, final sale items cannot be returned.")).await;
    let label = "I have refunded your order. Return shipping costs $6.95 [1].";
    check(label, "How much is return shipping?", Some("Return shipping costs $6.95.")).await;
    // A true number on the wrong subject.
    let instead = check("Express shipping costs $6.95 [2].", "How much is express shipping?", None).await;
    assert!(instead.contains("$14.50") && !instead.contains("$6.95"), "{instead}");
}

#[tokio::test]
async fn pages_that_contradict_each_other_go_to_a_person() {
    let mine = pass("one");
    let mut k = knowledge(&mine);
    k.add(&mine, SourceKind::Policy, "faq", "FAQ", "You can return an item within 14 days of delivery.");
    let (outcome, _) = ask(k, None, "How many days do I have to return an item?").await;
    assert_eq!(text(&outcome), "handoff: SourcesDisagree");
}

#[tokio::test]
async fn a_policy_outranks_what_was_once_said_in_a_conversation() {
    let mine = pass("one");
    let mut k = knowledge(&mine);
    k.add(&mine, SourceKind::Conversation, "chat", "Return", "You can return an item within 14 days of delivery.");
    let (outcome, _) = ask(k, None, "How many days do I have to return an item?").await;
    assert!(text(&outcome).contains("30 days"), "{}", text(&outcome));
    assert!(!text(&outcome).contains("14 days"), "{}", text(&outcome));
}

#[tokio::test]
async fn another_stores_passage_ends_the_turn() {
    let mut k = knowledge(&pass("one"));
    k.add(&pass("one"), SourceKind::Policy, "x", "Return an item", "Return an item").store =
        StoreId::parse("two").unwrap();
    // The fake filters by store as every index must; this one pretends to be broken.
    struct Leaky(MemoryKnowledge);
    #[async_trait::async_trait]
    impl crate::ports::Knowledge for Leaky {
        async fn search(
            &self,
            _: &StorePass,
            _: &crate::ports::SearchQuery,
        ) -> Result<Vec<crate::Passage>, crate::ports::KnowledgeError> {
            Ok(self.0.0.clone())
        }
    }
    let mut ports = fakes::ports(MemoryKnowledge::default());
    ports.knowledge = Arc::new(Leaky(k));
    let ended = Engine::new(ports, config())
        .answer(&Asker::Anonymous(pass("one")), &Turn::single("c", "return an item"), &|_| ())
        .await;
    assert!(matches!(ended, Err(crate::answer::EngineError::Foreign(_))));
}

#[tokio::test]
async fn asking_twice_opens_one_handoff() {
    let ports = fakes::ports(MemoryKnowledge::default());
    let engine = Engine::new(ports, config());
    let turn = Turn::single("c", "I want to speak to a person");
    let mut ids = Vec::new();
    for _ in 0..2 {
        match engine.answer(&Asker::Anonymous(pass("one")), &turn, &|_| ()).await.unwrap().reply {
            Reply::Handoff(h) => ids.push((h.id, h.case.reason)),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(ids[0], ids[1]);
    assert_eq!(ids[0].1, HandoffReason::CustomerAsked);
}

#[tokio::test]
async fn an_ended_page_is_said_to_have_ended_and_no_old_chat_revives_it() {
    let mine = pass("one");
    let mut k = knowledge(&mine);
    k.add(&mine, SourceKind::Policy, "sale", "Summer sale", "Use the code SUMMER20 for 20% off everything.").valid_to =
        Some(jiff::civil::date(2026, 6, 30));
    k.add(&mine, SourceKind::Conversation, "chat", "Code", "Yes, the code SUMMER20 works, go ahead and use it.");
    let (outcome, released) = ask(k, None, "Can I still use the code SUMMER20?").await;
    assert_eq!(text(&outcome), "“Summer sale” ended on June 30, 2026.");
    assert_eq!(released.len(), 1);
}

#[tokio::test]
async fn a_rule_for_another_country_is_no_answer() {
    let mine = pass("one");
    let mut k = knowledge(&mine);
    k.add(
        &mine,
        SourceKind::Policy,
        "label",
        "Return label",
        "In the United States a return label costs $7.50.\nIn Canada a return label costs $11.00 CAD.",
    );
    let ask_it = async |question: &str| text(&ask(MemoryKnowledge(k.0.clone()), None, question).await.0);
    assert_eq!(
        ask_it("I live in Toronto. What does a return label cost?").await,
        "In Canada a return label costs $11.00 CAD."
    );
    let both = ask_it("What does a return label cost?").await;
    assert!(both.contains("$7.50") && both.contains("$11.00 CAD"), "{both}");
    assert_eq!(ask_it("What does a return label from Germany cost?").await, "handoff: NoEvidence");
}

#[tokio::test]
async fn a_heading_that_says_no_is_not_read_as_a_yes() {
    let mine = pass("one");
    let mut k = MemoryKnowledge::default();
    let page = k.add(&mine, SourceKind::Policy, "returns", "Returns", "- Final sale items.\n- Gift cards.");
    page.heading = vec!["What cannot be returned".into()];
    let parrot = Arc::new(Parrot::new("QUOTE: q [1]\nANSWER: Final sale items in your size can be returned [1]."));
    let (outcome, released) = ask(k, Some(parrot), "Can final sale items be returned?").await;
    assert!(!outcome.trace.dropped.is_empty(), "{:?}", outcome.reply);
    assert!(!released.join(" ").contains("can be returned"), "{released:?}");
}
