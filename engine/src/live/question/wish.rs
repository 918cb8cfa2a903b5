//! What a customer wants done to an order, not told about it.

use super::heard::{Heard, NUMBER};
use crate::turn::Turn;
use crate::understand::Intent;
use regex::Regex;
use std::sync::LazyLock;

/// What is to be done. A person does it; some of it can be prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    Cancel,
    ChangeAddress,
    Return,
    Refund,
    /// To be paid in another way: with what is left on a gift card, with another card.
    ChangePayment,
    /// Something else: other items, an exchange, a damaged thing.
    Other,
}

struct Patterns {
    asks: Regex,
    own: Regex,
    told: Regex,
    undo: Regex,
    by_words: [(Wish, Regex); 5],
    /// Nothing but a wish about a payment, whether or not the order is named.
    payment: Regex,
    /// Not of an order that there is.
    later: Regex,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let re = |pattern: &str| Regex::new(&pattern.replace(r"\b", r"(?-u:\b)")).expect("constant");
    Patterns {
        asks: re(
            r"^(?:hi |hello |hey |so |ok |please |pls |kindly )*(?:cancel|return|refund|change|update|correct|send|ship|deliver)\b|\b(?:please|want(?:ed)?|wish|need(?:ed)?|like|have got|got|have|try|trying|going|decided|prefer) (?:to |a |my |the |you to )|\b(?:can|could|would|will) you (?:please |just )?(?:cancel|return|refund|change|update|correct|send|ship|deliver|fix|give)|\b(?:help|assist|assistance|let) (?:me |with |us )?|\bgo ahead\b|\bhow (?:do|can|could|to)\b|\bi (?:am|will be) (?:cancell?ing|returning|sending)\b|\bwhere (?:do|can|to)\b|\bproblem|\bi would\b",
        ),
        own: re(&format!(
            r"\b(?:{NUMBER}|(?:my|our|the|this|that) (?:[a-z0-9-]+ ){{0,3}}?(?:orders?|purchases?|packages?|parcels?|deliver(?:y|ies)|shipments?|address|pre-?orders?|items?)|(?:i|we) (?:have |just |had )*(?:ordered|bought|purchased)|it|them)\b"
        )),
        // "Can I still cancel", "was it refunded": a question, not a wish.
        told: re(
            r"\b(?:can|could|may) i still\b|\b(?:is|was) it (?:still |too )|\btoo late\b|^(?:and |but |so |hi |hello )*(?:has|have|was|were|did|is|are|when|why|how much|how long|until|by when)\b|\b(?:whether|status|waiting|wait|expecting|received) (?:for |on |of )?(?:[a-z]+ ){0,3}(?:refund|return|cancel)",
        ),
        undo: re(
            r"\b(?:undo|undoing|revert|reverse|restore|reactivate|reinstate|uncancel|take back|withdraw)\b.*\bcancel|\b(?:not|never) (?:want to )?cancel|\bcancel(?:l?ed|lation)\b.*\b(?:by mistake|accident|undo|undone|reverse|reversed|restore|reinstate|back)\b",
        ),
        by_words: [
            (
                Wish::ChangeAddress,
                re(
                    r"\b(?:change|changing|update|updating|correct|correcting|edit|modify|fix|switch|replace|wrong|different|new|another|moved)\b.*\baddress\b|\baddress\b.*\b(?:change|changed|wrong|incorrect|typo|instead)\b|\b(?:send|ship|deliver|redirect) (?:it|them|my [a-z]+|thisorder) to\b",
                ),
            ),
            (
                Wish::ChangePayment,
                re(
                    r"\b(?:change|changing|switch|switching|update|updating|swap|replace|modify|edit|move)\b (?:[a-z0-9-]+ ){0,4}?(?:payments?|paying|cards?|giftcards?)\b|\bpay\b.*\b(?:another|different|other|instead)\b",
                ),
            ),
            (Wish::Cancel, re(r"\bcancell?(?:ing|ation)?\b")),
            (
                Wish::Return,
                re(r"\b(?:return(?:ing)?|send(?:ing)? (?:it |them |this |these |thisorder |[a-z]+ [a-z]+ )?back)\b"),
            ),
            (Wish::Refund, re(r"\b(?:refund(?:ing)?|money back|reimburse(?:ment|d)?)\b")),
        ],
        payment: re(&payment_wishes()),
        later: re(r"\b(?:next|future|later|another time|upcoming|new order|in (?:your |a )?(?:stores?|shops?))\b"),
    }
});

