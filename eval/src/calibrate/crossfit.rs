//! Scores of examples that the weights had not seen. A cluster is never on both sides: its examples know each other.

use super::Example;
use super::logistic::{self, FitError, Logistic, log_loss};
use crate::statistics::SplitMix64;
use std::collections::{BTreeMap, BTreeSet};

/// Strengths of the ridge penalty that are tried; 1 / C of scikit-learn.
pub const PENALTIES: [f64; 6] = [0.1, 0.3, 1.0, 3.0, 10.0, 30.0];

/// Features brought to the same scale; those that never change are left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Standard {
    /// Index, mean and standard deviation of each feature that is kept.
    pub kept: Vec<(usize, f64, f64)>,
}

impl Standard {
    pub fn of(examples: &[&Example]) -> Self {
        let n = examples.len().max(1) as f64;
        let width = examples.first().map_or(0, |example| example.features.len());
        let column = |i: usize| examples.iter().map(move |example| example.features[i]);
        let measured = (0..width).map(|i| {
            let mean = column(i).sum::<f64>() / n;
            (i, mean, (column(i).map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt())
        });
        Self { kept: measured.filter(|(_, mean, scale)| *scale > 1e-6 * (1.0 + mean.abs())).collect() }
    }

    pub fn row(&self, features: &[f64]) -> Vec<f64> {
        self.kept.iter().map(|(i, mean, scale)| (features[*i] - mean) / scale).collect()
    }
}

/// A fit in the scale of its own examples.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    pub standard: Standard,
    pub logistic: Logistic,
}

impl Fit {
    pub fn of(examples: &[&Example], penalty: f64) -> Result<Self, FitError> {
        let standard = Standard::of(examples);
        let rows: Vec<Vec<f64>> = examples.iter().map(|example| standard.row(&example.features)).collect();
        let rows: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
        let targets: Vec<f64> = examples.iter().map(|example| f64::from(u8::from(example.label))).collect();
        Ok(Self { logistic: logistic::fit(&rows, &targets, penalty)?, standard })
    }

    pub fn score(&self, features: &[f64]) -> f64 {
        self.logistic.score(&self.standard.row(features))
    }
}

fn shuffle<T>(items: &mut [T], random: &mut SplitMix64) {
    for at in (1..items.len()).rev() {
        items.swap(at, random.below(at + 1));
    }
}

/// Draws the clusters that the weights do not see. Labels are not looked at: what is promised of these clusters rests on
/// their being a plain draw.
pub fn held_out<'a>(clusters: impl IntoIterator<Item = &'a str>, share: f64, seed: u64) -> BTreeSet<String> {
    let distinct: BTreeSet<&str> = clusters.into_iter().collect();
    let mut drawn: Vec<&str> = distinct.into_iter().collect();
    shuffle(&mut drawn, &mut SplitMix64::new(seed));
    let count = (share * drawn.len() as f64).round() as usize;
    drawn.truncate(count);
    drawn.into_iter().map(str::to_owned).collect()
}

/// The fold of each example. Clusters that hold a false label are dealt out first, so that every fold gets some.
pub fn folds(examples: &[&Example], count: usize, seed: u64) -> Vec<usize> {
    let mut clusters: BTreeMap<&str, bool> = BTreeMap::new();
    for example in examples {
        *clusters.entry(&example.cluster).or_default() |= !example.label;
    }
    let mut dealt: Vec<(&str, bool)> = clusters.into_iter().collect();
    shuffle(&mut dealt, &mut SplitMix64::new(seed));
    dealt.sort_by_key(|(_, holds_false)| !holds_false);
    let fold: BTreeMap<&str, usize> = dealt.into_iter().enumerate().map(|(at, (name, _))| (name, at % count)).collect();
    examples.iter().map(|example| fold[example.cluster.as_str()]).collect()
}

