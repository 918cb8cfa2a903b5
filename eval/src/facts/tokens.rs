//! A text as what it says: words, numbers with units, dates.

use regex::Regex;
use std::sync::LazyLock;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// In lower case; words for lengths of time in the singular.
    Word(String),
    Number {
        value: String,
        unit: Option<Unit>,
    },
    Date {
        month: u8,
        day: u8,
        year: Option<u16>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Percent,
    /// Lower-case ISO 4217.
    Money(&'static str),
}

impl Token {
    /// Whether `have`, found in a text, says what `self` asks for.
    pub(super) fn is_met_by(&self, have: &Token) -> bool {
        match (self, have) {
            (Self::Word(want), Self::Word(have)) => {
                want == have || (want.chars().count() >= 4 && have.starts_with(want.as_str()))
            }
            (Self::Number { value: want, unit: wanted }, Self::Number { value: have, unit: had }) => {
                want == have && unit_met(*wanted, *had, have)
            }
            (Self::Date { month, day, year }, Self::Date { month: m, day: d, year: y }) => {
                month == m && day == d && (year.is_none() || y.is_none() || year == y)
            }
            _ => false,
        }
    }
}

/// A fact without a unit is met by any. One with a unit needs it in the text; only what looks like an amount (`6.95`)
/// may go without its currency.
fn unit_met(want: Option<Unit>, have: Option<Unit>, value: &str) -> bool {
    match (want, have) {
        (None, _) => true,
        (Some(want), Some(have)) => want == have,
        (Some(want), None) => want != Unit::Percent && value.contains('.'),
    }
}

/// A token before neighbours are joined.
#[derive(Clone, Debug, PartialEq)]
enum Lexeme {
    Word(String),
    Number(String),
    Sign(Unit),
    IsoDate(u16, u8, u8),
}

static LEXEME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?P<iso>\b(\d{4})-(\d{2})-(\d{2})\b)",
        r"|(?P<sign>(?i:US\$|CA\$|C\$)|[$€£%])",
        r"|(?P<clock>\b\d{1,2}:\d{2}\b)",
        r"|(?P<minus>[-−])?(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?\b|\d+(?:\.\d+)?)(?i:(?:st|nd|rd|th)\b)?",
        r"|(?P<half>(?i:[ap])\.m\b\.?)",
        r"|(?P<word>\p{L}[\p{L}\p{N}]*(?:'\p{L}+)*)",
    ))
    .expect("the pattern is a constant")
});

pub(super) fn tokens(text: &str) -> Vec<Token> {
    join(&lexemes(&text.replace(['’', 'ʼ'], "'")))
}

fn lexemes(text: &str) -> Vec<Lexeme> {
    LEXEME
        .captures_iter(text)
        .map(|found| {
            if found.name("iso").is_some() {
                let part = |at: usize| found.get(at).and_then(|p| p.as_str().parse::<u16>().ok()).unwrap_or(0);
                Lexeme::IsoDate(part(2), part(3) as u8, part(4) as u8)
            } else if let Some(sign) = found.name("sign") {
                Lexeme::Sign(match sign.as_str().to_lowercase().as_str() {
                    "%" => Unit::Percent,
                    "€" => Unit::Money("eur"),
                    "£" => Unit::Money("gbp"),
                    "c$" | "ca$" => Unit::Money("cad"),
                    _ => Unit::Money("usd"),
                })
            } else if let Some(clock) = found.name("clock") {
                Lexeme::Number(clock.as_str().trim_start_matches('0').trim_end_matches(":00").to_owned())
            } else if let Some(number) = found.name("number") {
                let plain = plain_number(number.as_str());
                // Between two numbers it is a dash, before a lone one a sign.
                let lone =
                    text[..found.get_match().start()].chars().next_back().is_none_or(|c| c.is_whitespace() || c == '(');
                Lexeme::Number(if found.name("minus").is_some() && lone { format!("-{plain}") } else { plain })
            } else if let Some(half) = found.name("half") {
                Lexeme::Word(if half.as_str().starts_with(['a', 'A']) { "am" } else { "pm" }.to_owned())
            } else {
                word(&found[0].to_lowercase())
            }
        })
        .collect()
}

