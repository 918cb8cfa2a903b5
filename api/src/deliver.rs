//! Conversations handed over to the systems that people work in, and what those say back.
//!
//! What is to be told is written into the outbox (`db/outbox.rs`) in the transaction of what it tells of; `worker` sends
//! it, at least once and always with the same key; the connectors below know each system's documented requests.

pub mod back;
pub mod chatwoot;
mod connector;
mod email;
mod gorgias;
mod http;
pub mod inbound;
mod lasting;
mod slack;
mod supervisor;
mod text;
mod webhook;
pub mod worker;
mod zendesk;

pub use connector::{Connector, ConnectorError};
pub use http::Failure;
pub use supervisor::{Channels, Deliverer};
pub use text::agent_note;
pub use webhook::{SIGNATURE_HEADER, TIMESTAMP_HEADER, signature};

use crate::db::outbox::Destination;
use engine::{HandoffCase, HandoffId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Something that another system is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Notice {
    /// A conversation needs a person.
    Handoff(Box<HandoffNotice>),
    /// What the customer wrote while a person has the conversation, or was called.
    CustomerSaid { number: u32, text: String, at: Timestamp },
    /// What the customer added, for the ticket that a handoff became.
    FollowUp(Box<FollowUp>),
    /// Who has the word changed.
    Moved { what: String, by: String, at: Timestamp },
    /// To be said to the customer, in the channel that the conversation takes place in.
    Say { text: String },
    /// The state that the conversation is to have in its channel.
    Status { status: ChannelStatus },
}

/// A handoff, with what a person needs to take over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HandoffNotice {
    pub id: HandoffId,
    pub opened_at: Timestamp,
    /// An e-mail address that is known to be the customer's.
    pub contact: Option<String>,
    pub case: HandoffCase,
}

/// A message that the customer wrote after a person was called, or while one has the conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FollowUp {
    /// Whose ticket it belongs to.
    pub handoff: HandoffId,
    /// What the handoff was made of, for a subject.
    pub question: String,
    pub number: u32,
    pub text: String,
    pub at: Timestamp,
    /// An e-mail address that is known to be the customer's.
    pub contact: Option<String>,
}

impl FollowUp {
    /// How the keys of follow-ups begin; what carries one in another system was written by us.
    pub const KEYS: &str = "fu_";

    /// The key of the row that makes the ticket, which is also what the ticket is found by.
    pub fn ticket(&self, of: Destination) -> String {
        format!("{}:{}", self.handoff.0, of.as_str())
    }
}

/// The states of a conversation in Chatwoot that mean something here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelStatus {
    /// A person has it: the bot is silent.
    Open,
    /// The bot has it.
    Pending,
    Resolved,
}

impl Notice {
    /// The word that the outbox lists it under.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Handoff(_) => "handoff",
            Self::CustomerSaid { .. } => "customer_said",
            Self::FollowUp(_) => "follow_up",
            Self::Moved { .. } => "moved",
            Self::Say { .. } => "say",
            Self::Status { .. } => "status",
        }
    }
}

impl ChannelStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Pending => "pending",
            Self::Resolved => "resolved",
        }
    }
}
