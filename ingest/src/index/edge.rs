//! The embedded index as sync writes it: a draft generation, published in one step. See [`super::generation`].

use super::{
    Index, IndexMeta, failed,
    generation::Generations,
    point::{Point, PointSummary},
    shard,
};
use crate::library::{LibraryError, Shelf, WriteLock};
use async_trait::async_trait;
use engine::ports::KnowledgeError;
use qdrant_edge::EdgeShard;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};
use uuid::Uuid;

/// The log keeps every operation until the shard is opened again; beyond this many bytes it is.
const LOG_LIMIT: usize = 64 * 1024 * 1024;

/// The one writer of a shelf's index.
pub struct EdgeIndex {
    writer: Arc<Mutex<Writer>>,
}

struct Writer {
    generations: Generations,
    meta: IndexMeta,
    /// Nothing of the current generation is taken over.
    rebuild: bool,
    draft: Option<Draft>,
    _lock: WriteLock,
}

struct Draft {
    number: u64,
    /// `None` only while it is reopened.
    shard: Option<EdgeShard>,
    /// Roughly what the log has grown by since the shard was opened.
    logged: usize,
}

impl From<LibraryError> for KnowledgeError {
    fn from(error: LibraryError) -> Self {
        match error {
            LibraryError::Locked(_) => Self::Busy,
            LibraryError::Directory { .. } => Self::Failed(error.to_string()),
        }
    }
}

impl EdgeIndex {
    /// Locks the shelf for writing and finds the draft that a killed sync may have left. `rebuild` ignores what is
    /// published; without it, an index of another embedder or format is refused.
    pub async fn open(shelf: &Shelf, meta: IndexMeta, rebuild: bool) -> Result<Self, KnowledgeError> {
        let shelf = shelf.clone();
        let writer = tokio::task::spawn_blocking(move || Writer::open(&shelf, meta, rebuild));
        let writer = writer.await.map_err(|error| failed("opening the index", error))??;
        Ok(Self { writer: Arc::new(Mutex::new(writer)) })
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Writer) -> Result<T, KnowledgeError> + Send + 'static,
    ) -> Result<T, KnowledgeError> {
        let writer = self.writer.clone();
        let done = tokio::task::spawn_blocking(move || match writer.lock() {
            Ok(mut writer) => work(&mut writer),
            Err(_) => Err(KnowledgeError::Failed("an earlier write to the index panicked".into())),
        });
        done.await.map_err(|error| failed("writing the index", error))?
    }
}

#[async_trait]
impl Index for EdgeIndex {
    async fn contents(&mut self) -> Result<Vec<PointSummary>, KnowledgeError> {
        self.run(|writer| writer.read(shard::summaries)).await
    }

    async fn published(&mut self) -> Result<Vec<PointSummary>, KnowledgeError> {
        self.run(|writer| {
            if writer.draft.is_none() && !writer.rebuild {
                return Ok(Vec::new());
            }
            match writer.generations.open_current()? {
                Some(view) => shard::summaries(&view.shard),
                None => Ok(Vec::new()),
            }
        })
        .await
    }

    async fn starts_over(&mut self) -> Result<bool, KnowledgeError> {
        self.run(|writer| {
            let from_nothing = match &writer.draft {
                Some(draft) => writer.generations.meta(draft.number)?.base.is_none(),
                None => writer.rebuild,
            };
            Ok(from_nothing && writer.generations.current()?.is_some())
        })
        .await
    }

    async fn vectors(&mut self, ids: &[Uuid]) -> Result<HashMap<Uuid, Vec<f32>>, KnowledgeError> {
        let ids = ids.to_vec();
        self.run(move |writer| writer.read(|shard| shard::vectors(shard, &ids))).await
    }

    async fn upsert(&mut self, points: Vec<Point>) -> Result<(), KnowledgeError> {
        self.run(move |writer| {
            let size: usize = points.iter().map(log_size).sum();
            writer.write(size, |shard| shard::upsert(shard, points))
        })
        .await
    }

    async fn delete(&mut self, ids: &[Uuid]) -> Result<(), KnowledgeError> {
        let ids = ids.to_vec();
        self.run(move |writer| writer.write(ids.len() * 40, |shard| shard::delete(shard, &ids))).await
    }

    async fn flush(&mut self) -> Result<(), KnowledgeError> {
        self.run(|writer| match &writer.draft {
            Some(draft) => draft.shard().map(EdgeShard::flush),
            None => Ok(()),
        })
        .await
    }

