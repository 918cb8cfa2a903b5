//! A decoder with its memory of earlier prompts: ours, or one of candle's.

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
use candle_transformers::models::{quantized_gemma3, quantized_lfm2};
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
    /// Candle's models cannot take back what they have read, so every prompt starts anew.
    Candle {
        model: CandleModel,
        position: usize,
    },
}

enum CandleModel {
    Gemma3(quantized_gemma3::ModelWeights),
    Lfm2(quantized_lfm2::ModelWeights),
}

impl Model {
    pub fn load(path: &Path, config: &GeneratorConfig) -> std::result::Result<Self, LoadError> {
        Self::from_gguf(&mut Gguf::open(path)?, config)
    }

    pub(super) fn from_gguf(gguf: &mut Gguf, config: &GeneratorConfig) -> std::result::Result<Self, LoadError> {
        config.check()?;
        let context = config.context_tokens;
        let backend = match gguf.architecture {
            Architecture::Llama | Architecture::Qwen2 | Architecture::Qwen3 => {
                let sizes = DecoderConfig::read(gguf, context)?;
                let team = Team::new(config.threads).map_err(LoadError::Thread)?;
                let decoder = Box::new(Decoder::load(gguf, sizes, team, config.plain_matrices)?);
                let slots: Vec<Slot> = (0..config.cached_prompts).map(|_| decoder.slot(context)).collect();
                Backend::Ours { decoder, cache: KvCache::new(slots), slot: 0 }
            }
            Architecture::Gemma3 | Architecture::Lfm2 => {
                Backend::Candle { model: CandleModel::load(gguf)?, position: 0 }
            }
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
            Backend::Candle { .. } => 0,
        }
    }

    /// Starts a prompt. Returns how many of its first tokens need not be read again.
    pub fn begin(&mut self, prompt: &[u32]) -> usize {
        match &mut self.backend {
            Backend::Ours { cache, slot, .. } => {
                *slot = cache.begin(prompt);
                cache.slot(*slot).tokens.len()
            }
            Backend::Candle { position, .. } => {
                *position = 0;
                0
            }
        }
    }

    /// Forgets every prompt.
    pub fn forget(&mut self) {
        match &mut self.backend {
            Backend::Ours { cache, .. } => cache.clear(),
            Backend::Candle { position, .. } => *position = 0,
        }
    }

    /// How many tokens `read` should be given at once.
    pub fn piece(&self) -> usize {
        match &self.backend {
            Backend::Ours { .. } => Decoder::PIECE,
            // Candle's gemma3 and lfm2 read a prompt as a whole.
            Backend::Candle { .. } => self.context,
        }
    }

    /// Reads tokens whose successor is not asked for.
    pub fn read(&mut self, tokens: &[u32]) -> Result<()> {
        match &mut self.backend {
            Backend::Ours { decoder, cache, slot } => decoder.forward(cache.slot(*slot), tokens, None),
            Backend::Candle { model, position } => {
                model.forward(tokens, *position)?;
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
            Backend::Candle { model, position } => {
                self.logits = model.forward(tokens, *position)?;
                *position += tokens.len();
            }
        }
        Ok(&self.logits)
    }
}

impl CandleModel {
    fn load(gguf: &mut Gguf) -> std::result::Result<Self, LoadError> {
        let architecture = gguf.architecture;
        let mut again = Gguf::open(&gguf.path)?;
        let model = match architecture {
            Architecture::Gemma3 => {
                quantized_gemma3::ModelWeights::from_gguf(again.content, &mut again.file, &Device::Cpu)
                    .map(Self::Gemma3)
            }
            Architecture::Lfm2 | Architecture::Llama | Architecture::Qwen2 | Architecture::Qwen3 => {
                quantized_lfm2::ModelWeights::from_gguf(again.content, &mut again.file, &Device::Cpu).map(Self::Lfm2)
            }
        };
        model.map_err(|error| gguf.format_error(error))
    }

    fn forward(&mut self, tokens: &[u32], position: usize) -> Result<Vec<f32>> {
        let input = Tensor::new(tokens, &Device::Cpu)?.unsqueeze(0)?;
        let logits = match self {
            Self::Gemma3(model) => model.forward(&input, position)?,
            Self::Lfm2(model) => model.forward(&input, position)?,
        };
        logits.i(0)?.to_dtype(DType::F32)?.to_vec1()
    }
}
