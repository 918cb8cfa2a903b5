//! The report as one self-contained page.

use super::Validated;
use crate::page::{CSS, escape, reliability_of};
use std::fmt::Write;

/// Width of a cell of the matrix.
const CELL: usize = 13;
/// Room for the names.
const NAMES: usize = 150;
/// Wrong utterances that are listed.
const LISTED: usize = 100;

/// No script, no network, light and dark.
pub fn page(report: &Validated) -> String {
    let mut body = format!(
        "<header><h1>Intents</h1><p>{} utterances, {} labels, guessed by heads that were fitted without them ({} folds): \
         accuracy {:.3} [{:.3}, {:.3}].</p></header>",
        report.n,
        report.labels.len(),
        report.folds,
        report.intent_accuracy.value,
        report.intent_accuracy.low,
        report.intent_accuracy.high
    );
    let _ = write!(
        body,
        "<figure><figcaption>What it is (rows), what it was taken for (columns); darker is more of the row</figcaption>\
         <div class=\"wide\">{}</div></figure>",
        matrix(report)
    );
    if let Some(plot) = reliability_of(&report.observations) {
        let _ = write!(
            body,
            "<div class=\"plots\"><figure><figcaption>How often it was right, by how sure it was</figcaption>{plot}</figure></div>"
        );
    }
    body.push_str("<h2>Every label</h2><div class=\"wide\"><table><tr><th>label<th class=\"num\">n<th class=\"num\">precision<th class=\"num\">recall<th class=\"num\">F1</tr>");
    for l in &report.labels {
        let _ = write!(
            body,
            "<tr><td>{}<td class=\"num\">{}<td class=\"num\">{:.3}<td class=\"num\">{:.3}<td class=\"num\">{:.3}</tr>",
            escape(&l.label),
            l.n,
            l.precision,
            l.recall,
            l.f1
        );
    }
    body.push_str("</table></div><h2>Surest and wrong</h2><p class=\"sub\">Wrong labels are often found here.</p><div class=\"wide\"><table><tr><th>utterance<th>label<th>taken for<th class=\"num\">sure</tr>");
    for w in report.worst.iter().take(LISTED) {
        let _ = write!(
            body,
            "<tr><td>{}<td>{}<td>{}<td class=\"num\">{:.2}</tr>",
            escape(&w.text),
            escape(&w.label),
            escape(&w.guess),
            w.probability
        );
    }
    body.push_str("</table></div>");
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>Intents</title><style>{CSS}</style></head><body><main>{body}</main></body></html>"
    )
}

fn matrix(report: &Validated) -> String {
    let (names, counts) = report.matrix();
    let size = NAMES + CELL * names.len();
    let mut svg = format!(
        "<svg style=\"max-width:none\" width=\"{size}\" height=\"{size}\" viewBox=\"0 0 {size} {size}\" role=\"img\" aria-label=\"confusion matrix\">"
    );
    for (i, name) in names.iter().enumerate() {
        let at = NAMES + i * CELL + CELL - 3;
        let name = escape(name);
        let _ = write!(svg, "<text x=\"{}\" y=\"{at}\" text-anchor=\"end\">{name}</text>", NAMES - 6);
        let _ = write!(svg, "<text transform=\"translate({at},{}) rotate(-90)\">{name}</text>", NAMES - 6);
    }
    for (i, row) in counts.iter().enumerate() {
        let all: usize = row.iter().sum();
        for (j, n) in row.iter().enumerate().filter(|(_, n)| **n > 0) {
            let class = if i == j { "right" } else { "off" };
            // Rare confusions are seen, too.
            let share = (*n as f64 / all.max(1) as f64).max(0.12);
            let _ = write!(
                svg,
                "<rect class=\"{class}\" opacity=\"{share:.2}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>{} → {}: {n} of {all}</title></rect>",
                NAMES + j * CELL,
                NAMES + i * CELL,
                CELL - 1,
                CELL - 1,
                escape(&names[i]),
                escape(&names[j])
            );
        }
    }
    svg.push_str("</svg>");
    svg
}
