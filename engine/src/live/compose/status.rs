//! Where an order is: cancelled, waiting, on its way in one parcel or several, delivered.

use super::parcel::{self, Focus};
use super::{Composed, Scene, Seen, and, count, pending, refund, total};
use crate::live::{CancelReason, FulfillmentState, LiveKind, Order, Parcel};

/// Status, tracking and delivery, as far as the question asks for them.
pub fn compose(scene: &Scene<'_>, seen: &Seen<'_>, said: &mut Composed) {
    let asks = |kind| scene.question.asks_for(kind);
    let (status, tracking, delivery) = (asks(LiveKind::Status), asks(LiveKind::Tracking), asks(LiveKind::Delivery));
    if !(status || tracking || delivery) {
        return;
    }
    let subject = format!("Order {}", seen.number);
    if let Some(cancelled) = seen.cancelled {
        let why = match &cancelled.reason {
            Some(CancelReason::Customer) => " at your request",
            Some(CancelReason::Inventory) => " because something in it was out of stock",
            // Money is for the owner only.
            Some(CancelReason::Declined) if seen.order.is_some() => " because its payment was declined",
            Some(CancelReason::Declined | CancelReason::Fraud | CancelReason::Staff | CancelReason::Other(_))
            | None => "",
        };
        let fact = scene.of_order(seen, "status", words(scene, seen));
        said.say(format!("{subject} was cancelled on {}{why}.", scene.date(cancelled.at)), &[fact]);
        let sent: Vec<&Parcel> = seen.parcels.iter().filter(|p| !parcel::is_called_off(p)).collect();
        for p in sent {
            parcel::compose(
                scene,
                seen,
                p,
                &format!("Parcel {}", p.name),
                Focus { state: status, eta: false, tracking },
                said,
            );
        }
        if let Some(order) = seen.order.filter(|_| !asks(LiveKind::Refund)) {
            refund::of_cancelled(scene, order, said);
        }
        return;
    }
    let parcels: Vec<&Parcel> = seen.parcels.iter().filter(|p| !parcel::is_called_off(p)).collect();
    let waiting: Vec<_> = seen.pending.iter().filter(|w| pending::is_open(w)).collect();
    let dated = status || delivery;
    let focus = Focus { state: status, eta: dated, tracking };
    if parcels.len() > 1 {
        let fact = scene.of_order(seen, "status", words(scene, seen));
        let rest = if waiting.is_empty() { "" } else { ", and something of it has not left yet" };
        said.say(format!("{subject} travels in {}{rest}.", count(parcels.len() as u64, "parcel", "parcels")), &[fact]);
    }
    for p in &parcels {
        let one = parcels.len() == 1 && waiting.is_empty();
        let name = if one { subject.clone() } else { format!("Parcel {}{}", p.name, holds(p)) };
        parcel::compose(scene, seen, p, &name, focus, said);
    }
    let name = if parcels.is_empty() { subject } else { format!("The rest of order {}", seen.number) };
    for work in &waiting {
        pending::compose(scene, seen, work, &name, dated, said);
    }
    if parcels.is_empty() && waiting.is_empty() {
        pending::without_work(scene, seen, &name, dated, said);
    }
    if parcels.is_empty() && tracking && *seen.fulfillment != FulfillmentState::NotRequired {
        let fact = scene.of_order(seen, "status", words(scene, seen));
        said.say("There is no tracking number before something has left.", &[fact]);
    }
    if let Some(order) = seen.order.filter(|_| status && !asks(LiveKind::Total)) {
        total::unpaid(scene, order, said);
    }
}

fn holds(parcel: &Parcel) -> String {
    let items: Vec<String> = parcel.items.iter().map(|i| format!("{} × {}", i.quantity, i.title)).collect();
    if items.is_empty() { String::new() } else { format!(" ({})", and(&items)) }
}

/// The order's state, as a machine has it.
pub fn words(scene: &Scene<'_>, seen: &Seen<'_>) -> String {
    let cancelled = seen.cancelled.map(|c| format!("; cancelled {}", scene.day(c.at))).unwrap_or_default();
    let parcels = seen.parcels.len();
    format!("order {}: {}; parcels {parcels}{cancelled}", seen.number, seen.fulfillment.as_str())
}

/// Whether a customer still waits for something of it.
pub fn is_active(order: &Order) -> bool {
    order.cancelled.is_none()
        && (order.parcels.iter().any(parcel::is_coming)
            || order.pending.iter().any(pending::is_open)
            || (order.parcels.is_empty() && !order.closed))
}
