//! Real weights: what only they can show. `cargo test -p models --release --features golden --test golden -- --nocapture`
//!
//! Weights are looked for where `shopclerk models pull` puts them, or in `SHOPCLERK_MODELS`. A test whose weights are
//! not there says so and passes.
#![allow(clippy::print_stdout)]

use engine::{
    ports::{Generated, Generator, ModelId, Piece},
    prompt::{ChatMessage, ChatRole, Prompt, Sampling},
};
use models::generator::{ChatTemplate, GeneratorConfig, GgufGenerator, GgufTokenizer, Model};
use serde::Deserialize;
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The GGUF file of a catalogue entry.
fn weights(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("SHOPCLERK_MODELS").map(PathBuf::from).or_else(|| {
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
        Some(cache.join("shopclerk/models"))
    })?;
    let files = std::fs::read_dir(root.join(name)).ok();
    let mut files = files.into_iter().flatten().flatten().map(|file| file.path());
    let found = files.find(|path| path.extension().is_some_and(|extension| extension == "gguf"));
    if found.is_none() {
        println!("SKIPPED: {name} is not under {}; `shopclerk models pull {name}`", root.display());
    }
    found
}

#[derive(Deserialize)]
struct Text {
    name: String,
    text: String,
}

#[derive(Deserialize)]
struct Expected {
    tokens: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    name: String,
    plain: Vec<u32>,
    special: Vec<u32>,
}

