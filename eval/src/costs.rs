//! What mistakes cost a store, and what a run costs by that measure.

use crate::line::Line;
use crate::pack::Action;
use crate::score::{decided, met, must_hand_over};
use crate::statistics::Part;
use crate::unit::Task;
use serde::{Deserialize, Deserializer, Serialize};

/// In handoffs that were not needed. A pack says its store's own in `[costs]` of `pack.toml`; what it does not name
/// stays as it is here.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Costs {
    /// Answered, and not rightly.
    #[serde(deserialize_with = "cost")]
    pub wrong: f64,
    /// Handed over what should have been answered.
    #[serde(deserialize_with = "cost")]
    pub needless: f64,
    /// Answered or asked back what a person had to decide.
    #[serde(deserialize_with = "cost")]
    pub missed: f64,
    /// Asked back, or asked who is asking, where nothing had to be asked.
    #[serde(deserialize_with = "cost")]
    pub clarify: f64,
}

/// A wrong answer costs as much as five needless handoffs, and a needless question half of one. A convention, said
/// beside every number that rests on it.
pub const COST: Costs = Costs { wrong: 5.0, needless: 1.0, missed: 5.0, clarify: 0.5 };

impl Default for Costs {
    fn default() -> Self {
        COST
    }
}

impl std::fmt::Display for Costs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { wrong, needless, missed, clarify } = self;
        write!(f, "wrong {wrong} · needless handoff {needless} · missed {missed} · needless question {clarify}")
    }
}

fn cost<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let value = f64::deserialize(deserializer)?;
    if value.is_finite() && value >= 0.0 {
        return Ok(value);
    }
    Err(serde::de::Error::custom("a cost is a number, 0 or more"))
}

impl Costs {
    /// What it costs to have done `did` with a message.
    pub fn of(&self, line: &Line, did: Action) -> f64 {
        if did == Action::Handoff {
            return if met(line, Action::Handoff) { 0.0 } else { self.needless };
        }
        if must_hand_over(line) {
            return self.missed;
        }
        match did {
            Action::Answer | Action::Offer => {
                let bad = !met(line, did) || !line.facts.violated.is_empty() || line.facts.contradicted;
                if bad { self.wrong } else { 0.0 }
            }
            Action::Clarify | Action::NeedsIdentity if met(line, did) => 0.0,
            Action::Clarify | Action::NeedsIdentity => self.clarify,
            Action::Handoff => 0.0,
        }
    }

    /// What a line adds to the mean cost. A reply that an endpoint owes has no cost: it is counted as failed.
    pub fn part(&self, line: &Line) -> Part {
        if !costed(line) {
            return Part::default();
        }
        Part { of: self.of(line, line.did), all: 1.0 }
    }
}

fn costed(line: &Line) -> bool {
    (decided(line) || line.task == Task::Qa) && !line.failed()
}

/// Mean cost if every answer with a probability below `threshold` had been a handoff. What was handed over stays so:
/// below the threshold of the run the curve is flat. `None` where no decision is scored, or no answer has a
/// probability.
pub fn cost_at(lines: &[Line], threshold: f64, costs: &Costs) -> Option<f64> {
    let scored: Vec<&Line> = lines.iter().filter(|line| costed(line)).collect();
    let answered = |line: &Line| line.did.states();
    scored.iter().find(|line| answered(line) && line.probability.is_some())?;
    let at = |line: &&Line| {
        let doubtful = answered(line) && line.probability.is_some_and(|probability| probability < threshold);
        costs.of(line, if doubtful { Action::Handoff } else { line.did })
    };
    Some(scored.iter().map(at).sum::<f64>() / scored.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::tests::hostile;

    fn line(action: Action, accept: &[Action], did: Action) -> Line {
        let plain = Line { facts: Default::default(), probability: None, ..hostile("x") };
        Line { action, accept: accept.to_vec(), did, ..plain }
    }

    #[test]
    fn every_mistake_has_its_price_and_what_is_accepted_none() {
        use Action::{Answer, Clarify, Handoff};
        let costs = Costs { wrong: 7.0, needless: 2.0, missed: 9.0, clarify: 0.25 };
        for (action, accept, did, expected) in [
            (Answer, vec![], Answer, 0.0),
            (Answer, vec![], Handoff, 2.0),
            (Answer, vec![], Clarify, 0.25),
            (Answer, vec![Clarify], Clarify, 0.0),
            (Handoff, vec![], Answer, 9.0),
            (Handoff, vec![], Clarify, 9.0),
            (Handoff, vec![Clarify], Answer, 7.0),
            (Handoff, vec![Answer], Handoff, 0.0),
        ] {
            let line = line(action, &accept, did);
            assert_eq!(costs.part(&line), Part { of: expected, all: 1.0 }, "{action:?} {accept:?} {did:?}");
        }
        let told = Line {
            facts: crate::line::Facts { violated: vec!["x".into()], ..Default::default() },
            ..line(Answer, &[], Answer)
        };
        assert_eq!(costs.of(&told, Answer), 7.0);
        let doubtful = Line { probability: Some(0.4), ..line(Handoff, &[], Answer) };
        let both = [doubtful, line(Answer, &[], Handoff)];
        assert_eq!((cost_at(&both, 0.3, &costs), cost_at(&both, 0.5, &costs)), (Some(5.5), Some(1.0)));
    }
}
