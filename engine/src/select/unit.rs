//! The smallest piece of a source that can be shown: a sentence, a list item, a table row.

use super::Features;
use super::stem_set;
use crate::check::instruction::{Instructs, instructs};
use crate::check::polarity::{denies, is_negative};
use crate::evidence::{Evidence, Passage, SourceKind};
use crate::place::{Country, countries};
use crate::text::sentences;
use crate::value::{Found, values};
use regex::Regex;
use std::collections::{BTreeSet, HashSet};
use std::sync::LazyLock;

#[derive(Clone, Debug)]
pub struct Unit {
    /// Index of its passage in the evidence.
    pub passage: usize,
    /// Place in the passage.
    pub position: usize,
    pub text: String,
    /// Title and headings above it: what it is about where it does not say so itself.
    pub context: String,
    /// Stems of text and context.
    pub stems: HashSet<String>,
    /// Stems of the text alone.
    pub own_stems: HashSet<String>,
    pub values: Vec<Found>,
    /// Countries that the text names, or else the nearest heading above it that names any.
    pub countries: BTreeSet<Country>,
    /// The question above it that it answers, as on a page of frequent questions.
    pub question: String,
    /// The sentence before, where this one points back to it ("For these the window is 15 minutes.").
    pub antecedent: String,
    /// A table row or a list item: needs its context to be understood.
    pub fragment: bool,
    /// The heading or the lead-in above it says no ("What cannot be returned"): it says no without a negation of its own.
    pub denied: bool,
}

/// A unit with what speaks for it.
#[derive(Clone, Debug)]
pub struct Scored {
    pub unit: Unit,
    pub features: Features,
    pub total: f32,
}

impl Unit {
    /// The title of its page.
    pub(crate) fn title(&self) -> &str {
        self.context.split(" › ").next().unwrap_or_default()
    }

    pub(crate) fn order(&self) -> (usize, usize) {
        (self.passage, self.position)
    }

    /// As a customer can read it without the page around it.
    pub fn shown(&self) -> String {
        let mut text = self.text.trim_start_matches(['-', ' ']).to_owned();
        if !self.antecedent.is_empty() {
            text = format!("{} {text}", self.antecedent.trim_start_matches(['-', ' ']));
        }
        match self.context.rsplit(" › ").next() {
            Some(last) if (self.fragment || self.denied) && !last.is_empty() => format!("{last} — {text}"),
            _ => text,
        }
    }

    /// What the embedder is given.
    pub fn with_context(&self) -> String {
        format!("{}: {} {} {}", self.context, self.question, self.antecedent, self.text)
    }
}

/// Every unit of the evidence, in order.
pub fn units(evidence: &Evidence) -> Vec<Unit> {
    units_of(evidence.passages())
}

/// Every unit of the passages, in order. What speaks to a model instead of a customer is none.
pub fn units_of(passages: &[Passage]) -> Vec<Unit> {
    let mut all = Vec::new();
    for (passage, p) in passages.iter().enumerate() {
        let context = std::iter::once(&p.title).chain(&p.heading).map(String::as_str).collect::<Vec<_>>().join(" › ");
        if instructs(&context) == Some(Instructs::Model) {
            continue;
        }
        let inherited =
            p.heading.iter().rev().chain([&p.title]).map(|h| countries(h)).find(|c| !c.is_empty()).unwrap_or_default();
        let heading = p.heading.last().unwrap_or(&p.title);
        let mut lead_in = "";
        let mut question = "";
        let mut position = 0;
        let lines = match p.kind {
            SourceKind::Conversation => agent_lines(&p.text),
            SourceKind::Product => p.text.lines().map(str::trim_end).filter(|line| !bookkeeping(line)).collect(),
            SourceKind::Policy => p.text.lines().map(str::trim_end).collect(),
        };
        for line in lines.into_iter().filter(|l| !l.trim().is_empty()) {
            let instructs_somebody = instructs(line);
            // Whoever wrote this paragraph speaks to a model; nothing else in it is believed either.
            if instructs_somebody == Some(Instructs::Model) {
                (lead_in, question) = ("", "");
                continue;
            }
            let item = line.trim_start().starts_with("- ");
            let row = !item && line.contains(": ") && line.contains("; ");
            if !item && !row {
                lead_in = if line.ends_with(':') { line } else { "" };
            }
            let denied = (item && (is_negative(lead_in) || denies(heading))) || (!item && denies(heading));
            let pieces = if row { vec![line] } else { sentences(line) };
            let mut before = "";
            for text in pieces {
                let text = without_greeting(text);
                let of_one_case = p.kind == SourceKind::Conversation && of_one_case(text);
                if personal(text) || of_one_case || (instructs_somebody.is_some() && instructs(text).is_some()) {
                    continue;
                }
                // A question answers nothing, but says what the sentences after it are about.
                if text.ends_with('?') {
                    question = if p.kind == SourceKind::Conversation { "" } else { text };
                    continue;
                }
                let own_stems = stem_set(text);
                // "Enjoy the trail!"
                let small_talk = p.kind == SourceKind::Conversation && own_stems.len() < 3;
                if own_stems.is_empty() || small_talk {
                    continue;
                }
                let antecedent = if points_back(text) { before } else { "" };
                before = text;
                let mut own_stems = own_stems;
                own_stems.extend(stem_set(antecedent));
                let mut stems = stem_set(&context);
                stems.extend(own_stems.iter().cloned());
                stems.extend(stem_set(question));
                let own = countries(&outside_parentheses(text));
                all.push(Unit {
                    countries: if own.is_empty() { inherited.clone() } else { own },
                    passage,
                    position,
                    text: text.to_owned(),
                    context: context.clone(),
                    stems,
                    own_stems,
                    values: values(text),
                    question: question.to_owned(),
                    antecedent: antecedent.to_owned(),
                    fragment: item || row,
                    denied,
                });
                position += 1;
            }
        }
    }
    all
}

