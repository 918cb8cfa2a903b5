//! Segments of customers over the sample store's own shop, and as `shopclerk policy explain` shows them.

use crate::cli::{err, out, shopclerk};
use api::{sandbox::Sandbox, shopify::shop::connection, store::StoreSettings};
use engine::{
    Asker, CustomerPass, Engine, EngineConfig, HandoffReason, Outcome, Profiles, Reply, SourceKind, Turn,
    fakes::{self, MemoryKnowledge, StoppedClock},
    identity::{CustomerId, CustomerKey},
    ports::SearchMode,
};
use ingest::shopify::ShopifyStorefront;
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use tests::{app::pass, connected::brisk};
use tokio::net::TcpListener;

const ASKED: &str = "How many years does the warranty of a tent last?";

fn demo(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../api/demo").join(file)
}

/// The first customer of the sample shop that has tags, or has none.
fn customer(tagged: bool) -> String {
    let all = fs::read_to_string(demo("shop/customers.jsonl")).expect("the fixture");
    let all = all.lines().map(|line| serde_json::from_str::<Value>(line).expect("a customer"));
    let is = |one: &Value| one["tags"].as_array().is_some_and(|tags| tags.is_empty() != tagged);
    let found = all.into_iter().find(is).expect("there are both");
    let gid = found["id"].as_str().expect("an id");
    gid.rsplit('/').next().expect("a number").to_owned()
}

#[expect(clippy::disallowed_methods, reason = "a test is its own operator")]
fn signed_in(id: &str) -> Asker {
    let key = CustomerKey::Id(CustomerId::parse(id).expect("an id"));
    Asker::Verified(CustomerPass::for_operator(pass("demo"), key, "test"))
}

