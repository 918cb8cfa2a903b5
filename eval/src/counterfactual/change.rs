//! Two replies to one message, side by side.

use crate::facts::{Fact, Statement};
use engine::reply::{Citation, Offer};
use engine::{HandoffReason, Outcome, Reply};
use regex::Regex;
use serde::Serialize;
use std::collections::HashSet;
use std::sync::LazyLock;

/// What kind of change it is, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// What was answered would be handed over or asked back.
    NoLongerAnswered,
    /// What was handed over or asked back would be answered.
    NowAnswered,
    /// Another person, reason or question back.
    OtherOutcome,
    /// Both answer, and a number, an amount, a date or a yes or no is another one.
    OtherFacts,
    /// Both say the same in other words.
    OtherWords,
}

impl How {
    pub const ALL: [Self; 5] =
        [Self::NoLongerAnswered, Self::NowAnswered, Self::OtherOutcome, Self::OtherFacts, Self::OtherWords];

    pub fn name(self) -> &'static str {
        match self {
            Self::NoLongerAnswered => "no longer answered",
            Self::NowAnswered => "now answered",
            Self::OtherOutcome => "another outcome",
            Self::OtherFacts => "other facts",
            Self::OtherWords => "other words",
        }
    }
}

/// A message whose reply would be another one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Changed {
    pub id: String,
    pub text: String,
    pub how: How,
    pub before: Side,
    pub after: Side,
    /// Values that would no longer be said.
    pub gone: Vec<String>,
    /// Values that would be said.
    pub new: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Side {
    /// `answer`, `handoff: no_evidence`.
    pub did: String,
    pub sentences: Vec<Said>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Said {
    pub text: String,
    /// It stands on this side only.
    pub changed: bool,
    pub rests_on: Vec<Rests>,
}

/// What a sentence rests on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rests {
    pub doc: String,
    pub title: String,
    pub quote: String,
}

/// `None` where a customer would notice nothing.
pub fn between(id: &str, text: &str, before: &Outcome, after: &Outcome) -> Option<Changed> {
    let (mut was, mut is) = (side(&before.reply), side(&after.reply));
    let texts = |side: &Side| side.sentences.iter().map(|s| s.text.clone()).collect::<Vec<_>>();
    let (said, says) = (texts(&was), texts(&is));
    if was.did == is.did && said == says {
        return None;
    }
    mark(&mut was, &says);
    mark(&mut is, &said);
    let (said, says) = (said.join(" "), says.join(" "));
    let (gone, new) = (only_in(&said, &says), only_in(&says, &said));
    let answers = |reply: &Reply| reply.answered().is_some();
    let how = match (answers(&before.reply), answers(&after.reply)) {
        (true, false) => How::NoLongerAnswered,
        (false, true) => How::NowAnswered,
        (false, false) if was.did != is.did => How::OtherOutcome,
        (true, true) if was.did != is.did && gone.is_empty() && new.is_empty() => How::OtherOutcome,
        (true, true) | (false, false) if gone.is_empty() && new.is_empty() => How::OtherWords,
        (true, true) | (false, false) => How::OtherFacts,
    };
    Some(Changed { id: id.to_owned(), text: text.to_owned(), how, before: was, after: is, gone, new })
}

fn side(reply: &Reply) -> Side {
    let message = |did: String, text: &str| Side {
        did,
        sentences: vec![Said { text: text.to_owned(), changed: false, rests_on: Vec::new() }],
    };
    match reply {
        Reply::Answer(answer) | Reply::Offer(Offer { answer, .. }) => {
            let rests = |c: &Citation| Rests { doc: c.doc.0.clone(), title: c.title.clone(), quote: c.quote.clone() };
            let said = |sentence: &engine::reply::Sentence| {
                let cited = answer.citations().iter().filter(|c| sentence.cites.contains(&c.number));
                Said { text: sentence.text.clone(), changed: false, rests_on: cited.map(rests).collect() }
            };
            let mut sentences: Vec<Said> = answer.sentences().iter().map(said).collect();
            let mut did = "answer";
            if let Reply::Offer(Offer { offer, .. }) = reply {
                did = "answer, and the offer of a person";
                sentences.push(Said { text: offer.clone(), changed: false, rests_on: Vec::new() });
            }
            Side { did: did.into(), sentences }
        }
        Reply::Clarify(asks) => message("clarify".into(), &asks.message),
        Reply::NeedsIdentity(asks) => message("needs_identity".into(), &asks.message),
        Reply::Handoff(handoff) => message(format!("handoff: {}", name_of(handoff.case.reason)), &handoff.message),
    }
}

fn name_of(reason: HandoffReason) -> String {
    match serde_json::to_value(reason) {
        Ok(serde_json::Value::String(name)) => name,
        Ok(_) | Err(_) => format!("{reason:?}"),
    }
}

fn mark(side: &mut Side, others: &[String]) {
    let others: HashSet<&String> = others.iter().collect();
    side.sentences.iter_mut().for_each(|sentence| sentence.changed = !others.contains(&sentence.text));
}

/// Values of `text` that `other` does not state, as they stand there.
fn only_in(text: &str, other: &str) -> Vec<String> {
    static VALUE: LazyLock<Regex> = LazyLock::new(|| {
        let months = "January|February|March|April|May|June|July|August|September|October|November|December";
        let unit = r"\s?%|\s?[A-Z]{3}\b|[\s-](?:business\s|working\s)?(?:minute|hour|day|week|month|year)s?\b";
        Regex::new(&format!(
            r"(?:{months})\s\d{{1,2}}(?:,\s\d{{4}})?\b|(?:[$€£¥]\s?)?\d+(?:[.,:/-]\d+)*(?:{unit})?|^(?:Yes|No)\b"
        ))
        .expect("constant")
    });
    let other = Statement::read(other);
    let mut found: Vec<String> = Vec::new();
    for value in VALUE.find_iter(text) {
        let value = value.as_str().trim().to_owned();
        if !other.states(&Fact::One(value.clone())) && !found.contains(&value) {
            found.push(value);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, other: &str, expected: &[&str]) {
        assert_eq!(only_in(text, other), expected, "{text} / {other}");
    }

    #[test]
    fn values_are_compared_as_values() {
        check("You have 30 days.", "You have 14 days.", &["30 days"]);
        check("You have 30 days.", "You have thirty days.", &[]);
        check("It costs $7.50 until January 31, 2027.", "It costs 7.50 USD until 31 January.", &[]);
        check("It costs $7.50.", "It costs $8.", &["$7.50"]);
        check("Within 3-5 business days.", "Within 3 to 5 business days.", &[]);
        check("Yes, you can.", "No, you cannot.", &["Yes"]);
        check("Send it back.", "Please return it.", &[]);
    }
}
