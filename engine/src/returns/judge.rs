//! One item of one order under the rules.

use super::rules::{Holds, Subject};
use super::{CountsFrom, Effect, LastDay, Missing, ReturnRules, Rule, RuleRef, Standing, Verdict};
use crate::live::{Gid, LineItem, Order, Parcel, ParcelEventStatus, ParcelStatus, Return, ReturnStatus};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// What the rules say about `item` of `order`. `today` and all days are of `time_zone`, the store's.
pub fn judge(rules: &ReturnRules, order: &Order, item: &LineItem, today: Date, time_zone: &TimeZone) -> Verdict {
    let subject = Subject {
        item,
        country: order.shipping_address.as_ref().and_then(|a| a.country_code.as_deref()),
        ordered: day(order.created_at, time_zone),
    };
    let decision = decide(rules, &subject);
    let held = Held::of(order, item);
    let way = Way { order, item, held: &held, today, time_zone, counts_from: rules.counts_from };
    let standing = match (&decision, held.gone(order, item)) {
        (_, Some(why)) => Standing::NothingLeft { why },
        (Decision::Never { why, .. }, None) => Standing::Never { why: (*why).to_owned() },
        (Decision::Undecided { missing, .. }, None) => Standing::Unknown { why: *missing },
        (Decision::Window { rule, provisos }, None) => match held.declined {
            Some(declined) => Standing::Declined { name: declined.name.clone(), note: declined.decline_note.clone() },
            None => provided(way.standing(&rule.effect), provisos),
        },
    };
    decision.verdict(rules, &subject, order, standing, held.left.min(way.in_hand()))
}

/// The rule that decides, and what others add to it.
enum Decision<'a> {
    Never { rule: &'a Rule, why: &'a str },
    Undecided { rule: &'a Rule, missing: Missing },
    Window { rule: &'a Rule, provisos: Vec<(&'a Rule, &'a str)> },
}

fn decide<'a>(rules: &'a ReturnRules, subject: &Subject<'_>) -> Decision<'a> {
    let all = || rules.rules.iter().chain([&rules.default]).map(|rule| (rule, rule.matches(subject)));
    for (rule, holds) in all() {
        if let (Effect::Never(why), Holds::Yes) = (&rule.effect, holds) {
            return Decision::Never { rule, why };
        }
    }
    let mut provisos = Vec::new();
    for (rule, holds) in all() {
        match (&rule.effect, holds) {
            (Effect::Never(_) | Effect::NeverUnless(_), Holds::Unknown(missing)) => {
                return Decision::Undecided { rule, missing };
            }
            (Effect::NeverUnless(provided), Holds::Yes) => provisos.push((rule, provided.as_str())),
            (Effect::Never(_) | Effect::NeverUnless(_) | Effect::Days(_) | Effect::Until(_), _) => {}
        }
    }
    for (rule, holds) in all() {
        match (&rule.effect, holds) {
            (Effect::Days(_) | Effect::Until(_), Holds::Yes) => return Decision::Window { rule, provisos },
            (Effect::Days(_) | Effect::Until(_), Holds::Unknown(missing)) => {
                return Decision::Undecided { rule, missing };
            }
            (Effect::Days(_) | Effect::Until(_), Holds::No) | (Effect::Never(_) | Effect::NeverUnless(_), _) => {}
        }
    }
    // The default rule matches everything and has a window or is a `never`: one of the loops has ended before.
    Decision::Undecided { rule: &rules.default, missing: Missing::Product }
}

impl Decision<'_> {
    fn verdict(
        &self,
        rules: &ReturnRules,
        subject: &Subject<'_>,
        order: &Order,
        standing: Standing,
        quantity: u32,
    ) -> Verdict {
        let item = subject.item;
        let (rule, base, provisos) = match self {
            // What the default rule says about returning is of no use to somebody who cannot return.
            Self::Never { rule, .. } => (rule, None, &[][..]),
            Self::Undecided { rule, .. } => (rule, None, &[][..]),
            Self::Window { rule, provisos } => (rule, Some(&rules.default), provisos.as_slice()),
        };
        let list = |of: fn(&Rule) -> &Option<Vec<String>>| {
            of(rule).clone().or_else(|| base.and_then(|base| of(base).clone())).unwrap_or_default()
        };
        let mut conditions = list(|r| &r.conditions);
        conditions.extend(provisos.iter().flat_map(|(rule, _)| rule.conditions.iter().flatten().cloned()));
        let fees = rule.fee.as_ref().or_else(|| base.and_then(|base| base.fee.as_ref()));
        Verdict {
            order: order.number.clone(),
            line: item.id.clone(),
            title: item.title.clone(),
            standing,
            quantity,
            rule: rule.id.clone(),
            conditions,
            fee: subject.country.and_then(|country| fees?.get(&country.to_ascii_uppercase()).copied()),
            fee_waived: list(|r| &r.fee_waived),
            steps: list(|r| &r.steps),
            page: rule.page.clone(),
            url: rule.url.clone(),
            also: provisos
                .iter()
                .map(|(rule, _)| RuleRef { rule: rule.id.clone(), page: rule.page.clone(), url: rule.url.clone() })
                .collect(),
        }
    }
}

