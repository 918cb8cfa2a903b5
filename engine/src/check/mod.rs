//! Sentence by sentence, before anything is said: does it stand in the evidence?
//!
//! A [`Draft`] is what a model or the extractor wrote. It cannot be serialized, so nothing sends one by mistake; what
//! [`Draft::check`] lets through becomes an [`Answer`].
//!
//! ```compile_fail,E0277
//! fn send<T: serde::Serialize>(_: T) {}
//! send(engine::check::Draft::default());
//! ```

pub mod instruction;
pub mod links;
pub mod personal;
pub mod plain;
pub mod polarity;
pub mod promise;
pub mod score;
pub mod signs;
pub mod support;
#[cfg(test)]
mod tests;
pub mod tongue;
pub mod weigh;

use crate::evidence::{Evidence, SourceKind};
use crate::reply::{Answer, Citation, Sentence};
use crate::select::{Question, Unit, stem_set, units};
use crate::store::StoreProfile;
use crate::text::content_stems;
use crate::value::{Currency, Value, values};
use links::{Grounds, Own};
use plain::squashed;
use promise::{Promise, PromiseKind, promise};
use regex::Regex;
use serde::Serialize;
use std::collections::HashSet;
use support::Ground;

/// At least this share of a sentence's own words must stand in what it cites.
const SUPPORT: f32 = 0.6;
/// A cited unit must share this much with the sentence for the two to be about the same thing.
const SAME_SUBJECT: f32 = 0.34;
/// "5 years" answers nothing by itself.
const LEAST_WORDS: usize = 3;

/// Sentences that nobody has looked at yet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    pub sentences: Vec<DraftSentence>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct DraftSentence {
    pub text: String,
    /// Numbers of passages, from 1, as the writer gave them; may be empty or wrong.
    pub cites: Vec<usize>,
}

/// A sentence that a customer will not see, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Dropped {
    pub sentence: String,
    pub reason: String,
}

/// What a check knows of the store and of the customer. The default knows nothing: no address is the store's, and every
/// language is right.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    pub own: Own,
    /// How the store's order numbers look.
    pub order_number: Option<Regex>,
    /// The customer's, where it is beyond doubt.
    pub language: Option<&'static str>,
}

impl Setting {
    pub fn of(profile: Option<&StoreProfile>, asked: &str) -> Self {
        Self {
            own: Own::of(profile),
            order_number: profile.map(|profile| profile.order_number.clone()),
            language: tongue::sure_language(asked),
        }
    }
}

/// What a check knows besides the sentence. Made once for a turn.
pub struct Checker<'a> {
    evidence: &'a Evidence,
    units: Vec<Unit>,
    grounds: Vec<Ground>,
    question: &'a Question,
    granted: HashSet<String>,
    setting: Setting,
}

/// A sentence that stands, and the unit it rests on most.
#[derive(Clone, Debug)]
pub struct Standing {
    pub text: String,
    /// Passage index of each source, best first.
    pub passages: Vec<usize>,
    pub quote: String,
}

impl<'a> Checker<'a> {
    pub fn new(question: &'a Question, evidence: &'a Evidence) -> Self {
        let units = units(evidence);
        let grounds = units.iter().map(|u| Ground::new(&format!("{}\n{}", u.context, u.antecedent), &u.text)).collect();
        // The customer's own words claim nothing, unless a source uses them: then they name its subject.
        let known: HashSet<&String> = units.iter().flat_map(|u| &u.stems).collect();
        let granted = question.stems.iter().filter(|s| !known.contains(s)).cloned().collect();
        Self { evidence, units, grounds, question, granted, setting: Setting::default() }
    }

    pub fn in_setting(self, setting: Setting) -> Self {
        Self { setting, ..self }
    }

