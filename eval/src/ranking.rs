//! Scores of one ranked list of documents. Definitions: `docs/evaluation.md`.

use engine::DocId;
use serde::Deserialize;
use std::collections::{HashMap, HashSet};

/// A document that answers a query, and how well.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Judgement {
    pub doc_id: DocId,
    /// 0 is not relevant; what is not judged counts as 0.
    pub grade: u8,
}

/// In the order of [`METRICS`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RankingScores {
    pub ndcg_10: f64,
    pub recall_5: f64,
    pub recall_10: f64,
    pub mrr: f64,
    pub hit_1: f64,
    pub hit_5: f64,
}

/// Stable names, as they stand in the JSON.
pub const METRICS: [&str; 6] = ["ndcg@10", "recall@5", "recall@10", "mrr", "hit@1", "hit@5"];

impl RankingScores {
    pub fn values(&self) -> [f64; 6] {
        [self.ndcg_10, self.recall_5, self.recall_10, self.mrr, self.hit_1, self.hit_5]
    }
}

/// Scores `ranked`, best first, against the judgements of its query. A document that is listed twice counts at its
/// first place only. `None` where the query has no relevant document: there is nothing to find.
pub fn score(ranked: &[DocId], judgements: &[Judgement]) -> Option<RankingScores> {
    let grades: HashMap<&DocId, u8> = judgements.iter().filter(|j| j.grade > 0).map(|j| (&j.doc_id, j.grade)).collect();
    if grades.is_empty() {
        return None;
    }
    let mut seen = HashSet::new();
    let found: Vec<u8> =
        ranked.iter().filter(|doc| seen.insert(*doc)).map(|doc| grades.get(doc).copied().unwrap_or(0)).collect();
    let within = |k: usize| found.iter().take(k).filter(|grade| **grade > 0).count() as f64;
    let mut ideal: Vec<u8> = grades.values().copied().collect();
    ideal.sort_unstable_by(|a, b| b.cmp(a));
    let first = found.iter().position(|grade| *grade > 0);
    Some(RankingScores {
        ndcg_10: discounted_gain(&found) / discounted_gain(&ideal),
        recall_5: within(5) / grades.len() as f64,
        recall_10: within(10) / grades.len() as f64,
        mrr: first.map_or(0.0, |rank| 1.0 / (rank + 1) as f64),
        hit_1: within(1).min(1.0),
        hit_5: within(5).min(1.0),
    })
}

/// Sum of grade / log2(rank + 1) over the first ten, ranks from 1: the gain is the grade itself, as in trec_eval.
fn discounted_gain(grades: &[u8]) -> f64 {
    let discounted = |(at, grade): (usize, &u8)| f64::from(*grade) / ((at + 2) as f64).log2();
    grades.iter().take(10).enumerate().map(discounted).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn docs(names: &str) -> Vec<DocId> {
        names.split_whitespace().map(|name| DocId(name.into())).collect()
    }

    fn judged(pairs: &[(&str, u8)]) -> Vec<Judgement> {
        pairs.iter().map(|(id, grade)| Judgement { doc_id: DocId((*id).into()), grade: *grade }).collect()
    }

    #[track_caller]
    fn check(ranked: &str, judgements: &[(&str, u8)], expected: [f64; 6]) {
        let found = score(&docs(ranked), &judged(judgements)).unwrap().values();
        for ((name, found), expected) in METRICS.iter().zip(found).zip(expected) {
            assert!((found - expected).abs() < 1e-9, "{name}: {found} is not {expected}");
        }
    }

    #[test]
    fn one_relevant_document() {
        check("a b c", &[("a", 1)], [1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
        // Rank 3: 1 / log2(4).
        check("x y a", &[("a", 1)], [0.5, 1.0, 1.0, 1.0 / 3.0, 0.0, 1.0]);
        // Rank 7: beyond recall@5 and hit@5.
        check("1 2 3 4 5 6 a", &[("a", 2)], [1.0 / 3.0, 0.0, 1.0, 1.0 / 7.0, 0.0, 0.0]);
        // Rank 11: only mrr sees it.
        check("1 2 3 4 5 6 7 8 9 10 a", &[("a", 1)], [0.0, 0.0, 0.0, 1.0 / 11.0, 0.0, 0.0]);
        check("", &[("a", 1)], [0.0; 6]);
    }

    #[test]
    fn grades_are_linear_gains() {
        // (1/log2(2) + 2/log2(3)) / (2/log2(2) + 1/log2(3)) = 2.2618595071 / 2.6309297536
        check("b a", &[("a", 2), ("b", 1)], [0.859_718_699_877, 1.0, 1.0, 1.0, 1.0, 1.0]);
        // A grade of 0 is no relevance: it is neither found nor missed.
        check("z a", &[("a", 1), ("z", 0)], [0.630_929_753_571, 1.0, 1.0, 0.5, 0.0, 1.0]);
    }

    #[test]
    fn recall_counts_all_that_is_relevant() {
        // Two of four in the first five.
        let judgements = [("a", 1), ("b", 1), ("c", 1), ("d", 1)];
        let found = score(&docs("a x b y z c"), &judged(&judgements)).unwrap();
        assert_eq!((found.recall_5, found.recall_10, found.mrr), (0.5, 0.75, 1.0));
    }

    #[test]
    fn a_repeated_document_counts_once() {
        check("a a b", &[("a", 1), ("b", 1)], [1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
    }

    #[test]
    fn nothing_to_find_is_not_a_score() {
        assert_eq!(score(&docs("a"), &judged(&[("a", 0)])), None);
    }
}
