//! A message in its conversation: is it asked again, and whose request does it go on with?

use crate::place::countries;
use crate::text::{content_stems, sentences};
use crate::turn::{Message, Speaker, Turn};
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
    agrees: Regex,
    offers: Regex,
    asks_who: Regex,
    which_order: Regex,
    all: Regex,
    how: Regex,
    names: Regex,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let re = |pattern: &str| Regex::new(&format!("(?i){pattern}")).expect("constant");
    Patterns {
        courtesy: re(
            r"^\W*(?:(?:oh|ah|um+|umm|hm+|well|ok(?:ay)?|alright|yes|yeah|yep|yup|sure|sure thing|of course|absolutely|right|correct|exactly|no|nope|please|thanks?|thank you|thanks a lot|thank you so much|wait|hold on|let me try (?:again|that again|once more)|actually|great|perfect|awesome|got it|i see|hi|hello|hey|there|hi there|hey there|oops|sorry(?: about that)?|my (?:bad|mistake|apologies)|that(?:'s| is| would be|'d be) (?:right|correct|the one|helpful|great|fine|perfect|good|it)|yes,? please|please do|go ahead|here you go|here it is|i appreciate it|no problem|let me know if you need anything else|let me know|does that help|can you try (?:that|again|with that)|could you (?:try|check) (?:again|now|that|with that)(?: with that)?|sorry for the (?:confusion|mix-?up)|i misspoke(?: earlier)?)[\s,.!?;:—–-]*)+$",
        ),
        identity: re(
            r"[\w.+-]+@[\w-]+\.\w+|\b(?:my|the) (?:(?:full|first|last|correct|right|actual) )*(?:(?:(?:first|last) )?name (?:is|was|:)|last name [a-z]|e-?mail\b|(?:zip|postal) ?code\b|zip (?:is|was) (?:actually )?\d|postcode\b|phone number\b|order (?:number|id|no\.?)|user ?id)|\b(?:zip|postal) ?code\b|\bit(?:'s| is) (?:actually )?#?\w*\d{4,}\w*\W*$|^\W*(?:it(?:'s| is)|this is|i am|i'm) (?:actually )?(?:(?-i:[A-Z][\w'-]+(?: [A-Z][\w'-]+)+)|#?\w*\d{4,}\w*)\W*$|\b(?:don't|do not|can't|cannot) (?:have|remember|recall|know)\b[^.?!]{0,40}\b(?:e-?mail|account|number|zip|code|id)\b|^\W*#?\w*\d{4,}\w*(?: of [a-z]+ \d{1,2}, \d{4})?\W*$|\bi live (?:in|at)\b|\bsearch (?:it )?(?:using|by|with) something else\b",
        ),
        asks: re(
            r"\b(?:want|need|like to|would like|wish|please (?:cancel|change|return|exchange|refund|send|update|check|tell)|return|exchange|refund|cancel|change|modify|update|replace|track|where|when|how|which|what|why|who|does|is it|are there|can you tell|could you tell|tell me|show me|check (?:my|the|if|whether)|find out|confirm)\b",
        ),
        unknown_number: re(
            r"\b(?:don't|do not|don’t|can't|cannot|can’t|not (?:really |quite |exactly |entirely )?sure)\b[^.?!]{0,50}\border(?:'s)? ?(?:number|id|no\b)|\b(?:what|which) (?:is|was) my order (?:number|id)\b|\b(?:look (?:it )?up|check|find|see|list|show(?: me)?)\b[^.?!]{0,20}\bmy (?:recent |past |latest )?orders\b|\bnot (?:really |quite |exactly |entirely )?sure\b[^.?!]{0,30}\bwhich (?:one|order)\b|\bforgot(?:ten)?\b[^.?!]{0,30}\border (?:number|id)\b",
        ),
        agrees: re(
            r"^\W*(?:(?:oh|ah|ok(?:ay)?|great|perfect)\W+)*(?:yes|yeah|yep|yup|sure|of course|absolutely|please do|go ahead|that would be|that'd be|that’d be)\b",
        ),
        offers: re(
            r"\b(?:would you like|do you want|shall i|should i|can i (?:also )?(?:help|show|list|check)|let me know if you(?:'d| would) like)\b",
        ),
        asks_who: re(
            r"\b(?:e-?mail|zip|postal|postcode|your (?:full |first |last )?name|identity|authenticate|verify|locate (?:your|an) account|user ?id)\b",
        ),
        which_order: re(
            r"\bwhich (?:one|order)s?\b|\b(?:provide|share|tell me|let me know|give me|specify|have|know|need)\b[^.?!]{0,40}\border(?:'s)? ?(?:number|id|no\b)",
        ),
        how: re(r"\b(?:how (?:do|can|could|should|would|to|does)|what (?:do|should|must|are the) )"),
        names: re(
            r"\b(?:it's|it is|i'm|i am|this is|i meant|i mean|that's|name is|name's|try) (?:actually )?(?-i:[A-Z][\w'-]+(?: [A-Z][\w'-]+)*|[A-Z0-9-]*\d{4,})",
        ),
        all: re(
            r"\b(?:everything|all (?:of )?(?:my|the|these|those|them)|(?:all|any|several|multiple|both) (?:of )?(?:the |my )?(?:[a-z]+ )?(?:orders|purchases|items|things)|(?:my|some|any|several) (?:[a-z]+ ){0,2}orders)\b",
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
    goes_on_after(&turn.history, &turn.text)
}

fn goes_on_after(history: &[Message], text: &str) -> bool {
    let Some(asked) = history.iter().rev().find(|m| m.role == Speaker::Agent) else { return false };
    if !history.iter().any(|m| m.role == Speaker::Customer) {
        return false;
    }
    let parts = sentences(text);
    // "Yes, please. Can you tell me the prices?": what was offered, and a word on how.
    let agrees = PATTERNS.agrees.is_match(text) && offers(&asked.text);
    // What is said around a correction of who they are, where that was asked for.
    let corrects = PATTERNS.asks_who.is_match(&asked.text) && parts.iter().any(|s| gives_identity(s) || names(s));
    let reply = |s: &&str| only_replies(s) || (corrects && says_only(s, &AROUND)) || (agrees && says_only(s, &OFFERED));
    !parts.is_empty() && parts.iter().all(reply)
}

/// A sentence without a request of its own.
fn only_replies(sentence: &str) -> bool {
    let plain = sentence.replace('’', "'");
    if PATTERNS.courtesy.is_match(&plain) {
        return true;
    }
    gives_identity(&plain) && !PATTERNS.unknown_number.is_match(&plain) && {
        let rest = PATTERNS.identity.replace_all(&plain, " ");
        !PATTERNS.asks.is_match(&rest)
    }
}

fn gives_identity(sentence: &str) -> bool {
    PATTERNS.identity.is_match(&sentence.replace('’', "'"))
}

/// "It's Berg", "I meant 55803": what was asked for, and no more words around it than that.
fn names(sentence: &str) -> bool {
    PATTERNS.names.is_match(&sentence.replace('’', "'"))
}

/// Ends with an offer: "Would you like me to …?"
fn offers(text: &str) -> bool {
    sentences(text).iter().rev().take(2).any(|s| PATTERNS.offers.is_match(s))
}

/// Words around a correction: they ask for nothing but another try.
static AROUND: LazyLock<HashSet<String>> = LazyLock::new(|| {
    stems(
        "oh ah um made make again try tri retry check look search find correct correction mistake mistakes mix mixed mixing confusion \
         misspoke mistyped typo wrong earlier before now help know actually meant mean think thought might must may small \
         little bad sorry apologies give gave given said say told tell type typed enter entered use used remember memory \
         number code zip postal postcode e-mail email mail name address account one work works hmm oops try went wait let \
         last first time instead",
    )
});
/// Words in which an offer is taken up: they name no subject of their own.
static OFFERED: LazyLock<HashSet<String>> = LazyLock::new(|| {
    stems(
        "again check look find now right moment currently available availability price prices cost costs option options \
         detail details show list give see tell know helpful help great perfect also them one ones all each every please \
         include well good today stock yes yeah yep yup sure",
    )
});

/// Whether a sentence says nothing besides these words, numbers, and what tells who somebody is.
fn says_only(sentence: &str, words: &HashSet<String>) -> bool {
    let plain = sentence.replace('’', "'");
    let rest = PATTERNS.identity.replace_all(&plain, " ");
    let rest = PATTERNS.names.replace_all(&rest, " ").replace("'s", " ").replace("'d", " ");
    stems(&rest).iter().all(|stem| words.contains(stem) || stem.bytes().all(|b| b.is_ascii_digit()))
}

/// The request that a reply goes on with: the customer's last message that had one of its own.
pub fn open_request(turn: &Turn) -> Option<&str> {
    let history = &turn.history;
    let customers = (0..history.len()).rev().filter(|at| history[*at].role == Speaker::Customer);
    let mut requests = customers.filter(|at| !goes_on_after(&history[..*at], &history[*at].text));
    let at = requests.find(|at| !sentences(&history[*at].text).iter().all(|s| only_replies(s)))?;
    Some(&history[at].text)
}

/// Asks which orders there are, because the number is not known.
pub fn asks_for_orders(text: &str) -> bool {
    PATTERNS.unknown_number.is_match(&text.replace('’', "'"))
}

/// A message without what no page speaks of: courtesies, and who the customer is (but not where). As it is, where nothing else is said.
pub fn about_the_matter(text: &str) -> String {
    static FORM: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)[\w.+-]+@[\w-]+\.[\w.]+|\b(?:full name|name|user ?name|account id|e-?mail(?: address)?|phone(?: number)?|order id|order number|zip(?: code)?|member(?:ship)? level|address) ?: ?(?:\S+@\S+|[^\n.?!;:]{0,40}?)(?:[\n.?!;]|\s\s|$)")
            .expect("constant")
    });
    let plain = FORM.replace_all(text, " ");
    let kept: Vec<&str> =
        sentences(&plain).into_iter().filter(|s| !only_replies(s) || !countries(s).is_empty()).collect();
    if kept.is_empty() { text.to_owned() } else { kept.join(" ") }
}

