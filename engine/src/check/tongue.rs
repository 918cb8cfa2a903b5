//! Whether a sentence is in another language than the customer's.
//!
//! Only where both are beyond doubt: a reply that is dropped for a guess helps nobody. Names, prices and a word or two
//! are in no language.

use crate::understand::language::{grammar, name_of};
use unicode_segmentation::UnicodeSegmentation;
use whatlang::{Detector, Lang, Script};

/// With fewer words a detector guesses.
const LEAST_WORDS: usize = 4;
const LEAST_LETTERS: usize = 18;
/// Without a known small word of its language a text must be surer than this.
const SURE: f64 = 0.95;
/// Languages that shops write in with Latin letters; the others are told by their letters.
const LATIN: [Lang; 12] = [
    Lang::Eng,
    Lang::Fra,
    Lang::Deu,
    Lang::Spa,
    Lang::Ita,
    Lang::Nld,
    Lang::Por,
    Lang::Swe,
    Lang::Dan,
    Lang::Nob,
    Lang::Fin,
    Lang::Pol,
];

/// The language of a text, where it is beyond doubt.
pub fn sure_language(text: &str) -> Option<&'static str> {
    // What begins with a capital can be a name, of which a street or a product is made.
    let said: Vec<String> =
        text.unicode_words().filter(|w| !w.starts_with(char::is_uppercase)).map(str::to_owned).collect();
    let letters = said.iter().flat_map(|w| w.chars()).filter(|c| c.is_alphabetic()).count();
    if said.len() < LEAST_WORDS || letters < LEAST_LETTERS {
        return None;
    }
    if whatlang::detect_script(text)? != Script::Latin {
        return whatlang::detect(text).filter(|info| info.is_reliable()).map(|info| name_of(info.lang()));
    }
    let counts = grammar(&said);
    let best = counts.iter().max_by_key(|(n, _)| *n).copied().filter(|(n, _)| *n > 0);
    let alone = |tag: &str| counts.iter().all(|(n, other)| *other == tag || *n == 0);
    let info = Detector::with_allowlist(LATIN.to_vec()).detect(text)?;
    let tag = name_of(info.lang());
    match best {
        // The small words and the detector say the same, and no other language has as many.
        Some((n, most)) if most == tag => {
            let rivals = counts.iter().filter(|(m, other)| *other != tag && *m >= n).count();
            (rivals == 0 && (n >= 2 || alone(tag))).then_some(tag)
        }
        Some((n, most)) if n >= 3 && alone(most) => Some(most),
        Some(_) => None,
        // Of these the small words are not known, or there are none.
        None => (info.confidence() >= SURE && said.len() >= 2 * LEAST_WORDS).then_some(tag),
    }
}

/// The language that a sentence is in instead of the customer's, if both are beyond doubt.
pub fn other_language(asked: Option<&'static str>, said: &str) -> Option<&'static str> {
    let asked = asked?;
    // Two spellings of one language, to a reader.
    let same = |a: &str, b: &str| a == b || (["nb", "da", "sv"].contains(&a) && ["nb", "da", "sv"].contains(&b));
    sure_language(said).filter(|said| !same(asked, said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_told_where_it_is_beyond_doubt() {
        for (text, expect) in [
            ("You can return an item within 30 days of delivery.", Some("en")),
            ("Vous pouvez retourner un article dans les 30 jours.", Some("fr")),
            ("Sie können den Artikel innerhalb von 30 Tagen nicht zurückgeben.", Some("de")),
            ("Puede devolver el artículo con la etiqueta y por correo.", Some("es")),
            ("Вы можете вернуть товар в течение 30 дней.", Some("rus")),
            ("$14.50", None),
            ("Nordhaven Ridge Jacket, Moss Green, XL", None),
            ("Merino wool 87%, elastane 13%", None),
            ("Machine wash cold, tumble dry low.", None),
            ("DHL Express: $14.50", None),
            ("Paris, Berlin, Madrid", None),
            ("It goes to 12 Maple Drive, Suite 356, Chicago, IL, 60621, USA", None),
        ] {
            assert_eq!(sure_language(text), expect, "{text}");
        }
    }

    #[test]
    fn what_is_in_doubt_passes() {
        let german = "Sie können den Artikel innerhalb von 30 Tagen nicht zurückgeben.";
        assert_eq!(other_language(Some("en"), german), Some("de"));
        assert_eq!(other_language(Some("de"), german), None);
        assert_eq!(other_language(None, german), None);
        assert_eq!(other_language(Some("fr"), "DHL Express: $14.50"), None);
    }
}
