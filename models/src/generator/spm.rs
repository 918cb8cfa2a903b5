//! SentencePiece's tokens, merged as llama.cpp merges them: of all neighbours that are a token together, those with
//! the highest score first. Compared with llama.cpp on a made vocabulary; not run on the vocabulary of real weights.

use super::{
    error::LoadError,
    gguf::Gguf,
    tokenizer::{BYTE, NORMAL, USER_DEFINED},
};
use candle_core::quantized::gguf_file::Value;
use std::{
    cmp::Ordering,
    collections::{BinaryHeap, HashMap},
};

/// What a space is called in the vocabulary.
const SPACE: char = '\u{2581}';

pub struct Spm {
    /// Tokens that text can become, each with its score.
    pieces: HashMap<String, (u32, f32)>,
    /// The token of each byte, for what is no piece.
    bytes: Vec<u32>,
    /// Whether text at the start or after a special token gets a space before it.
    space_first: bool,
}

impl Spm {
    /// `names` and `types` are those of all the tokens.
    pub fn read(gguf: &Gguf, names: &[String], types: &[i64]) -> Result<Self, LoadError> {
        let field = "tokenizer.ggml.scores";
        let scores = gguf.array(field).ok_or_else(|| gguf.missing(field))?;
        if scores.len() != names.len() {
            return Err(gguf.format_error(format!(
                "`{field}` has {} entries for {} tokens",
                scores.len(),
                names.len()
            )));
        }
        let mut pieces = HashMap::with_capacity(names.len());
        let mut bytes = vec![None; 256];
        for (((name, score), kind), id) in names.iter().zip(scores).zip(types).zip(0u32..) {
            match *kind {
                // Control, user-defined, unused and unknown tokens are left out: no text can become one.
                NORMAL => {
                    let Value::F32(score) = score else {
                        return Err(gguf.format_error(format!("`{field}` has the entry {score:?}")));
                    };
                    // -0 is 0 in a comparison.
                    pieces.insert(name.clone(), (id, score + 0.0));
                }
                BYTE => match byte(name) {
                    Some(byte) => bytes[usize::from(byte)] = Some(id),
                    None => return Err(gguf.format_error(format!("the byte token {id} is called `{name}`"))),
                },
                _ => {}
            }
        }
        let bytes = bytes
            .into_iter()
            .zip(0u32..)
            .map(|(id, byte)| id.ok_or_else(|| gguf.format_error(format!("it has no token `<0x{byte:02X}>`"))))
            .collect::<Result<_, _>>()?;
        let space_first = gguf.bool("tokenizer.ggml.add_space_prefix").unwrap_or(true);
        Ok(Self { pieces, bytes, space_first })
    }

    /// Ordinary text. `first` says that it stands at the start or after a special token.
    pub fn encode(&self, text: &str, first: bool, ids: &mut Vec<u32>) {
        let mut spelled = String::with_capacity(text.len() * 2);
        if first && self.space_first {
            spelled.push(SPACE);
        }
        spelled.extend(text.chars().map(|character| if character == ' ' { SPACE } else { character }));
        for symbol in self.merge(&spelled) {
            match self.pieces.get(symbol) {
                Some((id, _)) => ids.push(*id),
                None => ids.extend(symbol.bytes().map(|byte| self.bytes[usize::from(byte)])),
            }
        }
    }

    fn merge<'a>(&self, text: &'a str) -> Vec<&'a str> {
        let ends = text.char_indices().map(|(start, character)| (start, start + character.len_utf8()));
        let mut symbols: Vec<Symbol> = ends
            .enumerate()
            .map(|(index, (start, end))| Symbol { start, end, left: index.checked_sub(1), right: Some(index + 1) })
            .collect();
        if let Some(last) = symbols.last_mut() {
            last.right = None;
        }
        let mut pairs = BinaryHeap::new();
        for right in 1..symbols.len() {
            pairs.extend(self.pair(text, &symbols, right - 1, right));
        }
        while let Some(Pair { left, right, end, .. }) = pairs.pop() {
            // One of the two has become a part of something else since.
            if symbols[left].is_gone() || symbols[left].right != Some(right) || symbols[right].end != end {
                continue;
            }
            let after = symbols[right].right;
            symbols[right].end = symbols[right].start;
            symbols[left].end = end;
            symbols[left].right = after;
            if let Some(after) = after {
                symbols[after].left = Some(left);
                pairs.extend(self.pair(text, &symbols, left, after));
            }
            if let Some(before) = symbols[left].left {
                pairs.extend(self.pair(text, &symbols, before, left));
            }
        }
        symbols.iter().filter(|symbol| !symbol.is_gone()).map(|symbol| &text[symbol.start..symbol.end]).collect()
    }

    /// Two neighbours, if they are a token together.
    fn pair(&self, text: &str, symbols: &[Symbol], left: usize, right: usize) -> Option<Pair> {
        let end = symbols[right].end;
        let (_, score) = self.pieces.get(&text[symbols[left].start..end])?;
        Some(Pair { score: *score, left, right, end })
    }
}

/// What a token adds to the text.
pub fn bytes_of(name: &str, kind: i64) -> Box<[u8]> {
    match kind {
        NORMAL | USER_DEFINED => written(name).into_bytes().into(),
        BYTE => byte(name).into_iter().collect(),
        _ => Box::default(),
    }
}

/// A name as text: with spaces.
pub fn written(name: &str) -> String {
    name.replace(SPACE, " ")
}

/// The byte that a token like `<0x0A>` stands for.
fn byte(name: &str) -> Option<u8> {
    let digits = name.strip_prefix("<0x")?.strip_suffix('>')?;
    if digits.len() == 2 { u8::from_str_radix(digits, 16).ok() } else { None }
}

/// Characters that belong together by now; none once they are part of the symbol on the left.
struct Symbol {
    start: usize,
    end: usize,
    left: Option<usize>,
    right: Option<usize>,
}

impl Symbol {
    fn is_gone(&self) -> bool {
        self.start == self.end
    }
}

struct Pair {
    score: f32,
    left: usize,
    right: usize,
    /// Where the right one ended when the pair was found.
    end: usize,
}

impl Ord for Pair {
    /// The highest score, and of equal ones the leftmost.
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then(other.left.cmp(&self.left)).then(other.end.cmp(&self.end))
    }
}

impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Pair {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Pair {}
