//! One reply against what was expected: what it states and should not, what it should and does not.

use super::expect::{Expected, Must, is_stated};
use super::shop::Shop;
use super::values::{self, Day, Sum};
use engine::reply::Reply;
use regex::Regex;
use std::sync::LazyLock;

/// A reply as its reader has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    pub outcome: Outcome,
    /// The words, and what there is to choose from.
    pub text: String,
    /// What else is shown: titles, quotes and addresses of the citations.
    pub beside: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Answer,
    Clarify,
    NeedsIdentity,
    Handoff,
    /// The engine failed: no reply at all.
    Error,
}

impl Outcome {
    pub fn name(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Clarify => "clarify",
            Self::NeedsIdentity => "needs_identity",
            Self::Handoff => "handoff",
            Self::Error => "error",
        }
    }
}

impl From<&Reply> for Said {
    fn from(reply: &Reply) -> Self {
        let of = |outcome, text| Self { outcome, text, beside: String::new() };
        match reply {
            Reply::Answer(answer) | Reply::Offer(engine::reply::Offer { answer, .. }) => {
                let cited = answer.citations().iter().map(|c| {
                    format!(
                        "{} {} {} {} {}",
                        c.doc.0,
                        c.title,
                        c.heading.join(" "),
                        c.url.as_deref().unwrap_or(""),
                        c.quote
                    )
                });
                Self { beside: cited.collect::<Vec<_>>().join("\n"), ..of(Outcome::Answer, answer.text()) }
            }
            Reply::Clarify(clarify) => {
                of(Outcome::Clarify, format!("{} {}", clarify.message, clarify.choices.join(" | ")))
            }
            Reply::NeedsIdentity(needs) => of(Outcome::NeedsIdentity, needs.message.clone()),
            Reply::Handoff(handoff) => of(Outcome::Handoff, handoff.message.clone()),
        }
    }
}

/// What is not right about a reply; empty where all is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Values that the fixture does not state for this order, nor the rule table.
    pub wrong: Vec<String>,
    /// What was asked for, and the asker may know.
    pub missing: Vec<String>,
    /// What the asker must not be told.
    pub forbidden: Vec<String>,
}

impl Faults {
    pub fn is_empty(&self) -> bool {
        self.wrong.is_empty() && self.missing.is_empty() && self.forbidden.is_empty()
    }
}

pub fn score(shop: &Shop, expected: &Expected, said: &Said) -> Faults {
    let year = shop.today().year();
    let unsaid = |must: &&Must| !is_stated(must, &said.text, year);
    Faults {
        wrong: wrong(shop, expected, &said.text),
        missing: expected.must.iter().filter(unsaid).map(ToString::to_string).collect(),
        forbidden: disclosed(expected, said),
    }
}

/// Forbidden texts that the reply shows, anywhere.
pub fn disclosed(expected: &Expected, said: &Said) -> Vec<String> {
    let shown = format!("{}\n{}", said.text, said.beside).replace(',', "");
    let lower = shown.to_lowercase();
    let stands = |text: &str| {
        let text = text.replace(',', "");
        let all_lower = text == text.to_lowercase();
        !text.is_empty() && values::stands_in(&text, if all_lower { &lower } else { &shown })
    };
    let mut found: Vec<String> =
        expected.forbidden.iter().filter(|(_, t)| stands(t)).map(|(what, text)| format!("{what}: {text}")).collect();
    found.dedup();
    found
}

static PROMISE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:can (?:still )?(?:be returned|return)|returnable|until|may (?:be returned|return))\b")
        .expect("constant")
});
static REFUSAL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)\b(?:cannot|can't|can’t|not|never|no)\b").expect("constant"));

fn wrong(shop: &Shop, expected: &Expected, text: &str) -> Vec<String> {
    let may = &expected.may;
    let mut wrong = Vec::new();
    for said in values::dates(text, shop.today().year()) {
        let anywhere = || may.days.values().any(|days| days.contains(&said.date));
        let of_its_kind = may.days.get(&said.day).is_some_and(|days| days.contains(&said.date));
        if said.false_weekday {
            wrong.push(format!("{} is another day of the week", said.date));
        } else if !(of_its_kind || said.day == Day::Some && anywhere()) {
            let note = if anywhere() { ", a day of something else" } else { "" };
            wrong.push(format!("date {} as {:?}{note}", said.date, said.day));
        }
    }
    for (amount, about) in values::money(text) {
        let allowed = match about {
            Sum::Refund => may.refunds.contains(&amount),
            Sum::Some => may.money.contains(&amount),
        };
        if !allowed {
            wrong.push(format!("amount {} {} ({about:?})", super::expect::decimal(amount.minor), amount.currency));
        }
    }
    let foreign = |what: &'static str, found: Vec<String>, allowed: &std::collections::BTreeSet<String>| {
        let unknown =
            found.into_iter().filter(|value| !allowed.contains(value) && !allowed.contains(&value.to_lowercase()));
        unknown.map(|value| format!("{what} {value}")).collect::<Vec<_>>()
    };
    wrong.extend(foreign("order", values::orders(text), &may.orders));
    wrong.extend(foreign("code", values::codes(text), &may.codes));
    wrong.extend(foreign("address", values::urls(text), &may.urls));
    wrong.extend(foreign("e-mail", values::emails(text), &may.emails));
    wrong.extend(foreign("title", titles(shop, text), &may.titles));
    for (count, at) in values::pieces(text) {
        if let Some(title) = shop.titles.iter().find(|t| text[at..].starts_with(t.as_str()))
            && !may.pieces.contains(&(count, title.clone()))
        {
            wrong.push(format!("{count} × {title}"));
        }
    }
    for sentence in values::sentences(text) {
        let promised = PROMISE.is_match(sentence) && !REFUSAL.is_match(sentence);
        let of = may.never.iter().find(|title| sentence.contains(title.as_str()));
        let all = !may.never.is_empty() && may.never.len() == may.titles.len() && sentence.contains("return");
        if promised && (of.is_some() || all) {
            wrong.push(format!("a return is promised: {}", sentence.trim()));
        }
        let lower = sentence.to_lowercase();
        // Money arrives and is on its way, too.
        let of_money = ["refund", "money", "payment", "way back"].iter().any(|word| lower.contains(word));
        let untrue = |phrase: &&&str| lower.contains(**phrase) && (!of_money || phrase.contains("refund"));
        wrong.extend(may.untrue.iter().filter(untrue).map(|phrase| format!("'{phrase}', which is not so")));
    }
    wrong
}

/// Titles of products that the text names; a longer one hides those that it holds.
fn titles(shop: &Shop, text: &str) -> Vec<String> {
    let (mut left, mut found) = (text.to_owned(), Vec::new());
    for title in &shop.titles {
        if values::stands_in(title, &left) {
            found.push(title.clone());
            left = left.replace(title.as_str(), "…");
        }
    }
    found
}
