//! The chat template of the weights, rendered around the words of the conversation without letting them into it.

use super::{
    error::LoadError,
    gguf::Gguf,
    tokenizer::{GgufTokenizer, Part},
};
use engine::{
    ports::ModelError,
    prompt::{ChatRole, Prompt},
};
use minijinja::{Environment, ErrorKind, context};
use serde::Serialize;
use std::path::Path;

/// Renders a prompt and cuts it into tokens.
pub struct ChatTemplate {
    environment: Environment<'static>,
}

const NAME: &str = "chat";

#[derive(Serialize)]
struct Message {
    role: &'static str,
    content: String,
}

impl ChatTemplate {
    pub fn open(path: &Path) -> Result<Self, LoadError> {
        Self::read(&Gguf::open(path)?)
    }

    pub(super) fn read(gguf: &Gguf) -> Result<Self, LoadError> {
        let source = gguf.text("tokenizer.chat_template").ok_or_else(|| gguf.missing("tokenizer.chat_template"))?;
        Self::parse(source).map_err(|error| gguf.format_error(format!("`tokenizer.chat_template`: {error:#}")))
    }

    fn parse(source: &str) -> Result<Self, minijinja::Error> {
        let mut environment = Environment::new();
        // As the templates expect it: block tags take their line with them, and Python's string methods are there.
        environment.set_trim_blocks(true);
        environment.set_lstrip_blocks(true);
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function("raise_exception", |message: String| -> Result<String, minijinja::Error> {
            Err(minijinja::Error::new(ErrorKind::InvalidOperation, message))
        });
        // Always the same day: a date in the prompt would change its first tokens, and with them the cache.
        environment.add_function("strftime_now", |_format: String| "2024-01-01");
        environment.add_template_owned(NAME, source.to_owned())?;
        Ok(Self { environment })
    }

    /// The tokens of a prompt. The template sees a mark in place of each text, so that it is the only one who can
    /// say `<|im_end|>`.
    pub fn encode(&self, prompt: &Prompt, tokenizer: &GgufTokenizer) -> Result<Vec<u32>, ModelError> {
        let failed = |reason: String| ModelError::Failed(format!("the chat template: {reason}"));
        let mut texts: Vec<&str> = Vec::new();
        let mut messages = Vec::new();
        let mut add = |role, text| {
            texts.push(text);
            messages.push(Message { role, content: mark(texts.len() - 1) });
        };
        if !prompt.system.is_empty() {
            add("system", prompt.system.as_str());
        }
        for message in &prompt.messages {
            let role = match message.role {
                ChatRole::User => "user",
                ChatRole::Assistant => "assistant",
            };
            add(role, message.text.as_str());
        }
        let (bos_token, eos_token) = tokenizer.begin_and_end_names();
        let template = self.environment.get_template(NAME).map_err(|error| failed(format!("{error:#}")))?;
        let rendered = template
            .render(
                context! { messages, bos_token, eos_token, add_generation_prompt => true, enable_thinking => false },
            )
            .map_err(|error| failed(format!("{error:#}")))?;

        let mut parts = Vec::new();
        let mut rest = rendered.as_str();
        let mut seen = vec![false; texts.len()];
        while let Some((before, at, after)) = next_mark(rest) {
            let text = texts.get(at).ok_or_else(|| failed(format!("there is no text {at}")))?;
            parts.extend([Part::Template(before), Part::Text(text)]);
            seen[at] = true;
            rest = after;
        }
        parts.push(Part::Template(rest));
        if let Some(lost) = seen.iter().position(|seen| !seen) {
            return Err(failed(format!("it leaves out message {lost} of {}", texts.len())));
        }
        let mut ids = Vec::new();
        tokenizer.encode(&parts, &mut ids).map_err(|error| ModelError::Failed(format!("the tokenizer: {error}")))?;
        if let Some(begin) = tokenizer.begin().filter(|begin| ids.first() != Some(begin)) {
            ids.insert(0, begin);
        }
        Ok(ids)
    }
}

/// Characters of the private use area, which no template has.
const OPEN: char = '\u{F0000}';
const CLOSE: char = '\u{F0001}';

fn mark(text: usize) -> String {
    format!("{OPEN}{text}{CLOSE}")
}

/// What stands before the next mark, the text that it stands for, and what follows.
fn next_mark(rendered: &str) -> Option<(&str, usize, &str)> {
    let (before, rest) = rendered.split_once(OPEN)?;
    let (number, after) = rest.split_once(CLOSE)?;
    Some((before, number.parse().ok()?, after))
}
