//! The values that a reply states: dates with what they are said to be the day of, amounts, numbers of orders, codes,
//! addresses of pages.

use super::shop::Cents;
use jiff::civil::{Date, Weekday};
use regex::Regex;
use std::sync::LazyLock;

/// What a date is said to be the day of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Day {
    Placed,
    Cancelled,
    /// When it left, or was packed or sent.
    Left,
    /// When it should leave.
    Leaves,
    /// A report of the carrier, or since when something is so.
    Event,
    Delivered,
    Expected,
    /// Until when to tell the store that nothing came.
    Report,
    /// The last day of a return, or since when none is possible.
    Return,
    Refunded,
    /// The words before it say nothing about it.
    Some,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaidDate {
    pub date: Date,
    pub day: Day,
    /// The weekday that stands before it is another.
    pub false_weekday: bool,
}

/// What a sentence with an amount is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sum {
    Refund,
    Some,
}

static DATE: LazyLock<Regex> = LazyLock::new(|| {
    let months = "January|February|March|April|May|June|July|August|September|October|November|December";
    let days = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday";
    Regex::new(&format!(
        r"(?:(?P<weekday>{days}),? )?(?:(?P<month>{months}) (?P<day>\d{{1,2}})(?:, (?P<year>\d{{4}}))?|(?P<iso>\d{{4}}-\d{{2}}-\d{{2}}))"
    ))
    .expect("constant")
});

/// The words that say what the next date is; the last one before it counts.
static DAYS: LazyLock<Vec<(Regex, Day)>> = LazyLock::new(|| {
    [
        (r"\b(?:placed|ordered)\b", Day::Placed),
        (r"\bcancell?ed\b", Day::Cancelled),
        (r"\b(?:left|sent|shipped|packed|dispatched) (?:by e-mail )?on\b", Day::Left),
        (r"\bleave\b|\bshould (?:be|have) (?:sent|left|shipped)\b|\bdue to\b|\bscheduled\b", Day::Leaves),
        (r"\bscan(?:ned)?\b|\bsince\b|\breported\b|\btried\b|\bdelay\b|\bsays\b|\bas of\b", Day::Event),
        (r"\b(?:was|were|been) delivered\b|\barrived on\b|\bpicked up on\b", Day::Delivered),
        (r"\bexpect(?:s|ed)?\b|\bshould (?:have )?arrived?\b|\barrives?\b|\bestimated?\b", Day::Expected),
        (r"\btell us\b|\breported by\b|\bthere by\b|\bcontact us\b", Day::Report),
        (r"\breturn(?:ed|able)?\b|\bwindow\b|\bsend (?:it|them) back\b|\bgo back\b", Day::Return),
        (r"\brefund(?:ed)?\b", Day::Refunded),
    ]
    .into_iter()
    .map(|(words, day)| (Regex::new(&format!("(?i){words}")).expect("constant"), day))
    .collect()
});

/// Every date of the text; one without a year is of `year`.
pub fn dates(text: &str, year: i16) -> Vec<SaidDate> {
    let read = |found: regex::Captures<'_>| {
        let all = found.get(0)?;
        let date = match found.name("iso") {
            Some(iso) => iso.as_str().parse().ok()?,
            None => {
                let month = MONTHS.iter().position(|m| *m == &found["month"])? as i8 + 1;
                let year = found.name("year").and_then(|y| y.as_str().parse().ok()).unwrap_or(year);
                Date::new(year, month, found["day"].parse().ok()?).ok()?
            }
        };
        let before = &text[sentence_start(text, all.start())..all.start()];
        let last = DAYS.iter().filter_map(|(words, day)| Some((words.find_iter(before).last()?.end(), *day))).max();
        let false_weekday = found.name("weekday").is_some_and(|w| w.as_str() != weekday(date.weekday()));
        Some(SaidDate { date, day: last.map_or(Day::Some, |(_, day)| day), false_weekday })
    };
    DATE.captures_iter(text).filter_map(read).collect()
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

/// Where the sentence begins that holds the byte `at`.
fn sentence_start(text: &str, at: usize) -> usize {
    [". ", "! ", "? "].iter().filter_map(|end| text[..at].rfind(end)).max().map_or(0, |i| i + 2)
}

pub fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(['.', '!', '?'])
}

static MONEY: LazyLock<Regex> = LazyLock::new(|| {
    let number = r"\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d+(?:\.\d{1,2})?";
    Regex::new(&format!(
        r"(?P<sign>US\$|CA\$|C\$|\$|€|£)(?P<a>{number})(?: (?P<code>USD|CAD|EUR|GBP)\b)?|(?P<b>{number}) (?P<after>USD|CAD|EUR|GBP)\b"
    ))
    .expect("constant")
});

/// Every amount of the text, and what its sentence is about.
pub fn money(text: &str) -> Vec<(Cents, Sum)> {
    let read = |found: regex::Captures<'_>| {
        let sign = found.name("sign").map_or("", |s| s.as_str());
        let code = found.name("code").or_else(|| found.name("after")).map(|c| c.as_str());
        let currency = code.unwrap_or(match sign {
            "€" => "EUR",
            "£" => "GBP",
            "CA$" | "C$" => "CAD",
            _ => "USD",
        });
        let digits = found.name("a").or_else(|| found.name("b"))?.as_str().replace(',', "");
        let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
        let minor = format!("{whole}{fraction:0<2}").parse().ok()?;
        let all = found.get(0)?;
        let start = sentence_start(text, all.start());
        let end = text[all.end()..].find(". ").map_or(text.len(), |i| all.end() + i);
        let sentence = text[start..end].to_lowercase();
        // A label is paid for out of a refund; what is left "after what was refunded since" is none.
        let fee = ["label", "fee", "cost", "deduct", "total", "paid", "refunded since"]
            .iter()
            .any(|word| sentence.contains(word));
        let about = if sentence.contains("refund") && !fee { Sum::Refund } else { Sum::Some };
        Some((Cents { minor, currency: currency.to_owned() }, about))
    };
    MONEY.captures_iter(text).filter_map(read).collect()
}

