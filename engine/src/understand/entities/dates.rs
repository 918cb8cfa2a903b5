//! Days that a customer names, with how they stand to them: "before Friday", "by the 24th", "since Monday".
//!
//! Read by rules of our own: `interim` and `chrono-english` read one English instant at a time and know no "by" and no
//! place in the text; `event_parser` brings a second calendar library.

use super::calendar::{Holiday, holiday, monday_of, plus};
use super::expression::{Said, Which, amount, expression};
use super::tokens::{Token, says, tokens};
use crate::store::StoreProfile;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use regex::Regex;
use serde::Serialize;
use std::sync::LazyLock;

/// How the customer stands to the days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    Before,
    /// Until and with them; "for Christmas" as well.
    By,
    On,
    After,
    Since,
}

/// A day or a period that was named, its first and its last day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DateMention {
    pub relation: Relation,
    pub from: Date,
    pub to: Date,
    /// What it means in another reading: "12/03" to somebody who writes the day first, "next Friday" to somebody who
    /// means the coming one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub or: Option<(Date, Date)>,
    /// Bytes of the message.
    pub span: (usize, usize),
}

/// The day on which a message is read, and how the store writes days.
#[derive(Clone, Debug)]
pub struct When {
    pub now: Timestamp,
    pub time_zone: TimeZone,
    /// "12/03" is December 3.
    pub month_first: bool,
}

impl When {
    /// Days are days of the store's zone. A store that sells in US dollars from an American zone writes the month first;
    /// every other one the day.
    pub fn of(profile: &StoreProfile, now: Timestamp) -> Self {
        let zone = profile.time_zone.iana_name();
        let american =
            zone.is_none_or(|zone| ["America/", "US/", "Pacific/Honolulu"].iter().any(|start| zone.starts_with(start)));
        let month_first = profile.currency == iso_currency::Currency::USD && american;
        Self { now, time_zone: profile.time_zone.clone(), month_first }
    }

    fn today(&self) -> Date {
        self.now.to_zoned(self.time_zone.clone()).date()
    }
}

impl Default for When {
    /// Of a store without settings: days of UTC, the day before the month.
    fn default() -> Self {
        Self { now: Timestamp::UNIX_EPOCH, time_zone: TimeZone::UTC, month_first: false }
    }
}

/// What leads to a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lead {
    To(Relation),
    /// "Within five days".
    Within,
    /// "In two days".
    In,
    /// "Vor": before a day, and ago.
    Vor,
}

const LEADS: [(&[&str], Lead); 48] = [
    (&["no", "later", "than"], Lead::To(Relation::By)),
    (&["not", "later", "than"], Lead::To(Relation::By)),
    (&["at", "the", "latest", "by"], Lead::To(Relation::By)),
    (&["at", "the", "latest", "on"], Lead::To(Relation::By)),
    (&["in", "time", "for"], Lead::To(Relation::By)),
    (&["on", "or", "before"], Lead::To(Relation::By)),
    (&["prior", "to"], Lead::To(Relation::Before)),
    (&["ahead", "of"], Lead::To(Relation::Before)),
    (&["earlier", "than"], Lead::To(Relation::Before)),
    (&["later", "than"], Lead::To(Relation::After)),
    (&["ever", "since"], Lead::To(Relation::Since)),
    (&["since"], Lead::To(Relation::Since)),
    (&["before"], Lead::To(Relation::Before)),
    (&["until"], Lead::To(Relation::By)),
    (&["till"], Lead::To(Relation::By)),
    (&["til"], Lead::To(Relation::By)),
    (&["by"], Lead::To(Relation::By)),
    (&["for"], Lead::To(Relation::By)),
    (&["after"], Lead::To(Relation::After)),
    (&["from"], Lead::To(Relation::Since)),
    (&["within"], Lead::Within),
    (&["in"], Lead::In),
    (&["on"], Lead::To(Relation::On)),
    (&["over"], Lead::To(Relation::On)),
    (&["during"], Lead::To(Relation::On)),
    (&["at"], Lead::To(Relation::On)),
    (&["spätestens", "bis", "zum"], Lead::To(Relation::By)),
    (&["spätestens", "bis"], Lead::To(Relation::By)),
    (&["spätestens", "am"], Lead::To(Relation::By)),
    (&["bis", "spätestens"], Lead::To(Relation::By)),
    (&["bis", "zum"], Lead::To(Relation::By)),
    (&["bis", "zu"], Lead::To(Relation::By)),
    (&["bis"], Lead::To(Relation::By)),
    (&["vor"], Lead::Vor),
    (&["nach"], Lead::To(Relation::After)),
    (&["seit"], Lead::To(Relation::Since)),
    (&["ab"], Lead::To(Relation::Since)),
    (&["innerhalb", "von"], Lead::Within),
    (&["am"], Lead::To(Relation::On)),
    (&["im"], Lead::To(Relation::On)),
    (&["zu"], Lead::To(Relation::By)),
    (&["au", "plus", "tard"], Lead::To(Relation::By)),
    (&["d'ici"], Lead::To(Relation::By)),
    (&["jusqu'à"], Lead::To(Relation::By)),
    (&["jusqu'au"], Lead::To(Relation::By)),
    (&["avant"], Lead::To(Relation::Before)),
    (&["depuis"], Lead::To(Relation::Since)),
    (&["dans"], Lead::In),
];

