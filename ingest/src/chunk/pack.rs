//! A section in chunks that are not too long, cut where a reader would cut.

use super::section::{Kind, Section, Unit};
use crate::source::lines::shorten;
use unicode_segmentation::UnicodeSegmentation;

/// A repeated lead-in is at most this part of a chunk.
const LEAD_IN_PART: usize = 3;

type Span = (usize, usize);

/// Something that is not cut any further.
struct Piece {
    span: Span,
    /// What to repeat above it, where it starts a chunk.
    lead_in: String,
}

/// Spans of the chunks, each with what is repeated above it (empty where nothing is).
pub(super) fn pack(section: &Section, text: &str, max: usize) -> Vec<(Span, String)> {
    let chars = |span: Span| text[span.0..span.1].chars().count();
    let whole = (section.start(), section.end());
    let total = chars(whole);
    if total <= max {
        return vec![(whole, String::new())];
    }
    // Chunks of about one length read better than full ones and a rest.
    let target = total / total.div_ceil(max).max(1);
    let mut packed: Vec<(Span, String)> = Vec::new();
    let mut open: Option<(Span, String)> = None;
    let fits = |open: &Option<(Span, String)>, end: usize| match open {
        Some((span, lead_in)) => chars((span.0, end)) + lead_in_chars(lead_in) <= max,
        None => false,
    };
    let question = match section.units[0] {
        Unit { start, end, kind: Kind::Turn { .. } } => shorten(&text[start..end], max / LEAD_IN_PART),
        _ => String::new(),
    };
    for cluster in clusters(&section.units, text) {
        let span = (cluster[0].start, cluster[cluster.len() - 1].end);
        let full = open.as_ref().is_some_and(|(span, _)| chars(*span) >= target);
        if !full && fits(&open, span.1) {
            open.iter_mut().for_each(|(open, _)| open.1 = span.1);
            continue;
        }
        if full || chars(span) <= max {
            packed.extend(open.take());
        }
        if chars(span) <= max {
            let lead_in =
                pieces(cluster, &question, text, max).into_iter().next().map(|p| p.lead_in).unwrap_or_default();
            let lead_in = if chars(span) + lead_in_chars(&lead_in) <= max { lead_in } else { String::new() };
            open = Some((span, lead_in));
            continue;
        }
        for piece in pieces(cluster, &question, text, max) {
            if fits(&open, piece.span.1) {
                open.iter_mut().for_each(|(open, _)| open.1 = piece.span.1);
            } else {
                packed.extend(open.take());
                open = Some((piece.span, piece.lead_in));
            }
        }
    }
    packed.extend(open);
    packed
}

fn lead_in_chars(lead_in: &str) -> usize {
    if lead_in.is_empty() { 0 } else { lead_in.chars().count() + 1 }
}

/// Units that a reader takes as one: a list or table with the line that leads in to it; a paragraph; a turn.
fn clusters<'u>(units: &'u [Unit], text: &str) -> Vec<&'u [Unit]> {
    let mut clusters = Vec::new();
    let mut from = 0;
    for at in 1..=units.len() {
        let together = at < units.len() && {
            let (last, next) = (&units[at - 1], &units[at]);
            match (last.kind, next.kind) {
                (Kind::Item { .. }, Kind::Item { .. }) | (Kind::Row, Kind::Row) => true,
                (Kind::Prose, Kind::Item { .. } | Kind::Row) => text[last.start..last.end].ends_with(':'),
                _ => false,
            }
        };
        if !together {
            clusters.push(&units[from..at]);
            from = at;
        }
    }
    clusters
}

fn pieces(cluster: &[Unit], question: &str, text: &str, max: usize) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let own = |unit: &Unit| text[unit.start..unit.end].trim();
    let leads_in = cluster.len() > 1 && cluster[0].kind == Kind::Prose;
    let lead = if leads_in { own(&cluster[0]).unicode_sentences().last().unwrap_or_default().trim() } else { "" };
    // Items that the next one may be part of, outermost first.
    let mut parents: Vec<(u8, &str)> = Vec::new();
    for (i, unit) in cluster.iter().enumerate() {
        let mut above: Vec<&str> = Vec::new();
        match unit.kind {
            Kind::Turn { answers: true } => above.push(question),
            Kind::Prose | Kind::Row | Kind::Turn { .. } if i == 0 => {}
            Kind::Item { depth } => {
                parents.retain(|(above, _)| *above < depth);
                above.push(lead);
                above.extend(parents.iter().map(|(_, item)| *item));
                parents.push((depth, own(unit)));
            }
            _ => above.push(lead),
        }
        above.retain(|line| !line.is_empty());
        let mut lead_in = above.join("\n");
        if lead_in.chars().count() > max / LEAD_IN_PART {
            lead_in.clear();
        }
        let room = max - lead_in_chars(&lead_in);
        for span in cut((unit.start, unit.end), text, room) {
            // A word that is too long by itself is not made longer.
            let fits = text[span.0..span.1].chars().count() <= room;
            pieces.push(Piece { span, lead_in: if fits { lead_in.clone() } else { String::new() } });
        }
    }
    // The lead-in alone at the end of a chunk leads nowhere.
    if leads_in {
        let first_item = cluster[1].start;
        if let Some(at) = pieces.iter().position(|p| p.span.0 >= first_item).filter(|at| *at > 0) {
            let both = (pieces[at - 1].span.0, pieces[at].span.1);
            if text[both.0..both.1].chars().count() <= max {
                pieces[at - 1] = Piece { span: both, lead_in: String::new() };
                pieces.remove(at);
            }
        }
    }
    pieces
}

/// Cuts at sentences, where those are too long at white space, and where there is none at the bounds of words.
fn cut(span: Span, text: &str, max: usize) -> Vec<Span> {
    cut_at(span, text, max, 0)
}

fn cut_at(span: Span, text: &str, max: usize, finer: usize) -> Vec<Span> {
    let own = &text[span.0..span.1];
    if own.chars().count() <= max || finer > 2 {
        return vec![span];
    }
    let starts: Vec<usize> = match finer {
        0 => own.split_sentence_bound_indices().map(|(i, _)| i).collect(),
        1 => {
            let bounds = own.split_word_bound_indices();
            let mut after_space = true;
            bounds
                .filter_map(|(i, w)| {
                    let starts = after_space && !w.trim().is_empty();
                    after_space = w.trim().is_empty();
                    starts.then_some(i)
                })
                .collect()
        }
        _ => own.split_word_bound_indices().map(|(i, _)| i).collect(),
    };
    let mut spans: Vec<Span> = Vec::new();
    for (i, start) in starts.iter().enumerate() {
        let end = starts.get(i + 1).copied().unwrap_or(own.len());
        let part = own[*start..end].trim();
        if part.is_empty() {
            continue;
        }
        let start = span.0 + start + (own[*start..end].len() - own[*start..end].trim_start().len());
        let part = (start, start + part.len());
        match spans.last_mut() {
            Some(last) if text[last.0..part.1].chars().count() <= max => last.1 = part.1,
            _ => spans.extend(cut_at(part, text, max, finer + 1)),
        }
    }
    spans
}
