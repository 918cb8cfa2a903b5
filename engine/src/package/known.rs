//! What a customer has given, wherever in the conversation: read from their own messages, nothing inferred.

use crate::identity::{Email, OrderNumber};
use crate::live::question::Named;
use crate::turn::{Speaker, Turn};
use crate::value::{Value, values};
use regex::Regex;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Known {
    pub orders: Vec<OrderNumber>,
    /// As they were written: an erasure finds the package by them. Shown masked.
    pub emails: Vec<Email>,
    /// Amounts, days, quantities and the like, in the customer's own words, in their order.
    pub given: Vec<Given>,
    /// Titles of products that the customer names.
    pub products: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    pub kind: GivenKind,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GivenKind {
    Amount,
    /// A date, a day of the week, "yesterday".
    Day,
    /// A time of day, or how long something took.
    Time,
    Quantity,
    /// Digits and letters that name one thing: a tracking number, a discount code.
    Code,
    Link,
    Phone,
}

impl GivenKind {
    pub fn as_text(self) -> &'static str {
        match self {
            Self::Amount => "amount",
            Self::Day => "day",
            Self::Time => "time",
            Self::Quantity => "quantity",
            Self::Code => "code",
            Self::Link => "link",
            Self::Phone => "phone",
        }
    }
}

/// Days as people say them. Dates with a month's name are read by [`values`].
static DAYS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(?:(?:last|next|this|before|by|until|since|on) )?(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\b(?:today|yesterday|tomorrow|tonight)\b|\b(?:last|next|this) (?:week|month|weekend|year)\b|\b\d{1,2}/\d{1,2}(?:/\d{2,4})?\b|\b\d{1,2}\.\d{1,2}\.(?:\d{2,4}\b)?",
    )
    .expect("constant")
});

static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?P<first>[\p{L}\p{N}])[^\s@<>()\[\]\x22',;:]*@(?P<domain>[\p{L}\p{N}][^\s@<>()\[\]\x22',;:?!]*)")
        .expect("constant")
});

/// A text with every e-mail address reduced to its first letter and its domain: `b…@mail.example`.
pub fn mask(text: &str) -> String {
    ADDRESS.replace_all(text, "${first}…@${domain}").into_owned()
}

/// What the customer's messages give. `pattern` is how the store's order numbers look; `titles` are the products that
/// they may mean.
pub fn known<'t>(turn: &Turn, pattern: &Regex, titles: impl Iterator<Item = &'t str>) -> Known {
    let mut known = Known::default();
    let before = turn.history.iter().filter(|m| m.role == Speaker::Customer).map(|m| m.text.as_str());
    let said: Vec<&str> = before.chain([turn.text.as_str()]).collect();
    for text in &said {
        // One message at a time: what an earlier one named is kept beside what a later one names.
        let named = Named::read(&Turn::single("", *text), pattern);
        extend(&mut known.orders, named.numbers);
        extend(&mut known.emails, named.emails);
        extend(&mut known.given, given(text, &known.orders));
    }
    let stems: Vec<String> = said.iter().flat_map(|text| crate::text::content_stems(text)).collect();
    for title in titles {
        let own = crate::text::content_stems(title);
        let all = !own.is_empty() && own.iter().all(|stem| stems.contains(stem));
        // The last word of a title is what it is ("Trail Jacket"), and all that most customers write.
        if all || own.last().is_some_and(|last| stems.contains(last)) {
            extend(&mut known.products, vec![title.to_owned()]);
        }
    }
    known
}

fn extend<T: PartialEq>(all: &mut Vec<T>, new: Vec<T>) {
    for one in new {
        if !all.contains(&one) {
            all.push(one);
        }
    }
}

fn given(text: &str, orders: &[OrderNumber]) -> Vec<Given> {
    let days = DAYS.find_iter(text).map(|day| (day.start(), day.end(), GivenKind::Day));
    let mut found: Vec<(usize, usize, GivenKind)> = days.collect();
    for value in values(text) {
        let (start, end) = value.span;
        let kind = match value.value {
            Value::Money { .. } | Value::Percent(_) => GivenKind::Amount,
            Value::Date { .. } => GivenKind::Day,
            Value::Duration { .. } | Value::BusinessDays { .. } | Value::Months { .. } | Value::TimeOfDay(_) => {
                GivenKind::Time
            }
            Value::Number { .. } => GivenKind::Quantity,
            Value::Code(_) => GivenKind::Code,
            Value::Link(_) => GivenKind::Link,
            Value::Phone(_) => GivenKind::Phone,
            // Read as addresses already.
            Value::Email(_) => continue,
        };
        if found.iter().all(|(s, e, _)| end <= *s || *e <= start) {
            found.push((start, end, kind));
        }
    }
    found.sort_by_key(|(start, ..)| *start);
    let words = found.into_iter().filter_map(|(start, end, kind)| {
        let end = start + text.get(start..end)?.trim_end().len();
        let end = if kind == GivenKind::Quantity { end + counted(&text[end..]) } else { end };
        let text = text.get(start..end)?.trim();
        let names = |order: &OrderNumber| {
            let (bare, said) = (order.as_str().trim_start_matches('#'), text.trim_start_matches('#'));
            // Its digits alone are the order's number as well, not a quantity.
            let digits = bare.trim_start_matches(|c: char| !c.is_ascii_digit());
            said.eq_ignore_ascii_case(bare) || said == digits
        };
        (!text.is_empty() && !orders.iter().any(names)).then(|| Given { kind, text: text.to_owned() })
    });
    words.collect()
}

/// Bytes of the word that a number counts ("2 jackets"), with the space before it.
fn counted(after: &str) -> usize {
    let Some(rest) = after.strip_prefix(' ') else { return 0 };
    let word: &str = rest.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    let says = word.chars().count() > 1 && !crate::text::is_stop_word(&word.to_lowercase());
    if says { 1 + word.len() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::turn::Message;

    #[test]
    fn everything_that_was_given_is_there_once_with_its_kind() {
        let mut turn = Turn::single("c", "It was $17.50 on November 3, order FV10234, and I paid $17.50 twice");
        turn.history = vec![
            Message { role: Speaker::Customer, text: "FV10100 and 2 socks before Friday".into() },
            Message { role: Speaker::Agent, text: "FV99999 costs $99.".into() },
        ];
        let pattern = Regex::new(r"#?FV\d{5}").unwrap();
        let known = known(&turn, &pattern, ["Wool Socks", "Trail Jacket"].into_iter());
        assert_eq!(known.orders.iter().map(OrderNumber::as_str).collect::<Vec<_>>(), ["#FV10100", "#FV10234"]);
        assert_eq!(known.products, ["Wool Socks"]);
        let of = |kind| known.given.iter().filter(|g| g.kind == kind).map(|g| g.text.as_str()).collect::<Vec<_>>();
        assert_eq!(of(GivenKind::Amount), ["$17.50"]);
        assert_eq!(of(GivenKind::Day), ["before Friday", "November 3"]);
        assert_eq!(of(GivenKind::Quantity), ["2 socks"]);
        assert!(known.given.iter().all(|g| !g.text.contains("99")), "what the store said is not the customer's");
    }

    #[test]
    fn a_mask_leaves_the_first_letter_and_the_domain() {
        assert_eq!(mask("write to Beth.A+x@mail.example, ok?"), "write to B…@mail.example, ok?");
        assert_eq!(mask("<beth@mail.example>"), "<b…@mail.example>");
        assert_eq!(mask("5 @ $3"), "5 @ $3");
    }
}
