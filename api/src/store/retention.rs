//! `[retention]`: how long what was said is kept.

use serde::{Deserialize, Deserializer, de::Error};
use std::{fmt, str::FromStr};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// So long after the last thing that was said in it a conversation goes, with its handoffs and what was recorded of
    /// how its replies came about. Without it, conversations are kept.
    #[serde(default, deserialize_with = "days")]
    pub conversations: Option<Days>,
}

/// A number of days, written `90d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days(u32);

/// More than a hundred years is a mistake in the unit.
const MOST: u32 = 36_500;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no number of days; write one from 1d to 36500d, such as 90d")]
pub struct NotDays(String);

impl Days {
    pub fn count(self) -> u32 {
        self.0
    }
}

impl FromStr for Days {
    type Err = NotDays;

    fn from_str(text: &str) -> Result<Self, NotDays> {
        let count = text.trim().strip_suffix('d').and_then(|count| count.parse().ok());
        count.filter(|count| (1..=MOST).contains(count)).map(Self).ok_or_else(|| NotDays(text.to_owned()))
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}d", self.0)
    }
}

fn days<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Days>, D::Error> {
    String::deserialize(d)?.parse().map(Some).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_written_with_their_unit() {
        assert_eq!("90d".parse(), Ok(Days(90)));
        for wrong in ["", "90", "0d", "-1d", "90 days", "12h", "99999d", "1.5d", "d"] {
            assert!(wrong.parse::<Days>().is_err(), "{wrong}");
        }
        assert_eq!(toml::from_str::<Retention>("conversations = \"365d\"").unwrap().conversations, Some(Days(365)));
        assert_eq!(toml::from_str::<Retention>("").unwrap().conversations, None);
        assert!(toml::from_str::<Retention>("conversations = \"365\"").is_err());
    }
}
