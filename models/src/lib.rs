//! candle, and only candle: weights, embedder, reranker, generator.
//!
//! This crate knows no store, no index, no HTTP server and no conversation.

pub mod worker;
