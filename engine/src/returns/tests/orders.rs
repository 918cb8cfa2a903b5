//! Orders for tests: few words for what matters, the rest is filled in.

use crate::access::StoreId;
use crate::identity::OrderNumber;
use crate::live::*;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

pub(crate) fn chicago() -> TimeZone {
    TimeZone::get("America/Chicago").unwrap()
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn date(text: &str) -> Date {
    text.parse().unwrap()
}

pub(crate) fn usd(amount: &str) -> Money {
    Money::parse(amount, "USD").unwrap()
}

pub(crate) fn gid(kind: &str, number: u32) -> Gid {
    Gid(format!("gid://shopify/{kind}/{number}"))
}

pub(crate) fn item(number: u32, quantity: u32, tags: &[&str]) -> LineItem {
    LineItem {
        id: gid("LineItem", number),
        product: Some(gid("Product", number)),
        variant: None,
        title: format!("Item {number}"),
        variant_title: None,
        sku: None,
        quantity,
        current_quantity: quantity,
        refundable_quantity: quantity,
        unit_price: usd("10.00"),
        total: usd("10.00"),
        gift_card: false,
        requires_shipping: true,
        product_type: None,
        product_tags: tags.iter().map(ToString::to_string).collect(),
        collections: Vec::new(),
        attributes: Vec::new(),
    }
}

/// A parcel with `quantity` pieces of each line; delivered if a time is given, else on its way.
pub(crate) fn parcel(number: u32, lines: &[(u32, u32)], delivered: Option<&str>) -> Parcel {
    let items = lines.iter().map(|(line, quantity)| ParcelItem {
        line: gid("LineItem", *line),
        fulfillment_line: gid("FulfillmentLineItem", number * 100 + line),
        title: format!("Item {line}"),
        quantity: *quantity,
    });
    Parcel {
        id: gid("Fulfillment", number),
        name: format!("#FV10234-F{number}"),
        status: Some(if delivered.is_some() { ParcelStatus::Delivered } else { ParcelStatus::InTransit }),
        created_at: at("2026-01-02T15:00:00Z"),
        in_transit_at: None,
        delivered_at: delivered.map(at),
        estimated_delivery_at: None,
        tracking: Vec::new(),
        events: Vec::new(),
        items: items.collect(),
    }
}

pub(crate) fn order(placed: &str, items: Vec<LineItem>, parcels: Vec<Parcel>) -> Order {
    let address = Address {
        name: None,
        address1: None,
        address2: None,
        city: None,
        province_code: None,
        zip: None,
        country_code: Some("US".into()),
        phone: None,
    };
    Order {
        store: StoreId::parse("demo").unwrap(),
        id: gid("Order", 1),
        number: OrderNumber::parse("#FV10234").unwrap(),
        email: None,
        customer: None,
        created_at: at(placed),
        updated_at: at(placed),
        cancelled: None,
        closed: false,
        financial: None,
        fulfillment: FulfillmentState::Fulfilled,
        return_status: OrderReturnStatus::NoReturn,
        subtotal: usd("10"),
        shipping: usd("0"),
        tax: usd("0"),
        discount: usd("0"),
        discount_codes: Vec::new(),
        total: usd("10"),
        original_total: usd("10"),
        refunded: usd("0"),
        outstanding: usd("0"),
        gateways: Vec::new(),
        items,
        parcels,
        pending: Vec::new(),
        returns: Vec::new(),
        refunds: Vec::new(),
        payments: Vec::new(),
        shipping_address: Some(address),
        shipping_method: Some("Standard".into()),
        tags: Vec::new(),
        status_page: None,
    }
}
