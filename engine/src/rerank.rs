//! The order of what was found, where no reranker is configured: what the embedder and the words already know.
//!
//! Two lists merged by rank forget how good a match was, and a word that forty products share buries the one page that
//! is about the question. Here the cosine counts as it is, and a title or heading made of the question's words counts
//! for what it is: the store's own statement of what stands below it.

use crate::evidence::Passage;
use crate::select::stem_set;
use crate::text::content_stems;
use std::collections::HashSet;

/// Of the lexical score, relative to the best one.
const LEXICAL: f32 = 0.12;
/// Of the best-matching title or heading.
const TITLE: f32 = 0.2;

/// Sets `scores.rerank` and sorts, best first.
pub fn by_words(question: &str, passages: &mut [Passage]) {
    let stems: HashSet<String> = content_stems(question).into_iter().collect();
    let best = passages.iter().filter_map(|p| p.scores.lexical).fold(0.0, f32::max).max(f32::MIN_POSITIVE);
    // A passage that only the words found is at most as near as the farthest one that the vectors found.
    let farthest = passages.iter().filter_map(|p| p.scores.dense).fold(1.0, f32::min);
    for p in passages.iter_mut() {
        let lexical = p.scores.lexical.unwrap_or(0.0) / best;
        let titles = p.heading.iter().chain([&p.title]).map(|t| share(&stems, t)).fold(0.0, f32::max);
        p.scores.rerank = Some(p.scores.dense.unwrap_or(farthest) + LEXICAL * lexical + TITLE * titles);
    }
    let key = |p: &Passage| p.scores.rerank.unwrap_or(f32::MIN);
    passages.sort_by(|a, b| key(b).total_cmp(&key(a)).then_with(|| a.id.cmp(&b.id)));
}

/// Share of a title that the question's words make up.
fn share(question: &HashSet<String>, title: &str) -> f32 {
    let title = stem_set(title);
    if title.is_empty() {
        return 0.0;
    }
    title.iter().filter(|s| question.contains(*s)).count() as f32 / title.len() as f32
}
