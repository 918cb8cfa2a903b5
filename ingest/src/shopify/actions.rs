//! Prepared actions as mutations. Nothing here decides: [`execute`] takes a person's approval, and nothing else.

use super::connection::Connection;
use super::error::{Deadline, ShopifyError};
use super::operations::{self, OPERATIONS, order_cancel, order_payments, order_update, refund_create, return_request};
use engine::live::action::{RefundLine, ReturnLine};
use engine::live::{Action, Address, Approval, CancelReason, Gid, Money};
use serde_json::Value;

/// What will be sent, for the person who approves it. A refund's payments are looked up when it is executed.
#[derive(Clone, Debug, PartialEq)]
pub struct Mutation {
    pub operation: &'static str,
    pub document: &'static str,
    pub variables: Value,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    /// It was not done. Why, in Shopify's words or with what to do.
    #[error("{0}")]
    Refused(String),
    /// Shopify said that it is done, and not what: somebody has to look.
    #[error("Shopify answered {0} without saying what it did: look at the order in Shopify")]
    Unclear(&'static str),
    #[error(transparent)]
    Shopify(#[from] ShopifyError),
}

/// Shopify's limit on a customer's note.
const NOTE: usize = 300;

/// The mutation of an action. `key` is the idempotency key, which a refund is sent with.
pub fn mutation(action: &Action, key: &str) -> Result<Mutation, ActionError> {
    let (operation, variables) = match action {
        Action::RequestReturn { order, lines } => ("ReturnRequest", serde_json::to_value(returning(order, lines))),
        Action::Cancel { order, reason, restock, notify } => {
            ("OrderCancel", serde_json::to_value(cancelling(order, reason, *restock, *notify)))
        }
        Action::ChangeAddress { order, address } => ("OrderUpdate", serde_json::to_value(moving(order, address))),
        Action::Refund { order, lines, shipping, amount, note } => {
            let refund = Refund { order, lines, shipping: *shipping, amount: *amount, note };
            ("RefundCreate", serde_json::to_value(refund.variables(key, Vec::new())))
        }
    };
    let document = OPERATIONS.iter().find(|(name, _)| *name == operation).map_or("", |(_, document)| document);
    let variables = variables.map_err(|_| ActionError::Refused("the action cannot be written as JSON".into()))?;
    Ok(Mutation { operation, document, variables })
}

/// Does it, and says in words what Shopify answered. The same key again is the same refund. The other mutations take no
/// key: they are sent again only where they surely were not run, and where that is not known it is said
/// ([`ShopifyError::Uncertain`]).
pub async fn execute(connection: &Connection, approval: &Approval, deadline: Deadline) -> Result<String, ActionError> {
    let client = &connection.client;
    let key = approval.action().idempotency_key.as_str();
    match &approval.action().action {
        Action::RequestReturn { order, lines } => {
            let unclear = || ActionError::Unclear("ReturnRequest");
            let data = client.write::<operations::ReturnRequest>(returning(order, lines), deadline).await?;
            let payload = data.return_request.ok_or_else(unclear)?;
            refuse(payload.user_errors.into_iter().map(|e| (e.field, e.message)))?;
            let requested = payload.return_.ok_or_else(unclear)?;
            Ok(format!("return {} is requested; accept or decline it in Shopify", requested.name))
        }
        Action::Cancel { order, reason, restock, notify } => {
            let unclear = || ActionError::Unclear("OrderCancel");
            let variables = cancelling(order, reason, *restock, *notify);
            let payload = client.write::<operations::OrderCancel>(variables, deadline).await?.order_cancel;
            let payload = payload.ok_or_else(unclear)?;
            refuse(payload.order_cancel_user_errors.into_iter().map(|e| (e.field, e.message)))?;
            payload.job.ok_or_else(unclear)?;
            Ok("the order is being cancelled and what was paid goes back; Shopify does it within moments".into())
        }
        Action::ChangeAddress { order, address } => {
            let unclear = || ActionError::Unclear("OrderUpdate");
            let payload = client.write::<operations::OrderUpdate>(moving(order, address), deadline).await?.order_update;
            let payload = payload.ok_or_else(unclear)?;
            refuse(payload.user_errors.into_iter().map(|e| (e.field, e.message)))?;
            Ok(format!("order {} has the new shipping address", payload.order.ok_or_else(unclear)?.name))
        }
        Action::Refund { order, lines, shipping, amount, note } => {
            let unclear = || ActionError::Unclear("RefundCreate");
            let variables = order_payments::Variables { id: order.0.clone() };
            let known = client.read::<operations::OrderPayments>(variables, deadline).await?.order;
            let known = known.ok_or_else(|| ActionError::Refused("there is no such order any more".into()))?;
            let payments = share(order, *amount, &known.transactions)?;
            let refund = Refund { order, lines, shipping: *shipping, amount: *amount, note };
            let variables = refund.variables(key, payments);
            let payload = client.write_keyed::<operations::RefundCreate>(variables, deadline).await?.refund_create;
            let payload = payload.ok_or_else(unclear)?;
            refuse(payload.user_errors.into_iter().map(|e| (e.field, e.message)))?;
            let money = payload.refund.ok_or_else(unclear)?.total_refunded_set.presentment_money;
            let refunded = Money::parse(&money.amount, &money.currency_code).map_err(|_| unclear())?;
            Ok(format!("{refunded} are on the way back"))
        }
    }
}

/// User errors are written for people, and name the field.
fn refuse(errors: impl Iterator<Item = (Option<Vec<String>>, String)>) -> Result<(), ActionError> {
    let said: Vec<String> = errors
        .map(|(field, message)| match field.filter(|path| !path.is_empty()) {
            Some(path) => format!("{message} ({})", path.join(".")),
            None => message,
        })
        .collect();
    if said.is_empty() { Ok(()) } else { Err(ActionError::Refused(said.join("; "))) }
}

fn returning(order: &Gid, lines: &[ReturnLine]) -> return_request::Variables {
    let line = |line: &ReturnLine| return_request::ReturnRequestLineItemInput {
        fulfillment_line_item_id: line.fulfillment_line.0.clone(),
        quantity: i64::from(line.quantity),
        customer_note: Some(line.note.chars().take(NOTE).collect()).filter(|note: &String| !note.is_empty()),
    };
    let return_line_items = lines.iter().map(line).collect();
    return_request::Variables {
        input: return_request::ReturnRequestInput { order_id: order.0.clone(), return_line_items },
    }
}

/// What was paid goes back the way it came.
fn cancelling(order: &Gid, reason: &str, restock: bool, notify: bool) -> order_cancel::Variables {
    let reason = match CancelReason::from(reason) {
        CancelReason::Other(_) => CancelReason::Other("OTHER".into()),
        known => known,
    };
    order_cancel::Variables {
        order_id: order.0.clone(),
        reason,
        restock,
        notify_customer: notify,
        refund_method: Some(order_cancel::OrderCancelRefundMethodInput::OriginalPaymentMethodsRefund(true)),
    }
}

fn moving(order: &Gid, address: &Address) -> order_update::Variables {
    // Shopify takes first and last name apart; a name of one word is a last name.
    let name = address.name.as_deref().unwrap_or_default().trim();
    let (first, last) = name.split_once(' ').unwrap_or(("", name));
    let filled = |part: &str| Some(part.trim().to_owned()).filter(|part| !part.is_empty());
    let shipping_address = order_update::MailingAddressInput {
        first_name: filled(first),
        last_name: filled(last),
        address1: address.address1.clone(),
        // An empty text takes away what stood there.
        address2: Some(address.address2.clone().unwrap_or_default()),
        city: address.city.clone(),
        province_code: address.province_code.clone(),
        zip: address.zip.clone(),
        country_code: address.country_code.clone(),
        phone: address.phone.clone(),
    };
    let input = order_update::OrderInput { id: order.0.clone(), shipping_address: Some(shipping_address) };
    order_update::Variables { input }
}

struct Refund<'a> {
    order: &'a Gid,
    lines: &'a [RefundLine],
    shipping: Option<Money>,
    amount: Money,
    note: &'a str,
}

impl Refund<'_> {
    fn variables(&self, key: &str, payments: Vec<refund_create::OrderTransactionInput>) -> refund_create::Variables {
        let line = |line: &RefundLine| refund_create::RefundLineItemInput {
            line_item_id: line.line.0.clone(),
            quantity: i64::from(line.quantity),
            // Whether it can be sold again is seen when it comes back.
            restock_type: Some(refund_create::RefundLineItemRestockType::NO_RESTOCK),
        };
        refund_create::Variables {
            key: key.to_owned(),
            input: refund_create::RefundInput {
                order_id: self.order.0.clone(),
                currency: Some(self.amount.currency.code().to_owned()),
                note: Some(self.note.to_owned()).filter(|note| !note.is_empty()),
                notify: Some(true),
                refund_line_items: Some(self.lines.iter().map(line).collect()),
                shipping: self.shipping.map(|m| refund_create::ShippingRefundInput { amount: Some(m.decimal()) }),
                transactions: Some(payments),
            },
        }
    }
}

