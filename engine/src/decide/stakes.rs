//! What a mistake of this turn costs the store, and how sure one must therefore be.
//!
//! An answer is right with probability `p`. Given, it costs `(1 - p) * wrong` on average; handed over, `p * handoff`,
//! since a handoff was needless only where the answer would have been right. So it is given where the odds
//! `p / (1 - p)` reach `wrong / handoff`. The shipped bound, or a risk's, is what was found good at [`Costs::default`];
//! its odds are multiplied by how many times as much the costs of this turn weigh. Odds never leave 0 to 1 as a
//! probability, a weight of 1 changes nothing, and near certainty it is the textbook rule `(1 - p) * wrong < handoff`.

use crate::policy::{Costs, Policy, Segment};
use crate::understand::Intent;
use serde::Serialize;
use std::fmt;

/// The costs of one turn.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stakes {
    /// Whose costs they are; absent where no intent is sure and the default costs hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
    /// The segment of the customer, where they are known and in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment: Option<String>,
    /// What the customer is worth to the store; absent where the shop was not asked who they are, or did not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_value: Option<f64>,
    /// Of a wrong answer and of a needless handoff, the segment's factors in them.
    pub costs: Costs,
    /// How many times as much a wrong answer weighs against a handoff as it does by default.
    pub weight: f64,
}

/// From which probability on an answer is given in one turn, and why from there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Threshold {
    /// What the probability is of.
    pub of: Of,
    /// What holds where costs change nothing.
    pub by_default: f64,
    pub in_force: f64,
    pub stakes: Stakes,
}

/// Which probability is held against a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// That the evidence covers the question.
    Coverage,
    /// That the answer is right, as a fitted risk has it.
    Right,
}

impl Stakes {
    /// `known`: the shop has told who the customer is; without a segment they are worth what everybody is.
    pub fn of(policy: &Policy, intent: Option<Intent>, segment: Option<&Segment>, known: bool) -> Self {
        let mut costs = intent.map_or_else(Costs::default, |intent| policy.of(intent).costs);
        if let Some(segment) = segment {
            costs.wrong *= segment.value * segment.service_risk;
            costs.handoff *= segment.cost_to_serve;
        }
        let default = Costs::default();
        Self {
            intent,
            segment: segment.map(|segment| segment.id.clone()),
            customer_value: known.then(|| segment.map_or(1.0, |segment| segment.value)),
            costs,
            weight: (costs.wrong / costs.handoff) / (default.wrong / default.handoff),
        }
    }

    /// A bound, moved by what mistakes cost. 0 and 1 stay what they are: always and never.
    pub fn moved(&self, bound: f64) -> f64 {
        if self.weight == 1.0 {
            return bound;
        }
        let odds = bound / (1.0 - bound) * self.weight;
        1.0 / (1.0 + 1.0 / odds)
    }
}

impl fmt::Display for Stakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Costs { wrong, handoff } = self.costs;
        let intent = self.intent.map(|intent| format!("intents.{intent}"));
        let segment = self.segment.as_ref().map(|id| format!("segment.{id}"));
        let whose = [intent, segment].into_iter().flatten().collect::<Vec<_>>().join(", ");
        let whose = if whose.is_empty() { "the default".to_owned() } else { whose };
        write!(f, "a wrong answer costs {wrong} and a handoff {handoff} ({whose})")?;
        if self.weight == 1.0 { Ok(()) } else { write!(f, ", {:.3} times the default", self.weight) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::PolicySection;

    fn policy(text: &str) -> Policy {
        let (policy, problems) = toml::from_str::<PolicySection>(text).unwrap().policy();
        assert!(problems.is_empty(), "{problems:?}");
        policy
    }

    #[test]
    fn default_costs_move_no_bound_by_a_bit() {
        let twice = policy("[intents.stock]\ncosts = { wrong = 10, handoff = 2 }");
        for stakes in [
            Stakes::of(&Policy::default(), None, None, false),
            Stakes::of(&Policy::default(), Some(Intent::Warranty), None, true),
            Stakes::of(&twice, Some(Intent::Stock), None, false),
        ] {
            for bound in [0.0, f64::from(0.6f32), 0.1 + 0.2, 1.0] {
                assert_eq!(stakes.moved(bound).to_bits(), bound.to_bits(), "{stakes}");
            }
        }
    }

    #[test]
    fn dearer_mistakes_ask_for_more_and_cheaper_ones_for_less() {
        let of = |wrong: f64, handoff: f64| {
            let text = format!("[intents.stock]\ncosts = {{ wrong = {wrong:?}, handoff = {handoff:?} }}");
            Stakes::of(&policy(&text), Some(Intent::Stock), None, false)
        };
        // Odds of 3 to 2, ten times as much: 15 to 1.
        assert!((of(50.0, 1.0).moved(0.6) - 15.0 / 16.0).abs() < 1e-12);
        assert!((of(5.0, 10.0).moved(0.6) - 0.15 / 1.15).abs() < 1e-12);
        // The textbook: answered where (1 - p) * wrong < handoff, which is near where p is.
        assert!(((1.0 - of(5000.0, 1.0).moved(0.6)) - 0.001 / 1.5).abs() < 1e-6);
        for (wrong, handoff) in [(1e6, 1e-6), (1e-6, 1e6)] {
            let moved = of(wrong, handoff).moved(0.6);
            assert!(moved > 0.0 && moved < 1.0, "{moved}");
            assert_eq!((of(wrong, handoff).moved(0.0), of(wrong, handoff).moved(1.0)), (0.0, 1.0));
        }
    }

    #[test]
    fn a_segment_multiplies_what_its_intent_costs() {
        let policy = policy(
            "[intents.stock]\ncosts = { wrong = 10, handoff = 1 }\n[[segments]]\nid = \"vip\"\ntags = [\"vip\"]\n\
             value = 3\nservice_risk = 2\ncost_to_serve = 4",
        );
        let vip = policy.segment(&["vip".to_owned()]);
        let stakes = Stakes::of(&policy, Some(Intent::Stock), vip, true);
        assert_eq!((stakes.costs, stakes.weight), (Costs { wrong: 60.0, handoff: 4.0 }, 3.0));
        assert_eq!(stakes.customer_value, Some(3.0), "what they are worth, not how delicate they are");
        assert_eq!(Stakes::of(&policy, None, vip, true).weight, 1.5);
        assert_eq!(Stakes::of(&policy, None, None, true).customer_value, Some(1.0));
        assert_eq!(Stakes::of(&policy, None, None, false).customer_value, None);
        let said = stakes.to_string();
        assert_eq!(
            said,
            "a wrong answer costs 60 and a handoff 4 (intents.stock, segment.vip), 3.000 times the default"
        );
    }
}
