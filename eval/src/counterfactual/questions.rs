//! What is asked: a pack's own files, files of questions and conversations, and what a store was asked before.

use crate::pack::lines::read_lines;
use crate::pack::records::{Transcript, transcripts};
use crate::pack::{Pack, PackError, PackFile};
use crate::retrieval::sample;
use crate::unit::{Reading, Task, Unit, turn_of, units, unlabelled};
use engine::identity::Email;
use engine::{DocId, Speaker};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::Path;

/// Messages of one file.
#[derive(Clone, Debug)]
pub struct Asked {
    pub pack: String,
    pub file: String,
    pub task: Task,
    /// A person or a rule said what is right, so that the change can be judged.
    pub labelled: bool,
    pub units: Vec<Unit>,
}

impl Asked {
    /// At most so many conversations, chosen by the seed.
    pub fn limited(mut self, limit: Option<usize>, seed: u64) -> Self {
        let mut of: Vec<String> = self.units.iter().map(|unit| unit.turn.conversation.0.clone()).collect();
        of.dedup();
        let kept: BTreeSet<String> = sample(of, limit, seed, |id| id).into_iter().collect();
        self.units.retain(|unit| kept.contains(&unit.turn.conversation.0));
        self
    }

    /// Questions of which nobody said what is right.
    pub fn unlabelled(pack: &str, file: &str, questions: impl IntoIterator<Item = Question>) -> Self {
        let numbered = questions.into_iter().enumerate();
        let units = numbered.map(|(at, record)| question(&format!("question-{}", at + 1), record)).collect();
        Self { pack: pack.to_owned(), file: file.to_owned(), task: Task::Questions, labelled: false, units }
    }
}

/// A question without a label: all that a file of questions needs to hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(try_from = "Record")]
pub struct Question {
    pub id: Option<String>,
    pub text: String,
    /// The customer who asks, if their orders may be looked at.
    pub email: Option<Email>,
    /// Where they shop from (ISO 3166-1 alpha-2).
    pub country: Option<String>,
    /// Documents that it must not be answered from.
    pub without: Vec<DocId>,
}

/// A question as files have it; a record may hold its source's words besides.
#[derive(Deserialize)]
struct Record {
    id: Option<String>,
    text: Option<String>,
    question: Option<String>,
    #[serde(alias = "customer_email", alias = "verified")]
    email: Option<Email>,
    country: Option<String>,
}

impl TryFrom<Record> for Question {
    type Error = &'static str;

    fn try_from(Record { id, text, question, email, country }: Record) -> Result<Self, Self::Error> {
        let text = text.or(question).filter(|text| !text.trim().is_empty());
        let text = text.ok_or("there is nothing to ask: 'text' is missing or empty")?;
        Ok(Self { id, text, email, country, without: Vec::new() })
    }
}

/// Tasks that are questions of customers; attacks and poisoned documents are not.
const TASKS: [Task; 5] = [Task::Questions, Task::Qa, Task::Decisions, Task::Replay, Task::Intents];

/// Everything that a pack asks.
pub fn of_pack(pack: &Pack) -> Result<Vec<Asked>, PackError> {
    let mut asked = Vec::new();
    for file in &pack.files {
        if Task::of(file.kind).is_some_and(|task| TASKS.contains(&task)) {
            asked.push(known(&pack.name, file, pack.shop().is_some())?);
        }
    }
    asked.retain(|asked| !asked.units.is_empty());
    Ok(asked)
}

/// One file: of any kind that a pack may hold, or of records with nothing but a text.
pub fn file(name: &str, path: &Path, signed_in: bool) -> Result<Asked, PackError> {
    let file = PackFile::look(path.to_owned())?;
    if Task::of(file.kind).is_some_and(|task| TASKS.contains(&task)) {
        return known(name, &file, signed_in);
    }
    let records: Vec<(usize, Question)> = read_lines(path)?;
    let units: Vec<Unit> =
        records.into_iter().map(|(line, record)| question(&format!("line-{line}"), record)).collect();
    if units.is_empty() {
        let wanted = "question (JSON lines with text, or of any kind that a pack may hold)";
        return Err(PackError::Missing { path: path.to_owned(), wanted });
    }
    Ok(Asked { pack: name.to_owned(), file: file.name(), task: Task::Questions, labelled: false, units })
}