/// A window that a proviso is attached to is never plainly open, now or later.
fn provided(standing: Standing, provisos: &[(&Rule, &str)]) -> Standing {
    if provisos.is_empty() {
        return standing;
    }
    let clauses: Vec<&str> = provisos.iter().map(|(_, clause)| *clause).collect();
    let provided = clauses.join(" and ");
    match standing {
        Standing::Open { until } => Standing::OpenIf { until, provided },
        Standing::NotYet { days, until, .. } => Standing::NotYet { days, until, provided: Some(provided) },
        Standing::OpenIf { .. }
        | Standing::Closed { .. }
        | Standing::Never { .. }
        | Standing::NothingLeft { .. }
        | Standing::Declined { .. }
        | Standing::Lost { .. }
        | Standing::Unknown { .. } => standing,
    }
}

/// How much of an item is still the customer's.
struct Held<'a> {
    /// In no return, not refunded, not removed.
    left: u32,
    /// Returned, or in a return that was asked for or accepted.
    returned: u32,
    /// The newest return of the item that is not over, and the newest of all if that was declined.
    running: Option<&'a Return>,
    declined: Option<&'a Return>,
}

impl<'a> Held<'a> {
    fn of(order: &'a Order, item: &LineItem) -> Self {
        let (mut returned, mut refunded_by_return) = (0u32, 0u32);
        let mut of_item: Vec<&Return> = Vec::new();
        for r in &order.returns {
            let pieces: Vec<_> = r.items.iter().filter(|i| i.line.as_ref() == Some(&item.id)).collect();
            if pieces.is_empty() {
                continue;
            }
            of_item.push(r);
            if counts(&r.status) {
                returned = pieces.iter().fold(returned, |sum, i| sum.saturating_add(i.quantity));
                refunded_by_return =
                    pieces.iter().fold(refunded_by_return, |sum, i| sum.saturating_add(i.refunded_quantity));
            }
        }
        // What a return refunded is taken off the current quantity too; it must not count twice.
        let gone = item.quantity.saturating_sub(item.current_quantity);
        let otherwise = gone.saturating_sub(refunded_by_return);
        of_item.sort_by_key(|r| r.created_at);
        Self {
            left: item.quantity.saturating_sub(returned).saturating_sub(otherwise),
            returned,
            running: of_item.iter().rev().find(|r| counts(&r.status) && r.status != ReturnStatus::Closed).copied(),
            declined: of_item.last().filter(|r| r.status == ReturnStatus::Declined).copied(),
        }
    }

