//! Over every state that a shop has: is a live value wrong, is one missing, is one shown to somebody who may not see it?
//!
//! Expected values are read from the fixture as it lies on disk and from the store's TOML, by code of this module. The
//! engine is handed in, with whatever stands behind it.

mod expect;
mod hostile;
mod phrases;
mod random;
mod rules;
mod score;
mod shop;
mod table;
#[cfg(test)]
mod tests;
mod values;

pub use hostile::{Attack, Attacked, Try, attack, attacks};
pub use rules::Rules;
pub use score::{Faults, Outcome, Said};
pub use shop::{Shop, ShopError};
pub use table::{breakdown, breakdown_of, complaint, complaint_of, run_of, run_of_attacks, run_under_faults};

use crate::Progress;
use engine::identity::{Asker, CustomerId, CustomerKey, CustomerPass, Email, OrderClaim, OrderNumber};
use engine::{Engine, StorePass, Turn};
use expect::Expected;
use futures::{StreamExt, stream};
use random::Random;
use shop::Order;
use std::time::{Duration, Instant};

/// What is asked of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Status,
    Tracking,
    Delivery,
    Items,
    Total,
    Refund,
    ReturnWindow,
    Address,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Proved to be the customer.
    Owner,
    /// Knows number and e-mail.
    Claimed,
    /// Knows the number.
    Anonymous,
    /// Proved to be another customer.
    Stranger,
}

pub const KINDS: [Kind; 8] = [
    Kind::Status,
    Kind::Tracking,
    Kind::Delivery,
    Kind::Items,
    Kind::Total,
    Kind::Refund,
    Kind::ReturnWindow,
    Kind::Address,
];
pub const TIERS: [Tier; 4] = [Tier::Owner, Tier::Claimed, Tier::Anonymous, Tier::Stranger];

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Tracking => "tracking",
            Self::Delivery => "delivery",
            Self::Items => "items",
            Self::Total => "total",
            Self::Refund => "refund",
            Self::ReturnWindow => "return window",
            Self::Address => "address",
        }
    }
}

impl Tier {
    pub fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Claimed => "claimed",
            Self::Anonymous => "anonymous",
            Self::Stranger => "other customer",
        }
    }
}

/// A question of the measurement: which order, by whom, in which words.
#[derive(Clone, Debug)]
pub struct Question {
    /// Of the shop's orders.
    pub order: usize,
    pub kind: Kind,
    pub tier: Tier,
    pub asker: Asker,
    pub turn: Turn,
    /// Orders of the one who asks.
    own: Vec<usize>,
}

/// A question, what came, and what is not right about it.
#[derive(Clone, Debug)]
pub struct Judged {
    pub question: Question,
    pub said: Said,
    pub faults: Faults,
    pub took: Duration,
}

/// Every order × every kind × every tier. `limit`: so many orders, drawn by the seed. The words are drawn as well.
pub fn questions(shop: &Shop, pass: &StorePass, seed: u64, limit: Option<usize>) -> Vec<Question> {
    let mut random = Random::new(seed);
    let mut orders: Vec<usize> = (0..shop.orders.len()).collect();
    if let Some(limit) = limit {
        random.shuffle(&mut orders);
        orders.truncate(limit);
    }
    let mut all = Vec::new();
    for order in orders {
        for kind in KINDS {
            for tier in TIERS {
                all.extend(question(shop, pass, order, kind, tier, &mut random));
            }
        }
    }
    all
}