fn question(id: &str, record: Question) -> Unit {
    let mut unit = unlabelled(record.id.as_deref().unwrap_or(id), &record.text);
    unit.turn.country = record.country;
    unit.customer = record.email;
    unit.without = record.without.into_iter().collect();
    unit
}

fn known(pack: &str, file: &PackFile, signed_in: bool) -> Result<Asked, PackError> {
    let task = Task::of(file.kind).unwrap_or(Task::Questions);
    let reading = Reading { signed_in, ..Reading::default() };
    let units = match task {
        // A conversation without labels is still one that a customer had.
        Task::Replay => transcripts(&file.path)?.iter().flat_map(|record| customers_turns(record, &reading)).collect(),
        // A question with judged documents is asked whether its answer can be checked or not.
        Task::Qa => read_lines::<Question>(&file.path)?
            .into_iter()
            .map(|(line, record)| question(&format!("line-{line}"), record))
            .collect(),
        Task::Questions
        | Task::Decisions
        | Task::Intents
        | Task::OutOfScope
        | Task::Attacks
        | Task::Benign
        | Task::Poisoned => units(file, task, &[], &reading)?,
    };
    let labelled = task != Task::Qa && units.iter().any(|unit| unit.scored);
    Ok(Asked { pack: pack.to_owned(), file: file.name(), task, labelled, units })
}

/// Every message of the customer; those with a label as a replay has them.
fn customers_turns(record: &Transcript, reading: &Reading) -> Vec<Unit> {
    let labelled: Vec<Unit> = crate::unit::replay(record, reading).collect();
    let customers = record.turns.iter().enumerate().filter(|(_, message)| message.role == Speaker::Customer);
    customers
        .filter(|(_, message)| !message.text.trim().is_empty())
        .map(|(at, _)| {
            let id = format!("{}#{at}", record.id);
            match labelled.iter().find(|unit| unit.question.id == id) {
                // Whether a handoff that was due comes later is no question here.
                Some(unit) => Unit { due: None, ..unit.clone() },
                None => {
                    let turn = turn_of(record, at);
                    let mut unit = unlabelled(&id, &turn.text);
                    unit.turn = turn;
                    unit.customer.clone_from(&record.customer.email);
                    unit.without.insert(DocId(record.id.clone()));
                    unit
                }
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Asked, PackError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("q.jsonl");
        std::fs::write(&path, text).unwrap();
        file("s", &path, false)
    }

    #[test]
    fn a_text_is_enough_and_labels_are_kept() {
        let judged = r#"{"id":"q","text":"How long?","question":"How long may I?","relevant":[]}"#;
        assert_eq!(read(judged).unwrap().units[0].turn.text, "How long?");
        let plain =
            read("{\"question\":\"How long?\"}\n\n{\"id\":\"b\",\"text\":\"Why?\",\"email\":\"a@b.example\"}\n");
        let plain = plain.unwrap();
        let ids: Vec<&str> = plain.units.iter().map(|unit| unit.question.id.as_str()).collect();
        assert_eq!((ids, plain.labelled), (vec!["line-1", "b"], false));
        assert!(plain.units[1].customer.is_some() && !plain.units[0].scored);
        let decided = read(r#"{"id":"d","text":"t","action":"handoff"}"#).unwrap();
        assert!(decided.labelled && decided.task == Task::Decisions);
        let talk = r#"{"id":"t","turns":[{"role":"customer","text":"Hi?"},{"role":"agent","text":"Yes?"},
            {"role":"customer","text":"How long?"}],"expected":[{"turn":2,"action":"answer"}]}"#;
        let talk = read(&talk.replace('\n', " ")).unwrap();
        let scored: Vec<bool> = talk.units.iter().map(|unit| unit.scored).collect();
        assert_eq!((scored, talk.units[1].turn.history.len()), (vec![false, true], 2));
        let error = read("{\"id\":\"x\"}\n").unwrap_err().to_string();
        assert!(error.contains("line 1") && error.contains("nothing to ask"), "{error}");
        assert!(read("\n").is_err());
    }
}
