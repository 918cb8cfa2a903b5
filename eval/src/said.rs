//! What came back for one message, whoever said it: the engine, or a peer that is scored beside it. A line of the
//! results is made from this and from nothing else, so both are judged alike.

use crate::facts::{is_unsupported, is_unsupported_by_record};
use crate::line::{Cited, DroppedSentence, HandedOver, PeerReply, Tokens};
use crate::pack::Action;
use crate::unit::Unit;
use crate::variant::Variants;
use crate::verdict::Response;
use async_trait::async_trait;
use engine::answer::{EngineError, Timings};
use engine::handoff::HandoffCase;
use engine::reply::Offer;
use engine::{Citation, DocId, Outcome, Passage, Reply, Signals, Turn};

/// How many documents of a search are written.
const SHOWN: usize = 5;

/// Who answers.
#[async_trait]
pub trait Answers: Send + Sync {
    /// The reply to `turn`, which is the unit's own or a later one of its conversation. Only what prevents a run from
    /// going on at all is an error.
    async fn say(&self, unit: &Unit, turn: &Turn) -> Result<Said, SayError>;
}

/// Classified by who failed.
#[derive(Debug, thiserror::Error)]
pub enum SayError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Retrieval(#[from] engine::answer::Failure),
    #[error("the endpoint: {0}")]
    Peer(String),
}

#[async_trait]
impl Answers for Variants {
    async fn say(&self, unit: &Unit, turn: &Turn) -> Result<Said, SayError> {
        let (engine, asker) = self.of(unit);
        Ok(Said::by_engine(turn, unit.customer.is_some(), &engine.answer(&asker, turn, &|_| ()).await?))
    }
}

#[derive(Clone, Debug)]
pub struct Said {
    pub action: Action,
    /// What the customer reads.
    pub text: String,
    pub citations: Vec<Cited>,
    /// The case that a person sees, where there is one.
    pub handoff: Option<HandedOver>,
    pub sentences: usize,
    /// Sentences that do not stand in what they cite.
    pub unsupported: usize,
    /// The system's own probability that it can answer.
    pub probability: Option<f64>,
    /// What spoke for and against an answer from the pages.
    pub signals: Option<Signals>,
    pub retrieved: Vec<DocId>,
    pub draft: Option<String>,
    pub dropped: Vec<DroppedSentence>,
    pub tokens: Option<Tokens>,
    pub cached_tokens: Option<usize>,
    /// How a peer's text was read; `None` for the engine, whose action is a type.
    pub peer: Option<PeerReply>,
    pub timings: Timings,
}

impl Said {
    /// Nothing but an action and its words.
    pub fn plain(action: Action, text: impl Into<String>) -> Self {
        Self {
            action,
            text: text.into(),
            citations: Vec::new(),
            handoff: None,
            sentences: 0,
            unsupported: 0,
            probability: None,
            signals: None,
            retrieved: Vec::new(),
            draft: None,
            dropped: Vec::new(),
            tokens: None,
            cached_tokens: None,
            peer: None,
            timings: Timings::default(),
        }
    }

    pub fn by_engine(turn: &Turn, known_customer: bool, outcome: &Outcome) -> Self {
        let Outcome { reply, trace } = outcome;
        let (sentences, unsupported) = support(reply, &trace.passages);
        let (text, handoff) = match reply {
            Reply::Answer(answer) | Reply::Offer(Offer { answer, .. }) => (answer.text(), None),
            Reply::Clarify(clarify) => (clarify.message.clone(), None),
            Reply::NeedsIdentity(identity) => (identity.message.clone(), None),
            Reply::Handoff(handoff) => {
                (handoff.message.clone(), Some(handed_over(turn, known_customer, &handoff.case)))
            }
        };
        let citations = match reply {
            Reply::Answer(answer) | Reply::Offer(Offer { answer, .. }) => {
                answer.citations().iter().map(|c| Cited { doc: c.doc.clone(), quote: c.quote.clone() }).collect()
            }
            Reply::Clarify(_) | Reply::NeedsIdentity(_) | Reply::Handoff(_) => Vec::new(),
        };
        let dropped =
            trace.dropped.iter().map(|d| DroppedSentence { sentence: d.sentence.clone(), reason: d.reason.clone() });
        let generated = trace.generated.as_ref();
        Self {
            citations,
            handoff,
            sentences,
            unsupported,
            // A probability of exactly 0 is that of a search that was not weighed.
            probability: (!trace.units.is_empty()).then(|| f64::from(trace.coverage.probability)),
            signals: trace.signals.clone(),
            retrieved: documents(&trace.passages),
            draft: trace.draft.clone(),
            dropped: dropped.collect(),
            tokens: generated.map(|g| Tokens { prompt: g.prompt_tokens, generated: g.generated_tokens }),
            cached_tokens: generated.map(|g| g.cached_tokens),
            timings: trace.timings,
            ..Self::plain(action(reply), text)
        }
    }

    /// As far as it is judged.
    pub(crate) fn response(&self) -> Response {
        match self.action {
            Action::Answer | Action::Offer => Response::Answer {
                text: self.text.clone(),
                cited: self.citations.iter().map(|cited| cited.doc.clone()).collect(),
            },
            action @ (Action::Clarify | Action::NeedsIdentity | Action::Handoff) => Response::Asked { action },
        }
    }

    /// The endpoint gave no reply.
    pub fn failed(&self) -> bool {
        self.peer.as_ref().is_some_and(|peer| peer.failed.is_some())
    }
}

/// An offer is told from a plain answer here only: what is stated is judged alike.
fn action(reply: &Reply) -> Action {
    if matches!(reply, Reply::Offer(_)) { Action::Offer } else { Response::from(reply).action() }
}

/// The first documents of a search, each once.
pub(crate) fn documents(passages: &[Passage]) -> Vec<DocId> {
    let mut documents: Vec<DocId> = Vec::new();
    for passage in passages {
        if documents.len() < SHOWN && !documents.contains(&passage.doc) {
            documents.push(passage.doc.clone());
        }
    }
    documents
}

/// Sentences of an answer, and how many of them do not stand in the passages that they cite.
fn support(reply: &Reply, passages: &[Passage]) -> (usize, usize) {
    let Some(answer) = reply.answered() else { return (0, 0) };
    let sources = |numbers: &[usize]| -> Vec<String> {
        let cited = answer.citations().iter().filter(|citation| numbers.contains(&citation.number));
        let source = |citation: &Citation| match passages.iter().find(|passage| passage.id == citation.passage) {
            Some(passage) => passage.in_context(),
            // A live fact has no passage; its quote is all there is.
            None => format!("{} {}", citation.title, citation.quote),
        };
        cited.map(source).collect()
    };
    let bad = |sentence: &&engine::reply::Sentence| {
        let cited = answer.citations().iter().filter(|citation| sentence.cites.contains(&citation.number));
        let live = cited.clone().count() > 0 && cited.clone().all(|citation| citation.read_at.is_some());
        let sources = sources(&sentence.cites);
        let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
        if live { is_unsupported_by_record(&sentence.text, &sources) } else { is_unsupported(&sentence.text, &sources) }
    };
    (answer.sentences().len(), answer.sentences().iter().filter(bad).count())
}

fn handed_over(turn: &Turn, known_customer: bool, case: &HandoffCase) -> HandedOver {
    let missing = crate::handover::missing(turn, known_customer, case);
    HandedOver { reason: case.reason, evidence: case.evidence.clone(), complete: missing.is_empty(), missing }
}
