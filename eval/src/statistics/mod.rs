//! Intervals and tests. Every number that is reported comes with an interval, every difference with a p-value.
//!
//! - Percentile bootstrap: Efron, "Bootstrap Methods: Another Look at the Jackknife" (1979). Whole clusters are drawn
//!   where observations depend on each other: Field, Welsh, "Bootstrapping clustered data" (2007).
//! - Rates: Wilson, "Probable Inference, the Law of Succession, and Statistical Inference" (1927), which Brown, Cai and
//!   DasGupta, "Interval Estimation for a Binomial Proportion" (2001), recommend for small n.
//! - Nothing failed: Hanley, Lippman-Hand, "If Nothing Goes Wrong, Is Everything All Right?" (1983).

mod calibration;
mod paired;

pub use calibration::{BINS, Bin, bins, calibration_error};
pub use paired::{holm, mcnemar, needed};

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// 97.5 % quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// A value with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

/// How a bootstrap draws: the same seed gives the same interval on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bootstrap {
    pub resamples: usize,
    pub seed: u64,
}

/// SplitMix64: small, and its sequence will not change under us with a new version of a crate.
pub(crate) struct SplitMix64(pub(crate) u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in `0..n`; the multiply-shift bias is below 2^-32 for any n that a pack can have.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }
}

impl Bootstrap {
    /// Mean of `values` with its percentile interval. `clusters` names for each value the group that is drawn as a
    /// whole (runs of one scenario are not independent); without it each value is its own group.
    /// `None` where there is no value.
    pub fn mean(&self, values: &[f64], clusters: Option<&[String]>) -> Option<Estimate> {
        if values.is_empty() {
            return None;
        }
        let groups = groups(values, clusters);
        let mut random = SplitMix64(self.seed);
        let mut means: Vec<f64> = (0..self.resamples.max(1))
            .map(|_| {
                let (sum, count) = (0..groups.len()).fold((0.0, 0), |(sum, count), _| {
                    let (s, c) = groups[random.below(groups.len())];
                    (sum + s, count + c)
                });
                sum / count as f64
            })
            .collect();
        means.sort_by(f64::total_cmp);
        let value = values.iter().sum::<f64>() / values.len() as f64;
        Some(Estimate { value, low: quantile(&means, 0.025), high: quantile(&means, 0.975) })
    }
}

/// What one observation adds to the numerator and to the denominator of a ratio.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Part {
    pub of: f64,
    pub all: f64,
}

impl Part {
    fn plus(self, other: Self) -> Self {
        Self { of: self.of + other.of, all: self.all + other.all }
    }

    fn ratio(self) -> Option<f64> {
        (self.all > 0.0).then(|| self.of / self.all)
    }
}

/// Σ of / Σ all; `None` over nothing.
pub fn ratio_of(parts: impl IntoIterator<Item = Part>) -> Option<f64> {
    parts.into_iter().fold(Part::default(), Part::plus).ratio()
}

impl Bootstrap {
    /// A ratio of two sums (a rate, a mean, precision, F1). Independent yes-or-no observations get Wilson's interval,
    /// everything else the percentile interval over whole clusters. Where no resample could differ (nothing failed, or
    /// everything did) a bootstrap would claim certainty; there a share gets Wilson's interval over the clusters.
    /// `None` over nothing.
    pub fn ratio(&self, parts: &[Part], clusters: Option<&[String]>, is_share: bool) -> Option<Estimate> {
        let value = ratio_of(parts.iter().copied())?;
        let groups: Vec<Part> = match clusters {
            None => parts.iter().copied().filter(|part| part.all > 0.0).collect(),
            Some(clusters) => {
                let mut groups = BTreeMap::<&str, Part>::new();
                for (part, cluster) in parts.iter().zip(clusters) {
                    let group = groups.entry(cluster).or_default();
                    *group = group.plus(*part);
                }
                groups.into_values().filter(|part| part.all > 0.0).collect()
            }
        };
        let yes_or_no = |part: &Part| part.all == 1.0 && (part.of == 0.0 || part.of == 1.0);
        if is_share && groups.iter().all(yes_or_no) {
            return wilson(groups.iter().filter(|part| part.of == 1.0).count(), groups.len());
        }
        if is_share && (value == 0.0 || value == 1.0) {
            let certain = wilson(if value == 1.0 { groups.len() } else { 0 }, groups.len())?;
            return Some(Estimate { value, ..certain });
        }
        let mut random = SplitMix64(self.seed);
        let draw = |_| ratio_of((0..groups.len()).map(|_| groups[random.below(groups.len())]));
        let mut ratios: Vec<f64> = (0..self.resamples.max(1)).filter_map(draw).collect();
        ratios.sort_by(f64::total_cmp);
        Some(Estimate { value, low: quantile(&ratios, 0.025), high: quantile(&ratios, 0.975) })
    }

