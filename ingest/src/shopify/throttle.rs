//! Shopify's cost bucket, kept here as well, so that a query waits before it is sent instead of being refused.
//!
//! Each answer says what the bucket holds and how fast it fills (`throttleStatus`). Between answers it fills by the
//! clock, less what is on its way. Who comes first is served first: an expensive query is not starved by cheap ones.

use super::error::{Deadline, ShopifyError};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// `extensions.cost` of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Cost {
    pub requested_query_cost: Option<f64>,
    pub throttle_status: Option<ThrottleStatus>,
}

#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ThrottleStatus {
    pub maximum_available: f64,
    pub currently_available: f64,
    /// Points a second.
    pub restore_rate: f64,
}

/// The bucket as a function of time: no clock of its own.
#[derive(Clone, Debug)]
struct Bucket {
    maximum: f64,
    rate: f64,
    /// At `at`.
    available: f64,
    at: Instant,
    /// Reserved by queries whose answer is not here yet.
    on_the_way: f64,
    /// Shopify asked to wait until then.
    closed_until: Option<Instant>,
}

impl Bucket {
    /// The smallest bucket that Shopify gives, full; the first answer says better.
    fn new(now: Instant) -> Self {
        Self { maximum: 1000.0, rate: 50.0, available: 1000.0, at: now, on_the_way: 0.0, closed_until: None }
    }

    fn available(&self, now: Instant) -> f64 {
        let filled = self.available + self.rate * now.saturating_duration_since(self.at).as_secs_f64();
        filled.min(self.maximum) - self.on_the_way
    }

    /// How long until it can pay. A query dearer than the whole bucket waits for a full one.
    fn wait(&self, cost: f64, now: Instant) -> Duration {
        let closed = self.closed_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        let missing = cost.min(self.maximum - self.on_the_way) - self.available(now);
        let fills = if missing > 0.0 { Duration::from_secs_f64(missing / self.rate.max(0.1)) } else { Duration::ZERO };
        closed.max(fills)
    }

    fn settle(&mut self, reserved: f64, status: Option<ThrottleStatus>, now: Instant) {
        self.on_the_way = (self.on_the_way - reserved).max(0.0);
        match status {
            Some(status) => {
                self.maximum = status.maximum_available.max(1.0);
                self.rate = status.restore_rate.max(0.1);
                self.available = status.currently_available;
            }
            // It may have been run and paid.
            None => self.available = self.available(now) + self.on_the_way - reserved,
        }
        self.at = now;
    }
}

pub(super) struct Throttle {
    bucket: Mutex<Bucket>,
    /// Held by whoever is next; tokio's mutex is first come, first served.
    turn: tokio::sync::Mutex<()>,
    /// What each operation cost when it was asked last.
    costs: Mutex<HashMap<&'static str, f64>>,
}

/// Of an operation that was not asked yet.
const UNKNOWN_COST: f64 = 50.0;

/// A paid place. Dropped without an answer, its cost counts as spent.
pub(super) struct Admitted<'t> {
    throttle: &'t Throttle,
    operation: &'static str,
    reserved: f64,
    settled: bool,
}

impl Throttle {
    pub(super) fn new() -> Self {
        Self {
            bucket: Mutex::new(Bucket::new(Instant::now())),
            turn: tokio::sync::Mutex::new(()),
            costs: Mutex::new(HashMap::new()),
        }
    }

    /// Waits until the bucket can pay for the operation. An error at once where that is after the deadline.
    pub(super) async fn admit(
        &self,
        operation: &'static str,
        deadline: Deadline,
    ) -> Result<Admitted<'_>, ShopifyError> {
        let turn = tokio::time::timeout_at(deadline.0, self.turn.lock()).await;
        let _turn = turn.map_err(|_| ShopifyError::TimedOut)?;
        let cost = lock(&self.costs).get(operation).copied().unwrap_or(UNKNOWN_COST);
        loop {
            let wait = {
                let mut bucket = lock(&self.bucket);
                let wait = bucket.wait(cost, Instant::now());
                if wait.is_zero() {
                    bucket.on_the_way += cost;
                    return Ok(Admitted { throttle: self, operation, reserved: cost, settled: false });
                }
                wait
            };
            deadline.wait(wait).await?;
        }
    }
}

