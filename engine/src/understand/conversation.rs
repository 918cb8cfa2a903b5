//! A message in its conversation: is it asked again, and whose request does it go on with?

use crate::text::{content_stems, sentences};
use crate::turn::{Speaker, Turn};
use regex::Regex;
use std::collections::HashSet;
use std::sync::LazyLock;

/// Of the words of the shorter message so many stand in the other, where both ask the same.
const SAME: f32 = 0.75;
/// Fewer words than this are too few to be the same question.
const WORDS: usize = 2;

struct Patterns {
    courtesy: Regex,
    identity: Regex,
    asks: Regex,
    unknown_number: Regex,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let re = |pattern: &str| Regex::new(&format!("(?i){pattern}")).expect("constant");
    Patterns {
        courtesy: re(
            r"^\W*(?:(?:oh|ah|um+|umm|hm+|well|ok(?:ay)?|alright|yes|yeah|yep|yup|sure|sure thing|of course|absolutely|right|correct|exactly|no|nope|please|thanks?|thank you|thanks a lot|thank you so much|wait|hold on|let me try (?:again|that again|once more)|actually|great|perfect|awesome|got it|i see|hi|hello|hey|there|hi there|hey there|oops|sorry(?: about that)?|my (?:bad|mistake|apologies)|that(?:'s| is| would be|'d be) (?:right|correct|the one|helpful|great|fine|perfect|good|it)|yes,? please|please do|go ahead|here you go|here it is|i appreciate it|no problem|let me know if you need anything else|let me know|does that help|can you try (?:that|again|with that)|could you (?:try|check) (?:again|now|that|with that)(?: with that)?|sorry for the (?:confusion|mix-?up)|i misspoke(?: earlier)?)[\s,.!?;:—–-]*)+$",
        ),
        identity: re(
            r"[\w.+-]+@[\w-]+\.\w+|\b(?:my|the) (?:(?:full|first|last|correct|right|actual) )*(?:(?:(?:first|last) )?name (?:is|was|:)|last name [a-z]|e-?mail\b|(?:zip|postal) ?code\b|zip (?:is|was) (?:actually )?\d|postcode\b|phone number\b|order (?:number|id|no\.?)|user ?id)|\b(?:zip|postal) ?code\b|\bit(?:'s| is) (?:actually )?#?\w*\d{4,}\w*\W*$|^\W*(?:it(?:'s| is)|this is|i am|i'm) (?:actually )?(?:(?-i:[A-Z][\w'-]+(?: [A-Z][\w'-]+)+)|#?\w*\d{4,}\w*)\W*$|\b(?:don't|do not|can't|cannot) (?:have|remember|recall|know)\b[^.?!]{0,40}\b(?:e-?mail|account|number|zip|code|id)\b|^\W*#?\w*\d{4,}\w*\W*$|\bi live (?:in|at)\b|\bsearch (?:it )?(?:using|by|with) something else\b",
        ),
        asks: re(
            r"\b(?:want|need|like to|would like|wish|please (?:cancel|change|return|exchange|refund|send|update|check|tell)|return|exchange|refund|cancel|change|modify|update|replace|track|where|when|how|which|what|why|who|does|is it|are there|can you tell|could you tell|tell me|show me|check (?:my|the|if|whether)|find out|confirm)\b",
        ),
        unknown_number: re(
            r"\b(?:don't|do not|don’t|can't|cannot|can’t|not (?:really |quite |exactly |entirely )?sure)\b[^.?!]{0,50}\border(?:'s)? ?(?:number|id|no\b)|\b(?:what|which) (?:is|was) my order (?:number|id)\b|\b(?:look (?:it )?up|check|find|see|list|show(?: me)?)\b[^.?!]{0,20}\bmy (?:recent |past |latest )?orders\b|\bforgot(?:ten)?\b[^.?!]{0,30}\border (?:number|id)\b",
        ),
    }
});

/// How often the customer asked the same before in this conversation and was given a reply, which then was no help.
pub fn repeats(turn: &Turn) -> u32 {
    let now = stems(&turn.text);
    let again = turn.history.windows(2).filter(|pair| {
        let replied = pair[0].role == Speaker::Customer && pair[1].role == Speaker::Agent;
        replied && same(&now, &stems(&pair[0].text))
    });
    u32::try_from(again.count()).unwrap_or(u32::MAX)
}

