//! The sizes of a decoder, from the metadata of its file.

use super::{
    attention::Heads,
    error::LoadError,
    gguf::{Architecture, Gguf},
};

#[derive(Clone, Debug)]
pub struct DecoderConfig {
    pub layers: usize,
    pub hidden: usize,
    pub feed_forward: usize,
    pub heads: Heads,
    pub epsilon: f32,
    pub vocabulary: usize,
    /// Tokens that this instance makes room for.
    pub context: usize,
    pub rope: RopeConfig,
    /// Embeddings are multiplied by this.
    pub embedding_scale: f32,
    pub gate: Gate,
    /// Whether what attention and feed-forward add has a norm of its own.
    pub norms_after: bool,
    /// `None` if every layer sees every token.
    pub sliding: Option<Sliding>,
}

/// What the gate of the feed-forward goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    Silu,
    /// GELU in its form with a tanh.
    Gelu,
}

/// Layers that see only the last tokens, which they count with a rotary base of their own.
#[derive(Clone, Copy, Debug)]
pub struct Sliding {
    /// Tokens that such a layer sees, with the one that asks.
    pub window: usize,
    /// Of so many layers, the last one sees every token.
    pub period: usize,
    pub rope: RopeConfig,
}

impl Sliding {
    pub fn covers(&self, layer: usize) -> bool {
        !(layer + 1).is_multiple_of(self.period)
    }
}

#[derive(Clone, Copy, Debug)]
pub struct RopeConfig {
    pub base: f32,
    /// Values of a head that are turned, from the first.
    pub values: usize,
    /// Positions are divided by this.
    pub factor: f32,
    pub pairs: Pairs,
}

/// Which two values are turned together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairs {
    /// Neighbours: the converter of llama files reorders the rows of query and key so.
    Neighbours,
    /// One of the first half with one of the second half.
    Halves,
}

impl DecoderConfig {
    pub fn read(gguf: &Gguf, context: usize) -> Result<Self, LoadError> {
        let int = |field: &str| gguf.required_int(&gguf.own(field));
        let hidden = int("embedding_length")?;
        let query = int("attention.head_count")?;
        let key_value = gguf.int(&gguf.own("attention.head_count_kv"))?.unwrap_or(query);
        if query == 0 || key_value == 0 || !query.is_multiple_of(key_value) {
            return Err(gguf.format_error(format!("{query} query heads cannot share {key_value} key heads")));
        }
        let size = gguf.int(&gguf.own("attention.key_length"))?.unwrap_or(hidden / query);
        let value_size = gguf.int(&gguf.own("attention.value_length"))?.unwrap_or(size);
        if value_size != size {
            return Err(gguf.unsupported(&gguf.own("attention.value_length"), value_size, "the same as key_length"));
        }
        if let Some(experts) = gguf.int(&gguf.own("expert_count"))?.filter(|experts| *experts > 0) {
            return Err(gguf.unsupported(&gguf.own("expert_count"), experts, "dense models only"));
        }
        let layers = int("block_count")?;
        let feed_forward = int("feed_forward_length")?;
        let vocabulary = match gguf.content.tensor_infos.get("token_embd.weight").map(|info| info.shape.dims()) {
            Some([vocabulary, _]) => *vocabulary,
            _ => return Err(gguf.missing("token_embd.weight")),
        };
        if [layers, hidden, feed_forward, size, vocabulary].contains(&0) {
            return Err(gguf.format_error("a size in its metadata is 0"));
        }
        let epsilon = gguf.own("attention.layer_norm_rms_epsilon");
        let epsilon = gguf.float(&epsilon)?.ok_or_else(|| gguf.missing(&epsilon))?;
        gguf.check_context(context)?;
        let rope = RopeConfig::read(gguf, size)?;
        let gemma = gguf.architecture == Architecture::Gemma3;
        // The 27B scales its queries by another number than the size of a head; these are its layers.
        if gemma && layers == 62 {
            return Err(gguf.unsupported(&gguf.own("block_count"), layers, "gemma3 up to 12B"));
        }
        Ok(Self {
            layers,
            hidden,
            feed_forward,
            heads: Heads { query, key_value, size },
            epsilon,
            vocabulary,
            context,
            rope,
            embedding_scale: if gemma { (hidden as f32).sqrt() } else { 1.0 },
            gate: if gemma { Gate::Gelu } else { Gate::Silu },
            norms_after: gemma,
            sliding: if gemma { Some(Sliding::read(gguf, rope)?) } else { None },
        })
    }
}

impl Sliding {
    fn read(gguf: &Gguf, everywhere: RopeConfig) -> Result<Self, LoadError> {
        let window = gguf.required_int(&gguf.own("attention.sliding_window"))?;
        let period = gguf.int(&gguf.own("attention.sliding_window_pattern"))?.unwrap_or(6);
        if window == 0 || period == 0 {
            return Err(gguf.format_error("its sliding window or the pattern of it is 0"));
        }
        let base = gguf.float(&gguf.own("rope.freq_base_swa"))?.unwrap_or(10_000.0);
        Ok(Self { window, period, rope: RopeConfig { base, factor: 1.0, ..everywhere } })
    }
}

impl RopeConfig {
    fn read(gguf: &Gguf, size: usize) -> Result<Self, LoadError> {
        let field = gguf.own("rope.scaling.type");
        let factor = match gguf.text(&field) {
            None | Some("none") => 1.0,
            Some("linear") => gguf.float(&gguf.own("rope.scaling.factor"))?.unwrap_or(1.0),
            Some(other) => return Err(gguf.unsupported(&field, other, "none, linear")),
        };
        let values = gguf.int(&gguf.own("rope.dimension_count"))?.unwrap_or(size);
        if values > size || !values.is_multiple_of(2) {
            return Err(gguf.unsupported(&gguf.own("rope.dimension_count"), values, "even, at most the head's size"));
        }
        let pairs = match gguf.architecture {
            Architecture::Llama => Pairs::Neighbours,
            Architecture::Qwen2 | Architecture::Qwen3 | Architecture::Gemma3 | Architecture::Lfm2 => Pairs::Halves,
        };
        let usual = if gguf.architecture == Architecture::Gemma3 { 1_000_000.0 } else { 10_000.0 };
        let base = gguf.float(&gguf.own("rope.freq_base"))?.unwrap_or(usual);
        Ok(Self { base, values, factor, pairs })
    }
}
