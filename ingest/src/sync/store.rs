//! Carries a plan out: embeds, stores, removes, publishes, and looks whether what was removed is gone.

use super::{Plan, SyncError, SyncOptions, SyncProgress, SyncReport, SyncTarget, plan::Pending};
use crate::{
    index::{Index, lexical::Lexical, point::Point},
    source::Failure,
};
use engine::ports::{Embedder, KnowledgeError, ModelError};
use std::{
    collections::{HashMap, HashSet},
    iter::Peekable,
    time::{Duration, Instant},
};
use uuid::Uuid;

/// Ids per removal.
const REMOVAL: usize = 1000;
/// A model whose queue is full is asked again for this long in all.
const PATIENCE: Duration = Duration::from_secs(600);

pub(super) async fn store(
    target: &mut SyncTarget,
    mut plan: Plan,
    options: &SyncOptions,
    progress: &dyn SyncProgress,
) -> Result<SyncReport, SyncError> {
    let mut report = SyncReport {
        new: plan.new,
        changed: plan.changed,
        removed: plan.removed.len(),
        unchanged: plan.unchanged,
        kept: plan.kept,
        failed: std::mem::take(&mut plan.failed),
        ..SyncReport::default()
    };
    let lexical = Lexical::new(&target.meta.language)?;
    let (mut done, total) = (0, plan.chunks);
    let mut pending = std::mem::take(&mut plan.pending).into_iter().peekable();
    let mut ready: Option<Ready> = None;
    let mut flushes = Flushes::default();
    loop {
        let batch = take_batch(&mut pending, options.batch);
        if batch.is_empty() && ready.is_none() {
            break;
        }
        let mut vectors = known_vectors(target, &batch, &plan.embedded).await?;
        let missing = missing(&batch, &vectors, &mut report);
        // One batch is written to the disk while the next is embedded.
        let (embedded, stored) =
            tokio::join!(embed(&*target.embedder, &missing), write(&mut *target.index, ready.take(), &mut flushes));
        let (chunks, flushed) = stored?;
        done += chunks;
        if flushed {
            progress.stored(done, total);
        }
        let mut refused: HashMap<String, ModelError> = HashMap::new();
        for (hash, result) in embedded {
            match result {
                Ok(vector) => {
                    report.chunks_embedded += 1;
                    vectors.insert(hash, vector);
                }
                Err(error) => {
                    refused.insert(hash, error);
                }
            }
        }
        if !batch.is_empty() {
            ready = Some(assemble(target, &lexical, batch, &vectors, &refused, &mut plan.embedded, &mut report));
        }
    }
    target.index.flush().await?;
    progress.stored(done, total);
    for ids in plan.obsolete.chunks(REMOVAL) {
        target.index.delete(ids).await?;
    }
    progress.publishing();
    target.index.publish().await?;
    report.chunks = target.index.count(None).await?;
    report.probe.documents = plan.removed.len();
    for doc in plan.removed {
        if target.index.count(Some(&doc.0)).await? > 0 {
            report.probe.found.push(doc);
        }
    }
    Ok(report)
}

/// A batch with its vectors, about to be written.
struct Ready {
    points: Vec<Point>,
    /// Points of the versions that these replace.
    replaces: Vec<Uuid>,
    /// Chunks of the batch, those of refused documents too.
    chunks: usize,
}

/// Whole documents, as many as fit; a document that is larger than a batch comes alone.
fn take_batch(pending: &mut Peekable<impl Iterator<Item = Pending>>, limit: usize) -> Vec<Pending> {
    let mut batch: Vec<Pending> = Vec::new();
    let mut chunks = 0;
    while let Some(next) = pending.next_if(|next| batch.is_empty() || chunks + next.prepared.chunks.len() <= limit) {
        chunks += next.prepared.chunks.len();
        batch.push(next);
    }
    batch
}

/// Hash and text of what has no vector yet, each once.
fn missing<'b>(
    batch: &'b [Pending],
    vectors: &HashMap<String, Vec<f32>>,
    report: &mut SyncReport,
) -> Vec<(&'b str, &'b str)> {
    let mut seen: HashSet<&str> = vectors.keys().map(String::as_str).collect();
    let mut missing = Vec::new();
    for chunk in batch.iter().flat_map(|pending| &pending.prepared.chunks) {
        if seen.contains(chunk.hash.as_str()) {
            report.chunks_reused += 1;
        } else {
            seen.insert(&chunk.hash);
            missing.push((chunk.hash.as_str(), chunk.embedded.as_str()));
        }
    }
    missing
}

/// When to flush: so seldom that it takes a quarter of the time at most, however slow the disk is.
#[derive(Default)]
struct Flushes {
    took: Duration,
    ended: Option<Instant>,
}

impl Flushes {
    fn is_due(&self) -> bool {
        self.ended.is_none_or(|ended| ended.elapsed() >= 3 * self.took)
    }
}

