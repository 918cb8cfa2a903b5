//! From labelled questions to a threshold with a stated bound.
//!
//! The clusters are drawn into two parts. On the fitting part everything is learned: weights by cross-fitting, the
//! penalty, the calibration, the order in which thresholds are tried. The other part has been seen by nothing of that;
//! what is promised of the threshold is promised there, by an exact bound. `docs/evaluation.md` says what is promised
//! and what is not.

pub mod bound;
pub mod cases;
pub mod crossfit;
pub mod fit;
#[cfg(test)]
mod fit_tests;
pub mod isotonic;
pub mod logistic;
pub mod pairs;
pub mod quality;
#[cfg(test)]
mod simulation_tests;
pub mod table;
pub mod threshold;

pub use bound::clopper_pearson_upper;
pub use cases::{Gathered, gather};
pub use fit::{CalibrateError, Calibrated, Plan, calibrate};
pub use isotonic::CalibrationKind;
pub use threshold::{Shortfall, Wanted};

/// Something to learn from.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    pub features: Vec<f64>,
    pub label: bool,
    /// Examples of one cluster are never on both sides of a split.
    pub cluster: String,
}

/// A labelled question: what the engine says to it if nothing keeps it from answering.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub features: Vec<f64>,
    pub said: Said,
    pub cluster: String,
    /// What it costs if the threshold lets the answer through, and if not.
    pub cost_given: f64,
    pub cost_held: f64,
}

/// Closed: what counts as wrong is decided in [`cases`] alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    Right,
    Wrong,
    /// No answer comes of it, whatever the threshold.
    Nothing,
}

impl Said {
    fn answer(self) -> Option<bool> {
        match self {
            Self::Right => Some(true),
            Self::Wrong => Some(false),
            Self::Nothing => None,
        }
    }
}
