//! One day or period as people write it ("next Friday", "the 24th", "3 March"), before it is known which year or week is
//! meant.

use super::calendar::{Holiday, holiday, is_also_a_word, month, weekday};
use super::tokens::{Token, gap, number, says};
use jiff::civil::{Date, Weekday};

/// What stands there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Said {
    /// A whole date.
    Day(Date),
    /// Two figures that are a day and a month, whichever is which.
    Figures {
        first: i8,
        second: i8,
        year: Option<i16>,
    },
    OfYear {
        month: i8,
        day: i8,
    },
    /// "The 24th".
    OfMonth(i8),
    Weekday(Weekday, Which),
    Month {
        month: i8,
        year: Option<i16>,
    },
    Holiday(Holiday, Option<i16>),
    Week(i64),
    Weekend(i64),
    Months(i64),
    Year(i64),
    EndOfWeek(i64),
    EndOfMonth(i64),
    /// So many days from today.
    Days(i64),
    BusinessDays(i64),
    MonthsOn(i64),
    Hours(i64),
}

/// Which of the weekdays of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    Plain,
    This,
    Next,
    Last,
    /// Of the week that lies so many weeks away.
    OfWeek(i64),
}

/// How many of what: "two days", "a week", "24 hours".
pub(super) fn amount(tokens: &[Token], at: usize) -> Option<(Said, usize)> {
    let (n, mut next) = match tokens.get(at)?.word.as_str() {
        "a" | "an" | "einer" | "einem" => (1, at + 1),
        "couple" => (2, at + 1),
        word => (number(word)?, at + 1),
    };
    let n = if says(tokens, at, &["a", "couple"]) {
        next = at + 2;
        2
    } else {
        i64::from(n)
    };
    next += usize::from(says(tokens, next, &["of"]) || says(tokens, next, &["more"]));
    if let Some(word) = tokens.get(next).map(|t| t.word.as_str())
        && matches!(word, "business" | "working")
        && tokens.get(next + 1).is_some_and(|t| matches!(t.word.as_str(), "days" | "day"))
    {
        return Some((Said::BusinessDays(n), next + 2));
    }
    let said = match tokens.get(next)?.word.as_str() {
        "day" | "days" | "tag" | "tage" | "tagen" | "jour" | "jours" => Said::Days(n),
        "werktag" | "werktage" | "werktagen" => Said::BusinessDays(n),
        "week" | "weeks" | "week's" | "woche" | "wochen" | "semaine" | "semaines" => Said::Days(7 * n),
        "fortnight" => Said::Days(14 * n),
        "month" | "months" | "monat" | "monate" | "monaten" | "mois" => Said::MonthsOn(n),
        "year" | "years" | "jahr" | "jahre" | "jahren" => Said::MonthsOn(12 * n),
        "hour" | "hours" | "hrs" | "stunde" | "stunden" | "heure" | "heures" => Said::Hours(n),
        _ => return None,
    };
    Some((said, next + 1))
}

/// A day or period at this place, and the place after it. `led`: a word that leads to a day stands before it.
pub(super) fn expression(text: &str, tokens: &[Token], at: usize, led: bool) -> Option<(Said, usize)> {
    let word = tokens.get(at)?.word.as_str();
    if let Some((holiday, words)) = holiday(tokens, at) {
        let after = at + words;
        let year = tokens.get(after).and_then(|t| year(&t.word)).filter(|_| near(text, tokens, after - 1));
        let next = after + usize::from(year.is_some());
        // "A Christmas gift" names no day.
        return (led && ends(text, tokens, next)).then_some((Said::Holiday(holiday, year), next));
    }
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        return figures(text, tokens, at, led);
    }
    relative(tokens, at)
        .or_else(|| of_a_week(text, tokens, at, led))
        .or_else(|| with_a_month(text, tokens, at, led))
        .or_else(|| period(tokens, at))
}

