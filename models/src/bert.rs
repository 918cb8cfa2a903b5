//! A BERT or XLM-R encoder on the CPU.
//!
//! Texts of a batch lie one behind the other, each with its own length: there is no padding, so nothing is
//! computed for it and nothing can leak from it. Attention runs within a text; everything else runs over all
//! tokens at once. Query, key and value are one product, biases and residuals are what a product adds to.

use crate::{
    catalog::{BertShape, Pooling},
    kernels::{Start, View, gelu, layer_norm, normalize, product, softmax},
    tokenizer::Tokens,
};
use candle_core::{DType, Device, safetensors::MmapedSafetensors};
use std::path::{Path, PathBuf};

/// Weights that are not what the catalogue says.
#[derive(Debug, thiserror::Error)]
pub enum BertError {
    #[error("{file} could not be read: {reason}")]
    Read { file: PathBuf, reason: String },
    #[error("{file}: tensor '{tensor}' has shape {found:?}, the catalogue says {expected:?}")]
    Shape { file: PathBuf, tensor: String, found: Vec<usize>, expected: Vec<usize> },
    #[error("{file}: there is no tensor '{tensor}' of shape {expected:?}")]
    Missing { file: PathBuf, tensor: String, expected: Vec<usize> },
}

/// The named tensors of a file, checked as they are taken.
pub(crate) struct Tensors {
    file: PathBuf,
    tensors: MmapedSafetensors,
    prefix: &'static str,
}

impl Tensors {
    pub(crate) fn open(file: &Path) -> Result<Self, BertError> {
        // SAFETY: the file is one that we verified and renamed into place; nobody writes to it after that.
        let tensors = unsafe { MmapedSafetensors::new(file) }
            .map_err(|error| BertError::Read { file: file.to_owned(), reason: error.to_string() })?;
        // Classifiers keep their encoder under its own name.
        let prefix = ["", "bert.", "roberta."]
            .into_iter()
            .find(|prefix| tensors.get(&format!("{prefix}embeddings.word_embeddings.weight")).is_ok())
            .unwrap_or("");
        Ok(Self { file: file.to_owned(), tensors, prefix })
    }

    /// A tensor of the encoder.
    fn encoder(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, BertError> {
        self.take(&format!("{}{name}", self.prefix), shape)
    }

    /// A tensor by its full name, as f32 whatever it is stored as.
    pub(crate) fn take(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, BertError> {
        let (file, tensor, expected) = (self.file.clone(), name.to_owned(), shape.to_vec());
        match self.tensors.get(name) {
            Err(_) => return Err(BertError::Missing { file, tensor, expected }),
            Ok(view) if view.shape() != shape => {
                return Err(BertError::Shape { file, tensor, found: view.shape().to_vec(), expected });
            }
            Ok(_) => {}
        }
        self.tensors
            .load(name, &Device::Cpu)
            .and_then(|tensor| tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1())
            .map_err(|error| BertError::Read { file, reason: error.to_string() })
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.tensors.get(name).is_ok()
    }

    pub(crate) fn prefix(&self) -> &'static str {
        self.prefix
    }
}

/// `y = x · weight + bias`. The file has a row for each output; here a row is an input, so that the product
/// reads the weights as they lie and need not turn them each time.
struct Linear {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

struct Norm {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

struct Layer {
    /// Query, key and value side by side; the query's are already divided by the root of the head's width.
    attention: Linear,
    attention_out: Linear,
    attention_norm: Norm,
    up: Linear,
    down: Linear,
    norm: Norm,
}

/// The encoder's weights. Read-only: threads share them.
pub struct Bert {
    shape: BertShape,
    words: Vec<f32>,
    positions: Vec<f32>,
    types: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
}

/// Vectors of all tokens of a batch.
pub struct TokenVectors {
    values: Vec<f32>,
    width: usize,
    /// First token of each text, and the end of the last one.
    starts: Vec<usize>,
}

impl TokenVectors {
    /// The tokens of one text, row by row.
    pub fn text(&self, index: usize) -> &[f32] {
        &self.values[self.starts[index] * self.width..self.starts[index + 1] * self.width]
    }

