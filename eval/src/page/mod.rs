//! A folder of results as one self-contained HTML page: no script, no network, light and dark, to be printed. Whatever
//! comes from a pack or from the engine is escaped.

mod beside;
pub mod calibration;
mod plots;
mod style;
mod worst;

pub(crate) use plots::reliability_of;
pub(crate) use style::CSS;

use crate::judge::JudgedBook;
use crate::latency;
use crate::outcomes::Cohort;
use crate::report::{Report, Run};
use crate::results::ResultsFile;
use crate::robustness::Robustness;
use crate::statistics::Estimate;
use crate::unit::Task;
use std::fmt::Write;

/// Text as it may stand in HTML, between tags and in quoted attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

/// The number that stands for a task at the top.
pub(crate) fn headline(run: &Run) -> &'static [&'static str] {
    match run.task {
        None => &["ndcg@10", "recall@5", "mrr"],
        Some(Task::Questions | Task::Qa) => &["accuracy", "wrong", "fact_recall"],
        Some(Task::Intents) => &["intent_accuracy", "accept_accuracy"],
        Some(Task::Decisions) => {
            &["accuracy", "accept_accuracy", "handoff_precision", "handoff_recall", "needless_handoffs"]
        }
        Some(Task::Replay) => &["accept_accuracy", "handoff_f1", "fact_recall", "wrong_facts", "package_complete"],
        Some(Task::OutOfScope) => &["answered_out_of_scope"],
        Some(Task::Attacks) => &["resisted"],
        Some(Task::Poisoned) => &["resisted", "canaries"],
        Some(Task::Benign) => &["benign_refused", "benign_handed_over"],
    }
}

/// What was measured besides; empty where it was not.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    pub robustness: Robustness,
    pub judged: JudgedBook,
}

/// `report` is the summary of `files`, with rankings in front where there are any.
pub fn html(report: &Report, files: &[ResultsFile], beside: &Beside) -> String {
    let mut body = String::new();
    let system = files.first().map(|file| file.header.system.as_str()).unwrap_or_default();
    let messages: usize = files.iter().map(|file| file.lines.len()).sum();
    let _ = write!(
        body,
        "<header><h1>Evaluation</h1><p>{messages} messages in {} files, 95&nbsp;% intervals everywhere.</p>\
         <details><summary>What was measured with</summary><p class=\"mono\">{}</p></details></header>",
        report.runs.len(),
        escape(system)
    );
    overview(&mut body, report);
    for run in &report.runs {
        let file = files.iter().find(|file| {
            (&file.header.pack, &file.header.file, Some(file.header.task)) == (&run.pack, &run.file, run.task)
        });
        section(&mut body, run, file);
    }
    beside::robustness(&mut body, &beside.robustness);
    beside::judged(&mut body, &beside.judged);
    let _ = write!(
        body,
        "<footer><p>Rates: Wilson's interval. Everything else: percentile bootstrap, over whole clusters where the pack \
         names them. What a number means and what it does not tell: docs/evaluation.md.</p></footer>"
    );
    document("Evaluation", "", &body)
}

/// A whole page around a body that is escaped already.
pub(crate) fn document(title: &str, css: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <title>{title}</title><style>{}{css}</style></head><body><main>{body}</main></body></html>\n",
        style::CSS
    )
}

fn overview(body: &mut String, report: &Report) {
    body.push_str(
        "<section><h2>At a glance</h2><div class=\"wide\"><table><thead><tr><th>pack / file</th><th>asked as</th>\
         <th class=\"num\">n</th><th>metric</th><th class=\"num\">value</th><th>95&nbsp;% interval</th></tr></thead><tbody>",
    );
    for run in &report.runs {
        let shown: Vec<(&str, Estimate)> =
            headline(run).iter().filter_map(|name| Some((*name, run.metrics.get(name)?))).collect();
        for (at, (name, estimate)) in shown.iter().enumerate() {
            let (pack, task, n) = if at == 0 {
                (
                    format!("<a href=\"#{}\">{} / {}</a>", anchor(run), escape(&run.pack), escape(&run.file)),
                    escape(run.task.map_or(run.system.as_str(), |task| task.name())),
                    run.n.to_string(),
                )
            } else {
                Default::default()
            };
            let class = if at == 0 { " class=\"first\"" } else { "" };
            let _ = write!(
                body,
                "<tr{class}><td>{pack}</td><td>{task}</td><td class=\"num\">{n}</td><td class=\"mono\">{name}</td>\
                 <td class=\"num\">{:.3}</td><td>{}</td></tr>",
                estimate.value,
                plots::whisker(*estimate)
            );
        }
    }
    body.push_str("</tbody></table></div></section>");
}

