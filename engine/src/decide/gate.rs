//! Where a draft is stopped: in front of it, and where nothing of it has been said, behind it.

use super::stakes::{Of, Stakes, Threshold};
use super::{RiskModel, Signal, Signals, Stage};
use crate::evidence::Evidence;
use crate::handoff::HandoffReason;
use crate::reply::Answer;
use crate::select::{Question, Scored};
use crate::trace::Trace;

/// What decides in one turn.
#[derive(Clone, Debug)]
pub struct Gate<'a> {
    /// Without one, the coverage must reach the threshold; with one, its probability of being right.
    risk: Option<&'a RiskModel>,
    threshold: Threshold,
}

/// Why a person is called, and the numbers that say so.
pub(crate) type Refusal = (HandoffReason, String);

impl<'a> Gate<'a> {
    /// `coverage` is the bound where there is no risk; below `floor` nothing is said, whatever mistakes cost. Of a risk
    /// that promises how often it is wrong, costs only raise the threshold: below it the promise would not hold.
    pub fn new(risk: Option<&'a RiskModel>, coverage: f32, floor: f32, stakes: Stakes) -> Self {
        let shipped = risk.map_or(f64::from(coverage), |risk| risk.threshold);
        let moved = stakes.moved(shipped);
        let moved = if risk.is_some_and(|risk| risk.bound.is_some()) { moved.max(shipped) } else { moved };
        let floor = f64::from(floor);
        let threshold = Threshold {
            of: if risk.is_some() { Of::Right } else { Of::Coverage },
            by_default: shipped.max(floor),
            in_force: moved.max(floor),
            stakes,
        };
        Self { risk, threshold }
    }

    pub fn threshold(&self) -> &Threshold {
        &self.threshold
    }

    /// In front of the draft, from what the evidence tells. A coverage of exactly 0 is a veto: a code or a country that
    /// no source names.
    pub(crate) fn refuses(
        &self,
        question: &Question,
        ranked: &[Scored],
        evidence: &Evidence,
        trace: &mut Trace,
    ) -> Option<Refusal> {
        let nothing = || Some((HandoffReason::NoEvidence, String::new()));
        if ranked.is_empty() {
            return nothing();
        }
        trace.threshold = Some(self.threshold.clone());
        let covered = trace.coverage.probability;
        let signals = trace.signals.insert(Signals::of_evidence(question, &trace.coverage, ranked, evidence));
        signals.add_understanding(&trace.understanding);
        if let Some(value) = self.threshold.stakes.customer_value {
            signals.set(Signal::CustomerValue, value);
        }
        let Threshold { by_default, in_force, .. } = self.threshold;
        match self.risk {
            Some(_) if covered == 0.0 => nothing(),
            Some(model) => self.doubts(model, signals, Stage::Evidence),
            None if f64::from(covered) >= in_force => None,
            // It would be said if a mistake cost what it mostly does.
            None if f64::from(covered) >= by_default => Some((
                HandoffReason::LowConfidence,
                format!("covered with probability {covered:.3}, below {in_force:.3}{}", self.because()),
            )),
            None => nothing(),
        }
    }

    /// Behind the draft, for a model that looks at it. What is refused here is kept for the person who takes over.
    pub(crate) fn refuses_draft(&self, question: &Question, answer: &Answer, trace: &mut Trace) -> Option<Refusal> {
        let signals = trace.signals.get_or_insert_default();
        signals.add_draft(question, answer, !trace.extractive, trace.dropped.len());
        let refusal = self.risk.and_then(|model| self.doubts(model, signals, Stage::Draft));
        if refusal.is_some() {
            trace.draft.get_or_insert_with(|| answer.text());
        }
        refusal
    }

    /// Whether nothing may be said before the draft is finished.
    pub(crate) fn waits(&self) -> bool {
        self.risk.is_some_and(|model| model.stage() == Stage::Draft)
    }

    fn doubts(&self, model: &RiskModel, signals: &Signals, stage: Stage) -> Option<Refusal> {
        if model.stage() != stage {
            return None;
        }
        let (probability, least) = (model.probability_right(signals), self.threshold.in_force);
        let why = || format!("probability of being right {probability:.3}, below {least:.3}{}", self.because());
        (probability < least).then(|| (HandoffReason::LowConfidence, why()))
    }

    /// The costs, where they have moved anything.
    fn because(&self) -> String {
        let Threshold { by_default, in_force, stakes, .. } = &self.threshold;
        if by_default == in_force { String::new() } else { format!(": {stakes}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::{Bound, BoundMethod, Interval};
    use crate::policy::{Policy, PolicySection};
    use crate::understand::Intent;

    fn stakes(wrong: f64) -> Stakes {
        let text = format!("[intents.stock]\ncosts = {{ wrong = {wrong:?}, handoff = 1 }}");
        let (policy, _) = toml::from_str::<PolicySection>(&text).unwrap().policy();
        Stakes::of(&policy, Some(Intent::Stock), None, false)
    }

    #[test]
    fn whoever_wants_to_be_surer_asks_for_more_whatever_a_mistake_costs() {
        let least = |floor, stakes| Gate::new(None, 0.6, floor, stakes).threshold().in_force;
        let by_default = || Stakes::of(&Policy::default(), None, None, false);
        assert_eq!(least(0.0, by_default()), f64::from(0.6f32));
        assert_eq!(least(0.9, by_default()), f64::from(0.9f32));
        assert_eq!(least(0.9, stakes(0.1)), f64::from(0.9f32), "a cheap mistake loosens no floor");
        assert!(least(0.9, stakes(500.0)) > 0.99);
        assert!(least(0.0, stakes(0.1)) < 0.05);
    }

    #[test]
    fn what_was_promised_of_a_risk_is_not_loosened_by_cheap_mistakes() {
        let share = Interval { value: 0.5, low: 0.4, high: 0.6 };
        let bound = Bound {
            method: BoundMethod::Binomial,
            risk_upper: 0.02,
            confidence: Some(0.95),
            n: 200,
            wrong: 0,
            answered_share: share,
        };
        let fitted = |bound| RiskModel { threshold: 0.8, bound, ..RiskModel::open() };
        let least = |bound, wrong| Gate::new(Some(&fitted(bound)), 0.6, 0.0, stakes(wrong)).threshold().in_force;
        assert_eq!(least(Some(bound.clone()), 0.5), 0.8);
        assert!((least(None, 0.5) - 0.4 / 1.4).abs() < 1e-12);
        assert!((least(Some(bound), 50.0) - 40.0 / 41.0).abs() < 1e-12);
    }
}
