//! Everything from labelled questions to the model's numbers.

use super::crossfit::{Fit, choose_penalty, folds, held_out};
use super::isotonic::{CalibrationKind, calibrate as calibrate_scores};
use super::logistic::FitError;
use super::quality::{interval, quality, reliability};
use super::threshold::{Judged, Shortfall, Wanted, certified, cheapest, cost, counts, grid, losses};
use super::{Example, Item};
use crate::statistics::{Bootstrap, Part};
use engine::decide::{Bound, BoundMethod, Calibration, Feature, Interval, Quality, ReliabilityBin, Scorer};
use std::collections::BTreeSet;

/// What a fit is told.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Names of the features, in the order of [`Item::features`].
    pub names: Vec<String>,
    pub folds: usize,
    /// Share of the clusters that nothing is learned from.
    pub held_out: f64,
    pub calibration: CalibrationKind,
    pub wanted: Wanted,
    /// Of the draws and of the intervals.
    pub bootstrap: Bootstrap,
}

/// Fewer answers of one label than this teach nothing.
pub const LEAST: usize = 10;

/// Classified by what has to be brought.
#[derive(Debug, thiserror::Error)]
pub enum CalibrateError {
    #[error(
        "{right} right and {wrong} wrong answers are in the part that is fitted on, and at least {LEAST} of each are \
         needed to learn which is which: bring more labelled questions, with such that must not be answered"
    )]
    TooFew { right: usize, wrong: usize },
    #[error("a model cannot be fitted: {0}; bring more labelled questions, in more clusters")]
    Fit(#[from] FitError),
}

/// How it went, for the file, the table and the page.
#[derive(Clone, Debug)]
pub struct Calibrated {
    pub scorer: Scorer,
    pub penalty: f64,
    /// What the bound allows and costs least; without one, what costs least.
    pub threshold: f64,
    /// Or why there is none.
    pub bound: Result<Bound, Shortfall>,
    /// Share of the questions that reach the pages which are answered at the threshold, in the part that was held out.
    pub answered_share: Option<Interval>,
    /// On the fitting part by folds, and on the part that was held out.
    pub out_of_fold: Option<Quality>,
    pub held_out: Option<Quality>,
    pub reliability: Vec<ReliabilityBin>,
    /// Every question with its probability: by folds where it was fitted on, by the model where it was held out.
    pub fitted: Vec<Judged>,
    pub held: Vec<Judged>,
    pub clusters: usize,
    pub answers_fitted: usize,
    pub wanted: Wanted,
}

pub fn calibrate(items: &[Item], plan: &Plan) -> Result<Calibrated, CalibrateError> {
    let seed = plan.bootstrap.seed;
    let drawn = held_out(items.iter().map(|item| item.cluster.as_str()), plan.held_out, seed);
    let (unseen, seen): (Vec<&Item>, Vec<&Item>) = items.iter().partition(|item| drawn.contains(&item.cluster));
    let answers: Vec<(usize, Example)> = seen
        .iter()
        .enumerate()
        .filter_map(|(at, item)| {
            let label = item.said.answer()?;
            Some((at, Example { features: item.features.clone(), label, cluster: item.cluster.clone() }))
        })
        .collect();
    let examples: Vec<&Example> = answers.iter().map(|(_, example)| example).collect();
    let right = examples.iter().filter(|example| example.label).count();
    let wrong = examples.len() - right;
    if right < LEAST || wrong < LEAST {
        return Err(CalibrateError::TooFew { right, wrong });
    }
    let folds = folds(&examples, plan.folds, seed);
    let (penalty, scores) = choose_penalty(&examples, &folds)?;
    let labels: Vec<bool> = examples.iter().map(|example| example.label).collect();
    let calibration = rounded(calibrate_scores(plan.calibration, &scores, &labels));
    let scorer = scorer(&Fit::of(&examples, penalty)?, &plan.names, calibration);
    let by_model = |item: &Item| {
        let value = |name: &str| Some(item.features[plan.names.iter().position(|one| one == name)?]);
        scorer.probability(value)
    };
    let mut fitted: Vec<Judged> = seen.iter().map(|item| judged(item, by_model(item))).collect();
    for ((at, _), score) in answers.iter().zip(&scores) {
        fitted[*at].probability = scorer.calibration.apply(*score);
    }
    let held: Vec<Judged> = unseen.iter().map(|item| judged(item, by_model(item))).collect();
    let grid = grid(&fitted);
    let all: Vec<&Judged> = fitted.iter().chain(&held).collect();
    let allowed = certified(&grid, &fitted, &held, plan.wanted);
    let thresholds = allowed.as_deref().unwrap_or(&grid);
    let threshold = cheapest(thresholds, &all).unwrap_or(1.0);
    let answered_share = answered_share(&held, threshold, plan.bootstrap);
    let nothing = Interval { value: 0.0, low: 0.0, high: 1.0 };
    let bound = allowed.map(|_| promise(&held, threshold, plan.wanted, answered_share.unwrap_or(nothing)));
    let of = |judged: &[Judged]| {
        let (known, clusters) = known(judged);
        quality(&known, &clusters, plan.bootstrap)
    };
    Ok(Calibrated {
        threshold,
        bound,
        answered_share,
        out_of_fold: of(&fitted),
        held_out: of(&held),
        reliability: reliability(&known(&held).0),
        clusters: items.iter().map(|item| &item.cluster).collect::<BTreeSet<_>>().len(),
        answers_fitted: examples.len(),
        wanted: plan.wanted,
        scorer,
        penalty,
        fitted,
        held,
    })
}

