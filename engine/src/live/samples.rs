//! Orders for tests, as a shop in Duluth has them on November 21, 2026.

use super::*;
use crate::access::{StoreId, StorePass};
use crate::identity::{CustomerId, CustomerKey, CustomerPass, Email, OrderNumber};
use crate::reply::IdentityWay;
use crate::store::StoreProfile;
use iso_currency::Currency;
use jiff::{SignedDuration, Timestamp};

pub const EMAIL: &str = "beth@mail.example";

#[expect(clippy::disallowed_methods, reason = "a test is its own operator")]
pub fn pass(store: &str) -> StorePass {
    StorePass::for_operator(StoreId::parse(store).unwrap(), "test")
}

#[expect(clippy::disallowed_methods, reason = "a test is its own operator")]
pub fn verified(store: &str, email: &str) -> CustomerPass {
    CustomerPass::for_operator(pass(store), CustomerKey::Email(Email::parse(email).unwrap()), "test")
}

/// Saturday, 9 a.m. in Duluth.
pub fn now() -> Timestamp {
    "2026-11-21T15:00:00Z".parse().unwrap()
}

pub fn at(days_ago: i64) -> Timestamp {
    now().saturating_sub(SignedDuration::from_hours(24 * days_ago)).unwrap()
}

pub fn usd(minor: i64) -> Money {
    Money { minor, currency: Currency::USD }
}

pub fn number(n: u32) -> OrderNumber {
    OrderNumber::parse(&format!("FV{n}")).unwrap()
}

pub fn line(id: u32, title: &str, quantity: u32, price: i64) -> LineItem {
    LineItem {
        id: Gid(format!("gid://shopify/LineItem/{id}")),
        product: Some(Gid(format!("gid://shopify/Product/{id}"))),
        variant: None,
        title: title.into(),
        variant_title: Some("M / Olive".into()),
        sku: Some(format!("FV-{id}")),
        quantity,
        current_quantity: quantity,
        refundable_quantity: quantity,
        unit_price: usd(price),
        total: usd(price * i64::from(quantity)),
        gift_card: false,
        requires_shipping: true,
        product_type: None,
        product_tags: Vec::new(),
        collections: Vec::new(),
        attributes: Vec::new(),
    }
}

/// Two items, paid, nothing sent yet, placed two days ago.
pub fn order(n: u32) -> Order {
    Order {
        store: StoreId::parse("one").unwrap(),
        id: Gid(format!("gid://shopify/Order/{n}")),
        number: number(n),
        email: Some(Email::parse(EMAIL).unwrap()),
        customer: Some(CustomerId::parse("7001").unwrap()),
        created_at: at(2),
        updated_at: at(1),
        cancelled: None,
        closed: false,
        financial: Some(FinancialStatus::Paid),
        fulfillment: FulfillmentState::Unfulfilled,
        return_status: OrderReturnStatus::NoReturn,
        subtotal: usd(15800),
        shipping: usd(695),
        tax: usd(1264),
        discount: usd(0),
        discount_codes: Vec::new(),
        total: usd(17759),
        original_total: usd(17759),
        refunded: usd(0),
        outstanding: usd(0),
        gateways: vec!["shopify_payments".into()],
        items: vec![line(1, "Trail Jacket", 1, 12900), line(2, "Wool Socks", 2, 1450)],
        parcels: Vec::new(),
        pending: Vec::new(),
        returns: Vec::new(),
        refunds: Vec::new(),
        payments: Vec::new(),
        shipping_address: Some(Address {
            name: Some("Beth Aranda".into()),
            address1: Some("77 Lakeview Terrace".into()),
            address2: None,
            city: Some("Ely".into()),
            province_code: Some("MN".into()),
            zip: Some("55731".into()),
            country_code: Some("US".into()),
            phone: Some("+1 218 555 0123".into()),
        }),
        shipping_method: Some("Standard".into()),
        tags: Vec::new(),
        status_page: None,
    }
}

/// A parcel with all items of `of`, sent three days ago with UPS.
pub fn parcel(of: &Order, n: u32, status: ParcelStatus) -> Parcel {
    let item = |l: &LineItem| ParcelItem {
        line: l.id.clone(),
        fulfillment_line: Gid(format!("gid://shopify/FulfillmentLineItem/{n}{}", l.id.tail())),
        title: l.title.clone(),
        quantity: l.quantity,
    };
    Parcel {
        id: Gid(format!("gid://shopify/Fulfillment/{n}")),
        name: format!("{}-F{n}", of.number),
        status: Some(status),
        created_at: at(3),
        in_transit_at: None,
        delivered_at: None,
        estimated_delivery_at: None,
        tracking: vec![Tracking {
            company: Some("UPS".into()),
            number: Some(format!("1Z999AA10123456{n}")),
            url: Some(format!("https://ups.example/track?n=1Z999AA10123456{n}")),
        }],
        events: Vec::new(),
        items: of.items.iter().map(item).collect(),
    }
}

