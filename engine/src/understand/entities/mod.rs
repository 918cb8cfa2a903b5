//! What a message names: orders, e-mail addresses, products, counts, days, amounts. By rules alone, without a model and
//! without a look-up; what is not sure is left out.

mod calendar;
mod dates;
#[cfg(test)]
mod dates_tests;
mod expression;
mod products;
mod quantities;
mod tokens;

pub use dates::{DateMention, Relation, When, dates};
pub use products::{ProductMention, Titles, unmistakable};
pub use quantities::{Counted, Quantity};

use crate::identity::{Email, OrderNumber};
use crate::live::question::Named;
use crate::turn::Turn;
use crate::value::{Value, values};
use quantities::quantities;
use regex::Regex;
use serde::Serialize;

/// Everything that one message names. Places are bytes of the text that was answered: of the message, or of the request
/// that it goes on with, a line break, and the message. Holds a customer's data: for a trace, never for a log.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Entities {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub orders: Vec<OrderNumber>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<Email>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<ProductMention>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quantities: Vec<Quantity>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dates: Vec<DateMention>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub amounts: Vec<Amount>,
}

/// A sum of money, as the check reads it too.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Amount {
    pub value: Value,
    /// Bytes of the message.
    pub span: (usize, usize),
}

/// What a message is read by.
pub struct Reading<'a> {
    pub when: &'a When,
    /// How the store's order numbers look.
    pub order_number: &'a Regex,
    /// The store's products, where they are known.
    pub titles: Option<&'a Titles>,
    /// Whether a stem is one that customers of all shops use.
    pub common: &'a dyn Fn(&str) -> bool,
}

/// Every count of things: what is a day, a sum or a measure is none.
pub fn counts(text: &str, when: &When) -> Vec<Quantity> {
    let mut taken: Vec<(usize, usize)> = dates(text, when).iter().map(|d| d.span).collect();
    // A bare number may be a count; everything else that has a value is none.
    let measured = |value: &Value| !matches!(value, Value::Number { .. } | Value::Code(_));
    taken.extend(values(text).iter().filter(|f| measured(&f.value)).map(|f| f.span));
    quantities(text, &taken)
}

impl Entities {
    pub fn read(text: &str, by: &Reading<'_>) -> Self {
        let named = Named::read(&Turn::single("", text), by.order_number);
        let money = values(text).into_iter().filter(|f| matches!(f.value, Value::Money { .. }));
        Self {
            orders: named.numbers,
            emails: named.emails,
            products: by.titles.map(|titles| titles.find(text, by.common)).unwrap_or_default(),
            quantities: counts(text, by.when),
            dates: dates(text, by.when),
            amounts: money.map(|f| Amount { value: f.value, span: f.span }).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_as_a_whole() {
        let when = When { now: "2026-11-21T15:00:00Z".parse().unwrap(), ..When::default() };
        let titles = Titles::new([(None, "Trail Jacket".to_owned())]);
        let by = Reading {
            when: &when,
            order_number: &Regex::new(r"#?FV\d{5}").unwrap(),
            titles: Some(&titles),
            common: &|_| false,
        };
        let text = "I paid $17.50 for 2 trail jakets in FV10234, will they come before Friday? beth@mail.example";
        let found = Entities::read(text, &by);
        assert_eq!((found.orders.len(), found.emails.len()), (1, 1));
        assert_eq!(found.products[0].title, "Trail Jacket");
        assert_eq!(found.quantities.iter().map(|q| q.count).collect::<Vec<_>>(), [2]);
        assert_eq!((found.dates.len(), found.dates[0].relation), (1, Relation::Before));
        assert_eq!(found.amounts.len(), 1);
        let json = serde_json::to_value(&found).unwrap();
        assert_eq!(json["dates"][0]["from"], "2026-11-27");
        assert_eq!(Entities::read("Hello there", &by), Entities::default());
    }
}
