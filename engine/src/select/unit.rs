//! The smallest piece of a source that can be shown: a sentence, a list item, a table row.

use super::stem_set;
use crate::evidence::Evidence;
use crate::place::{Country, countries};
use crate::text::sentences;
use crate::value::{Found, values};
use std::collections::{BTreeSet, HashSet};

#[derive(Clone, Debug)]
pub struct Unit {
    /// Index of its passage in the evidence.
    pub passage: usize,
    /// Place in the passage.
    pub position: usize,
    pub text: String,
    /// Title and headings above it: what it is about where it does not say so itself.
    pub context: String,
    /// Stems of text and context.
    pub stems: HashSet<String>,
    /// Stems of the text alone.
    pub own_stems: HashSet<String>,
    pub values: Vec<Found>,
    /// Countries that the text names, or else the nearest heading above it that names any.
    pub countries: BTreeSet<Country>,
    /// A table row or a list item: needs its context to be understood.
    pub fragment: bool,
}

#[derive(Clone, Debug)]
pub struct Scored {
    pub unit: Unit,
    pub cosine: f32,
    pub overlap: f32,
    pub total: f32,
}

impl Unit {
    pub(crate) fn order(&self) -> (usize, usize) {
        (self.passage, self.position)
    }

    /// As a customer can read it without the page around it.
    pub fn shown(&self) -> String {
        let text = self.text.trim_start_matches(['-', ' ']).to_owned();
        match self.context.rsplit(" › ").next() {
            Some(last) if self.fragment && !last.is_empty() => format!("{last} — {text}"),
            _ => text,
        }
    }

    /// What the embedder is given.
    pub fn with_context(&self) -> String {
        format!("{}: {}", self.context, self.text)
    }
}

/// Every unit of the evidence, in order.
pub fn units(evidence: &Evidence) -> Vec<Unit> {
    let mut all = Vec::new();
    for (passage, p) in evidence.passages().iter().enumerate() {
        let context = std::iter::once(&p.title).chain(&p.heading).map(String::as_str).collect::<Vec<_>>().join(" › ");
        let inherited =
            p.heading.iter().rev().chain([&p.title]).map(|h| countries(h)).find(|c| !c.is_empty()).unwrap_or_default();
        let mut position = 0;
        for line in p.text.lines().map(str::trim_end).filter(|l| !l.trim().is_empty()) {
            let item = line.trim_start().starts_with("- ");
            let row = !item && line.contains(": ") && line.contains("; ");
            let pieces = if row { vec![line] } else { sentences(line) };
            for text in pieces {
                let own_stems = stem_set(text);
                if own_stems.is_empty() {
                    continue;
                }
                let mut stems = stem_set(&context);
                stems.extend(own_stems.iter().cloned());
                let own = countries(text);
                all.push(Unit {
                    countries: if own.is_empty() { inherited.clone() } else { own },
                    passage,
                    position,
                    text: text.to_owned(),
                    context: context.clone(),
                    stems,
                    own_stems,
                    values: values(text),
                    fragment: item || row,
                });
                position += 1;
            }
        }
    }
    all
}
