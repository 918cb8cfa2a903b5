//! What was asked, and what was said before it.

use serde::{Deserialize, Serialize};

/// Chosen by the caller; the same id means the same conversation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConversationId(pub String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    Customer,
    /// Whoever spoke for the store before: a person, or shopclerk.
    Agent,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub role: Speaker,
    pub text: String,
}

/// One message of a customer, with the messages before it, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    pub conversation: ConversationId,
    /// Counts the customer's messages of this conversation, from 0.
    pub number: u32,
    pub text: String,
    pub history: Vec<Message>,
    /// The country the customer shops from (ISO 3166-1 alpha-2), if the channel knows it.
    pub country: Option<String>,
}

impl Turn {
    /// A conversation of one question.
    pub fn single(conversation: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            conversation: ConversationId(conversation.into()),
            number: 0,
            text: text.into(),
            history: Vec::new(),
            country: None,
        }
    }
}
