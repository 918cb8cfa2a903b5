//! What a generator is told.

use crate::turn::Speaker;
use serde::Serialize;

/// A chat prompt. The generator renders it with the chat template that its weights carry.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prompt {
    /// Kept the same from question to question where possible: its keys and values stay in the cache.
    pub system: String,
    pub messages: Vec<ChatMessage>,
    pub max_tokens: usize,
    pub sampling: Sampling,
    /// Generation ends before the first of these.
    pub stop: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChatMessage {
    pub role: ChatRole,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChatRole {
    User,
    Assistant,
}

impl From<Speaker> for ChatRole {
    fn from(speaker: Speaker) -> Self {
        match speaker {
            Speaker::Customer => Self::User,
            Speaker::Agent => Self::Assistant,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Sampling {
    Greedy,
    /// The same seed gives the same text on the same machine.
    Seeded {
        seed: u64,
        temperature: f64,
        top_p: f64,
    },
}

/// What the generator says when the passages do not answer.
pub const NOT_COVERED: &str = "NOT COVERED";

const SYSTEM: &str = include_str!("prompts/answer.txt");

/// The prompt for one question over numbered evidence. The system text never changes, so its keys and values stay
/// in the generator's cache.
pub fn write(question: &str, evidence: &[(usize, String)], max_tokens: usize) -> Prompt {
    let mut text = String::from("Passages:\n");
    for (number, passage) in evidence {
        text.push_str(&format!("[{number}] {passage}\n"));
    }
    text.push_str(&format!("\nCustomer's question: {}\n", question.trim()));
    Prompt {
        system: SYSTEM.trim_end().to_owned(),
        messages: vec![ChatMessage { role: ChatRole::User, text }],
        max_tokens,
        sampling: Sampling::Greedy,
        stop: vec!["\n\nPassages:".into(), "\nCustomer's question:".into()],
    }
}
