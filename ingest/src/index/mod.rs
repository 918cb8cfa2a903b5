//! The index of a store: one contract, two places where it may live.
//!
//! [`edge`] keeps it in the store's own directory (Qdrant Edge, no process beside ours), [`server`] in a Qdrant
//! server. Both hold the same points: a dense vector, Qdrant's BM25 sparse vector, and the passage itself as payload.
//! What is in the index is also the only record of what has been synced: there is no second list that could disagree.

pub mod edge;
pub mod erase;
pub mod fuse;
pub mod generation;
pub mod known;
pub mod lexical;
pub mod point;
pub mod push;
pub mod server;
pub(crate) mod shard;

use async_trait::async_trait;
use engine::ports::{KnowledgeError, ModelId};
use point::{Point, PointSummary};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use uuid::Uuid;

/// Layout of points and directories. An index of another format is rebuilt, not read.
pub const FORMAT: u32 = 1;

/// Name of the dense vector of a point.
pub const DENSE: &str = "dense";
/// Name of the sparse vector of a point.
pub const LEXICAL: &str = "bm25";

/// Vectors of two indexes can be compared if and only if these are equal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexMeta {
    pub format: u32,
    pub model: ModelId,
    pub dimensions: usize,
    /// Language of the stemmer and the stop words of BM25.
    pub language: String,
}

impl IndexMeta {
    pub fn new(model: ModelId, dimensions: usize, language: &str) -> Self {
        Self { format: FORMAT, model, dimensions, language: language.to_owned() }
    }

    /// Refuses an index whose vectors `wanted` cannot read.
    pub fn check(&self, wanted: &IndexMeta) -> Result<(), KnowledgeError> {
        if self.model != wanted.model || self.dimensions != wanted.dimensions {
            return Err(KnowledgeError::OtherModel { index: self.model.clone(), embedder: wanted.model.clone() });
        }
        if self.format != wanted.format {
            return Err(KnowledgeError::Failed(format!(
                "its format is {}, this program reads {}; rebuild with `shopclerk sync --rebuild`",
                self.format, wanted.format
            )));
        }
        if self.language != wanted.language {
            return Err(KnowledgeError::Failed(format!(
                "its words were stemmed as {}, the configuration says {}; \
                 configure that language again, or rebuild with `shopclerk sync --rebuild`",
                self.language, wanted.language
            )));
        }
        Ok(())
    }
}

/// What sync does to an index, wherever it lives. Changes are durable after [`Index::flush`], and are seen by searches
/// at the latest after [`Index::publish`].
#[async_trait]
pub trait Index: Send {
    /// Every point, without vectors and text.
    async fn contents(&mut self) -> Result<Vec<PointSummary>, KnowledgeError>;
    /// As [`Index::contents`], of what searches see now, where that is another thing (in a rebuild, or after a sync
    /// was killed); else nothing.
    async fn published(&mut self) -> Result<Vec<PointSummary>, KnowledgeError>;
    /// Whether what is written to began empty although searches see something: a rebuild, or one that was killed.
    async fn starts_over(&mut self) -> Result<bool, KnowledgeError>;
    /// The dense vectors of those of the points that exist.
    async fn vectors(&mut self, ids: &[Uuid]) -> Result<HashMap<Uuid, Vec<f32>>, KnowledgeError>;
    async fn upsert(&mut self, points: Vec<Point>) -> Result<(), KnowledgeError>;
    async fn delete(&mut self, ids: &[Uuid]) -> Result<(), KnowledgeError>;
    /// Everything written so far survives a kill from here on.
    async fn flush(&mut self) -> Result<(), KnowledgeError>;
    /// How many points there are, of one document or (`None`) of all.
    async fn count(&mut self, doc: Option<&str>) -> Result<usize, KnowledgeError>;
    /// Makes everything that was written what searches see, in one step. Nothing written: nothing changes.
    async fn publish(&mut self) -> Result<(), KnowledgeError>;
}

/// A failure below us, with what we were doing.
pub(crate) fn failed(doing: &str, error: impl std::fmt::Display) -> KnowledgeError {
    KnowledgeError::Failed(format!("{doing}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_of_another_kind_is_refused_with_the_way_out() {
        let meta = |format, model: &str, dimensions, language: &str| IndexMeta {
            format,
            model: ModelId(model.into()),
            dimensions,
            language: language.into(),
        };
        let wanted = meta(1, "a@1", 4, "english");
        assert!(wanted.check(&wanted).is_ok());
        for (index, part) in [
            (meta(1, "b@2", 4, "english"), "b@2"),
            (meta(1, "a@1", 8, "english"), "a@1"),
            (meta(0, "a@1", 4, "english"), "format is 0"),
            (meta(1, "a@1", 4, "german"), "german"),
        ] {
            let error = index.check(&wanted).unwrap_err().to_string();
            assert!(error.contains(part) && error.contains("--rebuild"), "{error}");
        }
    }
}
