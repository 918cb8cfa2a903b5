//! Does a text state a fact? Words as words, numbers as numbers, money with its currency, dates as dates.
//!
//! A fact is found where its tokens stand in the text one after the other. Case, white space and punctuation do not
//! count; `$6.95` is `6.95 USD`, `30 days` is `30-day` is `thirty days`, `12/14` is not read as a date but
//! `December 14` is `14 Dec` is `2026-12-14`. A fact without a unit is met by any
//! (`6.95` by `$6.95`); one with a unit needs it, except that an amount with decimals may stand alone. A word of four letters or more also matches as the beginning of a longer one (`refund` in
//! `refunds`).

mod support;
mod tokens;

use serde::Deserialize;
pub use support::{is_unsupported, is_unsupported_by_record};
use tokens::{Token, tokens};

/// What an answer must (or must not) state: one wording, or any of several.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Fact {
    One(String),
    AnyOf(Vec<String>),
}

impl Fact {
    pub fn wordings(&self) -> &[String] {
        match self {
            Self::One(wording) => std::slice::from_ref(wording),
            Self::AnyOf(wordings) => wordings,
        }
    }

    /// As it is shown to a reader: `30 days` or `30 days | one month`.
    pub fn label(&self) -> String {
        self.wordings().join(" | ")
    }

    /// A fact that no text could ever state (no letter and no digit) is a mistake in the pack.
    pub fn is_empty(&self) -> bool {
        self.wordings().is_empty() || self.wordings().iter().any(|wording| tokens(wording).is_empty())
    }
}

/// A text that facts are looked for in; read once.
#[derive(Clone, Debug)]
pub struct Statement(Vec<Token>);

impl Statement {
    pub fn read(text: &str) -> Self {
        Self(tokens(text))
    }

    pub fn states(&self, fact: &Fact) -> bool {
        fact.wordings().iter().any(|wording| self.holds(&tokens(wording)))
    }

    fn holds(&self, wanted: &[Token]) -> bool {
        !wanted.is_empty()
            && self
                .0
                .windows(wanted.len())
                .any(|window| wanted.iter().zip(window).all(|(want, have)| want.is_met_by(have)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(fact: &str, text: &str, expected: bool) {
        let found = Statement::read(text).states(&Fact::One(fact.into()));
        assert_eq!(found, expected, "{fact:?} in {text:?}: {:?} in {:?}", tokens(fact), tokens(text));
    }

    #[test]
    fn words() {
        check("final sale", "These are FINAL\n  SALE items.", true);
        check("refund", "We send refunds within a week.", true);
        check("no", "It is not possible", false);
        check("can't", "You can’t return it", true);
        check("cannot", "You can't return it", true);
        check("returned", "return it", false);
        check("original packaging", "packaging, original", false);
        check("TRAIL10", "use code trail10.", true);
        check("help@shop.example", "Write to help@shop.example!", true);
    }

    #[test]
    fn numbers_and_money() {
        check("$6.95", "It costs 6.95 USD.", true);
        check("$6.95", "It costs $6.95.", true);
        check("6.95", "It costs US$6.95", true);
        check("1288.65", "a total of $1,288.65", true);
        check("$1,288.65", "a total of 1288.65", true);
        check("$6.95", "It costs CA$6.95", false);
        check("$6.95", "It costs 6.95 CAD", false);
        check("CA$25", "It costs $25 CAD", true);
        check("CAD 25", "It costs C$25.00", true);
        check("$6.95", "It costs $16.95", false);
        check("$6.9", "It costs $6.95", false);
        check("75.0%", "a 75 percent discount", true);
        check("10%", "up to $10 off", false);
        check("12", "within the past 12 months", true);
        check("2", "within the past 12 months", false);
        check("$0.00", "The fee is $0", true);
        check("EUR 40", "40 euros", true);
        check("$75", "after 75 days", false);
        check("$75", "from $75 on", true);
        check("10%", "for 10 years", false);
        check("-32 °C", "down to -32°C", true);
        check("-32 °C", "down to 32 °C", false);
        check("3,000 metres", "above 3000 metres", true);
        check("102 to 108", "chest 102-108 cm", true);
    }

    #[test]
    fn durations() {
        check("30 days", "our 30-day return window", true);
        check("30-day", "within thirty days", true);
        check("30 days", "within 30 business days", false);
        check("30 days", "within 3 days", false);
        check("5-7 business days", "5 to 7 business days", true);
        check("5–7 business days", "5-7 Business Days", true);
        check("1 year", "a 1-year warranty", true);
        check("5 pm", "before 5pm", true);
        check("9:00 a.m. to 1:00 p.m.", "open 9 am–1 pm", true);
        check("12:30 p.m.", "at 12:30 PM", true);
        check("12:30 p.m.", "at 12:00 PM", false);
    }

    #[test]
    fn dates() {
        check("December 14", "by Dec. 14th, please", true);
        check("December 14", "by 14 December 2026", true);
        check("2026-12-14", "by December 14, 2026", true);
        check("2026-12-14", "by December 14", true);
        check("2026-12-14", "by December 14, 2025", false);
        check("December 14", "by December 15", false);
        check("you may 30", "you may wait", false);
    }

    #[test]
    fn alternatives() {
        let fact = Fact::AnyOf(vec!["cannot be returned".into(), "final sale".into()]);
        assert!(Statement::read("It is final sale.").states(&fact));
        assert!(Statement::read("It can't be returned.").states(&fact));
        assert!(!Statement::read("It can be returned.").states(&fact));
        assert_eq!(fact.label(), "cannot be returned | final sale");
    }

    #[test]
    fn empty_facts_are_noticed() {
        for (wordings, expected) in [(vec![], true), (vec!["?!"], true), (vec!["a", ""], true), (vec!["30"], false)] {
            let fact = Fact::AnyOf(wordings.into_iter().map(String::from).collect());
            assert_eq!(fact.is_empty(), expected, "{fact:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_text_states_its_own_words(text in "[a-zA-Z0-9 $%.,-]{0,40}") {
            let whole = tokens(&text);
            let told = Statement::read(&format!("Yes: {text} indeed"));
            proptest::prop_assert!(whole.is_empty() || told.holds(&whole));
        }
    }
}
