//! Which live data a sentence asks for. The discipline of [`crate::rules`]: a pattern asks for the words of a question
//! about *my* order or a named one, not for its topic; what is supposed, general or about the shop's ways is for pages.

use super::LiveKind;
use super::heard::NUMBER;
use super::patterns::*;
use regex::Regex;
use std::sync::LazyLock;

/// A sentence that asks of live data.
pub struct Asks {
    pub kinds: Vec<LiveKind>,
    /// A page may answer it too: how to track, how long a return is open.
    pub soft: bool,
}

/// What one kind says, a vaguer one beside it does not mean: "where is my refund" is not "where is my order".
const SHADOWS: &[(LiveKind, &[LiveKind])] = &[
    (LiveKind::Refund, &[LiveKind::Status, LiveKind::Delivery, LiveKind::Total]),
    (LiveKind::ReturnWindow, &[LiveKind::Status, LiveKind::Delivery]),
    (LiveKind::Cancellable, &[LiveKind::Status, LiveKind::Delivery]),
    (LiveKind::Address, &[LiveKind::Status, LiveKind::Tracking, LiveKind::Items]),
    (LiveKind::Payment, &[LiveKind::Items]),
    (LiveKind::Balance, &[LiveKind::Status, LiveKind::Tracking, LiveKind::Items, LiveKind::Total, LiveKind::Stock]),
];

/// What a sentence asks for; `None` where it is not about live data. `sentence` is [`super::heard`]'s plain form.
pub fn asks(sentence: &str) -> Option<Asks> {
    let p = &*PATTERNS;
    // "Check if it has left" supposes nothing.
    let sentence = &*p.checks.replace_all(sentence, "$check whether");
    let named = sentence.contains(NUMBER);
    let own = p.own.is_match(sentence);
    let to_be_changed = p.edits.is_match(sentence);
    if p.documents.is_match(sentence) {
        return None;
    }
    let supposed = !named && (p.supposed.is_match(sentence) || (!own && p.general.is_match(sentence)));
    let mut kinds: Vec<LiveKind> = Vec::new();
    for (kind, pattern) in &p.kinds {
        let vetoed = match kind {
            LiveKind::Stock | LiveKind::Price => p.not_for_sale.is_match(sentence),
            LiveKind::Status
            | LiveKind::Tracking
            | LiveKind::Delivery
            | LiveKind::Items
            | LiveKind::Total
            | LiveKind::Refund
            | LiveKind::ReturnWindow
            | LiveKind::Address
            | LiveKind::Cancellable
            | LiveKind::Payment => supposed,
            // No order is meant, so nothing has to say whose; and an account is where a balance is.
            LiveKind::Balance => !named && p.supposed.is_match(&sentence.replace(" account", "")),
        };
        if !vetoed && !kinds.contains(kind) && pattern.is_match(sentence) {
            kinds.push(*kind);
        }
    }
    // A sum that no order shows: what is left of one, what two cost more or less than each other, what will come back.
    if p.reckoned.is_match(sentence) {
        kinds.retain(|k| *k != LiveKind::Total);
    }
    if to_be_changed {
        kinds.retain(|k| {
            matches!(k, LiveKind::Refund | LiveKind::ReturnWindow | LiveKind::Cancellable | LiveKind::Stock)
        });
    }
    // About an order of theirs, in words that no pattern foresaw: its topic says what is asked.
    let foreseen = !kinds.is_empty() || to_be_changed || p.other_wishes.is_match(sentence);
    let mut vague = false;
    if !foreseen && own && !supposed && !p.reckoned.is_match(sentence) {
        vague = true;
        kinds.extend(p.topics.iter().find(|(_, words)| words.is_match(sentence)).map(|(kind, _)| *kind));
    }
    // What it was paid with is no sum, unless one is asked for as well.
    if kinds.contains(&LiveKind::Payment) && !p.sums.is_match(sentence) {
        kinds.retain(|k| *k != LiveKind::Total);
    }
    for (telling, vaguer) in SHADOWS {
        if kinds.contains(telling) {
            kinds.retain(|k| !vaguer.contains(k));
        }
    }
    if !named && p.after.is_match(sentence) {
        kinds.retain(|k| !matches!(k, LiveKind::ReturnWindow | LiveKind::Cancellable));
    }
    if kinds.is_empty() {
        return None;
    }
    let windows = kinds.iter().all(|k| matches!(k, LiveKind::ReturnWindow | LiveKind::Cancellable));
    let shop = kinds.iter().all(|k| matches!(k, LiveKind::Stock | LiveKind::Price));
    Some(Asks { soft: !named && (vague || windows || shop || p.how_to.is_match(sentence)), kinds })
}

/// Whether nothing is said but which order, who, and please.
pub fn only_names(sentence: &str) -> bool {
    PATTERNS.only_names.is_match(sentence)
}

/// The lists of [`super::patterns`], compiled.
struct Patterns {
    kinds: Vec<(LiveKind, Regex)>,
    topics: Vec<(LiveKind, Regex)>,
    own: Regex,
    other_wishes: Regex,
    documents: Regex,
    edits: Regex,
    sums: Regex,
    supposed: Regex,
    general: Regex,
    not_for_sale: Regex,
    how_to: Regex,
    after: Regex,
    only_names: Regex,
    reckoned: Regex,
    checks: Regex,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let each = |list: &[(LiveKind, &[&str])]| list.iter().map(|(kind, words)| (*kind, compiled(words))).collect();
    Patterns {
        kinds: each(KINDS),
        topics: each(TOPICS),
        own: compiled(OWN),
        other_wishes: compiled(OTHER_WISHES),
        documents: compiled(DOCUMENTS),
        edits: compiled(EDITS),
        sums: compiled(SUMS),
        supposed: compiled(SUPPOSED),
        general: compiled(GENERAL),
        not_for_sale: compiled(NOT_FOR_SALE),
        how_to: compiled(HOW_TO),
        after: compiled(AFTER),
        only_names: compiled(ONLY_NAMES),
        reckoned: compiled(RECKONED),
        checks: compiled(CHECKS),
    }
});
