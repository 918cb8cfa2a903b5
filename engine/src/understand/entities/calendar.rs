//! Names of days, months and holidays in English, German and French, and the days they are.

use super::tokens::{Token, says};
use jiff::ToSpan;
use jiff::civil::{Date, Weekday, date};

/// Full names; the second list only counts after a word such as "on" or "by": "sun", "sat" and "wed" are words.
const WEEKDAYS: [(Weekday, &[&str], &[&str]); 7] = [
    (Weekday::Monday, &["monday", "montag", "lundi"], &["mon", "mo"]),
    (Weekday::Tuesday, &["tuesday", "dienstag", "mardi"], &["tue", "tues", "di"]),
    (Weekday::Wednesday, &["wednesday", "mittwoch", "mercredi"], &["wed", "mi"]),
    (Weekday::Thursday, &["thursday", "donnerstag", "jeudi"], &["thu", "thur", "thurs", "do"]),
    (Weekday::Friday, &["friday", "freitag", "vendredi"], &["fri", "fr"]),
    (Weekday::Saturday, &["saturday", "samstag", "sonnabend", "samedi"], &["sat", "sa"]),
    (Weekday::Sunday, &["sunday", "sonntag", "dimanche"], &["sun", "so"]),
];

const MONTHS: [&[&str]; 12] = [
    &["january", "jan", "januar", "jänner", "janvier"],
    &["february", "feb", "februar", "février"],
    &["march", "mar", "märz", "mars"],
    &["april", "apr", "avril"],
    &["may", "mai"],
    &["june", "jun", "juni", "juin"],
    &["july", "jul", "juli", "juillet"],
    &["august", "aug", "août"],
    &["september", "sept", "sep", "septembre"],
    &["october", "oct", "oktober", "okt", "octobre"],
    &["november", "nov", "novembre"],
    &["december", "dec", "dezember", "dez", "décembre"],
];

/// A weekday's name. `led`: a word stands before it that only stands before a day.
pub(super) fn weekday(word: &str, led: bool) -> Option<Weekday> {
    // German short forms are English or French words too often; only those that are none in the other two count.
    let short = |words: &[&str]| led && word.len() > 2 && words.contains(&word);
    WEEKDAYS.iter().find(|(_, full, abbreviated)| full.contains(&word) || short(abbreviated)).map(|(day, ..)| *day)
}

/// A month's number.
pub(super) fn month(word: &str) -> Option<i8> {
    let at = MONTHS.iter().position(|names| names.contains(&word))?;
    i8::try_from(at + 1).ok()
}

/// A month's name that is an English word as well.
pub(super) fn is_also_a_word(month: &str) -> bool {
    matches!(month, "may" | "march" | "mar" | "jan" | "dec" | "mars" | "sept")
}

/// A day that people plan by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holiday {
    NewYear,
    Valentine,
    GoodFriday,
    Easter,
    /// The second Sunday of May: in Britain it is another day, and nobody is told so here.
    MothersDay,
    /// The third Sunday of June.
    FathersDay,
    Halloween,
    Thanksgiving,
    BlackFriday,
    CyberMonday,
    ChristmasEve,
    Christmas,
    NewYearsEve,
}

const HOLIDAYS: [(&[&str], Holiday); 32] = [
    (&["new", "year's", "eve"], Holiday::NewYearsEve),
    (&["new", "years", "eve"], Holiday::NewYearsEve),
    (&["new", "year's", "day"], Holiday::NewYear),
    (&["new", "year's"], Holiday::NewYear),
    (&["new", "years"], Holiday::NewYear),
    (&["new", "year"], Holiday::NewYear),
    (&["neujahr"], Holiday::NewYear),
    (&["valentine's", "day"], Holiday::Valentine),
    (&["valentines", "day"], Holiday::Valentine),
    (&["valentine's"], Holiday::Valentine),
    (&["valentinstag"], Holiday::Valentine),
    (&["good", "friday"], Holiday::GoodFriday),
    (&["karfreitag"], Holiday::GoodFriday),
    (&["easter"], Holiday::Easter),
    (&["ostern"], Holiday::Easter),
    (&["pâques"], Holiday::Easter),
    (&["mother's", "day"], Holiday::MothersDay),
    (&["mothers", "day"], Holiday::MothersDay),
    (&["father's", "day"], Holiday::FathersDay),
    (&["fathers", "day"], Holiday::FathersDay),
    (&["halloween"], Holiday::Halloween),
    (&["thanksgiving"], Holiday::Thanksgiving),
    (&["black", "friday"], Holiday::BlackFriday),
    (&["cyber", "monday"], Holiday::CyberMonday),
    (&["christmas", "eve"], Holiday::ChristmasEve),
    (&["heiligabend"], Holiday::ChristmasEve),
    (&["christmas", "day"], Holiday::Christmas),
    (&["christmas"], Holiday::Christmas),
    (&["xmas"], Holiday::Christmas),
    (&["weihnachten"], Holiday::Christmas),
    (&["noël"], Holiday::Christmas),
    (&["silvester"], Holiday::NewYearsEve),
];