/// Wants something done that no page does: "subscribe to the newsletter", "I want to open an account". A question is none.
pub fn wants_it_done(text: &str) -> bool {
    static WANTS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(concat!(
            r"(?i)^\W*(?:(?:hi|hello|hey|please|pls|kindly|i|would|['’]d|like|want|wanna|need|have|got|gotta|wish|try|am|trying|",
            r"help|me|assistance|some|you|can|could|will|to|with|go|going)\W+)*",
            r"(?:subscrib\w+|sign(?:ing)? up|register\w*|open(?:ing)?|creat(?:e|ing)|switch(?:ing)?|us(?:e|ing)|buy(?:ing)?|",
            r"purchas\w+|order(?:ing)?|plac(?:e|ing)|shop(?:ping)?|mak(?:e|ing)|do(?:ing)?|earn(?:ing)?|enter(?:ing)?|",
            r"set(?:ting)?|submit\w*|edit(?:ing)?|correct(?:ing)?|updat(?:e|ing)|receiv(?:e|ing))\s+\w",
        ))
        .expect("constant")
    });
    static ASKS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\?|\b(?:how|what|which|when|where|why|who|whether|if|can i|could i|may i|do (?:i|we|u|ya|you|they|your)|does|is it|is there|are there)\b")
            .expect("constant")
    });
    WANTS.is_match(text) && !ASKS.is_match(text)
}

