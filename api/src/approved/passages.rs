//! The passages of documents as the index holds them now, and what became of one that an answer rests on.

use engine::{
    SourceKind, StorePass,
    approved::RestsOn,
    evidence::{DocId, PassageId, Scores},
    ports::KnowledgeError,
    text::{content_stems, sentences},
};
use ingest::index::{erase::Place, point::Fields};
use std::collections::HashSet;

/// Words of a change that are shown.
const SHOWN: usize = 200;

/// The passages of these documents, in their order. Nothing of a document that is not there, and nothing of a
/// conversation: what was said to one customer is not signed off for all, and an erasure may take it away.
pub async fn of_documents(
    place: &Place,
    pass: &StorePass,
    docs: &HashSet<DocId>,
) -> Result<Vec<RestsOn>, KnowledgeError> {
    if docs.is_empty() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    let mut look = |fields: &Fields| {
        if docs.contains(&fields.doc) && fields.kind != SourceKind::Conversation {
            let place = (fields.doc.clone(), fields.chunk);
            found.push((place, RestsOn::of(&fields.clone().into_passage(pass.store().clone(), Scores::default()))));
        }
    };
    place.visit(&mut look).await?;
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found.into_iter().map(|(_, passage)| passage).collect())
}

/// The document of a passage: what stands before the last `#`.
pub fn doc_of(passage: &PassageId) -> Option<DocId> {
    passage.0.rsplit_once('#').map(|(doc, _)| DocId(doc.to_owned()))
}

/// What stands today where a passage stood: the same words, or those that took their place. `None`: the document is gone.
pub fn successor<'p>(was: &RestsOn, now: &'p [RestsOn]) -> Option<&'p RestsOn> {
    if let Some(same) = was.stands_in(now) {
        return Some(same);
    }
    let stems: HashSet<String> = content_stems(&was.text).into_iter().collect();
    let shared =
        |p: &RestsOn| content_stems(&p.text).into_iter().filter(|s| stems.contains(s)).collect::<HashSet<_>>().len();
    let of_it = now.iter().filter(|p| p.doc == was.doc);
    of_it.max_by_key(|p| (shared(p), p.passage == was.passage, std::cmp::Reverse(p.passage.clone())))
}

/// What changed, in words: `pages/returns.md: "within 30 days" → "within 14 days"`. `None` where it still stands.
pub fn changed(was: &RestsOn, now: &[RestsOn]) -> Option<String> {
    if was.stands_in(now).is_some() {
        return None;
    }
    let Some(next) = successor(was, now) else {
        return Some(format!("{} is gone; it said \"{}\"", was.doc, shown(&[was.text.as_str()])));
    };
    let (before, after) = (sentences(&was.text), sentences(&next.text));
    let only = |of: &[&str], not: &[&str]| -> String {
        shown(&of.iter().filter(|s| !not.contains(s)).copied().collect::<Vec<_>>())
    };
    let (old, new) = (only(&before, &after), only(&after, &before));
    Some(match (old.is_empty(), new.is_empty()) {
        (true, true) if was.heading != next.heading => {
            format!(
                "{}: it stood under \"{}\" and stands under \"{}\"",
                was.doc,
                was.heading.join(" › "),
                next.heading.join(" › ")
            )
        }
        (true, true) => format!("{}: the same sentences stand in another order", was.doc),
        (false, true) => format!("{}: \"{old}\" is gone", was.doc),
        (true, false) => format!("{}: \"{new}\" was added", was.doc),
        (false, false) => format!("{}: \"{old}\" → \"{new}\"", was.doc),
    })
}

fn shown(words: &[&str]) -> String {
    let text = words.join(" ").replace('\n', " ");
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::approved::hash_of;

    fn passage(number: usize, heading: &str, text: &str) -> RestsOn {
        let heading = vec![heading.to_owned()];
        RestsOn {
            doc: DocId("pages/returns.md".into()),
            passage: PassageId(format!("pages/returns.md#{number}")),
            hash: hash_of(&heading, text),
            title: "Returns".into(),
            heading,
            url: None,
            text: text.into(),
            valid_from: None,
            valid_to: None,
        }
    }

    #[test]
    fn a_change_is_told_in_old_and_new_words() {
        let was = passage(1, "Window", "You have 30 days. Keep the tags.");
        let check = |now: &[RestsOn], expect: Option<&str>| assert_eq!(changed(&was, now).as_deref(), expect);
        let other = passage(0, "Shipping", "We ship on Mondays.");
        check(&[other.clone(), passage(4, "Window", "You have 30 days. Keep the tags.")], None);
        check(
            &[other.clone(), passage(1, "Window", "You have 14 days. Keep the tags.")],
            Some("pages/returns.md: \"You have 30 days.\" → \"You have 14 days.\""),
        );
        check(&[passage(1, "Window", "Keep the tags.")], Some("pages/returns.md: \"You have 30 days.\" is gone"));
        check(
            &[passage(1, "Final sale", "You have 30 days. Keep the tags.")],
            Some("pages/returns.md: it stood under \"Window\" and stands under \"Final sale\""),
        );
        check(&[], Some("pages/returns.md is gone; it said \"You have 30 days. Keep the tags.\""));
        assert_eq!(doc_of(&was.passage), Some(was.doc.clone()));
    }
}
