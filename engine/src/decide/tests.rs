use super::*;
use crate::access::{StoreId, StorePass};
use crate::answer::{Engine, EngineConfig, Outcome};
use crate::evidence::SourceKind;
use crate::fakes::{self, MemoryKnowledge, Parrot};
use crate::handoff::HandoffReason;
use crate::identity::Asker;
use crate::policy::Policy;
use crate::ports::{Generator, SearchMode};
use crate::reply::Reply;
use crate::turn::Turn;
use crate::understand::{Intent, Mood, Sure, Understanding};
use std::sync::{Arc, Mutex};

fn feature(name: &str, mean: f64, scale: f64, weight: f64) -> Feature {
    Feature { name: name.into(), mean, scale, weight }
}

fn model(features: Vec<Feature>, bias: f64, threshold: f64) -> RiskModel {
    let scorer = Scorer { features, bias, calibration: Calibration::None };
    RiskModel { scorer, threshold, ..RiskModel::open() }
}

fn json(model: &RiskModel) -> String {
    serde_json::to_string(model).unwrap()
}

#[test]
fn every_signal_is_found_by_its_name_and_no_two_share_one() {
    for (at, signal) in Signal::ALL.into_iter().enumerate() {
        assert_eq!(signal as usize, at);
        assert_eq!(Signal::named(signal.name()), Some(signal));
    }
    assert_eq!(Signals::features(Stage::Draft).len(), 2 * Signal::ALL.len());
    assert!(!Signals::features(Stage::Evidence).iter().any(|name| name.starts_with("dropped")));
}

#[test]
fn what_was_understood_is_a_signal_where_it_is_known() {
    let sure = |intent, probability| Sure { intent, probability };
    let intents = vec![sure(Intent::ShippingOptions, 0.75), sure(Intent::OutOfScope, 0.25)];
    let mood = Mood { now: -0.5, shift: 0.0 };
    let understood = Understanding { intents, mood, repeats: 2, ..Understanding::default() };
    let mut signals = Signals::default();
    signals.add_understanding(&understood);
    let of = |signals: &Signals| [Signal::IntentMargin, Signal::Sentiment, Signal::Repeats].map(|s| signals.get(s));
    assert_eq!(of(&signals), [Some(0.5), Some(-0.5), Some(2.0)]);
    let mut signals = Signals::default();
    signals.add_understanding(&Understanding::default());
    assert_eq!(of(&signals), [None, Some(0.0), Some(0.0)], "without a head nothing is known of intents");
}

#[test]
fn an_open_model_stays_open_whatever_is_asked_of_it() {
    let right = RiskModel::open().probability_right(&Signals::default());
    let dear = Stakes { weight: 1e12, ..Stakes::of(&Policy::default(), None, None, false) };
    assert!(right >= Gate::new(Some(&RiskModel::open()), 1.0, 0.99, dear).threshold().in_force);
}

