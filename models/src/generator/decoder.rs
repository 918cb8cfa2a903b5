//! The decoder of llama, qwen2, qwen3 and gemma3: RMS norms, rotary positions, grouped queries, a gated feed-forward.
//!
//! Candle's gemma3 for GGUF files takes SiLU for GELU and holds 128k positions for each layer, so it is not used.
//! Ours is held against candle's gemma3 for safetensors, and was compared with llama.cpp, on random weights; it was not
//! run on real weights.

use super::{
    attention::{self, Heads},
    config::{DecoderConfig, Gate},
    error::LoadError,
    gguf::Gguf,
    kernels::{Activations, Scale},
    kv_cache::Slot,
    matrix::Matrix,
    rope::Rope,
    team::{Shares, Team},
};
use candle_core::Result;

struct Layer {
    attention_norm: Vec<f32>,
    query: Projection,
    key: Projection,
    value: Projection,
    query_norm: Option<Vec<f32>>,
    key_norm: Option<Vec<f32>>,
    output: Matrix,
    attention_norm_after: Option<Vec<f32>>,
    feed_forward_norm: Vec<f32>,
    gate: Matrix,
    up: Matrix,
    down: Matrix,
    feed_forward_norm_after: Option<Vec<f32>>,
}

struct Projection {
    weight: Matrix,
    bias: Option<Vec<f32>>,
}

/// Weights, and the room in which one piece of a prompt is worked on.
pub struct Decoder {
    config: DecoderConfig,
    rope: Rope,
    sliding_rope: Option<Rope>,
    embeddings: Matrix,
    layers: Vec<Layer>,
    norm: Vec<f32>,
    /// Without one, the embeddings are the output too.
    output: Option<Matrix>,
    team: Team,
    work: Work,
}

/// Buffers for one piece of a prompt; `[token][...]` all of them.
#[derive(Default)]
struct Work {
    hidden: Vec<f32>,
    normed: Vec<f32>,
    query: Vec<f32>,
    key: Vec<f32>,
    value: Vec<f32>,
    attended: Vec<f32>,
    gate: Vec<f32>,
    up: Vec<f32>,
    added: Vec<f32>,
    inputs: Inputs,
}

/// The input of a product in every form that its matrices want.
#[derive(Default)]
struct Inputs {
    by_super: Activations,
    by_block: Activations,
}

impl Decoder {
    /// How many tokens go through the layers together: enough to use every unpacked weight often, few enough that
    /// their activations stay in the second cache and that a cancelled prompt ends soon.
    pub const PIECE: usize = 128;

    /// `plain` leaves every matrix to candle.
    pub fn load(
        gguf: &mut Gguf,
        config: DecoderConfig,
        mut team: Team,
        plain: bool,
    ) -> std::result::Result<Self, LoadError> {
        let rope = Rope::new(gguf, config.rope, config.context)?;
        let sliding_rope = config.sliding.map(|sliding| Rope::new(gguf, sliding.rope, config.context)).transpose()?;
        let mut load = Loader { gguf, team: &mut team, plain };
        let embeddings = load.matrix("token_embd.weight", config.vocabulary, config.hidden)?;
        let output = match load.gguf.has_tensor("output.weight") {
            true => Some(load.matrix("output.weight", config.vocabulary, config.hidden)?),
            false => None,
        };
        let norm = load.gguf.floats("output_norm.weight", config.hidden)?;
        let layers =
            (0..config.layers).map(|index| load.layer(index, &config)).collect::<std::result::Result<_, _>>()?;
        Ok(Self { rope, sliding_rope, embeddings, layers, norm, output, team, work: Work::default(), config })
    }

    /// Bytes of all matrices as they stand in memory.
    pub fn bytes(&self) -> usize {
        let layers = self.layers.iter().flat_map(|layer| {
            [
                &layer.query.weight,
                &layer.key.weight,
                &layer.value.weight,
                &layer.output,
                &layer.gate,
                &layer.up,
                &layer.down,
            ]
        });
        layers.chain([&self.embeddings]).chain(&self.output).map(Matrix::bytes).sum()
    }

    pub fn slot(&self, tokens: usize) -> Slot {
        Slot::new(self.config.layers, self.config.heads.key_value, self.config.heads.size, tokens)
    }

