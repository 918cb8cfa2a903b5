//! Gemma 3 on small files with random weights, beside candle's model of it; not run on real weights.

mod tiny_gguf;

use candle_core::{
    DType, Device, Tensor,
    quantized::{GgmlDType, gguf_file::Value},
};
use candle_nn::{Activation, VarBuilder};
use candle_transformers::models::gemma3;
use engine::{
    ports::{Generated, ModelId, Piece},
    prompt::{ChatMessage, ChatRole, Prompt, Sampling},
};
use models::generator::{GeneratorConfig, GgufGenerator, Model};
use std::collections::HashMap;
use tiny_gguf::{CONTEXT, SIZES, Sizes, TinyGguf, Written};

/// Five layers with a window, and one that sees everything.
const SIX: Sizes = Sizes { layers: 6, ..SIZES };
const WINDOW: usize = 8;

fn config() -> GeneratorConfig {
    GeneratorConfig { context_tokens: CONTEXT, ..GeneratorConfig::standard(2) }
}

/// Gemma's output is its embeddings.
fn tiny(dtype: GgmlDType) -> TinyGguf {
    let mut tiny = TinyGguf::model("gemma3", SIX, dtype, 12);
    tiny.tensors.remove("output.weight");
    tiny.metadata.insert("gemma3.rope.freq_base".into(), Value::F32(1_000_000.0));
    tiny
}

fn tokens(count: usize, seed: u64) -> Vec<u32> {
    let mut random = tiny_gguf::Random(seed);
    (0..count).map(|_| ((random.next() + 1.0) * 128.0) as u32).collect()
}

/// Candle's gemma3 for safetensors. Token by token, so that its cache holds just the window.
fn stock(tiny: &TinyGguf, prompt: &[u32]) -> Vec<f32> {
    let mut tensors = HashMap::new();
    for (name, tensor) in &tiny.tensors {
        let floats = tensor.dequantize(&Device::Cpu).unwrap();
        // A GGUF file has the 1 in its norms already.
        let floats = if name.contains("norm") { (floats - 1.0).unwrap() } else { floats };
        let name = match name.strip_prefix("blk.").and_then(|rest| rest.split_once('.')) {
            None => name.replace("token_embd", "model.embed_tokens").replace("output_norm", "model.norm"),
            Some((layer, part)) => {
                let part = match part.trim_end_matches(".weight") {
                    "attn_q" => "self_attn.q_proj",
                    "attn_k" => "self_attn.k_proj",
                    "attn_v" => "self_attn.v_proj",
                    "attn_output" => "self_attn.o_proj",
                    "attn_q_norm" => "self_attn.q_norm",
                    "attn_k_norm" => "self_attn.k_norm",
                    "attn_norm" => "input_layernorm",
                    "post_attention_norm" => "post_attention_layernorm",
                    "ffn_norm" => "pre_feedforward_layernorm",
                    "post_ffw_norm" => "post_feedforward_layernorm",
                    "ffn_gate" => "mlp.gate_proj",
                    "ffn_up" => "mlp.up_proj",
                    "ffn_down" => "mlp.down_proj",
                    other => panic!("{other}"),
                };
                format!("model.layers.{layer}.{part}.weight")
            }
        };
        tensors.insert(name, floats);
    }
    let sizes = gemma3::Config {
        attention_bias: false,
        head_dim: SIX.head,
        hidden_activation: Activation::GeluPytorchTanh,
        hidden_size: SIX.hidden,
        intermediate_size: SIX.feed_forward,
        num_attention_heads: SIX.heads,
        num_hidden_layers: SIX.layers,
        num_key_value_heads: SIX.kv_heads,
        rms_norm_eps: 1e-6,
        rope_theta: 1_000_000.0,
        rope_local_base_freq: 10_000.0,
        vocab_size: 264,
        final_logit_softcapping: None,
        attn_logit_softcapping: None,
        query_pre_attn_scalar: SIX.head,
        sliding_window: WINDOW,
        sliding_window_pattern: 6,
        max_position_embeddings: CONTEXT,
    };
    let weights = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
    let mut model = gemma3::Model::new(false, &sizes, weights).unwrap();
    let mut logits = Vec::new();
    for (position, token) in prompt.iter().enumerate() {
        let input = Tensor::new(&[[*token]], &Device::Cpu).unwrap();
        logits = model.forward(&input, position).unwrap().flatten_all().unwrap().to_vec1().unwrap();
    }
    logits
}

