//! Who is told what, over the whole engine: tiers, look-ups, orders that are somebody else's, a shop that fails.

mod money;

use super::flow::{ASK, NOT_FOUND, NOT_YOURS};
use super::samples::*;
use super::*;
use crate::answer::{Engine, EngineConfig, EngineError};
use crate::evidence::SourceKind;
use crate::fakes::{self, MemoryKnowledge, MemoryStorefront};
use crate::handoff::HandoffReason;
use crate::identity::{Asker, Email, OrderClaim, Tier};
use crate::ports::{SearchMode, StorefrontError};
use crate::reply::{IdentityWay, Reply};
use crate::store::Profiles;
use crate::turn::{ConversationId, Message, Speaker, Turn};
use crate::{StoreId, StoreProfile};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Beth has one order on its way, one that was delivered; Carl has one of his own.
fn shop() -> MemoryStorefront {
    let mut on_its_way = order(10234);
    on_its_way.created_at = at(5);
    on_its_way.parcels = vec![parcel(&on_its_way, 1, ParcelStatus::InTransit)];
    let mut delivered = order(10100);
    delivered.created_at = at(20);
    delivered.fulfillment = FulfillmentState::Fulfilled;
    delivered.closed = true;
    let mut p = parcel(&delivered, 1, ParcelStatus::Delivered);
    (p.created_at, p.delivered_at) = (at(18), Some(at(15)));
    delivered.parcels = vec![p];
    let mut carls = order(10300);
    carls.email = Some(Email::parse("carl@mail.example").unwrap());
    let products = vec![product()];
    MemoryStorefront { orders: vec![on_its_way, delivered, carls], products, now: now(), ..MemoryStorefront::default() }
}

struct Told {
    reply: Reply,
    released: Vec<String>,
    calls: usize,
}

impl Told {
    fn text(&self) -> String {
        match &self.reply {
            Reply::Answer(answer) => answer.text(),
            Reply::Offer(offer) => format!("{} {}", offer.answer.text(), offer.offer),
            Reply::Clarify(asks) => format!("{} {}", asks.message, asks.choices.join(" | ")),
            Reply::NeedsIdentity(asks) => asks.message.clone(),
            Reply::Handoff(handoff) => handoff.message.clone(),
        }
    }

    fn reason(&self) -> Option<HandoffReason> {
        match &self.reply {
            Reply::Handoff(handoff) => Some(handoff.case.reason),
            Reply::Answer(_) | Reply::Offer(_) | Reply::Clarify(_) | Reply::NeedsIdentity(_) => None,
        }
    }

    fn action(&self) -> Option<&PreparedAction> {
        match &self.reply {
            Reply::Handoff(handoff) => handoff.case.action.as_deref(),
            Reply::Answer(_) | Reply::Offer(_) | Reply::Clarify(_) | Reply::NeedsIdentity(_) => None,
        }
    }
}

async fn tell(shop: MemoryStorefront, profile: StoreProfile, asker: &Asker, turn: &Turn) -> Result<Told, EngineError> {
    let mut k = MemoryKnowledge::default();
    k.add(&pass("one"), SourceKind::Policy, "returns", "Returns", "You can return an item within 30 days of delivery.");
    k.add(&pass("one"), SourceKind::Policy, "shipping", "Shipping", "We ship to Canada with Standard shipping.");
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
    profiles.set(profile);
    let released = std::sync::Mutex::new(Vec::new());
    let engine = Engine::new(ports, config).with_profiles(profiles);
    let outcome = engine.answer(asker, turn, &|s| released.lock().unwrap().push(s.text.clone())).await?;
    let calls = shop.calls.load(Ordering::Relaxed);
    Ok(Told { reply: outcome.reply, released: released.into_inner().unwrap(), calls })
}

async fn ask(asker: &Asker, text: &str) -> Told {
    let told = tell(shop(), profile(), asker, &Turn::single("c", text)).await.unwrap();
    if let Reply::Answer(answer) = &told.reply {
        let said: Vec<String> = answer.sentences().iter().map(|s| s.text.clone()).collect();
        assert_eq!(told.released, said, "what was released is what was answered");
    }
    told
}

fn anonymous() -> Asker {
    Asker::Anonymous(pass("one"))
}

fn beth() -> Asker {
    Asker::Verified(verified("one", EMAIL))
}

