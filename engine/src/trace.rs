//! How a reply came about.

use crate::approved::Matched;
use crate::check::Dropped;
use crate::check::weigh::Weighed;
use crate::decide::{Signals, Threshold};
use crate::evidence::{DocId, Evidence, Passage, PassageId, SourceKind};
use crate::live::LiveQuestion;
use crate::package::Reads;
use crate::policy::Ruled;
use crate::ports::Generated;
use crate::prompt::Prompt;
use crate::reply::Answer;
use crate::select::{Coverage, Features, Scored};
use crate::understand::Understanding;
use serde::Serialize;

/// What happened on the way, for `--explain`, for the eval and for whoever asks why. Holds customer text: never logged.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Trace {
    pub passages: Vec<Passage>,
    /// The pages were searched, whether or not anything was found.
    pub searched: bool,
    pub prompt: Option<Prompt>,
    pub draft: Option<String>,
    pub dropped: Vec<Dropped>,
    /// Sentences of the generator's that stood and were weighed against their passage.
    pub weighed: Vec<Weighed>,
    /// The sentences that matter most to the question, best first.
    pub units: Vec<UnitTrace>,
    pub generated: Option<Generated>,
    /// The answer is made of sentences of the sources, not of the generator's.
    pub extractive: bool,
    /// Whether the evidence covers the question, and what says so.
    pub coverage: Coverage,
    /// The store's own answer that fits best, whether it was said or not.
    pub approved: Option<Matched>,
    /// What the message was understood to be about.
    pub understanding: Understanding,
    /// The rule of the store's policy that it fell under.
    pub ruled: Option<Ruled>,
    /// What speaks for and against an answer from the pages; absent where it did not come to that.
    pub signals: Option<Signals>,
    /// How sure one had to be to answer from the pages, and what a mistake costs; absent where it did not come to that.
    pub threshold: Option<Threshold>,
    /// What was asked of live data.
    pub live: Option<LiveQuestion>,
    /// What the shop said; for the package of a handoff, and never written out.
    #[serde(skip)]
    pub reads: Reads,
    pub timings: Timings,
}

impl Trace {
    /// Whether something of an answer was once said to another customer, and stands on no page.
    pub(crate) fn rests_on_conversations(&self, answer: &Answer) -> bool {
        let told =
            |passage: &PassageId| self.passages.iter().any(|p| p.id == *passage && p.kind == SourceKind::Conversation);
        answer.citations().iter().any(|citation| told(&citation.passage))
    }
}

/// A unit of the evidence, and what speaks for it.
#[derive(Clone, Debug, Serialize)]
pub struct UnitTrace {
    pub doc: DocId,
    pub text: String,
    pub total: f32,
    pub features: Features,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Timings {
    /// What the message is about, and which rule it falls under.
    pub understand_ms: f64,
    /// Orders and products, the look-up included.
    pub live_ms: f64,
    pub embed_ms: f64,
    pub search_ms: f64,
    pub rerank_ms: f64,
    pub select_ms: f64,
    pub draft_ms: f64,
    /// Until the first sentence was released.
    pub first_sentence_ms: Option<f64>,
    pub total_ms: f64,
}

impl UnitTrace {
    pub(crate) fn new(scored: &Scored, evidence: &Evidence) -> Self {
        Self {
            doc: evidence.passages()[scored.unit.passage].doc.clone(),
            text: scored.unit.text.clone(),
            total: scored.total,
            features: scored.features,
        }
    }
}