impl Admitted<'_> {
    /// What the answer said.
    pub(super) fn settle(mut self, cost: Cost) {
        self.settled = true;
        if let Some(asked) = cost.requested_query_cost {
            lock(&self.throttle.costs).insert(self.operation, asked);
        }
        lock(&self.throttle.bucket).settle(self.reserved, cost.throttle_status, Instant::now());
    }

    /// It was refused: nobody is let through before `wait` is over.
    pub(super) fn refused(self, cost: Cost, wait: Duration) {
        let throttle = self.throttle;
        self.settle(cost);
        let until = Instant::now() + wait;
        let mut bucket = lock(&throttle.bucket);
        bucket.closed_until = Some(bucket.closed_until.map_or(until, |known| known.max(until)));
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        if !self.settled {
            lock(&self.throttle.bucket).settle(self.reserved, None, Instant::now());
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::Arc;

    /// Shopify's side of it.
    struct Shop {
        maximum: f64,
        rate: f64,
        available: f64,
        at: Instant,
    }

    impl Shop {
        /// `None`: throttled.
        fn pay(&mut self, cost: f64, now: Instant) -> (bool, ThrottleStatus) {
            let filled = self.available + self.rate * (now - self.at).as_secs_f64();
            self.available = filled.min(self.maximum);
            self.at = now;
            let paid = self.available + 1e-6 >= cost;
            if paid {
                self.available -= cost;
            }
            let status = ThrottleStatus {
                maximum_available: self.maximum,
                currently_available: self.available,
                restore_rate: self.rate,
            };
            (paid, status)
        }
    }

    proptest! {
        /// Once the bucket is known, no query is refused, and none waits longer than the bucket needs.
        #[test]
        fn who_waits_as_told_is_never_refused(
            maximum in 100f64..4000.0,
            rate in 10f64..500.0,
            steps in prop::collection::vec((0f64..1.5, 0u64..3000, 0u64..400), 1..60),
        ) {
            let start = Instant::now();
            let mut now = start;
            let mut shop = Shop { maximum, rate, available: maximum, at: start };
            let mut bucket = Bucket::new(start);
            bucket.settle(0.0, Some(shop.pay(0.0, now).1), now);
            for (part, idle_ms, travel_ms) in steps {
                now += Duration::from_millis(idle_ms);
                let cost = part.min(1.0) * maximum;
                let wait = bucket.wait(cost, now);
                prop_assert!(wait.as_secs_f64() <= maximum / rate + 1e-6);
                now += wait;
                prop_assert!(bucket.wait(cost, now) <= Duration::from_micros(1));
                bucket.on_the_way += cost;
                let (paid, status) = shop.pay(cost, now);
                prop_assert!(paid, "refused after waiting");
                now += Duration::from_millis(travel_ms);
                // The status is as old as its way here: what was filled meanwhile is not counted, never too much.
                bucket.settle(cost, Some(status), now);
                prop_assert!(bucket.available(now) <= maximum + 1e-6);
                prop_assert!(bucket.on_the_way.abs() < 1e-6);
            }
        }
    }

    #[tokio::test]
    async fn first_come_first_served_and_nobody_waits_past_the_deadline() {
        let throttle = Arc::new(Throttle::new());
        let status = ThrottleStatus { maximum_available: 1000.0, currently_available: 0.0, restore_rate: 500.0 };
        let cost = |asked| Cost { requested_query_cost: Some(asked), throttle_status: Some(status) };
        for (operation, asked) in [("Dear", 50.0), ("Cheap", 5.0)] {
            throttle.admit(operation, Deadline::within(Duration::from_secs(5))).await.unwrap().settle(cost(asked));
        }
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for operation in ["Dear", "Cheap", "Dear", "Cheap"] {
            let (throttle, order) = (throttle.clone(), order.clone());
            tasks.push(tokio::spawn(async move {
                let admitted = throttle.admit(operation, Deadline::within(Duration::from_secs(5))).await.unwrap();
                lock(&order).push(operation);
                std::mem::forget(admitted);
            }));
            tokio::task::yield_now().await;
        }
        // 110 points at 500 a second are there after 0.22 s; a deadline of 0.1 s behind that queue cannot be met.
        let begun = Instant::now();
        let late = throttle.admit("Cheap", Deadline::within(Duration::from_millis(100))).await;
        assert_eq!(late.err(), Some(ShopifyError::TimedOut));
        assert!(begun.elapsed() < Duration::from_secs(2), "it said so late: {:?}", begun.elapsed());
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*lock(&order), ["Dear", "Cheap", "Dear", "Cheap"]);
        assert!(begun.elapsed() >= Duration::from_millis(150), "nobody waited");
    }

    #[tokio::test]
    async fn what_is_farther_than_the_deadline_fails_at_once() {
        let throttle = Throttle::new();
        let admitted = throttle.admit("A", Deadline::within(Duration::from_secs(1))).await.unwrap();
        admitted.refused(Cost::default(), Duration::from_secs(60));
        let begun = Instant::now();
        let refused = throttle.admit("A", Deadline::within(Duration::from_secs(5))).await;
        assert_eq!(refused.err(), Some(ShopifyError::TimedOut));
        assert!(begun.elapsed() < Duration::from_secs(1));
    }
}
