//! Text to vectors, on a thread of its own. Questions go before passages that are being indexed.

use crate::{
    catalog::Entry,
    encoder::{Encoder, EncoderConfig, LoadError},
    interaction::Words,
    tokenizer::Tokens,
    weights::PulledModel,
    worker::Worker,
};
use async_trait::async_trait;
use engine::ports::{Embedder, Embedding, ModelError, ModelId};
use std::{
    collections::VecDeque,
    sync::{Arc, mpsc},
};
use tokio::sync::oneshot;

/// An encoder of the BERT family. Whoever holds a handle shares the thread and the weights.
pub struct BertEmbedder {
    model: ModelId,
    dimensions: usize,
    worker: Worker<Job>,
}

type Reply<T> = oneshot::Sender<Result<T, ModelError>>;

pub(crate) enum Job {
    Urgent(Urgent),
    Passages { texts: Vec<String>, reply: Reply<Vec<Vec<f32>>> },
}

/// Somebody waits for these.
pub(crate) enum Urgent {
    Query { text: String, reply: Reply<Vec<f32>> },
    Interaction { query: String, passages: Vec<String>, reply: Reply<Vec<f32>> },
}

impl BertEmbedder {
    /// Reads the weights and starts the thread. Blocks for as long as reading takes.
    pub fn load(entry: &Entry, files: &PulledModel, config: EncoderConfig) -> Result<Arc<Self>, LoadError> {
        let (encoder, _) = Encoder::load(entry, files, config, "an embedder")?;
        let dimensions = encoder.bert.shape().hidden;
        let thread = Thread { encoder, urgent: VecDeque::new(), bulk: VecDeque::new() };
        let worker = Worker::spawn(&entry.name, config.queue, thread, Thread::run)
            .map_err(|error| LoadError::Threads { model: entry.name.clone(), reason: error.to_string() })?;
        Ok(Arc::new(Self { model: files.id.clone(), dimensions, worker }))
    }

    pub(crate) async fn ask<T>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Result<T, ModelError> {
        let (reply, answer) = oneshot::channel();
        self.worker.submit(job(reply))?;
        answer.await.map_err(|_| ModelError::Failed("the model's thread has ended".into()))?
    }

    fn embedding(&self, values: Vec<f32>) -> Embedding {
        Embedding { values, model: self.model.clone() }
    }
}

#[async_trait]
impl Embedder for BertEmbedder {
    fn model(&self) -> &ModelId {
        &self.model
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    async fn embed_query(&self, text: &str) -> Result<Embedding, ModelError> {
        let text = text.to_owned();
        let values = self.ask(|reply| Job::Urgent(Urgent::Query { text, reply })).await?;
        Ok(self.embedding(values))
    }

    async fn embed_passages(&self, texts: &[String]) -> Result<Vec<Embedding>, ModelError> {
        let texts = texts.to_vec();
        let vectors = self.ask(|reply| Job::Passages { texts, reply }).await?;
        Ok(vectors.into_iter().map(|values| self.embedding(values)).collect())
    }
}

/// What lives on the thread.
struct Thread {
    encoder: Encoder,
    urgent: VecDeque<Urgent>,
    bulk: VecDeque<Bulk>,
}

/// Passages that are embedded a batch at a time.
struct Bulk {
    texts: Vec<String>,
    vectors: Vec<Vec<f32>>,
    reply: Reply<Vec<Vec<f32>>>,
}

impl Thread {
    fn run(&mut self, first: Job, queue: &mpsc::Receiver<Job>) {
        self.accept(first);
        loop {
            // What is taken out of the queue makes room in it: no more than fits twice.
            while self.urgent.len() + self.bulk.len() < self.encoder.config.queue
                && let Ok(job) = queue.try_recv()
            {
                self.accept(job);
            }
            if let Some(job) = self.urgent.pop_front() {
                self.serve(job);
            } else if let Some(bulk) = self.bulk.pop_front() {
                self.go_on(bulk);
            } else {
                return;
            }
        }
    }

    fn accept(&mut self, job: Job) {
        match job {
            Job::Passages { texts, reply } => {
                let vectors = Vec::with_capacity(texts.len());
                self.bulk.push_back(Bulk { texts, vectors, reply });
            }
            Job::Urgent(urgent) => self.urgent.push_back(urgent),
        }
    }

    /// A job whose asker has left is dropped; an asker who leaves meanwhile is not an error.
    fn serve(&self, job: Urgent) {
        match job {
            Urgent::Query { text, reply } => {
                if !reply.is_closed() {
                    drop(reply.send(self.query(&text)));
                }
            }
            Urgent::Interaction { query, passages, reply } => {
                if !reply.is_closed() {
                    drop(reply.send(self.interaction(&query, &passages)));
                }
            }
        }
    }

    /// One batch, and then to the end of the line.
    fn go_on(&mut self, mut bulk: Bulk) {
        if bulk.reply.is_closed() {
            return;
        }
        match self.next_batch(&bulk) {
            Err(error) => return drop(bulk.reply.send(Err(error))),
            Ok(batch) => bulk.vectors.extend(self.embed(&batch)),
        }
        if bulk.vectors.len() == bulk.texts.len() {
            drop(bulk.reply.send(Ok(bulk.vectors)));
        } else {
            self.bulk.push_back(bulk);
        }
    }

    /// The next texts that fill every thread once.
    fn next_batch(&self, bulk: &Bulk) -> Result<Vec<Tokens>, ModelError> {
        let room = self.encoder.config.batch_tokens * self.encoder.config.threads.max(1);
        let (mut batch, mut tokens) = (Vec::new(), 0);
        for text in &bulk.texts[bulk.vectors.len()..] {
            let text = self.passage(text)?;
            tokens += text.len();
            if tokens > room && !batch.is_empty() {
                break;
            }
            batch.push(text);
        }
        Ok(batch)
    }

    fn embed(&self, texts: &[Tokens]) -> Vec<Vec<f32>> {
        let rules = &self.encoder.rules;
        self.encoder.run(texts, |vectors, index, _| vectors.pooled(index, rules.pooling, rules.normalize))
    }

    fn query(&self, text: &str) -> Result<Vec<f32>, ModelError> {
        let text = self.question(text)?;
        self.embed(&[text]).pop().ok_or_else(|| ModelError::Failed("no vector came out".into()))
    }

    fn interaction(&self, query: &str, passages: &[String]) -> Result<Vec<f32>, ModelError> {
        let mut texts = vec![self.question(query)?];
        for passage in passages {
            texts.push(self.passage(passage)?);
        }
        let words = self.encoder.run(&texts, Words::of);
        Ok(words[1..].iter().map(|passage| words[0].score(passage)).collect())
    }

    fn question(&self, text: &str) -> Result<Tokens, ModelError> {
        self.encoder.tokenizer.one(&format!("{}{text}", self.encoder.rules.query_prefix))
    }

    fn passage(&self, text: &str) -> Result<Tokens, ModelError> {
        self.encoder.tokenizer.one(&format!("{}{text}", self.encoder.rules.passage_prefix))
    }
}
