//! Conversations as an agent reads and moves them.

use crate::{
    db::conversations::{Conversation as Stored, Owner, StoredTurn, TurnRole},
    error::FieldError,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Names are shown to others, messages to the customer.
const NAME_CHARS: usize = 100;
const TEXT_CHARS: usize = 10_000;

/// Who moves a conversation.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveRequest {
    /// The agent's name; it stands in the audit.
    #[schema(example = "Mia")]
    pub by: String,
}

/// What a person says to the customer.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonMessage {
    /// The agent's name, as the conversation was taken over with.
    #[schema(example = "Mia")]
    pub by: String,
    pub text: String,
}

/// A conversation and all that was said in it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ConversationView {
    pub id: String,
    /// `api`, or the name of a channel.
    pub channel: String,
    pub owner: OwnerName,
    /// The person's name, where a person has the word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// How often it was opened anew after it was resolved.
    pub epoch: u32,
    #[schema(format = DateTime)]
    pub opened_at: String,
    #[schema(format = DateTime)]
    pub last_at: String,
    /// Oldest first.
    pub turns: Vec<TurnView>,
}

/// Who has the word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OwnerName {
    Bot,
    /// A person was called, and none has come yet.
    Waiting,
    Person,
    Resolved,
}

/// One thing that was said.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TurnView {
    pub epoch: u32,
    pub number: u32,
    pub role: SpeakerName,
    /// The person's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    pub text: String,
    /// Of what type the bot's reply was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[schema(format = DateTime)]
    pub at: String,
}

/// Who spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpeakerName {
    Customer,
    Bot,
    Person,
}

impl MoveRequest {
    pub fn check(&self) -> Result<(), Vec<FieldError>> {
        let mut errors = Vec::new();
        named(&self.by, &mut errors);
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

impl PersonMessage {
    pub fn check(&self) -> Result<(), Vec<FieldError>> {
        let mut errors = Vec::new();
        named(&self.by, &mut errors);
        if self.text.trim().is_empty() {
            errors.push(FieldError::new("text", "is empty"));
        }
        if self.text.chars().count() > TEXT_CHARS {
            errors.push(FieldError::new("text", format!("the limit is {TEXT_CHARS} characters")));
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

fn named(by: &str, errors: &mut Vec<FieldError>) {
    if by.trim().is_empty() || by.chars().count() > NAME_CHARS || by.chars().any(char::is_control) {
        errors.push(FieldError::new("by", format!("write a name of 1 to {NAME_CHARS} characters")));
    }
}

impl ConversationView {
    pub fn new(stored: Stored, turns: Vec<StoredTurn>) -> Self {
        let Stored { id, channel, owner, epoch, opened_at, last_at, .. } = stored;
        let (owner, person) = match owner {
            Owner::Bot => (OwnerName::Bot, None),
            Owner::Waiting => (OwnerName::Waiting, None),
            Owner::Person(name) => (OwnerName::Person, Some(name)),
            Owner::Resolved => (OwnerName::Resolved, None),
        };
        Self {
            id: id.0,
            channel: channel.as_str().to_owned(),
            owner,
            person,
            epoch,
            opened_at: opened_at.to_string(),
            last_at: last_at.to_string(),
            turns: turns.into_iter().map(TurnView::from).collect(),
        }
    }
}

impl From<StoredTurn> for TurnView {
    fn from(turn: StoredTurn) -> Self {
        let StoredTurn { epoch, number, role, who, text, kind, at } = turn;
        let role = match role {
            TurnRole::Customer => SpeakerName::Customer,
            TurnRole::Bot => SpeakerName::Bot,
            TurnRole::Person => SpeakerName::Person,
        };
        Self { epoch, number, role, who, text, kind, at: at.to_string() }
    }
}
