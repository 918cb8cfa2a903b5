//! How a message sounds, for the agent who reads it first: VADER's score in three words.

use crate::understand::sentiment::compound;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sentiment {
    Negative,
    Neutral,
    Positive,
}

impl Sentiment {
    pub fn as_text(self) -> &'static str {
        match self {
            Self::Negative => "negative",
            Self::Neutral => "neutral",
            Self::Positive => "positive",
        }
    }
}

/// From here on VADER's authors call a compound score positive, and below its negative negative.
const BOUND: f32 = 0.05;

pub fn sentiment(text: &str) -> Sentiment {
    match compound(text) {
        score if score >= BOUND => Sentiment::Positive,
        score if score <= -BOUND => Sentiment::Negative,
        _ => Sentiment::Neutral,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_is_put_in_words() {
        for (text, expect) in [
            ("I am not happy", Sentiment::Negative),
            ("This is terrible", Sentiment::Negative),
            ("Where is my parcel?", Sentiment::Neutral),
            ("Great, thanks", Sentiment::Positive),
            ("", Sentiment::Neutral),
        ] {
            assert_eq!(sentiment(text), expect, "{text}");
        }
    }
}
