//! What went wrong, the worst first, with everything that a person needs to see why.

use super::escape;
use crate::line::Line;
use crate::measure::severity;
use crate::pack::Action;
use std::fmt::Write;

/// More than this nobody reads.
const SHOWN: usize = 40;

pub fn list(body: &mut String, lines: &[Line]) {
    let mut bad: Vec<(u32, &Line)> = lines.iter().map(|line| (severity(line), line)).filter(|(s, _)| *s > 0).collect();
    if bad.is_empty() {
        return;
    }
    bad.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.id.cmp(&b.1.id)));
    let shown = bad.len().min(SHOWN);
    let _ = write!(body, "<h3>The worst {shown} of {} that did not go well</h3>", bad.len());
    for (severity, line) in bad.into_iter().take(SHOWN) {
        one(body, line, severity);
    }
}

fn one(body: &mut String, line: &Line, severity: u32) {
    let class = if severity >= 40 { "bad" } else { "so" };
    let _ = write!(
        body,
        "<details><summary><span class=\"tag {class}\">{}</span>{}</summary><dl>",
        escape(line.verdict.name()),
        escape(&line.text)
    );
    let mut row = |name: &str, text: &str| {
        if !text.is_empty() {
            let _ = write!(body, "<dt>{name}</dt><dd>{}</dd>", escape(text));
        }
    };
    row("id", &format!("{}, message {} of {}", line.id, line.turn + 1, line.conversation));
    let mut wanted = vec![line.action.name()];
    wanted.extend(line.accept.iter().map(|a| a.name()).filter(|name| *name != line.action.name()));
    row("wanted", &wanted.join(" or "));
    row("did", line.did.name());
    if let Some(handoff) = &line.handoff {
        row("because", format!("{:?} {}", handoff.reason, handoff.evidence).trim_end());
    }
    row("reply", &line.reply);
    if let Some(peer) = &line.peer {
        row("no reply", peer.failed.as_deref().unwrap_or_default());
        row("promised", if peer.promised && line.did != Action::Handoff { "a person, in words alone" } else { "" });
    }
    row("missing", &line.facts.missing.join("; "));
    row("forbidden", &line.facts.violated.join("; "));
    row("canaries", &line.canaries.join("; "));
    if line.facts.contradicted {
        row("polarity", "says yes for no, or no for yes");
    }
    if line.unsupported > 0 {
        row("unsupported", &format!("{} of {} sentences", line.unsupported, line.sentences));
    }
    for cited in &line.citations {
        row("evidence", &format!("{}: {}", cited.doc.0, cited.quote));
    }
    let found: Vec<&str> = line.retrieved.iter().map(|doc| doc.0.as_str()).collect();
    row("found", &found.join(", "));
    let gold: Vec<&str> = line.gold_docs.iter().map(|doc| doc.0.as_str()).collect();
    row("answered by", &gold.join(", "));
    row("draft", line.draft.as_deref().unwrap_or_default());
    for dropped in &line.dropped {
        row("dropped", &format!("{} ({})", dropped.sentence, dropped.reason));
    }
    if let Some(probability) = line.probability {
        row("probability", &format!("{probability:.2}"));
    }
    body.push_str("</dl></details>");
}