static ORDER: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"#?\bFV\d{5}\b").expect("constant"));
static CODE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b[A-Z0-9]{9,}\b").expect("constant"));
static URL: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"https?://[^\s<>“”]+").expect("constant"));
static EMAIL: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+").expect("constant"));
static PIECES: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(\d+) ?[×x] (\p{Lu})").expect("constant"));

/// Numbers of orders, as the store writes them.
pub fn orders(text: &str) -> Vec<String> {
    ORDER.find_iter(text).map(|m| format!("#{}", m.as_str().trim_start_matches('#'))).collect()
}

/// Codes as carriers give them, outside of addresses of pages.
pub fn codes(text: &str) -> Vec<String> {
    let text = URL.replace_all(text, " ");
    let digits = |code: &&str| code.bytes().filter(u8::is_ascii_digit).count() >= 6;
    CODE.find_iter(&text).map(|m| m.as_str()).filter(digits).map(str::to_owned).collect()
}

pub fn urls(text: &str) -> Vec<String> {
    URL.find_iter(text).map(|m| m.as_str().trim_end_matches(['.', ',', ')', '!', '?', ';']).to_owned()).collect()
}

pub fn emails(text: &str) -> Vec<String> {
    EMAIL.find_iter(text).map(|m| m.as_str().trim_end_matches('.').to_owned()).collect()
}

/// `2 × Brekke Beanie`: how many, and where the name begins.
pub fn pieces(text: &str) -> Vec<(i64, usize)> {
    let read = |found: regex::Captures<'_>| Some((found[1].parse().ok()?, found.get(2)?.start()));
    PIECES.captures_iter(text).filter_map(read).collect()
}

/// Whether `part` stands in the text as a whole: no letter or digit goes on before or after it.
pub fn stands_in(part: &str, text: &str) -> bool {
    let joins = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    text.match_indices(part).any(|(at, _)| {
        !(joins(text[..at].chars().next_back()) && joins(part.chars().next()))
            && !(joins(text[at + part.len()..].chars().next()) && joins(part.chars().next_back()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_date_is_the_day_of_what_stands_before_it() {
        let check = |text: &str, expect: &[(Date, Day)]| {
            let found: Vec<_> = dates(text, 2026).into_iter().map(|d| (d.date, d.day)).collect();
            assert_eq!(found, expect, "{text}");
        };
        check(
            "Order #FV1 is on its way: it left on Monday, November 16, 2026 and was last scanned on Tuesday, November 17, 2026.",
            &[(date(2026, 11, 16), Day::Left), (date(2026, 11, 17), Day::Event)],
        );
        check(
            "It was delivered on November 20. You can return it until January 31, 2027.",
            &[(date(2026, 11, 20), Day::Delivered), (date(2027, 1, 31), Day::Return)],
        );
        check(
            "It should leave on 2026-11-23 and arrive between November 27, 2026 and December 1, 2026.",
            &[
                (date(2026, 11, 23), Day::Leaves),
                (date(2026, 11, 27), Day::Expected),
                (date(2026, 12, 1), Day::Expected),
            ],
        );
        check("On November 3 nothing happened.", &[(date(2026, 11, 3), Day::Some)]);
        assert!(dates("Monday, November 24, 2026", 2026)[0].false_weekday);
        assert!(!dates("Tuesday, November 24, 2026", 2026)[0].false_weekday);
    }

    #[test]
    fn amounts_have_their_currency_and_their_sentence() {
        let cents = |minor, currency: &str| Cents { minor, currency: currency.into() };
        let text = "The total is $1,288.65. We refunded $14.00 CAD. It costs €0.07, or 7.50 USD.";
        assert_eq!(
            money(text),
            [
                (cents(128_865, "USD"), Sum::Some),
                (cents(1400, "CAD"), Sum::Refund),
                (cents(7, "EUR"), Sum::Some),
                (cents(750, "USD"), Sum::Some),
            ]
        );
    }

    #[test]
    fn codes_and_addresses_are_told_apart() {
        let text = "Parcel #FV10234-F1: 1ZFV66629785248432 (https://www.ups.com/track?tracknum=1ZFV66629785248432). 2 × Brekke Beanie.";
        assert_eq!(orders(text), ["#FV10234"]);
        assert_eq!(codes(text), ["1ZFV66629785248432"]);
        assert_eq!(urls(text), ["https://www.ups.com/track?tracknum=1ZFV66629785248432"]);
        assert_eq!(pieces(text).iter().map(|(n, at)| (*n, &text[*at..at + 6])).collect::<Vec<_>>(), [(2, "Brekke")]);
        assert!(stands_in("Hilo", "to Hilo, HI") && !stands_in("Hilo", "a Hilow"));
        assert_eq!(emails("Write to help@fjellvik.example."), ["help@fjellvik.example"]);
    }
}
