//! The rules that are computed with, and the pages that customers read: where do they disagree?
//!
//! Two questions. Does the page that a rule names state each of its values? And does any page in force promise another
//! number of days for a return than the rules do? Nothing is decided here; a person mends the one or the other.

#[cfg(test)]
mod tests;

use super::{StoreProfile, written::stems_of_clause};
use crate::check::polarity::{denies, is_negative};
use crate::delivery::{CancelRules, DeliveryRules, Method};
use crate::evidence::DocId;
use crate::live::Money;
use crate::place;
use crate::returns::{Effect, ReturnRules, Rule};
use crate::text::{content_stems, sentences};
use crate::value::{Currency, Value, values};
use jiff::civil::{Date, Time};
use regex::Regex;
use serde::Serialize;
use std::collections::{BTreeSet, HashSet};
use std::sync::LazyLock;

/// A page as a sync reads it: plain text, a line for each paragraph, list item or table row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageText {
    pub doc: DocId,
    pub url: Option<String>,
    pub text: String,
    /// First and last day on which it holds; open where absent.
    pub valid_from: Option<Date>,
    pub valid_to: Option<Date>,
}

/// A rule and a page that do not say the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Disagreement {
    /// `returns`, `delivery`, `cancel`.
    pub section: &'static str,
    /// The rule's id, or what else names it.
    pub rule: String,
    /// `days`, `fee.US`.
    pub key: String,
    pub rule_says: String,
    pub page: String,
    pub finding: Finding,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// The page says something else, in this sentence.
    Contradicted { sentence: String },
    /// The page that the rule names does not say so.
    NotStated,
    /// No such page was synced.
    NoSuchPage,
}

/// Every disagreement between the rules of a store and its pages on `today`.
pub fn compare(profile: &StoreProfile, pages: &[PageText], today: Date) -> Vec<Disagreement> {
    let mut stated = Vec::new();
    if let Some(rules) = &profile.returns {
        rules.rules.iter().chain([&rules.default]).for_each(|rule| of_rule(rule, &mut stated));
    }
    if let Some(rules) = &profile.delivery {
        of_delivery(rules, &mut stated);
    }
    if let Some(rules) = &profile.cancel {
        of_cancel(rules, &mut stated);
    }
    let mut found = Vec::new();
    if let Some(rules) = &profile.returns {
        let in_force = |page: &&PageText| {
            page.valid_from.is_none_or(|from| from <= today) && page.valid_to.is_none_or(|to| today <= to)
        };
        found.extend(pages.iter().filter(in_force).flat_map(|page| other_windows(rules, page)));
    }
    // After them: that a page does not say so is of less use than what it says instead.
    found.extend(stated.iter().filter_map(|stated| stated.against(pages)));
    let mut seen = HashSet::new();
    found.retain(|d| seen.insert((d.section, d.rule.clone(), d.key.clone(), d.page.clone())));
    found
}

/// Something that a rule says and its page should.
struct Stated<'a> {
    section: &'static str,
    rule: &'a str,
    key: String,
    says: String,
    claim: Claim,
    page: &'a str,
    url: Option<&'a str>,
}

enum Claim {
    /// Stands in a line that names the country, if one is given and the line names any, and one of the names, if some
    /// are given.
    Value { value: Value, country: Option<String>, names: Vec<String> },
    /// One sentence has all these stems and says no, or stands under a heading that does.
    Denied(BTreeSet<String>),
    /// All these stems stand somewhere on the page.
    Words(BTreeSet<String>),
}

fn plain(value: Value) -> Claim {
    Claim::Value { value, country: None, names: Vec::new() }
}

