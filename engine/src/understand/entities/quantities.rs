//! How many of something a customer means: "two", "2x", "a pair of", "both", "another 3", "2 of the 3".

use super::tokens::{Token, gap, number, says, tokens};
use crate::text::{is_stop_word, stem};
use serde::Serialize;

/// A count of things, not of days, money or centimetres.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Quantity {
    pub count: u32,
    pub unit: Counted,
    /// Of how many, where that was said: "two of the three".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<u32>,
    /// On top of what there is: "another 3", "two more".
    pub more: bool,
    /// Bytes of the message.
    pub span: (usize, usize),
    /// The words after it, in which stands what is counted.
    pub counted: (usize, usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    Piece,
    /// A shop sells a pair as one piece: "a pair of boots" is a count of one.
    Pair,
}

impl Quantity {
    /// Whether it counts what this title names. `text` is the message that it was read from.
    pub fn counts(&self, text: &str, title: &str) -> bool {
        let title: Vec<String> = tokens(title).iter().map(|t| stem(&t.word)).collect();
        let after = text.get(self.counted.0..self.counted.1).unwrap_or_default();
        let content = tokens(after).into_iter().filter(|t| !is_stop_word(&t.word) && t.word.len() > 1);
        content.map(|t| stem(&t.word)).any(|s| title.contains(&s))
    }
}

/// Words after a number that make it a measure, a time or a rank.
const MEASURES: &str = "day days week weeks month months year years hour hours minute minutes min mins second seconds \
    cm mm m km kg g lb lbs oz ml l litre litres liter liters inch inches in ft foot feet degrees percent am pm \
    dollars dollar euros euro pounds pound cents usd eur gbp cad times time star stars person people season seasons \
    business working working-days nights night tries try emails email calls call messages message questions question \
    reasons reason things thing options ways way points point steps step address addresses digits weeks' days' \
    issue issues problem problems working moment stunden tage tagen wochen monate jahre jours semaines mois ans";

/// Words before a number that make it a name.
const NAMES: &str = "size sizes number no order version step eu uk us chapter room page zip age option question \
    model type series gen iphone route floor unit apt suite at class level line article";

/// Words after which a number alone is a count: "I want two".
const WANTS: &str = "want need return returning send sending sent order ordered ordering buy bought get got keep \
    exchange received receive missing only just about at least add cancel refund of have had has replace";

fn among(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|w| w == word)
}

/// Every count, in its order. `taken` are places that are something else: days, money, durations.
pub fn quantities(text: &str, taken: &[(usize, usize)]) -> Vec<Quantity> {
    let tokens = tokens(text);
    let free = |t: &Token| taken.iter().all(|(from, to)| t.end <= *from || *to <= t.start);
    let mut found: Vec<(usize, usize, Raw)> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match read(text, &tokens, at).filter(|(_, next)| tokens[at..*next].iter().all(free)) {
            Some((raw, next)) => {
                found.push((at, next, raw));
                at = next;
            }
            None => at += 1,
        }
    }
    let starts: Vec<usize> = found.iter().map(|(at, ..)| *at).collect();
    let whole = |(at, next, raw): (usize, usize, Raw)| {
        let stop = starts.iter().copied().find(|start| *start >= next).unwrap_or(tokens.len());
        Quantity {
            count: raw.count,
            unit: raw.unit,
            of: raw.of,
            more: raw.more,
            span: (tokens[at].start, tokens[next - 1].end),
            counted: counted(text, &tokens, next, stop),
        }
    };
    found.into_iter().map(whole).collect()
}

#[derive(Clone, Copy, Debug)]
struct Raw {
    count: u32,
    unit: Counted,
    of: Option<u32>,
    more: bool,
}

fn pieces(count: u32) -> Raw {
    Raw { count, unit: Counted::Piece, of: None, more: false }
}

/// Up to four words after a count, in its clause.
fn counted(text: &str, tokens: &[Token], next: usize, stop: usize) -> (usize, usize) {
    let Some(first) = tokens.get(next).filter(|_| next < stop) else {
        let end = tokens[next - 1].end;
        return (end, end);
    };
    let mut last = next;
    while last + 1 < stop.min(next + 5)
        && !gap(text, tokens, last).contains([',', '.', ';', '?', '!', '\n'])
        && !matches!(tokens[last + 1].word.as_str(), "and" | "or" | "but" | "und" | "oder" | "et")
    {
        last += 1;
    }
    (first.start, tokens[last].end)
}

