//! What ours is measured against: BM25 over whole documents, vectors over plain windows, and the fusion of the two.
//!
//! Written apart from the index, and as plain as possible: they are the yardstick, not a part of the product.

use crate::pack::CorpusDocument;
use crate::searcher::{SearchError, Searcher, documents};
use crate::vectors;
use async_trait::async_trait;
use engine::DocId;
use engine::ports::{Embedder, ModelError};
use rust_stemmers::{Algorithm, Stemmer};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// How many documents of each list the fusion looks at.
const FUSED_DEPTH: usize = 100;
/// The constant of reciprocal rank fusion.
const RRF_K: f32 = 60.0;
/// Length of a window in characters.
const WINDOW: usize = 760;

/// BM25 as Lucene scores it: idf = ln(1 + (N - df + 0.5) / (df + 0.5)), k1 = 1.2, b = 0.75, exact lengths.
pub struct Bm25 {
    ids: Vec<DocId>,
    lengths: Vec<f32>,
    mean_length: f32,
    postings: HashMap<String, Vec<(usize, f32)>>,
    analyzer: Analyzer,
}

const K1: f32 = 1.2;
const B: f32 = 0.75;

impl Bm25 {
    pub fn new(corpus: &[CorpusDocument]) -> Self {
        let analyzer = Analyzer::english();
        let mut postings = HashMap::<String, Vec<(usize, f32)>>::new();
        let mut lengths = Vec::with_capacity(corpus.len());
        for (at, document) in corpus.iter().enumerate() {
            let terms = analyzer.terms(&whole(document));
            lengths.push(terms.len() as f32);
            let mut counts = HashMap::<String, f32>::new();
            for term in terms {
                *counts.entry(term).or_default() += 1.0;
            }
            for (term, count) in counts {
                postings.entry(term).or_default().push((at, count));
            }
        }
        let mean_length = lengths.iter().sum::<f32>() / (lengths.len().max(1)) as f32;
        let ids = corpus.iter().map(|document| document.id.clone()).collect();
        Self { ids, lengths, mean_length, postings, analyzer }
    }

    fn ranked(&self, query: &str, limit: usize) -> Vec<(DocId, f32)> {
        let mut scores = vec![0.0; self.ids.len()];
        for term in self.analyzer.terms(query) {
            let Some(postings) = self.postings.get(&term) else { continue };
            let (all, having) = (self.ids.len() as f32, postings.len() as f32);
            let idf = (1.0 + (all - having + 0.5) / (having + 0.5)).ln();
            for (at, count) in postings {
                let norm = K1 * (1.0 - B + B * self.lengths[*at] / self.mean_length);
                scores[*at] += idf * count / (count + norm);
            }
        }
        let found = self.ids.iter().cloned().zip(scores).filter(|(_, score)| *score > 0.0).collect();
        best_first(found, limit)
    }
}

#[async_trait]
impl Searcher for Bm25 {
    fn name(&self) -> &str {
        "bm25"
    }

    async fn rank(&self, query: &str, limit: usize) -> Result<Vec<(DocId, f32)>, SearchError> {
        Ok(self.ranked(query, limit))
    }
}

/// Lower case, words of two characters and more, Lucene's English stop words, Snowball stems.
struct Analyzer(Stemmer);

const STOP_WORDS: [&str; 33] = [
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no", "not", "of",
    "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to", "was", "will", "with",
];

impl Analyzer {
    fn english() -> Self {
        Self(Stemmer::create(Algorithm::English))
    }

    fn terms(&self, text: &str) -> Vec<String> {
        text.to_lowercase()
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .filter(|word| word.chars().count() > 1 && !STOP_WORDS.contains(word))
            .map(|word| self.0.stem(word).into_owned())
            .collect()
    }
}

/// Cosine between the question and the best window of each document.
pub struct DenseWindows {
    embedder: Arc<dyn Embedder>,
    windows: Vec<(DocId, Vec<f32>)>,
    /// Vectors of the questions so far: the fusion asks the same ones again.
    asked: Mutex<HashMap<String, Vec<f32>>>,
}

