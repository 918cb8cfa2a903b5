//! Replies drawn at random to be read by a person, and what the readers said, counted with intervals. The protocol stands
//! in `docs/evaluation.md`, "Read by a protocol": a reader sees what the customer wrote, what was replied and the sources,
//! and gives one verdict.

use crate::calibrate::clopper_pearson_upper;
use crate::line::{Cited, Line};
use crate::pack::Action;
use crate::results::{ResultsError, ResultsFile, write_whole};
use crate::statistics::{Estimate, wilson};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// What a reader says of a turn. Closed; of several that fit the gravest is given, and they stand in that order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judged {
    /// A sentence says what none of its sources says.
    Unsupported,
    /// It stands in its source, and misleads this customer: another subject's rule, half of a rule, another's data.
    Misleading,
    /// A person was needed and was not called.
    Missed,
    /// It answers something else than what was asked.
    Beside,
    /// A person was called, or a question asked back, where the sources that are shown or the label have the answer.
    Needless,
    /// Right, and badly said: torn out of a table, said twice, stiff.
    Clumsy,
    Fine,
}

impl Judged {
    pub const ALL: [Self; 7] =
        [Self::Unsupported, Self::Misleading, Self::Missed, Self::Beside, Self::Needless, Self::Clumsy, Self::Fine];

    pub fn as_text(self) -> &'static str {
        match self {
            Self::Unsupported => "unsupported",
            Self::Misleading => "misleading",
            Self::Missed => "missed",
            Self::Beside => "beside",
            Self::Needless => "needless",
            Self::Clumsy => "clumsy",
            Self::Fine => "fine",
        }
    }
}

/// One turn to be read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sheet {
    pub id: String,
    pub file: String,
    /// What it was drawn for: the value of the field that `--per` names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The customer's earlier messages of this conversation, oldest first, each with what was done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<Before>,
    pub customer: String,
    pub did: Action,
    pub reply: String,
    pub sources: Vec<Cited>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_over: Option<String>,
    /// What the label of the pack would accept, for whoever judges a handoff.
    pub accept: Vec<Action>,
    /// `null` until it has been read.
    pub judged: Option<Judged>,
    /// Needed where it is not fine.
    #[serde(default)]
    pub why: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Before {
    pub customer: String,
    pub did: Action,
    pub reply: String,
}

