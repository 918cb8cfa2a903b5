//! Bounds that hold for any number of labelled questions, not only for many.
//!
//! - Exact binomial: Clopper and Pearson, "The Use of Confidence or Fiducial Limits Illustrated in the Case of the
//!   Binomial" (1934). Thresholds are tested one after the other, in an order that was settled on other questions, until
//!   one fails; all before it hold together (fixed-sequence testing in Angelopoulos, Bates, Candès, Jordan, Lei, "Learn
//!   then Test", arXiv:2110.01052, section 2 and the split variant of its section on multiple testing).
//! - Conformal risk control: Angelopoulos, Bates, Fisch, Lei, Schuster, arXiv:2208.02814, theorem 1.

/// P(X ≤ k) of n tries that each succeed with probability p.
pub fn binomial_cdf(k: usize, n: usize, p: f64) -> f64 {
    if k >= n || p <= 0.0 {
        return 1.0;
    }
    if p >= 1.0 {
        return 0.0;
    }
    let odds = p.ln() - (-p).ln_1p();
    let mut term = n as f64 * (-p).ln_1p();
    let mut sum = term.exp();
    for i in 0..k {
        term += ((n - i) as f64 / (i + 1) as f64).ln() + odds;
        sum += term.exp();
    }
    sum.min(1.0)
}

/// The largest rate that k of n does not rule out at this error: upper end of the one-sided Clopper–Pearson interval.
pub fn clopper_pearson_upper(k: usize, n: usize, error: f64) -> f64 {
    if k >= n {
        return 1.0;
    }
    let (mut low, mut high) = (k as f64 / n as f64, 1.0);
    // Halving ends where doubles do.
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if binomial_cdf(k, n, middle) > error { low = middle } else { high = middle }
    }
    (low + high) / 2.0
}

/// The thresholds of the sequence that hold: those before the first whose test fails. `counts` gives for each the
/// clusters with an answer and those with a wrong one.
pub fn fixed_sequence(counts: &[(usize, usize)], at_most: f64, error: f64) -> usize {
    counts.iter().take_while(|(n, wrong)| *n > 0 && binomial_cdf(*wrong, *n, at_most) <= error).count()
}

/// What conformal risk control promises of a threshold: losses are between 0 and 1 and do not grow with it.
/// `(Σ losses + 1) / (n + 1)`.
pub fn crc_risk(losses: impl IntoIterator<Item = f64>) -> f64 {
    let (sum, n) = losses.into_iter().fold((0.0, 0usize), |(sum, n), loss| (sum + loss, n + 1));
    (sum + 1.0) / (n as f64 + 1.0)
}

/// How many clusters with an answer would be needed for the bound if as large a share of them was wrong as now. `None`
/// where no number is enough, because the share itself is too large.
pub fn needed_binomial(wrong: usize, n: usize, at_most: f64, error: f64) -> Option<usize> {
    let rate = if n == 0 { 0.0 } else { wrong as f64 / n as f64 };
    if rate >= at_most {
        return None;
    }
    let enough = |n: usize| clopper_pearson_upper((rate * n as f64).ceil() as usize, n, error) <= at_most;
    search(enough)
}

/// The same for conformal risk control, in clusters.
pub fn needed_crc(mean_loss: f64, at_most: f64) -> Option<usize> {
    search(|n| mean_loss < at_most && (mean_loss * n as f64 + 1.0) / (n as f64 + 1.0) <= at_most)
}

/// More labelled questions than this nobody has.
const MOST: usize = 1 << 24;

fn search(enough: impl Fn(usize) -> bool) -> Option<usize> {
    let mut high = 1;
    while !enough(high) {
        high *= 2;
        if high > MOST {
            return None;
        }
    }
    // What is rounded up to whole errors makes it not quite monotone; the answer is off by a few at most.
    let mut low = high / 2;
    while low + 1 < high {
        let middle = low.midpoint(high);
        if enough(middle) { high = middle } else { low = middle }
    }
    Some(high)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// scipy.stats.beta.ppf(1 - error, k + 1, n - k); the first two also from closed forms, 1 - error^(1/n).
    #[test]
    fn upper_ends_are_those_of_the_tables() {
        for (k, n, error, expected) in [
            (0, 100, 0.05, 0.029_513_049_607_039_94),
            (0, 59, 0.05, 1.0 - 0.05f64.powf(1.0 / 59.0)),
            (1, 10, 0.05, 0.394_163_302_436_504_66),
            (3, 200, 0.05, 0.038_309_708_498_569_34),
            (10, 10, 0.05, 1.0),
            (0, 0, 0.05, 1.0),
        ] {
            let found = clopper_pearson_upper(k, n, error);
            assert!((found - expected).abs() < 1e-9, "{k} of {n}: {found}");
        }
        // One and the same statement, read from both sides.
        let upper = clopper_pearson_upper(3, 200, 0.1);
        assert!((binomial_cdf(3, 200, upper) - 0.1).abs() < 1e-9);
    }

    #[test]
    fn the_cumulated_binomial() {
        assert!((binomial_cdf(2, 4, 0.5) - 11.0 / 16.0).abs() < 1e-12);
        assert_eq!((binomial_cdf(4, 4, 0.5), binomial_cdf(0, 3, 0.0), binomial_cdf(0, 3, 1.0)), (1.0, 1.0, 0.0));
        assert!((binomial_cdf(0, 5000, 0.001) - 0.999f64.powi(5000)).abs() < 1e-12);
    }

    #[test]
    fn the_sequence_ends_at_the_first_that_fails() {
        assert_eq!(fixed_sequence(&[(200, 0), (300, 1), (300, 20), (400, 0)], 0.02, 0.05), 2);
        assert_eq!(fixed_sequence(&[(100, 0)], 0.02, 0.05), 0, "148 are too few by one");
        assert_eq!(fixed_sequence(&[(149, 0)], 0.02, 0.05), 1);
        assert_eq!(fixed_sequence(&[(0, 0)], 0.02, 0.05), 0);
    }

    #[test]
    fn what_would_be_needed() {
        assert_eq!(needed_binomial(0, 20, 0.02, 0.05), Some(149));
        assert_eq!(needed_binomial(1, 20, 0.02, 0.05), None);
        let some = needed_binomial(1, 100, 0.02, 0.05).unwrap();
        assert!(clopper_pearson_upper((some as f64 * 0.01).ceil() as usize, some, 0.05) <= 0.02, "{some}");
        assert_eq!(needed_crc(0.0, 0.02), Some(49));
        assert_eq!(needed_crc(0.02, 0.02), None);
        assert_eq!(crc_risk([0.0; 49]), 0.02);
    }
}
