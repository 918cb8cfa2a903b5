//! Moves a store's embedded index to a Qdrant server, vectors and all: nothing is embedded again.

use super::{
    Index, failed,
    generation::{Generations, View},
    server::{ServerConfig, ServerIndex},
    shard,
};
use crate::library::Library;
use engine::{access::StorePass, ports::KnowledgeError};
use std::{collections::HashSet, sync::Arc};

/// Points per request.
const BATCH: usize = 256;

/// What was moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PushReport {
    pub chunks: usize,
}

/// Copies the published generation into a fresh collection, compares the counts, and points the store's alias there.
/// `progress` is told how many chunks of how many are over.
pub async fn push(
    library: &Library,
    pass: &StorePass,
    server: &ServerConfig,
    progress: &(dyn Fn(usize, usize) + Send + Sync),
) -> Result<PushReport, KnowledgeError> {
    let shelf = library.shelf(pass)?;
    let _lock = shelf.lock()?;
    let generations = Generations::new(shelf.index_dir());
    let no_index = || KnowledgeError::NoIndex(pass.store().to_string());
    let view = blocking(move || generations.open_current()).await?.ok_or_else(no_index)?;
    let view = Arc::new(view);
    let mut target = ServerIndex::open(server, pass, view.meta.clone(), true).await?;
    let total = read(&view, |view| shard::count(&view.shard, None)).await?;
    let mut moved = HashSet::with_capacity(total);
    let mut offset = None;
    loop {
        let (points, next) = read(&view, move |view| shard::page(&view.shard, offset, BATCH)).await?;
        moved.extend(points.iter().map(|point| point.id));
        if !points.is_empty() {
            target.upsert(points).await?;
        }
        progress(moved.len(), total);
        offset = next;
        if offset.is_none() {
            break;
        }
    }
    // What a push that was cut off had brought from an older generation.
    let contents = target.contents().await?;
    let stale: Vec<_> = contents.into_iter().map(|point| point.id).filter(|id| !moved.contains(id)).collect();
    if !stale.is_empty() {
        target.delete(&stale).await?;
    }
    let stored = target.count(None).await?;
    if stored != total {
        return Err(KnowledgeError::Failed(format!(
            "the server holds {stored} of {total} chunks; nothing was switched, push again"
        )));
    }
    target.publish().await?;
    Ok(PushReport { chunks: total })
}

async fn read<T: Send + 'static>(
    view: &Arc<View>,
    work: impl FnOnce(&View) -> Result<T, KnowledgeError> + Send + 'static,
) -> Result<T, KnowledgeError> {
    let view = view.clone();
    blocking(move || work(&view)).await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, KnowledgeError> + Send + 'static,
) -> Result<T, KnowledgeError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| failed("reading the index", error))?
}
