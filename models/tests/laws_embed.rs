//! Laws of the encoders, on tiny models with seeded weights: the same numbers as candle's own model, batch
//! equals single, neighbours change nothing, and an asker who hangs up costs nothing.

use candle_core::{DType, Device, Tensor};
use candle_transformers::models::{bert, xlm_roberta};
use engine::ports::{Embedder, ModelError, Reranker};
use models::{
    catalog::{Catalog, Entry},
    embedder::BertEmbedder,
    encoder::EncoderConfig,
    reranker::{CrossEncoder, LateInteraction},
    tokenizer::TextTokenizer,
    weights::{ModelDir, PulledModel, Unwatched},
};
use std::{collections::HashMap, path::Path, time::Instant};

const WORDS: [&str; 20] = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "can", "i", "return", "the", "shoes", "within", "days", "of", "delivery",
    "final", "sale", "is", "not", "money", "back", "?",
];
const HIDDEN: usize = 24;
const HEADS: usize = 3;
const WIDE: usize = 40;
const LAYERS: usize = 2;
const POSITIONS: usize = 32;
const TEXTS: [&str; 7] = [
    "can i return the shoes ?",
    "final sale",
    "the money is not back within days of delivery of the shoes the shoes the shoes",
    "shoes",
    "return within days of delivery the final sale is not money back ?",
    "",
    "i can not return",
];

/// The same numbers in every run and on every machine.
struct Seeded(u64);

impl Seeded {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 40) as f32 / (1u64 << 24) as f32 - 0.5) * 0.6
    }

    fn tensor(&mut self, shape: &[usize]) -> Tensor {
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| self.next()).collect();
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Embedder,
    BertClassifier,
    XlmRobertaClassifier,
}

struct Tiny {
    _dir: tempfile::TempDir,
    entry: Entry,
    files: PulledModel,
}