impl DenseWindows {
    /// `cache` is a folder for vectors between runs; `step` is called once for each of [`window_count`] windows.
    pub async fn new(
        embedder: Arc<dyn Embedder>,
        corpus: &[CorpusDocument],
        cache: Option<&Path>,
        step: &(dyn Fn() + Send + Sync),
    ) -> Result<Self, ModelError> {
        let (ids, texts): (Vec<DocId>, Vec<String>) = all_windows(corpus).unzip();
        let vectors = vectors::embed_passages(&*embedder, &texts, cache, step).await?;
        Ok(Self { embedder, windows: ids.into_iter().zip(vectors).collect(), asked: Mutex::default() })
    }

    pub fn window_count(corpus: &[CorpusDocument]) -> usize {
        all_windows(corpus).count()
    }

    async fn embed(&self, query: &str) -> Result<Vec<f32>, ModelError> {
        let asked = || self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(vector) = asked().get(query) {
            return Ok(vector.clone());
        }
        let vector = self.embedder.embed_query(query).await?.values;
        asked().insert(query.to_owned(), vector.clone());
        Ok(vector)
    }

    async fn ranked(&self, query: &str, limit: usize) -> Result<Vec<(DocId, f32)>, ModelError> {
        let query = self.embed(query).await?;
        let scored = self.windows.iter().map(|(doc, window)| (doc.clone(), cosine(&query, window))).collect();
        Ok(documents(best_first(scored, usize::MAX), limit))
    }
}

#[async_trait]
impl Searcher for DenseWindows {
    fn name(&self) -> &str {
        "dense-windows"
    }

    async fn rank(&self, query: &str, limit: usize) -> Result<Vec<(DocId, f32)>, SearchError> {
        Ok(self.ranked(query, limit).await?)
    }
}

/// Reciprocal rank fusion of the two.
pub struct Rrf {
    lexical: Arc<Bm25>,
    dense: Arc<DenseWindows>,
}

impl Rrf {
    pub fn new(lexical: Arc<Bm25>, dense: Arc<DenseWindows>) -> Self {
        Self { lexical, dense }
    }
}

#[async_trait]
impl Searcher for Rrf {
    fn name(&self) -> &str {
        "rrf"
    }

    async fn rank(&self, query: &str, limit: usize) -> Result<Vec<(DocId, f32)>, SearchError> {
        let lexical = self.lexical.ranked(query, FUSED_DEPTH);
        let dense = self.dense.ranked(query, FUSED_DEPTH).await?;
        Ok(fuse(&[lexical, dense], limit))
    }
}

fn fuse(lists: &[Vec<(DocId, f32)>], limit: usize) -> Vec<(DocId, f32)> {
    let mut scores = HashMap::<&DocId, f32>::new();
    for list in lists {
        for (rank, (doc, _)) in list.iter().enumerate() {
            *scores.entry(doc).or_default() += 1.0 / (RRF_K + (rank + 1) as f32);
        }
    }
    best_first(scores.into_iter().map(|(doc, score)| (doc.clone(), score)).collect(), limit)
}

fn whole(document: &CorpusDocument) -> String {
    format!("{}\n{}", document.title, document.text)
}

/// Windows of the text, each under the document's title.
fn all_windows(corpus: &[CorpusDocument]) -> impl Iterator<Item = (DocId, String)> + '_ {
    corpus.iter().flat_map(|document| {
        let titled = |window: String| format!("{}\n{window}", document.title).trim().to_owned();
        let mut texts: Vec<String> = windows(&document.text).into_iter().map(titled).collect();
        if texts.is_empty() {
            texts.push(document.title.clone());
        }
        texts.into_iter().map(|text| (document.id.clone(), text))
    })
}

/// Windows of at most [`WINDOW`] characters, cut between words where there is a space to cut at.
fn windows(text: &str) -> Vec<String> {
    let mut windows = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = rest.char_indices().nth(WINDOW).map_or(rest.len(), |(at, _)| at);
        let cut = if end == rest.len() {
            end
        } else {
            rest[..end].rfind(char::is_whitespace).filter(|at| *at > 0).unwrap_or(end)
        };
        windows.push(rest[..cut].trim_end().to_owned());
        rest = rest[cut..].trim_start();
    }
    windows
}

