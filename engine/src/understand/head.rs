//! A linear layer over the embedder's vectors: softmax(Wx + b), with a temperature that makes its probabilities mean
//! what they say (Guo et al. 2017, "On Calibration of Modern Neural Networks").

use crate::ports::{Embedding, ModelId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What this version writes and reads.
pub const FORMAT: u32 = 1;

/// A fitted head. It belongs to one embedder: the vectors of another mean nothing to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Head {
    pub format: u32,
    pub model: ModelId,
    /// Class names, in the order of the rows.
    pub labels: Vec<String>,
    /// One row of `dimensions` weights for each label.
    pub weights: Vec<Vec<f32>>,
    pub bias: Vec<f32>,
    /// Logits are divided by it before the softmax.
    pub temperature: f32,
    /// What it was fitted on.
    pub fitted_on: FittedOn,
    /// For each label the stems of its utterances, and under the empty name those that many labels share: a
    /// word that is in neither is particular to a question.
    #[serde(default)]
    pub vocabulary: BTreeMap<String, BTreeSet<String>>,
}

/// Where a head comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FittedOn {
    /// Labelled utterances.
    pub n: usize,
    /// SHA-256 over labels and utterances.
    pub content: String,
}

/// Why a head cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum HeadError {
    #[error("the intent head has format {found}, this version reads {FORMAT}; run `shopclerk train intents` again")]
    Format { found: u32 },
    #[error("the intent head was fitted for {head}, the embedder is {embedder}; run `shopclerk train intents` again")]
    OtherModel { head: ModelId, embedder: ModelId },
    #[error("the intent head is damaged: {0}")]
    Damaged(String),
}

/// A label and its probability.
#[derive(Clone, Debug, PartialEq)]
pub struct Guess<'a> {
    pub label: &'a str,
    pub probability: f32,
}

impl Head {
    /// Looks whether the parts fit together and the head fits the embedder.
    pub fn check(&self, embedder: &ModelId, dimensions: usize) -> Result<(), HeadError> {
        if self.format != FORMAT {
            return Err(HeadError::Format { found: self.format });
        }
        if self.model != *embedder {
            return Err(HeadError::OtherModel { head: self.model.clone(), embedder: embedder.clone() });
        }
        let n = self.labels.len();
        if n < 2 || self.weights.len() != n || self.bias.len() != n {
            return Err(HeadError::Damaged(format!(
                "{n} labels, {} rows, {} biases",
                self.weights.len(),
                self.bias.len()
            )));
        }
        if let Some(row) = self.weights.iter().find(|row| row.len() != dimensions) {
            return Err(HeadError::Damaged(format!("a row of {} weights for {dimensions} dimensions", row.len())));
        }
        let numbers = self.weights.iter().flatten().chain(&self.bias).chain([&self.temperature]);
        if !numbers.into_iter().all(|x| x.is_finite()) || self.temperature <= 0.0 {
            return Err(HeadError::Damaged("a number is not finite, or the temperature is not positive".into()));
        }
        Ok(())
    }

    /// Every label, the likeliest first. Empty for a vector of another model.
    pub fn guess(&self, of: &Embedding) -> Vec<Guess<'_>> {
        if of.model != self.model {
            return Vec::new();
        }
        let logits: Vec<f32> = self.logits(&of.values).iter().map(|z| z / self.temperature).collect();
        let mut guesses: Vec<Guess<'_>> = softmax(&logits)
            .into_iter()
            .zip(&self.labels)
            .map(|(probability, label)| Guess { label, probability })
            .collect();
        guesses.sort_by(|a, b| b.probability.total_cmp(&a.probability).then_with(|| a.label.cmp(b.label)));
        guesses
    }

    pub(crate) fn logits(&self, x: &[f32]) -> Vec<f32> {
        self.weights
            .iter()
            .zip(&self.bias)
            .map(|(row, b)| b + row.iter().zip(x).map(|(w, v)| w * v).sum::<f32>())
            .collect()
    }
}

pub(crate) fn softmax(logits: &[f32]) -> Vec<f32> {
    let most = logits.iter().copied().fold(f32::MIN, f32::max);
    let raised: Vec<f32> = logits.iter().map(|z| (z - most).exp()).collect();
    let sum: f32 = raised.iter().sum();
    raised.iter().map(|e| e / sum).collect()
}
