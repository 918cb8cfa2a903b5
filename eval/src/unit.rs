//! What is asked, one message at a time: the records of every kind of file, as the engine will meet them.

use crate::pack::records::{
    Attack, Decision, Expected, Place, PoisonedDoc, Transcript, Utterance, action, attacks, decisions, poisoned_docs,
    transcripts, utterances,
};
use crate::pack::{Action, Kind, PackError, PackFile, Query, Question, questions};
use engine::identity::Email;
use engine::{DocId, Message, Speaker, Turn};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What a message is asked for. Closed: each decides which metrics look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    Questions,
    Qa,
    Decisions,
    Replay,
    Intents,
    OutOfScope,
    Attacks,
    Benign,
    Poisoned,
}

impl Task {
    pub fn name(self) -> &'static str {
        match self {
            Self::Questions => "questions",
            Self::Qa => "qa",
            Self::Decisions => "decisions",
            Self::Replay => "replay",
            Self::Intents => "intents",
            Self::OutOfScope => "out_of_scope",
            Self::Attacks => "attacks",
            Self::Benign => "benign",
            Self::Poisoned => "poisoned",
        }
    }

    /// What is run on a file of this kind; `None` where nothing is asked.
    pub fn of(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Questions => Some(Self::Questions),
            Kind::Queries => Some(Self::Qa),
            Kind::Decisions => Some(Self::Decisions),
            Kind::Transcripts => Some(Self::Replay),
            Kind::Intents => Some(Self::Intents),
            Kind::OutOfScope => Some(Self::OutOfScope),
            Kind::Attacks => Some(Self::Attacks),
            Kind::Benign => Some(Self::Benign),
            Kind::PoisonedDocs => Some(Self::Poisoned),
            Kind::Corpus | Kind::Conversations | Kind::Tasks | Kind::Unknown => None,
        }
    }
}

/// One message, and what is right.
#[derive(Clone, Debug)]
pub struct Unit {
    pub task: Task,
    pub question: Question,
    pub turn: Turn,
    /// Who asks, where the conversation tells.
    pub customer: Option<Email>,
    /// Documents that this message must not be answered from.
    pub without: BTreeSet<DocId>,
    /// When it was asked.
    pub at: Option<Timestamp>,
    /// The decision is part of the scores; of an independent question that follows a handoff only the facts are.
    pub scored: bool,
    /// A rule suggested the label; no person has confirmed it.
    pub suggested: bool,
    /// The required facts stand in the store as it is shipped.
    pub clean: bool,
    /// The conversation should be handed over here at the latest; what the customer says next tells the delay.
    pub due: Option<Vec<Turn>>,
    /// By what the scores are sliced.
    pub by: BTreeMap<String, String>,
    /// Units with the same value are drawn together.
    pub cluster: Option<String>,
}

/// Fields of a record that the scores are sliced by.
const SLICES: [&str; 12] = [
    "intent", "need", "category", "channel", "language", "lang", "segment", "kind", "noisy", "flow", "label", "source",
];

/// What the loader of units is told besides the file.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Field to cluster by, such as `source.task`.
    pub cluster: Option<String>,
    /// Past conversations by the customer who had them.
    pub past: BTreeMap<String, BTreeSet<DocId>>,
    /// Messages are asked as the customer, so that nothing needs to ask who it is.
    pub signed_in: bool,
}

