//! What speaks for and against an answer, as named numbers in a fixed order.

use crate::evidence::{Evidence, SourceKind};
use crate::reply::Answer;
use crate::select::{Asked, Coverage, Question, Scored};
use crate::text::content_stems;
use crate::understand::Understanding;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

/// When a signal is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Before anything is drafted: what may keep a generator from being asked.
    Evidence,
    /// After the draft was checked. A model that looks at these holds every sentence back until the draft is finished.
    Draft,
}

/// Ending of the name of the feature that is 1 where the signal is not known, and 0 where it is.
pub const UNKNOWN: &str = ":unknown";

macro_rules! signals {
    ($($(#[doc = $doc:literal])+ $signal:ident, $name:literal, $stage:ident;)+) => {
        /// One signal. Closed; a name never changes its meaning, because files of weights go by it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Signal { $($(#[doc = $doc])+ $signal,)+ }

        impl Signal {
            /// In the order in which they are stored.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$signal),+];

            pub fn name(self) -> &'static str {
                match self { $(Self::$signal => $name,)+ }
            }

            pub fn stage(self) -> Stage {
                match self { $(Self::$signal => Stage::$stage,)+ }
            }
        }
    };
}

signals! {
    /// Probability that the evidence covers the question, as the shipped weights have it.
    Coverage, "coverage", Evidence;
    /// Cosine of the question and the best unit with its context.
    Cosine, "cosine", Evidence;
    /// Cosine of the question and the nearest passage.
    PassageCosine, "passage_cosine", Evidence;
    /// BM25 of the passage with the most; unknown where the lexical search brought none of them.
    Lexical, "lexical", Evidence;
    /// What the reranker said of the best unit's passage; unknown where none ran.
    Rerank, "rerank", Evidence;
    /// What the best unit scores in all.
    Total, "total", Evidence;
    /// How much less the best unit of any other document scores; unknown where there is no other.
    Margin, "margin", Evidence;
    /// Other documents with a unit that scores nine tenths of the best: they agree, or they compete.
    Rivals, "rivals", Evidence;
    /// Weighted share of the question's words in the best unit with its context.
    Overlap, "overlap", Evidence;
    /// The same without the context.
    OwnOverlap, "own_overlap", Evidence;
    /// Share of the question's words that stand in no passage that was found.
    Absent, "absent", Evidence;
    /// Share of the question's words that stand in the best unit's passage.
    InPassage, "in_passage", Evidence;
    /// The kind of value that was asked for stands in the best unit, or nothing of a kind was asked for.
    KindMet, "kind_met", Evidence;
    /// A value of the question stands in the best unit or in a range of it.
    ValueMet, "value_met", Evidence;
    /// The best unit speaks of another country or product than the question.
    Elsewhere, "elsewhere", Evidence;
    /// Share of the best unit's page title that the question's words make up.
    Topic, "topic", Evidence;
    /// 1 / place of the best unit's passage among those that were found.
    Rank, "rank", Evidence;
    /// Words of the question that say something about its subject.
    Words, "words", Evidence;
    /// Those of them that the best unit, its context included, does not hold.
    Unmatched, "unmatched", Evidence;
    /// The question asks for no kind of value: not how long, how much, whether.
    AsksOpen, "asks_open", Evidence;
    /// It asks whether.
    AsksWhether, "asks_whether", Evidence;
    /// The best unit is of a product.
    FromProduct, "from_product", Evidence;
    /// The best unit is what an agent once said.
    FromConversation, "from_conversation", Evidence;
    /// How much surer the first intent is than the second; unknown without a head.
    IntentMargin, "intent_margin", Evidence;
    /// Of the message, -1 to 1.
    Sentiment, "sentiment", Evidence;
    /// How often the customer has asked the same before.
    Repeats, "repeats", Evidence;
    /// What the customer is worth to the store: the `value` of their segment, 1 without one; unknown where the shop was
    /// not asked who they are.
    CustomerValue, "customer_value", Evidence;
    /// A generator wrote the answer; otherwise it is sentences of the sources.
    Generated, "generated", Draft;
    /// Sentences of the draft that the check dropped.
    Dropped, "dropped", Draft;
    /// Sentences that stand.
    Sentences, "sentences", Draft;
    /// Share of the question's words in the answer.
    Said, "said", Draft;
}

impl Signal {
    /// The signal of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|signal| signal.name() == name)
    }
}

/// What is known of one answer. A signal that is not known counts as 0, and its feature `<name>:unknown` as 1, so that
/// a fit can tell "nothing" from "not looked at".
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Signals([Option<f64>; Signal::ALL.len()]);

/// How near to the best a unit of another document must be to count as a rival.
const RIVAL: f32 = 0.9;

impl Signals {
    /// A value that is no number stays unknown. Six decimals: what is kept in a file of results is what was weighed.
    pub fn set(&mut self, signal: Signal, value: f64) {
        self.0[signal as usize] = value.is_finite().then(|| (value * 1e6).round() / 1e6);
    }

    pub fn get(&self, signal: Signal) -> Option<f64> {
        self.0[signal as usize]
    }

