//! The rules as the store's TOML holds them, and which of them an item falls under.

use super::Missing;
use crate::live::{LineItem, Money};
use crate::store::written::{checked, is_country, like, optional_day};
use jiff::civil::Date;
use serde::{Deserialize, Deserializer};
use std::collections::{BTreeMap, HashSet};

/// `[returns]`. The first rule of the list that matches and has a window decides; `never` rules are asked before all.
#[derive(Clone, Debug, PartialEq)]
pub struct ReturnRules {
    pub counts_from: CountsFrom,
    /// What holds where no rule of the list does. It matches every item.
    pub default: Rule,
    pub rules: Vec<Rule>,
}

/// Where the days of a window are counted from; the day of the delivery is day 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CountsFrom {
    /// The last parcel of the order.
    #[default]
    LastDelivery,
    /// The last parcel with a piece of this item.
    ItemDelivery,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// What a verdict names.
    pub id: String,
    /// One of these must hold. Empty in the default rule only.
    pub when: Vec<When>,
    pub effect: Effect,
    /// Absent, like the next three: as in the default rule, for a rule with a window; else none.
    pub conditions: Option<Vec<String>>,
    /// By country (`US`).
    pub fee: Option<BTreeMap<String, Money>>,
    pub fee_waived: Option<Vec<String>>,
    pub steps: Option<Vec<String>>,
    /// The document that states the rule (`pages/returns.md`): compared with it at sync.
    pub page: Option<String>,
    pub url: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Days from delivery.
    Days(u32),
    /// A fixed last day, whenever it was delivered.
    Until(Date),
    /// Why, as a clause: "it is a final sale item".
    Never(String),
    /// The one thing that keeps it returnable, as a clause: "its hygiene seal is unopened". No window of its own.
    NeverUnless(String),
}

/// All keys that are there must hold; of a key's values, one. Texts are compared without regard to case.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct When {
    pub tags: Vec<String>,
    pub product_types: Vec<String>,
    /// Handles.
    pub collections: Vec<String>,
    pub gift_card: Option<bool>,
    /// These three may hold `*` for any text: `FV-BALEM-*-WITHE`.
    pub skus: Vec<String>,
    pub titles: Vec<String>,
    /// Titles of the variant: `* / With engraving`.
    pub variants: Vec<String>,
    /// Names of line attributes that are filled in: `Engraving`.
    pub attributes: Vec<String>,
    /// Where the order goes: `US`.
    pub countries: Vec<String>,
    /// First and last day of ordering.
    #[serde(deserialize_with = "optional_day")]
    pub ordered_from: Option<Date>,
    #[serde(deserialize_with = "optional_day")]
    pub ordered_to: Option<Date>,
}

/// What the conditions look at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub item: &'a LineItem,
    pub country: Option<&'a str>,
    pub ordered: Date,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    Yes,
    No,
    Unknown(Missing),
}

impl From<bool> for Holds {
    fn from(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}

impl Rule {
    /// Whether the rule is about this item. The default rule always is.
    pub(super) fn matches(&self, subject: &Subject<'_>) -> Holds {
        if self.when.is_empty() {
            return Holds::Yes;
        }
        let mut found = Holds::No;
        for when in &self.when {
            match when.holds(subject) {
                Holds::Yes => return Holds::Yes,
                Holds::Unknown(missing) => found = Holds::Unknown(missing),
                Holds::No => {}
            }
        }
        found
    }
}

impl When {
    /// A `No` is a `No`, whatever else is not known.
    fn holds(&self, subject: &Subject<'_>) -> Holds {
        let Subject { item, country, ordered } = *subject;
        let eq = |a: &String, b: &str| a.eq_ignore_ascii_case(b);
        let any = |wanted: &[String], have: &dyn Fn(&String) -> bool| wanted.is_empty() || wanted.iter().any(have);
        let known = any(&self.skus, &|w| item.sku.as_ref().is_some_and(|sku| like(w, sku)))
            && any(&self.titles, &|w| like(w, &item.title))
            && any(&self.variants, &|w| item.variant_title.as_ref().is_some_and(|title| like(w, title)))
            && any(&self.attributes, &|w| item.attributes.iter().any(|(name, value)| eq(w, name) && filled(value)))
            && self.gift_card.is_none_or(|wanted| wanted == item.gift_card)
            && self.ordered_from.is_none_or(|from| from <= ordered)
            && self.ordered_to.is_none_or(|to| ordered <= to);
        // A line outlives its product; what the product was tagged with does not.
        let of_product = if self.tags.is_empty() && self.product_types.is_empty() && self.collections.is_empty() {
            Holds::Yes
        } else if item.product.is_none() {
            Holds::Unknown(Missing::Product)
        } else {
            let matches = any(&self.tags, &|w| item.product_tags.iter().any(|tag| eq(w, tag)))
                && any(&self.product_types, &|w| item.product_type.as_ref().is_some_and(|have| eq(w, have)))
                && any(&self.collections, &|w| item.collections.iter().any(|have| eq(w, have)));
            matches.into()
        };
        let of_country = match country {
            _ if self.countries.is_empty() => Holds::Yes,
            None => Holds::Unknown(Missing::Country),
            Some(country) => any(&self.countries, &|w| eq(w, country)).into(),
        };
        match (Holds::from(known), of_product, of_country) {
            (Holds::No, _, _) | (_, Holds::No, _) | (_, _, Holds::No) => Holds::No,
            (Holds::Unknown(missing), _, _) | (_, Holds::Unknown(missing), _) | (_, _, Holds::Unknown(missing)) => {
                Holds::Unknown(missing)
            }
            (Holds::Yes, Holds::Yes, Holds::Yes) => Holds::Yes,
        }
    }
}

/// An attribute that a form left at "no" says that there is none.
fn filled(value: &str) -> bool {
    !matches!(value.trim().to_lowercase().as_str(), "" | "no" | "none" | "false" | "0")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawReturns {
    #[serde(default)]
    counts_from: CountsFrom,
    default: Rule,
    #[serde(default)]
    rules: Vec<Rule>,
}

impl<'de> Deserialize<'de> for ReturnRules {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        checked::<D, RawReturns, Self>(d)
    }
}

impl TryFrom<RawReturns> for ReturnRules {
    type Error = String;