/// Days that have a word of their own.
fn relative(tokens: &[Token], at: usize) -> Option<(Said, usize)> {
    const WORDS: [(&[&str], i64); 16] = [
        (&["day", "after", "tomorrow"], 2),
        (&["day", "before", "yesterday"], -2),
        (&["end", "of", "today"], 0),
        (&["end", "of", "the", "day"], 0),
        (&["end", "of", "day"], 0),
        (&["today"], 0),
        (&["tonight"], 0),
        (&["tomorrow"], 1),
        (&["yesterday"], -1),
        (&["heute"], 0),
        (&["übermorgen"], 2),
        (&["gestern"], -1),
        (&["vorgestern"], -2),
        (&["aujourd'hui"], 0),
        (&["demain"], 1),
        (&["après-demain"], 2),
    ];
    let found = WORDS.iter().find(|(words, _)| says(tokens, at, words));
    if let Some((words, days)) = found {
        return Some((Said::Days(*days), at + words.len()));
    }
    // "Morgen" is the morning too: "am Morgen", "guten Morgen".
    let before = at.checked_sub(1).map(|before| tokens[before].word.as_str());
    let morning = matches!(before, Some("guten" | "am" | "jeden" | "diesen" | "den" | "heute" | "schönen"));
    (says(tokens, at, &["morgen"]) && !morning).then_some((Said::Days(1), at + 1))
}

/// "This", "next", "last", in three languages, before a day or a period.
fn which(word: &str) -> Option<Which> {
    Some(match word {
        "this" | "coming" | "upcoming" | "diesen" | "diesem" | "diese" | "dieser" | "kommenden" | "kommende" | "ce"
        | "cette" => Which::This,
        "next" | "following" | "nächsten" | "nächster" | "nächste" | "nächstem" => Which::Next,
        "last" | "past" | "previous" | "letzten" | "letzter" | "letzte" | "vergangenen" | "vergangene" => Which::Last,
        _ => return None,
    })
}

fn weeks(which: Which) -> i64 {
    match which {
        Which::Plain | Which::This => 0,
        Which::Next => 1,
        Which::Last => -1,
        Which::OfWeek(weeks) => weeks,
    }
}

/// A weekday, with what says which one, and with the date that may follow it.
fn of_a_week(text: &str, tokens: &[Token], at: usize, led: bool) -> Option<(Said, usize)> {
    let mut place = at;
    let mut said = Which::Plain;
    while let Some(found) = tokens.get(place).and_then(|t| which(&t.word)) {
        (said, place) = (found, place + 1);
    }
    // "On wed", and not "on the wed".
    let close = led && at.checked_sub(1).is_none_or(|before| tokens[before].word != "the");
    let day = weekday(&tokens.get(place)?.word, close || said != Which::Plain)?;
    let mut next = place + 1;
    // "Friday next week", "Friday week", "vendredi prochain".
    let after = |word: &str| says(tokens, next, &[word]);
    if near(text, tokens, place) {
        if let Some(found) = tokens.get(next).and_then(|t| which(&t.word))
            && tokens.get(next + 1).is_some_and(|t| is_week(&t.word))
        {
            return Some((Said::Weekday(day, Which::OfWeek(weeks(found))), next + 2));
        }
        if after("prochain") {
            return Some((Said::Weekday(day, Which::Next), next + 1));
        }
        if after("dernier") {
            return Some((Said::Weekday(day, Which::Last), next + 1));
        }
        // "Friday, November 27", "Friday the 27th": the date says it.
        let skip = next + usize::from(after("the") || after("den") || after("le"));
        let dated = match tokens.get(skip) {
            Some(t) if t.word.starts_with(|c: char| c.is_ascii_digit()) => figures(text, tokens, skip, true),
            Some(_) => with_a_month(text, tokens, skip, true),
            None => None,
        };
        let whole = |said: &Said| !matches!(said, Said::Month { .. });
        if let Some((dated, end)) = dated.filter(|(said, _)| whole(said)) {
            return Some((dated, end));
        }
    }
    if tokens.get(next).is_some_and(|t| {
        matches!(t.word.as_str(), "morning" | "afternoon" | "evening" | "night" | "noon" | "abend" | "soir")
    }) {
        next += 1;
    }
    Some((Said::Weekday(day, said), next))
}

