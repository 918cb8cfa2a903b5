//! Typed values in a text: what a sentence claims that can be true or false to the digit.

mod parse;

pub use parse::values;

use serde::Serialize;
use std::fmt;

/// A value with its unit normalized, so that "two weeks" and "14 days" are equal and "$6.95" and "6.95 USD" are.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Minor units (cents). `currency` is absent where only "dollars" or "$" was written.
    Money {
        minor: i64,
        currency: Option<Currency>,
    },
    /// Hundredths of a percent.
    Percent(i64),
    /// Minutes, hours, days and weeks, in minutes; `from` equals `to` where no range was given.
    Duration {
        from: i64,
        to: i64,
    },
    BusinessDays {
        from: i64,
        to: i64,
    },
    /// Months and years, in months: not a fixed number of days.
    Months {
        from: i64,
        to: i64,
    },
    Date {
        year: Option<i16>,
        month: i8,
        day: i8,
    },
    /// Minutes after midnight.
    TimeOfDay(i64),
    /// A number with what it counts or measures (lower case, singular), thousandths.
    Number {
        thousandths: i64,
        unit: Option<String>,
    },
    /// Letters and digits that name one thing: a discount code, an SKU.
    Code(String),
    Link(String),
    Email(String),
    /// Digits only.
    Phone(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Currency {
    Usd,
    Cad,
    Eur,
    Gbp,
}

/// A value and where it stands in its text.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub value: Value,
    pub span: (usize, usize),
}

impl Value {
    /// Whether a statement with this value is covered by evidence that holds `other`.
    pub fn stands_in(&self, other: &Value) -> bool {
        match (self, other) {
            (Self::Money { minor: a, currency: c }, Self::Money { minor: b, currency: d }) => {
                a == b && (c == d || c.is_none() || d.is_none())
            }
            (Self::Date { year: a, month: m, day: d }, Self::Date { year: b, month: n, day: e }) => {
                (m, d) == (n, e) && (a == b || a.is_none())
            }
            // A bare number may repeat a number whose unit the sentence has named elsewhere.
            (Self::Number { thousandths: a, unit: u }, Self::Number { thousandths: b, unit: v }) => {
                a == b && (u == v || u.is_none())
            }
            (Self::Number { thousandths, unit: None }, Self::Money { minor, .. }) => *thousandths == minor * 10,
            (a, b) => a == b,
        }
    }

    /// Two values of one kind can contradict each other; a link and a price cannot.
    pub fn same_kind(&self, other: &Value) -> bool {
        match (self, other) {
            (Self::Number { unit: a, .. }, Self::Number { unit: b, .. }) => a == b,
            (a, b) if a.is_span() && b.is_span() => true,
            (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
        }
    }

    fn is_span(&self) -> bool {
        matches!(self, Self::Duration { .. } | Self::BusinessDays { .. } | Self::Months { .. })
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let range = |f: &mut fmt::Formatter<'_>, from: &i64, to: &i64, unit: &str| {
            if from == to { write!(f, "{from} {unit}") } else { write!(f, "{from} to {to} {unit}") }
        };
        match self {
            Self::Money { minor, currency } => {
                let code = match currency {
                    Some(Currency::Usd) => " USD",
                    Some(Currency::Cad) => " CAD",
                    Some(Currency::Eur) => " EUR",
                    Some(Currency::Gbp) => " GBP",
                    None => "",
                };
                write!(f, "{}.{:02}{code}", minor / 100, minor % 100)
            }
            Self::Percent(hundredths) => write!(f, "{}%", *hundredths as f64 / 100.0),
            Self::Duration { from, to } if from % 1440 == 0 && to % 1440 == 0 => {
                range(f, &(from / 1440), &(to / 1440), "days")
            }
            Self::Duration { from, to } if from % 60 == 0 && to % 60 == 0 => {
                range(f, &(from / 60), &(to / 60), "hours")
            }
            Self::Duration { from, to } => range(f, from, to, "minutes"),
            Self::BusinessDays { from, to } => range(f, from, to, "business days"),
            Self::Months { from, to } => range(f, from, to, "months"),
            Self::Date { year: Some(y), month, day } => write!(f, "{y}-{month:02}-{day:02}"),
            Self::Date { year: None, month, day } => write!(f, "{month:02}-{day:02}"),
            Self::TimeOfDay(minutes) => write!(f, "{:02}:{:02}", minutes / 60, minutes % 60),
            Self::Number { thousandths, unit } => {
                write!(f, "{}", *thousandths as f64 / 1000.0)?;
                unit.iter().try_for_each(|unit| write!(f, " {unit}"))
            }
            Self::Code(text) | Self::Link(text) | Self::Email(text) | Self::Phone(text) => f.write_str(text),
        }
    }
}
