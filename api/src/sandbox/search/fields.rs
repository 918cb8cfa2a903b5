//! Which fields a resource can be searched by, and whether an object matches. Words are what stands between characters
//! that are neither letters nor digits; Shopify's own tokenization and ranking are not imitated.

use super::{Comparator, Expression, Term, parse};
use crate::sandbox::world::{Fields, World, number_of};
use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};
use serde_json::Value;

/// A query that was read for one type of object.
pub struct Search {
    ty: String,
    expression: Expression,
    now: Timestamp,
    /// A field that the type has not, a value that cannot be read: Shopify leaves such terms out and says so.
    pub warnings: Vec<Warning>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    pub field: String,
    pub code: &'static str,
    pub message: String,
}

/// What an object has in a field.
enum Held {
    /// Compared as a whole, without regard to case; the query may list several, with commas.
    Words(Vec<String>),
    /// Compared as a whole, without regard to case.
    Whole(Vec<String>),
    /// Compared word by word.
    Text(Vec<String>),
    Ids(Vec<u64>),
    Times(Vec<Timestamp>),
    Numbers(Vec<f64>),
}

impl Search {
    pub fn new(ty: &str, query: &str, now: Timestamp) -> Self {
        let mut warnings = Vec::new();
        let expression = keep_known(ty, parse(query), now, &mut warnings).unwrap_or(Expression::All);
        Self { ty: ty.into(), expression, now, warnings }
    }

    pub fn matches(&self, world: &World, object: &Fields) -> bool {
        self.holds(&self.expression, world, object)
    }

    fn holds(&self, expression: &Expression, world: &World, object: &Fields) -> bool {
        match expression {
            Expression::All => true,
            Expression::Not(inner) => !self.holds(inner, world, object),
            Expression::And(all) => all.iter().all(|e| self.holds(e, world, object)),
            Expression::Or(any) => any.iter().any(|e| self.holds(e, world, object)),
            Expression::Term(term) => match &term.field {
                Some(field) => held(&self.ty, field, world, object).is_some_and(|h| h.matches(term, self.now)),
                None => default_fields(&self.ty)
                    .iter()
                    .filter_map(|field| held(&self.ty, field, world, object))
                    .any(|h| h.matches(term, self.now)),
            },
        }
    }
}

/// Leaves out what the type cannot be searched by.
fn keep_known(ty: &str, e: Expression, now: Timestamp, warnings: &mut Vec<Warning>) -> Option<Expression> {
    let mut each = |all: Vec<Expression>| -> Vec<Expression> {
        all.into_iter().filter_map(|e| keep_known(ty, e, now, warnings)).collect()
    };
    match e {
        Expression::All => Some(Expression::All),
        Expression::And(all) => Some(each(all)).filter(|kept| !kept.is_empty()).map(Expression::And),
        Expression::Or(any) => Some(each(any)).filter(|kept| !kept.is_empty()).map(Expression::Or),
        Expression::Not(inner) => keep_known(ty, *inner, now, warnings).map(|e| Expression::Not(Box::new(e))),
        Expression::Term(term) => {
            let Some(field) = term.field.clone() else { return Some(Expression::Term(term)) };
            let warning = match held(ty, &field, &World::default(), &Fields::new()) {
                None => Some(("invalid_field", "Invalid search field for this query.".to_owned())),
                Some(held) if !held.understands(&term, now) => {
                    Some(("invalid_value", format!("Input `{}` is not an accepted value.", term.value)))
                }
                Some(_) => None,
            };
            match warning {
                None => Some(Expression::Term(term)),
                Some((code, message)) => {
                    warnings.push(Warning { field, code, message });
                    None
                }
            }
        }
    }
}

fn default_fields(ty: &str) -> &'static [&'static str] {
    match ty {
        "Order" => &["name", "email", "customer_name", "confirmation_number"],
        "Product" => &["title", "sku", "vendor", "product_type", "tag", "handle"],
        "ProductVariant" => &["title", "sku", "product_title"],
        "Customer" => &["first_name", "last_name", "email", "phone"],
        _ => &["title", "handle"],
    }
}

