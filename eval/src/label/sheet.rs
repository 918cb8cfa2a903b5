//! Labels in a spreadsheet: written as CSV, read back from CSV or JSON lines.

use super::LabelError;
use super::file::{Decision, LabelFile, Only, Signature, action_of, is_suggested};
use super::session::written;
use super::show;
use crate::facts::Fact;
use crate::pack::Action;
use crate::pack::records::action;
use crate::results::write_whole;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::fs;
use std::path::Path;

const COLUMNS: [&str; 11] = [
    "id",
    "turn",
    "decision",
    "action",
    "accept",
    "must_include",
    "must_not_include",
    "customer",
    "reference",
    "why",
    "labelled_by",
];

/// What a sheet brought.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Applied {
    pub applied: usize,
    /// Rows without a decision.
    pub undecided: usize,
    pub failures: Vec<Unread>,
}

/// A row that could not be applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// Counts from 1, the header included.
    pub line: u64,
    pub reason: String,
}

/// Writes the labels as a table. A person writes `ok` under `decision` where the row, as it is or as they mended it, is
/// right.
pub fn export(file: &LabelFile, only: Only, path: &Path) -> Result<usize, LabelError> {
    let failed = |error: csv::Error| LabelError::Sheet { path: path.to_owned(), problem: error.to_string() };
    let mut sheet = csv::Writer::from_writer(Vec::new());
    sheet.write_record(COLUMNS).map_err(failed)?;
    let items = file.items(only);
    for item in &items {
        let (record, label) = (file.record(*item), file.label(*item));
        let turn = label.get("turn").and_then(Value::as_u64).unwrap_or(0);
        let asked = usize::try_from(turn).ok().and_then(|turn| record.get("turns")?.get(turn)?.get("text")?.as_str());
        let said = |key: &str| label.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let accept = label.get("accept").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let row = [
            record.get("id").and_then(Value::as_str).unwrap_or_default().to_owned(),
            turn.to_string(),
            if is_suggested(label) { String::new() } else { "ok".to_owned() },
            said("action"),
            accept.collect::<Vec<_>>().join(", "),
            cell(label, "must_include"),
            cell(label, "must_not_include"),
            asked.unwrap_or_default().to_owned(),
            said("reference"),
            said("why"),
            said("labelled_by"),
        ];
        sheet.write_record(row.map(|text| guarded(&text))).map_err(failed)?;
    }
    let bytes = sheet.into_inner().map_err(|error| LabelError::Terminal(std::io::Error::other(error.to_string())))?;
    write_whole(path, &String::from_utf8_lossy(&bytes))?;
    Ok(items.len())
}

/// Facts in one cell; as JSON where one of them holds what separates them.
fn cell(label: &Value, key: &str) -> String {
    let facts = label.get(key).cloned().unwrap_or(Value::Array(Vec::new()));
    let text = show::facts(label, key).join("; ");
    if written(&text).map(Value::Array) == Some(facts.clone()) { text } else { facts.to_string() }
}

/// What a spreadsheet would run as a formula is shown as text.
fn guarded(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\'']) { format!("'{text}") } else { text.to_owned() }
}

/// Reads decisions from `.csv` or JSON lines and writes them all at once. Rows that cannot be understood are named; the
/// rest is applied. A line of JSON is a decision by being there; a row of CSV has `ok` under `decision`.
pub fn apply(file: &mut LabelFile, path: &Path, signature: &Signature) -> Result<Applied, LabelError> {
    let unreadable = |source| LabelError::Unreadable { path: path.to_owned(), source };
    let text = fs::read_to_string(path).map_err(unreadable)?;
    let text = text.trim_start_matches('\u{feff}');
    let json = path.extension().is_some_and(|extension| extension == "jsonl" || extension == "ndjson");
    let rows = if json { json_rows(text) } else { csv_rows(path, text)? };
    let mut applied = Applied::default();
    let place: HashMap<(String, u64), _> = file
        .items(Only::Everything)
        .into_iter()
        .filter_map(|item| {
            let id = file.record(item).get("id")?.as_str()?.to_owned();
            Some(((id, file.label(item).get("turn")?.as_u64()?), item))
        })
        .collect();
    for (line, row) in rows {
        match row.and_then(|row| row.decision(json)) {
            Err(reason) => applied.failures.push(Unread { line, reason }),
            Ok(None) => applied.undecided += 1,
            Ok(Some(row)) => match place.get(&(row.id.clone(), row.turn)) {
                None => {
                    let reason = format!("no label of '{}' is for turn {}", row.id, row.turn);
                    applied.failures.push(Unread { line, reason });
                }
                Some(item) => {
                    let label = file.label(*item).clone();
                    let kept = |key: &str| label.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
                    let was = action_of(&label).unwrap_or(Action::Handoff);
                    let action = row.action.unwrap_or(was);
                    let also = |also: Vec<Action>| if also.contains(&action) { also } else { vec![action] };
                    let decision = Decision::Change {
                        action,
                        // Another action makes the accepted ones of the old one wrong.
                        accept: also(row.accept.unwrap_or_else(|| accepted(&label))),
                        must_include: row.must_include.unwrap_or_else(|| kept("must_include")),
                        must_not_include: row.must_not_include.unwrap_or_else(|| kept("must_not_include")),
                    };
                    // What was confirmed before and says the same keeps its name and its day.
                    if !is_suggested(&label) && says_the_same(&label, &decision) {
                        continue;
                    }
                    let by = row.by.unwrap_or_else(|| signature.by.clone());
                    file.put(*item, &decision, &Signature { by, ..signature.clone() });
                    applied.applied += 1;
                }
            },
        }
    }
    if applied.applied > 0 {
        file.save()?;
    }
    Ok(applied)
}

