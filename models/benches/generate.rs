//! Tokens per second of one GGUF file: `cargo bench -p models --bench generate -- --model FILE --threads 2
//! --prefill 256 --decode 32 [--repeat 5] [--stock | --plain] [--text FILE] [--ids]`. One JSON line.
//!
//! The same text and the same counts as `peers/llama_bench.mjs`: the first N tokens of a text until the first greedy
//! token is there, then M greedy tokens one at a time; one run that is not counted, then medians. `--stock` measures
//! candle's own model on the same file, `--plain` our decoder with candle's products. Run it on an idle machine.
#![allow(clippy::print_stdout)]

use candle_core::{Device, IndexOp, Tensor, quantized::gguf_file};
use candle_transformers::models::{quantized_llama, quantized_qwen2};
use models::generator::{GeneratorConfig, GgufTokenizer, Model};
use std::{fs::File, path::PathBuf, time::Instant};

struct Arguments {
    model: PathBuf,
    text: PathBuf,
    threads: usize,
    prefill: usize,
    decode: usize,
    repeat: usize,
    stock: bool,
    plain: bool,
    ids: bool,
}

impl Arguments {
    fn parse() -> Result<Self, String> {
        let mut parsed = Self {
            model: PathBuf::new(),
            text: PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/prefill.txt")),
            threads: 2,
            prefill: 256,
            decode: 32,
            repeat: 5,
            stock: false,
            plain: false,
            ids: false,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(name) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{name} needs a value"));
            let number = |text: String| text.parse().map_err(|_| format!("{text} is not a number"));
            match name.as_str() {
                "--model" => parsed.model = value()?.into(),
                "--text" => parsed.text = value()?.into(),
                "--threads" => parsed.threads = number(value()?)?,
                "--prefill" => parsed.prefill = number(value()?)?,
                "--decode" => parsed.decode = number(value()?)?,
                "--repeat" => parsed.repeat = number(value()?)?,
                "--stock" => parsed.stock = true,
                "--plain" => parsed.plain = true,
                "--ids" => parsed.ids = true,
                // What cargo adds by itself.
                "--bench" => {}
                other => return Err(format!("unknown argument {other}")),
            }
        }
        if parsed.model.as_os_str().is_empty() {
            return Err("--model FILE is missing".into());
        }
        Ok(parsed)
    }
}

/// One run: seconds to the first token, seconds for the rest, the tokens.
type Run = (f64, f64, Vec<u32>);

fn greedy(logits: &[f32]) -> u32 {
    let best = (0..logits.len()).max_by(|a, b| logits[*a].total_cmp(&logits[*b]).then(b.cmp(a)));
    best.expect("a vocabulary has tokens") as u32
}

fn ours(model: &mut Model, prompt: &[u32], decode: usize) -> Outcome<Run> {
    model.forget();
    let start = Instant::now();
    model.begin(prompt);
    let (last, before) =
        prompt.rchunks(model.piece()).next().map(|last| (last, &prompt[..prompt.len() - last.len()])).unwrap();
    for piece in before.chunks(model.piece()) {
        model.read(piece)?;
    }
    let mut ids = vec![greedy(model.next(last)?)];
    let first = start.elapsed().as_secs_f64();
    while ids.len() <= decode {
        let token = greedy(model.next(&ids[ids.len() - 1..])?);
        ids.push(token);
    }
    Ok((first, start.elapsed().as_secs_f64() - first, ids))
}

enum Stock {
    Qwen2(quantized_qwen2::ModelWeights),
    Llama(quantized_llama::ModelWeights),
}

impl Stock {
    fn load(arguments: &Arguments) -> Outcome<Self> {
        let mut file = File::open(&arguments.model)?;
        let content = gguf_file::Content::read(&mut file)?;
        let architecture = content.metadata.get("general.architecture").map(|name| name.to_string().cloned());
        match architecture.transpose()?.as_deref() {
            Some("qwen2") => {
                Ok(Self::Qwen2(quantized_qwen2::ModelWeights::from_gguf(content, &mut file, &Device::Cpu)?))
            }
            Some("llama") => {
                Ok(Self::Llama(quantized_llama::ModelWeights::from_gguf(content, &mut file, &Device::Cpu)?))
            }
            other => Err(format!("no stock model for {other:?}").into()),
        }
    }

