//! Whether a draft from the store's pages may be said: what is known of it as named numbers, and a risk that was fitted
//! on labelled questions. Pure: the file is read by whoever starts the engine.
//!
//! Without a [`RiskModel`] the shipped bound on the coverage decides. With one, its threshold takes that bound's place.
//! What a mistake costs the store moves either: see [`stakes`]. What no probability may overrule (a code or a country
//! that no source names) stays a refusal whatever is paid for it.

mod gate;
mod model;
mod scorer;
mod signals;
pub mod stakes;
#[cfg(test)]
mod tests;

pub use gate::Gate;
pub use model::{
    Bound, BoundMethod, Costs, Decides, FORMAT, FittedOn, Interval, Quality, ReliabilityBin, RiskError, RiskModel,
    System,
};
pub use scorer::{Calibration, Feature, Scorer};
pub use signals::{Signal, Signals, Stage, UNKNOWN};
pub use stakes::{Stakes, Threshold};
