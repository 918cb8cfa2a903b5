//! How many conversations does it take to tell two systems apart? Both formulas are for a two-sided test at 5 % that
//! finds the difference four times out of five.

use super::Z;

/// The normal quantile of a power of 80 %.
const POWER: f64 = 0.841_621_233_572_914;

/// How many independent messages each of two systems must answer to tell the rates `one` and `other` apart: the usual
/// formula for two proportions.
///
/// Fleiss, Levin, Paik, "Statistical Methods for Rates and Proportions" (2003), without continuity correction.
pub fn needed(one: f64, other: f64) -> f64 {
    let mean = f64::midpoint(one, other);
    let alike = Z * (2.0 * mean * (1.0 - mean)).sqrt();
    let apart = POWER * (one * (1.0 - one) + other * (1.0 - other)).sqrt();
    ((alike + apart) / (one - other)).powi(2).ceil()
}

/// How many messages both systems must answer to tell a difference of rates, where they fare differently on the share
/// `discordant` of them. `None` where no such share could give the difference.
///
/// Connor, "Sample Size for Testing Differences in Proportions for the Paired-Sample Design" (1987), for McNemar's test.
pub fn needed_paired(discordant: f64, difference: f64) -> Option<f64> {
    if difference == 0.0 || difference.abs() > discordant || discordant > 1.0 {
        return None;
    }
    let alike = Z * discordant.sqrt();
    let apart = POWER * (discordant - difference * difference).sqrt();
    Some(((alike + apart) / difference).powi(2).ceil())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_differences_take_many_messages() {
        assert!((3_100.0..3_300.0).contains(&needed(0.90, 0.92)), "{}", needed(0.90, 0.92));
        assert!(needed(0.5, 0.9) < 25.0);
    }

    #[test]
    fn the_less_two_systems_differ_the_fewer_are_needed() {
        // (1.959964 · √.1 + .841621 · √(.1 − .0004))² / .0004 = 1959.8.
        assert_eq!(needed_paired(0.1, 0.02), Some(1_960.0));
        assert!(needed_paired(0.05, 0.02) < needed_paired(0.1, 0.02));
        assert_eq!(needed_paired(0.1, -0.02), needed_paired(0.1, 0.02));
        for (discordant, difference) in [(0.01, 0.02), (0.1, 0.0), (1.5, 0.1)] {
            assert_eq!(needed_paired(discordant, difference), None, "{discordant} {difference}");
        }
    }
}
