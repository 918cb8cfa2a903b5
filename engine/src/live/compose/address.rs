//! Where an order goes.

use super::{Composed, Scene, Seen, status};
use crate::live::{Address, Order};

pub fn compose(scene: &Scene<'_>, order: &Order, said: &mut Composed) {
    let seen = Seen::from(order);
    let Some(address) = order.shipping_address.as_ref().map(line).filter(|a| !a.is_empty()) else {
        let fact = scene.of_order(&seen, "address", format!("order {}: no shipping address", order.number));
        return said.say(format!("There is no delivery address on order {}.", order.number), &[fact]);
    };
    let fact = scene.of_order(&seen, "address", format!("order {}: ships to {address}", order.number));
    let gone = order.cancelled.is_some() || !status::is_active(order);
    let verb = if gone { "was addressed to" } else { "goes to" };
    said.say(format!("Order {} {verb} {address}.", order.number), std::slice::from_ref(&fact));
    if !gone && order.parcels.is_empty() {
        said.say("If that is wrong, write “change the address of my order” with the full address, and a person will look at it.", &[fact]);
    }
}

/// The address on one line, without the phone number.
pub fn line(a: &Address) -> String {
    let town: Vec<&str> =
        [&a.city, &a.province_code].into_iter().flatten().map(String::as_str).filter(|s| !s.is_empty()).collect();
    let town = town.join(", ");
    let town = match a.zip.as_deref().filter(|z| !z.is_empty()) {
        Some(zip) if town.is_empty() => zip.to_owned(),
        Some(zip) => format!("{town} {zip}"),
        None => town,
    };
    let parts = [
        a.name.as_deref(),
        a.address1.as_deref(),
        a.address2.as_deref(),
        Some(town.as_str()),
        a.country_code.as_deref(),
    ];
    parts.into_iter().flatten().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(", ")
}
