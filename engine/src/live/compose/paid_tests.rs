//! What is said of how an order was paid, and of what a customer has left to pay with.

use super::tests::compose;
use super::{PERSON, order, stored};
use crate::access::StoreId;
use crate::live::samples::{at, usd};
use crate::live::*;

fn paid(kind: &str, status: &str, minor: i64, method: PaymentMethod) -> Payment {
    Payment { kind: kind.into(), status: status.into(), amount: usd(minor), method: Some(method), at: Some(at(2)) }
}

fn card(brand: &str, number: &str) -> PaymentMethod {
    PaymentMethod::Card { brand: Some(brand.into()), last: LastFour::of(number), wallet: None }
}

fn gift(number: &str) -> PaymentMethod {
    PaymentMethod::GiftCard { last: LastFour::of(number) }
}

const HOW: &str = "Which card did I use for FV10234?";

#[track_caller]
fn check(change: impl FnOnce(&mut Order), expect: &str) {
    let mut of = samples::order(10234);
    change(&mut of);
    let said = compose(HOW, |scene, said| order(scene, &of, said));
    assert_eq!(said.text(), expect);
    let numbers = |text: &str| text.contains("5555") || text.contains("41111");
    assert!(said.sentences().iter().all(|s| !s.cites.is_empty() && !numbers(&s.text)), "{}", said.text());
}

#[test]
fn one_payment_names_the_method_the_sum_and_the_day() {
    let day = "November 19, 2026";
    check(
        |o| o.payments = vec![paid("SALE", "SUCCESS", 17759, card("Mastercard", "5555 5555 5555 4336"))],
        &format!("Order #FV10234 was paid with a Mastercard ending in 4336: $177.59 on {day}."),
    );
    check(
        |o| {
            let amex = card("american_express", "•••• ••••••• 1005");
            o.payments =
                vec![paid("AUTHORIZATION", "SUCCESS", 17759, amex.clone()), paid("CAPTURE", "SUCCESS", 17759, amex)];
        },
        &format!("Order #FV10234 was paid with an American Express card ending in 1005: $177.59 on {day}."),
    );
    check(
        |o| {
            let visa = PaymentMethod::Card {
                brand: Some("Visa".into()),
                last: LastFour::of("1111"),
                wallet: Some(Wallet::ApplePay),
            };
            o.payments =
                vec![paid("SALE", "FAILURE", 17759, card("Visa", "0002")), paid("SALE", "SUCCESS", 17759, visa)];
        },
        &format!("Order #FV10234 was paid with Apple Pay (a Visa ending in 1111): $177.59 on {day}."),
    );
    check(
        |o| o.payments = vec![Payment { at: None, ..paid("SALE", "SUCCESS", 17759, PaymentMethod::PayPal) }],
        "Order #FV10234 was paid with PayPal: $177.59.",
    );
    check(
        |o| o.payments = vec![paid("SALE", "SUCCESS", 17759, PaymentMethod::Other("Klarna".into()))],
        &format!("Order #FV10234 was paid with Klarna: $177.59 on {day}."),
    );
}

#[test]
fn several_payments_and_money_that_went_back() {
    let day = "November 19, 2026";
    check(
        |o| {
            o.payments = vec![
                paid("SALE", "SUCCESS", 2500, gift("7f2k")),
                paid("SALE", "SUCCESS", 15259, card("Visa", "4111111111111111")),
                paid("REFUND", "SUCCESS", 2500, gift("7f2k")),
                paid("REFUND", "PENDING", 1450, card("Visa", "4111111111111111")),
            ];
        },
        &format!(
            "Order #FV10234 was paid in 2 parts: $25.00 with a gift card ending in 7f2k on {day} and $152.59 with a Visa ending in 1111 on {day}. $25.00 went back to the gift card ending in 7f2k on {day}. A refund of $14.50 to the Visa ending in 1111 was started and is not confirmed yet."
        ),
    );
    check(
        |o| {
            o.payments = vec![
                paid("SALE", "SUCCESS", 17759, PaymentMethod::StoreCredit),
                paid("REFUND", "ERROR", 17759, PaymentMethod::StoreCredit),
            ];
        },
        &format!(
            "Order #FV10234 was paid with store credit: $177.59 on {day}. $177.59 could not be paid back to store credit; a person has to look at it. {PERSON}"
        ),
    );
}

