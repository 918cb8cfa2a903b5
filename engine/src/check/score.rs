//! How probable it is that a sentence says what its passage says.
//!
//! The typed check finds a wrong number; it does not find a wrong word. "Returns are free for members" and "Returns are
//! free" share all values. The weights were fitted on our own sentences about shops that do not exist, supported and not
//! (`eval::support`), and are a file of a version that names the embedder whose cosines they weigh.

use super::signs::{Rarity, Signs};
use crate::ports::ModelId;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// Weights of a logistic regression, and below which probability a sentence is not said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupportModel {
    /// Of the signs; a file of another version is not read.
    pub version: u32,
    /// Whose cosines were weighed. With another embedder nothing is weighed.
    pub embedder: ModelId,
    pub intercept: f32,
    pub weights: Signs,
    pub bound: f32,
    /// Of what it was made, and how well it did on passages that it had not seen.
    pub fitted: Fitted,
    pub rarity: Rarity,
}

/// Cross-validated over shops: no weight has seen another sentence about the same passage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fitted {
    pub pairs: usize,
    pub passages: usize,
    pub shops: usize,
    /// Expected calibration error, ten bins.
    pub calibration_error: f32,
    /// Area under the ROC curve.
    pub auc: f32,
    /// Of the supported pairs, the share at or above the bound.
    pub kept: f32,
    /// Of the others, the share below it.
    pub dropped: f32,
}

/// The signs that this program knows.
pub const VERSION: u32 = 1;

/// A file that holds no model of ours.
#[derive(Debug, thiserror::Error)]
pub enum BadModel {
    #[error("it is not what `shopclerk check calibrate` writes: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error("its version is {0}, this program reads {VERSION}; make it anew with `shopclerk check calibrate`")]
    Version(u32),
    #[error("its {0} is no number that can be weighed")]
    NotFinite(&'static str),
    #[error("its bound is {0}, which is no probability")]
    Bound(f32),
}

impl SupportModel {
    /// As `shopclerk check calibrate` writes it.
    pub fn parse(json: &str) -> Result<Self, BadModel> {
        let model: Self = serde_json::from_str(json)?;
        if model.version != VERSION {
            return Err(BadModel::Version(model.version));
        }
        let named = Signs::NAMES.into_iter().zip(model.weights.values());
        if let Some((name, _)) = named.chain([("intercept", model.intercept)]).find(|(_, value)| !value.is_finite()) {
            return Err(BadModel::NotFinite(name));
        }
        if !(0.0..=1.0).contains(&model.bound) {
            return Err(BadModel::Bound(model.bound));
        }
        Ok(model)
    }

    pub fn probability(&self, signs: &Signs) -> f32 {
        let terms = self.weights.values().into_iter().zip(signs.values()).map(|(w, x)| w * x);
        let z = self.intercept + terms.sum::<f32>();
        1.0 / (1.0 + (-z).exp())
    }

    /// The model that was fitted on our own sentences with the embedder of the shipped settings.
    pub fn shipped() -> &'static Self {
        static SHIPPED: LazyLock<SupportModel> = LazyLock::new(|| {
            SupportModel::parse(include_str!("support.json")).expect("a test reads the shipped model")
        });
        &SHIPPED
    }
}
