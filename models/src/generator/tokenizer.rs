//! The tokenizer that a GGUF file carries: byte-level BPE with the pre-tokenizers that llama.cpp gives these names.
//!
//! A chat template's own words may name special tokens; what a customer or a document says may not, so there are
//! two ways to encode.

use super::{error::LoadError, gguf::Gguf};
use candle_core::quantized::gguf_file::Value;
use std::{collections::HashMap, path::Path};
use tokenizers::{
    Model, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer, PreTokenizerWrapper,
    SplitDelimiterBehavior,
    models::bpe::BPE,
    pre_tokenizers::{
        byte_level::ByteLevel,
        sequence::Sequence,
        split::{Split, SplitPattern},
    },
};

const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
const QWEN2: &str = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const LLAMA3: &str = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// What a name in `tokenizer.ggml.pre` stands for: the splits one after the other, whether a whole word that is in
/// the vocabulary is taken without looking at the merges, and whether a prompt begins with the BOS token if the file
/// does not say.
struct Kind {
    splits: &'static [&'static str],
    whole_words: bool,
    begin: bool,
}

const KINDS: &str = "gpt-2, smollm, starcoder, refact, command-r, codeshell, qwen2, deepseek-r1-qwen, llama3, \
                     llama-bpe, llama-v3, falcon3, lfm2, smaug-bpe";

fn kind(name: &str) -> Option<Kind> {
    Some(match name {
        "gpt-2" => Kind { splits: &[GPT2], whole_words: false, begin: false },
        // Digits stand alone: order numbers and prices are read one figure at a time.
        "smollm" | "starcoder" | "refact" | "command-r" | "codeshell" => {
            Kind { splits: &[r"\p{N}", GPT2], whole_words: false, begin: false }
        }
        "qwen2" | "deepseek-r1-qwen" => Kind { splits: &[QWEN2], whole_words: false, begin: false },
        "llama3" | "llama-bpe" | "llama-v3" | "falcon3" | "lfm2" => {
            Kind { splits: &[LLAMA3], whole_words: true, begin: true }
        }
        "smaug-bpe" => Kind { splits: &[LLAMA3], whole_words: false, begin: false },
        _ => return None,
    })
}

/// The types of `tokenizer.ggml.token_type`.
const CONTROL: i64 = 3;
const USER_DEFINED: i64 = 4;
const UNUSED: i64 = 5;

/// Tokens that end an answer, by name: some files name only one of theirs in the metadata.
const END_NAMES: [&str; 7] =
    ["<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|end_of_text|>", "<|end|>", "<end_of_turn>", "</s>"];

/// Text to token ids, and token ids to bytes.
pub struct GgufTokenizer {
    bpe: BPE,
    words: PreTokenizerWrapper,
    /// Tokens that stand for themselves in a template, longest first.
    specials: Vec<(String, u32)>,
    /// The bytes of each token; none for control tokens.
    bytes: Vec<Box<[u8]>>,
    names: Vec<String>,
    control: Vec<bool>,
    ends: Vec<u32>,
    begin: Option<u32>,
    end: Option<u32>,
    add_begin: bool,
}

impl GgufTokenizer {
    pub fn open(path: &Path) -> Result<Self, LoadError> {
        Self::read(&Gguf::open(path)?)
    }