/// What is drawn.
#[derive(Clone, Debug)]
pub struct Draw {
    pub n: usize,
    /// So many of each value of this field (`intent`), instead of `n` in all.
    pub per: Option<(String, usize)>,
    /// Answers and offers only; else every turn.
    pub answers_only: bool,
    pub seed: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum ReadingError {
    #[error(transparent)]
    Results(#[from] ResultsError),
    #[error("{path} cannot be read")]
    Io { path: PathBuf, source: io::Error },
    #[error("{path}:{line}: {problem}. A line is what `eval read --out` wrote, with \"judged\" filled in: {verdicts}", verdicts = verdicts())]
    Line { path: PathBuf, line: usize, problem: String },
    #[error("{path}:{line}: '{judged}' needs a word on why")]
    Why { path: PathBuf, line: usize, judged: &'static str },
}

fn verdicts() -> String {
    Judged::ALL.map(Judged::as_text).join(", ")
}

/// Draws turns of the results, each distinct one (message, reply and sources) once. The same seed draws the same.
pub fn draw(files: &[ResultsFile], draw: &Draw) -> Vec<Sheet> {
    let mut seen = BTreeSet::new();
    let mut sheets: Vec<(Vec<u8>, Sheet)> = Vec::new();
    for file in files {
        let mut before: BTreeMap<&str, Vec<Before>> = BTreeMap::new();
        for line in &file.lines {
            let said = before.entry(&line.conversation).or_default();
            let told = matches!(line.did, Action::Answer | Action::Offer);
            let group = draw.per.as_ref().map(|(field, _)| line.by.get(field).cloned().unwrap_or_default());
            let named = group.as_ref().is_none_or(|group| !group.is_empty());
            let distinct = || seen_key(line);
            if (told || !draw.answers_only) && named && seen.insert(distinct()) {
                let sheet = sheet(&file.header.pack, line, group, said.clone());
                sheets.push((order(draw.seed, &sheet), sheet));
            }
            said.push(Before { customer: line.text.clone(), did: line.did, reply: line.reply.clone() });
        }
    }
    sheets.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.id.cmp(&b.1.id)));
    let Some((_, each)) = &draw.per else {
        return sheets.into_iter().take(draw.n).map(|(_, sheet)| sheet).collect();
    };
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    let few = |(_, sheet): (Vec<u8>, Sheet)| {
        let count = taken.entry(sheet.group.clone().unwrap_or_default()).or_default();
        *count += 1;
        (*count <= *each).then_some(sheet)
    };
    let mut drawn: Vec<Sheet> = sheets.into_iter().filter_map(few).collect();
    drawn.sort_by(|a, b| a.group.cmp(&b.group));
    drawn
}

fn seen_key(line: &Line) -> (String, String, String) {
    let quotes: Vec<&str> = line.citations.iter().map(|cited| cited.quote.as_str()).collect();
    (line.text.clone(), line.reply.clone(), quotes.join("\n"))
}

fn sheet(pack: &str, line: &Line, group: Option<String>, before: Vec<Before>) -> Sheet {
    Sheet {
        id: line.id.clone(),
        file: pack.to_owned(),
        group,
        before,
        customer: line.text.clone(),
        did: line.did,
        reply: line.reply.clone(),
        sources: line.citations.clone(),
        handed_over: line.handoff.as_ref().map(|h| format!("{:?}: {}", h.reason, h.evidence)),
        accept: line.accept.clone(),
        judged: None,
        why: String::new(),
    }
}

/// A place in a shuffled order that depends on nothing but the seed and the turn.
fn order(seed: u64, sheet: &Sheet) -> Vec<u8> {
    let key = format!("{}\n{}\n{}", sheet.file, sheet.id, sheet.customer);
    Sha256::new().chain_update(seed.to_le_bytes()).chain_update(key).finalize().to_vec()
}

pub fn write(path: &Path, sheets: &[Sheet]) -> Result<(), ReadingError> {
    let line = |sheet: &Sheet| serde_json::to_string(sheet).map(|line| line + "\n");
    let text: Result<String, _> = sheets.iter().map(line).collect();
    let text = text.map_err(|error| ReadingError::Line { path: path.into(), line: 0, problem: error.to_string() })?;
    Ok(write_whole(path, &text)?)
}

pub fn read(path: &Path) -> Result<Vec<Sheet>, ReadingError> {
    let text = fs::read_to_string(path).map_err(|source| ReadingError::Io { path: path.into(), source })?;
    let mut sheets = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let line_number = at + 1;
        let sheet: Sheet = serde_json::from_str(line).map_err(|error| ReadingError::Line {
            path: path.into(),
            line: line_number,
            problem: error.to_string(),
        })?;
        let bare = sheet.judged.filter(|judged| *judged != Judged::Fine && sheet.why.trim().is_empty());
        if let Some(judged) = bare {
            return Err(ReadingError::Why { path: path.into(), line: line_number, judged: judged.as_text() });
        }
        sheets.push(sheet);
    }
    Ok(sheets)
}

