//! What was found, with the words of it that come closest to the question.

use crate::evidence::DocId;
use crate::handoff::LookedAt;
use crate::trace::Trace;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    pub doc: DocId,
    pub title: String,
    pub url: Option<String>,
    /// The sentence of it that matters most to the question; absent for what was only looked at.
    pub quote: Option<String>,
}

/// A quote is a hint, not the page.
const QUOTE: usize = 300;

pub(super) fn sources(looked_at: &[LookedAt], trace: &Trace) -> Vec<Source> {
    let quote = |doc: &DocId| {
        let unit = trace.units.iter().find(|unit| &unit.doc == doc).map(|unit| unit.text.as_str());
        // Without a weighing the beginning of the best passage is what was found.
        let passage = trace.passages.iter().find(|p| &p.doc == doc).map(|p| p.text.as_str());
        unit.or(passage).map(|text| super::summary::clip(text, QUOTE))
    };
    let source = |seen: &LookedAt| Source {
        doc: seen.doc.clone(),
        title: seen.title.clone(),
        url: seen.url.clone(),
        quote: quote(&seen.doc),
    };
    looked_at.iter().map(source).collect()
}