    /// Runs at most `PIECE` tokens after those of the slot, and puts them there. With `logits`, it receives one
    /// number for each entry of the vocabulary, for the token that follows the last one.
    pub fn forward(&mut self, slot: &mut Slot, tokens: &[u32], logits: Option<&mut Vec<f32>>) -> Result<()> {
        let Self { config, rope, sliding_rope, embeddings, layers, norm, output, team, work } = self;
        assert!(!tokens.is_empty() && tokens.len() <= Self::PIECE);
        let position = slot.tokens.len();
        let hidden = config.hidden;
        let mut count = tokens.len();
        work.reserve(config, count);
        for (token, row) in tokens.iter().zip(work.hidden.chunks_exact_mut(hidden)) {
            if *token as usize >= config.vocabulary {
                candle_core::bail!("the token {token} is not in the vocabulary of {}", config.vocabulary);
            }
            embeddings.row(*token as usize, row)?;
            if config.embedding_scale != 1.0 {
                row.iter_mut().for_each(|value| *value *= config.embedding_scale);
            }
        }
        let (heads, width) = (config.heads, config.heads.query * config.heads.size);
        let narrow = config.heads.key_value * config.heads.size;
        let last = layers.len() - 1;
        for (index, (layer, cache)) in layers.iter().zip(&mut slot.layers).enumerate() {
            let (rope, window) = match (config.sliding, &sliding_rope) {
                (Some(sliding), Some(rope)) if sliding.covers(index) => (rope, sliding.window),
                _ => (&*rope, usize::MAX),
            };
            norms(team, &work.hidden[..count * hidden], &layer.attention_norm, config.epsilon, &mut work.normed);
            work.inputs.set(
                team,
                &work.normed[..count * hidden],
                hidden,
                [&layer.query.weight, &layer.key.weight, &layer.value.weight],
            );
            layer.key.run(team, &work.normed[..count * hidden], &work.inputs, &mut work.key)?;
            layer.value.run(team, &work.normed[..count * hidden], &work.inputs, &mut work.value)?;
            for (at, (key, value)) in
                work.key.chunks_exact_mut(narrow).zip(work.value.chunks_exact(narrow)).take(count).enumerate()
            {
                rope.turn_heads(key, heads.size, position + at, layer.key_norm.as_deref(), config.epsilon);
                cache.put(position + at, key, value);
            }
            let mut first = position;
            if index == last {
                // Nothing after the keys and values of the last layer is needed but the last token's logits.
                if logits.is_none() {
                    break;
                }
                if count > 1 {
                    for rows in [&mut work.hidden, &mut work.normed] {
                        rows.copy_within((count - 1) * hidden..count * hidden, 0);
                    }
                    first += count - 1;
                    count = 1;
                    work.inputs.set(team, &work.normed[..hidden], hidden, [&layer.query.weight]);
                }
            }
            layer.query.run(team, &work.normed[..count * hidden], &work.inputs, &mut work.query)?;
            for (at, query) in work.query.chunks_exact_mut(width).take(count).enumerate() {
                rope.turn_heads(query, heads.size, first + at, layer.query_norm.as_deref(), config.epsilon);
            }
            attention::attend(team, heads, &work.query[..count * width], cache, first, window, &mut work.attended);
            work.inputs.set(team, &work.attended[..count * width], width, [&layer.output]);
            layer.output.run(team, &work.attended[..count * width], &work.inputs, &mut work.added)?;
            work.add(team, count * hidden, layer.attention_norm_after.as_deref(), config.epsilon);

            norms(team, &work.hidden[..count * hidden], &layer.feed_forward_norm, config.epsilon, &mut work.normed);
            work.inputs.set(team, &work.normed[..count * hidden], hidden, [&layer.gate, &layer.up]);
            layer.gate.run(team, &work.normed[..count * hidden], &work.inputs, &mut work.gate)?;
            layer.up.run(team, &work.normed[..count * hidden], &work.inputs, &mut work.up)?;
            let inner = count * config.feed_forward;
            gate(team, config.gate, &mut work.gate[..inner], &work.up[..inner]);
            work.inputs.set(team, &work.gate[..inner], config.feed_forward, [&layer.down]);
            layer.down.run(team, &work.gate[..inner], &work.inputs, &mut work.added)?;
            work.add(team, count * hidden, layer.feed_forward_norm_after.as_deref(), config.epsilon);
        }
        slot.tokens.extend_from_slice(tokens);
        if let Some(logits) = logits {
            norms(team, &work.hidden[..hidden], norm, config.epsilon, &mut work.normed);
            let output = output.as_ref().unwrap_or(embeddings);
            work.inputs.set(team, &work.normed[..hidden], hidden, [output]);
            logits.resize(config.vocabulary, 0.0);
            output.run(team, &work.normed[..hidden], &work.inputs, logits)?;
        }
        Ok(())
    }
}