/// How often each verdict was given.
#[derive(Clone, Debug, Serialize)]
pub struct Tally {
    pub read: usize,
    pub unread: usize,
    pub verdicts: Vec<Share>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Share {
    pub judged: Judged,
    pub count: usize,
    /// Wilson's interval; two-sided, 95 %.
    pub share: Option<Estimate>,
    /// One-sided 95 % upper bound (Clopper and Pearson 1934): 3 / n where nothing was found.
    pub at_most: Option<f64>,
}

pub fn tally(sheets: &[Sheet]) -> Tally {
    let judged: Vec<Judged> = sheets.iter().filter_map(|sheet| sheet.judged).collect();
    let verdicts = Judged::ALL.into_iter().map(|verdict| {
        let count = judged.iter().filter(|judged| **judged == verdict).count();
        let share = wilson(count, judged.len());
        Share { judged: verdict, count, share, at_most: upper(count, judged.len()) }
    });
    Tally { read: judged.len(), unread: sheets.len() - judged.len(), verdicts: verdicts.collect() }
}

fn upper(count: usize, n: usize) -> Option<f64> {
    (n > 0).then(|| clopper_pearson_upper(count, n, 0.05))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::tests::hostile;

    fn judged(judged: Option<Judged>, why: &str) -> Sheet {
        Sheet {
            id: "a".into(),
            file: "p".into(),
            group: None,
            before: Vec::new(),
            customer: "Hi".into(),
            did: Action::Answer,
            reply: "Hello.".into(),
            sources: Vec::new(),
            handed_over: None,
            accept: vec![Action::Answer],
            judged,
            why: why.into(),
        }
    }

    fn results(lines: Vec<Line>) -> ResultsFile {
        let header = serde_json::json!({"results_format": 3, "pack": "p", "file": "f.jsonl", "task": "qa", "over": "p",
            "system": "s", "content": "c", "seed": 1, "limit": null, "n": lines.len()});
        ResultsFile { header: serde_json::from_value(header).unwrap(), lines, timings: Vec::new() }
    }

    #[test]
    fn turns_are_drawn_once_and_alike_from_one_seed() {
        let line = |id: &str, did, intent: &str| Line {
            id: id.into(),
            text: format!("message {id}"),
            did,
            by: [("intent".to_owned(), intent.to_owned())].into(),
            ..hostile("c")
        };
        let lines = ["a", "b", "c", "d"].map(|id| line(id, Action::Answer, "stock"));
        let mut lines = lines.to_vec();
        lines.push(lines[0].clone());
        lines.push(line("e", Action::Handoff, "cancel"));
        let files = [results(lines)];
        let plan = |n, per: Option<usize>, answers_only, seed| Draw {
            n,
            per: per.map(|each| ("intent".to_owned(), each)),
            answers_only,
            seed,
        };
        let ids = |plan: &Draw| draw(&files, plan).into_iter().map(|sheet| sheet.id).collect::<Vec<_>>();
        assert_eq!(ids(&plan(9, None, false, 1)).len(), 5, "the same turn is drawn once");
        assert_eq!(ids(&plan(9, None, true, 1)).len(), 4, "answers only");
        assert_eq!(ids(&plan(2, None, false, 7)), ids(&plan(2, None, false, 7)));
        let seeds: BTreeSet<Vec<String>> = (0..20).map(|seed| ids(&plan(2, None, false, seed))).collect();
        assert!(seeds.len() > 1, "another seed draws others");
        let groups: Vec<_> = draw(&files, &plan(0, Some(2), false, 1)).into_iter().map(|sheet| sheet.group).collect();
        assert_eq!(groups, ["cancel", "stock", "stock"].map(|group| Some(group.to_owned())));
        let last = draw(&files, &plan(9, None, false, 1)).into_iter().find(|sheet| sheet.id == "e").unwrap();
        assert_eq!(last.before.len(), 5, "what was said before in its conversation");
    }

    #[test]
    fn verdicts_are_counted_and_what_was_not_read_is_said() {
        let fine = judged(Some(Judged::Fine), "");
        let tally = tally(&[fine.clone(), fine, judged(Some(Judged::Beside), "other page"), judged(None, "")]);
        assert_eq!((tally.read, tally.unread), (3, 1));
        let count = |verdict| tally.verdicts.iter().find(|share| share.judged == verdict).unwrap().count;
        assert_eq!((count(Judged::Fine), count(Judged::Beside), count(Judged::Unsupported)), (2, 1, 0));
    }

    #[test]
    fn a_fault_without_a_reason_names_its_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sheet.jsonl");
        write(&path, &[judged(Some(Judged::Fine), ""), judged(Some(Judged::Missed), "")]).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains("sheet.jsonl:2") && error.contains("missed"), "{error}");
        fs::write(&path, "{\"judged\":\"great\"}\n").unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("sheet.jsonl:1"));
    }
}
