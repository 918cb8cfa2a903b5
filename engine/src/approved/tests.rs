//! The whole path of a turn over fakes, where the store has signed off answers.

use super::*;
use crate::answer::{Engine, EngineConfig, Outcome};
use crate::fakes::{self, MemoryApproved, MemoryKnowledge, MemoryStorefront, Parrot};
use crate::handoff::HandoffReason;
use crate::identity::Asker;
use crate::live::{ParcelStatus, samples};
use crate::ports::{ModelId, SearchMode};
use crate::reply::Reply;
use crate::store::{Profiles, StoreProfile};
use crate::turn::{Message, Speaker, Turn};
use std::sync::{Arc, Mutex};

const PAGE: &str = "You can return an item within 30 days of delivery. Return shipping costs $6.95.";

fn rest(doc: &str, text: &str) -> RestsOn {
    RestsOn {
        doc: DocId(doc.into()),
        passage: PassageId(format!("{doc}#0")),
        hash: hash_of(&[], text),
        title: "Returns".into(),
        heading: Vec::new(),
        url: None,
        text: text.into(),
        valid_from: None,
        valid_to: None,
    }
}

fn answer(id: &str, question: &str, text: &str) -> ApprovedAnswer {
    ApprovedAnswer {
        id: AnswerId(id.into()),
        questions: vec![question.into()],
        text: text.into(),
        rests_on: vec![rest("pages/returns.md", PAGE)],
        state: State::Approved,
        limits: Limits::default(),
        approved_by: Some("Mia".into()),
        approved_at: None,
        version: 1,
        asked: 0,
    }
}

/// Weights for the embedder of the fakes, which sees no difference between "how do I" and "how long do I have to".
fn model() -> MatchModel {
    let weights = Likeness {
        cosine: 14.0,
        covered: 1.0,
        covers: 1.0,
        polarity: -2.0,
        uncovered: -4.0,
        unasked: -2.0,
        kind: -12.0,
        topic: -2.0,
        length: 0.5,
        margin: 2.0,
        ..Likeness::default()
    };
    let embedder = ModelId("bag@fake".into());
    MatchModel { embedder, intercept: -13.0, weights, bound: 0.9, ..MatchModel::default() }
}

struct Shop {
    answers: Vec<ApprovedAnswer>,
    profile: Option<StoreProfile>,
    storefront: Option<Arc<MemoryStorefront>>,
    model: MatchModel,
}

impl Shop {
    fn of(answers: Vec<ApprovedAnswer>) -> Self {
        Self { answers, profile: None, storefront: None, model: model() }
    }

    /// What is replied, and how often the generator was asked.
    async fn ask(&self, asker: Asker, turn: Turn) -> (Outcome, usize) {
        let parrot = Arc::new(Parrot::new("QUOTE: none\nANSWER: NOT COVERED"));
        let mut ports = fakes::ports(MemoryKnowledge::default());
        ports.generator = Some(parrot.clone());
        ports.clock = Arc::new(fakes::StoppedClock(samples::now()));
        let set = ApprovedSet { answers: self.answers.clone(), model: self.model.clone() };
        ports.approved = Some(Arc::new(MemoryApproved(Mutex::new(Arc::new(set)))));
        ports.storefront = self.storefront.clone().map(|s| s as Arc<dyn crate::ports::Storefront>);
        let profiles = Profiles::default();
        if let Some(profile) = &self.profile {
            profiles.set(profile.clone());
        }
        let config = EngineConfig {
            candidates: 20,
            passages: 6,
            search: SearchMode::Fused,
            coverage: 0.5,
            certain: 0.9,
            evidence_sentences: 8,
            max_tokens: 100,
            handoff_message: "A person will take over.".into(),
        };
        let released = Mutex::new(Vec::new());
        let engine = Engine::new(ports, config).with_profiles(profiles);
        let release = |s: &crate::reply::Sentence| released.lock().unwrap().push(s.text.clone());
        let outcome = engine.answer(&asker, &turn, &release).await.unwrap();
        if let Reply::Answer(answer) = &outcome.reply {
            let said: Vec<String> = answer.sentences().iter().map(|s| s.text.clone()).collect();
            assert_eq!(released.into_inner().unwrap(), said, "what was released is what was answered");
        }
        let asked = parrot.asked.lock().unwrap().len();
        (outcome, asked)
    }