fn is_week(word: &str) -> bool {
    matches!(word, "week" | "woche" | "semaine")
}

/// "Next week", "the end of the month", "la semaine prochaine".
fn period(tokens: &[Token], at: usize) -> Option<(Said, usize)> {
    if says(tokens, at, &["end", "of"]) || says(tokens, at, &["ende"]) {
        let mut place = at + if says(tokens, at, &["ende"]) { 1 } else { 2 };
        place += usize::from(says(tokens, place, &["the"]) || says(tokens, place, &["der"]));
        let said = tokens.get(place).and_then(|t| which(&t.word));
        place += usize::from(said.is_some());
        let away = weeks(said.unwrap_or(Which::This));
        return match tokens.get(place)?.word.as_str() {
            "week" | "woche" => Some((Said::EndOfWeek(away), place + 1)),
            "month" | "monat" | "monats" => Some((Said::EndOfMonth(away), place + 1)),
            _ => None,
        };
    }
    if says(tokens, at, &["semaine", "prochaine"]) {
        return Some((Said::Week(1), at + 2));
    }
    if says(tokens, at, &["semaine", "dernière"]) {
        return Some((Said::Week(-1), at + 2));
    }
    if says(tokens, at, &["weekend"]) {
        return Some((Said::Weekend(0), at + 1));
    }
    let away = weeks(which(&tokens.get(at)?.word)?);
    Some(match tokens.get(at + 1)?.word.as_str() {
        word if is_week(word) => (Said::Week(away), at + 2),
        "weekend" | "wochenende" | "week-end" => (Said::Weekend(away), at + 2),
        "month" | "monat" | "mois" => (Said::Months(away), at + 2),
        "year" | "jahr" => (Said::Year(away), at + 2),
        _ => return None,
    })
}

/// "March 3rd, 2026", "in March", "next March" is left alone.
fn with_a_month(text: &str, tokens: &[Token], at: usize, led: bool) -> Option<(Said, usize)> {
    let token = tokens.get(at)?;
    let month = month(&token.word)?;
    let sure = led || token.capital || !is_also_a_word(&token.word);
    if let Some(day) = tokens.get(at + 1).and_then(|t| day_of(&t.word)).filter(|_| sure && near(text, tokens, at)) {
        let (year, next) = year_after(text, tokens, at + 2);
        return Some((dated(month, day, year)?, next));
    }
    let (year, next) = year_after(text, tokens, at + 1);
    // Without a day only where something leads to it, or its year follows.
    ((led && ends(text, tokens, next)) || (year.is_some() && sure)).then_some((Said::Month { month, year }, next))
}

/// What begins with a figure: `2026-11-27`, `12/03`, `3.12.`, "3 March", "the 24th".
fn figures(text: &str, tokens: &[Token], at: usize, led: bool) -> Option<(Said, usize)> {
    let word = tokens[at].word.as_str();
    if word.contains(['/', '.', '-']) {
        return in_figures(text, tokens, at, led);
    }
    let day = day_of(word)?;
    let ordinal = !word.bytes().all(|b| b.is_ascii_digit());
    let of = at + 1 + usize::from(says(tokens, at + 1, &["of"]));
    if let Some(named) = tokens.get(of)
        && let Some(month) = month(&named.word)
        && near(text, tokens, at)
        && (led || ordinal || named.capital || !is_also_a_word(&named.word))
    {
        let (year, next) = year_after(text, tokens, of + 1);
        return Some((dated(month, day, year)?, next));
    }
    // "On the 2nd floor" and "for the 3rd time" are no days.
    let of_month = led && ordinal && !word.ends_with('e') && ends(text, tokens, at + 1);
    of_month.then_some((Said::OfMonth(day), at + 1))
}

