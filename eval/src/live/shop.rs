//! A shop's fixture as it lies on disk, read without the engine's decoder: what is expected must not share its mistakes.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The fixture cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ShopError {
    #[error("{} cannot be read", file.display())]
    Read { file: PathBuf, source: std::io::Error },
    #[error("{} line {line}: {problem}", file.display())]
    Broken { file: PathBuf, line: usize, problem: String },
}

/// Minor units of what the customer paid, and its currency.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cents {
    pub minor: i64,
    pub currency: String,
}

#[derive(Clone, Debug)]
pub struct Shop {
    pub now: Timestamp,
    pub zone: TimeZone,
    /// Orders that are older cannot be seen with the fixture's scopes.
    pub reach: Option<Timestamp>,
    pub orders: Vec<Order>,
    pub customers: Vec<Customer>,
    /// Of every product, the longest first.
    pub titles: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Customer {
    /// The number at the end of the id.
    pub id: String,
    pub email: String,
}

#[derive(Clone, Debug, Default)]
pub struct Order {
    /// `#FV10234`.
    pub name: String,
    pub email: String,
    /// Absent for a guest.
    pub customer: Option<String>,
    /// Without `state:`.
    pub states: Vec<String>,
    pub created: Timestamp,
    pub cancelled: Option<Timestamp>,
    pub currency: String,
    /// Every amount of the order itself by its field: `currentTotalPriceSet`.
    pub money: BTreeMap<String, Cents>,
    pub lines: Vec<Line>,
    pub parcels: Vec<Parcel>,
    /// What has not left, without what is closed.
    pub work: Vec<Work>,
    pub returns: Vec<Return>,
    pub refunds: Vec<Refund>,
    pub method: String,
    pub country: Option<String>,
    pub province: Option<String>,
    /// Street, city, postal code: what an owner who asks for the address is told.
    pub address: Vec<String>,
    /// What else belongs to the person: names, telephone numbers, the second line of the address.
    pub person: Vec<String>,
    /// For nobody outside the store: reasons of holds, notes.
    pub internal: Vec<String>,
    pub status_page: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub struct Line {
    pub id: String,
    pub title: String,
    pub variant: Option<String>,
    pub sku: String,
    pub quantity: i64,
    pub current: i64,
    pub ships: bool,
    pub gift_card: bool,
    pub product_type: String,
    pub tags: Vec<String>,
    pub collections: Vec<String>,
    pub attributes: Vec<(String, String)>,
    pub amounts: Vec<Cents>,
}

#[derive(Clone, Debug, Default)]
pub struct Parcel {
    /// `#FV10234-F1`.
    pub name: String,
    pub status: String,
    pub created: Timestamp,
    pub in_transit: Option<Timestamp>,
    pub delivered: Option<Timestamp>,
    pub estimated: Option<Timestamp>,
    pub carriers: Vec<String>,
    pub numbers: Vec<String>,
    pub urls: Vec<String>,
    /// Status and time.
    pub events: Vec<(String, Timestamp)>,
    pub messages: Vec<String>,
    /// Line and quantity.
    pub items: Vec<(String, i64)>,
}

#[derive(Clone, Debug, Default)]
pub struct Work {
    pub status: String,
    pub fulfil_at: Option<Timestamp>,
    pub holds: Vec<String>,
    pub items: Vec<(String, i64)>,
}

#[derive(Clone, Debug, Default)]
pub struct Return {
    pub status: String,
    pub created: Timestamp,
    pub closed: Option<Timestamp>,
    /// Line, quantity, of which refunded.
    pub items: Vec<(String, i64, i64)>,
}

#[derive(Clone, Debug)]
pub struct Refund {
    pub amount: Cents,
    pub at: Timestamp,
    pub transactions: Vec<(Cents, String, Option<Timestamp>)>,
}

impl Shop {
    pub fn open(dir: &Path) -> Result<Self, ShopError> {
        let file = dir.join("shop.json");
        let text = fs::read_to_string(&file).map_err(|source| ShopError::Read { file: file.clone(), source })?;
        let broken = |problem: &str| ShopError::Broken { file: file.clone(), line: 1, problem: problem.to_owned() };
        let shop: Value = serde_json::from_str(&text).map_err(|e| broken(&e.to_string()))?;
        let now = time(&shop["now"]).ok_or_else(|| broken("`now` is no time"))?;
        let zone = shop["shop"]["ianaTimezone"].as_str().unwrap_or("UTC");
        let zone = TimeZone::get(zone).map_err(|e| broken(&e.to_string()))?;
        let all_orders = items(&shop, "scopes").iter().any(|s| s == "read_all_orders");
        let reach = (!all_orders).then(|| now - jiff::SignedDuration::from_hours(60 * 24));
        let collections: BTreeMap<String, String> =
            lines(&dir.join("collections.jsonl"), |row| Some((text_of(row, "id"), text_of(row, "handle"))))?
                .into_iter()
                .collect();
        let products = lines(&dir.join("products.jsonl"), |row| Some((text_of(row, "id"), row.clone())))?;
        let products: BTreeMap<String, Value> = products.into_iter().collect();
        let mut titles: Vec<String> = products.values().map(|p| text_of(p, "title")).collect();
        titles.sort_by_key(|title| std::cmp::Reverse(title.len()));
        let orders = lines(&dir.join("orders.jsonl"), |row| order(row, &products, &collections))?;
        let customers = lines(&dir.join("customers.jsonl"), |row| {
            Some(Customer { id: tail(&text_of(row, "id")).to_owned(), email: text_of(row, "email") })
        })?;
        Ok(Self { now, zone, reach, orders, customers, titles })
    }

