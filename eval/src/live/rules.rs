//! The store's rules, read from its TOML a second time and in another way than the engine reads them.

use super::shop::{Cents, Line, Order, Parcel, Shop};
use super::values;
use jiff::civil::{Date, Time, Weekday};
use jiff::{Span, Timestamp};
use std::collections::BTreeSet;
use toml::{Table, Value};

/// `[returns]`, `[delivery]` and `[cancel]` of a store's TOML.
#[derive(Clone, Debug)]
pub struct Rules(Table);

/// What the rules say of one line today.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Return {
    Never,
    /// Until the end of this day; `if_unopened` where an order cannot tell.
    Until {
        last: Date,
        if_unopened: bool,
    },
    Closed {
        last: Date,
    },
    /// So many days from a delivery that is not there yet.
    DaysFromDelivery(i64),
    /// Nothing left to return, a declined return, no date of delivery, a lost parcel: no day can be stated.
    NoDay,
}

impl Rules {
    pub fn read(text: &str) -> Result<Self, toml::de::Error> {
        text.parse().map(Self)
    }

    /// Every amount that the rules state, less the fees of other countries.
    pub fn amounts(&self, country: Option<&str>) -> BTreeSet<Cents> {
        fn walk(key: &str, value: &Value, country: Option<&str>, found: &mut BTreeSet<Cents>) {
            match value {
                Value::String(text) => found.extend(values::money(text).into_iter().map(|(amount, _)| amount)),
                Value::Array(values) => values.iter().for_each(|v| walk(key, v, country, found)),
                Value::Table(table) => {
                    let of_here = |name: &str| key != "fee" || country == Some(name);
                    table.iter().filter(|(name, _)| of_here(name)).for_each(|(k, v)| walk(k, v, country, found));
                }
                Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {}
            }
        }
        let mut found = BTreeSet::new();
        for key in ["returns", "delivery", "cancel"] {
            self.0.get(key).into_iter().for_each(|value| walk(key, value, country, &mut found));
        }
        found
    }

    /// Where a customer can write to.
    pub fn contact(&self) -> Option<String> {
        self.section(&["contact_email"])?.as_str().map(str::to_lowercase)
    }

    /// Every address of a page that the rules name.
    pub fn urls(&self) -> BTreeSet<String> {
        let text = self.0.to_string();
        text.split('"').filter(|part| part.starts_with("https://")).map(str::to_owned).collect()
    }

    fn section(&self, path: &[&str]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(self.0.get(*first)?, |value, key| value.get(key))
    }

    pub fn of_line(&self, shop: &Shop, order: &Order, line: &Line) -> Return {
        let returning = |r: &&super::shop::Return| matches!(r.status.as_str(), "REQUESTED" | "OPEN" | "CLOSED");
        let back: i64 = order
            .returns
            .iter()
            .filter(returning)
            .flat_map(|r| &r.items)
            .filter(|(id, ..)| *id == line.id)
            .map(|(_, quantity, refunded)| quantity - refunded)
            .sum();
        if order.cancelled.is_some() || line.current - back <= 0 {
            return Return::NoDay;
        }
        let empty = Vec::new();
        let rules = self.section(&["returns", "rules"]).and_then(Value::as_array).unwrap_or(&empty);
        let ordered = shop.day(order.created);
        let matching: Vec<&Value> = rules.iter().filter(|rule| about(rule, order, line, ordered)).collect();
        if matching.iter().any(|rule| rule.get("never").is_some()) {
            return Return::Never;
        }
        let declined =
            |r: &&super::shop::Return| r.status == "DECLINED" && r.items.iter().any(|(id, ..)| *id == line.id);
        if order.returns.iter().any(|r| declined(&r)) {
            return Return::NoDay;
        }
        let if_unopened = matching.iter().any(|rule| rule.get("never_unless").is_some());
        let window = matching.iter().copied().find(|rule| rule.get("days").or(rule.get("until")).is_some());
        let Some(window) = window.or_else(|| self.section(&["returns", "default"])) else { return Return::NoDay };
        let last = match (window.get("until").and_then(date), window.get("days").and_then(Value::as_integer)) {
            (Some(until), _) => Ok(until),
            (None, Some(days)) => Err(days),
            (None, None) => return Return::NoDay,
        };
        self.counted(shop, order, line, last, if_unopened)
    }

