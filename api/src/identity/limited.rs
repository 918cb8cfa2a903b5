//! A storefront whose claims are counted, and answered in classes of time.

use super::Tries;
use crate::{db::identity::Counted, error::chain};
use async_trait::async_trait;
use engine::{
    CustomerPass, StorePass,
    identity::{Email, OrderClaim},
    live::{ClaimedOrder, Customer, Product, Read, StoredValue},
    ports::{OrdersFound, OrdersWanted, ProductsWanted, Storefront, StorefrontError},
};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, sleep_until};

/// Answers to claims come at multiples of this.
const QUANTUM: Duration = Duration::from_millis(150);
/// And not before this, which both a hit and a miss mostly keep.
const LEAST: Duration = Duration::from_millis(300);

/// Counts claims before it hands them on. Whoever made too many hears that, right or wrong.
pub struct LimitedStorefront {
    inner: Arc<dyn Storefront>,
    tries: Tries,
}

impl LimitedStorefront {
    pub fn new(inner: Arc<dyn Storefront>, tries: Tries) -> Self {
        Self { inner, tries }
    }
}

#[async_trait]
impl Storefront for LimitedStorefront {
    async fn orders(&self, customer: &CustomerPass, wanted: OrdersWanted<'_>) -> Result<OrdersFound, StorefrontError> {
        self.inner.orders(customer, wanted).await
    }

    async fn claimed(&self, claim: &OrderClaim) -> Result<Option<Read<ClaimedOrder>>, StorefrontError> {
        in_time_class(async {
            match self.tries.claim(claim).await {
                Ok(Counted::Within) => self.inner.claimed(claim).await,
                Ok(Counted::Over { .. }) => Err(StorefrontError::TooManyTries),
                // A claim that cannot be counted is not answered.
                Err(error) => Err(StorefrontError::Failed(chain(&error))),
            }
        })
        .await
    }

    async fn customer(&self, customer: &CustomerPass) -> Result<Option<Read<Customer>>, StorefrontError> {
        self.inner.customer(customer).await
    }

    async fn stored_value(&self, customer: &CustomerPass) -> Result<Read<StoredValue>, StorefrontError> {
        self.inner.stored_value(customer).await
    }

    async fn knows(&self, pass: &StorePass, email: &Email) -> Result<bool, StorefrontError> {
        self.inner.knows(pass, email).await
    }

    async fn products(
        &self,
        pass: &StorePass,
        wanted: ProductsWanted<'_>,
    ) -> Result<Read<Vec<Product>>, StorefrontError> {
        self.inner.products(pass, wanted).await
    }
}

/// Holds a result back until the next multiple of 150 ms, and for 300 ms at least, so that how long the work took
/// cannot be told from when the result comes, but for its class.
async fn in_time_class<T>(work: impl Future<Output = T>) -> T {
    let started = Instant::now();
    let result = work.await;
    sleep_until(started + padded(started.elapsed())).await;
    result
}

fn padded(elapsed: Duration) -> Duration {
    let quanta = elapsed.as_micros().div_ceil(QUANTUM.as_micros());
    (QUANTUM * u32::try_from(quanta).unwrap_or(u32::MAX)).max(LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hit_and_miss_fall_into_the_same_class() {
        for (took_ms, comes_at_ms) in
            [(0, 300), (12, 300), (180, 300), (299, 300), (300, 300), (301, 450), (450, 450), (451, 600), (3999, 4050)]
        {
            assert_eq!(padded(Duration::from_millis(took_ms)), Duration::from_millis(comes_at_ms), "{took_ms}");
        }
    }
}