/// The units of a file, in its order. `queries` are those of a file of questions with gold answers.
pub fn units(file: &PackFile, task: Task, queries: &[Query], reading: &Reading) -> Result<Vec<Unit>, PackError> {
    let path: &Path = &file.path;
    let by = reading;
    Ok(match task {
        Task::Questions => {
            questions(path)?.into_iter().map(|question| asked(task, question, &Map::new(), by)).collect()
        }
        Task::Qa => {
            let fields: BTreeMap<&str, &Map<String, Value>> =
                queries.iter().map(|q| (q.id.as_str(), &q.rest)).collect();
            let none = Map::new();
            let checkable = crate::pack::checkable(queries).into_iter();
            checkable
                .map(|question| {
                    let rest = fields.get(question.id.as_str()).copied().unwrap_or(&none);
                    asked(task, question, rest, by)
                })
                .collect()
        }
        Task::Decisions => decisions(path)?.iter().map(|record| decision(record, by)).collect(),
        Task::Intents | Task::OutOfScope => {
            utterances(path)?.iter().map(|record| utterance(task, record, by)).collect()
        }
        Task::Attacks | Task::Benign => {
            let records = attacks(path)?;
            // A file of attacks may hold harmless messages, too; each counts where it belongs.
            let direct = records.iter().filter(|record| record.place == Place::CustomerTurn);
            direct.map(|record| attack(task, record, by)).collect()
        }
        Task::Poisoned => poisoned_docs(path)?.iter().map(|record| poisoned(record, by)).collect(),
        Task::Replay => transcripts(path)?.iter().flat_map(|record| replay(record, by)).collect(),
    })
}

fn plain(id: &str, text: &str, action: Action, accept: Vec<Action>) -> Question {
    Question {
        id: id.to_owned(),
        text: text.to_owned(),
        action,
        accept,
        must_include: Vec::new(),
        must_not_include: Vec::new(),
        polarity: None,
        gold_docs: Vec::new(),
        tags: Vec::new(),
        country: None,
        reason: None,
        paraphrases: Vec::new(),
        note: None,
    }
}

/// A message in a conversation of its own.
fn asked(task: Task, question: Question, rest: &Map<String, Value>, reading: &Reading) -> Unit {
    let mut turn = Turn::single(format!("eval-{}", question.id), question.text.clone());
    turn.country.clone_from(&question.country);
    Unit {
        task,
        turn,
        customer: None,
        without: BTreeSet::new(),
        at: None,
        scored: true,
        suggested: false,
        clean: true,
        due: None,
        by: slices(rest),
        cluster: reading.cluster.as_deref().and_then(|field| text_at(rest, field)),
        question,
    }
}

/// A message of which nobody said what is right: whatever is done counts as it is.
pub(crate) fn unlabelled(id: &str, text: &str) -> Unit {
    let anything = Action::ALL.to_vec();
    let question = plain(id, text, Action::Answer, anything);
    Unit { scored: false, ..asked(Task::Questions, question, &Map::new(), &Reading::default()) }
}

fn decision(record: &Decision, reading: &Reading) -> Unit {
    let mut question = plain(&record.id, &record.text, record.action, record.accept.clone());
    question.reason = record.reason;
    question.paraphrases.clone_from(&record.paraphrases);
    asked(Task::Decisions, question, &record.rest, reading)
}

fn utterance(task: Task, record: &Utterance, reading: &Reading) -> Unit {
    let said = record.expected_action.as_deref().and_then(action);
    let (best, accept) = match (said, record.suggested_action) {
        (Some(action), _) | (None, Some(action)) => (action, Vec::new()),
        (None, None) => (Action::Handoff, vec![Action::Clarify]),
    };
    let mut unit = asked(task, plain(&record.id, &record.text, best, accept), &record.rest, reading);
    unit.question.paraphrases.clone_from(&record.paraphrases);
    unit.suggested = record.expected_action.is_none() && record.suggested_action.is_some();
    unit.scored = record.expected_action.is_some() || record.suggested_action.is_some();
    if let Some(intent) = &record.intent {
        unit.by.insert("intent".into(), intent.clone());
    }
    unit
}

/// Any reply is right that does not obey, so the decision itself is not scored.
fn attack(task: Task, record: &Attack, reading: &Reading) -> Unit {
    let anything = vec![Action::Answer, Action::Clarify, Action::NeedsIdentity];
    let mut question = plain(&record.id, &record.text, Action::Handoff, anything);
    question.must_not_include.clone_from(&record.must_not_include);
    Unit { scored: false, ..asked(task, question, &record.rest, reading) }
}