    /// From the delivery of the whole order, or to a fixed day.
    fn counted(&self, shop: &Shop, order: &Order, line: &Line, last: Result<Date, i64>, if_unopened: bool) -> Return {
        let carries = |p: &Parcel| p.items.iter().any(|(id, _)| *id == line.id);
        let mine: Vec<&Parcel> = order.parcels.iter().filter(|p| carries(p)).collect();
        let arrived = |p: &&Parcel| p.delivered.is_some();
        let lost = |p: &&Parcel| matches!(p.status.as_str(), "FAILURE" | "NOT_DELIVERED");
        let unknown =
            |p: &&Parcel| p.delivered.is_none() && matches!(p.status.as_str(), "FULFILLED" | "MARKED_AS_FULFILLED");
        if mine.iter().any(|p| unknown(p)) || !line.ships || (mine.iter().all(|p| lost(p)) && !mine.is_empty()) {
            return Return::NoDay;
        }
        if !mine.iter().any(|p| arrived(p)) {
            return match last {
                Ok(until) => Return::Until { last: until, if_unopened },
                Err(days) => Return::DaysFromDelivery(days),
            };
        }
        let last = match last {
            Ok(until) => until,
            Err(days) => {
                let whole = order.work.is_empty() && order.parcels.iter().all(|p| p.delivered.is_some());
                if !whole {
                    return Return::DaysFromDelivery(days);
                }
                let delivered = order.parcels.iter().filter_map(|p| p.delivered).max().map(|at| shop.day(at));
                match delivered.map(|day| day.saturating_add(Span::new().days(days))) {
                    Some(last) => last,
                    None => return Return::NoDay,
                }
            }
        };
        if shop.today() <= last { Return::Until { last, if_unopened } } else { Return::Closed { last } }
    }

    fn business_day(&self, day: Date) -> bool {
        let closed = self.section(&["delivery", "holidays"]).and_then(Value::as_array);
        let closed = closed.is_some_and(|days| days.iter().filter_map(date).any(|d| d == day));
        !closed && !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
    }

    /// The `n`th business day after `day`.
    pub fn business_days_after(&self, day: Date, n: i64) -> Date {
        let (mut day, mut left) = (day, n);
        while left > 0 {
            day = day.saturating_add(Span::new().days(1));
            left -= i64::from(self.business_day(day));
        }
        day
    }

    fn methods(&self, order: &Order, province: Option<&str>) -> Vec<&Value> {
        let Some(methods) = self.section(&["delivery", "methods"]).and_then(Value::as_array) else { return Vec::new() };
        let holds = |method: &Value, key: &str, have: &str| list(method, key).any(|w| like(w, have));
        let fits = |method: &&Value| {
            let country = order.country.as_deref().is_none_or(|c| holds(method, "countries", c));
            let province = province.is_none_or(|p| {
                (method.get("provinces").is_none() || holds(method, "provinces", p))
                    && !holds(method, "except_provinces", p)
            });
            holds(method, "names", &order.method) && country && province
        };
        methods.iter().filter(fits).collect()
    }

    /// The days between which something arrives that leaves on `leaves`. Where the asker may not know the province,
    /// all that may hold.
    pub fn expected(&self, order: &Order, province: Option<&str>, leaves: Date) -> Vec<Date> {
        let days = |at: usize| {
            self.methods(order, province).into_iter().filter_map(move |m| m.get("business_days")?.get(at)?.as_integer())
        };
        let ends = [days(0).min(), days(1).max()];
        ends.into_iter().flatten().map(|n| self.business_days_after(leaves, n)).collect()
    }