#[test]
fn what_was_not_taken_is_not_said_to_be_paid() {
    let visa = || card("Visa", "1111");
    check(
        |o| {
            o.financial = Some(FinancialStatus::Authorized);
            o.payments = vec![paid("AUTHORIZATION", "SUCCESS", 17759, visa())];
        },
        "$177.59 for order #FV10234 is reserved on a Visa ending in 1111 and has not been taken yet.",
    );
    check(
        |o| {
            o.financial = Some(FinancialStatus::Voided);
            o.payments = vec![paid("AUTHORIZATION", "SUCCESS", 17759, visa()), paid("VOID", "SUCCESS", 17759, visa())];
        },
        "The payment of order #FV10234 with a Visa ending in 1111 was voided: nothing was charged.",
    );
    check(
        |o| {
            (o.financial, o.outstanding) = (Some(FinancialStatus::Pending), usd(17759));
            o.payments = vec![paid("SALE", "PENDING", 17759, PaymentMethod::Other("manual".into()))];
        },
        "The payment of order #FV10234 with a manual payment is not confirmed yet: $177.59. $177.59 is still to be paid.",
    );
    check(
        |o| {
            (o.financial, o.outstanding) = (Some(FinancialStatus::Pending), usd(17759));
            o.payments = vec![paid("SALE", "FAILURE", 17759, visa())];
        },
        "A payment of $177.59 for order #FV10234 with a Visa ending in 1111 did not go through. $177.59 is still to be paid.",
    );
    check(|_| (), "Order #FV10234 was paid with your card; I can see no more about it.");
    check(|o| o.gateways.clear(), &format!("I cannot see how order #FV10234 was paid. {PERSON}"));
    check(|o| o.original_total = usd(0), "Order #FV10234 cost nothing, so nothing was paid.");
}

fn gift_card(last: &str, minor: i64, expires: Option<&str>) -> GiftCard {
    let expires_on = expires.map(|day| day.parse().unwrap());
    GiftCard { last: LastFour::of(last), balance: usd(minor), enabled: true, expires_on }
}

#[track_caller]
fn balance(asked: &str, gift_cards: Option<Vec<GiftCard>>, credit: Option<Vec<Money>>, expect: &str) {
    let store = StoreId::parse("one").unwrap();
    let held = StoredValue { store, customer: None, email: None, gift_cards, credit };
    let said = compose(asked, |scene, said| *said = stored(scene, &held));
    assert_eq!(said.text(), expect, "{asked}");
}

const LEFT: &str = "How much is left on my gift card?";

#[test]
fn each_state_of_a_gift_card_is_said() {
    let one = |card: GiftCard, expect: &str| balance(LEFT, Some(vec![card]), None, expect);
    one(
        gift_card("4336", 6000, Some("2027-06-30")),
        "Your gift card ending in 4336 has $60.00 left (valid until June 30, 2027).",
    );
    one(gift_card("4336", 6000, None), "Your gift card ending in 4336 has $60.00 left.");
    // Its last day, in the store's time zone.
    one(
        gift_card("4336", 6000, Some("2026-11-21")),
        "Your gift card ending in 4336 has $60.00 left (valid until November 21, 2026).",
    );
    one(
        gift_card("4336", 6000, Some("2026-11-20")),
        &format!("Your gift card ending in 4336 expired on November 20, 2026, with $60.00 left on it. {PERSON}"),
    );
    one(gift_card("4336", 0, None), "Your gift card ending in 4336 has nothing left.");
    one(
        GiftCard { enabled: false, ..gift_card("4336", 6000, None) },
        &format!("Your gift card ending in 4336 has been deactivated and cannot be used. {PERSON}"),
    );
    one(GiftCard { last: None, ..gift_card("4336", 6000, None) }, "Your gift card has $60.00 left.");
}

#[test]
fn several_cards_none_and_store_credit() {
    let two = vec![gift_card("aaaa", 0, None), gift_card("4336", 6000, None), gift_card("7f2k", 2500, None)];
    balance(
        LEFT,
        Some(two.clone()),
        None,
        "Your gift card ending in 4336 has $60.00 left. Your gift card ending in 7f2k has $25.00 left. Your gift card ending in aaaa has nothing left. Together your gift cards have $85.00 left.",
    );
    let named = "What is the balance of my gift card ending in 7F2K?";
    balance(named, Some(two), None, "Your gift card ending in 7f2k has $25.00 left.");
    let none = format!(
        "I see no gift card in your account. A card that is not linked to your account can be checked by a person. {PERSON}"
    );
    balance(LEFT, Some(Vec::new()), Some(vec![usd(500)]), &none);
    let credit = "How much store credit do I have?";
    balance(credit, Some(Vec::new()), Some(vec![usd(1250)]), "You have $12.50 of store credit.");
    balance(credit, None, Some(vec![usd(0)]), "You have no store credit at the moment.");
    let eur = Money { minor: 300, currency: iso_currency::Currency::EUR };
    balance(credit, None, Some(vec![usd(1250), eur]), "You have $12.50 and €3.00 of store credit.");
    balance(
        "What is my balance?",
        None,
        Some(vec![usd(1250)]),
        &format!("I cannot look at gift cards myself; a person can. You have $12.50 of store credit. {PERSON}"),
    );
}
