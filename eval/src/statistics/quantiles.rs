//! A quantile, such as the slowest hundredth, with an interval that assumes nothing about how the values are spread.
//!
//! The interval lies between two of the values themselves: how many of n values fall below the true quantile is
//! binomial. Conover, "Practical Nonparametric Statistics" (1999), section 3.2.

use super::quantile;
use serde::{Deserialize, Serialize};

/// A quantile with its 95 % interval. An end that so few values cannot bound is absent: of 100 replies nobody can say
/// how slow the slowest hundredth may be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quantile {
    pub value: f64,
    pub low: Option<f64>,
    pub high: Option<f64>,
}

/// Of sorted values; `None` of none.
pub fn quantile_interval(sorted: &[f64], q: f64) -> Option<Quantile> {
    if sorted.is_empty() {
        return None;
    }
    let n = sorted.len();
    let (below, above) = (rank(n, q, 0.025), rank(n, q, 0.975));
    Some(Quantile {
        value: quantile(sorted, q),
        low: below.checked_sub(1).and_then(|at| sorted.get(at)).copied(),
        high: sorted.get(above).copied(),
    })
}

/// The smallest k for which at most k of n values lie below the quantile with probability `p` or more.
fn rank(n: usize, q: f64, p: f64) -> usize {
    if q <= 0.0 || q >= 1.0 {
        return if q <= 0.0 { 0 } else { n };
    }
    // ln C(n, k) qᵏ (1 − q)ⁿ⁻ᵏ, from one k to the next; in logarithms, so that no n is too large.
    let odds = q.ln() - (1.0 - q).ln();
    let mut ln_term = n as f64 * (1.0 - q).ln();
    let mut sum = 0.0;
    for k in 0..=n {
        sum += ln_term.exp();
        if sum >= p {
            return k;
        }
        ln_term += ((n - k) as f64).ln() - ((k + 1) as f64).ln() + odds;
    }
    n
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(n: u32) -> Vec<f64> {
        (1..=n).map(f64::from).collect()
    }

    /// Of ten values the median lies between the second and the ninth: 1 − 2 · 11 / 1024 = .979, and one place further in
    /// it would be .891.
    #[test]
    fn the_interval_lies_between_two_of_the_values() {
        let found = quantile_interval(&counted(10), 0.5).unwrap();
        assert_eq!((found.value, found.low, found.high), (5.5, Some(2.0), Some(9.0)));
    }

    #[test]
    fn what_few_values_cannot_bound_is_absent() {
        let found = quantile_interval(&counted(100), 0.99).unwrap();
        assert!(found.low.is_some() && found.high.is_none(), "{found:?}");
        // (.99)ⁿ falls below .025 at 368 values.
        assert!(quantile_interval(&counted(367), 0.99).unwrap().high.is_none());
        assert!(quantile_interval(&counted(500), 0.99).unwrap().high.is_some());
        assert_eq!(quantile_interval(&[], 0.5), None);
    }

    #[test]
    fn thousands_of_values_are_no_trouble() {
        let found = quantile_interval(&counted(100_000), 0.5).unwrap();
        assert!(found.low.unwrap() > 49_600.0 && found.high.unwrap() < 50_400.0, "{found:?}");
    }
}
