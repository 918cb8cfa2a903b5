//! A conversation and its label as lines of a terminal.

use super::file::{Item, LabelFile, is_suggested};
use serde_json::Value;
use std::fmt::Write as _;

/// How many turns before the judged one are shown.
const BEFORE: usize = 12;

/// Everything that a person needs to decide.
pub fn item(file: &LabelFile, item: Item) -> String {
    let (record, label) = (file.record(item), file.label(item));
    let mut text = String::new();
    let about = ["channel", "language", "at"].iter().filter_map(|key| record.get(*key).and_then(Value::as_str));
    let about: Vec<String> = about.map(plain).collect();
    let name = |key: &str| record.get(key).and_then(Value::as_str).map(plain).unwrap_or_default();
    let _ = writeln!(text, "{}  {}", name("id"), about.join(", "));
    if !name("title").is_empty() {
        let _ = writeln!(text, "subject: {}", name("title"));
    }
    let judged = label.get("turn").and_then(Value::as_u64).and_then(|turn| usize::try_from(turn).ok()).unwrap_or(0);
    let turns = record.get("turns").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let first = (judged + 1).saturating_sub(BEFORE);
    if first > 0 {
        let _ = writeln!(text, "  … {first} turns before");
    }
    for (at, turn) in turns.iter().enumerate().take(judged + 1).skip(first) {
        let field = |key: &str| turn.get(key).and_then(Value::as_str).map(plain).unwrap_or_default();
        let mark = if at == judged { ">" } else { " " };
        let _ = writeln!(text, "{mark} {:>8}: {}", field("role"), indented(&field("text"), 12));
    }
    if let Some(reference) = label.get("reference").and_then(Value::as_str) {
        let _ = writeln!(text, "  a person replied:\n            {}", indented(&plain(reference), 12));
    }
    text.push_str(&told(label));
    text
}

/// The label itself.
fn told(label: &Value) -> String {
    let mut text = String::new();
    let said = |key: &str| label.get(key).and_then(Value::as_str).map(plain);
    let kind = if is_suggested(label) { "suggested".to_owned() } else { confirmed(label) };
    let also = actions(label).into_iter().filter(|action| Some(action) != said("action").as_ref()).collect::<Vec<_>>();
    let also = if also.is_empty() { String::new() } else { format!(" (also right: {})", also.join(", ")) };
    let _ = writeln!(text, "  {kind}: {}{also}", said("action").unwrap_or_default());
    if let Some(why) = said("why").filter(|_| is_suggested(label)) {
        let _ = writeln!(text, "  because {why}");
    }
    for (key, name) in [("must_include", "must include"), ("must_not_include", "must not include")] {
        let facts = facts(label, key);
        if !facts.is_empty() {
            let _ = writeln!(text, "  {name}: {}", facts.join("; "));
        }
    }
    text
}

fn confirmed(label: &Value) -> String {
    let by = label.get("labelled_by").and_then(Value::as_str).map(plain);
    by.map_or_else(|| "confirmed".to_owned(), |by| format!("confirmed by {by}"))
}

fn actions(label: &Value) -> Vec<String> {
    let accept = label.get("accept").and_then(Value::as_array);
    accept.into_iter().flatten().filter_map(Value::as_str).map(plain).collect()
}

/// Facts as a person writes them: `;` between facts, `|` between wordings of one.
pub fn facts(label: &Value, key: &str) -> Vec<String> {
    let all = label.get(key).and_then(Value::as_array);
    let wording = |fact: &Value| match fact {
        Value::String(text) => plain(text),
        Value::Array(wordings) => wordings.iter().filter_map(Value::as_str).map(plain).collect::<Vec<_>>().join(" | "),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => String::new(),
    };
    all.into_iter().flatten().map(wording).filter(|fact| !fact.is_empty()).collect()
}

/// A customer's words without what would move the cursor or change colours.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect()
}

fn indented(text: &str, by: usize) -> String {
    text.replace('\n', &format!("\n{}", " ".repeat(by)))
}
