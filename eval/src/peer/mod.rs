//! A peer: any chat model or any whole support engine behind a chat completions endpoint, put to the same messages and
//! scored by the same code. This crate speaks no HTTP; the binary implements [`Chat`].
//!
//! Alone, the peer is a whole engine and answers from whatever it knows. With passages it is a generator over what our
//! own retrieval found, and only the writing is compared.

mod read;

pub use read::{Reading, read};

use crate::facts::is_unsupported;
use crate::line::{Cited, How, PeerReply, Tokens};
use crate::pack::Action;
use crate::said::{Answers, Said, SayError, documents};
use crate::unit::Unit;
use crate::variant::Variants;
use async_trait::async_trait;
use engine::answer::Timings;
use engine::prompt::{ChatMessage, ChatRole};
use engine::{Passage, Turn};
use jiff::civil::Date;
use regex::Regex;
use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

/// What a peer is told unless its user says otherwise.
pub const SYSTEM_PROMPT: &str = include_str!("prompt.txt");
const CONTEXT: &str = include_str!("context.txt");
/// Changes when the same text would be read as another action: results of another reader are another run's.
pub const READER: u32 = 1;

/// One completion, with what it cost where the endpoint says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    pub text: String,
    pub tokens: Option<Tokens>,
    pub cached_tokens: Option<usize>,
}

/// Classified by what the run does about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChatError {
    /// This message got no reply, after every retry: it is scored as failed.
    #[error("{0}")]
    Failed(String),
    /// No message will get one (a wrong key, no such model, nobody listens): the run ends.
    #[error("{0}")]
    Unusable(String),
}

/// A chat completions endpoint. Retries and deadlines are the implementation's.
#[async_trait]
pub trait Chat: Send + Sync {
    async fn complete(&self, system: &str, messages: &[ChatMessage]) -> Result<Completion, ChatError>;
}

#[derive(Clone)]
pub struct Peer {
    pub chat: Arc<dyn Chat>,
    pub system_prompt: String,
    /// What it is shown of our own retrieval; `None` for a whole engine.
    pub context: Option<Context>,
}

/// As our own engine looks at what is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// Passages that a search returns and the reranker orders.
    pub candidates: usize,
    /// Those of them, best first, that the peer reads.
    pub passages: usize,
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer").field("context", &self.context).finish_non_exhaustive()
    }
}

/// A peer over one file of a pack.
pub struct PeerAnswers<'a> {
    pub peer: &'a Peer,
    /// Searched for the passages.
    pub variants: &'a Variants,
    pub today: Date,
}

#[async_trait]
impl Answers for PeerAnswers<'_> {
    async fn say(&self, unit: &Unit, turn: &Turn) -> Result<Said, SayError> {
        let mut timings = Timings::default();
        let passages = match self.peer.context {
            Some(Context { candidates, passages }) => {
                let (engine, asker) = self.variants.of(unit);
                let mut found = engine.retrieve(asker.store_pass(), turn, candidates).await?;
                found.passages.truncate(passages);
                (timings.embed_ms, timings.search_ms, timings.rerank_ms) =
                    (found.embed_ms, found.search_ms, found.rerank_ms);
                found.passages
            }
            None => Vec::new(),
        };
        let (system, messages) = self.prompt(unit, turn, &passages);
        let begun = Instant::now();
        let completion = self.peer.chat.complete(&system, &messages).await;
        timings.draft_ms = begun.elapsed().as_secs_f64() * 1e3;
        timings.total_ms = timings.embed_ms + timings.search_ms + timings.rerank_ms + timings.draft_ms;
        let completion = match completion {
            Ok(completion) => completion,
            Err(ChatError::Failed(why)) => {
                let peer = PeerReply { how: How::Plain, promised: false, failed: Some(why) };
                return Ok(Said { peer: Some(peer), timings, ..Said::plain(Action::Answer, "") });
            }
            Err(ChatError::Unusable(why)) => return Err(SayError::Peer(why)),
        };
        let read = read(&completion.text);
        let (text, numbers) = without_marks(&read.text);
        let (sentences, unsupported) = match (read.action, passages.is_empty()) {
            (Action::Answer, false) => support(&read.text, &passages),
            // What a whole engine rests on is not known here.
            _ => (0, 0),
        };
        let cited = numbers.iter().filter_map(|number| passages.get(number.checked_sub(1)?));
        Ok(Said {
            citations: cited.map(|p| Cited { doc: p.doc.clone(), quote: p.text.clone() }).collect(),
            sentences,
            unsupported,
            retrieved: documents(&passages),
            draft: Some(completion.text.clone()),
            tokens: completion.tokens,
            cached_tokens: completion.cached_tokens,
            peer: Some(PeerReply { how: read.how, promised: read.promised, failed: None }),
            timings,
            ..Said::plain(read.action, text)
        })
    }
}