fn sha256(path: &Path) -> (u64, String) {
    use sha2::Digest;
    let bytes = std::fs::read(path).unwrap();
    (bytes.len() as u64, sha2::Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A model on disk, as a user's own would be.
fn tiny(kind: Kind, pooling: &str) -> Tiny {
    let mut seeded = Seeded(7);
    let prefix = match kind {
        Kind::Embedder => "",
        Kind::BertClassifier => "bert.",
        Kind::XlmRobertaClassifier => "roberta.",
    };
    let types = if kind == Kind::XlmRobertaClassifier { 1 } else { 2 };
    let mut tensors = HashMap::new();
    let mut add = |name: String, shape: &[usize]| tensors.insert(name, seeded.tensor(shape));
    for (table, rows) in [("word", WORDS.len()), ("position", POSITIONS), ("token_type", types)] {
        add(format!("{prefix}embeddings.{table}_embeddings.weight"), &[rows, HIDDEN]);
    }
    let mut both = |name: &str, out: usize, input: &[usize]| {
        add(format!("{name}.weight"), &[&[out], input].concat());
        add(format!("{name}.bias"), &[out]);
    };
    both(&format!("{prefix}embeddings.LayerNorm"), HIDDEN, &[]);
    for layer in 0..LAYERS {
        let name = format!("{prefix}encoder.layer.{layer}");
        for part in ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"] {
            both(&format!("{name}.{part}"), HIDDEN, &[HIDDEN]);
        }
        both(&format!("{name}.attention.output.LayerNorm"), HIDDEN, &[]);
        both(&format!("{name}.intermediate.dense"), WIDE, &[HIDDEN]);
        both(&format!("{name}.output.dense"), HIDDEN, &[WIDE]);
        both(&format!("{name}.output.LayerNorm"), HIDDEN, &[]);
    }
    match kind {
        Kind::Embedder => {}
        Kind::BertClassifier => {
            both("bert.pooler.dense", HIDDEN, &[HIDDEN]);
            both("classifier", 1, &[HIDDEN]);
        }
        Kind::XlmRobertaClassifier => {
            both("classifier.dense", HIDDEN, &[HIDDEN]);
            both("classifier.out_proj", 1, &[HIDDEN]);
        }
    }

    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("tiny");
    std::fs::create_dir(&folder).unwrap();
    candle_core::safetensors::save(&tensors, folder.join("model.safetensors")).unwrap();
    std::fs::write(folder.join("tokenizer.json"), tokenizer_json()).unwrap();
    let entry = entry(&folder, kind, pooling, types);
    let files = ModelDir::new(dir.path()).verify(&entry, &Unwatched).unwrap();
    Tiny { _dir: dir, entry, files }
}

fn entry(folder: &Path, kind: Kind, pooling: &str, types: usize) -> Entry {
    let (role, architecture, first, eps) = match kind {
        Kind::Embedder => ("embedder", "bert", 0, "1e-12"),
        Kind::BertClassifier => ("reranker", "bert", 0, "1e-12"),
        Kind::XlmRobertaClassifier => ("reranker", "xlm-roberta", 1, "1e-5"),
    };
    let file = |name: &str| {
        let (bytes, sha256) = sha256(&folder.join(name));
        format!("{{ name = '{name}', bytes = {bytes}, sha256 = '{sha256}' }}")
    };
    let text = format!(
        "[[model]]\nname = 'tiny'\nrole = '{role}'\narchitecture = '{architecture}'\nlicence = 'MIT'\ntried = true\n\
         description = ''\nfiles = [{}, {}]\n\
         bert = {{ vocab = {}, hidden = {HIDDEN}, layers = {LAYERS}, heads = {HEADS}, intermediate = {WIDE}, \
         positions = {POSITIONS}, first_position = {first}, types = {types}, layer_norm_eps = {eps} }}\n\
         text = {{ pooling = '{pooling}', normalize = true, max_tokens = 16 }}\n",
        file("model.safetensors"),
        file("tokenizer.json"),
        WORDS.len(),
    );
    Catalog::parse("the test", &text).unwrap().get("tiny").unwrap().clone()
}

/// Whole words only; it pads to a fixed length, as minilm-l6's file does, which must be undone.
fn tokenizer_json() -> String {
    let vocab: HashMap<&str, usize> = WORDS.iter().enumerate().map(|(id, word)| (*word, id)).collect();
    serde_json::json!({
        "version": "1.0",
        "truncation": { "max_length": 8, "strategy": "LongestFirst", "stride": 0 },
        "padding": { "strategy": { "Fixed": 8 }, "direction": "Right", "pad_to_multiple_of": null,
                     "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]" },
        "added_tokens": [], "normalizer": null, "pre_tokenizer": { "type": "Whitespace" },
        "post_processor": { "type": "TemplateProcessing",
            "single": [{ "SpecialToken": { "id": "[CLS]", "type_id": 0 } }, { "Sequence": { "id": "A", "type_id": 0 } },
                       { "SpecialToken": { "id": "[SEP]", "type_id": 0 } }],
            "pair": [{ "SpecialToken": { "id": "[CLS]", "type_id": 0 } }, { "Sequence": { "id": "A", "type_id": 0 } },
                     { "SpecialToken": { "id": "[SEP]", "type_id": 0 } }, { "Sequence": { "id": "B", "type_id": 1 } },
                     { "SpecialToken": { "id": "[SEP]", "type_id": 1 } }],
            "special_tokens": { "[CLS]": { "id": "[CLS]", "ids": [2], "tokens": ["[CLS]"] },
                                "[SEP]": { "id": "[SEP]", "ids": [3], "tokens": ["[SEP]"] } } },
        "decoder": null,
        "model": { "type": "WordLevel", "vocab": vocab, "unk_token": "[UNK]" },
    })
    .to_string()
}

fn config() -> EncoderConfig {
    EncoderConfig { threads: 2, queue: 8, batch_tokens: 16 }
}

fn texts() -> Vec<String> {
    TEXTS.map(String::from).to_vec()
}

fn near(a: &[f32], b: &[f32], tolerance: f32) {
    assert_eq!(a.len(), b.len());
    for (x, y) in a.iter().zip(b) {
        assert!((x - y).abs() <= tolerance, "{x} and {y} differ by more than {tolerance}\n{a:?}\n{b:?}");
    }
}

fn candle_bert_config() -> bert::Config {
    bert::Config {
        vocab_size: WORDS.len(),
        hidden_size: HIDDEN,
        num_hidden_layers: LAYERS,
        num_attention_heads: HEADS,
        intermediate_size: WIDE,
        max_position_embeddings: POSITIONS,
        type_vocab_size: 2,
        ..bert::Config::default()
    }
}

fn var_builder(files: &PulledModel) -> candle_nn::VarBuilder<'static> {
    let tensors = candle_core::safetensors::load(files.weights(), &Device::Cpu).unwrap();
    candle_nn::VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu)
}

