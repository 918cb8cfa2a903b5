//! Small GGUF files with seeded random weights and a byte-level vocabulary, written to a temporary directory.
// Each test file uses its own part of it.
#![allow(dead_code)]

use candle_core::{
    Device, Tensor,
    quantized::{
        GgmlDType, QTensor,
        gguf_file::{self, Value},
    },
};
use std::{collections::BTreeMap, fs::File, path::PathBuf};
use tempfile::TempDir;

pub struct TinyGguf {
    pub metadata: BTreeMap<String, Value>,
    pub tensors: BTreeMap<String, QTensor>,
}

/// The file and the directory that keeps it.
pub struct Written {
    pub path: PathBuf,
    _directory: TempDir,
}

#[derive(Clone, Copy)]
pub struct Sizes {
    pub layers: usize,
    pub hidden: usize,
    pub feed_forward: usize,
    pub heads: usize,
    pub kv_heads: usize,
    pub head: usize,
}

pub const SIZES: Sizes = Sizes { layers: 2, hidden: 64, feed_forward: 128, heads: 4, kv_heads: 2, head: 16 };
/// Wide enough for the types whose blocks are 256 values.
pub const WIDE: Sizes = Sizes { layers: 2, hidden: 256, feed_forward: 512, heads: 4, kv_heads: 2, head: 64 };
pub const CONTEXT: usize = 512;

/// As Gemma's template does it: the system message goes before the first question, an assistant is a `model`.
pub const GEMMA: &str = "{{ bos_token }}{% set turns = messages %}{% set before = '' %}\
                         {% if messages[0].role == 'system' %}{% set before = messages[0].content + '\n\n' %}\
                         {% set turns = messages[1:] %}{% endif %}{% for turn in turns %}\
                         {% if (turn.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('take turns') }}{% endif %}\
                         {{ '<start_of_turn>' + ('model' if turn.role == 'assistant' else turn.role) + '\n' }}\
                         {{ before if loop.first else '' }}{{ turn.content | trim }}{{ '<end_of_turn>\n' }}{% endfor %}\
                         {% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}";

pub const CHATML: &str = "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] \
                          + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}\
                          {{ '<|im_start|>assistant\n' }}{% endif %}";

/// Deterministic numbers between -1 and 1.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 40) as f32 / (1u64 << 24) as f32 * 2.0 - 1.0
    }
}

/// GPT-2's characters for the 256 bytes, in the order of the bytes.
pub fn byte_characters() -> Vec<String> {
    let printable = |byte: u32| matches!(byte, 33..=126 | 161..=172 | 174..=255);
    let mut next = 0x100;
    (0..256u32)
        .map(|byte| {
            let code = if printable(byte) {
                byte
            } else {
                next += 1;
                next - 1
            };
            char::from_u32(code).unwrap().to_string()
        })
        .collect()
}

fn texts(values: impl IntoIterator<Item = impl Into<String>>) -> Value {
    Value::Array(values.into_iter().map(|value| Value::String(value.into())).collect())
}

impl TinyGguf {
    /// Only what the tokenizer and the template need. Ids 0..256 are the bytes, then come the merged tokens, then the
    /// special ones.
    pub fn words(pre: &str, merges: &[&str], specials: &[&str]) -> Self {
        let merged: Vec<String> = merges.iter().map(|merge| merge.replace(' ', "")).collect();
        let tokens: Vec<String> =
            byte_characters().into_iter().chain(merged).chain(specials.iter().map(|s| (*s).to_owned())).collect();
        let normal = tokens.len() - specials.len();
        let types = (0..tokens.len()).map(|id| Value::I32(if id < normal { 1 } else { 3 })).collect();
        let end = specials.iter().position(|name| *name == "<|im_end|>").map(|at| (normal + at) as u32);
        let mut metadata = BTreeMap::from([
            ("general.architecture".to_owned(), Value::String("llama".into())),
            ("tokenizer.ggml.model".to_owned(), Value::String("gpt2".into())),
            ("tokenizer.ggml.pre".to_owned(), Value::String(pre.into())),
            ("tokenizer.ggml.tokens".to_owned(), texts(tokens)),
            ("tokenizer.ggml.token_type".to_owned(), Value::Array(types)),
            ("tokenizer.ggml.merges".to_owned(), texts(merges.iter().copied())),
            ("tokenizer.chat_template".to_owned(), Value::String(CHATML.into())),
        ]);
        if let Some(end) = end {
            metadata.insert("tokenizer.ggml.eos_token_id".to_owned(), Value::U32(end));
        }
        Self { metadata, tensors: BTreeMap::new() }
    }

