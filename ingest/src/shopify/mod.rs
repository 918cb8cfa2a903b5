//! A Shopify store: its Admin GraphQL API, read and written through typed operations.

pub mod actions;
mod auth;
mod bulk;
mod cache;
mod catalogue;
mod client;
mod connection;
mod decode;
pub mod doctor;
mod documents;
mod error;
mod known_by;
pub mod operations;
mod order_state;
mod search;
mod secret;
mod shape;
mod stored;
mod storefront;
mod throttle;
mod transport;
pub mod webhook;

pub use auth::Credentials;
pub use bulk::BulkProducts;
pub use catalogue::ChangedProduct;
pub use client::ShopifyClient;
pub use connection::{Connection, Shop};
pub use documents::ShopDocument;
pub use error::{Deadline, ShopifyError};
pub use known_by::KnownOrder;
pub use order_state::OrderState;
pub use secret::Secret;
pub use storefront::ShopifyStorefront;
pub use transport::{BadEndpoint, Endpoint};

#[cfg(test)]
mod tests;
