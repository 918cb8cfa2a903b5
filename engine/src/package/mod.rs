//! What a person gets who takes over: everything the engine already knows, so that nothing is asked twice.
//!
//! [`make`] reads what is still missing and [`assemble`] puts it together, by code alone: no generator writes here.
//! The rules that read a message ([`reaction`], [`mood`], [`known`]) are plain functions, each in a file of its own, so
//! that a better reading can take the place of one of them.
//!
//! A package holds a customer's words and addresses as they were written: it is for an agent's eyes, lies on the
//! store's desk, and an erasure finds it by them. What is shown ([`markdown`], [`plain`]) masks e-mail addresses.

mod assemble;
mod assist;
mod complete;
mod event;
mod feedback;
mod gather;
pub mod known;
pub mod mood;
mod next;
mod note;
mod order;
mod past;
pub mod reaction;
mod reads;
mod sources;
mod suggest;
mod summary;
#[cfg(test)]
mod tests;
mod who;

pub use crate::understand::language::language;
pub use assemble::{Told, any_order_number, assemble, cut_off};
pub use assist::{Assist, NextStep, assist};
pub use complete::{Completeness, Missing, completeness};
pub use event::{Came, Event, Tried};
pub use feedback::{Feedback, FeedbackKind, FeedbackVerdict, feedback};
pub(crate) use gather::make;
pub use known::{Given, GivenKind, Known, mask};
pub use mood::{Sentiment, sentiment};
pub use next::Promise;
pub use note::{markdown, plain};
pub use order::{ItemNow, OrderNow, ParcelNow, ScanNow};
pub use past::{About, Link, PastContact};
pub use reaction::{Reaction, is_repeat, reaction, says_again};
pub use reads::{Reads, Watched};
pub use sources::Source;
pub use suggest::{DroppedSentence, Suggested, Suggestion, Trust};
pub use who::Who;

use crate::identity::Tier;
use crate::live::LiveKind;
use crate::understand::Stage;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Everything that is known of a conversation at the moment in which a person is called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Package {
    pub made_at: Timestamp,
    /// The store's, as IANA names it: in which a note says days and times.
    pub time_zone: Option<String>,
    /// Exactly two sentences: what the customer wants, and what is known or was tried.
    pub summary: String,
    pub who: Who,
    /// The store has a storefront, so orders can be read.
    pub connected: bool,
    /// What of an order or a product is asked for, where that was understood.
    pub asks: Vec<LiveKind>,
    /// Where the customer stands: by the order, where it is one, else by their words.
    #[serde(default)]
    pub stage: Option<Stage>,
    /// Earlier conversations in which this customer asked the same about the same order.
    #[serde(default)]
    pub asked_before: u32,
    /// As BCP 47 names it; absent where the words do not tell.
    pub language: Option<String>,
    /// Of the last message.
    pub sentiment: Sentiment,
    /// Messages, look-ups and what came of them, in their order; ends with the handoff.
    pub timeline: Vec<Event>,
    /// What nobody has answered yet, in the customer's words, the last one first.
    pub open_questions: Vec<String>,
    /// What the customer has given, anywhere in the conversation.
    pub known: Known,
    /// The orders that this is about, as they were read for this turn.
    pub orders: Vec<OrderNow>,
    /// Why something is to be done and nothing is prepared.
    pub no_action: Option<NoAction>,
    /// Earlier handoffs about the same order or of the same customer, newest first.
    pub past: Vec<PastContact>,
    /// What was found, with its own words.
    pub sources: Vec<Source>,
    pub suggestion: Suggestion,
    /// What the customer was told about when somebody replies.
    pub promise: Option<Promise>,
}

/// Why no action is prepared for something that is to be done. Closed: each tells the agent another next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoAction {
    /// The store has no storefront that could do anything.
    NotConnected,
    /// It is not proved that the asker owns the order.
    NotVerified,
    /// The look-up failed, so nothing could be prepared from it.
    LookUpFailed,
    /// No order of theirs was found that it could be about.
    NoOrder,
    /// Several orders, and no word which.
    SeveralOrders,
    /// There is no action for this wish, or its details are not whole (an address without a postcode).
    NotPreparable,
}

impl NoAction {
    pub fn as_text(self) -> &'static str {
        match self {
            Self::NotConnected => "the store is not connected, so nothing can be prepared",
            Self::NotVerified => "it is not proved that the asker owns the order",
            Self::LookUpFailed => "the order could not be read",
            Self::NoOrder => "no order was found that it could be about",
            Self::SeveralOrders => "several orders could be meant",
            Self::NotPreparable => "no action fits the request, or its details are not complete",
        }
    }
}

impl Package {
    /// What was tried for this turn, in order.
    pub fn tried(&self) -> impl Iterator<Item = &Tried> {
        self.timeline.iter().filter_map(|event| match event {
            Event::Tried(tried) => Some(tried),
            Event::Asked { .. } | Event::Answered { .. } | Event::Prepared { .. } | Event::HandedOver { .. } => None,
        })
    }

    /// The words under which it is filed, so that a later contact finds it: see [`About::subjects`].
    pub fn subjects(&self) -> Vec<String> {
        let orders = self.known.orders.iter().chain(self.orders.iter().map(|order| &order.number));
        let mut numbers: Vec<crate::identity::OrderNumber> = Vec::new();
        for number in orders {
            if !numbers.contains(number) {
                numbers.push(number.clone());
            }
        }
        let about = About {
            conversation: &crate::turn::ConversationId(String::new()),
            turn: 0,
            orders: &numbers,
            // An address that somebody only says is not theirs yet.
            email: self.who.email.as_ref().filter(|_| self.who.tier == Tier::Verified),
            customer: self.who.customer_id.as_ref(),
        };
        about.subjects().into_iter().map(|(_, subject)| subject).collect()
    }

    /// The customer's messages, oldest first.
    pub fn asked(&self) -> impl Iterator<Item = &str> {
        self.timeline.iter().filter_map(|event| match event {
            Event::Asked { text, .. } => Some(text.as_str()),
            Event::Answered { .. } | Event::Tried(_) | Event::Prepared { .. } | Event::HandedOver { .. } => None,
        })
    }
}