/// The weights of the next token, when the prompt is read in pieces of this many.
fn ours(file: &Written, prompt: &[u32], piece: usize) -> Vec<f32> {
    let mut model = Model::load(&file.path, &config()).unwrap();
    model.begin(prompt);
    let (last, before) = prompt.split_last().unwrap();
    for part in before.chunks(piece) {
        model.read(part).unwrap();
    }
    model.next(&[*last]).unwrap().to_vec()
}

#[test]
fn the_decoder_is_candles() {
    let tiny = tiny(GgmlDType::F32);
    let file = tiny.write();
    // Within the window, and far beyond it.
    for count in [5, 60] {
        let prompt = tokens(count, 2);
        let expect = stock(&tiny, &prompt);
        let found = ours(&file, &prompt, 128);
        let largest = expect.iter().fold(0f32, |largest, x| largest.max(x.abs()));
        let worst = found.iter().zip(&expect).fold(0f32, |worst, (a, b)| worst.max((a - b).abs())) / largest;
        assert!(worst < 1e-4, "{count} tokens: {worst}");
    }
}

#[test]
fn a_prompt_means_the_same_in_any_pieces_and_after_any_other() {
    let file = tiny(GgmlDType::Q8_0).write();
    let prompt = tokens(90, 1);
    let at_once = ours(&file, &prompt, 128);
    for piece in [1, 7, 64] {
        assert_eq!(ours(&file, &prompt, piece), at_once, "in pieces of {piece}");
    }
    let mut model = Model::load(&file.path, &config()).unwrap();
    let other = [&prompt[..50], &tokens(20, 3)].concat();
    model.begin(&other);
    model.next(&other).unwrap();
    assert_eq!(model.begin(&prompt), 50, "the common beginning is known");
    assert_eq!(model.next(&prompt[50..]).unwrap(), at_once);
}

async fn answer(file: &Written, sampling: Sampling) -> (String, Generated) {
    let generator = GgufGenerator::load(ModelId("tiny@0".into()), &file.path, &config()).unwrap();
    let messages = vec![ChatMessage { role: ChatRole::User, text: "Where is my order? 😀".into() }];
    let prompt = Prompt { system: "Be short.".into(), messages, max_tokens: 40, sampling, stop: vec![] };
    let mut pieces = generator.generate(prompt).await.unwrap();
    let mut text = String::new();
    loop {
        match pieces.recv().await.expect("the last piece is the end").unwrap() {
            Piece::Text(piece) => text.push_str(&piece),
            Piece::End(generated) => return (text, generated),
        }
    }
}

/// Gemma with its turns, and a llama with SentencePiece's tokens, as Llama 2 has them.
#[tokio::test]
async fn the_same_question_and_seed_give_the_same_text() {
    let pieces =
        [("<start_of_turn>", 3, 0.0), ("<end_of_turn>", 3, 0.0), ("\n", 4, 0.0), ("▁", 1, -2.0), ("e", 1, -3.0)];
    for mut tiny in [tiny(GgmlDType::Q8_0), TinyGguf::model("llama", SIZES, GgmlDType::Q8_0, 8)] {
        tiny.set_pieces(&pieces);
        tiny.metadata.insert("tokenizer.chat_template".into(), Value::String(tiny_gguf::GEMMA.into()));
        let file = tiny.write();
        let seeded = |seed| Sampling::Seeded { seed, temperature: 1.0, top_p: 0.95 };
        let (first, generated) = answer(&file, seeded(1)).await;
        assert!(generated.prompt_tokens > 30 && generated.generated_tokens > 0, "{generated:?}");
        assert!(!first.is_empty());
        assert_eq!(answer(&file, seeded(1)).await.0, first);
        assert_ne!(answer(&file, seeded(2)).await.0, first);
    }
}
