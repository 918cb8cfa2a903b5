//! Are two systems different on the same messages?

use super::{Bootstrap, Estimate, Part, SplitMix64, quantile, ratio_of};
use std::collections::BTreeMap;

/// What both systems add to a ratio in one cluster.
#[derive(Clone, Copy, Debug, Default)]
struct Pair {
    a: Part,
    b: Part,
}

fn pairs(a: &[Part], b: &[Part], clusters: Option<&[String]>) -> Vec<Pair> {
    let both = a.iter().zip(b).map(|(a, b)| Pair { a: *a, b: *b });
    let Some(clusters) = clusters else { return both.collect() };
    let mut groups = BTreeMap::<&str, Pair>::new();
    for (pair, cluster) in both.zip(clusters) {
        let group = groups.entry(cluster).or_default();
        *group = Pair { a: group.a.plus(pair.a), b: group.b.plus(pair.b) };
    }
    groups.into_values().collect()
}

/// Ratio of `b` less ratio of `a`.
fn difference(pairs: impl Iterator<Item = Pair> + Clone) -> Option<f64> {
    Some(ratio_of(pairs.clone().map(|pair| pair.b))? - ratio_of(pairs.map(|pair| pair.a))?)
}

impl Bootstrap {
    /// How much higher the ratio of `b` is than that of `a`, with a percentile interval over whole clusters; both are
    /// drawn together, so that what is hard for both does not widen it. `None` where one of them is over nothing.
    pub fn difference(&self, a: &[Part], b: &[Part], clusters: Option<&[String]>) -> Option<Estimate> {
        let pairs = pairs(a, b, clusters);
        let value = difference(pairs.iter().copied())?;
        let mut random = SplitMix64(self.seed);
        let mut sample = Vec::with_capacity(pairs.len());
        let mut values: Vec<f64> = (0..self.resamples.max(1))
            .filter_map(|_| {
                sample.clear();
                sample.extend((0..pairs.len()).map(|_| pairs[random.below(pairs.len())]));
                difference(sample.iter().copied())
            })
            .collect();
        values.sort_by(f64::total_cmp);
        let (low, high) =
            if values.is_empty() { (value, value) } else { (quantile(&values, 0.025), quantile(&values, 0.975)) };
        Some(Estimate { value, low, high })
    }

    /// Two-sided p-value of the paired permutation test: if the systems were alike, each cluster's results could as
    /// well have been swapped. All swaps are tried where there are few; otherwise `resamples` of them, counting the
    /// observed one, so that p is never 0.
    ///
    /// Smucker, Allan, Carterette, "A Comparison of Statistical Significance Tests for Information Retrieval
    /// Evaluation" (CIKM 2007); Phipson, Smyth, "Permutation P-values Should Never Be Zero" (2010).
    pub fn permutation(&self, a: &[Part], b: &[Part], clusters: Option<&[String]>) -> Option<f64> {
        let pairs = pairs(a, b, clusters);
        let observed = difference(pairs.iter().copied())?.abs();
        let (fixed, free): (Vec<Pair>, Vec<Pair>) = pairs.into_iter().partition(|pair| pair.a == pair.b);
        let as_extreme = |swap: &mut dyn FnMut(usize) -> bool| {
            let swaps: Vec<bool> = (0..free.len()).map(swap).collect();
            let swapped = free.iter().zip(&swaps);
            let swapped = swapped.map(|(pair, swap)| if *swap { Pair { a: pair.b, b: pair.a } } else { *pair });
            // A swap that leaves nothing to divide by says nothing against the systems being alike.
            difference(fixed.iter().copied().chain(swapped)).is_none_or(|found| found.abs() >= observed - 1e-12)
        };
        if free.len() <= EXACT {
            let all = 1_u32 << free.len();
            let extreme = (0..all).filter(|mask| as_extreme(&mut |at| mask >> at & 1 == 1)).count();
            return Some(extreme as f64 / f64::from(all));
        }
        let mut random = SplitMix64(self.seed);
        let extreme = (0..self.resamples).filter(|_| as_extreme(&mut |_| random.next() >> 63 == 1)).count();
        Some((extreme + 1) as f64 / (self.resamples + 1) as f64)
    }
}

/// Up to this many clusters that differ, every swap is tried.
const EXACT: usize = 12;