    /// SentencePiece's tokens in place of the others: 0 is unknown, 1 begins, 2 ends, byte B is 3 + B, and from 259 on
    /// come `pieces`: name, type, score.
    pub fn set_pieces(&mut self, pieces: &[(&str, i32, f32)]) {
        self.metadata.retain(|field, _| !field.starts_with("tokenizer.ggml."));
        let bytes: Vec<String> = (0..256).map(|byte| format!("<0x{byte:02X}>")).collect();
        let first = [("<unk>", 2, 0.0), ("<s>", 3, 0.0), ("</s>", 3, 0.0)];
        let all = first.into_iter().chain(bytes.iter().map(|name| (name.as_str(), 6, 0.0)));
        let all: Vec<_> = all.chain(pieces.iter().copied()).collect();
        for (field, value) in [
            ("model", Value::String("llama".into())),
            ("tokens", texts(all.iter().map(|(name, _, _)| *name))),
            ("token_type", Value::Array(all.iter().map(|(_, kind, _)| Value::I32(*kind)).collect())),
            ("scores", Value::Array(all.iter().map(|(_, _, score)| Value::F32(*score)).collect())),
        ] {
            self.metadata.insert(format!("tokenizer.ggml.{field}"), value);
        }
    }

    /// A whole model. Weights are about as large as trained ones, so that no answer drowns in rounding.
    pub fn model(architecture: &str, sizes: Sizes, dtype: GgmlDType, seed: u64) -> Self {
        let mut tiny = Self::words("smollm", &["h e", "Ġ t", "Ġt he"], &["<|im_start|>", "<|im_end|>"]);
        let Sizes { layers, hidden, feed_forward, heads, kv_heads, head } = sizes;
        tiny.metadata.insert("general.architecture".into(), Value::String(architecture.into()));
        for (field, value) in [
            ("block_count", layers),
            ("context_length", CONTEXT),
            ("embedding_length", hidden),
            ("feed_forward_length", feed_forward),
            ("attention.head_count", heads),
            ("attention.head_count_kv", kv_heads),
            ("attention.key_length", head),
            ("attention.value_length", head),
            ("rope.dimension_count", head),
        ] {
            tiny.metadata.insert(format!("{architecture}.{field}"), Value::U32(value as u32));
        }
        tiny.metadata.insert(format!("{architecture}.attention.layer_norm_rms_epsilon"), Value::F32(1e-6));
        tiny.metadata.insert(format!("{architecture}.rope.freq_base"), Value::F32(10_000.0));

        if architecture == "gemma3" {
            tiny.metadata.insert("gemma3.attention.sliding_window".into(), Value::U32(8));
        }

        // 256 bytes, 3 merged, 2 special, and empty rows to the next multiple of eight.
        let vocabulary = 264;
        let Some(Value::Array(tokens)) = tiny.metadata.get_mut("tokenizer.ggml.tokens") else { unreachable!() };
        let missing = vocabulary - tokens.len();
        tokens.extend((0..missing).map(|pad| Value::String(format!("[PAD{pad}]"))));
        let Some(Value::Array(types)) = tiny.metadata.get_mut("tokenizer.ggml.token_type") else { unreachable!() };
        types.extend((0..missing).map(|_| Value::I32(5)));

        let mut random = Random(seed);
        tiny.matrix("token_embd.weight", vocabulary, hidden, dtype, &mut random);
        tiny.matrix("output.weight", vocabulary, hidden, dtype, &mut random);
        tiny.vector("output_norm.weight", hidden, 1.0, 0.2, &mut random);
        for layer in 0..layers {
            let name = |part: &str| format!("blk.{layer}.{part}");
            for (part, rows, columns) in [
                ("attn_q.weight", heads * head, hidden),
                ("attn_k.weight", kv_heads * head, hidden),
                ("attn_v.weight", kv_heads * head, hidden),
                ("attn_output.weight", hidden, heads * head),
                ("ffn_gate.weight", feed_forward, hidden),
                ("ffn_up.weight", feed_forward, hidden),
                ("ffn_down.weight", hidden, feed_forward),
            ] {
                tiny.matrix(&name(part), rows, columns, dtype, &mut random);
            }
            tiny.vector(&name("attn_norm.weight"), hidden, 1.0, 0.2, &mut random);
            tiny.vector(&name("ffn_norm.weight"), hidden, 1.0, 0.2, &mut random);
            if architecture == "qwen2" {
                tiny.vector(&name("attn_q.bias"), heads * head, 0.0, 0.5, &mut random);
                tiny.vector(&name("attn_k.bias"), kv_heads * head, 0.0, 0.5, &mut random);
                tiny.vector(&name("attn_v.bias"), kv_heads * head, 0.0, 0.5, &mut random);
            }
            if architecture == "gemma3" {
                tiny.vector(&name("post_attention_norm.weight"), hidden, 1.0, 0.2, &mut random);
                tiny.vector(&name("post_ffw_norm.weight"), hidden, 1.0, 0.2, &mut random);
            }
            if matches!(architecture, "qwen3" | "gemma3" | "lfm2") {
                tiny.vector(&name("attn_q_norm.weight"), head, 1.0, 0.2, &mut random);
                tiny.vector(&name("attn_k_norm.weight"), head, 1.0, 0.2, &mut random);
            }
        }
        tiny
    }

