//! All that a reply may rest on.

use crate::access::{StoreId, StorePass};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A source document: a page's path (`pages/returns.md`), `product:<handle>`, `conversation:<source>:<id>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DocId(pub String);

impl fmt::Display for DocId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A chunk of a document: `<document>#<number of the chunk>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PassageId(pub String);

impl fmt::Display for PassageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What kind of source a passage comes from, in the order in which they outrank each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    Policy,
    Product,
    Conversation,
}

impl SourceKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Product => "product",
            Self::Conversation => "conversation",
        }
    }
}

impl std::str::FromStr for SourceKind {
    type Err = String;
    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "policy" => Ok(Self::Policy),
            "product" => Ok(Self::Product),
            "conversation" => Ok(Self::Conversation),
            other => Err(format!("'{other}' is not a kind of source: use policy, product or conversation")),
        }
    }
}

/// A piece of a source that was found for a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Passage {
    pub id: PassageId,
    pub doc: DocId,
    /// The store whose index this came out of; [`Evidence::gather`] refuses another's.
    #[serde(skip, default = "StoreId::nowhere")]
    pub store: StoreId,
    pub kind: SourceKind,
    /// Title of the document: the page, the product, the subject of the conversation.
    pub title: String,
    /// Headings above the chunk, outermost first, without the title.
    pub heading: Vec<String>,
    pub text: String,
    pub url: Option<String>,
    pub tags: Vec<String>,
    /// First and last day on which the source holds; open where absent.
    pub valid_from: Option<Date>,
    pub valid_to: Option<Date>,
    /// Byte span of the chunk in the text of the document.
    pub span: (usize, usize),
    pub scores: Scores,
}

impl Passage {
    /// The text under its title and headings: what a model needs to know what it is about.
    pub fn in_context(&self) -> String {
        let above: Vec<&str> = std::iter::once(&self.title).chain(&self.heading).map(String::as_str).collect();
        format!("{}\n{}", above.join(" › "), self.text)
    }
}

/// How a passage was found. Each on its own scale; only their order means something across questions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Cosine of question and chunk, -1 to 1; absent where the dense search did not return the chunk.
    pub dense: Option<f32>,
    /// BM25; absent where the lexical search did not return the chunk.
    pub lexical: Option<f32>,
    /// Reciprocal rank fusion of the two.
    pub fused: f32,
    /// What the reranker said, if one ran.
    pub rerank: Option<f32>,
}

/// Passages of one store, in the order of their worth. The numbers that a draft cites count from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    passages: Vec<Passage>,
}

/// A passage of another store reached this one's turn: a bug below, and the end of the turn.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a passage of another store was returned")]
pub struct ForeignPassage;

impl Evidence {
    pub fn gather(pass: &StorePass, passages: Vec<Passage>) -> Result<Self, ForeignPassage> {
        if passages.iter().any(|p| &p.store != pass.store()) {
            return Err(ForeignPassage);
        }
        Ok(Self { passages })
    }

    pub fn passages(&self) -> &[Passage] {
        &self.passages
    }

    pub fn is_empty(&self) -> bool {
        self.passages.is_empty()
    }
}