/// A holiday's name at this place, and how many words it has.
pub(super) fn holiday(tokens: &[Token], at: usize) -> Option<(Holiday, usize)> {
    HOLIDAYS.iter().find(|(words, _)| says(tokens, at, words)).map(|(words, holiday)| (*holiday, words.len()))
}

impl Holiday {
    /// Its day of a year. Thanksgiving is the American one.
    pub(super) fn day(self, year: i16) -> Option<Date> {
        Some(match self {
            Self::NewYear => date(year, 1, 1),
            Self::Valentine => date(year, 2, 14),
            Self::GoodFriday => easter(year)?.checked_sub(2.days()).ok()?,
            Self::Easter => easter(year)?,
            Self::MothersDay => date(year, 5, 1).nth_weekday_of_month(2, Weekday::Sunday).ok()?,
            Self::FathersDay => date(year, 6, 1).nth_weekday_of_month(3, Weekday::Sunday).ok()?,
            Self::Halloween => date(year, 10, 31),
            Self::Thanksgiving => date(year, 11, 1).nth_weekday_of_month(4, Weekday::Thursday).ok()?,
            Self::BlackFriday => Self::Thanksgiving.day(year)?.tomorrow().ok()?,
            Self::CyberMonday => Self::Thanksgiving.day(year)?.checked_add(4.days()).ok()?,
            Self::ChristmasEve => date(year, 12, 24),
            Self::Christmas => date(year, 12, 25),
            Self::NewYearsEve => date(year, 12, 31),
        })
    }
}

/// Easter Sunday of the western calendar (the anonymous Gregorian computus).
fn easter(year: i16) -> Option<Date> {
    let y = i32::from(year);
    let (a, b, c) = (y % 19, y / 100, y % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let month = (h + l - 7 * m + 114) / 31;
    let day = (h + l - 7 * m + 114) % 31 + 1;
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// The Monday of a day's week: weeks begin on Monday, as ISO 8601 has them.
pub(super) fn monday_of(day: Date) -> Date {
    let back = i64::from(day.weekday().to_monday_zero_offset());
    day.checked_sub(back.days()).unwrap_or(day)
}

/// A day by how many it lies away; the last day that there is where that is past the end of the calendar.
pub(super) fn plus(day: Date, days: i64) -> Date {
    let end = if days < 0 { Date::MIN } else { Date::MAX };
    // A span takes no more than so many days; nobody means more.
    days.abs().le(&100_000).then(|| day.checked_add(days.days()).ok()).flatten().unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holidays_fall_on_their_days() {
        let days = [
            (Holiday::Easter, 2026, date(2026, 4, 5)),
            (Holiday::Easter, 2027, date(2027, 3, 28)),
            (Holiday::Easter, 2024, date(2024, 3, 31)),
            (Holiday::GoodFriday, 2026, date(2026, 4, 3)),
            (Holiday::Thanksgiving, 2026, date(2026, 11, 26)),
            (Holiday::BlackFriday, 2026, date(2026, 11, 27)),
            (Holiday::CyberMonday, 2026, date(2026, 11, 30)),
            (Holiday::MothersDay, 2027, date(2027, 5, 9)),
            (Holiday::FathersDay, 2027, date(2027, 6, 20)),
        ];
        for (holiday, year, day) in days {
            assert_eq!(holiday.day(year), Some(day), "{holiday:?}");
        }
    }

    #[test]
    fn a_short_name_needs_a_word_before_it() {
        assert_eq!(weekday("sat", false), None);
        assert_eq!(weekday("sat", true), Some(Weekday::Saturday));
        assert_eq!(weekday("so", true), None, "a German Sunday is an English word");
        assert_eq!((month("märz"), month("août"), month("smarch")), (Some(3), Some(8), None));
    }
}
