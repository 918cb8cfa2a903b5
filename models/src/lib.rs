//! candle, and only candle: weights, embedder, reranker, generator.
//!
//! This crate knows no store, no index, no HTTP server and no conversation.

pub mod bert;
pub mod catalog;
pub mod embedder;
pub mod encoder;
pub mod generator;
mod interaction;
mod kernels;
pub mod profile;
pub mod reranker;
pub mod source;
pub mod tokenizer;
pub mod weights;
pub mod worker;
