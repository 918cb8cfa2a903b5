//! Other words for the same message, by rule.

use crate::statistics::SplitMix64;
use regex::{Captures, Regex};
use std::sync::LazyLock;

pub fn lower(text: &str) -> String {
    text.to_lowercase()
}

/// Points and commas inside a number or a word (`$3.50`, `ann@shop.example`, `don't`) stay.
pub fn without_punctuation(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let inside = |at: usize| {
        let beside = |at: Option<usize>| at.and_then(|at| letters.get(at)).is_some_and(|c| c.is_alphanumeric());
        beside(at.checked_sub(1)) && beside(Some(at + 1))
    };
    let mark = |c: char| matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | '"' | '“' | '”' | '¿' | '¡');
    let kept = letters.iter().enumerate().filter(|(at, c)| !mark(**c) || inside(*at)).map(|(_, c)| *c);
    kept.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What stands around a message says nothing about it.
const AROUND: [(&str, &str); 6] = [
    ("Hi, ", " Thanks!"),
    ("Hello there! ", " Thank you very much."),
    ("Good morning, I hope you can help me. ", ""),
    ("Sorry to bother you. ", " Thanks in advance."),
    ("Hey team, quick one: ", ""),
    ("", " Thank you for your help!"),
];

pub fn polite(text: &str, random: &mut SplitMix64) -> String {
    let (before, behind) = AROUND[random.below(AROUND.len())];
    format!("{before}{text}{behind}")
}

struct Rule {
    pattern: Regex,
    say: fn(&Captures<'_>) -> String,
}

/// The first that fits the whole message. None changes who does what: "I want to cancel" does not become "how does one
/// cancel", which another reply would be right for.
static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let rule =
        |pattern: &str, say| Rule { pattern: Regex::new(&format!("(?i)^{pattern}[?.! ]*$")).expect("constant"), say };
    vec![
        rule(r"how (?:do|can|could|should) i ([^?.!]+)", |c| format!("I'd like to know how to {}.", &c[1])),
        rule(r"(can|could|may) i ([^?.!]+)", |c| {
            format!("Please tell me whether I {} {}.", c[1].to_lowercase(), &c[2])
        }),
        rule(r"(?:can|could|would|will) you (?:please )?([^?.!]+)", |c| format!("I'd like you to {}.", &c[1])),
        rule(r"do you ([^?.!]+)", |c| format!("I'd like to know whether you {}.", &c[1])),
        rule(r"(where|what|who|when) (is|are|was|were) ((?:\S+ ){0,4}[^\s?.!]+)", |c| {
            format!("I'd like to know {} {} {}.", c[1].to_lowercase(), &c[3], c[2].to_lowercase())
        }),
        rule(r"please ([^?.!]+)", |c| format!("It would be great if you could {}.", &c[1])),
        rule(r"i (?:want|need|would like|'d like) to ([^?.!]+)", |c| {
            format!("It would be great if I could {}.", &c[1])
        }),
        rule(r"([^?]+)\?", |c| format!("I have a question: {}?", &c[1])),
    ]
});

/// `None` where no rule fits.
pub fn reworded(text: &str) -> Option<String> {
    RULES.iter().find_map(|rule| rule.pattern.captures(text).map(|found| (rule.say)(&found)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_said_in_other_words() {
        for (text, expected) in [
            ("How do I return a jacket?", Some("I'd like to know how to return a jacket.")),
            ("can i pay by card", Some("Please tell me whether I can pay by card.")),
            ("Could you please cancel my order?", Some("I'd like you to cancel my order.")),
            ("Do you ship to Canada?", Some("I'd like to know whether you ship to Canada.")),
            ("Where is my order?", Some("I'd like to know where my order is.")),
            ("I want to cancel my order.", Some("It would be great if I could cancel my order.")),
            ("Please cancel it", Some("It would be great if you could cancel it.")),
            ("My order came late. Who pays?", Some("I have a question: My order came late. Who pays?")),
            ("It is broken.", None),
        ] {
            assert_eq!(reworded(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn punctuation_goes_and_numbers_stay() {
        let text = "Hi, is it $3.50, or 1,000? It's \"free\". Ask ann@shop.example!";
        assert_eq!(without_punctuation(text), "Hi is it $3.50 or 1,000 It's free Ask ann@shop.example");
    }
}
