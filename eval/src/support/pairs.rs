//! Labelled sentences: passages of shops that do not exist, what they say in other words, and what they do not say.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Our own.
pub const SHIPPED: &str = include_str!("pairs.jsonl");

/// One line: a passage and sentences about it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Labelled {
    pub shop: String,
    /// Its name within the shop.
    pub passage: String,
    pub title: String,
    pub text: String,
    /// What it says, in other words.
    #[serde(default)]
    pub supported: Vec<String>,
    #[serde(default)]
    pub unsupported: Vec<Unsupported>,
}

/// A sentence that the passage does not say.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unsupported {
    pub kind: Flaw,
    pub text: String,
}

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Flaw {
    /// Another number or amount.
    Number,
    /// The number with another unit.
    Unit,
    /// Said of another product, country or case.
    Subject,
    /// A yes for a no, or a no for a yes.
    Negated,
    /// "All" where the passage makes an exception.
    Exception,
    /// Without the condition under which it holds.
    Condition,
    /// Before for after, included for sold separately.
    Opposite,
    /// True in part, and something made up beside it.
    Added,
    /// About something else.
    Topic,
    /// What a shop could well say, and this one does not.
    Absent,
}

impl Flaw {
    pub const ALL: [Self; 10] = [
        Self::Number,
        Self::Unit,
        Self::Subject,
        Self::Negated,
        Self::Exception,
        Self::Condition,
        Self::Opposite,
        Self::Added,
        Self::Topic,
        Self::Absent,
    ];

    /// As a table names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Number => "another number",
            Self::Unit => "another unit",
            Self::Subject => "another subject",
            Self::Negated => "yes for no",
            Self::Exception => "exception dropped",
            Self::Condition => "condition dropped",
            Self::Opposite => "the opposite",
            Self::Added => "added claim",
            Self::Topic => "another topic",
            Self::Absent => "plausible, absent",
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum PairsError {
    #[error("{file}:{line}: {problem}")]
    Line { file: String, line: usize, problem: String },
    #[error("{file}: the file holds no labelled sentences")]
    Empty { file: String },
}

/// `file` is its name, for errors.
pub fn parse(text: &str, file: &str) -> Result<Vec<Labelled>, PairsError> {
    let (mut all, mut seen) = (Vec::new(), BTreeSet::new());
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |problem: String| PairsError::Line { file: file.to_owned(), line: at + 1, problem };
        let labelled: Labelled = serde_json::from_str(line).map_err(|e| wrong(e.to_string()))?;
        if labelled.text.trim().is_empty() {
            return Err(wrong("`text` is empty: write the passage that the sentences are about".into()));
        }
        if labelled.supported.is_empty() && labelled.unsupported.is_empty() {
            return Err(wrong(
                "`supported` and `unsupported` are both empty: there is nothing to learn from it".into(),
            ));
        }
        if !seen.insert((labelled.shop.clone(), labelled.passage.clone())) {
            return Err(wrong(format!("'{}' of '{}' stands above already", labelled.passage, labelled.shop)));
        }
        all.push(labelled);
    }
    if all.is_empty() { Err(PairsError::Empty { file: file.to_owned() }) } else { Ok(all) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_wrong_is_named() {
        let check = |text: &str, says: &str| {
            let error = parse(text, "own.jsonl").unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        };
        let good = r#"{"shop":"a","passage":"b","title":"c","text":"d","supported":["e"]}"#;
        assert_eq!(parse(good, "own.jsonl").unwrap().len(), 1);
        check("", "own.jsonl: the file holds no");
        check(&format!("{good}\n\n{good}"), "own.jsonl:3: 'b' of 'a' stands above");
        check(r#"{"shop":"a","passage":"b","title":"c","text":" ","supported":["e"]}"#, "own.jsonl:1: `text` is empty");
        check(r#"{"shop":"a","passage":"b","title":"c","text":"d"}"#, "nothing to learn");
        let kind = r#"{"shop":"a","passage":"b","title":"c","text":"d","unsupported":[{"kind":"odd","text":"e"}]}"#;
        check(kind, "unknown variant `odd`");
    }

    #[test]
    fn the_shipped_sentences_hold_every_flaw() {
        let all = parse(SHIPPED, "pairs.jsonl").unwrap();
        for flaw in Flaw::ALL {
            let n = all.iter().flat_map(|l| &l.unsupported).filter(|u| u.kind == flaw).count();
            assert!(n >= 7, "{flaw:?}: {n}");
        }
        let mut texts = BTreeSet::new();
        for l in &all {
            for text in l.supported.iter().chain(l.unsupported.iter().map(|u| &u.text)) {
                assert!(texts.insert((&l.shop, &l.passage, text)), "twice: {text}");
            }
        }
    }
}
