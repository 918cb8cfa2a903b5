//! From a turn to an approved answer: which are allowed here, which is asked for, whether its facts are known.

use super::compose::compose;
use super::facts::{self, Known};
use super::matching::{Asks, Likeness, Near, barred, likeness};
use super::placeholder::{self, used};
use super::{AnswerId, ApprovedAnswer, ApprovedSet, Limits, Placeholder, State};
use crate::evidence::ForeignPassage;
use crate::identity::Asker;
use crate::live::flow::Live;
use crate::place;
use crate::ports::{Embedder, Ports};
use crate::reply::Answer;
use crate::select::stem_set;
use crate::store::Profiles;
use crate::turn::{Speaker, Turn};
use quick_cache::sync::Cache;
use serde::Serialize;
use std::sync::Arc;

/// The same words in the same order: the store has signed off this very question.
const SAME_WORDS: f32 = 0.99;
/// A message of as few words goes with the one before it.
const FOLLOW_UP: usize = 5;

/// The answer that fits best, and whether it was used.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Matched {
    pub id: AnswerId,
    /// The variant that is nearest to what was asked.
    pub question: String,
    pub probability: f32,
    /// Absent where the words are the same.
    pub likeness: Option<Likeness>,
    /// Why it was not said; absent where it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unused: Option<Unused>,
}

/// Why the best of a store's approved answers was not said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unused {
    /// Its probability is below the bound.
    Unlikely,
    /// Another answer fits as well.
    Ambiguous(AnswerId),
    /// A passage that it rests on has ended, or has not begun.
    NotInForce,
    /// A placeholder that nothing fills for this customer.
    FactMissing(&'static str),
}

/// What the engine hands over.
pub(crate) struct Look<'a> {
    pub ports: &'a Ports,
    pub profiles: &'a Profiles,
    /// Vectors of texts that were embedded before.
    pub vectors: &'a Cache<String, Arc<[f32]>>,
    pub asker: &'a Asker,
    pub turn: &'a Turn,
}

impl Look<'_> {
    /// The answer, where one may be said; and what was weighed. A store without answers costs nothing, and a desk or a
    /// model that fails is no answer: what comes after this will meet the same failure and say so.
    pub async fn find(&self) -> Result<(Option<Answer>, Option<Matched>), ForeignPassage> {
        let Some(port) = &self.ports.approved else { return Ok((None, None)) };
        let Ok(set) = port.answers(self.asker.store_pass()).await else { return Ok((None, None)) };
        if set.answers.is_empty() || self.is_follow_up() {
            return Ok((None, None));
        }
        let Some((answer, mut matched)) = self.best(&set).await else { return Ok((None, None)) };
        if matched.unused.is_none() {
            match self.compose(answer).await? {
                Ok(said) => return Ok((Some(said), Some(matched))),
                Err(why) => matched.unused = Some(why),
            }
        }
        Ok((None, Some(matched)))
    }

    /// "And to Canada?" is asked of what was said before.
    fn is_follow_up(&self) -> bool {
        let before = self.turn.history.iter().any(|message| message.role == Speaker::Customer);
        before && self.turn.text.split_whitespace().count() <= FOLLOW_UP
    }

    async fn best<'s>(&self, set: &'s ApprovedSet) -> Option<(&'s ApprovedAnswer, Matched)> {
        let country = self.turn.country.as_deref();
        let asks = Asks::read(&self.turn.text, country);
        let candidates: Vec<Candidate<'s>> = {
            let allowed = set.answers.iter().filter(|a| a.state == State::Approved && allows(&a.limits, &asks));
            allowed.map(|answer| Candidate::new(answer, &asks)).filter(|c| !c.variants.is_empty()).collect()
        };
        let mut ranked = match same_words(&asks, &candidates) {
            same if !same.is_empty() => same,
            _ => self.weighed(&asks, &candidates, set).await?,
        };
        ranked.sort_by(|a, b| b.1.probability.total_cmp(&a.1.probability).then_with(|| a.1.id.cmp(&b.1.id)));
        let mut ranked = ranked.into_iter();
        let (answer, mut matched) = ranked.next()?;
        if matched.probability < set.model.bound {
            matched.unused = Some(Unused::Unlikely);
        } else if let Some((other, second)) = ranked.next()
            && second.probability >= set.model.bound
            && other.text != answer.text
        {
            matched.unused = Some(Unused::Ambiguous(second.id));
        }
        Some((answer, matched))
    }

    /// Each answer with its nearest variant and the probability that it is the one. Nothing with an embedder that the
    /// weights were not fitted for.
    async fn weighed<'s>(
        &self,
        asks: &Asks,
        candidates: &[Candidate<'s>],
        set: &'s ApprovedSet,
    ) -> Option<Vec<(&'s ApprovedAnswer, Matched)>> {
        let embedder = self.ports.embedder.as_ref();
        if candidates.is_empty() || embedder.model() != &set.model.embedder {
            return None;
        }
        let question = embedder.embed_query(&self.turn.text).await.ok()?.values;
        let mut cosines = Vec::new();
        for candidate in candidates {
            let texts: Vec<&str> = candidate.variants.iter().map(|(text, _)| *text).collect();
            let vectors = self.embed(embedder, &texts).await?;
            cosines.push(vectors.iter().map(|v| dot(&question, v)).collect::<Vec<f32>>());
        }
        let texts: Vec<&str> = candidates.iter().map(|candidate| candidate.said.as_str()).collect();
        let said = self.embed(embedder, &texts).await?;
        let nearest = |cosines: &[f32]| cosines.iter().copied().fold(f32::MIN, f32::max);
        let tops: Vec<f32> = cosines.iter().map(|c| nearest(c)).collect();
        let weighed = candidates.iter().enumerate().filter_map(|(at, candidate)| {
            let others = tops
                .iter()
                .enumerate()
                .filter(|(i, _)| *i != at && candidates[*i].answer.text != candidate.answer.text);
            let other = others.map(|(_, top)| *top).max_by(f32::total_cmp);
            let nearest = candidate.variants.iter().zip(&cosines[at]).max_by(|a, b| a.1.total_cmp(b.1));
            let ((text, variant), &cosine) = nearest?;
            let near = Near { variant: cosine, answer: dot(&question, &said[at]), other };
            let likeness = likeness(asks, variant, &candidate.said, near);
            Some((candidate.answer, candidate.matched(text, set.model.probability(&likeness), Some(likeness))))
        });
        Some(weighed.collect())
    }

    /// Vectors of variants, which are asked for again at every turn.
    async fn embed(&self, embedder: &dyn Embedder, texts: &[&str]) -> Option<Vec<Arc<[f32]>>> {
        let mut vectors: Vec<Option<Arc<[f32]>>> = texts.iter().map(|text| self.vectors.get(*text)).collect();
        let unknown: Vec<usize> = (0..texts.len()).filter(|&i| vectors[i].is_none()).collect();
        if !unknown.is_empty() {
            let new: Vec<String> = unknown.iter().map(|&i| texts[i].to_owned()).collect();
            for (i, vector) in unknown.into_iter().zip(embedder.embed_passages(&new).await.ok()?) {
                let vector: Arc<[f32]> = vector.values.into();
                self.vectors.insert(texts[i].to_owned(), vector.clone());
                vectors[i] = Some(vector);
            }
        }
        vectors.into_iter().collect()
    }

    async fn compose(&self, answer: &ApprovedAnswer) -> Result<Result<Answer, Unused>, ForeignPassage> {
        let now = self.ports.clock.now();
        let profile = self.profiles.get(self.asker.store_pass().store());
        let zone = profile.as_ref().map_or(jiff::tz::TimeZone::UTC, |p| p.time_zone.clone());
        let today = now.to_zoned(zone).date();
        if !answer.rests_on.iter().all(|rest| rest.holds_on(today)) {
            return Ok(Err(Unused::NotInForce));
        }
        let wants_order = used(&answer.text).is_ok_and(|used| used.into_iter().any(Placeholder::is_of_an_order));
        let order = match (&profile, &self.ports.storefront) {
            (Some(profile), Some(storefront)) if wants_order => {
                let live = Live { storefront: storefront.as_ref(), profile, asker: self.asker, turn: self.turn, now };
                facts::order(&live).await?
            }
            _ => None,
        };
        let known = profile.as_ref().map(|profile| Known { profile, order: order.as_ref() });
        Ok(compose(answer, known.as_ref()).map_err(|missing| match missing {
            Some(placeholder) => Unused::FactMissing(placeholder.name()),
            None => Unused::FactMissing(""),
        }))
    }
}

