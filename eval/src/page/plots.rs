//! Plots as SVG, in the colours of the page.

use super::escape;
use crate::latency::Stage;
use crate::line::Line;
use crate::pack::Action;
use crate::report::Run;
use crate::score::{Costs, calibrated, cost_at};
use crate::statistics::{Estimate, bins, wilson};
use std::fmt::Write;

/// A value between 0 and 1 with its interval, as a line of a table; nothing for what can be more than 1.
pub fn whisker(estimate: Estimate) -> String {
    if estimate.high > 1.0 || estimate.low < 0.0 {
        return String::new();
    }
    let x = |value: f64| 4.0 + value * 120.0;
    format!(
        "<svg class=\"whisker\" viewBox=\"0 0 128 14\" role=\"img\" aria-label=\"{:.3} to {:.3}\">\
         <path class=\"axis\" d=\"M4 7H124\"/><rect class=\"soft\" x=\"{:.1}\" y=\"3\" width=\"{:.1}\" height=\"8\"/>\
         <rect class=\"mark\" x=\"{:.1}\" y=\"1\" width=\"2\" height=\"12\"/></svg>",
        estimate.low,
        estimate.high,
        x(estimate.low),
        (x(estimate.high) - x(estimate.low)).max(1.0),
        x(estimate.value) - 1.0
    )
}

/// Cells shaded by their share of the row.
pub fn confusion(matrix: &[Vec<usize>]) -> String {
    let n = matrix.len();
    let (width, height) = (116 + n * 56, 42 + n * 32);
    let mut svg = format!("<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"confusion matrix\">");
    for (at, action) in Action::ALL.iter().enumerate().take(n) {
        let (x, y) = (130.0 + at as f64 * 56.0, 44.0 + at as f64 * 32.0);
        let name = action.name().replace("needs_identity", "identify");
        let _ = write!(svg, "<text class=\"dim\" x=\"{x}\" y=\"14\" text-anchor=\"middle\">{name}</text>");
        let _ = write!(svg, "<text class=\"dim\" x=\"94\" y=\"{y}\" text-anchor=\"end\">{name}</text>");
    }
    for (row, counts) in matrix.iter().enumerate() {
        let total: usize = counts.iter().sum();
        for (column, count) in counts.iter().enumerate() {
            let share = *count as f64 / total.max(1) as f64;
            let (x, y) = (102.0 + column as f64 * 56.0, 24.0 + row as f64 * 32.0);
            let class = if row == column { "right" } else { "off" };
            let _ = write!(
                svg,
                "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"54\" height=\"30\" opacity=\"{:.2}\"/>\
                 <text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{count}</text>",
                if *count == 0 { 0.06 } else { 0.15 + 0.5 * share },
                x + 27.0,
                y + 19.0
            );
        }
    }
    svg.push_str("</svg>");
    svg
}

pub(super) const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 200.0;
const LEFT: f64 = 34.0;
const BOTTOM: f64 = 28.0;

pub(super) fn x(share: f64) -> f64 {
    LEFT + share * (WIDTH - LEFT - 8.0)
}

pub(super) fn y(share: f64) -> f64 {
    HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - 10.0)
}

/// Axes from 0 to 1 and from 0 to `top`.
pub(super) fn axes(label: &str, top: f64, across: &str) -> String {
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\"><path class=\"axis\" d=\"M{} {}V{}H{}\"/>",
        escape(label),
        x(0.0),
        y(1.0),
        y(0.0),
        x(1.0)
    );
    for at in [0.0, 0.5, 1.0] {
        let _ = write!(
            svg,
            "<text class=\"dim\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{at}</text>\
             <text class=\"dim\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            x(at),
            y(0.0) + 14.0,
            LEFT - 4.0,
            y(at) + 4.0,
            (at * top * 100.0).round() / 100.0
        );
    }
    let _ = write!(
        svg,
        "<text class=\"dim\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
        x(1.0),
        y(0.0) + 26.0,
        escape(across)
    );
    svg
}

/// One point for each tenth, with Wilson's interval, against the diagonal. `None` below twenty answers.
pub fn reliability(lines: &[Line]) -> Option<String> {
    reliability_of(&lines.iter().filter_map(calibrated).collect::<Vec<_>>())
}

/// The same for any probabilities and what came of them.
pub fn reliability_of(known: &[(f64, bool)]) -> Option<String> {
    if known.len() < 20 {
        return None;
    }
    let mut svg = axes("reliability", 1.0, "stated probability");
    let _ = write!(
        svg,
        "<path class=\"axis\" stroke-dasharray=\"4 4\" d=\"M{} {}L{} {}\"/>",
        x(0.0),
        y(0.0),
        x(1.0),
        y(1.0)
    );
    for bin in bins(known).iter().filter(|bin| bin.n > 0) {
        let came = wilson(bin.came, bin.n)?;
        let at = x(bin.said / bin.n as f64);
        let _ = write!(
            svg,
            "<path class=\"stroke\" opacity=\".5\" d=\"M{at:.1} {:.1}V{:.1}\"/>\
             <circle class=\"mark\" cx=\"{at:.1}\" cy=\"{:.1}\" r=\"{:.1}\"><title>n = {}</title></circle>",
            y(came.low),
            y(came.high),
            y(came.value),
            2.0 + (bin.n as f64).sqrt().min(6.0),
            bin.n
        );
    }
    svg.push_str("</svg>");
    Some(svg)
}