    pub fn texts(&self) -> usize {
        self.starts.len() - 1
    }

    pub fn width(&self) -> usize {
        self.width
    }

    /// One vector for the text.
    pub fn pooled(&self, index: usize, pooling: Pooling, length_one: bool) -> Vec<f32> {
        let rows = self.text(index);
        let mut vector = match pooling {
            Pooling::Cls => rows[..self.width].to_vec(),
            Pooling::Mean => {
                let mut mean = vec![0.0; self.width];
                for row in rows.chunks_exact(self.width) {
                    mean.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
                }
                let tokens = (rows.len() / self.width) as f32;
                mean.iter_mut().for_each(|x| *x /= tokens);
                mean
            }
        };
        if length_one {
            normalize(&mut vector);
        }
        vector
    }
}

impl Bert {
    pub(crate) fn load(tensors: &Tensors, shape: &BertShape) -> Result<Self, BertError> {
        let h = shape.hidden;
        let norm = |name: &str| -> Result<Norm, BertError> {
            Ok(Norm {
                weight: tensors.encoder(&format!("{name}.weight"), &[h])?,
                bias: tensors.encoder(&format!("{name}.bias"), &[h])?,
            })
        };
        let linear = |name: &str, out: usize, input: usize| -> Result<Linear, BertError> {
            let weight = tensors.encoder(&format!("{name}.weight"), &[out, input])?;
            Ok(Linear::new(&weight, tensors.encoder(&format!("{name}.bias"), &[out])?))
        };
        let table = |name: &str, rows: usize| tensors.encoder(&format!("embeddings.{name}.weight"), &[rows, h]);
        let layer = |index: usize| -> Result<Layer, BertError> {
            let name = format!("encoder.layer.{index}");
            let (mut weight, mut bias) = (Vec::new(), Vec::new());
            for part in ["query", "key", "value"] {
                let part = format!("{name}.attention.self.{part}");
                weight.extend(tensors.encoder(&format!("{part}.weight"), &[h, h])?);
                bias.extend(tensors.encoder(&format!("{part}.bias"), &[h])?);
            }
            let scale = 1.0 / ((h / shape.heads) as f32).sqrt();
            weight[..h * h].iter_mut().chain(&mut bias[..h]).for_each(|x| *x *= scale);
            Ok(Layer {
                attention: Linear::new(&weight, bias),
                attention_out: linear(&format!("{name}.attention.output.dense"), h, h)?,
                attention_norm: norm(&format!("{name}.attention.output.LayerNorm"))?,
                up: linear(&format!("{name}.intermediate.dense"), shape.intermediate, h)?,
                down: linear(&format!("{name}.output.dense"), h, shape.intermediate)?,
                norm: norm(&format!("{name}.output.LayerNorm"))?,
            })
        };
        Ok(Self {
            shape: *shape,
            words: table("word_embeddings", shape.vocab)?,
            positions: table("position_embeddings", shape.positions)?,
            types: table("token_type_embeddings", shape.types)?,
            norm: norm("embeddings.LayerNorm")?,
            layers: (0..shape.layers).map(layer).collect::<Result<_, _>>()?,
        })
    }

    pub fn shape(&self) -> &BertShape {
        &self.shape
    }

