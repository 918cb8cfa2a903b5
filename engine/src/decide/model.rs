//! The file that `shopclerk eval calibrate` writes and the engine loads: weights, threshold, what is known of how often
//! an answer will be wrong, and on what that rests.

use super::signals::{Signal, Signals, Stage, UNKNOWN};
use super::{Calibration, Scorer};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The format that this version reads and writes.
pub const FORMAT: u32 = 1;

/// What a model decides about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decides {
    /// Whether an answer from the store's pages is given.
    Answer,
    /// Whether two questions are the same, so that one's answer answers the other.
    SameQuestion,
}

/// What a mistake costs. Only the ratios count.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Costs {
    /// Answered, and not rightly.
    pub wrong: f64,
    /// Handed over what would have been answered rightly.
    pub needless: f64,
    /// Answered what a person had to decide.
    pub missed: f64,
}

/// A share with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

/// How a bound was proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BoundMethod {
    /// Of the answers that are given, at most this share is wrong, with this confidence: exact binomial tests in a
    /// fixed sequence of thresholds (Angelopoulos et al., "Learn then Test", arXiv:2110.01052).
    Binomial,
    /// Of all questions, at most this share is answered wrongly, on average over what was drawn to calibrate with
    /// (Angelopoulos et al., "Conformal Risk Control", arXiv:2208.02814).
    Crc,
}

/// What is promised of the threshold, for questions like those that it was calibrated on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    pub method: BoundMethod,
    /// The share that is not exceeded.
    pub risk_upper: f64,
    /// How sure that is; absent for [`BoundMethod::Crc`], which bounds an expectation.
    pub confidence: Option<f64>,
    /// Clusters that were counted, none of which the weights have seen: those with an answer for the binomial bound,
    /// all for conformal risk control.
    pub n: usize,
    /// Clusters in which an answer that is given was wrong.
    pub wrong: usize,
    /// Share of the questions that reach the pages which are answered.
    pub answered_share: Interval,
}

/// Answers whose probability lies in one tenth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReliabilityBin {
    pub n: usize,
    /// Mean probability that was stated.
    pub stated: f64,
    /// Share that was right, with Wilson's interval.
    pub right: Interval,
}

/// How good the probabilities are, on answers that the weights had not seen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quality {
    pub n: usize,
    pub calibration_error: Interval,
    pub brier: Interval,
    pub auc: Interval,
}

/// Models and settings. What is measured of one system says nothing of another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct System {
    pub embedder: String,
    pub reranker: String,
    pub generator: String,
    /// Settings that decide what is found and said, by their names.
    pub settings: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedOn {
    /// `pack/file`, in the order in which they were asked.
    pub files: Vec<String>,
    /// Questions, and the answers among them that the weights were fitted on.
    pub questions: usize,
    pub answers: usize,
    pub clusters: usize,
    /// SHA-256 over what was asked and what was searched.
    pub content: String,
    pub date: Option<Date>,
    pub system: System,
    /// Strength of the ridge penalty (1 / C of scikit-learn), chosen by cross-validation.
    pub penalty: f64,
    pub seed: u64,
    /// An answer that lacks a required fact counted as right.
    pub incomplete_tolerated: bool,
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RiskModel {
    pub format: u32,
    pub decides: Decides,
    pub scorer: Scorer,
    /// From this probability of being right on, an answer is given.
    pub threshold: f64,
    pub costs: Costs,
    /// `None`: the threshold costs least on what was seen, and nothing is promised.
    pub bound: Option<Bound>,
    pub quality: Option<Quality>,
    pub reliability: Vec<ReliabilityBin>,
    pub fitted_on: Option<FittedOn>,
}

/// Why a file is not used. Whoever reads it names it.
#[derive(Debug, thiserror::Error)]
pub enum RiskError {
    #[error("it is not what `shopclerk eval calibrate` writes: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error("its format is {0}, and this version reads format {FORMAT}: run `shopclerk eval calibrate` again")]
    Format(u64),
    #[error("it decides about {found:?}, and is used for {wanted:?}: name the other file")]
    Decides { found: Decides, wanted: Decides },
    #[error("it weighs '{0}', which this version does not know: run `shopclerk eval calibrate` again")]
    Feature(String),
    #[error("{0} is no number that can be used")]
    Number(String),
    #[error(
        "it was fitted with {what} {fitted}, and here it is {here}: its threshold and its bound do not hold; run \
         `shopclerk eval calibrate` again, or leave engine.risk empty"
    )]
    OtherSystem { what: String, fitted: String, here: String },
}