fn claim(n: u32, email: &str) -> Asker {
    Asker::Claimed(OrderClaim {
        pass: pass("one"),
        conversation: ConversationId("c".into()),
        number: number(n),
        email: Email::parse(email).unwrap(),
    })
}

#[tokio::test]
async fn each_tier_is_told_what_it_opens() {
    let on_its_way = "Order #FV10234 is on its way";
    // Nobody in particular: a question back, and no look-up.
    for text in ["Where is my order?", "Where is order FV10234?", "What did I order?", "Has FV99999 been refunded?"] {
        let told = ask(&anonymous(), text).await;
        assert!(matches!(told.reply, Reply::NeedsIdentity(_)), "{text}: {}", told.text());
        assert!(told.text().starts_with(ASK), "{}", told.text());
        assert_eq!(told.calls, 0);
    }
    // Number and e-mail, said in the chat or by the caller.
    for told in [
        ask(&anonymous(), "Where is order FV10234? My email is Beth@mail.example").await,
        ask(&claim(10234, EMAIL), "Where is my order?").await,
    ] {
        assert!(told.text().starts_with(on_its_way), "{}", told.text());
        assert!(!told.text().contains("Jacket") && !told.text().contains('$'), "{}", told.text());
        assert_eq!(told.calls, 1);
    }
    for text in
        ["What did I order?", "What address is my order going to?", "How much did I pay?", "Where is my refund?"]
    {
        let told = ask(&claim(10234, EMAIL), text).await;
        let Reply::NeedsIdentity(asks) = &told.reply else { panic!("{text}: {}", told.text()) };
        assert_eq!(asks.ways, [IdentityWay::EmailedCode, IdentityWay::SignIn]);
        assert_eq!(told.calls, 0, "nothing is looked up that would not be said");
    }
    // The owner.
    let check = async |text: &str, expect: &str| {
        let told = ask(&beth(), text).await;
        assert!(told.text().starts_with(expect), "{text}: {}", told.text());
        assert_eq!(told.calls, 1, "{text}");
    };
    check("Where is my order?", on_its_way).await;
    check("where is order 10100", "Order #FV10100 was delivered").await;
    check("what's the tracking number of my order", on_its_way).await;
    check("What did I order?", "Order #FV10234 of November 16, 2026 has 3 items").await;
    check("what was in order fv 10100", "Order #FV10100 of November 1, 2026 has 3 items").await;
    check("What's in my last order?", "Order #FV10234").await;
    check(
        "Can I still return the jacket from FV10100?",
        "You can return the Trail Jacket (M / Olive) until Sunday, December 6",
    )
    .await;
    check("Is the Trail Jacket in stock in rust?", "The Trail Jacket (M / Rust) is sold out").await;
}

#[tokio::test]
async fn an_order_that_is_not_theirs_does_not_exist() {
    // Somebody else's, no order at all, and what is no address: one reply, to the letter.
    let mut replies = Vec::new();
    for text in [
        "Where is FV10300? beth@mail.example",
        "Where is FV99999? beth@mail.example",
        "Where is FV10300? carl@mail",
        "Where is FV10300? сarl@mail.example",
        "Where is #FV1030０? carl@mail.example",
    ] {
        let told = ask(&anonymous(), text).await;
        assert!(told.text().starts_with(NOT_FOUND), "{text}: {}", told.text());
        replies.push(serde_json::to_string(&told.reply).unwrap());
    }
    replies.dedup();
    assert_eq!(replies.len(), 1, "{replies:?}");
    let (foreign, missing) = (ask(&beth(), "Where is FV10300?").await, ask(&beth(), "Where is FV99999?").await);
    assert!(foreign.text().starts_with(NOT_YOURS), "{}", foreign.text());
    assert_eq!(foreign.reply, missing.reply);
    assert_eq!(
        ask(&claim(10300, EMAIL), "Where is it?").await.text(),
        ask(&claim(99999, EMAIL), "Where is it?").await.text()
    );
}

/// A shop that returns what it was not asked for.
struct Careless(MemoryStorefront, StoreId);

