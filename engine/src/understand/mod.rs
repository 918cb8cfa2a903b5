//! What a turn is about, without a generator: language, intents, what it names, where the customer stands, sentiment,
//! whether it is asked again, and which earlier request it goes on with.

pub mod conversation;
pub mod entities;
pub mod fit;
pub mod head;
pub mod intent;
pub mod labels;
pub mod language;
pub mod repeats;
pub mod sentiment;
pub mod stage;

pub use entities::{Entities, Reading, Titles};
pub use head::{Guess, Head, HeadError};
pub use intent::{Family, Intent};
pub use sentiment::Mood;
pub use stage::Stage;

use crate::ports::{Embedder, Embedding};
use crate::text::{content_stems, sentences};
use crate::turn::Turn;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What was understood of a turn. What it names is a customer's data: for a trace, never for a log.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Understanding {
    /// ISO 639-1, where it can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<&'static str>,
    /// What the message as a whole is about, the likeliest first, at most three. Empty without a head.
    pub intents: Vec<Sure>,
    /// What its sentences are about, where it has several; only what is sure.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Sure>,
    /// Orders, products, counts, days that it names.
    pub entities: Entities,
    /// Where the customer stands on the way of a purchase: by the order, where one was looked up, else by their words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    pub mood: Mood,
    /// How often the same was asked before without help: in this conversation, and in earlier ones of the same customer.
    pub repeats: u32,
    /// Earlier conversations in which this customer asked the same about the same order, helped or not.
    pub asked_before: u32,
    /// It only gives what was asked for (an e-mail address, a yes): the request is an earlier message's.
    pub goes_on: bool,
}

/// An intent and its probability.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Sure {
    pub intent: Intent,
    pub probability: f32,
}

/// A head with what its labels mean. Its labels may be a store's own; what they stand for is said in the settings.
#[derive(Clone, Debug)]
pub struct IntentReader {
    head: Arc<Head>,
    meaning: BTreeMap<String, Intent>,
}

/// A label that stands for no intent.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the label '{0}' is no intent of ours; say what it stands for, such as {0} = \"tracking\"")]
pub struct UnknownLabel(pub String);

/// Of a message's sentences no more are read: a longer one is told by its whole.
const SENTENCES: usize = 6;
/// A sentence counts for itself from this probability on.
const PART: f32 = 0.8;
/// Stems that say how the customer feels, and nothing about what they want.
const SWEARING: [&str; 8] = ["bloodi", "damn", "fuck", "freak", "goddamn", "shit", "hell", "stupid"];
/// Intents of a message that are kept.
const KEPT: usize = 3;

impl IntentReader {
    /// `meaning` says what labels stand for that are not names of ours.
    pub fn new(head: Arc<Head>, meaning: &BTreeMap<String, Intent>) -> Result<Self, UnknownLabel> {
        let of = |label: &String| match meaning.get(label).copied().or_else(|| Intent::parse(label)) {
            Some(intent) => Ok((label.clone(), intent)),
            None => Err(UnknownLabel(label.clone())),
        };
        Ok(Self { meaning: head.labels.iter().map(of).collect::<Result<_, _>>()?, head })
    }

    /// What it was made of, to be made again elsewhere.
    pub fn parts(&self) -> (&Head, &BTreeMap<String, Intent>) {
        (&self.head, &self.meaning)
    }

    /// Whether a question holds nothing but what everybody says who comes for this: then the plain answer is one.
    pub fn is_plain(&self, question: &str, intent: Intent) -> bool {
        let of = |label: &str| self.head.vocabulary.get(label);
        let labels = self.meaning.iter().filter(|(_, meaning)| **meaning == intent).map(|(label, _)| label.as_str());
        let known: Vec<&BTreeSet<String>> = labels.chain([""]).filter_map(of).collect();
        let near = |stem: &str| {
            // A slip of the finger makes no new subject, and neither does swearing.
            let most = stem.len() / 4;
            let slips = |k: &String| k.len() >= 4 && strsim::damerau_levenshtein(stem, k) <= most.min(2);
            SWEARING.contains(&stem) || known.iter().any(|words| words.contains(stem) || words.iter().any(slips))
        };
        content_stems(question).iter().all(|stem| !stem.chars().any(|c| c.is_ascii_digit()) && near(stem))
    }

    /// Whether a stem stands in any label: a word that customers of all shops use.
    pub fn knows(&self, stem: &str) -> bool {
        self.head.vocabulary.values().any(|words| words.contains(stem))
    }

    /// The likeliest first; labels with one meaning are added up.
    pub fn read(&self, of: &Embedding) -> Vec<Sure> {
        let mut sums: BTreeMap<Intent, f32> = BTreeMap::new();
        for guess in self.head.guess(of) {
            if let Some(intent) = self.meaning.get(guess.label) {
                *sums.entry(*intent).or_default() += guess.probability;
            }
        }
        let mut all: Vec<Sure> = sums.into_iter().map(|(intent, probability)| Sure { intent, probability }).collect();
        all.sort_by(|a, b| b.probability.total_cmp(&a.probability).then(a.intent.cmp(&b.intent)));
        all
    }
}

impl Understanding {
    /// What can be told without a model.
    pub fn of_words(turn: &Turn) -> Self {
        Self {
            language: language::language(&turn.text),
            mood: Mood::of(turn),
            repeats: conversation::repeats(turn),
            goes_on: conversation::goes_on(turn),
            ..Self::default()
        }
    }

    /// Adds what the head says of `text`: the message, or the request that it goes on with.
    pub async fn read(&mut self, reader: &IntentReader, embedder: &dyn Embedder, text: &str, whole: &Embedding) {
        self.intents = reader.read(whole);
        self.intents.truncate(KEPT);
        let parts: Vec<&str> = sentences(text).into_iter().filter(|s| s.split_whitespace().count() >= 3).collect();
        if !(2..=SENTENCES).contains(&parts.len()) {
            return;
        }
        for part in parts {
            // A part that cannot be read is none: the whole has been.
            let Ok(vector) = embedder.embed_query(part).await else { continue };
            let best = reader.read(&vector).first().copied();
            self.parts.extend(best.filter(|best| best.probability >= PART));
        }
    }

    /// Adds what `text` names, and what it tells of where the customer stands. After [`Self::read`], whose intents count.
    pub fn name(&mut self, text: &str, by: &Reading<'_>) {
        self.entities = Entities::read(text, by);
        self.stage = Stage::of_words(text, &self.intents);
    }

    /// What it is about, if anything is.
    pub fn intent(&self) -> Option<Sure> {
        self.intents.first().copied()
    }

    /// How probable a family is, all its intents together.
    pub fn probability_of(&self, family: Family) -> f32 {
        self.intents.iter().filter(|s| s.intent.family() == family).map(|s| s.probability).sum()
    }
}
