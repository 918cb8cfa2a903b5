//! Turns over fakes, recorded, and answered again from the file alone.

use super::*;
use engine::fakes::{MemoryKnowledge, MemoryStorefront, Parrot, StoppedClock, ports};
use engine::identity::{CustomerKey, CustomerPass, Email};
use engine::live::{Money, Order};
use engine::ports::{ModelError, Ports, Reranker, SearchMode};
use engine::reply::IdentityWay;
use engine::{Asker, Engine, EngineConfig, Profiles, SourceKind, StoreId, StorePass, StoreProfile, Turn};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::sync::Arc;

const RETURNS: &str = "You can return an item within 30 days of delivery.\nReturn shipping costs $6.95.";

#[expect(clippy::disallowed_methods, reason = "a test is its own operator")]
fn pass() -> StorePass {
    StorePass::for_operator(StoreId::parse("one").unwrap(), "test")
}

#[expect(clippy::disallowed_methods, reason = "a test is its own operator")]
fn beth() -> Asker {
    let email = Email::parse("beth@mail.example").unwrap();
    Asker::Verified(CustomerPass::for_operator(pass(), CustomerKey::Email(email), "test"))
}

fn config() -> EngineConfig {
    EngineConfig {
        candidates: 10,
        passages: 4,
        search: SearchMode::Fused,
        coverage: 0.3,
        certain: 0.9,
        evidence_sentences: 6,
        max_tokens: 60,
        handoff_message: "A person takes over.".into(),
    }
}

fn profile(store: StoreId) -> StoreProfile {
    let usd: Money = serde_json::from_value(json!({"minor": 0, "currency": "USD"})).unwrap();
    StoreProfile {
        store,
        name: "The store".into(),
        domain: "store.example".into(),
        currency: usd.currency,
        time_zone: jiff::tz::TimeZone::UTC,
        order_number: regex::Regex::new(r"#?FV\d{5}").unwrap(),
        contact_email: None,
        handoff_message: None,
        languages: vec!["en".into()],
        countries: Vec::new(),
        identity: vec![IdentityWay::OrderNumberAndEmail],
        returns: None,
        delivery: None,
        cancel: None,
        hours: None,
        policy: Default::default(),
    }
}

fn order() -> Order {
    let money = json!({"minor": 100, "currency": "USD"});
    let order = json!({
        "id": "gid://shopify/Order/1", "number": "#FV10234", "email": "beth@mail.example", "customer": null,
        "created_at": "2026-11-16T10:00:00Z", "updated_at": "2026-11-18T10:00:00Z", "cancelled": null, "closed": false,
        "financial": "PAID", "fulfillment": "FULFILLED", "return_status": "NO_RETURN", "subtotal": money,
        "shipping": money, "tax": money, "discount": money, "discount_codes": [], "total": money,
        "original_total": money, "refunded": money, "outstanding": money, "gateways": [], "items": [],
        "parcels": [{"id": "gid://shopify/Fulfillment/1", "name": "#FV10234-F1", "status": "IN_TRANSIT",
            "created_at": "2026-11-18T10:00:00Z", "in_transit_at": "2026-11-18T12:00:00Z", "delivered_at": null,
            "estimated_delivery_at": "2026-11-24T12:00:00Z",
            "tracking": [{"company": "UPS", "number": "1Z999", "url": null}], "events": [], "items": []}],
        "pending": [], "returns": [], "refunds": [], "shipping_address": null, "shipping_method": "Standard",
        "tags": [], "status_page": null
    });
    Order { store: pass().store().clone(), ..serde_json::from_value(order).unwrap() }
}

/// Counts the question's words in each passage.
struct Counter(engine::ports::ModelId);

#[async_trait::async_trait]
impl Reranker for Counter {
    fn model(&self) -> &engine::ports::ModelId {
        &self.0
    }

    async fn score(&self, query: &str, passages: &[String]) -> Result<Vec<f32>, ModelError> {
        let words: Vec<&str> = query.split(' ').collect();
        Ok(passages.iter().map(|p| words.iter().filter(|w| p.contains(**w)).count() as f32 / 3.0).collect())
    }
}

/// A shop with two pages, an order that is under way, and a generator that says what it is told.
fn shop() -> Ports {
    let mut knowledge = MemoryKnowledge::default();
    knowledge.add(&pass(), SourceKind::Policy, "returns", "Returns", RETURNS);
    knowledge.add(&pass(), SourceKind::Policy, "shipping", "Shipping", "Standard shipping takes 3 to 5 business days.");
    let now = "2026-11-21T12:00:00Z".parse().unwrap();
    Ports {
        generator: Some(Arc::new(Parrot::new("ANSWER: You can return an item within 30 days of delivery [1]."))),
        reranker: Some(Arc::new(Counter(engine::ports::ModelId("counter@fake".into())))),
        storefront: Some(Arc::new(MemoryStorefront { orders: vec![order()], now, ..MemoryStorefront::default() })),
        clock: Arc::new(StoppedClock(now)),
        ..ports(knowledge)
    }
}

