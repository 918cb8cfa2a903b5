//! One sync: what the sources say is compared with what the index holds, and the difference is carried over.
//!
//! The index itself is the only record. A document is in it if all its chunks of one version are; whatever else a
//! killed run left is stored again or removed. New chunks are stored before old ones go, a chunk that was embedded
//! before is not embedded again, and running twice changes nothing.
//!
//! A sync speaks for the documents of its [`Scope`] only. Of every other document it keeps one whole version, so that
//! a killed sync of the store's files and a sync of its Shopify products do not undo each other.

mod plan;
mod store;

pub use plan::Plan;

use crate::{
    chunk::ChunkConfig,
    document::{Document, Origin},
    index::{Index, IndexMeta},
    source::{Failure, ReadOptions, Tally, read_each},
};
use engine::{
    evidence::DocId,
    ports::{Embedder, KnowledgeError},
    store::compare::PageText,
};
use futures::{Stream, StreamExt};
use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A run that would remove more documents than this, and more than half of all, needs to be told that it may.
const MASS_REMOVAL: usize = 10;

/// Where documents go, and what makes their vectors.
pub struct SyncTarget {
    pub index: Box<dyn Index>,
    pub embedder: Arc<dyn Embedder>,
    /// What the index was opened with.
    pub meta: IndexMeta,
}

/// Which documents of the index a sync speaks for: it removes those of them that its source does not hand over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of them. A rebuild speaks for everything, or it would forget the rest.
    Everything,
    /// Those of one origin. Where both origins have a document of one id, Shopify's is kept and the file's is reported.
    Origin(Origin),
    /// These, wherever they come from.
    Documents(HashSet<DocId>),
}

impl Scope {
    pub(crate) fn covers(&self, id: &DocId, source: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Origin(origin) => Origin::of(source) == *origin,
            Self::Documents(ids) => ids.contains(id),
        }
    }
}

#[derive(Clone, Debug)]
pub struct SyncOptions {
    pub scope: Scope,
    /// More than half of the documents may go.
    pub allow_mass_removal: bool,
    pub chunks: ChunkConfig,
    /// Chunks that are embedded and stored together.
    pub batch: usize,
}

impl Default for SyncOptions {
    fn default() -> Self {
        Self {
            scope: Scope::Origin(Origin::Files),
            allow_mass_removal: false,
            chunks: ChunkConfig::default(),
            batch: 64,
        }
    }
}

/// Told how far a sync is. Called from the thread that syncs, so it should return at once.
pub trait SyncProgress: Send + Sync {
    /// The sources were read and compared.
    fn planned(&self, plan: &Plan);
    /// `done` of `total` chunks are stored, and stay so if the process is killed now.
    fn stored(&self, done: usize, total: usize);
    /// What was stored is being made searchable.
    fn publishing(&self);
}

/// Says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl SyncProgress for Silent {
    fn planned(&self, _: &Plan) {}
    fn stored(&self, _: usize, _: usize) {}
    fn publishing(&self) {}
}

/// What a sync did, in documents unless it says chunks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncReport {
    pub new: usize,
    pub changed: usize,
    pub removed: usize,
    pub unchanged: usize,
    /// Kept as they were, because their source could not be read this time.
    pub kept: usize,
    /// What could not be read or embedded; the rest was synced.
    pub failed: Vec<Failure>,
    pub chunks_embedded: usize,
    pub chunks_reused: usize,
    /// Chunks in the index now.
    pub chunks: usize,
    pub probe: Probe,
    /// What the readers counted and left out.
    pub tally: Tally,
    /// The policies and pages that were read, changed or not, to be compared with the store's rules.
    pub pages: Vec<PageText>,
}

/// Whether the documents that were removed are gone from what searches see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probe {
    /// Removed documents that were looked for.
    pub documents: usize,
    /// Those of which something was still found: empty, or the index is at fault.
    pub found: Vec<DocId>,
}

