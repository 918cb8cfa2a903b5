//! Logistic regression with a ridge penalty, by Newton's method.
//!
//! Our own, because it is forty lines and what is promised rests on it: `make eval-check` compares it with
//! scikit-learn. The crates that would do it (linfa, smartcore) bring a second array library and stop at a tolerance of
//! their own.

/// A linear score: `bias + weights · row`.
#[derive(Clone, Debug, PartialEq)]
pub struct Logistic {
    pub weights: Vec<f64>,
    pub bias: f64,
}

/// There is nothing to fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FitError {
    #[error("all examples have the same label")]
    OneLabel,
    #[error("a feature of an example is no number")]
    NotFinite,
    #[error("the fit does not settle; raise the penalty")]
    Unsettled,
}

/// Newton's method settles in ten steps or so; more means that there is no minimum.
const STEPS: usize = 200;

/// Minimizes `Σ log loss + penalty / 2 · |weights|²`; the bias is not penalized. Targets are probabilities, so that
/// labels may be smoothed. The penalty is `1 / C` of scikit-learn.
pub fn fit(rows: &[&[f64]], targets: &[f64], penalty: f64) -> Result<Logistic, FitError> {
    let first = targets.first().ok_or(FitError::OneLabel)?;
    if targets.iter().all(|target| target == first) && (*first == 0.0 || *first == 1.0) {
        return Err(FitError::OneLabel);
    }
    if !rows.iter().flat_map(|row| row.iter()).all(|x| x.is_finite()) {
        return Err(FitError::NotFinite);
    }
    let width = rows.first().map_or(0, |row| row.len());
    // The bias is the last of the parameters.
    let mut at = vec![0.0; width + 1];
    let mut loss = objective(rows, targets, penalty, &at);
    for _ in 0..STEPS {
        let (gradient, hessian) = derivatives(rows, targets, penalty, &at);
        let step = solve(hessian, &gradient).ok_or(FitError::Unsettled)?;
        let size = step.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        // A whole step may overshoot far from the minimum; a part of it always goes down.
        let mut part = 1.0;
        loop {
            let next: Vec<f64> = at.iter().zip(&step).map(|(x, s)| x - part * s).collect();
            let lower = objective(rows, targets, penalty, &next);
            // Next to the minimum a right step can look like one up, by what rounding adds to the sum.
            if lower <= loss + 1e-12 * loss.abs() || part < 1e-6 {
                (at, loss) = (next, lower);
                break;
            }
            part /= 2.0;
        }
        if size < 1e-10 * (1.0 + at.iter().fold(0.0, |most: f64, x| most.max(x.abs()))) {
            let bias = at.pop().unwrap_or_default();
            return Ok(Logistic { weights: at, bias });
        }
    }
    Err(FitError::Unsettled)
}

impl Logistic {
    pub fn score(&self, row: &[f64]) -> f64 {
        self.bias + self.weights.iter().zip(row).map(|(w, x)| w * x).sum::<f64>()
    }
}

pub fn probability(score: f64) -> f64 {
    1.0 / (1.0 + (-score).exp())
}

/// `ln(1 + e^z)` without overflow.
fn softplus(z: f64) -> f64 {
    z.max(0.0) + (-z.abs()).exp().ln_1p()
}

/// Loss of a score under a target between 0 and 1.
pub fn log_loss(score: f64, target: f64) -> f64 {
    softplus(score) - target * score
}

fn objective(rows: &[&[f64]], targets: &[f64], penalty: f64, at: &[f64]) -> f64 {
    let losses = rows.iter().zip(targets).map(|(row, target)| log_loss(linear(row, at), *target));
    let weights = &at[..at.len() - 1];
    losses.sum::<f64>() + penalty / 2.0 * weights.iter().map(|w| w * w).sum::<f64>()
}

fn linear(row: &[f64], at: &[f64]) -> f64 {
    at[row.len()] + row.iter().zip(at).map(|(x, w)| x * w).sum::<f64>()
}

