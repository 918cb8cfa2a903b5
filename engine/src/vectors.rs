//! Vectors of texts that were seen before are kept: the same few passages answer most questions.

use crate::ports::{Embedder, ModelError};
use quick_cache::sync::Cache;
use std::sync::Arc;

/// Vectors by text.
pub(crate) type Vectors = Cache<String, Arc<[f32]>>;

/// One vector for each text, in the same order; only what is not known yet is embedded.
pub(crate) async fn vectors_of(
    embedder: &dyn Embedder,
    known: &Vectors,
    texts: &[String],
) -> Result<Vec<Arc<[f32]>>, ModelError> {
    let mut vectors: Vec<Option<Arc<[f32]>>> = texts.iter().map(|t| known.get(t)).collect();
    let unknown: Vec<usize> = (0..texts.len()).filter(|&i| vectors[i].is_none()).collect();
    if !unknown.is_empty() {
        let new: Vec<String> = unknown.iter().map(|&i| texts[i].clone()).collect();
        for (i, vector) in unknown.into_iter().zip(embedder.embed_passages(&new).await?) {
            let vector: Arc<[f32]> = vector.values.into();
            known.insert(texts[i].clone(), vector.clone());
            vectors[i] = Some(vector);
        }
    }
    let whole: Option<Vec<_>> = vectors.into_iter().collect();
    whole.ok_or_else(|| ModelError::Failed("the embedder returned fewer vectors than it was given texts".into()))
}

pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
