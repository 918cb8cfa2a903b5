//! What a change would do, counted and told.

use super::change::{Changed, How, Said, Side};
use super::questions::Asked;
use super::run::Put;
use crate::compare::{Comparison, compare};
use crate::line::{Line, TimeLine};
use crate::results::{self, FORMAT, Header, ResultsError};
use crate::statistics::{Bootstrap, Estimate, rule_of_three, wilson};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::path::Path;

/// What was changed for the second run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Replaced {
    /// The file that was given, or the document that was taken away.
    pub from: String,
    /// `page`, `rules` or `removed`.
    pub what: &'static str,
    /// The document whose place it takes; absent for one that is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// How that was found: by its id, its path, its address or its title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<&'static str>,
}

/// Labels, where there are any: which metrics would be better or worse.
#[derive(Clone, Debug, Serialize)]
pub struct Compared {
    /// Messages with a label.
    pub n: usize,
    #[serde(flatten)]
    pub comparison: Comparison,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct WhatIf {
    pub changes: Vec<Replaced>,
    /// Messages that were asked.
    pub asked: usize,
    /// Of these, those that had to be asked a second time.
    pub touched: usize,
    /// Share of the messages whose reply would be another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed: Option<Estimate>,
    /// The replies that would be others, the gravest first.
    pub replies: Vec<Changed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<Compared>,
    pub notes: Vec<String>,
}

impl WhatIf {
    pub fn new(changes: Vec<Replaced>) -> Self {
        Self { changes, ..Self::default() }
    }

    /// Adds what one file told.
    pub fn take(&mut self, puts: &[Put]) {
        self.asked += puts.len();
        self.touched += puts.iter().filter(|put| !put.untouched).count();
        self.replies.extend(puts.iter().filter_map(|put| put.changed.clone()));
        // Stable: within one kind the order is that of the files.
        self.replies.sort_by_key(|changed| changed.how);
        self.changed = wilson(self.replies.len(), self.asked);
    }

    /// Judges what has labels, in a folder where both runs are kept as results.
    pub fn judge(
        &mut self,
        asked: &[(&Asked, &[Put])],
        system: &str,
        out: &Path,
        bootstrap: Bootstrap,
    ) -> Result<(), ResultsError> {
        let labelled = || asked.iter().filter(|(asked, _)| asked.labelled);
        let (before, after) = (out.join("before"), out.join("after"));
        for (asked, puts) in labelled() {
            write(&before, asked, system, puts.iter().map(|put| &put.before))?;
            write(&after, asked, system, puts.iter().map(|put| &put.after))?;
        }
        let n = labelled().map(|(asked, _)| asked.units.iter().filter(|unit| unit.scored).count()).sum();
        if n > 0 {
            self.labels = Some(Compared { n, comparison: compare(&before, &after, bootstrap)? });
        }
        Ok(())
    }

    pub fn count(&self, how: How) -> usize {
        self.replies.iter().filter(|changed| changed.how == how).count()
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for change in &self.changes {
            let _ = writeln!(text, "{change}");
        }
        let _ = writeln!(text, "{}\n", self.headline());
        for how in How::ALL.iter().filter(|how| self.count(**how) > 0) {
            let _ = writeln!(text, "{:4}  {}", self.count(*how), how.name());
        }
        for changed in &self.replies {
            let _ = writeln!(text, "\n{}: {}\n  {}", changed.how.name(), changed.id, changed.text);
            told(&mut text, "now", &changed.before);
            told(&mut text, "then", &changed.after);
            if !(changed.gone.is_empty() && changed.new.is_empty()) {
                let list = |values: &[String]| if values.is_empty() { "nothing".into() } else { values.join(", ") };
                let _ = writeln!(text, "  instead of {}: {}", list(&changed.gone), list(&changed.new));
            }
        }
        if let Some(labels) = &self.labels {
            let _ =
                writeln!(text, "\nAgainst the labels of {} messages:\n\n{}", labels.n, labels.comparison.markdown());
        }
        self.notes.iter().for_each(|note| {
            let _ = writeln!(text, "note: {note}");
        });
        text
    }

    /// How many, of how many, and what cannot be ruled out.
    pub fn headline(&self) -> String {
        let Some(share) = self.changed else { return "nothing was asked".into() };
        let most = match (self.replies.len(), rule_of_three(self.asked)) {
            (0, Some(most)) => {
                format!("; up to {:.1} % of others like them cannot be ruled out", most.min(1.0) * 100.0)
            }
            (0, None) => String::new(),
            _ => format!(" ({:.1} % [{:.1}, {:.1}])", share.value * 100.0, share.low * 100.0, share.high * 100.0),
        };
        format!("{} of {} replies would change{most}", self.replies.len(), self.asked)
    }
}

impl std::fmt::Display for Replaced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.what, &self.replaces, self.by) {
            ("removed", _, _) => write!(f, "without {}", self.from),
            ("rules", _, _) => write!(f, "with the rules of {}", self.from),
            (_, Some(doc), Some(by)) => write!(f, "{} in the place of {doc} (found by its {by})", self.from),
            (_, Some(doc), None) => write!(f, "{} in the place of {doc}", self.from),
            (_, None, _) => write!(f, "{} as a new page: no document has its path, address or title", self.from),
        }
    }
}

fn told(text: &mut String, when: &str, side: &Side) {
    let _ = writeln!(text, "  {when:4} {}", side.did);
    for Said { text: said, changed, rests_on } in &side.sentences {
        let _ = writeln!(text, "     {} {said}", if *changed { "*" } else { " " });
        for rests in rests_on.iter().filter(|_| *changed) {
            let _ = writeln!(text, "         {}: {}", rests.doc, rests.quote);
        }
    }
}

fn write<'l>(
    dir: &Path,
    asked: &Asked,
    system: &str,
    lines: impl Iterator<Item = &'l (Line, TimeLine)>,
) -> Result<(), ResultsError> {
    let lines: Vec<_> = lines.collect();
    // What came, and not only what was asked: a folder of another change is not gone on with.
    let mut content = Sha256::new();
    lines.iter().for_each(|(line, _)| content.update(serde_json::to_vec(line).unwrap_or_default()));
    let header = Header {
        results_format: FORMAT,
        pack: asked.pack.clone(),
        file: asked.file.clone(),
        task: asked.task,
        over: asked.pack.clone(),
        system: system.to_owned(),
        content: content.finalize().iter().map(|byte| format!("{byte:02x}")).collect(),
        seed: 0,
        limit: None,
        n: lines.len(),
    };
    let (mut writer, done) = results::open(dir, &header)?;
    lines.into_iter().skip(done.len()).try_for_each(|(line, times)| writer.write(line, times))
}
