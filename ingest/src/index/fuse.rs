//! Reciprocal rank fusion: two lists on different scales become one.

use std::{cmp::Ordering, collections::HashMap, hash::Hash};

/// How the two lists are merged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FusionConfig {
    /// Damps the lead of the first ranks; a place at rank r (from 1) is worth `weight / (k + r)`.
    pub k: f32,
    pub dense_weight: f32,
    pub lexical_weight: f32,
    /// How many passages each list contributes.
    pub depth: usize,
}

impl Default for FusionConfig {
    fn default() -> Self {
        Self { k: 60.0, dense_weight: 1.0, lexical_weight: 1.0, depth: 64 }
    }
}

/// A passage in the merged list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fused<I> {
    pub id: I,
    pub dense: Option<f32>,
    pub lexical: Option<f32>,
    pub score: f32,
}

/// Merges two lists of (id, score). The order in which a list arrives does not matter: ranks follow the scores,
/// and equal scores follow the ids, so that the same index and question always give the same answer.
pub fn fuse<I: Copy + Ord + Hash>(dense: &[(I, f32)], lexical: &[(I, f32)], config: &FusionConfig) -> Vec<Fused<I>> {
    let mut merged: HashMap<I, Fused<I>> = HashMap::with_capacity(dense.len() + lexical.len());
    let worth = |weight: f32, rank: usize| weight / (config.k + (rank + 1) as f32);
    for (rank, (id, score)) in ranked(dense).into_iter().enumerate() {
        let hit = merged.entry(id).or_insert(Fused { id, dense: None, lexical: None, score: 0.0 });
        hit.dense = Some(score);
        hit.score += worth(config.dense_weight, rank);
    }
    for (rank, (id, score)) in ranked(lexical).into_iter().enumerate() {
        let hit = merged.entry(id).or_insert(Fused { id, dense: None, lexical: None, score: 0.0 });
        hit.lexical = Some(score);
        hit.score += worth(config.lexical_weight, rank);
    }
    let mut merged: Vec<_> = merged.into_values().collect();
    merged.sort_by(|a, b| best_first((a.score, a.id), (b.score, b.id)));
    merged
}

fn ranked<I: Copy + Ord>(list: &[(I, f32)]) -> Vec<(I, f32)> {
    let mut ranked = list.to_vec();
    ranked.sort_by(|a, b| best_first((a.1, a.0), (b.1, b.0)));
    ranked
}

fn best_first<I: Ord>(a: (f32, I), b: (f32, I)) -> Ordering {
    b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_lists_outrank_one() {
        let merged = fuse(&[(1, 0.9), (2, 0.8)], &[(2, 7.0), (3, 5.0)], &FusionConfig::default());
        assert_eq!(merged.iter().map(|hit| hit.id).collect::<Vec<_>>(), [2, 1, 3]);
        assert_eq!((merged[0].dense, merged[0].lexical), (Some(0.8), Some(7.0)));
        assert_eq!((merged[2].dense, merged[2].lexical), (None, Some(5.0)));
        assert!((merged[0].score - (1.0 / 62.0 + 1.0 / 61.0)).abs() < 1e-7);
    }

    #[test]
    fn weights_decide_between_the_lists() {
        let lexical_only = FusionConfig { dense_weight: 0.0, ..FusionConfig::default() };
        assert_eq!(fuse(&[(1, 0.9)], &[(2, 7.0)], &lexical_only)[0].id, 2);
        assert_eq!(fuse(&[(2, 0.9)], &[(1, 7.0)], &FusionConfig::default())[0].id, 1, "a tie goes to the smaller id");
    }

    fn list() -> impl Strategy<Value = Vec<(u8, f32)>> {
        proptest::collection::btree_map(any::<u8>(), -1.0f32..1.0, 0..40).prop_map(|map| map.into_iter().collect())
    }

    proptest! {
        #[test]
        fn the_order_of_arrival_does_not_matter(dense in list(), lexical in list(), turn in 0usize..40) {
            let config = FusionConfig::default();
            let expected = fuse(&dense, &lexical, &config);
            let mut turned = dense.clone();
            turned.rotate_left(turn % dense.len().max(1));
            let mut reversed = lexical.clone();
            reversed.reverse();
            prop_assert_eq!(fuse(&turned, &reversed, &config), expected);
        }

        #[test]
        fn a_better_score_never_hurts(dense in list(), lexical in list(), pick in any::<prop::sample::Index>(), more in 0.0f32..1.0) {
            prop_assume!(!dense.is_empty());
            let config = FusionConfig::default();
            let chosen = pick.index(dense.len());
            let id = dense[chosen].0;
            let place = |merged: Vec<Fused<u8>>| merged.iter().position(|hit| hit.id == id).unwrap();
            let before = place(fuse(&dense, &lexical, &config));
            let mut better = dense.clone();
            better[chosen].1 += more;
            prop_assert!(place(fuse(&better, &lexical, &config)) <= before);
        }

        #[test]
        fn everything_appears_once(dense in list(), lexical in list()) {
            let merged = fuse(&dense, &lexical, &FusionConfig::default());
            let mut ids: Vec<u8> = merged.iter().map(|hit| hit.id).collect();
            ids.sort_unstable();
            let mut expected: Vec<u8> = dense.iter().chain(&lexical).map(|(id, _)| *id).collect();
            expected.sort_unstable();
            expected.dedup();
            prop_assert_eq!(ids, expected);
        }
    }
}
