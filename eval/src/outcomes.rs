//! What became of whole conversations. Every conversation counts once, in one cohort, and the denominator is all of
//! them: rates over messages flatter whoever talks much, and rates over "engaged" conversations flatter whoever chooses.

use crate::line::Line;
use crate::pack::Action;
use crate::statistics::{Estimate, wilson};
use crate::unit::Task;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The worst that happened in a conversation decides; in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// An endpoint owed a reply.
    Failed,
    /// Something false or forbidden was stated, or it was answered where no answer is accepted.
    MisInformed,
    /// A person was due and was never called.
    NeverHandedOver,
    /// A person was called where none was needed, or later than due.
    HandedOverBadly,
    /// A person was called where that is right, and all else went well.
    HandedOver,
    /// A required fact was missing, or it was asked back where nothing had to be asked.
    Unfinished,
    /// Every judged message was answered as it should be, without a person.
    Resolved,
}

impl Outcome {
    pub const ALL: [Self; 7] = [
        Self::Resolved,
        Self::HandedOver,
        Self::HandedOverBadly,
        Self::NeverHandedOver,
        Self::Unfinished,
        Self::MisInformed,
        Self::Failed,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Resolved => "resolved",
            Self::HandedOver => "handed over",
            Self::HandedOverBadly => "handed over needlessly or late",
            Self::NeverHandedOver => "never handed over",
            Self::Unfinished => "unfinished",
            Self::MisInformed => "misinformed",
            Self::Failed => "no reply",
        }
    }
}

/// How many conversations ended so.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cohort {
    pub outcome: Outcome,
    pub n: usize,
    /// Of all conversations.
    pub share: Estimate,
}

/// The cohorts of a replay; empty for messages that stand alone.
pub fn of(lines: &[Line]) -> Vec<Cohort> {
    let mut conversations: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.task == Task::Replay) {
        conversations.entry(&line.conversation).or_default().push(line);
    }
    let ended: Vec<Outcome> = conversations.values().map(|lines| outcome(lines)).collect();
    let cohort = |outcome: Outcome| {
        let n = ended.iter().filter(|one| **one == outcome).count();
        wilson(n, ended.len()).filter(|_| n > 0).map(|share| Cohort { outcome, n, share })
    };
    Outcome::ALL.into_iter().filter_map(cohort).collect()
}

fn outcome(lines: &[&Line]) -> Outcome {
    let any = |wrong: &dyn Fn(&Line) -> bool| lines.iter().any(|line| wrong(line));
    let false_fact = |line: &Line| !line.facts.violated.is_empty() || line.facts.contradicted;
    let answered = |line: &Line| line.did.states();
    let handed = |line: &Line| line.did == Action::Handoff;
    let late = |line: &Line| line.due.is_some_and(|due| due.after.is_some_and(|after| after > 0));
    let never = |line: &Line| line.due.is_some_and(|due| due.after.is_none());
    if any(&Line::failed) {
        Outcome::Failed
    } else if any(&|l| false_fact(l) || (l.scored && answered(l) && !l.accepted)) {
        Outcome::MisInformed
    } else if any(&never) {
        Outcome::NeverHandedOver
    } else if any(&|l| late(l) || (l.scored && handed(l) && !l.accepted)) {
        Outcome::HandedOverBadly
    } else if any(&|l| (answered(l) && l.facts.clean && !l.facts.missing.is_empty()) || (l.scored && !l.accepted)) {
        Outcome::Unfinished
    } else if any(&handed) {
        Outcome::HandedOver
    } else {
        Outcome::Resolved
    }
}

/// One line for each cohort.
pub fn table(cohorts: &[Cohort]) -> String {
    let all: usize = cohorts.iter().map(|cohort| cohort.n).sum();
    let row = |c: &Cohort| {
        let Estimate { value, low, high } = c.share;
        format!("  {:<31} {:>5}  {value:.3} [{low:.3}, {high:.3}]\n", c.outcome.name(), c.n)
    };
    match all {
        0 => String::new(),
        n => {
            cohorts.iter().map(row).fold(format!("  what became of {n} conversations\n"), |all, row| all + &row) + "\n"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::{Delay, tests::hostile};

    fn line(conversation: &str, did: Action, accepted: bool) -> Line {
        let plain = Line { facts: Default::default(), due: None, peer: None, task: Task::Replay, ..hostile("x") };
        Line { conversation: conversation.into(), did, accepted, ..plain }
    }

    #[test]
    fn a_conversation_counts_once_and_by_its_worst() {
        let lines = [
            line("a", Action::Answer, true),
            line("a", Action::Clarify, true),
            line("b", Action::Answer, true),
            line("b", Action::Handoff, true),
            line("c", Action::Handoff, false),
            line("c", Action::Answer, false),
            Line { due: Some(Delay { after: None }), ..line("d", Action::Clarify, true) },
            Line { due: Some(Delay { after: Some(2) }), ..line("e", Action::Clarify, true) },
            line("f", Action::Clarify, false),
            // No conversation of a replay.
            Line { task: Task::Decisions, ..line("g", Action::Answer, false) },
        ];
        let found = of(&lines);
        let named: Vec<(Outcome, usize)> = found.iter().map(|cohort| (cohort.outcome, cohort.n)).collect();
        assert_eq!(
            named,
            [
                (Outcome::Resolved, 1),
                (Outcome::HandedOver, 1),
                (Outcome::HandedOverBadly, 1),
                (Outcome::NeverHandedOver, 1),
                (Outcome::Unfinished, 1),
                (Outcome::MisInformed, 1),
            ]
        );
        assert!((found.iter().map(|c| c.share.value).sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(table(&found).starts_with("  what became of 6 conversations\n") && table(&[]).is_empty());
    }
}
