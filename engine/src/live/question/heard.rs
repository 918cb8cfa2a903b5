//! A message as the patterns of [`super::kinds`] see it: lower case, plain words, each order number and e-mail address
//! replaced by one word, usual typing errors mended.

use crate::identity::{Email, OrderNumber};
use crate::text::is_stop_word;
use regex::Regex;
use std::sync::LazyLock;

/// Stands for an order number in [`Heard::sentences`].
pub const NUMBER: &str = "thisorder";
/// Stands for an e-mail address.
pub const EMAIL: &str = "thisemail";

/// What a message holds, before anybody asks what it means.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heard {
    /// In the order in which they are named, without repeats.
    pub numbers: Vec<OrderNumber>,
    pub emails: Vec<Email>,
    /// Something stands where an address stands, and is none.
    pub malformed: bool,
    /// Each sentence as it was written, and as words with one space between them.
    pub sentences: Vec<(String, String)>,
}

/// What customers write short, and what letters they drop, as whole words.
const SHORT: &[(&str, &str)] = &[
    ("wheres", "where is"),
    ("whereis", "where is"),
    ("wheres's", "where is"),
    ("wher", "where"),
    ("whr", "where"),
    ("werre", "where"),
    ("whens", "when is"),
    ("wen", "when"),
    ("wehn", "when"),
    ("whn", "when"),
    ("whats", "what is"),
    ("wats", "what is"),
    ("wat", "what"),
    ("waht", "what"),
    ("whos", "who is"),
    ("hows", "how is"),
    ("u", "you"),
    ("ya", "you"),
    ("ur", "your"),
    ("r", "are"),
    ("pls", "please"),
    ("plz", "please"),
    ("plese", "please"),
    ("wanna", "want to"),
    ("gonna", "going to"),
    ("gotta", "have to"),
    ("gimme", "give me"),
    ("lemme", "let me"),
    ("ive", "i have"),
    ("im", "i am"),
    ("ill", "i will"),
    ("havent", "have not"),
    ("havnt", "have not"),
    ("hasnt", "has not"),
    ("hadnt", "had not"),
    ("didnt", "did not"),
    ("dint", "did not"),
    ("isnt", "is not"),
    ("wasnt", "was not"),
    ("arent", "are not"),
    ("werent", "were not"),
    ("wont", "will not"),
    ("cant", "can not"),
    ("cannot", "can not"),
    ("doesnt", "does not"),
    ("dont", "do not"),
    ("couldnt", "could not"),
    ("shouldnt", "should not"),
    ("pkg", "package"),
    ("pckg", "package"),
    ("addy", "address"),
    ("adress", "address"),
    ("adres", "address"),
    ("itme", "item"),
    ("itmes", "items"),
    ("shippd", "shipped"),
    ("shiped", "shipped"),
    ("oder", "order"),
    ("odrer", "order"),
    ("ordr", "order"),
    ("ordre", "order"),
    ("lst", "last"),
    ("recieve", "receive"),
    ("recieved", "received"),
    ("yest", "yet"),
    ("cancle", "cancel"),
    ("delievery", "delivery"),
    ("refnd", "refund"),
    ("stil", "still"),
    ("mny", "my"),
    ("da", "the"),
    ("doe", "does"),
];

/// Words that a typing error is mended towards.
const MENDED: &str = "where status order orders ordered purchase purchased package packages parcel parcels shipment \
    delivery deliver delivered delivering arrive arrived arrives arriving arrival tracking tracked shipped shipping \
    shipment refund refunds refunded return returned returns cancel cancelled canceled cancelling address received \
    receive money still items bought total expected estimated courier carrier available price reimbursement \
    dispatched update updates track waiting restitution \
    compensation";

/// Words that look like one of those and are not.
const OTHERS: &str = "there here these three were whereas older odder border boarder holder trick truck crack tract \
    tracks stems prize pride prince honey monkey brought fought sought stall skill till spill changed changes charged \
    charges statue statues stature shopping shopped shopper shipper chipped skipped whipped slipped snipped flipped \
    stripped deceived relieved retuned refined reform barrier carries carried arrives boarded bordered borders parley \
    tonal totally priced prices pricey updated dispatches dispatcher ships shipments deliveries returning refunding \
    refundable returnable receives receiving addresses addressed estimates courses carriers couriers purchases \
    cancels cancellation canceling marcel excepted matters orderly ordering";

static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| MENDED.split_whitespace().collect());

static ADDRESS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"[^\s<>()\[\]"',;:?!]+@[^\s<>()\[\]"',;:?!]+"#).expect("constant"));

/// What is called a number: after a `#`, or after the word for an order.
static CALLED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)#\s?(?P<hash>[\p{L}\p{N}][\p{L}\p{N}-]{0,40})|\b(?:orders?|purchases?)\s*(?:numbers?|num|no\.?|nr\.?|id|ref(?:erence)?)?\s*(?:is|are|:|=|#)?\s*(?P<named>[a-z]{0,4}-?\d{4,20})\b")
        .expect("constant")
});

/// Letters and digits that a store's pattern may join: `FV 10234`, `fv-10234`.
static SPLIT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i)\b([a-z]{1,6})[\s-](\d{3,12})\b").expect("constant"));

impl Heard {
    /// `pattern` is how the store's order numbers look.
    pub fn read(text: &str, pattern: &Regex) -> Self {
        let mut heard = Self::default();
        let text = text.replace(['’', '‘', '`'], "'");
        let text = heard.take_emails(&text);
        let text = heard.take_numbers(&text, pattern);
        for sentence in sentences(&text) {
            let plain = plain(sentence);
            if !plain.is_empty() {
                heard.sentences.push((sentence.to_owned(), plain));
            }
        }
        heard
    }

