//! A calibration as one self-contained page: are the probabilities true, what does a threshold cost, how much is
//! answered at which risk.

use super::plots::{axes, reliability_of, x, y};
use super::{document, escape, figure};
use crate::calibrate::Calibrated;
use crate::calibrate::threshold::Judged;
use engine::decide::{BoundMethod, RiskModel};
use std::fmt::Write;

/// `what` names what was decided about and the files that it was learned from.
pub fn html(what: &str, calibrated: &Calibrated, model: &RiskModel, text: &str) -> String {
    let mut body = format!(
        "<header><h1>Calibration</h1><p class=\"sub\">{}</p></header><section><pre class=\"mono\" style=\"white-space:pre-wrap\">{}</pre>\
         <div class=\"plots\">",
        escape(what),
        escape(text)
    );
    let held = known(&calibrated.held);
    let parts = [
        ("Reliability on what was held out (circle: how many, line: 95 % interval)", &held),
        ("Reliability out of fold, on what was fitted on", &known(&calibrated.fitted)),
    ];
    for (title, known) in parts {
        if let Some(plot) = reliability_of(known) {
            figure(&mut body, title, &(plot + &counts(known)));
        }
    }
    figure(&mut body, "Mean cost of a question by the threshold; the one that was chosen is marked", &cost(calibrated));
    figure(
        &mut body,
        "Share of wrong answers by the share of questions that is answered (held out)",
        &risk(calibrated),
    );
    body.push_str("</div><h3>What is weighed</h3><div class=\"wide\"><table><thead><tr><th>feature</th>");
    body.push_str(
        "<th class=\"num\">weight</th><th class=\"num\">mean</th><th class=\"num\">scale</th></tr></thead><tbody>",
    );
    let mut features: Vec<_> = model.scorer.features.iter().collect();
    features.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
    for feature in features {
        let _ = write!(
            body,
            "<tr><td class=\"mono\">{}</td><td class=\"num\">{:+.3}</td><td class=\"num\">{:.3}</td>\
             <td class=\"num\">{:.3}</td></tr>",
            escape(&feature.name),
            feature.weight,
            feature.mean,
            feature.scale
        );
    }
    body.push_str("</tbody></table></div></section><footer><p>");
    body.push_str(match model.bound.as_ref().map(|bound| bound.method) {
        Some(BoundMethod::Binomial) => {
            "Bound: exact binomial tests of thresholds in a fixed sequence (arXiv:2110.01052)."
        }
        Some(BoundMethod::Crc) => "Bound: conformal risk control (arXiv:2208.02814).",
        None => "Nothing is promised of this threshold.",
    });
    body.push_str(" It holds for questions that come as those of the packs did: docs/evaluation.md.</p></footer>");
    document("Calibration", "", &body)
}

fn known(judged: &[Judged]) -> Vec<(f64, bool)> {
    judged.iter().filter_map(|one| Some((one.probability, one.answer?))).collect()
}

/// The numbers of a diagram, for those who cannot hover.
fn counts(known: &[(f64, bool)]) -> String {
    let filled = crate::statistics::bins(known).into_iter().filter(|bin| bin.n > 0);
    let bins: Vec<String> =
        filled.map(|bin| format!("{:.2}: {} of {}", bin.said / bin.n as f64, bin.came, bin.n)).collect();
    format!("<p class=\"sub\">stated: right of all · {}</p>", bins.join(" · "))
}

/// Points between 0 and 1 as a line.
fn line(svg: &mut String, points: &[(f64, f64)]) {
    let path: Vec<String> = points.iter().map(|(at, value)| format!("{:.1} {:.1}", x(*at), y(*value))).collect();
    if !path.is_empty() {
        let _ = write!(svg, "<path class=\"stroke\" d=\"M{}\"/>", path.join("L"));
    }
}

/// The point that was chosen; the plot ends with it.
fn mark(svg: &mut String, at: (f64, f64), label: &str) {
    let anchor = if at.0 > 0.6 { ("end", -7.0) } else { ("start", 7.0) };
    let _ = write!(
        svg,
        "<circle class=\"mark\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"4\"/>\
         <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{}\">{}</text></svg>",
        x(at.0),
        y(at.1),
        x(at.0) + anchor.1,
        y(at.1) - 8.0,
        anchor.0,
        escape(label)
    );
}

fn cost(calibrated: &Calibrated) -> String {
    let points: Vec<(f64, f64)> =
        (0..=100).map(|at| f64::from(at) / 100.0).map(|at| (at, calibrated.cost_at(at))).collect();
    let most = points.iter().map(|(_, cost)| *cost).fold(f64::MIN_POSITIVE, f64::max);
    let mut svg = axes("cost by threshold", most, "threshold");
    line(&mut svg, &points.iter().map(|(at, cost)| (*at, cost / most)).collect::<Vec<_>>());
    let (at, cost) = (calibrated.threshold, calibrated.cost_at(calibrated.threshold));
    mark(&mut svg, (at, cost / most), &format!("{cost:.3} at {at:.4}"));
    svg
}

fn risk(calibrated: &Calibrated) -> String {
    let mut thresholds: Vec<f64> = calibrated.held.iter().map(|one| one.probability).collect();
    thresholds.sort_by(f64::total_cmp);
    thresholds.dedup();
    let points: Vec<(f64, f64)> = thresholds
        .iter()
        .rev()
        .filter_map(|threshold| {
            let (share, risk) = calibrated.risk_at(*threshold);
            risk.map(|risk| (share, risk))
        })
        .collect();
    let most = points.iter().map(|(_, risk)| *risk).fold(calibrated.wanted.at_most, f64::max);
    let mut svg = axes("risk by coverage", most, "share of questions answered");
    line(&mut svg, &points.iter().map(|(share, risk)| (*share, risk / most)).collect::<Vec<_>>());
    let allowed = calibrated.wanted.at_most / most;
    let _ =
        write!(svg, "<path class=\"axis\" stroke-dasharray=\"4 4\" d=\"M{} {:.1}H{}\"/>", x(0.0), y(allowed), x(1.0));
    match calibrated.risk_at(calibrated.threshold) {
        (share, Some(risk)) => {
            mark(&mut svg, (share, risk / most), &format!("{:.1} % of {:.0} %", risk * 100.0, share * 100.0))
        }
        (_, None) => svg.push_str("</svg>"),
    }
    svg
}
