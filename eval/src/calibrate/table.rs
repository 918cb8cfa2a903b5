//! What a calibration tells, for people.

use super::cases::Gathered;
use super::fit::Calibrated;
use super::threshold::{Shortfall, Wanted};
use engine::decide::{Bound, BoundMethod, Interval, Quality};
use std::fmt::Write;

/// Questions, quality, threshold and bound.
pub fn text(calibrated: &Calibrated) -> String {
    let mut text = String::new();
    let answers = |judged: &[super::threshold::Judged]| judged.iter().filter(|one| one.answer.is_some()).count();
    let (fitted, held) = (answers(&calibrated.fitted), answers(&calibrated.held));
    let _ = writeln!(
        text,
        "{} questions in {} clusters, {} with an answer if nothing keeps it back; {fitted} answers fitted on, {held} held out",
        calibrated.all().len(),
        calibrated.clusters,
        fitted + held
    );
    let _ = writeln!(
        text,
        "{} features, ridge penalty {}\n\n                    n  calibration error       Brier score             AUC",
        calibrated.scorer.features.len(),
        calibrated.penalty
    );
    for (name, quality) in [("out of fold", calibrated.out_of_fold), ("held out", calibrated.held_out)] {
        if let Some(Quality { n, calibration_error, brier, auc }) = quality {
            let _ =
                writeln!(text, "{name:<15} {n:>5}  {}    {}    {}", share(calibration_error), share(brier), share(auc));
        }
    }
    text.push_str("\nheld out: stated, right\n");
    for bin in &calibrated.reliability {
        let _ = writeln!(text, "  {:.3}  {}  n = {}", bin.stated, share(bin.right), bin.n);
    }
    let cost = calibrated.cost_at(calibrated.threshold);
    let _ = writeln!(
        text,
        "\nthreshold {:.4}: mean cost {cost:.3} a question (everything answered {:.3}, nothing answered {:.3})",
        calibrated.threshold,
        calibrated.cost_at(0.0),
        calibrated.cost_at(f64::INFINITY)
    );
    if let Some(answered) = calibrated.answered_share {
        let _ = writeln!(text, "answered, of what was held out: {}", share(answered));
    }
    match &calibrated.bound {
        Ok(bound) => text.push_str(&promised(bound)),
        Err(shortfall) => text.push_str(&refused(shortfall, calibrated.wanted)),
    }
    text
}

/// What was passed over on the way.
pub fn passed_over(gathered: &Gathered) -> Vec<String> {
    let notes = [
        (gathered.elsewhere, "messages never came to the pages (rules, live data): the threshold does not touch them"),
        (gathered.unlabelled, "messages have no label that says whether an answer is right: left out"),
        (
            gathered.judged_by_action,
            "answers count as right because their label asks for an answer and names no fact: a weak label, which makes \
             everything look better than it is",
        ),
    ];
    notes.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect()
}

fn share(interval: Interval) -> String {
    format!("{:.3} [{:.3}, {:.3}]", interval.value, interval.low, interval.high)
}

fn percent(share: f64) -> String {
    format!("{} %", (share * 1e4).round() / 100.0)
}

fn promised(bound: &Bound) -> String {
    let at_most = percent(bound.risk_upper);
    match bound.method {
        BoundMethod::Binomial => format!(
            "bound: of the answers that are given at most {at_most} are wrong, with {} confidence ({} of {} clusters that \
             were held out hold a wrong one; a cluster with one counts as wrong)\n",
            percent(bound.confidence.unwrap_or_default()),
            bound.wrong,
            bound.n
        ),
        BoundMethod::Crc => format!(
            "bound: of all questions that reach the pages at most {at_most} are answered wrongly, on average over what is \
             drawn to calibrate with ({} of {} clusters that were held out hold a wrong one)\n",
            bound.wrong, bound.n
        ),
    }
}

fn refused(shortfall: &Shortfall, wanted: Wanted) -> String {
    let Shortfall { threshold, n, wrong, at_most, needed } = shortfall;
    let mut text = format!("no threshold keeps the bound of {}", percent(wanted.at_most));
    if *n == 0 {
        text.push_str(": nothing that was held out is answered; bring more labelled questions\n");
        return text;
    }
    let _ = match wanted.method {
        BoundMethod::Binomial => writeln!(
            text,
            " with {} confidence: at {threshold:.4}, the most promising, {wrong} of {n} clusters with an answer hold a \
             wrong one, which says: at most {}",
            percent(wanted.confidence),
            percent(*at_most)
        ),
        BoundMethod::Crc => writeln!(
            text,
            ": at {threshold:.4}, the strictest, {wrong} of {n} clusters hold a wrong answer, which says: at most {}",
            percent(*at_most)
        ),
    };
    let _ = match needed {
        Some(needed) => writeln!(
            text,
            "about {needed} labelled questions like these are needed, if no larger share of the answers is wrong"
        ),
        None => writeln!(
            text,
            "no number of such questions is enough while that share of the answers is wrong: allow more (--max-wrong), \
             or correct what is answered wrongly"
        ),
    };
    text
}
