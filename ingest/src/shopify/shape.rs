//! Whether an answer holds every field that was asked for. GraphQL promises a key for each, `null` where there is no
//! value; serde takes a missing key of an optional field for `null`. Without this check a field that got lost on the way
//! would read as "none": no delivery date, no refund.

use super::error::ShopifyError;
use serde_json::Value;

/// One selection of our own documents. What they do not use (aliases, `@include`) is not read either; a
/// test runs every document through it.
#[derive(Debug, PartialEq)]
enum Selection<'d> {
    Field { name: &'d str, inside: Vec<Selection<'d>> },
    Spread(&'d str),
    On { kind: &'d str, inside: Vec<Selection<'d>> },
}

#[derive(Debug, Default)]
struct Document<'d> {
    operations: Vec<(&'d str, Vec<Selection<'d>>)>,
    fragments: Vec<(&'d str, Vec<Selection<'d>>)>,
}

/// Compares `data` with what the operation selects.
pub(super) fn check(document: &str, operation: &'static str, data: &Value) -> Result<(), ShopifyError> {
    let document = Document::read(document);
    let selections = document.operations.iter().find(|(name, _)| *name == operation).map(|(_, s)| s.as_slice());
    match document.missing(selections.unwrap_or_default(), data) {
        None => Ok(()),
        Some(field) => Err(ShopifyError::Unreadable {
            operation,
            field: field.to_owned(),
            why: "it was asked for and is missing".into(),
        }),
    }
}

impl<'d> Document<'d> {
    fn read(text: &'d str) -> Self {
        let mut tokens = Tokens(text);
        let mut document = Self::default();
        while let Some(word) = tokens.next() {
            let name = tokens.next().unwrap_or_default();
            while tokens.peek().is_some_and(|t| t != "{") {
                if tokens.next() == Some("(") {
                    tokens.skip_arguments();
                }
            }
            tokens.next();
            let selections = tokens.selections();
            let list = if word == "fragment" { &mut document.fragments } else { &mut document.operations };
            list.push((name, selections));
        }
        document
    }

    /// The first field that is missing.
    fn missing(&self, selections: &[Selection<'d>], value: &Value) -> Option<&'d str> {
        match value {
            Value::Array(items) => items.iter().find_map(|item| self.missing(selections, item)),
            Value::Object(object) => selections.iter().find_map(|selection| match selection {
                Selection::Field { name, inside } => match object.get(*name) {
                    Some(value) => self.missing(inside, value),
                    None => Some(*name),
                },
                Selection::Spread(name) => {
                    let fragment = self.fragments.iter().find(|(known, _)| known == name)?;
                    self.missing(&fragment.1, value)
                }
                Selection::On { kind, inside } => {
                    let applies = object.get("__typename").and_then(Value::as_str) == Some(*kind);
                    if applies { self.missing(inside, value) } else { None }
                }
            }),
            _ => None,
        }
    }
}

/// Names, `...`, and one character for the rest; comments, commas and white space left out.
struct Tokens<'d>(&'d str);

impl<'d> Tokens<'d> {
    fn peek(&self) -> Option<&'d str> {
        Tokens(self.0).next()
    }

    fn next(&mut self) -> Option<&'d str> {
        loop {
            self.0 = self.0.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
            match self.0.strip_prefix('#') {
                Some(comment) => self.0 = comment.split_once('\n').map_or("", |(_, rest)| rest),
                None => break,
            }
        }
        let first = self.0.chars().next()?;
        let length = if self.0.starts_with("...") {
            3
        } else if first == '_' || first.is_ascii_alphanumeric() {
            self.0.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(self.0.len())
        } else {
            first.len_utf8()
        };
        let (token, rest) = self.0.split_at(length);
        self.0 = rest;
        Some(token)
    }

    /// After the opening parenthesis.
    fn skip_arguments(&mut self) {
        let mut depth = 1;
        while depth > 0 {
            match self.next() {
                Some("(") => depth += 1,
                Some(")") => depth -= 1,
                Some(_) => {}
                None => return,
            }
        }
    }

    /// After the opening brace, to the closing one.
    fn selections(&mut self) -> Vec<Selection<'d>> {
        let mut selections = Vec::new();
        while let Some(token) = self.next() {
            match token {
                "}" => break,
                "..." => {
                    let name = self.next().unwrap_or_default();
                    if name == "on" {
                        let kind = self.next().unwrap_or_default();
                        self.next();
                        selections.push(Selection::On { kind, inside: self.selections() });
                    } else {
                        selections.push(Selection::Spread(name));
                    }
                }
                name => {
                    let mut inside = Vec::new();
                    loop {
                        match self.peek() {
                            Some("(") => {
                                self.next();
                                self.skip_arguments();
                            }
                            Some("@") => {
                                self.next();
                                self.next();
                            }
                            Some("{") => {
                                self.next();
                                inside = self.selections();
                                break;
                            }
                            _ => break,
                        }
                    }
                    selections.push(Selection::Field { name, inside });
                }
            }
        }
        selections
    }
}

#[cfg(test)]
mod tests {
    use super::super::operations::OPERATIONS;
    use super::*;
    use serde_json::json;

    const DOCUMENT: &str = "
        # A comment { with braces }
        query A($q: String!, $on: Boolean! = true) { orders(first: 1, query: $q) @x { nodes { id url ...More
            lines { __typename quantity ... on Known { part { id } } } } } }
        fragment More on Order { at }
        query B { shop { name } }";

    #[test]
    fn a_field_that_got_lost_is_named() {
        let order = |order: Value| json!({"orders": {"nodes": [order]}});
        for (data, missing) in [
            (order(json!({"id": 1, "at": null, "lines": [], "url": null})), None),
            (order(json!({"id": 1, "at": null, "lines": null, "url": 1})), None),
            (order(json!({"id": 1, "at": null, "lines": []})), Some("url")),
            (order(json!({"id": 1, "lines": [], "url": 1})), Some("at")),
            (order(json!({"at": 1, "lines": [], "url": 1})), Some("id")),
            (order(json!({"id": 1, "at": 1, "url": 1})), Some("lines")),
            (order(json!({"id": 1, "url": 1, "at": 1, "lines": [{"__typename": "Other", "quantity": 1}]})), None),
            (
                order(json!({"id": 1, "url": 1, "at": 1, "lines": [{"__typename": "Known", "quantity": 1}]})),
                Some("part"),
            ),
            (order(json!({"id": 1, "url": 1, "at": 1, "lines": [{"quantity": 1}]})), Some("__typename")),
            (json!({"orders": null}), None),
            (json!({}), Some("orders")),
        ] {
            let found = check(DOCUMENT, "A", &data).err().map(|error| match error {
                ShopifyError::Unreadable { field, .. } => field,
                other => panic!("{other}"),
            });
            assert_eq!(found.as_deref(), missing, "{data}");
        }
        assert!(check(DOCUMENT, "B", &json!({"shop": {}})).is_err());
    }

    #[test]
    fn every_document_of_ours_is_read() {
        for (name, text) in OPERATIONS {
            let document = Document::read(text);
            let (_, selections) = document.operations.iter().find(|(n, _)| n == name).expect(name);
            assert!(!selections.is_empty(), "{name}");
            let count = text.matches("query ").count() + text.matches("mutation ").count();
            let fragments = text.lines().filter(|line| line.starts_with("fragment ")).count();
            assert_eq!((document.operations.len(), document.fragments.len()), (count, fragments), "{name}");
            // Nothing of it is lost on an empty object: its first field is.
            assert!(document.missing(selections, &json!({})).is_some(), "{name}");
        }
    }
}
