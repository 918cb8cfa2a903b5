pub mod app;
pub mod fake_embedder;
pub mod index_backend;
pub mod official_schema;
pub mod product_generator;
pub mod qdrant_stub;
