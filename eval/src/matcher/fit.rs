//! Logistic regression with a ridge, by Newton's method: a handful of features, some hundred rows, no dependency.

/// The ridge on standardized weights, in the unit of the summed log-likelihood.
const RIDGE: f64 = 1.0;
const STEPS: usize = 100;
const N: usize = engine::approved::matching::FEATURES;

/// Of the features as they come.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Weights {
    pub intercept: f64,
    pub weights: [f64; N],
}

impl Weights {
    pub fn probability(&self, features: &[f64; N]) -> f64 {
        let z: f64 = self.intercept + self.weights.iter().zip(features).map(|(w, x)| w * x).sum::<f64>();
        1.0 / (1.0 + (-z).exp())
    }
}

/// The most likely weights for the rows. Features are standardized first, so that the ridge treats them alike; one that
/// never varies gets no weight.
pub fn fit(rows: &[([f64; N], bool)]) -> Weights {
    let n = rows.len().max(1) as f64;
    let mean: [f64; N] = std::array::from_fn(|j| rows.iter().map(|(x, _)| x[j]).sum::<f64>() / n);
    let deviation: [f64; N] =
        std::array::from_fn(|j| (rows.iter().map(|(x, _)| (x[j] - mean[j]).powi(2)).sum::<f64>() / n).sqrt());
    let standard = |x: &[f64; N]| -> [f64; N + 1] {
        std::array::from_fn(|j| match j.checked_sub(1) {
            None => 1.0,
            Some(j) if deviation[j] > 1e-9 => (x[j] - mean[j]) / deviation[j],
            Some(_) => 0.0,
        })
    };
    let rows: Vec<([f64; N + 1], f64)> = rows.iter().map(|(x, y)| (standard(x), f64::from(u8::from(*y)))).collect();
    let mut beta = [0.0; N + 1];
    for _ in 0..STEPS {
        let (mut gradient, mut hessian) = ([0.0; N + 1], [[0.0; N + 1]; N + 1]);
        for (x, y) in &rows {
            let p = 1.0 / (1.0 + (-dot(&beta, x)).exp());
            for j in 0..=N {
                gradient[j] += (y - p) * x[j];
                for k in 0..=N {
                    hessian[j][k] += p * (1.0 - p) * x[j] * x[k];
                }
            }
        }
        for j in 0..=N {
            // The intercept is not held back, but for what makes the system solvable.
            let ridge = if j == 0 { 1e-6 } else { RIDGE };
            gradient[j] -= ridge * beta[j];
            hessian[j][j] += ridge;
        }
        let step = solve(hessian, gradient);
        beta.iter_mut().zip(step).for_each(|(b, s)| *b += s);
        if step.iter().all(|s| s.abs() < 1e-10) {
            break;
        }
    }
    let weights: [f64; N] = std::array::from_fn(|j| if deviation[j] > 1e-9 { beta[j + 1] / deviation[j] } else { 0.0 });
    Weights { intercept: beta[0] - weights.iter().zip(mean).map(|(w, m)| w * m).sum::<f64>(), weights }
}

fn dot(a: &[f64; N + 1], b: &[f64; N + 1]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Gauss with the largest pivot; the matrix is positive definite.
fn solve(mut a: [[f64; N + 1]; N + 1], mut b: [f64; N + 1]) -> [f64; N + 1] {
    for i in 0..=N {
        let pivot = (i..=N).max_by(|&x, &y| a[x][i].abs().total_cmp(&a[y][i].abs())).unwrap_or(i);
        a.swap(i, pivot);
        b.swap(i, pivot);
        let above = a[i];
        for row in i + 1..=N {
            let factor = a[row][i] / above[i];
            a[row].iter_mut().zip(above).for_each(|(x, y)| *x -= factor * y);
            b[row] -= factor * b[i];
        }
    }
    let mut x = [0.0; N + 1];
    for i in (0..=N).rev() {
        let known: f64 = (i + 1..=N).map(|k| a[i][k] * x[k]).sum();
        x[i] = (b[i] - known) / a[i][i];
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One feature that is there or not: the odds of the counts, drawn a little to the middle by the ridge.
    #[test]
    fn the_odds_of_a_table_are_found() {
        let row = |x: f64, y: bool| (std::array::from_fn(|j| if j == 0 { x } else { 0.0 }), y);
        let mut rows = Vec::new();
        for (x, yes, no) in [(1.0, 900, 100), (0.0, 200, 800)] {
            rows.extend((0..yes).map(|_| row(x, true)));
            rows.extend((0..no).map(|_| row(x, false)));
        }
        let weights = fit(&rows);
        let at = |x: f64| weights.probability(&row(x, true).0);
        assert!((at(1.0) - 0.9).abs() < 0.002, "{}", at(1.0));
        assert!((at(0.0) - 0.2).abs() < 0.002, "{}", at(0.0));
        assert!(weights.weights[1..].iter().all(|w| *w == 0.0), "what never varies says nothing");
    }

    #[test]
    fn rows_that_can_be_told_apart_do_not_run_away() {
        let rows: Vec<([f64; N], bool)> =
            (0..40).map(|i| (std::array::from_fn(|j| f64::from(i) + j as f64), i >= 20)).collect();
        let weights = fit(&rows);
        assert!(weights.intercept.is_finite() && weights.weights.iter().all(|w| w.is_finite()));
        assert!(weights.probability(&rows[39].0) > 0.9 && weights.probability(&rows[0].0) < 0.1);
    }
}
