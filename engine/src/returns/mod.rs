//! Return rules as data: for this item, on this delivery date, whether a return is open, until when, with which steps.
//!
//! What decides, in this order:
//! 1. Nothing of the item is left to return (cancelled, refunded, removed, in a return): [`Standing::NothingLeft`].
//! 2. A `never` rule matches: [`Standing::Never`]. No window, not even a holiday's, beats one, wherever it stands.
//! 3. A rule cannot be decided, because the product was deleted or the country is not known: [`Standing::Unknown`].
//! 4. A return of the item was declined: [`Standing::Declined`]; a person decided, and a person has to be asked.
//! 5. The first matching rule with a window (`days`, `until`), else the default rule, and the parcels.
//!
//! A `never_unless` rule adds its proviso to whatever window holds: the standing is then [`Standing::OpenIf`], never
//! [`Standing::Open`], and a window that has not begun carries it too.

mod judge;
mod rules;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use judge::day;
pub use judge::judge;
pub use rules::{CountsFrom, Effect, ReturnRules, Rule, When};

use crate::identity::OrderNumber;
use crate::live::{Gid, Money};
use jiff::civil::Date;
use serde::Serialize;

/// Whether an item can be returned today.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "standing", rename_all = "snake_case")]
pub enum Standing {
    Open {
        until: LastDay,
    },
    /// Open only while something holds that no order shows. `provided` is a clause ("its hygiene seal is unopened").
    OpenIf {
        until: LastDay,
        provided: String,
    },
    /// The window has closed; `since` was its last day.
    Closed {
        since: Date,
    },
    /// The window has not begun: nothing of it was delivered yet. `days` from delivery, or `until` a fixed day; and
    /// `provided` as in [`Standing::OpenIf`].
    NotYet {
        days: Option<u32>,
        until: Option<Date>,
        provided: Option<String>,
    },
    /// Never: final sale, gift card. `why` is a clause of the rule ("it is a final sale item").
    Never {
        why: String,
    },
    /// Everything of it was returned, refunded, removed or is already part of an open return. `why` is a clause.
    NothingLeft {
        why: String,
    },
    /// A return of it was declined; `note` is what the merchant wrote to the customer.
    Declined {
        name: String,
        note: Option<String>,
    },
    /// Its parcel is lost or came back: a matter for a claim, not for a return.
    Lost {
        parcel: String,
    },
    /// The rules cannot be applied: a person has to look.
    Unknown {
        why: Missing,
    },
}

/// The last day of an open window, in the store's time zone; the day itself counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LastDay {
    On(Date),
    /// The item is here, and the days begin only when the rest of the order is.
    DaysAfterTheRest(u32),
}

/// What would have to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// It was sent, and when it arrived is not known.
    DeliveryDate,
    /// The product was deleted, and with it the tags, the type and the collections that the rules look at.
    Product,
    /// A rule depends on the country, and the order names none.
    Country,
    /// The fixed last day was over before the item arrived: no rule says what holds then.
    WindowBeforeDelivery,
}

/// What the rules say about one line of an order, and which rule said it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    pub order: OrderNumber,
    pub line: Gid,
    pub title: String,
    pub standing: Standing,
    /// How many pieces the standing is about: delivered, and in no return.
    pub quantity: u32,
    /// The `id` of the rule in the store's TOML.
    pub rule: String,
    /// "unworn and unwashed, with all tags attached".
    pub conditions: Vec<String>,
    /// What the return costs the customer in this country; absent where the rules name no fee.
    pub fee: Option<Money>,
    /// When the fee falls away.
    pub fee_waived: Vec<String>,
    /// What to do, in order. For [`Standing::Never`]: what can be done instead, if the rule says so.
    pub steps: Vec<String>,
    /// The page that states the rule (`pages/returns.md`), and its address.
    pub page: Option<String>,
    pub url: Option<String>,
    /// The `never_unless` rules that added a proviso.
    pub also: Vec<RuleRef>,
}

/// A rule and where it is stated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleRef {
    pub rule: String,
    pub page: Option<String>,
    pub url: Option<String>,
}
