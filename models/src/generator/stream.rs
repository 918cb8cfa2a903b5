//! From tokens to text that may be shown: whole characters, and nothing of a stop string.

use std::collections::HashMap;

/// Tokens that have to come again, in the same order, three times before an answer counts as going in circles.
const LOOP: usize = 24;
const ROUNDS: u32 = 3;

/// Holds back what is not certain yet.
pub struct TextStream<'a> {
    stops: Vec<&'a str>,
    /// Bytes that are not a whole character yet.
    bytes: Vec<u8>,
    /// Text that may be the beginning of a stop string.
    held: String,
}

/// What a token added.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Text to be shown now; it may be empty.
    Text(String),
    /// The text before a stop string; nothing may follow.
    Stop(String),
}

impl<'a> TextStream<'a> {
    pub fn new(stops: &'a [String]) -> Self {
        let stops = stops.iter().map(String::as_str).filter(|stop| !stop.is_empty()).collect();
        Self { stops, bytes: Vec::new(), held: String::new() }
    }

    pub fn push(&mut self, bytes: &[u8]) -> Step {
        self.bytes.extend_from_slice(bytes);
        self.take_characters();
        let first = self.stops.iter().filter_map(|stop| self.held.find(stop)).min();
        if let Some(at) = first {
            self.held.truncate(at);
            return Step::Stop(std::mem::take(&mut self.held));
        }
        let keep = self.held.len() - self.longest_beginning();
        let rest = self.held.split_off(keep);
        Step::Text(std::mem::replace(&mut self.held, rest))
    }

    /// What is left when the model has ended.
    pub fn finish(mut self) -> String {
        // A character that was never finished cannot become one any more.
        self.held.push_str(&String::from_utf8_lossy(&self.bytes));
        self.held
    }

    /// Moves whole characters from `bytes` to `held`.
    fn take_characters(&mut self) {
        loop {
            match std::str::from_utf8(&self.bytes) {
                Ok(text) => {
                    self.held.push_str(text);
                    self.bytes.clear();
                    return;
                }
                Err(error) => {
                    let valid = error.valid_up_to();
                    self.held.push_str(&String::from_utf8_lossy(&self.bytes[..valid]));
                    let Some(wrong) = error.error_len() else {
                        self.bytes.drain(..valid);
                        return;
                    };
                    self.held.push(char::REPLACEMENT_CHARACTER);
                    self.bytes.drain(..valid + wrong);
                }
            }
        }
    }

    /// Bytes at the end of `held` with which a stop string may begin.
    fn longest_beginning(&self) -> usize {
        let beginning = |stop: &&str| {
            let most = self.held.len().min(stop.len() - 1);
            (1..=most).rev().find(|length| {
                stop.is_char_boundary(*length)
                    && self.held.is_char_boundary(self.held.len() - length)
                    && self.held.ends_with(&stop[..*length])
            })
        };
        self.stops.iter().filter_map(beginning).max().unwrap_or(0)
    }
}

/// Small models fall into loops that would go on until the token limit.
#[derive(Default)]
pub struct LoopGuard {
    tokens: Vec<u32>,
    /// Where each run of tokens was seen last, and how often without overlap.
    seen: HashMap<[u32; LOOP], (usize, u32)>,
}

impl LoopGuard {
    /// Whether the answer goes in circles with this token.
    pub fn circles(&mut self, token: u32) -> bool {
        self.tokens.push(token);
        let Some(run) = self.tokens.last_chunk::<LOOP>() else { return false };
        let end = self.tokens.len();
        let (last, count) = self.seen.entry(*run).or_insert((end, 0));
        if *count == 0 || end - *last >= LOOP {
            *last = end;
            *count += 1;
        }
        *count >= ROUNDS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every piece that is shown, and whether a stop string ended it.
    fn shown(stops: &[&str], pieces: &[&[u8]]) -> (Vec<String>, bool) {
        let stops: Vec<String> = stops.iter().map(|stop| (*stop).to_owned()).collect();
        let mut stream = TextStream::new(&stops);
        let mut shown = Vec::new();
        for piece in pieces {
            match stream.push(piece) {
                Step::Text(text) => shown.push(text),
                Step::Stop(text) => {
                    shown.push(text);
                    return (shown, true);
                }
            }
        }
        shown.push(stream.finish());
        (shown, false)
    }

    #[test]
    fn only_whole_characters_are_shown() {
        let euro = "€".as_bytes();
        assert_eq!(shown(&[], &[b"a", &euro[..1], &euro[1..2], &euro[2..], b"b"]).0, ["a", "", "", "€", "b", ""]);
        assert_eq!(shown(&[], &[b"a\xFFb"]).0, ["a\u{FFFD}b", ""]);
        assert_eq!(shown(&[], &[b"a", &euro[..2]]).0.concat(), "a\u{FFFD}");
    }

    #[test]
    fn nothing_of_a_stop_string_is_shown() {
        assert_eq!(
            shown(&["\n\nQ:"], &[b"yes", b"\n", b"\nQ", b": more"]),
            (vec!["yes".into(), "".into(), "".into(), "".into()], true)
        );
        assert_eq!(shown(&["\n\nQ:"], &[b"yes\n", b"no"]), (vec!["yes".into(), "\nno".into(), "".into()], false));
        assert_eq!(shown(&["END"], &[b"aEN", b"Eb"]), (vec!["a".into(), "ENEb".into(), "".into()], false));
        assert_eq!(shown(&["END"], &[b"aEN"]), (vec!["a".into(), "EN".into()], false));
        assert_eq!(shown(&["abc", "b"], &[b"xa", b"b"]), (vec!["x".into(), "a".into()], true));
        assert_eq!(shown(&[""], &[b"x"]), (vec!["x".into(), "".into()], false));
    }

    #[test]
    fn circles_are_seen_after_the_third_round() {
        fn after(tokens: impl Iterator<Item = u32>) -> Option<usize> {
            let mut guard = LoopGuard::default();
            tokens.take(500).position(|token| guard.circles(token)).map(|at| at + 1)
        }
        assert_eq!(after((0..).map(|_| 5)), Some(72), "one token again and again");
        assert_eq!(after((0..).map(|i| i % 24)), Some(72));
        assert_eq!(after((0..).map(|i| i % 40)), Some(104));
        assert_eq!(after((0..).map(|i| i % 240)), None, "500 tokens are two rounds of 240");
        assert_eq!(after(0..), None);
    }
}
