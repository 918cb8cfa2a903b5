//! Text in, typed values out. Each pattern takes its span away from the ones after it, most specific first.

use super::{Currency, Found, Value};
use regex::{Captures, Regex};
use std::sync::LazyLock;

const NUM: &str = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?";
const WORD_NUM: &str = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|\
    sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|forty-five|fifty|sixty|seventy|eighty|ninety|hundred|\
    a|an|half an|half a";
const MONTH: &str = "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|\
    oct(?:ober)?|nov(?:ember)?|dec(?:ember)?";

type Make = fn(&Captures) -> Option<Value>;

static PATTERNS: LazyLock<Vec<(Regex, Make)>> = LazyLock::new(|| {
    let re = |pattern: String| Regex::new(&format!("(?i){pattern}")).expect("a constant pattern");
    let n = format!("(?:{NUM})");
    let dash = r"\s*(?:-|–|—|to|or|and)\s*";
    vec![
        (re(r"https?://[^\s)\]>]+|\bwww\.[^\s)\]>]+".into()), link as Make),
        (re(r"[a-z0-9._%+-]+@[a-z0-9.-]+\.[a-z]{2,}".into()), |c| Some(Value::Email(c[0].to_lowercase()))),
        (re(r"\+?\d{0,2}[\s.-]?\(?\b\d{3}\)?[\s.-]\d{3}[\s.-]\d{4}\b|\b\d{3}-\d{4}\b".into()), phone),
        (
            re(format!(
                r"(?P<pre>usd|cad|eur|gbp|us\$|ca\$|c\$|\$|€|£)\s?(?P<n>{n})(?:\s?(?P<post>usd|cad|eur|gbp)\b)?"
            )),
            money,
        ),
        (re(format!(r"\b(?P<n>{n})\s?(?P<post>usd|cad|eur|gbp|dollars?|euros?|pounds?|€|£)(?:\b|$|\s)")), money),
        (re(r"\b(?P<n>\d+)\s?(?P<post>cents?)\b".to_owned()), money),
        (re(format!(r"\b(?P<n>{n})\s?(?:%|percent\b|per cent\b)")), |c| Some(Value::Percent(scaled(&c["n"], 100)?))),
        (re(r"\b(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})\b".into()), |c| {
            date(Some(&c["y"]), c["m"].parse().ok()?, &c["d"])
        }),
        (
            re(format!(r"\b(?P<month>{MONTH})\.?\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(?P<y>\d{{4}}))?")),
            named_date,
        ),
        (
            re(format!(
                r"\b(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<month>{MONTH})\b\.?(?:,?\s+(?P<y>\d{{4}}))?"
            )),
            named_date,
        ),
        (re(r"\b(?P<h>\d{1,2})(?::(?P<min>\d{2}))?\s?(?P<half>a\.?m\b\.?|p\.?m\b\.?)".into()), time),
        (re(r"\b(?P<h>\d{1,2}):(?P<min>\d{2})\b".into()), time),
        (
            re(format!(
                r"\b(?:(?P<a>{n}|{WORD_NUM})(?:{dash}(?P<b>{n}|{WORD_NUM}))?)[\s-]*(?:full\s+|calendar\s+)?(?P<unit>business[\s-]days?|working[\s-]days?|weekdays|minutes?|mins?|hours?|hrs?|days?|weeks?|months?|years?)\b"
            )),
            duration,
        ),
        (re(r"\b[a-z]+-?\d[a-z0-9-]*\b|\b\d+[a-z][a-z0-9]*-?\d[a-z0-9-]*\b".into()), code),
        (
            re(format!(
                r"(?P<n>{n})\s?(?P<unit>°\s?[cf]|degrees|cm|mm|km|m|kg|g|lbs?|oz|ml|l|liters?|litres?|gsm|d|inch(?:es)?|in|ft|gb|mb|mah|w|v|lumens?|fill power|items?|points?|people|persons?|seasons?|stars?|times?)?\b"
            )),
            number,
        ),
    ]
});

/// All values of a text, in the order of their places.
pub fn values(text: &str) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    for (pattern, make) in PATTERNS.iter() {
        for captures in pattern.captures_iter(text) {
            let whole = captures.get(0).expect("group 0 is the match");
            let span = (whole.start(), whole.end());
            let taken = found.iter().any(|f| f.span.0 < span.1 && span.0 < f.span.1);
            if let (false, Some(value)) = (taken, make(&captures)) {
                found.push(Found { value, span });
            }
        }
    }
    found.sort_by_key(|f| f.span);
    found
}