/// Mean cost over the threshold of the probability. `None` where nothing was answered with a probability.
pub fn cost(lines: &[Line], costs: &Costs) -> Option<String> {
    let points: Vec<(f64, f64)> =
        (0..=50).map(|at| f64::from(at) / 50.0).filter_map(|at| Some((at, cost_at(lines, at, costs)?))).collect();
    let most = points.iter().map(|(_, cost)| *cost).fold(0.0, f64::max);
    if points.is_empty() || most <= 0.0 {
        return None;
    }
    let mut svg = axes("cost", most, "threshold");
    let path: Vec<String> = points.iter().map(|(at, cost)| format!("{:.1} {:.1}", x(*at), y(cost / most))).collect();
    let _ = write!(svg, "<path class=\"stroke\" d=\"M{}\"/>", path.join("L"));
    let _ = write!(
        svg,
        "<text class=\"dim\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{costs}</text></svg>",
        x(1.0),
        y(1.0) - 1.0
    );
    Some(svg)
}

/// The main metric of each value of each field, with intervals, the lowest first.
pub fn slices(run: &Run) -> Vec<(String, String)> {
    let Some(name) = super::headline(run).iter().find(|name| run.metrics.get(name).is_some()) else {
        return Vec::new();
    };
    let mut fields: Vec<&str> = run.slices.iter().map(|slice| slice.field.as_str()).collect();
    fields.dedup();
    let plot = |field: &&str| {
        let of = run.slices.iter().filter(|slice| slice.field == *field);
        let mut rows: Vec<(&str, usize, Estimate)> =
            of.filter_map(|slice| Some((slice.value.as_str(), slice.n, slice.metrics.get(name)?))).collect();
        if rows.is_empty() {
            return None;
        }
        rows.sort_by(|a, b| a.2.value.total_cmp(&b.2.value).then_with(|| a.0.cmp(b.0)));
        let height = rows.len() * 20 + 8;
        let mut svg =
            format!("<svg viewBox=\"0 0 340 {height}\" role=\"img\" aria-label=\"{name} by {}\">", escape(field));
        for (at, (value, n, estimate)) in rows.iter().enumerate() {
            let middle = at as f64 * 20.0 + 12.0;
            let across = |share: f64| 176.0 + share.clamp(0.0, 1.0) * 110.0;
            let short: String = if value.chars().count() > 24 {
                value.chars().take(23).chain(['…']).collect()
            } else {
                (*value).to_owned()
            };
            let _ = write!(
                svg,
                "<text x=\"168\" y=\"{:.0}\" text-anchor=\"end\">{}</text><path class=\"axis\" d=\"M176 {middle}H286\"/>\
                 <rect class=\"soft\" x=\"{:.1}\" y=\"{:.0}\" width=\"{:.1}\" height=\"10\"/>\
                 <rect class=\"mark\" x=\"{:.1}\" y=\"{:.0}\" width=\"2\" height=\"14\"/>\
                 <text class=\"dim\" x=\"294\" y=\"{:.0}\">{:.2} ({n})</text>",
                middle + 4.0,
                escape(&short),
                across(estimate.low),
                middle - 5.0,
                (across(estimate.high) - across(estimate.low)).max(1.0),
                across(estimate.value) - 1.0,
                middle - 7.0,
                middle + 4.0,
                estimate.value
            );
        }
        svg.push_str("</svg>");
        Some((format!("{name} by {field}, with n"), svg))
    };
    fields.iter().filter_map(plot).collect()
}

/// Three bars for each stage, on one scale.
pub fn latency(stages: &[Stage]) -> String {
    let most = stages.iter().map(|stage| stage.p99.value).fold(0.1, f64::max);
    let height = stages.len() * 26 + 4;
    let mut svg = format!("<svg viewBox=\"0 0 340 {height}\" role=\"img\" aria-label=\"latency\">");
    for (at, stage) in stages.iter().enumerate() {
        let top = at as f64 * 26.0 + 4.0;
        let _ = write!(svg, "<text x=\"56\" y=\"{}\" text-anchor=\"end\">{}</text>", top + 13.0, stage.stage);
        for (opacity, value) in [(0.25, stage.p99.value), (0.5, stage.p95.value), (1.0, stage.p50.value)] {
            let _ = write!(
                svg,
                "<rect class=\"mark\" opacity=\"{opacity}\" x=\"64\" y=\"{top}\" width=\"{:.1}\" height=\"16\"/>",
                (value / most * 150.0).max(0.5)
            );
        }
        let _ = write!(
            svg,
            "<text class=\"dim\" x=\"222\" y=\"{}\">{:.1} / {:.1} / {:.1}</text>",
            top + 13.0,
            stage.p50.value,
            stage.p95.value,
            stage.p99.value
        );
    }
    svg.push_str("</svg>");
    svg
}