/// Read before anything else, so that a file of another format says so and not what else is strange about it.
#[derive(Deserialize)]
struct Versioned {
    format: u64,
}

impl RiskModel {
    /// A model of answers. Every feature must be a signal of this version.
    pub fn parse(json: &str) -> Result<Self, RiskError> {
        let known = |name: &str| Signal::named(name.strip_suffix(UNKNOWN).unwrap_or(name)).is_some();
        Self::parse_for(json, Decides::Answer, known)
    }

    /// A model of whatever it is used for; `known` tells the features that its user can compute.
    pub fn parse_for(json: &str, wanted: Decides, known: impl Fn(&str) -> bool) -> Result<Self, RiskError> {
        let Versioned { format } = serde_json::from_str(json)?;
        if format != u64::from(FORMAT) {
            return Err(RiskError::Format(format));
        }
        let model: Self = serde_json::from_str(json)?;
        if model.decides != wanted {
            return Err(RiskError::Decides { found: model.decides, wanted });
        }
        model.scorer.check(known)?;
        if !(0.0..=1.0).contains(&model.threshold) {
            return Err(RiskError::Number("'threshold'".into()));
        }
        Ok(model)
    }

    /// Refuses nothing, however sure one wants to be: with it, every question gets its draft, which is how a threshold is
    /// looked for.
    pub fn open() -> Self {
        Self {
            format: FORMAT,
            decides: Decides::Answer,
            // A logit of which the logistic is 1, to the last bit.
            scorer: Scorer { features: Vec::new(), bias: 100.0, calibration: Calibration::None },
            threshold: 0.0,
            costs: Costs { wrong: 1.0, needless: 1.0, missed: 1.0 },
            bound: None,
            quality: None,
            reliability: Vec::new(),
            fitted_on: None,
        }
    }

    /// How probable it is that the answer is right, if one is given.
    pub fn probability_right(&self, signals: &Signals) -> f64 {
        self.scorer.probability(|name| signals.feature(name))
    }

    /// When the probability can be told.
    pub fn stage(&self) -> Stage {
        let signals = self.scorer.features.iter().map(|f| f.name.strip_suffix(UNKNOWN).unwrap_or(&f.name));
        let stages = signals.filter_map(Signal::named).map(Signal::stage);
        stages.max().unwrap_or(Stage::Evidence)
    }

    /// Whether the models and settings are those that it was fitted with; the first that is not is named.
    pub fn holds_for(&self, here: &System) -> Result<(), RiskError> {
        let Some(FittedOn { system, .. }) = &self.fitted_on else { return Ok(()) };
        let models = [
            ("the embedder", &system.embedder, &here.embedder),
            ("the reranker", &system.reranker, &here.reranker),
            ("the generator", &system.generator, &here.generator),
        ];
        let differs = |what: String, fitted: &str, here: &str| {
            Err(RiskError::OtherSystem { what, fitted: fitted.to_owned(), here: here.to_owned() })
        };
        for (what, fitted, here) in models {
            if fitted != here {
                return differs(what.to_owned(), fitted, here);
            }
        }
        let names = system.settings.keys().chain(here.settings.keys());
        for name in names {
            let value = |of: &System| of.settings.get(name).map_or("not set", String::as_str).to_owned();
            if value(system) != value(here) {
                return differs(name.clone(), &value(system), &value(here));
            }
        }
        Ok(())
    }
}
