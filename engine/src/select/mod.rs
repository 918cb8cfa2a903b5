//! Which sentences of the evidence matter to the question, and whether they cover it.

mod coverage;
mod question;
mod unit;

pub use coverage::{Coverage, coverage};
pub use question::{Asked, Question};
pub use unit::{Scored, Unit, units};

use crate::evidence::{Evidence, Passage, SourceKind};
use crate::text::content_stems;
use std::collections::{HashMap, HashSet};

/// Weights of a unit's score. Measured on the development packs; see docs/evaluation.md.
const COSINE: f32 = 1.0;
const OVERLAP: f32 = 0.45;
const ASKED: f32 = 0.12;
const RANK: f32 = 0.10;
/// Taken from what speaks of another country or another product than the question.
const ELSEWHERE: f32 = 0.4;

/// Scores every unit for the question, best first. `cosines` holds one similarity for each unit.
pub fn score(question: &Question, units: Vec<Unit>, cosines: &[f32], evidence: &Evidence) -> Vec<Scored> {
    let weights = term_weights(question, &units);
    let other_product = other_products(question, evidence);
    let mut scored: Vec<Scored> = units
        .into_iter()
        .zip(cosines)
        .map(|(unit, &cosine)| {
            let overlap = overlap(&weights, &unit.stems);
            let asked = f32::from(u8::from(question.asked.is_met_by(&unit)));
            let rank = 1.0 / (1.0 + unit.passage as f32);
            let elsewhere = f32::from(u8::from(other_country(question, &unit) || other_product[unit.passage]));
            let total = COSINE * cosine + OVERLAP * overlap + ASKED * asked + RANK * rank - ELSEWHERE * elsewhere;
            Scored { unit, cosine, overlap, total }
        })
        .collect();
    scored.sort_by(|a, b| b.total.total_cmp(&a.total).then_with(|| a.unit.order().cmp(&b.unit.order())));
    scored
}

/// Whether a unit speaks of other countries than the question does.
fn other_country(question: &Question, unit: &Unit) -> bool {
    !question.countries.is_empty() && !unit.countries.is_empty() && question.countries.is_disjoint(&unit.countries)
}

/// For each passage: whether it is about a product while the question names another one by its title.
fn other_products(question: &Question, evidence: &Evidence) -> Vec<bool> {
    let named = |p: &Passage| {
        let title = stem_set(&p.title);
        let asked = title.iter().filter(|s| question.stems.contains(s)).count();
        (p.kind == SourceKind::Product).then(|| asked as f32 / title.len().max(1) as f32)
    };
    let shares: Vec<Option<f32>> = evidence.passages().iter().map(named).collect();
    let most = shares.iter().flatten().copied().fold(0.0, f32::max);
    shares.iter().map(|share| most >= 0.5 && share.is_some_and(|share| share < most)).collect()
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
