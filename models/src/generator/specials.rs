//! Tokens that stand for themselves, found by their names.

use std::{cmp::Reverse, collections::HashMap};

/// Names by their first byte, the longest first: Gemma has more than six thousand of them.
pub struct Specials(HashMap<u8, Vec<(String, u32)>>);

/// Where a name begins, its bytes, and the token that it is.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    pub start: usize,
    pub length: usize,
    pub id: u32,
}

impl Specials {
    pub fn new(names: impl IntoIterator<Item = (String, u32)>) -> Self {
        let mut by_first: HashMap<u8, Vec<(String, u32)>> = HashMap::new();
        for (name, id) in names {
            if let Some(first) = name.bytes().next() {
                by_first.entry(first).or_default().push((name, id));
            }
        }
        for names in by_first.values_mut() {
            names.sort_by_key(|(name, _)| Reverse(name.len()));
        }
        Self(by_first)
    }

    /// The first; of several at one place, the longest.
    pub fn find(&self, text: &str) -> Option<Found> {
        let bytes = text.as_bytes();
        bytes.iter().enumerate().find_map(|(start, byte)| {
            let (name, id) = self.0.get(byte)?.iter().find(|(name, _)| bytes[start..].starts_with(name.as_bytes()))?;
            Some(Found { start, length: name.len(), id: *id })
        })
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, u32)> {
        self.0.values().flatten().map(|(name, id)| (name.as_str(), *id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_longest() {
        let names = Specials::new([("<a>", 1), ("<a><b>", 2), ("é", 3), ("", 4)].map(|(name, id)| (name.into(), id)));
        for (text, expect) in [
            ("x<a>", Some((1, 3, 1))),
            ("<a><b><a>", Some((0, 6, 2))),
            ("ê é<a>", Some((3, 2, 3))),
            ("<a", None),
            ("", None),
        ] {
            assert_eq!(names.find(text), expect.map(|(start, length, id)| Found { start, length, id }), "{text:?}");
        }
    }
}