fn judged(item: &Item, probability: f64) -> Judged {
    Judged {
        probability,
        answer: item.said.answer(),
        cluster: item.cluster.clone(),
        cost_given: item.cost_given,
        cost_held: item.cost_held,
    }
}

/// Nine decimals: fewer digits than a double holds, so that what is read from the file is what was measured here.
fn nine(x: f64) -> f64 {
    (x * 1e9).round() / 1e9
}

fn rounded(calibration: Calibration) -> Calibration {
    let all = |list: Vec<f64>| list.into_iter().map(nine).collect();
    match calibration {
        Calibration::None => Calibration::None,
        Calibration::Platt { slope, intercept } => {
            Calibration::Platt { slope: nine(slope), intercept: nine(intercept) }
        }
        Calibration::Isotonic { raw, probability } => {
            Calibration::Isotonic { raw: all(raw), probability: all(probability) }
        }
    }
}

/// A fit in the scale of its examples as a scorer of named features.
fn scorer(fit: &Fit, names: &[String], calibration: Calibration) -> Scorer {
    let features = fit.standard.kept.iter().zip(&fit.logistic.weights);
    let features = features.map(|((i, mean, scale), weight)| Feature {
        name: names[*i].clone(),
        mean: nine(*mean),
        scale: nine(*scale),
        weight: nine(*weight),
    });
    Scorer { features: features.collect(), bias: nine(fit.logistic.bias), calibration }
}

/// Probability and truth of every answer, and the clusters they are in.
fn known(judged: &[Judged]) -> (Vec<(f64, bool)>, Vec<String>) {
    judged.iter().filter_map(|one| Some(((one.probability, one.answer?), one.cluster.clone()))).unzip()
}

fn answered_share(judged: &[Judged], threshold: f64, bootstrap: Bootstrap) -> Option<Interval> {
    let of = |one: &Judged| f64::from(u8::from(one.answer.is_some() && one.probability >= threshold));
    let parts: Vec<Part> = judged.iter().map(|one| Part { of: of(one), all: 1.0 }).collect();
    let clusters: Vec<String> = judged.iter().map(|one| one.cluster.clone()).collect();
    bootstrap.ratio(&parts, Some(&clusters), true).map(interval)
}

/// Only for a threshold that was certified. What is claimed is what was asked for: the smaller number that this very
/// threshold shows was chosen after looking.
fn promise(held: &[Judged], threshold: f64, wanted: Wanted, answered_share: Interval) -> Bound {
    let (answered, wrong) = counts(held, threshold);
    match wanted.method {
        BoundMethod::Binomial => Bound {
            method: BoundMethod::Binomial,
            risk_upper: wanted.at_most,
            confidence: Some(wanted.confidence),
            n: answered,
            wrong,
            answered_share,
        },
        BoundMethod::Crc => Bound {
            method: BoundMethod::Crc,
            risk_upper: wanted.at_most,
            confidence: None,
            n: losses(held, threshold).len(),
            wrong,
            answered_share,
        },
    }
}

impl Calibrated {
    /// Every question, fitted on or not.
    pub fn all(&self) -> Vec<&Judged> {
        self.fitted.iter().chain(&self.held).collect()
    }

    /// What a question costs on average at a threshold.
    pub fn cost_at(&self, threshold: f64) -> f64 {
        cost(&self.all(), threshold)
    }

    /// Share of all questions that is answered at a threshold, and the share of these answers that is wrong; of the part
    /// that was held out.
    pub fn risk_at(&self, threshold: f64) -> (f64, Option<f64>) {
        let given = |one: &&Judged| one.answer.is_some() && one.probability >= threshold;
        let answers: Vec<&Judged> = self.held.iter().filter(given).collect();
        let wrong = answers.iter().filter(|one| one.answer == Some(false)).count();
        let share = answers.len() as f64 / self.held.len().max(1) as f64;
        (share, (!answers.is_empty()).then(|| wrong as f64 / answers.len() as f64))
    }
}