fn read(text: &str, tokens: &[Token], at: usize) -> Option<(Raw, usize)> {
    let word = tokens[at].word.as_str();
    let before = at.checked_sub(1).map_or("", |b| tokens[b].word.as_str());
    let named = among(NAMES, before) && !(before == "at" && at >= 2);
    let marked = text[..tokens[at].start].ends_with(['#', '$', '€', '£', '.', '-', '/', ':']);
    if named || marked {
        return None;
    }
    if let Some(found) = of_a_kind(tokens, at) {
        return Some(found);
    }
    // "2x", "2 x", "2 ×", "x2".
    let times = |word: &str| matches!(word, "x" | "pcs" | "pieces" | "stk" | "stück");
    if let Some(n) = word.strip_suffix('x').and_then(number) {
        return Some((pieces(n), at + 1));
    }
    if word == "x"
        && let Some(n) = tokens.get(at + 1).and_then(|t| number(&t.word)).filter(|_| gap(text, tokens, at).is_empty())
    {
        return Some((pieces(n), at + 2));
    }
    if let Some(n) = number(word) {
        let spaces = gap(text, tokens, at);
        if tokens.get(at + 1).is_some_and(|t| times(&t.word)) && n > 0 {
            return Some((pieces(n), at + 2));
        }
        if spaces.trim() == "×" {
            return Some((pieces(n), at + 1));
        }
    }
    match word {
        "both" => both(tokens, at),
        "another" => match tokens.get(at + 1).and_then(|t| number(&t.word)) {
            Some(n) if is_a_count(text, tokens, at + 1, n) => Some((Raw { more: true, ..pieces(n) }, at + 2)),
            Some(_) => None,
            None => {
                let thing = tokens.get(at + 1).is_some_and(|t| {
                    !is_stop_word(&t.word)
                        && !among(MEASURES, &t.word)
                        && !matches!(t.word.as_str(), "size" | "colour" | "color" | "one")
                });
                (thing || says(tokens, at + 1, &["one"])).then_some((Raw { more: true, ..pieces(1) }, at + 1))
            }
        },
        "all" => {
            let next = at + 1 + usize::from(says(tokens, at + 1, &["the"]));
            let n = number(&tokens.get(next)?.word)?;
            is_a_count(text, tokens, next, n).then_some((pieces(n), next + 1))
        }
        _ => {
            let n = number(word).filter(|n| *n > 0)?;
            if !is_a_count(text, tokens, at, n) {
                return None;
            }
            let mut raw = pieces(n);
            let mut next = at + 1;
            if says(tokens, next, &["more"]) {
                (raw.more, next) = (true, next + 1);
            }
            // "Two of the three".
            if says(tokens, next, &["of"]) {
                let place = (next + 1..=next + 2).find(|p| tokens.get(*p).is_some_and(|t| number(&t.word).is_some()));
                if let Some(of) = place.and_then(|p| number(&tokens[p].word)).filter(|of| *of >= n) {
                    (raw.of, next) = (Some(of), place.map_or(next, |p| p + 1));
                }
            }
            Some((raw, next))
        }
    }
}

/// Pairs, couples and dozens.
fn of_a_kind(tokens: &[Token], at: usize) -> Option<(Raw, usize)> {
    let pair = |count, next| Some((Raw { unit: Counted::Pair, ..pieces(count) }, next));
    if says(tokens, at, &["half", "a", "dozen"]) {
        return Some((pieces(6), at + 3));
    }
    if says(tokens, at, &["a", "dozen"]) {
        return Some((pieces(12), at + 2));
    }
    if says(tokens, at, &["a", "couple", "of"]) {
        let thing = tokens.get(at + 3).is_some_and(|t| !among(MEASURES, &t.word));
        return thing.then_some((pieces(2), at + 3));
    }
    let more = tokens.get(at)?.word == "another";
    let one = matches!(tokens[at].word.as_str(), "a" | "one" | "another");
    if one && says(tokens, at + 1, &["pair"]) {
        return Some((Raw { unit: Counted::Pair, more, ..pieces(1) }, at + 2));
    }
    let n = number(&tokens[at].word)?;
    if says(tokens, at + 1, &["pairs"]) || says(tokens, at + 1, &["pair"]) {
        return pair(n, at + 2);
    }
    None
}

/// "Both jackets" are two; "both warm and light" is no count.
fn both(tokens: &[Token], at: usize) -> Option<(Raw, usize)> {
    let next = tokens.get(at + 1);
    let of = next
        .is_none_or(|t| matches!(t.word.as_str(), "of" | "the" | "my" | "these" | "those" | "are" | "were" | "items"));
    let plural = next.is_some_and(|t| is_plural(&t.word));
    let joined = tokens[at + 1..].iter().take(3).any(|t| t.word == "and");
    (of || (plural && !joined)).then_some((pieces(2), at + 1))
}

fn is_plural(word: &str) -> bool {
    word.len() > 3 && word.ends_with('s') && !word.ends_with("ss") && !is_stop_word(word) && !among(MEASURES, word)
}

