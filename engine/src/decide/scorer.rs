//! From named numbers to a probability.

use super::RiskError;
use serde::{Deserialize, Serialize};

/// One number that is weighed: `weight * (value - mean) / scale`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    pub name: String,
    pub mean: f64,
    pub scale: f64,
    pub weight: f64,
}

/// What is made of the logistic's raw probability, so that it means what it says. Fitted on scores of folds that the
/// weights had not seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Calibration {
    /// It is taken as it is.
    #[default]
    None,
    /// Platt (1999): `1 / (1 + exp(-(slope * z + intercept)))` of the logistic's linear score `z`.
    Platt { slope: f64, intercept: f64 },
    /// Zadrozny, Elkan (2002): a non-decreasing function of the raw probability, linear between its points.
    Isotonic { raw: Vec<f64>, probability: Vec<f64> },
}

/// A logistic regression over named features.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scorer {
    pub features: Vec<Feature>,
    pub bias: f64,
    pub calibration: Calibration,
}

pub(super) fn logistic(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

impl Calibration {
    /// Of a linear score.
    pub fn apply(&self, z: f64) -> f64 {
        match self {
            Self::None => logistic(z),
            Self::Platt { slope, intercept } => logistic(slope * z + intercept),
            Self::Isotonic { raw, probability } => interpolate(raw, probability, logistic(z)),
        }
    }
}

/// Linear between neighbours, constant beyond the ends. Both lists have the same length and are not empty.
fn interpolate(raw: &[f64], probability: &[f64], at: f64) -> f64 {
    let above = raw.partition_point(|x| *x < at);
    match (above.checked_sub(1).map(|below| (raw[below], probability[below])), raw.get(above)) {
        (_, Some(x)) if *x == at => probability[above],
        (None, _) => probability[0],
        (Some((_, p)), None) => p,
        (Some((x0, p0)), Some(x1)) => p0 + (probability[above] - p0) * (at - x0) / (x1 - x0),
    }
}

impl Scorer {
    /// The linear score. `value` gives a feature by its name; a name it does not know counts as the mean, and
    /// [`super::RiskModel::parse`] lets none through.
    pub fn score(&self, value: impl Fn(&str) -> Option<f64>) -> f64 {
        let term = |f: &Feature| value(&f.name).map_or(0.0, |x| f.weight * (x - f.mean) / f.scale);
        self.bias + self.features.iter().map(term).sum::<f64>()
    }

    pub fn probability(&self, value: impl Fn(&str) -> Option<f64>) -> f64 {
        self.calibration.apply(self.score(value))
    }

    pub(super) fn check(&self, known: impl Fn(&str) -> bool) -> Result<(), RiskError> {
        for feature in &self.features {
            if !known(&feature.name) {
                return Err(RiskError::Feature(feature.name.clone()));
            }
            let finite = [feature.mean, feature.scale, feature.weight].into_iter().all(f64::is_finite);
            if !finite || feature.scale <= 0.0 {
                return Err(RiskError::Number(format!("the feature '{}'", feature.name)));
            }
        }
        let problem = match &self.calibration {
            Calibration::None => None,
            Calibration::Platt { slope, intercept } => {
                (!slope.is_finite() || !intercept.is_finite()).then_some("'slope' or 'intercept'")
            }
            Calibration::Isotonic { raw, probability } => {
                let rises = |list: &[f64]| list.windows(2).all(|pair| pair[0] <= pair[1]);
                let share = |x: &f64| (0.0..=1.0).contains(x);
                let right = raw.len() == probability.len()
                    && !raw.is_empty()
                    && rises(raw)
                    && rises(probability)
                    && raw.iter().chain(probability).all(share);
                (!right).then_some("the isotonic curve")
            }
        };
        match problem {
            Some(what) => Err(RiskError::Number(what.to_owned())),
            None if !self.bias.is_finite() => Err(RiskError::Number("'bias'".to_owned())),
            None => Ok(()),
        }
    }
}