    pub fn matrix(&mut self, name: &str, rows: usize, columns: usize, dtype: GgmlDType, random: &mut Random) {
        let size = (3.0 / columns as f32).sqrt() * 1.5;
        let values: Vec<f32> = (0..rows * columns).map(|_| random.next() * size).collect();
        let tensor = Tensor::from_vec(values, (rows, columns), &Device::Cpu).unwrap();
        self.tensors.insert(name.to_owned(), QTensor::quantize(&tensor, dtype).unwrap());
    }

    fn vector(&mut self, name: &str, length: usize, middle: f32, spread: f32, random: &mut Random) {
        let values: Vec<f32> = (0..length).map(|_| middle + random.next() * spread).collect();
        let tensor = Tensor::from_vec(values, length, &Device::Cpu).unwrap();
        self.tensors.insert(name.to_owned(), QTensor::quantize(&tensor, GgmlDType::F32).unwrap());
    }

    /// The same weights, each as the floats that its type stands for.
    pub fn as_floats(&self) -> Self {
        let tensors = self.tensors.iter().map(|(name, tensor)| {
            let floats = tensor.dequantize(&Device::Cpu).unwrap();
            (name.clone(), QTensor::quantize(&floats, GgmlDType::F32).unwrap())
        });
        Self { metadata: self.metadata.clone(), tensors: tensors.collect() }
    }

    pub fn write(&self) -> Written {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("tiny.gguf");
        let metadata: Vec<(&str, &Value)> = self.metadata.iter().map(|(name, value)| (name.as_str(), value)).collect();
        let tensors: Vec<(&str, &QTensor)> =
            self.tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
        gguf_file::write(&mut File::create(&path).unwrap(), &metadata, &tensors).unwrap();
        Written { path, _directory: directory }
    }
}
