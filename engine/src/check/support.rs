//! How much of a sentence stands in a source.

use crate::select::stem_set;
use crate::value::{Found, values};
use std::collections::HashSet;

/// Share of `of` that `within` holds; 1 for an empty set.
pub fn share(of: &HashSet<String>, within: &HashSet<String>) -> f32 {
    if of.is_empty() {
        return 1.0;
    }
    of.iter().filter(|s| within.contains(*s)).count() as f32 / of.len() as f32
}

/// A source seen as what a sentence may rest on.
#[derive(Clone, Debug)]
pub struct Ground {
    stems: HashSet<String>,
    values: Vec<Found>,
}

impl Ground {
    pub fn new(context: &str, text: &str) -> Self {
        let whole = format!("{context}\n{text}");
        Self { stems: stem_set(&whole), values: values(&whole) }
    }

    pub fn merge(mut self, other: &Self) -> Self {
        self.stems.extend(other.stems.iter().cloned());
        self.values.extend(other.values.iter().cloned());
        self
    }

    /// Share of the sentence's words that stand here. Words of the question are granted: repeating them claims nothing.
    pub fn support(&self, sentence: &str, granted: &HashSet<String>) -> f32 {
        let said: HashSet<String> = stem_set(sentence).into_iter().filter(|s| !granted.contains(s)).collect();
        share(&said, &self.stems)
    }

    /// Values of the sentence that do not stand here.
    pub fn missing(&self, sentence: &str) -> Vec<Found> {
        values(sentence).into_iter().filter(|v| !self.values.iter().any(|w| v.value.stands_in(&w.value))).collect()
    }
}
