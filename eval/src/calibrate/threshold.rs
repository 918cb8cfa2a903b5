//! Which threshold: what it costs, and what can be promised of it.

use super::bound::{binomial_cdf, clopper_pearson_upper, crc_risk, fixed_sequence, needed_binomial, needed_crc};
use engine::decide::BoundMethod;
use std::collections::BTreeMap;

/// One question under the fitted model.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    pub probability: f64,
    /// Whether the engine has an answer at all, and whether it is right.
    pub answer: Option<bool>,
    pub cluster: String,
    /// What it costs if the threshold lets it through, and if not.
    pub cost_given: f64,
    pub cost_held: f64,
}

impl Judged {
    fn given(&self, threshold: f64) -> bool {
        self.answer.is_some() && self.probability >= threshold
    }

    fn wrong(&self, threshold: f64) -> bool {
        self.answer == Some(false) && self.probability >= threshold
    }
}

/// What is asked of the threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wanted {
    pub method: BoundMethod,
    pub at_most: f64,
    /// Of the binomial bound.
    pub confidence: f64,
}

/// Thresholds that are tried.
const GRID: usize = 100;

/// The probabilities that the answers of the fitting part have, at most [`GRID`] of them, the strictest first. Rounded
/// down to four decimals, so that the file shows what is used.
pub fn grid(fitted: &[Judged]) -> Vec<f64> {
    let mut all: Vec<f64> = fitted
        .iter()
        .filter(|judged| judged.answer.is_some())
        .map(|judged| (judged.probability * 1e4).floor() / 1e4)
        .collect();
    all.sort_by(|a, b| b.total_cmp(a));
    all.dedup();
    let step = all.len().div_ceil(GRID).max(1);
    // The loosest is always among them: everything is answered.
    let last = all.last().copied();
    let mut chosen: Vec<f64> = all.into_iter().step_by(step).collect();
    if let Some(last) = last.filter(|last| chosen.last() != Some(last)) {
        chosen.push(last);
    }
    chosen
}

/// Mean cost of a question.
pub fn cost(judged: &[&Judged], threshold: f64) -> f64 {
    let of = |one: &&Judged| if one.given(threshold) { one.cost_given } else { one.cost_held };
    judged.iter().map(of).sum::<f64>() / judged.len().max(1) as f64
}

/// Clusters with an answer that is given, and those in which one of them is wrong: a cluster of ten wrong answers is one
/// piece of evidence, and one wrong answer of ten makes it a bad one.
pub fn counts(judged: &[Judged], threshold: f64) -> (usize, usize) {
    let mut clusters: BTreeMap<&str, bool> = BTreeMap::new();
    for one in judged.iter().filter(|one| one.given(threshold)) {
        *clusters.entry(&one.cluster).or_default() |= one.wrong(threshold);
    }
    (clusters.len(), clusters.values().filter(|wrong| **wrong).count())
}

/// The share of each cluster's questions that is answered wrongly.
pub fn losses(judged: &[Judged], threshold: f64) -> Vec<f64> {
    let mut clusters: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for one in judged {
        let (wrong, all) = clusters.entry(&one.cluster).or_default();
        *wrong += usize::from(one.wrong(threshold));
        *all += 1;
    }
    clusters.into_values().map(|(wrong, all)| wrong as f64 / all as f64).collect()
}

/// Why nothing can be promised, and what it would take.
#[derive(Clone, Debug, PartialEq)]
pub struct Shortfall {
    /// The threshold that came nearest.
    pub threshold: f64,
    pub n: usize,
    pub wrong: usize,
    /// What can be said of it instead.
    pub at_most: f64,
    /// Labelled questions like these that would do, if as large a share of the answers stays wrong; `None` where the
    /// share itself is too large.
    pub needed: Option<usize>,
}

/// The thresholds of the grid that keep the bound, or why none does. `fitted` settles the order in which they are
/// tested and nothing else; `held` has not been looked at before. `all` counts the labelled questions of both.
pub fn certified(grid: &[f64], fitted: &[Judged], held: &[Judged], wanted: Wanted) -> Result<Vec<f64>, Shortfall> {
    let all = fitted.len() + held.len();
    match wanted.method {
        BoundMethod::Binomial => {
            let error = 1.0 - wanted.confidence;
            let order = order(grid, fitted, wanted.at_most);
            let tested: Vec<(usize, usize)> = order.iter().map(|threshold| counts(held, *threshold)).collect();
            let hold = fixed_sequence(&tested, wanted.at_most, error);
            if hold > 0 {
                return Ok(order[..hold].to_vec());
            }
            // Of a threshold that no answer of this half reaches nothing can be said.
            let told = order.iter().copied().zip(tested).find(|(_, (n, _))| *n > 0);
            let (threshold, (n, wrong)) = told.unwrap_or_default();
            let needed = needed_binomial(wrong, n, wanted.at_most, error).filter(|_| n > 0);
            Err(Shortfall {
                threshold,
                n,
                wrong,
                at_most: clopper_pearson_upper(wrong, n, error),
                needed: needed.map(|clusters| scaled(clusters, n, all)),
            })
        }
        BoundMethod::Crc => {
            let risk = |threshold: f64| crc_risk(losses(held, threshold));
            let hold: Vec<f64> = grid.iter().copied().take_while(|t| risk(*t) <= wanted.at_most).collect();
            if !hold.is_empty() {
                return Ok(hold);
            }
            let threshold = grid.first().copied().unwrap_or_default();
            let losses = losses(held, threshold);
            let mean = losses.iter().sum::<f64>() / losses.len().max(1) as f64;
            Err(Shortfall {
                threshold,
                n: losses.len(),
                wrong: losses.iter().filter(|loss| **loss > 0.0).count(),
                at_most: crc_risk(losses.iter().copied()),
                needed: needed_crc(mean, wanted.at_most).map(|clusters| scaled(clusters, losses.len(), all)),
            })
        }
    }
}