fn header(ports: &Ports) -> Header {
    Header {
        format: FORMAT,
        pack: "p".into(),
        file: "turns.jsonl".into(),
        over: "p".into(),
        system: "test".into(),
        store: pass().store().clone(),
        engine: serde_json::to_value(config()).unwrap(),
        models: Models::of(ports),
        storefront: true,
        settings: None,
        files: Default::default(),
    }
}

const TURNS: [(&str, bool, &str); 4] = [
    ("window", false, "How many days do I have to return an item?"),
    ("where", true, "Where is my order FV10234?"),
    ("nobody-knows", false, "Do you price match the moon base?"),
    ("fee", false, "What does return shipping cost to return an item?"),
];

/// Records all turns that are not in the file yet.
async fn record(path: &Path) {
    let ports = shop();
    let recorder = Recorder::open(path).unwrap();
    recorder.begin(&header(&ports)).unwrap();
    let profiles = Profiles::default();
    profiles.set(profile(pass().store().clone()));
    let engine = Engine::new(ports.clone(), config()).with_profiles(profiles);
    for (id, signed_in, text) in TURNS {
        let asker = if signed_in { beth() } else { Asker::Anonymous(pass()) };
        let turn = Turn::single(format!("c-{id}"), text);
        let (taped, tape) = around(&ports, recorder.vectors());
        let outcome = engine.anew(taped).answer(&asker, &turn, &|_| ()).await.unwrap();
        recorder.write(TurnLine::new(id, 0, &asker, &turn, &outcome, &tape)).unwrap();
    }
}

fn rebuild(header: &Header, ports: Ports) -> Result<Engine, String> {
    let profiles = Profiles::default();
    profiles.set(profile(header.store.clone()));
    let (config, added) = settings_of(header, &config())?;
    assert!(added.is_empty());
    Ok(Engine::new(ports, config).with_profiles(profiles))
}

async fn recorded() -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("record.jsonl");
    record(&path).await;
    (dir, path)
}

/// The lines of the record, with one of them changed.
fn change(path: &Path, line: usize, change: impl FnOnce(&mut Value)) {
    let mut lines: Vec<Value> =
        fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    change(&mut lines[line]);
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(path, text).unwrap();
}

fn call<'v>(turn: &'v mut Value, port: &str) -> &'v mut Value {
    turn["calls"].as_array_mut().unwrap().iter_mut().find(|call| call["port"] == port).unwrap()
}

/// Where the first difference of each turn is.
async fn differences(path: &Path) -> Vec<(String, String)> {
    let replayed = replay(path, &rebuild).await.unwrap();
    assert_eq!((replayed.unreadable.len(), replayed.cut, replayed.turns.len()), (0, false, TURNS.len()));
    let differing = replayed.differing().map(|turn| (turn.id.clone(), turn.difference.clone().unwrap().said));
    differing.collect()
}

#[tokio::test]
async fn a_record_replays_exactly_from_the_file_alone() {
    let (_dir, path) = recorded().await;
    assert_eq!(differences(&path).await, []);
    let lines: Vec<Value> =
        fs::read_to_string(&path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // It is the engine that answered: by the generator, from the shop, and not at all.
    assert_eq!(lines[1]["reply"]["type"], "answer");
    assert_eq!(lines[1]["trace"]["extractive"], false);
    assert_eq!(lines[2]["reply"]["sentences"][0]["cites"], json!([1]));
    assert!(lines[2]["calls"].to_string().contains("storefront.orders"));
    assert_eq!(lines[3]["reply"]["type"], "handoff");
    for port in ["embedder.query", "knowledge.search", "reranker.score", "embedder.passage", "generator.generate"] {
        assert!(lines[1]["calls"].to_string().contains(port), "{port}");
    }
    // A text that two turns need has its vector once.
    let names = |line: &Value| line["vectors"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert!(!names(&lines[1]).is_empty() && names(&lines[4]).iter().all(|name| !names(&lines[1]).contains(name)));
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions()) & 0o777, 0o600);
}

#[tokio::test]
async fn another_bound_is_found_at_what_it_decides() {
    let (_dir, path) = recorded().await;
    change(&path, 0, |header| header["engine"]["coverage"] = json!(1.1));
    let found = differences(&path).await;
    let (id, said) = &found[0];
    assert_eq!(id, "window");
    assert!(said.starts_with("call ") && said.contains("generator.generate"), "{said}");
    assert!(said.ends_with("is not asked any more; reply: was answer, is handoff (no_evidence)"), "{said}");
    assert!(found.iter().all(|(id, _)| id != "where" && id != "nobody-knows"), "{found:?}");
    // How many passages are asked for is part of the question to the index.
    let (_dir, path) = recorded().await;
    change(&path, 0, |header| header["engine"]["candidates"] = json!(1));
    let found = differences(&path).await;
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|(_, said)| said.contains("knowledge.search was asked for")), "{found:?}");
}

