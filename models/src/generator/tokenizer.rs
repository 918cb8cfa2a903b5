//! The tokenizer that a GGUF file carries: byte-level BPE or SentencePiece.
//!
//! A chat template's own words may name special tokens; what a customer or a document says may not, so a prompt is
//! encoded in parts that say whose they are.

use super::{
    bpe::{self, Bpe},
    error::LoadError,
    gguf::Gguf,
    specials::Specials,
    spm::{self, Spm},
};
use candle_core::quantized::gguf_file::Value;
use std::path::Path;

/// The types of `tokenizer.ggml.token_type`.
pub const NORMAL: i64 = 1;
pub const CONTROL: i64 = 3;
pub const USER_DEFINED: i64 = 4;
pub const UNUSED: i64 = 5;
pub const BYTE: i64 = 6;

/// Tokens that end an answer, by name: some files name only one of theirs in the metadata.
const END_NAMES: [&str; 7] =
    ["<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|end_of_text|>", "<|end|>", "<end_of_turn>", "</s>"];

/// Text to token ids, and token ids to bytes.
pub struct GgufTokenizer {
    coder: Coder,
    /// Tokens that stand for themselves in a template.
    specials: Specials,
    /// Tokens that stand for themselves in any text.
    blanks: Specials,
    /// The bytes of each token; none for control tokens.
    bytes: Vec<Box<[u8]>>,
    names: Vec<String>,
    control: Vec<bool>,
    ends: Vec<u32>,
    begin: Option<u32>,
    end: Option<u32>,
    add_begin: bool,
}

#[expect(clippy::large_enum_variant, reason = "there is one for each model, not one for each text")]
enum Coder {
    Bpe(Bpe),
    Spm(Spm),
}

/// A part of a prompt, by whose words it is.
#[derive(Clone, Copy, Debug)]
pub enum Part<'a> {
    /// Words of a chat template, in which special tokens stand by name.
    Template(&'a str),
    /// Words of anybody else. Nothing in them becomes a special token, whatever they spell.
    Text(&'a str),
}

impl GgufTokenizer {
    pub fn open(path: &Path) -> Result<Self, LoadError> {
        Self::read(&Gguf::open(path)?)
    }

    pub(super) fn read(gguf: &Gguf) -> Result<Self, LoadError> {
        let model = gguf.text("tokenizer.ggml.model").ok_or_else(|| gguf.missing("tokenizer.ggml.model"))?;
        let mut names = strings(gguf, "tokenizer.ggml.tokens")?;
        let types: Vec<i64> = match gguf.array("tokenizer.ggml.token_type") {
            Some(types) if types.len() == names.len() => {
                types.iter().map(|value| whole(value).unwrap_or(NORMAL)).collect()
            }
            Some(types) => {
                let reason =
                    format!("`tokenizer.ggml.token_type` has {} entries for {} tokens", types.len(), names.len());
                return Err(gguf.format_error(reason));
            }
            None => vec![NORMAL; names.len()],
        };
        let (coder, bytes, begins, default_ids) = match model {
            "gpt2" => {
                let bpe = Bpe::read(gguf, &names, &types)?;
                let begins = bpe.begin;
                (Coder::Bpe(bpe), bpe::bytes_of(&names, &types), begins, (None, None))
            }
            "llama" => {
                let spm = Spm::read(gguf, &names, &types)?;
                let bytes = names.iter().zip(&types).map(|(name, kind)| spm::bytes_of(name, *kind)).collect();
                for (name, _) in names.iter_mut().zip(&types).filter(|(_, kind)| **kind == USER_DEFINED) {
                    *name = spm::written(name);
                }
                (Coder::Spm(spm), bytes, true, (Some(1), Some(2)))
            }
            other => {
                let supported = "gpt2, which is byte-level BPE, or llama, which is SentencePiece";
                return Err(gguf.unsupported("tokenizer.ggml.model", other, supported));
            }
        };
        let of_types = |wanted: &[i64], is: &dyn Fn(&str) -> bool| {
            let tokens = names.iter().zip(0u32..).zip(&types);
            let tokens = tokens.filter(|((name, _), kind)| wanted.contains(kind) && is(name));
            Specials::new(tokens.map(|((name, id), _)| (name.clone(), id)))
        };
        let specials = of_types(&[CONTROL, USER_DEFINED], &|_| true);
        // Gemma's line breaks and runs of spaces are user-defined tokens; they say nothing that a template says.
        let blanks = match coder {
            Coder::Bpe(_) => Specials::new([]),
            Coder::Spm(_) => of_types(&[USER_DEFINED], &|name| name.chars().all(char::is_whitespace)),
        };
        let control: Vec<bool> = types.iter().map(|kind| matches!(*kind, CONTROL | UNUSED)).collect();

        let token = |field: &str, default: Option<usize>| -> Result<Option<u32>, LoadError> {
            match gguf.int(field)?.or(default) {
                Some(id) if id >= names.len() => {
                    Err(gguf.format_error(format!("`{field}` is {id}, of {} tokens", names.len())))
                }
                id => Ok(id.map(|id| id as u32)),
            }
        };
        let begin = token("tokenizer.ggml.bos_token_id", default_ids.0)?;
        let end = token("tokenizer.ggml.eos_token_id", default_ids.1)?;
        let mut ends: Vec<u32> = end.into_iter().chain(token("tokenizer.ggml.eot_token_id", None)?).collect();
        ends.extend(specials.iter().filter(|(name, _)| END_NAMES.contains(name)).map(|(_, id)| id));
        let add_begin = gguf.bool("tokenizer.ggml.add_bos_token").unwrap_or(begins) && begin.is_some();
        Ok(Self { coder, specials, blanks, bytes, names, control, ends, begin, end, add_begin })
    }

    /// Ordinary text. Nothing in it becomes a special token, whatever it spells.
    pub fn encode_text(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), tokenizers::Error> {
        self.encode(&[Part::Text(text)], ids)
    }

    /// Text of a chat template, in which special tokens stand by name.
    pub fn encode_template(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), tokenizers::Error> {
        self.encode(&[Part::Template(text)], ids)
    }

    /// The parts of a prompt, or of its next piece. SentencePiece's tokens reach over the seams between them, as they
    /// did when the model was trained.
    pub fn encode(&self, parts: &[Part], ids: &mut Vec<u32>) -> Result<(), tokenizers::Error> {
        let mut run = String::new();
        for part in parts {
            let (mut rest, names) = match part {
                Part::Template(words) => (*words, &self.specials),
                Part::Text(words) => (*words, &self.blanks),
            };
            while let Some(found) = names.find(rest) {
                run.push_str(&rest[..found.start]);
                self.flush(&mut run, ids)?;
                ids.push(found.id);
                rest = &rest[found.start + found.length..];
            }
            run.push_str(rest);
            if let Coder::Bpe(_) = self.coder {
                self.flush(&mut run, ids)?;
            }
        }
        self.flush(&mut run, ids)
    }

    fn flush(&self, run: &mut String, ids: &mut Vec<u32>) -> Result<(), tokenizers::Error> {
        if run.is_empty() {
            return Ok(());
        }
        match &self.coder {
            Coder::Bpe(bpe) => bpe.encode(run, ids)?,
            Coder::Spm(spm) => {
                let first = ids.last().is_none_or(|last| self.specials.iter().any(|(_, id)| id == *last));
                spm.encode(run, first, ids);
            }
        }
        run.clear();
        Ok(())
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

pub fn strings(gguf: &Gguf, field: &str) -> Result<Vec<String>, LoadError> {
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
