//! What a judge is asked about a reply, and how its verdict is read.

use crate::line::Line;
use engine::prompt::{ChatMessage, ChatRole, Prompt, Sampling};
use regex::Regex;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// What is rated, and on which scale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rubric {
    /// Names the metric: `judge_<name>`.
    pub name: String,
    pub scale: Scale,
    /// What the judge is told: what to look at, and what each step of the scale means.
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scale {
    /// Grades: a disagreement weighs as the square of its distance.
    #[serde(rename = "1-5")]
    OneToFive,
    #[serde(rename = "yes-no")]
    YesNo,
}

#[derive(Debug, thiserror::Error)]
pub enum RubricError {
    #[error("line {line}: {problem}")]
    Toml { line: usize, problem: String },
    #[error("'name' is '{0}': use a-z, 0-9 and '_', it becomes the metric's name")]
    Name(String),
}

/// Tokens that a verdict may take.
const VERDICT: usize = 8;

const TONE: &str = "You rate the tone of a support reply. 5: friendly, respectful and clear. 4: polite. 3: neutral. \
                    2: curt or wordy. 1: rude, dismissive or blaming. Whether the reply is right does not count.";
const HELPFULNESS: &str = "You rate whether a support reply helps the customer with what they asked. 5: answers all of \
                           it, and the customer knows what to do next. 4: answers it. 3: answers a part. 2: is about the \
                           matter and does not answer. 1: does not help at all. The tone does not count.";

impl Scale {
    /// How many classes there are.
    pub fn classes(self) -> usize {
        match self {
            Self::OneToFive => 5,
            Self::YesNo => 2,
        }
    }

    /// What a class counts in the mean.
    pub fn value(self, class: usize) -> f64 {
        match self {
            Self::OneToFive => class as f64 + 1.0,
            Self::YesNo => class as f64,
        }
    }

    /// As a person or a judge says it.
    pub fn name(self, class: usize) -> String {
        match self {
            Self::OneToFive => (class + 1).to_string(),
            Self::YesNo => if class == 1 { "yes" } else { "no" }.to_owned(),
        }
    }

    /// The class that a text names; `None` where it names none, or more than one.
    pub fn read(self, text: &str) -> Option<usize> {
        static GRADE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\d+(?:[./]\d+)?").expect("constant"));
        static WORD: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"(?i)\b(?:yes|no|true|false)\b").expect("constant"));
        let mut found = match self {
            Self::OneToFive => GRADE.find_iter(text).map(|m| m.as_str().trim_end_matches("/5").to_owned()).collect(),
            Self::YesNo => WORD.find_iter(text).map(|m| m.as_str().to_lowercase()).collect::<Vec<_>>(),
        };
        found.dedup();
        let [one] = found.as_slice() else { return None };
        match self {
            Self::OneToFive => one.parse::<usize>().ok().filter(|grade| (1..=5).contains(grade)).map(|grade| grade - 1),
            Self::YesNo => Some(usize::from(matches!(one.as_str(), "yes" | "true"))),
        }
    }

    fn asks(self) -> &'static str {
        match self {
            Self::OneToFive => "Say one number from 1 to 5 and nothing else.",
            Self::YesNo => "Say yes or no and nothing else.",
        }
    }
}

impl Rubric {
    /// One of those that are shipped.
    pub fn shipped(name: &str) -> Option<Self> {
        let text = match name {
            "tone" => TONE,
            "helpfulness" => HELPFULNESS,
            _ => return None,
        };
        Some(Self { name: name.to_owned(), scale: Scale::OneToFive, text: text.to_owned() })
    }

    /// A file of a user's: `name`, `scale` (`1-5` or `yes-no`) and `text`.
    pub fn parse(text: &str) -> Result<Self, RubricError> {
        let rubric: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            RubricError::Toml { line, problem: error.message().to_owned() }
        })?;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if rubric.name.is_empty() || !rubric.name.chars().all(plain) {
            return Err(RubricError::Name(rubric.name));
        }
        Ok(rubric)
    }

    pub fn metric(&self) -> String {
        format!("judge_{}", self.name)
    }

    /// Greedy, so that a verdict repeats. The reply stands between marks: what it says is no instruction.
    pub fn prompt(&self, line: &Line) -> Prompt {
        let text = format!(
            "Customer's message:\n<<<\n{}\n>>>\nReply to be rated:\n<<<\n{}\n>>>\n{}",
            line.text,
            line.reply,
            self.scale.asks()
        );
        Prompt {
            system: format!("{}\n{}", self.text.trim_end(), self.scale.asks()),
            messages: vec![ChatMessage { role: ChatRole::User, text }],
            max_tokens: VERDICT,
            sampling: Sampling::Greedy,
            stop: vec!["\n\n".into()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_one_class_or_none() {
        let grade = |text| Scale::OneToFive.read(text);
        for (text, expected) in [
            ("4", Some(3)),
            ("Rating: 5.", Some(4)),
            ("3/5", Some(2)),
            ("2 2", Some(1)),
            ("4 or 5", None),
            ("6", None),
            ("4.5", None),
            ("good", None),
        ] {
            assert_eq!(grade(text), expected, "{text}");
        }
        assert_eq!(["Yes.", "no", "yes and no", "maybe"].map(|t| Scale::YesNo.read(t)), [Some(1), Some(0), None, None]);
    }

    #[test]
    fn a_rubric_of_ones_own_names_its_mistakes() {
        let good = "name = \"brand_voice\"\nscale = \"yes-no\"\ntext = \"Does it sound like us?\"";
        assert_eq!(Rubric::parse(good).unwrap().metric(), "judge_brand_voice");
        for (text, expected) in [
            ("name = \"a\"\nscale = \"1-10\"\ntext = \"t\"", "line 2: unknown variant `1-10`"),
            ("name = \"A b\"\nscale = \"1-5\"\ntext = \"t\"", "'name' is 'A b'"),
        ] {
            let found = Rubric::parse(text).unwrap_err().to_string();
            assert!(found.contains(expected), "{found}");
        }
    }
}
