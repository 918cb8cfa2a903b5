//! How the rules of a store's TOML are written: days, countries, patterns.

use crate::text::content_stems;
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, de};
use std::collections::BTreeSet;
use std::marker::PhantomData;

/// Reads a table as `Raw` and makes `T` of it. What is wrong with the table as a whole is said by its own place in the
/// file; `serde(try_from)` would blame the list that the table stands in.
pub(crate) fn checked<'de, D, Raw, T>(d: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    Raw: Deserialize<'de>,
    T: TryFrom<Raw, Error = String>,
{
    struct Reads<Raw, T>(PhantomData<(Raw, T)>);
    impl<'de, Raw: Deserialize<'de>, T: TryFrom<Raw, Error = String>> de::Visitor<'de> for Reads<Raw, T> {
        type Value = T;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a table")
        }

        fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            let raw = Raw::deserialize(de::value::MapAccessDeserializer::new(map))?;
            T::try_from(raw).map_err(de::Error::custom)
        }
    }
    d.deserialize_map(Reads(PhantomData))
}

/// `*` stands for any text, the rest for itself.
pub(crate) fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.trim().to_lowercase(), text.trim().to_lowercase());
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut left) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = left.find(part) else { return false };
        left = &left[at + part.len()..];
    }
    left.ends_with(last)
}

/// What a clause of a rule is about ("it is a final sale item": final, sale), without the words that any item has.
pub(crate) fn stems_of_clause(clause: &str) -> BTreeSet<String> {
    const ANY: [&str; 6] = ["item", "product", "articl", "piec", "thing", "good"];
    content_stems(clause).into_iter().filter(|stem| !ANY.contains(&stem.as_str())).collect()
}

/// ISO 3166-1 alpha-2, by its shape.
pub fn is_country(code: &str) -> bool {
    code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase())
}

/// A day, as TOML's own date or as a string of the same form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day(pub Date);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Reads;
        impl<'de> de::Visitor<'de> for Reads {
            type Value = Day;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a day such as 2026-12-24")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Day, E> {
                text.parse().map(Day).map_err(|_| E::custom(format!("'{text}' is no day; write it as 2026-12-24")))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Day, A::Error> {
                let written = toml::value::Datetime::deserialize(de::value::MapAccessDeserializer::new(map))?;
                self.visit_str(&written.to_string())
            }
        }
        d.deserialize_any(Reads)
    }
}

pub(crate) fn optional_day<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Date>, D::Error> {
    Day::deserialize(d).map(|day| Some(day.0))
}

pub(crate) fn days<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<Date>, D::Error> {
    Ok(Vec::<Day>::deserialize(d)?.into_iter().map(|day| day.0).collect())
}
