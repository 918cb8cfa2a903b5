//! An order with its delivery as of now: as much of it as the asker's tier opens, in values and in sentences.

use super::{Reads, Trust};
use crate::delivery::Overdue;
use crate::identity::OrderNumber;
use crate::live::compose::{self, Composed, Scene, Seen};
use crate::live::{
    Address, ClaimedOrder, FinancialStatus, FulfillmentState, Gid, LiveKind, LiveQuestion, Money, Order, Parcel,
    ParcelEventStatus, ParcelStatus, PendingWork,
};
use crate::store::StoreProfile;
use crate::turn::Turn;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One order, as it stood when it was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderNow {
    pub number: OrderNumber,
    /// For its proved owner only, like items, money and address.
    pub id: Option<Gid>,
    pub read_at: Timestamp,
    pub placed_at: Timestamp,
    pub cancelled_at: Option<Timestamp>,
    pub fulfillment: FulfillmentState,
    pub payment: Option<FinancialStatus>,
    pub total: Option<Money>,
    pub refunded: Option<Money>,
    pub items: Vec<ItemNow>,
    pub parcels: Vec<ParcelNow>,
    /// What has not left, and why, with the shop's own notes.
    pub pending: Vec<String>,
    /// Returns by name with where they stand (`#FV10234-R1: OPEN`).
    pub returns: Vec<String>,
    pub shipping_method: Option<String>,
    /// In one line.
    pub address: Option<String>,
    /// What the customer could be told of it, in checked sentences.
    pub says: Vec<super::Suggested>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemNow {
    pub title: String,
    pub variant: Option<String>,
    pub quantity: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParcelNow {
    pub name: String,
    pub status: Option<ParcelStatus>,
    pub left_at: Timestamp,
    pub expected_at: Option<Timestamp>,
    pub delivered_at: Option<Timestamp>,
    pub last_scan: Option<ScanNow>,
    pub carrier: Option<String>,
    pub tracking: Option<String>,
    pub url: Option<String>,
    /// Late or lost by the store's own rules, and since which day.
    pub overdue: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanNow {
    pub at: Timestamp,
    pub status: ParcelEventStatus,
    /// Where, and the carrier's words.
    pub place: Option<String>,
}

/// The newest orders that are shown where none is named.
const RECENT: usize = 3;

/// The orders that the case is about: those that were named, else the one that was looked at, else the newest.
pub(super) fn about(
    reads: &Reads,
    named: &[OrderNumber],
    looked_at: &[OrderNumber],
    scene: Option<(&StoreProfile, Timestamp, &LiveQuestion)>,
) -> Vec<OrderNow> {
    let meant = |number: &OrderNumber, among: &[OrderNumber]| match scene {
        Some((profile, ..)) => among.iter().any(|n| crate::live::which::is_meant(&profile.order_number, n, number)),
        None => among.contains(number),
    };
    let of = |among: &[OrderNumber]| -> Vec<OrderNow> {
        let own = reads.orders.iter().filter(|o| meant(&o.value.number, among));
        let own = own.map(|read| OrderNow::of(&read.value, read.read_at, scene));
        let claimed = reads.claimed.iter().filter(|o| meant(&o.value.number, among));
        own.chain(claimed.map(|read| OrderNow::of_claimed(&read.value, read.read_at, scene))).collect()
    };
    for among in [named, looked_at] {
        let found = of(among);
        if !found.is_empty() {
            return found;
        }
    }
    if !named.is_empty() {
        // They named one, and it is not among those that they may see: another one is not what they mean.
        return Vec::new();
    }
    let own = reads.orders.iter().take(RECENT).map(|read| OrderNow::of(&read.value, read.read_at, scene));
    own.chain(reads.claimed.iter().map(|read| OrderNow::of_claimed(&read.value, read.read_at, scene))).collect()
}

/// What an agent wants to see of an order, asked as a customer would: where it is, and what else they asked.
pub(super) fn question(turn: &Turn, asked: Option<&LiveQuestion>) -> LiveQuestion {
    let mut kinds = vec![LiveKind::Status, LiveKind::Tracking, LiveKind::Delivery];
    kinds.extend(asked.iter().flat_map(|q| &q.kinds).filter(|k| k.is_of_an_order() && !k.opens_with_a_claim()));
    LiveQuestion {
        kinds,
        numbers: Vec::new(),
        emails: Vec::new(),
        malformed: false,
        newest: false,
        several: false,
        counts: false,
        soft: false,
        asked: turn.text.clone(),
        rest: String::new(),
    }
}

type Said<'a> = Option<(&'a StoreProfile, Timestamp, &'a LiveQuestion)>;

impl OrderNow {
    fn of(order: &Order, read_at: Timestamp, said: Said<'_>) -> Self {
        let scene = said.map(|(profile, now, question)| Scene { profile, now, read_at, question });
        let mut composed = Composed::default();
        if let Some(scene) = &scene {
            compose::order(scene, order, &mut composed);
        }
        let items = order.items.iter().map(|item| ItemNow {
            title: item.title.clone(),
            variant: item.variant_title.clone(),
            quantity: item.current_quantity,
        });
        Self {
            id: Some(order.id.clone()),
            payment: order.financial.clone(),
            total: Some(order.total),
            refunded: Some(order.refunded).filter(|m| !m.is_zero()),
            items: items.collect(),
            returns: order.returns.iter().map(|r| format!("{}: {}", r.name, r.status.as_str())).collect(),
            address: order.shipping_address.as_ref().map(in_one_line),
            ..Self::seen(&Seen::from(order), read_at, scene.as_ref(), composed)
        }
    }

    fn of_claimed(order: &ClaimedOrder, read_at: Timestamp, said: Said<'_>) -> Self {
        let scene = said.map(|(profile, now, question)| Scene { profile, now, read_at, question });
        let composed = scene.as_ref().map(|scene| compose::claimed(scene, order)).unwrap_or_default();
        Self::seen(&Seen::from(order), read_at, scene.as_ref(), composed)
    }

    fn seen(seen: &Seen<'_>, read_at: Timestamp, scene: Option<&Scene<'_>>, composed: Composed) -> Self {
        Self {
            number: seen.number.clone(),
            id: None,
            read_at,
            placed_at: seen.created_at,
            cancelled_at: seen.cancelled.map(|c| c.at),
            fulfillment: seen.fulfillment.clone(),
            payment: None,
            total: None,
            refunded: None,
            items: Vec::new(),
            parcels: seen.parcels.iter().map(|p| ParcelNow::of(p, seen, scene)).collect(),
            pending: seen.pending.iter().map(waits).collect(),
            returns: Vec::new(),
            shipping_method: Some(seen.method.to_owned()).filter(|m| !m.is_empty()),
            address: seen.to.country.map(|country| format!("in {country}")),
            says: sentences(composed, read_at),
        }
    }
}

impl ParcelNow {
    fn of(parcel: &Parcel, seen: &Seen<'_>, scene: Option<&Scene<'_>>) -> Self {
        let tracking = parcel.tracking.first();
        let scan = parcel.events.first().map(|event| {
            let place = [&event.city, &event.province, &event.country, &event.message].into_iter().flatten();
            let place = place.map(String::as_str).collect::<Vec<_>>().join(", ");
            ScanNow { at: event.at, status: event.status.clone(), place: (!place.is_empty()).then_some(place) }
        });
        let on_its_way = parcel.delivered_at.is_none() && !matches!(parcel.status, Some(ParcelStatus::Delivered));
        let overdue = scene.filter(|_| on_its_way).and_then(|scene| {
            let rules = scene.profile.delivery.as_ref()?;
            match rules.overdue(parcel, seen.method, seen.to, scene.today(), &scene.profile.time_zone) {
                Overdue::Late { since } => Some(format!("late since {since}")),
                Overdue::Lost { since } => Some(format!("counts as lost since {since}")),
                Overdue::No { .. } | Overdue::NoRule => None,
            }
        });
        Self {
            name: parcel.name.clone(),
            status: parcel.status.clone(),
            left_at: parcel.in_transit_at.unwrap_or(parcel.created_at),
            expected_at: parcel.estimated_delivery_at,
            delivered_at: parcel.delivered_at,
            last_scan: scan,
            carrier: tracking.and_then(|t| t.company.clone()),
            tracking: tracking.and_then(|t| t.number.clone()),
            url: tracking.and_then(|t| t.url.clone()),
            overdue,
        }
    }
}

/// `ON_HOLD: INVENTORY_OUT_OF_STOCK (back on Monday): 2 × Wool Socks`.
fn waits(work: &PendingWork) -> String {
    let mut text = work.status.as_str().to_owned();
    if let Some(at) = work.fulfill_at {
        text.push_str(&format!(", due {at:.0}"));
    }
    for hold in &work.holds {
        let notes = hold.notes.as_ref().map(|n| format!(" ({n})")).unwrap_or_default();
        text.push_str(&format!(": {}{notes}", hold.reason.as_str()));
    }
    let items: Vec<String> = work.items.iter().map(|i| format!("{} × {}", i.remaining, i.title)).collect();
    if items.is_empty() { text } else { format!("{text}: {}", items.join(", ")) }
}

fn in_one_line(address: &Address) -> String {
    let Address { name, address1, address2, city, province_code, zip, country_code, phone } = address;
    let parts = [name, address1, address2, city, province_code, zip, country_code, phone].into_iter().flatten();
    parts.map(String::as_str).filter(|part| !part.trim().is_empty()).collect::<Vec<_>>().join(", ")
}

/// Without the offer of a person: one is here.
fn sentences(composed: Composed, read_at: Timestamp) -> Vec<super::Suggested> {
    let Some(answer) = composed.answer() else { return Vec::new() };
    let said = answer.sentences().iter().filter(|s| s.text != compose::PERSON);
    let suggested = said.map(|sentence| {
        let mut docs = Vec::new();
        for citation in answer.citations().iter().filter(|c| sentence.cites.contains(&c.number)) {
            if !docs.contains(&citation.doc) {
                docs.push(citation.doc.clone());
            }
        }
        super::Suggested { text: sentence.text.clone(), trust: Trust::Live { docs, read_at } }
    });
    suggested.collect()
}
