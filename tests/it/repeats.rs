//! The same question in several conversations, on several days: through the engine and the desk, as a server has them.

use api::db::{
    conversations::{Arrived, Channel},
    desk::Desks,
    ownership::{From, Move},
    replies::{BotReply, Recorded},
};
use engine::{
    Asker, ConversationId, CustomerPass, Engine, EngineConfig, HandoffReason, Outcome, Profiles, Reply, StorePass,
    Turn,
    fakes::{self, MemoryKnowledge, MemoryStorefront, StoppedClock},
    identity::{CustomerId, CustomerKey, Email},
    live::Order,
    ports::SearchMode,
    understand::Stage,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::{path::Path, sync::Arc};
use tests::app::pass;

const STORE: &str = "one";
const WHERE: &str = "Where is my order FV10234?";
const TOLD: &str = "I already asked about this and nobody replied. Where is my order FV10234?";

/// A desk, and the shop as it stands.
struct Shop {
    desks: Arc<Desks>,
    order: Order,
    now: Timestamp,
}

fn order() -> Order {
    let money = json!({ "minor": 100, "currency": "USD" });
    let order = json!({
        "id": "gid://shopify/Order/1", "number": "#FV10234", "email": "beth@mail.example", "customer": "7001",
        "created_at": "2026-11-16T10:00:00Z", "updated_at": "2026-11-18T10:00:00Z", "cancelled": null, "closed": false,
        "financial": "PAID", "fulfillment": "FULFILLED", "return_status": "NO_RETURN", "subtotal": money,
        "shipping": money, "tax": money, "discount": money, "discount_codes": [], "total": money,
        "original_total": money, "refunded": { "minor": 0, "currency": "USD" }, "outstanding": money, "gateways": [],
        "items": [],
        "parcels": [{"id": "gid://shopify/Fulfillment/1", "name": "#FV10234-F1", "status": "IN_TRANSIT",
            "created_at": "2026-11-18T10:00:00Z", "in_transit_at": "2026-11-18T12:00:00Z", "delivered_at": null,
            "estimated_delivery_at": "2026-11-26T12:00:00Z",
            "tracking": [{"company": "UPS", "number": "1Z999", "url": null}], "events": [], "items": []}],
        "pending": [], "returns": [], "refunds": [], "shipping_address": null, "shipping_method": "Standard",
        "tags": [], "status_page": null
    });
    Order { store: pass(STORE).store().clone(), ..serde_json::from_value(order).unwrap() }
}

fn profiles(dir: &Path) -> Profiles {
    let settings = "name = \"Fjellvik\"\ndomain = \"fjellvik.example\"\ncurrency = \"USD\"\nlanguages = [\"en\"]\n\
                    order_number_pattern = \"#?FV\\\\d{5}\"\n[hours]\ntime_zone = \"America/Chicago\"\n";
    let file = dir.join("settings.toml");
    std::fs::write(&file, settings).unwrap();
    let settings = api::store::StoreSettings::load(&file, &STORE.parse().unwrap()).unwrap_or_else(|e| panic!("{e}"));
    let profiles = Profiles::default();
    profiles.set(settings.profile());
    profiles
}

#[expect(clippy::disallowed_methods, reason = "a test is its own operator")]
fn known(key: CustomerKey) -> Asker {
    Asker::Verified(CustomerPass::for_operator(pass(STORE), key, "test"))
}

fn by_mail() -> Asker {
    known(CustomerKey::Email(Email::parse("beth@mail.example").unwrap()))
}

fn signed_in() -> Asker {
    known(CustomerKey::Id(CustomerId::parse("7001").unwrap()))
}

impl Shop {
    fn new(dir: &Path) -> Self {
        let now: Timestamp = "2026-11-20T15:00:00Z".parse().unwrap();
        Self { desks: Arc::new(Desks::new(dir.to_owned(), Arc::new(StoppedClock(now)))), order: order(), now }
    }

    fn store(&self) -> StorePass {
        pass(STORE)
    }

    fn days_later(&mut self, days: i64) {
        self.now = self.now.saturating_add(SignedDuration::from_hours(24 * days)).unwrap();
    }

    /// One message from its arrival to its reply, which is written down.
    async fn ask(&self, dir: &Path, asker: &Asker, conversation: &str, text: &str) -> Outcome {
        let id = ConversationId(conversation.into());
        let said =
            Arrived { conversation: &id, channel: Channel::Api, number: None, message: None, text, contact: None };
        let begun = self.desks.arrived(&self.store(), &said, 10).await.unwrap();
        let turn = Turn { number: begun.number, history: begun.history, ..Turn::single(conversation, text) };
        let mut ports = fakes::ports(MemoryKnowledge::default());
        ports.handoffs = self.desks.clone();
        ports.contacts = Some(self.desks.clone());
        ports.clock = Arc::new(StoppedClock(self.now));
        let orders = vec![self.order.clone()];
        ports.storefront = Some(Arc::new(MemoryStorefront { orders, now: self.now, ..MemoryStorefront::default() }));
        let config = EngineConfig {
            candidates: 10,
            passages: 4,
            search: SearchMode::Fused,
            coverage: 0.5,
            certain: 0.9,
            evidence_sentences: 6,
            max_tokens: 60,
            handoff_message: "A person takes over.".into(),
        };
        let engine = Engine::new(ports, config).with_profiles(profiles(dir));
        let outcome = engine.answer(asker, &turn, &|_| ()).await.unwrap();
        let kind = match &outcome.reply {
            Reply::Answer(_) => "answer",
            Reply::Offer(_) => "offer",
            Reply::Clarify(_) => "clarify",
            Reply::NeedsIdentity(_) => "needs_identity",
            Reply::Handoff(_) => "handoff",
        };
        let reply =
            BotReply { conversation: &id, number: begun.number, epoch: begun.epoch, text: "…", kind, outcome: None };
        assert_eq!(self.desks.record_reply_if_bot_owns(&self.store(), &reply).await.unwrap(), Recorded::Said);
        outcome
    }
}

/// How often it was asked before, and how many tries of all failed.
fn counts(outcome: &Outcome) -> (u32, u32) {
    (outcome.trace.understanding.asked_before, outcome.trace.understanding.repeats)
}

#[tokio::test]
async fn a_question_of_an_earlier_conversation_counts_where_it_was_no_help() {
    let dir = tempfile::tempdir().unwrap();
    let mut shop = Shop::new(dir.path());
    let first = shop.ask(dir.path(), &signed_in(), "chat-1", WHERE).await;
    assert!(matches!(first.reply, Reply::Answer(_)), "{:?}", first.reply);
    assert_eq!((counts(&first), first.trace.understanding.stage), ((0, 0), Some(Stage::OnItsWay)));
    // The next day, by mail: the same person, known by their address. They were answered, so nothing has failed.
    shop.days_later(1);
    let second = shop.ask(dir.path(), &by_mail(), "mail-2", WHERE).await;
    assert!(matches!(second.reply, Reply::Answer(_)), "{:?}", second.reply);
    assert_eq!(counts(&second), (1, 0));
    // Now they say that it was no help, and nothing has happened to the parcel.
    let third = shop.ask(dir.path(), &by_mail(), "mail-3", TOLD).await;
    assert_eq!(counts(&third), (2, 2));
    assert!(matches!(third.reply, Reply::Offer(_)), "a person is offered: {:?}", third.reply);
    // Somebody else who asks the same has asked for the first time.
    let other = known(CustomerKey::Email(Email::parse("carl@mail.example").unwrap()));
    assert_eq!(counts(&shop.ask(dir.path(), &other, "chat-c", TOLD).await), (0, 0));
    // The parcel has moved: what is said now is another answer.
    let before = shop.order.clone();
    shop.order.parcels[0].status = Some(engine::live::ParcelStatus::OutForDelivery);
    let moved = shop.ask(dir.path(), &signed_in(), "chat-4", TOLD).await;
    assert!(matches!(moved.reply, Reply::Answer(_)), "{:?}", moved.reply);
    assert_eq!(counts(&moved), (3, 0));
    // Had it not, the third failed try would have called a person.
    shop.order = before;
    let last = shop.ask(dir.path(), &by_mail(), "mail-5", TOLD).await;
    let Reply::Handoff(handoff) = &last.reply else { panic!("{:?}", last.reply) };
    assert_eq!((handoff.case.reason, counts(&last)), (HandoffReason::Repeated, (4, 3)));
    let package = handoff.case.package.as_deref().unwrap();
    assert_eq!((package.asked_before, package.stage), (4, Some(Stage::OnItsWay)));
    // A week later it is another question.
    shop.days_later(8);
    assert_eq!(counts(&shop.ask(dir.path(), &by_mail(), "mail-6", WHERE).await), (0, 0));
}

#[tokio::test]
async fn who_waits_for_a_person_has_not_been_helped_and_what_was_closed_has() {
    let dir = tempfile::tempdir().unwrap();
    let shop = Shop::new(dir.path());
    let wants = "Please cancel my order FV10234";
    let first = shop.ask(dir.path(), &signed_in(), "chat-1", wants).await;
    assert!(matches!(first.reply, Reply::Handoff(_)), "{:?}", first.reply);
    let again = shop.ask(dir.path(), &by_mail(), "mail-2", wants).await;
    assert_eq!(counts(&again), (1, 1), "a person was called and has not come");
    let pass = shop.store();
    for id in ["chat-1", "mail-2"] {
        let moved = (Move::Resolve, "Mia", From::Here);
        shop.desks.move_conversation(pass.as_agent().unwrap(), &ConversationId(id.into()), moved).await.unwrap();
    }
    assert_eq!(counts(&shop.ask(dir.path(), &by_mail(), "mail-3", wants).await), (2, 0));
    // A conversation that is opened anew is another one, and this one is not asked about itself.
    assert_eq!(counts(&shop.ask(dir.path(), &signed_in(), "chat-1", wants).await).0, 3);
}

#[tokio::test]
async fn who_is_not_known_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let shop = Shop::new(dir.path());
    for conversation in ["a", "b", "c", "d"] {
        let outcome = shop.ask(dir.path(), &Asker::Anonymous(shop.store()), conversation, WHERE).await;
        assert_eq!(counts(&outcome), (0, 0));
    }
    assert_eq!(counts(&shop.ask(dir.path(), &by_mail(), "e", WHERE).await), (0, 0));
}