#[tokio::test]
async fn another_passage_is_found_before_what_follows_from_it() {
    let (_dir, path) = recorded().await;
    change(&path, 1, |turn| {
        let passage = &mut call(turn, "knowledge.search")["output"]["ok"][0];
        passage["text"] = json!(passage["text"].as_str().unwrap().replace("30 days", "14 days"));
    });
    let found = differences(&path).await;
    assert_eq!(found.len(), 1);
    let said = &found[0].1;
    assert!(said.starts_with("passages: number 1, text was"), "{said}");
}

#[tokio::test]
async fn what_the_models_and_the_shop_say_is_taken_from_the_record() {
    let (_dir, path) = recorded().await;
    change(&path, 1, |turn| {
        let pieces = call(turn, "generator.generate")["output"]["ok"].as_array_mut().unwrap();
        pieces.insert(0, json!({"text": "QUOTE: none "}));
    });
    change(&path, 2, |turn| {
        let orders = &mut call(turn, "storefront.orders")["output"]["ok"]["orders"]["value"];
        orders[0]["parcels"][0]["tracking"][0]["number"] = json!("1Z000");
    });
    let found = differences(&path).await;
    assert!(found[0].1.starts_with("draft was"), "{found:?}");
    assert!(found[1].1.starts_with("reply: sentence "), "{found:?}");
    assert_eq!(found.len(), 2);
}

#[tokio::test]
async fn what_was_not_recorded_is_named() {
    let (_dir, path) = recorded().await;
    change(&path, 1, |turn| turn["turn"]["text"] = json!("How many weeks do I have to return an item?"));
    change(&path, 3, |turn| turn["turn"]["text"] = json!("I want to talk to a person"));
    let found = differences(&path).await;
    assert!(found[0].1.contains("embedder.query was asked for “How many weeks"), "{found:?}");
    assert!(found[0].1.contains("recorded “How many days"), "{found:?}");
    // A rule fires before anything is embedded.
    assert!(found[1].1.contains("embedder.query(“Do you price match"), "{found:?}");
    assert!(found[1].1.contains("was recorded and is not asked any more"), "{found:?}");
}

#[tokio::test]
async fn a_line_that_was_cut_loses_no_other_and_is_gone_on_with() {
    let (_dir, path) = recorded().await;
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 40]).unwrap();
    let replayed = replay(&path, &rebuild).await.unwrap();
    assert!(replayed.cut && replayed.unreadable.is_empty());
    assert_eq!((replayed.turns.len(), replayed.identical()), (TURNS.len() - 1, TURNS.len() - 1));
    record(&path).await;
    assert_eq!(fs::read(&path).unwrap(), whole);
    assert_eq!(differences(&path).await, []);
}

#[tokio::test]
async fn a_broken_line_is_passed_over_and_a_foreign_file_is_refused() {
    let (_dir, path) = recorded().await;
    let mut lines: Vec<String> = fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
    lines[3] = "{\"line\": \"turn\"}".into();
    fs::write(&path, lines.join("\n") + "\n").unwrap();
    let replayed = replay(&path, &rebuild).await.unwrap();
    assert_eq!((replayed.turns.len(), replayed.identical()), (3, 3));
    assert_eq!(replayed.unreadable[0].line, 4);
    let error = Recorder::open(&path).unwrap_err().to_string();
    assert!(error.contains("line 4") && error.contains("--record"), "{error}");

    change_header(&path, |header| header["format"] = json!(9));
    assert!(matches!(replay(&path, &rebuild).await, Err(RecordError::Format { found: 9, .. })));
    fs::write(&path, "{\"id\": \"q\", \"text\": \"x\"}\n").unwrap();
    assert!(matches!(replay(&path, &rebuild).await, Err(RecordError::NoRecord { .. })));
}

fn change_header(path: &Path, change: impl FnOnce(&mut Value)) {
    let text = fs::read_to_string(path).unwrap();
    let (first, rest) = text.split_once('\n').unwrap();
    let mut header: Value = serde_json::from_str(first).unwrap();
    change(&mut header);
    fs::write(path, format!("{header}\n{rest}")).unwrap();
}

#[tokio::test]
async fn another_run_is_not_mixed_in() {
    let (_dir, path) = recorded().await;
    let ports = shop();
    let recorder = Recorder::open(&path).unwrap();
    let other = Header { engine: json!({"coverage": 0.9}), ..header(&ports) };
    let error = recorder.begin(&other).unwrap_err().to_string();
    assert!(error.contains("the engine's settings differs"), "{error}");
    // Another file of the same run follows in the same record.
    recorder.begin(&Header { file: "more.jsonl".into(), ..header(&ports) }).unwrap();
}

#[test]
fn settings_that_came_later_are_as_configured() {
    let ports = shop();
    let mut old = header(&ports);
    let fields = old.engine.as_object_mut().unwrap();
    fields.remove("certain");
    fields.insert("coverage".into(), json!(0.25));
    fields.insert("gone".into(), json!(true));
    let (settings, added) = settings_of(&old, &config()).unwrap();
    assert_eq!((settings.coverage, settings.certain, added), (0.25, 0.9, vec!["certain".to_owned()]));
    old.engine["passages"] = json!("many");
    assert!(settings_of(&old, &config()).unwrap_err().contains("cannot be read"));
}