    async fn asked(&self, question: &str) -> Option<String> {
        self.said(anonymous(), Turn::single("c", question)).await.0
    }

    /// What was said in the store's own words, and why not.
    async fn said(&self, asker: Asker, turn: Turn) -> (Option<String>, Option<Unused>) {
        let (outcome, generated) = self.ask(asker, turn).await;
        assert_eq!(generated, 0, "nothing of this needs a generator");
        let unused = outcome.trace.approved.as_ref().and_then(|m| m.unused.clone());
        let used = outcome.trace.approved.is_some_and(|m| m.unused.is_none());
        match outcome.reply {
            Reply::Answer(answer) => {
                assert!(used, "no page is there to answer from");
                (Some(answer.text()), None)
            }
            _ => {
                assert!(!used);
                (None, unused)
            }
        }
    }
}

fn anonymous() -> Asker {
    Asker::Anonymous(samples::pass("one"))
}

fn returns() -> ApprovedAnswer {
    answer("ans_1", "How long do I have to return an item?", "You have 30 days. Shipping it back costs $6.95.")
}

#[tokio::test]
async fn the_stores_own_words_are_said_with_what_they_rest_on() {
    let shop = Shop::of(vec![returns()]);
    for question in [
        "How long do I have to return an item?",
        "how long do i have to return an item",
        "How long do I have to return the item?",
    ] {
        let (outcome, generated) = shop.ask(anonymous(), Turn::single("c", question)).await;
        let Reply::Answer(said) = &outcome.reply else { panic!("{question}: {:?}", outcome.trace.approved) };
        assert_eq!((said.text().as_str(), generated), ("You have 30 days. Shipping it back costs $6.95.", 0));
        assert_eq!(said.citations().len(), 1);
        let citation = &said.citations()[0];
        assert_eq!((citation.doc.0.as_str(), citation.passage.0.as_str()), ("pages/returns.md", "pages/returns.md#0"));
        assert!(said.sentences().iter().all(|s| s.cites == [1]));
        let matched = outcome.trace.approved.expect("it stands in the trace");
        assert_eq!((matched.id.0.as_str(), matched.unused), ("ans_1", None));
        assert!(matched.probability >= model().bound);
    }
}

#[tokio::test]
async fn a_near_miss_is_not_answered() {
    let shop =
        Shop::of(vec![returns(), answer("ans_2", "Do you ship to Canada?", "Yes, we ship to Canada within 30 days.")]);
    for question in [
        "How long do I have to exchange an item?",
        "How do I return an item?",
        "How long do I have to return an item that I bought 45 days ago?",
        "How long do I have to return item FV10234-B?",
        "Do you ship to Mexico?",
        "Do you ship?",
        "What is a jacket?",
    ] {
        assert_eq!(shop.asked(question).await, None, "{question}");
    }
}

#[tokio::test]
async fn only_what_is_approved_is_said() {
    let why = || "the page changed".to_owned();
    for state in [State::Draft, State::Review { why: why() }, State::Rejected { why: why() }] {
        let shop = Shop::of(vec![ApprovedAnswer { state, ..returns() }]);
        assert_eq!(shop.asked("How long do I have to return an item?").await, None);
    }
}

#[tokio::test]
async fn a_passage_that_has_ended_carries_nothing() {
    let mut ended = returns();
    ended.rests_on[0].valid_to = Some("2026-11-20".parse().unwrap());
    let (said, why) = Shop::of(vec![ended]).said(anonymous(), Turn::single("c", &*returns().questions[0])).await;
    assert_eq!((said, why), (None, Some(Unused::NotInForce)));
}