/// Says that a parcel is not there.
pub fn has_not_come(text: &str) -> bool {
    static NOT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)(?:\bnot|n['’]t|\bnever)\b[^.?!]{0,25}\b(?:received?|got|gotten|get|arrived?|come|came|show(?:ed|n)? up|there|here)\b|\bnothing (?:has |have )?(?:arrived|come|came|here|there)\b")
            .expect("constant")
    });
    NOT.is_match(text)
}

/// Asks how in a sentence without a subject of its own: "How do I go about that?"
pub fn asks_how_only(text: &str) -> bool {
    static FILL: LazyLock<HashSet<String>> = LazyLock::new(|| {
        stems("how go going proceed start begin do done get process step steps next way best about work")
    });
    let mut asking = sentences(text).into_iter().filter(|s| PATTERNS.how.is_match(s)).peekable();
    asking.peek().is_some() && asking.all(|s| stems(s).iter().all(|stem| FILL.contains(stem)))
}

/// An agent's message that asks which order is meant.
pub fn asks_which_order(text: &str) -> bool {
    PATTERNS.which_order.is_match(&text.replace('’', "'"))
}

/// Speaks of the address that their account holds, not of an order's.
pub fn is_of_the_account(text: &str) -> bool {
    static ACCOUNT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:default|account|profile|saved|on file)\b[^.?!]{0,30}\baddress|\baddress\b[^.?!]{0,20}\b(?:on file|(?:in|on|of) my (?:account|profile))")
            .expect("constant")
    });
    // "Send it to my default address" is about an order.
    static TO_IT: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?i)\b(?:to|use) (?:my|the) (?:default|saved|account)\b").expect("constant"));
    ACCOUNT.is_match(text) && !TO_IT.is_match(text)
}

