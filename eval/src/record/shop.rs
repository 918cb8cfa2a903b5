//! Live facts as they stand in a record: with the store left out, which the reader says, and owned where the engine's
//! types borrow.

use engine::StoreId;
use engine::live::{ClaimedOrder, Customer, Order, Product, Read, StoredValue};
use engine::ports::OrdersFound;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

#[derive(Serialize, Deserialize)]
pub struct ReadLine<T> {
    value: T,
    source: String,
    read_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
pub struct FoundLine {
    orders: ReadLine<Vec<Order>>,
    reach: Option<Timestamp>,
}

/// What belongs to a store.
pub trait OfStore {
    fn put_into(&mut self, store: &StoreId);
}

macro_rules! of_store {
    ($($fact:ty),+) => {
        $(impl OfStore for $fact {
            fn put_into(&mut self, store: &StoreId) {
                self.store = store.clone();
            }
        })+
    };
}
of_store!(Order, ClaimedOrder, Customer, StoredValue, Product);

impl<T: OfStore> OfStore for Vec<T> {
    fn put_into(&mut self, store: &StoreId) {
        self.iter_mut().for_each(|fact| fact.put_into(store));
    }
}

impl<T: Clone> From<&Read<T>> for ReadLine<T> {
    fn from(read: &Read<T>) -> Self {
        Self { value: read.value.clone(), source: read.source.to_owned(), read_at: read.read_at }
    }
}

impl From<&OrdersFound> for FoundLine {
    fn from(found: &OrdersFound) -> Self {
        Self { orders: (&found.orders).into(), reach: found.reach }
    }
}

impl<T: OfStore> ReadLine<T> {
    pub fn of(self, store: &StoreId) -> Read<T> {
        let mut value = self.value;
        value.put_into(store);
        Read { value, source: lasting(&self.source), read_at: self.read_at }
    }
}

impl FoundLine {
    pub fn of(self, store: &StoreId) -> OrdersFound {
        OrdersFound { orders: self.orders.of(store), reach: self.reach }
    }
}

/// The name of an operation for as long as the program runs. There are a few dozen of them, whatever is read, so none
/// is given back; of a file that names more, the rest is called a record.
fn lasting(name: &str) -> &'static str {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    const MOST: usize = 1000;
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return known;
    }
    if names.len() >= MOST {
        return "record";
    }
    let kept: &'static str = Box::leak(name.to_owned().into_boxed_str());
    names.insert(kept);
    kept
}
