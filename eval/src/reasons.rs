//! Handoffs by why a person was needed, where labels name a reason: was it the reason that the engine gave?

use crate::line::Line;
use crate::pack::Action;
use crate::report::Metrics;
use crate::score::{Slice, clusters};
use crate::statistics::{Bootstrap, Part};
use engine::HandoffReason;
use std::collections::BTreeMap;

/// The field of the slices.
pub const FIELD: &str = "labelled reason";

/// Precision, recall and F1 of each reason, as of any class: a handoff for another reason is a miss of the one and a
/// false alarm of the other. Over the lines whose label names a reason, or says that no person is needed; a label
/// `handoff` without a reason could be any, and is left out.
pub fn by_reason(lines: &[&Line], bootstrap: Bootstrap) -> Vec<Slice> {
    let known: Vec<&Line> = lines
        .iter()
        .copied()
        .filter(|line| line.scored && !line.failed() && (line.reason.is_some() || line.action != Action::Handoff))
        .collect();
    // As it stands in the JSON; a reason has no order of its own.
    let name = |reason: HandoffReason| {
        serde_json::to_value(reason).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
    };
    let labelled: BTreeMap<String, HandoffReason> =
        known.iter().filter_map(|line| line.reason.map(|reason| (name(reason), reason))).collect();
    let clusters = clusters(&known);
    let slice = |(value, reason): (String, HandoffReason)| {
        let wanted = |line: &Line| line.reason == Some(reason);
        let given = |line: &Line| line.handoff.as_ref().is_some_and(|handoff| handoff.reason == reason);
        let share = |counts: bool, success: bool| Part {
            of: f64::from(u8::from(counts && success)),
            all: f64::from(u8::from(counts)),
        };
        type Read<'a> = &'a dyn Fn(&Line) -> Part;
        let measures: [(&str, Read<'_>); 3] = [
            ("reason_precision", &|l| share(given(l), wanted(l))),
            ("reason_recall", &|l| share(wanted(l), given(l))),
            ("reason_f1", &|l| Part {
                of: 2.0 * f64::from(u8::from(given(l) && wanted(l))),
                all: f64::from(u8::from(given(l)) + u8::from(wanted(l))),
            }),
        ];
        let metrics = measures.into_iter().filter_map(|(metric, read)| {
            let parts: Vec<Part> = known.iter().map(|line| read(line)).collect();
            Some((metric.to_owned(), bootstrap.ratio(&parts, clusters.as_deref(), true)?))
        });
        let n = known.iter().filter(|line| wanted(line)).count();
        Slice { field: FIELD.into(), value, n, metrics: Metrics(metrics.collect()) }
    };
    labelled.into_iter().map(slice).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::{HandedOver, tests::hostile};
    use HandoffReason::{CustomerAsked, NeedsAction};

    fn line(label: Option<HandoffReason>, given: Option<HandoffReason>) -> Line {
        let handed = |reason| HandedOver { reason, evidence: String::new(), complete: true };
        let action = if label.is_some() { Action::Handoff } else { Action::Answer };
        Line { action, reason: label, handoff: given.map(handed), cluster: None, peer: None, ..hostile("x") }
    }

    #[test]
    fn a_handoff_for_another_reason_is_a_miss_and_a_false_alarm() {
        let lines = [
            line(Some(CustomerAsked), Some(CustomerAsked)),
            line(Some(CustomerAsked), Some(NeedsAction)),
            line(Some(NeedsAction), None),
            line(None, Some(NeedsAction)),
            // A person is needed and nobody says why.
            Line { reason: None, ..line(Some(CustomerAsked), Some(NeedsAction)) },
        ];
        let found = by_reason(&lines.iter().collect::<Vec<_>>(), Bootstrap { resamples: 50, seed: 1 });
        let value = |at: usize, name: &str| found[at].metrics.get(name).map(|e| e.value);
        assert_eq!((found[0].value.as_str(), found[0].n), ("customer_asked", 2));
        assert_eq!((value(0, "reason_precision"), value(0, "reason_recall")), (Some(1.0), Some(0.5)));
        assert_eq!((value(1, "reason_precision"), value(1, "reason_recall")), (Some(0.0), Some(0.0)));
        assert!((value(0, "reason_f1").unwrap() - 2.0 / 3.0).abs() < 1e-12);
    }
}