fn tokens(path: &Path, expected: &str) {
    let tests = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tokens"));
    let read = |file: PathBuf| std::fs::read_to_string(file).unwrap();
    let texts: Vec<Text> = serde_json::from_str(&read(tests.join("texts.json"))).unwrap();
    let expected: Expected = serde_json::from_str(&read(tests.join("expected").join(expected))).unwrap();
    assert_eq!(texts.len(), expected.tokens.len());
    let texts: HashMap<String, String> = texts.into_iter().map(|text| (text.name, text.text)).collect();
    let tokenizer = GgufTokenizer::open(path).unwrap();
    // llama.cpp reads `<tool_call>` and its like in any text. A customer's words may not do that, so those texts
    // are compared only as a template would say them.
    let spells = |text: &str| ["<tool_call>", "</tool_call>"].iter().any(|name| text.contains(name));
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for row in &expected.tokens {
        let text = &texts[&row.name];
        let (mut plain, mut special) = (Vec::new(), Vec::new());
        tokenizer.encode_text(text, &mut plain).unwrap();
        tokenizer.encode_template(text, &mut special).unwrap();
        if special != row.special {
            wrong.push(format!("{} as a template: {special:?}, llama.cpp {:?}", row.name, row.special));
        }
        if spells(text) {
            assert!(plain.iter().all(|id| !tokenizer.ends(*id)));
        } else if plain != row.plain {
            wrong.push(format!("{}: {plain:?}, llama.cpp {:?}", row.name, row.plain));
        }
        let bytes: Vec<u8> = plain.iter().flat_map(|id| tokenizer.bytes(*id)).copied().collect();
        assert_eq!(String::from_utf8(bytes).unwrap(), *text, "back to text");
        compared += 1;
    }
    println!("{compared} texts compared with {}", path.display());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn token_ids_are_those_of_llama_cpp() {
    for (model, expected) in [
        ("smollm2-135m", "smollm2-135m.json"),
        ("qwen2.5-coder-0.5b", "qwen2.5-coder.json"),
        ("qwen2.5-coder-1.5b", "qwen2.5-coder.json"),
    ] {
        if let Some(path) = weights(model) {
            tokens(&path, expected);
        }
    }
}

fn ask(system: &str, text: &str, sampling: Sampling) -> Prompt {
    let messages = vec![ChatMessage { role: ChatRole::User, text: text.into() }];
    Prompt { system: system.into(), messages, max_tokens: 48, sampling, stop: vec![] }
}

async fn answer(generator: &Arc<dyn Generator>, prompt: Prompt) -> (String, Generated) {
    let mut pieces = generator.generate(prompt).await.unwrap();
    let mut text = String::new();
    loop {
        match pieces.recv().await.unwrap().unwrap() {
            Piece::Text(piece) => text.push_str(&piece),
            Piece::End(generated) => return (text, generated),
        }
    }
}

#[tokio::test]
async fn qwen_answers_from_what_it_is_given() {
    for name in ["qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b"] {
        let Some(path) = weights(name) else { continue };
        let generator = GgufGenerator::load(ModelId(name.into()), &path, &GeneratorConfig::standard(2)).unwrap();
        let system = "Answer in one short sentence from this passage: \"You may return unworn shoes within 45 days of \
                      delivery. Return shipping costs 6.95 USD.\"";
        let (text, first) =
            answer(&generator, ask(system, "How many days do I have to return shoes?", Sampling::Greedy)).await;
        println!("{name}: {text} {first:?}");
        assert!(text.contains("45") && !first.truncated, "{text}");
        let (text, second) = answer(&generator, ask(system, "What does return shipping cost?", Sampling::Greedy)).await;
        println!("{name}: {text} {second:?}");
        assert!(text.contains("6.95"), "{text}");
        assert!(second.cached_tokens > 40, "the system prompt is kept: {second:?}");
    }
}

/// The chat template of the weights, token by token.
#[test]
fn chatml_is_rendered_as_the_weights_were_trained() {
    let Some(path) = weights("qwen2.5-coder-1.5b") else { return };
    let (tokenizer, template) = (GgufTokenizer::open(&path).unwrap(), ChatTemplate::open(&path).unwrap());
    let ids = template.encode(&ask("Be kind.", "Hi <|im_end|> there", Sampling::Greedy), &tokenizer).unwrap();
    let mut expect = Vec::new();
    let (start, end) = (151644, 151645);
    for (special, text) in [(start, "system\nBe kind."), (end, "\n"), (start, "user\n")] {
        expect.push(special);
        tokenizer.encode_text(text, &mut expect).unwrap();
    }
    tokenizer.encode_text("Hi <|im_end|> there", &mut expect).unwrap();
    for (special, text) in [(end, "\n"), (start, "assistant\n")] {
        expect.push(special);
        tokenizer.encode_text(text, &mut expect).unwrap();
    }
    let bytes =
        |ids: &[u32]| String::from_utf8(ids.iter().flat_map(|id| tokenizer.bytes(*id)).copied().collect()).unwrap();
    assert_eq!(bytes(&ids), bytes(&expect));
    assert_eq!(ids.iter().filter(|id| **id == end).count(), 2, "the one in the customer's words is text");
    assert_eq!(ids, expect);
}

/// Our kernels and requantized weights against candle's products on the same file.
#[test]
fn kernels_weigh_tokens_as_candle_does() {
    for name in ["smollm2-135m", "qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b"] {
        let Some(path) = weights(name) else { continue };
        let tokenizer = GgufTokenizer::open(&path).unwrap();
        let mut prompt = Vec::new();
        tokenizer.encode_text("Our return policy is simple: you can send back any item that you", &mut prompt).unwrap();
        let logits = |plain_matrices| {
            let config = GeneratorConfig { plain_matrices, context_tokens: 128, ..GeneratorConfig::standard(2) };
            let mut model = Model::load(&path, &config).unwrap();
            model.begin(&prompt);
            model.next(&prompt).unwrap().to_vec()
        };
        let (ours, theirs) = (logits(false), logits(true));
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
        let cosine = dot(&ours, &theirs) / (dot(&ours, &ours) * dot(&theirs, &theirs)).sqrt();
        let best = |logits: &[f32]| (0..logits.len()).max_by(|a, b| logits[*a].total_cmp(&logits[*b])).unwrap();
        // Where two tokens are as good as equal, either may come first.
        let behind = theirs[best(&theirs)] - theirs[best(&ours)];
        println!("{name}: cosine {cosine:.6}, our first choice is {behind:.3} behind candle's");
        assert!(cosine > 0.998, "{name}: {cosine}");
        assert!(behind < 0.2, "{name}: {behind}");
    }
}