/// candle's own encoder over one text: vectors of all its tokens.
fn candle_tokens(model: &bert::BertModel, ids: &[u32], types: &[u32]) -> Tensor {
    let ids = Tensor::new(ids, &Device::Cpu).unwrap().unsqueeze(0).unwrap();
    let types = Tensor::new(types, &Device::Cpu).unwrap().unsqueeze(0).unwrap();
    model.forward(&ids, &types, None).unwrap().squeeze(0).unwrap()
}

#[tokio::test]
async fn vectors_are_those_of_candles_model() {
    for pooling in ["mean", "cls"] {
        let tiny = tiny(Kind::Embedder, pooling);
        let embedder = BertEmbedder::load(&tiny.entry, &tiny.files, config()).unwrap();
        let tokenizer = TextTokenizer::load(tiny.files.file("tokenizer.json").unwrap(), 16).unwrap();
        let reference = bert::BertModel::load(var_builder(&tiny.files), &candle_bert_config()).unwrap();
        for text in TEXTS {
            let tokens = tokenizer.one(text).unwrap();
            let rows = candle_tokens(&reference, &tokens.ids, &tokens.types);
            let pooled = if pooling == "cls" { rows.get(0) } else { rows.mean(0) }.unwrap();
            let length = pooled.sqr().unwrap().sum_all().unwrap().sqrt().unwrap();
            let expect: Vec<f32> = pooled.broadcast_div(&length).unwrap().to_vec1().unwrap();
            near(&embedder.embed_query(text).await.unwrap().values, &expect, 1e-5);
        }
    }
}