    /// The value of a feature: a signal's, or whether it is unknown. `None` for a name that is neither.
    pub fn feature(&self, name: &str) -> Option<f64> {
        match name.strip_suffix(UNKNOWN) {
            Some(signal) => Signal::named(signal).map(|s| f64::from(u8::from(self.get(s).is_none()))),
            None => Signal::named(name).map(|s| self.get(s).unwrap_or(0.0)),
        }
    }

    /// The names of all features that are known at a stage, in a fixed order.
    pub fn features(stage: Stage) -> Vec<String> {
        let known = Signal::ALL.into_iter().filter(|signal| signal.stage() <= stage);
        known.flat_map(|signal| [signal.name().to_owned(), format!("{}{UNKNOWN}", signal.name())]).collect()
    }

    /// What the evidence tells. `ranked` is not empty.
    pub(crate) fn of_evidence(
        question: &Question,
        coverage: &Coverage,
        ranked: &[Scored],
        evidence: &Evidence,
    ) -> Self {
        let mut signals = Self::default();
        let Some(best) = ranked.first() else { return signals };
        let passages = evidence.passages();
        let doc = |scored: &Scored| &passages[scored.unit.passage].doc;
        let others = || ranked.iter().filter(|scored| doc(scored) != doc(best));
        let mut rivals: Vec<_> = others().take_while(|s| s.total >= best.total * RIVAL).map(doc).collect();
        rivals.sort();
        rivals.dedup();
        let unmatched = question.stems.iter().filter(|stem| !best.unit.stems.contains(*stem)).count();
        let yes = |is: bool| f64::from(u8::from(is));
        let passage = &passages[best.unit.passage];
        let lexical = passages.iter().filter_map(|p| p.scores.lexical).max_by(f32::total_cmp);
        let known = [
            (Signal::Coverage, f64::from(coverage.probability)),
            (Signal::Cosine, f64::from(coverage.cosine)),
            (Signal::PassageCosine, f64::from(coverage.passage_cosine)),
            (Signal::Total, f64::from(best.total)),
            (Signal::Rivals, rivals.len() as f64),
            (Signal::Overlap, f64::from(coverage.overlap)),
            (Signal::OwnOverlap, f64::from(best.features.own_overlap)),
            (Signal::Absent, f64::from(coverage.absent)),
            (Signal::InPassage, f64::from(coverage.in_passage)),
            (Signal::KindMet, f64::from(coverage.asked)),
            (Signal::ValueMet, f64::from(best.features.value)),
            (Signal::Elsewhere, f64::from(best.features.elsewhere)),
            (Signal::Topic, f64::from(best.features.topic)),
            (Signal::Rank, f64::from(best.features.rank)),
            (Signal::Words, question.stems.len() as f64),
            (Signal::Unmatched, unmatched as f64),
            (Signal::AsksOpen, yes(question.asked == Asked::Open)),
            (Signal::AsksWhether, yes(question.asked == Asked::YesNo)),
            (Signal::FromProduct, yes(passage.kind == SourceKind::Product)),
            (Signal::FromConversation, yes(passage.kind == SourceKind::Conversation)),
        ];
        known.into_iter().for_each(|(signal, value)| signals.set(signal, value));
        let sometimes = [
            (Signal::Lexical, lexical),
            (Signal::Rerank, passage.scores.rerank),
            (Signal::Margin, others().next().map(|next| best.total - next.total)),
        ];
        for (signal, value) in sometimes {
            if let Some(value) = value {
                signals.set(signal, f64::from(value));
            }
        }
        signals
    }

    /// What was understood of the message before any evidence was looked for.
    pub(crate) fn add_understanding(&mut self, understood: &Understanding) {
        let probability = |at: usize| understood.intents.get(at).map(|sure| f64::from(sure.probability));
        if let Some(first) = probability(0) {
            self.set(Signal::IntentMargin, first - probability(1).unwrap_or(0.0));
        }
        self.set(Signal::Sentiment, f64::from(understood.mood.now));
        self.set(Signal::Repeats, f64::from(understood.repeats));
    }

    /// What the finished draft tells besides.
    pub(crate) fn add_draft(&mut self, question: &Question, answer: &Answer, generated: bool, dropped: usize) {
        let said = content_stems(&answer.text());
        let held = question.stems.iter().filter(|stem| said.contains(stem)).count();
        self.set(Signal::Generated, f64::from(u8::from(generated)));
        self.set(Signal::Dropped, dropped as f64);
        self.set(Signal::Sentences, answer.sentences().len() as f64);
        self.set(Signal::Said, held as f64 / question.stems.len().max(1) as f64);
    }
}

/// An object of the signals that are known.
impl Serialize for Signals {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let known = Signal::ALL.into_iter().filter_map(|signal| Some((signal.name(), self.get(signal)?)));
        serializer.collect_map(known)
    }
}

impl<'de> Deserialize<'de> for Signals {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut signals = Self::default();
        for (name, value) in BTreeMap::<String, f64>::deserialize(deserializer)? {
            let signal = Signal::named(&name).ok_or_else(|| D::Error::custom(format!("'{name}' is no signal")))?;
            signals.set(signal, value);
        }
        Ok(signals)
    }
}