    /// Whether a sentence may be said.
    pub fn check(&self, sentence: &DraftSentence) -> Result<Standing, Dropped> {
        let text = sentence.text.trim();
        let drop = |reason: String| Err(Dropped { sentence: text.to_owned(), reason });
        // Numbers are looked at as values below; as words they would pull a sentence to wherever its number stands.
        let stems: HashSet<String> =
            stem_set(text).into_iter().filter(|s| !s.starts_with(|c: char| c.is_ascii_digit())).collect();
        if stems.is_empty() {
            return drop("says nothing".into());
        }
        if instruction::instructs(text).is_some() {
            return drop("is an instruction that stands in a document, and no answer".into());
        }
        if let Some(said) = tongue::other_language(self.setting.language, text) {
            return drop(format!(
                "is in '{said}', the customer writes in '{}'",
                self.setting.language.unwrap_or_default()
            ));
        }
        let promise = promise(text);
        let literal = self.literal(text);
        if let Some(promise) = &promise
            && !self.may_be_a_rule(promise, literal)
        {
            return drop(format!("promises an action that nobody performed: '{}'", promise.words));
        }
        if text.split_whitespace().count() < LEAST_WORDS {
            return drop("too short to say what it is about".into());
        }
        if let Some(value) = self.foreign_money(text) {
            return drop(format!("'{value}' is another country's money"));
        }
        let Some((at, shared)) = self.closest(text, &stems, &sentence.cites) else {
            return drop("nothing in the evidence is about this".into());
        };
        if shared < SAME_SUBJECT {
            return drop(format!("no source is about this (closest shares {:.0}% of its words)", shared * 100.0));
        }
        let passage = literal.unwrap_or(self.units[at].passage);
        let source = &self.evidence.passages()[passage];
        if let Some(promise) = promise.filter(|_| literal.is_none() && !self.promises_itself(at)) {
            return drop(format!("promises an action that nobody performed: '{}'", promise.words));
        }
        let grounds = Grounds { text: &source.in_context(), kind: source.kind };
        if let Some(why) = links::refuses(text, Some(grounds), &self.setting.own) {
            return drop(why);
        }
        let theirs = personal::of_others(text, &self.setting.own, self.setting.order_number.as_ref());
        // A greeting by name is nobody's page, wherever the rest of the sentence stands.
        if let Some(what) = theirs
            .filter(|what| source.kind == SourceKind::Conversation || (literal.is_none() && *what == personal::NAME))
        {
            return drop(format!("holds {what} of a past conversation"));
        }
        let near = self.near(at);
        let missing = near.missing(text);
        if let Some(value) = missing.first() {
            return drop(format!("'{}' does not stand in the source it rests on", value.value));
        }
        let support = near.support(text, &self.granted);
        if support < SUPPORT {
            return drop(format!("only {:.0}% of it stands in its source", support * 100.0));
        }
        let unit = &self.units[at];
        let agrees = if text.contains(unit.text.trim_start_matches(['-', ' '])) {
            true
        } else if unit.denied {
            polarity::is_negative(text)
        } else {
            polarity::agrees(text, &unit.text)
        };
        let parrots = self.parrots(text, &stems) && !text.contains(unit.text.trim_start_matches(['-', ' ']));
        if parrots && !polarity::is_negative(text) {
            return drop("says yes in the question's own words, and no more".into());
        }
        if !agrees {
            return drop("says yes where the source says no, or no where it says yes".into());
        }
        if let Some(exception) = self.exception_to(text, at) {
            return drop(format!("an exception applies: '{exception}'"));
        }
        Ok(Standing { text: text.to_owned(), passages: vec![passage], quote: self.units[at].text.clone() })
    }

    /// The passage in which a sentence stands word for word, as a whole.
    pub fn literal(&self, text: &str) -> Option<usize> {
        let whole = |text: &str| squashed(text).trim_end_matches(['.', '!', ';']).to_owned();
        let said = whole(text);
        let found = self.units.iter().find(|u| whole(&u.text) == said || whole(&u.shown()) == said);
        found.map(|u| u.passage)
    }

    /// Whether what sounds like a promise can be a rule of the store: it stands so on a page of the store, or it is about
    /// what will be done, which the source may say too (see [`Checker::promises_itself`]).
    fn may_be_a_rule(&self, promise: &Promise, literal: Option<usize>) -> bool {
        let is_page = |at: usize| self.evidence.passages()[at].kind != SourceKind::Conversation;
        match promise.kind {
            PromiseKind::Did => false,
            PromiseKind::Happened => literal.is_some_and(is_page),
            PromiseKind::Will => literal.is_none_or(is_page),
        }
    }

    /// Whether a page of the store says itself what it will do.
    fn promises_itself(&self, at: usize) -> bool {
        let unit = &self.units[at];
        let will = promise(&unit.text).is_some_and(|p| p.kind == PromiseKind::Will);
        will && self.evidence.passages()[unit.passage].kind != SourceKind::Conversation
    }

    /// The units of the passage that a standing sentence rests on.
    pub fn rests_on(&self, standing: &Standing) -> Vec<&Unit> {
        self.units.iter().filter(|u| standing.passages.contains(&u.passage)).collect()
    }

    /// The unit that carries most of the sentence: most of its words, then most of its values. A citation only decides
    /// between equals: a true number with the citation of another subject must not pass because the model pointed there.
    fn closest(&self, text: &str, stems: &HashSet<String>, cites: &[usize]) -> Option<(usize, f32)> {
        let shares: Vec<f32> = self.units.iter().map(|u| support::share(stems, &u.stems)).collect();
        let most = shares.iter().copied().fold(0.0, f32::max);
        let best = (0..self.units.len()).filter(|&i| shares[i] >= most - f32::EPSILON).min_by_key(|&i| {
            let cited = cites.contains(&(self.units[i].passage + 1));
            (self.grounds[i].missing(text).len(), !cited, i)
        })?;
        (most > 0.0).then_some((best, most))
    }

