//! What is done for a store while the server runs: webhooks are worked off, what they missed is found, the index follows.
//!
//! One worker for each store, one thing at a time. So a refetch cannot undo an erasure that runs, and one index sync at
//! most runs for a store. Everything that is to be done stands in the mirror: a restart goes on where it was.

use super::{
    erase::{self, EraseError, Eraser},
    fill::{self, FillError},
    index::{IndexError, IndexWriter},
    needles::Person,
    refetch::{self, RefetchError},
    request::Payload,
    shop::{Shop, Shops},
    topics::Topic,
    webhook::Changed,
};
use crate::{
    db::{
        DbError,
        desk::Desks,
        keys::Keys,
        mirror::{Job, Mirrors},
    },
    error::chain,
    wiring::WiringError,
};
use engine::ports::KnowledgeError;
use ingest::sync::{SyncError, SyncReport};
use jiff::{SignedDuration, Timestamp};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// How often Shopify is asked what a customer is known by, before the request is carried out without it.
const ATTEMPTS: i64 = 5;

/// How often what is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Between two index syncs. Changes that come meanwhile are taken together.
    pub settle: Duration,
    /// Between two looks for products that changed without a webhook, and at pages, articles and policies, which have
    /// none.
    pub reconcile: SignedDuration,
    /// Between two comparisons of all ids, which find lost deletions.
    pub sweep: SignedDuration,
    /// After a failure; doubled with each further one, up to [`Pace::reconcile`].
    pub retry: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            settle: Duration::from_secs(5),
            reconcile: SignedDuration::from_mins(10),
            sweep: SignedDuration::from_hours(24),
            retry: Duration::from_secs(5),
        }
    }
}

/// What the worker of a store is made of.
pub struct Worker {
    pub shop: Arc<Shop>,
    pub index: IndexWriter,
    pub desks: Arc<Desks>,
    pub keys: Keys,
    pub mirrors: Arc<Mirrors>,
    pub shops: Shops,
    pub pace: Pace,
}

