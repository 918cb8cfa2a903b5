pub mod app;
pub mod connected;
pub mod fake_embedder;
pub mod index_backend;
pub mod product_generator;
pub mod qdrant_stub;
pub mod shop_fixture;