fn question(shop: &Shop, pass: &StorePass, at: usize, kind: Kind, tier: Tier, random: &mut Random) -> Option<Question> {
    let order = &shop.orders[at];
    let number = OrderNumber::parse(&order.name)?;
    let email = Email::parse(&order.email).ok()?;
    let naming = random.pick(phrases::naming(kind));
    let written = if random.chance(3) { order.name.trim_start_matches('#').to_lowercase() } else { order.name.clone() };
    let mut text = naming.replace("{n}", &written);
    let conversation = format!("live-{}-{}-{}", order.name.trim_start_matches('#'), kind.name(), tier.name());
    let mut own = Vec::new();
    let asker = match tier {
        Tier::Owner => {
            own = theirs(shop, order.customer.as_deref(), &order.email);
            if own.len() == 1 && random.chance(2) {
                text = random.pick(phrases::nameless(kind)).to_owned();
            }
            let key = match &order.customer {
                Some(id) if order.states.iter().any(|s| s == "other-email") || !random.chance(4) => {
                    CustomerKey::Id(CustomerId::parse(id)?)
                }
                _ => CustomerKey::Email(email),
            };
            Asker::Verified(customer(pass, key))
        }
        Tier::Claimed if random.chance(3) => {
            text = format!("{text} My e-mail is {}.", order.email);
            Asker::Anonymous(pass.clone())
        }
        Tier::Claimed => {
            let conversation = engine::ConversationId(conversation.clone());
            Asker::Claimed(OrderClaim { pass: pass.clone(), conversation, number, email })
        }
        Tier::Anonymous => Asker::Anonymous(pass.clone()),
        Tier::Stranger => {
            let stranger = stranger(shop, order, random)?;
            own = theirs(shop, Some(&stranger.id), &stranger.email);
            let key = if random.chance(2) {
                CustomerKey::Id(CustomerId::parse(&stranger.id)?)
            } else {
                CustomerKey::Email(Email::parse(&stranger.email).ok()?)
            };
            Asker::Verified(customer(pass, key))
        }
    };
    Some(Question { order: at, kind, tier, asker, turn: Turn::single(conversation, text), own })
}

/// The orders of a customer, by account or by address.
fn theirs(shop: &Shop, id: Option<&str>, email: &str) -> Vec<usize> {
    let of = |o: &Order| (id.is_some() && o.customer.as_deref() == id) || o.email.eq_ignore_ascii_case(email);
    (0..shop.orders.len()).filter(|i| of(&shop.orders[*i])).collect()
}

/// Another customer than the order's.
fn stranger<'a>(shop: &'a Shop, order: &Order, random: &mut Random) -> Option<&'a shop::Customer> {
    let other =
        |c: &&shop::Customer| Some(&c.id) != order.customer.as_ref() && !c.email.eq_ignore_ascii_case(&order.email);
    let others: Vec<&shop::Customer> = shop.customers.iter().filter(other).collect();
    (!others.is_empty()).then(|| others[random.below(others.len())])
}

#[expect(clippy::disallowed_methods, reason = "a measurement on the machine itself plays the customers of a fixture")]
fn customer(pass: &StorePass, key: CustomerKey) -> CustomerPass {
    CustomerPass::for_operator(pass.clone(), key, "eval live")
}

/// Asks all of them, `at_once` at a time, and judges the replies. In the order of the questions. `before` is called
/// before each.
pub async fn measure(
    engine: &Engine,
    shop: &Shop,
    rules: &Rules,
    questions: Vec<Question>,
    at_once: usize,
    before: &(dyn Fn() + Sync),
    progress: &dyn Progress,
) -> Vec<Judged> {
    progress.begin("asking", questions.len());
    let judged = stream::iter(questions)
        .map(|question| async move {
            before();
            let (said, took) = ask(engine, &question.asker, &question.turn).await;
            let faults = judge(shop, rules, &question, &said);
            progress.step();
            Judged { question, said, faults, took }
        })
        .buffered(at_once.max(1))
        .collect()
        .await;
    progress.end();
    judged
}

/// What is not right about a reply to the question.
pub fn judge(shop: &Shop, rules: &Rules, question: &Question, said: &Said) -> Faults {
    let own: Vec<&Order> = question.own.iter().map(|i| &shop.orders[*i]).collect();
    let expected = Expected::of(shop, rules, &shop.orders[question.order], question.kind, question.tier, &own);
    score::score(shop, &expected, said)
}

async fn ask(engine: &Engine, asker: &Asker, turn: &Turn) -> (Said, Duration) {
    let start = Instant::now();
    let said = match engine.answer(asker, turn, &|_| {}).await {
        Ok(outcome) => Said::from(&outcome.reply),
        Err(error) => Said { outcome: Outcome::Error, text: error.to_string(), beside: String::new() },
    };
    (said, start.elapsed())
}
