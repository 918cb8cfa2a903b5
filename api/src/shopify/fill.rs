//! The whole catalogue into the mirror: products by a bulk operation, then pages, articles and policies.
//!
//! The id of the operation that runs is kept, so that a fill that was killed goes on with it. Its result is read from the
//! beginning then: reading it twice is reading it once.

use super::{
    refetch::{self, RefetchError},
    shop::Shop,
};
use crate::db::{
    DbError,
    mirror::{Kind, Seen},
};
use engine::live::Gid;
use ingest::shopify::{BulkProducts, Deadline, ShopDocument, ShopifyError};
use ingest::source::Failure;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::{collections::HashSet, fmt, time::Duration};
use tokio::sync::mpsc;

/// Shopify may take its time for a large catalogue.
const PATIENCE: Duration = Duration::from_secs(6 * 3600);
/// An operation that was started longer ago is not gone on with: its result goes, and says little by now.
const OUTDATED: SignedDuration = SignedDuration::from_hours(24);
/// Products that are written together.
const BATCH: usize = 250;
/// Failures that are named.
const NAMED: usize = 20;

/// Told how far a fill is.
pub trait FillProgress: Send + Sync {
    /// Shopify prepares the catalogue.
    fn waiting(&self);
    /// It is here, with so many products.
    fn reading(&self, total: usize);
    fn read(&self, done: usize);
}

/// Says nothing.
#[derive(Clone, Copy, Debug)]
pub struct Quiet;

impl FillProgress for Quiet {
    fn waiting(&self) {}
    fn reading(&self, _: usize) {}
    fn read(&self, _: usize) {}
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FillReport {
    /// The whole catalogue, or what changed since it was read.
    pub full: bool,
    /// Products that were read, those that customers may not see too.
    pub products: usize,
    /// Pages, articles and policies, and products that changed.
    pub other: usize,
    /// Products that the mirror had and Shopify has no more.
    pub gone: usize,
    /// Products that could not be read; what was known of them stays.
    pub failed: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum FillError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    Shopify(#[from] ShopifyError),
    #[error(transparent)]
    Refetch(#[from] RefetchError),
    #[error("reading the catalogue ended unexpectedly")]
    Reading(#[from] tokio::task::JoinError),
}

/// The bulk operation that runs, as the mirror keeps it.
#[derive(Serialize, Deserialize)]
struct Running {
    id: String,
    asked_at: Timestamp,
}

/// Reads the whole catalogue the first time, or when `full` says so; else what changed since.
pub async fn fill(shop: &Shop, full: bool, progress: &dyn FillProgress) -> Result<FillReport, FillError> {
    let mirror = &shop.mirror;
    let cut_off = mirror.cursor("bulk").await?.is_some();
    if !full && !cut_off && mirror.cursor("filled").await?.is_some() {
        return catch_up(shop).await;
    }
    mirror.recorded("fill", whole(shop, progress), FillReport::to_string).await
}

/// What changed since, with a run of its own.
pub async fn catch_up(shop: &Shop) -> Result<FillReport, FillError> {
    let read = async { Ok(FillReport { other: refetch::reconcile(shop).await?, ..FillReport::default() }) };
    shop.mirror.recorded("reconcile", read, FillReport::to_string).await
}

async fn whole(shop: &Shop, progress: &dyn FillProgress) -> Result<FillReport, FillError> {
    let (mirror, deadline) = (&shop.mirror, Deadline::within(PATIENCE));
    progress.waiting();
    let running = mirror.cursor("bulk").await?.and_then(|text| serde_json::from_str::<Running>(&text).ok());
    let running = match running.filter(|running| Timestamp::now().duration_since(running.asked_at) < OUTDATED) {
        Some(running) => running,
        None => {
            // Before the question: whatever is said later than this is newer than the answer.
            let asked_at = Timestamp::now();
            let running = Running { id: shop.connection.start_bulk(deadline).await?, asked_at };
            let text = serde_json::to_string(&running).expect("plain data");
            mirror.set_cursor("bulk", Some(&text)).await?;
            running
        }
    };
    let bulk = match shop.connection.finished_bulk(&running.id, deadline).await {
        Ok(bulk) => bulk,
        Err(error) => {
            // An operation that failed, expired or is unknown is not waited for again.
            if matches!(error, ShopifyError::Refused { .. } | ShopifyError::Unreadable { .. }) {
                mirror.set_cursor("bulk", None).await?;
            }
            return Err(error.into());
        }
    };
    let mut report = FillReport { full: true, ..FillReport::default() };
    take(shop, bulk, running.asked_at, &mut report, progress).await?;
    mirror.set_cursor("bulk", None).await?;
    report.other = refetch::pages(shop).await?;
    let asked_at = running.asked_at.to_string();
    for cursor in ["filled", "swept", "reconciled"] {
        mirror.set_cursor(cursor, Some(&asked_at)).await?;
    }
    Ok(report)
}

async fn take(
    shop: &Shop,
    bulk: BulkProducts,
    asked_at: Timestamp,
    report: &mut FillReport,
    progress: &dyn FillProgress,
) -> Result<(), FillError> {
    let total = bulk.len();
    progress.reading(total);
    // The file is read on its own thread, a few batches ahead of what is written.
    let (sender, mut batches) = mpsc::channel::<Vec<Result<ShopDocument, Failure>>>(2);
    let reading = tokio::task::spawn_blocking(move || {
        let mut batch = Vec::with_capacity(BATCH);
        let send = |batch: &mut Vec<_>| sender.blocking_send(std::mem::take(batch)).is_ok();
        let mut wanted = true;
        bulk.read_each(&mut |read| {
            batch.push(read);
            if wanted && batch.len() >= BATCH {
                wanted = send(&mut batch);
            }
        });
        if wanted && !batch.is_empty() {
            send(&mut batch);
        }
    });
    let (mut here, mut latest): (HashSet<Gid>, Option<Timestamp>) = (HashSet::with_capacity(total), None);
    let mut failed = 0;
    while let Some(batch) = batches.recv().await {
        let mut seen = Vec::with_capacity(batch.len());
        for read in batch {
            match read {
                Ok(ShopDocument { id, updated_at, document }) => {
                    here.insert(id.clone());
                    latest = latest.max(Some(updated_at));
                    seen.push(Seen { gid: id, kind: Kind::Product, document });
                }
                Err(failure) => {
                    failed += 1;
                    if failed <= NAMED {
                        report.failed.push(failure.to_string());
                    }
                }
            }
        }
        shop.mirror.take_over(&seen, &[], asked_at, &[]).await?;
        progress.read(here.len());
    }
    reading.await?;
    report.products = here.len();
    // One that could not be read may be any of them.
    if failed == 0 {
        let known = shop.mirror.objects(Kind::Product).await?;
        let gone: Vec<Gid> = known.into_iter().filter(|gid| !here.contains(gid)).collect();
        report.gone = gone.len();
        shop.mirror.take_over(&[], &gone, asked_at, &[]).await?;
    } else if failed > NAMED {
        report.failed.push(format!("and {} more", failed - NAMED));
    }
    if let Some(latest) = latest {
        shop.mirror.set_cursor("changed", Some(&latest.to_string())).await?;
    }
    Ok(())
}

impl fmt::Display for FillReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.full {
            write!(f, "{} products and {} other documents read", self.products, self.other)?;
            write!(f, ", {} products are gone, {} could not be read", self.gone, self.failed.len())
        } else {
            write!(f, "{} changed documents read", self.other)
        }
    }
}
