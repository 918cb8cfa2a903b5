//! Live facts of a store: orders, customers, products, as typed values with their source and the time they were read.
//!
//! What is said about them is composed by code (`compose`), never by a generator.

pub mod action;
pub mod facts;
pub mod money;

pub use action::{Action, ActionId, Approval, PreparedAction};
pub use facts::*;
pub use money::Money;
