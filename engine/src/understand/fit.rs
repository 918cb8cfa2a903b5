//! Fits a [`Head`]: multinomial logistic regression with an L2 penalty, by Adam (Kingma & Ba 2015).
//! The order of the examples is fixed by the epoch, so the same vectors give the same head.

use super::head::{FORMAT, FittedOn, Head, softmax};
use crate::ports::ModelId;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// One labelled vector.
#[derive(Clone, Debug)]
pub struct Labelled {
    pub values: Vec<f32>,
    pub label: String,
}

/// How hard it is fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FitConfig {
    /// Times that every example is looked at.
    pub epochs: usize,
    /// Examples between two steps.
    pub batch: usize,
    pub learning_rate: f32,
    /// Weight of the squared norm of the weights.
    pub l2: f32,
}

impl Default for FitConfig {
    /// Chosen by cross-validation on the shipped labels; docs/evaluation.md holds the numbers.
    fn default() -> Self {
        Self { epochs: 30, batch: 32, learning_rate: 0.03, l2: 1e-5 }
    }
}

/// Why nothing can be fitted.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum FitError {
    #[error("at least two labels are needed, {0} was given")]
    OneLabel(usize),
    #[error("the vectors have different lengths")]
    Ragged,
}

/// A cross-validated guess about one example: what it is, and what a head that never saw it said.
#[derive(Clone, Debug, PartialEq)]
pub struct OutOfFold {
    pub label: String,
    pub guess: String,
    pub probability: f32,
}

/// Fits on everything. The temperature comes from [`cross_validate`].
pub fn fit(model: &ModelId, examples: &[Labelled], temperature: f32, config: FitConfig) -> Result<Head, FitError> {
    let labels = labels(examples);
    if labels.len() < 2 {
        return Err(FitError::OneLabel(labels.len()));
    }
    let dimensions = examples[0].values.len();
    if examples.iter().any(|e| e.values.len() != dimensions) {
        return Err(FitError::Ragged);
    }
    let of: BTreeMap<&str, usize> = labels.iter().enumerate().map(|(i, l)| (l.as_str(), i)).collect();
    let y: Vec<usize> = examples.iter().map(|e| of[e.label.as_str()]).collect();
    let x: Vec<&[f32]> = examples.iter().map(|e| e.values.as_slice()).collect();
    let flat = descend(&x, &y, labels.len(), dimensions, config);
    let row = dimensions + 1;
    Ok(Head {
        format: FORMAT,
        model: model.clone(),
        weights: flat.chunks(row).map(|r| r[..dimensions].to_vec()).collect(),
        bias: flat.chunks(row).map(|r| r[dimensions]).collect(),
        labels,
        temperature,
        fitted_on: FittedOn { n: examples.len(), content: content(examples) },
        vocabulary: BTreeMap::new(),
    })
}

/// Every example guessed by a head that was fitted without it, in the order of the examples, and the temperature that
/// makes these guesses' probabilities fit best. Every label is spread evenly over the folds.
pub fn cross_validate(
    model: &ModelId,
    examples: &[Labelled],
    folds: usize,
    config: FitConfig,
) -> Result<(Vec<OutOfFold>, f32), FitError> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let fold: Vec<usize> = examples
        .iter()
        .map(|e| {
            let count = seen.entry(&e.label).or_default();
            *count += 1;
            (*count - 1) % folds
        })
        .collect();
    let mut logits: Vec<(Vec<f32>, Vec<String>)> = vec![Default::default(); examples.len()];
    for held in 0..folds {
        let train: Vec<Labelled> =
            examples.iter().zip(&fold).filter(|(_, f)| **f != held).map(|(e, _)| e.clone()).collect();
        let head = fit(model, &train, 1.0, config)?;
        for (i, example) in examples.iter().enumerate().filter(|(i, _)| fold[*i] == held) {
            logits[i] = (head.logits(&example.values), head.labels.clone());
        }
    }
    let truth: Vec<Option<usize>> =
        examples.iter().zip(&logits).map(|(e, (_, labels))| labels.iter().position(|l| *l == e.label)).collect();
    let temperature = temperature(&logits, &truth);
    let guesses = examples.iter().zip(&logits).map(|(e, (logits, labels))| {
        let p = softmax(&logits.iter().map(|z| z / temperature).collect::<Vec<_>>());
        let best = (0..p.len()).max_by(|a, b| p[*a].total_cmp(&p[*b])).unwrap_or(0);
        OutOfFold { label: e.label.clone(), guess: labels[best].clone(), probability: p[best] }
    });
    Ok((guesses.collect(), temperature))
}

fn labels(examples: &[Labelled]) -> Vec<String> {
    let mut labels: Vec<String> = examples.iter().map(|e| e.label.clone()).collect();
    labels.sort();
    labels.dedup();
    labels
}

