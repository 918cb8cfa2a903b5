//! A Shopify store: its Admin GraphQL API, read and written through typed operations.

pub mod operations;