fn stems(text: &str) -> HashSet<String> {
    content_stems(text).into_iter().collect()
}

fn same(a: &HashSet<String>, b: &HashSet<String>) -> bool {
    let least = a.len().min(b.len());
    least >= WORDS && a.intersection(b).count() as f32 >= SAME * a.len().max(b.len()) as f32
}

/// Only gives what was asked for, or agrees: the request stands in an earlier message.
pub fn goes_on(turn: &Turn) -> bool {
    turn.history.iter().any(|m| m.role == Speaker::Customer)
        && turn.history.iter().any(|m| m.role == Speaker::Agent)
        && {
            let parts = sentences(&turn.text);
            !parts.is_empty() && parts.iter().all(|s| only_replies(s))
        }
}

/// A sentence without a request of its own.
fn only_replies(sentence: &str) -> bool {
    let plain = sentence.replace('’', "'");
    if PATTERNS.courtesy.is_match(&plain) {
        return true;
    }
    PATTERNS.identity.is_match(&plain) && !PATTERNS.unknown_number.is_match(&plain) && {
        let rest = PATTERNS.identity.replace_all(&plain, " ");
        !PATTERNS.asks.is_match(&rest)
    }
}

/// The request that a reply goes on with: the customer's last message that had one of its own.
pub fn open_request(turn: &Turn) -> Option<&str> {
    let customers = turn.history.iter().rev().filter(|m| m.role == Speaker::Customer);
    let mut messages = customers.map(|m| m.text.as_str());
    messages.find(|text| !sentences(text).iter().all(|s| only_replies(s)))
}

/// Asks which orders there are, because the number is not known.
pub fn asks_for_orders(text: &str) -> bool {
    PATTERNS.unknown_number.is_match(&text.replace('’', "'"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::turn::Message;

    fn after(history: &[(Speaker, &str)], text: &str) -> Turn {
        let history = history.iter().map(|(role, text)| Message { role: *role, text: (*text).to_owned() }).collect();
        Turn { history, ..Turn::single("c", text) }
    }

    #[test]
    fn a_reply_goes_on_with_the_request_before_it() {
        use Speaker::{Agent, Customer};
        let before = [(Customer, "What is the status of my last order?"), (Agent, "Could you tell me your e-mail?")];
        for reply in [
            "Sure! It's kim@mail.example.",
            "My name is Kim Berg, and my zip code is 55802.",
            "Oh, sorry about that! My correct zip code is actually 55803. Does that help?",
            "Yes, please.",
            "I don't remember which e-mail address I used.",
        ] {
            let turn = after(&before, reply);
            assert!(goes_on(&turn), "{reply}");
            assert_eq!(open_request(&turn), Some("What is the status of my last order?"), "{reply}");
        }
        for own in [
            "Can you change the address to 12 Birch Street?",
            "Thanks! When will it arrive?",
            "I want a refund",
            "This is the wrong item.",
            "It's completely broken.",
            "I am very disappointed",
            "The zip tore.",
        ] {
            assert!(!goes_on(&after(&before, own)), "{own}");
        }
        assert!(!goes_on(&Turn::single("c", "Yes, please.")), "nothing was asked before");
    }

    #[test]
    fn the_same_question_is_counted() {
        use Speaker::Customer;
        let before = [
            (Customer, "When will my refund arrive?"),
            (Speaker::Agent, "Soon."),
            (Customer, "Do you ship to Norway?"),
        ];
        assert_eq!(repeats(&after(&before, "so when does my refund arrive")), 1);
        let unheard = [(Customer, "When will my refund arrive?"), (Customer, "When will my refund arrive?")];
        assert_eq!(repeats(&after(&unheard, "when will my refund arrive?")), 0, "nobody has replied yet");
        assert_eq!(repeats(&after(&[(Customer, "ok")], "ok")), 0);
    }

    #[test]
    fn an_unknown_order_number_asks_for_the_orders() {
        assert!(asks_for_orders("I don’t have the order ID on hand—is there another way to locate it?"));
        assert!(asks_for_orders("Could you check my recent orders for it?"));
        assert!(!asks_for_orders("Where is my order?"));
    }
}
