//! What is looked at before a person's words are put in force: every value must stand in the passages that they rest on.

use super::compose::{closest, ground, words_of};
use super::placeholder::{BadPlaceholder, pieces};
use super::{ApprovedAnswer, RestsOn};
use crate::check::polarity;
use crate::check::promise::promise;
use crate::check::support::share;
use crate::select::stem_set;
use crate::text::sentences;
use serde::Serialize;

/// A sentence must share this much with a sentence of its source for their yes and no to be compared.
const SAME_SUBJECT: f32 = 0.6;
/// Below this share of its words in all its sources, a sentence of some length is about something else.
const ABOUT: f32 = 0.34;
/// "Happy to help!" is about nothing.
const SOME_LENGTH: usize = 3;
/// A question of more characters is no frequent one.
pub const LONGEST_QUESTION: usize = 300;

/// What can be in no answer, whoever takes it on themselves.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsound {
    #[error(transparent)]
    Placeholder(#[from] BadPlaceholder),
    #[error("the text is empty")]
    NoText,
    #[error("no question is named that it answers")]
    NoQuestion,
    #[error("the question '{0}…' is longer than {LONGEST_QUESTION} characters: name it as a customer would ask it")]
    LongQuestion(String),
    #[error("it rests on no passage, so nobody would notice when it is no longer true; name one")]
    RestsOnNothing,
    #[error("'{0}' is no country code: write two capital letters, such as CA")]
    Country(String),
}

/// A sentence that a person must take on themselves, because the passages do not carry it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Doubt {
    pub sentence: String,
    pub why: String,
}

/// Looks at an answer before it is put in force; no doubts: every value stands in its passages.
pub fn verify(answer: &ApprovedAnswer) -> Result<Vec<Doubt>, Unsound> {
    if answer.text.trim().is_empty() {
        return Err(Unsound::NoText);
    }
    if answer.questions.iter().all(|q| q.trim().is_empty()) {
        return Err(Unsound::NoQuestion);
    }
    if let Some(long) = answer.questions.iter().find(|q| q.chars().count() > LONGEST_QUESTION) {
        return Err(Unsound::LongQuestion(long.chars().take(30).collect()));
    }
    if answer.rests_on.is_empty() {
        return Err(Unsound::RestsOnNothing);
    }
    let is_code = |code: &&String| code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase());
    if let Some(bad) = answer.limits.countries.iter().find(|code| !is_code(code)) {
        return Err(Unsound::Country(bad.clone()));
    }
    pieces(&answer.text)?;
    let doubted = sentences(&answer.text).into_iter().filter_map(|sentence| {
        let why = doubt(&words_of(sentence), &answer.rests_on)?;
        Some(Doubt { sentence: sentence.to_owned(), why })
    });
    Ok(doubted.collect())
}

fn doubt(words: &str, rests_on: &[RestsOn]) -> Option<String> {
    if let Some(promise) = promise(words) {
        return Some(format!("promises an action that nobody performed: '{}'", promise.words));
    }
    let all = rests_on.iter().map(ground).reduce(|all, one| all.merge(&one))?;
    if let Some(missing) = all.missing(words).first() {
        return Some(format!("'{}' stands in no passage that it rests on", missing.value));
    }
    let stems = stem_set(words);
    let granted = std::collections::HashSet::new();
    if stems.len() >= SOME_LENGTH && all.support(words, &granted) < ABOUT {
        return Some("no passage that it rests on is about this".to_owned());
    }
    // Yes and no, against the sentence of the source that is most like it.
    let source = closest(words, rests_on)?;
    let shared = |text: &&str| (share(&stems, &stem_set(text)) * 1e6) as u32;
    let near = sentences(&source.text).into_iter().rev().max_by_key(shared)?;
    let compared = share(&stems, &stem_set(near)) >= SAME_SUBJECT;
    if compared && !words.contains(near) && !polarity::agrees(words, near) {
        return Some(format!("says yes where its source says no, or no where it says yes: '{near}'"));
    }
    None
}