#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    #[error("{}: there is no such file or folder; nothing was changed", .0.display())]
    NoSuchPath(PathBuf),
    #[error(
        "this would remove {removed} of the {of} documents in the index, so nothing was changed; \
         check the paths, or allow it with --allow-mass-removal"
    )]
    MassRemoval { removed: usize, of: usize },
    #[error(
        "{documents} documents in the index come from sources that cannot be read now, and a rebuild would forget \
         them, so nothing was changed; mend this first: {first}"
    )]
    UnreadableInRebuild { documents: usize, first: Failure },
    #[error(
        "{documents} documents in the index come from elsewhere and would be forgotten by the rebuild that this is or \
         goes on with, so nothing was changed; run or finish `shopclerk sync --rebuild PATH`, which takes all along"
    )]
    ForgetsOthers { documents: usize },
    #[error(transparent)]
    Index(#[from] KnowledgeError),
}

/// Reads `paths` and makes the index hold what they hold: the paths are the whole truth about the store's files.
pub async fn sync_paths(
    target: &mut SyncTarget,
    paths: &[PathBuf],
    read: &ReadOptions,
    options: &SyncOptions,
    progress: &dyn SyncProgress,
) -> Result<SyncReport, SyncError> {
    sync(target, from_paths(paths, read)?, options, progress).await
}

/// What [`sync`] reads from files and folders. All of them must be there.
pub fn from_paths<'p>(
    paths: &'p [PathBuf],
    read: &'p ReadOptions,
) -> Result<impl FnOnce(&mut dyn FnMut(Result<Document, Failure>)) -> Tally + 'p, SyncError> {
    if let Some(missing) = paths.iter().find(|path| !path.exists()) {
        return Err(SyncError::NoSuchPath(missing.clone()));
    }
    Ok(move |sink: &mut dyn FnMut(Result<Document, Failure>)| {
        read_each(paths, read, &mut |item| sink(item.map_err(|failure| relative(paths, failure))))
    })
}

/// Makes the index hold the documents that `source` hands to its argument, of those that the scope covers.
pub async fn sync(
    target: &mut SyncTarget,
    source: impl FnOnce(&mut dyn FnMut(Result<Document, Failure>)) -> Tally,
    options: &SyncOptions,
    progress: &dyn SyncProgress,
) -> Result<SyncReport, SyncError> {
    let mut planner = look(target, options).await?;
    let tally = source(&mut |item| planner.take(item));
    carry_out(target, planner.finish(), tally, options, progress).await
}

/// As [`sync`], with documents that come one at a time.
pub async fn sync_stream(
    target: &mut SyncTarget,
    documents: impl Stream<Item = Result<Document, Failure>>,
    options: &SyncOptions,
    progress: &dyn SyncProgress,
) -> Result<SyncReport, SyncError> {
    let mut planner = look(target, options).await?;
    let mut documents = std::pin::pin!(documents);
    while let Some(item) = documents.next().await {
        planner.take(item);
    }
    carry_out(target, planner.finish(), Tally::default(), options, progress).await
}

async fn look<'o>(target: &mut SyncTarget, options: &'o SyncOptions) -> Result<plan::Planner<'o>, SyncError> {
    let contents = target.index.contents().await?;
    let published = target.index.published().await?;
    let planner = plan::Planner::new(contents, published, options);
    let others = planner.published_elsewhere();
    if others > 0 && target.index.starts_over().await? {
        return Err(SyncError::ForgetsOthers { documents: others });
    }
    Ok(planner)
}

async fn carry_out(
    target: &mut SyncTarget,
    mut plan: Plan,
    tally: Tally,
    options: &SyncOptions,
    progress: &dyn SyncProgress,
) -> Result<SyncReport, SyncError> {
    if plan.forgotten > 0
        && let Some(first) = plan.failed.first()
    {
        return Err(SyncError::UnreadableInRebuild { documents: plan.forgotten, first: first.clone() });
    }
    let (removed, of) = (plan.removed.len(), plan.known);
    if removed > MASS_REMOVAL && removed * 2 > of && !options.allow_mass_removal {
        return Err(SyncError::MassRemoval { removed, of });
    }
    progress.planned(&plan);
    let pages = std::mem::take(&mut plan.pages);
    let mut report = store::store(target, plan, options, progress).await?;
    (report.tally, report.pages) = (tally, pages);
    Ok(report)
}

/// A folder that could not be walked is named as it was given; documents are named relative to their root.
fn relative(roots: &[PathBuf], mut failure: Failure) -> Failure {
    if Path::new(&failure.file) == failure.path
        && let Some(below) = roots.iter().find_map(|root| failure.path.strip_prefix(root).ok())
    {
        failure.file = below.to_string_lossy().replace('\\', "/");
    }
    failure
}