/// Words between what leads and the day.
const ARTICLES: [&str; 9] = ["the", "dem", "den", "der", "le", "la", "les", "das", "about"];

struct Tense {
    missed: Regex,
    ahead: Regex,
    past: Regex,
}

static TENSE: LazyLock<Tense> = LazyLock::new(|| {
    let re = |pattern: &str| Regex::new(&format!("(?i){pattern}")).expect("constant");
    Tense {
        missed: re(
            r"\b(?:was|were) (?:supposed|meant|due|expected|promised|scheduled)\b|\bshould have\b|\bhätte .{0,30}sollen",
        ),
        ahead: re(
            r"\b(?:will|won't|would|can|could|should|shall|may|might|going to|need|want|have to|must|be here|get here|expected|arrive|arrives|ship|wird|werden|kommt|kann|brauche|soll|arrivera|sera|peut|besoin)\b|'ll\b",
        ),
        past: re(
            r"\b(?:was|were|been|ordered|bought|placed|purchased|arrived|received|came|got|paid|returned|sent|shipped|delivered|did|had|happened|wrote|called|asked|wurde|war|habe|hatte|bestellt|gekauft|commandé|acheté|reçu)\b",
        ),
    }
});

/// Where a day without a year or a week lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lean {
    Ahead,
    Back,
    Near,
}

/// Every day that the text names, in its order.
pub fn dates(text: &str, when: &When) -> Vec<DateMention> {
    let tokens = tokens(text);
    let mut found: Vec<DateMention> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match mention(text, &tokens, at, when) {
            Some((mention, next)) => {
                found.push(mention);
                at = next;
            }
            // "The Black Friday sale" names no Friday.
            None => at += holiday(&tokens, at).map_or(1, |(_, words)| words),
        }
    }
    found
}

fn mention(text: &str, tokens: &[Token], at: usize, when: &When) -> Option<(DateMention, usize)> {
    let today = when.today();
    let lead = LEADS.iter().find(|(words, _)| says(tokens, at, words));
    // "Le 3 mars", "den 3. März": the article leads to the day.
    let led = lead.is_some() || ["le", "den", "dem"].contains(&tokens[at].word.as_str());
    let (lead, mut place) = lead.map_or((None, at), |(words, lead)| (Some(*lead), at + words.len()));
    while tokens.get(place).is_some_and(|t| ARTICLES.contains(&t.word.as_str())) {
        place += 1;
    }
    let span = |next: usize| (tokens[at].start, tokens[next - 1].end);
    // "In two days", "two days ago", "since two weeks".
    if let Some((said, next)) = amount(tokens, place) {
        let ago = says(tokens, next, &["ago"]);
        let (relation, sign) = match lead {
            _ if ago => (Relation::On, -1),
            Some(Lead::Vor) => (Relation::On, -1),
            Some(Lead::To(Relation::Since)) => (Relation::Since, -1),
            // "I have been waiting for two weeks".
            Some(Lead::To(Relation::By)) if says(tokens, at, &["for"]) && waits(&text[..tokens[at].start]) => {
                (Relation::Since, -1)
            }
            Some(Lead::In) => (Relation::On, 1),
            Some(Lead::Within) => (Relation::By, 1),
            Some(Lead::To(_)) | None => return None,
        };
        // "Within 30 days of delivery" is no day that is known here.
        let counted_from =
            ["of", "after", "from", "following", "nach", "après", "vor"].iter().any(|w| says(tokens, next, &[w]));
        if counted_from && !says(tokens, next, &["from", "now"]) && !says(tokens, next, &["from", "today"]) {
            return None;
        }
        let day = away(said, sign, when)?;
        let from = if lead == Some(Lead::Within) && !ago { today } else { day };
        let next = next + usize::from(ago);
        return Some((DateMention { relation, from, to: day, or: None, span: span(next) }, next));
    }
    let (said, next) = expression(text, tokens, place, led)?;
    let relation = match lead {
        Some(Lead::To(relation)) => relation,
        Some(Lead::Within) => Relation::By,
        Some(Lead::Vor) => Relation::Before,
        Some(Lead::In) | None => Relation::On,
    };
    let sentence = text[..tokens[at].start].rsplit(['.', '?', '!', '\n']).next().unwrap_or_default();
    let lean = lean(relation, sentence);
    let ((from, to), or) = resolve(said, relation, lean, when)?;
    // "Friday at the latest" is a deadline, too.
    let latest = says(tokens, next, &["at", "the", "latest"]) || says(tokens, next, &["latest"]);
    let relation = if latest && relation == Relation::On { Relation::By } else { relation };
    Some((DateMention { relation, from, to, or, span: span(next) }, next))
}

