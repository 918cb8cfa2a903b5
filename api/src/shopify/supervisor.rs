//! Keeps a worker for each store that is connected to Shopify, while stores come, change and go.

use super::{
    index::IndexWriter,
    shop::{Shop, Shops},
    worker::{Pace, Worker},
};
use crate::{
    db::{desk::Desks, keys::Keys, mirror::Mirrors},
    error::chain,
    store::{StoreSettings, all_in},
    wiring::Stores,
};
use engine::{StoreId, StorePass};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::task::AbortHandle;

/// How often the settings are looked at.
const LOOK: Duration = Duration::from_secs(5);

/// What workers are made of.
pub struct Supervisor {
    pub index: IndexWriter,
    pub desks: Arc<Desks>,
    pub keys: Keys,
    pub mirrors: Arc<Mirrors>,
    pub shops: Shops,
    pub stores: Stores,
    pub pace: Pace,
    /// The pass of a store whose settings are in the data folder.
    pub pass: fn(&StoreId) -> StorePass,
}

/// A worker that runs, and the settings that it was made with.
struct Running {
    settings: StoreSettings,
    worker: AbortHandle,
}

/// Ends with it.
impl Drop for Running {
    fn drop(&mut self) {
        self.worker.abort();
    }
}

impl Supervisor {
    /// Looks after the stores until it is dropped; their workers end with it. What they had begun goes on at the next
    /// start.
    pub async fn run(self) {
        let mut running = HashMap::new();
        loop {
            self.look(&mut running).await;
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn look(&self, running: &mut HashMap<StoreId, Running>) {
        self.stores.look();
        let data = &self.index.house.places.data;
        let found: HashMap<StoreId, _> = all_in(data).into_iter().collect();
        running.retain(|store, _| {
            let here = found.contains_key(store);
            if !here {
                self.shops.remove(store);
            }
            here
        });
        for (store, settings) in found {
            let settings = match settings {
                Ok(settings) if settings.shopify.is_some() => settings,
                // Wrong settings change nothing: what was right before goes on.
                Ok(_) | Err(_) => continue,
            };
            if running.get(&store).is_some_and(|running| !running.settings.is_stale()) {
                continue;
            }
            running.remove(&store);
            match self.start(&store).await {
                Ok(worker) => {
                    running.insert(store, Running { settings, worker });
                }
                Err(error) => {
                    tracing::error!(store.id = %store, error.cause = error, "the store is not connected to Shopify");
                }
            }
        }
    }

    async fn start(&self, store: &StoreId) -> Result<AbortHandle, String> {
        let pass = (self.pass)(store);
        let mirror = self.mirrors.of(&pass).await.map_err(|error| chain(&error))?;
        let shop = Shop::connect(&self.index.house.places.data, &pass, mirror, self.stores.storefront.clone());
        let shop = Arc::new(shop.map_err(|error| chain(&error))?);
        self.shops.put(shop.clone());
        let worker = Worker {
            shop,
            index: self.index.clone(),
            desks: self.desks.clone(),
            keys: self.keys.clone(),
            mirrors: self.mirrors.clone(),
            shops: self.shops.clone(),
            pace: self.pace,
        };
        Ok(tokio::spawn(worker.run()).abort_handle())
    }
}
