//! Two folders of results side by side: what got better, what got worse, and what cannot be told.

use crate::line::Line;
use crate::measure::severity;
use crate::ranking;
use crate::report::{Report, Run};
use crate::results::{self, ResultsError, ResultsFile};
use crate::score::{Better, Costs, MEAN_COST, METRICS, better};
use crate::statistics::{Bootstrap, Estimate, FEW, Part, holm, mcnemar, ratio_of};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

/// Below this the difference is told, after Holm's correction over all metrics that were compared.
pub const ALPHA: f64 = 0.05;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    Better,
    Worse,
    CannotBeTold,
}

impl Told {
    pub fn name(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::CannotBeTold => "cannot be told",
        }
    }
}

/// One metric of one file, over the messages that both runs hold.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub pack: String,
    pub file: String,
    pub metric: String,
    /// Messages that the metric counts in either run.
    pub n: usize,
    pub a: f64,
    pub b: f64,
    /// `b` less `a`.
    pub difference: Estimate,
    pub p: f64,
    /// After Holm's correction.
    pub p_holm: f64,
    /// What became of it with `b`.
    pub told: Told,
}

/// A message that went well in one run and not in the other.
#[derive(Clone, Debug, Serialize)]
pub struct Flip {
    pub pack: String,
    pub file: String,
    pub id: String,
    pub text: String,
    /// It goes well now.
    pub mended: bool,
    pub a: Side,
    pub b: Side,
}

#[derive(Clone, Debug, Serialize)]
pub struct Side {
    pub did: String,
    pub verdict: String,
    pub reply: String,
}

