//! What ranks the documents of a pack for a question: the engine, its parts, or a baseline.

use crate::pack::IndexedStore;
use async_trait::async_trait;
use engine::answer::Failure;
use engine::ports::{KnowledgeError, ModelError, SearchMode, SearchQuery};
use engine::{DocId, Passage, Turn};
use std::collections::HashSet;

/// How deep the index is asked: as deep as a fusion looks for a customer, so that `fused` is what `full` starts from.
const PASSAGES: usize = 64;

#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Knowledge(#[from] KnowledgeError),
    #[error(transparent)]
    Retrieval(#[from] Failure),
}

#[async_trait]
pub trait Searcher: Send + Sync {
    /// As it stands in tables: `full`, `dense`, `bm25`.
    fn name(&self) -> &str;
    /// Documents with their scores, best first, at most `limit`; each document once.
    async fn rank(&self, query: &str, limit: usize) -> Result<Vec<(DocId, f32)>, SearchError>;
}

/// What a customer's question goes through: the engine's own retrieval, rerank and all.
pub struct EngineSearcher {
    store: IndexedStore,
    candidates: usize,
}

impl EngineSearcher {
    /// `candidates` is how many passages the engine looks at for a customer; more are not looked at here either.
    pub fn new(store: IndexedStore, candidates: usize) -> Self {
        Self { store, candidates }
    }
}

#[async_trait]
impl Searcher for EngineSearcher {
    fn name(&self) -> &str {
        "full"
    }

    async fn rank(&self, query: &str, limit: usize) -> Result<Vec<(DocId, f32)>, SearchError> {
        let turn = Turn::single("eval", query);
        let found = self.store.engine.retrieve(&self.store.pass, &turn, self.candidates).await?;
        let score = |passage: &Passage| passage.scores.rerank.unwrap_or(passage.scores.fused);
        Ok(documents(found.passages.iter().map(|passage| (passage.doc.clone(), score(passage))), limit))
    }
}

/// One list of the index, or the fusion of both, without reranking.
pub struct IndexSearcher {
    store: IndexedStore,
    mode: SearchMode,
}

impl IndexSearcher {
    pub fn new(store: IndexedStore, mode: SearchMode) -> Self {
        Self { store, mode }
    }
}

#[async_trait]
impl Searcher for IndexSearcher {
    fn name(&self) -> &str {
        match self.mode {
            SearchMode::Dense => "dense",
            SearchMode::Lexical => "lexical",
            SearchMode::Fused => "fused",
        }
    }

    async fn rank(&self, query: &str, limit: usize) -> Result<Vec<(DocId, f32)>, SearchError> {
        let ports = &self.store.ports;
        let query = SearchQuery {
            text: query.to_owned(),
            embedding: ports.embedder.embed_query(query).await?,
            mode: self.mode,
            limit: PASSAGES,
            kinds: Vec::new(),
            tags: Vec::new(),
            valid_on: None,
        };
        let passages = ports.knowledge.search(&self.store.pass, &query).await?;
        let score = |passage: &Passage| match self.mode {
            SearchMode::Dense => passage.scores.dense.unwrap_or(passage.scores.fused),
            SearchMode::Lexical => passage.scores.lexical.unwrap_or(passage.scores.fused),
            SearchMode::Fused => passage.scores.fused,
        };
        Ok(documents(passages.iter().map(|passage| (passage.doc.clone(), score(passage))), limit))
    }
}

/// Documents in the order of their best passage. `passages` come best first.
pub fn documents(passages: impl IntoIterator<Item = (DocId, f32)>, limit: usize) -> Vec<(DocId, f32)> {
    let mut seen = HashSet::new();
    passages.into_iter().filter(|(doc, _)| seen.insert(doc.clone())).take(limit).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use engine::ports::{Embedder, Embedding, ModelId};
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Counts letters: texts with the same letters point the same way.
    #[derive(Default)]
    pub(crate) struct Letters {
        pub(crate) calls: AtomicUsize,
    }

    static MODEL: LazyLock<ModelId> = LazyLock::new(|| ModelId("letters@1".into()));

    fn vector(text: &str) -> Embedding {
        let mut values = vec![0.0; 26];
        for letter in text.to_lowercase().bytes().filter(u8::is_ascii_lowercase) {
            values[usize::from(letter - b'a')] += 1.0;
        }
        Embedding { values, model: MODEL.clone() }
    }

    #[async_trait]
    impl Embedder for Letters {
        fn model(&self) -> &ModelId {
            &MODEL
        }
        fn dimensions(&self) -> usize {
            26
        }
        async fn embed_query(&self, text: &str) -> Result<Embedding, ModelError> {
            Ok(vector(text))
        }
        async fn embed_passages(&self, texts: &[String]) -> Result<Vec<Embedding>, ModelError> {
            self.calls.fetch_add(1, Ordering::Relaxed);
            Ok(texts.iter().map(|text| vector(text)).collect())
        }
    }

    #[test]
    fn a_document_stands_where_its_best_passage_stands() {
        let passages = [("a", 0.9), ("b", 0.8), ("a", 0.7), ("c", 0.6)].map(|(doc, score)| (DocId(doc.into()), score));
        let found: Vec<String> = documents(passages, 2).into_iter().map(|(doc, _)| doc.0).collect();
        assert_eq!(found, ["a", "b"]);
    }
}
