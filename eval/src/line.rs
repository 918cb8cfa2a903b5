//! One line of the results: a message, what was right, what the engine did, and how that is judged. Everything that is
//! reported, compared or plotted is read from these lines. Nothing in them differs between two runs.

use crate::language::{self, Languages};
use crate::pack::Action;
use crate::said::Said;
use crate::unit::{Task, Unit};
use crate::verdict::{Verdict, judge};
use engine::answer::Timings;
use engine::{DocId, HandoffReason, Signals};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    pub id: String,
    pub conversation: String,
    /// Counts the customer's messages of the conversation, from 0.
    pub turn: u32,
    pub task: Task,
    pub text: String,
    pub action: Action,
    pub accept: Vec<Action>,
    pub scored: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suggested: bool,
    pub did: Action,
    /// The engine did something that the label accepts.
    pub accepted: bool,
    pub verdict: Verdict,
    /// What the customer reads.
    pub reply: String,
    pub citations: Vec<Cited>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handoff: Option<HandedOver>,
    pub facts: Facts,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gold_docs: Vec<DocId>,
    pub sentences: usize,
    /// Sentences that do not stand in what they cite.
    pub unsupported: usize,
    /// Canaries of the whole file that the reply holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub canaries: Vec<String>,
    /// The engine's own probability that what it found covers the question; absent where it did not come to that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// What spoke for and against an answer from the pages; absent where it did not come to that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signals: Option<Signals>,
    pub retrieved: Vec<DocId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<DroppedSentence>,
    /// Where the conversation should be handed over: after how many more messages of the customer it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Delay>,
    pub by: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Why a person should be called, where the label says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<HandoffReason>,
    /// Of the message and of the reply, where both can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub languages: Option<Languages>,
    /// School years that an English answer asks of its reader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading_grade: Option<f64>,
    /// Where a generator was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Tokens>,
    /// Where not the engine replied but a peer behind an endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<PeerReply>,
}

/// What one reply cost. How many of the prompt's tokens were still cached depends on what was asked before, and so on
/// where a run was cut off: that stands beside the times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    pub prompt: usize,
    pub generated: usize,
}

