//! When and how a person takes over.

use crate::evidence::DocId;
use crate::identity::Tier;
use crate::live::PreparedAction;
use crate::package::Package;
use crate::turn::ConversationId;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HandoffId(pub String);

/// Why a person is called. Closed: whoever adds a reason decides everywhere what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandoffReason {
    /// The customer asked for a person.
    CustomerAsked,
    /// The question is about the customer's own order or account, which this store's engine cannot see.
    NeedsLiveData,
    /// Something must be done (cancel, refund, change an address), not said.
    NeedsAction,
    /// Legal threats, fraud, chargebacks, injuries: what a person decides, whatever a page says.
    Sensitive,
    /// Nothing in the store's knowledge covers the question.
    NoEvidence,
    /// Something was found, but no answer drawn from it passed the check.
    Ungrounded,
    /// An answer could be given, and is too probably wrong: see [`crate::decide`].
    LowConfidence,
    /// Sources that are in force state different values for what was asked.
    SourcesDisagree,
    /// Something went wrong with an order: damaged, lost, charged twice.
    Exception,
    /// The customer complains about the store.
    Complaint,
    /// A topic that the store's policy leaves to people.
    NeverAutomated,
    /// Of an intent that the store's policy does not let the engine answer, or not yet.
    NotAutomated,
    /// A customer of a segment that the store's policy leaves to people, whatever they ask.
    Segment,
    /// The customer has asked the same too often without being helped.
    Repeated,
    /// The message tries to instruct the engine instead of asking the store.
    Instructions,
    /// A model or the index failed or was too slow.
    Unavailable,
}

/// What a person needs to take over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HandoffCase {
    pub conversation: ConversationId,
    pub turn: u32,
    pub reason: HandoffReason,
    /// The words, numbers or names that triggered the reason.
    pub evidence: String,
    pub question: String,
    /// What was looked at, best first.
    pub looked_at: Vec<LookedAt>,
    /// The draft that did not pass, if there was one. For the agent's eyes only.
    pub draft: Option<String>,
    /// What is known of who asked.
    #[serde(default)]
    pub tier: Option<Tier>,
    /// What could be done about it, waiting for a person's approval. For the agent's eyes only.
    #[serde(default)]
    pub action: Option<Box<PreparedAction>>,
    /// Everything else that is known, so that nothing is asked twice. For the agent's eyes only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<Box<Package>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LookedAt {
    pub doc: DocId,
    pub title: String,
    pub url: Option<String>,
}