fn of_rule<'a>(rule: &'a Rule, out: &mut Vec<Stated<'a>>) {
    let Some(page) = &rule.page else { return };
    let mut add = |key: &str, says: String, claim: Claim| {
        let (rule, url) = (rule, rule.url.as_deref());
        out.push(Stated { section: "returns", rule: &rule.id, key: key.to_owned(), says, claim, page, url });
    };
    match &rule.effect {
        Effect::Days(days) => add("days", format!("{days} days"), plain(duration_of_days(*days))),
        Effect::Until(until) => add("until", until.to_string(), plain(date(*until))),
        Effect::Never(why) => add("never", why.clone(), Claim::Denied(stems_of_clause(why))),
        Effect::NeverUnless(only) => add("never_unless", only.clone(), Claim::Words(stems_of_clause(only))),
    }
    for when in &rule.when {
        for (key, day) in [("when.ordered_from", when.ordered_from), ("when.ordered_to", when.ordered_to)] {
            if let Some(day) = day {
                add(key, day.to_string(), plain(date(day)));
            }
        }
    }
    for (country, fee) in rule.fee.iter().flatten() {
        let claim = Claim::Value { value: money(*fee), country: Some(country.clone()), names: Vec::new() };
        add(&format!("fee.{country}"), fee.to_string(), claim);
    }
    for (key, texts) in [("conditions", &rule.conditions), ("fee_waived", &rule.fee_waived), ("steps", &rule.steps)] {
        for text in texts.iter().flatten() {
            for found in values(text) {
                add(key, text.clone(), plain(found.value));
            }
        }
    }
}

fn of_delivery<'a>(rules: &'a DeliveryRules, out: &mut Vec<Stated<'a>>) {
    for method in &rules.methods {
        let Method { names, business_days: (from, to), cutoff, page, .. } = method;
        let Some((page, rule)) = page.as_deref().zip(names.first()) else { continue };
        let mut add = |key: &str, says: String, claim: Claim| {
            out.push(Stated { section: "delivery", rule, key: key.to_owned(), says, claim, page, url: None });
        };
        let value = Value::BusinessDays { from: i64::from(*from), to: i64::from(*to) };
        let names = names.iter().map(|name| name.trim_matches('*').trim().to_lowercase()).collect();
        add("business_days", value.to_string(), Claim::Value { value, country: None, names });
        let cutoff = cutoff.unwrap_or(rules.cutoff);
        add("cutoff", cutoff.strftime("%H:%M").to_string(), plain(time(cutoff)));
    }
    let Some(page) = &rules.page else { return };
    let mut add = |key: String, value: Value, country: Option<String>| {
        let (says, url) = (value.to_string(), rules.url.as_deref());
        let claim = Claim::Value { value, country, names: Vec::new() };
        out.push(Stated { section: "delivery", rule: "parcels", key, says, claim, page, url });
    };
    for (country, days) in &rules.lost_after_business_days {
        add(format!("lost_after_business_days.{country}"), business_days(*days), Some(country.clone()));
    }
    if let Some(not_received) = rules.not_received {
        add("not_received.wait_business_days".into(), business_days(not_received.wait_business_days), None);
        add("not_received.report_within_days".into(), duration_of_days(not_received.report_within_days), None);
    }
    if let Some(days) = rules.claim_within_days {
        add("claim_within_days".into(), duration_of_days(days), None);
    }
}

fn of_cancel<'a>(rules: &'a CancelRules, out: &mut Vec<Stated<'a>>) {
    let Some(page) = &rules.page else { return };
    let mut add = |key: &str, says: String, value: Value| {
        let (claim, url) = (plain(value), rules.url.as_deref());
        out.push(Stated { section: "cancel", rule: "cancel", key: key.to_owned(), says, claim, page, url });
    };
    for (key, minutes) in
        [("minutes", rules.minutes)].into_iter().chain(rules.faster.iter().map(|f| ("faster", f.minutes)))
    {
        let minutes = i64::from(minutes);
        add(key, format!("{minutes} minutes"), Value::Duration { from: minutes, to: minutes });
    }
    for (key, texts) in [("steps", &rules.steps), ("afterwards", &rules.afterwards)] {
        for text in texts {
            for found in values(text) {
                add(key, text.clone(), found.value);
            }
        }
    }
}

impl Stated<'_> {
    fn against(&self, pages: &[PageText]) -> Option<Disagreement> {
        let finding = match find(pages, self.page, self.url) {
            None => Finding::NoSuchPage,
            Some(page) => self.claim.judge(&page.text)?,
        };
        Some(Disagreement {
            section: self.section,
            rule: self.rule.to_owned(),
            key: self.key.clone(),
            rule_says: self.says.clone(),
            page: self.page.to_owned(),
            finding,
        })
    }
}

