//! Keeps a sender, and a reader of what channels told, for each store that hands over, while stores come, change and go.

use super::{
    Connector, back, inbound,
    lasting::lasting,
    worker::{Pace, Sender},
};
use crate::{
    app::App,
    db::outbox::Destination,
    error::{ApiError, chain},
    store::{StoreSettings, all_in},
};
use engine::{StoreId, StorePass};
use futures::future::join_all;
use jiff::SignedDuration;
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tokio::task::AbortHandle;

/// How often the settings are looked at.
const LOOK: Duration = Duration::from_secs(5);
/// Conversations of a channel that are worked off at the same time.
const AT_ONCE: u32 = 8;
/// After a failure to work something off; doubled with each further one.
const RETRY: SignedDuration = SignedDuration::from_secs(2);

/// The stores that a channel may bring messages to. Cheap to clone.
#[derive(Clone, Default)]
pub struct Channels(Arc<RwLock<HashMap<StoreId, StorePass>>>);

impl Channels {
    pub fn get(&self, store: &StoreId) -> Option<StorePass> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(store).cloned()
    }

    pub fn put(&self, pass: StorePass) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(pass.store().clone(), pass);
    }

    pub fn remove(&self, store: &StoreId) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(store);
    }
}

/// What hands over for all stores.
pub struct Deliverer {
    pub app: App,
    pub data: PathBuf,
    pub pace: Pace,
    /// The pass of a store whose settings are in the data folder.
    pub pass: fn(&StoreId) -> StorePass,
}

/// What runs for a store, and the settings that it was made with.
struct Running {
    settings: StoreSettings,
    tasks: [AbortHandle; 2],
}

/// Ends with it.
impl Drop for Running {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Deliverer {
    /// Works until it is dropped. What was under way stands in the stores' databases and goes on at the next start.
    pub async fn run(self) {
        let mut running = HashMap::new();
        loop {
            self.look(&mut running);
            tokio::time::sleep(LOOK).await;
        }
    }

    fn look(&self, running: &mut HashMap<StoreId, Running>) {
        let found: HashMap<StoreId, _> = all_in(&self.data).into_iter().collect();
        running.retain(|store, _| {
            let here = found.contains_key(store);
            if !here {
                self.app.channels.remove(store);
            }
            here
        });
        for (store, settings) in found {
            // Wrong settings change nothing: what was right before goes on.
            let Ok(settings) = settings else { continue };
            if running.get(&store).is_some_and(|running| !running.settings.is_stale()) {
                continue;
            }
            running.remove(&store);
            match self.start(&store, &settings) {
                Ok(tasks) => {
                    running.insert(store, Running { settings, tasks });
                }
                Err(error) => {
                    tracing::error!(store.id = %store, error.cause = %chain(&error), "the store hands nothing over");
                }
            }
        }
    }

    fn start(&self, store: &StoreId, settings: &StoreSettings) -> Result<[AbortHandle; 2], super::ConnectorError> {
        let pass = (self.pass)(store);
        let sender = Sender {
            pass: pass.clone(),
            desks: self.app.desks.clone(),
            connectors: Connector::all(settings, self.pace.timeout)?,
            attempts: settings.handover.attempts,
            pace: self.pace,
        };
        let reads = settings.handover.hears();
        if reads {
            self.app.channels.put(pass.clone());
        } else {
            self.app.channels.remove(store);
        }
        let (app, idle, base) = (self.app.clone(), self.pace.idle, self.pace.base);
        let store = store.clone();
        let reading = store.clone();
        let reader = async move {
            if reads {
                lasting(&reading, "reading what channels told", base, || read(&app, &pass, idle)).await;
            }
        };
        let sending = async move { lasting(&store, "sending the outbox", base, || sender.run()).await };
        Ok([tokio::spawn(sending).abort_handle(), tokio::spawn(reader).abort_handle()])
    }
}

/// Works off what the store's channels told, for as long as the store is there.
async fn read(app: &App, pass: &StorePass, idle: Duration) {
    while app.desks.is_here(pass.store()) {
        let mut woken = app.desks.woken();
        match round(app, pass).await {
            Ok(0) => {}
            Ok(_) => continue,
            Err(error) => {
                error.log();
                tokio::time::sleep(idle).await;
                continue;
            }
        }
        tokio::select! {
            _ = woken.changed() => {}
            () = tokio::time::sleep(idle) => {}
        }
    }
}

/// Works off the first thing of each conversation; how many there were.
pub async fn round(app: &App, pass: &StorePass) -> Result<usize, ApiError> {
    let received = app.desks.received(pass, AT_ONCE).await?;
    let worked = received.iter().map(|received| async move {
        let worked = if received.channel == Destination::Gorgias.as_str() {
            back::gorgias::work_off(app, pass, received).await
        } else {
            inbound::work_off(app, pass, received).await
        };
        match worked {
            Ok(()) => app.desks.worked_off(pass, received.id).await,
            Err(error) => {
                error.log();
                let wait = RETRY * (1 << received.attempts.min(8));
                let until = app.desks.now().saturating_add(wait).unwrap_or(jiff::Timestamp::MAX);
                app.desks.put_off(pass, received.id, until).await
            }
        }
    });
    for done in join_all(worked).await {
        done?;
    }
    Ok(received.len())
}
