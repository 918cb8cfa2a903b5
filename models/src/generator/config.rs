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
        Ok(Self {
            layers,
            hidden,
            feed_forward,
            heads: Heads { query, key_value, size },
            epsilon,
            vocabulary,
            context,
            rope,
        })
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
            Architecture::Qwen2 | Architecture::Qwen3 | Architecture::Lfm2 => Pairs::Halves,
        };
        let base = gguf.float(&gguf.own("rope.freq_base"))?.unwrap_or(10_000.0);
        Ok(Self { base, values, factor, pairs })
    }
}