#[async_trait::async_trait]
impl crate::ports::Storefront for Careless {
    async fn orders(
        &self,
        _: &crate::CustomerPass,
        _: crate::ports::OrdersWanted<'_>,
    ) -> Result<crate::ports::OrdersFound, StorefrontError> {
        let orders = self.0.orders.iter().map(|o| Order { store: self.1.clone(), ..o.clone() }).collect();
        Ok(crate::ports::OrdersFound {
            orders: Read { value: orders, source: "careless", read_at: now() },
            reach: None,
        })
    }
    async fn claimed(&self, _: &OrderClaim) -> Result<Option<Read<ClaimedOrder>>, StorefrontError> {
        let value = ClaimedOrder { store: self.1.clone(), ..self.0.orders[2].as_claimed() };
        Ok(Some(Read { value, source: "careless", read_at: now() }))
    }
    async fn customer(&self, _: &crate::CustomerPass) -> Result<Option<Read<Customer>>, StorefrontError> {
        Ok(None)
    }
    async fn stored_value(&self, _: &crate::CustomerPass) -> Result<Read<StoredValue>, StorefrontError> {
        let value = StoredValue { store: self.1.clone(), ..self.0.stored[0].clone() };
        Ok(Read { value, source: "careless", read_at: now() })
    }
    async fn knows(&self, _: &crate::StorePass, _: &Email) -> Result<bool, StorefrontError> {
        Ok(false)
    }
    async fn products(
        &self,
        _: &crate::StorePass,
        _: crate::ports::ProductsWanted<'_>,
    ) -> Result<Read<Vec<Product>>, StorefrontError> {
        let product = Product { store: self.1.clone(), ..product() };
        Ok(Read { value: vec![product], source: "careless", read_at: now() })
    }
}

#[tokio::test]
async fn what_a_careless_shop_returns_is_looked_at_again() {
    let look = async |store: &str, asker: &Asker, text: &str| {
        let shop = Careless(shop(), StoreId::parse(store).unwrap());
        let (profile, turn) = (profile(), Turn::single("c", text));
        let question = LiveQuestion::read(&turn, &profile.order_number).unwrap();
        flow::Live { storefront: &shop, profile: &profile, asker, turn: &turn, now: now() }.look(&question).await
    };
    // Another store's facts end the turn.
    for asker in [beth(), claim(10300, "carl@mail.example")] {
        assert!(look("two", &asker, "Where is my order?").await.is_err());
    }
    assert!(look("two", &anonymous(), "Is the Trail Jacket in stock?").await.is_err());
    // Another customer's order, or another number, is none.
    let carl = Asker::Verified(verified("one", "carl@mail.example"));
    let step = look("one", &carl, "Where is FV10234?").await.unwrap();
    assert!(matches!(step, flow::Step::NeedsIdentity(asks) if asks.message.starts_with(NOT_YOURS)));
    let step = look("one", &claim(10234, EMAIL), "Where is my order?").await.unwrap();
    assert!(matches!(step, flow::Step::NeedsIdentity(asks) if asks.message.starts_with(NOT_FOUND)));
}

#[tokio::test]
async fn which_order_is_meant() {
    let several = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
    let choices = async |change: fn(&mut MemoryStorefront), text: &str| {
        let mut shop = shop();
        change(&mut shop);
        match tell(shop, profile(), &beth(), &Turn::single("c", text)).await.unwrap().reply {
            Reply::Clarify(asks) => asks.choices,
            other => panic!("{text}: {other:?}"),
        }
    };
    let another: fn(&mut MemoryStorefront) = |shop| {
        let mut more = shop.orders[0].clone();
        (more.number, more.id, more.created_at) = (number(10250), Gid("o".into()), at(3));
        more.items.truncate(1);
        more.items[0].title = "Dome Tent".into();
        shop.orders.push(more);
    };
    let both = several(&["#FV10250 of November 18, 2026", "#FV10234 of November 16, 2026"]);
    assert_eq!(choices(another, "Where is my order?").await, both);
    assert_eq!(choices(|_| (), "Where are FV10001, FV10002, FV10003 and FV10004?").await.len(), 4);
    let mut shop = shop();
    another(&mut shop);
    let told = tell(shop, profile(), &beth(), &Turn::single("c", "Where is my tent?")).await.unwrap();
    assert!(told.text().starts_with("Order #FV10250"), "{}", told.text());
    // A choice is an answer to the question before it.
    let turn = Turn {
        history: vec![Message { role: Speaker::Customer, text: "What did I order?".into() }],
        ..Turn::single("c", "#FV10100 of November 1, 2026")
    };
    let told = tell(self::shop(), profile(), &beth(), &turn).await.unwrap();
    assert!(told.text().starts_with("Order #FV10100 of November 1, 2026 has 3 items"), "{}", told.text());
}

