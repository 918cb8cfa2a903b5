//! Live values in an approved text: `{order.status}`. A closed list, read when the answer is approved and filled by code
//! when it is said.

use std::fmt;

/// What can be filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Placeholder {
    StoreName,
    StoreEmail,
    StoreUrl,
    ReturnWindow,
    OrderNumber,
    OrderStatus,
    OrderCarrier,
    OrderTrackingNumber,
    OrderTrackingUrl,
    OrderDelivery,
}

impl Placeholder {
    pub const ALL: [Self; 10] = [
        Self::StoreName,
        Self::StoreEmail,
        Self::StoreUrl,
        Self::ReturnWindow,
        Self::OrderNumber,
        Self::OrderStatus,
        Self::OrderCarrier,
        Self::OrderTrackingNumber,
        Self::OrderTrackingUrl,
        Self::OrderDelivery,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::StoreName => "store.name",
            Self::StoreEmail => "store.email",
            Self::StoreUrl => "store.url",
            Self::ReturnWindow => "return.window",
            Self::OrderNumber => "order.number",
            Self::OrderStatus => "order.status",
            Self::OrderCarrier => "order.carrier",
            Self::OrderTrackingNumber => "order.tracking_number",
            Self::OrderTrackingUrl => "order.tracking_url",
            Self::OrderDelivery => "order.delivery",
        }
    }

    /// A value of its kind, for whoever looks at a text before it is filled.
    fn example(self) -> &'static str {
        match self {
            Self::StoreName => "our store",
            Self::StoreEmail => "help@store.example",
            Self::StoreUrl => "https://store.example",
            Self::ReturnWindow => "30 days",
            Self::OrderNumber => "your order",
            Self::OrderStatus => "on its way",
            Self::OrderCarrier => "the carrier",
            Self::OrderTrackingNumber => "your parcel",
            Self::OrderTrackingUrl => "https://carrier.example",
            Self::OrderDelivery => "November 24, 2026",
        }
    }

    /// Whether the customer's order has to be known.
    pub fn is_of_an_order(self) -> bool {
        match self {
            Self::StoreName | Self::StoreEmail | Self::StoreUrl | Self::ReturnWindow => false,
            Self::OrderNumber
            | Self::OrderStatus
            | Self::OrderCarrier
            | Self::OrderTrackingNumber
            | Self::OrderTrackingUrl
            | Self::OrderDelivery => true,
        }
    }
}

/// A stretch of an approved text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'t> {
    Words(&'t str),
    Live(Placeholder),
}

/// Braces that are no placeholder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadPlaceholder {
    Unknown(String),
    /// From here on, a brace has no partner.
    Open(String),
}

impl fmt::Display for BadPlaceholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = Placeholder::ALL.map(Placeholder::name).join(", ");
        match self {
            Self::Unknown(name) => write!(f, "'{{{name}}}' is no placeholder; there are: {known}"),
            Self::Open(rest) => write!(
                f,
                "a brace before or after '{rest}' has no partner; braces hold placeholders only, such as {{store.email}}"
            ),
        }
    }
}

impl std::error::Error for BadPlaceholder {}

/// The words and placeholders of a text, in order; put together again they are the text.
pub fn pieces(text: &str) -> Result<Vec<Piece<'_>>, BadPlaceholder> {
    let mut found = Vec::new();
    let mut rest = text;
    let near = |text: &str| text.trim_matches(['{', '}', ' ']).chars().take(20).collect::<String>();
    while let Some(at) = rest.find(['{', '}']) {
        if at > 0 {
            found.push(Piece::Words(&rest[..at]));
        }
        let inside = rest[at..].strip_prefix('{').ok_or_else(|| BadPlaceholder::Open(near(&rest[at..])))?;
        let end = inside.find(['{', '}']).filter(|&end| inside[end..].starts_with('}'));
        let end = end.ok_or_else(|| BadPlaceholder::Open(near(inside)))?;
        let name = &inside[..end];
        let known = Placeholder::ALL.into_iter().find(|p| p.name() == name);
        found.push(Piece::Live(known.ok_or_else(|| BadPlaceholder::Unknown(name.to_owned()))?));
        rest = &inside[end + 1..];
    }
    if !rest.is_empty() {
        found.push(Piece::Words(rest));
    }
    Ok(found)
}

/// The text as a customer could read it, with made-up values.
pub fn with_examples(text: &str) -> String {
    let Ok(pieces) = pieces(text) else { return text.to_owned() };
    let said = pieces.iter().map(|piece| match piece {
        Piece::Words(words) => *words,
        Piece::Live(placeholder) => placeholder.example(),
    });
    said.collect()
}

/// The placeholders of a text, each once.
pub fn used(text: &str) -> Result<Vec<Placeholder>, BadPlaceholder> {
    let mut used = Vec::new();
    for piece in pieces(text)? {
        if let Piece::Live(placeholder) = piece
            && !used.contains(&placeholder)
        {
            used.push(placeholder);
        }
    }
    Ok(used)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_listed_names_are_placeholders() {
        assert_eq!(
            pieces("Write to {store.email}."),
            Ok(vec![Piece::Words("Write to "), Piece::Live(Placeholder::StoreEmail), Piece::Words(".")])
        );
        assert_eq!(used("{order.number}{order.number}"), Ok(vec![Placeholder::OrderNumber]));
        for (text, says) in [
            ("{order.total}", "'{order.total}' is no placeholder; there are: store.name, store.email"),
            ("{ store.email }", "is no placeholder"),
            ("a { b", "has no partner"),
            ("a } b", "has no partner"),
            ("{store.{email}}", "has no partner"),
        ] {
            let error = pieces(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn pieces_are_the_whole_text_or_there_is_an_error(text in "[a-z{}. ]{0,12}(\\{(store\\.email|order\\.status|x)\\}[a-z{} ]{0,6}){0,3}") {
            let brace = |text: &str| text.chars().any(|c| matches!(c, '\u{7b}' | '\u{7d}'));
            if let Ok(pieces) = pieces(&text) {
                let again: String = pieces.iter().map(|piece| match piece {
                    Piece::Words(words) => {
                        proptest::prop_assert!(!brace(words));
                        Ok((*words).to_owned())
                    }
                    Piece::Live(placeholder) => Ok(format!("{{{}}}", placeholder.name())),
                }).collect::<Result<_, proptest::test_runner::TestCaseError>>()?;
                proptest::prop_assert_eq!(again, text);
            } else {
                proptest::prop_assert!(brace(&text));
            }
        }
    }
}
