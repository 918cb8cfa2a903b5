//! An answer in the sentences of the source: what small machines say, and what is left when a generator fails.

use crate::check::polarity::is_negative;
use crate::check::{Draft, DraftSentence};
use crate::select::{Asked, Question, Scored};
use std::collections::HashSet;

/// More than this is a page, not an answer.
const MOST: usize = 3;
/// A further sentence must score nearly as well as the first.
const NEAR: f32 = 0.9;

/// Words that carry a subject; a lead with no more of them is a beginning.
const SHORT: usize = 5;

/// Picks the sentence that answers, what belongs to it, and the exceptions to it. `ranked` is best first.
pub fn extract(question: &Question, ranked: &[Scored]) -> Draft {
    let Some(first) = lead(question, ranked) else {
        return Draft::default();
    };
    // "For Overnight it is noon" beside "before 1:00 p.m.": who asks about Overnight is not told the other.
    let particular = of_the_particular(question, first, ranked);
    let stands_alone = |s: &&Scored| s.unit.antecedent.is_empty() && s.unit.passage == first.unit.passage;
    let first = particular.filter(stands_alone).unwrap_or(first);
    let mut picked: Vec<&Scored> = vec![first];
    picked.extend(other_country(question, first, ranked));
    if first.features.conversation > 0.0 {
        picked = reply(first, ranked);
    }
    // Which methods there are is the whole list, not its best row.
    if let Some(list) = whole_list(question, first, ranked) {
        return rows(question, first, &list, ranked);
    }
    picked.extend(rest(first, ranked));
    picked.extend(of_the_particular(question, first, ranked));
    for next in ranked {
        if picked.len() >= MOST {
            break;
        }
        let known = picked.iter().any(|p| same(p, next));
        if known || next.total < first.total * NEAR || is_less_particular(question, first, next) {
            continue;
        }
        if question.asked != Asked::YesNo && adds(question, &picked, next) {
            if let Some(list) = whole_list(question, next, ranked) {
                let mut all = rows(question, next, &list, ranked);
                all.sentences
                    .insert(0, DraftSentence { text: first.unit.shown(), cites: vec![first.unit.passage + 1] });
                return all;
            }
            picked.push(next);
        }
    }
    if let Some(exception) = exception(question, first, ranked)
        && !picked.iter().any(|p| same(p, exception))
    {
        picked.truncate(MOST - 1);
        picked.push(exception);
    }
    picked.sort_by_key(|p| (p.unit.passage != first.unit.passage, p.unit.order()));
    let sentence = |p: &&Scored| DraftSentence { text: p.unit.shown(), cites: vec![p.unit.passage + 1] };
    Draft { sentences: picked.iter().map(sentence).collect() }
}

/// The rows as sentences, each table under its heading, and what holds for all of them.
fn rows(question: &Question, first: &Scored, list: &[&Scored], ranked: &[Scored]) -> Draft {
    let mut under = "";
    let mut sentences: Vec<DraftSentence> = Vec::new();
    for s in list {
        let row = s.unit.text.trim_start_matches(['-', ' ']);
        let end = if row.ends_with(['.', '!', '?']) { "" } else { "." };
        let text = match (s.unit.context == under, s.unit.context == first.unit.context) {
            (true, _) => format!("{row}{end}"),
            (false, true) => format!("{}{end}", s.unit.shown()),
            (false, false) => format!("{} — {row}{end}", s.unit.title()),
        };
        under = &s.unit.context;
        sentences.push(DraftSentence { text, cites: vec![s.unit.passage + 1] });
    }
    // "All times are Central Time", below the table.
    let note =
        |s: &&Scored| !s.unit.fragment && s.unit.context == first.unit.context && s.unit.text.starts_with("All ");
    let cited = |s: &Scored| DraftSentence { text: s.unit.text.clone(), cites: vec![s.unit.passage + 1] };
    sentences.extend(ranked.iter().find(note).map(cited));
    let exception = exception(question, first, ranked).filter(|no| !list.iter().any(|row| same(row, no)));
    sentences.extend(exception.map(|no| DraftSentence { text: no.unit.shown(), cites: vec![no.unit.passage + 1] }));
    Draft { sentences }
}

/// More rows than this are shown on their page, not in a reply.
const ROWS: usize = 9;

/// The rows or items beside the best one, in their order, where none of them was asked for in particular: the question
/// has no word of one row that the others have not.
fn whole_list<'a>(question: &Question, first: &'a Scored, ranked: &'a [Scored]) -> Option<Vec<&'a Scored>> {
    let is_row = |s: &Scored| s.unit.fragment && s.unit.text.contains("; ");
    // A size, an amount or a country picks its row.
    if !is_row(first) || !question.values.is_empty() || !question.countries.is_empty() {
        return None;
    }
    let heading = |s: &Scored| s.unit.context.rsplit(" › ").next().unwrap_or_default().to_owned();
    // The table of the same name on the page for another country.
    let elsewhere = |s: &&Scored| {
        let abroad = !s.unit.countries.is_empty() && s.unit.countries.is_disjoint(&first.unit.countries);
        is_row(s) && abroad && s.unit.title() != first.unit.title() && heading(s) == heading(first)
    };
    let mut list: Vec<&Scored> = ranked.iter().filter(|s| is_row(s) && s.unit.context == first.unit.context).collect();
    let meets = || list.iter().all(|s| question.asked.is_met_by(&s.unit));
    match question.asked {
        Asked::Open | Asked::Contact => {}
        Asked::Time | Asked::Money if meets() => {}
        Asked::Time | Asked::Money | Asked::Count | Asked::Percent | Asked::YesNo => return None,
    }
    // The same table may stand in two documents.
    let mut seen = HashSet::new();
    list.sort_by_key(|s| s.unit.order());
    list.retain(|s| seen.insert(s.unit.text.as_str()));
    if !(2..=ROWS).contains(&list.len()) {
        return None;
    }
    let in_all = |stem: &String| list.iter().all(|s| s.unit.stems.contains(stem));
    let singled_out = question.stems.iter().any(|stem| first.unit.own_stems.contains(stem) && !in_all(stem));
    let mut other: Vec<&Scored> = ranked.iter().filter(elsewhere).collect();
    other.sort_by_key(|s| s.unit.order());
    other.retain(|s| seen.insert(s.unit.text.as_str()));
    if list.len() + other.len() <= ROWS {
        list.extend(other);
    }
    (!singled_out).then_some(list)
}

