//! Which scope opens what, as Shopify's published access list words it.

use super::schema;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// How far back `read_orders` alone reaches.
pub const ORDERS_REACH: SignedDuration = SignedDuration::from_hours(60 * 24);

const ORDERS: &[&str] = &["read_orders", "read_marketplace_orders"];
const ORDER: &[&str] = &["read_orders", "read_marketplace_orders", "read_quick_sale"];
const FULFILLMENT_ORDERS: &[&str] = &[
    "read_assigned_fulfillment_orders",
    "read_merchant_managed_fulfillment_orders",
    "read_third_party_fulfillment_orders",
    "read_marketplace_fulfillment_orders",
];
const FULFILLMENT: &[&str] = &[
    "read_orders",
    "read_marketplace_orders",
    "read_assigned_fulfillment_orders",
    "read_merchant_managed_fulfillment_orders",
    "read_third_party_fulfillment_orders",
    "read_marketplace_fulfillment_orders",
];
const RETURNS: &[&str] = &["read_returns", "read_marketplace_returns"];
const PAGES: &[&str] = &["read_content", "read_online_store_pages"];

/// Any one of these scopes opens the type.
fn of_type(ty: &str) -> &'static [&'static str] {
    match ty {
        "Order" => ORDER,
        "LineItem" | "FulfillmentLineItem" | "OrderTransaction" | "Refund" | "RefundLineItem" => ORDERS,
        "Fulfillment" => FULFILLMENT,
        "FulfillmentEvent" => &["read_orders"],
        "FulfillmentOrder" | "FulfillmentOrderLineItem" | "FulfillmentHold" => FULFILLMENT_ORDERS,
        "Return" | "ReturnLineItem" | "ReturnLineItemType" => RETURNS,
        "ReturnReasonDefinition" => &["read_returns"],
        "ReturnableFulfillment" => ORDERS,
        "PaymentDetails" => &["read_orders"],
        "GiftCard" | "GiftCardRecipient" => &["read_gift_cards"],
        "StoreCreditAccount" => &["read_store_credit_accounts"],
        "Customer" => &["read_customers"],
        "Product" | "ProductVariant" | "Collection" => &["read_products"],
        "InventoryItem" => &["read_inventory", "read_products"],
        "InventoryLevel" => &["read_inventory"],
        "Location" => &["read_locations", "read_inventory", "read_markets_home"],
        "Page" | "Article" | "Blog" => PAGES,
        "ShopPolicy" => &["read_legal_policies"],
        _ => &[],
    }
}

/// Any one of these scopes opens the mutation. `refundCreate` has no row in the published list.
fn of_mutation(name: &str) -> &'static [&'static str] {
    match name {
        "orderCancel" | "refundCreate" => &["write_orders", "write_marketplace_orders"],
        "orderUpdate" => &["write_orders", "write_marketplace_orders", "write_quick_sale"],
        "returnRequest" => &["write_returns", "write_marketplace_returns"],
        _ => &[],
    }
}

/// What a token may do.
#[derive(Clone, Debug, Default)]
pub struct Scopes(BTreeSet<String>);

impl Scopes {
    pub fn new(scopes: impl IntoIterator<Item = String>) -> Self {
        Self(scopes.into_iter().collect())
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// A write scope includes the read scope of the same name.
    pub fn has(&self, scope: &str) -> bool {
        let written = || scope.strip_prefix("read_").map(|rest| format!("write_{rest}"));
        self.0.contains(scope) || written().is_some_and(|w| self.0.contains(&w))
    }

    /// What is missing for a field, in Shopify's words; None if it may be read.
    pub fn missing(&self, holder: &str, field: &str, returns: &str) -> Option<String> {
        let named = schema::node_type(returns).map_or(returns, |node| node.as_str());
        let wanted = if holder == "Mutation" { of_mutation(field) } else { of_type(named) };
        (!wanted.is_empty() && !wanted.iter().any(|scope| self.has(scope))).then(|| in_words(wanted))
    }

    /// Orders before this moment are not shown.
    pub fn orders_since(&self, now: Timestamp) -> Option<Timestamp> {
        (!self.has("read_all_orders")).then(|| now.checked_sub(ORDERS_REACH).unwrap_or(Timestamp::MIN))
    }
}

/// `` `a` access scope, `b` access scope or `c` access scope. ``
fn in_words(scopes: &[&str]) -> String {
    let each: Vec<String> = scopes.iter().map(|s| format!("`{s}` access scope")).collect();
    match each.split_last() {
        Some((last, [])) => format!("{last}."),
        Some((last, before)) => format!("{} or {last}.", before.join(", ")),
        None => String::new(),
    }
}
