//! Which of a customer's orders is meant: by its number, by what is in it, by where it goes, or by what the conversation
//! has come to. Among the customer's own orders only, so a wrong guess discloses nothing; two that fit are asked about.

use super::compose::{self, Scene};
use super::question::{LiveQuestion, is_whole};
use super::{LiveKind, Order, address};
use crate::identity::OrderNumber;
use crate::text::content_stems;
use crate::turn::{Speaker, Turn};
use regex::Regex;
use std::sync::LazyLock;

/// Orders that one reply speaks of.
pub(super) const AT_ONCE: usize = 3;

/// Which of a customer's orders is meant.
#[derive(Debug)]
pub enum Choice<'a> {
    These { orders: Vec<&'a Order>, missing: Vec<&'a OrderNumber> },
    Which(Vec<&'a Order>),
    None,
}

/// The named ones; else those that hold what was named or go where was said; else the newest, if that is what was said;
/// else the one that the conversation is about; else the only one that the question can be about.
pub fn choose<'a>(
    pattern: &Regex,
    question: &'a LiveQuestion,
    turn: &Turn,
    orders: &'a [Order],
    scene: &Scene<'_>,
) -> Choice<'a> {
    if !question.numbers.is_empty() {
        let of = |number: &OrderNumber| orders.iter().find(|o| is_meant(pattern, number, &o.number));
        let mut found: Vec<&Order> = Vec::new();
        for order in question.numbers.iter().filter_map(of) {
            if !found.iter().any(|f| f.id == order.id) {
                found.push(order);
            }
        }
        let missing = question.numbers.iter().filter(|n| of(n).is_none()).collect();
        return if found.is_empty() { Choice::None } else { Choice::These { orders: found, missing } };
    }
    let these = |orders: Vec<&'a Order>| Choice::These { orders, missing: Vec::new() };
    let mut left: Vec<&Order> = orders.iter().collect();
    left.sort_by_key(|o| std::cmp::Reverse(o.created_at));
    left = narrowed(left, &question.asked, &turn.text);
    if question.newest {
        left.truncate(1);
        return if left.is_empty() { Choice::None } else { these(left) };
    }
    if left.len() > 1 && refers_back(&turn.text) {
        left = of_the_conversation(left, turn);
    }
    let likely: Vec<&Order> =
        left.iter().filter(|o| question.kinds.iter().any(|k| concerns(*k, o, scene))).copied().collect();
    if !likely.is_empty() {
        left = likely;
    }
    match left.len() {
        0 => Choice::None,
        1 => these(left),
        n if question.several && n <= AT_ONCE => these(left),
        _ => Choice::Which(left),
    }
}

/// Customers leave out what all numbers begin with: "10234" for #FV10234, among their own orders.
pub(crate) fn is_meant(pattern: &Regex, said: &OrderNumber, number: &OrderNumber) -> bool {
    let digits = said.as_str().trim_start_matches('#');
    let bare = !is_whole(pattern, said.as_str()) && digits.len() >= 4 && digits.bytes().all(|b| b.is_ascii_digit());
    let rest = number.as_str().strip_suffix(digits).map(|r| r.trim_start_matches('#'));
    said == number || (bare && rest.is_some_and(|r| r.bytes().all(|b| !b.is_ascii_digit())))
}

/// "The jacket", "the one to Duluth": orders that hold one, and of those, or else, the ones that go there. All of them
/// where the words name neither.
fn narrowed<'a>(orders: Vec<&'a Order>, asked: &str, text: &str) -> Vec<&'a Order> {
    let stems = content_stems(asked);
    let holds = |o: &Order| o.items.iter().any(|i| content_stems(&i.title).iter().any(|s| stems.contains(s)));
    let kept = keep(orders, holds);
    keep(kept, |order| order.shipping_address.as_ref().is_some_and(|a| address::is_named(a, text)))
}

/// Those that fit; all where none does.
fn keep(orders: Vec<&Order>, fits: impl Fn(&Order) -> bool) -> Vec<&Order> {
    let fitting: Vec<&Order> = orders.iter().copied().filter(|o| fits(o)).collect();
    if fitting.is_empty() { orders } else { fitting }
}

/// Speaks of something that was spoken of: "it", "that one", "this order".
fn refers_back(text: &str) -> bool {
    static BACK: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:it|its|it['’]s|they|them|that|this|those|these|one|ones|same|which|the (?:order|package|parcel|delivery|shipment|address))\b")
            .expect("constant")
    });
    BACK.is_match(text)
}

/// Of several, the one that the last reply spoke of alone; else those that hold or go to what the customer named, in the
/// latest message that tells some of them from the others.
fn of_the_conversation<'a>(orders: Vec<&'a Order>, turn: &Turn) -> Vec<&'a Order> {
    let last = turn.history.iter().rev().find(|m| m.role == Speaker::Agent);
    if let Some(last) = last {
        let told: Vec<&Order> = orders.iter().copied().filter(|o| last.text.contains(o.number.as_str())).collect();
        if told.len() == 1 {
            return told;
        }
    }
    let customers = turn.history.iter().rev().filter(|m| m.role == Speaker::Customer);
    for message in customers {
        let some = narrowed(orders.clone(), &message.text, &message.text);
        if some.len() < orders.len() {
            return some;
        }
    }
    orders
}

/// Whether a question of this kind is likely about this order, where none is named.
fn concerns(kind: LiveKind, order: &Order, scene: &Scene<'_>) -> bool {
    let active = compose::status::is_active(order);
    match kind {
        LiveKind::Status | LiveKind::Tracking | LiveKind::Delivery | LiveKind::Address => active,
        LiveKind::Items | LiveKind::Total | LiveKind::Payment => active,
        LiveKind::Cancellable => active && order.parcels.is_empty(),
        LiveKind::Refund => order.cancelled.is_some() || !order.refunds.is_empty() || !order.returns.is_empty(),
        LiveKind::ReturnWindow => {
            compose::window::verdicts(scene, order).iter().any(|(_, v)| compose::window::may_return(v))
        }
        LiveKind::Balance | LiveKind::Stock | LiveKind::Price => false,
    }
}