impl Matrix {
    fn run(&self, team: &mut Team, floats: &[f32], inputs: &Inputs, out: &mut [f32]) -> Result<()> {
        let activations = match self.scale() {
            Some(Scale::Block) => &inputs.by_block,
            Some(Scale::Super) | None => &inputs.by_super,
        };
        self.multiply(team, floats, activations, out)
    }
}

impl Projection {
    fn run(&self, team: &mut Team, floats: &[f32], inputs: &Inputs, out: &mut [f32]) -> Result<()> {
        self.weight.run(team, floats, inputs, out)?;
        if let Some(bias) = &self.bias {
            for row in out.chunks_exact_mut(bias.len()) {
                add(row, bias);
            }
        }
        Ok(())
    }
}

impl Inputs {
    fn set<const N: usize>(&mut self, team: &mut Team, floats: &[f32], columns: usize, matrices: [&Matrix; N]) {
        if matrices.iter().any(|matrix| matrix.scale() == Some(Scale::Super)) {
            self.by_super.quantize(team, floats, columns, Scale::Super);
        }
        if matrices.iter().any(|matrix| matrix.scale() == Some(Scale::Block)) {
            self.by_block.quantize(team, floats, columns, Scale::Block);
        }
    }
}

impl Work {
    /// Puts what a part of a layer found, through its norm if it has one, to what came in.
    fn add(&mut self, team: &mut Team, length: usize, norm: Option<&[f32]>, epsilon: f32) {
        match norm {
            Some(weight) => {
                norms(team, &self.added[..length], weight, epsilon, &mut self.normed);
                add(&mut self.hidden, &self.normed[..length]);
            }
            None => add(&mut self.hidden, &self.added[..length]),
        }
    }

    fn reserve(&mut self, config: &DecoderConfig, tokens: usize) {
        let heads = config.heads;
        for (buffer, width) in [
            (&mut self.hidden, config.hidden),
            (&mut self.normed, config.hidden),
            (&mut self.added, config.hidden),
            (&mut self.query, heads.query * heads.size),
            (&mut self.attended, heads.query * heads.size),
            (&mut self.key, heads.key_value * heads.size),
            (&mut self.value, heads.key_value * heads.size),
            (&mut self.gate, config.feed_forward),
            (&mut self.up, config.feed_forward),
        ] {
            if buffer.len() < tokens * width {
                buffer.resize(tokens * width, 0.0);
            }
        }
    }
}

fn add(to: &mut [f32], what: &[f32]) {
    for (to, what) in to.iter_mut().zip(what) {
        *to += what;
    }
}

/// RMS norm of one row.
pub fn norm(row: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) {
    let mut squares = [0f32; 8];
    let chunks = row.chunks_exact(8);
    let rest: f32 = chunks.remainder().iter().map(|x| x * x).sum();
    for chunk in chunks {
        for (square, x) in squares.iter_mut().zip(chunk) {
            *square += x * x;
        }
    }
    let mean = (squares.iter().sum::<f32>() + rest) / row.len() as f32;
    let scale = 1.0 / (mean + epsilon).sqrt();
    for ((out, x), weight) in out.iter_mut().zip(row).zip(weight) {
        *out = x * scale * weight;
    }
}

fn norms(team: &mut Team, rows: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) {
    let width = weight.len();
    let out = Shares::new(out);
    team.split(rows.len() / width, rows.len() * 2, |range| {
        for row in range {
            let at = row * width..(row + 1) * width;
            // SAFETY: every row is in one piece.
            norm(&rows[at.clone()], weight, epsilon, unsafe { out.part(at) });
        }
    });
}