    fn forward(&mut self, ids: &[u32], position: usize) -> candle_core::Result<Vec<f32>> {
        let input = Tensor::new(ids, &Device::Cpu)?.unsqueeze(0)?;
        match self {
            Self::Qwen2(model) => model.forward(&input, position),
            Self::Llama(model) => model.forward(&input, position),
        }?
        .i(0)?
        .to_vec1()
    }

    fn run(&mut self, prompt: &[u32], decode: usize) -> Outcome<Run> {
        let start = Instant::now();
        let mut ids = vec![greedy(&self.forward(prompt, 0)?)];
        let first = start.elapsed().as_secs_f64();
        while ids.len() <= decode {
            let position = prompt.len() + ids.len() - 1;
            let token = greedy(&self.forward(&ids[ids.len() - 1..], position)?);
            ids.push(token);
        }
        Ok((first, start.elapsed().as_secs_f64() - first, ids))
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

/// Highest memory of this process so far, in MB (10^6 bytes), where the system says it.
fn peak_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some((kib * 1.024).round() / 1000.0)
}

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let arguments = Arguments::parse()?;
    let tokenizer = GgufTokenizer::open(&arguments.model)?;
    let mut prompt = Vec::new();
    tokenizer.encode_text(&std::fs::read_to_string(&arguments.text)?, &mut prompt)?;
    if prompt.len() < arguments.prefill {
        return Err(format!("the text has {} tokens, not {}", prompt.len(), arguments.prefill).into());
    }
    prompt.truncate(arguments.prefill);

    let started = Instant::now();
    let mut run: Box<dyn FnMut() -> Outcome<Run>> = if arguments.stock {
        // SAFETY: no other thread is running yet. Candle reads it when it starts its threads.
        unsafe { std::env::set_var("RAYON_NUM_THREADS", arguments.threads.to_string()) };
        let mut stock = Stock::load(&arguments)?;
        let (prompt, decode) = (prompt.clone(), arguments.decode);
        Box::new(move || stock.run(&prompt, decode))
    } else {
        // SAFETY: as above; `--plain` runs on candle's threads.
        unsafe { std::env::set_var("RAYON_NUM_THREADS", arguments.threads.to_string()) };
        let config = GeneratorConfig {
            context_tokens: arguments.prefill + arguments.decode + 8,
            cached_prompts: 1,
            plain_matrices: arguments.plain,
            ..GeneratorConfig::standard(arguments.threads)
        };
        let mut model = Model::load(&arguments.model, &config)?;
        let (prompt, decode) = (prompt.clone(), arguments.decode);
        Box::new(move || ours(&mut model, &prompt, decode))
    };
    let load = started.elapsed().as_secs_f64();
    run()?;
    let runs: Vec<Run> = (0..arguments.repeat.max(1)).map(|_| run()).collect::<Result<_, _>>()?;
    let round = |value: f64| (value * 100.0).round() / 100.0;
    let prefill: Vec<f64> = runs.iter().map(|run| arguments.prefill as f64 / run.0).collect();
    let decode: Vec<f64> = runs.iter().map(|run| arguments.decode as f64 / run.1).collect();
    let mut report = serde_json::json!({
        "engine": if arguments.stock { "stock candle" } else if arguments.plain { "ours, candle's products" } else { "ours" },
        "model": arguments.model.file_name().map(|name| name.to_string_lossy()),
        "threads": arguments.threads,
        "prefill_tokens": arguments.prefill,
        "decode_tokens": arguments.decode,
        "prefill_tok_s": round(median(prefill.clone())),
        "decode_tok_s": round(median(decode.clone())),
        "runs": prefill.iter().zip(&decode).map(|(p, d)| [round(*p), round(*d)]).collect::<Vec<_>>(),
        "load_s": round(load),
        "peak_mb": peak_mb(),
    });
    if arguments.ids {
        report["ids"] = serde_json::json!(runs[0].2);
        let bytes: Vec<u8> = runs[0].2.iter().flat_map(|id| tokenizer.bytes(*id)).copied().collect();
        report["text"] = serde_json::json!(String::from_utf8_lossy(&bytes));
    }
    println!("{report}");
    Ok(())
}
