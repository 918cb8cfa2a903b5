//! What a run found: as JSON for machines and as a table for people.

use crate::line::Line;
use crate::measure::severity;
use crate::outcomes::{self, Cohort};
use crate::score::{Costs, MEAN_COST, Slice, better};
use crate::statistics::{Estimate, FEW, warning};
use crate::unit::Task;
use serde::de::Error;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeSet;

/// Values by their stable names, in the order in which they are shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics(pub Vec<(String, Estimate)>);

impl Serialize for Metrics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, estimate) in &self.0 {
            map.serialize_entry(name, estimate)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Metrics {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = serde_json::Map::<String, serde_json::Value>::deserialize(deserializer)?;
        let entry = |(name, value)| Ok((name, Estimate::deserialize(value)?));
        map.into_iter().map(entry).collect::<Result<_, serde_json::Error>>().map(Self).map_err(D::Error::custom)
    }
}

impl Metrics {
    pub fn get(&self, name: &str) -> Option<Estimate> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, estimate)| *estimate)
    }
}

/// Everything that one command measured; the last line of `--json`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Report {
    pub runs: Vec<Run>,
}

/// One file of one pack under one configuration.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run {
    pub pack: String,
    pub file: String,
    /// What was asked for; absent for a ranking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<Task>,
    /// What was searched, where that is not the pack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<String>,
    /// What was measured: a mode of the search, or the kind of answers.
    pub system: String,
    /// How the file was changed before it was run, where it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    pub n: usize,
    /// How many of the labels a rule suggested and no person has confirmed.
    #[serde(default, skip_serializing_if = "is_none")]
    pub suggested: usize,
    /// How many documents were searched, where a corpus was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documents: Option<usize>,
    pub metrics: Metrics,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub baselines: Vec<Baseline>,
    /// Rows are what the label asks for, columns what was done, in the order of [`crate::pack::Action::ALL`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confusion: Option<Vec<Vec<usize>>>,
    /// What became of whole conversations; of a replay only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outcomes: Vec<Cohort>,
    /// What `mean_cost` rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub costs: Option<Costs>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slices: Vec<Slice>,
}

fn is_none(count: &usize) -> bool {
    *count == 0
}

/// The same questions through something else.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Baseline {
    pub system: String,
    pub metrics: Metrics,
    /// nDCG@10 of ours less that of the baseline, paired by question.
    #[serde(skip_serializing_if = "Option::is_none", rename = "gain_ndcg@10")]
    pub gain: Option<Estimate>,
}

impl Report {
    /// One table for each file: a row for each of its runs, then one for each baseline.
    pub fn tables(&self) -> Vec<String> {
        let same = |one: &Run, other: &Run| {
            (&one.pack, &one.file, &one.variant, one.n) == (&other.pack, &other.file, &other.variant, other.n)
        };
        self.runs.chunk_by(same).filter_map(|runs| Some(table(runs.first()?, runs))).collect()
    }
}

/// `runs` are of one file, with the same baselines; `first` is the first of them.
fn table(first: &Run, runs: &[Run]) -> String {
    let variant = first.variant.as_deref().map(|variant| format!(", {variant}")).unwrap_or_default();
    let few = if first.n < FEW { ", too few to tell small differences" } else { "" };
    let among = first.documents.map(|documents| format!(", {documents} documents")).unwrap_or_default();
    let mut text = format!("{} / {}{variant}   n = {}{few}{among}\n", first.pack, first.file, first.n);
    let names = first.metrics.0.iter().map(|(name, _)| name.clone());
    let mut rows = vec![std::iter::once(String::new()).chain(names).collect()];
    rows.extend(runs.iter().map(|run| row(&run.system, &run.metrics)));
    rows.extend(first.baselines.iter().map(|baseline| row(&baseline.system, &baseline.metrics)));
    text.push_str(&aligned(&rows));
    for run in runs {
        for baseline in &run.baselines {
            text.push_str(&baseline.gain.map(|gain| compared(&run.system, &baseline.system, gain)).unwrap_or_default());
        }
    }
    text
}

fn compared(ours: &str, theirs: &str, gain: Estimate) -> String {
    let told = if gain.low > 0.0 {
        "better"
    } else if gain.high < 0.0 {
        "worse"
    } else {
        "cannot be told"
    };
    let Estimate { value, low, high } = gain;
    format!("  ndcg@10 of {ours} against {theirs}: {value:+.3} [{low:+.3}, {high:+.3}] {told}\n")
}

impl Run {
    /// A run of which nothing else is known.
    pub fn new(pack: &str, file: &str, system: &str, n: usize, metrics: Metrics) -> Self {
        Self {
            pack: pack.to_owned(),
            file: file.to_owned(),
            task: None,
            over: None,
            system: system.to_owned(),
            variant: None,
            n,
            suggested: 0,
            documents: None,
            metrics,
            baselines: Vec::new(),
            confusion: None,
            outcomes: Vec::new(),
            costs: None,
            slices: Vec::new(),
        }
    }