/// Why a person was called, with the segment that the package names.
fn handed_over(outcome: &Outcome) -> Option<(HandoffReason, Option<&str>)> {
    match &outcome.reply {
        Reply::Handoff(handoff) => {
            let package = handoff.case.package.as_deref().expect("every handoff has one");
            Some((handoff.case.reason, package.who.in_segment.as_deref()))
        }
        Reply::Answer(_) => None,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_shops_own_tags_put_a_customer_into_a_segment_and_the_shop_is_asked_once() {
    let sandbox = Sandbox::load(&demo("shop"), brisk()).unwrap_or_else(|error| panic!("{error}"));
    let sandbox = sandbox.start(TcpListener::bind("127.0.0.1:0").await.expect("a port")).expect("served");
    let sample = fs::read_to_string(demo("store.toml")).expect("the sample settings");
    let section = "id = \"trail-club\"\n";
    assert!(sample.contains(section), "the sample store has the segment");
    let settings = |change: &str| {
        let text = format!(
            "{}\n[shopify]\nshop = \"fjellvik.myshopify.com\"\nendpoint = \"{}\"\naccess_token = \"{}\"\n",
            sample.replace(section, &format!("{section}{change}")),
            sandbox.url(),
            sandbox.token()
        );
        StoreSettings::parse(&text, Path::new("store.toml"), pass("demo").store()).unwrap_or_else(|e| panic!("{e}"))
    };
    let clock = Arc::new(StoppedClock(sandbox.now()));
    let engine = |settings: &StoreSettings| {
        let storefront = ShopifyStorefront::new(clock.clone());
        let shopify = settings.shopify.as_ref().expect("connected");
        let connection = connection(shopify, pass("demo").store()).unwrap_or_else(|error| panic!("{error}"));
        storefront.connect(pass("demo").store(), Arc::new(connection));
        let mut knowledge = MemoryKnowledge::default();
        let page = "The warranty of a tent lasts 5 years.";
        knowledge.add(&pass("demo"), SourceKind::Policy, "warranty", "Warranty", page);
        let mut ports = fakes::ports(knowledge);
        ports.storefront = Some(Arc::new(storefront));
        ports.clock = clock.clone();
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
        profiles.set(settings.profile());
        Engine::new(ports, config).with_profiles(profiles)
    };
    let ask = async |engine: &Engine, asker: &Asker| {
        engine.answer(asker, &Turn::single("c", ASKED), &|_| ()).await.expect("answered")
    };
    let looked_up = || sandbox.requests().get("CustomerByKey").copied().unwrap_or_default();
    let (member, other) = (signed_in(&customer(true)), signed_in(&customer(false)));
    let nobody = Asker::Anonymous(pass("demo"));

    // As the sample store has it: a mistake costs twice as much with a member, and that is all.
    let as_shipped = engine(&settings(""));
    assert_eq!(handed_over(&ask(&as_shipped, &nobody).await), None);
    assert_eq!(looked_up(), 0);
    let outcome = ask(&as_shipped, &member).await;
    assert_eq!(handed_over(&outcome), None);
    let threshold = outcome.trace.threshold.expect("the pages were asked");
    assert_eq!((threshold.stakes.segment.as_deref(), threshold.stakes.weight), (Some("trail-club"), 2.0));
    assert!((threshold.in_force - 2.0 / 3.0).abs() < 1e-12 && threshold.by_default == 0.5, "{threshold:?}");
    assert_eq!(looked_up(), 1);

    let to_people = engine(&settings("straight_to_a_person = true\n"));
    assert_eq!(handed_over(&ask(&to_people, &member).await), Some((HandoffReason::Segment, Some("trail-club"))));
    assert_eq!(looked_up(), 2, "once for the rule and the package");
    assert_eq!(handed_over(&ask(&to_people, &other).await), None);
    assert_eq!(handed_over(&ask(&to_people, &nobody).await), None);
    assert_eq!(looked_up(), 3);

    // A key that may not read customers: everybody is answered as before.
    sandbox.set_scopes(&["read_orders", "read_products"]);
    let blind = engine(&settings("straight_to_a_person = true\n"));
    assert_eq!(handed_over(&ask(&blind, &member).await), None);
}

const SETTINGS: &str = "name = \"Shop\"\ndomain = \"shop.example\"\ncurrency = \"EUR\"\nlanguages = [\"en\"]\n\
    [hours]\ntime_zone = \"Europe/Oslo\"\n[[policy.segments]]\nid = \"club\"\ntags = [\"club\"]\nvalue = 3\n\
    [[policy.segments]]\nid = \"vip\"\ntags = [\"vip\", \"press\"]\nstraight_to_a_person = true\n";

#[test]
fn explain_shows_segment_costs_and_the_threshold_that_results() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("shop.toml"), SETTINGS).unwrap();
    fs::write(dir.path().join("clerk.toml"), "[understanding]\nhead = \"none\"\n").unwrap();
    let explain = |more: &[&str]| {
        let args = ["--config", "clerk.toml", "policy", "explain", "--store", "s", "--file", "shop.toml", ASKED];
        let output = shopclerk(dir.path(), &[&args, more].concat());
        assert!(output.status.success(), "{}", err(&output));
        out(&output)
    };
    let anybody = explain(&[]);
    assert!(anybody.contains("threshold:  the pages must cover the question with probability 0.600, as by default"));
    assert!(anybody.contains("costs:      a wrong answer costs 5 and a handoff 1 (the default)"), "{anybody}");
    assert!(!anybody.contains("segment:"), "{anybody}");
    let club = explain(&["--tags", "newsletter,Club"]);
    for part in [
        "segment:    club (value 3, service risk 1, cost to serve 1)\n",
        "costs:      a wrong answer costs 15 and a handoff 1 (segment.club), 3.000 times the default",
        "with probability 0.818 (0.600 by default)",
        "then:       look",
    ] {
        assert!(club.contains(part), "no '{part}' in:\n{club}");
    }
    let vip = explain(&["--tags", "press"]);
    assert!(vip.contains("then:       person, reason = segment (segment.vip), instead of: look"), "{vip}");
    assert!(explain(&["--tags", "nobody"]).contains("segment:    none"));

    let json = |tags: &str| serde_json::from_str::<Value>(&explain(&["--tags", tags, "--json"])).expect("JSON");
    let club = json("club");
    assert_eq!((&club["segment"]["id"], &club["straight_to_a_person"]), (&"club".into(), &false.into()));
    let threshold = &club["threshold"];
    assert_eq!((&threshold["of"], &threshold["stakes"]["weight"]), (&"coverage".into(), &3.0.into()));
    assert!((threshold["in_force"].as_f64().unwrap() - 4.5 / 5.5).abs() < 1e-6, "{threshold}");
    assert_eq!(json("vip")["straight_to_a_person"], true);
    let unknown: Value = serde_json::from_str(&explain(&["--json"])).unwrap();
    assert_eq!((&unknown["segment"], &unknown["threshold"]["stakes"]["weight"]), (&Value::Null, &1.0.into()));
}

#[test]
fn a_factor_that_is_none_is_named_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let wrong = format!("{SETTINGS}service_risk = 0\n[policy.intents.stock]\ncosts = {{ wrong = 5, handoff = 0 }}\n");
    fs::write(dir.path().join("shop.toml"), wrong).unwrap();
    let output = shopclerk(dir.path(), &["policy", "check", "--store", "s", "--file", "shop.toml"]);
    assert_eq!(output.status.code(), Some(1));
    for part in [
        "shop.toml:15: policy.segments[2].service_risk: 0 is no factor",
        "shop.toml:17: policy.intents.stock.costs: a cost is a number from 0.000001 to 1000000",
    ] {
        assert!(err(&output).contains(part), "no '{part}' in:\n{}", err(&output));
    }
}
