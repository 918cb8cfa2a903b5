//! Delivery and cancellation rules as data: when a parcel should arrive, when it is late or lost, and how long an
//! order can be cancelled. Days are days of the store's time zone; business days skip weekends and the listed holidays.

#[cfg(test)]
mod tests;

use crate::live::{FulfillmentOrderStatus, Order, Parcel, ParcelStatus, PendingWork};
use crate::returns::day;
use crate::store::written::{checked, days, is_country, like};
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// `[delivery]`.
#[derive(Clone, Debug, PartialEq)]
pub struct DeliveryRules {
    /// An order placed before this time of a business day leaves on that day.
    pub cutoff: Time,
    /// Days on which nothing leaves and nobody carries, besides Saturdays and Sundays.
    pub holidays: Vec<Date>,
    pub methods: Vec<Method>,
    /// Every country that the store delivers to (`US`). Empty: not said, and then no country is one that it does not
    /// deliver to.
    pub ships_to: Vec<String>,
    /// Business days without a scan after which a parcel is treated as lost, by country.
    pub lost_after_business_days: BTreeMap<String, u32>,
    /// Delivered, the carrier says, and nothing is there.
    pub not_received: Option<NotReceived>,
    /// Days from delivery within which damage, a wrong or a missing item is reported.
    pub claim_within_days: Option<u32>,
    /// The document that states what happens to lost, damaged and missing things, and its address.
    pub page: Option<String>,
    pub url: Option<String>,
}

/// How long one delivery method takes, to one region.
#[derive(Clone, Debug, PartialEq)]
pub struct Method {
    /// As the order names it; `*` stands for any text.
    pub names: Vec<String>,
    pub countries: Vec<String>,
    /// Only to these (`AK`), if any are listed.
    pub provinces: Vec<String>,
    /// Not to these.
    pub except_provinces: Vec<String>,
    /// Fewest and most business days after dispatch.
    pub business_days: (u32, u32),
    /// Where it differs from the cut-off of all.
    pub cutoff: Option<Time>,
    /// The document that states it (`pages/shipping-us.md`).
    pub page: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotReceived {
    /// Business days to wait first.
    pub wait_business_days: u32,
    /// Days from the delivery scan within which it is reported.
    pub report_within_days: u32,
}

/// Where an order goes, as far as it is known. A claimed order shows its country only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Destination<'a> {
    pub country: Option<&'a str>,
    pub province: Option<&'a str>,
}

/// Whether a parcel is where it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Overdue {
    /// Expected between these days; the last of them is not over.
    No { from: Date, to: Date },
    /// Expected until `since`, and not lost yet.
    Late { since: Date },
    /// No scan for so long that the store sends it again or refunds it. `since` is the day it became so.
    Lost { since: Date },
    /// No rule says how long such a parcel takes.
    NoRule,
}

