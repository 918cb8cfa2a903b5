//! How a peer's text becomes an action. The rules stand in `docs/evaluation.md`, too; whoever changes them raises
//! [`super::READER`].
//!
//! 1. A JSON object with a known `action`, anywhere in the text, is believed: a typed action.
//! 2. Otherwise phrases of the text decide: it promises a person; it asks who the customer is; it asks back.
//! 3. Otherwise it is an answer.
//!
//! A person who is only promised is noted beside the action whatever the action is: no one was called by words.

use crate::line::How;
use crate::pack::{Action, records};
use engine::text::sentences;
use regex::Regex;
use serde_json::Value;
use std::sync::LazyLock;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    pub action: Action,
    pub how: How,
    /// The words promise a person.
    pub promised: bool,
    /// What the customer reads.
    pub text: String,
}

/// "I'll connect you with a colleague", "our team will get back to you". "You can call our team" promises nothing.
static PROMISE: LazyLock<Regex> = LazyLock::new(|| {
    const PERSON: &str = r"(?:agent|person|human|representative|specialist|colleague|supervisor|manager|someone|(?:support|service|care|our|the)\s+team|team\s+member|support|department)";
    Regex::new(&format!(
        r"(?ix)
        \b(?:connect|transfer|pass|forward|hand|escalat|refer|rout)(?:e|s|ed|ing|ring|red|rred|rring)?\b [^.!?]{{0,60}} \b{PERSON}s?\b
        | \b(?:put|get|getting|putting)\ (?:you\ )?(?:through|in\ touch) [^.!?]{{0,40}} \b{PERSON}s?\b
        | \b{PERSON}s?\b [^.!?]{{0,30}} \b(?:will|is\ going\ to|are\ going\ to|shall)\b [^.!?]{{0,20}}
          \b(?:contact|reach|get\ back|be\ in\ touch|take\ over|assist|help|follow|look\ into|review|call|email|e-mail|reply|respond)"
    ))
    .expect("constant")
});

/// What a reply asks for that wants to know who is asking.
static WHO: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:order (?:number|id)|e-?mail|phone number|(?:your|full|last) name|zip|postal code|postcode|identity|who you are|verify|log ?in|sign ?in)\b")
        .expect("constant")
});
static ASKS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:please (?:provide|share|confirm|send|give|tell|enter|verify|log|sign)|(?:could|can|may|would) (?:you|i) (?:please )?(?:have|get|provide|share|confirm|send|give|tell|verify))\b")
        .expect("constant")
});
/// A question that ends an answer and asks for nothing.
static COURTESY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:anything else|something else|any other (?:question|thing)|does (?:that|this) (?:help|answer)|how else|further (?:help|assistance|questions)|more (?:help|questions))\b")
        .expect("constant")
});
static THOUGHT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?s)<think>.*?</think>").expect("constant"));

pub fn read(text: &str) -> Reading {
    let text = THOUGHT.replace_all(text, "");
    let text = text.trim();
    let (typed, words) = match object(text) {
        Some(object) => {
            let named = object.get("action").and_then(Value::as_str).unwrap_or_default();
            let reply = object.get("reply").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
            (records::action(named.trim().to_lowercase().as_str()), reply)
        }
        None => (None, text.to_owned()),
    };
    let promised = PROMISE.is_match(&words);
    let (action, how) = match typed {
        Some(action) => (action, How::Typed),
        None => by_phrases(&words, promised),
    };
    Reading { action, how, promised, text: words }
}

/// The first JSON object of the text that has an `action`.
fn object(text: &str) -> Option<serde_json::Map<String, Value>> {
    text.match_indices('{').find_map(|(at, _)| {
        let first = serde_json::Deserializer::from_str(&text[at..]).into_iter::<Value>().next()?;
        match first {
            Ok(Value::Object(object)) if object.contains_key("action") => Some(object),
            _ => None,
        }
    })
}

fn by_phrases(text: &str, promised: bool) -> (Action, How) {
    if promised {
        return (Action::Handoff, How::Phrases);
    }
    let said: Vec<&str> = sentences(text).into_iter().filter(|s| !COURTESY.is_match(s)).collect();
    let asks = |sentence: &&str| sentence.trim_end().ends_with('?') || ASKS.is_match(sentence);
    // A question after two sentences or more belongs to an answer.
    match said.last() {
        Some(last) if asks(last) && said.iter().filter(|s| !asks(s)).count() <= 1 => {
            let who = said.iter().any(|sentence| asks(sentence) && WHO.is_match(sentence));
            (if who { Action::NeedsIdentity } else { Action::Clarify }, How::Phrases)
        }
        _ => (Action::Answer, How::Plain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Action::{Answer, Clarify, Handoff, NeedsIdentity};

    #[track_caller]
    fn check(text: &str, action: Action, how: How, promised: bool) -> String {
        let found = read(text);
        assert_eq!((found.action, found.how, found.promised), (action, how, promised), "{text}");
        found.text
    }

    #[test]
    fn a_typed_action_is_believed_wherever_it_stands() {
        let text = check(r#"{"action": "answer", "reply": "30 days."}"#, Answer, How::Typed, false);
        assert_eq!(text, "30 days.");
        check("```json\n{\"action\":\"handoff\",\"reply\":\"One moment.\"}\n```", Handoff, How::Typed, false);
        check(
            "<think>{\"action\":\"answer\"}</think>{\"action\":\"identify\",\"reply\":\"Who?\"}",
            NeedsIdentity,
            How::Typed,
            false,
        );
        check(r#"{"note": 1} {"action": "Clarify", "reply": "Which one?"}"#, Clarify, How::Typed, false);
    }

    #[test]
    fn a_person_who_is_only_promised_is_no_typed_handoff() {
        // Says one thing and does another: the type counts, the words are noted.
        check(r#"{"action":"answer","reply":"I will connect you with an agent."}"#, Answer, How::Typed, true);
        check("I'm transferring you to one of our specialists now.", Handoff, How::Phrases, true);
        check("Our support team will get back to you within a day.", Handoff, How::Phrases, true);
        check("Let me put you through to a colleague.", Handoff, How::Phrases, true);
        // A way to reach somebody is an answer.
        check("You can call our support team on weekdays.", Answer, How::Plain, false);
        check("Hand wash only.", Answer, How::Plain, false);
    }

    #[test]
    fn a_question_back_asks_and_an_answer_with_a_courtesy_does_not() {
        check("Which of the two jackets do you mean?", Clarify, How::Phrases, false);
        check("Sure. Could you tell me your order number?", NeedsIdentity, How::Phrases, false);
        check("Please provide the e-mail of your order.", NeedsIdentity, How::Phrases, false);
        check("You have 30 days. Is there anything else I can help with?", Answer, How::Plain, false);
        check("You have 30 days. Returns are free. Shall I start one?", Answer, How::Plain, false);
        check("", Answer, How::Plain, false);
    }

    #[test]
    fn what_is_no_json_or_names_no_known_action_is_read_as_text() {
        check(r#"{"action": "dance", "reply": "Which size do you mean?"}"#, Clarify, How::Phrases, false);
        check(r#"{"action": "answer", "reply": "cut"#, Answer, How::Plain, false);
    }
}
