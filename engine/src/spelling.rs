//! Typing errors, mended with the words of the passages that were found.
//!
//! Only words that stand in no passage are touched, only towards a word that does, and only by one slip (two in long
//! words): swapped, missing, doubled or wrong letters. A rare name that the store has not written about stays as it is.

use crate::text::{is_stop_word, words};
use std::collections::BTreeSet;

/// The question with its unknown words mended, or `None` if nothing was.
pub fn mend<'a>(question: &str, passages: impl Iterator<Item = &'a str>) -> Option<String> {
    let known: BTreeSet<String> = passages.flat_map(words).filter(|w| is_word(w)).collect();
    let mut mended = question.to_owned();
    let mut changed = false;
    for word in words(question) {
        if !is_word(&word) || is_stop_word(&word) || known.contains(&word) || COMMON.contains(&word.as_str()) {
            continue;
        }
        let slips = if word.len() >= 8 { 2 } else { 1 };
        let best = known
            .iter()
            .filter(|k| k.len().abs_diff(word.len()) <= slips && k.chars().next() == word.chars().next())
            .map(|k| (strsim::damerau_levenshtein(&word, k), k))
            .filter(|(distance, _)| *distance <= slips)
            .min();
        // Forms of a known word are no errors: the stemmer joins them.
        if let Some((_, right)) = best
            && crate::text::stem(right) != crate::text::stem(&word)
        {
            mended = replace_word(&mended, &word, right);
            changed = true;
        }
    }
    changed.then_some(mended)
}

/// Right words that are one slip away from words which pages are full of.
const COMMON: [&str; 24] = [
    "match", "student", "price", "prices", "rain", "write", "rent", "poem", "agent", "person", "human", "there",
    "here", "right", "still", "last", "back", "good", "best", "next", "same", "help", "thanks", "today",
];

fn is_word(word: &str) -> bool {
    word.len() >= 4 && word.chars().all(char::is_alphabetic)
}

fn replace_word(text: &str, word: &str, with: &str) -> String {
    let lower = text.to_lowercase();
    match lower.find(word) {
        Some(at)
            if lower.len() == text.len() && text.is_char_boundary(at) && text.is_char_boundary(at + word.len()) =>
        {
            format!("{}{with}{}", &text[..at], &text[at + word.len()..])
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_mended_and_names_are_left() {
        let pages = ["Wash the Stormfjell jacket at 40 °C. Exchange within 45 days.", "temperature of washing"];
        let check = |text: &str, expect: Option<&str>| {
            assert_eq!(mend(text, pages.iter().copied()).as_deref(), expect, "{text}");
        };
        check("how hot can i wahs my stormfjel jaket??", Some("how hot can i wash my stormfjel jacket??"));
        check("wich temprature for washing", Some("wich temperature for washing"));
        check("secnd exchagne", Some("secnd exchange"));
        check("Do you price match Amazon?", None);
        check("washed the jackets", None);
    }
}
