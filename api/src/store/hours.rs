//! `[hours]`: the store's zone, and when people are there.

use engine::store::written::Day;
use jiff::{
    civil::{Date, Time, Weekday},
    tz::TimeZone,
};
use serde::{Deserialize, Deserializer, de::Error};

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
}

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
    /// When people are there on a day, if they are.
    pub fn on(&self, date: Date) -> Option<Span> {
        if let Some(exception) = self.exceptions.iter().find(|e| e.date.0 == date) {
            return exception.hours.filter(|_| !exception.closed);
        }
        match date.weekday() {
            Weekday::Monday => self.monday,
            Weekday::Tuesday => self.tuesday,
            Weekday::Wednesday => self.wednesday,
            Weekday::Thursday => self.thursday,
            Weekday::Friday => self.friday,
            Weekday::Saturday => self.saturday,
            Weekday::Sunday => self.sunday,
        }
    }

    /// What is wrong, with its key.
    pub(super) fn check(&self) -> Vec<(&'static str, String)> {
        let unclear = self.exceptions.iter().filter(|e| e.closed == e.hours.is_some());
        unclear.map(|e| ("exceptions", format!("{}: write either closed = true or hours", e.date.0))).collect()
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
