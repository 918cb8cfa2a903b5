//! Work that goes on after a panic: begun anew, later each time, and reported.

use engine::StoreId;
use futures::FutureExt;
use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

/// The longest wait before it is begun anew.
const LONGEST: Duration = Duration::from_secs(300);
/// What ran for so long failed for another reason than the last time.
const WELL: Duration = Duration::from_secs(600);

/// Runs what `begin` makes until it ends by itself. After a panic it is begun anew: what it had begun stands in the
/// store's database. What the panic said is not logged here: it may repeat what a customer said.
pub async fn lasting<F: Future<Output = ()>>(
    store: &StoreId,
    what: &'static str,
    base: Duration,
    mut begin: impl FnMut() -> F,
) {
    let mut panics: u32 = 0;
    loop {
        let started = Instant::now();
        // What it holds is a pass, clients and settings; its state stands in the database.
        if AssertUnwindSafe(begin()).catch_unwind().await.is_ok() {
            return;
        }
        panics = if started.elapsed() > WELL { 1 } else { panics.saturating_add(1) };
        let wait = base.saturating_mul(1 << panics.saturating_sub(1).min(20)).min(LONGEST);
        tracing::error!(
            store.id = %store, task = what, task.panics = panics, task.wait_ms = wait.as_millis() as u64,
            "it broke off and is begun anew; the place stands in the line of the panic, above this one"
        );
        tokio::time::sleep(wait).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[tokio::test]
    async fn what_breaks_off_is_begun_anew_until_it_ends() {
        let store: StoreId = "one".parse().unwrap();
        let begun = AtomicU32::new(0);
        let work = || async {
            let at = begun.fetch_add(1, Ordering::Relaxed);
            assert!(at >= 3, "it breaks off");
        };
        let started = Instant::now();
        lasting(&store, "test", Duration::from_millis(5), work).await;
        assert_eq!(begun.load(Ordering::Relaxed), 4);
        // 5, 10 and 20 ms were waited.
        assert!(started.elapsed() >= Duration::from_millis(35), "{:?}", started.elapsed());
    }

    #[tokio::test]
    async fn what_ends_by_itself_is_not_begun_anew() {
        let begun = AtomicU32::new(0);
        let work = || async {
            begun.fetch_add(1, Ordering::Relaxed);
        };
        lasting(&"one".parse().unwrap(), "test", Duration::from_secs(60), work).await;
        assert_eq!(begun.load(Ordering::Relaxed), 1);
    }
}
