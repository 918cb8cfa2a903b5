//! Search queries. Text of a customer's enters one only as one quoted term: whatever it says, it adds no field, no `OR`,
//! no comparator.

use jiff::Timestamp;

/// The text as one quoted term. Inside double quotes only `"` and `\` mean something, and how Shopify reads an escape
/// there is not documented: so the two are not escaped but left out, with line ends and other controls. `*` goes too,
/// as a prefix search finds what was not asked for.
pub(super) fn quoted(text: &str) -> String {
    let spaced = text.replace(|c: char| c.is_control() || matches!(c, '"' | '\\' | '*'), " ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    format!("\"{}\"", words.join(" "))
}

/// `name:"text"`.
pub(super) fn field(name: &'static str, text: &str) -> String {
    format!("{name}:{}", quoted(text))
}

/// `name:text` for an id of letters, digits, `_` and `-`, as Shopify documents ids; anything else is quoted.
pub(super) fn id(name: &'static str, text: &str) -> String {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if plain { format!("{name}:{text}") } else { field(name, text) }
}

/// An address as it is: [`engine::identity::Email`] holds neither `"` nor `\`.
pub(super) fn email(email: &engine::identity::Email) -> String {
    format!("email:\"{}\"", email.expose())
}

/// An order by its name, with and without the `#` that not every store writes.
pub(super) fn order_name(number: &engine::identity::OrderNumber) -> String {
    let bare = number.as_str().trim_start_matches('#');
    any(&[field("name", number.as_str()), field("name", bare)])
}

/// Changed at that time or later.
pub(super) fn updated_since(since: Timestamp) -> String {
    let whole = Timestamp::from_second(since.as_second()).unwrap_or(since);
    format!("updated_at:>='{whole}'")
}

pub(super) fn all(terms: &[String]) -> String {
    terms.join(" AND ")
}

/// In parentheses, so that it stands beside an `AND`.
pub(super) fn any(terms: &[String]) -> String {
    format!("({})", terms.join(" OR "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::identity::{Email, OrderNumber};
    use proptest::{prop_assert, prop_assert_eq, proptest};

    #[test]
    fn text_becomes_one_quoted_term() {
        for (text, expect) in [
            ("Stormfjell jacket", "\"Stormfjell jacket\""),
            ("#1001 OR name:#1002", "\"#1001 OR name:#1002\""),
            ("x\" OR name:\"#1002", "\"x OR name: #1002\""),
            ("x\\", "\"x\""),
            ("x\\\" OR tag:vip", "\"x OR tag:vip\""),
            ("a*", "\"a\""),
            ("(a) -b 'c'\n\td", "\"(a) -b 'c' d\""),
            ("\u{0}\u{7}", "\"\""),
            ("", "\"\""),
        ] {
            assert_eq!(quoted(text), expect, "{text:?}");
        }
    }

    #[test]
    fn queries_read_as_shopify_documents_them() {
        let number = OrderNumber::parse("fv10234").unwrap();
        let mail = Email::parse("o'brien+x@mail.example").unwrap();
        assert_eq!(
            all(&[order_name(&number), email(&mail)]),
            "(name:\"#FV10234\" OR name:\"FV10234\") AND email:\"o'brien+x@mail.example\""
        );
        assert_eq!(id("customer_id", "6940_x-1"), "customer_id:6940_x-1");
        assert_eq!(id("customer_id", "1 OR id:2"), "customer_id:\"1 OR id:2\"");
        assert_eq!(id("id", ""), "id:\"\"");
        let since: Timestamp = "2026-11-21T15:00:00.987Z".parse().unwrap();
        assert_eq!(updated_since(since), "updated_at:>='2026-11-21T15:00:00Z'");
    }

    /// A reader of the documented grammar that honours a backslash inside quotes, or does not: where the first quoted
    /// value ends.
    fn end_of_quoted(query: &str, escapes: bool) -> Option<usize> {
        let mut escaped = false;
        for (at, c) in query.char_indices().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' if escapes => escaped = true,
                '"' => return Some(at + 1),
                _ => {}
            }
        }
        None
    }

    proptest! {
        #[test]
        fn whatever_the_text_it_stays_one_term(text in proptest::arbitrary::any::<String>(), tail in "[\"\\\\*: ORname#0-9()']{0,20}") {
            let query = quoted(&format!("{text}{tail}"));
            prop_assert!(query.starts_with('"'));
            for escapes in [true, false] {
                prop_assert_eq!(end_of_quoted(&query, escapes), Some(query.len()), "{}", query);
            }
            prop_assert!(!query.contains('\n'));
        }
    }
}