impl From<&Line> for Side {
    fn from(line: &Line) -> Self {
        let owed = line.peer.as_ref().and_then(|peer| peer.failed.as_deref());
        let did = match (&line.handoff, owed) {
            (_, Some(why)) => format!("no reply: {why}"),
            (Some(handoff), None) => {
                format!("handoff: {:?} {}", handoff.reason, handoff.evidence).trim_end().to_owned()
            }
            (None, None) => line.did.name().to_owned(),
        };
        Self { did, verdict: line.verdict.name().to_owned(), reply: line.reply.clone() }
    }
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct Comparison {
    pub rows: Vec<Row>,
    pub flips: Vec<Flip>,
    /// What could not be compared, and what to keep in mind.
    pub notes: Vec<String>,
}

/// The values of one metric in one run, by message.
type Series = BTreeMap<(String, String, String), BTreeMap<String, (Part, Option<String>)>>;

/// Reads both folders; `b` is compared with `a`.
pub fn compare(a: &Path, b: &Path, bootstrap: Bootstrap) -> Result<Comparison, ResultsError> {
    let (files_a, files_b) = (read(a)?, read(b)?);
    let mut comparison = Comparison::default();
    let key = |file: &ResultsFile| (file.header.pack.clone(), file.header.file.clone(), file.header.task);
    for one in &files_a {
        let other = files_b.iter().find(|other| key(one) == key(other));
        let name = format!("{} / {}", one.header.pack, one.header.file);
        match other {
            None => comparison.notes.push(format!("{name} is only in {}", a.display())),
            Some(other) => {
                if one.header.content != other.header.content {
                    comparison.notes.push(format!("{name}: the pack's files differ between the runs"));
                }
                comparison.flips.extend(flips(one, other));
            }
        }
    }
    let mut series_b = series(&files_b, b)?;
    for ((pack, file, metric), values) in series(&files_a, a)? {
        let key = (pack, file, metric);
        let Some(others) = series_b.remove(&key) else { continue };
        comparison.rows.extend(row(key, &values, &others, bootstrap));
    }
    let adjusted = holm(&comparison.rows.iter().map(|row| row.p).collect::<Vec<_>>());
    for (row, p_holm) in comparison.rows.iter_mut().zip(adjusted) {
        row.p_holm = p_holm;
        row.told = told(&row.metric, row.difference.value, p_holm);
        if row.n < FEW {
            let note = format!("{} / {}: n = {} is too few to tell small differences", row.pack, row.file, row.n);
            if !comparison.notes.contains(&note) {
                comparison.notes.push(note);
            }
        }
    }
    if comparison.rows.is_empty() {
        return Err(ResultsError::Empty { path: b.to_owned() });
    }
    Ok(comparison)
}

/// A folder may hold nothing but rankings.
fn read(dir: &Path) -> Result<Vec<ResultsFile>, ResultsError> {
    match results::read(dir) {
        Err(ResultsError::Empty { .. }) if dir.join(RANKINGS).is_file() => Ok(Vec::new()),
        read => read,
    }
}

const RANKINGS: &str = "rankings.jsonl";

#[derive(Deserialize)]
struct RankedLine {
    pack: String,
    file: String,
    variant: Option<String>,
    system: String,
    id: String,
    scores: HashMap<String, f64>,
}

fn series(files: &[ResultsFile], dir: &Path) -> Result<Series, ResultsError> {
    let mut series = Series::new();
    for file in files {
        for metric in METRICS.iter().filter(|metric| metric.better != Better::Neither) {
            let name = format!("{} ({})", file.header.file, file.header.task.name());
            let values: BTreeMap<String, (Part, Option<String>)> =
                file.lines.iter().map(|line| (line.id.clone(), (metric.part(line), line.cluster.clone()))).collect();
            if values.values().any(|(part, _)| part.all > 0.0) {
                series.insert((file.header.pack.clone(), name, metric.name.to_owned()), values);
            }
        }
    }
    for file in files {
        // By the costs that the run itself was scored with.
        let costs = costs(dir, file)?;
        let part = |line: &Line| (line.id.clone(), (costs.part(line), line.cluster.clone()));
        let values: BTreeMap<String, (Part, Option<String>)> = file.lines.iter().map(part).collect();
        if values.values().any(|(part, _)| part.all > 0.0) {
            let name = format!("{} ({})", file.header.file, file.header.task.name());
            series.insert((file.header.pack.clone(), name, MEAN_COST.to_owned()), values);
        }
    }
    let path = dir.join(RANKINGS);
    if path.is_file() {
        let text = fs::read_to_string(&path).map_err(|source| ResultsError::Io { path: path.clone(), source })?;
        for (at, line) in text.lines().enumerate() {
            let line: RankedLine = serde_json::from_str(line).map_err(|error| ResultsError::Broken {
                path: path.clone(),
                line: at + 1,
                problem: error.to_string(),
            })?;
            let variant = line.variant.map(|variant| format!(", {variant}")).unwrap_or_default();
            for name in ranking::METRICS {
                let Some(value) = line.scores.get(name) else { continue };
                let key = (line.pack.clone(), format!("{}{variant} ({})", line.file, line.system), name.to_owned());
                let part = Part { of: *value, all: 1.0 };
                series.entry(key).or_default().insert(line.id.clone(), (part, None));
            }
        }
    }
    Ok(series)
}

/// As `summary.json` has them; the usual ones where there is none.
fn costs(dir: &Path, file: &ResultsFile) -> Result<Costs, ResultsError> {
    let path = dir.join("summary.json");
    let Ok(text) = fs::read_to_string(&path) else { return Ok(Costs::default()) };
    let summary: Report = serde_json::from_str(&text).map_err(|error| ResultsError::Broken {
        path,
        line: error.line(),
        problem: error.to_string(),
    })?;
    let of =
        |run: &&Run| (&run.pack, &run.file, run.task) == (&file.header.pack, &file.header.file, Some(file.header.task));
    Ok(summary.runs.iter().find(of).and_then(|run| run.costs).unwrap_or_default())
}

fn row(
    (pack, file, metric): (String, String, String),
    a: &BTreeMap<String, (Part, Option<String>)>,
    b: &BTreeMap<String, (Part, Option<String>)>,
    bootstrap: Bootstrap,
) -> Option<Row> {
    let both: Vec<(Part, Part, Option<String>)> =
        a.iter().filter_map(|(id, (part, cluster))| Some((*part, b.get(id)?.0, cluster.clone()))).collect();
    let (ours, theirs): (Vec<Part>, Vec<Part>) = both.iter().map(|(a, b, _)| (*a, *b)).unzip();
    let clusters: Option<Vec<String>> = both.iter().map(|(_, _, cluster)| cluster.clone()).collect();
    let difference = bootstrap.difference(&ours, &theirs, clusters.as_deref())?;
    let yes_or_no = |part: &Part| part.all == 1.0 && (part.of == 0.0 || part.of == 1.0);
    let p = if clusters.is_none() && ours.iter().chain(&theirs).all(yes_or_no) {
        let only = |more: &[Part], less: &[Part]| more.iter().zip(less).filter(|(m, l)| m.of > l.of).count();
        mcnemar(only(&ours, &theirs), only(&theirs, &ours))
    } else {
        bootstrap.permutation(&ours, &theirs, clusters.as_deref())?
    };
    Some(Row {
        pack,
        file,
        metric,
        n: ours.iter().zip(&theirs).filter(|(a, b)| a.all > 0.0 || b.all > 0.0).count(),
        a: ratio_of(ours)?,
        b: ratio_of(theirs)?,
        difference,
        p,
        p_holm: 1.0,
        told: Told::CannotBeTold,
    })
}

fn told(metric: &str, difference: f64, p: f64) -> Told {
    if p >= ALPHA || difference == 0.0 {
        return Told::CannotBeTold;
    }
    match (better(metric), difference > 0.0) {
        (Better::Higher, true) | (Better::Lower, false) => Told::Better,
        (Better::Higher, false) | (Better::Lower, true) => Told::Worse,
        (Better::Neither, _) => Told::CannotBeTold,
    }
}

fn flips<'a>(a: &'a ResultsFile, b: &'a ResultsFile) -> impl Iterator<Item = Flip> + 'a {
    let others: HashMap<&str, &Line> = b.lines.iter().map(|line| (line.id.as_str(), line)).collect();
    a.lines.iter().filter_map(move |one| {
        let other = others.get(one.id.as_str())?;
        let (good, good_now) = (severity(one) == 0, severity(other) == 0);
        (good != good_now).then(|| Flip {
            pack: a.header.pack.clone(),
            file: a.header.file.clone(),
            id: one.id.clone(),
            text: one.text.clone(),
            mended: good_now,
            a: one.into(),
            b: (*other).into(),
        })
    })
}

impl Comparison {
    /// For people: what is told first, then what cannot be, then the messages that flipped.
    pub fn markdown(&self) -> String {
        let mut text = String::from(
            "| pack / file | metric | n | A | B | B - A [95 %] | p (Holm) | |\n|---|---|---|---|---|---|---|---|\n",
        );
        for wanted in [Told::Worse, Told::Better, Told::CannotBeTold] {
            for row in self.rows.iter().filter(|row| row.told == wanted) {
                let Estimate { value, low, high } = row.difference;
                text.push_str(&format!(
                    "| {} / {} | {} | {} | {:.3} | {:.3} | {value:+.3} [{low:+.3}, {high:+.3}] | {:.3} | {} |\n",
                    row.pack,
                    row.file,
                    row.metric,
                    row.n,
                    row.a,
                    row.b,
                    row.p_holm,
                    row.told.name()
                ));
            }
        }
        let mended = self.flips.iter().filter(|flip| flip.mended).count();
        text.push_str(&format!(
            "\n{mended} messages go well that did not, {} the other way.\n",
            self.flips.len() - mended
        ));
        for flip in &self.flips {
            let way = if flip.mended { "mended" } else { "broken" };
            text.push_str(&format!("\n{way}: {} / {} / {}\n    {}\n", flip.pack, flip.file, flip.id, flip.text));
            for (name, side) in [("A", &flip.a), ("B", &flip.b)] {
                text.push_str(&format!("  {name} {} ({}): {}\n", side.did, side.verdict, side.reply));
            }
        }
        self.notes.iter().for_each(|note| text.push_str(&format!("\nnote: {note}\n")));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::{TimeLine, tests::hostile};
    use crate::pack::Action;
    use crate::results::{FORMAT, Header, open};
    use crate::unit::Task;
    use crate::verdict::Verdict;
    use engine::answer::Timings;

    /// A folder with decisions that are right where `right` says so.
    fn folder(right: &[bool], content: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let header = Header {
            results_format: FORMAT,
            pack: "p".into(),
            file: "d.jsonl".into(),
            task: Task::Decisions,
            over: "p".into(),
            system: "s".into(),
            content: content.into(),
            seed: 1,
            limit: None,
            n: right.len(),
        };
        let (mut writer, done) = open(dir.path(), &header).unwrap();
        assert!(done.is_empty());
        for (at, right) in right.iter().enumerate() {
            let line = Line {
                id: format!("m{at}"),
                text: format!("message {at}"),
                did: if *right { Action::Handoff } else { Action::Answer },
                accepted: *right,
                verdict: if *right { Verdict::RefusedRightly } else { Verdict::Wrong },
                facts: Default::default(),
                canaries: Vec::new(),
                unsupported: 0,
                handoff: None,
                cluster: None,
                ..hostile("x")
            };
            writer.write(&line, &TimeLine::new(&line.id, &Timings::default(), 0.0)).unwrap();
        }
        dir
    }

    const DRAW: Bootstrap = Bootstrap { resamples: 300, seed: 1 };

    #[track_caller]
    fn check(a: &[bool], b: &[bool], expected: Told, flips: usize) -> Comparison {
        let (a, b) = (folder(a, "same"), folder(b, "same"));
        let found = compare(a.path(), b.path(), DRAW).unwrap();
        let row = found.rows.iter().find(|row| row.metric == "accept_accuracy").unwrap();
        assert_eq!((row.told, found.flips.len()), (expected, flips), "{row:?}");
        found
    }

    #[test]
    fn what_can_be_told_is_told_and_nothing_else() {
        let (good, bad) = (vec![true; 40], vec![false; 40]);
        let better = check(&bad, &good, Told::Better, 40);
        let row = better.rows.iter().find(|row| row.metric == "accept_accuracy").unwrap();
        // 2 · ½⁴⁰, times the number of metrics at most.
        assert!(row.p < 1e-11 && row.p_holm >= row.p && row.difference.value == 1.0);
        assert!(better.flips.iter().all(|flip| flip.mended));
        check(&good, &bad, Told::Worse, 40);
        let mut nearly = good.clone();
        nearly[0] = false;
        check(&good, &nearly, Told::CannotBeTold, 1);
        check(&good, &good, Told::CannotBeTold, 0);
        let text = better.markdown();
        assert!(text.contains("mended: p / d.jsonl / m0") && text.contains("| better |"), "{text}");
    }

    #[test]
    fn only_what_both_hold_is_compared_and_changed_packs_are_named() {
        let (a, b) = (folder(&[true; 40], "one"), folder(&[true; 35], "other"));
        let found = compare(a.path(), b.path(), DRAW).unwrap();
        assert!(found.rows.iter().all(|row| row.n <= 35));
        assert!(found.notes.iter().any(|note| note.contains("files differ")), "{:?}", found.notes);
        let empty = tempfile::tempdir().unwrap();
        assert!(matches!(compare(a.path(), empty.path(), DRAW), Err(ResultsError::Empty { .. })));
    }
}
