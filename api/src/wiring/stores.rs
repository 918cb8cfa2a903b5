//! What is in force of every store: its profile, its ways of identity and its connection to Shopify, read from its
//! settings and read again when they change.

use super::HouseClock;
use crate::{
    error::chain,
    identity::{AllWays, Ways},
    shopify::shop::connection,
    store::{StoreSettings, all_in, path_in},
};
use engine::{Profiles, StoreId};
use ingest::shopify::ShopifyStorefront;
use std::{
    collections::HashMap,
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

/// Cheap to clone.
#[derive(Clone)]
pub struct Stores {
    data: PathBuf,
    pub profiles: Profiles,
    pub ways: AllWays,
    pub storefront: Arc<ShopifyStorefront>,
    /// When each file was written that was looked at.
    seen: Arc<Mutex<HashMap<StoreId, Option<SystemTime>>>>,
}

impl Stores {
    pub fn new(data: PathBuf, clock: HouseClock) -> Self {
        Self {
            data,
            profiles: Profiles::default(),
            ways: AllWays::default(),
            storefront: Arc::new(ShopifyStorefront::new(Arc::new(clock))),
            seen: Arc::default(),
        }
    }

    /// Takes up what is new or was changed since the last look, and lets go of what is gone. Settings that are wrong
    /// are logged, once: what was right before stays in force, and no other store suffers.
    pub fn look(&self) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let found = all_in(&self.data);
        seen.retain(|store, _| {
            let stays = found.iter().any(|(found, _)| found == store);
            if !stays {
                self.profiles.remove(store);
                self.ways.remove(store);
                self.storefront.disconnect(store);
            }
            stays
        });
        for (store, settings) in found {
            let written = fs::metadata(path_in(&self.data, &store)).and_then(|file| file.modified()).ok();
            if seen.insert(store.clone(), written) == Some(written) {
                continue;
            }
            let taken = settings.map_err(|error| chain(&error)).and_then(|settings| self.take_up(&settings));
            if let Err(cause) = taken {
                tracing::error!(store.id = %store, error.cause = cause, "settings not used");
            }
        }
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