/// New points first, then the ones that they replace go. How many chunks are done with, and whether they will
/// survive a kill.
async fn write(
    index: &mut dyn Index,
    ready: Option<Ready>,
    flushes: &mut Flushes,
) -> Result<(usize, bool), KnowledgeError> {
    let Some(Ready { points, replaces, chunks }) = ready else { return Ok((0, false)) };
    if !points.is_empty() {
        index.upsert(points).await?;
    }
    if !replaces.is_empty() {
        index.delete(&replaces).await?;
    }
    let due = flushes.is_due();
    if due {
        let started = Instant::now();
        index.flush().await?;
        *flushes = Flushes { took: started.elapsed(), ended: Some(Instant::now()) };
    }
    Ok((chunks, due))
}

/// The points of the batch's documents; a document of which a text was refused is reported instead.
fn assemble(
    target: &SyncTarget,
    lexical: &Lexical,
    batch: Vec<Pending>,
    vectors: &HashMap<String, Vec<f32>>,
    refused: &HashMap<String, ModelError>,
    embedded: &mut HashMap<String, Uuid>,
    report: &mut SyncReport,
) -> Ready {
    let mut ready = Ready { points: Vec::new(), replaces: Vec::new(), chunks: 0 };
    for Pending { prepared, replaces, is_new } in batch {
        ready.chunks += prepared.chunks.len();
        if let Some(error) = prepared.chunks.iter().find_map(|chunk| refused.get(&chunk.hash)) {
            let counted = if is_new { &mut report.new } else { &mut report.changed };
            *counted -= 1;
            let file = prepared.document.file.clone();
            let reason = format!("'{}' could not be embedded: {error}", prepared.document.id);
            report.failed.push(Failure { path: file.clone().into(), file, line: None, reason });
            continue;
        }
        for (at, chunk) in prepared.chunks.iter().enumerate() {
            let id = prepared.point_id(&target.meta.model, at);
            embedded.insert(chunk.hash.clone(), id);
            ready.points.push(Point {
                id,
                dense: vectors[&chunk.hash].clone(),
                lexical: lexical.document(&chunk.embedded),
                fields: prepared.fields(at),
            });
        }
        ready.replaces.extend(replaces);
    }
    ready
}

/// The vectors of the batch's texts that the index already holds, by the hash of the text.
async fn known_vectors(
    target: &mut SyncTarget,
    batch: &[Pending],
    embedded: &HashMap<String, Uuid>,
) -> Result<HashMap<String, Vec<f32>>, SyncError> {
    let chunks = batch.iter().flat_map(|pending| &pending.prepared.chunks);
    let known: HashMap<&str, Uuid> =
        chunks.filter_map(|chunk| Some((chunk.hash.as_str(), *embedded.get(&chunk.hash)?))).collect();
    if known.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<Uuid> = known.values().copied().collect();
    let mut stored = target.index.vectors(&ids).await?;
    Ok(known.into_iter().filter_map(|(hash, id)| Some((hash.to_owned(), stored.remove(&id)?))).collect())
}

/// All together; one by one if that fails, so that one text does not take the others with it.
async fn embed(embedder: &dyn Embedder, texts: &[(&str, &str)]) -> Vec<(String, Result<Vec<f32>, ModelError>)> {
    if texts.is_empty() {
        return Vec::new();
    }
    let all: Vec<String> = texts.iter().map(|(_, text)| (*text).to_owned()).collect();
    match embed_patiently(embedder, &all).await {
        Ok(vectors) => texts.iter().zip(vectors).map(|((hash, _), vector)| ((*hash).to_owned(), Ok(vector))).collect(),
        Err(error) if texts.len() == 1 => vec![(texts[0].0.to_owned(), Err(error))],
        Err(_) => {
            let mut results = Vec::with_capacity(texts.len());
            for (hash, text) in texts {
                let one = embed_patiently(embedder, &[(*text).to_owned()]).await;
                results.push(((*hash).to_owned(), one.map(|mut vectors| vectors.remove(0))));
            }
            results
        }
    }
}

async fn embed_patiently(embedder: &dyn Embedder, texts: &[String]) -> Result<Vec<Vec<f32>>, ModelError> {
    let (mut waited, mut pause) = (Duration::ZERO, Duration::from_millis(20));
    loop {
        match embedder.embed_passages(texts).await {
            Err(ModelError::Overloaded) if waited < PATIENCE => {
                tokio::time::sleep(pause).await;
                waited += pause;
                pause = (pause * 2).min(Duration::from_secs(2));
            }
            Err(error) => return Err(error),
            Ok(vectors) if vectors.len() != texts.len() => {
                return Err(ModelError::Failed(format!("{} vectors for {} texts", vectors.len(), texts.len())));
            }
            Ok(vectors) => {
                if let Some(other) = vectors.iter().find(|vector| vector.model != *embedder.model()) {
                    return Err(ModelError::Failed(format!("a vector of {} from {}", other.model, embedder.model())));
                }
                return Ok(vectors.into_iter().map(|vector| vector.values).collect());
            }
        }
    }
}
