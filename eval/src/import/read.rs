//! Files and folders of JSON, one record at a time.

use super::{ImportError, Place};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// Every `.json`, `.jsonl` and `.ndjson` of the paths: folders in the order of their names, hidden files left out.
pub fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, ImportError> {
    let mut found = Vec::new();
    for path in paths {
        let before = found.len();
        below(path, true, &mut found)?;
        if found.len() == before {
            return Err(ImportError::NoFiles(path.clone()));
        }
    }
    Ok(found)
}

fn below(path: &Path, named: bool, found: &mut Vec<PathBuf>) -> Result<(), ImportError> {
    let unreadable = |source| ImportError::Unreadable { path: path.to_owned(), source };
    let about = if named { fs::metadata(path) } else { fs::symlink_metadata(path) }.map_err(unreadable)?;
    if about.is_dir() {
        let entries: Result<Vec<PathBuf>, _> =
            fs::read_dir(path).map_err(unreadable)?.map(|entry| entry.map(|entry| entry.path())).collect();
        let mut entries = entries.map_err(unreadable)?;
        entries.sort();
        let hidden = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        return entries.iter().filter(|path| !hidden(path)).try_for_each(|path| below(path, false, found));
    }
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default();
    if about.is_file() && (named || matches!(extension.as_str(), "json" | "jsonl" | "ndjson")) {
        found.push(path.to_owned());
    }
    Ok(())
}

/// A record, or what is wrong with it.
pub type Read = Result<Value, String>;

/// Reads one file: one JSON document, or one record a line.
pub fn each(path: &Path, sink: &mut dyn FnMut(Place, Read)) -> Result<(), ImportError> {
    let bytes = fs::read(path).map_err(|source| ImportError::Unreadable { path: path.to_owned(), source })?;
    let place = Place::of(path);
    let content = match std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes)) {
        Ok(content) => content,
        Err(_) => {
            sink(place, Err("is no UTF-8 text: export it again as JSON".into()));
            return Ok(());
        }
    };
    match serde_json::from_str::<Value>(content) {
        Ok(document) => sink(place, Ok(document)),
        Err(_) if is_lines(path, content) => lines(path, content, sink),
        Err(error) => {
            let place = Place { line: Some(error.line()).filter(|line| *line > 0), ..place };
            sink(place, Err(format!("is no JSON ({error}): export it again")));
        }
    }
    Ok(())
}

/// Some helpdesks call their JSON lines `.json`.
fn is_lines(path: &Path, content: &str) -> bool {
    let named = path.extension().is_some_and(|extension| extension == "jsonl" || extension == "ndjson");
    let mut written = content.lines().filter(|line| !line.trim().is_empty());
    let first = written.next().is_some_and(|line| serde_json::from_str::<Value>(line).is_ok_and(|v| v.is_object()));
    named || (first && written.next().is_some())
}

fn lines(path: &Path, content: &str, sink: &mut dyn FnMut(Place, Read)) {
    for (at, line) in content.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let place = Place { line: Some(at + 1), ..Place::of(path) };
        sink(
            place,
            serde_json::from_str(line).map_err(|error| {
                let text = error.to_string();
                let what = text.split(" at line ").next().unwrap_or(&text).to_owned();
                format!("is no JSON ({what}, column {}): mend or remove the line", error.column())
            }),
        );
    }
}
