//! A TOML file read section by section: as many errors as can be found at once, each with line, key and the way out.

use serde::de::DeserializeOwned;
use std::{
    collections::HashSet,
    fmt,
    ops::Range,
    path::{Path, PathBuf},
    sync::LazyLock,
};
use toml::{
    Spanned,
    de::{DeArray, DeTable, DeValue, ValueDeserializer},
};

/// What is wrong at one place of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Counts from 1.
    pub line: usize,
    /// `returns.rules[2].days`; empty for what is wrong with the file as a whole.
    pub key: String,
    pub text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.is_empty() {
            write!(f, "{}: {}", self.line, self.text)
        } else {
            write!(f, "{}: {}: {}", self.line, self.key, self.text)
        }
    }
}

/// Every problem of a file, in the order of its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems {
    pub path: PathBuf,
    pub list: Vec<Problem>,
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.list.iter().enumerate() {
            let end = if i == 0 { "" } else { "\n" };
            write!(f, "{end}{}:{problem}", self.path.display())?;
        }
        Ok(())
    }
}

/// A file that is being read.
pub(super) struct Sections<'t> {
    text: &'t str,
    root: Spanned<DeValue<'t>>,
    /// What is left for the keys above all sections.
    rest: DeTable<'t>,
    names: Vec<&'static str>,
    problems: Vec<Problem>,
}

impl<'t> Sections<'t> {
    pub fn parse(text: &'t str) -> Self {
        let (table, errors) = DeTable::parse_recoverable(text);
        let span = table.span();
        let rest = table.into_inner();
        let mut sections = Self {
            text,
            root: Spanned::new(span, DeValue::Table(rest.clone())),
            rest,
            names: Vec::new(),
            problems: Vec::new(),
        };
        for error in errors {
            let line = line_of(text, error.span().map_or(0, |span| span.start));
            sections.problems.push(Problem { line, key: String::new(), text: error.message().to_owned() });
        }
        sections
    }

    /// Whether it is TOML at all; if not, nothing more can be said of it.
    pub fn is_toml(&self) -> bool {
        self.problems.is_empty()
    }

    /// `[name]`, or `None` if it is not there or not right.
    pub fn take<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<T> {
        self.names.push(name);
        let value = self.rest.remove(name)?;
        self.read(value, Some(name))
    }

    /// The keys above all sections; after the sections were taken.
    pub fn take_rest<T: DeserializeOwned>(&mut self) -> Option<T> {
        let rest = std::mem::take(&mut self.rest);
        self.read(Spanned::new(0..0, DeValue::Table(rest)), None)
    }

    /// Whether the file has such a section or key, right or wrong.
    pub fn has(&self, name: &str) -> bool {
        matches!(self.root.get_ref(), DeValue::Table(table) if table.contains_key(name))
    }

    /// A problem that is seen only when everything was read.
    pub fn wrong(&mut self, key: &str, text: impl Into<String>) {
        let byte = place_of(&self.root, key).unwrap_or(0);
        self.problems.push(Problem { line: line_of(self.text, byte), key: key.to_owned(), text: text.into() });
    }

    pub fn finish(mut self, path: &Path) -> Result<(), Problems> {
        if self.problems.is_empty() {
            return Ok(());
        }
        self.problems.sort_by_key(|problem| problem.line);
        Err(Problems { path: path.to_owned(), list: self.problems })
    }

    /// After an error the place that is wrong is left out and the rest read again, to find what else is wrong.
    fn read<T: DeserializeOwned>(&mut self, mut value: Spanned<DeValue<'t>>, section: Option<&str>) -> Option<T> {
        let mut left_out: HashSet<String> = HashSet::new();
        loop {
            let error = match T::deserialize(ValueDeserializer::from(value.clone())) {
                Ok(read) => return left_out.is_empty().then_some(read),
                Err(error) => error,
            };
            let said = Said::of(error.message(), &self.names);
            // What is wrong with the section as a whole has no place below it.
            let below = error.span().filter(|span| *span != value.span()).map(|span| span.start);
            let steps = below.map(|byte| steps_to(&value, byte)).unwrap_or_default();
            let mut shown: Vec<Step> = match below {
                Some(byte) => steps_to(&self.root, byte),
                None => section.map(|name| Step::Key(name.to_owned())).into_iter().collect(),
            };
            shown.extend(said.missing.map(Step::Key));
            let key = to_key(&shown);
            // What was left out, here or below, is missing only because of that.
            if !left_out.iter().any(|out| out == &key || out.starts_with(&format!("{key}."))) {
                let line = line_of(self.text, below.unwrap_or(value.span().start));
                self.problems.push(Problem { line, key: key.clone(), text: said.text });
            }
            if let (Some(meant), Some((_, table))) = (said.meant, shown.split_last()) {
                left_out.insert(to_key(&[table, &[Step::Key(meant)]].concat()));
            }
            left_out.insert(key);
            if !leave_out(&mut value, &steps) {
                return None;
            }
        }
    }
}

/// serde's words in a merchant's.
struct Said {
    text: String,
    /// The key that is not there.
    missing: Option<String>,
    /// The key that an unknown one was meant to be.
    meant: Option<String>,
}

