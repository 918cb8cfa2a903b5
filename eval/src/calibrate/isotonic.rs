//! Making a score mean what it says, from scores that the weights had not seen.

use super::logistic::{self, probability};
use engine::decide::Calibration;

/// How raw scores are calibrated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalibrationKind {
    /// Not at all.
    None,
    /// Two parameters: enough for the shrinkage of a penalty, and hard to overfit.
    Platt,
    /// Any non-decreasing curve: needs a thousand examples or more.
    Isotonic,
}

/// Fits the calibration of linear scores.
pub fn calibrate(kind: CalibrationKind, scores: &[f64], labels: &[bool]) -> Calibration {
    match kind {
        CalibrationKind::None => Calibration::None,
        CalibrationKind::Platt => {
            let (slope, intercept) = platt(scores, labels);
            Calibration::Platt { slope, intercept }
        }
        CalibrationKind::Isotonic => {
            let raw: Vec<f64> = scores.iter().map(|score| probability(*score)).collect();
            let values: Vec<f64> = labels.iter().map(|label| f64::from(u8::from(*label))).collect();
            let (raw, probability) = isotonic(&raw, &values);
            if raw.is_empty() { Calibration::None } else { Calibration::Isotonic { raw, probability } }
        }
    }
}

/// Slope and intercept after Platt, "Probabilistic Outputs for Support Vector Machines" (1999), with its smoothed
/// targets, so that scores that tell the labels apart perfectly do not claim certainty. Scores that say the opposite of
/// what is true say nothing: slope 0.
pub fn platt(scores: &[f64], labels: &[bool]) -> (f64, f64) {
    let positive = labels.iter().filter(|label| **label).count() as f64;
    let negative = labels.len() as f64 - positive;
    let target = |label: &bool| if *label { (positive + 1.0) / (positive + 2.0) } else { 1.0 / (negative + 2.0) };
    let targets: Vec<f64> = labels.iter().map(target).collect();
    let rows: Vec<[f64; 1]> = scores.iter().map(|score| [*score]).collect();
    let rows: Vec<&[f64]> = rows.iter().map(<[f64; 1]>::as_slice).collect();
    match logistic::fit(&rows, &targets, 0.0) {
        Ok(fit) if fit.weights[0] > 0.0 => (fit.weights[0], fit.bias),
        Ok(_) | Err(_) => (0.0, ((positive + 1.0) / (negative + 1.0)).ln()),
    }
}

/// The non-decreasing function with the least squared error, as points to draw lines between: pool adjacent violators
/// (Ayer et al., 1955). Equal `x` are averaged first; points within a level stretch are left out.
pub fn isotonic(x: &[f64], y: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let mut points: Vec<(f64, f64)> = x.iter().copied().zip(y.iter().copied()).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    // A block: sum, weight, first and last x.
    let mut merged: Vec<(f64, f64, f64)> = Vec::new();
    for (x, y) in points {
        match merged.last_mut() {
            Some((at, sum, weight)) if *at == x => (*sum, *weight) = (*sum + y, *weight + 1.0),
            _ => merged.push((x, y, 1.0)),
        }
    }
    let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
    for (_, sum, weight) in &merged {
        blocks.push((*sum, *weight, 1));
        while let [.., before, last] = blocks.as_slice() {
            if before.0 / before.1 < last.0 / last.1 {
                break;
            }
            let joined = (before.0 + last.0, before.1 + last.1, before.2 + last.2);
            blocks.truncate(blocks.len() - 2);
            blocks.push(joined);
        }
    }
    let (mut at, mut xs, mut ys) = (0, Vec::new(), Vec::new());
    for (sum, weight, points) in blocks {
        let level = sum / weight;
        xs.push(merged[at].0);
        ys.push(level);
        if points > 1 {
            xs.push(merged[at + points - 1].0);
            ys.push(level);
        }
        at += points;
    }
    (xs, ys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn violators_are_pooled() {
        let (x, y) = isotonic(&[1.0, 2.0, 3.0, 4.0, 4.0], &[0.0, 1.0, 0.0, 1.0, 1.0]);
        assert_eq!((x, y), (vec![1.0, 2.0, 3.0, 4.0], vec![0.0, 0.5, 0.5, 1.0]));
        assert_eq!(isotonic(&[1.0, 2.0], &[1.0, 0.0]), (vec![1.0, 2.0], vec![0.5, 0.5]));
        assert_eq!(isotonic(&[], &[]), (vec![], vec![]));
    }

    #[test]
    fn scores_that_say_the_opposite_say_nothing() {
        let (slope, intercept) = platt(&[-1.0, 1.0, -2.0, 2.0], &[true, false, true, false]);
        assert_eq!((slope, intercept), (0.0, 0.0));
        // Told apart perfectly, and still not certain.
        let (slope, intercept) = platt(&[-1.0, -2.0, 1.0, 2.0], &[false, false, true, true]);
        let sure = Calibration::Platt { slope, intercept }.apply(2.0);
        assert!(sure > 0.7 && sure < 0.95, "{sure}");
    }
}