/// None: objects of this type cannot be searched by it.
fn held(ty: &str, field: &str, world: &World, o: &Fields) -> Option<Held> {
    let one =
        |key: &str| -> Vec<String> { o.get(key).and_then(Value::as_str).map(str::to_owned).into_iter().collect() };
    let enums = |key: &str| Held::Words(one(key).into_iter().map(|s| s.to_lowercase()).collect());
    let tags = || Held::Words(strings(o.get("tags")));
    let linked = |list: &str, key: &str| -> Vec<String> {
        let ids = strings(o.get(list));
        ids.iter().filter_map(|gid| world.get(gid)?.get(key)?.as_str().map(str::to_owned)).collect()
    };
    let of_linked = |link: &str, keys: &[&str]| -> Vec<String> {
        let linked = o.get(link).and_then(Value::as_str).and_then(|gid| world.get(gid));
        let all = keys.iter().filter_map(|key| linked.as_ref()?.get(*key)?.as_str()).collect::<Vec<_>>();
        if all.is_empty() { Vec::new() } else { vec![all.join(" ")] }
    };
    let link_ids = |key: &str| Held::Ids(one(key).iter().filter_map(|gid| number_of(gid)).collect());
    let time = |key: &str| Held::Times(one(key).iter().filter_map(|t| t.parse().ok()).collect());
    let count = |key: &str| {
        let value = o.get(key);
        let number = value.and_then(Value::as_f64).or_else(|| value?.as_str()?.parse().ok());
        Held::Numbers(number.into_iter().collect())
    };

    Some(match (ty, field) {
        (_, "id") => link_ids("id"),
        (_, "created_at") => time("createdAt"),
        (_, "updated_at") => time("updatedAt"),

        ("Order", "name") => Held::Whole(one("name").iter().map(|n| n.trim_start_matches('#').to_owned()).collect()),
        ("Order", "processed_at") => time("processedAt"),
        ("Order", "email") => Held::Text(one("email")),
        ("Order", "customer_name") => Held::Text(of_linked("customer", &["firstName", "lastName"])),
        ("Order", "customer_id") => link_ids("customer"),
        ("Order", "confirmation_number") => Held::Whole(one("confirmationNumber")),
        ("Order", "po_number") => Held::Whole(one("poNumber")),
        ("Order", "financial_status") => enums("displayFinancialStatus"),
        ("Order", "fulfillment_status") => Held::Words(fulfillment_words(&one("displayFulfillmentStatus"))),
        ("Order", "return_status") => enums("returnStatus"),
        ("Order", "status") => Held::Words(order_status(o)),
        ("Order", "tag") => tags(),
        ("Order", "sku") => Held::Whole(linked("lineItems", "sku")),

        ("Product" | "Collection" | "Page" | "Article" | "ProductVariant", "title") => Held::Text(one("title")),
        ("Product" | "Collection" | "Page" | "Article", "handle") => Held::Words(one("handle")),
        ("Product", "sku") => Held::Whole(linked("variants", "sku")),
        ("Product", "barcode") => Held::Whole(linked("variants", "barcode")),
        ("Product", "vendor") => Held::Words(one("vendor")),
        ("Product", "product_type") => Held::Words(one("productType")),
        ("Product", "tag") => tags(),
        ("Product", "status") => enums("status"),
        ("Product", "inventory_total") => count("totalInventory"),
        ("Product", "collection_id") => {
            Held::Ids(strings(o.get("collections")).iter().filter_map(|gid| number_of(gid)).collect())
        }

        ("ProductVariant", "sku") => Held::Whole(one("sku")),
        ("ProductVariant", "barcode") => Held::Whole(one("barcode")),
        ("ProductVariant", "product_id") => link_ids("product"),
        ("ProductVariant", "product_title") => Held::Text(of_linked("product", &["title"])),
        ("ProductVariant", "inventory_quantity") => count("inventoryQuantity"),

        ("Customer", "email") => Held::Text(one("email")),
        ("Customer", "phone") => Held::Whole(one("phone")),
        ("Customer", "first_name") => Held::Text(one("firstName")),
        ("Customer", "last_name") => Held::Text(one("lastName")),
        ("Customer", "tag") => tags(),
        ("Customer", "orders_count") => count("numberOfOrders"),

        ("GiftCard", "customer_id") => link_ids("customer"),
        ("GiftCard", "recipient_id") => {
            let recipient = o.get("recipientAttributes").and_then(|given| given.get("recipient")?.as_str());
            Held::Ids(recipient.and_then(number_of).into_iter().collect())
        }

        ("Page" | "Article", "published_at") => time("publishedAt"),
        ("Article", "tag") => tags(),
        ("Return" | "FulfillmentOrder", "status") => enums("status"),
        _ => return None,
    })
}

fn fulfillment_words(status: &[String]) -> Vec<String> {
    let words: Vec<&str> = match status.first().map(String::as_str) {
        None => vec![],
        Some("UNFULFILLED") => vec!["unfulfilled", "unshipped"],
        Some("FULFILLED") => vec!["fulfilled", "shipped"],
        Some("PARTIALLY_FULFILLED") => vec!["partial"],
        Some(other) => return vec![other.to_lowercase()],
    };
    words.into_iter().map(str::to_owned).collect()
}

