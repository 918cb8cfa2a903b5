//! What fills a placeholder: typed facts of the store's settings and of the one order that can be meant.
//!
//! A fact that is missing, or that needs more than one word to be true (two parcels, a delay), fills nothing, and then
//! the answer is not used: what is composed from the facts says it better.

use super::Placeholder;
use crate::evidence::ForeignPassage;
use crate::identity::Asker;
use crate::live::compose::{Fact, status};
use crate::live::flow::Live;
use crate::live::question::Named;
use crate::live::{ClaimedOrder, FulfillmentState, Order, Parcel, ParcelStatus, Read};
use crate::returns::Effect;
use crate::store::StoreProfile;
use jiff::Timestamp;

/// A placeholder's value, and what it rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Filled {
    pub text: String,
    pub fact: Fact,
}

/// What is known when an answer is about to be said.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    pub profile: &'a StoreProfile,
    pub order: Option<&'a Read<ClaimedOrder>>,
}

impl Known<'_> {
    /// `None`: it is not known, or not in one word.
    pub fn fill(&self, placeholder: Placeholder) -> Option<Filled> {
        let profile = self.profile;
        let of_store = |text: String| Filled { fact: settings(placeholder, &text), text };
        match placeholder {
            Placeholder::StoreName => Some(of_store(profile.name.clone())),
            Placeholder::StoreEmail => profile.contact_email.clone().map(of_store),
            Placeholder::StoreUrl => Some(of_store(format!("https://{}", profile.domain))),
            Placeholder::ReturnWindow => {
                let rule = &profile.returns.as_ref()?.default;
                let Effect::Days(days) = rule.effect else { return None };
                let text = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
                let mut filled = of_store(text);
                if let Some(page) = &rule.page {
                    filled.fact.doc.clone_from(page);
                }
                filled.fact.url.clone_from(&rule.url);
                Some(filled)
            }
            Placeholder::OrderNumber => self.of_order(placeholder, |order| Some(order.number.to_string())),
            Placeholder::OrderStatus => self.of_order(placeholder, |order| self.status(order)),
            Placeholder::OrderCarrier => {
                self.of_order(placeholder, |order| only_parcel(order)?.tracking.first()?.company.clone())
            }
            Placeholder::OrderTrackingNumber => self.of_order(placeholder, |order| tracking(order)?.0),
            Placeholder::OrderTrackingUrl => self.of_order(placeholder, |order| tracking(order)?.1),
            Placeholder::OrderDelivery => self.of_order(placeholder, |order| {
                let parcel = only_parcel(order).filter(|p| p.delivered_at.is_none() && is_moving(p))?;
                parcel.estimated_delivery_at.filter(|_| order.cancelled.is_none()).map(|at| self.date(at))
            }),
        }
    }

    fn of_order(&self, placeholder: Placeholder, value: impl Fn(&ClaimedOrder) -> Option<String>) -> Option<Filled> {
        let read = self.order?;
        let text = value(&read.value).filter(|text| !text.trim().is_empty())?;
        let fact = Fact {
            doc: format!("order:{}", read.value.number),
            part: placeholder.name().to_owned(),
            title: format!("Order {}", read.value.number),
            url: None,
            quote: text.clone(),
            read_at: Some(read.read_at),
        };
        Some(Filled { text, fact })
    }

    fn status(&self, order: &ClaimedOrder) -> Option<String> {
        if let Some(cancelled) = &order.cancelled {
            return Some(format!("cancelled since {}", self.date(cancelled.at)));
        }
        if order.parcels.is_empty() {
            let waits = order.pending.iter().any(|work| !work.holds.is_empty() || work.fulfill_at.is_some());
            let prepared = matches!(
                order.fulfillment,
                FulfillmentState::Unfulfilled | FulfillmentState::Open | FulfillmentState::InProgress
            );
            return (prepared && !waits).then(|| "being prepared".to_owned());
        }
        let parcel = only_parcel(order)?;
        match (&parcel.status, parcel.delivered_at) {
            (Some(ParcelStatus::Delivered), Some(at)) => Some(format!("delivered since {}", self.date(at))),
            _ if is_moving(parcel) => Some("on its way".to_owned()),
            _ => None,
        }
    }

    fn date(&self, at: Timestamp) -> String {
        at.to_zoned(self.profile.time_zone.clone()).strftime("%B %-d, %Y").to_string()
    }
}

fn settings(placeholder: Placeholder, quote: &str) -> Fact {
    Fact {
        doc: "store".to_owned(),
        part: placeholder.name().to_owned(),
        title: "Store rules".to_owned(),
        url: None,
        quote: quote.to_owned(),
        read_at: None,
    }
}

/// Of several parcels none is "the" parcel, and of one that left without the rest neither.
fn only_parcel(order: &ClaimedOrder) -> Option<&Parcel> {
    match order.parcels.as_slice() {
        [one] if order.pending.is_empty() => Some(one),
        _ => None,
    }
}

fn is_moving(parcel: &Parcel) -> bool {
    matches!(
        parcel.status,
        Some(ParcelStatus::InTransit | ParcelStatus::CarrierPickedUp | ParcelStatus::OutForDelivery)
    )
}

fn tracking(order: &ClaimedOrder) -> Option<(Option<String>, Option<String>)> {
    match only_parcel(order)?.tracking.as_slice() {
        [one] => Some((one.number.clone(), one.url.clone())),
        _ => None,
    }
}

/// The order that the customer can mean, as a claim would open it: the one they named, their only one, or the only one
/// that is not done. A shop that does not answer is no order.
pub(crate) async fn order(live: &Live<'_>) -> Result<Option<Read<ClaimedOrder>>, ForeignPassage> {
    match live.asker {
        Asker::Anonymous(_) => Ok(None),
        Asker::Claimed(claim) => Ok(live.read_claimed(claim).await?.ok().flatten()),
        Asker::Verified(customer) => {
            let numbers = Named::read(live.turn, &live.profile.order_number).numbers;
            let Ok(found) = live.read_owned(customer, &numbers).await? else { return Ok(None) };
            let Read { value: orders, source, read_at } = found.orders;
            let order = match numbers.as_slice() {
                [] => the_one(&orders),
                [number] => orders.iter().find(|order| &order.number == number),
                _ => None,
            };
            Ok(order.map(|order| Read { value: order.as_claimed(), source, read_at }))
        }
    }
}

fn the_one(orders: &[Order]) -> Option<&Order> {
    if let [one] = orders {
        return Some(one);
    }
    let mut active = orders.iter().filter(|order| status::is_active(order));
    active.next().filter(|_| active.next().is_none())
}
