//! Would the agent have to ask for something that is already known? What a package needs depends on the reason; what was
//! given in the conversation is read again here and must be in it.

use super::{Came, Known, Package, Tried};
use crate::handoff::{HandoffCase, HandoffReason};
use crate::identity::Tier;
use crate::text::sentences;
use crate::turn::{Message, Speaker, Turn};
use regex::Regex;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How much of what an agent needs is there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Completeness {
    /// 0 to 1; 1 where nothing is missing.
    pub score: f64,
    pub missing: Vec<Missing>,
}

/// What an agent would have to ask for, or look for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "missing", rename_all = "snake_case")]
pub enum Missing {
    /// The package as a whole: a case of an older version has none.
    Package,
    /// Two sentences.
    Summary,
    Tier,
    OpenQuestion,
    /// The message that is handed over, in the timeline.
    Question,
    /// Neither the words that triggered the reason nor a source.
    Evidence,
    /// An order that the customer named and that is not among what they gave.
    OrderNumber {
        number: String,
    },
    Email,
    /// An amount, a day or the like.
    Given {
        text: String,
    },
    /// The order that it is about was neither read nor looked for in vain.
    Order,
    /// Who the verified customer is.
    Customer,
    /// What could be done, or why nothing is prepared.
    Action,
    /// Which step failed.
    FailedStep,
    /// What was searched, or what was found.
    Search,
    /// What was written and why it did not pass.
    Draft,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Package => f.write_str("the whole package"),
            Self::Summary => f.write_str("a summary in two sentences"),
            Self::Tier => f.write_str("how far the customer is known"),
            Self::OpenQuestion => f.write_str("the open question"),
            Self::Question => f.write_str("the message that is handed over"),
            Self::Evidence => f.write_str("what triggered the handoff"),
            Self::OrderNumber { number } => write!(f, "order number {number}"),
            Self::Email => f.write_str("the e-mail address that the customer gave"),
            Self::Given { text } => write!(f, "'{text}', which the customer gave"),
            Self::Order => f.write_str("the order that it is about"),
            Self::Customer => f.write_str("who the customer is"),
            Self::Action => f.write_str("the action, or why none is prepared"),
            Self::FailedStep => f.write_str("which step failed"),
            Self::Search => f.write_str("what was searched"),
            Self::Draft => f.write_str("the draft that did not pass"),
        }
    }
}

/// Judges a case. `pattern` is how the store's order numbers look.
pub fn completeness(case: &HandoffCase, pattern: &Regex) -> Completeness {
    let Some(package) = case.package.as_deref() else {
        return Completeness { score: 0.0, missing: vec![Missing::Package] };
    };
    let known = given(case, package, pattern);
    let mut checks: Vec<(bool, Missing)> = vec![
        (sentences(&package.summary).len() == 2, Missing::Summary),
        (case.tier.is_some(), Missing::Tier),
        (package.open_questions.first().is_some_and(|q| !q.trim().is_empty()), Missing::OpenQuestion),
        (package.asked().last() == Some(case.question.as_str()), Missing::Question),
        (!case.evidence.is_empty() || !case.looked_at.is_empty() || has_step(package), Missing::Evidence),
    ];
    for number in &known.orders {
        let missing = Missing::OrderNumber { number: number.to_string() };
        checks.push((package.known.orders.contains(number), missing));
    }
    for email in &known.emails {
        checks.push((package.known.emails.contains(email), Missing::Email));
    }
    for given in &known.given {
        checks.push((package.known.given.contains(given), Missing::Given { text: given.text.clone() }));
    }
    checks.extend(by_reason(case, package));
    let needed = checks.len() as f64;
    let missing: Vec<Missing> = checks.into_iter().filter(|(there, _)| !there).map(|(_, what)| what).collect();
    Completeness { score: 1.0 - missing.len() as f64 / needed, missing }
}

/// What the conversation of a case gives, read anew from its messages.
fn given(case: &HandoffCase, package: &Package, pattern: &Regex) -> Known {
    let said: Vec<&str> = package.asked().collect();
    let before = said.split_last().map(|(_, before)| before).unwrap_or_default();
    let history = before.iter().map(|text| Message { role: Speaker::Customer, text: (*text).to_owned() }).collect();
    let turn = Turn { history, ..Turn::single(case.conversation.0.clone(), case.question.clone()) };
    super::known::known(&turn, pattern, std::iter::empty())
}

fn has_step(package: &Package) -> bool {
    package.tried().next().is_some()
}

fn by_reason(case: &HandoffCase, package: &Package) -> Vec<(bool, Missing)> {
    let looked = package.tried().any(|tried| matches!(tried, Tried::Order { .. }));
    // With what was given, the order could be read or looked for.
    let could_look =
        matches!(package.who.tier, Tier::Verified) || (!package.known.orders.is_empty() && package.who.email.is_some());
    let order = || (!package.orders.is_empty() || looked || !could_look || !package.connected, Missing::Order);
    let read_customer = package.tried().any(|tried| matches!(tried, Tried::Customer { .. }));
    let failed = package.tried().any(Tried::has_failed);
    let known = package.who.name.is_some() || package.who.orders.is_some();
    let customer = || {
        let needed = package.who.tier == Tier::Verified && read_customer && !failed;
        let nothing = package.tried().any(|t| matches!(t, Tried::Customer { came: Came::Nothing }));
        (!needed || known || nothing, Missing::Customer)
    };
    let searched = package.tried().any(|tried| matches!(tried, Tried::Pages { .. }));
    match case.reason {
        HandoffReason::CustomerAsked
        | HandoffReason::Sensitive
        | HandoffReason::Complaint
        | HandoffReason::NeverAutomated
        | HandoffReason::NotAutomated
        | HandoffReason::Segment
        | HandoffReason::Repeated => vec![order(), customer()],
        HandoffReason::NeedsLiveData => vec![order(), customer()],
        HandoffReason::NeedsAction | HandoffReason::Exception => {
            vec![order(), customer(), (case.action.is_some() || package.no_action.is_some(), Missing::Action)]
        }
        HandoffReason::NoEvidence | HandoffReason::LowConfidence => {
            vec![(searched || !case.evidence.is_empty(), Missing::Search)]
        }
        HandoffReason::Ungrounded => {
            vec![(case.draft.is_some() || !package.suggestion.dropped.is_empty(), Missing::Draft)]
        }
        HandoffReason::SourcesDisagree => vec![(!package.sources.is_empty(), Missing::Search)],
        HandoffReason::Instructions => vec![(!case.evidence.is_empty(), Missing::Evidence)],
        HandoffReason::Unavailable => vec![(failed || !case.evidence.is_empty(), Missing::FailedStep)],
    }
}
