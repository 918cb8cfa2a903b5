//! Live facts of a store: orders, customers, products, as typed values with their source and the time they were read.
//!
//! What is said about them is composed by code (`compose`), never by a generator.

pub mod action;
mod address;
pub mod compose;
pub mod facts;
pub(crate) mod flow;
mod how_many;
pub mod money;
pub mod payment;
mod prepare;
pub mod question;
#[cfg(test)]
pub(crate) mod samples;
mod stored;
#[cfg(test)]
mod tests;
pub(crate) mod which;

pub use action::{Action, ActionId, Approval, PreparedAction, RefundLine, ReturnLine};
pub use facts::*;
pub use money::Money;
pub use payment::{GiftCard, LastFour, Payment, PaymentKind, PaymentMethod, PaymentStatus, StoredValue, Wallet};
pub use question::{LiveKind, LiveQuestion};
