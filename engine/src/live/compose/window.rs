//! Whether an item can still be returned, and until when, by the store's rules.

use super::items::name;
use super::{Composed, Fact, PERSON, Scene, Seen, and, date, rule, sentence, weekday};
use crate::live::{LineItem, Order};
use crate::returns::{LastDay, Missing, Standing, Verdict, judge};
use crate::text::content_stems;

/// Nothing is said where the store's settings hold no rules. Of several items each is said.
pub fn compose(scene: &Scene<'_>, order: &Order, said: &mut Composed) {
    let verdicts = verdicts(scene, order);
    for (i, (item, verdict)) in verdicts.iter().enumerate() {
        let facts = facts(scene, order, verdict);
        let (text, person) = standing(verdict, &format!("the {}", name(item)));
        said.say(sentence(&text), &facts);
        // What holds for the next item too is said once, after it.
        let same =
            |(_, next): &(&LineItem, Verdict)| may_return(next) == may_return(verdict) && terms(next) == terms(verdict);
        if !verdicts.get(i + 1).is_some_and(same) {
            say_terms(verdict, &facts, said);
            if person {
                said.say(PERSON, &facts);
            }
        }
    }
}

/// The items that are meant, each with what the rules say; those that can be returned last, with their steps.
pub fn verdicts<'a>(scene: &Scene<'_>, order: &'a Order) -> Vec<(&'a LineItem, Verdict)> {
    let Some(rules) = scene.profile.returns.as_ref() else { return Vec::new() };
    let today = scene.today();
    let judged = |item: &'a LineItem| (item, judge(rules, order, item, today, &scene.profile.time_zone));
    let mut verdicts: Vec<_> = meant(&scene.question.asked, order).into_iter().map(judged).collect();
    verdicts.sort_by(|(_, a), (_, b)| (may_return(a), terms(a)).cmp(&(may_return(b), terms(b))));
    verdicts
}

/// Items that the question names ("the jacket"), else all.
pub fn meant<'a>(asked: &str, order: &'a Order) -> Vec<&'a LineItem> {
    let named = named(asked, order);
    if named.is_empty() { order.items.iter().collect() } else { named }
}

/// Items that the question names.
pub fn named<'a>(asked: &str, order: &'a Order) -> Vec<&'a LineItem> {
    let asked = content_stems(asked);
    order
        .items
        .iter()
        .filter(|i| {
            content_stems(&format!("{} {}", i.title, i.product_type.as_deref().unwrap_or_default()))
                .iter()
                .any(|s| asked.contains(s))
        })
        .collect()
}

/// Whether steps and costs of a return are of use.
pub fn may_return(verdict: &Verdict) -> bool {
    matches!(verdict.standing, Standing::Open { .. } | Standing::OpenIf { .. } | Standing::NotYet { .. })
}

/// The clause about one item, and whether a person has to be asked.
fn standing(verdict: &Verdict, it: &str) -> (String, bool) {
    let last = |until: &LastDay| match until {
        LastDay::On(day) => format!("until {}", weekday(*day)),
        LastDay::DaysAfterTheRest(days) => {
            format!("until {days} days after the rest of order {} has arrived", verdict.order)
        }
    };
    match &verdict.standing {
        Standing::Open { until } => (format!("you can return {it} {}", last(until)), false),
        Standing::OpenIf { until, provided } => {
            (format!("you can return {it} {}, provided that {provided}", last(until)), false)
        }
        Standing::Closed { since } => (format!("the time to return {it} ended on {}", weekday(*since)), true),
        Standing::NotYet { days, until, provided } => {
            let provided = provided.as_ref().map(|p| format!(", provided that {p}")).unwrap_or_default();
            let text = match (days, until) {
                (Some(days), _) => {
                    format!("you can return {it} within {days} days of delivery, which is still to come{provided}")
                }
                (None, Some(until)) => {
                    format!("you can return {it} until {}{provided}; its delivery is still to come", weekday(*until))
                }
                (None, None) => format!("the delivery of {it} is still to come"),
            };
            (text, false)
        }
        Standing::Never { why } => (format!("{it} cannot be returned: {why}"), false),
        Standing::NothingLeft { why } => (format!("there is nothing left to return of {it}: {why}"), false),
        Standing::Declined { name, note } => {
            let note = note.as_deref().map(|n| format!(", with this note: “{n}”")).unwrap_or_default();
            (format!("your return {name} of {it} was declined{note}"), true)
        }
        Standing::Lost { parcel } => (
            format!(
                "{it} was in parcel {parcel}, which did not arrive; that is no return, and a person has to look at it"
            ),
            true,
        ),
        Standing::Unknown { why } => {
            let why = match why {
                Missing::DeliveryDate => "I do not know when it arrived",
                Missing::Product => "its product is no longer in the shop",
                Missing::Country => "the order names no country",
                Missing::WindowBeforeDelivery => "its last day for returns was over before it arrived",
            };
            (format!("I cannot tell whether {it} can be returned: {why}"), true)
        }
    }
}

