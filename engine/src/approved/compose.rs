//! An approved text as an answer: placeholders filled, each sentence with the passage and the facts that it rests on.

use super::facts::Known;
use super::placeholder::{Piece, pieces};
use super::{ApprovedAnswer, Placeholder, RestsOn};
use crate::check::support::{Ground, share};
use crate::evidence::{DocId, PassageId};
use crate::live::compose::Fact;
use crate::reply::{Answer, Citation, Sentence};
use crate::select::stem_set;
use crate::text::sentences;

/// The answer, or the placeholder that nothing fills. What was approved cannot have a broken one.
pub(super) fn compose(answer: &ApprovedAnswer, known: Option<&Known<'_>>) -> Result<Answer, Option<Placeholder>> {
    let mut said = Said::default();
    for written in sentences(&answer.text) {
        let (mut text, mut facts) = (String::new(), Vec::new());
        for piece in pieces(written).map_err(|_| None)? {
            match piece {
                Piece::Words(words) => text.push_str(words),
                Piece::Live(placeholder) => {
                    let filled = known.and_then(|known| known.fill(placeholder)).ok_or(Some(placeholder))?;
                    text.push_str(&filled.text);
                    facts.push(filled.fact);
                }
            }
        }
        let mut cites: Vec<usize> =
            closest(written, &answer.rests_on).map(|rest| said.passage(rest, written)).into_iter().collect();
        cites.extend(facts.iter().map(|fact| said.fact(fact)));
        cites.dedup();
        said.sentences.push(Sentence { text, cites });
    }
    let Said { sentences, citations } = said;
    if sentences.is_empty() || sentences.iter().any(|s| s.cites.is_empty()) {
        return Err(None);
    }
    Ok(Answer { sentences, citations })
}

/// The passage that carries most of a sentence: all its values first, then most of its words.
pub(super) fn closest<'r>(sentence: &str, rests_on: &'r [RestsOn]) -> Option<&'r RestsOn> {
    let words = words_of(sentence);
    let stems = stem_set(&words);
    let key = |rest: &RestsOn| {
        let ground = ground(rest);
        let shared = share(&stems, &stem_set(&format!("{} {}", context(rest), rest.text)));
        (std::cmp::Reverse(ground.missing(&words).len()), (shared * 1e6) as u32)
    };
    // The first of equals: `max_by_key` would take the last.
    rests_on.iter().rev().max_by_key(|rest| key(rest))
}

pub(super) fn ground(rest: &RestsOn) -> Ground {
    Ground::new(&context(rest), &rest.text)
}

fn context(rest: &RestsOn) -> String {
    std::iter::once(&rest.title).chain(&rest.heading).map(String::as_str).collect::<Vec<_>>().join(" › ")
}

/// A sentence without its placeholders: their names claim nothing.
pub(super) fn words_of(sentence: &str) -> String {
    let Ok(pieces) = pieces(sentence) else { return sentence.to_owned() };
    let words = pieces.iter().map(|piece| match piece {
        Piece::Words(words) => *words,
        Piece::Live(_) => " ",
    });
    words.collect()
}

#[derive(Default)]
struct Said {
    sentences: Vec<Sentence>,
    citations: Vec<Citation>,
}

impl Said {
    fn passage(&mut self, rest: &RestsOn, sentence: &str) -> usize {
        let stems = stem_set(&words_of(sentence));
        let shared = |text: &&str| (share(&stems, &stem_set(text)) * 1e6) as u32;
        let quote = sentences(&rest.text).into_iter().rev().max_by_key(shared).unwrap_or(&rest.text);
        self.cite(Citation {
            number: 0,
            doc: rest.doc.clone(),
            passage: rest.passage.clone(),
            title: rest.title.clone(),
            heading: rest.heading.clone(),
            url: rest.url.clone(),
            quote: quote.to_owned(),
            read_at: None,
        })
    }

    fn fact(&mut self, fact: &Fact) -> usize {
        self.cite(Citation {
            number: 0,
            doc: DocId(fact.doc.clone()),
            passage: PassageId(format!("{}#{}", fact.doc, fact.part)),
            title: fact.title.clone(),
            heading: Vec::new(),
            url: fact.url.clone(),
            quote: fact.quote.clone(),
            read_at: fact.read_at,
        })
    }

    fn cite(&mut self, citation: Citation) -> usize {
        if let Some(known) = self.citations.iter().find(|c| c.passage == citation.passage) {
            return known.number;
        }
        let number = self.citations.len() + 1;
        self.citations.push(Citation { number, ..citation });
        number
    }
}
