//! How a customer took a reply, read from what they wrote next. Rules by words, in the order in which they are looked
//! at: the first that fits is the reaction.

use crate::handoff::HandoffReason;
use crate::rules::hard_rule;
use crate::text::content_stems;
use regex::Regex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::LazyLock;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reaction {
    /// They asked for a person instead.
    WantedAPerson,
    /// They said that it is wrong or no help.
    Contradicted,
    /// They asked the same again.
    Repeated,
    /// They are angry or disappointed, about it or about the matter.
    Displeased,
    Thanked,
    /// They gave what was asked for, or went on to something else.
    WentOn,
}

impl Reaction {
    pub fn as_text(self) -> &'static str {
        match self {
            Self::WantedAPerson => "asked for a person",
            Self::Contradicted => "said that it is wrong or no help",
            Self::Repeated => "asked the same again",
            Self::Displeased => "is displeased",
            Self::Thanked => "thanked",
            Self::WentOn => "went on",
        }
    }

    /// Whether the question before the reply counts as answered.
    pub fn settles(self) -> bool {
        match self {
            Self::Thanked | Self::WentOn => true,
            Self::WantedAPerson | Self::Contradicted | Self::Repeated | Self::Displeased => false,
        }
    }
}

static CONTRADICTS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(?:that|this|it)(?:'s| is| was)? (?:just |simply )?(?:wrong|not (?:true|right|correct|what i|an answer|helpful|the (?:question|problem|issue|point)|it\b)|incorrect|no help|useless)|\b(?:does|did)(?: not|n't) (?:help|answer|work|solve)|\bnot what i (?:asked|meant|want|said|need)|\bisn't (?:true|right|correct|what i|helpful)|^no[,.!]? (?:i|it|that|my|the)\b|\byou (?:did not|didn't|don't|do not) (?:answer|understand|read|listen)|\bthat can(?:not|'t) be\b",
    )
    .expect("constant")
});

static AGAIN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(?:i (?:have |'ve )?(?:already|just) (?:told|said|asked|wrote|gave|sent|explained)|(?:i )?ask(?:ing|ed)? (?:you )?again|(?:once|as i said|second time|third time) (?:again|more|before)|as i (?:said|wrote|told)|i repeat|my question (?:was|is))\b",
    )
    .expect("constant")
});

static UNHEARD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(?:no ?(?:one|body)|never|not) (?:has |have |had |yet |ever )*(?:answered|replied|got(?:ten)? back|helped|come back)\b|\b(?:without|no|any|never (?:got|received|had) (?:an|any|a)) (?:answer|reply|response)\b|\b(?:already|previously) (?:asked|wrote|written|contacted|e-?mailed|messaged|called|spoke)\b|\b(?:asked|wrote|contacted|e-?mailed|messaged|called) (?:you |about this |about it |this )*(?:already|before|yesterday|last week|twice|several times|(?:two|three|a few|many) times|(?:\w+ )?(?:days?|weeks?) ago)\b|\b(?:second|third|fourth|fifth|2nd|3rd|4th) time\b",
    )
    .expect("constant")
});

/// Whether a message says that it was asked before and did not help.
pub fn says_again(text: &str) -> bool {
    let plain = text.replace(['’', '‘'], "'");
    AGAIN.is_match(&plain) || UNHEARD.is_match(&plain) || CONTRADICTS.is_match(&plain)
}

static THANKS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:thanks|thank you|thx|cheers|perfect|great|awesome|brilliant|that (?:helps|helped|works|worked)|much appreciated|merci|danke|gracias)\b")
        .expect("constant")
});

/// At least this share of the words of the two messages is common to them.
const SAME: f32 = 0.6;

/// The reaction to a reply: `before` is the customer's message that it answered, `after` their next one.
pub fn reaction(before: Option<&str>, _reply: &str, after: &str) -> Reaction {
    let after_plain = after.replace(['’', '‘'], "'");
    if hard_rule(after).is_some_and(|(reason, _)| reason == HandoffReason::CustomerAsked) {
        Reaction::WantedAPerson
    } else if CONTRADICTS.is_match(&after_plain) {
        Reaction::Contradicted
    } else if AGAIN.is_match(&after_plain) || before.is_some_and(|before| is_repeat(before, after)) {
        Reaction::Repeated
    } else if super::sentiment(after) == super::Sentiment::Negative {
        Reaction::Displeased
    } else if THANKS.is_match(&after_plain) {
        Reaction::Thanked
    } else {
        Reaction::WentOn
    }
}

/// Whether two messages ask the same: most of the words of the shorter one, and more than one of them.
pub fn is_repeat(before: &str, after: &str) -> bool {
    let stems = |text: &str| -> BTreeSet<String> { content_stems(text).into_iter().collect() };
    let (a, b) = (stems(before), stems(after));
    let shared = a.intersection(&b).count();
    let union = a.union(&b).count();
    // One word in common is a subject, not a question asked again, unless it is all there is.
    (shared >= 2 || (shared == 1 && union == 1)) && shared as f32 >= SAME * union as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reaction_is_read_from_the_next_message() {
        let check = |before: &str, after: &str, expect: Reaction| {
            assert_eq!(reaction(Some(before), "It takes 3-5 business days.", after), expect, "{after}");
        };
        let asked = "How long does delivery to Canada take?";
        check(asked, "Let me talk to a human", Reaction::WantedAPerson);
        check(asked, "That's not what I asked.", Reaction::Contradicted);
        check(asked, "No, it has been two weeks", Reaction::Contradicted);
        check(asked, "how long does the delivery to Canada take??", Reaction::Repeated);
        check(asked, "I already told you my order number", Reaction::Repeated);
        check(asked, "This is terrible service, I am furious", Reaction::Displeased);
        check(asked, "Thanks, perfect", Reaction::Thanked);
        check(asked, "Thanks, but that does not help", Reaction::Contradicted);
        check(asked, "And do you sell gift cards?", Reaction::WentOn);
        check(asked, "FV10234, beth@mail.example", Reaction::WentOn);
    }

    #[test]
    fn a_message_says_that_nothing_helped() {
        for text in [
            "I already asked yesterday",
            "nobody has replied yet",
            "This is the third time I write",
            "I emailed you two days ago and got no answer",
            "I'm asking again: where is it?",
            "Your reply did not help",
        ] {
            assert!(says_again(text), "{text}");
        }
        for text in
            ["Where is my order?", "Has it still not arrived?", "I ordered it last week", "Can I order it again?"]
        {
            assert!(!says_again(text), "{text}");
        }
    }

    #[test]
    fn one_word_in_common_is_no_repeat() {
        assert!(!is_repeat("Where is my jacket?", "Is the jacket waterproof?"));
        assert!(is_repeat("Refund?", "refund"));
        assert!(!is_repeat("", ""));
    }
}