    /// Why nothing is left, if nothing is.
    fn gone(&self, order: &Order, item: &LineItem) -> Option<String> {
        if order.cancelled.is_some() {
            return Some("the order was cancelled".into());
        }
        if self.left > 0 {
            return None;
        }
        let refunded = order.refunds.iter().any(|refund| refund.items.iter().any(|i| i.line == item.id));
        Some(match self.running {
            Some(running) if running.status == ReturnStatus::Requested => {
                format!("a return of it was already requested ({})", running.name)
            }
            Some(running) => format!("a return of it is already open ({})", running.name),
            None if refunded => "it was already refunded".into(),
            None if self.returned > 0 => "it was already returned".into(),
            None => "it was removed from the order".into(),
        })
    }
}

/// Whether the pieces of such a return are the customer's no more. A state that is not known counts: better a person
/// looks than that a thing is returned twice.
fn counts(status: &ReturnStatus) -> bool {
    match status {
        ReturnStatus::Requested | ReturnStatus::Open | ReturnStatus::Closed | ReturnStatus::Other(_) => true,
        ReturnStatus::Declined | ReturnStatus::Canceled => false,
    }
}

/// Where a parcel is, as far as a return window cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Delivered(Date),
    OnTheWay,
    Lost,
    Unknown,
}

/// The parcels of an order, seen from one item.
struct Way<'a> {
    order: &'a Order,
    item: &'a LineItem,
    held: &'a Held<'a>,
    today: Date,
    time_zone: &'a TimeZone,
    counts_from: CountsFrom,
}