impl DeliveryRules {
    pub fn is_business_day(&self, date: Date) -> bool {
        !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) && !self.holidays.contains(&date)
    }

    /// The `n`th business day after `date`; for 0 the date itself. `None` past the end of the calendar.
    pub fn add_business_days(&self, date: Date, n: u32) -> Option<Date> {
        (0..n).try_fold(date, |date, _| self.next_business_day(date))
    }

    fn next_business_day(&self, date: Date) -> Option<Date> {
        let mut next = date.tomorrow().ok()?;
        while !self.is_business_day(next) {
            next = next.tomorrow().ok()?;
        }
        Some(next)
    }

    /// The days between which a parcel arrives that left on `dispatched`. Where the province is not known and decides,
    /// the range covers all that it may be.
    pub fn expected(&self, method: &str, to: Destination<'_>, dispatched: Date) -> Option<(Date, Date)> {
        let fitting: Vec<&Method> = self.methods.iter().filter(|m| m.fits(method, to)).collect();
        let fewest = fitting.iter().map(|m| m.business_days.0).min()?;
        let most = fitting.iter().map(|m| m.business_days.1).max()?;
        Some((self.add_business_days(dispatched, fewest)?, self.add_business_days(dispatched, most)?))
    }

    /// The day on which an order placed at `placed` leaves. The earliest cut-off counts where several may apply.
    pub fn dispatch_day(
        &self,
        method: &str,
        to: Destination<'_>,
        placed: Timestamp,
        time_zone: &TimeZone,
    ) -> Option<Date> {
        let placed = placed.to_zoned(time_zone.clone());
        let cutoff = self.methods.iter().filter(|m| m.fits(method, to)).map(|m| m.cutoff.unwrap_or(self.cutoff)).min();
        let today = placed.date();
        if self.is_business_day(today) && placed.time() < cutoff.unwrap_or(self.cutoff) {
            Some(today)
        } else {
            self.next_business_day(today)
        }
    }

    /// Whether a parcel that was not delivered is late or lost on `today`. Without tracking events its last sign of
    /// life is that it left.
    pub fn overdue(
        &self,
        parcel: &Parcel,
        method: &str,
        to: Destination<'_>,
        today: Date,
        time_zone: &TimeZone,
    ) -> Overdue {
        let left = parcel.in_transit_at.unwrap_or(parcel.created_at);
        let seen = parcel.events.iter().map(|e| e.at).chain([left]).max().unwrap_or(left);
        let lost = to
            .country
            .and_then(|country| self.lost_after_business_days.get(&country.to_ascii_uppercase()))
            .and_then(|days| self.add_business_days(day(seen, time_zone), *days));
        match (lost, self.expected(method, to, day(left, time_zone))) {
            (Some(last), _) if today > last => Overdue::Lost { since: last.tomorrow().unwrap_or(last) },
            (_, Some((_, last))) if today > last => Overdue::Late { since: last },
            (_, Some((from, to))) => Overdue::No { from, to },
            (_, None) => Overdue::NoRule,
        }
    }
}

impl Method {
    fn fits(&self, method: &str, to: Destination<'_>) -> bool {
        let among = |list: &[String], have: &str| list.iter().any(|code| code.eq_ignore_ascii_case(have));
        self.names.iter().any(|name| like(name, method))
            && to.country.is_none_or(|country| among(&self.countries, country))
            && to.province.is_none_or(|province| {
                (self.provinces.is_empty() || among(&self.provinces, province))
                    && !among(&self.except_provinces, province)
            })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDelivery {
    cutoff: Time,
    #[serde(default, deserialize_with = "days")]
    holidays: Vec<Date>,
    #[serde(default)]
    methods: Vec<Method>,
    #[serde(default)]
    ships_to: Vec<String>,
    #[serde(default)]
    lost_after_business_days: BTreeMap<String, u32>,
    not_received: Option<NotReceived>,
    claim_within_days: Option<u32>,
    page: Option<String>,
    url: Option<String>,
}

/// A year: more is a slip of the pen, and counting would take long.
const MAX_BUSINESS_DAYS: u32 = 366;

impl<'de> Deserialize<'de> for DeliveryRules {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        checked::<D, RawDelivery, Self>(d)
    }
}

impl TryFrom<RawDelivery> for DeliveryRules {
    type Error = String;