fn derivatives(rows: &[&[f64]], targets: &[f64], penalty: f64, at: &[f64]) -> (Vec<f64>, Vec<Vec<f64>>) {
    let n = at.len();
    let mut gradient = vec![0.0; n];
    let mut hessian = vec![vec![0.0; n]; n];
    for (row, target) in rows.iter().zip(targets) {
        let p = probability(linear(row, at));
        let x = |i: usize| if i < row.len() { row[i] } else { 1.0 };
        for i in 0..n {
            gradient[i] += (p - target) * x(i);
            for (j, entry) in hessian[i].iter_mut().enumerate().take(i + 1) {
                *entry += p * (1.0 - p) * x(i) * x(j);
            }
        }
    }
    for i in 0..n - 1 {
        gradient[i] += penalty * at[i];
        hessian[i][i] += penalty;
    }
    (gradient, hessian)
}

/// Cholesky; the lower half of the matrix is read. `None` where it is not positive definite.
fn solve(mut a: Vec<Vec<f64>>, b: &[f64]) -> Option<Vec<f64>> {
    let n = b.len();
    for i in 0..n {
        for j in 0..=i {
            let sum: f64 = a[i][j] - (0..j).map(|k| a[i][k] * a[j][k]).sum::<f64>();
            if i == j {
                if sum <= 0.0 || !sum.is_finite() {
                    return None;
                }
                a[i][i] = sum.sqrt();
            } else {
                a[i][j] = sum / a[j][j];
            }
        }
    }
    let mut x = b.to_vec();
    for i in 0..n {
        x[i] = (x[i] - (0..i).map(|k| a[i][k] * x[k]).sum::<f64>()) / a[i][i];
    }
    for i in (0..n).rev() {
        x[i] = (x[i] - (i + 1..n).map(|k| a[k][i] * x[k]).sum::<f64>()) / a[i][i];
    }
    Some(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_features_the_bias_is_the_log_odds() {
        let rows: Vec<&[f64]> = vec![&[]; 4];
        let found = fit(&rows, &[1.0, 1.0, 1.0, 0.0], 1.0).unwrap();
        assert!((found.bias - 3f64.ln()).abs() < 1e-9, "{found:?}");
    }

    /// At the minimum the gradient is zero, whatever the data.
    #[test]
    fn the_gradient_is_zero_where_it_settles() {
        let mut random = crate::statistics::SplitMix64::new(3);
        let mut draw = || random.below(2001) as f64 / 1000.0 - 1.0;
        let rows: Vec<Vec<f64>> = (0..200).map(|_| (0..5).map(|_| draw()).collect()).collect();
        let targets: Vec<f64> = rows.iter().map(|r| f64::from(u8::from(r[0] - r[1] + draw() > 0.3))).collect();
        let rows: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
        for penalty in [0.01, 1.0, 100.0] {
            let Logistic { mut weights, bias } = fit(&rows, &targets, penalty).unwrap();
            weights.push(bias);
            let (gradient, _) = derivatives(&rows, &targets, penalty, &weights);
            assert!(gradient.iter().all(|g| g.abs() < 1e-7), "{gradient:?}");
        }
    }

    #[test]
    fn data_that_is_told_apart_perfectly_is_held_by_the_penalty() {
        let found = fit(&[&[-1.0], &[1.0]], &[0.0, 1.0], 1.0).unwrap();
        assert!(found.weights[0] > 0.0 && found.weights[0] < 2.0 && found.bias.abs() < 1e-9, "{found:?}");
        assert_eq!(fit(&[&[1.0], &[2.0]], &[1.0, 1.0], 1.0), Err(FitError::OneLabel));
        assert_eq!(fit(&[&[f64::NAN], &[2.0]], &[0.0, 1.0], 1.0), Err(FitError::NotFinite));
    }
}
