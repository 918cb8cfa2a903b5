//! Pairs of questions, for the matcher of approved answers: is the one question answered by what answers the other?

use super::{Item, Said};
use crate::pack::PackError;
use crate::pack::lines::read_lines;
use engine::check::polarity::is_negative;
use engine::decide::Costs;
use engine::select::{Asked, Question};
use engine::text::content_stems;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::Path;

/// A line of a file of pairs.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Pair {
    /// As a customer asks.
    pub question: String,
    /// The question that an answer was approved for.
    pub answer_question: String,
    /// That answer answers this question.
    pub same: bool,
    /// Pairs with the same value know each other; otherwise those with the same `answer_question`.
    #[serde(default)]
    pub cluster: Option<String>,
}

/// The pairs of a file; an empty question is refused with its line.
pub fn pairs(path: &Path) -> Result<Vec<Pair>, PackError> {
    let lines: Vec<(usize, Pair)> = read_lines(path)?;
    for (line, pair) in &lines {
        let texts = [("question", &pair.question), ("answer_question", &pair.answer_question)];
        if let Some((name, _)) = texts.iter().find(|(_, text)| text.trim().is_empty()) {
            return Err(PackError::Line { path: path.to_owned(), line: *line, problem: format!("'{name}' is empty") });
        }
    }
    Ok(lines.into_iter().map(|(_, pair)| pair).collect())
}

/// What is weighed of a pair. Another matcher brings its own.
pub trait PairFeatures {
    /// In the order of the values.
    fn names(&self) -> Vec<String>;
    /// `cosine` is that of the embeddings.
    fn values(&self, pair: &Pair, cosine: f64) -> Vec<f64>;
}

/// Words, kinds, numbers and negation, as the engine reads them.
#[derive(Clone, Copy, Debug)]
pub struct PlainFeatures;

impl PairFeatures for PlainFeatures {
    fn names(&self) -> Vec<String> {
        ["cosine", "covered", "covers", "kind", "numbers", "negation", "length"].map(str::to_owned).to_vec()
    }

    fn values(&self, pair: &Pair, cosine: f64) -> Vec<f64> {
        let stems = |text: &str| content_stems(text).into_iter().collect::<BTreeSet<String>>();
        let (asked, approved) = (stems(&pair.question), stems(&pair.answer_question));
        let both = asked.intersection(&approved).count() as f64;
        let (a, b) = (Question::read(&pair.question), Question::read(&pair.answer_question));
        let kind = match (a.asked, b.asked) {
            (a, b) if a == b => 1.0,
            (Asked::Open | Asked::YesNo, _) | (_, Asked::Open | Asked::YesNo) => 0.5,
            _ => 0.0,
        };
        let numbers = a.values.iter().all(|v| b.values.iter().any(|w| v.value == w.value));
        let length = |a: usize, b: usize| a.min(b) as f64 / a.max(b).max(1) as f64;
        vec![
            cosine,
            both / asked.len().max(1) as f64,
            both / approved.len().max(1) as f64,
            kind,
            f64::from(u8::from(numbers)),
            f64::from(u8::from(is_negative(&pair.question) != is_negative(&pair.answer_question))),
            length(asked.len(), approved.len()),
        ]
    }
}

/// As labelled questions: a pair that is not the same and is taken for it is a wrong answer.
pub fn items(pairs: &[Pair], cosines: &[f64], features: &dyn PairFeatures, costs: &Costs) -> Vec<Item> {
    pairs
        .iter()
        .zip(cosines)
        .map(|(pair, cosine)| Item {
            features: features.values(pair, *cosine),
            said: if pair.same { Said::Right } else { Said::Wrong },
            cluster: pair.cluster.clone().unwrap_or_else(|| pair.answer_question.clone()),
            cost_given: if pair.same { 0.0 } else { costs.wrong },
            cost_held: if pair.same { costs.needless } else { 0.0 },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_and_refused_by_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pairs.jsonl");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            pairs(&path)
        };
        let good =
            r#"{"question":"How long may I return it?","answer_question":"What is the return window?","same":true}"#;
        assert!(read(good).unwrap()[0].same);
        let empty = format!("{good}\n{}", good.replace("What is the return window?", " "));
        let found = read(&empty).unwrap_err().to_string();
        assert!(found.contains("line 2: 'answer_question' is empty"), "{found}");
        let found = read(&good.replace("true", "\"yes\"")).unwrap_err().to_string();
        assert!(found.contains("line 1: 'same'"), "{found}");
    }

    #[test]
    fn what_a_pair_shares() {
        let pair = |question: &str, answer_question: &str| Pair {
            question: question.into(),
            answer_question: answer_question.into(),
            same: false,
            cluster: None,
        };
        let found = PlainFeatures.values(&pair("Can I return shoes?", "Can I not return shoes?"), 0.9);
        assert_eq!(found, [0.9, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
        let found = PlainFeatures.values(&pair("Return after 45 days?", "Return"), 0.5);
        assert_eq!((found[2], found[4]), (1.0, 0.0));
        let costs = Costs { wrong: 5.0, needless: 1.0, missed: 5.0 };
        let items = items(&[pair("a b", "b")], &[0.1], &PlainFeatures, &costs);
        assert_eq!((items[0].said, items[0].cost_given, items[0].cost_held), (Said::Wrong, 5.0, 0.0));
        assert_eq!(items[0].features.len(), PlainFeatures.names().len());
    }
}
