//! Where a draft is stopped: in front of it, and where nothing of it has been said, behind it.

use super::{RiskModel, Signals, Stage};
use crate::evidence::Evidence;
use crate::handoff::HandoffReason;
use crate::reply::Answer;
use crate::select::{Question, Scored};
use crate::trace::Trace;

/// What decides. Borrowed for one turn.
#[derive(Clone, Copy, Debug)]
pub enum Gate<'a> {
    /// The coverage must reach this.
    Coverage(f32),
    /// The probability of being right must reach the model's threshold.
    Risk(&'a RiskModel),
}

/// Why a person is called, and the numbers that say so.
pub(crate) type Refusal = (HandoffReason, String);

impl<'a> Gate<'a> {
    pub fn new(risk: Option<&'a RiskModel>, coverage: f32) -> Self {
        risk.map_or(Self::Coverage(coverage), Self::Risk)
    }

    /// In front of the draft, from what the evidence tells. A coverage of exactly 0 is a veto: a code or a country that
    /// no source names.
    pub(crate) fn refuses(
        self,
        question: &Question,
        ranked: &[Scored],
        evidence: &Evidence,
        trace: &mut Trace,
    ) -> Option<Refusal> {
        let nothing = || Some((HandoffReason::NoEvidence, String::new()));
        if ranked.is_empty() {
            return nothing();
        }
        let covered = trace.coverage.probability;
        let signals = trace.signals.insert(Signals::of_evidence(question, &trace.coverage, ranked, evidence));
        signals.add_understanding(&trace.understanding);
        match self {
            Self::Coverage(bound) if covered < bound => nothing(),
            Self::Coverage(_) => None,
            Self::Risk(_) if covered == 0.0 => nothing(),
            Self::Risk(model) => doubts(model, signals, Stage::Evidence),
        }
    }

    /// Behind the draft, for a model that looks at it. What is refused here is kept for the person who takes over.
    pub(crate) fn refuses_draft(self, question: &Question, answer: &Answer, trace: &mut Trace) -> Option<Refusal> {
        let signals = trace.signals.get_or_insert_default();
        signals.add_draft(question, answer, !trace.extractive, trace.dropped.len());
        let refusal = match self {
            Self::Coverage(_) => None,
            Self::Risk(model) => doubts(model, signals, Stage::Draft),
        };
        if refusal.is_some() {
            trace.draft.get_or_insert_with(|| answer.text());
        }
        refusal
    }

    /// Whether nothing may be said before the draft is finished.
    pub(crate) fn waits(self) -> bool {
        match self {
            Self::Coverage(_) => false,
            Self::Risk(model) => model.stage() == Stage::Draft,
        }
    }
}

fn doubts(model: &RiskModel, signals: &Signals, stage: Stage) -> Option<Refusal> {
    if model.stage() != stage {
        return None;
    }
    let probability = model.probability_right(signals);
    let why = || format!("probability of being right {probability:.3}, below {:.3}", model.threshold);
    (probability < model.threshold).then(|| (HandoffReason::LowConfidence, why()))
}