/// So many questions as hold so many clusters.
fn scaled(clusters: usize, of: usize, questions: usize) -> usize {
    (clusters as f64 / of.max(1) as f64 * questions as f64).ceil() as usize
}

/// First those thresholds whose test would have been passed most easily on the fitting part; equal ones: the looser
/// first, which answers more.
fn order(grid: &[f64], fitted: &[Judged], at_most: f64) -> Vec<f64> {
    let mut order: Vec<(f64, f64)> = grid
        .iter()
        .map(|threshold| {
            let (n, wrong) = counts(fitted, *threshold);
            (if n == 0 { 1.0 } else { binomial_cdf(wrong, n, at_most) }, *threshold)
        })
        .collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    order.into_iter().map(|(_, threshold)| threshold).collect()
}

/// The threshold that costs least; of equal ones the strictest.
pub fn cheapest(thresholds: &[f64], judged: &[&Judged]) -> Option<f64> {
    let costs = thresholds.iter().map(|threshold| (cost(judged, *threshold), *threshold));
    costs.min_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1))).map(|(_, threshold)| threshold)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn judged(probability: f64, answer: Option<bool>, cluster: &str) -> Judged {
        let cost_given = if answer == Some(true) { 0.0 } else { 5.0 };
        Judged { probability, answer, cluster: cluster.into(), cost_given, cost_held: 1.0 }
    }

    #[test]
    fn clusters_are_counted_once() {
        let all = [
            judged(0.9, Some(true), "a"),
            judged(0.8, Some(false), "a"),
            judged(0.7, Some(false), "a"),
            judged(0.9, Some(true), "b"),
            judged(0.99, None, "c"),
        ];
        assert_eq!(counts(&all, 0.85), (2, 0));
        assert_eq!(counts(&all, 0.5), (2, 1));
        assert_eq!(losses(&all, 0.75), [1.0 / 3.0, 0.0, 0.0]);
        // Two right ones for nothing, two held back, one that is silent anyway.
        assert!((cost(&all.iter().collect::<Vec<_>>(), 0.85) - 3.0 / 5.0).abs() < 1e-12);
        assert_eq!(grid(&all), [0.9, 0.8, 0.7]);
        assert_eq!(cheapest(&[0.9, 0.85, 0.1], &all.iter().collect::<Vec<_>>()), Some(0.9));
    }

    #[test]
    fn nothing_is_promised_that_the_data_does_not_hold() {
        let many = |n: usize, answer| (0..n).map(move |i| judged(0.9, Some(answer), &format!("{answer}{i}")));
        let wanted = Wanted { method: BoundMethod::Binomial, at_most: 0.02, confidence: 0.95 };
        let held: Vec<Judged> = many(149, true).collect();
        assert_eq!(certified(&[0.9], &held, &held, wanted), Ok(vec![0.9]));
        let held: Vec<Judged> = many(40, true).collect();
        let found = certified(&[0.9], &held, &held, wanted).unwrap_err();
        assert_eq!((found.n, found.wrong, found.needed), (40, 0, Some(298)), "149 answers, of as many again to fit on");
        assert!((found.at_most - (1.0 - 0.05f64.powf(1.0 / 40.0))).abs() < 1e-9);
        let held: Vec<Judged> = many(40, true).chain(many(10, false)).collect();
        assert_eq!(certified(&[0.9], &held, &held, wanted).unwrap_err().needed, None);
        let wanted = Wanted { method: BoundMethod::Crc, ..wanted };
        let found = certified(&[0.9], &held, &held, wanted).unwrap_err();
        assert_eq!((found.n, found.wrong, found.needed), (50, 10, None));
        assert_eq!(certified(&[0.95, 0.9], &held, &held, wanted), Ok(vec![0.95]), "nothing is answered there");
        assert!(certified(&[], &[], &[], wanted).is_err());
        // The strictest is the most promising, and no answer that was held out reaches it.
        let wanted = Wanted { method: BoundMethod::Binomial, ..wanted };
        let fitted: Vec<Judged> = many(9, false).chain([judged(0.99, Some(true), "x")]).collect();
        let found = certified(&[0.99, 0.9], &fitted, &held, wanted).unwrap_err();
        assert_eq!((found.threshold, found.n, found.wrong), (0.9, 50, 10));
    }
}
