//! Sources that no longer hold. Their rules are not said, but that they have ended is worth saying: a customer with an
//! old code deserves better than silence, and must not be told what once was true.

use crate::check::Standing;
use crate::evidence::{Evidence, Passage};
use crate::select::{Question, Scored};
use crate::value::Value;
use jiff::civil::Date;

/// An ended source must fit the question this much better than anything that is in force.
const MARGIN: f32 = 0.12;

/// Passages in force on a day, and those that have ended or not yet begun.
pub fn split(passages: Vec<Passage>, today: Date) -> (Vec<Passage>, Vec<Passage>) {
    passages.into_iter().partition(|p| p.valid_to.is_none_or(|to| today <= to) && begun(p, today))
}

fn begun(p: &Passage, today: Date) -> bool {
    p.valid_from.is_none_or(|from| from <= today)
}

/// The ended source that the question is about, if there is one: it holds a code of the question, or fits it clearly
/// better than what is in force. `ended` and `ranked` are best first.
pub fn asked_about<'a>(question: &Question, ended: &'a [Scored], ranked: &[Scored]) -> Option<&'a Scored> {
    let holds_code = |s: &Scored| {
        question
            .values
            .iter()
            .any(|v| matches!(v.value, Value::Code(_)) && s.unit.values.iter().any(|w| w.value == v.value))
    };
    let in_force = ranked.first().map_or(0.0, |s| s.total);
    ended
        .iter()
        .find(|s| holds_code(s))
        .or_else(|| ended.first().filter(|s| s.total > in_force + MARGIN && s.features.overlap >= 0.5))
}

/// That it has ended, as a sentence made from the date that the source carries.
pub fn statement(ended: &Scored, evidence: &Evidence) -> Option<Standing> {
    let passage = &evidence.passages()[ended.unit.passage];
    let to = passage.valid_to?;
    Some(Standing {
        text: format!("“{}” ended on {}.", passage.title, to.strftime("%B %-d, %Y")),
        passages: vec![ended.unit.passage],
        quote: ended.unit.text.clone(),
    })
}