/// The amount, back to the payments that it came from, the first one first.
fn share(
    order: &Gid,
    amount: Money,
    transactions: &[order_payments::OrderPaymentsOrderTransactions],
) -> Result<Vec<refund_create::OrderTransactionInput>, ActionError> {
    use order_payments::OrderTransactionKind as Kind;
    let unread = || ActionError::Refused("a payment of the order cannot be read: refund it in Shopify".into());
    let refused = |why: &str| ActionError::Refused(why.to_owned());
    // As many as were asked for: there may be more.
    if transactions.len() >= 50 {
        return Err(refused("the order has more payments than are read here: refund it in Shopify"));
    }
    if amount.minor <= 0 {
        return Err(refused("there is nothing to refund"));
    }
    let mut left = amount.minor;
    let mut shares = Vec::new();
    for payment in transactions {
        if !matches!(payment.kind, Kind::SALE | Kind::CAPTURE) || payment.status != "SUCCESS" {
            continue;
        }
        let paid = |t: &order_payments::OrderPaymentsOrderTransactions| {
            let money = &t.amount_set.presentment_money;
            Money::parse(&money.amount, &money.currency_code).map_err(|_| unread())
        };
        let whole = paid(payment)?;
        if whole.currency != amount.currency {
            return Err(refused("the order was paid in another currency than the refund names"));
        }
        let mut open = whole.minor;
        for back in
            transactions.iter().filter(|t| t.kind == Kind::REFUND && matches!(t.status.as_str(), "SUCCESS" | "PENDING"))
        {
            if back.parent_transaction.as_ref().is_some_and(|parent| parent.id == payment.id) {
                open -= paid(back)?.minor;
            }
        }
        let part = left.min(open);
        if part > 0 {
            left -= part;
            shares.push(refund_create::OrderTransactionInput {
                order_id: order.0.clone(),
                parent_id: Some(payment.id.clone()),
                amount: Money { minor: part, currency: amount.currency }.decimal(),
                gateway: payment.gateway.clone().ok_or_else(unread)?,
                kind: refund_create::OrderTransactionKind::REFUND,
            });
        }
    }
    if left > 0 {
        let missing = Money { minor: left, currency: amount.currency };
        return Err(ActionError::Refused(format!(
            "{missing} more than was paid and not yet refunded: nothing was sent"
        )));
    }
    Ok(shares)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn usd(amount: &str) -> Money {
        Money::parse(amount, "USD").unwrap()
    }

    #[test]
    fn a_refund_goes_back_where_the_money_came_from() {
        let transaction = |id: &str, kind: &str, status: &str, amount: &str, parent: Option<&str>| {
            json!({"id": id, "kind": kind, "status": status, "gateway": format!("g{id}"),
                   "amountSet": {"presentmentMoney": {"amount": amount, "currencyCode": "USD"}},
                   "parentTransaction": parent.map(|id| json!({"id": id}))})
        };
        let transactions: Vec<order_payments::OrderPaymentsOrderTransactions> = serde_json::from_value(json!([
            transaction("0", "AUTHORIZATION", "SUCCESS", "100.00", None),
            transaction("1", "SALE", "FAILURE", "100.00", None),
            transaction("2", "SALE", "SUCCESS", "30.00", None),
            transaction("3", "CAPTURE", "SUCCESS", "70.00", None),
            transaction("4", "REFUND", "SUCCESS", "10.00", Some("2")),
            transaction("5", "REFUND", "FAILURE", "60.00", Some("3")),
        ]))
        .unwrap();
        let check = |amount: &str, expect: Result<&[(&str, &str)], &str>| {
            let shares = share(&Gid("o".into()), usd(amount), &transactions);
            match (shares, expect) {
                (Ok(shares), Ok(expect)) => {
                    let shares: Vec<_> =
                        shares.iter().map(|s| (s.parent_id.as_deref().unwrap(), s.amount.as_str())).collect();
                    assert_eq!(shares, expect, "{amount}");
                }
                (Err(error), Err(says)) => assert!(error.to_string().contains(says), "{error}"),
                (shares, _) => panic!("{amount}: {shares:?}"),
            }
        };
        check("15.00", Ok(&[("2", "15.00")]));
        check("50.00", Ok(&[("2", "20.00"), ("3", "30.00")]));
        check("90.00", Ok(&[("2", "20.00"), ("3", "70.00")]));
        check("90.01", Err("$0.01 more than was paid"));
        check("0", Err("nothing to refund"));
        let euros = share(&Gid("o".into()), Money::parse("5", "EUR").unwrap(), &transactions);
        assert!(euros.unwrap_err().to_string().contains("another currency"));
    }

    #[test]
    fn an_action_is_a_mutation_with_its_variables() {
        let order = Gid("gid://shopify/Order/1".into());
        let check = |action: Action, operation: &str, variables: Value| {
            let mutation = mutation(&action, "key-1").unwrap();
            assert_eq!((mutation.operation, &mutation.variables), (operation, &variables));
            assert!(mutation.document.contains(&format!("mutation {operation}")));
        };
        let note = "x".repeat(400);
        check(
            Action::RequestReturn {
                order: order.clone(),
                lines: vec![ReturnLine { fulfillment_line: Gid("f".into()), quantity: 2, note }],
            },
            "ReturnRequest",
            json!({"input": {"orderId": "gid://shopify/Order/1", "returnLineItems": [
                {"fulfillmentLineItemId": "f", "quantity": 2, "customerNote": "x".repeat(300)}]}}),
        );
        check(
            Action::Cancel { order: order.clone(), reason: "changed mind".into(), restock: true, notify: false },
            "OrderCancel",
            json!({"orderId": "gid://shopify/Order/1", "reason": "OTHER", "restock": true, "notifyCustomer": false,
                   "refundMethod": {"originalPaymentMethodsRefund": true}}),
        );
        let address = Address {
            name: Some("Beth van Aranda".into()),
            address1: Some("1 Elm St".into()),
            address2: None,
            city: Some("Austin".into()),
            province_code: Some("TX".into()),
            zip: Some("73301".into()),
            country_code: Some("US".into()),
            phone: None,
        };
        check(
            Action::ChangeAddress { order: order.clone(), address },
            "OrderUpdate",
            json!({"input": {"id": "gid://shopify/Order/1", "shippingAddress": {
                "firstName": "Beth", "lastName": "van Aranda", "address1": "1 Elm St", "address2": "",
                "city": "Austin", "provinceCode": "TX", "zip": "73301", "countryCode": "US"}}}),
        );
        check(
            Action::Refund {
                order,
                lines: vec![RefundLine { line: Gid("l".into()), quantity: 1 }],
                shipping: Some(usd("7.5")),
                amount: usd("57.5"),
                note: String::new(),
            },
            "RefundCreate",
            json!({"key": "key-1", "input": {"orderId": "gid://shopify/Order/1", "currency": "USD", "notify": true,
                "refundLineItems": [{"lineItemId": "l", "quantity": 1, "restockType": "NO_RESTOCK"}],
                "shipping": {"amount": "7.50"}, "transactions": []}}),
        );
    }
}
