//! What a message asks of live data, without a model: the kinds, the orders it names, the addresses it gives.

mod heard;
mod kinds;
mod patterns;
#[cfg(test)]
mod tests;
mod wish;

pub(crate) use heard::is_whole;
pub(crate) use wish::{Wish, wish};

use crate::identity::{Email, OrderNumber};
use crate::turn::{Speaker, Turn};
use heard::Heard;
use regex::Regex;
use serde::{Deserialize, Serialize};

/// What of an order or a product is asked for. Closed: whoever adds a kind decides everywhere who may hear it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveKind {
    /// Where it is.
    Status,
    Tracking,
    /// When it arrives, and whether it is late.
    Delivery,
    /// What was ordered.
    Items,
    /// What was paid.
    Total,
    /// Whether it was refunded, how much, when; and where a return stands.
    Refund,
    /// Whether it can still be returned, and until when.
    ReturnWindow,
    /// Where it goes.
    Address,
    /// Whether it can still be cancelled.
    Cancellable,
    /// What it was paid with.
    Payment,
    /// What is left on the customer's gift cards, and of their store credit.
    Balance,
    Stock,
    Price,
}

impl LiveKind {
    pub fn as_text(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Tracking => "tracking",
            Self::Delivery => "delivery",
            Self::Items => "items",
            Self::Total => "total",
            Self::Refund => "refund",
            Self::ReturnWindow => "return window",
            Self::Address => "address",
            Self::Cancellable => "cancellation",
            Self::Payment => "payment",
            Self::Balance => "balance",
            Self::Stock => "stock",
            Self::Price => "price",
        }
    }

    /// About an order; the others are about the customer's account or the catalogue.
    pub fn is_of_an_order(self) -> bool {
        !matches!(self, Self::Balance | Self::Stock | Self::Price)
    }

    /// Order number and e-mail are enough for it.
    pub fn opens_with_a_claim(self) -> bool {
        matches!(self, Self::Status | Self::Tracking | Self::Delivery)
    }
}

/// What a message asks of live data. What an earlier message of the customer named counts until another is named.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LiveQuestion {
    /// In the order in which they are asked, without repeats. Never empty.
    pub kinds: Vec<LiveKind>,
    pub numbers: Vec<OrderNumber>,
    pub emails: Vec<Email>,
    /// Something stands where a number or an address stands, and is none.
    pub malformed: bool,
    /// "My last order".
    pub newest: bool,
    /// "My orders": all that are meant, not one of them.
    pub several: bool,
    /// How many pieces there are, not only whether.
    pub counts: bool,
    /// A page may answer it too.
    pub soft: bool,
    /// The sentences that ask, as they were written.
    pub asked: String,
    /// The sentences that ask of something else.
    pub rest: String,
}

/// What the customer has named so far, in this message or before it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Named {
    pub numbers: Vec<OrderNumber>,
    pub emails: Vec<Email>,
    pub malformed: bool,
}

impl Named {
    /// `pattern` is how the store's order numbers look.
    pub fn read(turn: &Turn, pattern: &Regex) -> Self {
        let now = Heard::read(&turn.text, pattern);
        let mut named = Self { numbers: now.numbers, emails: now.emails, malformed: now.malformed };
        for before in customers(turn).map(|text| Heard::read(text, pattern)) {
            if named.numbers.is_empty() {
                named.numbers = before.numbers;
            }
            if named.emails.is_empty() && !named.malformed {
                named.emails = before.emails;
            }
        }
        named
    }
}