    async fn count(&mut self, doc: Option<&str>) -> Result<usize, KnowledgeError> {
        let doc = doc.map(str::to_owned);
        self.run(move |writer| writer.read(|shard| shard::count(shard, doc.as_deref()))).await
    }

    async fn publish(&mut self) -> Result<(), KnowledgeError> {
        self.run(Writer::publish).await
    }
}

impl Writer {
    fn open(shelf: &Shelf, meta: IndexMeta, rebuild: bool) -> Result<Self, KnowledgeError> {
        let lock = shelf.lock()?;
        let generations = Generations::new(shelf.index_dir());
        generations.clean()?;
        let draft = Self::resume(&generations, &meta, rebuild)?;
        if draft.is_none()
            && !rebuild
            && let Some(current) = generations.current()?
        {
            generations.meta(current)?.index.check(&meta)?;
        }
        Ok(Self { generations, meta, rebuild, draft, _lock: lock })
    }

    /// Takes up the draft of a killed sync, or removes it when it is of no use.
    fn resume(generations: &Generations, meta: &IndexMeta, rebuild: bool) -> Result<Option<Draft>, KnowledgeError> {
        let Some(number) = generations.draft()? else { return Ok(None) };
        let current = generations.current()?;
        let of_use = generations.meta(number).is_ok_and(|draft| {
            let base_fits = if rebuild { draft.base.is_none() } else { draft.base.is_none() || draft.base == current };
            draft.index == *meta && base_fits
        });
        if of_use {
            match shard::load(&generations.shard_dir(number)) {
                Ok(shard) => return Ok(Some(Draft { number, shard: Some(shard), logged: 0 })),
                Err(error) => {
                    tracing::warn!(index.error = %error, "an unfinished index cannot be read and is started again")
                }
            }
        }
        generations.discard(number)?;
        Ok(None)
    }

    /// Reads the draft if there is one, else what is published.
    fn read<T: Default>(
        &mut self,
        work: impl FnOnce(&EdgeShard) -> Result<T, KnowledgeError>,
    ) -> Result<T, KnowledgeError> {
        match &self.draft {
            Some(draft) => work(draft.shard()?),
            None if self.rebuild => Ok(T::default()),
            None => match self.generations.open_current()? {
                Some(view) => work(&view.shard),
                None => Ok(T::default()),
            },
        }
    }

    /// Writes to the draft, starting one if there is none.
    fn write(
        &mut self,
        logged: usize,
        work: impl FnOnce(&EdgeShard) -> Result<(), KnowledgeError>,
    ) -> Result<(), KnowledgeError> {
        self.start()?;
        let Some(draft) = &mut self.draft else { return Err(no_draft()) };
        work(draft.shard()?)?;
        draft.logged += logged;
        if draft.logged > LOG_LIMIT {
            // Closing flushes.
            draft.shard = None;
            draft.shard = Some(shard::load(&self.generations.shard_dir(draft.number))?);
            draft.logged = 0;
        }
        Ok(())
    }

    fn start(&mut self) -> Result<(), KnowledgeError> {
        if self.draft.is_none() {
            let number = self.generations.start_draft(&self.meta, !self.rebuild)?;
            let shard = shard::load(&self.generations.shard_dir(number))?;
            self.draft = Some(Draft { number, shard: Some(shard), logged: 0 });
        }
        Ok(())
    }

    fn publish(&mut self) -> Result<(), KnowledgeError> {
        if self.rebuild {
            self.start()?;
        }
        let Some(draft) = self.draft.take() else { return Ok(()) };
        let shard = draft.shard()?;
        // Merges segments, builds HNSW graphs where a segment has outgrown a full scan, drops deleted chunks.
        shard.optimize().map_err(|error| failed("optimizing the index", error))?;
        shard.flush();
        let number = draft.number;
        drop(draft);
        self.generations.publish(number)?;
        self.rebuild = false;
        self.generations.clean()
    }
}

impl Draft {
    fn shard(&self) -> Result<&EdgeShard, KnowledgeError> {
        self.shard.as_ref().ok_or_else(no_draft)
    }
}

fn no_draft() -> KnowledgeError {
    KnowledgeError::Failed("the draft of the index is closed".into())
}

/// Bytes that a point takes in the log, roughly.
fn log_size(point: &Point) -> usize {
    5 * point.dense.len() + 10 * point.lexical.indices.len() + 2 * point.fields.text.len() + 512
}
