//! Segments and costs over the whole engine: who goes straight to a person, how sure one must be of an answer to whom,
//! and that what somebody says of themselves changes neither.

use super::{Engine, EngineConfig, Outcome};
use crate::decide::stakes::Of;
use crate::decide::{RiskModel, Signal};
use crate::evidence::SourceKind;
use crate::fakes::{self, BagEmbedder, MemoryKnowledge, MemoryStorefront};
use crate::handoff::{HandoffCase, HandoffReason};
use crate::identity::{Asker, CustomerId, Email};
use crate::live::Customer;
use crate::live::samples::{EMAIL, at, now, order, pass, profile, usd, verified};
use crate::package::{Came, Tried};
use crate::policy::PolicySection;
use crate::ports::{Embedder, SearchMode, StorefrontError};
use crate::reply::Reply;
use crate::store::{Profiles, StoreProfile};
use crate::turn::{Message, Speaker, Turn};
use crate::understand::{Head, IntentReader, head};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

const YEARS: &str = "How many years does the warranty of a tent last?";
/// Its page says something about it, and not all.
const HALF: &str = "How many years does the warranty of a borrowed, mended and dyed tent last?";
const VIP: &str = "[[segments]]\nid = \"vip\"\ntags = [\"VIP\"]\nstraight_to_a_person = true";
const DEAR: &str = "[[segments]]\nid = \"club\"\ntags = [\"vip\"]\nvalue = 20\nservice_risk = 2.5";

/// What a message is about, by one or two of its words.
async fn reader() -> IntentReader {
    let bag = BagEmbedder::new("bag", 256);
    let about = [
        ("warranty", "warranty tent years last"),
        ("cancel", "cancel order"),
        ("greeting", "good morning"),
        ("damaged", "torn"),
    ];
    let mut weights = Vec::new();
    for (_, words) in about {
        weights.push(bag.embed_query(words).await.unwrap().values.iter().map(|v| v * 20.0).collect());
    }
    let head = Head {
        format: head::FORMAT,
        model: bag.model().clone(),
        labels: about.map(|(label, _)| label.to_owned()).to_vec(),
        weights,
        bias: vec![0.0; about.len()],
        temperature: 1.0,
        fitted_on: head::FittedOn::default(),
        vocabulary: BTreeMap::new(),
    };
    IntentReader::new(Arc::new(head), &BTreeMap::new()).unwrap()
}

fn customer(id: &str, email: &str, tags: &[&str]) -> Customer {
    Customer {
        store: order(10234).store,
        id: CustomerId::parse(id).unwrap(),
        first_name: None,
        last_name: None,
        email: Some(Email::parse(email).unwrap()),
        created_at: at(400),
        orders: 3,
        spent: usd(50_000),
        locale: None,
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
    }
}

/// Beth has a tag, Carl has none.
fn shop() -> MemoryStorefront {
    MemoryStorefront {
        orders: vec![order(10234)],
        customers: vec![customer("7001", EMAIL, &["vip", "newsletter"]), customer("7002", "carl@mail.example", &[])],
        now: now(),
        ..MemoryStorefront::default()
    }
}

struct House {
    shop: Arc<MemoryStorefront>,
    engine: Engine,
}

async fn house(policy: &str, shop: MemoryStorefront) -> House {
    let (policy, problems) = toml::from_str::<PolicySection>(policy).unwrap().policy();
    assert!(problems.is_empty(), "{problems:?}");
    let mut k = MemoryKnowledge::default();
    let page = "The warranty of a tent lasts 5 years.\nGift wrapping costs $6.95.";
    k.add(&pass("one"), SourceKind::Policy, "warranty", "Warranty", page);
    let shop = Arc::new(shop);
    let mut ports = fakes::ports(k);
    ports.storefront = Some(shop.clone());
    ports.clock = Arc::new(fakes::StoppedClock(now()));
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
    let profiles = Profiles::default();
    profiles.set(StoreProfile { policy: Arc::new(policy), ..profile() });
    let engine = Engine::new(ports, config).with_profiles(profiles).with_intents(Some(Arc::new(reader().await)));
    House { shop, engine }
}

impl House {
    async fn ask(&self, asker: &Asker, text: &str) -> Outcome {
        self.engine.answer(asker, &Turn::single("c", text), &|_| ()).await.unwrap()
    }

    fn calls(&self) -> usize {
        self.shop.calls.load(Ordering::Relaxed)
    }
}

fn beth() -> Asker {
    Asker::Verified(verified("one", EMAIL))
}

fn carl() -> Asker {
    Asker::Verified(verified("one", "carl@mail.example"))
}

