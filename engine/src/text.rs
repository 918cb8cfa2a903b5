//! Sentences, words and stems: what the selection and the check see of a text.

use rust_stemmers::{Algorithm, Stemmer};
use std::collections::HashSet;
use std::sync::LazyLock;
use unicode_segmentation::UnicodeSegmentation;

static STEMMER: LazyLock<Stemmer> = LazyLock::new(|| Stemmer::create(Algorithm::English));

/// Words that say nothing about a subject. Whether a sentence says yes or no is read from its text, not from here.
const STOP: &str = "a about above after again all am an and any are as at be because been before being below between \
    both but by could did do does doing down during each few for from further get getting got had has have having he \
    hello her here hers hey hi him his how i if im in into is it its ive just let like may me might more most my \
    need of off on once only or other our ours out over own please same shall she should so some such than thank \
    thanks that the their theirs them then there these they this those through to too under until up us very want \
    was we were what when where which while who whom whose why will with would you your yours also there's that's \
    it's i'm i've i'd you're we're they're what's how's long much many can dont doesnt yes no not ok okay sorry";

static STOP_WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| STOP.split_whitespace().collect());

/// Abbreviations after which a full stop ends nothing.
const ABBREVIATIONS: [&str; 20] = [
    "e.g.", "i.e.", "etc.", "approx.", "no.", "vs.", "st.", "ave.", "mr.", "mrs.", "ms.", "dr.", "inc.", "ltd.", "co.",
    "u.s.", "a.m.", "p.m.", "min.", "max.",
];

/// Sentences of a text, in order, trimmed; a line break ends one.
pub fn sentences(text: &str) -> Vec<&str> {
    text.lines().flat_map(sentences_of_line).collect()
}

fn sentences_of_line(line: &str) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    let mut start = 0;
    for (at, piece) in line.split_sentence_bound_indices() {
        let end = at + piece.len();
        let so_far = line[start..end].trim_end();
        let next = line[end..].chars().next();
        if end < line.len() && (ends_in_abbreviation(so_far) || next.is_some_and(char::is_lowercase)) {
            continue;
        }
        let sentence = line[start..end].trim();
        if !sentence.is_empty() {
            found.push(sentence);
        }
        start = end;
    }
    found
}

fn ends_in_abbreviation(text: &str) -> bool {
    let last = text.rsplit(char::is_whitespace).next().unwrap_or("").to_lowercase();
    let last = last.trim_start_matches('(');
    ABBREVIATIONS.contains(&last)
}

/// Lower-cased words, apostrophes dropped, punctuation gone.
pub fn words(text: &str) -> Vec<String> {
    text.replace(['\'', '’'], "").unicode_words().map(str::to_lowercase).collect()
}

pub fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.contains(word)
}

pub fn stem(word: &str) -> String {
    STEMMER.stem(word).into_owned()
}

/// Stems of the words that carry a subject, in order, repeats kept.
pub fn content_stems(text: &str) -> Vec<String> {
    words(text).iter().filter(|w| !is_stop_word(w) && w.len() > 1).map(|w| stem(w)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_where_a_reader_would_end_them() {
        let check = |text: &str, expect: &[&str]| assert_eq!(sentences(text), expect, "{text}");
        check("One. Two! Three?", &["One.", "Two!", "Three?"]);
        check("It costs $6.95. Free over $75.", &["It costs $6.95.", "Free over $75."]);
        check("Open until 5 p.m. on weekdays. Closed else.", &["Open until 5 p.m. on weekdays.", "Closed else."]);
        check("Items (e.g. Base layers) are final.", &["Items (e.g. Base layers) are final."]);
        check("- first item\n- second item", &["- first item", "- second item"]);
        check("", &[]);
    }

    #[test]
    fn stems_join_the_forms_of_a_word() {
        assert_eq!(content_stems("Can I return the returned jackets?"), ["return", "return", "jacket"]);
        assert_eq!(content_stems("don't"), Vec::<String>::new());
    }
}
