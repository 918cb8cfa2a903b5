//! Text to the token ids of an encoder.

use engine::ports::ModelError;
use std::path::Path;
use tokenizers::{Encoding, TruncationParams};

/// A text as an encoder sees it, never padded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    pub ids: Vec<u32>,
    /// Segment of each token: 0, or 1 in the second text of a pair.
    pub types: Vec<u32>,
    /// What the tokenizer added ([CLS], [SEP]): true.
    pub special: Vec<bool>,
}

impl Tokens {
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

impl From<Encoding> for Tokens {
    fn from(encoding: Encoding) -> Self {
        Self {
            ids: encoding.get_ids().to_vec(),
            types: encoding.get_type_ids().to_vec(),
            special: encoding.get_special_tokens_mask().iter().map(|&mask| mask == 1).collect(),
        }
    }
}

/// `tokenizer.json` of an encoder, with our own limit instead of the one in the file.
pub struct TextTokenizer {
    tokenizer: tokenizers::Tokenizer,
}

/// A tokenizer that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{file} is not a tokenizer: {reason}")]
pub struct TokenizerError {
    pub file: String,
    pub reason: String,
}

impl TextTokenizer {
    /// Texts are cut at `max_tokens`, special tokens included; of a pair the longer one is cut first.
    pub fn load(file: &Path, max_tokens: usize) -> Result<Self, TokenizerError> {
        let broken =
            |error: tokenizers::Error| TokenizerError { file: file.display().to_string(), reason: error.to_string() };
        let mut tokenizer = tokenizers::Tokenizer::from_file(file).map_err(broken)?;
        let truncation = TruncationParams { max_length: max_tokens, ..TruncationParams::default() };
        tokenizer.with_truncation(Some(truncation)).map_err(broken)?;
        // The shipped file of minilm-l6 pads every text to 128 tokens.
        tokenizer.with_padding(None);
        Ok(Self { tokenizer })
    }

    /// Ids that a text can have are below this.
    pub fn vocabulary(&self) -> usize {
        self.tokenizer.get_vocab_size(true)
    }

    pub fn one(&self, text: &str) -> Result<Tokens, ModelError> {
        self.tokenizer.encode_fast(text, true).map(Tokens::from).map_err(failed)
    }

    pub fn pair(&self, first: &str, second: &str) -> Result<Tokens, ModelError> {
        self.tokenizer.encode_fast((first, second), true).map(Tokens::from).map_err(failed)
    }
}

fn failed(error: tokenizers::Error) -> ModelError {
    ModelError::Failed(format!("the text could not be tokenized: {error}"))
}
