//! What speaks for a unit and what against it.

use super::{Question, Unit, lookup, stem_set};
use crate::evidence::{Evidence, SourceKind};
use crate::value::{Found, Value};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Each 0 to 1, but for the cosine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Features {
    /// Of the question and the unit with its context.
    pub cosine: f32,
    /// Of the question and the passage.
    pub passage_cosine: f32,
    /// Weighted share of the question's words that the unit and its context hold.
    pub overlap: f32,
    /// The same for the unit without its context.
    pub own_overlap: f32,
    /// It holds the kind of value that is asked for.
    pub asked: f32,
    /// A value of the question stands in it, or in one of its ranges ("104 cm" in "102 to 108").
    pub value: f32,
    /// It has a range for a value of the question, and the value is outside.
    pub out_of_range: f32,
    /// Its passage was found first (1), second (1/2), and so on.
    pub rank: f32,
    pub conversation: f32,
    pub product: f32,
    /// It speaks of another country, or of another product than the one named.
    pub elsewhere: f32,
    /// Share of its page's title that the question's words make up: the page is about what is asked.
    pub topic: f32,
}

/// In the order of the fields. Fitted on the sample store's and the development packs' questions, then rounded; see
/// docs/evaluation.md.
const WEIGHTS: [f32; 12] = [1.3, 0.3, 0.75, 0.55, 0.45, 0.5, -0.35, 0.25, -0.2, 0.0, -0.35, 0.5];

impl Features {
    pub fn total(&self) -> f32 {
        self.list().iter().zip(WEIGHTS).map(|(x, w)| w * x).sum()
    }

    fn list(&self) -> [f32; 12] {
        [
            self.cosine,
            self.passage_cosine,
            self.overlap,
            self.own_overlap,
            self.asked,
            self.value,
            self.out_of_range,
            self.rank,
            self.conversation,
            self.product,
            self.elsewhere,
            self.topic,
        ]
    }
}

/// What the features of a unit are relative to: the other units of the same evidence.
pub(super) struct Context<'a> {
    question: &'a Question,
    evidence: &'a Evidence,
    weights: BTreeMap<String, f32>,
    other_product: Vec<bool>,
    topics: Vec<f32>,
}

impl<'a> Context<'a> {
    pub fn new(question: &'a Question, units: &[Unit], evidence: &'a Evidence) -> Self {
        // Rare words tell units apart more than those that stand everywhere.
        let n = units.len().max(1) as f32;
        let weight = |stem: &String| {
            let holds = units.iter().filter(|u| u.stems.contains(stem)).count() as f32;
            (1.0 + (n - holds + 0.5) / (holds + 0.5)).ln()
        };
        let weights = question.stems.iter().map(|stem| (stem.clone(), weight(stem))).collect();
        let topic = |title: &str| {
            let title = stem_set(title);
            title.iter().filter(|s| question.stems.contains(s)).count() as f32 / title.len().max(1) as f32
        };
        let topics = evidence.passages().iter().map(|p| topic(&p.title)).collect();
        Self { question, evidence, weights, other_product: other_products(question, evidence), topics }
    }

    pub fn features(&self, unit: &Unit, cosine: f32) -> Features {
        let passage = &self.evidence.passages()[unit.passage];
        let yes = |is: bool| f32::from(u8::from(is));
        let all: f32 = self.weights.values().sum();
        let share = |holds: &dyn Fn(&str) -> bool| {
            let held: f32 = self.weights.iter().filter(|(stem, _)| holds(stem)).map(|(_, w)| w).sum();
            if all > 0.0 { held / all } else { 0.0 }
        };
        let (value, out_of_range) = match_values(self.question, unit);
        Features {
            cosine,
            passage_cosine: passage.scores.dense.unwrap_or(0.0),
            overlap: share(&|s| unit.stems.contains(s)),
            own_overlap: share(&|s| unit.own_stems.contains(s)),
            asked: self.question.asked.met_by(unit),
            value: yes(value),
            out_of_range: yes(out_of_range && !value),
            rank: 1.0 / (1.0 + unit.passage as f32),
            conversation: yes(passage.kind == SourceKind::Conversation),
            product: yes(passage.kind == SourceKind::Product),
            topic: if passage.kind == SourceKind::Policy { self.topics[unit.passage] } else { 0.0 },
            elsewhere: yes(other_country(self.question, unit) || self.other_product[unit.passage]),
        }
    }
}

/// Whether a unit speaks of other countries than the question does.
fn other_country(question: &Question, unit: &Unit) -> bool {
    !question.countries.is_empty() && !unit.countries.is_empty() && question.countries.is_disjoint(&unit.countries)
}

/// For each passage: whether it is about a product while the question names other ones by their titles. A word that
/// many titles share ("jacket") names none of them.
fn other_products(question: &Question, evidence: &Evidence) -> Vec<bool> {
    let titles: Vec<Option<BTreeSet<String>>> = evidence
        .passages()
        .iter()
        .map(|p| (p.kind == SourceKind::Product).then(|| stem_set(&p.title).into_iter().collect()))
        .collect();
    let mut distinct: Vec<&BTreeSet<String>> = titles.iter().flatten().collect();
    distinct.sort_by_key(|t| {
        let mut sorted: Vec<&String> = t.iter().collect();
        sorted.sort();
        sorted
    });
    distinct.dedup();
    let weight = |stem: &String| 1.0 / distinct.iter().filter(|t| t.contains(stem)).count().max(1) as f32;
    let named = |title: &BTreeSet<String>| {
        let asked: f32 = title.iter().filter(|s| question.stems.contains(s)).map(weight).sum();
        asked / title.iter().map(weight).sum::<f32>().max(f32::MIN_POSITIVE)
    };
    let shares: Vec<Option<f32>> = titles.iter().map(|t| t.as_ref().map(named)).collect();
    let most = shares.iter().flatten().copied().fold(0.0, f32::max);
    shares.iter().map(|share| most >= 0.3 && share.is_some_and(|share| share < most * 0.5)).collect()
}

/// Whether a value of the question stands in the unit or in a range of it, and whether it is outside of all of them.
fn match_values(question: &Question, unit: &Unit) -> (bool, bool) {
    let cells = lookup::cells(&unit.text);
    let mut inside = lookup::month_in_range(&question.text, &unit.text);
    let mut outside = false;
    for asked in &question.values {
        let found = lookup::look_up(&asked.value, &cells, &question.stems);
        inside |= found == Some(true);
        outside |= found == Some(false);
        let stands =
            |v: &Found| asked.value.stands_in(&v.value) && !matches!(v.value, Value::Number { unit: None, .. });
        inside |= found.is_none() && unit.values.iter().any(stands);
    }
    (inside, outside)
}
