//! Labelled questions: what customers of a shop ask that an answer answers, and what sounds like it and is not.

use serde::Deserialize;
use std::collections::BTreeSet;

/// Our own, of shops that do not exist.
pub const SHIPPED: &str = include_str!("pairs.jsonl");

/// One line: an approved answer, and questions.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answered {
    pub shop: String,
    /// Its name within the shop.
    pub answer: String,
    /// The questions that it was approved for.
    pub variants: Vec<String>,
    #[serde(default)]
    pub text: String,
    /// Other words for the same question.
    #[serde(default)]
    pub ask: Vec<String>,
    /// Questions that are near and that it does not answer.
    #[serde(default)]
    pub near: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum PairsError {
    #[error("{file}:{line}: {problem}")]
    Line { file: String, line: usize, problem: String },
    #[error("{file}: the file holds no labelled questions")]
    Empty { file: String },
}

/// `file` is its name, for errors.
pub fn parse(text: &str, file: &str) -> Result<Vec<Answered>, PairsError> {
    let (mut answers, mut seen) = (Vec::new(), BTreeSet::new());
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |problem: String| PairsError::Line { file: file.to_owned(), line: at + 1, problem };
        let answer: Answered = serde_json::from_str(line).map_err(|e| wrong(e.to_string()))?;
        if answer.variants.is_empty() {
            return Err(wrong("`variants` is empty: name a question that the answer was approved for".into()));
        }
        if answer.ask.is_empty() && answer.near.is_empty() {
            return Err(wrong("`ask` and `near` are both empty: there is nothing to learn from the line".into()));
        }
        if !seen.insert((answer.shop.clone(), answer.answer.clone())) {
            return Err(wrong(format!("'{}' of '{}' stands above already", answer.answer, answer.shop)));
        }
        answers.push(answer);
    }
    if answers.is_empty() { Err(PairsError::Empty { file: file.to_owned() }) } else { Ok(answers) }
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
        let good = r#"{"shop":"a","answer":"b","variants":["c"],"ask":["d"]}"#;
        assert_eq!(parse(good, "own.jsonl").unwrap().len(), 1);
        check("", "own.jsonl: the file holds no");
        check(&format!("{good}\n\n{good}"), "own.jsonl:3: 'b' of 'a' stands above");
        check(r#"{"shop":"a","answer":"b","variants":[],"ask":["d"]}"#, "own.jsonl:1: `variants` is empty");
        check(r#"{"shop":"a","answer":"b","variants":["c"]}"#, "nothing to learn");
        check(r#"{"shop":"a","answer":"b","variants":["c"],"asks":["d"]}"#, "unknown field");
    }
}
