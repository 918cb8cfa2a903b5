//! The same messages before and after a change, side by side.

use super::{Change, ChangeKind};
use crate::line::Line;
use crate::measure::{Asked, severity};
use crate::score::{Better, METRICS};
use crate::statistics::{Bootstrap, Estimate, Part, holm, ratio_of};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// What a run of changes found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Robustness {
    pub changed: Vec<Changed>,
}

/// One kind of change on one file, all its seeds together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Changed {
    pub pack: String,
    pub file: String,
    pub task: String,
    pub change: ChangeKind,
    pub seeds: usize,
    /// Messages that the change changed; with several seeds each is asked as often.
    pub n: usize,
    /// Replies that are another action than that to the original.
    pub flip_rate: Estimate,
    /// Replies that went well and do not any more, and the other way round.
    pub broken: Estimate,
    pub mended: Estimate,
    /// Changed less original, paired by message.
    pub differences: Vec<Differs>,
    /// The chance that k changed messages of one original all go well, for k from 1; where there are several seeds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pass: Vec<PassK>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Differs {
    pub metric: String,
    pub original: f64,
    pub changed: f64,
    pub difference: Estimate,
    /// Of the paired permutation test, Holm-corrected over all metrics of all changes of this run.
    pub p_holm: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PassK {
    pub k: usize,
    /// Originals that were asked with every seed.
    pub n: usize,
    pub pass: Estimate,
}

/// The chance that k tries drawn from `n` without putting back, `right` of which went well, all went well: unbiased for
/// the chance that k new tries all go well.
///
/// Yao, Shinn, Razavi, Narasimhan, "τ-bench: A Benchmark for Tool-Agent-User Interaction in Real-World Domains" (2024).
pub fn pass_power(right: usize, n: usize, k: usize) -> Option<f64> {
    if k == 0 || k > n || right > n {
        return None;
    }
    // C(right, k) / C(n, k).
    Some((0..k).map(|at| right.saturating_sub(at) as f64 / (n - at) as f64).product())
}

/// `original` against every changed run of the same files.
pub fn robustness(original: &[Asked], changed: &[(Change, Vec<Asked>)], bootstrap: Bootstrap) -> Robustness {
    let mut rows = Vec::new();
    for file in original {
        for kind in ChangeKind::ALL {
            let of_kind = changed.iter().filter(|(change, _)| change.kind == kind);
            let runs: Vec<&Asked> = of_kind.flat_map(|(_, asked)| asked.iter().filter(|run| same(run, file))).collect();
            rows.extend(compared(kind, file, &runs, bootstrap));
        }
    }
    let p: Vec<f64> = rows.iter().flat_map(|row| &row.differences).map(|one| one.p_holm).collect();
    let adjusted = holm(&p);
    let all = rows.iter_mut().flat_map(|row| &mut row.differences);
    all.zip(adjusted).for_each(|(one, p)| one.p_holm = p);
    Robustness { changed: rows }
}

fn same(a: &Asked, b: &Asked) -> bool {
    (&a.run.pack, &a.run.file, a.run.task) == (&b.run.pack, &b.run.file, b.run.task)
}

fn compared(kind: ChangeKind, file: &Asked, runs: &[&Asked], bootstrap: Bootstrap) -> Option<Changed> {
    let originals: HashMap<&str, &Line> = file.lines.iter().map(|line| (line.id.as_str(), line)).collect();
    let pairs: Vec<(&Line, &Line)> = runs
        .iter()
        .flat_map(|run| &run.lines)
        .filter_map(|line| Some((*originals.get(line.id.as_str())?, line)))
        .collect();
    // One message that is asked with several seeds is one observation.
    let clusters: Vec<String> =
        pairs.iter().map(|(line, _)| line.cluster.clone().unwrap_or_else(|| line.id.clone())).collect();
    let share = |which: &dyn Fn(&Line, &Line) -> bool| {
        let part = |(a, b): &(&Line, &Line)| Part { of: f64::from(u8::from(which(a, b))), all: 1.0 };
        bootstrap.ratio(&pairs.iter().map(part).collect::<Vec<_>>(), Some(&clusters), true)
    };
    let good = |line: &Line| severity(line) == 0;
    let distinct: std::collections::BTreeSet<&str> = pairs.iter().map(|(line, _)| line.id.as_str()).collect();
    Some(Changed {
        pack: file.run.pack.clone(),
        file: file.run.file.clone(),
        task: file.run.task.map_or("ranking", |task| task.name()).to_owned(),
        change: kind,
        seeds: runs.len(),
        n: distinct.len(),
        flip_rate: share(&|a, b| a.did != b.did || a.failed() != b.failed())?,
        broken: share(&|a, b| good(a) && !good(b))?,
        mended: share(&|a, b| !good(a) && good(b))?,
        differences: differences(&pairs, &clusters, bootstrap),
        pass: if runs.len() > 1 { pass(&pairs, runs.len(), bootstrap) } else { Vec::new() },
    })
}