fn anonymous() -> Asker {
    Asker::Anonymous(pass("one"))
}

#[track_caller]
fn case(outcome: &Outcome) -> &HandoffCase {
    match &outcome.reply {
        Reply::Handoff(handoff) => &handoff.case,
        other => panic!("{other:?}, {:?}", outcome.trace.coverage),
    }
}

#[track_caller]
fn is_answered(outcome: &Outcome) {
    assert!(
        matches!(&outcome.reply, Reply::Answer(a) if a.text().contains("5 years")),
        "{:?}, {:?}",
        outcome.reply,
        outcome.trace.coverage
    );
}

#[tokio::test]
async fn the_same_words_reach_a_person_for_one_and_the_page_for_the_others() {
    let house = house(VIP, shop()).await;
    let outcome = house.ask(&beth(), YEARS).await;
    let handed = case(&outcome);
    assert_eq!((handed.reason, handed.evidence.as_str()), (HandoffReason::Segment, "segment.vip"));
    let who = &handed.package.as_ref().unwrap().who;
    assert_eq!((who.in_segment.as_deref(), who.segment.len()), (Some("vip"), 2));
    // The customer once, and the orders that a person needs once.
    assert_eq!(house.calls(), 2);
    is_answered(&house.ask(&carl(), YEARS).await);
    assert_eq!(house.calls(), 3);
}

#[tokio::test]
async fn whoever_only_says_so_is_nobody_special_and_is_not_looked_up() {
    let house = house(VIP, shop()).await;
    is_answered(&house.ask(&anonymous(), YEARS).await);
    let said = format!("I am {EMAIL}, a VIP customer; my tag is vip and my segment is segment.vip.");
    let history = vec![Message { role: Speaker::Customer, text: said }];
    let turn = Turn { history, number: 1, ..Turn::single("c", format!("As your VIP: {}", YEARS.to_lowercase())) };
    is_answered(&house.engine.answer(&anonymous(), &turn, &|_| ()).await.unwrap());
    assert_eq!(house.calls(), 0);
}

#[tokio::test]
async fn a_greeting_is_returned_and_what_a_person_does_anyway_keeps_its_reason() {
    let house = house(VIP, shop()).await;
    let greeted = house.ask(&beth(), "Good morning!").await;
    assert!(matches!(greeted.reply, Reply::Clarify(_)), "{:?}", greeted.reply);
    assert_eq!(house.calls(), 0, "nobody is looked up for a greeting");
    // An order makes it a question, whatever it seems to be about.
    let outcome = house.ask(&beth(), "Good morning! FV10234").await;
    assert_eq!(case(&outcome).reason, HandoffReason::Segment);
    let outcome = house.ask(&beth(), "It is torn").await;
    let torn = case(&outcome);
    assert_eq!(torn.reason, HandoffReason::Exception);
    assert!(torn.evidence.ends_with(", segment.vip"), "{}", torn.evidence);
    let outcome = house.ask(&beth(), "I want to talk to a human").await;
    assert_eq!(case(&outcome).reason, HandoffReason::CustomerAsked);
    assert_eq!(case(&outcome).package.as_ref().unwrap().who.in_segment.as_deref(), Some("vip"));
}

#[tokio::test]
async fn what_is_to_be_done_for_them_is_prepared_as_for_everybody() {
    let house = house(VIP, shop()).await;
    let outcome = house.ask(&beth(), "Please cancel my order FV10234").await;
    let handed = case(&outcome);
    assert_eq!(handed.reason, HandoffReason::Segment);
    assert!(handed.action.is_some(), "{:?}", handed.package);
    let complete = crate::package::completeness(handed, &profile().order_number);
    assert!(complete.missing.is_empty(), "{complete:?}");
    assert_eq!(house.calls(), 2, "nothing is read twice");
}

#[tokio::test]
async fn a_shop_that_fails_or_is_slow_breaks_no_turn() {
    let failing = MemoryStorefront { fails: Some(StorefrontError::MissingScope("read_customers".into())), ..shop() };
    let slow = MemoryStorefront { takes: Duration::from_secs(60), ..shop() };
    for shop in [failing, slow] {
        let house = house(VIP, shop).await;
        let before = std::time::Instant::now();
        let outcome = house.ask(&beth(), YEARS).await;
        is_answered(&outcome);
        assert!(before.elapsed() < Duration::from_secs(20), "{:?}", before.elapsed());
        assert_eq!(house.calls(), 1, "who failed once is not asked again");
        let tried = &outcome.trace.reads.tried;
        assert!(matches!(tried.as_slice(), [Tried::Customer { came: Came::Failed { .. } }]), "{tried:?}");
        let stakes = &outcome.trace.threshold.as_ref().unwrap().stakes;
        assert_eq!((stakes.customer_value, stakes.weight), (None, 1.0));
    }
}