fn link(c: &Captures) -> Option<Value> {
    Some(Value::Link(c[0].trim_end_matches(['.', ',', ';', ':', '!', '?']).to_lowercase()))
}

fn phone(c: &Captures) -> Option<Value> {
    let digits: String = c[0].chars().filter(char::is_ascii_digit).collect();
    Some(Value::Phone(digits.strip_prefix('1').filter(|d| d.len() == 10).unwrap_or(&digits).to_owned()))
}

/// `text` as a number times `by`, exactly.
fn scaled(text: &str, by: i64) -> Option<i64> {
    let text = text.replace(',', "");
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let mut value = whole.parse::<i64>().ok()?.checked_mul(by)?;
    let mut unit = by;
    for digit in part.chars() {
        if unit % 10 != 0 {
            break;
        }
        unit /= 10;
        value += i64::from(digit.to_digit(10)?) * unit;
    }
    Some(value)
}

fn money(c: &Captures) -> Option<Value> {
    let name = |group: &str| c.name(group).map(|m| m.as_str().to_lowercase());
    let minor =
        if name("post").is_some_and(|p| p.starts_with("cent")) { scaled(&c["n"], 1)? } else { scaled(&c["n"], 100)? };
    let currency = [name("post"), name("pre")].into_iter().flatten().find_map(|mark| match mark.as_str() {
        "usd" | "us$" => Some(Currency::Usd),
        "cad" | "ca$" | "c$" => Some(Currency::Cad),
        "eur" | "euro" | "euros" | "€" => Some(Currency::Eur),
        "gbp" | "pound" | "pounds" | "£" => Some(Currency::Gbp),
        _ => None,
    });
    Some(Value::Money { minor, currency })
}

fn date(year: Option<&str>, month: i8, day: &str) -> Option<Value> {
    let day: i8 = day.parse().ok()?;
    let year = year.map(str::parse).transpose().ok()?;
    jiff::civil::Date::new(year.unwrap_or(2024), month, day).ok()?;
    Some(Value::Date { year, month, day })
}

fn named_date(c: &Captures) -> Option<Value> {
    const NAMES: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let name = c["month"].to_lowercase();
    let month = NAMES.iter().position(|m| name.starts_with(m))? + 1;
    date(c.name("y").map(|y| y.as_str()), i8::try_from(month).ok()?, &c["d"])
}

fn time(c: &Captures) -> Option<Value> {
    let mut hour: i64 = c["h"].parse().ok()?;
    let minute: i64 = c.name("min").map_or(Ok(0), |m| m.as_str().parse()).ok()?;
    match c.name("half").map(|h| h.as_str().to_lowercase()) {
        Some(half) if half.starts_with('p') && hour < 12 => hour += 12,
        Some(half) if half.starts_with('a') && hour == 12 => hour = 0,
        _ => {}
    }
    (hour < 24 && minute < 60).then_some(Value::TimeOfDay(hour * 60 + minute))
}

/// Halves, so that "half an hour" is exact.
fn halves(text: &str) -> Option<i64> {
    const WORDS: [&str; 20] = [
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
        "twenty",
    ];
    let text = text.to_lowercase();
    if let Some(at) = WORDS.iter().position(|w| *w == text) {
        return i64::try_from(at + 1).ok().map(|n| n * 2);
    }
    match text.as_str() {
        "a" | "an" => Some(2),
        "half a" | "half an" => Some(1),
        "thirty" => Some(60),
        "forty" => Some(80),
        "forty-five" => Some(90),
        "fifty" => Some(100),
        "sixty" => Some(120),
        "seventy" => Some(140),
        "eighty" => Some(160),
        "ninety" => Some(180),
        "hundred" => Some(200),
        number => scaled(number, 10).map(|tenths| tenths / 5),
    }
}

fn duration(c: &Captures) -> Option<Value> {
    let a = halves(&c["a"])?;
    let b = c.name("b").map_or(Some(a), |b| halves(b.as_str()))?;
    let unit = c["unit"].to_lowercase();
    let span = |scale: i64| (a * scale / 2, b * scale / 2);
    Some(if unit.starts_with("business") || unit.starts_with("working") || unit == "weekdays" {
        let (from, to) = span(1);
        Value::BusinessDays { from, to }
    } else if unit.starts_with("month") || unit.starts_with("year") {
        let (from, to) = span(if unit.starts_with("year") { 12 } else { 1 });
        Value::Months { from, to }
    } else {
        let (from, to) = span(match unit.as_bytes()[0] {
            b'm' => 1,
            b'h' => 60,
            b'd' => 24 * 60,
            _ => 7 * 24 * 60,
        });
        Value::Duration { from, to }
    })
}