    /// Any other statistic, with its percentile interval. `None` where there is no observation.
    pub fn statistic<T: Clone>(
        &self,
        observations: &[T],
        clusters: Option<&[String]>,
        statistic: impl Fn(&[T]) -> f64,
    ) -> Option<Estimate> {
        if observations.is_empty() {
            return None;
        }
        let groups: Vec<Vec<T>> = match clusters {
            None => observations.iter().map(|one| vec![one.clone()]).collect(),
            Some(clusters) => {
                let mut groups = BTreeMap::<&str, Vec<T>>::new();
                for (one, cluster) in observations.iter().zip(clusters) {
                    groups.entry(cluster).or_default().push(one.clone());
                }
                groups.into_values().collect()
            }
        };
        let mut random = SplitMix64(self.seed);
        let mut sample = Vec::with_capacity(observations.len());
        let draw = |_| {
            sample.clear();
            (0..groups.len()).for_each(|_| sample.extend_from_slice(&groups[random.below(groups.len())]));
            statistic(&sample)
        };
        let mut values: Vec<f64> = (0..self.resamples.max(1)).map(draw).collect();
        values.sort_by(f64::total_cmp);
        let value = statistic(observations);
        Some(Estimate { value, low: quantile(&values, 0.025), high: quantile(&values, 0.975) })
    }
}

/// Sum and number of the values of each cluster, in the order of the clusters' names.
fn groups(values: &[f64], clusters: Option<&[String]>) -> Vec<(f64, usize)> {
    let Some(clusters) = clusters else {
        return values.iter().map(|v| (*v, 1)).collect();
    };
    let mut groups = BTreeMap::<&str, (f64, usize)>::new();
    for (value, cluster) in values.iter().zip(clusters) {
        let group = groups.entry(cluster).or_default();
        group.0 += value;
        group.1 += 1;
    }
    groups.into_values().collect()
}

/// Linear between the two neighbours, as numpy's default. `sorted` must not be empty.
pub fn quantile(sorted: &[f64], q: f64) -> f64 {
    let at = q * (sorted.len() - 1) as f64;
    let below = at.floor() as usize;
    let above = at.ceil() as usize;
    sorted[below] + (sorted[above] - sorted[below]) * (at - below as f64)
}

/// A rate with Wilson's score interval; `None` where nothing was tried.
pub fn wilson(successes: usize, tried: usize) -> Option<Estimate> {
    if tried == 0 {
        return None;
    }
    let n = tried as f64;
    let p = successes as f64 / n;
    let centre = p + Z * Z / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    // Exactly the border where every try came out alike; rounding would miss it by a hair.
    let low = if successes == 0 { 0.0 } else { (centre - half) / scale };
    let high = if successes == tried { 1.0 } else { (centre + half) / scale };
    Some(Estimate { value: p, low, high })
}

/// Where nothing failed in `tried` tries: the failure rate that can still not be ruled out (95 %, one-sided).
pub fn rule_of_three(tried: usize) -> Option<f64> {
    (tried > 0).then(|| (3.0 / tried as f64).min(1.0))
}

/// Fewer observations than this tell little.
pub const FEW: usize = 30;
/// A bootstrap over fewer clusters than this gives intervals that are too narrow.
pub const FEW_CLUSTERS: usize = 20;

