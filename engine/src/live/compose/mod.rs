//! Facts in, sentences out: what is said about orders and products, one file for each kind. No model writes here.
//!
//! Each sentence names the facts that it rests on; each fact becomes a citation with the time it was read.

pub mod address;
pub mod balance;
mod by_when;
pub mod cancellable;
mod catalogue;
pub mod items;
#[cfg(test)]
mod paid_tests;
mod parcel;
mod payment;
mod pending;
mod refund;
pub mod ships_to;
pub mod status;
#[cfg(test)]
mod tests;
mod total;
#[cfg(test)]
mod values_tests;
pub mod window;

use super::question::LiveQuestion;
use super::{Cancelled, ClaimedOrder, FulfillmentState, LiveKind, Order, Parcel, PendingWork, Product, StoredValue};
use crate::delivery::Destination;
use crate::evidence::{DocId, PassageId};
use crate::identity::OrderNumber;
use crate::reply::{Answer, Citation, IdentityWay, Sentence};
use crate::store::StoreProfile;
use jiff::Timestamp;
use jiff::civil::Date;

/// What ends an answer that needs a person. The words are those that call one.
pub const PERSON: &str = "Say “talk to a person” and I will pass this on.";

/// What is known besides the facts.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    pub profile: &'a StoreProfile,
    pub now: Timestamp,
    /// When the facts were read.
    pub read_at: Timestamp,
    pub question: &'a LiveQuestion,
}

/// Sentences and what they rest on. Only the engine makes an [`Answer`] of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Composed {
    sentences: Vec<Sentence>,
    sources: Vec<Citation>,
}

/// A fact as a citation shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    pub doc: String,
    /// What of the document: `parcels`, `rule:final-sale`.
    pub part: String,
    pub title: String,
    pub url: Option<String>,
    /// The values, as a machine has them.
    pub quote: String,
    pub read_at: Option<Timestamp>,
}

impl Composed {
    /// Adds a sentence that rests on these facts.
    fn say(&mut self, text: impl Into<String>, facts: &[Fact]) {
        let cites = facts.iter().map(|fact| self.cite(fact)).collect();
        let text = text.into();
        // Said once, where it was last called for.
        self.sentences.retain(|s| s.text != PERSON || text != PERSON);
        self.sentences.push(Sentence { text, cites });
    }

    fn cite(&mut self, fact: &Fact) -> usize {
        let passage = PassageId(format!("{}#{}", fact.doc, fact.part));
        if let Some(known) = self.sources.iter().find(|c| c.passage == passage && c.quote == fact.quote) {
            return known.number;
        }
        let number = self.sources.len() + 1;
        self.sources.push(Citation {
            number,
            doc: DocId(fact.doc.clone()),
            passage,
            title: fact.title.clone(),
            heading: Vec::new(),
            url: fact.url.clone(),
            quote: fact.quote.clone(),
            read_at: fact.read_at,
        });
        number
    }

    pub fn is_empty(&self) -> bool {
        self.sentences.is_empty()
    }

    /// The sentences of another answer after these, its citations renumbered.
    pub(crate) fn append(&mut self, other: &Answer) {
        let shift = self.sources.len();
        self.sources.extend(other.citations.iter().map(|c| Citation { number: c.number + shift, ..c.clone() }));
        self.sentences.extend(
            other
                .sentences
                .iter()
                .map(|s| Sentence { text: s.text.clone(), cites: s.cites.iter().map(|n| n + shift).collect() }),
        );
    }

    pub fn sentences(&self) -> &[Sentence] {
        &self.sentences
    }

    /// `None` where nothing is said.
    pub(crate) fn answer(self) -> Option<Answer> {
        (!self.sentences.is_empty()).then_some(Answer { sentences: self.sentences, citations: self.sources })
    }

    pub fn text(&self) -> String {
        self.sentences.iter().map(|s| s.text.as_str()).collect::<Vec<_>>().join(" ")
    }
}

/// What status, tracking and delivery are made of, whoever asks. `order` is there for its owner only.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    pub number: &'a OrderNumber,
    pub created_at: Timestamp,
    pub cancelled: Option<&'a Cancelled>,
    pub fulfillment: &'a FulfillmentState,
    pub parcels: &'a [Parcel],
    pub pending: &'a [PendingWork],
    pub method: &'a str,
    pub to: Destination<'a>,
    pub order: Option<&'a Order>,
}

impl<'a> From<&'a ClaimedOrder> for Seen<'a> {
    fn from(o: &'a ClaimedOrder) -> Self {
        Self {
            number: &o.number,
            created_at: o.created_at,
            cancelled: o.cancelled.as_ref(),
            fulfillment: &o.fulfillment,
            parcels: &o.parcels,
            pending: &o.pending,
            method: o.shipping_method.as_deref().unwrap_or_default(),
            to: Destination { country: o.country.as_deref(), province: None },
            order: None,
        }
    }
}

impl<'a> From<&'a Order> for Seen<'a> {
    fn from(o: &'a Order) -> Self {
        let address = o.shipping_address.as_ref();
        Self {
            number: &o.number,
            created_at: o.created_at,
            cancelled: o.cancelled.as_ref(),
            fulfillment: &o.fulfillment,
            parcels: &o.parcels,
            pending: &o.pending,
            method: o.shipping_method.as_deref().unwrap_or_default(),
            to: Destination {
                country: address.and_then(|a| a.country_code.as_deref()),
                province: address.and_then(|a| a.province_code.as_deref()),
            },
            order: Some(o),
        }
    }
}

