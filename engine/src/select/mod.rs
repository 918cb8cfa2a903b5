//! Which sentences of the evidence matter to the question, and whether they cover it.

mod coverage;
mod question;
mod unit;

pub use coverage::{Coverage, coverage};
pub use question::{Asked, Question};
pub use unit::{Scored, Unit, units};

use crate::text::content_stems;
use std::collections::{HashMap, HashSet};

/// Weights of a unit's score. Measured on the development packs; see docs/evaluation.md.
const COSINE: f32 = 1.0;
const OVERLAP: f32 = 0.45;
const ASKED: f32 = 0.12;
const RANK: f32 = 0.10;

/// Scores every unit for the question, best first. `cosines` holds one similarity for each unit.
pub fn score(question: &Question, units: Vec<Unit>, cosines: &[f32]) -> Vec<Scored> {
    let weights = term_weights(question, &units);
    let mut scored: Vec<Scored> = units
        .into_iter()
        .zip(cosines)
        .map(|(unit, &cosine)| {
            let overlap = overlap(&weights, &unit.stems);
            let asked = f32::from(u8::from(question.asked.is_met_by(&unit)));
            let rank = 1.0 / (1.0 + unit.passage as f32);
            let total = COSINE * cosine + OVERLAP * overlap + ASKED * asked + RANK * rank;
            Scored { unit, cosine, overlap, total }
        })
        .collect();
    scored.sort_by(|a, b| b.total.total_cmp(&a.total).then_with(|| a.unit.order().cmp(&b.unit.order())));
    scored
}

/// How much each stem of the question tells units apart: rare ones more than those that stand everywhere.
fn term_weights(question: &Question, units: &[Unit]) -> HashMap<String, f32> {
    let n = units.len().max(1) as f32;
    let weight = |stem: &String| {
        let holds = units.iter().filter(|u| u.stems.contains(stem)).count() as f32;
        (1.0 + (n - holds + 0.5) / (holds + 0.5)).ln()
    };
    question.stems.iter().map(|stem| (stem.clone(), weight(stem))).collect()
}

/// Share of the question's weight that the stems hold.
fn overlap(weights: &HashMap<String, f32>, stems: &HashSet<String>) -> f32 {
    let all: f32 = weights.values().sum();
    if all == 0.0 {
        return 0.0;
    }
    weights.iter().filter(|(stem, _)| stems.contains(*stem)).map(|(_, weight)| weight).sum::<f32>() / all
}

/// Stems as a set.
pub(crate) fn stem_set(text: &str) -> HashSet<String> {
    content_stems(text).into_iter().collect()
}
