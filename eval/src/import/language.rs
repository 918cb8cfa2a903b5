//! The language of a conversation: as the helpdesk has it, otherwise told from what the customer wrote.

use whatlang::{Lang, detect};

/// `en_US` is `en`.
pub fn named(name: &str) -> Option<String> {
    let code: String = name.trim().chars().take_while(char::is_ascii_alphabetic).collect::<String>().to_lowercase();
    (2..=3).contains(&code.len()).then_some(code)
}

/// `None` where the text is too short to be sure, or the language has no two letters here.
pub fn detected(text: &str) -> Option<String> {
    if text.chars().filter(|c| c.is_alphabetic()).count() < 25 {
        return None;
    }
    let found = detect(text).filter(whatlang::Info::is_reliable)?;
    two_letters(found.lang()).map(String::from)
}

fn two_letters(language: Lang) -> Option<&'static str> {
    const CODES: [(Lang, &str); 26] = [
        (Lang::Eng, "en"),
        (Lang::Deu, "de"),
        (Lang::Fra, "fr"),
        (Lang::Spa, "es"),
        (Lang::Ita, "it"),
        (Lang::Nld, "nl"),
        (Lang::Por, "pt"),
        (Lang::Swe, "sv"),
        (Lang::Dan, "da"),
        (Lang::Nob, "no"),
        (Lang::Fin, "fi"),
        (Lang::Pol, "pl"),
        (Lang::Ces, "cs"),
        (Lang::Slk, "sk"),
        (Lang::Hun, "hu"),
        (Lang::Ron, "ro"),
        (Lang::Bul, "bg"),
        (Lang::Ell, "el"),
        (Lang::Tur, "tr"),
        (Lang::Rus, "ru"),
        (Lang::Ukr, "uk"),
        (Lang::Ara, "ar"),
        (Lang::Heb, "he"),
        (Lang::Jpn, "ja"),
        (Lang::Kor, "ko"),
        (Lang::Cmn, "zh"),
    ];
    CODES.iter().find(|(known, _)| *known == language).map(|(_, code)| *code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_helpdesks_word_is_shortened_and_a_long_text_tells() {
        for (name, expected) in
            [("en-US", Some("en")), ("fr_CA", Some("fr")), ("DE", Some("de")), ("", None), ("?", None)]
        {
            assert_eq!(named(name).as_deref(), expected);
        }
        let german =
            "Guten Tag, ich habe meine Bestellung noch nicht bekommen und möchte wissen, wann sie geliefert wird.";
        assert_eq!(detected(german).as_deref(), Some("de"));
        assert_eq!(detected("Ok, thanks"), None);
    }
}