impl LiveQuestion {
    /// `None` where the message asks nothing of live data. `pattern` is how the store's order numbers look.
    pub fn read(turn: &Turn, pattern: &Regex) -> Option<Self> {
        let heard = Heard::read(&turn.text, pattern);
        let (mut kinds, mut soft) = (Vec::new(), true);
        let (mut asked, mut rest) = (Vec::new(), Vec::new());
        for (written, plain) in parts(&heard) {
            match kinds::asks(&plain) {
                Some(asks) => {
                    soft &= asks.soft;
                    kinds.extend(asks.kinds);
                    asked.push(written);
                }
                None if kinds::only_names(&plain) => {}
                None => rest.push(written),
            }
        }
        let names_something = !heard.numbers.is_empty() || !heard.emails.is_empty() || heard.malformed;
        if kinds.is_empty() && names_something && rest.is_empty() {
            // "FV10234, beth@mail.example": the answer to a question of ours, or a question in itself.
            let before = customers(turn).find_map(|text| {
                let heard = Heard::read(text, pattern);
                let kinds: Vec<LiveKind> =
                    parts(&heard).iter().filter_map(|(_, p)| kinds::asks(p)).flat_map(|a| a.kinds).collect();
                (!kinds.is_empty()).then(|| (kinds, text.to_owned()))
            });
            let (kinds_before, text) = before.unwrap_or((vec![LiveKind::Status], String::new()));
            (kinds, soft) = (kinds_before, false);
            asked.push(text);
        }
        if kinds.is_empty() {
            return None;
        }
        let mut seen = Vec::new();
        kinds.retain(|k| {
            !seen.contains(k) && {
                seen.push(*k);
                true
            }
        });
        let asked = asked.join(" ");
        let lower = asked.to_lowercase();
        let Named { numbers, emails, malformed } = Named::read(turn, pattern);
        let says = |words: &[&str]| lower.split(|c: char| !c.is_alphanumeric()).any(|w| words.contains(&w));
        Some(Self {
            kinds,
            numbers,
            emails,
            malformed,
            newest: says(&["last", "latest", "newest", "recent", "recently", "lst"]),
            several: says(&["orders"]),
            counts: lower.contains("how many"),
            soft,
            asked,
            rest: rest.join(" "),
        })
    }

    /// Where no pattern has seen what the message is known to be about.
    pub fn about(kinds: Vec<LiveKind>, turn: &Turn, pattern: &Regex) -> Self {
        let Named { numbers, emails, malformed } = Named::read(turn, pattern);
        let lower = turn.text.to_lowercase();
        let says = |words: &[&str]| lower.split(|c: char| !c.is_alphanumeric()).any(|w| words.contains(&w));
        Self {
            kinds,
            numbers,
            emails,
            malformed,
            newest: says(&["last", "latest", "newest", "recent", "recently"]),
            several: says(&["orders"]),
            counts: false,
            soft: false,
            asked: turn.text.clone(),
            rest: String::new(),
        }
    }

    pub fn asks_for(&self, kind: LiveKind) -> bool {
        self.kinds.contains(&kind)
    }
}

/// The customer's earlier messages, newest first.
fn customers(turn: &Turn) -> impl Iterator<Item = &str> {
    turn.history.iter().rev().filter(|m| m.role == Speaker::Customer).map(|m| m.text.as_str())
}

/// Sentences, and the two halves of one that asks two things ("where is my order and do you ship to Canada?").
fn parts(heard: &Heard) -> Vec<(String, String)> {
    let mut parts = Vec::new();
    for (written, plain) in &heard.sentences {
        match halves(written, plain) {
            Some(both) => parts.extend(both),
            None => parts.push((written.clone(), plain.clone())),
        }
    }
    parts
}

const JOINS: [&str; 6] =
    [" and do you ", " and can you ", " and how long ", " and what is your ", " and does ", " also do you "];

fn halves(written: &str, plain: &str) -> Option<[(String, String); 2]> {
    let lower = written.to_ascii_lowercase();
    let join = JOINS.iter().find(|join| plain.contains(*join) && lower.contains(*join))?;
    let (at, cut) = (lower.find(join)?, plain.find(join)?);
    let word = join.trim_start().split(' ').next().map_or(0, str::len) + 2;
    let one = (written.get(..at)?.to_owned(), plain[..cut].to_owned());
    let other = (written.get(at + word..)?.to_owned(), plain[cut + word..].to_owned());
    Some([one, other])
}