    /// Whether a sentence holds nothing but the question, turned round: the easiest thing for a model to say, and no
    /// sign that it has read anything.
    fn parrots(&self, text: &str, stems: &HashSet<String>) -> bool {
        stems.iter().all(|s| self.question.stems.contains(s)) && values(text).is_empty()
    }

    /// An amount in the currency of a country that the question does not speak of, where it speaks of one.
    fn foreign_money(&self, text: &str) -> Option<Value> {
        let home = |currency: &Currency| match currency {
            Currency::Usd => "US",
            Currency::Cad => "CA",
            Currency::Gbp => "GB",
            Currency::Eur => "EU",
        };
        let amounts: Vec<Value> =
            values(text).into_iter().map(|v| v.value).filter(|v| matches!(v, Value::Money { .. })).collect();
        let foreign = |v: &Value| match v {
            Value::Money { currency: Some(c), .. } => !self.question.countries.contains(home(c)),
            _ => false,
        };
        let named = self.question.countries.iter().any(|c| ["US", "CA", "GB"].contains(c));
        (named && !amounts.is_empty() && amounts.iter().all(foreign)).then(|| amounts[0].clone())
    }

    /// The unit with its neighbours: one statement is often spread over two sentences of a source.
    fn near(&self, at: usize) -> Ground {
        let unit = &self.units[at];
        let mut ground = self.grounds[at].clone();
        for (i, other) in self.units.iter().enumerate() {
            if other.passage == unit.passage && other.position.abs_diff(unit.position) == 1 && !unit.fragment {
                ground = ground.merge(&self.grounds[i]);
            }
        }
        ground
    }

    /// A general permission does not stand against an exception that the question names.
    fn exception_to(&self, text: &str, resting_on: usize) -> Option<&str> {
        if polarity::is_negative(text) {
            return None;
        }
        let general = &self.units[resting_on];
        self.units.iter().enumerate().find_map(|(i, unit)| {
            let is_exception = i != resting_on && says_no(unit) && !says_no(general);
            if !is_exception {
                return None;
            }
            // What the exception names that the general rule does not.
            let named: Vec<&String> = unit.own_stems.iter().filter(|s| !general.stems.contains(*s)).collect();
            let asked = self.question.stems.iter().filter(|s| named.contains(s)).count();
            // One word is enough where the exception begins with it: it is what the exception is about.
            let subject = content_stems(&unit.text)
                .into_iter()
                .take(3)
                .any(|s| self.question.stems.contains(&s) && named.contains(&&s));
            let about_the_same =
                unit.own_stems.iter().any(|s| general.own_stems.contains(s) && self.question.stems.contains(s));
            ((asked >= 2 || subject) && about_the_same).then_some(unit.text.as_str())
        })
    }

    /// Numbers the sources of the sentences that stand, in the order in which they are first used.
    pub fn answer(&self, standing: &[Standing]) -> Option<Answer> {
        if standing.is_empty() {
            return None;
        }
        let mut citations: Vec<Citation> = Vec::new();
        let mut sentences = Vec::new();
        for s in standing {
            let mut cites = Vec::new();
            for &index in &s.passages {
                let p = &self.evidence.passages()[index];
                let number = match citations.iter().find(|c| c.passage == p.id) {
                    Some(known) => known.number,
                    None => {
                        citations.push(Citation {
                            number: citations.len() + 1,
                            doc: p.doc.clone(),
                            passage: p.id.clone(),
                            title: p.title.clone(),
                            heading: p.heading.clone(),
                            url: p.url.clone(),
                            quote: s.quote.clone(),
                            read_at: None,
                        });
                        citations.len()
                    }
                };
                cites.push(number);
            }
            sentences.push(Sentence { text: s.text.clone(), cites });
        }
        Some(Answer { sentences, citations })
    }
}

impl Draft {
    /// Checks every sentence; what is left is the answer.
    pub fn check(self, question: &Question, evidence: &Evidence) -> (Option<Answer>, Vec<Dropped>) {
        let checker = Checker::new(question, evidence);
        let mut standing = Vec::new();
        let mut dropped = Vec::new();
        for sentence in &self.sentences {
            match checker.check(sentence) {
                Ok(stands) => standing.push(stands),
                Err(drop) => dropped.push(drop),
            }
        }
        (checker.answer(&standing), dropped)
    }
}

fn says_no(unit: &Unit) -> bool {
    unit.denied || polarity::is_negative(&unit.text)
}
