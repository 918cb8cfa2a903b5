//! The package, put together of what is known. No look-up is made here, so the same input is the same package.

use super::event::{messages, open_questions};
use super::{Event, NoAction, OrderNow, Package, PastContact, Promise, Reads, Suggestion, Tried, Who};
use crate::evidence::SourceKind;
use crate::handoff::{HandoffReason, LookedAt};
use crate::identity::{Asker, OrderNumber, Tier};
use crate::live::PreparedAction;
use crate::store::StoreProfile;
use crate::trace::Trace;
use crate::turn::Turn;
use crate::understand::Stage;
use crate::understand::entities::unmistakable;
use jiff::Timestamp;
use regex::Regex;
use std::sync::LazyLock;

/// Everything that a package is made of.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    pub asker: &'a Asker,
    /// What the look-ups of this turn found out about who asks; at least the asker's own.
    pub tier: Tier,
    pub turn: &'a Turn,
    /// `None` where the store has no settings: then there are no live data, no hours, no pattern of order numbers.
    pub profile: Option<&'a StoreProfile>,
    pub reason: HandoffReason,
    /// The words that triggered the reason.
    pub words: &'a str,
    pub action: Option<&'a PreparedAction>,
    pub looked_at: &'a [LookedAt],
    pub trace: &'a Trace,
    pub reads: &'a Reads,
    pub past: &'a [PastContact],
    /// The store has a storefront.
    pub connected: bool,
    pub now: Timestamp,
}

/// As Shopify numbers orders unless told otherwise.
static ANY_NUMBER: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"#\d{4,}").expect("constant"));

/// How order numbers look where a store's settings do not say.
pub fn any_order_number() -> &'static Regex {
    &ANY_NUMBER
}

/// How the store's order numbers look.
pub(super) fn pattern(profile: Option<&StoreProfile>) -> &Regex {
    profile.map_or(&*ANY_NUMBER, |profile| &profile.order_number)
}

pub fn assemble(told: &Told<'_>) -> Package {
    let Told { asker, turn, profile, reads, trace, now, .. } = *told;
    let question = super::order::question(turn, trace.live.as_ref());
    let scene = profile.map(|profile| (profile, now, &question));
    let products = trace.passages.iter().filter(|p| p.kind == SourceKind::Product).map(|p| p.title.as_str());
    let bought = reads.orders.iter().flat_map(|o| &o.value.items).map(|item| item.title.as_str());
    let mut known = super::known::known(turn, pattern(profile), products.chain(bought));
    // What was written with a slip, or in part, is a title of the catalogue all the same.
    for product in unmistakable(&trace.understanding.entities.products) {
        if !known.products.contains(&product.title) {
            known.products.push(product.title.clone());
        }
    }
    let mut looked_at: Vec<OrderNumber> = told.action.iter().map(|action| action.order.clone()).collect();
    let seen = told.looked_at.iter().filter_map(|l| l.doc.0.strip_prefix("order:").and_then(OrderNumber::parse));
    looked_at.extend(seen);
    // What the last message names is meant before what an earlier one did.
    let named = crate::live::question::Named::read(turn, pattern(profile)).numbers;
    let orders = super::order::about(reads, &named, &looked_at, scene);
    let language = super::language(&turn.text).map(str::to_owned);
    let events = messages(turn);
    let mut package = Package {
        made_at: now,
        time_zone: profile.and_then(|p| p.time_zone.iana_name()).map(str::to_owned),
        summary: String::new(),
        who: Who::new(asker, told.tier, turn.country.as_deref(), profile.map(|p| p.policy.as_ref()), reads),
        connected: told.connected && profile.is_some(),
        asks: trace.live.as_ref().map(|question| question.kinds.clone()).unwrap_or_default(),
        stage: stage(told, &orders),
        asked_before: trace.understanding.asked_before,
        language,
        sentiment: super::sentiment(&turn.text),
        open_questions: open_questions(&events),
        timeline: timeline(told, events),
        no_action: no_action(told, !orders.is_empty(), orders.len() > 1 && named.is_empty()),
        known,
        orders,
        past: told.past.to_vec(),
        sources: super::sources::sources(told.looked_at, trace),
        suggestion: Suggestion::default(),
        promise: profile.and_then(|profile| Promise::of(profile, now)),
    };
    package.suggestion = super::suggest::suggest(told, &package.orders, !named.is_empty());
    package.summary = super::summary::summary(told, &package);
    package
}

/// By the one order that this is about; by the words where it is none, or several.
fn stage(told: &Told<'_>, orders: &[OrderNow]) -> Option<Stage> {
    let of_order = match orders {
        [one] => Stage::of_reads(told.reads, std::slice::from_ref(&one.number)),
        [] | [_, _, ..] => None,
    };
    let understood = &told.trace.understanding;
    of_order.or(understood.stage).or_else(|| Stage::of_words(&told.turn.text, &understood.intents))
}

/// The package of a question that was cut off before anything came back: its messages and what they give.
pub fn cut_off(asker: &Asker, turn: &Turn, words: &str, now: Timestamp) -> Package {
    assemble(&Told {
        asker,
        tier: asker.tier(),
        turn,
        profile: None,
        reason: HandoffReason::Unavailable,
        words,
        action: None,
        looked_at: &[],
        trace: &Trace::default(),
        reads: &Reads::default(),
        past: &[],
        connected: false,
        now,
    })
}

fn timeline(told: &Told<'_>, mut events: Vec<Event>) -> Vec<Event> {
    let trace = told.trace;
    events.extend(told.reads.tried.iter().cloned().map(Event::Tried));
    if trace.searched {
        let covered = trace.coverage.probability;
        events.push(Event::Tried(Tried::Pages { found: trace.passages.len(), covered }));
    }
    if trace.draft.is_some() || !trace.dropped.is_empty() {
        events.push(Event::Tried(Tried::Draft { dropped: trace.dropped.len() }));
    }
    if let Some(action) = told.action {
        events.push(Event::Prepared { says: action.says.clone() });
    }
    events.push(Event::HandedOver { reason: told.reason, words: told.words.to_owned() });
    events
}

fn no_action(told: &Told<'_>, found: bool, several: bool) -> Option<NoAction> {
    let to_be_done = matches!(told.reason, HandoffReason::NeedsAction | HandoffReason::Exception);
    if !to_be_done || told.action.is_some() {
        return None;
    }
    Some(if !told.connected || told.profile.is_none() {
        NoAction::NotConnected
    } else if told.asker.tier() != Tier::Verified {
        NoAction::NotVerified
    } else if told.reads.orders_failed() {
        NoAction::LookUpFailed
    } else if !found {
        NoAction::NoOrder
    } else if several {
        NoAction::SeveralOrders
    } else {
        NoAction::NotPreparable
    })
}