/// `gate = silu(gate) * up`, or with GELU in place of SiLU.
fn gate(team: &mut Team, kind: Gate, gate: &mut [f32], up: &[f32]) {
    match kind {
        Gate::Silu => gate_by(team, gate, up, |x| x),
        // x/2 (1 + tanh y) is x / (1 + e^-2y); the number is the root of 8/pi.
        Gate::Gelu => gate_by(team, gate, up, |x| 1.595_769 * (x + 0.044_715 * x * x * x)),
    }
}

/// `gate = gate * sigmoid(bend(gate)) * up`.
fn gate_by(team: &mut Team, gate: &mut [f32], up: &[f32], bend: impl Fn(f32) -> f32 + Sync) {
    const PIECE: usize = 2048;
    let length = gate.len();
    let shares = Shares::new(gate);
    team.split(length.div_ceil(PIECE), length * 16, |range| {
        for piece in range {
            let at = piece * PIECE..length.min((piece + 1) * PIECE);
            // SAFETY: every value is in one piece.
            let gate = unsafe { shares.part(at.clone()) };
            for (gate, up) in gate.iter_mut().zip(&up[at]) {
                *gate = *gate / (1.0 + attention::exp((-bend(*gate)).min(88.0))) * up;
            }
        }
    });
}

struct Loader<'a> {
    gguf: &'a mut Gguf,
    team: &'a mut Team,
    plain: bool,
}

impl Loader<'_> {
    fn matrix(&mut self, name: &str, rows: usize, columns: usize) -> std::result::Result<Matrix, LoadError> {
        let raw = self.gguf.tensor(name, &[rows, columns])?;
        let matrix = if self.plain { Matrix::plain(raw, self.team) } else { Matrix::new(raw, self.team) };
        matrix.map_err(|error| self.gguf.format_error(format!("`{name}`: {error}")))
    }

    fn projection(&mut self, name: &str, rows: usize, columns: usize) -> std::result::Result<Projection, LoadError> {
        let weight = self.matrix(&format!("{name}.weight"), rows, columns)?;
        let bias = self.optional(&format!("{name}.bias"), rows)?;
        Ok(Projection { weight, bias })
    }

    fn optional(&mut self, name: &str, length: usize) -> std::result::Result<Option<Vec<f32>>, LoadError> {
        match self.gguf.has_tensor(name) {
            true => self.gguf.floats(name, length).map(Some),
            false => Ok(None),
        }
    }

    fn norm_after(&mut self, name: &str, config: &DecoderConfig) -> std::result::Result<Option<Vec<f32>>, LoadError> {
        config.norms_after.then(|| self.gguf.floats(name, config.hidden)).transpose()
    }

    fn layer(&mut self, index: usize, config: &DecoderConfig) -> std::result::Result<Layer, LoadError> {
        let Heads { query, key_value, size } = config.heads;
        let name = |part: &str| format!("blk.{index}.{part}");
        let hidden = config.hidden;
        Ok(Layer {
            attention_norm: self.gguf.floats(&name("attn_norm.weight"), hidden)?,
            query: self.projection(&name("attn_q"), query * size, hidden)?,
            key: self.projection(&name("attn_k"), key_value * size, hidden)?,
            value: self.projection(&name("attn_v"), key_value * size, hidden)?,
            query_norm: self.optional(&name("attn_q_norm.weight"), size)?,
            key_norm: self.optional(&name("attn_k_norm.weight"), size)?,
            output: self.matrix(&name("attn_output.weight"), hidden, query * size)?,
            attention_norm_after: self.norm_after(&name("post_attention_norm.weight"), config)?,
            feed_forward_norm: self.gguf.floats(&name("ffn_norm.weight"), hidden)?,
            gate: self.matrix(&name("ffn_gate.weight"), config.feed_forward, hidden)?,
            up: self.matrix(&name("ffn_up.weight"), config.feed_forward, hidden)?,
            down: self.matrix(&name("ffn_down.weight"), hidden, config.feed_forward)?,
            feed_forward_norm_after: self.norm_after(&name("post_ffw_norm.weight"), config)?,
        })
    }
}
