//! The generator's part: what it is shown, and what is made of what it says.

use crate::answer::Trace;
use crate::check::weigh::Weigher;
use crate::check::{Checker, DraftSentence, Standing};
use crate::ports::{Generator, Piece};
use crate::prompt::{self, NOT_COVERED};
use crate::select::{Question, Scored};
use crate::text::sentences;
use regex::Regex;
use std::sync::LazyLock;

/// A page or a product this near to the best unit keeps conversations out of the prompt.
const OWN_WORD: f32 = 0.7;

/// The best units, in the order of their sources, grouped by passage: `(passage number, text)`.
pub fn shown(ranked: &[Scored], most: usize) -> Vec<(usize, String)> {
    // What an agent once said is shown where the store's own pages say nothing nearly as fitting.
    let chat = |s: &Scored| s.features.conversation > 0.0;
    let first = ranked.first().map_or(0.0, |s| s.total);
    let own = ranked.iter().any(|s| !chat(s) && s.total >= first * OWN_WORD);
    let mut best: Vec<&Scored> = ranked.iter().filter(|s| !own || !chat(s)).take(most).collect();
    best.sort_by_key(|s| s.unit.order());
    let mut grouped: Vec<(usize, String)> = Vec::new();
    for s in best {
        let number = s.unit.passage + 1;
        match grouped.last_mut() {
            Some((last, text)) if *last == number => {
                text.push_str(if s.unit.fragment { "; " } else { " " });
                text.push_str(s.unit.text.trim_start_matches(['-', ' ']));
            }
            _ => grouped.push((number, format!("({}) {}", s.unit.context, s.unit.text.trim_start_matches(['-', ' '])))),
        }
    }
    grouped
}

/// What came of a generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// Sentences, good or bad; or nothing, because it failed.
    Sentences,
    /// That the passages do not answer.
    NotCovered,
}

/// What a draft is looked at with.
pub struct Judge<'a> {
    pub checker: &'a Checker<'a>,
    /// Absent where the typed check decides alone.
    pub weigher: Option<Weigher<'a>>,
}

/// Asks the generator and checks each sentence as it is finished. Failures end the draft; what has passed stays.
pub async fn generate(
    generator: &dyn Generator,
    question: &Question,
    shown: &[(usize, String)],
    max_tokens: usize,
    judge: &Judge<'_>,
    trace: &mut Trace,
    mut passed: impl FnMut(Standing, &mut Trace),
) -> Says {
    let prompt = prompt::write(&question.text, shown, max_tokens);
    trace.prompt = Some(prompt.clone());
    let mut pieces = match generator.generate(prompt).await {
        Ok(pieces) => pieces,
        Err(error) => {
            trace.draft = Some(format!("(no draft: {error})"));
            return Says::Sentences;
        }
    };
    let mut said = String::new();
    let mut done = 0;
    while let Some(piece) = pieces.recv().await {
        match piece {
            Ok(Piece::Text(text)) => said.push_str(&text),
            Ok(Piece::End(cost)) => {
                let cut = cost.truncated;
                trace.generated = Some(cost);
                let all = drafted(&said, !cut);
                for sentence in all.iter().skip(done) {
                    settle(sentence, judge, trace, &mut passed).await;
                }
                break;
            }
            Err(error) => {
                said.push_str(&format!("\n(the draft ended: {error})"));
                break;
            }
        }
        for sentence in drafted(&said, false).iter().skip(done) {
            settle(sentence, judge, trace, &mut passed).await;
            done += 1;
        }
    }
    let says = if said.contains(NOT_COVERED) { Says::NotCovered } else { Says::Sentences };
    trace.draft = Some(said);
    says
}

async fn settle(
    sentence: &DraftSentence,
    judge: &Judge<'_>,
    trace: &mut Trace,
    passed: &mut impl FnMut(Standing, &mut Trace),
) {
    let mut checked = judge.checker.check(sentence);
    if let (Ok(stands), Some(weigher)) = (&checked, &judge.weigher) {
        let (settled, weighed) = weigher.settle(judge.checker, stands.clone()).await;
        checked = settled;
        trace.weighed.extend(weighed);
    }
    match checked {
        Ok(stands) => passed(stands, trace),
        Err(dropped) => trace.dropped.push(dropped),
    }
}

/// Finished sentences of the ANSWER part, with their citations. `complete` takes the last one too.
fn drafted(said: &str, complete: bool) -> Vec<DraftSentence> {
    static CITE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\s*\[(\d{1,2})(?:\s*,\s*(\d{1,2}))*\]").expect("constant"));
    let Some((_, answer)) = said.split_once("ANSWER:") else {
        return Vec::new();
    };
    if answer.contains(NOT_COVERED) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let pieces = sentences(answer);
    let last = pieces.len().saturating_sub(1);
    for (i, piece) in pieces.iter().enumerate() {
        // A citation after the full stop belongs to the sentence before it.
        let mut piece = *piece;
        while let Some(m) = CITE.find(piece).filter(|m| m.start() == 0) {
            if let Some(DraftSentence { cites, .. }) = found.last_mut() {
                cites.extend(numbers(m.as_str()));
            }
            piece = &piece[m.end()..];
        }
        let cites = CITE.find_iter(piece).flat_map(|m| numbers(m.as_str())).collect();
        let text = CITE.replace_all(piece, "").trim().to_owned();
        if text.trim_matches(['.', ' ']).is_empty() {
            continue;
        }
        if i == last && !complete {
            break;
        }
        found.push(DraftSentence { text, cites });
    }
    // The citation of the sentence before may still be coming.
    if !complete && found.last().is_some_and(|s: &DraftSentence| s.cites.is_empty()) {
        found.pop();
    }
    found
}

/// `[1, 2]` as numbers.
fn numbers(cite: &str) -> Vec<usize> {
    cite.trim_matches(['[', ']', ' ']).split(',').filter_map(|n| n.trim().parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_taken_as_they_are_finished() {
        let check = |said: &str, complete: bool, expect: &[(&str, &[usize])]| {
            let got = drafted(said, complete);
            let got: Vec<(&str, &[usize])> = got.iter().map(|s| (s.text.as_str(), s.cites.as_slice())).collect();
            assert_eq!(got, expect, "{said}");
        };
        check("QUOTE: x [1]\nANSWER: You have 30 days [1]. It must", false, &[("You have 30 days.", &[1])]);
        check(
            "QUOTE: x\nANSWER: You have 30 days [1]. It must be new [2].",
            true,
            &[("You have 30 days.", &[1]), ("It must be new.", &[2])],
        );
        check("ANSWER: You have 30 days. [1] Then", false, &[("You have 30 days.", &[1])]);
        check("QUOTE: none\nANSWER: NOT COVERED", true, &[]);
        check("QUOTE: none", true, &[]);
    }
}
