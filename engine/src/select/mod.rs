//! Which sentences of the evidence matter to the question, and whether they cover it.

mod coverage;
mod features;
mod lookup;
mod question;
mod unit;

pub use coverage::{Coverage, coverage};
pub use features::Features;
pub use question::{Asked, Question};
pub use unit::{Scored, Unit, units, units_of};

use crate::evidence::Evidence;
use crate::text::content_stems;
use std::collections::HashSet;

/// Scores every unit for the question, best first. `cosines` holds one similarity for each unit.
pub fn score(question: &Question, units: Vec<Unit>, cosines: &[f32], evidence: &Evidence) -> Vec<Scored> {
    let context = features::Context::new(question, &units, evidence);
    let mut scored: Vec<Scored> = units
        .into_iter()
        .zip(cosines)
        .map(|(unit, &cosine)| {
            let features = context.features(&unit, cosine);
            Scored { total: features.total(), features, unit }
        })
        .collect();
    scored.sort_by(|a, b| b.total.total_cmp(&a.total).then_with(|| a.unit.order().cmp(&b.unit.order())));
    scored
}

/// Stems as a set.
pub(crate) fn stem_set(text: &str) -> HashSet<String> {
    content_stems(text).into_iter().collect()
}