fn says_the_same(label: &Value, decision: &Decision) -> bool {
    let Decision::Change { action, accept, must_include, must_not_include } = decision else { return true };
    let facts = |key: &str, wanted: &[Value]| {
        label.get(key).and_then(Value::as_array).map_or(wanted.is_empty(), |facts| facts.as_slice() == wanted)
    };
    let mut also = accepted(label);
    if also.is_empty() {
        also.push(*action);
    }
    action_of(label) == Some(*action)
        && also == *accept
        && facts("must_include", must_include)
        && facts("must_not_include", must_not_include)
}

fn accepted(label: &Value) -> Vec<Action> {
    let also = label.get("accept").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    also.filter_map(action).collect()
}

/// A row as text, whatever it was written in.
struct Row(Map<String, Value>);

struct Read {
    id: String,
    turn: u64,
    action: Option<Action>,
    accept: Option<Vec<Action>>,
    must_include: Option<Vec<Value>>,
    must_not_include: Option<Vec<Value>>,
    by: Option<String>,
}

/// Rows by the lines that they stand in, or why they cannot be read.
type Rows = Vec<(u64, Result<Row, String>)>;

fn csv_rows(path: &Path, text: &str) -> Result<Rows, LabelError> {
    // A spreadsheet of many countries writes semicolons.
    let first = text.lines().next().unwrap_or_default();
    let delimiter = if first.contains(',') { b',' } else { b';' };
    let mut sheet = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
    let problem = |problem: String| LabelError::Sheet { path: path.to_owned(), problem };
    let header = sheet.headers().map_err(|error| problem(error.to_string()))?.clone();
    for needed in ["id", "turn", "decision"] {
        if !header.iter().any(|name| name.trim() == needed) {
            return Err(problem(format!("has no column '{needed}': begin with what --export writes")));
        }
    }
    let mut rows = Vec::new();
    for row in sheet.records() {
        rows.push(match row {
            Ok(row) => {
                let line = row.position().map_or(0, csv::Position::line);
                let fields = header.iter().zip(row.iter());
                let bare = |text: &str| Value::String(text.strip_prefix('\'').unwrap_or(text).to_owned());
                (line, Ok(Row(fields.map(|(name, text)| (name.trim().to_owned(), bare(text))).collect())))
            }
            Err(error) => (error.position().map_or(0, csv::Position::line), Err(error.to_string())),
        });
    }
    Ok(rows)
}

fn json_rows(text: &str) -> Rows {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            (number, serde_json::from_str(line).map(Row).map_err(|error| format!("is no JSON object ({error})")))
        })
        .collect()
}

impl Row {
    fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
    }

    /// What the row says; `None` where nobody has decided it.
    fn decision(&self, by_being_there: bool) -> Result<Option<Read>, String> {
        match self.text("decision").map(str::to_lowercase).as_deref() {
            Some("ok" | "yes" | "y" | "x" | "accept" | "change") => {}
            None if by_being_there => {}
            None => return Ok(None),
            Some(other) => return Err(format!("'decision' is '{other}': write ok, or leave it empty")),
        }
        let id = self.text("id").ok_or("the 'id' is missing")?.to_owned();
        let turn = self.0.get("turn");
        let turn = turn.and_then(|turn| turn.as_u64().or_else(|| turn.as_str()?.trim().parse().ok()));
        let turn = turn.ok_or("'turn' is no number")?;
        let named = |name: &str| {
            action(&name.trim().to_lowercase())
                .ok_or_else(|| format!("'{name}' is no action: answer, clarify, needs_identity or handoff"))
        };
        let action = self.text("action").map(named).transpose()?;
        let accept = match self.0.get("accept") {
            None | Some(Value::Null) => None,
            Some(Value::Array(names)) => {
                Some(names.iter().filter_map(Value::as_str).map(named).collect::<Result<Vec<_>, _>>()?)
            }
            Some(_) => {
                let names = self.text("accept").unwrap_or_default().split([',', ' ', ';']);
                Some(names.filter(|name| !name.is_empty()).map(named).collect::<Result<Vec<_>, _>>()?)
            }
        };
        Ok(Some(Read {
            id,
            turn,
            action,
            accept,
            must_include: self.facts("must_include")?,
            must_not_include: self.facts("must_not_include")?,
            by: self.text("labelled_by").map(String::from),
        }))
    }

    fn facts(&self, key: &str) -> Result<Option<Vec<Value>>, String> {
        let unknown = || format!("'{key}' holds a fact without a letter or a digit, or is no list");
        let listed = |facts: &Value| -> Option<Vec<Value>> {
            let read: Vec<Fact> = serde_json::from_value(facts.clone()).ok()?;
            (!read.iter().any(Fact::is_empty)).then(|| facts.as_array().cloned()).flatten()
        };
        match self.0.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.trim_start().starts_with('[') => {
                let facts: Value = serde_json::from_str(text).map_err(|_| unknown())?;
                listed(&facts).map(Some).ok_or_else(unknown)
            }
            Some(Value::String(text)) => written(text).map(Some).ok_or_else(unknown),
            Some(facts) => listed(facts).map(Some).ok_or_else(unknown),
        }
    }
}
