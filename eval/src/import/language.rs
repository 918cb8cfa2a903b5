//! The language of a conversation: as the helpdesk has it, otherwise told from what the customer wrote.

use crate::language::two_letters;
use whatlang::detect;

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