    /// What to know before believing the numbers of these lines.
    pub fn warning(&self, lines: &[Line]) -> Option<String> {
        let clusters: Option<BTreeSet<&str>> = lines.iter().map(|line| line.cluster.as_deref()).collect();
        let mut said: Vec<String> =
            warning(self.n, clusters.filter(|_| !lines.is_empty()).map(|c| c.len())).into_iter().collect();
        let suggested = lines.iter().filter(|line| line.suggested).count();
        if suggested > 0 {
            let all = lines.len();
            said.push(format!("{suggested} of {all} labels were suggested by a rule, no person has confirmed them"));
        }
        (!said.is_empty()).then(|| said.join("; "))
    }

    /// One line for each metric, for runs with many metrics and one row.
    pub fn list(&self) -> String {
        let suggested = match self.suggested {
            0 => String::new(),
            suggested => {
                format!(", {suggested} labels suggested by a rule and {} confirmed", self.n - suggested.min(self.n))
            }
        };
        let mut text = format!("{} / {}, {}   n = {}{suggested}\n", self.pack, self.file, self.system, self.n);
        let rows: Vec<Vec<String>> = self
            .metrics
            .0
            .iter()
            .map(|(name, e)| vec![name.clone(), format!("{:.3}", e.value), format!("[{:.3}, {:.3}]", e.low, e.high)])
            .collect();
        text.push_str(&aligned(&rows));
        if let Some(costs) = self.costs.filter(|_| self.metrics.get(MEAN_COST).is_some()) {
            text.push_str(&format!("  costs: {costs}\n"));
        }
        text.push_str(&outcomes::table(&self.outcomes));
        text
    }
}

fn row(name: &str, metrics: &Metrics) -> Vec<String> {
    let mut row = vec![name.to_owned()];
    row.extend(metrics.0.iter().map(|(_, e)| format!("{:.3} [{:.2}, {:.2}]", e.value, e.low, e.high)));
    row
}

/// Columns padded to their widest cell, two spaces apart.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::from("  ");
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(&format!("{cell:<width$}  ", width = *width));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

impl Report {
    /// For pull requests.
    pub fn markdown(&self) -> String {
        let mut text =
            String::from("| pack / file | asked as | n | metric | value | 95 % |\n|---|---|---|---|---|---|\n");
        for run in &self.runs {
            let task = run.task.map_or(run.system.as_str(), |task| task.name());
            for (name, Estimate { value, low, high }) in &run.metrics.0 {
                let arrow = better(name).arrow();
                text.push_str(&format!(
                    "| {} / {} | {} | {}{} | {name} {arrow} | {value:.3} | [{low:.3}, {high:.3}] |\n",
                    cell(&run.pack),
                    cell(&run.file),
                    cell(task),
                    run.n,
                    if run.suggested == 0 { String::new() } else { format!(" ({} suggested)", run.suggested) }
                ));
            }
        }
        text
    }

    /// One row for each run with the numbers that stand for it.
    pub fn headlines(&self) -> String {
        let mut text = String::from("| pack / file | asked as | n | |\n|---|---|---|---|\n");
        for run in &self.runs {
            let task = run.task.map_or(run.system.as_str(), |task| task.name());
            let numbers = crate::page::headline(run).iter().filter_map(|name| Some((name, run.metrics.get(name)?)));
            let numbers: Vec<String> = numbers
                .map(|(name, Estimate { value, low, high })| format!("{name} **{value:.3}** [{low:.3}, {high:.3}]"))
                .collect();
            let (pack, file, numbers) = (cell(&run.pack), cell(&run.file), numbers.join(", "));
            text.push_str(&format!("| {pack} / {file} | {} | {} | {numbers} |\n", cell(task), run.n));
        }
        text
    }

    /// One row for each metric of each run and of each of its slices.
    pub fn csv(&self) -> String {
        let mut text = String::from("pack,file,task,system,field,value,n,metric,estimate,low,high\n");
        for run in &self.runs {
            let task = run.task.map_or("ranking", |task| task.name());
            let whole = [("", "", run.n, &run.metrics)];
            let parts = run.slices.iter().map(|s| (s.field.as_str(), s.value.as_str(), s.n, &s.metrics));
            for (field, of, n, metrics) in whole.into_iter().chain(parts) {
                for (name, Estimate { value, low, high }) in &metrics.0 {
                    let texts = [&run.pack, &run.file, task, &run.system, field, of].map(quoted).join(",");
                    text.push_str(&format!("{texts},{n},{},{value},{low},{high}\n", quoted(name)));
                }
            }
        }
        text
    }
}

/// A text in a cell of a Markdown table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ").replace('<', "&lt;")
}

