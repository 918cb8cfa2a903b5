//! Does what was found cover the question at all? One calibrated probability, not a raw cosine.
//!
//! A cosine threshold does not separate covered from uncovered questions (measured: right hits 0.215 to 0.606, the
//! uncovered "Do you price match Amazon?" 0.267), so the decision looks at words too: a rare word of the question that
//! stands in none of the passages which a lexical search brought names a subject that the store has not written about.

use super::{Question, Scored, stem_set};
use crate::evidence::Passage;
use crate::place::{Country, countries};
use crate::value::Value;
use serde::Serialize;
use std::collections::{BTreeSet, HashSet};

/// What the probability is made of; each 0 to 1 unless said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Coverage {
    /// Cosine of the question and the best unit with its context.
    pub cosine: f32,
    /// Cosine of the question and the best passage.
    pub passage_cosine: f32,
    /// Weighted share of the question's words in the best unit with its context.
    pub overlap: f32,
    /// Share of the question's words that stand in no passage that was found.
    pub absent: f32,
    /// Share of the question's words that stand in the best unit's passage.
    pub in_passage: f32,
    /// 1 where the best unit holds the kind of value that was asked for, or nothing of a kind was asked for.
    pub asked: f32,
    pub probability: f32,
}

/// Logistic weights, in the order of the fields, then the intercept. Fitted on the development packs; see
/// docs/evaluation.md for the data, the command and how it is calibrated.
const WEIGHTS: [f32; 6] = [5.0, 1.5, 2.0, -3.0, 1.0, 0.7];
const INTERCEPT: f32 = -3.6;

pub fn coverage(question: &Question, candidates: &[Passage], ranked: &[Scored], passages: &[Passage]) -> Coverage {
    let Some(best) = ranked.first() else {
        return Coverage::default();
    };
    let everywhere: HashSet<String> = candidates.iter().flat_map(passage_stems).collect();
    let here = passage_stems(&passages[best.unit.passage]);
    let share = |set: &HashSet<String>| {
        let held = question.stems.iter().filter(|s| set.contains(*s)).count();
        held as f32 / question.stems.len().max(1) as f32
    };
    let mut features = Coverage {
        cosine: best.features.cosine,
        passage_cosine: passages.iter().filter_map(|p| p.scores.dense).fold(0.0, f32::max),
        overlap: best.features.overlap,
        absent: 1.0 - share(&everywhere),
        in_passage: share(&here),
        asked: f32::from(u8::from(question.asked.is_met_by(&best.unit) || question.asked == super::Asked::Open)),
        probability: 0.0,
    };
    let x = [
        features.cosine,
        features.passage_cosine,
        features.overlap,
        features.absent,
        features.in_passage,
        features.asked,
    ];
    let z = INTERCEPT + WEIGHTS.iter().zip(x).map(|(w, x)| w * x).sum::<f32>();
    features.probability = 1.0 / (1.0 + (-z).exp());
    // A code that no source holds is not vouched for by whatever else the question is near to.
    let codes = question.values.iter().filter(|v| matches!(v.value, Value::Code(_)));
    if codes.into_iter().any(|code| !ranked.iter().any(|s| s.unit.values.iter().any(|v| v.value == code.value))) {
        features.probability = 0.0;
    }
    // A country that no source names is not served by a rule for another one.
    let served: BTreeSet<Country> = candidates.iter().flat_map(|p| countries(&p.in_context())).collect();
    if !question.countries.is_subset(&served) {
        features.probability = 0.0;
    }
    features
}

fn passage_stems(p: &Passage) -> HashSet<String> {
    let mut stems = stem_set(&p.text);
    stems.extend(stem_set(&p.title));
    stems.extend(p.heading.iter().flat_map(|h| stem_set(h)));
    stems.extend(p.tags.iter().flat_map(|t| stem_set(t)));
    stems
}
