//! Do two judges agree more than chance would have them?
//!
//! Cohen, "A Coefficient of Agreement for Nominal Scales" (1960); with quadratic weights, for grades: Cohen, "Weighted
//! Kappa" (1968). 1 is full agreement, 0 is what chance gives.

/// Kappa over pairs of classes, numbered from 0. `None` without pairs, where a class is out of range, or where chance
/// alone would agree always: both judges named one and the same class, and nothing is known of how they tell them apart.
pub fn cohen_kappa(pairs: &[(usize, usize)], classes: usize) -> Option<f64> {
    kappa(pairs, classes, |a, b| f64::from(u8::from(a != b)))
}

/// The same for grades: a disagreement counts as the square of its distance.
pub fn weighted_kappa(pairs: &[(usize, usize)], classes: usize) -> Option<f64> {
    kappa(pairs, classes, |a, b| (a.abs_diff(b) as f64).powi(2))
}

/// One less the disagreement that was seen over the one that the margins would give.
fn kappa(pairs: &[(usize, usize)], classes: usize, weight: fn(usize, usize) -> f64) -> Option<f64> {
    if pairs.iter().any(|(a, b)| *a >= classes || *b >= classes) {
        return None;
    }
    let (mut ours, mut theirs) = (vec![0.0; classes], vec![0.0; classes]);
    for (a, b) in pairs {
        ours[*a] += 1.0;
        theirs[*b] += 1.0;
    }
    let seen: f64 = pairs.iter().map(|(a, b)| weight(*a, *b)).sum();
    let cells = (0..classes).flat_map(|a| (0..classes).map(move |b| (a, b)));
    let by_chance: f64 =
        cells.map(|(a, b)| weight(a, b) * ours[a] * theirs[b]).sum::<f64>() / pairs.len().max(1) as f64;
    (by_chance > 0.0).then(|| 1.0 - seen / by_chance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn near(found: Option<f64>, expected: f64) {
        let found = found.unwrap();
        assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
    }

    /// Worked out by hand: 50 pairs, both say yes 20 times and no 15 times; 5 and 10 times they differ.
    #[test]
    fn agreement_less_that_of_chance() {
        let cell = |a, b, n| std::iter::repeat_n((a, b), n);
        let pairs: Vec<(usize, usize)> =
            cell(0, 0, 20).chain(cell(0, 1, 5)).chain(cell(1, 0, 10)).chain(cell(1, 1, 15)).collect();
        near(cohen_kappa(&pairs, 2), 0.4);
        // Of two classes the square of a distance is the distance.
        near(weighted_kappa(&pairs, 2), 0.4);
        // Of three: seen 1 + 1 + 4, by chance (1 + 4 + 1 + 1 + 4 + 1) / 3 = 4.
        near(weighted_kappa(&[(0, 1), (1, 2), (2, 0)], 3), 1.0 - 6.0 / 4.0);
    }

    #[test]
    fn where_nothing_can_be_told_nothing_is_said() {
        assert_eq!(cohen_kappa(&[], 5), None);
        assert_eq!(cohen_kappa(&[(3, 3); 40], 5), None);
        assert_eq!(weighted_kappa(&[(0, 5)], 5), None);
    }

    proptest! {
        #[test]
        fn full_agreement_is_one_and_no_order_matters(pairs in prop::collection::vec((0..4usize, 0..4usize), 2..40)) {
            let same: Vec<_> = pairs.iter().map(|(a, _)| (*a, *a)).collect();
            let turned: Vec<_> = pairs.iter().map(|(a, b)| (*b, *a)).collect();
            for kappa in [cohen_kappa, weighted_kappa] {
                prop_assert!(kappa(&same, 4).is_none_or(|k| k == 1.0));
                match (kappa(&pairs, 4), kappa(&turned, 4)) {
                    (Some(there), Some(back)) => prop_assert!(there <= 1.0 && (there - back).abs() < 1e-12),
                    (there, back) => prop_assert_eq!(there, back),
                }
            }
        }
    }
}
