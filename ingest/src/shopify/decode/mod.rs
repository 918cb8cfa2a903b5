//! From what an operation brought to the engine's facts. A value that cannot be read is an error that names its field,
//! never a default.

mod customer;
mod order;
mod parcel;
mod payment;
mod product;
mod stored;

pub(super) use customer::customer;
pub(super) use order::{claimed, order};
pub(super) use product::{Variants, product};
pub(super) use stored::{gift_cards, store_credit};

use super::error::ShopifyError;
use engine::live::Money;
use jiff::Timestamp;

/// Why there is no fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// A connection has more than was asked for.
    More(&'static str),
    Bad {
        field: &'static str,
        why: &'static str,
    },
}

impl Unread {
    pub(super) fn of(self, operation: &'static str) -> ShopifyError {
        let (field, why) = match self {
            Self::More(field) => (field, "there is more of it than can be read at once"),
            Self::Bad { field, why } => (field, why),
        };
        ShopifyError::Unreadable { operation, field: field.into(), why: why.into() }
    }
}

fn time(field: &'static str, text: &str) -> Result<Timestamp, Unread> {
    text.parse().map_err(|_| Unread::Bad { field, why: "it is no time" })
}

fn maybe_time(field: &'static str, text: Option<&String>) -> Result<Option<Timestamp>, Unread> {
    text.map(|text| time(field, text)).transpose()
}

fn count(field: &'static str, number: i64) -> Result<u32, Unread> {
    u32::try_from(number).map_err(|_| Unread::Bad { field, why: "it is no count" })
}

fn money(field: &'static str, amount: &str, currency: &str) -> Result<Money, Unread> {
    Money::parse(amount, currency).map_err(|_| Unread::Bad { field, why: "it is no amount of money" })
}

/// `has_next_page` of a connection that has to be whole.
fn whole(field: &'static str, has_next_page: bool) -> Result<(), Unread> {
    if has_next_page { Err(Unread::More(field)) } else { Ok(()) }
}

/// Shopify writes "none" as an empty text in some fields.
fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}
