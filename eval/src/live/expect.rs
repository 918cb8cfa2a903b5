//! What a reply must state, may state and must not state, for one order, one kind of question and one asker.

use super::rules::{Return, Rules};
use super::shop::{Cents, Order, Parcel, Shop, Work};
use super::values::{self, Day};
use super::{Kind, Tier};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

/// A value that the question asks for and the asker may know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Must {
    Date(&'static str, Date),
    /// One of these amounts.
    Money(&'static str, Vec<Cents>),
    /// One of these texts, whatever their case.
    Text(&'static str, Vec<String>),
    /// So many of a title; one of these counts.
    Pieces(Vec<i64>, String),
}

/// The values that a reply may state. What is not here and has the form of a value is wrong.
#[derive(Clone, Debug, Default)]
pub struct May {
    pub days: BTreeMap<Day, BTreeSet<Date>>,
    pub money: BTreeSet<Cents>,
    pub refunds: BTreeSet<Cents>,
    pub orders: BTreeSet<String>,
    pub titles: BTreeSet<String>,
    /// How many of which title.
    pub pieces: BTreeSet<(i64, String)>,
    pub codes: BTreeSet<String>,
    pub urls: BTreeSet<String>,
    pub emails: BTreeSet<String>,
    /// Titles of which no return may be promised.
    pub never: BTreeSet<String>,
    /// What may not be said of it, because it is not so.
    pub untrue: Vec<&'static str>,
}

#[derive(Clone, Debug, Default)]
pub struct Expected {
    pub must: Vec<Must>,
    pub may: May,
    /// What it is, and the text.
    pub forbidden: Vec<(&'static str, String)>,
}

impl Expected {
    pub fn of(shop: &Shop, rules: &Rules, order: &Order, kind: Kind, tier: Tier, own: &[&Order]) -> Self {
        let reached = shop.reaches(order);
        let (must, mut may) = match tier {
            Tier::Owner if reached => (of_owner(shop, rules, order, kind), all_of(shop, rules, order)),
            Tier::Owner => {
                let says = ["60 days", "older", "too far back"].map(str::to_owned).to_vec();
                (vec![Must::Text("that it is out of reach", says)], May::default())
            }
            Tier::Claimed if reached => (of_claim(shop, rules, order, kind), tracking_of(shop, rules, order)),
            Tier::Claimed | Tier::Anonymous => (Vec::new(), May::default()),
            Tier::Stranger => {
                let own = own.iter().filter(|o| shop.reaches(o));
                let may = own.fold(May::default(), |may, o| may.and(all_of(shop, rules, o)));
                (Vec::new(), may)
            }
        };
        if matches!(tier, Tier::Owner | Tier::Stranger) {
            may.day(Day::Event, shop.reach.map(|reach| shop.day(reach)));
        }
        if tier == Tier::Owner {
            may.orders.extend(own.iter().map(|o| o.name.clone()));
        }
        if tier == Tier::Claimed {
            may.emails.insert(order.email.to_lowercase());
        }
        may.orders.insert(order.name.clone());
        may.urls.extend(rules.urls());
        may.emails.extend(rules.contact());
        let forbidden = forbidden(order, tier).into_iter().filter(|(_, text)| !own_value(text, own, tier)).collect();
        Self { must, may, forbidden }
    }
}

impl May {
    fn and(mut self, other: Self) -> Self {
        for (day, dates) in other.days {
            self.days.entry(day).or_default().extend(dates);
        }
        self.money.extend(other.money);
        self.refunds.extend(other.refunds);
        self.orders.extend(other.orders);
        self.titles.extend(other.titles);
        self.pieces.extend(other.pieces);
        self.codes.extend(other.codes);
        self.urls.extend(other.urls);
        self.emails.extend(other.emails);
        self.never.extend(other.never);
        self
    }

    fn day(&mut self, day: Day, dates: impl IntoIterator<Item = Date>) {
        self.days.entry(day).or_default().extend(dates);
    }
}

/// What a stranger's own orders hold too is no secret of this one.
fn own_value(text: &str, own: &[&Order], tier: Tier) -> bool {
    let holds = |o: &&Order| {
        o.address.iter().chain(&o.person).any(|t| t == text)
            || o.lines.iter().any(|l| l.title == text || l.sku == text || l.variant.as_deref() == Some(text))
            || o.email == text
    };
    tier == Tier::Stranger && own.iter().any(holds)
}

/// Status, tracking, delivery: what number and e-mail open.
fn tracking_of(shop: &Shop, rules: &Rules, order: &Order) -> May {
    let mut may = May::default();
    dated(shop, rules, order, None, &mut may);
    for parcel in &order.parcels {
        may.codes.extend(parcel.numbers.iter().cloned());
        may.urls.extend(parcel.urls.iter().cloned());
    }
    may.untrue = untrue(shop, rules, order);
    may
}

/// Everything of an order, for its owner.
fn all_of(shop: &Shop, rules: &Rules, order: &Order) -> May {
    let mut may = tracking_of(shop, rules, order);
    dated(shop, rules, order, order.province.as_deref(), &mut may);
    may.money.extend(order.money.values().cloned());
    may.money.extend(order.lines.iter().flat_map(|l| l.amounts.iter().cloned()));
    may.refunds.extend(order.refunds.iter().map(|r| r.amount.clone()));
    may.refunds.extend(order.refunds.iter().flat_map(|r| r.transactions.iter().map(|(amount, ..)| amount.clone())));
    may.refunds.extend(order.money.get("totalRefundedSet").cloned());
    may.money.extend(may.refunds.iter().cloned());
    may.money.extend(rules.amounts(order.country.as_deref()));
    may.orders.insert(order.name.clone());
    may.urls.extend(order.status_page.clone());
    may.emails.insert(order.email.to_lowercase());
    let count = |id: &str| order.lines.iter().find(|l| l.id == id).map(|l| l.title.clone());
    for line in &order.lines {
        may.titles.insert(line.title.clone());
        may.pieces.extend([line.quantity, line.current].map(|n| (n, line.title.clone())));
        match rules.of_line(shop, order, line) {
            Return::Never => _ = may.never.insert(line.title.clone()),
            Return::Until { last, .. } | Return::Closed { last } => may.day(Day::Return, [last]),
            Return::DaysFromDelivery(_) | Return::NoDay => {}
        }
    }
    let parts = order.parcels.iter().flat_map(|p| &p.items).chain(order.work.iter().flat_map(|w| &w.items));
    may.pieces.extend(parts.filter_map(|(id, n)| Some((*n, count(id)?))));
    let back = order.returns.iter().flat_map(|r| &r.items);
    may.pieces.extend(back.filter_map(|(id, n, _)| Some((*n, count(id)?))));
    may.day(
        Day::Return,
        order.returns.iter().flat_map(|r| [Some(r.created), r.closed]).flatten().map(|at| shop.day(at)),
    );
    let paid = |r: &super::shop::Refund| r.transactions.iter().filter_map(|t| t.2).chain([r.at]).collect::<Vec<_>>();
    may.day(Day::Refunded, order.refunds.iter().flat_map(paid).map(|at| shop.day(at)));
    may.untrue = untrue(shop, rules, order);
    may
}

/// The days of an order and of what the rules make of them, for somebody who knows so much of where it goes.
fn dated(shop: &Shop, rules: &Rules, order: &Order, province: Option<&str>, may: &mut May) {
    let day = |at| shop.day(at);
    may.day(Day::Placed, [day(order.created)]);
    may.day(Day::Cancelled, order.cancelled.map(day));
    let waits = order.work.iter().any(|w| matches!(w.status.as_str(), "OPEN" | "IN_PROGRESS"));
    let dispatch = rules.dispatch(shop, order, province).filter(|_| waits);
    may.day(Day::Leaves, dispatch);
    may.day(Day::Expected, dispatch.iter().flat_map(|d| rules.expected(order, province, *d)));
    for work in &order.work {
        may.day(Day::Leaves, work.fulfil_at.map(day));
        may.day(Day::Expected, work.fulfil_at.iter().flat_map(|at| rules.expected(order, province, day(*at))));
    }
    for parcel in &order.parcels {
        let left = parcel.in_transit.unwrap_or(parcel.created);
        may.day(Day::Left, [day(parcel.created), day(left)]);
        may.day(Day::Delivered, parcel.delivered.map(day));
        // The rules speak where the carrier says nothing.
        match parcel.estimated {
            Some(at) => may.day(Day::Expected, [day(at)]),
            None => may.day(Day::Expected, rules.expected(order, province, day(left))),
        }
        may.day(Day::Event, parcel.events.iter().map(|(_, at)| day(*at)).chain([day(parcel.created)]));
        may.day(Day::Event, rules.lost_since(shop, order, parcel));
        may.day(Day::Report, parcel.delivered.iter().flat_map(|at| rules.not_received(day(*at))));
    }
    may.day(Day::Event, [shop.today()]);
    may.day(Day::Some, [shop.today()]);
}

/// Words that would be untrue of this order.
fn untrue(shop: &Shop, rules: &Rules, order: &Order) -> Vec<&'static str> {
    let any = |statuses: &[&str]| order.parcels.iter().any(|p| statuses.contains(&p.status.as_str()));
    let mut untrue = Vec::new();
    if order.parcels.iter().all(|p| p.delivered.is_none()) {
        untrue.extend(["was delivered", "has been delivered", "were delivered", "has arrived"]);
    }
    if !any(&["IN_TRANSIT", "CARRIER_PICKED_UP", "DELAYED", "OUT_FOR_DELIVERY"]) {
        untrue.extend(["is on its way", "is in transit", "are on their way"]);
    }
    if !any(&["OUT_FOR_DELIVERY"]) {
        untrue.extend(["is out for delivery", "out for delivery today"]);
    }
    if order.cancelled.is_none() {
        untrue.extend(["was cancelled", "has been cancelled"]);
    }
    // What a bank has not confirmed is on its way.
    let arrived = |r: &super::shop::Refund| r.transactions.iter().any(|(_, status, _)| status == "SUCCESS");
    if !order.refunds.iter().any(arrived) {
        untrue.extend(["was refunded", "has been refunded", "we refunded"]);
    }
    if !any(&["FAILURE", "NOT_DELIVERED"]) && order.parcels.iter().all(|p| rules.lost_since(shop, order, p).is_none()) {
        untrue.extend(["as lost", "is lost", "seems lost", "has not scanned it since", "no scan since"]);
    }
    if !order.work.iter().any(|w| w.status == "ON_HOLD") {
        untrue.push("is on hold");
    }
    untrue
}

fn of_owner(shop: &Shop, rules: &Rules, order: &Order, kind: Kind) -> Vec<Must> {
    match kind {
        Kind::Status | Kind::Tracking | Kind::Delivery => {
            on_the_way(shop, rules, order, kind, order.province.as_deref())
        }
        Kind::Items => {
            let pieces = |l: &super::shop::Line| Must::Pieces(vec![l.quantity, l.current], l.title.clone());
            order.lines.iter().map(pieces).collect()
        }
        Kind::Total => {
            let fields = ["currentTotalPriceSet", "originalTotalPriceSet", "totalPriceSet"];
            vec![Must::Money("the total", fields.iter().filter_map(|f| order.money.get(*f).cloned()).collect())]
        }
        Kind::Refund => refund(shop, order),
        Kind::ReturnWindow => {
            order.lines.iter().flat_map(|l| window(&rules.of_line(shop, order, l), &l.title)).collect()
        }
        Kind::Address => order.address.iter().map(|part| Must::Text("the address", vec![part.clone()])).collect(),
    }
}

fn of_claim(shop: &Shop, rules: &Rules, order: &Order, kind: Kind) -> Vec<Must> {
    match kind {
        Kind::Status | Kind::Tracking | Kind::Delivery => on_the_way(shop, rules, order, kind, None),
        Kind::Items | Kind::Total | Kind::Refund | Kind::ReturnWindow | Kind::Address => Vec::new(),
    }
}

fn words(what: &'static str, words: &[&str]) -> Must {
    Must::Text(what, words.iter().map(|w| (*w).to_owned()).collect())
}

fn on_the_way(shop: &Shop, rules: &Rules, order: &Order, kind: Kind, province: Option<&str>) -> Vec<Must> {
    let mut must = vec![Must::Text("the order", vec![order.name.clone()])];
    if let Some(at) = order.cancelled {
        must.push(words("that it is cancelled", &["cancelled", "canceled"]));
        must.push(Must::Date("the day of the cancellation", shop.day(at)));
        return must;
    }
    for parcel in &order.parcels {
        match kind {
            Kind::Status => must.extend(state(rules.lost_since(shop, order, parcel).is_some(), parcel)),
            Kind::Tracking => {
                must.extend(parcel.numbers.iter().map(|n| Must::Text("the tracking number", vec![n.clone()])));
                must.extend(parcel.carriers.iter().map(|c| Must::Text("the carrier", vec![c.clone()])));
            }
            Kind::Delivery => must.extend(arrival(shop, rules, order, parcel, province)),
            Kind::Items | Kind::Total | Kind::Refund | Kind::ReturnWindow | Kind::Address => {}
        }
    }
    for work in order.work.iter().filter(|_| kind != Kind::Tracking) {
        must.extend(waiting(shop, rules, order, work, kind, province));
    }
    must
}

/// Words of which one says where a parcel is.
fn state(lost: bool, parcel: &Parcel) -> Option<Must> {
    Some(match parcel.status.as_str() {
        "DELIVERED" => words("that it is delivered", &["delivered"]),
        "IN_TRANSIT" | "CARRIER_PICKED_UP" if lost => words("that it seems lost", &["lost", "no scan"]),
        "IN_TRANSIT" | "CARRIER_PICKED_UP" => {
            words("that it is on its way", &["on its way", "in transit", "on the way"])
        }
        "OUT_FOR_DELIVERY" => words("that it is out for delivery", &["out for delivery"]),
        "ATTEMPTED_DELIVERY" => words("that a delivery was tried", &["tried to deliver", "attempt"]),
        "DELAYED" => words("that it is delayed", &["delay"]),
        "READY_FOR_PICKUP" => words("that it can be picked up", &["pick up", "pickup", "collect"]),
        "LABEL_PRINTED" => words("that it is only packed", &["packed", "label"]),
        "FAILURE" | "NOT_DELIVERED" => {
            words("that it was not delivered", &["not be delivered", "not delivered", "lost", "failed"])
        }
        "FULFILLED" | "MARKED_AS_FULFILLED" => words("that it was sent", &["sent", "shipped"]),
        _ => return None,
    })
}

fn arrival(shop: &Shop, rules: &Rules, order: &Order, parcel: &Parcel, province: Option<&str>) -> Vec<Must> {
    if let Some(at) = parcel.delivered {
        return vec![Must::Date("the day of delivery", shop.day(at))];
    }
    if let Some(since) = rules.lost_since(shop, order, parcel) {
        let carrier_said_so = matches!(parcel.status.as_str(), "FAILURE" | "NOT_DELIVERED");
        return if carrier_said_so { Vec::new() } else { vec![Must::Date("since when it is lost", since)] };
    }
    match parcel.status.as_str() {
        "IN_TRANSIT" | "CARRIER_PICKED_UP" | "DELAYED" | "OUT_FOR_DELIVERY" | "LABEL_PRINTED" => match parcel.estimated
        {
            Some(at) => vec![Must::Date("the day the carrier expects", shop.day(at))],
            None => {
                let left = shop.day(parcel.in_transit.unwrap_or(parcel.created));
                let days = rules.expected(order, province, left);
                days.into_iter().map(|day| Must::Date("when it should arrive", day)).collect()
            }
        },
        _ => Vec::new(),
    }
}

fn waiting(shop: &Shop, rules: &Rules, order: &Order, work: &Work, kind: Kind, province: Option<&str>) -> Vec<Must> {
    let mut must = Vec::new();
    match work.status.as_str() {
        "SCHEDULED" => must.extend(work.fulfil_at.map(|at| Must::Date("the day it leaves", shop.day(at)))),
        "ON_HOLD" => must.extend(work.holds.iter().map(|reason| held(reason))),
        "IN_PROGRESS" => must.push(words("that it is being packed", &["packed", "prepared", "preparing"])),
        _ => {
            must.push(words("that it has not left", &["not left", "not shipped", "not been shipped", "not been sent"]))
        }
    }
    if kind == Kind::Delivery && matches!(work.status.as_str(), "OPEN" | "IN_PROGRESS") {
        let leaves = rules.dispatch(shop, order, province);
        must.extend(leaves.map(|day| Must::Date("the day it should leave", day)));
        let arrives = leaves.filter(|day| *day >= shop.today()).map(|day| rules.expected(order, province, day));
        must.extend(arrives.unwrap_or_default().into_iter().map(|day| Must::Date("when it should arrive", day)));
    }
    must
}

fn held(reason: &str) -> Must {
    match reason {
        "AWAITING_PAYMENT" => words("that a payment is awaited", &["payment"]),
        // Whom a shop suspects, it does not tell.
        "HIGH_RISK_OF_FRAUD" => words("that it is checked", &["checked", "review"]),
        "INCORRECT_ADDRESS" => words("that the address is wrong", &["address"]),
        "INVENTORY_OUT_OF_STOCK" => words("that it is out of stock", &["stock"]),
        "AWAITING_RETURN_ITEMS" => words("that a return is awaited", &["sending back", "return"]),
        "UNKNOWN_DELIVERY_DATE" => words("that there is no date", &["no delivery date", "no date"]),
        "ONLINE_STORE_POST_PURCHASE_CROSS_SELL" => words("that it was just placed", &["just been placed", "on hold"]),
        _ => words("that it is on hold", &["on hold"]),
    }
}

fn refund(shop: &Shop, order: &Order) -> Vec<Must> {
    if order.refunds.is_empty() {
        return vec![words(
            "that nothing was refunded",
            &[
                "no refund",
                "not refunded",
                "not been refunded",
                "nothing has been refunded",
                "nothing was refunded",
                "nothing was charged",
                "not charged",
                "nothing to refund",
            ],
        )];
    }
    let one = |refund: &super::shop::Refund| {
        let mut must = vec![Must::Money("the refund", vec![refund.amount.clone()])];
        if refund.transactions.iter().all(|(_, status, _)| status == "SUCCESS") {
            must.push(Must::Date("the day of the refund", shop.day(refund.at)));
        } else {
            must.push(words(
                "that it is on its way",
                &["pending", "on its way", "not arrived", "processed", "started", "has not"],
            ));
        }
        must
    };
    order.refunds.iter().flat_map(one).collect()
}

fn window(says: &Return, title: &str) -> Vec<Must> {
    let named = Must::Text("the item", vec![title.to_owned()]);
    let never = [
        "cannot be returned",
        "can't be returned",
        "can’t be returned",
        "no return",
        "not returnable",
        "cannot return",
    ];
    match says {
        Return::Never => vec![named, words("that it cannot be returned", &never)],
        Return::Until { last, if_unopened: false } => vec![Must::Date("the last day of returning", *last)],
        Return::Until { last, if_unopened: true } => {
            vec![named, Must::Date("the last day of returning", *last), words("only unopened", &["unopened", "intact"])]
        }
        Return::Closed { last } => vec![Must::Date("the last day, which is over", *last)],
        Return::DaysFromDelivery(days) => vec![Must::Text("the days from delivery", vec![format!("{days} days")])],
        Return::NoDay => Vec::new(),
    }
}

/// What of an order the asker must not be told, and what nobody must.
fn forbidden(order: &Order, tier: Tier) -> Vec<(&'static str, String)> {
    let all = |what: &'static str, texts: &[String]| -> Vec<(&'static str, String)> {
        texts.iter().map(|text| (what, text.clone())).collect()
    };
    let mut found = all("a note of the store", &order.internal);
    found.extend(["fraud", "risk score", "gate code"].map(|word| ("a suspicion or a note", word.to_owned())));
    if tier == Tier::Owner {
        return found;
    }
    found.extend(all("the address", &order.address));
    found.extend(all("the person", &order.person));
    // First and last names on their own, where they are no ordinary words.
    let names =
        order.person.first().map(|n| n.split(' ').filter(|w| w.len() > 3).map(str::to_owned).collect::<Vec<_>>());
    found.extend(all("a name", &names.unwrap_or_default()));
    found.extend(order.status_page.clone().map(|url| ("the order's page", url)));
    for line in &order.lines {
        found.push(("an item", line.title.clone()));
        found.push(("a SKU", line.sku.clone()));
        found.extend(line.variant.clone().filter(|v| v.contains(" / ")).map(|v| ("a variant", v)));
        found.extend(line.attributes.iter().map(|(_, value)| ("an engraving", value.clone())));
    }
    let free = |m: &&Cents| m.minor > 0;
    let mut money: BTreeSet<&Cents> = order.money.values().filter(free).collect();
    money.extend(order.lines.iter().flat_map(|l| &l.amounts).filter(free));
    found.extend(money.into_iter().map(|m| ("an amount", decimal(m.minor))));
    // The carrier's words may name a neighbour.
    found.extend(
        order
            .parcels
            .iter()
            .flat_map(|p| &p.messages)
            .filter(|m| m.contains(|c: char| c.is_ascii_digit()))
            .map(|m| ("a neighbour", m.clone())),
    );
    found.extend(["Petersen"].map(|name| ("a neighbour", name.to_owned())));
    if tier != Tier::Claimed {
        found.push(("the e-mail address", order.email.clone()));
        for parcel in &order.parcels {
            found.extend(all("a tracking number", &parcel.numbers));
            found.extend(all("a tracking page", &parcel.urls));
        }
    }
    found
}

/// `1,288.65` and `1288.65` are found by `1288.65`: the score takes the commas out.
pub fn decimal(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

/// Whether the text states it.
pub fn is_stated(must: &Must, text: &str, year: i16) -> bool {
    let lower = text.to_lowercase();
    match must {
        Must::Date(_, date) => values::dates(text, year).iter().any(|d| d.date == *date),
        Must::Money(_, any) => values::money(text).iter().any(|(m, _)| any.contains(m)),
        Must::Text(_, any) => any.iter().any(|t| lower.contains(&t.to_lowercase())),
        Must::Pieces(counts, title) => {
            let said = values::pieces(text);
            let counted = said.iter().any(|(n, at)| text[*at..].starts_with(title.as_str()) && counts.contains(n));
            counted || (counts.contains(&1) && text.contains(title.as_str()))
        }
    }
}

impl std::fmt::Display for Must {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Date(what, date) => write!(f, "{what}: {date}"),
            Self::Money(what, any) => {
                let any: Vec<String> = any.iter().map(|m| format!("{} {}", decimal(m.minor), m.currency)).collect();
                write!(f, "{what}: {}", any.join(" or "))
            }
            Self::Text(what, any) => write!(f, "{what}: {}", any.join(" or ")),
            Self::Pieces(counts, title) => write!(f, "{} × {title}", counts.first().unwrap_or(&0)),
        }
    }
}
