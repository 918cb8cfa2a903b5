//! One JSON file: an export of a helpdesk, or a page as its API returned it.

use super::record::{self, SHAPES, Shape};
use super::zendesk::Beside;
use super::{Limits, Reading, json_lines};
use serde_json::Value;

pub(crate) fn read(reading: &mut Reading<'_, '_>) {
    let way_out = "split the export by months, or write it as JSON lines (.jsonl)";
    let bytes = match Limits::read(reading.path, reading.options().limits.export, way_out) {
        Ok(bytes) => bytes,
        Err(reason) => return reading.fail(None, reason),
    };
    let content = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let export: Value = match serde_json::from_slice(content) {
        Ok(export) => export,
        // Some helpdesks call their JSON lines `.json`.
        Err(_) if is_json_lines(content) => return json_lines::read_from(content, reading),
        Err(error) => {
            let line = Some(error.line()).filter(|line| *line > 0);
            return reading.fail(line, format!("is no JSON ({error}): export it again"));
        }
    };
    let Some(records) = records(&export) else {
        return reading.fail(None, format!("is in no known format: {SHAPES}"));
    };
    let beside = Beside::of(&export);
    // Tickets of Zendesk may hold nothing of their own but a number and a status.
    let usual = records.iter().find_map(Shape::of).or_else(|| export.get("users").map(|_| Shape::Zendesk));
    if usual.is_none() && !records.is_empty() {
        return reading.fail(None, format!("is in no known format: {SHAPES}"));
    }
    for (i, record) in records.iter().enumerate() {
        match Shape::of(record).or(usual.filter(|_| record.is_object())) {
            Some(shape) => record::read(record, shape, &beside, None, reading),
            None => reading.fail(None, format!("record {} is in no known format: {SHAPES}", i + 1)),
        }
    }
}

/// The list in an export, whatever is around it.
fn records(export: &Value) -> Option<&[Value]> {
    if let Some(records) = export.as_array() {
        return Some(records);
    }
    for key in ["conversations", "tickets", "payload", "data", "results"] {
        match export.get(key) {
            Some(Value::Array(records)) => return Some(records),
            Some(inner @ Value::Object(_)) => return records(inner),
            _ => {}
        }
    }
    Shape::of(export).map(|_| std::slice::from_ref(export))
}

fn is_json_lines(content: &[u8]) -> bool {
    let first = content.split(|b| *b == b'\n').next().unwrap_or_default();
    first.len() < content.len() && serde_json::from_slice::<Value>(first).is_ok_and(|v| v.is_object())
}
