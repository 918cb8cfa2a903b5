//! Does a sentence rest on the words it cites? A reading of the scorer's own, coarser than the engine's check.

use super::tokens::{Token, tokens};

/// Whether a number, an amount or a date of `sentence` stands in none of `quotes`, or fewer than half of its longer
/// words do. A sentence without either is supported by nothing and needs nothing.
pub fn is_unsupported(sentence: &str, quotes: &[&str]) -> bool {
    let (values, words) = held(sentence, quotes);
    !values || !words
}

/// The same for a fact of an order or a product, whose record states values and no sentences.
pub fn is_unsupported_by_record(sentence: &str, quotes: &[&str]) -> bool {
    !held(sentence, quotes).0
}

/// Whether all values stand in the quotes, and whether at least half of the longer words do.
fn held(sentence: &str, quotes: &[&str]) -> (bool, bool) {
    let told: Vec<Token> = quotes.iter().flat_map(|quote| tokens(quote)).collect();
    let stands = |token: &Token| told.iter().any(|have| token.is_met_by(have) || have.is_met_by(token));
    let said = tokens(sentence);
    let (words, values): (Vec<&Token>, Vec<&Token>) = said.iter().partition(|token| matches!(token, Token::Word(_)));
    let long: Vec<&Token> =
        words.into_iter().filter(|t| matches!(t, Token::Word(word) if word.chars().count() >= 4)).collect();
    let found = long.iter().filter(|word| stands(word)).count();
    (values.iter().all(|value| stands(value)), found * 2 >= long.len())
}

#[cfg(test)]
mod tests {
    use super::is_unsupported;

    #[test]
    fn numbers_must_stand_in_the_source_and_half_of_the_words() {
        let quotes = ["Jackets can be returned within 30 days of delivery."];
        for (sentence, expected) in [
            ("Returned jackets: 30 days.", false),
            ("You have 60 days for jackets returned.", true),
            ("Our headquarters lie beneath mountains.", true),
            ("Yes.", false),
        ] {
            assert_eq!(is_unsupported(sentence, &quotes), expected, "{sentence}");
        }
        assert!(is_unsupported("Returned jackets", &[]));
    }
}
