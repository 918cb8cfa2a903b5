//! What happened, one step after the other.

use super::Reaction;
use crate::handoff::HandoffReason;
use crate::identity::OrderNumber;
use crate::turn::{Speaker, Turn};
use serde::{Deserialize, Serialize};

/// One line of the timeline. Messages of the history carry no times, so their order is all there is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The customer wrote. `turn` counts their messages from 0.
    Asked { turn: u32, text: String },
    /// The store replied, and this is how the customer took it.
    Answered { text: String, reaction: Reaction },
    /// The engine looked for something.
    Tried(Tried),
    /// Something waits for a person's approval.
    Prepared { says: String },
    /// A person is called: why, and the words that triggered it.
    HandedOver { reason: HandoffReason, words: String },
}

/// A step of this turn, whether it succeeded or not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Tried {
    /// Orders were looked up: this one, or the customer's latest.
    Order { number: Option<OrderNumber>, came: Came },
    /// The customer and their history.
    Customer { came: Came },
    /// Gift cards and store credit of the customer.
    StoredValue { came: Came },
    /// Products and stock.
    Catalogue { came: Came },
    /// The store's pages were searched. `covered` is the probability that they cover the question.
    Pages { found: usize, covered: f32 },
    /// An answer was drafted, and sentences of it did not pass the check.
    Draft { dropped: usize },
    /// Earlier contacts were looked for.
    PastContacts { came: Came },
}

/// What came of a look-up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "came", rename_all = "snake_case")]
pub enum Came {
    Found,
    /// It worked, and there is no such thing that the asker may see.
    Nothing,
    Failed {
        why: String,
    },
}

impl Tried {
    /// What came of it; absent for what cannot fail.
    pub fn came(&self) -> Option<&Came> {
        match self {
            Self::Order { came, .. }
            | Self::Customer { came }
            | Self::StoredValue { came }
            | Self::Catalogue { came }
            | Self::PastContacts { came } => Some(came),
            Self::Pages { .. } | Self::Draft { .. } => None,
        }
    }

    pub fn has_failed(&self) -> bool {
        matches!(self.came(), Some(Came::Failed { .. }))
    }
}

/// The conversation up to and with this turn, each reply with the customer's reaction to it.
pub fn messages(turn: &Turn) -> Vec<Event> {
    let before = turn.history.iter().filter(|m| m.role == Speaker::Customer).count();
    // The caller may have sent a part of the history only: count backwards from this turn.
    let mut number = turn.number.saturating_sub(u32::try_from(before).unwrap_or(u32::MAX));
    let mut events = Vec::with_capacity(turn.history.len() + 1);
    let mut last_asked: Option<&str> = None;
    for (at, message) in turn.history.iter().enumerate() {
        match message.role {
            Speaker::Customer => {
                events.push(Event::Asked { turn: number, text: message.text.clone() });
                last_asked = Some(&message.text);
                number = number.saturating_add(1);
            }
            Speaker::Agent => {
                let after = turn.history[at + 1..].iter().find(|m| m.role == Speaker::Customer);
                let after = after.map_or(turn.text.as_str(), |m| m.text.as_str());
                let reaction = super::reaction(last_asked, &message.text, after);
                events.push(Event::Answered { text: message.text.clone(), reaction });
            }
        }
    }
    events.push(Event::Asked { turn: turn.number, text: turn.text.clone() });
    events
}

/// Messages of the customer that nothing the store said has settled: this one, and those before it whose reply was
/// contradicted, asked again or left unanswered. The last one first.
pub fn open_questions(events: &[Event]) -> Vec<String> {
    let mut open: Vec<String> = Vec::new();
    let mut settled = false;
    for event in events.iter().rev() {
        match event {
            Event::Asked { text, .. } => {
                if !settled && !open.iter().any(|o| o == text) {
                    open.push(text.clone());
                }
            }
            Event::Answered { reaction, .. } => settled = reaction.settles(),
            Event::Tried(_) | Event::Prepared { .. } | Event::HandedOver { .. } => {}
        }
    }
    open
}