    /// The day of an instant where the store is.
    pub fn day(&self, at: Timestamp) -> Date {
        at.to_zoned(self.zone.clone()).date()
    }

    pub fn today(&self) -> Date {
        self.day(self.now)
    }

    /// Whether the fixture's scopes reach the order.
    pub fn reaches(&self, order: &Order) -> bool {
        self.reach.is_none_or(|reach| order.created >= reach)
    }
}

fn lines<T>(file: &Path, read: impl Fn(&Value) -> Option<T>) -> Result<Vec<T>, ShopError> {
    let text = fs::read_to_string(file).map_err(|source| ShopError::Read { file: file.to_owned(), source })?;
    let one = |(i, line): (usize, &str)| {
        let broken = |problem: String| ShopError::Broken { file: file.to_owned(), line: i + 1, problem };
        let row: Value = serde_json::from_str(line).map_err(|e| broken(e.to_string()))?;
        read(&row).ok_or_else(|| broken("a field that every row has is missing or no time or no amount".into()))
    };
    text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).map(one).collect()
}

fn items<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn text_of(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value, keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| text_of(value, key)).filter(|text| !text.is_empty()).collect()
}

fn number(value: &Value, key: &str) -> i64 {
    value[key].as_i64().unwrap_or(0)
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

fn tail(gid: &str) -> &str {
    gid.rsplit('/').next().unwrap_or_default()
}

/// A decimal is in the shop's currency; in a MoneyBag the presentment money is what the customer saw.
fn cents(bag: &Value, currency: &str) -> Option<Cents> {
    let (amount, currency) = match bag {
        Value::String(amount) => (amount.as_str(), currency),
        bag => (bag["presentmentMoney"]["amount"].as_str()?, bag["presentmentMoney"]["currencyCode"].as_str()?),
    };
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
    let minor = format!("{whole}{fraction:0<2}").parse().ok()?;
    (fraction.len() <= 2).then(|| Cents { minor, currency: currency.to_owned() })
}

fn order(row: &Value, products: &BTreeMap<String, Value>, collections: &BTreeMap<String, String>) -> Option<Order> {
    let currency = row["currencyCode"].as_str()?;
    let amounts = |value: &Value| -> Option<Vec<(String, Cents)>> {
        let sets = value.as_object()?.iter().filter(|(key, _)| key.ends_with("Set"));
        sets.map(|(key, bag)| Some((key.clone(), cents(bag, currency)?))).collect()
    };
    let pairs = |value: &Value, quantity: &str| -> Vec<(String, i64)> {
        value.as_array().into_iter().flatten().map(|i| (text_of(i, "lineItem"), number(i, quantity))).collect()
    };
    let line = |l: &Value| {
        let product = products.get(l["product"].as_str()?)?;
        let handles = items(product, "collections").iter().filter_map(|gid| collections.get(gid.as_str()?));
        Some(Line {
            id: text_of(l, "id"),
            title: text_of(l, "title"),
            variant: l["variantTitle"].as_str().map(str::to_owned),
            sku: text_of(l, "sku"),
            quantity: number(l, "quantity"),
            current: number(l, "currentQuantity"),
            ships: l["requiresShipping"].as_bool().unwrap_or(false),
            gift_card: l["isGiftCard"].as_bool().unwrap_or(false),
            product_type: text_of(product, "productType"),
            tags: items(product, "tags").iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            collections: handles.cloned().collect(),
            attributes: items(l, "customAttributes").iter().map(|a| (text_of(a, "key"), text_of(a, "value"))).collect(),
            amounts: amounts(l)?.into_iter().map(|(_, amount)| amount).collect(),
        })
    };
    let parcel = |f: &Value| {
        let tracking = |key| -> Vec<String> { items(f, "trackingInfo").iter().map(|t| text_of(t, key)).collect() };
        let events = items(f, "events");
        Some(Parcel {
            name: text_of(f, "name"),
            status: text_of(f, "displayStatus"),
            created: time(&f["createdAt"])?,
            in_transit: time(&f["inTransitAt"]),
            delivered: time(&f["deliveredAt"]),
            estimated: time(&f["estimatedDeliveryAt"]),
            carriers: tracking("company"),
            numbers: tracking("number"),
            urls: tracking("url"),
            events: events
                .iter()
                .map(|e| Some((text_of(e, "status"), time(&e["happenedAt"])?)))
                .collect::<Option<_>>()?,
            messages: events.iter().flat_map(|e| texts(e, &["message"])).collect(),
            items: pairs(&f["fulfillmentLineItems"], "quantity"),
        })
    };
    let fulfilments = items(row, "fulfillments");
    let line_of = |fulfilment_line: &str| -> Option<String> {
        let all = fulfilments.iter().flat_map(|f| items(f, "fulfillmentLineItems"));
        all.clone().find(|i| i["id"] == fulfilment_line).map(|i| text_of(i, "lineItem"))
    };
    let returned = |r: &Value| {
        let item = |i: &Value| {
            Some((line_of(i["fulfillmentLineItem"].as_str()?)?, number(i, "quantity"), number(i, "refundedQuantity")))
        };
        Some(Return {
            status: text_of(r, "status"),
            created: time(&r["createdAt"])?,
            closed: time(&r["closedAt"]),
            items: items(r, "returnLineItems").iter().map(item).collect::<Option<_>>()?,
        })
    };
    let refund = |r: &Value| {
        let transaction =
            |t: &Value| Some((cents(&t["amountSet"], currency)?, text_of(t, "status"), time(&t["processedAt"])));
        Some(Refund {
            amount: cents(&r["totalRefundedSet"], currency)?,
            at: time(&r["processedAt"])?,
            transactions: items(r, "transactions").iter().map(transaction).collect::<Option<_>>()?,
        })
    };
    let work = |w: &&Value| w["status"] != "CLOSED" && w["status"] != "CANCELLED";
    let holds = || items(row, "fulfillmentOrders").iter().flat_map(|w| items(w, "fulfillmentHolds"));
    let address = &row["shippingAddress"];
    let mut internal = texts(row, &["note"]);
    internal.extend(holds().flat_map(|h| texts(h, &["reasonNotes"])));
    internal.extend(items(row, "refunds").iter().flat_map(|r| texts(r, &["note"])));
    Some(Order {
        name: text_of(row, "name"),
        email: text_of(row, "email"),
        customer: row["customer"].as_str().map(|gid| tail(gid).to_owned()),
        states: items(row, "tags")
            .iter()
            .filter_map(|t| Some(t.as_str()?.strip_prefix("state:")?.to_owned()))
            .collect(),
        created: time(&row["createdAt"])?,
        cancelled: time(&row["cancelledAt"]),
        currency: row["presentmentCurrencyCode"].as_str().unwrap_or(currency).to_owned(),
        money: amounts(row)?.into_iter().collect(),
        lines: items(row, "lineItems").iter().map(line).collect::<Option<_>>()?,
        parcels: fulfilments.iter().map(parcel).collect::<Option<_>>()?,
        work: items(row, "fulfillmentOrders")
            .iter()
            .filter(work)
            .map(|w| Work {
                status: text_of(w, "status"),
                fulfil_at: time(&w["fulfillAt"]),
                holds: items(w, "fulfillmentHolds").iter().map(|h| text_of(h, "reason")).collect(),
                items: pairs(&w["lineItems"], "remainingQuantity"),
            })
            .collect(),
        returns: items(row, "returns").iter().map(returned).collect::<Option<_>>()?,
        refunds: items(row, "refunds").iter().map(refund).collect::<Option<_>>()?,
        method: text_of(&row["shippingLine"], "title"),
        country: address["countryCodeV2"].as_str().map(str::to_owned),
        province: address["provinceCode"].as_str().map(str::to_owned),
        address: texts(address, &["address1", "city", "zip"]),
        person: texts(address, &["name", "address2", "phone"]),
        internal,
        status_page: row["statusPageUrl"].as_str().map(str::to_owned),
    })
}