fn poisoned(record: &PoisonedDoc, reading: &Reading) -> Unit {
    let anything = vec![Action::Answer, Action::Clarify, Action::NeedsIdentity];
    let mut question = plain(&record.id, &record.query, Action::Handoff, anything);
    question.must_not_include.clone_from(&record.must_not_include);
    Unit { scored: false, ..asked(Task::Poisoned, question, &record.rest, reading) }
}

/// The judged turns of a conversation, each with what was really said before it.
pub(crate) fn replay<'a>(record: &'a Transcript, reading: &'a Reading) -> impl Iterator<Item = Unit> + 'a {
    let due = record.expected.iter().find(|e| e.action == Action::Handoff && !e.after_handoff).map(|e| e.turn);
    let identify = |expected: &Expected| expected.need.as_deref() == Some("identify");
    let judged = record.expected.iter().filter(move |expected| !(reading.signed_in && identify(expected)));
    judged.map(move |expected| {
        let turn = turn_of(record, expected.turn);
        let id = format!("{}#{}", record.id, expected.turn);
        let mut question = plain(&id, &turn.text, expected.action, expected.accept.clone());
        question.must_include.clone_from(&expected.must_include);
        question.must_not_include.clone_from(&expected.must_not_include);
        question.gold_docs.clone_from(&expected.gold_docs);
        question.reason = expected.reason;
        question.paraphrases.clone_from(&expected.paraphrases);
        let mut unit = asked(Task::Replay, question, &record.rest, reading);
        for (name, value) in [("need", expected.need.clone()), ("intent", expected.intent.as_ref().and_then(label))] {
            unit.by.extend(value.map(|value| (name.to_owned(), value)));
        }
        let own = |id: &String| reading.past.get(id).cloned().unwrap_or_default();
        let later =
            |at: usize| record.turns[at + 1..].iter().enumerate().map(move |(after, turn)| (at + 1 + after, turn));
        Unit {
            turn,
            customer: record.customer.email.clone(),
            // What the customer asked before, and this very conversation where the store keeps it.
            without: {
                let mut without = record.customer.id.as_ref().map(own).unwrap_or_default();
                without.insert(DocId(record.id.clone()));
                without
            },
            at: record.at,
            scored: !expected.after_handoff,
            suggested: expected.suggested,
            clean: expected.fact_source.as_deref() != Some("computed") && !expected.state_changed,
            due: (due == Some(expected.turn)).then(|| {
                let customers = later(expected.turn).filter(|(_, turn)| turn.role == Speaker::Customer);
                customers.map(|(at, _)| turn_of(record, at)).collect()
            }),
            cluster: reading.cluster.as_deref().map_or_else(
                || text_at(&record.rest, "source.task").or_else(|| Some(record.id.clone())),
                |field| text_at(&record.rest, field),
            ),
            ..unit
        }
    })
}

/// A message of a conversation, with what was really said before it.
pub(crate) fn turn_of(record: &Transcript, at: usize) -> Turn {
    let history: Vec<Message> = record.turns[..at].to_vec();
    let number = history.iter().filter(|message| message.role == Speaker::Customer).count();
    Turn {
        number: u32::try_from(number).unwrap_or(u32::MAX),
        history,
        ..Turn::single(format!("eval-{}", record.id), record.turns[at].text.clone())
    }
}

fn slices(rest: &Map<String, Value>) -> BTreeMap<String, String> {
    let named = SLICES.iter().filter_map(|name| Some(((*name).to_owned(), label(rest.get(*name)?)?)));
    named.collect()
}

/// A value as a label; lists are joined, objects are none.
fn label(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(items) => Some(items.iter().filter_map(label).collect::<Vec<_>>().join("+")),
        Value::Null | Value::Object(_) => None,
    }
}

/// The text at a path such as `source.task`.
fn text_at(rest: &Map<String, Value>, path: &str) -> Option<String> {
    let mut parts = path.split('.');
    let first = rest.get(parts.next()?)?;
    label(parts.try_fold(first, |value, part| value.get(part))?)
}
