//! How good probabilities are: calibration, sharpness, order.

use crate::statistics::{Bootstrap, Estimate, bins, calibration_error, wilson};
use engine::decide::{Interval, Quality, ReliabilityBin};

/// Mean squared distance of probability and outcome (Brier, 1950).
pub fn brier(known: &[(f64, bool)]) -> f64 {
    let square = |(p, came): &(f64, bool)| (p - f64::from(u8::from(*came))).powi(2);
    known.iter().map(square).sum::<f64>() / known.len().max(1) as f64
}

/// Probability that a right one is placed above a wrong one; equal ones count half. One half where one kind is missing.
pub fn auc(known: &[(f64, bool)]) -> f64 {
    let mut sorted = known.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let positive = known.iter().filter(|(_, came)| *came).count() as f64;
    let negative = known.len() as f64 - positive;
    if positive == 0.0 || negative == 0.0 {
        return 0.5;
    }
    let (mut ranks, mut at) = (0.0, 0);
    for tied in sorted.chunk_by(|a, b| a.0 == b.0) {
        let middle = at as f64 + (tied.len() as f64 + 1.0) / 2.0;
        ranks += middle * tied.iter().filter(|(_, came)| *came).count() as f64;
        at += tied.len();
    }
    (ranks - positive * (positive + 1.0) / 2.0) / (positive * negative)
}

/// All three with their intervals over whole clusters. `None` over nothing.
pub fn quality(known: &[(f64, bool)], clusters: &[String], bootstrap: Bootstrap) -> Option<Quality> {
    let of = |statistic: fn(&[(f64, bool)]) -> f64| bootstrap.statistic(known, Some(clusters), statistic).map(interval);
    Some(Quality { n: known.len(), calibration_error: of(calibration_error)?, brier: of(brier)?, auc: of(auc)? })
}

/// The tenths that hold anything.
pub fn reliability(known: &[(f64, bool)]) -> Vec<ReliabilityBin> {
    let filled = bins(known).into_iter().filter(|bin| bin.n > 0);
    filled
        .filter_map(|bin| {
            let right = interval(wilson(bin.came, bin.n)?);
            Some(ReliabilityBin { n: bin.n, stated: bin.said / bin.n as f64, right })
        })
        .collect()
}

pub(super) fn interval(estimate: Estimate) -> Interval {
    Interval { value: estimate.value, low: estimate.low, high: estimate.high }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_distance() {
        let known = [(0.9, true), (0.8, false), (0.8, true), (0.1, false)];
        // Of four pairs: above both; tied with one and above the other.
        assert_eq!(auc(&known), (2.0 + 1.5) / 4.0);
        assert!((brier(&known) - (0.01 + 0.64 + 0.04 + 0.01) / 4.0).abs() < 1e-12);
        assert_eq!(auc(&[(0.3, true)]), 0.5);
    }

    #[test]
    fn only_filled_tenths_are_told() {
        let found = reliability(&[(0.95, true), (0.97, false), (0.12, false)]);
        assert_eq!(found.iter().map(|bin| bin.n).collect::<Vec<_>>(), [1, 2]);
        assert!((found[1].stated - 0.96).abs() < 1e-12 && found[1].right.value == 0.5);
    }
}
