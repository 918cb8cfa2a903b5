//! What could be done for a customer, prepared and not done: a person approves it.

use super::{Address, Gid, Money};
use crate::identity::OrderNumber;
use crate::turn::ConversationId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ActionId(pub String);

/// A change to an order. `ingest::shopify::actions` turns one into its mutation and variables.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Action {
    /// `returnRequest`: the merchant still has to accept it in Shopify.
    RequestReturn { order: Gid, lines: Vec<ReturnLine> },
    /// `orderCancel`: cannot be undone.
    Cancel { order: Gid, reason: String, restock: bool, notify: bool },
    /// `orderUpdate` with a shipping address.
    ChangeAddress { order: Gid, address: Address },
    /// `refundCreate`, with the idempotency key that it needs.
    Refund { order: Gid, lines: Vec<RefundLine>, shipping: Option<Money>, amount: Money, note: String },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReturnLine {
    pub fulfillment_line: Gid,
    pub quantity: u32,
    /// At most 300 characters.
    pub note: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RefundLine {
    pub line: Gid,
    pub quantity: u32,
}

/// An action that waits for a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PreparedAction {
    pub id: ActionId,
    pub conversation: ConversationId,
    pub turn: u32,
    pub order: OrderNumber,
    pub action: Action,
    /// The same for the same action of the same conversation and turn: executing twice is executing once.
    pub idempotency_key: String,
    /// What it will do, in words, for the person who approves it.
    pub says: String,
    /// What speaks against it (outside the window, already shipped); empty if nothing does.
    pub warnings: Vec<String>,
    pub prepared_at: Timestamp,
    /// `updatedAt` of the order that it was prepared from: an order that is another one by now is not touched.
    pub order_updated_at: Timestamp,
}

impl Action {
    /// The order that it changes.
    pub fn order(&self) -> &Gid {
        match self {
            Self::RequestReturn { order, .. }
            | Self::Cancel { order, .. }
            | Self::ChangeAddress { order, .. }
            | Self::Refund { order, .. } => order,
        }
    }
}

/// A person's word that an action may be done. Whatever executes one takes this and nothing else, so nothing else than a
/// person's approval can lead there.
///
/// ```compile_fail,E0451
/// fn forge(action: engine::live::PreparedAction) -> engine::live::Approval {
///     engine::live::Approval { action, by: "nobody".into(), at: jiff::Timestamp::now() }
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Approval {
    action: PreparedAction,
    by: String,
    at: Timestamp,
}

impl Approval {
    /// For the one place where a person is asked and says yes. A lint (`disallowed_methods`) makes every use say why.
    pub fn by_person(action: PreparedAction, by: String, at: Timestamp) -> Self {
        Self { action, by, at }
    }

    pub fn action(&self) -> &PreparedAction {
        &self.action
    }

    pub fn by(&self) -> &str {
        &self.by
    }

    pub fn at(&self) -> Timestamp {
        self.at
    }
}