/// A payment that is to be another: what it is to be, of which order, in place of what.
fn payment_wishes() -> String {
    let method = r"(?:giftcards?|store credits?|paypal|visa|mastercard|amex|american express|(?:credit|debit|bank) cards?|cards?|apple pay|google pay|klarna)";
    let order = format!(
        r"(?:{NUMBER}|(?:that|this|my (?:last|recent|latest|current)) (?:[a-z0-9-]+ ){{0,2}}?(?:orders?|purchases?)|it|the (?:order|purchase) i (?:placed|made))"
    );
    let asks = r"(?:can|could|may|possible|want(?:ed)?|like|need|prefer|able|would|let me|please|rather|how)";
    let pays = r"(?:use|using|pay|paying|charge|charging|apply|applying|put|redeem)";
    let change = r"(?:change|switch|update|swap|move)";
    let left = r"(?:rest|remainder|remaining|leftover|balance|what is left|whats left)";
    [
        // "Can I use my gift card balance for that order instead?", in either order.
        format!(r"\b{asks}\b.*\b{pays}\b.*\b{method}\b.*\b(?:for|to|on|towards?) {order}\b.*\binstead\b"),
        format!(r"\b{asks}\b.*\b{pays}\b.*\b{method}\b.*\binstead\b.*\b(?:for|on|of) {order}\b"),
        format!(r"\b{asks}\b.*\b{change}\b (?:[a-z0-9-]+ ){{0,4}}?(?:payments?|cards?|{method})\b.*\b{order}\b"),
        // "Can I pay with the rest of my gift card?"
        format!(r"\b{asks}\b.*\b{pays}\b (?:[a-z0-9-]+ ){{0,2}}?{left} (?:balance |amount |money )?(?:of|on|from|left on) (?:my|our|the|this) (?:giftcards?|store credits?)\b"),
        format!(r"\b{asks}\b.*\b{pays}\b (?:[a-z0-9-]+ )?(?:my|our) (?:remaining )?(?:giftcard|store credit) balance\b"),
    ]
    .join("|")
}

/// What the message wants done, if it wants something done to an order of theirs. `certain`: a rule has said so;
/// `intent`: what the message is known to be about, where its words do not say.
pub fn wish(turn: &Turn, pattern: &Regex, intent: Option<Intent>, certain: bool) -> Option<Wish> {
    let p = &*PATTERNS;
    let heard = Heard::read(&turn.text, pattern);
    for (_, sentence) in &heard.sentences {
        if p.payment.is_match(sentence) && !p.later.is_match(sentence) {
            return Some(Wish::ChangePayment);
        }
        let wants = certain || (p.asks.is_match(sentence) && sentence.contains(NUMBER));
        let named = p.own.is_match(sentence);
        if !wants || !named || (p.told.is_match(sentence) && !certain) {
            continue;
        }
        // To take a cancellation back is not to cancel.
        if p.undo.is_match(sentence) {
            return Some(Wish::Other);
        }
        if let Some((wish, _)) = p.by_words.iter().find(|(_, words)| words.is_match(sentence)) {
            return Some(*wish);
        }
    }
    certain.then_some(match intent {
        Some(Intent::Cancel) => Wish::Cancel,
        Some(Intent::ChangeAddress) => Wish::ChangeAddress,
        Some(Intent::ReturnRequest) => Wish::Return,
        Some(Intent::RefundRequest) => Wish::Refund,
        _ => Wish::Other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_names_the_order_and_a_question_is_none() {
        let pattern = Regex::new(r"#?FV\d{5}").unwrap();
        let check = |text: &str, expect: Option<Wish>| {
            let certain = crate::rules::hard_rule(text).is_some_and(|(r, _)| r == crate::HandoffReason::NeedsAction);
            assert_eq!(wish(&Turn::single("c", text), &pattern, None, certain), expect, "{text}");
        };
        check("Please cancel my order", Some(Wish::Cancel));
        check("i have got to cancel purchase 113542617735902", Some(Wish::Cancel));
        check("how can I cancel purchase 113542617735902?", Some(Wish::Cancel));
        check("cancel FV10234 pls", Some(Wish::Cancel));
        check("Could you cancel the order FV10234 for me", Some(Wish::Cancel));
        check("I need to change my shipping address", Some(Wish::ChangeAddress));
        check("please send FV10234 to 12 Birch Street, Duluth, MN 55802 instead", Some(Wish::ChangeAddress));
        check("I want to return the jacket from FV10234", Some(Wish::Return));
        check("id like to send FV10234 back", Some(Wish::Return));
        check("I want a refund for FV10234", Some(Wish::Refund));
        check("Can I use my gift card balance for that order instead?", Some(Wish::ChangePayment));
        check("could you charge my PayPal instead of my visa for FV10234", Some(Wish::ChangePayment));
        check("I would like to pay with my other card for FV10234 instead", Some(Wish::ChangePayment));
        check("can I pay with the rest of my gift card?", Some(Wish::ChangePayment));
        check("please change the payment method of order FV10234", Some(Wish::ChangePayment));
        check("I want to change my payment for my last order", Some(Wish::ChangePayment));
        check("My jacket arrived damaged.", Some(Wish::Other));
        let undo = Turn::single("c", "Please undo the cancellation of FV10234");
        assert_eq!(wish(&undo, &pattern, Some(Intent::Cancel), true), Some(Wish::Other));
        check("Please cancel my subscription", Some(Wish::Other));
        for question in [
            "Can I still cancel FV10234?",
            "Has FV10234 been refunded?",
            "When was FV10234 cancelled?",
            "I am waiting for my refund for FV10234",
            "Is it too late to return FV10234?",
            "Can I cancel an order after it was placed?",
            "How do I return something?",
            "Where is FV10234?",
            "Can I use my gift card on my next order?",
            "Can I use two gift cards for one order?",
            "Can I use store credit instead of a refund?",
            "Can I get store credit instead of a refund?",
            "Can I pay with a gift card and a credit card?",
            "Do you accept Visa?",
            "Which card did I use for FV10234?",
            "What is the balance of my gift card?",
            "Can I use the remaining balance of a gift card later?",
        ] {
            check(question, None);
        }
    }
}
