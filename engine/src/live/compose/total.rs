//! What an order cost, and what is still to be paid.

use super::{Composed, Fact, Scene, Seen, and, refund};
use crate::live::{FinancialStatus, Order};

pub fn compose(scene: &Scene<'_>, order: &Order, said: &mut Composed) {
    let fact = fact(scene, order);
    let one = std::slice::from_ref(&fact);
    let number = &order.number;
    // "What did the tents cost?" is not what the whole order came to.
    let named = super::window::named(&scene.question.asked, order);
    if !named.is_empty() && named.len() < order.items.len() {
        let name = |i: &&crate::live::LineItem| format!("{} × {} for {}", i.quantity, super::items::name(i), i.total);
        let prices: Vec<String> = named
            .iter()
            .map(|i| format!("{} x {}: {}", i.quantity, super::items::name(i), i.total.decimal()))
            .collect();
        let quote = format!("prices of {number}: {} {}", prices.join("; "), order.total.currency.code());
        let prices = [scene.of_order(&Seen::from(order), "items", quote)];
        said.say(format!("Of order {number}: {}.", and(&named.iter().map(name).collect::<Vec<_>>())), &prices);
        let sum = named
            .iter()
            .map(|i| i.total)
            .try_fold(crate::live::Money::zero(order.total.currency), crate::live::Money::plus);
        if let Some(sum) = sum.filter(|_| named.len() > 1) {
            said.say(format!("Together that is {sum}, before shipping and tax that were added to the order."), &prices);
        }
    }
    if order.total == order.original_total {
        said.say(format!("Order {number} came to {}.", order.total), one);
    } else {
        said.say(format!("Order {number} came to {} when it was placed.", order.original_total), one);
        said.say(format!("After what was taken off since, it is {} now.", order.total), one);
    }
    let (items, shipping, tax) = (order.subtotal, order.shipping, order.tax);
    said.say(format!("It includes {items} for the items, {shipping} for shipping and {tax} in tax."), one);
    if !order.discount.is_zero() {
        let codes =
            if order.discount_codes.is_empty() { String::new() } else { format!(" ({})", and(&order.discount_codes)) };
        said.say(format!("A discount of {}{codes} is already taken off.", order.discount), one);
    }
    if !order.refunded.is_zero() {
        // What no bank has confirmed yet may still fail.
        let done = order.refunds.iter().all(refund::is_done);
        let state = if done { "has been refunded" } else { "is being refunded" };
        said.say(format!("{} of it {state}.", order.refunded), one);
    }
    let ways: Vec<String> = order.gateways.iter().map(|g| gateway(g)).collect();
    let paid = matches!(
        order.financial,
        Some(FinancialStatus::Paid | FinancialStatus::PartiallyRefunded | FinancialStatus::Refunded)
    );
    if !ways.is_empty() && paid {
        said.say(format!("It was paid with {}.", and(&ways)), one);
    }
    unpaid(scene, order, said);
}

/// What is missing of the payment, and what that means.
pub fn unpaid(scene: &Scene<'_>, order: &Order, said: &mut Composed) {
    if order.cancelled.is_some() {
        return;
    }
    let fact = fact(scene, order);
    let one = std::slice::from_ref(&fact);
    match &order.financial {
        Some(FinancialStatus::Pending | FinancialStatus::PartiallyPaid) if order.outstanding.minor > 0 => {
            said.say(format!("{} is still to be paid.", order.outstanding), one);
            if let Some(url) = &order.status_page {
                said.say(format!("You can see how on the page of the order: {url}"), one);
            }
        }
        Some(FinancialStatus::Authorized) => said.say("The payment is authorised and has not been taken yet.", one),
        Some(FinancialStatus::Expired) => {
            said.say(
                "The authorisation of the payment has expired, so nothing was charged; a person has to look at it.",
                one,
            );
            said.say(super::PERSON, one);
        }
        Some(FinancialStatus::Voided) => said.say("The payment was voided, so nothing was charged.", one),
        Some(
            FinancialStatus::Pending
            | FinancialStatus::PartiallyPaid
            | FinancialStatus::Paid
            | FinancialStatus::PartiallyRefunded
            | FinancialStatus::Refunded
            | FinancialStatus::Other(_),
        )
        | None => {}
    }
}

/// A payment's way, in a customer's words.
pub fn gateway(name: &str) -> String {
    match name {
        "gift_card" => "a gift card".into(),
        "shopify_payments" | "shopify_payment" => "your card".into(),
        "paypal" => "PayPal".into(),
        "shopify_store_credit" | "store_credit" => "store credit".into(),
        "manual" => "a manual payment".into(),
        other => other.replace('_', " "),
    }
}

fn fact(scene: &Scene<'_>, order: &Order) -> Fact {
    let mut quote = format!(
        "order {}: {}; total {} (placed {}); subtotal {}; shipping {}; tax {}; discount {}; refunded {}; outstanding {} {}",
        order.number,
        order.financial.as_ref().map_or("no payment status", |f| f.as_str()),
        order.total.decimal(),
        order.original_total.decimal(),
        order.subtotal.decimal(),
        order.shipping.decimal(),
        order.tax.decimal(),
        order.discount.decimal(),
        order.refunded.decimal(),
        order.outstanding.decimal(),
        order.total.currency.code()
    );
    if !order.gateways.is_empty() {
        quote.push_str(&format!("; paid with {}", order.gateways.join(", ")));
    }
    scene.of_order(&Seen::from(order), "money", quote)
}
