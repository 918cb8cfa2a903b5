//! The bounded queue in front of the engine: so many questions at once, so many waiting, and the next is told so.

use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// Places for running questions and a small waiting room.
#[derive(Clone, Debug)]
pub struct Gate {
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    wait: Duration,
}

/// A place among the running questions; given back when dropped.
#[derive(Debug)]
pub struct Place(#[expect(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

#[derive(Debug, PartialEq, Eq)]
pub struct Full;

impl Gate {
    /// `wait` is how long a question stays in the waiting room at most.
    pub fn new(concurrent: usize, waiting: usize, wait: Duration) -> Self {
        Self { running: Arc::new(Semaphore::new(concurrent)), waiting: Arc::new(Semaphore::new(waiting)), wait }
    }

    /// First come, first served. Full is said at once, not after waiting.
    pub async fn enter(&self) -> Result<Place, Full> {
        if let Ok(permit) = Arc::clone(&self.running).try_acquire_owned() {
            return Ok(Place(permit));
        }
        let _chair = self.waiting.try_acquire().map_err(|_| Full)?;
        match timeout(self.wait, Arc::clone(&self.running).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Place(permit)),
            Ok(Err(_)) | Err(_) => Err(Full),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[tokio::test]
    async fn one_runs_one_waits_the_third_is_sent_away_at_once() {
        let wait = Duration::from_millis(200);
        let gate = Gate::new(1, 1, wait);
        let first = gate.enter().await.unwrap();
        let second = tokio::spawn({
            let gate = gate.clone();
            async move { gate.enter().await }
        });
        tokio::task::yield_now().await;
        let before = Instant::now();
        assert_eq!(gate.enter().await.unwrap_err(), Full);
        assert!(before.elapsed() < wait / 2);
        drop(first);
        let second = second.await.unwrap().unwrap();
        // The chair is free again, and whoever waits too long is sent away as well.
        let before = Instant::now();
        assert_eq!(gate.enter().await.unwrap_err(), Full);
        assert!(before.elapsed() >= wait);
        drop(second);
        assert!(gate.enter().await.is_ok());
    }

    #[tokio::test]
    async fn whoever_hangs_up_while_waiting_leaves_the_chair() {
        let gate = Gate::new(1, 1, Duration::from_secs(5));
        let _first = gate.enter().await.unwrap();
        let second = tokio::spawn({
            let gate = gate.clone();
            async move { gate.enter().await.map(drop) }
        });
        tokio::task::yield_now().await;
        assert_eq!(gate.waiting.available_permits(), 0);
        second.abort();
        assert!(second.await.unwrap_err().is_cancelled());
        assert_eq!(gate.waiting.available_permits(), 1);
    }
}
