//! Whether an order can still be cancelled.

use super::{Composed, Fact, PERSON, Scene, Seen, and, date, rule, sentence};
use crate::delivery::{CancelRules, Cancellable, cancellable};
use crate::live::Order;
use jiff::Timestamp;

/// Nothing is said where the store's settings hold no rule.
pub fn compose(scene: &Scene<'_>, order: &Order, said: &mut Composed) {
    let Some(rules) = scene.profile.cancel.as_ref() else { return };
    let state = cancellable(rules, order, scene.now);
    let placed = scene.of_order(
        &Seen::from(order),
        "status",
        format!("order {}: placed {}; {}", order.number, moment(scene, order.created_at), order.fulfillment.as_str()),
    );
    let facts = [placed, of_rules(rules, state)];
    let number = &order.number;
    match state {
        Cancellable::Until { until } => {
            said.say(format!("Order {number} can still be cancelled until {}.", moment(scene, until)), &facts);
            steps(&rules.steps, &facts, said);
        }
        Cancellable::AnyTime => {
            said.say(format!("Order {number} is a pre-order and can be cancelled until it ships."), &facts);
            steps(&rules.steps, &facts, said);
        }
        Cancellable::TooLate { since } => {
            said.say(
                format!(
                    "Order {number} can no longer be cancelled: the time for that ended at {}.",
                    moment(scene, since)
                ),
                &facts,
            );
            preordered(rules, order, &facts, said);
            steps(&rules.afterwards, &facts, said);
        }
        Cancellable::Shipped => {
            said.say(
                format!("Order {number} has already been packed or sent, so it can no longer be cancelled as a whole."),
                &facts,
            );
            preordered(rules, order, &facts, said);
            steps(&rules.afterwards, &facts, said);
        }
        Cancellable::AlreadyCancelled => {
            let on = order.cancelled.as_ref().map(|c| format!(" on {}", scene.date(c.at))).unwrap_or_default();
            said.say(format!("Order {number} was already cancelled{on}."), &facts);
        }
    }
}

/// A pre-order in an order with other items.
fn preordered(rules: &CancelRules, order: &Order, facts: &[Fact], said: &mut Composed) {
    if !rules.preorders_any_time {
        return;
    }
    let waiting = order.pending.iter().filter(|w| super::pending::is_open(w) && rules.is_preorder(w));
    let titles: Vec<String> =
        waiting.flat_map(|w| &w.items).map(|i| format!("{} × {}", i.remaining, i.title)).collect();
    if !titles.is_empty() {
        said.say(format!("What is on pre-order ({}) can still be cancelled until it ships.", and(&titles)), facts);
        said.say(PERSON, facts);
    }
}

fn steps(steps: &[String], facts: &[Fact], said: &mut Composed) {
    for step in steps {
        said.say(sentence(step), facts);
    }
}

/// `1:05 p.m. CST on November 21, 2026`: a time of day means something only with its zone.
pub fn moment(scene: &Scene<'_>, at: Timestamp) -> String {
    let at = at.to_zoned(scene.profile.time_zone.clone());
    let half = if at.hour() < 12 { "a.m." } else { "p.m." };
    format!("{} {half} {} on {}", at.strftime("%-I:%M"), at.strftime("%Z"), date(at.date()))
}

fn of_rules(rules: &CancelRules, state: Cancellable) -> Fact {
    let quote = match state {
        Cancellable::Until { until } => format!("cancellable until {until}"),
        Cancellable::TooLate { since } => format!("not cancellable since {since}"),
        Cancellable::AnyTime => "pre-order: cancellable until it ships".to_owned(),
        Cancellable::AlreadyCancelled => "cancelled".to_owned(),
        Cancellable::Shipped => "not cancellable: packed or sent".to_owned(),
    };
    rule("rule:cancel", rules.page.as_ref(), rules.url.as_ref(), quote)
}
