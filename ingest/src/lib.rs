//! Sources in, knowledge out: readers, chunks, sync and the Qdrant index. Writes the index and reads it.
//!
//! This crate knows no candle (it is handed an `Arc<dyn Embedder>`), no HTTP server and no conversation database.

pub mod catalogue;
pub mod chunk;
pub mod document;
pub mod index;
pub mod knowledge;
pub mod library;
pub mod mask;
pub mod shopify;
pub mod source;
pub mod sync;