/// Only what looks like a name of one thing: some capitals or a mixture that no word has.
fn code(c: &Captures) -> Option<Value> {
    let text = &c[0];
    let letters = text.chars().filter(|ch| ch.is_alphabetic()).count();
    let upper = text.chars().filter(|ch| ch.is_uppercase()).count();
    let digits = text.chars().filter(char::is_ascii_digit).count();
    (digits > 0 && letters > 0 && upper == letters && text.len() >= 3).then(|| Value::Code(text.to_uppercase()))
}

fn number(c: &Captures) -> Option<Value> {
    // "9 in your boots" is no length; "9in" is.
    let spaced = |u: &regex::Match| u.as_str().eq_ignore_ascii_case("in") && c[0].contains(' ');
    let unit = c.name("unit").filter(|u| !spaced(u)).map(|u| {
        let unit = u.as_str().to_lowercase().replace(' ', "");
        match unit.as_str() {
            "liter" | "liters" | "litre" | "litres" => "l".to_owned(),
            "inches" | "in" => "inch".to_owned(),
            "lbs" => "lb".to_owned(),
            "people" | "persons" => "person".to_owned(),
            "items" | "points" | "seasons" | "stars" | "times" | "lumens" => unit[..unit.len() - 1].to_owned(),
            _ => unit,
        }
    });
    Some(Value::Number { thousandths: scaled(&c["n"], 1000)?, unit })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_with_their_units() {
        let check = |text: &str, expect: &[&str]| {
            let got: Vec<String> = values(text).iter().map(|f| f.value.to_string()).collect();
            assert_eq!(got, expect, "{text}");
        };
        check("within 30 days of delivery", &["30 days"]);
        check("a 30-day window", &["30 days"]);
        check("two weeks or 14 days", &["14 days", "14 days"]);
        check("3–5 business days", &["3 to 5 business days"]);
        check("takes 3 to 5 working days", &["3 to 5 business days"]);
        check("$6.95 or 6.95 USD", &["6.95", "6.95 USD"]);
        check("orders over $1,288.65 CAD", &["1288.65 CAD"]);
        check("C$12 and CA$ 12.50", &["12.00 CAD", "12.50 CAD"]);
        check("save 20% until June 30, 2026", &["20%", "2026-06-30"]);
        check("by 18 December at 2 p.m.", &["12-18", "14:00"]);
        check("code SUMMER20 on order #FV10234", &["SUMMER20", "FV10234"]);
        check("mail help@example.com or call 555-0142", &["help@example.com", "5550142"]);
        check("see https://fjellvik.example/policies/returns.", &["https://fjellvik.example/policies/returns"]);
        check("wash at 30 °C, weighs 1.2 kg", &["30 °c", "1.2 kg"]);
        check("a one-year warranty, then 24 months", &["12 months", "24 months"]);
        check("half an hour", &["30 minutes"]);
        check("chest 92 cm, size 8", &["92 cm", "8"]);
        check("no values here, one of them", &[]);
    }

    #[test]
    fn a_claim_stands_only_in_the_same_value() {
        let one = |text: &str| values(text)[0].value.clone();
        let check = |claim: &str, evidence: &str, expect: bool| {
            assert_eq!(one(claim).stands_in(&one(evidence)), expect, "{claim} in {evidence}");
        };
        check("$6.95", "6.95 USD", true);
        check("6.95 CAD", "6.95 USD", false);
        check("two weeks", "14 days", true);
        check("48 hours", "2 days", true);
        check("30 days", "30 business days", false);
        check("5 business days", "3-5 business days", false);
        check("June 30", "June 30, 2026", true);
        check("June 30, 2027", "June 30, 2026", false);
        check("30 cm", "30 kg", false);
    }

    proptest::proptest! {
        #[test]
        fn spans_lie_on_character_boundaries_and_do_not_overlap(text in "\\PC{0,80}") {
            let found = values(&text);
            for pair in found.windows(2) {
                proptest::prop_assert!(pair[0].span.1 <= pair[1].span.0);
            }
            for f in &found {
                proptest::prop_assert!(text.get(f.span.0..f.span.1).is_some());
            }
        }
    }
}