/// An answer that may be said here, with its variants read.
struct Candidate<'s> {
    answer: &'s ApprovedAnswer,
    /// What else it covers besides its questions.
    said: String,
    variants: Vec<(&'s str, Asks)>,
}

impl<'s> Candidate<'s> {
    /// Without variants of another country than the one asked about, and with none at all where the answer speaks of
    /// other countries only or the question names a thing of the customer's own.
    fn new(answer: &'s ApprovedAnswer, asks: &Asks) -> Self {
        let limits = &answer.limits;
        let mut said = placeholder::with_examples(&answer.text);
        let countries = limits.countries.iter().filter_map(|c| place::country(c)).filter_map(place::name);
        let also = countries.map(str::to_owned).chain(limits.products.iter().cloned());
        also.for_each(|also| said.push_str(&format!("\n{also}")));
        let variants = answer.questions.iter().map(|text| (text.as_str(), Asks::read(text, None)));
        let variants = variants.filter(|(text, variant)| !barred(asks, variant, text, &said)).collect();
        Self { answer, said, variants }
    }

    fn matched(&self, question: &str, probability: f32, likeness: Option<Likeness>) -> Matched {
        Matched { id: self.answer.id.clone(), question: question.to_owned(), probability, likeness, unused: None }
    }
}

/// Answers of which a variant is the question, word for word.
fn same_words<'s>(asks: &Asks, candidates: &[Candidate<'s>]) -> Vec<(&'s ApprovedAnswer, Matched)> {
    let same = candidates.iter().filter_map(|candidate| {
        let (text, _) = candidate.variants.iter().find(|(_, variant)| asks.is_same(variant))?;
        Some((candidate.answer, candidate.matched(text, SAME_WORDS, None)))
    });
    same.collect()
}

/// Whether the limits of an answer let it be said to this question.
fn allows(limits: &Limits, asks: &Asks) -> bool {
    let ours = |country: &&str| limits.countries.iter().any(|c| c == country);
    let here = limits.countries.is_empty() || (!asks.countries.is_empty() && asks.countries.iter().all(ours));
    let names = |of: &[String]| of.is_empty() || of.iter().any(|words| asks.has_stems(&stem_set(words)));
    here && names(&limits.products) && names(&limits.subjects)
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
