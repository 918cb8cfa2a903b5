//! JSON lines, with errors that name the file, the line and the field.

use super::PackError;
use serde::de::DeserializeOwned;
use std::collections::HashSet;
use std::fs;
use std::path::Path;

pub(crate) fn read(path: &Path) -> Result<String, PackError> {
    fs::read_to_string(path).map_err(|source| PackError::Unreadable { path: path.to_owned(), source })
}

/// Every record with the number of its line, from 1. Blank lines are skipped, unknown fields are the author's own.
pub(crate) fn read_lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<(usize, T)>, PackError> {
    let text = read(path)?;
    let mut records = Vec::new();
    for (number, line) in numbered(&text) {
        records.push((number, parse(path, number, line)?));
    }
    if records.is_empty() {
        return Err(PackError::Missing { path: path.to_owned(), wanted: "record (one JSON object a line)" });
    }
    Ok(records)
}

pub(crate) fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).map(|(at, line)| (at + 1, line))
}

pub(crate) fn parse<T: DeserializeOwned>(path: &Path, number: usize, line: &str) -> Result<T, PackError> {
    let mut json = serde_json::Deserializer::from_str(line.trim_start_matches('\u{feff}'));
    let record = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let field = error.path().to_string();
        let error = error.into_inner();
        // serde_json counts lines within this one; the column is what helps.
        let text = error.to_string();
        let what = text.split(" at line ").next().unwrap_or(&text);
        let at = if matches!(field.as_str(), "." | "?") { String::new() } else { format!("'{field}': ") };
        problem(path, number, format!("{at}{what} (column {})", error.column()))
    })?;
    json.end().map_err(|_| problem(path, number, "more than one JSON object stands on the line".into()))?;
    Ok(record)
}

pub(crate) fn problem(path: &Path, line: usize, problem: String) -> PackError {
    PackError::Line { path: path.to_owned(), line, problem }
}

pub(crate) fn unique<'a>(
    path: &Path,
    seen: &mut HashSet<String>,
    ids: impl Iterator<Item = (usize, &'a str)>,
) -> Result<(), PackError> {
    for (line, id) in ids {
        if !seen.insert(id.to_owned()) {
            return Err(problem(path, line, format!("the id '{id}' stands above already: every record needs its own")));
        }
    }
    Ok(())
}
