//! Where a draft is stopped: in front of it, and where nothing of it has been said, behind it.

use super::{RiskModel, Signals, Stage};
use crate::handoff::HandoffReason;
use crate::select::Coverage;

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

    /// In front of the draft. A coverage of exactly 0 is a veto: a code or a country that no source names.
    pub(crate) fn refuses(self, coverage: &Coverage, signals: &Signals) -> Option<Refusal> {
        match self {
            Self::Coverage(bound) => {
                (coverage.probability < bound).then(|| (HandoffReason::NoEvidence, String::new()))
            }
            Self::Risk(_) if coverage.probability == 0.0 => Some((HandoffReason::NoEvidence, String::new())),
            Self::Risk(model) => doubts(model, signals, Stage::Evidence),
        }
    }

    /// Behind the draft, for a model that looks at it.
    pub(crate) fn refuses_draft(self, signals: &Signals) -> Option<Refusal> {
        match self {
            Self::Coverage(_) => None,
            Self::Risk(model) => doubts(model, signals, Stage::Draft),
        }
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
