//! Late interaction: each word of a question looks for the word of a passage that is nearest to it.

use crate::{
    bert::TokenVectors,
    kernels::{Start, View, max, normalize, product},
    tokenizer::Tokens,
};

/// Vectors of the words of a text, each of length 1, without the tokens that the tokenizer added.
pub(crate) struct Words {
    vectors: Vec<f32>,
    width: usize,
}

impl Words {
    pub(crate) fn of(vectors: &TokenVectors, index: usize, text: &Tokens) -> Self {
        let width = vectors.width();
        let rows = vectors.text(index).chunks_exact(width).zip(&text.special);
        let mut words: Vec<f32> = rows.filter(|(_, special)| !**special).flat_map(|(row, _)| row.to_vec()).collect();
        words.chunks_exact_mut(width).for_each(normalize);
        Self { vectors: words, width }
    }

    /// Mean over our words of the cosine to the nearest word there, -1 to 1. Nothing is nearest to no words.
    pub(crate) fn score(&self, passage: &Self) -> f32 {
        let (ours, theirs) = (self.vectors.len() / self.width, passage.vectors.len() / self.width);
        if ours == 0 || theirs == 0 {
            return -1.0;
        }
        let mut cosines = vec![0.0; ours * theirs];
        let (a, b) = (View::rows(&self.vectors, self.width), View::rows(&passage.vectors, self.width));
        product(&mut cosines, theirs, a, b.transposed(), Start::Overwrite, 1);
        cosines.chunks_exact(theirs).map(max).sum::<f32>() / ours as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(vectors: &[[f32; 2]]) -> Words {
        Words { vectors: vectors.concat(), width: 2 }
    }

    #[test]
    fn the_nearest_word_counts() {
        let check = |query: &[[f32; 2]], passage: &[[f32; 2]], expect: f32| {
            assert!((words(query).score(&words(passage)) - expect).abs() < 1e-6);
        };
        check(&[[1.0, 0.0]], &[[0.0, 1.0], [1.0, 0.0]], 1.0);
        check(&[[1.0, 0.0], [0.0, 1.0]], &[[1.0, 0.0]], 0.5);
        check(&[[1.0, 0.0]], &[[-1.0, 0.0], [0.6, 0.8]], 0.6);
        check(&[], &[[1.0, 0.0]], -1.0);
        check(&[[1.0, 0.0]], &[], -1.0);
    }
}
