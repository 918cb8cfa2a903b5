//! The promises, kept on data whose truth is known.

use super::threshold::{Judged, Wanted, certified, cheapest, counts, grid, losses, tests::judged};
use crate::statistics::SplitMix64;
use engine::decide::BoundMethod;

/// An answer of probability p is right with probability p: exchangeable, and as well calibrated as can be.
fn draw(n: usize, random: &mut SplitMix64) -> Vec<Judged> {
    let mut uniform = || random.below(1_000_000) as f64 / 1e6;
    (0..n)
        .map(|i| {
            // Most questions are easy: p near 1.
            let p = 1.0 - uniform().powi(3);
            judged(p, Some(uniform() < p), &i.to_string())
        })
        .collect()
}

/// Thresholds from `n` questions, 200 times over, each judged on fresh questions.
fn kept(method: BoundMethod, at_most: f64, n: usize, seed: u64) -> Vec<(usize, usize, f64)> {
    let mut random = SplitMix64::new(seed);
    let wanted = Wanted { method, at_most, confidence: 0.9 };
    let mut found = Vec::new();
    for _ in 0..200 {
        let (fitted, held) = (draw(n, &mut random), draw(n, &mut random));
        let Ok(hold) = certified(&grid(&fitted), &fitted, &held, wanted) else { continue };
        let Some(threshold) = cheapest(&hold, &held.iter().collect::<Vec<_>>()) else { continue };
        let fresh = draw(4000, &mut random);
        let (answers, wrong) = counts(&fresh, threshold);
        found.push((answers, wrong, losses(&fresh, threshold).iter().sum::<f64>() / fresh.len() as f64));
    }
    found
}

/// The bound may fail in one of ten: of 200, 20, and by three standard deviations (4.2 each) not more than 33. Each
/// failure is judged on 4,000 fresh questions, so only an excess beyond their noise (three standard deviations of
/// sqrt(0.05 * 0.95 / 2000) = 0.005) counts.
#[test]
fn the_binomial_bound_is_kept_as_often_as_it_says() {
    let found = kept(BoundMethod::Binomial, 0.05, 300, 11);
    assert!(found.len() > 100, "{} thresholds of 200", found.len());
    let broken = found.iter().filter(|(n, wrong, _)| *n > 0 && *wrong as f64 / *n as f64 > 0.05 + 0.015).count();
    assert!(broken <= 33, "{broken} of {}", found.len());
}

/// Conformal risk control bounds the mean over such draws. The loss of one draw varies by about 0.015, so the mean of
/// 200 is known to 0.0011; three of these are allowed.
#[test]
fn conformal_risk_control_keeps_its_risk_on_average() {
    for (at_most, n) in [(0.05, 100), (0.02, 300)] {
        let found = kept(BoundMethod::Crc, at_most, n, 7);
        assert!(found.len() > 150, "{} thresholds of 200", found.len());
        let mean = found.iter().map(|(.., loss)| loss).sum::<f64>() / found.len() as f64;
        assert!(mean <= at_most + 0.0033, "{mean} is above {at_most}");
        // And it is not empty talk: something is answered.
        assert!(found.iter().map(|(n, ..)| n).sum::<usize>() > found.len() * 400);
    }
}
