//! What must hold for a generator whatever its weights are, on small files with random ones.

mod tiny_gguf;

use candle_core::{
    Device, IndexOp, Tensor,
    quantized::GgmlDType,
    quantized::gguf_file::{Content, Value},
};
use candle_transformers::models::{quantized_llama, quantized_qwen2, quantized_qwen3};
use engine::{
    ports::{Generated, Generator, ModelError, ModelId, Piece},
    prompt::{ChatMessage, ChatRole, Prompt, Sampling},
};
use models::generator::{GeneratorConfig, GgufGenerator, LoadError, Model};
use std::{fs::File, path::Path, sync::Arc, time::Duration};
use tiny_gguf::{CONTEXT, SIZES, TinyGguf, WIDE, Written};
use tokio::sync::mpsc::Receiver;

fn config() -> GeneratorConfig {
    GeneratorConfig { context_tokens: CONTEXT, ..GeneratorConfig::standard(2) }
}

fn model(file: &Written) -> Model {
    Model::load(&file.path, &config()).unwrap()
}

fn tokens(count: usize, seed: u64) -> Vec<u32> {
    let mut random = tiny_gguf::Random(seed);
    (0..count).map(|_| ((random.next() + 1.0) * 128.0) as u32).collect()
}

/// The weights of the next token after a prompt that is read from its first token.
fn fresh(model: &mut Model, prompt: &[u32]) -> Vec<f32> {
    model.forget();
    model.begin(prompt);
    let whole = (prompt.len() - 1) / model.piece() * model.piece();
    for piece in prompt[..whole].chunks(model.piece()) {
        model.read(piece).unwrap();
    }
    model.next(&prompt[whole..]).unwrap().to_vec()
}

/// Largest difference over the largest number.
fn difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let largest = b.iter().fold(0f32, |largest, x| largest.max(x.abs()));
    a.iter().zip(b).fold(0f32, |worst, (a, b)| worst.max((a - b).abs())) / largest
}

#[test]
fn a_prompt_means_the_same_in_any_pieces() {
    for (architecture, sizes, dtype) in [
        ("llama", SIZES, GgmlDType::Q8_0),
        ("qwen2", SIZES, GgmlDType::Q5_0),
        ("qwen3", SIZES, GgmlDType::F32),
        ("qwen2", WIDE, GgmlDType::Q4K),
        ("qwen2", WIDE, GgmlDType::Q6K),
    ] {
        let file = TinyGguf::model(architecture, sizes, dtype, 3).write();
        let mut model = model(&file);
        let prompt = tokens(150, 1);
        let at_once = fresh(&mut model, &prompt);
        for piece in [1, 7, 64] {
            model.forget();
            model.begin(&prompt);
            for part in prompt[..149].chunks(piece) {
                model.read(part).unwrap();
            }
            let in_pieces = model.next(&prompt[149..]).unwrap();
            assert_eq!(in_pieces, at_once, "{architecture} {dtype:?} in pieces of {piece}");
        }
    }
}

#[test]
fn a_known_beginning_changes_nothing() {
    let file = TinyGguf::model("qwen2", SIZES, GgmlDType::Q8_0, 4).write();
    let mut model = model(&file);
    let system = tokens(40, 1);
    let prompts: Vec<Vec<u32>> = (2..7).map(|seed| [&system[..], &tokens(20, seed)].concat()).collect();
    let expect: Vec<Vec<f32>> = prompts.iter().map(|prompt| fresh(&mut model, prompt)).collect();
    model.forget();
    // Twice, so that every prompt also meets the memory of all the others.
    for (round, (prompt, expect)) in prompts.iter().zip(&expect).chain(prompts.iter().zip(&expect)).enumerate() {
        let cached = model.begin(prompt);
        assert!(if round == 0 { cached == 0 } else { cached >= 40 }, "prompt {round} knew {cached} tokens");
        assert_eq!(model.next(&prompt[cached..]).unwrap(), expect, "prompt {round} with {cached} known tokens");
    }
}

/// Candle's own models, which hold every matrix as floats or multiply it with their own kernels.
fn stock(path: &Path, architecture: &str, prompt: &[u32]) -> Vec<f32> {
    let mut file = File::open(path).unwrap();
    let content = Content::read(&mut file).unwrap();
    let input = Tensor::new(prompt, &Device::Cpu).unwrap().unsqueeze(0).unwrap();
    let logits = match architecture {
        "llama" => {
            quantized_llama::ModelWeights::from_gguf(content, &mut file, &Device::Cpu).unwrap().forward(&input, 0)
        }
        "qwen2" => {
            quantized_qwen2::ModelWeights::from_gguf(content, &mut file, &Device::Cpu).unwrap().forward(&input, 0)
        }
        _ => quantized_qwen3::ModelWeights::from_gguf(content, &mut file, &Device::Cpu).unwrap().forward(&input, 0),
    };
    let logits = logits.unwrap().i(0).unwrap();
    // qwen3 keeps the dimension of the position.
    logits.flatten_all().unwrap().to_vec1().unwrap()
}