#[tokio::test]
async fn limits_are_kept() {
    let limited = |limits: Limits| Shop::of(vec![ApprovedAnswer { limits, ..returns() }]);
    let canada = limited(Limits { countries: vec!["CA".into()], ..Limits::default() });
    let from = |country: Option<&str>, question: &str| Turn {
        country: country.map(str::to_owned),
        ..Turn::single("c", question)
    };
    let question = "How long do I have to return an item?";
    assert!(canada.said(anonymous(), from(Some("CA"), question)).await.0.is_some());
    assert!(canada.said(anonymous(), from(Some("US"), question)).await.0.is_none());
    assert!(canada.said(anonymous(), from(None, question)).await.0.is_none());
    let wholesale = limited(Limits { subjects: vec!["wholesale order".into()], ..Limits::default() });
    assert!(wholesale.asked(question).await.is_none());
    let lamp = limited(Limits { products: vec!["Aurora Lamp".into()], ..Limits::default() });
    assert!(lamp.asked(question).await.is_none());
    // Where it speaks of one country, it is not said to a customer of another.
    let mut spoken = returns();
    spoken.text = "In the United States you have 30 days.".into();
    let spoken = Shop::of(vec![spoken]);
    assert!(spoken.said(anonymous(), from(Some("US"), question)).await.0.is_some());
    assert!(spoken.said(anonymous(), from(Some("CA"), question)).await.0.is_none());
}

#[tokio::test]
async fn two_answers_to_one_question_are_none() {
    let shop = Shop::of(vec![
        returns(),
        ApprovedAnswer {
            text: "You have 60 days.".into(),
            ..answer("ans_2", "How long do I have to return an item?", "")
        },
    ]);
    let (said, why) = shop.said(anonymous(), Turn::single("c", "How long do I have to return an item?")).await;
    assert_eq!((said, why), (None, Some(Unused::Ambiguous(AnswerId("ans_2".into())))));
}

#[tokio::test]
async fn a_follow_up_is_not_a_question_of_its_own() {
    let shop = Shop::of(vec![answer("ans_1", "And to Canada?", "Yes, we do.")]);
    let history = vec![Message { role: Speaker::Customer, text: "How long does it take to return a parcel?".into() }];
    let turn = Turn { history, number: 1, ..Turn::single("c", "And to Canada?") };
    assert_eq!(shop.said(anonymous(), turn).await, (None, None));
    assert!(shop.asked("And to Canada?").await.is_some());
}

#[tokio::test]
async fn with_an_embedder_that_was_not_weighed_only_the_same_words_count() {
    let shop = Shop { model: MatchModel::default(), ..Shop::of(vec![returns()]) };
    assert!(shop.asked("How long do I have to return an item?").await.is_some());
    assert!(shop.asked("How long do I have to return the item?").await.is_none());
}

#[tokio::test]
async fn a_rule_comes_before_an_approved_answer() {
    let shop = Shop::of(vec![answer("ans_1", "I want to talk to a person", "You have 30 days.")]);
    let (outcome, _) = shop.ask(anonymous(), Turn::single("c", "I want to talk to a person")).await;
    let Reply::Handoff(handoff) = outcome.reply else { panic!("{:?}", outcome.reply) };
    assert_eq!(handoff.case.reason, HandoffReason::CustomerAsked);
}

#[tokio::test]
async fn placeholders_are_filled_from_facts_or_the_answer_is_not_used() {
    let store = |email: Option<&str>| Shop {
        profile: Some(StoreProfile { contact_email: email.map(str::to_owned), ..samples::profile() }),
        ..Shop::of(vec![answer(
            "ans_1",
            "How do I reach you?",
            "Write to {store.email}. You have {return.window} to return an item.",
        )])
    };
    let question = || Turn::single("c", "How do I reach you?");
    let (said, _) = store(Some("help@fjellvik.example")).said(anonymous(), question()).await;
    let text = said.expect("an answer");
    assert!(
        text.starts_with("Write to help@fjellvik.example. You have ") && text.ends_with(" days to return an item."),
        "{text}"
    );
    assert_eq!(store(None).said(anonymous(), question()).await, (None, Some(Unused::FactMissing("store.email"))));
    let bare = Shop { profile: None, ..store(Some("help@fjellvik.example")) };
    assert_eq!(bare.said(anonymous(), question()).await, (None, Some(Unused::FactMissing("store.email"))));
}

