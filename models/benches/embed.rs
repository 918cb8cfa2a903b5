//! Texts per second of an embedder, as one JSON line.
//!
//!     cargo bench -p models --bench embed -- --models DIR --texts TEXTS.jsonl [--model minilm-l6] [--limit 512]
//!         [--threads 2] [--batch-tokens 256] [--repeat 3] [--engine ours|candle] [--dump FILE]
//!
//! Each line of TEXTS has a field `text`. The time covers tokenizing to normalized vectors; one pass is not
//! counted, then the median of the repeats. `candle` is candle's own BertModel, texts sorted by length, batches
//! of 32 padded to their longest (its threads are RAYON_NUM_THREADS). Run it on an idle machine;
//! `peers/embed_bench.py` measures others on the same texts.
#![expect(clippy::print_stdout, reason = "a bench prints its result")]

use candle_core::{DType, Device, Tensor};
use candle_transformers::models::bert;
use engine::ports::Embedder;
use models::{
    catalog::{BertShape, Catalog},
    embedder::BertEmbedder,
    encoder::EncoderConfig,
    tokenizer::{TextTokenizer, Tokens},
    weights::{ModelDir, PulledModel},
};
use std::{collections::HashMap, error::Error, time::Instant};

const BATCH: usize = 32;

fn main() -> Result<(), Box<dyn Error>> {
    let mut options: HashMap<String, String> = HashMap::new();
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(name) = arguments.next() {
        options.insert(name.clone(), arguments.next().ok_or(format!("{name} lacks its value"))?);
    }
    let Some((models, texts)) = options.get("--models").zip(options.get("--texts")) else {
        // `cargo test` runs benches as well; there is nothing to measure then.
        return Ok(());
    };
    let number = |name: &str, default: usize| options.get(name).map_or(Ok(default), |value| value.parse());
    let (threads, repeat) = (number("--threads", 2)?, number("--repeat", 3)?);
    let engine = options.get("--engine").map_or("ours", String::as_str);
    let catalog = Catalog::shipped()?;
    let entry = catalog.get(options.get("--model").map_or("minilm-l6", String::as_str))?;
    let files = ModelDir::new(models).installed(entry)?;
    let rules = entry.text.as_ref().ok_or("not an embedder")?;
    let tokenizer = TextTokenizer::load(files.file("tokenizer.json").ok_or("no tokenizer")?, rules.max_tokens)?;
    let texts = read(texts, number("--limit", usize::MAX)?)?;
    let tokens: usize = texts.iter().filter_map(|text| tokenizer.one(text).ok()).map(|text| text.len()).sum();

    type Embed = dyn Fn() -> Result<Vec<Vec<f32>>, Box<dyn Error>>;
    let embed: Box<Embed> = match engine {
        "ours" => {
            let batch_tokens = number("--batch-tokens", EncoderConfig::standard(threads).batch_tokens)?;
            let config = EncoderConfig { batch_tokens, ..EncoderConfig::standard(threads) };
            let embedder = BertEmbedder::load(entry, &files, config)?;
            let runtime = tokio::runtime::Builder::new_current_thread().build()?;
            let texts = texts.clone();
            Box::new(move || {
                let vectors = runtime.block_on(embedder.embed_passages(&texts))?;
                Ok(vectors.into_iter().map(|vector| vector.values).collect())
            })
        }
        "candle" => {
            let model = candle_model(&files, entry.bert.as_ref().ok_or("not a BERT")?)?;
            let texts = texts.clone();
            Box::new(move || candle_embed(&model, &tokenizer, &texts))
        }
        other => return Err(format!("--engine {other}: ours or candle").into()),
    };
    let mut vectors = embed()?;
    let mut seconds = Vec::new();
    for _ in 0..repeat {
        let began = Instant::now();
        vectors = embed()?;
        seconds.push(began.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    let median = seconds[seconds.len() / 2];
    if let Some(file) = options.get("--dump") {
        let lines: Vec<String> = vectors.iter().take(8).map(serde_json::to_string).collect::<Result<_, _>>()?;
        std::fs::write(file, lines.join("\n"))?;
    }
    let line = serde_json::json!({
        "engine": engine, "model": entry.name, "threads": threads, "texts": texts.len(), "tokens": tokens,
        "seconds": median, "all_seconds": seconds,
        "texts_per_s": texts.len() as f64 / median, "tokens_per_s": tokens as f64 / median,
    });
    println!("{line}");
    Ok(())
}

fn read(file: &str, limit: usize) -> Result<Vec<String>, Box<dyn Error>> {
    let text = std::fs::read_to_string(file)?;
    text.lines()
        .take(limit)
        .map(|line| {
            let value: serde_json::Value = serde_json::from_str(line)?;
            Ok(value["text"].as_str().ok_or("a line has no field `text`")?.to_owned())
        })
        .collect()
}

fn candle_model(files: &PulledModel, shape: &BertShape) -> Result<bert::BertModel, Box<dyn Error>> {
    let config = bert::Config {
        vocab_size: shape.vocab,
        hidden_size: shape.hidden,
        num_hidden_layers: shape.layers,
        num_attention_heads: shape.heads,
        intermediate_size: shape.intermediate,
        max_position_embeddings: shape.positions,
        type_vocab_size: shape.types,
        ..bert::Config::default()
    };
    let tensors = candle_core::safetensors::load(files.weights(), &Device::Cpu)?;
    let tensors = candle_nn::VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
    Ok(bert::BertModel::load(tensors, &config)?)
}

fn candle_embed(
    model: &bert::BertModel,
    tokenizer: &TextTokenizer,
    texts: &[String],
) -> Result<Vec<Vec<f32>>, Box<dyn Error>> {
    let tokens: Vec<Tokens> = texts.iter().map(|text| tokenizer.one(text)).collect::<Result<_, _>>()?;
    let mut order: Vec<usize> = (0..tokens.len()).collect();
    order.sort_by_key(|&index| tokens[index].len());
    let mut vectors = vec![Vec::new(); tokens.len()];
    for batch in order.chunks(BATCH) {
        let longest = batch.iter().map(|&index| tokens[index].len()).max().unwrap_or(0);
        let padded = |values: &[u32]| values.iter().copied().chain(std::iter::repeat(0)).take(longest).collect();
        let rows: Vec<Vec<u32>> = batch.iter().map(|&index| padded(&tokens[index].ids)).collect();
        let mask: Vec<Vec<u32>> = batch.iter().map(|&index| padded(&vec![1; tokens[index].len()])).collect();
        let ids = Tensor::new(rows, &Device::Cpu)?;
        let mask = Tensor::new(mask, &Device::Cpu)?;
        let hidden = model.forward(&ids, &ids.zeros_like()?, Some(&mask))?;
        let weights = mask.to_dtype(DType::F32)?.unsqueeze(2)?;
        let mean = hidden.broadcast_mul(&weights)?.sum(1)?.broadcast_div(&weights.sum(1)?)?;
        let vector = mean.broadcast_div(&mean.sqr()?.sum_keepdim(1)?.sqrt()?)?.to_vec2()?;
        for (&index, vector) in batch.iter().zip(vector) {
            vectors[index] = vector;
        }
    }
    Ok(vectors)
}