/// The best unit; where a kind of value is asked for, the best one that holds it, if it is close.
fn lead<'a>(question: &Question, ranked: &'a [Scored]) -> Option<&'a Scored> {
    let best = ranked.first()?;
    if let Some(row) = only_row(question, best, ranked) {
        return Some(row);
    }
    if matches!(question.asked, Asked::Open | Asked::YesNo) {
        return Some(best);
    }
    ranked.iter().take_while(|s| s.total >= best.total * 0.8).find(|s| question.asked.is_met_by(&s.unit)).or(Some(best))
}

/// The one row of the best unit's page that has a word of the question which nothing else of that page has: "Hawaii".
fn only_row<'a>(question: &Question, best: &Scored, ranked: &'a [Scored]) -> Option<&'a Scored> {
    let page = |s: &&Scored| s.unit.title() == best.unit.title();
    let shares = |s: &Scored| question.stems.iter().filter(|stem| s.unit.own_stems.contains(*stem)).count();
    let mut holding = question.stems.iter().filter_map(|stem| {
        let mut with = ranked.iter().filter(page).filter(|s| s.unit.own_stems.contains(stem));
        let only = with.next().filter(|s| s.unit.fragment && s.unit.text.contains("; "))?;
        with.next().is_none().then_some(only)
    });
    let row = holding.next()?;
    let alone = holding.all(|other| other.unit.order() == row.unit.order());
    (alone && shares(row) >= 2 && row.unit.order() != best.unit.order()).then_some(row)
}

fn asks_for_a_value(question: &Question) -> bool {
    matches!(question.asked, Asked::Time | Asked::Money)
}

/// The rule for what the question names and the lead leaves out: "overnight", on the same page, with such a value.
fn of_the_particular<'a>(question: &Question, first: &Scored, ranked: &'a [Scored]) -> Option<&'a Scored> {
    if !asks_for_a_value(question) {
        return None;
    }
    ranked.iter().find(|s| {
        let names_more = question.stems.iter().any(|w| s.unit.own_stems.contains(w) && !first.unit.stems.contains(w));
        let of_the_page = s.unit.title() == first.unit.title() && !same(s, first);
        names_more && of_the_page && s.total >= first.total * 0.5 && question.asked.is_met_by(&s.unit)
    })
}

/// Another value for the same, of a rule that leaves out what the question names and the lead has.
fn is_less_particular(question: &Question, first: &Scored, next: &Scored) -> bool {
    asks_for_a_value(question)
        && question.asked.is_met_by(&next.unit)
        && question.stems.iter().any(|w| first.unit.own_stems.contains(w) && !next.unit.stems.contains(w))
}

fn same(a: &Scored, b: &Scored) -> bool {
    a.unit.order() == b.unit.order() || a.unit.text == b.unit.text
}

/// Whether a unit holds words of the question that nothing picked so far holds.
fn adds(question: &Question, picked: &[&Scored], next: &Scored) -> bool {
    question
        .stems
        .iter()
        .any(|stem| next.unit.own_stems.contains(stem) && !picked.iter().any(|p| p.unit.stems.contains(stem)))
}

/// "It runs small." is finished by the sentence after it.
fn rest<'a>(lead: &Scored, ranked: &'a [Scored]) -> Option<&'a Scored> {
    let after = (lead.unit.passage, lead.unit.position + 1);
    let short = lead.unit.own_stems.len() <= SHORT && lead.unit.values.is_empty();
    ranked
        .iter()
        .find(|s| short && s.unit.order() == after && s.unit.own_stems.len() > SHORT / 2 && s.total >= lead.total * 0.5)
}

/// What an agent said around the sentence, in order: advice comes in steps.
fn reply<'a>(lead: &Scored, ranked: &'a [Scored]) -> Vec<&'a Scored> {
    let from = lead.unit.position.saturating_sub(MOST - 1);
    (from..=from + MOST)
        .filter_map(|position| ranked.iter().find(|s| s.unit.order() == (lead.unit.passage, position)))
        .collect()
}

/// The same rule for another country, where the question does not say which: both are said.
fn other_country<'a>(question: &Question, lead: &Scored, ranked: &'a [Scored]) -> Option<&'a Scored> {
    if !question.countries.is_empty() || lead.unit.countries.is_empty() {
        return None;
    }
    ranked.iter().find(|s| {
        let there = &s.unit.countries;
        !there.is_empty()
            && there.is_disjoint(&lead.unit.countries)
            && s.total >= lead.total * 0.75
            && (question.asked == Asked::Open || question.asked.is_met_by(&s.unit))
    })
}

/// A sentence that says no about the same thing, where the lead says yes: leaving it out would mislead.
fn exception<'a>(question: &Question, lead: &Scored, ranked: &'a [Scored]) -> Option<&'a Scored> {
    if is_negative(&lead.unit.text) {
        return None;
    }
    ranked.iter().find(|s| {
        let asked = question.stems.iter().filter(|stem| s.unit.own_stems.contains(*stem)).count();
        is_negative(&s.unit.text) && asked > 0 && s.total >= lead.total * 0.6
    })
}
