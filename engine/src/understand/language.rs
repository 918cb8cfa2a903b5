//! Which language a message is in: the detector where it is sure, and the small words of a language where the message is
//! too short for it.

use crate::text::words;

/// Shorter messages are told by their small words alone.
const BYTES: usize = 20;

/// ISO 639-1 (639-3 where there is none), where it can be told.
pub fn language(text: &str) -> Option<&'static str> {
    let sure = whatlang::detect(text).filter(|info| info.is_reliable() && text.len() >= BYTES);
    sure.map(|info| name_of(info.lang())).or_else(|| by_grammar(text))
}

/// ISO 639-1, for the languages that shops write their words in.
pub(crate) fn name_of(lang: whatlang::Lang) -> &'static str {
    use whatlang::Lang;
    match lang {
        Lang::Eng => "en",
        Lang::Fra => "fr",
        Lang::Deu => "de",
        Lang::Spa => "es",
        Lang::Ita => "it",
        Lang::Nld => "nl",
        Lang::Por => "pt",
        Lang::Swe => "sv",
        Lang::Dan => "da",
        Lang::Nob => "nb",
        Lang::Fin => "fi",
        Lang::Pol => "pl",
        other => other.code(),
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

/// How many of the words are grammar words of each language.
pub(crate) fn grammar(said: &[String]) -> Vec<(usize, &'static str)> {
    let count = |list: &str| said.iter().filter(|word| list.split_whitespace().any(|w| w == *word)).count();
    GRAMMAR.iter().map(|(tag, list)| (count(list), *tag)).collect()
}

/// The language whose grammar words a text holds, where it holds more of one than of any other.
fn by_grammar(text: &str) -> Option<&'static str> {
    let mut counts = grammar(&words(text));
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
