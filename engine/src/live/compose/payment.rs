//! What an order was paid with, and where money went back to. Of a card its brand and its last four digits, no more.

use super::total::{gateway, unpaid};
use super::{Composed, Fact, PERSON, Scene, Seen, and};
use crate::live::{
    FinancialStatus, LiveKind, Money, Order, Payment, PaymentKind, PaymentMethod, PaymentStatus, Wallet,
};
use jiff::Timestamp;

pub fn compose(scene: &Scene<'_>, order: &Order, said: &mut Composed) {
    let fact = fact(scene, order);
    let one = std::slice::from_ref(&fact);
    let number = &order.number;
    if order.payments.is_empty() && order.original_total.is_zero() {
        said.say(format!("Order {number} cost nothing, so nothing was paid."), one);
        return;
    }
    let of = |kinds: &[PaymentKind]| -> Vec<&Payment> {
        order.payments.iter().filter(|p| kinds.contains(&p.kind)).collect()
    };
    let taken = of(&[PaymentKind::Sale, PaymentKind::Capture]);
    let reserved = of(&[PaymentKind::Authorization, PaymentKind::EmvAuthorization]);
    let paid = parts(scene, &taken, is_done);
    match paid.as_slice() {
        [] => not_taken(scene, order, &taken, &reserved, said),
        [only] => {
            let on = only.day.as_ref().map(|day| format!(" on {day}")).unwrap_or_default();
            said.say(format!("Order {number} was paid with {}: {}{on}.", only.with, only.amount), one);
        }
        several => {
            let all: Vec<String> = several.iter().map(Part::in_words).collect();
            said.say(format!("Order {number} was paid in {} parts: {}.", several.len(), and(&all)), one);
        }
    }
    for part in parts(scene, &taken, is_open).iter().filter(|_| !paid.is_empty()) {
        said.say(format!("{} with {} is not confirmed yet.", part.amount, part.with), one);
    }
    went_back(scene, order, said);
    // Status and total say it themselves; what is reserved or was voided was told above.
    let elsewhere = [LiveKind::Status, LiveKind::Total].iter().any(|kind| scene.question.asks_for(*kind));
    let above = matches!(order.financial, Some(FinancialStatus::Authorized | FinancialStatus::Voided));
    let said_above = above && !order.payments.is_empty();
    if !elsewhere && !said_above {
        unpaid(scene, order, said);
    }
}

/// Nothing has been taken: what is reserved, waits, was let go or did not go through.
fn not_taken(scene: &Scene<'_>, order: &Order, taken: &[&Payment], reserved: &[&Payment], said: &mut Composed) {
    let fact = fact(scene, order);
    let one = std::slice::from_ref(&fact);
    let number = &order.number;
    let voided: Vec<&Payment> = order.payments.iter().filter(|p| p.kind == PaymentKind::Void).collect();
    let let_go = parts(scene, &voided, is_done);
    let held = parts(scene, reserved, is_done);
    let waiting = parts(scene, &[taken, reserved].concat(), is_open);
    let failed = parts(scene, &[taken, reserved].concat(), has_failed);
    if !let_go.is_empty() {
        for part in let_go {
            said.say(format!("The payment of order {number} with {} was voided: nothing was charged.", part.with), one);
        }
    } else if !held.is_empty() && order.financial == Some(FinancialStatus::Authorized) {
        for part in held {
            let text =
                format!("{} for order {number} is reserved on {} and has not been taken yet.", part.amount, part.with);
            said.say(text, one);
        }
    } else if !held.is_empty() {
        for part in held {
            said.say(format!("Order {number} was to be paid with {}: {}.", part.with, part.amount), one);
        }
    } else if !waiting.is_empty() {
        for part in waiting {
            said.say(
                format!("The payment of order {number} with {} is not confirmed yet: {}.", part.with, part.amount),
                one,
            );
        }
    } else if !failed.is_empty() {
        for part in failed {
            said.say(
                format!("A payment of {} for order {number} with {} did not go through.", part.amount, part.with),
                one,
            );
        }
    } else if !order.gateways.is_empty() && is_paid(order) {
        let ways: Vec<String> = order.gateways.iter().map(|g| gateway(g)).collect();
        said.say(format!("Order {number} was paid with {}; I can see no more about it.", and(&ways)), one);
    } else {
        said.say(format!("I cannot see how order {number} was paid."), one);
        said.say(PERSON, one);
    }
}

/// Money that went back, and what it went back to.
fn went_back(scene: &Scene<'_>, order: &Order, said: &mut Composed) {
    let fact = fact(scene, order);
    let one = std::slice::from_ref(&fact);
    let refunds: Vec<&Payment> = order.payments.iter().filter(|p| p.kind == PaymentKind::Refund).collect();
    for part in parts(scene, &refunds, is_done) {
        let on = part.day.as_ref().map(|day| format!(" on {day}")).unwrap_or_default();
        said.say(format!("{} went back to {}{on}.", part.amount, part.to), one);
    }
    for part in parts(scene, &refunds, is_open) {
        said.say(format!("A refund of {} to {} was started and is not confirmed yet.", part.amount, part.to), one);
    }
    for part in parts(scene, &refunds, has_failed) {
        let text = format!("{} could not be paid back to {}; a person has to look at it.", part.amount, part.to);
        said.say(text, one);
        said.say(PERSON, one);
    }
}