fn order_status(order: &Fields) -> Vec<String> {
    let cancelled = order.get("cancelledAt").is_some_and(|v| !v.is_null());
    let closed = order.get("closed").and_then(Value::as_bool).unwrap_or(false);
    let words: &[&str] = match (cancelled, closed) {
        (true, _) => &["any", "cancelled"],
        (false, true) => &["any", "closed"],
        (false, false) => &["any", "open", "not_closed"],
    };
    words.iter().map(|&w| w.to_owned()).collect()
}

fn strings(list: Option<&Value>) -> Vec<String> {
    let items = list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

impl Held {
    /// Whether the term's value can be compared with what this field holds.
    fn understands(&self, term: &Term, now: Timestamp) -> bool {
        if term.prefix && term.value.is_empty() {
            return true;
        }
        match self {
            Held::Words(_) | Held::Whole(_) | Held::Text(_) => term.comparator == Comparator::Is,
            Held::Ids(_) => id_in(&term.value).is_some(),
            Held::Times(_) => moment(&term.value, now).is_some(),
            Held::Numbers(_) => term.value.parse::<f64>().is_ok(),
        }
    }

    fn matches(&self, term: &Term, now: Timestamp) -> bool {
        // `phone:*`: anything at all.
        if term.prefix && term.value.is_empty() {
            return match self {
                Held::Words(h) | Held::Whole(h) | Held::Text(h) => !h.is_empty(),
                Held::Ids(h) => !h.is_empty(),
                Held::Times(h) => !h.is_empty(),
                Held::Numbers(h) => !h.is_empty(),
            };
        }
        match self {
            Held::Words(held) => {
                let wanted: Vec<&str> = term.value.split(',').map(str::trim).filter(|w| !w.is_empty()).collect();
                held.iter().any(|h| wanted.iter().any(|w| whole(h, w, term.prefix)))
            }
            Held::Whole(held) => {
                let wanted = term.value.trim().trim_start_matches('#');
                held.iter().any(|h| whole(h, wanted, term.prefix))
            }
            Held::Text(held) => held.iter().any(|h| in_text(h, term)),
            Held::Ids(held) => id_in(&term.value).is_some_and(|w| held.iter().any(|h| ordered(term, *h, w, w))),
            Held::Numbers(held) => {
                term.value.parse::<f64>().is_ok_and(|w| held.iter().any(|h| ordered(term, *h, w, w)))
            }
            Held::Times(held) => {
                moment(&term.value, now).is_some_and(|(from, to)| held.iter().any(|h| ordered(term, *h, from, to)))
            }
        }
    }
}

/// Compares with a span (a year, a day): before it, after it, or in it.
fn ordered<T: PartialOrd>(term: &Term, held: T, from: T, to: T) -> bool {
    match term.comparator {
        Comparator::Is => held >= from && held <= to,
        Comparator::Less => held < from,
        Comparator::AtMost => held <= to,
        Comparator::Greater => held > to,
        Comparator::AtLeast => held >= from,
    }
}

fn whole(held: &str, wanted: &str, prefix: bool) -> bool {
    let (held, wanted) = (held.to_lowercase(), wanted.to_lowercase());
    if prefix { held.starts_with(&wanted) } else { held == wanted }
}

fn in_text(held: &str, term: &Term) -> bool {
    let (held, wanted) = (words(held), words(&term.value));
    let Some((last, before)) = wanted.split_last() else { return false };
    let is_last = |word: &String| if term.prefix { word.starts_with(last.as_str()) } else { word == last };
    if term.phrase {
        held.windows(wanted.len()).any(|run| run == wanted)
    } else {
        before.iter().all(|w| held.contains(w)) && held.iter().any(is_last)
    }
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
    words.map(str::to_lowercase).collect()
}

fn id_in(value: &str) -> Option<u64> {
    value.parse().ok().or_else(|| number_of(value))
}

/// First and last moment of what is named: `now`, `2024`, `2024-05`, a day, a time with or without an offset.
fn moment(value: &str, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
    if value.eq_ignore_ascii_case("now") {
        return Some((now, now));
    }
    if let Ok(at) = value.parse::<Timestamp>() {
        return Some((at, at));
    }
    if value.contains('T') {
        let at: jiff::civil::DateTime = value.parse().ok()?;
        let at = at.to_zoned(TimeZone::UTC).ok()?.timestamp();
        return Some((at, at));
    }
    let (first, span) = match value.len() {
        4 => (format!("{value}-01-01"), Span::new().years(1)),
        7 => (format!("{value}-01"), Span::new().months(1)),
        10 => (value.to_owned(), Span::new().days(1)),
        _ => return None,
    };
    let first: Date = first.parse().ok()?;
    let start = |day: Date| Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp());
    let end = start(first.checked_add(span).ok()?)?;
    Some((start(first)?, end.checked_sub(Span::new().nanoseconds(1)).ok()?))
}
