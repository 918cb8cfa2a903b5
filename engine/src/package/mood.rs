//! Sentiment and language of a message, by short lists of words. Coarse on purpose: what decides nothing but what an
//! agent reads first.

use crate::text::words;
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

const NEGATIVE: &str = "angry annoyed annoying awful bad cheated disappointed disappointing disgusted disgusting \
    dreadful fed frustrated frustrating furious hate horrible incompetent infuriating joke liar mad nightmare outrageous \
    pathetic poor ridiculous rubbish scam shameful shocking stupid terrible unacceptable unhappy upset useless worst";
const POSITIVE: &str = "amazing appreciate awesome brilliant excellent fantastic glad good grateful great happy helpful \
    kind love lovely nice perfect pleased super thank thanks wonderful";
const NOT: [&str; 9] = ["not", "no", "never", "isnt", "wasnt", "dont", "didnt", "cant", "hardly"];

/// More words of one side than of the other. A negation turns the word that follows within two words; shouting (three
/// or more `!`, or most letters in capitals) counts against.
pub fn sentiment(text: &str) -> Sentiment {
    let said = words(text);
    let has = |list: &str, word: &str| list.split_whitespace().any(|w| w == word);
    let (mut score, mut negated_until) = (0i32, 0);
    for (at, word) in said.iter().enumerate() {
        if NOT.contains(&word.as_str()) {
            negated_until = at + 2;
        }
        let worth = i32::from(has(POSITIVE, word)) - i32::from(has(NEGATIVE, word));
        if worth != 0 {
            score += if at <= negated_until && negated_until > 0 { -worth } else { worth };
            negated_until = 0;
        }
    }
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let capitals = text.chars().filter(|c| c.is_uppercase()).count();
    let shouts = text.contains("!!!") || (letters >= 12 && capitals * 10 >= letters * 7);
    match score - i32::from(shouts) {
        ..0 => Sentiment::Negative,
        0 => Sentiment::Neutral,
        1.. => Sentiment::Positive,
    }
}

/// Words that carry grammar and little else, by language.
const GRAMMAR: [(&str, &str); 6] = [
    (
        "en",
        "the is are was were my your you i it what where when how can could would do does did have has not and please \
         with for this that from to of want need",
    ),
    (
        "fr",
        "le les une est sont mon votre vous je où quand comment puis pouvez avez pas et avec pour cette ma mes du \
         bonjour merci ai",
    ),
    (
        "de",
        "der das und ist sind mein meine ihr ich wo wann wie kann können haben nicht bitte mit für diese ein eine \
         hallo danke wurde",
    ),
    ("es", "el los una mi su usted yo dónde cuándo cómo puedo puede tiene y con por esta hola gracias mis pero"),
    ("it", "il gli una mio mia voi dove quando posso può avete non con per questa ciao grazie ho sono di"),
    ("nl", "het een mijn jouw ik waar wanneer hoe kan heeft niet en met voor deze graag bedankt hallo van"),
];

/// The language whose grammar words a text holds, where it holds more of one than of any other.
pub fn language(text: &str) -> Option<&'static str> {
    let said = words(text);
    let count = |list: &str| said.iter().filter(|word| list.split_whitespace().any(|w| w == *word)).count();
    let mut counts: Vec<(usize, &str)> = GRAMMAR.iter().map(|(tag, list)| (count(list), *tag)).collect();
    counts.sort_by_key(|(n, _)| std::cmp::Reverse(*n));
    match counts.as_slice() {
        [(most, tag), (next, _), ..] if most > next => Some(tag),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_negations_make_a_sentiment() {
        for (text, expect) in [
            ("This is unacceptable", Sentiment::Negative),
            ("I am not happy", Sentiment::Negative),
            ("WHERE IS MY PARCEL", Sentiment::Negative),
            ("answer me!!!", Sentiment::Negative),
            ("Where is my parcel?", Sentiment::Neutral),
            ("Not bad, thanks", Sentiment::Positive),
            ("", Sentiment::Neutral),
        ] {
            assert_eq!(sentiment(text), expect, "{text}");
        }
    }

    #[test]
    fn grammar_tells_a_language_and_names_do_not() {
        for (text, expect) in [
            ("Where is my order?", Some("en")),
            ("Où est mon colis ?", Some("fr")),
            ("Wo ist mein Paket?", Some("de")),
            ("¿Dónde está mi pedido?", Some("es")),
            ("#FV10234", None),
            ("", None),
        ] {
            assert_eq!(language(text), expect, "{text}");
        }
    }
}