#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    Refetch(#[from] RefetchError),
    #[error(transparent)]
    Fill(#[from] FillError),
    #[error(transparent)]
    Index(#[from] IndexError),
    #[error(transparent)]
    Erase(#[from] EraseError),
    #[error("the erasure left something, see {0}; it is tried again")]
    Left(String),
    #[error("Shopify could not be asked what else the customer is known by; it is asked again later")]
    Incomplete,
    #[error("what a webhook asked for cannot be read any more")]
    Payload,
}

/// Whether the store is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Store {
    Here,
    Gone,
}

impl Worker {
    /// Works until the store is removed. To be dropped when the server stops: nothing is lost by it.
    pub async fn run(self) {
        let store = self.shop.pass.store().clone();
        let (mut failures, mut indexed) = (0u32, None);
        loop {
            let rest = match self.round(&mut indexed).await {
                Ok((Store::Gone, _)) => return,
                Ok((Store::Here, rest)) => {
                    failures = 0;
                    rest
                }
                Err(error) => {
                    failures += 1;
                    let longest = self.pace.reconcile.unsigned_abs();
                    let wait = self.pace.retry.saturating_mul(1 << (failures - 1).min(10)).min(longest);
                    let wait_ms = wait.as_millis() as u64;
                    tracing::warn!(store.id = %store, error.cause = %chain(&error), wait_ms, "shopify work failed");
                    // A webhook does not cut this short: what failed would fail again at once.
                    tokio::time::sleep(wait).await;
                    continue;
                }
            };
            tokio::select! {
                () = self.shop.woken.notified() => {}
                () = tokio::time::sleep(rest) => {}
            }
        }
    }

    /// Does everything that is due. How long there is nothing to do.
    async fn round(&self, indexed: &mut Option<Instant>) -> Result<(Store, Duration), WorkError> {
        let mirror = &self.shop.mirror;
        while let Some(job) = mirror.next_job(Timestamp::now()).await? {
            if self.job(job).await? == Store::Gone {
                return Ok((Store::Gone, Duration::ZERO));
            }
        }
        refetch::marked(&self.shop).await?;
        let now = Timestamp::now();
        // The first time this is the first fill.
        if self.is_due("swept", self.pace.sweep, now).await? {
            refetch::sweep(&self.shop).await?;
        }
        if self.is_due("reconciled", self.pace.reconcile, now).await? {
            fill::catch_up(&self.shop).await?;
            mirror.purge(now).await?;
        }
        let marked = !mirror.dirty_documents().await?.is_empty();
        if !marked {
            return Ok((Store::Here, self.pace.reconcile.unsigned_abs().min(Duration::from_secs(60))));
        }
        let since = indexed.map_or(Duration::MAX, |at: Instant| at.elapsed());
        if let Some(wait) = self.pace.settle.checked_sub(since).filter(|wait| !wait.is_zero()) {
            return Ok((Store::Here, wait));
        }
        match self.index_marked().await {
            Ok(()) => {}
            // `shopclerk sync` runs; its turn ends some time.
            Err(WorkError::Index(IndexError::Wiring(WiringError::Knowledge(KnowledgeError::Busy)))) => {}
            Err(error) => return Err(error),
        }
        *indexed = Some(Instant::now());
        Ok((Store::Here, self.pace.settle))
    }

    /// Works until nothing is left that can be done now: for a command, and for tests.
    pub async fn settle(&self) -> Result<(), WorkError> {
        while let Some(job) = self.shop.mirror.next_job(Timestamp::now()).await? {
            if self.job(job).await? == Store::Gone {
                return Ok(());
            }
        }
        refetch::marked(&self.shop).await?;
        self.index_marked().await
    }

    async fn index_marked(&self) -> Result<(), WorkError> {
        let mirror = &self.shop.mirror;
        let said = |report: &Option<SyncReport>| match report {
            Some(report) => format!("{} new, {} changed, {} removed", report.new, report.changed, report.removed),
            None => "nothing to do".to_owned(),
        };
        let synced = mirror.recorded("index", self.index.sync_marked(&self.shop.pass, mirror), said).await;
        if let Err(IndexError::Sync(SyncError::MassRemoval { .. })) = &synced {
            tracing::error!(
                store.id = %self.shop.pass.store(),
                "more than half of the products are gone from Shopify, so the index was left as it is; \
                 if that is meant: shopclerk shopify sync --allow-mass-removal"
            );
        }
        synced?;
        Ok(())
    }

    async fn is_due(&self, cursor: &str, every: SignedDuration, now: Timestamp) -> Result<bool, DbError> {
        let last = self.shop.mirror.time(cursor).await?;
        Ok(last.is_none_or(|last| now.duration_since(last) >= every))
    }

    async fn job(&self, job: Job) -> Result<Store, WorkError> {
        let mirror = &self.shop.mirror;
        if Topic::parse(&job.topic) == Topic::ShopRedact {
            // Where the run would be written down goes with the store; the receipt says how it went.
            return self.carry_out(&job).await;
        }
        match mirror.recorded(&job.topic, self.carry_out(&job), |_| String::new()).await {
            Ok(Store::Gone) => Ok(Store::Gone),
            Ok(Store::Here) => mirror.job_done(job.id).await.map(|()| Store::Here).map_err(WorkError::from),
            Err(error) => {
                // The other work goes on; this is tried again.
                mirror.job_failed(&job, &chain(&error), Timestamp::now()).await?;
                let (store, cause) = (self.shop.pass.store(), chain(&error));
                tracing::error!(store.id = %store, job.topic = job.topic, error.cause = %cause, "a request failed");
                Ok(Store::Here)
            }
        }
    }

    async fn carry_out(&self, job: &Job) -> Result<Store, WorkError> {
        let topic = Topic::parse(&job.topic);
        match topic {
            Topic::DataRequest | Topic::CustomerRedact => {
                let payload: Payload = serde_json::from_str(&job.payload).map_err(|_| WorkError::Payload)?;
                let mut person = payload.person();
                let known = refetch::complete(&self.shop, &mut person).await;
                if known.try_again && job.attempts < ATTEMPTS {
                    return Err(WorkError::Incomplete);
                }
                self.person(job, topic, &person, payload.data_request.id, known.unknown).await?;
            }
            Topic::ShopRedact => {
                self.shops.remove(self.shop.pass.store());
                let erased = erase::store(&self.eraser()?, &self.keys, &self.desks, &self.mirrors).await?;
                left(&erased)?;
                return Ok(Store::Gone);
            }
            Topic::Uninstalled => {
                let now = Timestamp::now().to_string();
                self.shop.mirror.set_cursor("uninstalled", Some(&now)).await?;
                tracing::warn!(store.id = %self.shop.pass.store(), "the app was uninstalled from the shop");
            }
            Topic::Product | Topic::Live | Topic::Other => {}
        }
        Ok(Store::Here)
    }

    async fn person(
        &self,
        job: &Job,
        topic: Topic,
        person: &Person,
        request: Option<u64>,
        unknown: Vec<String>,
    ) -> Result<(), WorkError> {
        let eraser = self.eraser()?;
        if topic == Topic::DataRequest {
            let name = request.map_or_else(|| format!("job-{}", job.id), |id| format!("request-{id}"));
            return match eraser.hand_out(person, &job.topic, &name, unknown).await {
                Ok(_) | Err(EraseError::Nobody) => Ok(()),
                Err(error) => Err(error.into()),
            };
        }
        self.shop.forget(&Changed::Anything);
        match eraser.customer(person, &job.topic, unknown, false).await {
            Ok(erased) => left(&erased),
            // Shopify names no e-mail, no phone and no number: there is nothing to look for.
            Err(EraseError::Nobody) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn eraser(&self) -> Result<Eraser, WorkError> {
        let (pass, mirror) = (self.shop.pass.clone(), self.shop.mirror.clone());
        Ok(self.index.house.eraser(pass, mirror, self.desks.clone()).map_err(IndexError::from)?)
    }
}

fn left(erased: &erase::Erased) -> Result<(), WorkError> {
    match (&erased.receipt.state, &erased.path) {
        (super::receipt::State::Found, Some(path)) => Err(WorkError::Left(path.display().to_string())),
        _ => Ok(()),
    }
}
