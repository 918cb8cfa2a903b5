//! Replays packs of questions through the engine and scores what comes back, with intervals.
//!
//! This crate knows no HTTP, no candle and no index: the binary hands it an engine, ports and a [`pack::PackIndex`].
//! It judges the engine with its own reading of numbers, amounts and dates ([`facts`]), not with the engine's, so
//! that the two cannot share a mistake. Definitions of every metric stand in `docs/evaluation.md`.

pub mod as_of;
mod ask;
pub mod baseline;
pub mod calibrate;
pub mod compare;
mod content;
pub mod costs;
pub mod counterfactual;
pub mod facts;
pub mod gate;
pub mod handover;
pub mod import;
pub mod intents;
pub mod judge;
pub mod label;
pub mod language;
pub mod latency;
pub mod line;
pub mod live;
pub mod matcher;
pub mod measure;
#[cfg(test)]
mod measure_tests;
pub mod outcomes;
pub mod pack;
pub mod page;
pub mod peer;
pub mod polarity;
pub mod progress;
pub mod ranking;
pub mod rankings;
pub mod reading;
pub mod reasons;
pub mod record;
pub mod report;
pub mod results;
pub mod retrieval;
pub mod robustness;
pub mod said;
pub mod score;
pub mod searcher;
pub mod statistics;
pub mod suite;
pub mod support;
pub mod unit;
pub mod variant;
pub mod vectors;
pub mod verdict;

pub use progress::Progress;
pub use report::{Report, Run};
