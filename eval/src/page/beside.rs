//! What stands beside a run where it was measured: the same messages in other words, and what a judge thinks.

use super::{escape, plots};
use crate::judge::JudgedBook;
use crate::robustness::Robustness;
use std::fmt::Write;

/// Changed messages against their originals.
pub fn robustness(body: &mut String, found: &Robustness) {
    if found.changed.is_empty() {
        return;
    }
    body.push_str(
        "<section id=\"robustness\"><h2>In other words</h2><p class=\"sub\">The same messages with typing errors, in lower \
         case, without punctuation, politely, reworded; each against its original.</p><div class=\"wide\"><table><thead><tr>\
         <th>pack / file</th><th>change</th><th class=\"num\">n × seeds</th><th class=\"num\">flips</th><th></th>\
         <th class=\"num\">broken</th><th class=\"num\">mended</th><th>all of k right</th></tr></thead><tbody>",
    );
    for row in &found.changed {
        let pass: Vec<String> = row.pass.iter().map(|p| format!("{} {:.3}", p.k, p.pass.value)).collect();
        let _ = write!(
            body,
            "<tr><td>{} / {} ({})</td><td>{}</td><td class=\"num\">{} × {}</td><td class=\"num\">{:.3}</td><td>{}</td>\
             <td class=\"num\">{:.3}</td><td class=\"num\">{:.3}</td><td>{}</td></tr>",
            escape(&row.pack),
            escape(&row.file),
            escape(&row.task),
            row.change.name(),
            row.n,
            row.seeds,
            row.flip_rate.value,
            plots::whisker(row.flip_rate),
            row.broken.value,
            row.mended.value,
            pass.join(" · ")
        );
    }
    body.push_str("</tbody></table></div></section>");
}

/// A judge's scores, never without what they are worth.
pub fn judged(body: &mut String, book: &JudgedBook) {
    for judged in &book.judged {
        let _ = write!(
            body,
            "<section><h2>Judged: {}</h2><p class=\"sub\">by {}</p><p class=\"warning\">{}</p><div class=\"wide\"><table>\
             <thead><tr><th>pack / file</th><th class=\"num\">n</th><th>metric</th><th class=\"num\">value</th>\
             <th class=\"num\">95&nbsp;% from</th><th class=\"num\">to</th></tr></thead><tbody>",
            escape(&judged.rubric.name),
            escape(&judged.model),
            escape(&judged.trust())
        );
        for run in &judged.runs {
            for (name, estimate) in &run.metrics.0 {
                let _ = write!(
                    body,
                    "<tr><td>{} / {}</td><td class=\"num\">{}</td><td class=\"mono\">{}</td><td class=\"num\">{:.3}</td>\
                     <td class=\"num\">{:.3}</td><td class=\"num\">{:.3}</td></tr>",
                    escape(&run.pack),
                    escape(&run.file),
                    run.n,
                    escape(name),
                    estimate.value,
                    estimate.low,
                    estimate.high
                );
            }
        }
        body.push_str("</tbody></table></div></section>");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_pack_or_a_rubric_becomes_markup() {
        let hostile = "<img src=x onerror=alert(1)>";
        let estimate = serde_json::json!({"value": 0.5, "low": 0.1, "high": 0.9});
        let found: Robustness = serde_json::from_value(serde_json::json!({"changed": [{
            "pack": hostile, "file": hostile, "task": hostile, "change": "typos", "seeds": 2, "n": 3,
            "flip_rate": estimate, "broken": estimate, "mended": estimate, "differences": [],
            "pass": [{"k": 1, "n": 3, "pass": estimate}]}]}))
        .unwrap();
        let book: JudgedBook = serde_json::from_value(serde_json::json!({"judged": [{
            "rubric": {"name": hostile, "scale": "1-5", "text": hostile}, "model": hostile, "agreement": null,
            "runs": [{"pack": hostile, "file": hostile, "system": "judge", "n": 3, "metrics": {hostile: estimate}}]}]}))
        .unwrap();
        let mut body = String::new();
        robustness(&mut body, &found);
        judged(&mut body, &book);
        assert!(
            !body.contains("<img") && body.contains("1 0.500") && body.contains("agreement with people: not known")
        );
    }
}