#[test]
fn what_is_not_known_is_nothing_and_says_so() {
    let mut signals = Signals::default();
    signals.set(Signal::Repeats, 2.0);
    signals.set(Signal::Sentiment, f64::NAN);
    assert_eq!(signals.feature("repeats"), Some(2.0));
    assert_eq!(signals.feature("repeats:unknown"), Some(0.0));
    assert_eq!(signals.feature("sentiment"), Some(0.0));
    assert_eq!(signals.feature("sentiment:unknown"), Some(1.0));
    assert_eq!(signals.feature("mood"), None);
    let text = serde_json::to_string(&signals).unwrap();
    assert_eq!(text, r#"{"repeats":2.0}"#);
    assert_eq!(serde_json::from_str::<Signals>(&text).unwrap(), signals);
    assert!(serde_json::from_str::<Signals>(r#"{"mood":1}"#).unwrap_err().to_string().contains("'mood' is no signal"));
}

#[test]
fn a_probability_is_the_logistic_of_what_is_weighed_and_calibrated() {
    let mut signals = Signals::default();
    signals.set(Signal::Cosine, 0.5);
    let mut model = model(vec![feature("cosine", 0.3, 0.1, 2.0), feature("margin:unknown", 0.0, 1.0, -1.0)], 0.5, 0.5);
    // 0.5 + 2 * (0.5 - 0.3) / 0.1 - 1 = 3.5
    let logistic = |z: f64| 1.0 / (1.0 + (-z).exp());
    assert!((model.probability_right(&signals) - logistic(3.5)).abs() < 1e-12);
    model.scorer.calibration = Calibration::Platt { slope: 0.5, intercept: -1.0 };
    assert!((model.probability_right(&signals) - logistic(0.75)).abs() < 1e-12);
    let curve = |raw: &[f64], probability: &[f64], z: f64| {
        Calibration::Isotonic { raw: raw.to_vec(), probability: probability.to_vec() }.apply(z)
    };
    for (z, expected) in [(-9.0, 0.1), (0.0, 0.4), (9.0, 0.7)] {
        assert!((curve(&[0.25, 0.75], &[0.1, 0.7], z) - expected).abs() < 1e-12, "{z}");
    }
    assert_eq!(curve(&[0.5], &[0.3], -1.0), 0.3);
}

#[test]
fn a_file_is_read_as_it_was_written() {
    let share = Interval { value: 0.5, low: 0.4, high: 0.6 };
    let written = RiskModel {
        bound: Some(Bound {
            method: BoundMethod::Binomial,
            risk_upper: 0.02,
            confidence: Some(0.95),
            n: 200,
            wrong: 0,
            answered_share: share,
        }),
        quality: Some(Quality { n: 9, calibration_error: share, brier: share, auc: share }),
        reliability: vec![ReliabilityBin { n: 3, stated: 0.9, right: share }],
        fitted_on: Some(FittedOn {
            files: vec!["pack/faq.jsonl".into()],
            questions: 400,
            answers: 300,
            clusters: 200,
            content: "ab".into(),
            date: Some("2026-11-21".parse().unwrap()),
            system: System { embedder: "e".into(), ..System::default() },
            penalty: 1.0,
            seed: 1,
            incomplete_tolerated: false,
        }),
        ..model(vec![feature("cosine", 0.1, 0.2, 1.0 / 3.0)], -0.1, 0.9)
    };
    assert_eq!(RiskModel::parse(&json(&written)).unwrap(), written);
}

#[test]
fn a_file_that_cannot_be_trusted_is_refused_and_told_why() {
    let check = |text: &str, expected: &str| {
        let found = RiskModel::parse(text).unwrap_err().to_string();
        assert!(found.contains(expected), "{found}");
    };
    let good = json(&model(vec![feature("cosine", 0.1, 0.2, 1.0)], 0.0, 0.5));
    check("{}", "missing field `format`");
    check(r#"{"format":2,"strange":true}"#, "its format is 2, and this version reads format 1");
    check(&good.replace("\"cosine\"", "\"mood\""), "weighs 'mood', which this version does not know");
    check(&good.replace("\"threshold\":0.5", "\"threshold\":1.5"), "'threshold' is no number");
    check(&good.replace("\"scale\":0.2", "\"scale\":0.0"), "the feature 'cosine' is no number");
    check(&good.replace("\"answer\"", "\"same_question\""), "decides about SameQuestion, and is used for Answer");
    check(&good.replace("\"threshold\":", "\"limit\":1,\"threshold\":"), "unknown field `limit`");
    let falling = Calibration::Isotonic { raw: vec![0.1, 0.2], probability: vec![0.5, 0.4] };
    let mut bad = model(Vec::new(), 0.0, 0.5);
    bad.scorer.calibration = falling;
    check(&json(&bad), "the isotonic curve");
}

#[test]
fn a_model_of_another_system_is_refused_by_the_name_of_what_differs() {
    let settings = |passages: &str| [("engine.passages".to_owned(), passages.to_owned())].into();
    let system =
        System { embedder: "a@1".into(), generator: "none".into(), settings: settings("12"), ..System::default() };
    let mut model = RiskModel::open();
    assert!(model.holds_for(&system).is_ok(), "what was fitted on nothing holds everywhere");
    model.fitted_on = Some(FittedOn {
        files: Vec::new(),
        questions: 0,
        answers: 0,
        clusters: 0,
        content: String::new(),
        date: None,
        system: system.clone(),
        penalty: 1.0,
        seed: 1,
        incomplete_tolerated: false,
    });
    assert!(model.holds_for(&system).is_ok());
    let other = System { generator: "qwen@2".into(), ..system.clone() };
    let found = model.holds_for(&other).unwrap_err().to_string();
    assert!(found.contains("fitted with the generator none, and here it is qwen@2"), "{found}");
    let other = System { settings: settings("6"), ..system };
    let found = model.holds_for(&other).unwrap_err().to_string();
    assert!(found.contains("engine.passages 12, and here it is 6"), "{found}");
}

#[expect(clippy::disallowed_methods, reason = "a test is its own operator")]
async fn ask(risk: Option<RiskModel>, generator: Option<Arc<Parrot>>, text: &str) -> (Outcome, Vec<String>) {
    let pass = StorePass::for_operator(StoreId::parse("one").unwrap(), "test");
    let mut knowledge = MemoryKnowledge::default();
    let page = "You can return an item within 30 days of delivery.\nReturn shipping costs $6.95.";
    knowledge.add(&pass, SourceKind::Policy, "returns", "Returns", page);
    let mut ports = fakes::ports(knowledge);
    ports.generator = generator.map(|g| g as Arc<dyn Generator>);
    let config = EngineConfig {
        candidates: 20,
        passages: 6,
        search: SearchMode::Fused,
        coverage: 1.0,
        certain: 0.9,
        evidence_sentences: 8,
        max_tokens: 100,
        handoff_message: "A person will take over.".into(),
    };
    let released = Mutex::new(Vec::new());
    let outcome = Engine::new(ports, config)
        .with_risk(risk.map(Arc::new))
        .answer(&Asker::Anonymous(pass), &Turn::single("c", text), &|s| released.lock().unwrap().push(s.text.clone()))
        .await
        .unwrap();
    (outcome, released.into_inner().unwrap())
}

fn reason(outcome: &Outcome) -> Option<HandoffReason> {
    match &outcome.reply {
        Reply::Handoff(handoff) => Some(handoff.case.reason),
        Reply::Answer(_) | Reply::Offer(_) | Reply::Clarify(_) | Reply::NeedsIdentity(_) => None,
    }
}

const DAYS: &str = "How many days do I have to return an item?";

#[tokio::test]
async fn the_model_takes_the_place_of_the_coverage_bound() {
    // The bound of this engine lets nothing through.
    assert_eq!(reason(&ask(None, None, DAYS).await.0), Some(HandoffReason::NoEvidence));
    let (outcome, released) = ask(Some(RiskModel::open()), None, DAYS).await;
    assert!(reason(&outcome).is_none() && !released.is_empty(), "{:?}", outcome.reply);
    let signals = outcome.trace.signals.unwrap();
    assert_eq!(signals.get(Signal::Generated), Some(0.0));
    assert_eq!(signals.get(Signal::Margin), None, "there is no other document");
    assert!(signals.get(Signal::Cosine).unwrap() > 0.0);
    // Sure of being wrong: no generator is asked, and the person reads the numbers.
    let parrot = Arc::new(Parrot::new("QUOTE: x [1]\nANSWER: You can return an item within 30 days of delivery [1]."));
    let (outcome, released) = ask(Some(model(Vec::new(), -2.0, 0.5)), Some(parrot.clone()), DAYS).await;
    assert!(parrot.asked.lock().unwrap().is_empty() && released.is_empty());
    let Reply::Handoff(handoff) = &outcome.reply else { panic!("{:?}", outcome.reply) };
    assert_eq!(handoff.case.reason, HandoffReason::LowConfidence);
    assert_eq!(handoff.case.evidence, "probability of being right 0.119, below 0.500");
}

#[tokio::test]
async fn a_model_that_looks_at_the_draft_holds_every_sentence_back() {
    let parrot =
        || Arc::new(Parrot::new("QUOTE: x [1]\nANSWER: You can return an item within 30 days of delivery [1]."));
    let mistrusts = |weight: f64| model(vec![feature("generated", 0.0, 1.0, weight)], 0.0, 0.6);
    let (outcome, released) = ask(Some(mistrusts(-3.0)), Some(parrot()), DAYS).await;
    assert_eq!(reason(&outcome), Some(HandoffReason::LowConfidence));
    assert!(released.is_empty(), "{released:?}");
    let (outcome, released) = ask(Some(mistrusts(3.0)), Some(parrot()), DAYS).await;
    assert!(reason(&outcome).is_none());
    assert_eq!(released, ["You can return an item within 30 days of delivery."]);
    // Without a generator the refused answer is the draft that the person sees.
    let (outcome, released) = ask(Some(model(vec![feature("generated", 1.0, 1.0, 3.0)], 0.0, 0.6)), None, DAYS).await;
    assert!(released.is_empty());
    let Reply::Handoff(handoff) = &outcome.reply else { panic!("{:?}", outcome.reply) };
    assert!(handoff.case.draft.as_ref().is_some_and(|draft| draft.contains("30 days")), "{:?}", handoff.case.draft);
}

#[tokio::test]
async fn a_veto_stands_whatever_the_model_says() {
    let (outcome, _) = ask(Some(RiskModel::open()), None, "How many days do I have to return an item to Japan?").await;
    assert_eq!(reason(&outcome), Some(HandoffReason::NoEvidence), "{:?}", outcome.trace.coverage);
}