#[tokio::test]
async fn a_batch_is_its_texts_one_by_one() {
    let tiny = tiny(Kind::Embedder, "mean");
    let embedder = BertEmbedder::load(&tiny.entry, &tiny.files, config()).unwrap();
    assert_eq!(embedder.dimensions(), HIDDEN);
    assert_eq!(embedder.model(), &tiny.entry.id());
    let together = embedder.embed_passages(&texts()).await.unwrap();
    for (text, vector) in texts().iter().zip(&together) {
        let alone = embedder.embed_passages(std::slice::from_ref(text)).await.unwrap();
        near(&alone[0].values, &vector.values, 1e-5);
        near(&embedder.embed_query(text).await.unwrap().values, &vector.values, 1e-5);
        assert!((vector.values.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-5);
    }
    // Other neighbours, other order, other threads: the same vectors.
    let config = EncoderConfig { threads: 1, batch_tokens: 1000, ..config() };
    let other = BertEmbedder::load(&tiny.entry, &tiny.files, config).unwrap();
    let mut reversed = texts();
    reversed.reverse();
    for (ours, theirs) in together.iter().zip(other.embed_passages(&reversed).await.unwrap().iter().rev()) {
        near(&ours.values, &theirs.values, 1e-5);
    }
    assert!(embedder.embed_passages(&[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_long_text_is_cut_at_the_models_limit() {
    let tiny = tiny(Kind::Embedder, "mean");
    let embedder = BertEmbedder::load(&tiny.entry, &tiny.files, config()).unwrap();
    // Sixteen tokens with [CLS] and [SEP]: fourteen words count.
    let long = embedder.embed_query(&"shoes ".repeat(100)).await.unwrap();
    let cut = embedder.embed_query(&"shoes ".repeat(14)).await.unwrap();
    near(&long.values, &cut.values, 1e-6);
}

#[tokio::test]
async fn late_interaction_scores_as_its_definition_says() {
    let tiny = tiny(Kind::Embedder, "mean");
    let embedder = BertEmbedder::load(&tiny.entry, &tiny.files, config()).unwrap();
    let reranker = LateInteraction::new(embedder);
    let tokenizer = TextTokenizer::load(tiny.files.file("tokenizer.json").unwrap(), 16).unwrap();
    let reference = bert::BertModel::load(var_builder(&tiny.files), &candle_bert_config()).unwrap();
    let words = |text: &str| -> Vec<Vec<f32>> {
        let tokens = tokenizer.one(text).unwrap();
        let rows: Vec<Vec<f32>> = candle_tokens(&reference, &tokens.ids, &tokens.types).to_vec2().unwrap();
        rows[1..rows.len() - 1].to_vec()
    };
    let cosine = |a: &[f32], b: &[f32]| {
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
    };
    let query = "can i return the shoes ?";
    let scores = reranker.score(query, &texts()).await.unwrap();
    for (text, score) in TEXTS.iter().zip(&scores) {
        let (ours, theirs) = (words(query), words(text));
        let expect = if theirs.is_empty() {
            -1.0
        } else {
            let nearest = |a: &Vec<f32>| theirs.iter().map(|b| cosine(a, b)).fold(f32::NEG_INFINITY, f32::max);
            ours.iter().map(nearest).sum::<f32>() / ours.len() as f32
        };
        near(&[*score], &[expect], 1e-5);
    }
    assert!((scores[0] - 1.0).abs() < 1e-5, "a text does not match itself");
}

#[tokio::test]
async fn a_bert_cross_encoder_is_pooler_and_classifier_over_candles_model() {
    let tiny = tiny(Kind::BertClassifier, "cls");
    let reranker = CrossEncoder::load(&tiny.entry, &tiny.files, config()).unwrap();
    let tokenizer = TextTokenizer::load(tiny.files.file("tokenizer.json").unwrap(), 16).unwrap();
    let vb = var_builder(&tiny.files);
    let reference = bert::BertModel::load(vb.pp("bert"), &candle_bert_config()).unwrap();
    let pooler = candle_nn::linear(HIDDEN, HIDDEN, vb.pp("bert.pooler.dense")).unwrap();
    let classifier = candle_nn::linear(HIDDEN, 1, vb.pp("classifier")).unwrap();
    let scores = reranker.score("can i return ?", &texts()).await.unwrap();
    for (text, score) in TEXTS.iter().zip(&scores) {
        let tokens = tokenizer.pair("can i return ?", text).unwrap();
        let first = candle_tokens(&reference, &tokens.ids, &tokens.types).get(0).unwrap().unsqueeze(0).unwrap();
        let pooled = first.apply(&pooler).unwrap().tanh().unwrap();
        let expect: Vec<f32> = pooled.apply(&classifier).unwrap().flatten_all().unwrap().to_vec1().unwrap();
        near(&[*score], &expect, 1e-5);
    }
    assert_eq!(reranker.score("can i return ?", &texts()[3..4]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_xlm_roberta_cross_encoder_is_candles() {
    let tiny = tiny(Kind::XlmRobertaClassifier, "cls");
    let reranker = CrossEncoder::load(&tiny.entry, &tiny.files, config()).unwrap();
    let tokenizer = TextTokenizer::load(tiny.files.file("tokenizer.json").unwrap(), 16).unwrap();
    let shape: xlm_roberta::Config = serde_json::from_value(serde_json::json!({
        "hidden_size": HIDDEN, "layer_norm_eps": 1e-5, "attention_probs_dropout_prob": 0.0, "hidden_dropout_prob": 0.0,
        "num_attention_heads": HEADS, "position_embedding_type": "absolute", "intermediate_size": WIDE,
        "hidden_act": "gelu", "num_hidden_layers": LAYERS, "vocab_size": WORDS.len(),
        "max_position_embeddings": POSITIONS, "type_vocab_size": 1, "pad_token_id": 0,
    }))
    .unwrap();
    let reference = xlm_roberta::XLMRobertaForSequenceClassification::new(1, &shape, var_builder(&tiny.files)).unwrap();
    let scores = reranker.score("can i return ?", &texts()).await.unwrap();
    for (text, score) in TEXTS.iter().zip(&scores) {
        let tokens = tokenizer.pair("can i return ?", text).unwrap();
        let ids = Tensor::new(tokens.ids.as_slice(), &Device::Cpu).unwrap().unsqueeze(0).unwrap();
        let ones = ids.ones_like().unwrap();
        let zeros = ids.zeros_like().unwrap();
        let expect: Vec<f32> =
            reference.forward(&ids, &ones, &zeros).unwrap().flatten_all().unwrap().to_vec1().unwrap();
        near(&[*score], &expect, 1e-5);
    }
}

#[test]
fn a_tensor_of_another_shape_is_named() {
    let tiny = tiny(Kind::Embedder, "mean");
    let mut entry = tiny.entry.clone();
    let shape = entry.bert.as_mut().unwrap();
    shape.intermediate = 41;
    let error = BertEmbedder::load(&entry, &tiny.files, config()).err().unwrap().to_string();
    assert!(error.contains("'encoder.layer.0.intermediate.dense.weight' has shape [40, 24]"), "{error}");
    assert!(error.contains("[41, 24]"), "{error}");
    let error = CrossEncoder::load(&tiny.entry, &tiny.files, config()).err().unwrap().to_string();
    assert!(error.contains("no tensor 'pooler.dense.weight' of shape [24, 24]"), "{error}");
    let verifier = Catalog::shipped().unwrap().get("nli-xsmall").unwrap().clone();
    let error = CrossEncoder::load(&verifier, &tiny.files, config()).err().unwrap().to_string();
    assert!(error.contains("nli-xsmall is a DebertaV2, which this version does not load"), "{error}");
}

/// One thread for everything, so that the order of events is certain: nothing is answered before all have asked.
#[tokio::test(flavor = "current_thread")]
async fn a_full_queue_refuses_and_the_rest_is_answered() {
    let tiny = tiny(Kind::Embedder, "mean");
    let config = EncoderConfig { queue: 1, threads: 1, batch_tokens: 16 };
    let embedder = BertEmbedder::load(&tiny.entry, &tiny.files, config).unwrap();
    let bulk: Vec<String> = (0..2000).map(|i| format!("{} {i}", TEXTS[i % TEXTS.len()])).collect();
    let asked = (0..6).map(|_| embedder.embed_passages(&bulk));
    let answers = futures_of(asked).await;
    let refused = answers.iter().filter(|answer| matches!(answer, Err(ModelError::Overloaded))).count();
    assert!(refused >= 1, "six jobs fitted in a queue of one");
    let vectors = answers.into_iter().flatten().next().expect("nobody was answered");
    assert_eq!(vectors.len(), bulk.len());
    near(&vectors[7].values, &embedder.embed_query(&bulk[7]).await.unwrap().values, 1e-5);
}

async fn futures_of<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<_> = futures.map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = waiting.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, slot) in waiting.iter_mut().zip(&mut done) {
            if slot.is_none()
                && let std::task::Poll::Ready(output) = future.as_mut().poll(context)
            {
                *slot = Some(output);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

/// Submits, and does not wait.
async fn begin<F: Future>(mut future: std::pin::Pin<Box<F>>) -> std::pin::Pin<Box<F>> {
    let pending = std::future::poll_fn(|c| std::task::Poll::Ready(future.as_mut().poll(c).is_pending())).await;
    assert!(pending, "it was answered at once");
    future
}

#[tokio::test(flavor = "current_thread")]
async fn a_question_does_not_wait_for_passages() {
    let tiny = tiny(Kind::Embedder, "mean");
    let config = EncoderConfig { queue: 8, threads: 1, batch_tokens: 16 };
    let embedder = BertEmbedder::load(&tiny.entry, &tiny.files, config).unwrap();
    let bulk: Vec<String> = (0..20_000).map(|i| TEXTS[i % TEXTS.len()].to_owned()).collect();
    let passages = begin(Box::pin(embedder.embed_passages(&bulk))).await;
    embedder.embed_query("can i return ?").await.unwrap();
    // Twenty thousand passages take far longer than one question.
    drop(begin(passages).await);
}

#[tokio::test(flavor = "current_thread")]
async fn a_job_whose_asker_has_left_is_dropped() {
    let tiny = tiny(Kind::Embedder, "mean");
    // A line of one: whoever comes next waits until the passages are done or dropped.
    let config = EncoderConfig { queue: 1, threads: 1, batch_tokens: 16 };
    let embedder = BertEmbedder::load(&tiny.entry, &tiny.files, config).unwrap();
    let bulk: Vec<String> = (0..20_000).map(|i| TEXTS[i % TEXTS.len()].to_owned()).collect();
    let began = Instant::now();
    embedder.embed_passages(&bulk).await.unwrap();
    let whole = began.elapsed();
    drop(begin(Box::pin(embedder.embed_passages(&bulk))).await);
    let began = Instant::now();
    while embedder.embed_query("can i return ?").await == Err(ModelError::Overloaded) {
        tokio::task::yield_now().await;
    }
    assert!(began.elapsed() < whole / 4, "{:?} of {whole:?}", began.elapsed());
}