#[tokio::test]
async fn a_choice_goes_on_with_the_wish_before_it() {
    let said = |role, text: &str| Message { role, text: text.to_owned() };
    let history = vec![
        said(Speaker::Customer, "Please cancel my order"),
        said(Speaker::Agent, "You have several orders. Which one do you mean?"),
    ];
    let turn = Turn { history, ..Turn::single("c", "#FV10234 of November 16, 2026") };
    let told = tell(shop(), profile(), &beth(), &turn).await.unwrap();
    assert!(matches!(told.action().expect("prepared").action, Action::Cancel { .. }), "{}", told.text());
}

#[tokio::test]
async fn a_shop_that_fails_is_an_honest_sentence_and_a_person() {
    let check = async |error: StorefrontError, asker: &Asker, expect: &str, reason: HandoffReason| {
        let shop = MemoryStorefront { fails: Some(error.clone()), ..shop() };
        let told = tell(shop, profile(), asker, &Turn::single("c", "Where is my order?")).await.unwrap();
        assert_eq!(told.reason(), Some(reason), "{error}");
        assert!(
            told.text().starts_with(expect) && told.text().ends_with("A person will take over."),
            "{}",
            told.text()
        );
    };
    let (late, unavailable) = ("Our order system did not answer in time", HandoffReason::Unavailable);
    check(StorefrontError::TimedOut, &beth(), late, unavailable).await;
    check(StorefrontError::TimedOut, &claim(10234, EMAIL), late, unavailable).await;
    check(StorefrontError::Failed("500".into()), &beth(), "I cannot look at orders", unavailable).await;
    check(StorefrontError::MissingScope("read_orders".into()), &beth(), "I cannot look at orders", unavailable).await;
    check(StorefrontError::TooManyTries, &claim(1, EMAIL), "There were too many tries", HandoffReason::NeedsLiveData)
        .await;
    // As if there were no connection: today's handoff.
    check(StorefrontError::NotConnected, &beth(), "A person will", HandoffReason::NeedsLiveData).await;
    let reach = MemoryStorefront { reach: Some(at(10)), ..shop() };
    let told = tell(reach, profile(), &beth(), &Turn::single("c", "Where is FV10100?")).await.unwrap();
    assert_eq!(told.reason(), Some(HandoffReason::NeedsLiveData));
    assert!(told.text().contains("I can see orders since November 11, 2026 only"), "{}", told.text());
    let none = StoreProfile { returns: None, ..profile() };
    let told = tell(shop(), none, &beth(), &Turn::single("c", "Can I still return FV10100?")).await.unwrap();
    assert_eq!(told.reason(), Some(HandoffReason::NeedsLiveData), "no rules, no statement");
}

#[tokio::test]
async fn pages_answer_what_is_theirs() {
    let told = ask(&anonymous(), "How many days do I have to return my jacket?").await;
    assert_eq!(told.text(), "You can return an item within 30 days of delivery.");
    let told = ask(&beth(), "How many days do I have to return the jacket from FV10100?").await;
    assert!(told.text().contains("until Sunday, December 6, 2026"), "{}", told.text());
    let told = ask(&beth(), "Where is my order? Do you ship to Canada?").await;
    assert!(told.text().starts_with("Order #FV10234 is on its way"), "{}", told.text());
    assert!(told.text().ends_with("We ship to Canada with Standard shipping."), "{}", told.text());
    let Reply::Answer(answer) = &told.reply else { panic!() };
    let last = answer.sentences().last().unwrap();
    assert_eq!(answer.citations()[last.cites[0] - 1].doc.0, "shipping");
    // A rule that comes first still does.
    assert_eq!(
        ask(&beth(), "Where is my order? I want to talk to a person").await.reason(),
        Some(HandoffReason::CustomerAsked)
    );
    assert_eq!(
        ask(&beth(), "Where is my order FV10234? My lawyer asks").await.reason(),
        Some(HandoffReason::Sensitive)
    );
}

