//! How customers ask, in several ways for each kind. `{n}` is the order's number.

use super::Kind;

/// The wordings of a kind that name the order.
pub fn naming(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Status => &[
            "Where is my order {n}?",
            "What is the status of order {n}?",
            "Hi, can you tell me what is going on with {n}? Has it shipped yet?",
            "has my order {n} been sent",
            "I'm still waiting for {n}. Where is it?",
        ],
        Kind::Tracking => &[
            "What is the tracking number for order {n}?",
            "Can you send me the tracking for {n} please?",
            "How can I track my order {n}?",
            "tracking number {n}?",
            "Which carrier has {n}, and what's the tracking number?",
        ],
        Kind::Delivery => &[
            "When will my order {n} arrive?",
            "When was {n} delivered?",
            "what is the delivery date of order {n}",
            "Is {n} late? When does it get here?",
            "When should I expect order {n}?",
        ],
        Kind::Items => &[
            "What did I order in {n}?",
            "Which items are in my order {n}?",
            "can you list the items of order {n}",
            "What's in order {n}?",
        ],
        Kind::Total => &[
            "How much did I pay for order {n}?",
            "What was the total of my order {n}?",
            "what did {n} cost me",
            "How much was order {n} in total?",
        ],
        Kind::Refund => &[
            "Has my order {n} been refunded?",
            "Where is my refund for {n}?",
            "How much was refunded for order {n}?",
            "did you already refund order {n}",
        ],
        Kind::ReturnWindow => &[
            "Can I still return order {n}?",
            "Until when can I return {n}?",
            "What is the last day to return my order {n}?",
            "is it too late to send back order {n}",
        ],
        Kind::Address => &[
            "Which address is order {n} going to?",
            "What is the shipping address of my order {n}?",
            "where are you sending {n} to, which address",
            "What delivery address do you have for order {n}?",
        ],
    }
}

/// The wordings of somebody who has one order only.
pub fn nameless(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Status => &["Where is my order?", "what's the status of my order"],
        Kind::Tracking => &["What's my tracking number?", "Can I have the tracking for my order?"],
        Kind::Delivery => &["When will my order arrive?", "When was my order delivered?"],
        Kind::Items => &["What did I order?", "Which items are in my order?"],
        Kind::Total => &["How much did I pay for my order?", "What was the total of my order?"],
        Kind::Refund => &["Has my order been refunded?", "Where is my refund?"],
        Kind::ReturnWindow => &["Can I still return my order?", "What is the last day to return my order?"],
        Kind::Address => &["Which address is my order going to?", "What's the shipping address of my order?"],
    }
}
