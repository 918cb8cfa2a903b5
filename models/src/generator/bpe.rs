//! Byte-level BPE, with the pre-tokenizers that llama.cpp gives these names.

use super::{
    error::LoadError,
    gguf::Gguf,
    tokenizer::{CONTROL, UNUSED, USER_DEFINED, strings},
};
use std::collections::HashMap;
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

pub struct Bpe {
    merges: BPE,
    words: PreTokenizerWrapper,
    /// Whether a prompt begins with the BOS token if the file does not say.
    pub begin: bool,
}

impl Bpe {
    /// `names` and `types` are those of all the tokens.
    pub fn read(gguf: &Gguf, names: &[String], types: &[i64]) -> Result<Self, LoadError> {
        // Without a name llama.cpp guesses, and warns that the output will be worse.
        let pre = gguf.text("tokenizer.ggml.pre").ok_or_else(|| gguf.missing("tokenizer.ggml.pre"))?;
        let kind = kind(pre).ok_or_else(|| gguf.unsupported("tokenizer.ggml.pre", pre, KINDS))?;
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
            .zip(types)
            .filter(|(_, kind)| !matches!(**kind, CONTROL | USER_DEFINED | UNUSED))
            .map(|((name, id), _)| (name.clone(), id))
            .collect::<tokenizers::models::bpe::Vocab>();
        let merges = BPE::builder()
            .vocab_and_merges(vocabulary, merges)
            .ignore_merges(kind.whole_words)
            .build()
            .map_err(|error| gguf.format_error(format!("its tokenizer: {error}")))?;
        let words = words(kind.splits).map_err(|error| gguf.format_error(format!("its tokenizer: {error}")))?;
        Ok(Self { merges, words, begin: kind.begin })
    }

    /// Ordinary text.
    pub fn encode(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), tokenizers::Error> {
        let mut words = PreTokenizedString::from(text);
        self.words.pre_tokenize(&mut words)?;
        for (word, _, _) in words.get_splits(OffsetReferential::Original, OffsetType::Byte) {
            ids.extend(self.merges.tokenize(word)?.into_iter().map(|token| token.id));
        }
        Ok(())
    }
}

/// What each token adds to the text.
pub fn bytes_of(names: &[String], types: &[i64]) -> Vec<Box<[u8]>> {
    let of_character = byte_of_character();
    names
        .iter()
        .zip(types)
        .map(|(name, kind)| match *kind {
            CONTROL | UNUSED => Box::default(),
            USER_DEFINED => name.as_bytes().into(),
            _ => name.chars().filter_map(|character| of_character.get(&character).copied()).collect(),
        })
        .collect()
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
