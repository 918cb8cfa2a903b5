//! A price in the running text of an old page, where the table of a newer one has another: the old one is not said.
//!
//! Contradictions of whole statements are [`crate::conflict`]'s; this is about one named thing in two forms that no
//! comparison of wordings brings together: "Express costs $16.50" and the row "Express | $18.00".

use crate::evidence::{Evidence, Passage, SourceKind};
use crate::select::{Scored, Unit, stem_set};
use crate::value::Value;
use regex::Regex;
use std::sync::LazyLock;

/// The ranked statements without those that a row of a newer page contradicts.
pub fn without_superseded(ranked: Vec<Scored>, evidence: &Evidence) -> Vec<Scored> {
    let passage = |s: &Scored| &evidence.passages()[s.unit.passage];
    let rows: Vec<(&Passage, Vec<String>, &Unit)> = ranked
        .iter()
        .filter(|s| passage(s).kind == SourceKind::Policy)
        .filter_map(|s| Some((passage(s), named_in_row(&s.unit.text)?, &s.unit)))
        .collect();
    let gone: Vec<bool> = ranked
        .iter()
        .map(|s| {
            let here = passage(s);
            rows.iter().any(|(page, name, row)| {
                page.doc != here.doc
                    && !is_condition(&s.unit.text)
                    && is_newer(page, here)
                    && name.iter().all(|stem| s.unit.own_stems.contains(stem))
                    && (row.countries.is_empty()
                        || s.unit.countries.is_empty()
                        || !row.countries.is_disjoint(&s.unit.countries))
                    && contradicts(row, &s.unit)
            })
        })
        .collect();
    let mut gone = gone.into_iter();
    ranked.into_iter().filter(|_| !gone.next().unwrap_or_default()).collect()
}

/// What a row is about: the value of its first cell, without what stands in brackets. `None` where the text is no row.
fn named_in_row(text: &str) -> Option<Vec<String>> {
    let first = text.split_once("; ")?.0;
    let (_, name) = first.split_once(": ")?;
    let name = name.split('(').next().unwrap_or(name);
    let stems: Vec<String> = stem_set(name).into_iter().collect();
    (1..=3).contains(&stems.len()).then_some(stems)
}

/// A page that says since when it holds is believed against an older one, and against one that does not say.
fn is_newer(page: &Passage, than: &Passage) -> bool {
    match (page.valid_from, than.valid_from) {
        (Some(page), Some(than)) => page > than,
        (Some(_), None) => than.kind == SourceKind::Policy,
        (None, _) => false,
    }
}

/// From which amount on something holds is no price of it.
fn is_condition(text: &str) -> bool {
    static CONDITION: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:free|over|above|more than|at least|under|below|up to|minimum)\b").expect("constant")
    });
    named_in_row(text).is_none() && CONDITION.is_match(text)
}

/// Both name amounts of one currency, and have none in common.
fn contradicts(row: &Unit, other: &Unit) -> bool {
    let amounts = |unit: &Unit| -> Vec<Value> {
        unit.values.iter().map(|v| v.value.clone()).filter(|v| matches!(v, Value::Money { .. })).collect()
    };
    let (mine, theirs) = (amounts(row), amounts(other));
    theirs.iter().any(|v| mine.iter().any(|w| v.same_kind(w)))
        && !theirs.iter().any(|v| mine.iter().any(|w| v.stands_in(w) || w.stands_in(v)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{StoreId, StorePass};
    use crate::evidence::{DocId, PassageId, Scores};
    use crate::select::{Features, units};
    use jiff::civil::Date;

    fn page(doc: &str, from: Option<&str>, text: &str) -> Passage {
        Passage {
            id: PassageId(format!("{doc}#0")),
            doc: DocId(doc.into()),
            store: StoreId::parse("s").unwrap(),
            kind: SourceKind::Policy,
            title: doc.into(),
            heading: Vec::new(),
            text: text.into(),
            url: None,
            tags: Vec::new(),
            valid_from: from.map(|day| day.parse::<Date>().unwrap()),
            valid_to: None,
            span: (0, text.len()),
            scores: Scores::default(),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a test's own store")]
    fn left(pages: &[Passage]) -> Vec<String> {
        let pass = StorePass::for_operator(StoreId::parse("s").unwrap(), "test");
        let evidence = Evidence::gather(&pass, pages.to_vec()).unwrap();
        let scored = |unit| Scored { unit, features: Features::default(), total: 1.0 };
        let ranked = units(&evidence).into_iter().map(scored).collect();
        without_superseded(ranked, &evidence).into_iter().map(|s| s.unit.text).collect()
    }

    #[test]
    fn an_old_price_in_a_sentence_gives_way_to_the_row_of_a_newer_page() {
        let row = "Method: Express; Price: $18.00; Delivery time: 2 business days";
        let old = "Express costs $16.50 and takes 2 business days.";
        let new = page("new", Some("2026-02-01"), row);
        assert_eq!(left(&[page("old", Some("2024-05-01"), old), new.clone()]), [row]);
        assert_eq!(left(&[page("undated", None, old), new.clone()]), [row], "a page that does not say since when");
        assert_eq!(left(&[page("newer", Some("2026-09-01"), old), new.clone()]).len(), 2, "the row may be the old one");
        let same = "Express costs $18.00.";
        assert_eq!(left(&[page("old", Some("2024-05-01"), same), new.clone()]).len(), 2);
        let bound = "Free Express shipping on orders over $150.00.";
        assert_eq!(left(&[page("undated", None, bound), new.clone()]).len(), 2, "from which amount on is no price");
        let other = "Standard costs $6.95.";
        assert_eq!(left(&[page("old", Some("2024-05-01"), other), new]).len(), 2);
    }
}