    fn try_from(raw: RawDelivery) -> Result<Self, String> {
        let waits = raw.not_received.map(|n| n.wait_business_days);
        if raw.lost_after_business_days.values().copied().chain(waits).any(|days| days > MAX_BUSINESS_DAYS) {
            return Err("at most 366 business days can be said".into());
        }
        if let Some(code) = raw.lost_after_business_days.keys().find(|code| !is_country(code)) {
            return Err(format!("'{code}' is no country code; write two capitals, such as US"));
        }
        if let Some(code) = raw.ships_to.iter().find(|code| !is_country(code)) {
            return Err(format!("'{code}' of `ships_to` is no country code; write two capitals, such as US"));
        }
        let missing = |country: &&String| !raw.ships_to.contains(country);
        let carried = raw.methods.iter().flat_map(|method| &method.countries).find(missing);
        if let Some(code) = carried.filter(|_| !raw.ships_to.is_empty()) {
            return Err(format!("a method goes to {code}, which `ships_to` leaves out"));
        }
        let RawDelivery { cutoff, holidays, methods, ships_to, lost_after_business_days, not_received, .. } = raw;
        let RawDelivery { claim_within_days, page, url, .. } = raw;
        Ok(Self {
            cutoff,
            holidays,
            methods,
            ships_to,
            lost_after_business_days,
            not_received,
            claim_within_days,
            page,
            url,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMethod {
    names: Vec<String>,
    countries: Vec<String>,
    #[serde(default)]
    provinces: Vec<String>,
    #[serde(default)]
    except_provinces: Vec<String>,
    business_days: (u32, u32),
    cutoff: Option<Time>,
    page: Option<String>,
}

impl<'de> Deserialize<'de> for Method {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        checked::<D, RawMethod, Self>(d)
    }
}

impl TryFrom<RawMethod> for Method {
    type Error = String;

    fn try_from(raw: RawMethod) -> Result<Self, String> {
        let RawMethod { names, countries, provinces, except_provinces, business_days, cutoff, page } = raw;
        if names.is_empty() || countries.is_empty() {
            return Err("a method needs `names`, as orders name it, and `countries`, where it goes".into());
        }
        let (fewest, most) = business_days;
        if fewest > most || most > MAX_BUSINESS_DAYS {
            return Err("write `business_days` as [fewest, most], at most 366".into());
        }
        if let Some(code) = countries.iter().find(|code| !is_country(code)) {
            return Err(format!("'{code}' is no country code; write two capitals, such as US"));
        }
        Ok(Self { names, countries, provinces, except_provinces, business_days, cutoff, page })
    }
}

/// `[cancel]`: how long after placing an order can be cancelled.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancelRules {
    pub minutes: u32,
    /// Methods that leave at once.
    #[serde(default)]
    pub faster: Vec<FasterMethod>,
    /// Pre-orders can be cancelled until they ship.
    #[serde(default)]
    pub preorders_any_time: bool,
    /// What to do, in order.
    #[serde(default)]
    pub steps: Vec<String>,
    /// What can be done when it is too late.
    #[serde(default)]
    pub afterwards: Vec<String>,
    pub page: Option<String>,
    pub url: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FasterMethod {
    /// As the order names it; `*` stands for any text.
    pub methods: Vec<String>,
    pub minutes: u32,
}

/// Whether an order as a whole can be cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Cancellable {
    /// Until and with this instant.
    Until {
        until: Timestamp,
    },
    TooLate {
        since: Timestamp,
    },
    /// A pre-order, until it ships.
    AnyTime,
    AlreadyCancelled,
    /// Something has left.
    Shipped,
}

/// Whether `order` can be cancelled as a whole at `now`. A pre-order in an order with other items is
/// [`CancelRules::is_preorder`]'s.
pub fn cancellable(rules: &CancelRules, order: &Order, now: Timestamp) -> Cancellable {
    if order.cancelled.is_some() {
        return Cancellable::AlreadyCancelled;
    }
    if order.parcels.iter().any(has_left) {
        return Cancellable::Shipped;
    }
    let waiting = || order.pending.iter().filter(|work| is_waiting(work));
    if rules.preorders_any_time && waiting().next().is_some() && waiting().all(|work| rules.is_preorder(work)) {
        return Cancellable::AnyTime;
    }
    let method = order.shipping_method.as_deref().unwrap_or_default();
    let fits = |faster: &&FasterMethod| faster.methods.iter().any(|name| like(name, method));
    let minutes = rules.faster.iter().filter(fits).map(|f| f.minutes).min().unwrap_or(rules.minutes);
    let until =
        order.created_at.saturating_add(SignedDuration::from_mins(i64::from(minutes))).unwrap_or(Timestamp::MAX);
    if now <= until { Cancellable::Until { until } } else { Cancellable::TooLate { since: until } }
}

impl CancelRules {
    /// Work that was scheduled for later: what Shopify makes of a pre-order.
    pub fn is_preorder(&self, work: &PendingWork) -> bool {
        work.status == FulfillmentOrderStatus::Scheduled
    }
}

fn is_waiting(work: &PendingWork) -> bool {
    !matches!(work.status, FulfillmentOrderStatus::Closed | FulfillmentOrderStatus::Cancelled)
        && work.items.iter().any(|item| item.remaining > 0)
}

/// A label is no departure, but a parcel that is packed cannot be stopped by a machine either.
fn has_left(parcel: &Parcel) -> bool {
    parcel.status != Some(ParcelStatus::Canceled)
}
