//! The folder that an import writes. Written again it is the same bytes, and no label of a person is lost.

use super::record::Record;
use super::{ImportError, ImportPlan, Imported};
use crate::pack::FORMAT;
use crate::pack::lines::{numbered, parse, read};
use crate::results::write_whole;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

pub const FILE: &str = "transcripts.jsonl";
const DOCUMENTS: &str = "conversations.jsonl";

/// Writes what was imported beside what the pack holds already.
pub fn write(plan: &ImportPlan, records: Vec<Record>, imported: &mut Imported) -> Result<(), ImportError> {
    let path = plan.out.join(FILE);
    let mut pack = earlier(&path)?;
    let place: HashMap<String, usize> =
        pack.iter().enumerate().filter_map(|(at, record)| Some((text(record, "id")?.to_owned(), at))).collect();
    let documents: Vec<(String, Value)> =
        if plan.documents { records.iter().map(document).collect() } else { Vec::new() };
    for record in records {
        let id = record.id.clone();
        let Value::Object(mut new) = serde_json::to_value(record).map_err(|error| unwritable(&path, error))? else {
            continue;
        };
        match place.get(&id) {
            Some(at) => {
                if !merge(&pack[*at], &mut new, &mut imported.kept) {
                    imported.left_as_they_were.push(id);
                    continue;
                }
                count(&new, &mut imported.suggested);
                pack[*at] = new;
            }
            None => {
                count(&new, &mut imported.suggested);
                pack.push(new);
            }
        }
    }
    imported.in_pack = pack.len();
    // The manifest first: a pack that was cut off has one, or nothing at all.
    let manifest = plan.out.join("pack.toml");
    if !manifest.exists() {
        let said = "# Conversations of one customer are drawn together by a bootstrap.";
        write_whole(&manifest, &format!("format = {FORMAT}\n{said}\ncluster = \"contact\"\n"))?;
    }
    if plan.documents {
        let path = plan.out.join(DOCUMENTS);
        let mut all: BTreeMap<String, Value> = BTreeMap::new();
        for record in earlier(&path)? {
            if let Some(id) = text(&record, "id") {
                all.insert(id.to_owned(), Value::Object(record));
            }
        }
        all.extend(documents);
        write_whole(&path, &lines(all.values()))?;
    }
    let pack: Vec<Value> = pack.into_iter().map(Value::Object).collect();
    Ok(write_whole(&path, &lines(pack.iter()))?)
}

fn unwritable(path: &Path, error: serde_json::Error) -> ImportError {
    let source = std::io::Error::other(error);
    ImportError::Write(crate::results::ResultsError::Io { path: path.to_owned(), source })
}

fn lines<'v>(records: impl Iterator<Item = &'v Value>) -> String {
    records.map(|record| format!("{record}\n")).collect()
}

/// What an earlier import wrote, whoever has labelled it since.
fn earlier(path: &Path) -> Result<Vec<Map<String, Value>>, ImportError> {
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let text = read(path)?;
    Ok(numbered(&text).map(|(number, line)| parse(path, number, line)).collect::<Result<_, _>>()?)
}

fn text<'v>(record: &'v Map<String, Value>, key: &str) -> Option<&'v str> {
    record.get(key)?.as_str()
}

fn list<'v>(record: &'v Map<String, Value>, key: &str) -> &'v [Value] {
    record.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Whether a person stands behind a label: it was confirmed, or written by hand.
fn is_confirmed(label: &Value) -> bool {
    label.get("suggested").and_then(Value::as_bool) != Some(true)
}

/// Puts the labels of persons into the new record. `false` where one of them has lost its turn: an export that tells
/// the conversation otherwise must not take away a person's work.
fn merge(old: &Map<String, Value>, new: &mut Map<String, Value>, kept: &mut usize) -> bool {
    let said = |record: &Map<String, Value>, turn: u64| -> Option<Value> {
        list(record, "turns").get(usize::try_from(turn).ok()?).and_then(|turn| turn.get("text")).cloned()
    };
    let mut labels: BTreeMap<u64, Value> = BTreeMap::new();
    for label in list(new, "expected") {
        labels.insert(turn_of(label), label.clone());
    }
    let mut found = 0;
    for label in list(old, "expected").iter().filter(|label| is_confirmed(label)) {
        let turn = turn_of(label);
        if said(old, turn) != said(new, turn) {
            return false;
        }
        labels.insert(turn, label.clone());
        found += 1;
    }
    *kept += found;
    new.insert("expected".into(), Value::Array(labels.into_values().collect()));
    // What an author has added to the record stays.
    for (key, value) in old {
        if !new.contains_key(key) {
            new.insert(key.clone(), value.clone());
        }
    }
    true
}

fn turn_of(label: &Value) -> u64 {
    label.get("turn").and_then(Value::as_u64).unwrap_or(u64::MAX)
}

fn count(record: &Map<String, Value>, suggested: &mut BTreeMap<String, usize>) {
    for label in list(record, "expected").iter().filter(|label| !is_confirmed(label)) {
        let action = label.get("action").and_then(Value::as_str).unwrap_or_default();
        *suggested.entry(action.to_owned()).or_default() += 1;
    }
}

/// The conversation as a document; by `meta.user_id` a replay leaves out the customer's own.
fn document(record: &Record) -> (String, Value) {
    let id = format!("conversation:{}", record.id);
    let who = |role: &str| if role == "customer" { "Customer" } else { "Agent" };
    let said: Vec<String> = record.turns.iter().map(|turn| format!("{}: {}", who(turn.role), turn.text)).collect();
    let first = record.turns.iter().find(|turn| turn.role == "customer").map_or("", |turn| turn.text.as_str());
    let title: String = record.title.as_deref().unwrap_or(first).chars().take(80).collect();
    let document = json!({
        "id": id, "kind": "conversation", "title": title, "text": said.join("\n"), "meta": { "user_id": record.contact },
    });
    (id, document)
}
