//! Once a day, while the server runs: what the stores' settings do not keep any longer goes.

use crate::{
    db::desk::Desks,
    error::chain,
    store::{StoreSettings, all_in},
};
use engine::{StoreId, StorePass};
use std::{path::PathBuf, sync::Arc, time::Duration};

/// Between two rounds. A server that is started anew begins with one.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// What purges, for all stores.
pub struct Purger {
    pub desks: Arc<Desks>,
    pub data: PathBuf,
    /// The pass of a store whose settings are in the data folder.
    pub pass: fn(&StoreId) -> StorePass,
}

impl Purger {
    /// Works until it is dropped.
    pub async fn run(self) {
        loop {
            self.round().await;
            tokio::time::sleep(DAY).await;
        }
    }

    /// One look at every store. A store whose settings are wrong, or whose database cannot be read, hinders no other.
    pub async fn round(&self) {
        for (store, settings) in all_in(&self.data) {
            // Settings that are wrong say nothing of how long something is to be kept: nothing goes.
            let Ok(StoreSettings { retention, .. }) = settings else { continue };
            let Some(days) = retention.conversations else { continue };
            match self.desks.purge(&(self.pass)(&store), self.desks.days_ago(days.count())).await {
                Ok(purged) => tracing::info!(
                    store.id = %store, purged.conversations = purged.conversations, purged.turns = purged.turns,
                    purged.handoffs = purged.handoffs, purged.open = purged.open, "what was kept long enough went"
                ),
                Err(error) => {
                    tracing::error!(store.id = %store, error.cause = %chain(&error), "old conversations not removed");
                }
            }
        }
    }
}