#[test]
fn the_decoder_is_candles() {
    // Candle's qwen3 calculates its rotary turns in sixteen bits.
    for (architecture, tolerance) in [("llama", 1e-5), ("qwen2", 1e-5), ("qwen3", 3e-3)] {
        let file = TinyGguf::model(architecture, SIZES, GgmlDType::F32, 5).write();
        let prompt = tokens(30, 2);
        let ours = fresh(&mut model(&file), &prompt);
        let difference = difference(&ours, &stock(&file.path, architecture, &prompt));
        assert!(difference < tolerance, "{architecture}: {difference}");
    }
}

/// Half attention, half convolution, run by candle: a prompt that is asked again gets the same answer, and so does one
/// that follows another.
#[test]
fn lfm2_starts_anew_with_every_prompt() {
    let mut tiny = TinyGguf::model("lfm2", SIZES, GgmlDType::Q8_0, 11);
    let heads = Value::Array(vec![Value::U32(SIZES.kv_heads as u32), Value::U32(0)]);
    tiny.metadata.insert("lfm2.attention.head_count_kv".into(), heads);
    tiny.metadata.insert("lfm2.shortconv.l_cache".into(), Value::U32(3));
    let mut random = tiny_gguf::Random(1);
    for (name, rows, columns, dtype) in [
        ("blk.1.shortconv.in_proj.weight", 3 * SIZES.hidden, SIZES.hidden, GgmlDType::Q8_0),
        ("blk.1.shortconv.out_proj.weight", SIZES.hidden, SIZES.hidden, GgmlDType::Q8_0),
        ("blk.1.shortconv.conv.weight", SIZES.hidden, 3, GgmlDType::F32),
    ] {
        tiny.matrix(name, rows, columns, dtype, &mut random);
    }
    let file = tiny.write();
    let mut model = model(&file);
    let prompt = tokens(30, 2);
    let first = fresh(&mut model, &prompt);
    fresh(&mut model, &tokens(17, 3));
    assert_eq!(model.begin(&prompt), 0, "nothing is kept");
    assert_eq!(model.next(&prompt).unwrap(), first);
    model.begin(&prompt);
    model.next(&prompt[..29]).unwrap();
    let one_more = model.next(&prompt[29..]).unwrap();
    assert!(difference(one_more, &first) < 0.02, "the last token alone: {}", difference(one_more, &first));
}

/// A tied output, and a divisor for each rotary frequency, as Llama 3.2 has them. Candle reads no divisors, so the
/// second part compares with positions that are divided as a whole.
#[test]
fn a_tied_output_and_divided_frequencies() {
    let mut tiny = TinyGguf::model("llama", SIZES, GgmlDType::F32, 6);
    tiny.tensors.remove("output.weight");
    let file = tiny.write();
    let prompt = tokens(30, 2);
    let plain = fresh(&mut model(&file), &prompt);
    assert!(difference(&plain, &stock(&file.path, "llama", &prompt)) < 1e-5);

    tiny.metadata.insert("llama.rope.scaling.type".into(), Value::String("linear".into()));
    tiny.metadata.insert("llama.rope.scaling.factor".into(), Value::F32(4.0));
    let linear = fresh(&mut model(&tiny.write()), &prompt);
    tiny.metadata.insert("llama.rope.scaling.type".into(), Value::String("none".into()));
    let divisors = Tensor::full(4f32, 8, &Device::Cpu).unwrap();
    let divisors = candle_core::quantized::QTensor::quantize(&divisors, GgmlDType::F32).unwrap();
    tiny.tensors.insert("rope_freqs.weight".into(), divisors);
    let divided = fresh(&mut model(&tiny.write()), &prompt);
    assert!(difference(&linear, &plain) > 1e-3, "the factor has an effect");
    assert!(difference(&divided, &linear) < 1e-5);
}