    pub(super) fn read(gguf: &Gguf) -> Result<Self, LoadError> {
        let model = gguf.text("tokenizer.ggml.model").ok_or_else(|| gguf.missing("tokenizer.ggml.model"))?;
        if model != "gpt2" {
            return Err(gguf.unsupported("tokenizer.ggml.model", model, "gpt2, which is byte-level BPE"));
        }
        // Without a name llama.cpp guesses, and warns that the output will be worse.
        let pre = gguf.text("tokenizer.ggml.pre").ok_or_else(|| gguf.missing("tokenizer.ggml.pre"))?;
        let kind = kind(pre).ok_or_else(|| gguf.unsupported("tokenizer.ggml.pre", pre, KINDS))?;
        let names = strings(gguf, "tokenizer.ggml.tokens")?;
        let types = match gguf.array("tokenizer.ggml.token_type") {
            Some(types) if types.len() == names.len() => types.iter().map(|value| whole(value).unwrap_or(1)).collect(),
            Some(types) => {
                let reason =
                    format!("`tokenizer.ggml.token_type` has {} entries for {} tokens", types.len(), names.len());
                return Err(gguf.format_error(reason));
            }
            None => vec![1; names.len()],
        };
        let mut merges = Vec::new();
        for merge in strings(gguf, "tokenizer.ggml.merges")? {
            let (left, right) = merge
                .split_once(' ')
                .ok_or_else(|| gguf.format_error(format!("`tokenizer.ggml.merges` has the entry `{merge}`")))?;
            merges.push((left.to_owned(), right.to_owned()));
        }
        // Without the special tokens in it, no ordinary text can become one.
        let vocabulary = names
            .iter()
            .zip(0u32..)
            .zip(&types)
            .filter(|(_, kind)| !matches!(**kind, CONTROL | USER_DEFINED | UNUSED))
            .map(|((name, id), _)| (name.clone(), id))
            .collect::<tokenizers::models::bpe::Vocab>();
        let bpe = BPE::builder()
            .vocab_and_merges(vocabulary, merges)
            .ignore_merges(kind.whole_words)
            .build()
            .map_err(|error| gguf.format_error(format!("its tokenizer: {error}")))?;
        let words = words(kind.splits).map_err(|error| gguf.format_error(format!("its tokenizer: {error}")))?;

        let mut specials: Vec<(String, u32)> = names
            .iter()
            .zip(0u32..)
            .zip(&types)
            .filter(|((name, _), kind)| matches!(**kind, CONTROL | USER_DEFINED) && !name.is_empty())
            .map(|((name, id), _)| (name.clone(), id))
            .collect();
        specials.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));

        let of_character = byte_of_character();
        let bytes = names
            .iter()
            .zip(&types)
            .map(|(name, kind)| match *kind {
                CONTROL | UNUSED => Box::default(),
                USER_DEFINED => name.as_bytes().into(),
                _ => name.chars().filter_map(|character| of_character.get(&character).copied()).collect(),
            })
            .collect();
        let control: Vec<bool> = types.iter().map(|kind| matches!(*kind, CONTROL | UNUSED)).collect();

        let token = |field: &str| -> Result<Option<u32>, LoadError> {
            match gguf.int(field)? {
                Some(id) if id >= names.len() => {
                    Err(gguf.format_error(format!("`{field}` is {id}, of {} tokens", names.len())))
                }
                id => Ok(id.map(|id| id as u32)),
            }
        };
        let end = token("tokenizer.ggml.eos_token_id")?;
        let mut ends: Vec<u32> = end.into_iter().chain(token("tokenizer.ggml.eot_token_id")?).collect();
        ends.extend(specials.iter().filter(|(name, _)| END_NAMES.contains(&name.as_str())).map(|(_, id)| *id));
        let begin = token("tokenizer.ggml.bos_token_id")?;
        let add_begin = gguf.bool("tokenizer.ggml.add_bos_token").unwrap_or(kind.begin) && begin.is_some();
        Ok(Self { bpe, words, specials, bytes, names, control, ends, begin, end, add_begin })
    }

    /// Ordinary text. Nothing in it becomes a special token, whatever it spells.
    pub fn encode_text(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), tokenizers::Error> {
        if text.is_empty() {
            return Ok(());
        }
        let mut words = PreTokenizedString::from(text);
        self.words.pre_tokenize(&mut words)?;
        for (word, _, _) in words.get_splits(OffsetReferential::Original, OffsetType::Byte) {
            ids.extend(self.bpe.tokenize(word)?.into_iter().map(|token| token.id));
        }
        Ok(())
    }

    /// Text of a chat template, in which special tokens stand by name.
    pub fn encode_template(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), tokenizers::Error> {
        let mut rest = text;
        loop {
            let found = self
                .specials
                .iter()
                .filter_map(|(name, id)| rest.find(name.as_str()).map(|at| (at, name.len(), *id)))
                // The first; of several at one place, the longest.
                .min_by_key(|(at, length, _)| (*at, std::cmp::Reverse(*length)));
            let Some((at, length, id)) = found else { return self.encode_text(rest, ids) };
            self.encode_text(&rest[..at], ids)?;
            ids.push(id);
            rest = &rest[at + length..];
        }
    }

    /// What a token adds to the text: bytes, which may be a part of a character.
    pub fn bytes(&self, id: u32) -> &[u8] {
        self.bytes.get(id as usize).map_or(&[], |bytes| bytes)
    }

    /// Whether an answer is over. Every control token counts: after it, the model would play another part.
    pub fn ends(&self, id: u32) -> bool {
        self.ends.contains(&id) || self.control.get(id as usize).copied().unwrap_or(true)
    }

    /// The token that every prompt begins with.
    pub fn begin(&self) -> Option<u32> {
        self.begin.filter(|_| self.add_begin)
    }

    /// `bos_token` and `eos_token` as a chat template knows them.
    pub fn begin_and_end_names(&self) -> (&str, &str) {
        let name = |id: Option<u32>| id.map_or("", |id| self.names[id as usize].as_str());
        (name(self.begin), name(self.end))
    }
}

fn words(splits: &[&str]) -> Result<PreTokenizerWrapper, tokenizers::Error> {
    let mut steps = Vec::new();
    for regex in splits {
        let pattern = SplitPattern::Regex((*regex).to_owned());
        steps.push(Split::new(pattern, SplitDelimiterBehavior::Isolated, false)?.into());
    }
    steps.push(ByteLevel::new(false, false, false).into());
    Ok(Sequence::new(steps).into())
}

fn strings(gguf: &Gguf, field: &str) -> Result<Vec<String>, LoadError> {
    let values = gguf.array(field).ok_or_else(|| gguf.missing(field))?;
    values
        .iter()
        .map(|value| match value {
            Value::String(text) => Ok(text.clone()),
            other => Err(gguf.format_error(format!("`{field}` has the entry {other:?}"))),
        })
        .collect()
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::I8(v) => Some(i64::from(*v)),
        Value::I16(v) => Some(i64::from(*v)),
        Value::I32(v) => Some(i64::from(*v)),
        Value::I64(v) => Some(*v),
        other => other.to_u64().ok().and_then(|v| i64::try_from(v).ok()),
    }
}

/// GPT-2's alphabet: printable bytes are themselves, the others follow from U+0100 on in their order.
fn byte_of_character() -> HashMap<char, u8> {
    let mut next = 0x100;
    (0..=255u8)
        .map(|byte| {
            let character = match byte {
                b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF => char::from(byte),
                _ => {
                    next += 1;
                    char::from_u32(next - 1).expect("a code point below U+0200")
                }
            };
            (character, byte)
        })
        .collect()
}
