//! What is sent for a store while the server runs: the outbox, destination by destination, in order for each
//! conversation.
//!
//! At least once. An attempt is counted before it is made and marked after, so a kill in between sends the same again,
//! with the same key; the other side, or a look before the repetition, makes it one.

use super::{Connector, Failure};
use crate::{
    db::{
        DbError,
        desk::Desks,
        outbox::{Destination, Due},
    },
    error::chain,
};
use engine::StorePass;
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use rand::Rng;
use std::{sync::Arc, time::Duration};

/// Conversations that are told of at the same time at one destination.
const AT_ONCE: u32 = 4;

/// How long is waited for what.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// After a first failure; doubled with each further one, up to `longest`. What is waited lies between half of it
    /// and the whole, so that what failed together does not come back together.
    pub base: Duration,
    pub longest: Duration,
    /// Between two looks at the outbox that nothing gave rise to; what another process wrote is found then.
    pub idle: Duration,
    /// For one request.
    pub timeout: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            base: Duration::from_secs(2),
            longest: Duration::from_secs(3600),
            idle: Duration::from_secs(2),
            timeout: Duration::from_secs(20),
        }
    }
}

/// Sends what a store's outbox holds.
pub struct Sender {
    pub pass: StorePass,
    pub desks: Arc<Desks>,
    pub connectors: Vec<Connector>,
    /// After so many attempts something is given up.
    pub attempts: u32,
    pub pace: Pace,
}

impl Sender {
    /// Sends until it is dropped, or the store is gone. What is under way then is sent again by the next one.
    pub async fn run(&self) {
        join_all(self.connectors.iter().map(|connector| self.send_by(connector))).await;
    }

    async fn send_by(&self, connector: &Connector) {
        let destination = connector.destination();
        while self.desks.is_here(self.pass.store()) {
            let mut woken = self.desks.woken();
            let wait = match self.round(connector).await {
                Ok(None) => self.pace.idle,
                Ok(Some(next)) => {
                    let until = next.duration_since(self.desks.now());
                    Duration::try_from(until).unwrap_or_default().min(self.pace.idle)
                }
                Err(error) => {
                    let store = self.pass.store();
                    let (destination, cause) = (destination.as_str(), chain(&error));
                    tracing::error!(store.id = %store, outbox.destination = destination, error.cause = %cause, "outbox not worked off");
                    tokio::time::sleep(self.pace.idle).await;
                    continue;
                }
            };
            tokio::select! {
                _ = woken.changed() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Sends what is due at one destination; when there is more, if there will be.
    pub async fn round(&self, connector: &Connector) -> Result<Option<Timestamp>, DbError> {
        let destination = connector.destination();
        let (due, next) = self.desks.due(&self.pass, destination, self.desks.now(), AT_ONCE).await?;
        // Each is of another conversation.
        for sent in join_all(due.iter().map(|due| self.attempt(connector, destination, due))).await {
            sent?;
        }
        Ok(next)
    }

    async fn attempt(&self, connector: &Connector, destination: Destination, due: &Due) -> Result<(), DbError> {
        self.desks.trying(&self.pass, due.id, self.desks.now()).await?;
        let told = connector.tell(due).await;
        let now = self.desks.now();
        let store = self.pass.store();
        let (class, after) = match told {
            Ok(()) => {
                tracing::debug!(store.id = %store, outbox.destination = destination.as_str(), outbox.id = due.id, "told");
                return self.desks.sent(&self.pass, due.id, now).await;
            }
            Err(Failure::Later { class, after }) if due.attempts + 1 < self.attempts => (class, Some(after)),
            Err(Failure::Later { class, .. } | Failure::Never { class }) => (class, None),
        };
        let again = after.map(|after| {
            let wait = self.wait(due.attempts, after);
            now.saturating_add(SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX)).unwrap_or(Timestamp::MAX)
        });
        match again {
            Some(again) => {
                tracing::warn!(
                    store.id = %store, outbox.destination = destination.as_str(), outbox.id = due.id,
                    error.class = class, outbox.attempts = due.attempts + 1, outbox.next_at = %again, "not told yet"
                );
            }
            None => {
                tracing::error!(
                    store.id = %store, outbox.destination = destination.as_str(), outbox.id = due.id,
                    error.class = class, outbox.attempts = due.attempts + 1,
                    "given up; see `shopclerk outbox list`, then `outbox retry` or `outbox drop`"
                );
            }
        }
        self.desks.failed(&self.pass, due.id, (&class, again), now).await
    }

    /// Not before the other side wants it, and later with each failure.
    fn wait(&self, attempts: u32, after: Option<Duration>) -> Duration {
        let grown = self.pace.base.saturating_mul(1 << attempts.min(20)).min(self.pace.longest);
        let jittered = grown.mul_f64(rand::rng().random_range(0.5..=1.0));
        after.map_or(jittered, |after| after.min(self.pace.longest).max(jittered))
    }
}
