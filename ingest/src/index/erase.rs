//! Takes documents out of an index so that no copy of their words stays: not in a deleted point, not in a log, not in
//! an older generation.
//!
//! Removing a point is not enough for that. Qdrant keeps the bytes of removed points until it rewrites a segment, and
//! the log of an embedded index keeps them longer. So an embedded index is written anew, vectors and all, without the
//! documents, and the old generations are waited for until their last reader has let go.

use super::{
    IndexMeta, failed,
    generation::{Generations, View},
    point::Fields,
    server::{self, ServerConfig},
    shard,
};
use crate::library::Shelf;
use engine::{access::StorePass, evidence::DocId, ports::KnowledgeError};
use std::{
    collections::HashSet,
    path::Path,
    time::{Duration, Instant},
};

/// Points per page.
const PAGE: usize = 256;
/// How often it is looked whether a reader has let go of an old generation.
const LOOK: Duration = Duration::from_millis(200);

/// What was taken out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    pub chunks: usize,
    /// Older generations that somebody still read when patience ran out. Their words are still on the disk.
    pub generations_left: usize,
}

/// An index where it lives.
#[derive(Clone, Debug)]
pub enum Place {
    Edge(Shelf),
    Server { config: ServerConfig, pass: StorePass, shelf: Shelf },
}

impl Place {
    /// Shows every passage that searches can find, each chunk once. How many there were; none where there is no index.
    pub async fn visit(&self, seen: &mut (dyn FnMut(&Fields) + Send)) -> Result<usize, KnowledgeError> {
        let (mut count, mut offset) = (0, None);
        match self {
            Self::Edge(shelf) => {
                let generations = Generations::new(shelf.index_dir());
                let Some(mut view) = blocking(move || generations.open_current()).await? else { return Ok(0) };
                loop {
                    let read = move || -> Result<_, KnowledgeError> {
                        let page = shard::page(&view.shard, offset, PAGE)?;
                        Ok((view, page))
                    };
                    let (back, (points, next)) = blocking(read).await?;
                    view = back;
                    count += points.len();
                    points.iter().for_each(|point| seen(&point.fields));
                    offset = next;
                    if offset.is_none() {
                        blocking(move || Ok(drop(view))).await?;
                        return Ok(count);
                    }
                }
            }
            Self::Server { config, pass, .. } => loop {
                let (points, next) = server::fields(config, pass, offset).await?;
                count += points.len();
                points.iter().for_each(&mut *seen);
                offset = next;
                if offset.is_none() {
                    return Ok(count);
                }
            },
        }
    }

    /// Takes the documents out and leaves no copy. A running or killed sync's draft goes as well: it may hold copies,
    /// and the next sync makes it again. [`KnowledgeError::Busy`] while somebody else writes the index.
    pub async fn remove(&self, docs: HashSet<DocId>, patience: Duration) -> Result<Removed, KnowledgeError> {
        match self {
            Self::Edge(shelf) => {
                let shelf = shelf.clone();
                blocking(move || rewrite(&shelf, &docs, patience)).await
            }
            Self::Server { config, pass, shelf } => {
                let _lock = shelf.lock()?;
                let chunks = server::erase(config, pass, &docs).await?;
                Ok(Removed { chunks, generations_left: 0 })
            }
        }
    }
}

impl Place {
    /// Removes the whole index from a server; how many chunks it had. An embedded one goes with the store's folder.
    pub async fn remove_all(&self) -> Result<usize, KnowledgeError> {
        let chunks = self.visit(&mut |_| {}).await?;
        if let Self::Server { config, pass, shelf } = self {
            let _lock = shelf.lock()?;
            server::forget(config, pass).await?;
        }
        Ok(chunks)
    }
}

fn rewrite(shelf: &Shelf, docs: &HashSet<DocId>, patience: Duration) -> Result<Removed, KnowledgeError> {
    let _lock = shelf.lock()?;
    let generations = Generations::new(shelf.index_dir());
    generations.clean()?;
    while let Some(draft) = generations.draft()? {
        generations.discard(draft)?;
    }
    let Some(view) = generations.open_current()? else { return Ok(Removed::default()) };
    let mut removed = Removed::default();
    let (meta, base) = (view.meta.clone(), Some(view.generation));
    let number = generations.start_with(&meta, base, |dir| {
        removed.chunks = copy_without(&view, &meta, dir, docs)?;
        Ok(())
    })?;
    drop(view);
    generations.publish(number)?;
    let until = Instant::now() + patience;
    loop {
        generations.clean()?;
        removed.generations_left = generations.count()?.saturating_sub(1);
        if removed.generations_left == 0 || Instant::now() >= until {
            return Ok(removed);
        }
        std::thread::sleep(LOOK);
    }
}

/// How many chunks were left out.
fn copy_without(view: &View, meta: &IndexMeta, to: &Path, docs: &HashSet<DocId>) -> Result<usize, KnowledgeError> {
    std::fs::create_dir(to).map_err(|error| failed("starting a new generation of the index", error))?;
    shard::create(to, meta)?;
    let copy = shard::load(to)?;
    let (mut left_out, mut offset) = (0, None);
    loop {
        let (mut points, next) = shard::page(&view.shard, offset, PAGE)?;
        let found = points.len();
        points.retain(|point| !docs.contains(&point.fields.doc));
        left_out += found - points.len();
        if !points.is_empty() {
            shard::upsert(&copy, points)?;
        }
        offset = next;
        if offset.is_none() {
            break;
        }
    }
    copy.optimize().map_err(|error| failed("optimizing the index", error))?;
    copy.flush();
    Ok(left_out)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, KnowledgeError> + Send + 'static,
) -> Result<T, KnowledgeError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| failed("erasing from the index", error))?
}