impl Said {
    fn of(message: &str, sections: &[&'static str]) -> Self {
        static QUOTED: LazyLock<regex::Regex> = LazyLock::new(|| regex::Regex::new("`([^`]*)`").expect("constant"));
        let names: Vec<&str> = QUOTED.captures_iter(message).filter_map(|c| Some(c.get(1)?.as_str())).collect();
        match (names.split_first(), message) {
            (Some((name, known)), message) if message.starts_with("unknown field") => {
                // At the top of the file the sections can be meant too; below it they are never near.
                let near = known.iter().chain(sections).map(|k| (strsim::jaro_winkler(name, k), *k));
                let best = near.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(likeness, _)| *likeness > 0.8);
                let meant = best.map(|(_, key)| key.to_owned());
                let text = match &meant {
                    Some(key) => format!("there is no such key; did you mean '{key}'?"),
                    None => format!("there is no such key; the keys here are {}", known.join(", ")),
                };
                Self { text, missing: None, meant }
            }
            (Some((name, _)), message) if message.starts_with("missing field") => {
                Self { text: "is missing".into(), missing: Some((*name).to_owned()), meant: None }
            }
            (_, message) => {
                static UNSIGNED: LazyLock<regex::Regex> =
                    LazyLock::new(|| regex::Regex::new(r"expected u\d+").expect("constant"));
                let text = UNSIGNED.replace(message.trim_end(), "expected a whole number").into_owned();
                Self { text, missing: None, meant: None }
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

/// The deepest key or entry that a byte stands in.
fn steps_to(value: &Spanned<DeValue<'_>>, byte: usize) -> Vec<Step> {
    fn inside(span: &Range<usize>, byte: usize) -> bool {
        span.start == byte || span.contains(&byte)
    }
    fn walk(value: &Spanned<DeValue<'_>>, byte: usize) -> Option<Vec<Step>> {
        let down = |step: Step, below: Option<Vec<Step>>| below.map(|below| [vec![step], below].concat());
        match value.get_ref() {
            DeValue::Table(table) => {
                let found = table.iter().find_map(|(key, value)| {
                    let at = inside(&key.span(), byte).then(Vec::new);
                    down(Step::Key(key.get_ref().to_string()), at.or_else(|| walk(value, byte)))
                });
                found.or_else(|| inside(&value.span(), byte).then(Vec::new))
            }
            DeValue::Array(list) => {
                let entries = list.iter().enumerate();
                let found = { entries }.find_map(|(i, value)| down(Step::Index(i), walk(value, byte)));
                found.or_else(|| inside(&value.span(), byte).then(Vec::new))
            }
            _ => inside(&value.span(), byte).then(Vec::new),
        }
    }
    walk(value, byte).unwrap_or_default()
}

/// `rules[2].days` of keys and entries; entries count from 1, as people do.
fn to_key(steps: &[Step]) -> String {
    let mut key = String::new();
    for step in steps {
        match step {
            Step::Key(name) if key.is_empty() => key.push_str(name),
            Step::Key(name) => key.push_str(&format!(".{name}")),
            Step::Index(i) => key.push_str(&format!("[{}]", i + 1)),
        }
    }
    key
}

/// Where the keys of a dotted path stand, as far as they are there.
fn place_of(root: &Spanned<DeValue<'_>>, key: &str) -> Option<usize> {
    let mut at = None;
    let mut value = Some(root);
    for part in key.split('.') {
        // "segments[2]" is the second entry of a list.
        let (name, index) = match part.split_once('[') {
            Some((name, index)) => (name, index.trim_end_matches(']').parse::<usize>().ok()),
            None => (part, None),
        };
        let Some(DeValue::Table(table)) = value.map(Spanned::get_ref) else { break };
        let Some((key, below)) = table.iter().find(|(key, _)| key.get_ref() == name) else { break };
        (at, value) = (Some(key.span().start), Some(below));
        if let (Some(index), DeValue::Array(list)) = (index, below.get_ref()) {
            let Some(entry) = index.checked_sub(1).and_then(|index| list.get(index)) else { break };
            (at, value) = (Some(entry.span().start), Some(entry));
        }
    }
    at
}

fn leave_out(value: &mut Spanned<DeValue<'_>>, steps: &[Step]) -> bool {
    let Some((step, below)) = steps.split_first() else { return false };
    match (value.get_mut(), step) {
        (DeValue::Table(table), Step::Key(name)) if below.is_empty() => table.remove(name.as_str()).is_some(),
        (DeValue::Table(table), Step::Key(name)) => {
            table.get_mut(name.as_str()).is_some_and(|value| leave_out(value, below))
        }
        (DeValue::Array(list), Step::Index(index)) if below.is_empty() && *index < list.len() => {
            let mut left = DeArray::new();
            for (_, entry) in list.iter().enumerate().filter(|(i, _)| i != index) {
                left.push(entry.clone());
            }
            *list = left;
            true
        }
        (DeValue::Array(list), Step::Index(index)) => list.get_mut(*index).is_some_and(|value| leave_out(value, below)),
        _ => false,
    }
}

pub(super) fn line_of(text: &str, byte: usize) -> usize {
    text.as_bytes()[..byte.min(text.len())].iter().filter(|b| **b == b'\n').count() + 1
}