/// Golden-section search over the logarithm: the negative log-likelihood has one minimum.
fn temperature(logits: &[(Vec<f32>, Vec<String>)], truth: &[Option<usize>]) -> f32 {
    let loss = |log_t: f32| -> f32 {
        let t = log_t.exp();
        let each = logits.iter().zip(truth).filter_map(|((z, _), y)| {
            let p = softmax(&z.iter().map(|z| z / t).collect::<Vec<_>>());
            y.map(|y| -p[y].max(1e-12).ln())
        });
        each.sum()
    };
    let ratio = (5f32.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (-2.5f32, 2.5f32);
    for _ in 0..24 {
        let (a, b) = (high - ratio * (high - low), low + ratio * (high - low));
        if loss(a) < loss(b) { high = b } else { low = a }
    }
    f32::midpoint(low, high).exp()
}

/// Rows of `dimensions` weights and a bias, one after the other.
fn descend(x: &[&[f32]], y: &[usize], classes: usize, dimensions: usize, config: FitConfig) -> Vec<f32> {
    const DECAY: (f32, f32) = (0.9, 0.999);
    let row = dimensions + 1;
    let mut w = vec![0f32; classes * row];
    let (mut m, mut v, mut gradient) = (w.clone(), w.clone(), w.clone());
    let batches = x.len().div_ceil(config.batch);
    let steps = (batches * config.epochs) as f32;
    let (mut step, mut one, mut two) = (0f32, 1f32, 1f32);
    for epoch in 0..config.epochs {
        let order = shuffled(x.len(), epoch as u64);
        for batch in order.chunks(config.batch) {
            gradient.iter_mut().zip(&w).for_each(|(g, w)| *g = config.l2 * w * 2.0);
            for &i in batch {
                let logits: Vec<f32> =
                    w.chunks_exact(row).map(|r| r[dimensions] + dot(&r[..dimensions], x[i])).collect();
                for (class, p) in softmax(&logits).into_iter().enumerate() {
                    let off = (p - f32::from(u8::from(class == y[i]))) / batch.len() as f32;
                    let g = &mut gradient[class * row..(class + 1) * row];
                    g[..dimensions].iter_mut().zip(x[i]).for_each(|(g, x)| *g += off * x);
                    g[dimensions] += off;
                }
            }
            (one, two) = (one * DECAY.0, two * DECAY.1);
            // A cosine schedule: large steps first, none at the end.
            let rate = config.learning_rate * 0.5 * (1.0 + (std::f32::consts::PI * step / steps).cos());
            step += 1.0;
            for i in 0..w.len() {
                m[i] = DECAY.0 * m[i] + (1.0 - DECAY.0) * gradient[i];
                v[i] = DECAY.1 * v[i] + (1.0 - DECAY.1) * gradient[i] * gradient[i];
                w[i] -= rate * (m[i] / (1.0 - one)) / ((v[i] / (1.0 - two)).sqrt() + 1e-8);
            }
        }
    }
    w
}

/// Eight sums at a time: the compiler makes vector instructions of it, which one running sum would forbid.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0f32; 8];
    let (heads, tails) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = heads.remainder().iter().zip(tails.remainder()).map(|(a, b)| a * b).sum();
    heads.zip(tails).for_each(|(a, b)| (0..8).for_each(|i| sums[i] += a[i] * b[i]));
    rest + sums.iter().sum::<f32>()
}

/// The same order for the same epoch, everywhere (Fisher-Yates over SplitMix64).
fn shuffled(n: usize, epoch: u64) -> Vec<usize> {
    let mut state = epoch.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(0x1234_5678);
    let mut next = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    };
    let mut order: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        order.swap(i, usize::try_from(next() % (i as u64 + 1)).unwrap_or(0));
    }
    order
}

fn content(examples: &[Labelled]) -> String {
    let mut hash = Sha256::new();
    for example in examples {
        hash.update(example.label.as_bytes());
        example.values.iter().for_each(|v| hash.update(v.to_le_bytes()));
    }
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::Embedding;

    /// Three clouds around the axes.
    fn clouds() -> Vec<Labelled> {
        let noise = |i: usize, k: usize| ((i * 7919 + k * 104_729) % 1000) as f32 / 1000.0 - 0.5;
        (0..90)
            .map(|i| {
                let axis = i % 3;
                let values = (0..3).map(|k| f32::from(u8::from(k == axis)) + 0.6 * noise(i, k)).collect();
                Labelled { values, label: ["a", "b", "c"][axis].to_owned() }
            })
            .collect()
    }

    #[test]
    fn what_can_be_told_apart_is() {
        let model = ModelId("m@1".into());
        let (guesses, temperature) = cross_validate(&model, &clouds(), 5, FitConfig::default()).unwrap();
        let right = guesses.iter().filter(|g| g.label == g.guess).count();
        assert!(right >= 85, "{right} of 90");
        let head = fit(&model, &clouds(), temperature, FitConfig::default()).unwrap();
        head.check(&model, 3).unwrap();
        let of = |values: [f32; 3], model: &ModelId| Embedding { values: values.to_vec(), model: model.clone() };
        assert_eq!(head.guess(&of([0.0, 1.0, 0.0], &model))[0].label, "b");
        assert!(head.guess(&of([0.33, 0.33, 0.33], &model))[0].probability < 0.9);
        assert!(head.guess(&of([0.0, 1.0, 0.0], &ModelId("other@2".into()))).is_empty());
        assert_eq!(fit(&model, &clouds(), temperature, FitConfig::default()).unwrap(), head, "the same bytes again");
    }

    #[test]
    fn a_head_that_does_not_fit_is_refused() {
        use crate::understand::head::HeadError;
        let model = ModelId("m@1".into());
        let head = fit(&model, &clouds(), 1.0, FitConfig { epochs: 1, ..FitConfig::default() }).unwrap();
        assert!(matches!(head.check(&ModelId("n@1".into()), 3), Err(HeadError::OtherModel { .. })));
        assert!(matches!(head.check(&model, 4), Err(HeadError::Damaged(_))));
        assert!(matches!(Head { format: 9, ..head.clone() }.check(&model, 3), Err(HeadError::Format { found: 9 })));
        assert!(matches!(Head { temperature: f32::NAN, ..head }.check(&model, 3), Err(HeadError::Damaged(_))));
        assert_eq!(fit(&model, &clouds()[..1], 1.0, FitConfig::default()), Err(FitError::OneLabel(1)));
    }
}