    /// Vectors of all tokens of all texts. `threads` share the products; one is right where several batches run
    /// side by side. Every text has at least one token and no more than the shape has positions.
    pub fn forward(&self, texts: &[&Tokens], threads: usize) -> TokenVectors {
        let (h, eps) = (self.shape.hidden, self.shape.layer_norm_eps);
        let mut starts = vec![0];
        starts.extend(texts.iter().scan(0, |end, text| {
            *end += text.len();
            Some(*end)
        }));
        let tokens = starts[texts.len()];
        let mut x = self.embed(texts, tokens);
        let mut qkv = Vec::new();
        let mut context = vec![0.0; tokens * h];
        let mut scores = Vec::new();
        let mut wide = Vec::new();
        for layer in &self.layers {
            layer.attention.start(&mut qkv, tokens);
            layer.attention.apply(&mut qkv, &x, threads);
            for text in starts.windows(2) {
                self.attend(&qkv, &mut context, text[0], text[1] - text[0], &mut scores);
            }
            // x + bias, then the product on top: the residual costs no pass of its own.
            layer.attention_out.add_bias(&mut x);
            layer.attention_out.apply(&mut x, &context, threads);
            layer_norm(&mut x, &layer.attention_norm.weight, &layer.attention_norm.bias, eps);
            layer.up.start(&mut wide, tokens);
            layer.up.apply(&mut wide, &x, threads);
            gelu(&mut wide);
            layer.down.add_bias(&mut x);
            layer.down.apply(&mut x, &wide, threads);
            layer_norm(&mut x, &layer.norm.weight, &layer.norm.bias, eps);
        }
        TokenVectors { values: x, width: h, starts }
    }

    fn embed(&self, texts: &[&Tokens], tokens: usize) -> Vec<f32> {
        let h = self.shape.hidden;
        let mut x = Vec::with_capacity(tokens * h);
        for text in texts {
            for (position, (&id, &kind)) in text.ids.iter().zip(&text.types).enumerate() {
                let word = &self.words[id as usize * h..][..h];
                let place = &self.positions[(position + self.shape.first_position) * h..][..h];
                // XLM-R has one segment, its tokenizer may still number two.
                let kind = &self.types[(kind as usize).min(self.shape.types - 1) * h..][..h];
                x.extend(word.iter().zip(kind).zip(place).map(|((w, k), p)| w + k + p));
            }
        }
        layer_norm(&mut x, &self.norm.weight, &self.norm.bias, self.shape.layer_norm_eps);
        x
    }

    /// Attention within the text that begins at token `start`.
    fn attend(&self, qkv: &[f32], context: &mut [f32], start: usize, tokens: usize, scores: &mut Vec<f32>) {
        let (h, heads) = (self.shape.hidden, self.shape.heads);
        let width = h / heads;
        let qkv = &qkv[start * 3 * h..][..tokens * 3 * h];
        let context = &mut context[start * h..][..tokens * h];
        scores.resize(tokens * tokens, 0.0);
        for head in 0..heads {
            let part = |which: usize| View::strided(&qkv[which * h + head * width..], tokens, width, 3 * h);
            product(scores, tokens, part(0), part(1).transposed(), Start::Overwrite, 1);
            softmax(scores, tokens);
            product(&mut context[head * width..], h, View::rows(scores, tokens), part(2), Start::Overwrite, 1);
        }
    }
}

impl Linear {
    /// From a weight as files have it: a row for each output.
    fn new(weight: &[f32], bias: Vec<f32>) -> Self {
        let (outputs, inputs) = (bias.len(), weight.len() / bias.len());
        let turned = (0..inputs).flat_map(|input| (0..outputs).map(move |output| weight[output * inputs + input]));
        Self { weight: turned.collect(), bias }
    }

    /// As many rows of the bias as there are tokens.
    fn start(&self, out: &mut Vec<f32>, tokens: usize) {
        out.clear();
        (0..tokens).for_each(|_| out.extend_from_slice(&self.bias));
    }

    fn add_bias(&self, out: &mut [f32]) {
        for row in out.chunks_exact_mut(self.bias.len()) {
            row.iter_mut().zip(&self.bias).for_each(|(x, b)| *x += b);
        }
    }

    /// Adds `x · weight`.
    fn apply(&self, out: &mut [f32], x: &[f32], threads: usize) {
        let outputs = self.bias.len();
        let weight = View::rows(&self.weight, outputs);
        product(out, outputs, View::rows(x, weight.rows), weight, Start::Add, threads);
    }
}
