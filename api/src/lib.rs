//! HTTP in, engine out; the database; the command line.
//!
//! Only this crate knows status codes, keys and how the parts are put together ([`wiring`]). It decides nothing about
//! what is said to a customer: that is `engine`.

pub mod app;
pub mod approved;
pub mod asking;
pub mod auth;
pub mod body;
pub mod commands;
pub mod config;
pub mod counterfactual;
pub mod db;
pub mod deliver;
pub mod error;
pub mod gate;
pub mod identity;
pub mod log;
pub mod machine;
pub mod observe;
pub mod retention;
pub mod router;
pub mod routes;
pub mod sandbox;
pub mod serve;
pub mod shopify;
pub mod store;
pub mod wire;
pub mod wiring;

pub use app::{App, AppParts, Loaded};
pub use router::{openapi, router};
