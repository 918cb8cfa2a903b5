//! Earlier contacts of the same customer, or about the same order.

use crate::handoff::HandoffReason;
use crate::identity::{CustomerId, Email, OrderNumber};
use crate::turn::ConversationId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What contacts are looked for by.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// The conversation and turn that ask; they are no past contact of themselves.
    pub conversation: &'a ConversationId,
    pub turn: u32,
    pub orders: &'a [OrderNumber],
    pub email: Option<&'a Email>,
    pub customer: Option<&'a CustomerId>,
}

/// What an earlier contact has in common with this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    Conversation,
    Order,
    Customer,
}

/// An earlier time at which a person was called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PastContact {
    pub conversation: ConversationId,
    pub turn: u32,
    pub at: Timestamp,
    pub reason: HandoffReason,
    pub question: String,
    pub resolved: bool,
    pub link: Link,
    /// Where it was (`email`, `chat`), where the desk knows it.
    #[serde(default)]
    pub channel: Option<String>,
}

impl Link {
    pub fn as_text(self) -> &'static str {
        match self {
            Self::Conversation => "same conversation",
            Self::Order => "same order",
            Self::Customer => "same customer",
        }
    }
}

impl About<'_> {
    /// The words under which a contact is filed and found, each with what it links by.
    pub fn subjects(&self) -> Vec<(Link, String)> {
        let orders = self.orders.iter().map(|o| (Link::Order, format!("order:{o}")));
        let email = self.email.iter().map(|e| (Link::Customer, format!("email:{}", e.expose())));
        let customer = self.customer.iter().map(|c| (Link::Customer, format!("customer:{}", c.as_str())));
        orders.chain(email).chain(customer).collect()
    }
}
