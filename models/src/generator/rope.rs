//! Rotary positions.

use super::{
    config::{Pairs, RopeConfig},
    decoder,
    error::LoadError,
    gguf::Gguf,
};

/// Cosines and sines of every position.
pub struct Rope {
    pairs: Pairs,
    /// Values that are turned.
    values: usize,
    /// `[position][pair]`: cosine, sine.
    turns: Vec<(f32, f32)>,
}

impl Rope {
    /// For `context` tokens.
    pub fn new(gguf: &mut Gguf, rope: RopeConfig, context: usize) -> Result<Self, LoadError> {
        let count = rope.values / 2;
        // Llama 3.1 and later carry a divisor for each frequency.
        let divisors = match gguf.has_tensor("rope_freqs.weight") {
            true => gguf.floats("rope_freqs.weight", count)?,
            false => vec![1.0; count],
        };
        let frequencies: Vec<f64> = (0..count)
            .map(|pair| {
                let exponent = -2.0 * pair as f64 / rope.values as f64;
                f64::from(rope.base).powf(exponent) / f64::from(divisors[pair]) / f64::from(rope.factor)
            })
            .collect();
        let turns = (0..context)
            .flat_map(|position| {
                frequencies.iter().map(move |frequency| {
                    let (sine, cosine) = (position as f64 * frequency).sin_cos();
                    (cosine as f32, sine as f32)
                })
            })
            .collect();
        Ok(Self { pairs: rope.pairs, values: rope.values, turns })
    }

    /// Norms (if the model has such a norm) and turns all the heads of one token.
    pub fn turn_heads(&self, heads: &mut [f32], size: usize, position: usize, norm: Option<&[f32]>, epsilon: f32) {
        let count = self.values / 2;
        let turns = &self.turns[position * count..(position + 1) * count];
        for head in heads.chunks_exact_mut(size) {
            if let Some(weight) = norm {
                let before = head.to_vec();
                decoder::norm(&before, weight, epsilon, head);
            }
            match self.pairs {
                Pairs::Neighbours => {
                    for (pair, (cosine, sine)) in head.chunks_exact_mut(2).zip(turns) {
                        let (a, b) = (pair[0], pair[1]);
                        pair[0] = a * cosine - b * sine;
                        pair[1] = a * sine + b * cosine;
                    }
                }
                Pairs::Halves => {
                    let (first, second) = head[..self.values].split_at_mut(count);
                    for ((a, b), (cosine, sine)) in first.iter_mut().zip(second).zip(turns) {
                        let (x, y) = (*a, *b);
                        *a = x * cosine - y * sine;
                        *b = x * sine + y * cosine;
                    }
                }
            }
        }
    }
}