/// Everything that is lost on the way: tokens as eight-bit numbers, and Q8_0 in place of the smaller types. Trained
/// weights lose less: their sums do not cancel as random ones do.
#[test]
fn quantized_weights_answer_like_the_floats_that_they_stand_for() {
    for (sizes, dtype, tolerance) in [
        (SIZES, GgmlDType::Q8_0, 0.05),
        (SIZES, GgmlDType::Q5_0, 0.05),
        (SIZES, GgmlDType::Q5_1, 0.05),
        (SIZES, GgmlDType::Q4_1, 0.05),
        (SIZES, GgmlDType::F16, 0.05),
        (WIDE, GgmlDType::Q4K, 0.05),
        (WIDE, GgmlDType::Q6K, 0.05),
    ] {
        let tiny = TinyGguf::model("qwen2", sizes, dtype, 7);
        let prompt = tokens(30, 2);
        let floats = fresh(&mut model(&tiny.as_floats().write()), &prompt);
        let file = tiny.write();
        let ours = difference(&fresh(&mut model(&file), &prompt), &floats);
        assert!(ours < tolerance, "{dtype:?}: {ours}");
        let plain = GeneratorConfig { plain_matrices: true, ..config() };
        let plain = difference(&fresh(&mut Model::load(&file.path, &plain).unwrap(), &prompt), &floats);
        assert!(plain < tolerance, "{dtype:?} without our kernels: {plain}");
    }
}

#[test]
fn broken_files_say_what_is_wrong() {
    let whole = TinyGguf::model("qwen2", SIZES, GgmlDType::Q8_0, 1);
    let check = |change: &dyn Fn(&mut TinyGguf), expect: &str| {
        let mut tiny = TinyGguf {
            metadata: whole.metadata.clone(),
            tensors: TinyGguf::model("qwen2", SIZES, GgmlDType::Q8_0, 1).tensors,
        };
        change(&mut tiny);
        let file = tiny.write();
        let error =
            GgufGenerator::load(ModelId("tiny@0".into()), &file.path, &config()).err().expect(expect).to_string();
        assert!(error.contains(expect) && error.contains("tiny.gguf"), "{error}\nlacks: {expect}");
    };
    let text = |text: &str| Value::String(text.into());
    check(
        &|t| drop(t.metadata.insert("general.architecture".into(), text("mamba"))),
        "`mamba` is not supported; take a model of one of: llama, qwen2",
    );
    check(&|t| drop(t.metadata.insert("tokenizer.ggml.pre".into(), text("tekken"))), "`tokenizer.ggml.pre` is tekken");
    check(&|t| drop(t.metadata.insert("tokenizer.ggml.model".into(), text("bert"))), "`tokenizer.ggml.model` is bert");
    check(&|t| drop(t.metadata.remove("tokenizer.chat_template")), "has no `tokenizer.chat_template`");
    check(&|t| drop(t.metadata.insert("tokenizer.chat_template".into(), text("{% if"))), "tokenizer.chat_template");
    check(
        &|t| drop(t.metadata.insert("qwen2.rope.scaling.type".into(), text("yarn"))),
        "`qwen2.rope.scaling.type` is yarn",
    );
    check(&|t| drop(t.metadata.remove("qwen2.block_count")), "has no `qwen2.block_count`");
    check(
        &|t| drop(t.metadata.insert("qwen2.feed_forward_length".into(), Value::U32(96))),
        "`blk.0.ffn_gate.weight` is [128, 64]",
    );
    check(&|t| drop(t.tensors.remove("blk.1.attn_k.weight")), "has no `blk.1.attn_k.weight`");
    check(
        &|t| drop(t.metadata.insert("qwen2.context_length".into(), Value::U32(100))),
        "`context_tokens` is 512; it must be at most the 100",
    );

    let file = whole.write();
    let bytes = std::fs::read(&file.path).unwrap();
    std::fs::write(&file.path, &bytes[..bytes.len() - 5000]).unwrap();
    let error = Model::load(&file.path, &config()).err().unwrap().to_string();
    assert!(error.contains("it ends inside the tensor"), "{error}");
    let none = GeneratorConfig { threads: 0, ..config() };
    assert!(matches!(Model::load(&file.path, &none), Err(LoadError::Config { field: "threads", .. })));
}

fn prompt(text: &str, max_tokens: usize, sampling: Sampling) -> Prompt {
    let messages = vec![ChatMessage { role: ChatRole::User, text: text.into() }];
    Prompt { system: "Be short.".into(), messages, max_tokens, sampling, stop: Vec::new() }
}

fn generator(file: &Written, queue: usize) -> Arc<dyn Generator> {
    GgufGenerator::load(ModelId("tiny@0".into()), &file.path, &GeneratorConfig { queue, ..config() }).unwrap()
}

async fn answer(mut pieces: Receiver<Result<Piece, ModelError>>) -> (String, Generated) {
    let mut text = String::new();
    loop {
        match pieces.recv().await.expect("the last piece is the end").unwrap() {
            Piece::Text(piece) => {
                assert!(!piece.is_empty());
                text.push_str(&piece);
            }
            Piece::End(generated) => {
                assert!(pieces.recv().await.is_none(), "nothing follows the end");
                return (text, generated);
            }
        }
    }
}

