//! BM25 as Qdrant computes it, for documents and questions of both backends.
//!
//! The weights of a document's words are made here and stored as a sparse vector; how rare a word is (IDF) is
//! added by Qdrant at search time, so that nothing has to be rewritten when the collection grows.

use super::{failed, point::Sparse};
use engine::ports::KnowledgeError;
use qdrant_edge::bm25_embed::{EdgeBm25, EdgeBm25Config};

/// The language that is used where none is configured.
pub const DEFAULT_LANGUAGE: &str = "english";

/// Turns text into weights of stemmed words.
#[derive(Debug)]
pub struct Lexical {
    bm25: EdgeBm25,
    language: String,
}

impl Lexical {
    /// `language` names a Snowball stemmer and its stop words: `english`, `german`, ….
    pub fn new(language: &str) -> Result<Self, KnowledgeError> {
        let config = EdgeBm25Config { language: Some(language.to_owned()), ..EdgeBm25Config::default() };
        let bm25 = EdgeBm25::new(config).map_err(|error| failed("the language of the lexical index", error))?;
        Ok(Self { bm25, language: language.to_owned() })
    }

    pub fn language(&self) -> &str {
        &self.language
    }

    pub fn document(&self, text: &str) -> Sparse {
        let vector = self.bm25.embed_document(text);
        Sparse { indices: vector.indices, values: vector.values }
    }

    /// Empty if the question has nothing but stop words.
    pub fn query(&self, text: &str) -> Sparse {
        let vector = self.bm25.embed_query(text);
        Sparse { indices: vector.indices, values: vector.values }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_meet_their_other_forms() {
        let lexical = Lexical::new(DEFAULT_LANGUAGE).unwrap();
        let document = lexical.document("Returns are free within 30 days");
        for (question, hits) in [("returning", 1), ("the return of day", 2), ("30", 1), ("warranty", 0), ("is the", 0)]
        {
            let query = lexical.query(question);
            let common = query.indices.iter().filter(|index| document.indices.contains(index)).count();
            assert_eq!(common, hits, "{question}");
        }
    }

    #[test]
    fn an_unknown_language_is_named() {
        assert!(Lexical::new("klingon").unwrap_err().to_string().contains("klingon"));
        assert_eq!(Lexical::new("german").unwrap().language(), "german");
    }
}
