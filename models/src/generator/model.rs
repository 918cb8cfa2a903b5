//! A decoder with its memory of earlier prompts: ours, or candle's for lfm2.

use super::{
    GeneratorConfig,
    config::DecoderConfig,
    decoder::Decoder,
    error::LoadError,
    gguf::{Architecture, Gguf},
    kv_cache::{KvCache, Slot},
    team::Team,
};
use candle_core::{DType, Device, IndexOp, Result, Tensor};
use candle_transformers::models::quantized_lfm2::ModelWeights as Lfm2;
use std::path::Path;

/// The weights of a generator, ready to run. It works on the thread that calls it, and on `threads - 1` of its own.
pub struct Model {
    backend: Backend,
    context: usize,
    logits: Vec<f32>,
}

enum Backend {
    Ours {
        decoder: Box<Decoder>,
        cache: KvCache,
        slot: usize,
    },
    /// Candle's model cannot take back what it has read, so every prompt starts anew.
    Lfm2 {
        model: Box<Lfm2>,
        position: usize,
    },
}

impl Model {
    pub fn load(path: &Path, config: &GeneratorConfig) -> std::result::Result<Self, LoadError> {
        Self::from_gguf(&mut Gguf::open(path)?, config)
    }

    pub(super) fn from_gguf(gguf: &mut Gguf, config: &GeneratorConfig) -> std::result::Result<Self, LoadError> {
        config.check()?;
        let context = config.context_tokens;
        let backend = match gguf.architecture {
            Architecture::Llama | Architecture::Qwen2 | Architecture::Qwen3 | Architecture::Gemma3 => {
                let sizes = DecoderConfig::read(gguf, context)?;
                let team = Team::new(config.threads).map_err(LoadError::Thread)?;
                let decoder = Box::new(Decoder::load(gguf, sizes, team, config.plain_matrices)?);
                let slots: Vec<Slot> = (0..config.cached_prompts).map(|_| decoder.slot(context)).collect();
                Backend::Ours { decoder, cache: KvCache::new(slots), slot: 0 }
            }
            Architecture::Lfm2 => Backend::Lfm2 { model: Box::new(lfm2(gguf, context)?), position: 0 },
        };
        Ok(Self { backend, context, logits: Vec::new() })
    }

    /// Tokens of prompt and answer together.
    pub fn context(&self) -> usize {
        self.context
    }

    /// Bytes of the matrices in memory; 0 where candle holds them.
    pub fn weight_bytes(&self) -> usize {
        match &self.backend {
            Backend::Ours { decoder, .. } => decoder.bytes(),
            Backend::Lfm2 { .. } => 0,
        }
    }

    /// Starts a prompt. Returns how many of its first tokens need not be read again.
    pub fn begin(&mut self, prompt: &[u32]) -> usize {
        match &mut self.backend {
            Backend::Ours { cache, slot, .. } => {
                *slot = cache.begin(prompt);
                cache.slot(*slot).tokens.len()
            }
            Backend::Lfm2 { position, .. } => {
                *position = 0;
                0
            }
        }
    }

    /// Forgets every prompt.
    pub fn forget(&mut self) {
        match &mut self.backend {
            Backend::Ours { cache, .. } => cache.clear(),
            Backend::Lfm2 { position, .. } => *position = 0,
        }
    }

    /// How many tokens `read` should be given at once.
    pub fn piece(&self) -> usize {
        match &self.backend {
            Backend::Ours { .. } => Decoder::PIECE,
            // Candle's convolutions see one prompt as a whole, and then single tokens.
            Backend::Lfm2 { .. } => self.context,
        }
    }

    /// Reads tokens whose successor is not asked for.
    pub fn read(&mut self, tokens: &[u32]) -> Result<()> {
        match &mut self.backend {
            Backend::Ours { decoder, cache, slot } => decoder.forward(cache.slot(*slot), tokens, None),
            Backend::Lfm2 { model, position } => {
                forward(model, tokens, *position)?;
                *position += tokens.len();
                Ok(())
            }
        }
    }

    /// Reads tokens and weighs every token of the vocabulary as their successor.
    pub fn next(&mut self, tokens: &[u32]) -> Result<&[f32]> {
        match &mut self.backend {
            Backend::Ours { decoder, cache, slot } => {
                decoder.forward(cache.slot(*slot), tokens, Some(&mut self.logits))?;
            }
            Backend::Lfm2 { model, position } => {
                self.logits = forward(model, tokens, *position)?;
                *position += tokens.len();
            }
        }
        Ok(&self.logits)
    }
}

fn lfm2(gguf: &Gguf, context: usize) -> std::result::Result<Lfm2, LoadError> {
    gguf.check_context(context)?;
    let mut again = Gguf::open(&gguf.path)?;
    Lfm2::from_gguf(again.content, &mut again.file, &Device::Cpu).map_err(|error| gguf.format_error(error))
}

fn forward(model: &mut Lfm2, tokens: &[u32], position: usize) -> Result<Vec<f32>> {
    let input = Tensor::new(tokens, &Device::Cpu)?.unsqueeze(0)?;
    model.forward(&input, position)?.i(0)?.to_dtype(DType::F32)?.to_vec1()
}