fn in_figures(text: &str, tokens: &[Token], at: usize, led: bool) -> Option<(Said, usize)> {
    let token = &tokens[at];
    let word = token.word.as_str();
    let split = word.chars().find(|c| !c.is_ascii_digit())?;
    let parts: Vec<&str> = word.split(split).collect();
    let figure = |part: &str| part.parse::<i16>().ok();
    let small = |part: &str| (1..=2).contains(&part.len()).then(|| part.parse::<i8>().ok()).flatten();
    let short_year = |part: &str| match part.len() {
        4 => figure(part),
        2 => figure(part).map(|y| 2000 + y),
        _ => None,
    };
    match parts.as_slice() {
        [y, m, d] if y.len() == 4 && split == '-' => {
            Date::new(figure(y)?, small(m)?, small(d)?).ok().map(|day| (Said::Day(day), at + 1))
        }
        [first, second, year] => {
            let (first, second) = (small(first)?, small(second)?);
            let year = Some(short_year(year)?);
            Some(if split == '.' {
                (dated(second, first, year)?, at + 1)
            } else {
                (Said::Figures { first, second, year }, at + 1)
            })
        }
        [first, second] => {
            let (a, b) = (small(first)?, small(second)?);
            let before = text[..token.start].chars().next_back();
            let priced = matches!(before, Some('$' | '€' | '£' | '.' | ',' | '#'));
            let sized =
                at.checked_sub(1).is_some_and(|p| matches!(tokens[p].word.as_str(), "size" | "sizes" | "eu" | "uk"));
            match split {
                '/' => {
                    let whole = led || (first.len() == 2 && second.len() == 2);
                    let fits = whole && !priced && !sized && word != "24/7";
                    fits.then_some((Said::Figures { first: a, second: b, year: None }, at + 1))
                }
                // "3.12." is a day; "3.12" is a price or a version.
                '.' => {
                    let dot = gap(text, tokens, at).starts_with('.');
                    (led && dot && !priced).then(|| dated(b, a, None)).flatten().map(|said| (said, at + 1))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// A whole date where the year is known; `None` for a day that there is not.
fn dated(month: i8, day: i8, year: Option<i16>) -> Option<Said> {
    match year {
        Some(year) => Date::new(year, month, day).ok().map(Said::Day),
        // A leap year has every day that there is.
        None => Date::new(2024, month, day).ok().map(|_| Said::OfYear { month, day }),
    }
}

/// `3`, `3rd`, `1er`: a day of a month.
fn day_of(word: &str) -> Option<i8> {
    let figures = word.trim_end_matches(|c: char| c.is_alphabetic());
    let end = &word[figures.len()..];
    let day: i8 = figures.parse().ok()?;
    ((1..=31).contains(&day) && matches!(end, "" | "st" | "nd" | "rd" | "th" | "er" | "e")).then_some(day)
}

fn year(word: &str) -> Option<i16> {
    word.parse::<i16>().ok().filter(|year| word.len() == 4 && (1990..=2199).contains(year))
}

fn year_after(text: &str, tokens: &[Token], at: usize) -> (Option<i16>, usize) {
    let found = tokens.get(at).and_then(|t| year(&t.word)).filter(|_| near(text, tokens, at - 1));
    (found, at + usize::from(found.is_some()))
}

/// Whether the next token goes on with this one: no sentence ends between them.
fn near(text: &str, tokens: &[Token], at: usize) -> bool {
    let gap = gap(text, tokens, at);
    gap.len() <= 3 && gap.chars().all(|c| matches!(c, ' ' | ',' | '.' | '\u{a0}'))
}

/// Whether the expression that ends before `next` is not the first part of a longer name ("Christmas card", "2nd
/// floor"): a sign, the end, or a word that says nothing of its own comes after it.
fn ends(text: &str, tokens: &[Token], next: usize) -> bool {
    let Some(before) = next.checked_sub(1) else { return true };
    let Some(after) = tokens.get(next) else { return true };
    let stops = gap(text, tokens, before).contains([',', '.', '?', '!', ';', ':', '\n', ')', '-', '–']);
    let light = |word: &str| {
        crate::text::is_stop_word(word)
            || matches!(
                word,
                "latest" | "since" | "already" | "still" | "today" | "instead" | "order" | "und" | "oder" | "et"
            )
    };
    stops || light(&after.word)
}
