//! A reply for the agent to start from, each sentence with why it can be trusted, or that it cannot.

use super::{OrderNow, Told};
use crate::evidence::DocId;
use crate::handoff::HandoffReason;
use jiff::Timestamp;
use regex::Regex;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Suggestion {
    /// Empty where there is nothing to start from.
    pub sentences: Vec<Suggested>,
    /// What the check took out of the draft, and why. Never part of a reply as it stands.
    pub dropped: Vec<DroppedSentence>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Suggested {
    pub text: String,
    pub trust: Trust,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "trust", rename_all = "snake_case")]
pub enum Trust {
    /// Made by code of what the shop said at that time.
    Live { docs: Vec<DocId>, read_at: Timestamp },
    /// Stands word by word in this source. Whether it answers the question is for the agent to say.
    Quoted { doc: DocId },
    /// A generator wrote it, and it did not pass the check.
    Unverified { why: String },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DroppedSentence {
    pub text: String,
    pub why: String,
}

impl Suggestion {
    pub fn text(&self) -> String {
        self.sentences.iter().map(|s| s.text.as_str()).collect::<Vec<_>>().join(" ")
    }
}

/// Live sentences first: they are true as of now. Then the draft, marked; then the closest words of the sources.
/// `named`: the customer said which orders they mean; of several that they only may mean, none speaks for the others.
pub(super) fn suggest(told: &Told<'_>, orders: &[OrderNow], named: bool) -> Suggestion {
    let trace = told.trace;
    let dropped: Vec<DroppedSentence> =
        trace.dropped.iter().map(|d| DroppedSentence { text: d.sentence.clone(), why: d.reason.clone() }).collect();
    let live = || {
        let meant = orders.iter().filter(|_| named || orders.len() == 1);
        meant.flat_map(|order| order.says.iter().cloned()).collect::<Vec<_>>()
    };
    let quoted = || {
        let units = trace.units.iter().take(QUOTES);
        units.map(|u| Suggested { text: u.text.clone(), trust: Trust::Quoted { doc: u.doc.clone() } }).collect()
    };
    // What the check took out of the generator's own words; a sentence of a source that it took out is no draft.
    let drafted = || {
        let draft = told.trace.draft.as_deref().map(bare).unwrap_or_default();
        let of_draft = dropped.iter().filter(|d| draft.contains(&bare(&d.text)));
        let unverified = |d: &DroppedSentence| Trust::Unverified { why: d.why.clone() };
        of_draft.map(|d| Suggested { text: d.text.clone(), trust: unverified(d) }).collect::<Vec<_>>()
    };
    let said = match told.reason {
        // What was written to steer the engine, or needs a person's judgement, gets no reply made by code.
        HandoffReason::Instructions
        | HandoffReason::Sensitive
        | HandoffReason::Complaint
        | HandoffReason::NeverAutomated => Vec::new(),
        // Which of the sources holds is what the person decides; they stand side by side in the sources.
        HandoffReason::SourcesDisagree => Vec::new(),
        HandoffReason::CustomerAsked
        | HandoffReason::NeedsLiveData
        | HandoffReason::NeedsAction
        | HandoffReason::Exception
        | HandoffReason::NotAutomated
        | HandoffReason::Segment
        | HandoffReason::Repeated => live(),
        HandoffReason::Unavailable => live(),
        HandoffReason::Ungrounded => match drafted() {
            none if none.is_empty() => quoted(),
            draft => draft,
        },
        HandoffReason::NoEvidence | HandoffReason::LowConfidence => quoted(),
    };
    Suggestion { sentences: said, dropped }
}

/// Without the numbers of its sources (`[1]`), on one line.
fn bare(text: &str) -> String {
    static CITES: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\s*\[\d+(?:,\s*\d+)*\]").expect("constant"));
    CITES.replace_all(text, "").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// More than these are not a reply, but the page.
const QUOTES: usize = 2;