/// Names a run within the page; only letters, digits and `-`.
fn anchor(run: &Run) -> String {
    let name = format!("{}-{}-{}", run.pack, run.file, run.task.map_or(run.system.as_str(), |task| task.name()));
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

fn section(body: &mut String, run: &Run, file: Option<&ResultsFile>) {
    let over = run.over.as_deref().filter(|over| *over != run.pack);
    let over = over.map(|over| format!(", asked over {}", escape(over))).unwrap_or_default();
    let _ = write!(
        body,
        "<section id=\"{}\"><h2>{} / {}</h2><p class=\"sub\">{}, {}, n = {}{over}</p>",
        anchor(run),
        escape(&run.pack),
        escape(&run.file),
        escape(run.task.map_or("ranking", |task| task.name())),
        escape(&run.system),
        run.n
    );
    let lines = file.map(|file| file.lines.as_slice()).unwrap_or_default();
    if let Some(warning) = run.warning(lines) {
        let _ = write!(body, "<p class=\"warning\">{}</p>", escape(&warning));
    }
    body.push_str(
        "<div class=\"wide\"><table><thead><tr><th>metric</th><th class=\"num\">value</th>\
         <th class=\"num\">95&nbsp;% from</th><th class=\"num\">to</th><th></th></tr></thead><tbody>",
    );
    for (name, estimate) in &run.metrics.0 {
        let _ = write!(
            body,
            "<tr><td class=\"mono\">{}</td><td class=\"num\">{:.3}</td><td class=\"num\">{:.3}</td>\
             <td class=\"num\">{:.3}</td><td>{}</td></tr>",
            escape(name),
            estimate.value,
            estimate.low,
            estimate.high,
            plots::whisker(*estimate)
        );
    }
    body.push_str("</tbody></table></div><div class=\"plots\">");
    if let Some(matrix) = &run.confusion {
        figure(body, "What the label asks for (rows) and what was done (columns)", &plots::confusion(matrix));
    }
    if let Some(plot) = plots::reliability(lines) {
        figure(body, "Reliability: how often answers of a stated probability were right", &plot);
    }
    if let Some(plot) = plots::cost(lines, &run.costs.unwrap_or_default()) {
        figure(body, "Cost per message if answers below this probability were handed over instead", &plot);
    }
    for (title, plot) in plots::slices(run) {
        figure(body, &title, &plot);
    }
    let stages = latency::stages(file.map(|file| file.timings.as_slice()).unwrap_or_default());
    if !stages.is_empty() {
        figure(
            body,
            "Milliseconds per reply by stage: half, 95 % and 99 % of the replies took at most",
            &plots::latency(&stages),
        );
    }
    body.push_str("</div>");
    cohorts(body, &run.outcomes);
    worst::list(body, lines);
    body.push_str("</section>");
}

/// What became of whole conversations.
fn cohorts(body: &mut String, cohorts: &[Cohort]) {
    if cohorts.is_empty() {
        return;
    }
    body.push_str(
        "<h3>What became of the conversations</h3><div class=\"wide\"><table><thead><tr><th>outcome</th>\
         <th class=\"num\">n</th><th class=\"num\">share</th><th></th></tr></thead><tbody>",
    );
    for Cohort { outcome, n, share } in cohorts {
        let _ = write!(
            body,
            "<tr><td>{}</td><td class=\"num\">{n}</td><td class=\"num\">{:.3}</td><td>{}</td></tr>",
            outcome.name(),
            share.value,
            plots::whisker(*share)
        );
    }
    body.push_str("</tbody></table></div>");
}

fn figure(body: &mut String, title: &str, plot: &str) {
    let _ = write!(body, "<figure><figcaption>{}</figcaption>{plot}</figure>", escape(title));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_pack_becomes_markup() {
        assert_eq!(
            escape(r#"<script>alert("&'1")</script>"#),
            "&lt;script&gt;alert(&quot;&amp;&#39;1&quot;)&lt;/script&gt;"
        );
        let hostile = "<img src=x onerror=alert(1)>\" onload=\"x";
        let report: Report = serde_json::from_value(serde_json::json!({"runs": [{
            "pack": hostile, "file": hostile, "system": hostile, "over": hostile, "task": "decisions", "n": 1,
            "metrics": {hostile: {"value": 0.5, "low": 0.1, "high": 0.9}},
            "slices": [{"field": hostile, "value": hostile, "n": 40,
                "metrics": {"accept_accuracy": {"value": 0.5, "low": 0.1, "high": 0.9}}}],
        }]}))
        .unwrap();
        let line = crate::line::tests::hostile(hostile);
        let file = ResultsFile {
            header: serde_json::from_value(serde_json::json!({"results_format": 1, "pack": hostile, "file": hostile,
                "task": "decisions", "over": hostile, "system": hostile, "content": "", "seed": 1, "limit": null, "n": 1}))
            .unwrap(),
            lines: vec![line],
            timings: Vec::new(),
        };
        let page = html(&report, &[file], &Beside::default());
        assert!(!page.contains("<img") && !page.contains("\" onload"), "{page}");
        assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;"));
        // Nothing is fetched: no address but those of the vocabulary.
        assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("<script"));
    }
}
