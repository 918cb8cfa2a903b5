//! A message as tokens with their places: words, numbers, and days written with figures.

use regex::Regex;
use std::sync::LazyLock;

/// One word or number, in lower case, with a plain apostrophe.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub word: String,
    /// Bytes of the message.
    pub start: usize,
    pub end: usize,
    /// Begins with a capital.
    pub capital: bool,
}

static TOKENS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\d+(?:[./-]\d+)+|\d+[\p{L}]*|[\p{L}][\p{L}\p{M}'’]*(?:-[\p{L}\p{M}'’]+)*").expect("constant")
});

pub(super) fn tokens(text: &str) -> Vec<Token> {
    let token = |m: regex::Match<'_>| {
        let word = m.as_str().to_lowercase().replace('’', "'");
        let word = word.trim_end_matches('\'').to_owned();
        Token { word, start: m.start(), end: m.end(), capital: m.as_str().starts_with(char::is_uppercase) }
    };
    TOKENS.find_iter(text).map(token).collect()
}

/// What stands between a token and the one after it; to the end of the text after the last one.
pub(super) fn gap<'t>(text: &'t str, tokens: &[Token], at: usize) -> &'t str {
    let from = tokens[at].end;
    let to = tokens.get(at + 1).map_or(text.len(), |next| next.start);
    &text[from..to]
}

/// Whether the words from `at` on are these.
pub(super) fn says(tokens: &[Token], at: usize, words: &[&str]) -> bool {
    tokens.len() >= at + words.len() && words.iter().zip(&tokens[at..]).all(|(word, token)| token.word == *word)
}

/// A count as figures or as a word, at most three figures: what is longer is no count of things or days.
pub(super) fn number(word: &str) -> Option<u32> {
    if !word.is_empty() && word.len() <= 3 && word.bytes().all(|b| b.is_ascii_digit()) {
        return word.parse().ok();
    }
    const WORDS: &[(u32, &[&str])] = &[
        (1, &["one", "ein", "eine", "einen", "einem", "einer", "eins", "un", "une"]),
        (2, &["two", "zwei", "deux"]),
        (3, &["three", "drei", "trois"]),
        (4, &["four", "vier", "quatre"]),
        (5, &["five", "fünf", "cinq"]),
        (6, &["six", "sechs"]),
        (7, &["seven", "sieben", "sept"]),
        (8, &["eight", "acht", "huit"]),
        (9, &["nine", "neun", "neuf"]),
        (10, &["ten", "zehn", "dix"]),
        (11, &["eleven", "elf", "onze"]),
        (12, &["twelve", "zwölf", "douze"]),
        (13, &["thirteen"]),
        (14, &["fourteen", "vierzehn", "quatorze"]),
        (15, &["fifteen", "fünfzehn", "quinze"]),
        (20, &["twenty", "zwanzig", "vingt"]),
        (24, &["twenty-four"]),
        (30, &["thirty", "dreißig", "trente"]),
        (48, &["forty-eight"]),
    ];
    WORDS.iter().find(|(_, words)| words.contains(&word)).map(|(n, _)| *n)
}
