//! What is said where nothing is asked of the store: to a greeting, to thanks, to what no shop can know.

use crate::policy::Voice;
use crate::reply::Clarify;
use crate::turn::{Speaker, Turn};
use crate::understand::Intent;

/// What customers come for most, as they would say it; a person is always among it.
const CHOICES: [&str; 4] =
    ["Where is my order?", "How do I return something?", "How long does delivery take?", "Talk to a person"];

/// A line in the store's voice, and what can be asked.
pub fn reply(about: Intent, voice: &Voice) -> Clarify {
    let message = if about == Intent::Praise { voice.thanks.clone() } else { voice.what_i_do.clone() };
    Clarify { message, choices: CHOICES.map(str::to_owned).to_vec() }
}

/// How often in a row the store has answered with such a line, or asked who is asking: tries that helped nobody.
pub fn asked_back(turn: &Turn, voice: &Voice) -> u32 {
    let ours = |text: &str| text.starts_with(&voice.what_i_do) || crate::live::flow::asks_who(text);
    let agents = turn.history.iter().rev().filter(|m| m.role == Speaker::Agent);
    u32::try_from(agents.take_while(|m| ours(&m.text)).count()).unwrap_or(u32::MAX)
}