/// A movement in a customer's words.
struct Part {
    amount: Money,
    /// `a Mastercard ending in 4336`
    with: String,
    /// `the Mastercard ending in 4336`
    to: String,
    day: Option<String>,
}

impl Part {
    fn in_words(&self) -> String {
        let on = self.day.as_ref().map(|day| format!(" on {day}")).unwrap_or_default();
        format!("{} with {}{on}", self.amount, self.with)
    }
}

fn parts(scene: &Scene<'_>, payments: &[&Payment], which: impl Fn(&Payment) -> bool) -> Vec<Part> {
    let one = |p: &&&Payment| {
        let method = p.method.as_ref();
        let day = p.at.map(|at: Timestamp| scene.date(at));
        Part { amount: p.amount, with: with(method), to: to(method), day }
    };
    payments.iter().filter(|p| which(p)).map(|p| one(&p)).collect()
}

fn is_done(payment: &Payment) -> bool {
    payment.status == PaymentStatus::Success
}

/// Neither gone through nor refused, as far as anybody knows.
fn is_open(payment: &Payment) -> bool {
    !is_done(payment) && !has_failed(payment)
}

fn has_failed(payment: &Payment) -> bool {
    matches!(payment.status, PaymentStatus::Failure | PaymentStatus::Error)
}

fn is_paid(order: &Order) -> bool {
    use FinancialStatus::{Paid, PartiallyPaid, PartiallyRefunded, Refunded};
    matches!(order.financial, Some(Paid | PartiallyPaid | PartiallyRefunded | Refunded))
}

/// What it was paid with, as one of many.
fn with(method: Option<&PaymentMethod>) -> String {
    named(method, |thing| {
        let vowel = thing.starts_with(['a', 'e', 'i', 'o', 'A', 'E', 'I', 'O']);
        format!("{} {thing}", if vowel { "an" } else { "a" })
    })
}

/// What money went back to, as the one that was told of.
fn to(method: Option<&PaymentMethod>) -> String {
    named(method, |thing| format!("the {thing}"))
}

fn named(method: Option<&PaymentMethod>, article: impl Fn(&str) -> String) -> String {
    match method {
        Some(PaymentMethod::Card { brand, last, wallet }) => {
            let ending = last.as_ref().map(|last| format!(" ending in {last}")).unwrap_or_default();
            let card = article(&format!("{}{ending}", brand.as_deref().map_or("card".to_owned(), card)));
            match wallet.as_ref().and_then(wallet_name) {
                Some(wallet) => format!("{wallet} ({card})"),
                None => card,
            }
        }
        Some(PaymentMethod::GiftCard { last }) => {
            let ending = last.as_ref().map(|last| format!(" ending in {last}")).unwrap_or_default();
            article(&format!("gift card{ending}"))
        }
        Some(PaymentMethod::PayPal) => "PayPal".to_owned(),
        Some(PaymentMethod::StoreCredit) => "store credit".to_owned(),
        Some(PaymentMethod::Other(name)) => gateway(name),
        None => "a way of payment that I cannot see".to_owned(),
    }
}

/// A brand as it is written on a card.
fn card(brand: &str) -> String {
    let plain: String = brand.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    match plain.as_str() {
        "visa" => "Visa".to_owned(),
        "mastercard" | "master" => "Mastercard".to_owned(),
        "americanexpress" | "amex" => "American Express card".to_owned(),
        "discover" => "Discover card".to_owned(),
        _ => format!("{brand} card"),
    }
}

fn wallet_name(wallet: &Wallet) -> Option<&'static str> {
    match wallet {
        Wallet::AmazonPay => Some("Amazon Pay"),
        Wallet::AndroidPay | Wallet::GooglePay => Some("Google Pay"),
        Wallet::ApplePay => Some("Apple Pay"),
        Wallet::FacebookPay => Some("Facebook Pay"),
        Wallet::ShopPay => Some("Shop Pay"),
        Wallet::Other(_) => None,
    }
}

fn fact(scene: &Scene<'_>, order: &Order) -> Fact {
    let one = |p: &Payment| {
        let day = p.at.map(|at| format!(" on {}", scene.day(at))).unwrap_or_default();
        let (kind, status, code) = (p.kind.as_str(), p.status.as_str(), p.amount.currency.code());
        format!("{kind} {status} {} {code} {}{day}", p.amount.decimal(), to(p.method.as_ref()))
    };
    let all: Vec<String> = order.payments.iter().map(one).collect();
    let all = if all.is_empty() { "no payment is listed".to_owned() } else { all.join("; ") };
    let status = order.financial.as_ref().map_or("no payment status", |f| f.as_str());
    scene.of_order(&Seen::from(order), "payments", format!("order {}: {status}; {all}", order.number))
}