fn seeded(seed: u64) -> Sampling {
    Sampling::Seeded { seed, temperature: 1.0, top_p: 0.95 }
}

#[tokio::test]
async fn the_same_question_and_seed_give_the_same_text() {
    let file = TinyGguf::model("llama", SIZES, GgmlDType::Q8_0, 8).write();
    let (one, two) = (generator(&file, 4), generator(&file, 4));
    for sampling in [Sampling::Greedy, seeded(1)] {
        let ask = |generator: Arc<dyn Generator>| async move {
            answer(generator.generate(prompt("Where is my order?", 40, sampling)).await.unwrap()).await
        };
        let first = ask(one.clone()).await;
        let again = ask(one.clone()).await;
        let other = ask(two.clone()).await;
        assert_eq!(first.0, again.0, "{sampling:?} with a known prompt");
        assert_eq!(first.0, other.0, "{sampling:?} in another process");
        assert_eq!(again.1.cached_tokens + 1, again.1.prompt_tokens);
    }
    let text = |seed| {
        let one = one.clone();
        async move { answer(one.generate(prompt("Where is my order?", 40, seeded(seed))).await.unwrap()).await.0 }
    };
    assert_ne!(text(1).await, text(2).await);
}

#[tokio::test]
async fn an_answer_ends_at_its_limit_or_before_a_stop_string() {
    let file = TinyGguf::model("qwen2", SIZES, GgmlDType::Q8_0, 9).write();
    let generator = generator(&file, 4);
    let ask = async |stop: Vec<String>, max_tokens| {
        let prompt = Prompt { stop, ..prompt("Hello", max_tokens, seeded(3)) };
        answer(generator.generate(prompt).await.unwrap()).await
    };
    let (whole, generated) = ask(vec![], 30).await;
    assert_eq!(generated.generated_tokens, 30);
    assert!(generated.truncated);
    let (short, _) = ask(vec![], 10).await;
    assert!(whole.starts_with(short.trim_end_matches(char::REPLACEMENT_CHARACTER)), "{whole:?} {short:?}");
    // Two characters from the middle of the answer.
    let characters: Vec<(usize, char)> = whole.char_indices().collect();
    let stop: String = characters[8..10].iter().map(|(_, character)| character).collect();
    let (stopped, generated) = ask(vec!["not in it".into(), stop.clone()], 30).await;
    assert_eq!(stopped, whole[..whole.find(&stop).unwrap()]);
    assert!(!generated.truncated && generated.generated_tokens < 30);
    let (nothing, generated) = ask(vec![], 0).await;
    assert_eq!((nothing.as_str(), generated.generated_tokens), ("", 0));
}

#[tokio::test]
async fn a_prompt_that_leaves_no_room_for_the_answer_is_refused() {
    let file = TinyGguf::model("qwen2", SIZES, GgmlDType::Q8_0, 9).write();
    let generator = generator(&file, 4);
    let error = generator.generate(prompt(&"x".repeat(450), 64, Sampling::Greedy)).await.unwrap_err();
    assert!(matches!(error, ModelError::InputTooLong { tokens, limit: 448 } if tokens > 450), "{error:?}");
    assert!(generator.generate(prompt(&"x".repeat(350), 64, Sampling::Greedy)).await.is_ok());
}

/// Waits until the thread takes jobs again, which it must do long before the dropped answer would have ended.
#[tokio::test]
async fn whoever_goes_away_frees_the_thread_and_a_full_queue_says_so() {
    let file = TinyGguf::model("llama", WIDE, GgmlDType::F32, 10).write();
    let generator = generator(&file, 1);
    // Endless in practice: 400 tokens of a seeded answer that has no limit worth naming.
    let long = || prompt("Tell me everything", 400, seeded(5));
    let mut running = generator.generate(long()).await.unwrap();
    running.recv().await.unwrap().unwrap();
    let waiting = generator.generate(long()).await.unwrap();
    assert_eq!(generator.generate(long()).await.unwrap_err(), ModelError::Overloaded);
    drop(running);
    drop(waiting);
    let mut tries = 0;
    let last = loop {
        match generator.generate(prompt("Hi", 3, Sampling::Greedy)).await {
            Ok(pieces) => break pieces,
            Err(error) => assert_eq!(error, ModelError::Overloaded),
        }
        tries += 1;
        assert!(tries < 500, "the thread is still busy");
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    // What was asked by those who left was not written to its end: the prompt that is known best is not theirs.
    assert_eq!(answer(last).await.1.generated_tokens, 3);
}