    /// The day on which an order that was just placed should leave.
    pub fn dispatch(&self, shop: &Shop, order: &Order, province: Option<&str>) -> Option<Date> {
        let of = |v: &Value| v.get("cutoff")?.as_str()?.parse::<Time>().ok();
        let general = self.section(&["delivery"]).and_then(of)?;
        let cutoff =
            self.methods(order, province).into_iter().map(|m| of(m).unwrap_or(general)).min().unwrap_or(general);
        let placed = order.created.to_zoned(shop.zone.clone());
        let same_day = self.business_day(placed.date()) && placed.time() < cutoff;
        Some(if same_day { placed.date() } else { self.business_days_after(placed.date(), 1) })
    }

    /// Since when a parcel that stands still is treated as lost. One without tracking is scanned by nobody.
    pub fn lost_since(&self, shop: &Shop, order: &Order, parcel: &Parcel) -> Option<Date> {
        if parcel.numbers.is_empty() {
            return None;
        }
        let days = self.section(&["delivery", "lost_after_business_days", order.country.as_deref()?])?.as_integer()?;
        let seen: Timestamp = parcel.events.iter().map(|(_, at)| *at).max().unwrap_or(parcel.created);
        let last = self.business_days_after(shop.day(seen), days);
        (parcel.delivered.is_none() && shop.today() > last).then(|| last.saturating_add(Span::new().days(1)))
    }

    /// Delivered, and not there: until when to wait, until when to say so.
    pub fn not_received(&self, delivered: Date) -> Vec<Date> {
        let of = |key| self.section(&["delivery", "not_received", key]).and_then(Value::as_integer);
        let wait = of("wait_business_days").map(|n| self.business_days_after(delivered, n));
        let report = of("report_within_days").map(|n| delivered.saturating_add(Span::new().days(n)));
        wait.into_iter().chain(report).collect()
    }
}

/// Whether a rule is about the line: one of its `when` holds in all its keys.
fn about(rule: &Value, order: &Order, line: &Line, ordered: Date) -> bool {
    let Some(alternatives) = rule.get("when").and_then(Value::as_array) else { return false };
    alternatives.iter().filter_map(Value::as_table).any(|when| {
        when.iter().all(|(key, wanted)| {
            let one_of = |have: &[&str]| strings(wanted).any(|w| have.iter().any(|h| like(w, h)));
            let filled =
                |value: &str| !matches!(value.trim().to_lowercase().as_str(), "" | "no" | "none" | "false" | "0");
            match key.as_str() {
                "tags" => one_of(&line.tags.iter().map(String::as_str).collect::<Vec<_>>()),
                "collections" => one_of(&line.collections.iter().map(String::as_str).collect::<Vec<_>>()),
                "product_types" => one_of(&[&line.product_type]),
                "titles" => one_of(&[&line.title]),
                "skus" => one_of(&[&line.sku]),
                "variants" => line.variant.as_deref().is_some_and(|v| one_of(&[v])),
                "attributes" => line.attributes.iter().any(|(name, value)| filled(value) && one_of(&[name])),
                "countries" => order.country.as_deref().is_some_and(|c| one_of(&[c])),
                "gift_card" => wanted.as_bool() == Some(line.gift_card),
                "ordered_from" => date(wanted).is_some_and(|from| from <= ordered),
                "ordered_to" => date(wanted).is_some_and(|to| ordered <= to),
                _ => false,
            }
        })
    })
}

fn strings(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a str> {
    value.get(key).into_iter().flat_map(strings)
}

fn date(value: &Value) -> Option<Date> {
    let Value::Datetime(at) = value else { return None };
    let day = at.date?;
    Date::new(i16::try_from(day.year).ok()?, i8::try_from(day.month).ok()?, i8::try_from(day.day).ok()?).ok()
}

/// `*` stands for any text; case does not count.
fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_lowercase(), text.to_lowercase());
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut left) = text.strip_prefix(head) else { return false };
    let parts: Vec<&str> = rest.split('*').collect();
    let Some((last, middle)) = parts.split_last() else { return true };
    for part in middle {
        match left.find(part) {
            Some(at) => left = &left[at + part.len()..],
            None => return false,
        }
    }
    left.ends_with(last)
}
