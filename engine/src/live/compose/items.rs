//! What was ordered.

use super::{Composed, Scene, Seen, and, count};
use crate::live::{LineItem, Order};

pub fn compose(scene: &Scene<'_>, order: &Order, said: &mut Composed) {
    let seen = Seen::from(order);
    let pieces: u64 = order.items.iter().map(|i| u64::from(i.quantity)).sum();
    let lines: Vec<String> = order.items.iter().map(|i| format!("{} × {}", i.quantity, name(i))).collect();
    let fact = scene.of_order(&seen, "items", quote(order));
    let placed = scene.date(order.created_at);
    if lines.is_empty() {
        return said.say(format!("Order {} of {placed} has no items.", order.number), &[fact]);
    }
    said.say(
        format!("Order {} of {placed} has {}: {}.", order.number, count(pieces, "item", "items"), and(&lines)),
        std::slice::from_ref(&fact),
    );
    for item in &order.items {
        let details: Vec<String> = item
            .attributes
            .iter()
            .filter(|(n, v)| !n.starts_with('_') && !v.is_empty())
            .map(|(n, v)| format!("{n}: {v}"))
            .collect();
        if !details.is_empty() {
            said.say(format!("The {} was ordered with {}.", name(item), and(&details)), std::slice::from_ref(&fact));
        }
        let gone = item.quantity.saturating_sub(item.current_quantity);
        if gone > 0 && order.cancelled.is_none() {
            said.say(
                format!("{gone} × {} has been removed or refunded since.", name(item)),
                std::slice::from_ref(&fact),
            );
        }
    }
    if let Some(cancelled) = &order.cancelled {
        said.say(format!("The order was cancelled on {}.", scene.date(cancelled.at)), &[fact]);
    }
}

/// One item of an order, in the variant that was ordered.
pub fn one(scene: &Scene<'_>, order: &Order, item: &LineItem, said: &mut Composed) {
    let fact = scene.of_order(&Seen::from(order), "items", quote(order));
    said.say(format!("Order {} holds {} × {}.", order.number, item.quantity, name(item)), &[fact]);
}

/// The item as its page names it, with the variant.
pub fn name(item: &LineItem) -> String {
    match item.variant_title.as_deref() {
        Some(variant) if variant != "Default Title" && !variant.is_empty() => format!("{} ({variant})", item.title),
        _ => item.title.clone(),
    }
}

pub fn quote(order: &Order) -> String {
    let line = |i: &LineItem| {
        let sku = i.sku.as_deref().map(|s| format!(" [{s}]")).unwrap_or_default();
        format!("{} x {}{sku} (now {})", i.quantity, name(i), i.current_quantity)
    };
    let placed = order.created_at.strftime("%Y-%m-%d");
    format!(
        "items of {} (placed {placed}): {}",
        order.number,
        order.items.iter().map(line).collect::<Vec<_>>().join("; ")
    )
}
