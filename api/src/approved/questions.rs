//! What customers ask, from where it is written down: past conversations, questions on the store's pages, and questions
//! that a person was called for.

use super::recheck::RecheckError;
use crate::db::desk::Desks;
use engine::{
    LiveQuestion, SourceKind, StorePass, Turn,
    rules::hard_rule,
    text::{sentences, words},
};
use ingest::{
    document::CUSTOMER,
    index::{erase::Place, point::Fields},
    mask::{MaskConfig, MaskReport, Masker, OrderPatternError},
};
use regex::Regex;
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};

/// Where questions are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Headings and sentences of pages that are questions.
    Sources,
    /// The first question of each past conversation: of those that a sync read, and of the store's own that are over.
    Conversations,
    /// Questions that a person was called for.
    Handoffs,
}

impl Origin {
    pub const ALL: [Self; 3] = [Self::Sources, Self::Conversations, Self::Handoffs];
}

/// Why a question is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftOut {
    /// A rule calls a person, whatever an answer says.
    CallsAPerson,
    /// It is about the customer's own order: answered from live data.
    OwnOrder,
    /// It names somebody or something that was masked.
    Personal,
    /// Too short or too long to be asked by many.
    Length,
}

impl LeftOut {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CallsAPerson => "call a person",
            Self::OwnOrder => "are about a customer's own order",
            Self::Personal => "name somebody",
            Self::Length => "are too short or too long",
        }
    }
}

/// Questions as they were written, and how many were left out.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    pub asked: Vec<(Origin, String)>,
    pub left_out: BTreeMap<LeftOut, usize>,
}

/// What is known of the store besides its index.
pub struct Reader {
    masker: Masker,
    /// How its order numbers look.
    order_number: Regex,
}

/// Handed-over questions that are looked at, newest first.
const HANDOFFS: u32 = 5_000;
/// Conversations of the store's own that are looked at, newest first.
const CONVERSATIONS: u32 = 20_000;
/// Words of a question that many ask.
const WORDS: std::ops::RangeInclusive<usize> = 3..=40;

impl Reader {
    /// `pattern` is how the store's order numbers look, as a regular expression.
    pub fn new(pattern: &str) -> Result<Self, OrderPatternError> {
        let masker = Masker::new(&MaskConfig::default().with_order_number(pattern)?);
        let order_number = Regex::new(pattern).unwrap_or_else(|_| unreachable!("the mask has just read it"));
        Ok(Self { masker, order_number })
    }

    /// Reads the store's index and desk. Nothing is written.
    pub async fn gather(
        &self,
        desks: &Desks,
        place: &Place,
        pass: &StorePass,
        from: &[Origin],
    ) -> Result<Gathered, RecheckError> {
        let mut found: Vec<(Origin, String)> = Vec::new();
        let (pages, chats) = (from.contains(&Origin::Sources), from.contains(&Origin::Conversations));
        if pages || chats {
            let mut seen = HashSet::new();
            let mut look = |fields: &Fields| match fields.kind {
                SourceKind::Policy if pages => {
                    // A heading stands above each of its chunks, and is one question.
                    let new = on_page(fields).into_iter().filter(|q| seen.insert((fields.doc.clone(), q.clone())));
                    found.extend(new.map(|question| (Origin::Sources, question)));
                }
                SourceKind::Conversation if chats && fields.chunk == 0 => {
                    found.extend(first_asked(&fields.text).map(|question| (Origin::Conversations, question)));
                }
                SourceKind::Policy | SourceKind::Product | SourceKind::Conversation => {}
            };
            place.visit(&mut look).await?;
        }
        if chats {
            let but_handed_over = from.contains(&Origin::Handoffs);
            let first = desks.first_messages(pass.as_agent()?, but_handed_over, CONVERSATIONS).await?;
            let asked = first.iter().filter_map(|text| question_in(&self.masked(text)));
            found.extend(asked.map(|question| (Origin::Conversations, question)));
        }
        if from.contains(&Origin::Handoffs) {
            let asked = desks.handed_over(pass.as_agent()?, HANDOFFS).await?;
            found
                .extend(asked.iter().filter_map(|text| question_in(&self.masked(text))).map(|q| (Origin::Handoffs, q)));
        }
        // The index lists its chunks in no order of ours.
        found.sort();
        let mut gathered = Gathered::default();
        for (origin, question) in found {
            match self.usable(&question) {
                Ok(()) => gathered.asked.push((origin, question)),
                Err(why) => *gathered.left_out.entry(why).or_default() += 1,
            }
        }
        Ok(gathered)
    }

