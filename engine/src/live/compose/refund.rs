//! What was paid back, and where a return stands.

use super::total::gateway;
use super::{Composed, Fact, PERSON, Scene, Seen, and};
use crate::live::{FinancialStatus, Order, Refund, Return, ReturnStatus};

pub fn compose(scene: &Scene<'_>, order: &Order, said: &mut Composed) {
    for r in &order.returns {
        of_return(scene, order, r, said);
    }
    for refund in &order.refunds {
        of_refund(scene, order, refund, said);
    }
    if order.refunds.len() > 1 {
        said.say(
            format!("Together {} has been refunded on order {}.", order.refunded, order.number),
            &[none(scene, order)],
        );
    }
    if order.refunds.is_empty() {
        match &order.cancelled {
            Some(_) => of_cancelled(scene, order, said),
            None => {
                said.say(format!("I see no refund on order {} so far.", order.number), &[none(scene, order)]);
                if order.returns.is_empty() {
                    said.say(
                        format!("I see no return of it either. If you expect money back: {}", later(PERSON)),
                        &[none(scene, order)],
                    );
                }
            }
        }
    }
}

/// Whether a cancelled order's money came back.
pub fn of_cancelled(scene: &Scene<'_>, order: &Order, said: &mut Composed) {
    if order.cancelled.is_none() {
        return;
    }
    for refund in &order.refunds {
        of_refund(scene, order, refund, said);
    }
    if !order.refunds.is_empty() {
        return;
    }
    let fact = none(scene, order);
    match &order.financial {
        Some(
            FinancialStatus::Voided | FinancialStatus::Expired | FinancialStatus::Pending | FinancialStatus::Authorized,
        ) => {
            said.say("Its payment was never taken: nothing was charged, so there is no refund.", &[fact]);
        }
        _ if order.original_total.is_zero() => said.say("It cost nothing, so there is no refund.", &[fact]),
        Some(
            FinancialStatus::Paid
            | FinancialStatus::PartiallyPaid
            | FinancialStatus::PartiallyRefunded
            | FinancialStatus::Refunded
            | FinancialStatus::Other(_),
        )
        | None => {
            said.say("I see no refund of it so far.", std::slice::from_ref(&fact));
            said.say(PERSON, &[fact]);
        }
    }
}

/// Only what has gone through is a refund; the rest was tried.
pub fn is_done(refund: &Refund) -> bool {
    refund.transactions.is_empty() || refund.transactions.iter().any(|t| t.status == "SUCCESS")
}

fn of_refund(scene: &Scene<'_>, order: &Order, refund: &Refund, said: &mut Composed) {
    let fact = fact(scene, order, refund);
    let one = std::slice::from_ref(&fact);
    let what: Vec<String> = refund.items.iter().map(|i| format!("{} × {}", i.quantity, i.title)).collect();
    let what = if what.is_empty() { String::new() } else { format!(" for {}", and(&what)) };
    let (day, number) = (scene.date(refund.created_at), &order.number);
    let text = if is_done(refund) {
        format!("{} was refunded on {day}{what} (order {number}).", refund.total)
    } else {
        format!("A refund of {} was started on {day}{what} (order {number}).", refund.total)
    };
    said.say(text, one);
    for t in &refund.transactions {
        let to = t.gateway.as_deref().map(|g| format!(" to {}", gateway(g))).unwrap_or_default();
        let on = t.processed_at.map(|at| format!(" on {}", scene.date(at))).unwrap_or_default();
        match t.status.as_str() {
            "SUCCESS" => said.say(format!("{} went back{to}{on}.", t.amount), one),
            "PENDING" => said.say(format!("{}{to} is still pending and has not been confirmed yet.", t.amount), one),
            "FAILURE" | "ERROR" => {
                said.say(format!("{} could not be paid back{to}; a person has to look at it.", t.amount), one);
                said.say(PERSON, one);
            }
            _ => said.say(format!("{}{to} is not confirmed yet.", t.amount), one),
        }
    }
}

fn of_return(scene: &Scene<'_>, order: &Order, r: &Return, said: &mut Composed) {
    let items: Vec<String> =
        r.items.iter().map(|i| format!("{} × {}", i.quantity, i.title.as_deref().unwrap_or("an item"))).collect();
    let what = if items.is_empty() { r.name.clone() } else { format!("{} ({})", r.name, and(&items)) };
    let asked = scene.date(r.created_at);
    let closed = r.closed_at.map(|at| format!(" on {}", scene.date(at))).unwrap_or_default();
    let quote = format!("return {}: {}; created {}", r.name, r.status.as_str(), scene.day(r.created_at));
    let fact = scene.of_order(&Seen::from(order), "returns", quote);
    let text = match &r.status {
        ReturnStatus::Requested => format!("Your return {what} was requested on {asked} and waits for our approval."),
        ReturnStatus::Open => format!(
            "Your return {what} of {asked} is approved and open: it is not complete before the items are back with us."
        ),
        ReturnStatus::Closed => format!("Your return {what} of {asked} was completed{closed}."),
        ReturnStatus::Declined => match r.decline_note.as_deref().map(str::trim).filter(|n| !n.is_empty()) {
            Some(note) => format!("Your return {what} of {asked} was declined, with this note: “{note}”."),
            None => format!("Your return {what} of {asked} was declined."),
        },
        ReturnStatus::Canceled => format!("Your return {what} of {asked} was cancelled{closed}."),
        ReturnStatus::Other(_) => {
            format!("Your return {what} was requested on {asked}; I cannot tell where it stands.")
        }
    };
    let person = matches!(r.status, ReturnStatus::Declined | ReturnStatus::Other(_));
    said.say(text, std::slice::from_ref(&fact));
    if person {
        said.say(PERSON, &[fact]);
    }
}

fn later(text: &str) -> String {
    text.replacen("Say", "say", 1)
}

fn none(scene: &Scene<'_>, order: &Order) -> Fact {
    let status = order.financial.as_ref().map_or("no payment status", |f| f.as_str());
    let quote = format!(
        "order {}: {status}; refunds {}; returns {}; refunded {} {}",
        order.number,
        order.refunds.len(),
        order.returns.len(),
        order.refunded.decimal(),
        order.refunded.currency.code()
    );
    scene.of_order(&Seen::from(order), "refunds", quote)
}

fn fact(scene: &Scene<'_>, order: &Order, refund: &Refund) -> Fact {
    let mut quote = format!(
        "refund of {}: {} {}",
        scene.day(refund.created_at),
        refund.total.decimal(),
        refund.total.currency.code()
    );
    for t in &refund.transactions {
        quote.push_str(&format!(
            "; {} {} {}",
            t.status,
            t.amount.decimal(),
            t.gateway.as_deref().unwrap_or("no gateway")
        ));
    }
    scene.of_order(&Seen::from(order), "refunds", quote)
}
