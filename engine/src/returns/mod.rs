//! Return rules as data: for this item, on this delivery date, whether a return is open, until when, with which steps.

use crate::identity::OrderNumber;
use crate::live::{Gid, Money};
use jiff::civil::Date;
use serde::Serialize;

/// Whether an item can be returned today.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "standing", rename_all = "snake_case")]
pub enum Standing {
    /// Until the end of this day, in the store's time zone.
    Open { until: Date },
    /// The window has closed.
    Closed { since: Date },
    /// The window has not begun: nothing was delivered yet. `days` from delivery, or `until` a fixed day.
    NotYet { days: Option<u32>, until: Option<Date> },
    /// Never: final sale, gift card. `why` is a clause of the rule ("it is a final sale item").
    Never { why: String },
    /// Everything of it was returned, refunded, removed or is already part of an open return.
    NothingLeft { why: String },
    /// The delivery date is not known, although it was sent: a person has to look.
    Unknown,
}

/// What the rules say about one line of an order, and which rule said it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    pub order: OrderNumber,
    pub line: Gid,
    pub title: String,
    pub standing: Standing,
    /// The `id` of the rule in the store's TOML.
    pub rule: String,
    /// "unworn and unwashed, with all tags attached"; "only while the hygiene seal is intact".
    pub conditions: Vec<String>,
    /// What the return costs the customer in this country; absent where the rules name no fee.
    pub fee: Option<Money>,
    /// When the fee falls away.
    pub fee_waived: Vec<String>,
    /// What to do, in order.
    pub steps: Vec<String>,
    /// The page that states the rule (`pages/returns.md`), and its address.
    pub page: Option<String>,
    pub url: Option<String>,
}