/// Whether a number counts things.
fn is_a_count(text: &str, tokens: &[Token], at: usize, n: u32) -> bool {
    let gap_after = gap(text, tokens, at);
    if gap_after.starts_with(['-', '/', '%', '.', ':', '°', '\'', '"', '”', '″'])
        && !gap_after.starts_with(". ")
        && gap_after != "."
    {
        return false;
    }
    let spaces = gap_after.chars().all(|c| c == ' ');
    let Some(next) = tokens.get(at + 1).filter(|_| spaces && !gap_after.is_empty()) else {
        return n > 1 && after_a_wish(tokens, at);
    };
    let word = next.word.as_str();
    if among(MEASURES, word) {
        return false;
    }
    if word == "of" {
        let of = tokens.get(at + 2).map_or("", |t| t.word.as_str());
        return !matches!(of, "your" | "our" | "us" | "you")
            && (n > 1 || matches!(of, "the" | "my" | "them" | "these" | "those" | "two" | "three"));
    }
    if word == "more" {
        return !tokens.get(at + 2).is_some_and(|t| among(MEASURES, &t.word));
    }
    let before = at.checked_sub(1).map_or("", |b| tokens[b].word.as_str());
    if n == 1 {
        let pointing = matches!(
            before,
            "the"
                | "this"
                | "that"
                | "which"
                | "any"
                | "no"
                | "every"
                | "each"
                | "first"
                | "last"
                | "new"
                | "right"
                | "wrong"
        );
        // "Two socks and one jacket".
        let listed = before == "and" && at > 2;
        return !pointing && !is_stop_word(word) && (listed || after_a_wish(tokens, at));
    }
    // "Two large tents": a plural within three words, none of them light.
    let mut words = tokens[at + 1..].iter().take(3).take_while(|t| !is_stop_word(&t.word));
    words.any(|t| is_plural(&t.word)) || after_a_wish(tokens, at)
}

/// "I want two", "return the 2".
fn after_a_wish(tokens: &[Token], at: usize) -> bool {
    let before = |n: usize| at.checked_sub(n).map(|b| tokens[b].word.as_str());
    let near = match before(1) {
        Some("the" | "these" | "those" | "my" | "back" | "me" | "for") => before(2),
        one => one,
    };
    near.is_some_and(|word| among(WANTS, word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &[(u32, &str)]) {
        let taken: Vec<(usize, usize)> = crate::value::values(text)
            .into_iter()
            .filter(|f| !matches!(f.value, crate::value::Value::Number { .. } | crate::value::Value::Code(_)))
            .map(|f| f.span)
            .collect();
        let found: Vec<(u32, &str)> =
            quantities(text, &taken).iter().map(|q| (q.count, &text[q.span.0..q.span.1])).collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn counts_of_things() {
        check("I want two jackets", &[(2, "two")]);
        check("2x wool socks and 1 x tent", &[(2, "2x"), (1, "1 x")]);
        check("socks x3", &[(3, "x3")]);
        check("2 × Wool Socks", &[(2, "2")]);
        check("a pair of boots", &[(1, "a pair")]);
        check("three pairs of socks", &[(3, "three pairs")]);
        check("I'd like to return both", &[(2, "both")]);
        check("both jackets are too small", &[(2, "both")]);
        check("another 3 mugs please", &[(3, "another 3")]);
        check("can I add another mug", &[(1, "another")]);
        check("send me two more", &[(2, "two more")]);
        check("I want to return 2 of 3", &[(2, "2 of 3")]);
        check("return two of the three socks", &[(2, "two of the three")]);
        check("I only got one jacket", &[(1, "one")]);
        check("I ordered 4", &[(4, "4")]);
        check("all three tents are torn", &[(3, "all three")]);
        check(
            "a couple of mugs, half a dozen plates and a dozen cups",
            &[(2, "a couple of"), (6, "half a dozen"), (12, "a dozen")],
        );
        check("one of the tents is torn", &[(1, "one")]);
        check("two large red tents", &[(2, "two")]);
    }

    #[test]
    fn what_is_no_count() {
        for text in [
            "It took 2 days",
            "within 30 days",
            "size 9 boots",
            "I paid $20",
            "order number 12",
            "it is 2 cm too short",
            "a 2-person tent",
            "the black one",
            "which one is warmer",
            "both warm and light",
            "I asked you two times",
            "a couple of days ago",
            "I have one question",
            "5 stars",
            "version 2",
            "at 2 pm",
            "another size",
        ] {
            check(text, &[]);
        }
    }

    #[test]
    fn a_count_knows_what_it_counts() {
        let text = "return two socks and the jacket";
        let found = quantities(text, &[]);
        assert!(found[0].counts(text, "Wool Sock") && !found[0].counts(text, "Trail Jacket"));
        let pair = quantities("three pairs of wool socks", &[]);
        assert_eq!((pair[0].unit, pair[0].of, pair[0].more), (Counted::Pair, None, false));
    }
}
