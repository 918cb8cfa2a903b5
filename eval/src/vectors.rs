//! Vectors of the dense baseline, kept between runs: they change only with the texts or the model.

use engine::ports::{Embedder, ModelError};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::Path;

/// Texts in one call to the model: enough to fill its batches, few enough that the progress moves.
const BATCH: usize = 64;

/// Embeds `texts` as passages, or reads the vectors that an earlier run left in `cache`. `step` is called once for
/// each text. A cache that cannot be read or written costs time, never the run.
pub async fn embed_passages(
    embedder: &dyn Embedder,
    texts: &[String],
    cache: Option<&Path>,
    step: &(dyn Fn() + Send + Sync),
) -> Result<Vec<Vec<f32>>, ModelError> {
    let file = cache.map(|dir| dir.join(format!("{}.f32", key(embedder, texts))));
    if let Some(vectors) = file.as_deref().and_then(|file| load(file, texts.len(), embedder.dimensions())) {
        texts.iter().for_each(|_| step());
        return Ok(vectors);
    }
    let mut vectors = Vec::with_capacity(texts.len());
    for batch in texts.chunks(BATCH) {
        let embedded = embedder.embed_passages(batch).await?;
        vectors.extend(embedded.into_iter().map(|embedding| embedding.values));
        batch.iter().for_each(|_| step());
    }
    if let Some(file) = file {
        save(&file, &vectors);
    }
    Ok(vectors)
}

fn key(embedder: &dyn Embedder, texts: &[String]) -> String {
    let mut hash = Sha256::new();
    hash.update(embedder.model().0.as_bytes());
    for text in texts {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

fn load(file: &Path, count: usize, dimensions: usize) -> Option<Vec<Vec<f32>>> {
    let bytes = fs::read(file).ok()?;
    if dimensions == 0 || bytes.len() != count * dimensions * 4 {
        return None;
    }
    let values: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
    Some(values.chunks_exact(dimensions).map(<[f32]>::to_vec).collect())
}

/// Written under another name first, so that a killed run leaves no half file.
fn save(file: &Path, vectors: &[Vec<f32>]) {
    let bytes: Vec<u8> = vectors.iter().flatten().flat_map(|value| value.to_le_bytes()).collect();
    let draft = file.with_extension("part");
    let written = file.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&draft, bytes));
    if written.and_then(|()| fs::rename(&draft, file)).is_err() {
        // The next run computes them again.
        let _ = fs::remove_file(&draft);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::searcher::tests::Letters;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn the_second_run_asks_no_model() {
        let dir = tempfile::tempdir().unwrap();
        let texts: Vec<String> = (0..100).map(|i| format!("text {i}")).collect();
        let model = Letters::default();
        let steps = AtomicUsize::new(0);
        let step = || {
            steps.fetch_add(1, Ordering::Relaxed);
        };
        let first = embed_passages(&model, &texts, Some(dir.path()), &step).await.unwrap();
        let calls = model.calls.load(Ordering::Relaxed);
        assert_eq!((calls, steps.load(Ordering::Relaxed)), (2, 100));
        assert_eq!(embed_passages(&model, &texts, Some(dir.path()), &step).await.unwrap(), first);
        assert_eq!(model.calls.load(Ordering::Relaxed), calls);
        // Another list is another key, and a cut file is not believed.
        assert_eq!(embed_passages(&model, &texts[1..], Some(dir.path()), &step).await.unwrap(), first[1..]);
        let file = fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap().path();
        fs::write(&file, [0; 7]).unwrap();
        assert_eq!(embed_passages(&model, &texts, Some(dir.path()), &step).await.unwrap(), first);
    }
}
