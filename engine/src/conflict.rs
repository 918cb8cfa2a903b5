//! Sources that are in force and state different values for what was asked. The engine does not pick one.

use crate::evidence::{DocId, Evidence, Passage};
use crate::select::{Question, Scored};
use crate::subject::Subjects;
use crate::value::Value;
use std::collections::HashSet;
use std::fmt;

/// Two statements that cannot both be right.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// Where the two stand.
    pub docs: [DocId; 2],
    pub one: (String, Value),
    pub other: (String, Value),
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} says {}, {} says {}", self.one.0, self.one.1, self.other.0, self.other.1)
    }
}

/// A rival must score nearly as well as the best statement to be about the same thing.
const RIVAL: f32 = 0.75;
/// One that says it in nearly the same words may score worse.
const NEAR: f32 = 0.5;
const PARALLEL: f32 = 0.5;
/// Of two wordings of one rule at least this share is the same.
const ALIKE: f32 = 0.4;

/// Statements without those that a higher source contradicts. Where two sources of one rank contradict each other in
/// the best statement, nobody is right.
pub fn settle(
    question: &Question,
    subjects: &Subjects,
    mut ranked: Vec<Scored>,
    evidence: &Evidence,
) -> Result<Vec<Scored>, Box<Conflict>> {
    let wanted = |s: &Scored| -> Vec<Value> {
        s.unit.values.iter().map(|f| f.value.clone()).filter(|v| question.asked.takes(v)).collect()
    };
    let passage = |s: &Scored| &evidence.passages()[s.unit.passage];
    loop {
        let Some(best) = ranked.iter().position(|s| !wanted(s).is_empty()) else {
            return Ok(ranked);
        };
        if ranked[best].total < ranked[0].total * RIVAL {
            return Ok(ranked);
        }
        let mine = wanted(&ranked[best]);
        let rival = ranked.iter().position(|s| {
            let theirs = wanted(s);
            let share = if alike(&ranked[best], s) >= PARALLEL { NEAR } else { RIVAL };
            let near = s.total >= ranked[best].total * share && passage(s).doc != passage(&ranked[best]).doc;
            let comparable = theirs.iter().any(|v| mine.iter().any(|w| v.same_kind(w)));
            let agree = theirs.iter().any(|v| mine.iter().any(|w| v.stands_in(w) || w.stands_in(v)));
            near && comparable && !agree && same_subject(question, &ranked[best], s)
        });
        let Some(rival) = rival else {
            return Ok(ranked);
        };
        let (a, b) = (passage(&ranked[best]), passage(&ranked[rival]));
        if outranks(a, b) || subjects.outnames(&a.doc, &b.doc) {
            ranked.remove(rival);
        } else if outranks(b, a) || subjects.outnames(&b.doc, &a.doc) {
            ranked.remove(best);
        } else {
            let theirs = wanted(&ranked[rival]);
            return Err(Box::new(Conflict {
                docs: [a.doc.clone(), b.doc.clone()],
                one: (a.title.clone(), mine[0].clone()),
                other: (b.title.clone(), theirs[0].clone()),
            }));
        }
    }
}

/// A policy outranks a conversation; of two pages of one kind the one that took effect later does, if both say when.
fn outranks(a: &Passage, b: &Passage) -> bool {
    match a.kind.cmp(&b.kind) {
        std::cmp::Ordering::Less => true,
        std::cmp::Ordering::Greater => false,
        std::cmp::Ordering::Equal => {
            matches!((a.valid_from, b.valid_from), (Some(x), Some(y)) if x > y)
        }
    }
}

/// Both cover the same words of the question and no different countries: a rule about Canada is no rival of one about
/// the United States.
fn same_subject(question: &Question, a: &Scored, b: &Scored) -> bool {
    let (here, there) = (&a.unit.countries, &b.unit.countries);
    (here.is_empty() || there.is_empty() || !here.is_disjoint(there))
        && alike(a, b) >= ALIKE
        && question.stems.iter().all(|s| !a.unit.stems.contains(s) || b.unit.stems.contains(s))
}

/// Two wordings of one rule share most of the words of the shorter one: the share, or 0 where they share only one.
fn alike(a: &Scored, b: &Scored) -> f32 {
    let words = |s: &Scored| -> HashSet<String> {
        s.unit.own_stems.iter().filter(|w| !w.starts_with(|c: char| c.is_ascii_digit())).cloned().collect()
    };
    let (a, b) = (words(a), words(b));
    let shared = a.intersection(&b).count() as f32;
    if shared < 2.0 { 0.0 } else { shared / a.len().min(b.len()).max(1) as f32 }
}