/// Means all of their orders, or everything in them, not one.
pub fn means_all(text: &str) -> bool {
    PATTERNS.all.is_match(&text.replace('’', "'"))
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
            "#FV10250 of November 18, 2026",
            "Hmm, you know what? I might have mixed it up—my zip code is actually 55803. Can you try again with that?",
            "Oh, actually, it's 55803! Sorry, I misspoke earlier. Can you try again?",
            "Oh wait, my bad, I made a small mistake earlier! My zip code is 55803, not 55802. Could you check now?",
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
    fn the_request_stands_behind_several_replies_and_an_accepted_offer() {
        use Speaker::{Agent, Customer};
        let who = "Could you tell me your e-mail address, please?";
        let history = [
            (Customer, "What did I pay for my last order?"),
            (Agent, who),
            (Customer, "My name is Kim Berg, zip code 55802."),
            (Agent, who),
            (Customer, "I think I mixed that up. It's actually 55801. Could you try again?"),
            (Agent, who),
            (Customer, "Oh, my mistake! I meant 55802, not 55801. Does that help?"),
            (Agent, "And your last name?"),
            (Customer, "Oh, of course! It's Berg."),
            (Agent, who),
        ];
        let turn = after(&history, "Hmm, let me try again. My zip code is actually 55803, sorry for the mix-up!");
        assert!(goes_on(&turn));
        assert_eq!(open_request(&turn), Some("What did I pay for my last order?"));
        let offer = [(Customer, "I am looking for the cheapest tent"), (Agent, "Would you like me to list our tents?")];
        let turn = after(&offer, "Yes, please! Can you also tell me the prices?");
        assert!(goes_on(&turn));
        assert_eq!(open_request(&turn), Some("I am looking for the cheapest tent"));
        assert!(goes_on(&after(&offer, "Yes, that’d be great! Can you check what’s available right now?")));
        assert!(!goes_on(&after(&offer, "Yes, and what does a stove cost?")), "a subject of its own");
        assert!(!goes_on(&after(&offer, "Can you tell me the prices?")), "nothing was agreed to");
        let plain = [(Customer, "Where is my order?"), (Agent, "It arrives on Friday.")];
        assert!(!goes_on(&after(&plain, "It is wrong again")), "nobody asked who they are");
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
    fn all_orders_are_not_one() {
        for all in
            ["I want to return everything I ordered.", "cancel all my orders", "cancel any orders that have not left"]
        {
            assert!(means_all(all), "{all}");
        }
        assert!(!means_all("I want to return an item of my last order"));
        assert!(asks_which_order("Could you please provide the order ID for it?"));
        assert!(asks_which_order("You have several orders. Which one do you mean?"));
        assert!(!asks_which_order("Your order arrives on Friday."));
    }

    #[test]
    fn who_somebody_is_is_nothing_to_search_for() {
        let check = |text: &str, expect: &str| assert_eq!(about_the_matter(text), expect);
        check("Hi! I want to return a tent. Thank you! Name: Kim Berg", "I want to return a tent.");
        check("Where is my order? My name is Kim Berg.", "Where is my order?");
        check("How do I change the e-mail of my account?", "How do I change the e-mail of my account?");
        check("It has a stain. Email: kim@mail.example", "It has a stain.");
        check("Thanks!", "Thanks!");
    }

    #[test]
    fn what_somebody_wants_done_is_no_question() {
        for wants in [
            "subscribe to the newsletter",
            "I want to open a gold account",
            "I need help to sign up to your newsletter",
            "please set up my delivery address",
        ] {
            assert!(wants_it_done(wants), "{wants}");
        }
        for asks in [
            "How do I open an account?",
            "can I use a gift card",
            "Which tents do you make?",
            "tent poles",
            "do u ship to canada",
            "do they fit wide feet",
        ] {
            assert!(!wants_it_done(asks), "{asks}");
        }
    }

    #[test]
    fn a_parcel_that_is_not_there() {
        for gone in ["She hasn’t received it yet.", "my parcel never arrived", "It is not here", "nothing has come"] {
            assert!(has_not_come(gone), "{gone}");
        }
        assert!(!has_not_come("It arrived yesterday.") && !has_not_come("I do not like the colour."));
    }

    #[test]
    fn how_alone_is_about_what_was_said_before() {
        assert!(asks_how_only("I will return my keyboard then. How do I go about that?"));
        assert!(asks_how_only("I want to return some items. How can I proceed with that?"));
        assert!(!asks_how_only("How do I return a final sale item?"));
        assert!(!asks_how_only("I want to return it."));
    }

    #[test]
    fn an_unknown_order_number_asks_for_the_orders() {
        assert!(asks_for_orders("I don’t have the order ID on hand—is there another way to locate it?"));
        assert!(asks_for_orders("Could you check my recent orders for it?"));
        assert!(asks_for_orders("Could you check the details? I'm not exactly sure which one it is."));
        assert!(!asks_for_orders("Where is my order?"));
        assert!(is_of_the_account("Could I update my default address to my place in Duluth?"));
        assert!(!is_of_the_account("Please send it to my default address instead."));
        assert!(!is_of_the_account("Please change the address of my order."));
    }
}
