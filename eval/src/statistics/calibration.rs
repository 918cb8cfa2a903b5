//! Does a probability mean what it says?
//!
//! The expected calibration error of Naeini, Cooper and Hauskrecht, "Obtaining Well Calibrated Probabilities Using
//! Bayesian Binning" (AAAI 2015): observations are put into bins of equal width by their probability; the error is the
//! mean distance between the mean probability of a bin and the share of it that came true, weighted by the bins' sizes.

/// How many bins of equal width.
pub const BINS: usize = 10;

/// The observations whose probability lies in one tenth.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bin {
    pub n: usize,
    /// Sum of the probabilities.
    pub said: f64,
    /// How many came true.
    pub came: usize,
}

/// A probability on a border belongs to the bin above it; 1 belongs to the last.
pub fn bins(observations: &[(f64, bool)]) -> [Bin; BINS] {
    let mut bins = [Bin::default(); BINS];
    for (probability, came) in observations {
        let at = ((probability * BINS as f64) as usize).min(BINS - 1);
        let bin = &mut bins[at];
        bin.n += 1;
        bin.said += probability;
        bin.came += usize::from(*came);
    }
    bins
}

/// 0 is perfect; of no observations 0, too.
pub fn calibration_error(observations: &[(f64, bool)]) -> f64 {
    let distance = |bin: &Bin| (bin.came as f64 - bin.said).abs();
    bins(observations).iter().map(distance).sum::<f64>() / observations.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_the_mean_distance_of_the_bins() {
        for (observations, expected) in [
            (vec![], 0.0),
            (vec![(1.0, true), (0.0, false)], 0.0),
            (vec![(1.0, false)], 1.0),
            // (|0.9 - 1| + |0.3 * 2 - 1|) / 3
            (vec![(0.9, true), (0.3, true), (0.3, false)], 0.5 / 3.0),
        ] {
            assert!((calibration_error(&observations) - expected).abs() < 1e-12, "{observations:?}");
        }
    }
}