/// A text in a CSV file. What a spreadsheet would run as a formula is shown as text.
fn quoted(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// A reply that did not go well, for a person to read: what was asked, what came, what was wrong with it.
/// `None` where it went well.
pub fn complaint(line: &Line) -> Option<String> {
    if severity(line) == 0 {
        return None;
    }
    let mut text = format!("{}: {}\n  asked:    {}\n", line.verdict.name(), line.id, line.text);
    let owed = line.peer.as_ref().and_then(|peer| peer.failed.as_deref());
    match (&line.handoff, owed) {
        (_, Some(why)) => text.push_str(&format!("  no reply: {why}\n")),
        (Some(handoff), None) => text.push_str(&format!("  handed over: {:?} {}\n", handoff.reason, handoff.evidence)),
        (None, None) => text.push_str(&format!("  {}: {}\n", line.did.name(), line.reply)),
    }
    let cited: Vec<&str> = line.citations.iter().map(|cited| cited.doc.0.as_str()).collect();
    if !cited.is_empty() {
        text.push_str(&format!("  cited:    {}\n", cited.join(", ")));
    }
    for (label, facts) in
        [("missing", &line.facts.missing), ("forbidden", &line.facts.violated), ("canary", &line.canaries)]
    {
        facts.iter().for_each(|fact| text.push_str(&format!("  {label}: {fact}\n")));
    }
    if !line.accepted {
        let accept: Vec<&str> = line.accept.iter().map(|action| action.name()).collect();
        text.push_str(&format!("  wanted:   {} {}\n", line.action.name(), accept.join(" or ")));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> Run {
        let estimate = |value: f64| Estimate { value, low: value - 0.1, high: value + 0.1 };
        Run {
            pack: "p".into(),
            file: "q.jsonl".into(),
            task: None,
            over: None,
            system: "full".into(),
            variant: None,
            n: 50,
            suggested: 0,
            documents: None,
            confusion: None,
            outcomes: Vec::new(),
            costs: None,
            slices: Vec::new(),
            metrics: Metrics(vec![("ndcg@10".into(), estimate(0.5)), ("mrr".into(), estimate(0.25))]),
            baselines: vec![Baseline {
                system: "bm25".into(),
                metrics: Metrics(vec![("ndcg@10".into(), estimate(0.25)), ("mrr".into(), estimate(0.5))]),
                gain: Some(Estimate { value: 0.25, low: 0.125, high: 0.5 }),
            }],
        }
    }

    #[test]
    fn json_has_the_agreed_shape() {
        let mut plain = run();
        plain.baselines.clear();
        plain.metrics.0.truncate(1);
        assert_eq!(
            serde_json::to_string(&Report { runs: vec![plain] }).unwrap(),
            r#"{"runs":[{"pack":"p","file":"q.jsonl","system":"full","n":50,"metrics":{"ndcg@10":{"value":0.5,"low":0.4,"high":0.6}}}]}"#
        );
    }

    #[test]
    fn suggested_labels_are_counted_beside_n() {
        let plain = run();
        assert!(plain.list().starts_with("p / q.jsonl, full   n = 50\n"));
        let suggested = Run { suggested: 20, ..plain };
        let head = "p / q.jsonl, full   n = 50, 20 labels suggested by a rule and 30 confirmed\n";
        assert!(suggested.list().starts_with(head), "{}", suggested.list());
        assert!(serde_json::to_string(&suggested).unwrap().contains(r#""n":50,"suggested":20"#));
        let line = crate::line::Line { suggested: true, ..crate::line::tests::hostile("x") };
        let warning = suggested.warning(&[line]).unwrap();
        assert!(warning.contains("1 of 1 labels were suggested by a rule"), "{warning}");
    }

    #[test]
    fn tables_for_machines_keep_texts_apart() {
        let odd = Run { pack: "a|b,\"c\"".into(), file: "=1+1".into(), baselines: Vec::new(), ..run() };
        let report = Report { runs: vec![odd] };
        let row = "| a\\|b,\"c\" / =1+1 | full | 50 | ndcg@10 ↑ | 0.500 | [0.400, 0.600] |\n";
        assert!(report.markdown().contains(row), "{}", report.markdown());
        let row = "\"a|b,\"\"c\"\"\",'=1+1,ranking,full,,,50,ndcg@10,0.5,0.4,0.6\n";
        assert!(report.csv().contains(row), "{}", report.csv());
    }

    #[test]
    fn tables_are_aligned_and_say_what_can_be_told() {
        let dense = Run { system: "dense".into(), ..run() };
        let other = Run { n: 3, documents: Some(7), variant: Some("cut".into()), ..run() };
        let tables = Report { runs: vec![run(), dense, other] }.tables();
        assert_eq!(
            tables[0],
            "p / q.jsonl   n = 50\n\
             \x20        ndcg@10             mrr\n\
             \x20 full   0.500 [0.40, 0.60]  0.250 [0.15, 0.35]\n\
             \x20 dense  0.500 [0.40, 0.60]  0.250 [0.15, 0.35]\n\
             \x20 bm25   0.250 [0.15, 0.35]  0.500 [0.40, 0.60]\n\
             \x20 ndcg@10 of full against bm25: +0.250 [+0.125, +0.500] better\n\
             \x20 ndcg@10 of dense against bm25: +0.250 [+0.125, +0.500] better\n"
        );
        let head = "p / q.jsonl, cut   n = 3, too few to tell small differences, 7 documents\n";
        assert!(tables[1].starts_with(head) && tables.len() == 2, "{tables:?}");
    }
}
