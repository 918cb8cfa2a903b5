//! What is in force of every store: its profile, its ways of identity and its connection to Shopify, read from its
//! settings and read again when they change.

use super::HouseClock;
use crate::{
    error::chain,
    identity::{AllWays, Ways},
    shopify::shop::connection,
    store::{StoreSettings, all_in},
};
use engine::{Profiles, StoreId};
use ingest::shopify::ShopifyStorefront;
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

/// Cheap to clone.
#[derive(Clone)]
pub struct Stores {
    data: PathBuf,
    pub profiles: Profiles,
    pub ways: AllWays,
    pub storefront: Arc<ShopifyStorefront>,
    in_force: Arc<Mutex<HashMap<StoreId, StoreSettings>>>,
}

/// Settings that cannot be used. What was right before stays in force; no other store suffers.
#[derive(Debug, PartialEq, Eq)]
pub struct Trouble {
    pub store: StoreId,
    pub cause: String,
}

impl Stores {
    pub fn new(data: PathBuf, clock: HouseClock) -> Self {
        Self {
            data,
            profiles: Profiles::default(),
            ways: AllWays::default(),
            storefront: Arc::new(ShopifyStorefront::new(Arc::new(clock))),
            in_force: Arc::default(),
        }
    }

    /// Takes up what is new or was changed since the last look, and lets go of what is gone.
    pub fn look(&self) -> Vec<Trouble> {
        let mut in_force = self.in_force.lock().unwrap_or_else(PoisonError::into_inner);
        let found: HashMap<StoreId, _> = all_in(&self.data).into_iter().collect();
        in_force.retain(|store, _| {
            let stays = found.contains_key(store);
            if !stays {
                self.profiles.remove(store);
                self.ways.remove(store);
                self.storefront.disconnect(store);
            }
            stays
        });
        let mut troubles = Vec::new();
        for (store, settings) in found {
            if in_force.get(&store).is_some_and(|known| !known.is_stale()) {
                continue;
            }
            let taken = settings.map_err(|error| chain(&error)).and_then(|settings| {
                self.take_up(&settings)?;
                Ok(settings)
            });
            match taken {
                Ok(settings) => {
                    in_force.insert(store, settings);
                }
                Err(cause) => troubles.push(Trouble { store, cause }),
            }
        }
        troubles
    }

    fn take_up(&self, settings: &StoreSettings) -> Result<(), String> {
        // All that can fail comes first, so that a store is never half of its new self.
        let ways = Ways::of(settings).map_err(|error| chain(&error))?;
        let connected = settings.shopify.as_ref().map(|shopify| connection(shopify, &settings.store));
        let connected = connected.transpose().map_err(|error| chain(&error))?;
        self.profiles.set(settings.profile());
        self.ways.set(settings.store.clone(), ways);
        match connected {
            Some(connection) => self.storefront.connect(&settings.store, Arc::new(connection)),
            None => self.storefront.disconnect(&settings.store),
        }
        Ok(())
    }
}
