//! `[hours]`: the store's zone, when people are there, and within what time they reply.

use engine::store::{
    hours::{self, Words},
    written::Day,
};
use jiff::{SignedDuration, civil::Time, tz::TimeZone};
use serde::{Deserialize, Deserializer, de::Error};
use std::collections::BTreeMap;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// Days of rules are days of this zone, too.
    #[serde(deserialize_with = "zone")]
    pub time_zone: TimeZone,
    pub monday: Option<Span>,
    pub tuesday: Option<Span>,
    pub wednesday: Option<Span>,
    pub thursday: Option<Span>,
    pub friday: Option<Span>,
    pub saturday: Option<Span>,
    pub sunday: Option<Span>,
    /// Days that differ from the week.
    #[serde(default)]
    pub exceptions: Vec<Exception>,
    /// Open time within which somebody replies: `4h`. What customers are promised when a person takes over.
    #[serde(default, deserialize_with = "within")]
    pub reply_within: Option<SignedDuration>,
    /// The store's own words for that, by language.
    #[serde(default)]
    pub messages: BTreeMap<String, Messages>,
}

/// What a customer is told in one language. `{day}`, `{time}` and `{zone}` stand for theirs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Messages {
    /// Instead of `handoff_message`.
    pub handoff: Option<String>,
    pub by: String,
    pub from: String,
    pub until: String,
    pub today: String,
    pub tomorrow: String,
}

/// More than this is no promise of a support team, but a mistake in the unit.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 14);

/// From opening to closing: `08:00-18:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub from: Time,
    pub to: Time,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    pub date: Day,
    pub hours: Option<Span>,
    #[serde(default)]
    pub closed: bool,
}

impl Hours {
    /// What the engine knows of it; `None` where the file names no day on which people are there.
    pub fn profile(&self) -> Option<hours::Hours> {
        let span = |span: &Option<Span>| span.map(|Span { from, to }| hours::Span { from, to });
        let days =
            [&self.monday, &self.tuesday, &self.wednesday, &self.thursday, &self.friday, &self.saturday, &self.sunday];
        let exceptions = self.exceptions.iter().map(|e| (e.date.0, span(&e.hours.filter(|_| !e.closed))));
        let words = self.messages.iter().map(|(language, said)| {
            let Messages { handoff, by, from, until, today, tomorrow } = said.clone();
            (language.clone(), Words { handoff, by, from, until, today, tomorrow })
        });
        let hours = hours::Hours {
            week: days.map(span),
            exceptions: exceptions.collect(),
            reply_within: self.reply_within,
            words: words.collect(),
        };
        (!hours.is_empty()).then_some(hours)
    }

    /// What is wrong, with its key.
    pub(super) fn check(&self) -> Vec<(&'static str, String)> {
        let unclear = self.exceptions.iter().filter(|e| e.closed == e.hours.is_some());
        let mut wrong: Vec<(&'static str, String)> =
            unclear.map(|e| ("exceptions", format!("{}: write either closed = true or hours", e.date.0))).collect();
        if self.reply_within.is_some() && self.profile().is_none() {
            let text = "needs a day on which people are there; write one, such as monday = \"09:00-17:00\"";
            wrong.push(("reply_within", text.to_owned()));
        }
        for (language, said) in &self.messages {
            for (key, text) in [("by", &said.by), ("from", &said.from), ("until", &said.until)] {
                if !text.contains("{time}") {
                    wrong.push((
                        "messages",
                        format!("{language}.{key}: say when, with {{time}} (and {{day}}, {{zone}})"),
                    ));
                }
            }
        }
        wrong
    }
}

/// `4h`, `30m`, `1h 30m`.
fn within<'de, D: Deserializer<'de>>(d: D) -> Result<Option<SignedDuration>, D::Error> {
    let text = String::deserialize(d)?;
    match text.parse::<SignedDuration>() {
        Ok(within) if within.is_positive() && within <= LONGEST => Ok(Some(within)),
        Ok(_) => Err(D::Error::custom(format!("'{text}' is not between a minute and two weeks of open time"))),
        Err(_) => Err(D::Error::custom(format!("'{text}' is no length of time; write one such as 4h or 30m"))),
    }
}

fn zone<'de, D: Deserializer<'de>>(d: D) -> Result<TimeZone, D::Error> {
    let name = String::deserialize(d)?;
    TimeZone::get(&name)
        .map_err(|_| D::Error::custom(format!("'{name}' is no time zone; write one such as America/Chicago")))
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        let read = |(from, to): (&str, &str)| Some((from.trim().parse().ok()?, to.trim().parse().ok()?));
        match text.split_once('-').and_then(read) {
            Some((from, to)) if from < to => Ok(Self { from, to }),
            _ => Err(D::Error::custom(format!("'{text}' are no hours; write them as 08:00-18:00"))),
        }
    }
}