    fn try_from(raw: RawReturns) -> Result<Self, String> {
        let RawReturns { counts_from, default, rules } = raw;
        if !default.when.is_empty() {
            return Err("the default rule holds for every item; move its `when` to a rule of the list".into());
        }
        if matches!(default.effect, Effect::NeverUnless(_)) {
            return Err("the default rule needs `days`, `until` or `never`".into());
        }
        let mut seen = HashSet::from([default.id.as_str()]);
        for rule in &rules {
            if rule.when.is_empty() {
                return Err(format!("rule '{}': say with `when` which items it is about", rule.id));
            }
            if !seen.insert(&rule.id) {
                return Err(format!("two rules have the id '{}'; a verdict names its rule by it", rule.id));
            }
        }
        Ok(Self { counts_from, default, rules })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    id: String,
    #[serde(default)]
    when: Vec<When>,
    days: Option<u32>,
    #[serde(default, deserialize_with = "optional_day")]
    until: Option<Date>,
    never: Option<String>,
    never_unless: Option<String>,
    conditions: Option<Vec<String>>,
    fee: Option<BTreeMap<String, String>>,
    fee_waived: Option<Vec<String>>,
    steps: Option<Vec<String>>,
    page: Option<String>,
    url: Option<String>,
}

/// Ten years: more is a slip of the pen.
const MAX_DAYS: u32 = 3650;

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        checked::<D, RawRule, Self>(d)
    }
}

impl TryFrom<RawRule> for Rule {
    type Error = String;

    fn try_from(raw: RawRule) -> Result<Self, String> {
        let id = raw.id;
        let wrong = |problem: &str| format!("rule '{id}': {problem}");
        if id.trim().is_empty() {
            return Err("a rule needs an `id`, which verdicts name".into());
        }
        let effect = match (raw.days, raw.until, raw.never, raw.never_unless) {
            (Some(days), None, None, None) if days <= MAX_DAYS => Effect::Days(days),
            (Some(_), None, None, None) => return Err(wrong("`days` may be at most 3650")),
            (None, Some(until), None, None) => Effect::Until(until),
            (None, None, Some(why), None) => Effect::Never(why),
            (None, None, None, Some(provided)) => Effect::NeverUnless(provided),
            _ => return Err(wrong("say exactly one of `days`, `until`, `never`, `never_unless`")),
        };
        if let Effect::Never(words) | Effect::NeverUnless(words) = &effect
            && words.trim().is_empty()
        {
            return Err(wrong("a clause is missing, such as \"it is a final sale item\""));
        }
        for when in &raw.when {
            if *when == When::default() {
                return Err(wrong("an empty `when` would hold for every item; that is what the default rule is for"));
            }
            if let (Some(from), Some(to)) = (when.ordered_from, when.ordered_to)
                && from > to
            {
                return Err(wrong("`ordered_from` is after `ordered_to`"));
            }
            if let Some(code) = when.countries.iter().find(|code| !is_country(code)) {
                return Err(wrong(&format!("'{code}' is no country code; write two capitals, such as US")));
            }
        }
        let fee = raw.fee.map(|by_country| {
            let read = |(country, amount): (String, String)| {
                if !is_country(&country) {
                    return Err(wrong(&format!("'{country}' is no country code; write two capitals, such as US")));
                }
                let (number, currency) = amount
                    .trim()
                    .split_once(' ')
                    .ok_or_else(|| wrong(&format!("'{amount}' is no fee; write it as \"7.50 USD\"")))?;
                let money = Money::parse(number, currency.trim()).map_err(|e| wrong(&e.to_string()))?;
                if money.minor < 0 { Err(wrong("a fee is not negative")) } else { Ok((country, money)) }
            };
            by_country.into_iter().map(read).collect::<Result<BTreeMap<_, _>, String>>()
        });
        Ok(Self {
            when: raw.when,
            effect,
            conditions: raw.conditions,
            fee: fee.transpose()?,
            fee_waived: raw.fee_waived,
            steps: raw.steps,
            page: raw.page,
            url: raw.url,
            id,
        })
    }
}
