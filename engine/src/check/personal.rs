//! What belongs to one customer, in words that come from a past conversation. A sync masks it before anything is
//! stored; this is the last line, for what a mask has missed.

use super::links::Own;
use super::plain::readable;
use regex::Regex;
use std::sync::LazyLock;

/// What [`of_others`] calls a name.
pub const NAME: &str = "a name";

struct Pattern {
    what: &'static str,
    pattern: Regex,
}

static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    let re = |what, pattern: &str| Pattern { what, pattern: Regex::new(pattern).expect("constant") };
    vec![
        re("an account number", r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b"),
        re(
            "a card number",
            r"\b(?:\d[ -]?){13,19}\b|(?i:\b(?:card|account|visa|mastercard|amex)\b[^.?!]{0,25}\b(?:ending|ends)(?: in| with)?\s*\*{0,4}\s*\d{4}\b|\bending in \d{4}\b|[x*•]{2,}\s?-?\d{4}\b)",
        ),
        re(
            "an order number",
            r"#\s?[A-Za-z]{0,4}-?\d{3,}\b|(?i:\b(?:order|invoice|rma|ticket|case|reference)\s*(?:number|no\.?|id)?\s*(?:is|was|:)?\s*#?[a-z]{0,4}-?\d{4,}\b)|\b[A-Z]{1,3}-?\d{5,8}\b",
        ),
        re("a parcel number", r"\b1Z[0-9A-Z]{16}\b|\b[A-Z]{2}\d{9}[A-Z]{2}\b|\b[A-Z]{1,4}\d{9,}\b|\b\d{12,22}\b"),
        re(
            "a telephone number",
            r"(?:\+|\b00)[1-9]\d{0,2}(?:[ ./-]?\(?\d\)?){6,13}\b|(?:\(\d{3}\) ?|\b\d{3}[ .-])\d{3}[ .-]\d{4}\b|\b\d{3}-\d{4}\b",
        ),
        re(
            "a street address",
            r"\b\d{1,5}[A-Za-z]?,? (?:[A-Z][\p{L}'-]+\.? ){1,3}(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Court|Ct|Boulevard|Blvd|Way|Terrace|Place|Pl|Close|Crescent|Square|Parkway|Highway)\b|\b[A-ZÄÖÜ]\p{L}+(?:straße|strasse|weg|platz|gasse|allee) \d{1,4}\b|\b\d{1,4}(?: bis)?,? (?:rue|avenue|boulevard|place|chemin) [\p{L}' -]+\b|(?i:\bapt\.? ?\d+\b|\bp\.?o\.? box \d+)",
        ),
        re(
            NAME,
            r"(?:^|[.!?]\s*)(?:Hi|Hello|Hey|Dear|Thanks|Thank you|Sorry|Welcome|Hallo|Liebe|Lieber|Bonjour|Merci|Hola|Gracias)(?: there)?,? (?:Mr|Mrs|Ms|Mx|Dr|Herr|Frau|Monsieur|Madame|Señor|Señora)?\.? ?[A-ZÄÖÜÉ][\p{Ll}'-]+(?: [A-Z][\p{Ll}'-]+)?\s*(?:[,!.–—-]|$)|\b(?:Mr|Mrs|Ms|Mx)\.? [A-Z][\p{Ll}'-]+|\b(?i:under|for|in) the name(?: of)? [A-Z][\p{Ll}'-]+|\b(?i:your name is|you are|is this) [A-Z][\p{Ll}'-]+ [A-Z][\p{Ll}'-]+\b",
        ),
    ]
});

static MAILBOX: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)[\w.%+-]+ ?@ ?[\w-]+(?:\.[\w-]+)*\.\p{L}{2,}").expect("constant"));

/// Words after a greeting that are no name.
const NOT_NAMES: [&str; 14] =
    ["again", "there", "everyone", "team", "all", "customer", "yes", "no", "we", "you", "the", "for", "that", "please"];

/// What of another customer a sentence holds. `order` is how the store's order numbers look.
pub fn of_others(sentence: &str, own: &Own, order: Option<&Regex>) -> Option<&'static str> {
    let text = readable(sentence);
    if MAILBOX.find_iter(&text).any(|m| !own.is_mailbox(&m.as_str().replace(' ', ""))) {
        return Some("an e-mail address");
    }
    let text = MAILBOX.replace_all(&text, " ");
    if order.is_some_and(|order| order.find_iter(&text).any(|m| m.as_str().bytes().any(|b| b.is_ascii_digit()))) {
        return Some("an order number");
    }
    let is_name = |said: &str| {
        let last = said.trim_end_matches([',', '!', '.', '-', '–', '—', ' ']).rsplit([' ', ',']).next().unwrap_or("");
        !NOT_NAMES.contains(&last.to_lowercase().as_str())
    };
    let found = PATTERNS.iter().find(|p| p.pattern.find_iter(&text).any(|m| p.what != NAME || is_name(m.as_str())));
    found.map(|p| p.what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::samples;

    #[test]
    fn what_a_mask_has_missed_is_found() {
        let own = Own::of(Some(&samples::profile()));
        let order = Regex::new(r"#?FV\d{5}").unwrap();
        for (text, what) in [
            ("We sent it to jo.berg@mail.example.", "an e-mail address"),
            ("Your order FV10234 has the blue one.", "an order number"),
            ("It is about #1001-B.", "an order number"),
            ("Order 48213 has two parcels.", "an order number"),
            ("The card ending in 4242 is charged.", "a card number"),
            ("Use 4111 1111 1111 1111 again.", "a card number"),
            ("It goes back to ****4242.", "a card number"),
            ("The account DE89 3704 0044 0532 0130 00 is right.", "an account number"),
            ("The parcel is 1Z999AA10123456784.", "a parcel number"),
            ("We call you at +49 170 1234567.", "a telephone number"),
            ("We call you at (212) 555-0142.", "a telephone number"),
            ("It goes to 77 Lakeview Terrace.", "a street address"),
            ("It goes to Lindenstraße 14.", "a street address"),
            ("It goes to 12 rue des Lilas.", "a street address"),
            ("Hi Beth, the tent is waterproof.", "a name"),
            ("Thanks, Jonas!", "a name"),
            ("Dear Mrs Aranda, it can be washed.", "a name"),
            ("The parcel is under the name Aranda.", "a name"),
        ] {
            assert_eq!(of_others(text, &own, Some(&order)), Some(what), "{text}");
        }
    }

    #[test]
    fn what_is_true_for_everybody_stays() {
        let own = Own::of(Some(&samples::profile()));
        for text in [
            "The tent weighs 2400 g and packs to 45 x 15 cm.",
            "Use the code SUMMER20 until June 30, 2026.",
            "Orders over $1,200.00 ship for free.",
            "Hi there, the tent is waterproof.",
            "Thanks, that helps!",
            "Hello again, yes it fits.",
            "Allow 3-5 business days, 10-14 to Canada.",
            "The Ridge 2000 stove boils a litre in 210 seconds.",
            "Returns within 30 days of delivery are free.",
            "Wash it at 30 degrees and dry it in the shade.",
        ] {
            assert_eq!(of_others(text, &own, None), None, "{text}");
        }
    }
}
