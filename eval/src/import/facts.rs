//! What a reply states that can be checked: amounts, numbers and dates that the customer had not said.

use crate::facts::{Fact, Statement};
use regex::Regex;
use std::sync::LazyLock;

/// More than this is a list, not an answer.
const MOST: usize = 6;

/// What is looked over first, so that no part of it is taken for a fact: links, marks of the masking, numbers of orders
/// and articles, `24/7`.
const SKIPPED: &str = r"https?://\S+|\[[^\]\n]{1,40}\]|#\s?\S+|\b\p{L}[\w-]*\d[\w-]*|\b\d+/\d+(?:/\d+)?\b";

static STATED: LazyLock<Regex> = LazyLock::new(|| {
    let month = "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)";
    let unit = "(?:business |working |calendar )?(?:minutes?|hours?|days?|weeks?|months?|years?)";
    let number = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+,\d{2}|\d+(?:\.\d+)?)";
    let facts = [
        r"\b\d{4}-\d{2}-\d{2}\b".to_owned(),
        format!(r"(?:\b(?:us|ca|c)\$|[$€£])\s?{number}"),
        format!(r"\b{number}\s?(?:[€£%]|(?:usd|eur|gbp|cad|aud|euros?|dollars?|percent)\b)"),
        format!(r"\b{month}\b\.?\s\d{{1,2}}(?:st|nd|rd|th)?\b(?:,?\s\d{{4}}\b)?"),
        format!(r"\b\d{{1,2}}(?:st|nd|rd|th)?\s{month}\b(?:\s\d{{4}}\b)?"),
        format!(r"\b\d+\s?(?:-|–|to)\s?\d+[\s-]{unit}\b"),
        format!(r"\b\d+[\s-]{unit}\b"),
        r"\b\d{1,2}:\d{2}(?:\s?[ap]\.?m\b)?".to_owned(),
        format!(r"\b{number}\s?(?:cm|mm|kg|ml|oz|lbs?|inch(?:es)?|lit(?:re|er)s?)\b"),
        format!(r"\b{number}\b"),
    ];
    Regex::new(&format!("(?i){SKIPPED}|(?P<fact>{})", facts.join("|"))).expect("the pattern is a constant")
});

/// A number of a list: `1.` or `2)` where a line begins.
static LISTED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^\s*\d{1,2}[.)]\s").expect("the pattern is a constant"));

/// The facts of a reply that are not of the customer's own words, as they are written there.
pub fn candidates(reply: &str, customer: &str) -> Vec<String> {
    let known = Statement::read(customer);
    let reply = LISTED.replace_all(reply, "");
    let mut found: Vec<String> = Vec::new();
    for stated in STATED.captures_iter(&reply).filter_map(|found| found.name("fact")) {
        let words = stated.as_str().trim();
        let fact = Fact::One(words.to_owned());
        let said_before = found.iter().any(|other| Statement::read(other).states(&fact));
        if !fact.is_empty() && !known.states(&fact) && !said_before {
            found.push(words.to_owned());
        }
    }
    if found.len() > MOST { Vec::new() } else { found }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(reply: &str, customer: &str, expected: &[&str]) {
        assert_eq!(candidates(reply, customer), expected, "{reply}");
    }

    #[test]
    fn amounts_numbers_and_dates_of_the_reply_are_found() {
        check("Shipping is $6.95 and takes 5 to 7 business days.", "How much?", &["$6.95", "5 to 7 business days"]);
        check("You have 30 days; a fee of 7,50 € or 10% applies.", "", &["30 days", "7,50 €", "10%"]);
        check("It ships on December 14, 2026 at 9:30 am.", "", &["December 14, 2026", "9:30 am"]);
        check("It arrives 2026-12-01. It weighs 1.2 kg.", "", &["2026-12-01", "1.2 kg"]);
        check("It holds 40 and costs USD 1,288.50.", "", &["40", "1,288.50"]);
    }

    #[test]
    fn the_customers_words_marks_and_names_of_things_are_none() {
        check("Yes, within 30 days.", "Is it thirty days?", &[]);
        check("Order #1001, [order A], W4923227: see https://a.example/30 and the X200.", "", &[]);
        check("1. Open it.\n2) Close it.\nWe are there 24/7.", "", &[]);
        check("30 days, yes 30 days.", "", &["30 days"]);
        check("1 a, 2 b, 3 c, 4 d, 5 e, 6 f, 7 g", "", &[]);
    }
}
