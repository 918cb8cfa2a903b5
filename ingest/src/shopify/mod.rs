//! A Shopify store: its Admin GraphQL API, read and written through typed operations.

pub mod auth;
pub mod client;
mod decode;
pub mod error;
pub mod operations;
mod search;
pub mod secret;
mod shape;
mod throttle;
mod transport;

pub use auth::Credentials;
pub use client::Client;
pub use error::{Deadline, ShopifyError};
pub use secret::Secret;
pub use transport::{BadEndpoint, Endpoint};