/// `1,288.650` is `1288.65`, `007` is `7`.
fn plain_number(digits: &str) -> String {
    let digits = digits.replace(',', "");
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

fn word(word: &str) -> Lexeme {
    // "one" is left a word: it is a pronoun more often than a number.
    const SMALL: [&str; 19] = [
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
    const TENS: [&str; 7] = ["thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    if let Some(at) = SMALL.iter().position(|w| *w == word) {
        return Lexeme::Number((at + 2).to_string());
    }
    if let Some(at) = TENS.iter().position(|w| *w == word) {
        return Lexeme::Number(((at + 3) * 10).to_string());
    }
    let singular = match word {
        "seconds" | "minutes" | "hours" | "days" | "weeks" | "months" | "years" => &word[..word.len() - 1],
        "can't" => "cannot",
        other => other,
    };
    Lexeme::Word(singular.to_owned())
}

fn unit(word: &str) -> Option<Unit> {
    Some(match word {
        "percent" => Unit::Percent,
        "usd" | "dollar" | "dollars" => Unit::Money("usd"),
        "cad" => Unit::Money("cad"),
        "eur" | "euro" | "euros" => Unit::Money("eur"),
        "gbp" | "pounds" => Unit::Money("gbp"),
        "aud" => Unit::Money("aud"),
        "nok" => Unit::Money("nok"),
        "sek" => Unit::Money("sek"),
        "dkk" => Unit::Money("dkk"),
        _ => return None,
    })
}

fn month(word: &str) -> Option<u8> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let at = MONTHS.iter().position(|name| {
        *name == word || (word.len() == 3 && name.starts_with(word)) || (word == "sept" && *name == "september")
    })?;
    Some(at as u8 + 1)
}

fn day(lexeme: &Lexeme) -> Option<u8> {
    match lexeme {
        Lexeme::Number(digits) => digits.parse().ok().filter(|day| (1..=31).contains(day)),
        _ => None,
    }
}

fn year(lexeme: Option<&Lexeme>) -> Option<u16> {
    match lexeme? {
        Lexeme::Number(digits) => digits.parse().ok().filter(|year| (1900..2100).contains(year)),
        _ => None,
    }
}

/// Numbers with their signs and codes, months with their days.
fn join(lexemes: &[Lexeme]) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(lexeme) = lexemes.get(at) {
        let next = lexemes.get(at + 1);
        let (token, used) = match (lexeme, next) {
            (Lexeme::IsoDate(year, month, day), _) => (Token::Date { month: *month, day: *day, year: Some(*year) }, 1),
            (Lexeme::Word(word), Some(number)) if month(word).is_some() && day(number).is_some() => {
                dated(word, number, lexemes.get(at + 2))
            }
            (Lexeme::Number(_), Some(Lexeme::Word(word))) if month(word).is_some() && day(lexeme).is_some() => {
                dated(word, lexeme, lexemes.get(at + 2))
            }
            (Lexeme::Sign(sign), Some(Lexeme::Number(value))) if *sign != Unit::Percent => {
                // "$25 CAD": the code says which dollar.
                let code = code(lexemes.get(at + 2));
                (Token::Number { value: value.clone(), unit: code.or(Some(*sign)) }, 2 + usize::from(code.is_some()))
            }
            (Lexeme::Word(word), Some(Lexeme::Number(value))) if is_code(word) => {
                (Token::Number { value: value.clone(), unit: unit(word) }, 2)
            }
            (Lexeme::Number(value), Some(Lexeme::Sign(sign)))
                if *sign == Unit::Percent || *sign == Unit::Money("eur") =>
            {
                let spelled = matches!(lexemes.get(at + 2), Some(Lexeme::Word(word)) if word == "percent");
                (Token::Number { value: value.clone(), unit: Some(*sign) }, 2 + usize::from(spelled))
            }
            (Lexeme::Number(value), Some(Lexeme::Word(word))) if unit(word).is_some() => {
                (Token::Number { value: value.clone(), unit: unit(word) }, 2)
            }
            (Lexeme::Number(value), _) => (Token::Number { value: value.clone(), unit: None }, 1),
            // "5 to 7 days" is "5-7 days".
            (Lexeme::Word(word), Some(Lexeme::Number(_) | Lexeme::Sign(_)))
                if word == "to" && tokens.last().is_some_and(ends_an_amount) =>
            {
                at += 1;
                continue;
            }
            (Lexeme::Word(word), _) => (Token::Word(word.clone()), 1),
            (Lexeme::Sign(_), _) => {
                at += 1;
                continue;
            }
        };
        tokens.push(token);
        at += used;
    }
    tokens
}

/// A number, or a time of day ("9 am to 1 pm").
fn ends_an_amount(token: &Token) -> bool {
    match token {
        Token::Number { .. } => true,
        Token::Word(word) => word == "am" || word == "pm",
        Token::Date { .. } => false,
    }
}

/// A month and a day, in either order, and the year if it comes next.
fn dated(name: &str, number: &Lexeme, after: Option<&Lexeme>) -> (Token, usize) {
    let year = year(after);
    let token = Token::Date { month: month(name).unwrap_or(0), day: day(number).unwrap_or(0), year };
    (token, 2 + usize::from(year.is_some()))
}

/// Three letters as a bank writes them, not the word ("dollars").
fn is_code(word: &str) -> bool {
    word.len() == 3 && matches!(unit(word), Some(Unit::Money(_)))
}

fn code(lexeme: Option<&Lexeme>) -> Option<Unit> {
    match lexeme {
        Some(Lexeme::Word(word)) => unit(word).filter(|unit| *unit != Unit::Percent),
        _ => None,
    }
}
