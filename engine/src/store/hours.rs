//! When people are there, and what may be promised of it: in the store's own zone, with days that differ and clocks that
//! are put forward and back.

#[cfg(test)]
mod tests;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// `[hours]`, without its zone: that is the profile's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hours {
    /// Monday first.
    pub week: [Option<Span>; 7],
    /// Days that differ from the week; `None` is closed.
    pub exceptions: BTreeMap<Date, Option<Span>>,
    /// Open time within which somebody replies. Absent: nothing is promised, only when people are there.
    pub reply_within: Option<SignedDuration>,
    /// The store's own words, by language (`fr`).
    pub words: BTreeMap<String, Words>,
}

/// From opening to closing on one day; `from` is before `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub from: Time,
    pub to: Time,
}

/// What a customer is told in one language. `{day}`, `{time}` and `{zone}` stand for theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// Instead of the handoff message, where the store has one in this language.
    pub handoff: Option<String>,
    /// A colleague replies until then.
    pub by: String,
    /// Nobody is there now; people are back from then on.
    pub from: String,
    /// People are there now, until then.
    pub until: String,
    pub today: String,
    pub tomorrow: String,
}

/// Days that are looked through for the next opening: a store that is closed for longer says so itself.
const HORIZON: usize = 60;

impl Hours {
    /// Whether people are there on any day at all.
    pub fn is_empty(&self) -> bool {
        self.week.iter().all(Option::is_none) && self.exceptions.values().all(Option::is_none)
    }

    /// When people are there on a day, if they are.
    pub fn on(&self, date: Date) -> Option<Span> {
        match self.exceptions.get(&date) {
            Some(differs) => *differs,
            None => self.week[usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or_default()],
        }
    }

    /// The day's opening and closing as instants. A time that the clocks skip is the one an hour later; a time that they
    /// show twice is the first of the two. `None` for a closed day, and for one that the skip swallows.
    pub fn opening(&self, date: Date, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
        let span = self.on(date)?;
        let at = |time: Time| zone.to_ambiguous_zoned(date.to_datetime(time)).compatible().ok().map(|z| z.timestamp());
        let (from, to) = (at(span.from)?, at(span.to)?);
        (from < to).then_some((from, to))
    }

    /// Open time from `now` on, day by day; the first part begins at `now` where people are there.
    fn open_from(&self, now: Timestamp, zone: &TimeZone) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let today = now.to_zoned(zone.clone()).date();
        let days = std::iter::successors(Some(today), |day| day.tomorrow().ok()).take(HORIZON);
        let open = days.filter_map(|day| self.opening(day, zone));
        open.filter(move |(_, to)| *to > now).map(move |(from, to)| (from.max(now), to))
    }

    /// `now` where people are there, else when they are there next.
    pub fn next_open(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        self.open_from(now, zone).next().map(|(from, _)| from)
    }

    /// When people who are there now leave; `None` where nobody is there.
    pub fn open_until(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        self.open_from(now, zone).next().filter(|(from, _)| *from == now).map(|(_, to)| to)
    }

    /// The moment at which so much open time has passed.
    pub fn after(&self, now: Timestamp, open: SignedDuration, zone: &TimeZone) -> Option<Timestamp> {
        let mut left = open;
        for (from, to) in self.open_from(now, zone) {
            let whole = to.duration_since(from);
            if left <= whole {
                return from.checked_add(left).ok();
            }
            left = left.checked_sub(whole)?;
        }
        None
    }
}

impl Default for Words {
    /// English.
    fn default() -> Self {
        Self {
            handoff: None,
            by: "A colleague will reply here {day} by {time} ({zone}).".to_owned(),
            from: "Our team is back {day} from {time} ({zone}).".to_owned(),
            until: "Our team is here {day} until {time} ({zone}).".to_owned(),
            today: "today".to_owned(),
            tomorrow: "tomorrow".to_owned(),
        }
    }
}
