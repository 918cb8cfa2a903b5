//! Whether the store delivers to a country: from its settings, where they list every country.

use super::{Composed, and, rule};
use crate::place;
use crate::store::StoreProfile;
use regex::Regex;
use std::collections::BTreeSet;
use std::sync::LazyLock;

struct Patterns {
    asks: Regex,
    other: Regex,
    place: Regex,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let re = |pattern: &str| Regex::new(pattern).expect("constant");
    Patterns {
        asks: re(
            r"(?i)\b(?:ship(?:s|ping|ments?)?|deliver(?:s|y|ies|ing)?|u?deliver|send|orders?|buy|purchase)\b[^.?!]{0,30}\b(?:to|from|in|into|outside)\b",
        ),
        // How long, how much, and an order of theirs are asked of others.
        other: re(
            r"(?i)\b(?:how (?:long|much|many|fast|soon)|when|cost|costs|price|free|fee|fees|express|overnight|standard|duty|duties|customs|tax|taxes|track|return|returns|exchange|warranty|my (?:order|package|parcel)|#?[a-z]{0,3}\d{4,})\b",
        ),
        place: re(
            r"(?i:\b(?:ship|deliver)\w*)\b[^.?!]{0,30}\b(?:to|into)\s+(?:the\s+)?\p{Lu}[\p{L}'’-]+|(?i:\b(?:orders?|ordering|buy|purchase))\b[^.?!]{0,30}\bfrom\s+(?:the\s+)?\p{Lu}[\p{L}'’-]+",
        ),
    }
});

/// What can be said to a question whether the store delivers somewhere. `None` where that is not asked, where the
/// settings do not say it, or where the place may lie in a country that it does deliver to with rules of its own.
pub fn compose(profile: &StoreProfile, text: &str) -> Option<Composed> {
    let delivery = profile.delivery.as_ref().filter(|rules| !rules.ships_to.is_empty())?;
    let p = &*PATTERNS;
    if !p.asks.is_match(text) || p.other.is_match(text) {
        return None;
    }
    let named: BTreeSet<&str> = place::countries(text).into_iter().filter(|country| *country != "EU").collect();
    let somewhere = !named.is_empty() || place::countries(text).contains("EU") || p.place.is_match(text);
    if !somewhere {
        return None;
    }
    let goes = |code: &str| delivery.ships_to.iter().any(|to| to == code);
    let all: Vec<String> = delivery.ships_to.iter().map(|code| name(profile, code)).collect();
    let list = format!("We deliver to {}.", and(&all));
    let (there, not_there): (Vec<&str>, Vec<&str>) = named.iter().copied().partition(|code| goes(code));
    let quote = format!("ships to {}", delivery.ships_to.join(", "));
    // The list is the settings' own; no page need say it.
    let fact = rule("ships_to", None, None, quote);
    let one = std::slice::from_ref(&fact);
    let mut said = Composed::default();
    if !not_there.is_empty() {
        let places: Vec<String> = not_there.iter().map(|code| name(profile, code)).collect();
        said.say(format!("We do not deliver to {}.", and(&places)), one);
    }
    if !there.is_empty() {
        let places: Vec<String> = there.iter().map(|code| name(profile, code)).collect();
        said.say(format!("We deliver to {}.", and(&places)), one);
    } else {
        said.say(list, one);
    }
    Some(said)
}

/// As a sentence has it: "the United States".
fn name(profile: &StoreProfile, code: &str) -> String {
    let name = bare(profile, code);
    if name.starts_with("United ") || name == "Netherlands" { format!("the {name}") } else { name }
}

/// As the store writes it; else as it is known.
fn bare(profile: &StoreProfile, code: &str) -> String {
    if let Some(country) = profile.countries.iter().find(|country| country.code == code) {
        return country.name.clone();
    }
    let known = place::country(code).and_then(place::name).unwrap_or(code);
    let capital = |word: &str| {
        let mut chars = word.chars();
        chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
    };
    known.split(' ').map(capital).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::samples;

    #[test]
    fn a_country_that_the_store_delivers_to_or_not() {
        let mut profile = samples::profile();
        let says = |profile: &StoreProfile, text: &str| compose(profile, text).map(|said| said.text());
        assert_eq!(says(&profile, "Do you ship to Finland?"), None, "the settings do not say");
        profile.delivery.as_mut().unwrap().ships_to = vec!["US".into(), "CA".into()];
        let check = |text: &str, expect: Option<&str>| {
            assert_eq!(says(&profile, text).as_deref(), expect, "{text}");
        };
        let both = "We deliver to the United States and Canada.";
        check("Do you ship to Finland?", Some(&format!("We do not deliver to Finland. {both}")));
        check("can I order from Munich", Some(&format!("We do not deliver to Germany. {both}")));
        check("do you deliver to Toronto", Some("We deliver to Canada."));
        check("is it possible to place an order from Valencia?", Some(both));
        check("How much is shipping to Finland?", None);
        check("How long does delivery to Canada take?", None);
        check("can I order from my phone", None);
        check("Can I buy the Hekla tent in Green?", None);
        check("Do you deliver in December?", None);
        check("Can you send it to Anna instead?", None);
        check("Where is my order to Finland?", None);
        check("Do you sell tents in Finland?", None);
    }
}
