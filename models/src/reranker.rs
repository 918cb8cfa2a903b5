//! How well a passage answers a question: by a cross-encoder, or by what the embedder already has in memory.

use crate::{
    bert::{BertError, Tensors, TokenVectors},
    catalog::Entry,
    embedder::{BertEmbedder, Job, Urgent},
    encoder::{Encoder, EncoderConfig, LoadError},
    kernels::dot,
    tokenizer::Tokens,
    weights::PulledModel,
    worker::Worker,
};
use async_trait::async_trait;
use engine::ports::{Embedder, ModelError, ModelId, Reranker};
use std::sync::Arc;
use tokio::sync::oneshot;

/// Token vectors of the embedder, compared word by word. Shares its thread and weights: no memory of its own.
/// Scores are mean cosines, -1 to 1.
#[derive(Clone)]
pub struct LateInteraction {
    embedder: Arc<BertEmbedder>,
}

impl LateInteraction {
    pub fn new(embedder: Arc<BertEmbedder>) -> Self {
        Self { embedder }
    }
}

#[async_trait]
impl Reranker for LateInteraction {
    fn model(&self) -> &ModelId {
        self.embedder.model()
    }

    async fn score(&self, query: &str, passages: &[String]) -> Result<Vec<f32>, ModelError> {
        let (query, passages) = (query.to_owned(), passages.to_vec());
        self.embedder.ask(|reply| Job::Urgent(Urgent::Interaction { query, passages, reply })).await
    }
}

/// A BERT or XLM-R classifier with one label that reads question and passage together. Scores are raw logits.
pub struct CrossEncoder {
    model: ModelId,
    worker: Worker<Pairs>,
}

struct Pairs {
    query: String,
    passages: Vec<String>,
    reply: oneshot::Sender<Result<Vec<f32>, ModelError>>,
}

impl CrossEncoder {
    /// Reads the weights and starts the thread. Blocks for as long as reading takes.
    pub fn load(entry: &Entry, files: &PulledModel, config: EncoderConfig) -> Result<Arc<Self>, LoadError> {
        let (encoder, tensors) = Encoder::load(entry, files, config, "a reranker")?;
        let head = Head::load(&tensors, encoder.bert.shape().hidden)?;
        let worker = Worker::spawn(&entry.name, config.queue, (encoder, head), |(encoder, head), job: Pairs, _| {
            if !job.reply.is_closed() {
                // An asker who left in the meantime is not an error.
                drop(job.reply.send(score(encoder, head, &job.query, &job.passages)));
            }
        })
        .map_err(|error| LoadError::Threads { model: entry.name.clone(), reason: error.to_string() })?;
        Ok(Arc::new(Self { model: files.id.clone(), worker }))
    }
}

#[async_trait]
impl Reranker for CrossEncoder {
    fn model(&self) -> &ModelId {
        &self.model
    }

    async fn score(&self, query: &str, passages: &[String]) -> Result<Vec<f32>, ModelError> {
        let (reply, answer) = oneshot::channel();
        self.worker.submit(Pairs { query: query.to_owned(), passages: passages.to_vec(), reply })?;
        answer.await.map_err(|_| ModelError::Failed("the model's thread has ended".into()))?
    }
}

fn score(encoder: &Encoder, head: &Head, query: &str, passages: &[String]) -> Result<Vec<f32>, ModelError> {
    let pairs: Vec<Tokens> =
        passages.iter().map(|passage| encoder.tokenizer.pair(query, passage)).collect::<Result<_, _>>()?;
    Ok(encoder.run(&pairs, |vectors, index, _| head.logit(vectors, index)))
}

/// Dense, tanh, one output: over the first token.
struct Head {
    dense: Vec<f32>,
    dense_bias: Vec<f32>,
    out: Vec<f32>,
    out_bias: f32,
}

impl Head {
    fn load(tensors: &Tensors, hidden: usize) -> Result<Self, BertError> {
        // XLM-R keeps both inside its classifier, BERT has a pooler and a classifier of one layer.
        let (dense, out) = if tensors.has("classifier.out_proj.weight") {
            ("classifier.dense".to_owned(), "classifier.out_proj")
        } else {
            (format!("{}pooler.dense", tensors.prefix()), "classifier")
        };
        Ok(Self {
            dense: tensors.take(&format!("{dense}.weight"), &[hidden, hidden])?,
            dense_bias: tensors.take(&format!("{dense}.bias"), &[hidden])?,
            out: tensors.take(&format!("{out}.weight"), &[1, hidden])?,
            out_bias: tensors.take(&format!("{out}.bias"), &[1])?[0],
        })
    }

    fn logit(&self, vectors: &TokenVectors, index: usize) -> f32 {
        let first = &vectors.text(index)[..vectors.width()];
        let rows = self.dense.chunks_exact(first.len()).zip(&self.dense_bias);
        let pooled: Vec<f32> = rows.map(|(row, bias)| (dot(row, first) + bias).tanh()).collect();
        dot(&pooled, &self.out) + self.out_bias
    }
}