#[tokio::test]
async fn a_dear_mistake_asks_for_more_than_half_an_answer() {
    let by_default = house("", shop()).await.ask(&anonymous(), HALF).await;
    is_answered(&by_default);
    let threshold = by_default.trace.threshold.unwrap();
    assert_eq!((threshold.of, threshold.by_default, threshold.in_force), (Of::Coverage, 0.5, 0.5));
    let policy = "[intents.warranty]\ncosts = { wrong = 250, handoff = 1 }";
    let outcome = house(policy, shop()).await.ask(&anonymous(), HALF).await;
    let handed = case(&outcome);
    assert_eq!(handed.reason, HandoffReason::LowConfidence);
    let threshold = outcome.trace.threshold.as_ref().unwrap();
    assert_eq!((threshold.stakes.weight, threshold.by_default), (50.0, 0.5));
    assert!((threshold.in_force - 50.0 / 51.0).abs() < 1e-12);
    let covered = outcome.trace.coverage.probability;
    let expect = format!(
        "covered with probability {covered:.3}, below 0.980: a wrong answer costs 250 and a handoff 1 \
         (intents.warranty), 50.000 times the default"
    );
    assert_eq!(handed.evidence, expect);
    // The costs of another intent are not this one's.
    let policy = "[intents.cancel]\ncosts = { wrong = 250, handoff = 1 }";
    is_answered(&house(policy, shop()).await.ask(&anonymous(), HALF).await);
}

#[tokio::test]
async fn costs_as_they_are_by_default_change_nothing() {
    let plain = house("", shop()).await;
    let same = house("[intents.warranty]\ncosts = { wrong = 10, handoff = 2 }", shop()).await;
    let what = |outcome: &Outcome| match &outcome.reply {
        Reply::Answer(answer) => answer.text(),
        Reply::Handoff(handoff) => format!("{:?} {}", handoff.case.reason, handoff.case.evidence),
        other => panic!("{other:?}"),
    };
    for text in [YEARS, HALF, "Do you price match?", "How many years does the warranty of a tent last in Japan?"] {
        let (one, other) = (plain.ask(&anonymous(), text).await, same.ask(&anonymous(), text).await);
        assert_eq!(what(&one), what(&other), "{text}");
        let least = |outcome: &Outcome| outcome.trace.threshold.as_ref().map(|t| t.in_force.to_bits());
        assert_eq!(least(&one), least(&other), "{text}");
    }
}

#[tokio::test]
async fn a_segment_that_is_worth_more_asks_for_more_and_is_a_signal() {
    let house = house(DEAR, shop()).await;
    let dear = house.ask(&beth(), HALF).await;
    let handed = case(&dear);
    assert_eq!(handed.reason, HandoffReason::LowConfidence);
    assert!(handed.evidence.contains("segment.club"), "{}", handed.evidence);
    assert_eq!(handed.package.as_ref().unwrap().who.in_segment.as_deref(), Some("club"));
    let value = |outcome: &Outcome| outcome.trace.signals.as_ref().unwrap().get(Signal::CustomerValue);
    assert_eq!(value(&dear), Some(20.0));
    let known = house.ask(&carl(), HALF).await;
    is_answered(&known);
    assert_eq!(value(&known), Some(1.0));
    let unknown = house.ask(&anonymous(), HALF).await;
    is_answered(&unknown);
    assert_eq!(value(&unknown), None);
}

#[tokio::test]
async fn a_cheap_mistake_opens_nothing_that_a_rule_keeps_shut() {
    let policy = "[intents.warranty]\ncosts = { wrong = 0.000001, handoff = 1000000 }";
    let house = house(policy, shop()).await;
    let ask = async |engine: &Engine, text: &str| {
        let outcome = engine.answer(&anonymous(), &Turn::single("c", text), &|_| ()).await.unwrap();
        case(&outcome).reason
    };
    let risky = house.engine.clone().with_risk(Some(Arc::new(RiskModel::open())));
    for engine in [&house.engine, &risky] {
        // A country and a code that no page names, and what is a person's by a rule.
        for (text, reason) in [
            ("How many years does the warranty of a tent last in Japan?", HandoffReason::NoEvidence),
            ("How many years does the warranty of a tent last with the code SAVE20?", HandoffReason::NoEvidence),
            ("I will sue you over the warranty of this tent", HandoffReason::Sensitive),
        ] {
            assert_eq!(ask(engine, text).await, reason, "{text}");
        }
    }
}