/// The page by its id, by the end of it (a folder that was synced by itself leaves its own name out), or by its
/// address.
fn find<'a>(pages: &'a [PageText], id: &str, url: Option<&str>) -> Option<&'a PageText> {
    let ends = |long: &str, short: &str| long.strip_suffix(short).is_some_and(|rest| rest.ends_with('/'));
    let exact = || pages.iter().find(|page| page.doc.0 == id);
    let by_end = || {
        let mut fitting = pages.iter().filter(|page| ends(&page.doc.0, id) || ends(id, &page.doc.0));
        fitting.next().filter(|_| fitting.next().is_none())
    };
    let by_url = || url.and_then(|url| pages.iter().find(|page| page.url.as_deref() == Some(url)));
    exact().or_else(by_end).or_else(by_url)
}

impl Claim {
    /// What is wrong with the page, if anything is.
    fn judge(&self, text: &str) -> Option<Finding> {
        let stands = match self {
            Self::Value { value, country, names } => text.lines().any(|line| {
                let lower = line.to_lowercase();
                let named = place::countries(line);
                let about = country.as_ref().is_none_or(|c| named.is_empty() || named.contains(c.as_str()));
                about
                    && (names.is_empty() || names.iter().any(|name| lower.contains(name)))
                    && values(line).iter().any(|found| same(value, &found.value))
            }),
            Self::Words(stems) => {
                let have: HashSet<String> = content_stems(text).into_iter().collect();
                stems.iter().all(|stem| have.contains(stem))
            }
            Self::Denied(stems) => match denied(stems, text) {
                Denial::Says => true,
                Denial::SaysNot => false,
                Denial::Contradicts(sentence) => return Some(Finding::Contradicted { sentence }),
            },
        };
        (!stands).then_some(Finding::NotStated)
    }
}

/// A year that only one of the two names is no difference.
fn same(rule: &Value, page: &Value) -> bool {
    match (rule, page) {
        (Value::Date { month: m, day: d, .. }, Value::Date { year: None, month, day }) => (m, d) == (month, day),
        (rule, page) => rule.stands_in(page),
    }
}

enum Denial {
    Says,
    SaysNot,
    Contradicts(String),
}

fn denied(stems: &BTreeSet<String>, text: &str) -> Denial {
    static ALLOWS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:can|may)\s+(?:also\s+)?(?:be\s+)?(?:returned|return|sent\s+back|send\b.{0,30}\bback)\b|\breturnable\b")
            .expect("constant")
    });
    let mut says = false;
    // The last line that is no item of a list and no row: a heading, or the words above the list.
    let mut above = "";
    for line in text.lines() {
        let entry = line.trim_start().starts_with("- ");
        for sentence in sentences(line) {
            let have: HashSet<String> = content_stems(sentence).into_iter().collect();
            if !stems.iter().all(|stem| have.contains(stem)) {
                continue;
            }
            if is_negative(sentence) || (entry && denies(above)) {
                says = true;
            } else if ALLOWS.is_match(sentence) {
                return Denial::Contradicts(sentence.to_owned());
            }
        }
        if !entry && !line.trim().is_empty() {
            above = line;
        }
    }
    if says { Denial::Says } else { Denial::SaysNot }
}

/// How pages say within how many days a customer may return something; `#` stands for the span of time.
static WINDOWS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?ix)
          \b(?: return(?:s|ed|ing|able)? | (?:send|sent|bring|brought)\b[^.;:]{0,30}?\bback | for\s+a(?:\s+full)?\s+refund | refundable )\b
          [^.;:]{0,60}? \b(?: within | inside | up\s+to | no\s+later\s+than | for\s+up\s+to )\s+ (?:the\s+)?(?:first\s+)? \#
        | \#\s+ (?:[\w-]+\s+){0,4}? (?:to|for)\s+ (?: returns?\b | return(?:ing)?\b | send\w*\b[^.;:]{0,30}?\bback | change\s+your\s+mind | an?\s+(?:full\s+)?refund )
        | \#\s* (?:\w+\s+)? (?: returns?\b | money[\s-]back | refund\s+(?:window|period|policy) )
        | \breturn\s+(?:window|period|policy|right)\b [^.;:]{0,40} \#
        ",
    )
    .expect("constant")
});

