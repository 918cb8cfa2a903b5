//! Return requests, cancellations, new addresses and refunds.

use super::{Done, UserError, user_error};
use crate::sandbox::world::{Fields, World, bag, ids, iso, money, sum, text, type_of};
use engine::live::Money;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::sync::Arc;

fn order<'w>(world: &'w World, id: &Value) -> Option<(String, &'w Arc<Fields>)> {
    let gid = id.as_str().filter(|gid| type_of(gid) == "Order")?;
    Some((gid.to_owned(), world.get(gid)?))
}

fn done(payload: Value, subject: &str, webhooks: Vec<(&'static str, String)>) -> Done {
    Done { payload, subject: Some(subject.to_owned()), webhooks }
}

/// Changes fields of an order, and when it was changed.
fn change(world: &mut World, gid: &str, now: Timestamp, fields: &[(&str, Value)]) {
    let Some(order) = world.edit(gid) else { return };
    for (name, value) in fields {
        order.insert((*name).into(), value.clone());
    }
    order.insert("updatedAt".into(), iso(now).into());
}

/// Puts an object in, and its id at the end of the order's list.
fn append(world: &mut World, order: &str, list: &str, gid: &str, fields: Value) {
    world.put(gid, fields.as_object().cloned().unwrap_or_default());
    let Some(order) = world.edit(order) else { return };
    if let Value::Array(items) = order.entry(list).or_insert_with(|| json!([])) {
        items.push(gid.into());
    }
}

fn quantity(fields: &Fields) -> i64 {
    fields.get("quantity").and_then(Value::as_i64).unwrap_or_default()
}

/// Asks for a return: it waits for the merchant. Only what was sent and is not being returned yet.
pub fn request_return(world: &mut World, now: Timestamp, args: &Value) -> Done {
    let input = &args["input"];
    let refused = |errors: Vec<UserError<'_>>| Done::refused("userErrors", &errors);
    let Some((gid, found)) = order(world, &input["orderId"]) else {
        return refused(vec![user_error(&["input", "orderId"], "NOT_FOUND", "Order does not exist.")]);
    };
    let found = found.clone();
    let parcels = world.list(&found, "fulfillments");
    let parcels = parcels.iter().filter(|p| !matches!(text(p, "displayStatus"), Some("CANCELED")));
    let sent: Vec<Arc<Fields>> = parcels.flat_map(|p| world.list(p, "fulfillmentLineItems")).collect();
    let returns = world.list(&found, "returns");
    let pending = returns.iter().filter(|r| !matches!(text(r, "status"), Some("DECLINED" | "CANCELED")));
    let pending: Vec<Arc<Fields>> = pending.flat_map(|r| world.list(r, "returnLineItems")).collect();

    let wanted = input["returnLineItems"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut errors = Vec::new();
    if wanted.is_empty() {
        errors.push(user_error(&["input", "returnLineItems"], "BLANK", "Return line items can't be blank."));
    }
    // The same line may be named twice.
    let mut asked: Map<String, Value> = Map::new();
    for (at, line) in wanted.iter().enumerate() {
        let at = at.to_string();
        let path = |field: &'static str| ["input", "returnLineItems", &at, field].map(str::to_owned).to_vec();
        let id = line["fulfillmentLineItemId"].as_str().unwrap_or_default();
        let pieces = line["quantity"].as_i64().unwrap_or_default();
        let Some(of) = sent.iter().find(|l| text(l, "id") == Some(id)) else {
            let message = "Fulfillment line item does not exist.".into();
            errors.push(UserError { field: path("fulfillmentLineItemId"), code: "NOT_FOUND", message });
            continue;
        };
        let back: i64 =
            pending.iter().filter(|r| text(r, "fulfillmentLineItem") == Some(id)).map(|r| quantity(r)).sum();
        let before = asked.get(id).and_then(Value::as_i64).unwrap_or_default();
        if pieces < 1 || pieces + before > quantity(of) - back {
            let message = "Return line item has an invalid quantity.".into();
            errors.push(UserError { field: path("quantity"), code: "INVALID", message });
        }
        if line["customerNote"].as_str().is_some_and(|note| note.chars().count() > 300) {
            let message = "Customer note is too long (maximum is 300 characters).".into();
            errors.push(UserError { field: path("customerNote"), code: "TOO_LONG", message });
        }
        asked.insert(id.into(), (pieces + before).into());
    }
    if !errors.is_empty() {
        return refused(errors);
    }

    let id = world.new_id("Return");
    let mut lines = Vec::new();
    for line in wanted {
        let line_id = world.new_id("ReturnLineItem");
        let fields = json!({
            "id": line_id, "fulfillmentLineItem": line["fulfillmentLineItemId"], "quantity": line["quantity"],
            "refundedQuantity": 0, "refundableQuantity": line["quantity"], "customerNote": line["customerNote"],
        });
        world.put(&line_id, fields.as_object().cloned().unwrap_or_default());
        lines.push(line_id);
    }
    let name = format!("{}-R{}", text(&found, "name").unwrap_or_default(), returns.len() + 1);
    let pieces: i64 = wanted.iter().filter_map(|l| l["quantity"].as_i64()).sum();
    let made = json!({
        "id": id, "name": name, "status": "REQUESTED", "createdAt": iso(now), "order": gid,
        "returnLineItems": lines, "totalQuantity": pieces,
    });
    append(world, &gid, "returns", &id, made);
    change(world, &gid, now, &[("returnStatus", "RETURN_REQUESTED".into())]);
    done(json!({"return": id, "userErrors": []}), &id, vec![("returns/request", id.clone()), ("orders/updated", gid)])
}

/// Cancels an order of which nothing has left. The job is done when it is looked at.
pub fn cancel(world: &mut World, now: Timestamp, args: &Value) -> Done {
    let refused =
        |code, message: &str| Done::refused("orderCancelUserErrors", &[user_error(&["orderId"], code, message)]);
    let Some((gid, found)) = order(world, &args["orderId"]) else {
        return refused("NOT_FOUND", "Order does not exist.");
    };
    let found = found.clone();
    if found.get("cancelledAt").is_some_and(|at| !at.is_null()) {
        return refused("INVALID", "Order has already been cancelled.");
    }
    let left = |p: &Arc<Fields>| !matches!(text(p, "displayStatus"), Some("CANCELED"));
    if world.list(&found, "fulfillments").iter().any(left) {
        return refused("INVALID", "Order has fulfillments that cannot be cancelled.");
    }
    let open = |r: &Arc<Fields>| matches!(text(r, "status"), Some("REQUESTED" | "OPEN"));
    if world.list(&found, "returns").iter().any(open) {
        return refused("INVALID", "Order has a return in progress.");
    }

    for part in ids(&found, "fulfillmentOrders").map(str::to_owned).collect::<Vec<_>>() {
        if let Some(part) = world.edit(&part) {
            part.insert("status".into(), "CLOSED".into());
            part.insert("fulfillmentHolds".into(), json!([]));
        }
    }
    change(world, &gid, now, &[("cancelledAt", iso(now).into()), ("cancelReason", args["reason"].clone())]);
    let job = world.new_id("Job");
    world.put(&job, json!({"id": job, "done": true}).as_object().cloned().unwrap_or_default());
    let mut webhooks = vec![("orders/cancelled", gid.clone()), ("orders/updated", gid.clone())];
    let back = args["refundMethod"]["originalPaymentMethodsRefund"].as_bool().unwrap_or(false);
    if back && let Some(total) = refundable(world, &found).filter(|m| m.minor > 0) {
        let pieces: Vec<(String, i64)> = world
            .list(&found, "lineItems")
            .iter()
            .filter_map(|l| Some((text(l, "id")?.to_owned(), l.get("refundableQuantity")?.as_i64()?)))
            .filter(|(_, pieces)| *pieces > 0)
            .collect();
        let paid = vec![Back { amount: total, gateway: gateway(&found), parent: first_payment(world, &found) }];
        let refund = enter_refund(world, now, &gid, &pieces, &paid, Value::Null);
        webhooks.push(("refunds/create", refund));
    }
    // Shopify does it later; the payload says so, and the next look at the job that it is done.
    done(json!({"job": {"id": job, "done": false}, "orderCancelUserErrors": []}), &gid, webhooks)
}

fn gateway(order: &Fields) -> Value {
    order.get("paymentGatewayNames").and_then(|names| names.get(0)).cloned().unwrap_or_else(|| "manual".into())
}

/// Money that goes back, and the payment that it came from.
struct Back {
    amount: Money,
    gateway: Value,
    parent: Value,
}

fn first_payment(world: &World, order: &Fields) -> Value {
    let payments = world.list(order, "transactions");
    let taken = payments.iter().find(|t| matches!(text(t, "kind"), Some("SALE" | "CAPTURE")));
    taken.and_then(|t| t.get("id").cloned()).unwrap_or(Value::Null)
}

/// What was paid and not given back.
fn refundable(world: &World, order: &Fields) -> Option<Money> {
    let total = money(order, "originalTotalPriceSet")?;
    let back = world.list(order, "refunds");
    let back = sum(Money { minor: 0, ..total }, back.iter().filter_map(|r| money(r, "totalRefundedSet")));
    Some(Money { minor: total.minor - back.minor, ..total })
}

/// A new shipping address, also after the parcel has left: Shopify does not refuse that either.
pub fn update(world: &mut World, now: Timestamp, args: &Value) -> Done {
    let input = &args["input"];
    let Some((gid, found)) = order(world, &input["id"]) else {
        return Done::refused("userErrors", &[user_error(&["id"], "NOT_FOUND", "Order does not exist")]);
    };
    let found = found.clone();
    if let Some(address) = input["shippingAddress"].as_object() {
        let old = text(&found, "shippingAddress").map(str::to_owned);
        let id = old.unwrap_or_else(|| world.new_id("MailingAddress"));
        let mut fields = world.get(&id).map(|a| (**a).clone()).unwrap_or_default();
        let given = |key: &str| address.get(key).and_then(Value::as_str);
        for (name, value) in address {
            fields.insert(if name == "countryCode" { "countryCodeV2".into() } else { name.clone() }, value.clone());
        }
        if given("firstName").or(given("lastName")).is_some() {
            let names: Vec<&str> = [given("firstName"), given("lastName")].into_iter().flatten().collect();
            fields.insert("name".into(), names.join(" ").into());
        }
        fields.insert("id".into(), id.clone().into());
        world.put(&id, fields);
        change(world, &gid, now, &[("shippingAddress", id.into())]);
    }
    done(json!({"order": gid, "userErrors": []}), &gid, vec![("orders/updated", gid.clone())])
}

/// A refund of exactly the given transactions: without any, no money moves.
pub fn refund(world: &mut World, now: Timestamp, args: &Value) -> Done {
    let input = &args["input"];
    let refused = |field: &[&str], message: &str| Done::refused("userErrors", &[user_error(field, "INVALID", message)]);
    let Some((gid, found)) = order(world, &input["orderId"]) else {
        return refused(&["orderId"], "Order does not exist");
    };
    let found = found.clone();
    let Some(left) = refundable(world, &found) else { return refused(&["orderId"], "Order has no total") };

    let mut pieces: Vec<(String, i64)> = Vec::new();
    for line in input["refundLineItems"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let id = line["lineItemId"].as_str().unwrap_or_default();
        let wanted = line["quantity"].as_i64().unwrap_or_default();
        let of = ids(&found, "lineItems").find(|l| *l == id).and_then(|l| world.get(l));
        let before: i64 = pieces.iter().filter(|(l, _)| l == id).map(|(_, n)| n).sum();
        match of.and_then(|l| l.get("refundableQuantity")?.as_i64()) {
            None => return refused(&["refundLineItems", "lineItemId"], "Line item does not exist"),
            Some(most) if wanted < 1 || wanted + before > most => {
                return refused(
                    &["refundLineItems", "quantity"],
                    "Quantity cannot refund more items than were purchased",
                );
            }
            Some(_) => pieces.push((id.to_owned(), wanted)),
        }
    }
    let mut paid = Vec::new();
    for transaction in input["transactions"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let amount = transaction["amount"].as_str().unwrap_or_default();
        let Some(amount) = Money::parse(amount, left.currency.code()).ok().filter(|m| m.minor > 0) else {
            return refused(&["transactions", "amount"], "Amount is invalid");
        };
        if transaction["kind"] != "REFUND" {
            return refused(&["transactions", "kind"], "Kind must be REFUND");
        }
        let (gateway, parent) = (transaction["gateway"].clone(), transaction["parentId"].clone());
        paid.push(Back { amount, gateway, parent });
    }
    let total = sum(Money { minor: 0, ..left }, paid.iter().map(|back| back.amount));
    if total.minor > left.minor {
        return refused(&["transactions"], "Refund amount is more than what is refundable");
    }
    if input["currency"].as_str().is_some_and(|code| code != left.currency.code()) {
        return refused(&["currency"], "Currency must be the order's presentment currency");
    }
    if pieces.is_empty() && paid.is_empty() && input["shipping"].is_null() {
        return refused(&["base"], "Refund must have at least one line item, transaction or shipping");
    }
    let id = enter_refund(world, now, &gid, &pieces, &paid, input["note"].clone());
    let webhooks = vec![("refunds/create", id.clone()), ("orders/updated", gid.clone())];
    done(json!({"refund": id, "order": gid, "userErrors": []}), &id, webhooks)
}

fn enter_refund(
    world: &mut World,
    now: Timestamp,
    order: &str,
    pieces: &[(String, i64)],
    paid: &[Back],
    note: Value,
) -> String {
    let id = world.new_id("Refund");
    let mut transactions = Vec::new();
    for Back { amount, gateway, parent } in paid {
        let transaction = world.new_id("OrderTransaction");
        let fields = json!({
            "id": transaction, "kind": "REFUND", "status": "SUCCESS", "gateway": gateway,
            "amountSet": bag(*amount), "processedAt": iso(now), "createdAt": iso(now), "parentTransaction": parent,
        });
        append(world, order, "transactions", &transaction, fields);
        transactions.push(transaction);
    }
    let lines = pieces.iter().map(|(line, n)| json!({"lineItem": line, "quantity": n})).collect::<Vec<_>>();
    for (line, n) in pieces {
        let Some(line) = world.edit(line) else { continue };
        for key in ["refundableQuantity", "currentQuantity"] {
            let left = line.get(key).and_then(Value::as_i64).unwrap_or_default() - n;
            line.insert(key.into(), left.max(0).into());
        }
    }
    let found = world.get(order).cloned().unwrap_or_default();
    let whole = money(&found, "originalTotalPriceSet");
    let zero = whole.map(|m| Money { minor: 0, ..m }).or(paid.first().map(|back| Money { minor: 0, ..back.amount }));
    let amount = zero.map(|zero| sum(zero, paid.iter().map(|back| back.amount)));
    let made = json!({
        "id": id, "order": order, "note": note, "createdAt": iso(now), "processedAt": iso(now), "updatedAt": iso(now),
        "refundLineItems": lines, "transactions": transactions, "totalRefundedSet": amount.map(bag),
    });
    append(world, order, "refunds", &id, made);
    if let (Some(whole), Some(left)) = (whole, world.get(order).cloned().and_then(|o| refundable(world, &o))) {
        let status = if left.minor <= 0 { "REFUNDED" } else { "PARTIALLY_REFUNDED" };
        let back = Money { minor: whole.minor - left.minor, ..whole };
        let mut fields = vec![("totalRefundedSet", bag(back)), ("currentTotalPriceSet", bag(left))];
        if back.minor > 0 {
            fields.push(("displayFinancialStatus", status.into()));
        }
        change(world, order, now, &fields);
    }
    id
}