/// What the store's side said in a conversation: a customer's words are no source, whatever they claim or demand.
/// Greetings and what was masked say nothing to another customer.
fn agent_lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut agent = false;
    for line in text.lines().map(str::trim_end) {
        let said = match (line.strip_prefix("Agent:"), line.strip_prefix("Customer:")) {
            (Some(said), _) => {
                agent = true;
                said.trim()
            }
            (None, Some(_)) => {
                agent = false;
                continue;
            }
            (None, None) => line.trim(),
        };
        if agent {
            lines.push(said);
        }
    }
    lines
}

/// "$10.00 ($14.00 CAD in Canada)" is not about Canada alone.
fn outside_parentheses(text: &str) -> String {
    static INSIDE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\([^)]*\)").expect("constant"));
    INSIDE.replace_all(text, " ").into_owned()
}

/// Lines of a catalogue entry that are there to be found by, not to be said.
fn bookkeeping(line: &str) -> bool {
    ["Vendor:", "Tags:", "Variants:", "Type:"].iter().any(|label| line.trim_start_matches("- ").starts_with(label))
}

/// Whether a sentence points back to the one before it and says little without it.
fn points_back(text: &str) -> bool {
    static BACK: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)^(?:for |in |with |after |of |to )?(?:this|these|those|they|it|that|such|then|otherwise|both)\b",
        )
        .expect("constant")
    });
    BACK.is_match(text)
}

/// Masked personal data stands in it, or it greets: another customer's business.
fn personal(text: &str) -> bool {
    const MASKS: [&str; 10] =
        ["[name]", "[email]", "[phone]", "[address]", "[card]", "[iban]", "[order]", "[tracking]", "[ip]", "[link]"];
    MASKS.iter().any(|mask| text.contains(mask))
}

/// What an agent said of one customer's case, or to keep the conversation going: who they are, what was done for them,
/// what they got back. It answers nobody else.
fn of_one_case(text: &str) -> bool {
    static CASE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(concat!(
            r"(?i)\b(?:i['’](?:m|ve|ll)|i (?:have|had|am|will|can|could|see|found|understand|apologi[sz]e|did|was)|(?:i['’]d|i would) be (?:happy|glad))\b",
            r"|^(?:called|phoned|rang|spoke|note|internal|left a)\b|\b(?:she|he|the (?:customer|caller|client)) (?:needs?|wants?|asked|called|was|is|has|says?|said|will|would)\b",
            r"|\byou (?:are|were|have been|['’]re) (?:within|still within|in time|charged|refunded|eligible|covered)\b",
            r"|\b(?:happy|glad|here) to (?:help|assist)\b|\blet me (?:know|check|look|see|help|pull)\b|\b(?:feel free|don['’]t hesitate) to\b",
            r"|\bplease (?:provide|confirm|share|specify|tell me|send me|give me|let me)\b|\b(?:could|can|would|may) (?:you|i)\b",
            r"|\b(?:authenticate|verify|confirm|locate) (?:me|you|your|the) (?:identity|account|details|user|order)\b|\byour (?:user id|identity|account (?:has|was|is))\b",
            r"|\b(?:refund|refunded|total|charged|credited|paid|balance|difference)\b[^.]*(?:[$€£]\s?\d|\d\s?(?:USD|EUR|GBP|CAD)\b)|(?:[$€£]\s?\d|\d\s?(?:USD|EUR|GBP|CAD)\b)[^.]*\b(?:refund|refunded|charged|credited|paid back)\b",
            r"|\byour (?:[a-z-]+ ){0,3}(?:order|return|request|refund|exchange|address|item|items|package|cancellation)\b[^.]{0,40}\b(?:has|have|had|was|were) (?:now |already |successfully |just |been )*(?:cancel|process|updat|chang|refund|ship|sent|deliver|initiat|complet|submit|modif|exchang|creat)",
        ))
        .expect("constant")
    });
    CASE.is_match(text)
}

/// Without the greeting that a reply begins with.
fn without_greeting(text: &str) -> &str {
    match text.split_once("[name], ") {
        Some((greeting, rest)) if greeting.split_whitespace().count() <= 2 => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_of_one_case_answers_nobody_else() {
        for case in [
            "I'd be happy to help you with your order.",
            "Could you please tell me your order number?",
            "Please provide your first name, last name, and zip code.",
            "The total refund amount of $164.28 will be paid back to your card.",
            "Your order has been successfully cancelled.",
            "I have changed the address for you.",
            "Called back: yes, the shop takes it without a label.",
            "She needs the order number.",
            "you are within the 60 minutes, so you can do it yourself.",
            "Let me know if you need anything else!",
        ] {
            assert!(of_one_case(case), "{case}");
        }
        for general in [
            "Refunds take 5 to 7 business days.",
            "For day hikes we would take the 20 litre pack.",
            "It runs small, so size up.",
            "Shipping costs $5.00 below $50.00.",
            "Returned items must be unworn.",
        ] {
            assert!(!of_one_case(general), "{general}");
        }
    }
}
