//! Policy as data: who handles what, what is never automated, what a mistake costs. Read from `[policy]` of the store's
//! TOML; what a store does not say is [`Policy::default`].

mod judge;
mod read;
mod segment;

pub use judge::{Ruled, Ruling, Why};
pub use read::{MAX_REPEATS, PolicyProblem, PolicySection};
pub use segment::Segment;

use crate::understand::{Family, Intent};
use regex::Regex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Who deals with an intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lane {
    /// The engine, from pages and live data.
    SelfService,
    /// A person does it, with everything prepared.
    Assisted,
    /// A person who decides: nothing is said about the matter before.
    Specialist,
}

/// How far an intent has come on its way to customers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// People answer; nothing is drafted.
    Off,
    /// People answer; they see what would have been said.
    Suggest,
    /// Customers read it.
    Answer,
}

/// What a mistake costs, in any unit: only the ratio counts, against that of [`Costs::default`]. Both are above 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Costs {
    /// A wrong answer.
    pub wrong: f64,
    /// A handoff that was not needed.
    pub handoff: f64,
}

/// What holds for one intent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IntentRule {
    pub lane: Lane,
    pub phase: Phase,
    pub costs: Costs,
    /// The team or person that gets it; `None` means whoever is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// Words that a person must see, whatever they are about.
#[derive(Clone, Debug)]
pub struct Watched {
    pub id: String,
    /// In these languages (ISO 639-1) only; empty means in all.
    pub languages: Vec<String>,
    pub words: Regex,
    pub owner: Option<String>,
}

/// One store's policy, complete: every intent has a rule.
#[derive(Clone, Debug)]
pub struct Policy {
    intents: BTreeMap<Intent, IntentRule>,
    /// Topics that nobody but a person speaks about.
    pub never: Vec<Watched>,
    /// What customers say when something has gone wrong.
    pub exceptions: Vec<Watched>,
    pub segments: Vec<Segment>,
    /// Below this probability an intent decides nothing.
    pub sure: f32,
    /// After so many failed tries a person is offered, after so many more it happens.
    pub offer_after: u32,
    pub hand_over_after: u32,
    /// Days in which a question of an earlier conversation counts as asked before. 0: none does.
    pub repeats_within: u32,
    /// How the store speaks.
    pub voice: Voice,
}

/// The few sentences that are not about anything.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Voice {
    /// To a greeting, and to what is no matter of a shop.
    pub what_i_do: String,
    /// To thanks and praise.
    pub thanks: String,
    /// Beside an answer that may not be the whole one.
    pub offer: String,
}

/// A convention, and the same as the evaluation's: a wrong answer costs as much as five needless handoffs.
impl Default for Costs {
    fn default() -> Self {
        Self { wrong: 5.0, handoff: 1.0 }
    }
}

impl Default for Voice {
    fn default() -> Self {
        Self {
            what_i_do: "I can help with orders, deliveries, returns, payments and products of this store.".into(),
            thanks: "Thank you! Is there anything else that I can help with?".into(),
            offer: "If that is not what you need, tell me and a person will take over.".into(),
        }
    }
}

impl Default for IntentRule {
    fn default() -> Self {
        Self { lane: Lane::SelfService, phase: Phase::Answer, costs: Costs::default(), owner: None }
    }
}

impl Default for Policy {
    fn default() -> Self {
        let rule = |intent: &Intent| {
            let lane = match intent.family() {
                Family::Information | Family::Status => Lane::SelfService,
                Family::Transaction => Lane::Assisted,
                Family::Exception => Lane::Specialist,
                Family::Conversation => match intent {
                    Intent::Human | Intent::Complaint => Lane::Specialist,
                    _ => Lane::SelfService,
                },
            };
            (*intent, IntentRule { lane, ..IntentRule::default() })
        };
        Self {
            intents: Intent::ALL.iter().map(rule).collect(),
            never: Vec::new(),
            exceptions: Vec::new(),
            segments: Vec::new(),
            sure: 0.5,
            offer_after: 2,
            hand_over_after: 3,
            repeats_within: 7,
            voice: Voice::default(),
        }
    }
}

impl Policy {
    pub fn of(&self, intent: Intent) -> &IntentRule {
        // Complete by construction: both constructors go through `Default`.
        &self.intents[&intent]
    }

    pub fn intents(&self) -> impl Iterator<Item = (Intent, &IntentRule)> {
        self.intents.iter().map(|(intent, rule)| (*intent, rule))
    }

    /// What the customers with these tags are. Of several segments one that goes to people counts before one that does
    /// not, then the one whose mistakes weigh most.
    pub fn segment(&self, tags: &[String]) -> Option<&Segment> {
        let has = |segment: &&Segment| segment.tags.iter().any(|t| tags.iter().any(|tag| tag.eq_ignore_ascii_case(t)));
        let first = |a: &&Segment, b: &&Segment| {
            a.straight_to_a_person.cmp(&b.straight_to_a_person).then(a.weight().total_cmp(&b.weight()))
        };
        self.segments.iter().filter(has).max_by(first)
    }
}