    fn masked(&self, text: &str) -> String {
        let names = self.masker.names([], [text]);
        self.masker.mask(text, &names, &mut MaskReport::default())
    }

    fn usable(&self, question: &str) -> Result<(), LeftOut> {
        if !WORDS.contains(&words(question).len())
            || question.chars().count() > engine::approved::verify::LONGEST_QUESTION
        {
            return Err(LeftOut::Length);
        }
        let live = LiveQuestion::read(&Turn::single("mined", question), &self.order_number);
        if live.is_some_and(|live| !live.soft && live.kinds.iter().any(|kind| kind.is_of_an_order())) {
            return Err(LeftOut::OwnOrder);
        }
        if question.contains('[') {
            return Err(LeftOut::Personal);
        }
        if hard_rule(question).is_some() {
            return Err(LeftOut::CallsAPerson);
        }
        Ok(())
    }
}

/// Headings and sentences of a page that ask something.
fn on_page(fields: &Fields) -> Vec<String> {
    let heading = fields.heading.last().or((fields.chunk == 0).then_some(&fields.title));
    let lines = fields.text.lines().flat_map(sentences).map(|s| s.trim_start_matches(['-', '*', ' ']));
    let asked = heading.map(String::as_str).into_iter().chain(lines).filter(|text| text.ends_with('?'));
    asked.map(|text| text.trim_start_matches("Q:").trim().to_owned()).collect()
}

/// What the customer asked first in a conversation.
fn first_asked(text: &str) -> Option<String> {
    let said = text.lines().find_map(|line| line.strip_prefix(CUSTOMER.trim_end()))?;
    question_in(said.trim())
}

/// The sentence that asks; a message without a question mark as it stands.
fn question_in(message: &str) -> Option<String> {
    let all = sentences(message);
    let asks = all.iter().find(|s| s.ends_with('?')).copied();
    let text = asks.unwrap_or(message).trim();
    (!text.is_empty()).then(|| text.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_of_a_message_is_found() {
        let check = |text: &str, expect: Option<&str>| assert_eq!(first_asked(text).as_deref(), expect, "{text}");
        check("Customer: Hi! Do you ship to Canada? I hope so.\nAgent: Yes.", Some("Do you ship to Canada?"));
        check("Customer: do you ship to canada\nAgent: Yes.", Some("do you ship to canada"));
        check("Agent: Hello.\nCustomer: Is it warm?", Some("Is it warm?"));
        check("Agent: Hello.", None);
    }

    #[test]
    fn what_an_answer_cannot_be_about_is_left_out() {
        let reader = Reader::new(r"#?FV\d{5}").unwrap();
        let check = |text: &str, expect: Result<(), LeftOut>| assert_eq!(reader.usable(text), expect, "{text}");
        check("How long do I have to return an item?", Ok(()));
        check("Where is my order?", Err(LeftOut::OwnOrder));
        check("I want to talk to a person", Err(LeftOut::CallsAPerson));
        check("Why does [name] not answer me?", Err(LeftOut::Personal));
        check("Hello?", Err(LeftOut::Length));
        assert_eq!(reader.masked("Do you ship to a@b.example?"), "Do you ship to [email]?");
    }
}