impl PeerAnswers<'_> {
    /// The history as messages, and the day and the country that our own engine is told, too.
    fn prompt(&self, unit: &Unit, turn: &Turn, passages: &[Passage]) -> (String, Vec<ChatMessage>) {
        let day = unit.at.map_or(self.today, |at| at.to_zoned(jiff::tz::TimeZone::UTC).date());
        let mut system = format!("{}\n\nToday is {day}.", self.peer.system_prompt.trim_end());
        if let Some(country) = &turn.country {
            system.push_str(&format!(" The customer shops from {country}."));
        }
        let mut messages: Vec<ChatMessage> =
            turn.history.iter().map(|m| ChatMessage { role: m.role.into(), text: m.text.clone() }).collect();
        let mut text = turn.text.clone();
        if self.peer.context.is_some() {
            system.push_str(&format!("\n\n{}", CONTEXT.trim_end()));
            let numbered = passages.iter().enumerate().map(|(at, p)| format!("[{}] {}\n", at + 1, p.in_context()));
            text = format!("Passages:\n{}\nCustomer's message: {}", numbered.collect::<String>(), turn.text);
        }
        messages.push(ChatMessage { role: ChatRole::User, text });
        (system, messages)
    }
}

static MARK: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\s*\[(\d{1,2})\]").expect("constant"));

/// A mark after the full stop belongs to the sentence before it.
static MARK_BEHIND: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"([.!?])((?:\s*\[\d{1,2}\])+)").expect("constant"));

/// The text as a customer reads it, and the passages that it names, in their order.
fn without_marks(text: &str) -> (String, Vec<usize>) {
    let mut numbers: Vec<usize> = Vec::new();
    for mark in MARK.captures_iter(text) {
        let number = mark[1].parse().unwrap_or(0);
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    (MARK.replace_all(text, "").trim().to_owned(), numbers)
}

/// Sentences, and those that do not stand in the passages that they name; a sentence that names none may rest on any.
fn support(text: &str, passages: &[Passage]) -> (usize, usize) {
    let sources: Vec<String> = passages.iter().map(Passage::in_context).collect();
    let text = MARK_BEHIND.replace_all(text, "$2$1");
    let sentences = engine::text::sentences(&text);
    let bad = |sentence: &&&str| {
        let (plain, numbers) = without_marks(sentence);
        let named: Vec<&str> =
            numbers.iter().filter_map(|n| sources.get(n.checked_sub(1)?)).map(String::as_str).collect();
        let all = || sources.iter().map(String::as_str).collect();
        is_unsupported(&plain, &if numbers.is_empty() { all() } else { named })
    };
    (sentences.len(), sentences.iter().filter(bad).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_citations_and_leave_the_text() {
        let (text, numbers) = without_marks("You have 30 days [2]. Returns are free.[1] Really [2].");
        assert_eq!((text.as_str(), numbers), ("You have 30 days. Returns are free. Really.", vec![2, 1]));
    }
}