#[tokio::test]
async fn an_order_is_told_to_its_owner_only() {
    let mut order = samples::order(10234);
    order.parcels = vec![samples::parcel(&order, 1, ParcelStatus::InTransit)];
    order.pending.clear();
    let number = order.number.to_string();
    let storefront = MemoryStorefront { orders: vec![order], now: samples::now(), ..MemoryStorefront::default() };
    let shop = Shop {
        profile: Some(samples::profile()),
        storefront: Some(Arc::new(storefront)),
        ..Shop::of(vec![answer(
            "ans_1",
            "Do you pack without plastic?",
            "Yes, paper only; your order {order.number} is {order.status}.",
        )])
    };
    let question = || Turn::single("c", "Do you pack without plastic?");
    let owner = Asker::Verified(samples::verified("one", samples::EMAIL));
    let (said, why) = shop.said(owner, question()).await;
    assert_eq!(said, Some(format!("Yes, paper only; your order {number} is on its way.")), "{why:?}");
    let missing = (None, Some(Unused::FactMissing("order.number")));
    assert_eq!(shop.said(anonymous(), question()).await, missing);
    let stranger = Asker::Verified(samples::verified("one", "someone@else.example"));
    assert_eq!(shop.said(stranger, question()).await, missing);
}

#[test]
fn values_that_no_passage_holds_are_doubted() {
    let doubts = |text: &str| {
        let found = verify::verify(&answer("ans_1", "How long?", text)).unwrap();
        found.into_iter().map(|d| (d.sentence, d.why)).collect::<Vec<_>>()
    };
    assert_eq!(doubts("You have 30 days to return an item. Happy to help!"), []);
    assert_eq!(doubts("You have {return.window}, and it costs $6.95."), []);
    let check = |text: &str, sentence: &str, why: &str| {
        let found = doubts(text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].0 == sentence && found[0].1.contains(why), "{found:?}");
    };
    check("You have 30 days. It costs $5.95.", "It costs $5.95.", "'5.95' stands in no passage");
    check(
        "You cannot return an item within 30 days of delivery.",
        "You cannot return an item within 30 days of delivery.",
        "says yes where",
    );
    check("We have already refunded your order.", "We have already refunded your order.", "promises an action");
    check("Our warehouse ships pallets nationwide.", "Our warehouse ships pallets nationwide.", "about this");
    let unsound = |change: &dyn Fn(&mut ApprovedAnswer)| {
        let mut changed = returns();
        change(&mut changed);
        verify::verify(&changed).unwrap_err().to_string()
    };
    assert!(unsound(&|a| a.text = "See {order.total}.".into()).contains("no placeholder"));
    assert!(unsound(&|a| a.rests_on.clear()).contains("rests on no passage"));
    assert!(unsound(&|a| a.questions = vec![" ".into()]).contains("no question"));
    assert!(unsound(&|a| a.limits.countries = vec!["Canada".into()]).contains("no country code"));
}

#[test]
fn a_passage_may_move_but_not_change() {
    let was = rest("pages/returns.md", PAGE);
    let moved = RestsOn { passage: PassageId("pages/returns.md#4".into()), ..was.clone() };
    let other = rest("pages/returns.md", "You can return an item within 14 days of delivery.");
    assert_eq!(was.stands_in(&[other.clone(), moved.clone()]), Some(&moved));
    assert_eq!(was.stands_in(std::slice::from_ref(&other)), None);
    assert_eq!(was.stands_in(&[RestsOn { doc: DocId("pages/old.md".into()), ..was.clone() }]), None);
    assert_ne!(hash_of(&["Final sale".into()], PAGE), hash_of(&[], PAGE), "the heading counts");
}