fn waits(before: &str) -> bool {
    let before = before.to_lowercase();
    let clause = before.rsplit(['.', '?', '!', '\n']).next().unwrap_or_default();
    ["been ", "waited", "waiting", "no update", "not moved"].iter().any(|word| clause.contains(word))
}

fn lean(relation: Relation, sentence: &str) -> Lean {
    let tense = &*TENSE;
    match relation {
        Relation::Since => Lean::Back,
        _ if tense.missed.is_match(sentence) => Lean::Back,
        Relation::Before | Relation::By => Lean::Ahead,
        _ if tense.ahead.is_match(sentence) => Lean::Ahead,
        _ if tense.past.is_match(sentence) => Lean::Back,
        Relation::On | Relation::After => Lean::Near,
    }
}

/// A day by how far it lies from now.
fn away(said: Said, sign: i64, when: &When) -> Option<Date> {
    let today = when.today();
    match said {
        Said::Days(n) => Some(plus(today, sign * n)),
        Said::MonthsOn(n) => today.checked_add((sign * n).months()).ok(),
        // Hours are hours that pass: the clock may be put forward between.
        Said::Hours(n) => {
            let at = when.now.checked_add(SignedDuration::from_hours(sign * n)).ok()?;
            Some(at.to_zoned(when.time_zone.clone()).date())
        }
        // Weekends are skipped; holidays are the store's own and not known here.
        Said::BusinessDays(n) => {
            let step = |day: Date| {
                let mut next = plus(day, sign);
                while matches!(next.weekday(), Weekday::Saturday | Weekday::Sunday) {
                    next = plus(next, sign);
                }
                next
            };
            Some((0..n).fold(today, |day, _| step(day)))
        }
        _ => None,
    }
}

type Days = (Date, Date);

