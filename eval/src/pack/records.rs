//! The records of the kinds that are asked. Unknown fields are the author's own; those that name an intent, a channel
//! and the like become slices of the scores.

use super::lines::{problem, read_lines, unique};
use super::{Action, PackError};
use crate::facts::Fact;
use engine::identity::Email;
use engine::{DocId, HandoffReason, Message};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::path::Path;

/// What to do with a message.
#[derive(Clone, Debug, Deserialize)]
pub struct Decision {
    pub id: String,
    pub text: String,
    pub action: Action,
    /// `action` alone where absent.
    #[serde(default)]
    pub accept: Vec<Action>,
    /// Why a person should be called, where one should.
    pub reason: Option<HandoffReason>,
    /// The same message in other words, by a person.
    #[serde(default)]
    pub paraphrases: Vec<String>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A message with an intent, or one that the store cannot answer.
#[derive(Clone, Debug, Deserialize)]
pub struct Utterance {
    pub id: String,
    pub text: String,
    pub intent: Option<String>,
    /// What a person said should be done: an action, or `decline_or_clarify`.
    pub expected_action: Option<String>,
    /// What a rule said.
    pub suggested_action: Option<Action>,
    /// The same message in other words, by a person.
    #[serde(default)]
    pub paraphrases: Vec<String>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A message that tries to instruct the engine, or a harmless one that looks so.
#[derive(Clone, Debug, Deserialize)]
pub struct Attack {
    pub id: String,
    pub text: String,
    /// What nobody says who has not obeyed.
    #[serde(default)]
    pub must_not_include: Vec<Fact>,
    #[serde(default)]
    pub place: Place,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// Where an attack stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    #[default]
    CustomerTurn,
    /// Only harmful inside a document; as a customer's own words it is not asked.
    Document,
}

/// A document with an instruction planted in it, and the question that finds it.
#[derive(Clone, Debug, Deserialize)]
pub struct PoisonedDoc {
    pub id: String,
    pub query: String,
    /// The canaries.
    pub must_not_include: Vec<Fact>,
    #[serde(default)]
    pub meta: PoisonedMeta,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct PoisonedMeta {
    /// The document that it takes the place of.
    pub clean_doc: Option<DocId>,
}

/// A conversation to replay.
#[derive(Clone, Debug, Deserialize)]
pub struct Transcript {
    pub id: String,
    /// When it took place.
    pub at: Option<Timestamp>,
    #[serde(default)]
    pub customer: TranscriptCustomer,
    pub turns: Vec<Message>,
    #[serde(default)]
    pub expected: Vec<Expected>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct TranscriptCustomer {
    pub id: Option<String>,
    pub email: Option<Email>,
}

/// What the reply to one turn is judged by.
#[derive(Clone, Debug, Deserialize)]
pub struct Expected {
    /// Index into `turns`, from 0; a customer's.
    pub turn: usize,
    pub action: Action,
    #[serde(default)]
    pub accept: Vec<Action>,
    /// Why a person should be called, where one should.
    pub reason: Option<HandoffReason>,
    /// The same message in other words, by a person.
    #[serde(default)]
    pub paraphrases: Vec<String>,
    pub need: Option<String>,
    /// One, or several.
    pub intent: Option<Value>,
    #[serde(default)]
    pub gold_docs: Vec<DocId>,
    #[serde(default)]
    pub must_include: Vec<Fact>,
    #[serde(default)]
    pub must_not_include: Vec<Fact>,
    /// `order_data`, `catalogue`, or `computed` (a sum or a difference).
    pub fact_source: Option<String>,
    /// An earlier turn changed an order, which the pack's store does not show.
    #[serde(default)]
    pub state_changed: bool,
    /// Asked after the conversation should have been handed over: its facts count, the decision does not.
    #[serde(default)]
    pub after_handoff: bool,
    /// A rule suggested it; no person has confirmed it.
    #[serde(default)]
    pub suggested: bool,
}

pub fn decisions(path: &Path) -> Result<Vec<Decision>, PackError> {
    checked(path, |decision: &Decision| (&decision.id, &decision.text), |_| None)
}

pub fn utterances(path: &Path) -> Result<Vec<Utterance>, PackError> {
    checked(
        path,
        |utterance: &Utterance| (&utterance.id, &utterance.text),
        |utterance| {
            let said = utterance.expected_action.as_deref()?;
            let known = said == "decline_or_clarify" || action(said).is_some();
            (!known).then(|| {
                format!("'expected_action' is '{said}': say answer, handoff, clarify, identify or decline_or_clarify")
            })
        },
    )
}

pub fn attacks(path: &Path) -> Result<Vec<Attack>, PackError> {
    checked(
        path,
        |attack: &Attack| (&attack.id, &attack.text),
        |attack| {
            let empty = attack.must_not_include.iter().any(Fact::is_empty);
            empty.then(|| "'must_not_include' holds a fact without a letter or a digit: remove it".to_owned())
        },
    )
}

pub fn poisoned_docs(path: &Path) -> Result<Vec<PoisonedDoc>, PackError> {
    checked(
        path,
        |doc: &PoisonedDoc| (&doc.id, &doc.query),
        |doc| {
            let none = doc.must_not_include.is_empty() || doc.must_not_include.iter().any(Fact::is_empty);
            none.then(|| "'must_not_include' must name the canary, with a letter or a digit".to_owned())
        },
    )
}

pub fn transcripts(path: &Path) -> Result<Vec<Transcript>, PackError> {
    let text = |transcript: &Transcript| transcript.turns.first().map(|turn| turn.text.clone()).unwrap_or_default();
    let transcripts: Vec<(usize, Transcript)> = read_lines(path)?;
    unique(path, &mut HashSet::new(), transcripts.iter().map(|(line, t)| (*line, t.id.as_str())))?;
    for (line, transcript) in &transcripts {
        if text(transcript).trim().is_empty() {
            return Err(problem(path, *line, "'turns' is empty or begins with an empty text".into()));
        }
        for (at, expected) in transcript.expected.iter().enumerate() {
            let customers = transcript.turns.get(expected.turn).is_some_and(|t| t.role == engine::Speaker::Customer);
            if !customers {
                let said =
                    format!("'expected[{at}].turn' is {}, which is no customer's turn of 'turns'", expected.turn);
                return Err(problem(path, *line, said));
            }
            if expected.must_include.iter().chain(&expected.must_not_include).any(Fact::is_empty) {
                let said =
                    format!("'expected[{at}]' holds a fact without a letter or a digit: no answer could state it");
                return Err(problem(path, *line, said));
            }
        }
    }
    Ok(transcripts.into_iter().map(|(_, transcript)| transcript).collect())
}

/// An action by its name in a pack.
pub fn action(name: &str) -> Option<Action> {
    match name {
        "answer" => Some(Action::Answer),
        "offer" => Some(Action::Offer),
        "handoff" => Some(Action::Handoff),
        "clarify" => Some(Action::Clarify),
        "needs_identity" | "identify" => Some(Action::NeedsIdentity),
        _ => None,
    }
}

/// Reads records with ids of their own and something to ask.
fn checked<T: serde::de::DeserializeOwned>(
    path: &Path,
    id_and_text: impl Fn(&T) -> (&String, &String),
    wrong: impl Fn(&T) -> Option<String>,
) -> Result<Vec<T>, PackError> {
    let records: Vec<(usize, T)> = read_lines(path)?;
    unique(path, &mut HashSet::new(), records.iter().map(|(line, record)| (*line, id_and_text(record).0.as_str())))?;
    for (line, record) in &records {
        if id_and_text(record).1.trim().is_empty() {
            return Err(problem(path, *line, "there is nothing to ask: 'text' (or 'query') is empty".into()));
        }
        if let Some(said) = wrong(record) {
            return Err(problem(path, *line, said));
        }
    }
    Ok(records.into_iter().map(|(_, record)| record).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What reading says of one broken record.
    #[track_caller]
    fn check<T: std::fmt::Debug>(read: fn(&Path) -> Result<Vec<T>, PackError>, line: &str, expected: &str) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f.jsonl");
        std::fs::write(&path, format!("\n{line}\n")).unwrap();
        let found = read(&path).unwrap_err().to_string();
        assert!(found.contains(&format!("f.jsonl, line 2: {expected}")), "{found}");
    }

    #[test]
    fn errors_name_the_file_the_line_and_the_field() {
        check(decisions, r#"{"id":"a","text":"t","action":"shrug"}"#, "'action': unknown variant `shrug`");
        check(decisions, r#"{"id":"a","text":5,"action":"answer"}"#, "'text': invalid type: integer `5`");
        check(decisions, r#"{"id":"a","text":" ","action":"answer"}"#, "there is nothing to ask");
        check(decisions, r#"{"id":"a","text":"t"}"#, "missing field `action`");
        check(decisions, r#"{"id":"a","text":"t","action":"answer"} {}"#, "more than one JSON object");
        check(utterances, r#"{"id":"a","text":"t","expected_action":"dance"}"#, "'expected_action' is 'dance'");
        check(attacks, r#"{"id":"a","text":"t","must_not_include":["!"]}"#, "'must_not_include' holds a fact");
        check(poisoned_docs, r#"{"id":"a","query":"t","must_not_include":[]}"#, "'must_not_include' must name");
        let turn = |rest: &str| format!(r#"{{"id":"a","turns":[{{"role":"agent","text":"hi"}}],{rest}}}"#);
        check(
            transcripts,
            &turn(r#""expected":[{"turn":0,"action":"answer"}]"#),
            "'expected[0].turn' is 0, which is no customer's turn",
        );
        check(transcripts, &turn(r#""customer":{"email":"nobody"}"#), "'customer.email': this is not an e-mail");
        check(
            transcripts,
            r#"{"id":"a","turns":[{"role":"bot","text":"x"}]}"#,
            "'turns[0].role': unknown variant `bot`",
        );
    }
}
