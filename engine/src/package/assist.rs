//! What an agent sees first: what it is about, what to do next, and what could be replied.

use super::{Completeness, NoAction, Package, Source, Suggestion, completeness};
use crate::handoff::{HandoffCase, HandoffReason};
use crate::live::{LiveKind, PreparedAction};
use crate::turn::ConversationId;
use crate::understand::Stage;
use serde::{Deserialize, Serialize};

/// A case as help for the agent who answers it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Assist {
    pub conversation: ConversationId,
    pub turn: u32,
    pub summary: String,
    /// Why a person was called, and the words that triggered it.
    pub reason: HandoffReason,
    pub evidence: String,
    /// What of an order or a product is asked for.
    pub asks: Vec<LiveKind>,
    /// Where the customer stands on the way of a purchase.
    pub stage: Option<Stage>,
    /// Earlier conversations in which they asked the same about the same order.
    pub asked_before: u32,
    pub open_questions: Vec<String>,
    pub next: NextStep,
    /// The next step in words.
    pub next_says: String,
    pub suggestion: Suggestion,
    pub sources: Vec<Source>,
    pub action: Option<PreparedAction>,
    pub completeness: Completeness,
}

/// What the agent does first. Closed: each is a different move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NextStep {
    /// Look at the prepared action, approve or reject it, then reply.
    DecideAction,
    /// It must be proved first that the customer owns the order.
    ProveIdentity,
    /// Do what is asked by hand: nothing could be prepared.
    ActByHand,
    /// Which of several orders is meant.
    ChooseOrder,
    /// The suggested reply rests on live data or on a source: read it and send it.
    SendSuggestion,
    /// The draft did not pass: correct it against the sources.
    CorrectDraft,
    /// Decide which of the sources holds, reply, and have the other one corrected.
    SettleSources,
    /// Reply from what you know: the sources hold nothing.
    ReplyYourself,
    /// Judge it: a threat, an injury, a dispute about money.
    Judge,
    /// Look at it for abuse before anything is replied.
    CheckForAbuse,
    /// The engine cannot see the shop: look it up there.
    LookUpInShop,
    /// Something was out of order: look it up again.
    LookAgain,
}

impl NextStep {
    pub fn as_text(self) -> &'static str {
        match self {
            Self::DecideAction => "look at the prepared action, approve or reject it, then reply",
            Self::ProveIdentity => "have the customer prove who they are before anything is told or done",
            Self::ActByHand => "do what is asked by hand; nothing could be prepared",
            Self::ChooseOrder => "find out which of the orders is meant",
            Self::SendSuggestion => "read the suggested reply and send it",
            Self::CorrectDraft => "correct the draft against the sources; it did not pass the check",
            Self::SettleSources => "decide which source holds, reply, and have the other one corrected",
            Self::ReplyYourself => "reply from what you know; the sources do not cover it",
            Self::Judge => "judge it yourself; nothing is suggested on purpose",
            Self::CheckForAbuse => "look at it for abuse; the message instructs instead of asking",
            Self::LookUpInShop => "look it up, or do it, in the shop; the engine is not connected to it",
            Self::LookAgain => "look it up again; something was out of order",
        }
    }

    fn of(case: &HandoffCase, package: Option<&Package>) -> Self {
        if case.action.is_some() {
            return Self::DecideAction;
        }
        let suggested = package.is_some_and(|p| !p.suggestion.sentences.is_empty());
        match case.reason {
            HandoffReason::NeedsAction | HandoffReason::Exception => match package.and_then(|p| p.no_action) {
                Some(NoAction::NotVerified) => Self::ProveIdentity,
                Some(NoAction::SeveralOrders) => Self::ChooseOrder,
                Some(NoAction::LookUpFailed) => Self::LookAgain,
                Some(NoAction::NotConnected) => Self::LookUpInShop,
                Some(NoAction::NoOrder | NoAction::NotPreparable) | None => Self::ActByHand,
            },
            HandoffReason::Sensitive | HandoffReason::Complaint | HandoffReason::NeverAutomated => Self::Judge,
            HandoffReason::Instructions => Self::CheckForAbuse,
            HandoffReason::SourcesDisagree => Self::SettleSources,
            HandoffReason::Ungrounded => Self::CorrectDraft,
            HandoffReason::NoEvidence | HandoffReason::LowConfidence => Self::ReplyYourself,
            HandoffReason::Unavailable if !suggested => Self::LookAgain,
            HandoffReason::NeedsLiveData if package.is_some_and(|p| !p.connected) => Self::LookUpInShop,
            HandoffReason::NeedsLiveData if !suggested && package.is_some_and(|p| p.orders.is_empty()) => {
                Self::ProveIdentity
            }
            HandoffReason::Unavailable
            | HandoffReason::NeedsLiveData
            | HandoffReason::CustomerAsked
            | HandoffReason::NotAutomated
            | HandoffReason::Segment
            | HandoffReason::Repeated => {
                if suggested {
                    Self::SendSuggestion
                } else {
                    Self::ReplyYourself
                }
            }
        }
    }
}

/// A case for the agent; a case of an older version, without a package, is shown as far as it goes.
/// `pattern` is how the store's order numbers look.
pub fn assist(case: &HandoffCase, pattern: &regex::Regex) -> Assist {
    let package = case.package.as_deref();
    let next = NextStep::of(case, package);
    Assist {
        conversation: case.conversation.clone(),
        turn: case.turn,
        summary: package.map(|p| p.summary.clone()).unwrap_or_default(),
        reason: case.reason,
        evidence: case.evidence.clone(),
        asks: package.map(|p| p.asks.clone()).unwrap_or_default(),
        stage: package.and_then(|p| p.stage),
        asked_before: package.map_or(0, |p| p.asked_before),
        open_questions: package.map_or_else(|| vec![case.question.clone()], |p| p.open_questions.clone()),
        next,
        next_says: next.as_text().to_owned(),
        suggestion: package.map(|p| p.suggestion.clone()).unwrap_or_default(),
        sources: package.map(|p| p.sources.clone()).unwrap_or_default(),
        action: case.action.as_deref().cloned(),
        completeness: completeness(case, pattern),
    }
}