fn differences(pairs: &[(&Line, &Line)], clusters: &[String], bootstrap: Bootstrap) -> Vec<Differs> {
    let told = METRICS.iter().filter(|metric| metric.better != Better::Neither);
    told.filter_map(|metric| {
        let (ours, theirs): (Vec<Part>, Vec<Part>) =
            pairs.iter().map(|(a, b)| (metric.part(a), metric.part(b))).unzip();
        Some(Differs {
            metric: metric.name.to_owned(),
            original: ratio_of(ours.iter().copied())?,
            changed: ratio_of(theirs.iter().copied())?,
            difference: bootstrap.difference(&ours, &theirs, Some(clusters))?,
            p_holm: bootstrap.permutation(&ours, &theirs, Some(clusters))?,
        })
    })
    .collect()
}

fn pass(pairs: &[(&Line, &Line)], seeds: usize, bootstrap: Bootstrap) -> Vec<PassK> {
    let mut tries: BTreeMap<&str, (usize, usize, String)> = BTreeMap::new();
    for (original, changed) in pairs {
        let cluster = original.cluster.clone().unwrap_or_else(|| original.id.clone());
        let (right, n, _) = tries.entry(&original.id).or_insert((0, 0, cluster));
        *right += usize::from(severity(changed) == 0);
        *n += 1;
    }
    let whole: Vec<&(usize, usize, String)> = tries.values().filter(|(_, n, _)| *n == seeds).collect();
    let clusters: Vec<String> = whole.iter().map(|(_, _, cluster)| cluster.clone()).collect();
    let at = |k: usize| {
        let values: Vec<f64> = whole.iter().filter_map(|(right, n, _)| pass_power(*right, *n, k)).collect();
        Some(PassK { k, n: whole.len(), pass: bootstrap.mean(&values, Some(&clusters))? })
    };
    (1..=seeds).filter_map(at).collect()
}

impl Robustness {
    /// For people: one row for each change, then what can be told, then pass^k.
    pub fn markdown(&self) -> String {
        let mut text = String::from(
            "| pack / file | change | n × seeds | flips [95 %] | broken | mended | accepted, changed less original [95 %] |\n\
             |---|---|---|---|---|---|---|\n",
        );
        let cell = |e: &Estimate| format!("{:.3} [{:.3}, {:.3}]", e.value, e.low, e.high);
        for row in &self.changed {
            let main = ["accept_accuracy", "accuracy"];
            let main = main.iter().find_map(|name| row.differences.iter().find(|one| one.metric == *name));
            let main = main.map_or_else(String::new, |one| signed(&one.difference));
            text.push_str(&format!(
                "| {} / {} ({}) | {} | {} × {} | {} | {:.3} | {:.3} | {main} |\n",
                row.pack.replace('|', "\\|"),
                row.file.replace('|', "\\|"),
                row.task,
                row.change.name(),
                row.n,
                row.seeds,
                cell(&row.flip_rate),
                row.broken.value,
                row.mended.value
            ));
        }
        for row in &self.changed {
            for one in row.differences.iter().filter(|one| one.p_holm < crate::compare::ALPHA) {
                text.push_str(&format!(
                    "\n{} / {}, {}: {} went from {:.3} to {:.3} ({}, p {:.3})\n",
                    row.pack,
                    row.file,
                    row.change.name(),
                    one.metric,
                    one.original,
                    one.changed,
                    signed(&one.difference),
                    one.p_holm
                ));
            }
            if !row.pass.is_empty() {
                let all = row.pass.iter().map(|p| format!("pass^{} {}", p.k, cell(&p.pass))).collect::<Vec<_>>();
                text.push_str(&format!("\n{} / {}, {}: {}\n", row.pack, row.file, row.change.name(), all.join(", ")));
            }
        }
        text
    }
}