#[tokio::test]
async fn nobody_is_asked_twice_who_they_are() {
    let before = |role, text: &str| Message { role, text: text.into() };
    let asked = tell(shop(), profile(), &anonymous(), &Turn::single("c", "Where is my order?")).await.unwrap();
    let history = vec![before(Speaker::Customer, "Where is my order?"), before(Speaker::Agent, &asked.text())];
    let turn = |text: &str| Turn { history: history.clone(), number: 1, ..Turn::single("c", text) };
    let again = tell(shop(), profile(), &anonymous(), &turn("But where is my order?")).await.unwrap();
    assert_eq!(again.reason(), Some(HandoffReason::NeedsLiveData));
    let told = tell(shop(), profile(), &anonymous(), &turn("FV10234, beth@mail.example")).await.unwrap();
    assert!(told.text().starts_with("Order #FV10234 is on its way"), "{}", told.text());
    let closed = StoreProfile { identity: Vec::new(), ..profile() };
    let told =
        tell(shop(), closed, &anonymous(), &Turn::single("c", "Where is FV10234? beth@mail.example")).await.unwrap();
    assert_eq!((told.reason(), told.calls), (Some(HandoffReason::NeedsLiveData), 0), "claims are switched off");
}

#[tokio::test]
async fn what_is_to_be_done_is_prepared_for_the_owner_and_done_by_nobody() {
    let told = ask(&anonymous(), "Please cancel my order").await;
    assert_eq!((told.reason(), told.calls, told.action()), (Some(HandoffReason::NeedsAction), 0, None));
    for told in [
        ask(&claim(10234, EMAIL), "Please cancel my order").await,
        ask(&anonymous(), "Please cancel order FV10234, beth@mail.example").await,
    ] {
        let Reply::Handoff(handoff) = &told.reply else { panic!("{}", told.text()) };
        assert_eq!((handoff.case.tier, &handoff.case.action), (Some(Tier::Claimed), &None));
        assert_eq!(handoff.case.looked_at[0].doc.0, "order:#FV10234");
        assert_eq!(handoff.message, "A person will take over.", "a claim is told nothing of it");
    }
    let told = ask(&beth(), "Please cancel my order FV10234").await;
    let action = told.action().expect("prepared");
    assert_eq!(
        action.action,
        Action::Cancel {
            order: Gid("gid://shopify/Order/10234".into()),
            reason: "CUSTOMER".into(),
            restock: true,
            notify: true
        }
    );
    assert_eq!(action.warnings, ["something of it has been packed or sent"]);
    assert!(told.text().starts_with("Order #FV10234 has already been packed or sent."), "{}", told.text());
    assert_eq!(action, ask(&beth(), "Please cancel my order FV10234").await.action().unwrap(), "twice is once");

    let told = ask(&beth(), "Please change the address of my order FV10234 to 12 Birch Street, Duluth, MN 55802").await;
    let Action::ChangeAddress { address, .. } = &told.action().expect("prepared").action else { panic!() };
    assert_eq!((address.name.as_deref(), address.city.as_deref()), (Some("Beth Aranda"), Some("Duluth")));
    let gone = ask(&beth(), "Please change the address of my order FV10234, I no longer live in Ely").await;
    assert!(gone.action().is_none() && gone.text().contains("is not changed yet"), "{}", gone.text());
    let told = ask(&beth(), "I need to change my shipping address on FV10234 to 12 Birch Street").await;
    assert_eq!(told.action(), None);
    assert!(told.text().contains("is not changed yet"), "{}", told.text());

    // The store's own steps are the answer; without steps a person gets the request.
    let text = "I want to return the jacket from FV10100";
    let told = ask(&beth(), text).await;
    assert!(
        told.text().contains("until Sunday, December 6, 2026") && told.text().contains("Print the label."),
        "{}",
        told.text()
    );
    let mut no_steps = profile();
    no_steps.returns.as_mut().unwrap().default.steps = None;
    let told = tell(shop(), no_steps, &beth(), &Turn::single("c", text)).await.unwrap();
    let Action::RequestReturn { lines, .. } = &told.action().expect("prepared").action else { panic!() };
    assert_eq!(lines.len(), 1);
    assert_eq!((lines[0].fulfillment_line.tail(), lines[0].quantity), ("11", 1));

    let told = ask(&beth(), "I need to get a refund for my order FV10100").await;
    let action = told.action().expect("prepared");
    let Action::Refund { amount, lines, .. } = &action.action else { panic!() };
    assert_eq!((amount.minor, lines.len()), (15800, 2));
    assert!(action.warnings.iter().any(|w| w.contains("there is no return")), "{:?}", action.warnings);

    // As many as were named, of what was named.
    let text = "I need to get a refund for one pair of the socks in my order FV10100";
    let told = ask(&beth(), text).await;
    let Action::Refund { amount, lines, .. } = &told.action().expect("prepared").action else { panic!() };
    assert_eq!((amount.minor, lines.len(), lines[0].quantity), (1450, 1, 1));
}
