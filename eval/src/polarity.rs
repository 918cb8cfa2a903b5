//! Does an answer say yes or no?

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Polarity {
    Yes,
    No,
}

impl Polarity {
    pub fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
        }
    }
}

/// How sure one can be: only what is said outright can contradict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// A sentence begins (or ends, "All fees are waived: Yes.") with the word.
    Outright(Polarity),
    /// Read from negations, or their absence.
    Implied(Polarity),
}

/// The first sentence that says yes or no outright decides; otherwise any negation reads as no.
pub fn polarity(answer: &str) -> Said {
    let lower = answer.to_lowercase().replace('’', "'");
    let sentences = lower.split(['.', '!', '?', '\n', ';']);
    for sentence in sentences {
        let mut words = words(sentence);
        let first = words.next();
        let after_colon = sentence.rsplit_once(':').and_then(|(_, rest)| self::words(rest).next());
        for word in [first, after_colon].into_iter().flatten() {
            match word {
                "yes" => return Said::Outright(Polarity::Yes),
                "no" if first == Some("no") && is_determiner(sentence) => {}
                "no" => return Said::Outright(Polarity::No),
                _ => {}
            }
        }
    }
    let negated = words(&lower).any(|word| {
        matches!(word, "not" | "no" | "never" | "cannot" | "none" | "neither" | "nor" | "without")
            || word.ends_with("n't")
    });
    Said::Implied(if negated { Polarity::No } else { Polarity::Yes })
}

/// "No returns after 30 days" denies the returns, not the question; "No, ..." and "No" alone answer it.
fn is_determiner(sentence: &str) -> bool {
    let rest = sentence.trim_start_matches(|c: char| !c.is_alphanumeric()).trim_start_matches("no");
    rest.starts_with(' ') && words(rest).next().is_some()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use Polarity::{No, Yes};

    #[test]
    fn outright_and_implied() {
        for (answer, expected) in [
            ("Yes. Fees of $12.50 apply.", Said::Outright(Yes)),
            ("No. You must be new.", Said::Outright(No)),
            ("No, sorry", Said::Outright(No)),
            ("**No** – that is final sale", Said::Outright(No)),
            ("Sorry! No.", Said::Outright(No)),
            ("All wire transfer fees are waived: Yes.", Said::Outright(Yes)),
            ("A fee of $12.50 applies.", Said::Implied(Yes)),
            ("It cannot be combined.", Said::Implied(No)),
            ("You can’t combine them.", Said::Implied(No)),
            ("No returns are taken after 30 days.", Said::Implied(No)),
            ("It is noted that notes are free.", Said::Implied(Yes)),
        ] {
            assert_eq!(polarity(answer), expected, "{answer}");
        }
    }
}