fn signed(e: &Estimate) -> String {
    format!("{:+.3} [{:+.3}, {:+.3}]", e.value, e.low, e.high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::tests::hostile;
    use crate::pack::Action;
    use crate::report::{Metrics, Run};
    use crate::unit::Task;
    use crate::verdict::Verdict;

    /// C(c, k) / C(n, k), worked out by hand.
    #[test]
    fn all_of_k_tries_go_well() {
        for (right, n, k, expected) in
            [(3, 4, 1, 0.75), (3, 4, 2, 0.5), (3, 4, 3, 0.25), (3, 4, 4, 0.0), (4, 4, 4, 1.0)]
        {
            assert!((pass_power(right, n, k).unwrap() - expected).abs() < 1e-12, "{right} {n} {k}");
        }
        assert_eq!((pass_power(1, 2, 3), pass_power(1, 2, 0), pass_power(3, 2, 1)), (None, None, None));
    }

    fn asked(right: &[(usize, bool)]) -> Asked {
        let line = |(id, right): &(usize, bool)| Line {
            id: format!("m{id}"),
            did: if *right { Action::Handoff } else { Action::Answer },
            accepted: *right,
            verdict: if *right { Verdict::RefusedRightly } else { Verdict::Wrong },
            facts: Default::default(),
            canaries: Vec::new(),
            unsupported: 0,
            handoff: None,
            cluster: None,
            peer: None,
            ..hostile("x")
        };
        let run = Run { task: Some(Task::Decisions), ..Run::new("p", "f", "s", right.len(), Metrics::default()) };
        Asked { run, lines: right.iter().map(line).collect(), timings: Vec::new(), content: String::new() }
    }

    #[test]
    fn a_change_is_paired_with_its_original() {
        let original = asked(&(0..40).map(|id| (id, true)).collect::<Vec<_>>());
        let typos = |seed| Change { kind: ChangeKind::Typos, seed, rate: 0.2 };
        // Half of the messages go wrong with one seed, none with the other; the second leaves ten as they were.
        let one = asked(&(0..40).map(|id| (id, id >= 20)).collect::<Vec<_>>());
        let other = asked(&(10..40).map(|id| (id, true)).collect::<Vec<_>>());
        let changed = [(typos(1), vec![one]), (typos(2), vec![other])];
        let found = robustness(&[original], &changed, Bootstrap { resamples: 200, seed: 1 });
        let row = &found.changed[0];
        assert_eq!((found.changed.len(), row.n, row.seeds, row.change), (1, 40, 2, ChangeKind::Typos));
        assert!(
            (row.flip_rate.value - 20.0 / 70.0).abs() < 1e-12 && row.flip_rate == row.broken && row.mended.value == 0.0
        );
        let told = row.differences.iter().find(|one| one.metric == "accept_accuracy").unwrap();
        assert!((told.difference.value + 20.0 / 70.0).abs() < 1e-12 && told.p_holm < 0.05, "{told:?}");
        // Thirty were asked twice; ten of them went well once.
        let pass: Vec<(usize, usize, f64)> = row.pass.iter().map(|p| (p.k, p.n, p.pass.value)).collect();
        assert_eq!(pass.len(), 2);
        assert!((pass[0].2 - 25.0 / 30.0).abs() < 1e-12 && (pass[1].2 - 20.0 / 30.0).abs() < 1e-12, "{pass:?}");
        let text = found.markdown();
        assert!(text.contains("| p / f (decisions) | typos | 40 × 2 |") && text.contains("pass^2 0.667"), "{text}");
    }
}
