//! An embedder without a model: texts that share words have similar vectors.

use engine::ports::{Embedder, Embedding, ModelError, ModelId};
use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

/// A bag of hashed words. The same text always has the same vector, on every machine.
pub struct FakeEmbedder {
    model: ModelId,
    dimensions: usize,
    /// How long a passage takes.
    delay: Duration,
    /// Texts that contain it are refused.
    poison: Option<String>,
    /// How many calls to answer with [`ModelError::Overloaded`] first.
    overloaded: AtomicUsize,
    embedded: AtomicUsize,
}

impl FakeEmbedder {
    pub fn new(model: &str, dimensions: usize) -> Self {
        Self {
            model: ModelId(model.into()),
            dimensions,
            delay: Duration::ZERO,
            poison: None,
            overloaded: AtomicUsize::new(0),
            embedded: AtomicUsize::new(0),
        }
    }

    pub fn slow(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    pub fn refusing(mut self, word: &str) -> Self {
        self.poison = Some(word.into());
        self
    }

    pub fn overloaded_at_first(self, calls: usize) -> Self {
        self.overloaded.store(calls, Ordering::Relaxed);
        self
    }

    /// Passages that were embedded so far.
    pub fn embedded(&self) -> usize {
        self.embedded.load(Ordering::Relaxed)
    }

    fn vector(&self, text: &str) -> Embedding {
        let mut values = vec![0.0f32; self.dimensions];
        let words = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
        for word in words {
            let mut hasher = DefaultHasher::new();
            word.to_lowercase().hash(&mut hasher);
            let hash = hasher.finish();
            let sign = if hash & 1 == 0 { 1.0 } else { -1.0 };
            values[(hash >> 1) as usize % self.dimensions] += sign;
        }
        let length = values.iter().map(|value| value * value).sum::<f32>().sqrt();
        if length == 0.0 {
            values[0] = 1.0;
        } else {
            values.iter_mut().for_each(|value| *value /= length);
        }
        Embedding { values, model: self.model.clone() }
    }
}

#[tonic::async_trait]
impl Embedder for FakeEmbedder {
    fn model(&self) -> &ModelId {
        &self.model
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    async fn embed_query(&self, text: &str) -> Result<Embedding, ModelError> {
        Ok(self.vector(text))
    }

    async fn embed_passages(&self, texts: &[String]) -> Result<Vec<Embedding>, ModelError> {
        let take = |left: usize| left.checked_sub(1);
        if self.overloaded.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok() {
            return Err(ModelError::Overloaded);
        }
        if let Some(poison) = &self.poison
            && texts.iter().any(|text| text.contains(poison.as_str()))
        {
            return Err(ModelError::Failed("the fake refuses this text".into()));
        }
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay * texts.len() as u32).await;
        }
        self.embedded.fetch_add(texts.len(), Ordering::Relaxed);
        Ok(texts.iter().map(|text| self.vector(text)).collect())
    }
}