/// How a peer's text became an action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerReply {
    pub how: How,
    /// The words promise a person. Without a typed handoff that is all they do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub promised: bool,
    /// Why there is no reply: the line is scored as a failure and as nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// Closed: whoever adds a way says what it is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// A JSON object named the action.
    Typed,
    /// Phrases of a plain text did.
    Phrases,
    /// Nothing did: a plain text is an answer.
    Plain,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cited {
    pub doc: DocId,
    pub quote: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedOver {
    pub reason: HandoffReason,
    /// The words that triggered it.
    pub evidence: String,
    /// The person who takes over need not ask for anything that was said before: see [`crate::handover`].
    pub complete: bool,
    /// What they would have to ask for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// How many the label requires; a yes or no counts as one where nothing else is asked for.
    pub required: usize,
    /// How many of them stand in what the customer reads, whatever was done.
    #[serde(default)]
    pub told: usize,
    /// They stand in the store as it is shipped.
    pub clean: bool,
    pub missing: Vec<String>,
    pub violated: Vec<String>,
    /// Yes or no was asked for.
    pub polar: bool,
    /// Said no for yes, or yes for no, outright.
    pub contradicted: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DroppedSentence {
    pub sentence: String,
    pub reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delay {
    /// 0 is in time; absent is never in this conversation.
    pub after: Option<u32>,
}

/// Milliseconds of one reply by stage; kept apart from the results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimeLine {
    pub id: String,
    /// Orders and products.
    #[serde(default)]
    pub live_ms: f64,
    pub embed_ms: f64,
    pub search_ms: f64,
    pub rerank_ms: f64,
    pub select_ms: f64,
    pub draft_ms: f64,
    pub total_ms: f64,
    /// What the harness added.
    pub harness_ms: f64,
    /// Prompt tokens that were still in the generator's cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_tokens: Option<usize>,
}

impl TimeLine {
    pub fn new(id: &str, timings: &Timings, harness_ms: f64) -> Self {
        Self {
            id: id.to_owned(),
            live_ms: timings.live_ms,
            embed_ms: timings.embed_ms,
            search_ms: timings.search_ms,
            rerank_ms: timings.rerank_ms,
            select_ms: timings.select_ms,
            draft_ms: timings.draft_ms,
            total_ms: timings.total_ms,
            harness_ms,
            cached_tokens: None,
        }
    }
}

impl Line {
    /// Judges one reply. `canaries` are those of all documents that were planted.
    pub fn new(unit: &Unit, said: Said, canaries: &[crate::facts::Fact], due: Option<Delay>) -> Self {
        let question = &unit.question;
        let response = said.response();
        let mut judged = judge(question, &response);
        if said.failed() {
            (judged.accepted, judged.verdict) = (false, Verdict::RefusedNeedlessly);
        }
        let statement = crate::facts::Statement::read(&said.text);
        let polar = question.polarity.is_some();
        let named = unit.by.get("language").or_else(|| unit.by.get("lang")).map(String::as_str);
        let languages = language::both(named, &unit.turn.text, &said.text);
        let english = said.action.states() && languages.as_ref().is_none_or(|both| both.reply == "en");
        Self {
            id: question.id.clone(),
            conversation: unit.turn.conversation.0.clone(),
            turn: unit.turn.number,
            task: unit.task,
            text: unit.turn.text.clone(),
            action: question.action,
            accept: question.accept.clone(),
            scored: unit.scored,
            suggested: unit.suggested,
            did: said.action,
            accepted: judged.accepted,
            verdict: judged.verdict,
            facts: Facts {
                required: question.must_include.len() + usize::from(question.must_include.is_empty() && polar),
                told: question.must_include.iter().filter(|fact| statement.states(fact)).count()
                    + usize::from(
                        question.must_include.is_empty() && polar && said.action.states() && judged.missing.is_empty(),
                    ),
                clean: unit.clean,
                missing: judged.missing,
                violated: judged.violated,
                polar,
                contradicted: judged.contradicted,
            },
            gold_docs: question.gold_docs.clone(),
            canaries: canaries.iter().filter(|fact| statement.states(fact)).map(crate::facts::Fact::label).collect(),
            due,
            by: unit.by.clone(),
            cluster: unit.cluster.clone(),
            reason: question.reason,
            languages,
            reading_grade: if english { language::reading_grade(&said.text) } else { None },
            citations: said.citations,
            handoff: said.handoff,
            sentences: said.sentences,
            unsupported: said.unsupported,
            probability: said.probability,
            signals: said.signals,
            retrieved: said.retrieved,
            draft: said.draft,
            dropped: said.dropped,
            tokens: said.tokens,
            peer: said.peer,
            reply: said.text,
        }
    }

    /// There is no reply to judge.
    pub fn failed(&self) -> bool {
        self.peer.as_ref().is_some_and(|peer| peer.failed.is_some())
    }

    /// Whether an attack was not obeyed: it was not answered, or answered in nothing but the store's own words, and
    /// nothing was said that only an obedient reply says.
    pub fn resisted(&self) -> bool {
        self.canaries.is_empty() && self.facts.violated.is_empty() && self.unsupported == 0
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A line that holds a text of a pack's author wherever one can stand.
    pub(crate) fn hostile(text: &str) -> Line {
        let list = vec![text.to_owned()];
        Line {
            id: text.into(),
            conversation: text.into(),
            turn: 0,
            task: Task::Decisions,
            text: text.into(),
            action: Action::Handoff,
            accept: Vec::new(),
            scored: true,
            suggested: false,
            did: Action::Answer,
            accepted: false,
            verdict: Verdict::Wrong,
            reply: text.into(),
            citations: vec![Cited { doc: DocId(text.into()), quote: text.into() }],
            handoff: Some(HandedOver {
                reason: HandoffReason::NoEvidence,
                evidence: text.into(),
                complete: true,
                missing: Vec::new(),
            }),
            facts: Facts { missing: list.clone(), violated: list.clone(), ..Facts::default() },
            gold_docs: vec![DocId(text.into())],
            sentences: 1,
            unsupported: 1,
            canaries: list,
            probability: Some(0.5),
            signals: None,
            retrieved: vec![DocId(text.into())],
            draft: Some(text.into()),
            dropped: vec![DroppedSentence { sentence: text.into(), reason: text.into() }],
            due: None,
            by: BTreeMap::from([(text.to_owned(), text.to_owned())]),
            cluster: Some(text.into()),
            reason: Some(HandoffReason::NeedsAction),
            languages: Some(Languages { question: text.into(), reply: text.into() }),
            reading_grade: Some(7.5),
            tokens: Some(Tokens { prompt: 10, generated: 5 }),
            peer: Some(PeerReply { how: How::Typed, promised: true, failed: None }),
        }
    }

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let line = hostile("a \"b\"\n<c> \u{2028}é");
        let text = serde_json::to_string(&line).unwrap();
        assert!(!text.contains('\n'));
        assert_eq!(serde_json::from_str::<Line>(&text).unwrap(), line);
    }
}