    fn take_emails(&mut self, text: &str) -> String {
        for m in ADDRESS.find_iter(text) {
            match Email::parse(m.as_str().trim_end_matches(['.', '-'])) {
                Ok(email) if !self.emails.contains(&email) => self.emails.push(email),
                Ok(_) => {}
                Err(_) => self.malformed = true,
            }
        }
        ADDRESS.replace_all(text, format!(" {EMAIL} ")).into_owned()
    }

    fn take_numbers(&mut self, text: &str, pattern: &Regex) -> String {
        // Byte spans that name an order, with the number as written.
        let mut spans: Vec<(usize, usize, String)> = Vec::new();
        let mut add = |start: usize, end: usize, number: &str| {
            if spans.iter().all(|(s, e, _)| end <= *s || *e <= start) {
                spans.push((start, end, number.to_owned()));
            }
        };
        // The store's pattern is written for its own spelling; customers use either case.
        for cased in [text.to_owned(), text.to_ascii_uppercase(), text.to_ascii_lowercase()] {
            for m in pattern.find_iter(&cased).filter(|m| !m.is_empty() && stands_alone(&cased, m.start(), m.end())) {
                add(m.start(), m.end(), m.as_str());
            }
        }
        for c in SPLIT.captures_iter(text) {
            let whole = c.get(0).expect("group 0 is the match");
            let joined = format!("{}{}", &c[1], &c[2]).to_ascii_uppercase();
            if is_whole(pattern, &joined) {
                add(whole.start(), whole.end(), &joined);
            }
        }
        for c in CALLED.captures_iter(text) {
            if let Some(m) = c.name("hash").or_else(|| c.name("named")) {
                let start =
                    if c.name("hash").is_some() { c.get(0).map_or(m.start(), |w| w.start()) } else { m.start() };
                if m.as_str().chars().any(|ch| ch.is_numeric()) {
                    add(start, m.end(), m.as_str());
                }
            }
        }
        spans.sort();
        let (mut plain, mut at) = (String::new(), 0);
        for (start, end, number) in spans {
            match OrderNumber::parse(&number) {
                Some(number) if !self.numbers.contains(&number) => self.numbers.push(number),
                Some(_) => {}
                None => self.malformed = true,
            }
            plain.push_str(&text[at..start]);
            plain.push_str(&format!(" {NUMBER} "));
            at = end;
        }
        plain.push_str(&text[at..]);
        plain
    }
}

/// Whether the pattern takes a text as a whole.
pub fn is_whole(pattern: &Regex, text: &str) -> bool {
    pattern.find(text).is_some_and(|m| m.start() == 0 && m.end() == text.len())
}

fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let joins = |c: char| c.is_alphanumeric() || c == '-' || c == '@';
    !text[..start].chars().next_back().is_some_and(|c| joins(c) || c == '$' || c == '€' || c == '£')
        && !text[end..].chars().next().is_some_and(joins)
}

/// Sentences with their end marks. A dot inside a number or a word ends none.
fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, c)| *c);
        let ends = matches!(c, '?' | '!' | '\n' | ';') || (c == '.' && next.is_none_or(char::is_whitespace));
        let more = next.is_some_and(|n| matches!(n, '?' | '!' | '.'));
        if ends && !more {
            found.push(text[start..at + c.len_utf8()].trim());
            start = at + c.len_utf8();
        }
    }
    found.push(text[start..].trim());
    found.retain(|s| !s.is_empty());
    found
}

/// Words with one space between them.
fn plain(sentence: &str) -> String {
    let lower = sentence.to_lowercase().replace('\'', "");
    let mut words: Vec<&str> = Vec::new();
    for word in lower.split(|c: char| !(c.is_alphanumeric() || c == '-')) {
        let word = word.trim_matches('-');
        if word.is_empty() {
            continue;
        }
        match SHORT.iter().find(|(short, _)| *short == word) {
            Some((_, long)) => words.push(long),
            None => words.push(mended(word)),
        }
    }
    // "Were is my order" is a "where", whatever else "were" may be.
    let said = words.join(" ");
    let said = said.strip_prefix("were is ").map_or(said.clone(), |rest| format!("where is {rest}"));
    let said = IDIOMS.replace_all(&said.replace(" were is my ", " where is my "), "$know whether").trim().to_owned();
    GIFT_CARD.replace_all(&said, "giftcard$s").into_owned()
}

/// One word, so that it is no gift and no card.
static GIFT_CARD: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(?:e-?)?gift[ -]?(?:card|certificate|voucher)(?P<s>s)?\b").expect("constant"));

/// "Check if it has shipped" supposes nothing.
static IDIOMS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\bif (?:possible|you (?:can|could|may|do not mind|dont mind)|not|so|any)\b|(?P<know>\b(?:check|see|know|tell me|confirm|wondering|wonder|ask|asking|find out|sure|curious|unsure|idea|update me|say|verify|look)) if\b")
        .expect("constant")
});

fn mended(word: &str) -> &str {
    let length = word.chars().count();
    let known = length < 4
        || word.bytes().any(|b| b.is_ascii_digit())
        || is_stop_word(word)
        || word == NUMBER
        || word == EMAIL
        || WORDS.contains(&word)
        || OTHERS.split_whitespace().any(|o| o == word);
    if known {
        return word;
    }
    let near = |w: &&&str| {
        let most = if length >= 8 && w.len() >= 8 { 2 } else { 1 };
        w.len() >= 5 && w.as_bytes()[0] == word.as_bytes()[0] && strsim::osa_distance(word, w) <= most
    };
    WORDS.iter().filter(near).min_by_key(|w| strsim::osa_distance(word, w)).copied().unwrap_or(word)
}