fn cosine(one: &[f32], other: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
    let norm = (dot(one, one) * dot(other, other)).sqrt();
    if norm > 0.0 { dot(one, other) / norm } else { 0.0 }
}

/// Equal scores are ordered by id, so that a run repeats.
fn best_first(mut scored: Vec<(DocId, f32)>, limit: usize) -> Vec<(DocId, f32)> {
    scored.sort_by(|a, b| b.1.partial_cmp(&a.1).unwrap_or(Ordering::Equal).then_with(|| a.0.cmp(&b.0)));
    scored.truncate(limit);
    scored
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::searcher::tests::Letters;

    fn corpus(texts: &[(&str, &str)]) -> Vec<CorpusDocument> {
        let document = |(id, text): &(&str, &str)| CorpusDocument {
            id: DocId((*id).into()),
            kind: engine::SourceKind::Policy,
            title: String::new(),
            text: (*text).into(),
        };
        texts.iter().map(document).collect()
    }

    fn titled(title: &str, text: &str) -> Vec<CorpusDocument> {
        corpus(&[("d", text)]).into_iter().map(|document| CorpusDocument { title: title.into(), ..document }).collect()
    }

    /// By hand: N = 3, mean length 7/3; "ship" is in one document of 2 terms, once:
    /// ln(1 + 2.5/1.5) / (1 + 1.2 * (0.25 + 0.75 * 2 / (7/3))) = 0.9808293 / 2.0714286.
    #[test]
    fn bm25_by_hand() {
        let index = Bm25::new(&corpus(&[("a", "Shipping costs"), ("b", "returns"), ("c", "gift cards, sale items")]));
        let found = index.ranked("the ship", 10);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0.0, "a");
        assert!((found[0].1 - 0.473_504).abs() < 1e-5, "{}", found[0].1);
    }

    #[test]
    fn terms_are_stems_without_stop_words() {
        assert_eq!(
            Analyzer::english().terms("The Returns of 2 running-shoes, it's A5"),
            ["return", "run", "shoe", "a5"]
        );
    }

    #[test]
    fn windows_cut_between_words_and_keep_all() {
        let text = "word ".repeat(400);
        let cut = windows(&text);
        assert_eq!(cut.len(), 3);
        assert!(cut.iter().all(|window| window.chars().count() <= WINDOW && window.ends_with("word")));
        assert_eq!(cut.join(" "), text.trim());
        // Nothing to cut at, and characters of several bytes.
        assert_eq!(windows(&"ß".repeat(1000)).concat(), "ß".repeat(1000));
        assert!(windows("  ").is_empty());
    }

    #[test]
    fn fusion_adds_reciprocal_ranks() {
        let list = |names: &[&str]| names.iter().map(|name| (DocId((*name).into()), 1.0)).collect::<Vec<_>>();
        let found = fuse(&[list(&["a", "b"]), list(&["b", "c"])], 3);
        let names: Vec<_> = found.iter().map(|(doc, _)| doc.0.as_str()).collect();
        assert_eq!(names, ["b", "a", "c"]);
        assert!((found[0].1 - (1.0 / 62.0 + 1.0 / 61.0)).abs() < 1e-6);
    }

    #[tokio::test]
    async fn dense_takes_the_best_window_of_a_document() {
        let filler = "zz ".repeat(300);
        let corpus = corpus(&[("long", &format!("{filler} abc abc abc")), ("short", "abq")]);
        let dense = DenseWindows::new(Arc::new(Letters::default()), &corpus, None, &|| ()).await.unwrap();
        assert_eq!(DenseWindows::window_count(&corpus), 3);
        assert!(all_windows(&titled("T", &filler)).all(|(_, text)| text.starts_with("T\nzz")));
        assert_eq!(all_windows(&titled("T", " ")).map(|(_, text)| text).collect::<Vec<_>>(), ["T"]);
        let found = dense.rank("zz", 10).await.unwrap();
        assert_eq!(found.iter().map(|(doc, _)| doc.0.as_str()).collect::<Vec<_>>(), ["long", "short"]);
    }
}
