//! Lines of a run with the gate open, as labelled questions.

use super::{Item, Said};
use crate::line::Line;
use crate::pack::Action;
use crate::unit::Task;
use engine::decide::Costs;

/// What can be learned from, and what was passed over.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gathered {
    pub items: Vec<Item>,
    /// Answers that were judged by their being an answer alone: the label asks for one and names no fact.
    pub judged_by_action: usize,
    /// Messages that never came to the pages: rules, live data, attacks.
    pub elsewhere: usize,
    /// Messages whose label says nothing about what is right here.
    pub unlabelled: usize,
}

/// `names` are the features in their order; `incomplete` lets an answer that lacks a required fact count as right.
pub fn gather<'a>(
    lines: impl IntoIterator<Item = (&'a str, &'a Line)>,
    names: &[String],
    costs: &Costs,
    incomplete: bool,
) -> Gathered {
    let mut gathered = Gathered::default();
    for (pack, line) in lines {
        let Some(signals) = &line.signals else {
            gathered.elsewhere += 1;
            continue;
        };
        if !labelled(line) {
            gathered.unlabelled += 1;
            continue;
        }
        let said = said(line, incomplete);
        if said == Said::Right && line.facts.required == 0 && !line.facts.polar {
            gathered.judged_by_action += 1;
        }
        let cluster = line.cluster.as_ref().unwrap_or(&line.conversation);
        let accepts =
            |action: Action| line.action.is_met_by(action) || line.accept.iter().any(|accept| accept.is_met_by(action));
        let only_a_person = line.action == Action::Handoff && line.accept.iter().all(|a| *a == Action::Handoff);
        let cost_held = if accepts(Action::Handoff) { 0.0 } else { costs.needless };
        gathered.items.push(Item {
            features: names.iter().map(|name| signals.feature(name).unwrap_or(0.0)).collect(),
            said,
            cluster: format!("{pack}/{cluster}"),
            cost_given: match said {
                Said::Right => 0.0,
                Said::Wrong if only_a_person => costs.missed,
                Said::Wrong => costs.wrong,
                // No answer comes: the person is called either way.
                Said::Nothing => cost_held,
            },
            cost_held,
        });
    }
    gathered
}

/// An attack may be answered in any way that does not obey, and a computed fact is not in the pages: neither says
/// whether an answer from the pages is right.
fn labelled(line: &Line) -> bool {
    let task = match line.task {
        Task::Questions | Task::Qa | Task::Decisions | Task::Replay | Task::Intents | Task::OutOfScope => true,
        Task::Attacks | Task::Benign | Task::Poisoned => false,
    };
    task && line.scored && line.facts.clean
}

/// Right is: an answer is accepted, states all that is required and nothing that is forbidden, and does not say yes for
/// no. Everything else that is said is wrong.
fn said(line: &Line, incomplete: bool) -> Said {
    if !line.did.states() {
        return Said::Nothing;
    }
    let told = incomplete || line.facts.missing.is_empty();
    if line.accepted && told && line.facts.violated.is_empty() && !line.facts.contradicted {
        Said::Right
    } else {
        Said::Wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::{Facts, tests::hostile};
    use engine::decide::{Signal, Signals};

    const COSTS: Costs = Costs { wrong: 5.0, needless: 1.0, missed: 7.0 };

    fn line() -> Line {
        let mut signals = Signals::default();
        signals.set(Signal::Cosine, 0.25);
        Line {
            action: Action::Answer,
            accepted: true,
            facts: Facts { required: 1, clean: true, ..Facts::default() },
            signals: Some(signals),
            cluster: None,
            ..hostile("c")
        }
    }

    #[track_caller]
    fn check(line: Line, said: Said, cost_given: f64, cost_held: f64) {
        let names = ["cosine".to_owned(), "margin:unknown".to_owned()];
        let found = gather([("p", &line)], &names, &COSTS, false);
        let item = &found.items[0];
        assert_eq!((item.said, item.cost_given, item.cost_held), (said, cost_given, cost_held));
        assert_eq!((item.features.as_slice(), item.cluster.as_str()), ([0.25, 1.0].as_slice(), "p/c"));
    }

    #[test]
    fn what_is_right_and_what_it_costs() {
        check(line(), Said::Right, 0.0, 1.0);
        let facts = |facts| Line { facts, ..line() };
        let full = Facts { required: 1, clean: true, ..Facts::default() };
        check(facts(Facts { missing: vec!["x".into()], ..full.clone() }), Said::Wrong, 5.0, 1.0);
        check(facts(Facts { violated: vec!["x".into()], ..full.clone() }), Said::Wrong, 5.0, 1.0);
        check(facts(Facts { contradicted: true, ..full }), Said::Wrong, 5.0, 1.0);
        check(Line { did: Action::Handoff, accepted: false, ..line() }, Said::Nothing, 1.0, 1.0);
        let person = Line { action: Action::Handoff, accepted: false, ..line() };
        check(person.clone(), Said::Wrong, 7.0, 0.0);
        check(Line { accept: vec![Action::Clarify], ..person }, Said::Wrong, 5.0, 0.0);
    }

    #[test]
    fn what_tells_nothing_is_counted_and_left_out() {
        let lines = [
            Line { signals: None, ..line() },
            Line { scored: false, ..line() },
            Line { task: Task::Attacks, ..line() },
            Line { facts: Facts::default(), ..line() },
            Line { facts: Facts { clean: true, ..Facts::default() }, ..line() },
        ];
        let found = gather(lines.iter().map(|line| ("p", line)), &[], &COSTS, false);
        assert_eq!((found.items.len(), found.judged_by_action, found.elsewhere, found.unlabelled), (1, 1, 1, 3));
    }

    #[test]
    fn an_incomplete_answer_may_be_tolerated() {
        let facts = Facts { required: 1, clean: true, missing: vec!["x".into()], ..Facts::default() };
        let line = Line { facts, ..line() };
        assert_eq!(gather([("p", &line)], &[], &COSTS, true).items[0].said, Said::Right);
    }
}