/// The linear score of each example by a fit to the other folds.
pub fn out_of_fold(examples: &[&Example], folds: &[usize], penalty: f64) -> Result<Vec<f64>, FitError> {
    let mut scores = vec![0.0; examples.len()];
    for fold in folds.iter().copied().collect::<BTreeSet<usize>>() {
        let others: Vec<&Example> =
            examples.iter().zip(folds).filter(|(_, f)| **f != fold).map(|(example, _)| *example).collect();
        let fit = Fit::of(&others, penalty)?;
        for (at, example) in examples.iter().enumerate().filter(|(at, _)| folds[*at] == fold) {
            scores[at] = fit.score(&example.features);
        }
    }
    Ok(scores)
}

/// The penalty with the least loss out of fold, and the scores under it. Equal ones: the stronger.
pub fn choose_penalty(examples: &[&Example], folds: &[usize]) -> Result<(f64, Vec<f64>), FitError> {
    let mut best: Option<(f64, f64, Vec<f64>)> = None;
    for penalty in PENALTIES {
        let scores = out_of_fold(examples, folds, penalty)?;
        let losses = scores.iter().zip(examples).map(|(s, e)| log_loss(*s, f64::from(u8::from(e.label))));
        let loss = losses.sum::<f64>();
        if best.as_ref().is_none_or(|(least, ..)| loss <= *least) {
            best = Some((loss, penalty, scores));
        }
    }
    best.map(|(_, penalty, scores)| (penalty, scores)).ok_or(FitError::OneLabel)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cluster_is_never_split(
            of in proptest::collection::vec((0..12u8, any::<bool>()), 1..80), count in 2..6usize, seed in any::<u64>(),
        ) {
            let examples: Vec<Example> = of
                .iter()
                .map(|(cluster, label)| Example { features: vec![], label: *label, cluster: cluster.to_string() })
                .collect();
            let examples: Vec<&Example> = examples.iter().collect();
            let folds = folds(&examples, count, seed);
            let mut of_cluster: BTreeMap<&str, usize> = BTreeMap::new();
            for (example, fold) in examples.iter().zip(&folds) {
                prop_assert!(*fold < count);
                prop_assert_eq!(of_cluster.entry(&example.cluster).or_insert(*fold), fold);
            }
            let names = || examples.iter().map(|example| example.cluster.as_str());
            let held = held_out(names(), 0.5, seed);
            let all = names().collect::<BTreeSet<_>>().len();
            prop_assert_eq!(held.len(), (all as f64 * 0.5).round() as usize);
            prop_assert!(held.iter().all(|cluster| names().any(|name| name == cluster)));
            prop_assert_eq!(held, held_out(names(), 0.5, seed));
        }
    }

    /// A feature that says nothing cannot help out of fold, however many there are.
    #[test]
    fn noise_is_held_down_by_the_penalty() {
        let mut random = SplitMix64::new(5);
        let mut draw = move || random.below(1000) as f64 / 500.0 - 1.0;
        let examples: Vec<Example> = (0..120)
            .map(|i| {
                let features: Vec<f64> = (0..30).map(|_| draw()).collect();
                Example { label: draw() > 0.0, features, cluster: (i / 2).to_string() }
            })
            .collect();
        let examples: Vec<&Example> = examples.iter().collect();
        let folds = folds(&examples, 5, 1);
        let (penalty, scores) = choose_penalty(&examples, &folds).unwrap();
        assert_eq!(penalty, 30.0);
        let known: Vec<(f64, bool)> = scores.into_iter().zip(examples.iter().map(|e| e.label)).collect();
        let found = super::super::quality::auc(&known);
        assert!((0.3..0.7).contains(&found), "{found}");
    }

    #[test]
    fn what_never_changes_is_left_out() {
        let example = |x: f64| Example { features: vec![1.0, x], label: x > 0.0, cluster: x.to_string() };
        let examples = [example(-1.0), example(1.0)];
        let standard = Standard::of(&examples.iter().collect::<Vec<_>>());
        assert_eq!(standard.kept, [(1, 0.0, 1.0)]);
    }
}