pub fn event(status: ParcelEventStatus, days_ago: i64, message: &str) -> ParcelEvent {
    ParcelEvent {
        status,
        at: at(days_ago),
        message: (!message.is_empty()).then(|| message.into()),
        city: Some("Hibbing".into()),
        province: Some("MN".into()),
        country: Some("US".into()),
    }
}

pub fn work(of: &Order, status: FulfillmentOrderStatus, holds: &[HoldReason]) -> PendingWork {
    PendingWork {
        id: Gid("gid://shopify/FulfillmentOrder/1".into()),
        status,
        fulfill_at: None,
        holds: holds
            .iter()
            .map(|r| Hold { reason: r.clone(), notes: Some("risk score 92, call the bank".into()) })
            .collect(),
        items: of
            .items
            .iter()
            .map(|l| PendingItem { line: l.id.clone(), title: l.title.clone(), remaining: l.quantity })
            .collect(),
    }
}

pub fn product() -> Product {
    let variant = |n: u32, title: &str, options: &[(&str, &str)], stock: i64| Variant {
        id: Gid(format!("gid://shopify/ProductVariant/{n}")),
        title: title.into(),
        sku: None,
        options: options.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect(),
        price: usd(12900),
        compare_at: None,
        available: stock > 0,
        stock: Some(stock),
        oversell: false,
    };
    Product {
        store: StoreId::parse("one").unwrap(),
        id: Gid("gid://shopify/Product/1".into()),
        handle: "trail-jacket".into(),
        title: "Trail Jacket".into(),
        status: ProductStatus::Active,
        product_type: Some("Jackets".into()),
        vendor: None,
        tags: Vec::new(),
        collections: Vec::new(),
        options: vec![
            ("Size".into(), vec!["M".into(), "L".into()]),
            ("Colour".into(), vec!["Olive".into(), "Rust".into()]),
        ],
        variants: vec![
            variant(1, "M / Olive", &[("Size", "M"), ("Colour", "Olive")], 4),
            variant(2, "M / Rust", &[("Size", "M"), ("Colour", "Rust")], 0),
            variant(3, "L / Olive", &[("Size", "L"), ("Colour", "Olive")], 1),
        ],
        metafields: Vec::new(),
        url: None,
        updated_at: at(9),
    }
}

/// The rules of the sample store, in the form of its TOML.
const RULES: &str = r#"
[returns.default]
id = "standard"
days = 30
conditions = ["unworn and unwashed"]
fee = { US = "7.50 USD", CA = "11.00 CAD" }
fee_waived = ["you choose an exchange"]
steps = ["Open fjellvik.example/returns and enter your order number.", "Print the label."]
page = "pages/returns.md"
url = "https://fjellvik.example/policies/refund-policy"
[[returns.rules]]
id = "final-sale"
when = [{ tags = ["final-sale"] }]
never = "it is a final sale item"
steps = ["If it arrived damaged, tell us within 7 days of delivery."]
page = "pages/final-sale.md"
[[returns.rules]]
id = "hygiene"
when = [{ tags = ["hygiene"] }]
never_unless = "its seal is unopened"
page = "pages/hygiene.md"
[delivery]
cutoff = "13:00"
holidays = [2026-11-26]
lost_after_business_days = { US = 7, CA = 12 }
not_received = { wait_business_days = 2, report_within_days = 10 }
page = "pages/damaged-missing.html"
[[delivery.methods]]
names = ["Standard"]
countries = ["US"]
business_days = [3, 5]
[cancel]
minutes = 60
faster = [{ methods = ["Express"], minutes = 15 }]
preorders_any_time = true
steps = ["Use the link \"Edit my order\" in the order confirmation e-mail."]
afterwards = ["You can send the items back after delivery."]
page = "pages/order-changes.md"
"#;

#[derive(serde::Deserialize)]
struct Rules {
    returns: crate::returns::ReturnRules,
    delivery: crate::delivery::DeliveryRules,
    cancel: crate::delivery::CancelRules,
}

pub fn profile() -> StoreProfile {
    let rules: Rules = toml::from_str(RULES).unwrap();
    StoreProfile {
        store: StoreId::parse("one").unwrap(),
        name: "Fjellvik Outfitters".into(),
        domain: "fjellvik.example".into(),
        currency: Currency::USD,
        time_zone: jiff::tz::TimeZone::get("America/Chicago").unwrap(),
        order_number: regex::Regex::new(r"#?FV\d{5}").unwrap(),
        contact_email: None,
        handoff_message: None,
        languages: vec!["en".into()],
        countries: Vec::new(),
        identity: vec![IdentityWay::OrderNumberAndEmail, IdentityWay::EmailedCode, IdentityWay::SignIn],
        returns: Some(rules.returns),
        delivery: Some(rules.delivery),
        cancel: Some(rules.cancel),
        hours: None,
        policy: Default::default(),
    }
}