/// What has windows of its own, and what the shop itself does.
static ELSEWHERE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(?:exchang\w*|labels?|warrant\w*|repair\w*|points?|bank|card|statement|we\b[^.;:]{0,30}\b(?:return|send|sent|refund))\b",
    )
    .expect("constant")
});

static ASKS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:how\s+(?:long|many\s+days)\s+(?:do|can|have)\s+(?:i|you|we|customers)|until\s+when\s+can)\b.*\b(?:return|send\b.*\bback)\b.*\?")
        .expect("constant")
});

static FROM_ORDER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\#\s+(?:of|from|after|since)\s+(?:the\s+|your\s+|placing\s+)*(?:date\s+of\s+)?(?:order|purchas)\w*",
    )
    .expect("constant")
});

/// Sentences of a page that give a return another number of days than every rule does, or count them from the order.
fn other_windows(rules: &ReturnRules, page: &PageText) -> Vec<Disagreement> {
    let all = || rules.rules.iter().chain([&rules.default]);
    let known: Vec<Value> = all()
        .filter_map(|rule| match rule.effect {
            Effect::Days(days) => Some(duration_of_days(days)),
            Effect::Until(_) | Effect::Never(_) | Effect::NeverUnless(_) => None,
        })
        .collect();
    let own = |rule: &&Rule| {
        let is_window = matches!(rule.effect, Effect::Days(_) | Effect::Until(_));
        is_window
            && rule
                .page
                .as_deref()
                .is_some_and(|id| find(std::slice::from_ref(page), id, rule.url.as_deref()).is_some())
    };
    let rule = all().find(own).unwrap_or(&rules.default);
    let says = match &rule.effect {
        Effect::Days(days) => format!("{days} days from delivery"),
        Effect::Until(date) => format!("until {date}"),
        Effect::Never(why) => format!("never, because {why}"),
        Effect::NeverUnless(provided) => format!("only while {provided}"),
    };
    let mut found = Vec::new();
    let mut asked = false;
    for line in page.text.lines() {
        for sentence in sentences(line) {
            for value in values(sentence) {
                let Value::Duration { from, to } = value.value else { continue };
                if from != to || from % (24 * 60) != 0 {
                    continue;
                }
                let (before, after) = (&sentence[..value.span.0], &sentence[value.span.1..]);
                let marked = format!("{before}#{after}");
                if ELSEWHERE.is_match(&marked) || !(asked || WINDOWS.is_match(&marked)) {
                    continue;
                }
                let mut report = |key: &str| {
                    found.push(Disagreement {
                        section: "returns",
                        rule: rule.id.clone(),
                        key: key.to_owned(),
                        rule_says: says.clone(),
                        page: page.doc.0.clone(),
                        finding: Finding::Contradicted { sentence: sentence.to_owned() },
                    });
                };
                if !known.contains(&value.value) {
                    report("days");
                }
                if FROM_ORDER.is_match(&marked) {
                    report("counts_from");
                }
            }
        }
        // "How long do I have to return something?", and the answer on the next line.
        asked = ASKS.is_match(line);
    }
    found
}

fn duration_of_days(days: u32) -> Value {
    let minutes = i64::from(days) * 24 * 60;
    Value::Duration { from: minutes, to: minutes }
}

fn business_days(days: u32) -> Value {
    Value::BusinessDays { from: i64::from(days), to: i64::from(days) }
}

fn date(date: Date) -> Value {
    Value::Date { year: Some(date.year()), month: date.month(), day: date.day() }
}

fn time(time: Time) -> Value {
    Value::TimeOfDay(i64::from(time.hour()) * 60 + i64::from(time.minute()))
}

/// Pages write amounts with two decimals, whatever the currency has.
fn money(money: Money) -> Value {
    let currency = match money.currency.code() {
        "USD" => Some(Currency::Usd),
        "CAD" => Some(Currency::Cad),
        "EUR" => Some(Currency::Eur),
        "GBP" => Some(Currency::Gbp),
        _ => None,
    };
    let hundredths = match money.currency.exponent() {
        Some(0) => money.minor.saturating_mul(100),
        Some(3) => money.minor / 10,
        _ => money.minor,
    };
    Value::Money { minor: hundredths, currency }
}
