//! What a person is looked for by, in bytes of any kind: a database page, a log, a JSON file, a passage.
//!
//! An identifier is found in any case, as JSON and URLs escape it, and only as a whole: `anna@shop.example` is not in
//! `joanna@shop.example`, and `#1001` is not in `#10012`.

use regex::bytes::Regex;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::{collections::BTreeSet, fmt::Write};

/// An id of fewer digits stands in other numbers too often to be looked for by itself.
const LONG_ID: usize = 9;
/// An order's name without its `#` is looked for if it has so many characters.
const LONG_NAME: usize = 6;
/// `a@b.de`
const SHORTEST_EMAIL: usize = 6;
/// Digits that a phone number has at least.
const PHONE_DIGITS: usize = 7;
/// Of a phone number only its last digits are looked for: the rest may be written as `+47`, `0047` or not at all.
const LAST_DIGITS: usize = 9;
/// In front of an identifier: the beginning, a character that is no part of one, or the end of a JSON escape.
const BEFORE: &str = r"(?:^|[^a-z0-9_.%+-]|\\[bfnrt]|\\u[0-9a-f]{4}|%[0-9a-f]{2})";
const AFTER: &str = r"(?:[^a-z0-9_-]|$)";

/// What a store knows a customer by. Not printable.
#[derive(Clone, Default)]
pub struct Person {
    pub emails: BTreeSet<String>,
    pub phones: BTreeSet<String>,
    /// Shopify's numbers.
    pub customer_ids: BTreeSet<String>,
    pub order_ids: BTreeSet<String>,
    pub order_names: BTreeSet<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Identifier {
    Email,
    Phone,
    CustomerId,
    OrderId,
    OrderName,
    /// An address as the desk keeps it where it must not be read back: a digest under the server's key.
    Digest,
}

/// One identifier, ready to be looked for.
#[derive(Clone)]
pub struct Needle {
    pub kind: Identifier,
    value: String,
    pattern: Regex,
}

pub struct Needles(Vec<Needle>);

impl Person {
    pub fn is_empty(&self) -> bool {
        self.emails.is_empty() && self.phones.is_empty() && self.customer_ids.is_empty()
    }
}

impl Needles {
    /// Identifiers that are too short to mean anybody are left out.
    pub fn new(person: &Person) -> Self {
        let mut needles = Vec::new();
        let mut add = |kind, value: &str, pattern: String| {
            let pattern = Regex::new(&format!("(?i-u){pattern}")).expect("escaped text is a pattern");
            needles.push(Needle { kind, value: value.to_owned(), pattern });
        };
        for email in &person.emails {
            if email.len() >= SHORTEST_EMAIL && email.contains('@') {
                // A full stop behind it may end a sentence, or go on with the domain.
                let after = r"(?:[^a-z0-9._-]|\.(?:[^a-z0-9]|$)|$)";
                add(Identifier::Email, email, format!("{BEFORE}{}{after}", escaped(email)));
            }
        }
        for phone in &person.phones {
            let digits: Vec<String> = phone.chars().filter(char::is_ascii_digit).map(String::from).collect();
            if digits.len() >= PHONE_DIGITS {
                let last = &digits[digits.len().saturating_sub(LAST_DIGITS)..];
                let pattern = format!("{}(?:[^0-9]|$)", last.join(r"[ ().\x2f-]{0,3}"));
                add(Identifier::Phone, phone, pattern);
            }
        }
        for (kind, ids, noun) in [
            (Identifier::CustomerId, &person.customer_ids, "customer"),
            (Identifier::OrderId, &person.order_ids, "order"),
        ] {
            for id in ids.iter().filter(|id| !id.is_empty()) {
                let literal = escaped(id);
                let named = format!(r#"{noun}(?:_?id)?(?:\\?/|\\?"? ?[:=] ?\\?"?){literal}{AFTER}"#);
                let alone = format!(r"(?:^|[^0-9]){literal}(?:[^0-9]|$)");
                add(kind, id, if id.len() >= LONG_ID { alone } else { named });
            }
        }
        for name in &person.order_names {
            let bare = name.trim_start_matches('#');
            if bare.is_empty() {
                continue;
            }
            let mark = if bare.len() >= LONG_NAME { r"(?:#|\\u0023|%23)?" } else { r"(?:#|\\u0023|%23)" };
            // `#FV10234-F1` is a parcel of it.
            let (before, after) = (BEFORE.replacen("+-]", "+]", 1), r"(?:[^a-z0-9_]|$)");
            add(Identifier::OrderName, name, format!("{before}{mark}{}{after}", escaped(bare)));
        }
        Self(needles)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn add_digest(&mut self, digest: &[u8; 32]) {
        let bytes = digest.iter().fold(String::new(), |mut pattern, byte| {
            write!(pattern, "\\x{byte:02x}").expect("a String takes everything");
            pattern
        });
        let pattern = Regex::new(&format!("(?-u){bytes}")).expect("bytes are a pattern");
        self.0.push(Needle { kind: Identifier::Digest, value: hex::encode(digest), pattern });
    }

    pub fn iter(&self) -> impl Iterator<Item = &Needle> {
        self.0.iter()
    }

    /// Without those for which `left_out`, in the same order, says so.
    pub fn without(&self, left_out: &[bool]) -> Self {
        Self(self.0.iter().zip(left_out).filter(|(_, out)| !**out).map(|(needle, _)| needle.clone()).collect())
    }

    /// The kinds of identifiers that stand in the bytes.
    pub fn find(&self, bytes: &[u8]) -> BTreeSet<Identifier> {
        self.0.iter().filter(|needle| needle.is_in(bytes)).map(|needle| needle.kind).collect()
    }
}

impl Needle {
    pub fn is_in(&self, bytes: &[u8]) -> bool {
        self.pattern.is_match(bytes)
    }

    /// What a receipt keeps of it: who knows the identifier can say that it is this one.
    pub fn hashed(&self, salt: &str) -> String {
        let digest = Sha256::digest(format!("{salt}:{}", self.value.to_lowercase()).as_bytes());
        digest.iter().fold(String::with_capacity(64), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a String takes everything");
            text
        })
    }
}

/// The text as a pattern, each sign as it is or as JSON or a URL escapes it.
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut pattern, sign| {
        if sign.is_ascii_alphanumeric() {
            pattern.push(sign);
        } else {
            let (code, plain) = (u32::from(sign), regex::escape(&sign.to_string()));
            write!(pattern, r"(?:{plain}|\\u{code:04x}|%{code:02x})").expect("a String takes everything");
        }
        pattern
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person() -> Person {
        Person {
            emails: ["anna+x@shop.example".into()].into(),
            phones: ["+1 555-010-4477".into()].into(),
            customer_ids: ["7001".into(), "6940095564123".into()].into(),
            order_ids: ["1001".into()].into(),
            order_names: ["#1001".into(), "#FV10234".into()].into(),
        }
    }

    #[test]
    fn identifiers_are_found_as_a_whole_however_they_are_escaped() {
        use Identifier::*;
        let needles = Needles::new(&person());
        for (text, expect) in [
            ("write to Anna+X@Shop.example.", Some(Email)),
            (r#"{"q":"hi\nanna+x@shop.example"}"#, Some(Email)),
            (r#"{"q":"anna\u002bx\u0040shop.example"}"#, Some(Email)),
            ("?email=anna%2Bx%40shop.example&", Some(Email)),
            ("joanna+x@shop.example", None),
            ("anna+x@shop.example.org", None),
            ("anna+x@shop.examples", None),
            ("call 1 (555) 010 4477 today", Some(Phone)),
            ("+15550104477", Some(Phone)),
            ("555.010.4477", Some(Phone)),
            ("15550104477123", None),
            ("gid://shopify/Customer/7001", Some(CustomerId)),
            (r"gid:\/\/shopify\/Customer\/7001", Some(CustomerId)),
            (r#"{"customer_id":7001}"#, Some(CustomerId)),
            (r#"{\"customer_id\":\"7001\"}"#, Some(CustomerId)),
            ("7001 pieces", None),
            ("gid://shopify/Customer/70012", None),
            ("x6940095564123y", Some(CustomerId)),
            ("gid://shopify/Order/1001", Some(OrderId)),
            ("my order #1001?", Some(OrderName)),
            ("1001 nights", None),
            ("#10012", None),
            ("where is fv10234", Some(OrderName)),
            ("FV102345", None),
            ("return #FV10234-R1", Some(OrderName)),
        ] {
            assert_eq!(needles.find(text.as_bytes()), expect.into_iter().collect(), "{text}");
        }
    }

    #[test]
    fn a_digest_is_found_byte_by_byte() {
        let mut needles = Needles::new(&Person::default());
        let digest: [u8; 32] = std::array::from_fn(|at| 200 + at as u8);
        needles.add_digest(&digest);
        assert_eq!(needles.find(&[b"x".as_slice(), &digest, b"y"].concat()), [Identifier::Digest].into());
        assert!(needles.find(&digest[1..]).is_empty());
    }

    #[test]
    fn what_means_nobody_is_not_looked_for() {
        let person =
            Person { emails: ["".into(), "@".into()].into(), phones: ["12".into()].into(), ..Person::default() };
        assert!(Needles::new(&person).is_empty());
    }
}