/// What a reader must know before believing numbers over so many observations in so many clusters.
pub fn warning(n: usize, clusters: Option<usize>) -> Option<String> {
    match clusters {
        _ if n < FEW => Some(format!("n = {n} is too few to tell small differences")),
        Some(clusters) if clusters < FEW_CLUSTERS => {
            Some(format!("only {clusters} clusters: intervals are too narrow, do not rely on small differences"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DRAW: Bootstrap = Bootstrap { resamples: 500, seed: 7 };

    #[track_caller]
    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-4, "{found} is not {expected}");
    }

    /// Hand-computed from the closed form.
    #[test]
    fn wilson_intervals() {
        for (successes, tried, low, high) in
            [(8, 10, 0.4902, 0.9433), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (50, 100, 0.4038, 0.5962)]
        {
            let found = wilson(successes, tried).unwrap();
            near(found.low, low);
            near(found.high, high);
        }
        assert_eq!(wilson(0, 0), None);
    }

    #[test]
    fn nothing_failed_is_not_never_fails() {
        near(rule_of_three(60).unwrap(), 0.05);
        assert_eq!(rule_of_three(1), Some(1.0));
        assert_eq!(rule_of_three(0), None);
    }

    #[test]
    fn quantiles_are_linear_between_neighbours() {
        let sorted = [1.0, 2.0, 4.0];
        for (q, expected) in [(0.0, 1.0), (0.25, 1.5), (0.5, 2.0), (0.75, 3.0), (1.0, 4.0)] {
            near(quantile(&sorted, q), expected);
        }
    }

    #[test]
    fn one_cluster_has_no_spread() {
        let one = vec!["a".to_owned(); 3];
        let found = DRAW.mean(&[0.0, 0.5, 1.0], Some(&one)).unwrap();
        assert_eq!(found, Estimate { value: 0.5, low: 0.5, high: 0.5 });
    }

    #[test]
    fn repeats_of_a_scenario_widen_the_interval() {
        let values: Vec<f64> = (0..40).map(|i| f64::from(i / 10 % 2)).collect();
        let clusters: Vec<String> = (0..40).map(|i| (i / 10).to_string()).collect();
        let free = DRAW.mean(&values, None).unwrap();
        let grouped = DRAW.mean(&values, Some(&clusters)).unwrap();
        assert!(grouped.high - grouped.low > 1.5 * (free.high - free.low));
    }

    #[test]
    fn the_bootstrap_agrees_with_the_normal_interval() {
        let values: Vec<f64> = (0..400).map(|i| f64::from(i % 2)).collect();
        let found = Bootstrap { resamples: 2000, seed: 1 }.mean(&values, None).unwrap();
        assert!((found.low - 0.451).abs() < 0.006 && (found.high - 0.549).abs() < 0.006, "{found:?}");
    }

    #[test]
    fn a_ratio_of_independent_answers_is_a_rate_and_nothing_failed_is_not_certain() {
        let part = |of: f64, all: f64| Part { of, all };
        let eight: Vec<Part> = (0..10).map(|i| part(f64::from(u8::from(i < 8)), 1.0)).collect();
        assert_eq!(DRAW.ratio(&eight, None, true), wilson(8, 10));
        // What does not count is not there.
        let with_gaps: Vec<Part> = eight.iter().flat_map(|one| [*one, part(0.0, 0.0)]).collect();
        assert_eq!(DRAW.ratio(&with_gaps, None, true), wilson(8, 10));
        // Five clusters of two, all right: as sure as five.
        let clusters: Vec<String> = (0..10).map(|i| (i / 2).to_string()).collect();
        let all = vec![part(1.0, 1.0); 10];
        assert_eq!(DRAW.ratio(&all, Some(&clusters), true).unwrap().low, wilson(5, 5).unwrap().low);
        // F1 of one hit, one miss, one false alarm: 2 / (2 + 1 + 1).
        let f1 = DRAW.ratio(&[part(2.0, 2.0), part(0.0, 1.0), part(0.0, 1.0)], None, true).unwrap();
        assert!(f1.value == 0.5 && f1.low == 0.0 && f1.high == 1.0, "{f1:?}");
        assert_eq!(DRAW.ratio(&[part(0.0, 0.0)], None, true), None);
    }

    #[test]
    fn little_is_warned_of() {
        assert!(warning(29, None).is_some() && warning(30, None).is_none());
        assert!(warning(300, Some(19)).unwrap().contains("19 clusters") && warning(300, Some(20)).is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_interval_holds_the_value_and_repeats(values in prop::collection::vec(0.0..1.0f64, 1..40), seed: u64) {
            let draw = Bootstrap { resamples: 400, seed };
            let found = draw.mean(&values, None).unwrap();
            prop_assert!(found.low <= found.value + 1e-12 && found.value <= found.high + 1e-12);
            prop_assert_eq!(draw.mean(&values, None).unwrap(), found);
            let least = values.iter().copied().fold(f64::INFINITY, f64::min);
            let most = values.iter().copied().fold(0.0, f64::max);
            prop_assert!(least <= found.low + 1e-12 && found.high <= most + 1e-12);
        }
    }
}
