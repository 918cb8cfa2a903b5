//! The stand-in for a Shopify store, through HTTP as a client sees it.

mod effects;
mod money;
mod queries;
mod store;
mod trouble;
