//! A store's link to Shopify: its webhooks, the mirror of its catalogue and the index made of it, the erasure of a
//! customer, and the carrying out of what a person approved.

pub mod approve;
pub mod erase;
pub mod fill;
pub mod index;
pub mod needles;
pub mod probe;
pub mod receipt;
pub mod refetch;
pub mod request;
pub mod shop;
pub mod supervisor;
pub mod topics;
pub mod webhook;
pub mod worker;