/// The days, and what else they may be.
fn resolve(said: Said, relation: Relation, lean: Lean, when: &When) -> Option<(Days, Option<Days>)> {
    let today = when.today();
    let one = |day: Date| ((day, day), None);
    let monday = monday_of(today);
    Some(match said {
        Said::Day(day) => one(day),
        Said::Days(n) => one(plus(today, n)),
        Said::BusinessDays(_) | Said::MonthsOn(_) | Said::Hours(_) => one(away(said, 1, when)?),
        Said::OfYear { month, day } => one(of_years(today, relation, lean, |year| Date::new(year, month, day).ok())?),
        Said::Holiday(holiday, year) => one(of_holiday(holiday, year, today, relation, lean)?),
        Said::Figures { first, second, year } => {
            let read = |month: i8, day: i8| match year {
                Some(year) => Date::new(year, month, day).ok(),
                None => of_years(today, relation, lean, |year| Date::new(year, month, day).ok()),
            };
            let (us, others) = (read(first, second), read(second, first));
            let (meant, other) = if when.month_first { (us, others) } else { (others, us) };
            let day = meant.or(other)?;
            ((day, day), other.filter(|other| *other != day).map(|day| (day, day)))
        }
        Said::OfMonth(day) => one(of_month(today, day, relation, lean)?),
        Said::Weekday(day, which) => of_weekday(today, day, which, relation, lean),
        Said::Week(n) => ((plus(monday, 7 * n), plus(monday, 7 * n + 6)), None),
        Said::Weekend(n) => ((plus(monday, 7 * n + 5), plus(monday, 7 * n + 6)), None),
        Said::EndOfWeek(n) => one(plus(monday, 7 * n + 6)),
        Said::EndOfMonth(n) => one(today.first_of_month().checked_add(n.months()).ok()?.last_of_month()),
        Said::Months(n) => {
            let first = today.first_of_month().checked_add(n.months()).ok()?;
            ((first, first.last_of_month()), None)
        }
        Said::Year(n) => {
            let year = today.year().checked_add(i16::try_from(n).ok()?)?;
            ((Date::new(year, 1, 1).ok()?, Date::new(year, 12, 31).ok()?), None)
        }
        Said::Month { month, year } => {
            let first = match year {
                Some(year) => Date::new(year, month, 1).ok()?,
                None => {
                    // The month that runs is ahead and back: its last day is compared for the one, its first for the other.
                    let last =
                        of_years(today, relation, lean, |year| Some(Date::new(year, month, 1).ok()?.last_of_month()));
                    let first = of_years(today, relation, lean, |year| Date::new(year, month, 1).ok());
                    if lean == Lean::Back { first? } else { last?.first_of_month() }
                }
            };
            ((first, first.last_of_month()), None)
        }
    })
}

fn of_holiday(holiday: Holiday, year: Option<i16>, today: Date, relation: Relation, lean: Lean) -> Option<Date> {
    match year {
        Some(year) => holiday.day(year),
        None => of_years(today, relation, lean, |year| holiday.day(year)),
    }
}

/// The day of last year, this year or the next that is meant.
fn of_years(today: Date, relation: Relation, lean: Lean, day: impl Fn(i16) -> Option<Date>) -> Option<Date> {
    // February 29 comes every four years, or eight.
    let years = today.year().saturating_sub(8)..=today.year().saturating_add(8);
    pick(today, relation, lean, years.filter_map(day))
}

fn of_month(today: Date, day: i8, relation: Relation, lean: Lean) -> Option<Date> {
    let months = (-2..=2).filter_map(|n: i64| today.first_of_month().checked_add(n.months()).ok());
    pick(today, relation, lean, months.filter_map(|first| Date::new(first.year(), first.month(), day).ok()))
}

/// Of days in their order the one that is meant. "Before" means a day that is still to come, and so does what lies
/// ahead, today included.
fn pick(today: Date, relation: Relation, lean: Lean, days: impl Iterator<Item = Date>) -> Option<Date> {
    let days: Vec<Date> = days.collect();
    let ahead = || days.iter().copied().find(|day| *day >= today && (relation != Relation::Before || *day > today));
    let back = || days.iter().copied().rev().find(|day| *day <= today);
    match lean {
        Lean::Ahead => ahead(),
        Lean::Back => back(),
        Lean::Near => {
            let far = |day: Date| (day - today).get_days().abs();
            [ahead(), back()].into_iter().flatten().min_by_key(|day| far(*day))
        }
    }
}

fn of_weekday(today: Date, day: Weekday, which: Which, relation: Relation, lean: Lean) -> (Days, Option<Days>) {
    let one = |day: Date| (day, day);
    let here = i64::from(day.to_monday_zero_offset());
    let of_week = |weeks: i64| plus(monday_of(today), 7 * weeks + here);
    let coming = (0..7).map(|n| plus(today, n)).find(|d| d.weekday() == day).unwrap_or(today);
    let gone = (1..=7).map(|n| plus(today, -n)).find(|d| d.weekday() == day).unwrap_or(today);
    match which {
        Which::Last => (one(gone), None),
        Which::OfWeek(weeks) => (one(of_week(weeks)), None),
        // Some mean the coming one, some the one of the week after.
        Which::Next => {
            let (next, coming) = (of_week(1), if coming == today { plus(today, 7) } else { coming });
            (one(next), (coming != next).then(|| one(coming)))
        }
        Which::This | Which::Plain => match lean {
            Lean::Back => (one(gone), None),
            Lean::Ahead | Lean::Near if relation == Relation::Before && coming == today => (one(plus(today, 7)), None),
            Lean::Ahead | Lean::Near => (one(coming), None),
        },
    }
}
