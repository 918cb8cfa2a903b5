//! Labelled utterances: the shipped ones, and how a file of a store's own is read.

use crate::text::content_stems;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Written for this product; every label is an [`super::Intent`].
pub const SHIPPED: &str = include_str!("labels.jsonl");

/// One line of a file of labels.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Utterance {
    pub text: String,
    pub intent: String,
}

/// What is wrong with a line.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct LabelError {
    pub line: usize,
    pub problem: String,
}

/// JSON lines with `text` and `intent`; blank lines are skipped, unknown fields left alone, repeats read once.
pub fn read(text: &str) -> Result<Vec<Utterance>, LabelError> {
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |problem: String| LabelError { line: at + 1, problem };
        let utterance: Utterance = serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
        if utterance.text.trim().is_empty() {
            return Err(wrong("'text' is empty: write what the customer said".into()));
        }
        if utterance.intent.trim().is_empty() {
            return Err(wrong("'intent' is empty: name what the customer wants".into()));
        }
        if seen.insert((utterance.text.to_lowercase(), utterance.intent.clone())) {
            all.push(utterance);
        }
    }
    Ok(all)
}

/// A word that so many labels have says nothing about any of them.
const COMMON: usize = 8;

/// For each label the stems of its utterances; under the empty name those of many labels.
pub fn vocabulary(utterances: &[Utterance]) -> BTreeMap<String, BTreeSet<String>> {
    let mut labels_of: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for utterance in utterances {
        for stem in content_stems(&utterance.text).into_iter().collect::<BTreeSet<_>>() {
            labels_of.entry(stem).or_default().insert(&utterance.intent);
        }
    }
    let mut vocabulary: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (stem, labels) in labels_of {
        if labels.len() >= COMMON {
            vocabulary.entry(String::new()).or_default().insert(stem.clone());
        }
        for label in labels {
            vocabulary.entry(label.to_owned()).or_default().insert(stem.clone());
        }
    }
    vocabulary
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understand::Intent;

    #[test]
    fn the_shipped_labels_are_ours_and_enough() {
        let all = read(SHIPPED).unwrap();
        for intent in Intent::ALL {
            let n = all.iter().filter(|u| u.intent == intent.label()).count();
            assert!(n >= 20, "{intent} has {n} utterances");
        }
        let stranger = all.iter().find(|u| Intent::parse(&u.intent).is_none());
        assert_eq!(stranger, None);
    }

    #[test]
    fn a_bad_line_is_named() {
        let good = r#"{"text": "hi", "intent": "greeting"}"#;
        assert_eq!(read(&format!("{good}\n\n{good}")).unwrap().len(), 1);
        for (line, problem) in [
            ("{", "line 2: EOF"),
            (r#"{"text": "x"}"#, "line 2: missing field `intent`"),
            (r#"{"text": " ", "intent": "x"}"#, "line 2: 'text' is empty"),
            (r#"{"text": "x", "intent": ""}"#, "line 2: 'intent' is empty"),
        ] {
            let error = read(&format!("{good}\n{line}")).unwrap_err().to_string();
            assert!(error.starts_with(problem), "{error}");
        }
    }
}