/// Everything about a return but its standing.
type Terms<'a> = (&'a [String], Option<String>, &'a [String], &'a [String]);

fn terms(v: &Verdict) -> Terms<'_> {
    (&v.conditions, v.fee.map(|f| f.to_string()), &v.fee_waived, &v.steps)
}

fn say_terms(verdict: &Verdict, facts: &[Fact], said: &mut Composed) {
    let never = matches!(verdict.standing, Standing::Never { .. });
    if may_return(verdict) {
        if !verdict.conditions.is_empty() {
            said.say(format!("What you return has to be {}.", and(&verdict.conditions)), facts);
        }
        if let Some(fee) = verdict.fee {
            said.say(
                if fee.is_zero() { "The return costs nothing.".to_owned() } else { format!("The return costs {fee}.") },
                facts,
            );
            if !verdict.fee_waived.is_empty() && !fee.is_zero() {
                said.say(format!("It is free if {}.", or(&verdict.fee_waived)), facts);
            }
        }
    }
    if may_return(verdict) || never {
        for step in &verdict.steps {
            said.say(sentence(step), facts);
        }
    }
}

fn or(parts: &[String]) -> String {
    match parts {
        [most @ .., last] if !most.is_empty() => format!("{} or {last}", most.join(", ")),
        _ => parts.concat(),
    }
}

/// The rule first, then what it was applied to.
fn facts(scene: &Scene<'_>, order: &Order, v: &Verdict) -> Vec<Fact> {
    let until = |until: &LastDay| match until {
        LastDay::On(day) => format!("open until {day}"),
        LastDay::DaysAfterTheRest(days) => format!("open until {days} days after the rest"),
    };
    let standing = match &v.standing {
        Standing::Open { until: day } => until(day),
        Standing::OpenIf { until: day, provided } => format!("{} if {provided}", until(day)),
        Standing::Closed { since } => format!("closed since {since}"),
        Standing::NotYet { days, until, provided } => {
            let days = days.map(|d| format!("; {d} days from delivery")).unwrap_or_default();
            let until = until.map(|d| format!("; until {d}")).unwrap_or_default();
            let provided = provided.as_ref().map(|p| format!(" if {p}")).unwrap_or_default();
            format!("not delivered{days}{until}{provided}")
        }
        Standing::Never { why } => format!("never: {why}"),
        Standing::NothingLeft { why } => format!("nothing left: {why}"),
        Standing::Declined { name, .. } => format!("declined {name}"),
        Standing::Lost { parcel } => format!("lost {parcel}"),
        Standing::Unknown { .. } => "unknown".to_owned(),
    };
    let quote = format!("rule '{}' for {}: {standing}", v.rule, v.title);
    let mut facts = vec![rule(&format!("rule:{}", v.rule), v.page.as_ref(), v.url.as_ref(), quote)];
    facts.extend(v.also.iter().map(|r| {
        rule(&format!("rule:{}", r.rule), r.page.as_ref(), r.url.as_ref(), format!("rule '{}' for {}", r.rule, v.title))
    }));
    let delivered: Vec<String> = order
        .parcels
        .iter()
        .filter_map(|p| p.delivered_at.map(|at| format!("{} delivered {}", p.name, scene.day(at))))
        .collect();
    let delivered = if delivered.is_empty() { "nothing delivered".to_owned() } else { delivered.join("; ") };
    let placed = date(scene.day(order.created_at));
    facts.push(scene.of_order(
        &Seen::from(order),
        "items",
        format!("{} x {}; placed {placed}; {delivered}", v.quantity, v.title),
    ));
    facts
}
