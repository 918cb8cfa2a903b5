//! What can go wrong between us and Shopify, by what is to be done about it. No text of a customer's in any of it.

use engine::ports::StorefrontError;
use std::time::Duration;
use tokio::time::Instant;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShopifyError {
    /// Also when Shopify's bucket or its `Retry-After` ask for more time than is left.
    #[error("Shopify did not answer in time")]
    TimedOut,
    #[error("Shopify refused the key: {0}")]
    Unauthorized(String),
    /// `field` is what was asked for, `scope` what it takes.
    #[error("the key may not read or write '{field}'; it takes the scope {scope}")]
    MissingScope { scope: String, field: String },
    #[error("the shop cannot be reached: {0}")]
    Unavailable(String),
    #[error("{operation} is too costly for Shopify; ask for less at once")]
    TooCostly { operation: &'static str },
    /// Shopify answered, and said no.
    #[error("Shopify refused {operation}: {reason}")]
    Refused { operation: &'static str, reason: String },
    #[error("the answer to {operation} cannot be read: {field}: {why}")]
    Unreadable { operation: &'static str, field: String, why: String },
    #[error("Shopify could not be reached or broke off: {0}")]
    Failed(String),
    /// A change was sent and no answer came back.
    #[error("it is not known whether {operation} was done: look in Shopify before trying again")]
    Uncertain { operation: &'static str },
}

impl From<ShopifyError> for StorefrontError {
    fn from(error: ShopifyError) -> Self {
        match error {
            ShopifyError::TimedOut => Self::TimedOut,
            ShopifyError::Unauthorized(why) => Self::Unauthorized(why),
            ShopifyError::MissingScope { scope, .. } => Self::MissingScope(scope),
            ShopifyError::Unavailable(_)
            | ShopifyError::TooCostly { .. }
            | ShopifyError::Refused { .. }
            | ShopifyError::Unreadable { .. }
            | ShopifyError::Failed(_)
            | ShopifyError::Uncertain { .. } => Self::Failed(error.to_string()),
        }
    }
}

/// When an answer must be there. One for each question, handed to every call that the question makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(pub Instant);

impl Deadline {
    pub fn within(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    /// Waits, unless the deadline would pass meanwhile: then it says so at once.
    pub(super) async fn wait(self, time: Duration) -> Result<(), ShopifyError> {
        if Instant::now() + time >= self.0 {
            return Err(ShopifyError::TimedOut);
        }
        tokio::time::sleep(time).await;
        Ok(())
    }
}
