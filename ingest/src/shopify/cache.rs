//! Facts for a few seconds: a customer who asks three things in a row makes one request. Short enough that nobody is
//! told yesterday's state, and a webhook makes them be forgotten sooner.

use engine::access::StoreId;
use quick_cache::sync::Cache;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Values of one kind, by store and key.
pub(super) struct Kept<K, V> {
    entries: Cache<(StoreId, K), (Instant, V)>,
    holds: Duration,
    /// Counts what was forgotten, so that an answer that was on its way meanwhile is not kept.
    forgotten: Mutex<HashMap<StoreId, u64>>,
}

/// When a question was sent, in the count of [`Kept::forgotten`].
#[derive(Clone, Copy)]
pub(super) struct Asked(u64);

impl<K: Clone + Eq + Hash, V: Clone> Kept<K, V> {
    pub(super) fn new(capacity: usize, holds: Duration) -> Self {
        Self { entries: Cache::new(capacity), holds, forgotten: Mutex::new(HashMap::new()) }
    }

    /// What is kept, or when it was asked for.
    pub(super) fn get(&self, store: &StoreId, key: &K) -> Result<V, Asked> {
        // Before the look, so that nothing can be forgotten in between unseen.
        let asked = self.count(store);
        match self.entries.get(&(store.clone(), key.clone())) {
            Some((at, value)) if at.elapsed() < self.holds => Ok(value),
            _ => Err(asked),
        }
    }

    pub(super) fn keep(&self, store: &StoreId, key: K, asked: Asked, value: &V) {
        let forgotten = self.forgotten.lock().unwrap_or_else(PoisonError::into_inner);
        if forgotten.get(store).copied().unwrap_or_default() == asked.0 {
            self.entries.insert((store.clone(), key), (Instant::now(), value.clone()));
        }
    }

    /// Everything of the store for which `which` holds, and whatever is being read at present.
    pub(super) fn forget(&self, store: &StoreId, which: impl Fn(&K, &V) -> bool) {
        let mut forgotten = self.forgotten.lock().unwrap_or_else(PoisonError::into_inner);
        *forgotten.entry(store.clone()).or_default() += 1;
        self.entries.retain(|(of, key), (_, value)| of != store || !which(key, value));
    }

    fn count(&self, store: &StoreId) -> Asked {
        let forgotten = self.forgotten.lock().unwrap_or_else(PoisonError::into_inner);
        Asked(forgotten.get(store).copied().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_forgotten_while_it_was_read_is_not_kept() {
        let (a, b) = (StoreId::parse("a").unwrap(), StoreId::parse("b").unwrap());
        let kept: Kept<&str, u32> = Kept::new(10, Duration::from_secs(60));
        let missed = |store: &StoreId| kept.get(store, &"k").err().expect("nothing is kept");
        let (of_a, of_b) = (missed(&a), missed(&b));
        kept.forget(&a, |_, _| true);
        kept.keep(&a, "k", of_a, &1);
        kept.keep(&b, "k", of_b, &2);
        assert!(kept.get(&a, &"k").is_err());
        assert_eq!(kept.get(&b, &"k").ok(), Some(2), "another store's stays");
        kept.keep(&a, "k", missed(&a), &3);
        kept.forget(&a, |_, value| *value == 4);
        assert_eq!(kept.get(&a, &"k").ok(), Some(3));
        kept.forget(&a, |_, value| *value == 3);
        assert!(kept.get(&a, &"k").is_err());
    }

    #[test]
    fn nothing_is_kept_longer_than_it_holds() {
        let store = StoreId::parse("a").unwrap();
        let kept: Kept<&str, u32> = Kept::new(10, Duration::ZERO);
        let asked = kept.get(&store, &"k").err().expect("nothing is kept");
        kept.keep(&store, "k", asked, &1);
        assert!(kept.get(&store, &"k").is_err());
    }
}
