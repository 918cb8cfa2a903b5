//! How the customer feels, by the rules and the lexicon of VADER (Hutto & Gilbert 2014, "VADER: A Parsimonious
//! Rule-based Model for Sentiment Analysis of Social Media Text"): no model, English only.

use crate::turn::{Speaker, Turn};
use serde::Serialize;
use std::sync::LazyLock;
use vader_sentiment::SentimentIntensityAnalyzer;

static ANALYZER: LazyLock<SentimentIntensityAnalyzer<'static>> = LazyLock::new(SentimentIntensityAnalyzer::new);

/// VADER's compound score, from -1 (worst) to 1 (best).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Mood {
    pub now: f32,
    /// Against the customer's first message: negative where it got worse.
    pub shift: f32,
}

impl Mood {
    pub fn of(turn: &Turn) -> Self {
        let now = compound(&turn.text);
        let first = turn.history.iter().find(|m| m.role == Speaker::Customer).map(|m| compound(&m.text));
        Self { now, shift: first.map_or(0.0, |first| now - first) }
    }
}

pub(crate) fn compound(text: &str) -> f32 {
    // Its tokenizer looks at the first and last letter of each word.
    if text.trim().is_empty() {
        return 0.0;
    }
    ANALYZER.polarity_scores(text).get("compound").map_or(0.0, |score| *score as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::turn::Message;

    #[test]
    fn anger_is_told_from_a_plain_question() {
        assert!(Mood::of(&Turn::single("c", "This is terrible, I am furious, what a horrible shop!")).now < -0.5);
        assert!(Mood::of(&Turn::single("c", "Where is my order?")).now.abs() < 0.1);
        assert!(Mood::of(&Turn::single("c", "Thank you so much, great service!")).now > 0.5);
        assert_eq!(Mood::of(&Turn::single("c", " ")).now, 0.0);
        for odd in ["!!!", "é", "🙂", "?", "a\u{301}", "\u{0}"] {
            assert!(Mood::of(&Turn::single("c", odd)).now.is_finite(), "{odd:?}");
        }
        let first = Message { role: Speaker::Customer, text: "Thanks, you are great!".into() };
        let turn = Turn { history: vec![first], ..Turn::single("c", "This is awful and useless.") };
        assert!(Mood::of(&turn).shift < -0.8);
    }
}
