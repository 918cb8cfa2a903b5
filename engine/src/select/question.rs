//! What a question asks for, as far as its words tell.

use super::Unit;
use crate::check::polarity::is_negative;
use crate::place::{self, Country};
use crate::text::content_stems;
use crate::value::{Found, Value, values};
use regex::Regex;
use std::collections::BTreeSet;
use std::sync::LazyLock;

#[derive(Clone, Debug)]
pub struct Question {
    pub text: String,
    /// Stems of its content words, each once, in order.
    pub stems: Vec<String>,
    pub values: Vec<Found>,
    pub asked: Asked,
    /// Countries it names, or the one its customer shops from.
    pub countries: BTreeSet<Country>,
}

/// The kind of answer that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    Money,
    Time,
    Count,
    Percent,
    Contact,
    /// Can I, do you, is it.
    YesNo,
    Open,
}

static ASKED: LazyLock<Vec<(Regex, Asked)>> = LazyLock::new(|| {
    let re = |pattern: &str, asked| (Regex::new(&format!("(?i){pattern}")).expect("constant"), asked);
    vec![
        re(
            r"\b(?:how long|how many (?:\w+ )?(?:days|weeks|months|hours|minutes|years)|how (?:soon|fast|quickly|late)|when\b|what time|by what date|until when|deadline|cut-?off|last day|opening hours|what hours|how old|time ?frame)",
            Asked::Time,
        ),
        re(
            r"\b(?:how much|what(?:'s| is| are)? (?:the )?(?:\w+ ){0,3}(?:cost|price|fee|charge|minimum)s?|price of|cost of|costs?\b|how expensive|do you charge|charge for|fees?\b|what does .* cost)",
            Asked::Money,
        ),
        re(r"\b(?:what percent|percentage|how big (?:is|a) (?:the )?discount)", Asked::Percent),
        re(r"\b(?:phone|e-?mail|contact|call you|reach you|get in touch)\b", Asked::Contact),
        re(
            r"\b(?:how many|how heavy|how big|how tall|how wide|how warm|how cold|how hot|what rating|weigh|what size|which size|what temperature|dimensions?|capacity|volume)",
            Asked::Count,
        ),
        re(
            r"^\W*(?:(?:hi|hello|hey)\W+)?(?:can|could|do|does|did|is|are|am|will|would|may|should|have|has)\b",
            Asked::YesNo,
        ),
        re(r"[,.?!]\s*(?:can|could|do|does|is|are|will|would|may)\b", Asked::YesNo),
    ]
});

impl Question {
    pub fn read(text: &str) -> Self {
        let mut stems = Vec::new();
        for stem in content_stems(text) {
            if !stems.contains(&stem) {
                stems.push(stem);
            }
        }
        let asked = ASKED.iter().find(|(pattern, _)| pattern.is_match(text)).map_or(Asked::Open, |(_, asked)| *asked);
        // "What does it cost" asks for money, and says nothing about what the money is for.
        let subject: Vec<String> = stems.iter().filter(|s| !asked.words().contains(&s.as_str())).cloned().collect();
        let stems = if subject.is_empty() { stems } else { subject };
        Self { text: text.to_owned(), stems, values: values(text), asked, countries: place::countries(text) }
    }

    /// The country that the channel knows, where the question itself names none.
    pub fn from_country(mut self, code: Option<&str>) -> Self {
        if self.countries.is_empty() {
            self.countries.extend(code.and_then(place::country));
        }
        self
    }
}

impl Asked {
    /// Stems of the words that only name the kind.
    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Money => &["cost", "price", "charg", "fee", "expens", "money"],
            Self::Time => &["time", "day", "week", "month", "hour", "minut", "date"],
            Self::Contact => &["contact", "reach"],
            Self::Count | Self::Percent | Self::YesNo | Self::Open => &[],
        }
    }

    /// Whether a unit holds the kind of thing that is wanted.
    pub fn is_met_by(self, unit: &Unit) -> bool {
        unit.values.iter().any(|found| self.takes(&found.value)) || (self == Self::YesNo && states_a_rule(&unit.text))
    }

    /// Whether the texts hold a value of the kind; nothing of a kind is asked for by an open question or a yes or no.
    pub fn is_said<'a>(self, mut texts: impl Iterator<Item = &'a str>) -> bool {
        matches!(self, Self::YesNo | Self::Open | Self::Contact)
            || texts.any(|text| values(text).iter().any(|v| self.takes(&v.value)))
    }

    /// How well a unit holds it: a price that is called one is more than an amount above which something is free.
    pub fn met_by(self, unit: &Unit) -> f32 {
        static PRICE: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"(?i)\b(?:prices?|costs?|fees?|charges?|pay|deduct(?:ed)?|rate)\b").expect("constant")
        });
        match (self.is_met_by(unit), self) {
            (false, _) => 0.0,
            (true, Self::Money) if !PRICE.is_match(&unit.text) => 0.6,
            (true, _) => 1.0,
        }
    }

    /// Whether a value is of the kind that is wanted.
    pub fn takes(self, value: &Value) -> bool {
        match self {
            Self::Money => matches!(value, Value::Money { .. } | Value::Percent(_)),
            Self::Time => matches!(
                value,
                Value::Duration { .. }
                    | Value::BusinessDays { .. }
                    | Value::Months { .. }
                    | Value::Date { .. }
                    | Value::TimeOfDay(_)
            ),
            Self::Count => matches!(value, Value::Number { .. }),
            Self::Percent => matches!(value, Value::Percent(_)),
            Self::Contact => matches!(value, Value::Email(_) | Value::Phone(_) | Value::Link(_)),
            Self::YesNo | Self::Open => false,
        }
    }
}

fn states_a_rule(text: &str) -> bool {
    static RULE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)\b(?:can|may|must|will|is|are|do|does|accept|offer|ship|eligible|allowed|only|included?|separately|comes?|fits?|compatible)\b",
        )
        .expect("constant")
    });
    is_negative(text) || RULE.is_match(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_answer_is_read_from_the_question() {
        let check = |text: &str, expect: Asked| assert_eq!(Question::read(text).asked, expect, "{text}");
        assert_eq!(Question::read("Do you ship to Canada, and what does it cost?").stems, ["ship", "canada"]);
        check("How long do I have to return a jacket?", Asked::Time);
        check("How many days do I have?", Asked::Time);
        check("How much is shipping to Canada?", Asked::Money);
        check("What is the restocking fee?", Asked::Money);
        check("Can I return a final sale jacket?", Asked::YesNo);
        check("What is your phone number?", Asked::Contact);
        check("How heavy is the tent?", Asked::Count);
        check("Tell me about the tent", Asked::Open);
    }
}