/// What an owner is told of an order. Nothing where the store's settings hold no rule for what was asked.
pub fn order(scene: &Scene<'_>, order: &Order, said: &mut Composed) {
    let seen = Seen::from(order);
    status::compose(scene, &seen, said);
    for kind in &scene.question.kinds {
        match kind {
            LiveKind::Status | LiveKind::Tracking | LiveKind::Delivery => {}
            LiveKind::Items => items::compose(scene, order, said),
            LiveKind::Total => total::compose(scene, order, said),
            LiveKind::Refund => refund::compose(scene, order, said),
            LiveKind::ReturnWindow => window::compose(scene, order, said),
            LiveKind::Address => address::compose(scene, order, said),
            LiveKind::Cancellable => cancellable::compose(scene, order, said),
            LiveKind::Payment => payment::compose(scene, order, said),
            LiveKind::Balance | LiveKind::Stock | LiveKind::Price => {}
        }
    }
}

/// What order number and e-mail open: status, tracking, delivery. The rest is named as closed.
pub fn claimed(scene: &Scene<'_>, order: &ClaimedOrder) -> Composed {
    let mut said = Composed::default();
    let seen = Seen::from(order);
    status::compose(scene, &seen, &mut said);
    if scene.question.kinds.iter().any(|k| k.is_of_an_order() && !k.opens_with_a_claim()) {
        let ways = scene.profile.identity.iter().filter_map(|way| match way {
            IdentityWay::SignIn => Some("sign in to the store"),
            IdentityWay::EmailedCode => Some("ask for a code to the e-mail address on file"),
            // That is what was given already.
            IdentityWay::OrderNumberAndEmail => None,
        });
        let ways = ways.collect::<Vec<_>>().join(", or ");
        let how = if ways.is_empty() {
            "a person can help you with it. ".to_owned() + PERSON
        } else {
            format!("please {ways}.")
        };
        said.say(
            format!("For more about order {} I need to know that it is you: {how}", order.number),
            &[scene.of_order(&seen, "status", status::words(scene, &seen))],
        );
    }
    said
}

/// Orders that were named and are not among the customer's own.
pub fn missing(scene: &Scene<'_>, numbers: &[&OrderNumber], said: &mut Composed) {
    let numbers: Vec<String> = numbers.iter().map(|n| n.to_string()).collect();
    let fact = Fact {
        doc: "orders".to_owned(),
        part: "list".to_owned(),
        title: "Your orders".to_owned(),
        url: None,
        quote: format!("not found: {}", numbers.join(", ")),
        read_at: Some(scene.read_at),
    };
    said.say(format!("I cannot find {} among your orders.", and(&numbers)), &[fact]);
}

/// What a customer is told of what they have left to pay with.
pub fn stored(scene: &Scene<'_>, stored: &StoredValue) -> Composed {
    let mut said = Composed::default();
    balance::compose(scene, stored, &mut said);
    said
}

/// Orders of theirs that were not spoken of.
pub fn others(scene: &Scene<'_>, orders: &[&Order], said: &mut Composed) {
    if orders.is_empty() {
        return;
    }
    let name = |o: &&Order| format!("{} of {}", o.number, scene.date(o.created_at));
    let names: Vec<String> = orders.iter().map(name).collect();
    let fact = Fact {
        doc: "orders".to_owned(),
        part: "list".to_owned(),
        title: "Your orders".to_owned(),
        url: None,
        quote: format!("other orders: {}", names.join("; ")),
        read_at: Some(scene.read_at),
    };
    let word = if names.len() == 1 { "order" } else { "orders" };
    said.say(format!("You also have {word} {}.", and(&names)), &[fact]);
}

/// What everybody is told of a product.
pub fn product(scene: &Scene<'_>, product: &Product) -> Composed {
    let mut said = Composed::default();
    catalogue::compose(scene, product, &mut said);
    said
}

impl Scene<'_> {
    pub fn today(&self) -> Date {
        self.day(self.now)
    }

    /// The day of an instant where the store is.
    pub fn day(&self, at: Timestamp) -> Date {
        crate::returns::day(at, &self.profile.time_zone)
    }

    /// `November 24, 2026`.
    fn date(&self, at: Timestamp) -> String {
        date(self.day(at))
    }

    fn of_order(&self, seen: &Seen<'_>, part: &str, quote: String) -> Fact {
        Fact {
            doc: format!("order:{}", seen.number),
            part: part.to_owned(),
            title: format!("Order {}", seen.number),
            url: None,
            quote,
            read_at: Some(self.read_at),
        }
    }
}

/// A rule of the store, as a citation: the page that states it, if the settings name one.
fn rule(part: &str, page: Option<&String>, url: Option<&String>, quote: String) -> Fact {
    Fact {
        doc: page.cloned().unwrap_or_else(|| "store".to_owned()),
        part: part.to_owned(),
        title: "Store rules".to_owned(),
        url: url.cloned(),
        quote,
        read_at: None,
    }
}

/// `November 24, 2026`.
fn date(date: Date) -> String {
    date.strftime("%B %-d, %Y").to_string()
}

/// `Tuesday, November 24, 2026`: for days that somebody waits for.
fn weekday(date: Date) -> String {
    date.strftime("%A, %B %-d, %Y").to_string()
}

/// `a`, `a and b`, `a, b and c`.
fn and(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// A clause or a step as a sentence of its own.
fn sentence(text: &str) -> String {
    let text = text.trim();
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", chars.as_str())
}

fn count(n: u64, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}
