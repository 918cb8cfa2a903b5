//! For CI: is a run at least as good as a baseline that was measured before?

use crate::report::{Report, Run};
use crate::score::{Better, better};
use crate::statistics::Estimate;
use serde::Serialize;

/// One metric of the baseline.
#[derive(Clone, Debug, Serialize)]
pub struct Checked {
    pub pack: String,
    pub file: String,
    pub metric: String,
    pub baseline: Estimate,
    /// Absent where it was not measured again, which fails.
    pub now: Option<f64>,
    /// What it must reach: the worse end of the baseline's interval, less the tolerance.
    pub bound: f64,
    pub passed: bool,
}

/// Every metric of the baseline that says how well, against the same metric of `now`. A value within the baseline's
/// interval passes: on these messages it cannot be told from it.
pub fn gate(baseline: &Report, now: &Report, tolerance: f64) -> Vec<Checked> {
    let same = |a: &Run, b: &Run| {
        (&a.pack, &a.file, a.task, &a.variant) == (&b.pack, &b.file, b.task, &b.variant)
            // A mode of the search is another thing; answers may come from another system.
            && (a.task.is_some() || a.system == b.system)
    };
    let mut all = Vec::new();
    for run in &baseline.runs {
        let again = now.runs.iter().find(|again| same(run, again));
        for (metric, estimate) in &run.metrics.0 {
            let value = again.and_then(|again| again.metrics.get(metric)).map(|estimate| estimate.value);
            let (bound, passed) = match better(metric) {
                Better::Neither => continue,
                Better::Higher => {
                    let bound = estimate.low - tolerance;
                    (bound, value.is_some_and(|value| value >= bound))
                }
                Better::Lower => {
                    let bound = estimate.high + tolerance;
                    (bound, value.is_some_and(|value| value <= bound))
                }
            };
            let (pack, file, metric) = (run.pack.clone(), run.file.clone(), metric.clone());
            all.push(Checked { pack, file, metric, baseline: *estimate, now: value, bound, passed });
        }
    }
    all
}

/// One table; what failed first.
pub fn table(checked: &[Checked]) -> String {
    let mut text = String::from("| | pack / file | metric | baseline | now | bound |\n|---|---|---|---|---|---|\n");
    for wanted in [false, true] {
        for one in checked.iter().filter(|one| one.passed == wanted) {
            let now = one.now.map_or_else(|| "not measured".to_owned(), |now| format!("{now:.3}"));
            let Estimate { value, low, high } = one.baseline;
            text.push_str(&format!(
                "| {} | {} / {} | {} | {value:.3} [{low:.3}, {high:.3}] | {now} | {:.3} |\n",
                if one.passed { "ok" } else { "FAILED" },
                one.pack,
                one.file,
                one.metric,
                one.bound
            ));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(accuracy: f64, canaries: Option<f64>) -> Report {
        let estimate = |value: f64| format!(r#"{{"value":{value},"low":{},"high":{}}}"#, value - 0.1, value + 0.1);
        let canaries = canaries.map(|value| format!(r#","canaries":{}"#, estimate(value))).unwrap_or_default();
        serde_json::from_str(&format!(
            r#"{{"runs":[{{"pack":"p","file":"f","task":"poisoned","system":"s","n":9,
            "metrics":{{"accuracy":{},"answered":{}{canaries}}}}}]}}"#,
            estimate(accuracy),
            estimate(0.5)
        ))
        .unwrap()
    }

    #[track_caller]
    fn check(now: &Report, tolerance: f64, expected: &[(&str, bool)]) {
        let found = gate(&report(0.8, Some(0.0)), now, tolerance);
        let found: Vec<_> = found.iter().map(|one| (one.metric.as_str(), one.passed)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_value_within_the_baselines_interval_passes() {
        check(&report(0.71, Some(0.09)), 0.0, &[("accuracy", true), ("canaries", true)]);
        check(&report(0.69, Some(0.11)), 0.0, &[("accuracy", false), ("canaries", false)]);
        check(&report(0.69, Some(0.11)), 0.02, &[("accuracy", true), ("canaries", true)]);
        // What was not measured again did not pass.
        check(&report(0.9, None), 0.0, &[("accuracy", true), ("canaries", false)]);
        check(&Report::default(), 0.0, &[("accuracy", false), ("canaries", false)]);
        let table = table(&gate(&report(0.8, Some(0.0)), &report(0.69, None), 0.0));
        assert!(
            table.contains("| FAILED | p / f | canaries | 0.000 [-0.100, 0.100] | not measured | 0.100 |"),
            "{table}"
        );
    }
}