/// Exact two-sided p-value of McNemar's test: of the messages on which exactly one system is right, `only_a` and
/// `only_b`, each could as well have gone to the other.
///
/// McNemar, "Note on the sampling error of the difference between correlated proportions or percentages" (1947), in its
/// exact, binomial form.
pub fn mcnemar(only_a: usize, only_b: usize) -> f64 {
    let n = only_a + only_b;
    let fewer = only_a.min(only_b);
    // ln C(n, k) + n ln ½, summed up; in logarithms, so that no n is too large.
    let mut ln_term = n as f64 * 0.5_f64.ln();
    let mut tail = 0.0;
    for k in 0..=fewer {
        tail += ln_term.exp();
        ln_term += ((n - k) as f64).ln() - ((k + 1) as f64).ln();
    }
    (2.0 * tail).min(1.0)
}

/// p-values adjusted for their number, in the order given: what stays below 5 % may be told apart although many were
/// looked at.
///
/// Holm, "A Simple Sequentially Rejective Multiple Test Procedure" (1979).
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let (mut adjusted, mut most) = (vec![0.0; p.len()], 0.0_f64);
    for (rank, at) in order.into_iter().enumerate() {
        most = most.max((p[at] * (p.len() - rank) as f64).min(1.0));
        adjusted[at] = most;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DRAW: Bootstrap = Bootstrap { resamples: 400, seed: 7 };

    fn rates(values: &[bool]) -> Vec<Part> {
        values.iter().map(|yes| Part { of: f64::from(u8::from(*yes)), all: 1.0 }).collect()
    }

    #[track_caller]
    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    /// Binomial tails, worked out by hand.
    #[test]
    fn mcnemar_is_the_binomial_tail() {
        near(mcnemar(0, 0), 1.0);
        near(mcnemar(0, 5), 2.0 / 32.0);
        near(mcnemar(5, 0), 2.0 / 32.0);
        near(mcnemar(1, 5), 2.0 * 7.0 / 64.0);
        near(mcnemar(3, 3), 1.0);
        assert!(mcnemar(0, 5000) == 0.0 && mcnemar(2500, 2500) <= 1.0);
    }

    /// Holm's own procedure on four values.
    #[test]
    fn holm_multiplies_by_what_is_left() {
        let found = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (found, expected) in found.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            near(*found, expected);
        }
        assert!(holm(&[]).is_empty());
    }

    #[test]
    fn few_pairs_are_permuted_exactly() {
        // Four of four got better: 2 of 16 swaps are as extreme.
        let (a, b) = (rates(&[false; 4]), rates(&[true; 4]));
        near(DRAW.permutation(&a, &b, None).unwrap(), 2.0 / 16.0);
        near(DRAW.permutation(&a, &a, None).unwrap(), 1.0);
        // As one cluster they are one observation.
        let one = vec!["c".to_owned(); 4];
        near(DRAW.permutation(&a, &b, Some(&one)).unwrap(), 1.0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn swapping_the_systems_changes_the_sign_only(a in prop::collection::vec(any::<bool>(), 1..30), seed: u64) {
            let b: Vec<bool> = a.iter().enumerate().map(|(i, x)| x ^ (seed >> (i % 60) & 1 == 1)).collect();
            let draw = Bootstrap { resamples: 200, seed };
            let (a, b) = (rates(&a), rates(&b));
            let (there, back) = (draw.difference(&a, &b, None).unwrap(), draw.difference(&b, &a, None).unwrap());
            prop_assert!((there.value + back.value).abs() < 1e-12);
            prop_assert!((there.low + back.high).abs() < 1e-12 && there.low <= there.value + 1e-12);
            let p = draw.permutation(&a, &b, None).unwrap();
            prop_assert!(p > 0.0 && p <= 1.0);
            prop_assert!((p - draw.permutation(&b, &a, None).unwrap()).abs() < 1e-12);
        }

        #[test]
        fn holm_never_lowers_and_keeps_the_order(p in prop::collection::vec(0.0..1.0f64, 1..12)) {
            let adjusted = holm(&p);
            for (raw, found) in p.iter().zip(&adjusted) {
                prop_assert!(found >= raw && *found <= 1.0);
            }
            for (i, j) in (0..p.len()).flat_map(|i| (0..p.len()).map(move |j| (i, j))) {
                prop_assert!(p[i] > p[j] || adjusted[i] <= adjusted[j]);
            }
        }
    }
}