impl Way<'_> {
    fn standing(&self, effect: &Effect) -> Standing {
        let unknown = |why| Standing::Unknown { why };
        let (days, fixed) = match effect {
            Effect::Days(days) => (Some(*days), None),
            Effect::Until(date) => (None, Some(*date)),
            Effect::Never(_) | Effect::NeverUnless(_) => return unknown(Missing::Product),
        };
        let mine = |parcel: &&Parcel| carried(parcel, &self.item.id) > 0;
        if !self.item.requires_shipping {
            return unknown(Missing::DeliveryDate);
        }
        if self.in_hand() == 0 {
            let places = || self.parcels().filter(mine).map(|p| (p, self.place(p)));
            let lost = places().find(|(_, place)| *place == Place::Lost);
            if fixed.is_some_and(|until| self.today > until) {
                return unknown(Missing::WindowBeforeDelivery);
            }
            return match lost {
                _ if places().any(|(_, place)| place == Place::Unknown) => unknown(Missing::DeliveryDate),
                Some((parcel, _)) if !places().any(|(_, place)| place == Place::OnTheWay) => {
                    Standing::Lost { parcel: parcel.name.clone() }
                }
                _ => Standing::NotYet { days, until: fixed, provided: None },
            };
        }
        let delivered = |parcel: &Parcel| match self.place(parcel) {
            Place::Delivered(date) => Some(date),
            Place::OnTheWay | Place::Lost | Place::Unknown => None,
        };
        if let Some(until) = fixed {
            let arrived = self.parcels().filter(mine).filter_map(delivered).max();
            return match arrived {
                Some(arrived) if arrived > until => unknown(Missing::WindowBeforeDelivery),
                _ => self.open_until(until),
            };
        }
        let days = days.unwrap_or_default();
        let counted: Vec<&LineItem> = match self.counts_from {
            CountsFrom::LastDelivery => self.order.items.iter().filter(|line| line.requires_shipping).collect(),
            CountsFrom::ItemDelivery => vec![self.item],
        };
        let short: Vec<&Gid> =
            counted.iter().filter(|l| l.current_quantity > self.arrived(&l.id)).map(|l| &l.id).collect();
        if short.is_empty() {
            let counts = |parcel: &&Parcel| self.counts_from == CountsFrom::LastDelivery || mine(parcel);
            let last = self.parcels().filter(counts).filter_map(delivered).max();
            return match last.and_then(|last| last.checked_add(Span::new().days(days)).ok()) {
                Some(until) => self.open_until(until),
                None => unknown(Missing::DeliveryDate),
            };
        }
        let carries_short = |parcel: &Parcel| short.iter().any(|line| carried(parcel, line) > 0);
        if self.parcels().any(|p| self.place(p) == Place::Unknown && carries_short(p)) {
            return unknown(Missing::DeliveryDate);
        }
        Standing::Open { until: LastDay::DaysAfterTheRest(days) }
    }

    fn open_until(&self, until: Date) -> Standing {
        if self.today <= until {
            Standing::Open { until: LastDay::On(until) }
        } else {
            Standing::Closed { since: until }
        }
    }

    /// Pieces of the item that were delivered and not sent back.
    fn in_hand(&self) -> u32 {
        self.arrived(&self.item.id).saturating_sub(self.held.returned)
    }

    /// Pieces of a line that were delivered.
    fn arrived(&self, line: &Gid) -> u32 {
        let delivered = self.parcels().filter(|p| matches!(self.place(p), Place::Delivered(_)));
        delivered.fold(0, |sum, parcel| sum.saturating_add(carried(parcel, line)))
    }

    /// Those that were not called off and hold something that a carrier brings.
    fn parcels(&self) -> impl Iterator<Item = &Parcel> {
        let ships = |line: &Gid| self.order.items.iter().find(|i| &i.id == line).is_none_or(|i| i.requires_shipping);
        self.order
            .parcels
            .iter()
            .filter(move |p| p.status != Some(ParcelStatus::Canceled) && p.items.iter().any(|i| ships(&i.line)))
    }

    fn place(&self, parcel: &Parcel) -> Place {
        let scanned = || parcel.events.iter().find(|e| e.status == ParcelEventStatus::Delivered).map(|e| e.at);
        let delivered = parcel.delivered_at.or_else(scanned).map(|at| day(at, self.time_zone));
        let due = || {
            let coming = parcel.estimated_delivery_at.is_some_and(|at| day(at, self.time_zone) >= self.today);
            if coming { Place::OnTheWay } else { Place::Unknown }
        };
        match (delivered, &parcel.status) {
            // Delivered and not delivered: somebody has to ask the carrier.
            (Some(_), Some(ParcelStatus::NotDelivered | ParcelStatus::Failure)) => Place::Unknown,
            (Some(date), _) => Place::Delivered(date),
            (None, Some(ParcelStatus::NotDelivered | ParcelStatus::Failure)) => Place::Lost,
            (
                None,
                Some(
                    ParcelStatus::Submitted
                    | ParcelStatus::Confirmed
                    | ParcelStatus::LabelPrinted
                    | ParcelStatus::LabelPurchased
                    | ParcelStatus::CarrierPickedUp
                    | ParcelStatus::InTransit
                    | ParcelStatus::OutForDelivery
                    | ParcelStatus::AttemptedDelivery
                    | ParcelStatus::Delayed
                    | ParcelStatus::ReadyForPickup,
                ),
            ) => Place::OnTheWay,
            // Sent, and nobody reports where it is, or it arrived and nobody said when.
            (
                None,
                Some(
                    ParcelStatus::MarkedAsFulfilled
                    | ParcelStatus::Fulfilled
                    | ParcelStatus::Delivered
                    | ParcelStatus::PickedUp
                    | ParcelStatus::LabelVoided
                    | ParcelStatus::Canceled
                    | ParcelStatus::Other(_),
                )
                | None,
            ) => due(),
        }
    }
}

fn carried(parcel: &Parcel, line: &Gid) -> u32 {
    parcel.items.iter().filter(|i| &i.line == line).fold(0, |sum, i| sum.saturating_add(i.quantity))
}

/// The day of an instant where the store is.
pub(crate) fn day(at: Timestamp, time_zone: &TimeZone) -> Date {
    at.to_zoned(time_zone.clone()).date()
}
