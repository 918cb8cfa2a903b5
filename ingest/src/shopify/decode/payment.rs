//! An order's transactions, each with what it was paid with. Of a card brand and last four digits are kept; the rest of
//! what a payment's details could tell is not even asked for.

use super::{Unread, filled, maybe_time, money};
use crate::shopify::operations::orders_of_customer as wire;
use engine::live::{LastFour, Payment, PaymentKind, PaymentMethod};
use std::collections::HashMap;

type Transaction = wire::OrdersOfCustomerOrdersNodesTransactions;
type Details = wire::OrdersOfCustomerOrdersNodesTransactionsPaymentDetails;

/// A capture or a refund may say less than the payment that it belongs to: so many steps back are looked at.
const STEPS: usize = 4;

pub(super) fn payments(transactions: Vec<Transaction>) -> Result<Vec<Payment>, Unread> {
    let methods: HashMap<String, PaymentMethod> =
        transactions.iter().filter_map(|t| Some((t.id.clone(), method(t)?))).collect();
    let parents: HashMap<String, String> =
        transactions.iter().filter_map(|t| Some((t.id.clone(), t.parent_transaction.as_ref()?.id.clone()))).collect();
    let of = |id: &String| {
        let own = methods.get(id);
        let before = std::iter::successors(parents.get(id), |id| parents.get(*id)).take(STEPS);
        let mut known = own.into_iter().chain(before.filter_map(|id| methods.get(id)));
        known.clone().find(|method| is_exact(method)).or(known.next()).cloned()
    };
    let one = |t: &Transaction| {
        let paid = &t.amount_set.presentment_money;
        Ok(Payment {
            kind: kind(&t.kind),
            status: t.status.as_str().into(),
            amount: money("transactions.amountSet", &paid.amount, &paid.currency_code)?,
            method: of(&t.id),
            at: maybe_time("transactions.processedAt", t.processed_at.as_ref())?,
        })
    };
    transactions.iter().map(one).collect()
}

/// Names one thing and not only a kind of it.
fn is_exact(method: &PaymentMethod) -> bool {
    match method {
        PaymentMethod::Card { brand, last, .. } => brand.is_some() || last.is_some(),
        PaymentMethod::GiftCard { last } => last.is_some(),
        PaymentMethod::PayPal | PaymentMethod::StoreCredit | PaymentMethod::Other(_) => true,
    }
}

fn method(t: &Transaction) -> Option<PaymentMethod> {
    match &t.payment_details {
        Some(Details::CardPaymentDetails(card)) => Some(PaymentMethod::Card {
            brand: filled(card.company.clone()),
            last: card.number.as_deref().and_then(LastFour::of),
            wallet: card.wallet.clone(),
        }),
        Some(Details::PaypalWalletPaymentDetails) => Some(PaymentMethod::PayPal),
        Some(Details::ShopPayInstallmentsPaymentDetails) => Some(PaymentMethod::Other("Shop Pay Installments".into())),
        Some(Details::LocalPaymentMethodsPaymentDetails(local)) => {
            filled(local.payment_method_name.clone()).map(PaymentMethod::Other).or_else(|| by_gateway(t))
        }
        Some(Details::Unknown) | None => by_gateway(t),
    }
}

fn by_gateway(t: &Transaction) -> Option<PaymentMethod> {
    let gateway = filled(t.gateway.clone())?;
    let last = t.account_number.as_deref().and_then(LastFour::of);
    Some(match gateway.to_lowercase().as_str() {
        "gift_card" => PaymentMethod::GiftCard { last },
        "shopify_store_credit" | "store_credit" => PaymentMethod::StoreCredit,
        "shopify_payments" => PaymentMethod::Card { brand: None, last, wallet: None },
        name if name.contains("paypal") => PaymentMethod::PayPal,
        _ => PaymentMethod::Other(filled(t.formatted_gateway.clone()).unwrap_or(gateway)),
    })
}

fn kind(kind: &wire::OrderTransactionKind) -> PaymentKind {
    match kind {
        wire::OrderTransactionKind::SALE => PaymentKind::Sale,
        wire::OrderTransactionKind::AUTHORIZATION => PaymentKind::Authorization,
        wire::OrderTransactionKind::EMV_AUTHORIZATION => PaymentKind::EmvAuthorization,
        wire::OrderTransactionKind::CAPTURE => PaymentKind::Capture,
        wire::OrderTransactionKind::VOID => PaymentKind::Void,
        wire::OrderTransactionKind::REFUND => PaymentKind::Refund,
        wire::OrderTransactionKind::CHANGE => PaymentKind::Change,
        wire::OrderTransactionKind::SUGGESTED_REFUND => PaymentKind::SuggestedRefund,
        wire::OrderTransactionKind::Other(name) => PaymentKind::Other(name.clone()),
    }
}
