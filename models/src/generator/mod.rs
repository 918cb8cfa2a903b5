//! Answers written token by token, from one GGUF file, on the CPU.
//!
//! `model.rs` turns tokens into the weights of the next one, `decoder.rs` is the network, `kernels` its arithmetic.

mod attention;
mod bpe;
mod config;
mod decoder;
mod error;
mod gguf;
mod kernels;
mod kv_cache;
mod matrix;
mod model;
mod requant;
mod rope;
mod sampler;
mod specials;
mod spm;
mod stream;
mod team;
mod template;
mod tokenizer;

pub use error::LoadError;
pub use model::Model;
pub use template::ChatTemplate;
pub use tokenizer::{GgufTokenizer, Part};

use crate::worker::Worker;
use async_trait::async_trait;
use engine::{
    ports::{Generated, Generator, ModelError, ModelId, Piece},
    prompt::{Prompt, Sampling},
};
use gguf::Gguf;
use sampler::Sampler;
use std::{path::Path, sync::Arc, time::Instant};
use stream::{LoopGuard, Step, TextStream};
use tokio::sync::mpsc;

/// How a generator runs. `standard` is what the measurements in docs/performance.md speak for.
#[derive(Clone, Debug)]
pub struct GeneratorConfig {
    /// Threads that work on one token together; more than there are cores makes it slower.
    pub threads: usize,
    /// Prompts that may wait.
    pub queue: usize,
    /// Tokens of prompt and answer together, at most what the model was trained for.
    pub context_tokens: usize,
    /// Prompts whose keys and values are kept, so that a prompt that begins like one of them is read faster.
    pub cached_prompts: usize,
    /// Leaves every product to candle: the reference that our kernels are measured against.
    pub plain_matrices: bool,
}

impl GeneratorConfig {
    pub fn standard(threads: usize) -> Self {
        Self { threads, queue: 8, context_tokens: 4096, cached_prompts: 2, plain_matrices: false }
    }

    fn check(&self) -> Result<(), LoadError> {
        for (field, found) in [
            ("threads", self.threads),
            ("context_tokens", self.context_tokens),
            ("cached_prompts", self.cached_prompts),
        ] {
            if found == 0 {
                return Err(LoadError::Config { field, found, must: "1 or more".into() });
            }
        }
        Ok(())
    }
}

/// A GGUF model on its own thread.
pub struct GgufGenerator {
    model: ModelId,
    tokenizer: Arc<GgufTokenizer>,
    template: ChatTemplate,
    context: usize,
    worker: Worker<Job>,
}

struct Job {
    prompt: Vec<u32>,
    max_tokens: usize,
    sampling: Sampling,
    stop: Vec<String>,
    out: mpsc::Sender<Result<Piece, ModelError>>,
}

impl GgufGenerator {
    /// Reads the weights, which takes seconds for each gigabyte. `model` is the catalogue's name of them.
    pub fn load(model: ModelId, path: &Path, config: &GeneratorConfig) -> Result<Arc<dyn Generator>, LoadError> {
        let started = Instant::now();
        let mut gguf = Gguf::open(path)?;
        let tokenizer = Arc::new(GgufTokenizer::read(&gguf)?);
        let template = ChatTemplate::read(&gguf)?;
        let weights = Model::from_gguf(&mut gguf, config)?;
        let context = weights.context();
        tracing::info!(
            model.id = %model,
            model.bytes = weights.weight_bytes(),
            threads = config.threads,
            duration_ms = started.elapsed().as_millis() as u64,
            "generator loaded"
        );
        let words = tokenizer.clone();
        let worker = Worker::spawn("generator", config.queue, weights, move |weights, job: Job, _| {
            run(weights, &words, job);
        })
        .map_err(LoadError::Thread)?;
        Ok(Arc::new(Self { model, tokenizer, template, context, worker }))
    }
}

#[async_trait]
impl Generator for GgufGenerator {
    fn model(&self) -> &ModelId {
        &self.model
    }

    async fn generate(&self, prompt: Prompt) -> Result<mpsc::Receiver<Result<Piece, ModelError>>, ModelError> {
        let ids = self.template.encode(&prompt, &self.tokenizer)?;
        let limit = self.context.saturating_sub(prompt.max_tokens);
        if ids.len() > limit {
            return Err(ModelError::InputTooLong { tokens: ids.len(), limit });
        }
        // Room for every piece, so that a slow reader never holds the model up.
        let (out, pieces) = mpsc::channel(prompt.max_tokens + 2);
        let Prompt { max_tokens, sampling, stop, .. } = prompt;
        self.worker.submit(Job { prompt: ids, max_tokens, sampling, stop, out })?;
        Ok(pieces)
    }
}

fn run(model: &mut Model, tokenizer: &GgufTokenizer, job: Job) {
    // Whoever asked has gone while the job waited.
    if job.out.is_closed() {
        return;
    }
    let last = match write(model, tokenizer, &job) {
        Ok(Some(generated)) => Ok(Piece::End(generated)),
        Ok(None) => return,
        Err(error) => Err(ModelError::Failed(error.to_string())),
    };
    // A closed channel has nobody to tell.
    let _ = job.out.try_send(last);
}

/// `None` when the reader has gone.
fn write(model: &mut Model, tokenizer: &GgufTokenizer, job: &Job) -> candle_core::Result<Option<Generated>> {
    let started = Instant::now();
    let cached_tokens = model.begin(&job.prompt);
    let mut generated = Generated { prompt_tokens: job.prompt.len(), cached_tokens, ..Generated::default() };
    if job.prompt.is_empty() {
        candle_core::bail!("the chat template gave no tokens");
    }
    let mut sampler = Sampler::new(job.sampling);
    let mut stream = TextStream::new(&job.stop);
    let mut guard = LoopGuard::default();
    // The last piece goes together with the question for the next token.
    let unread = &job.prompt[cached_tokens..];
    let whole = unread.len().saturating_sub(1) / model.piece() * model.piece();
    for piece in unread[..whole].chunks(model.piece()) {
        if job.out.is_closed() {
            return Ok(None);
        }
        model.read(piece)?;
    }
    let mut input = unread[whole..].to_vec();
    let mut decoding = None;
    let send = |text: String| text.is_empty() || job.out.try_send(Ok(Piece::Text(text))).is_ok();
    while generated.generated_tokens < job.max_tokens {
        if job.out.is_closed() {
            return Ok(None);
        }
        let Some(token) = sampler.next(model.next(&input)?) else {
            candle_core::bail!("its numbers are not finite; the file may be broken");
        };
        if decoding.is_none() {
            generated.prefill_ms = started.elapsed().as_millis() as u64;
            decoding = Some(Instant::now());
        }
        input.clear();
        input.push(token);
        if tokenizer.ends(token) {
            break;
        }
        generated.generated_tokens += 1;
        match stream.push(tokenizer.bytes(token)) {
            Step::Text(text) => {
                if !send(text) {
                    return Ok(None);
                }
            }
            Step::Stop(text) => {
                send(text);
                generated.decode_ms = milliseconds(decoding);
                return Ok(Some(generated));
            }
        }
        if guard.circles(token) || generated.generated_tokens == job.max_tokens {
            generated.truncated = true;
            break;
        }
    }
    send(stream.finish());
    generated.decode_ms = milliseconds(decoding);
    Ok(Some(generated))
}

fn milliseconds(since: Option<Instant>) -> u64 {
    since.map_or(0, |since| since.elapsed().as_millis() as u64)
}
