//! What is stored for a chunk, the same in both backends.

use crate::document::{Chunk, Document};
use engine::{
    access::StoreId,
    evidence::{DocId, Passage, PassageId, Scores, SourceKind},
    ports::ModelId,
};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Namespace of point ids; any constant will do, as long as it never changes.
const NAMESPACE: Uuid = Uuid::from_u128(0x7368_6f70_636c_4572_8b00_706f_696e_7401);

/// Days are stored as `yyyymmdd`, so that a range filter needs no case for an open end.
const OPEN_START: i64 = 0;
const OPEN_END: i64 = 99_999_999;

/// Weights of words, by the hash of the word.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sparse {
    pub indices: Vec<u32>,
    pub values: Vec<f32>,
}

/// A chunk with its vectors.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    pub id: Uuid,
    pub dense: Vec<f32>,
    pub lexical: Sparse,
    pub fields: Fields,
}

/// The payload of a point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fields {
    pub doc: DocId,
    /// [`Document::file`], so that a file that cannot be read today does not lose what
    /// is known of it.
    pub source: String,
    pub kind: SourceKind,
    pub title: String,
    pub heading: Vec<String>,
    pub text: String,
    pub url: Option<String>,
    pub owner: Option<String>,
    pub tags: Vec<String>,
    pub valid_from: i64,
    pub valid_to: i64,
    pub span: (usize, usize),
    /// Of everything stored for the document; its points are one version if and only if they share it.
    pub hash: String,
    pub chunk: usize,
    /// How many chunks the document has; fewer in the index means that storing it was cut off.
    pub chunks: usize,
    /// Of what was embedded; equal hashes have equal vectors.
    pub chunk_hash: String,
}

/// What sync needs to know of a stored point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointSummary {
    pub id: Uuid,
    /// Absent on what a killed write left half stored; no document needs such a point.
    pub key: Option<PointKey>,
}

/// The fields of [`Fields`] that say which chunk of which version a point is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointKey {
    pub doc: DocId,
    pub source: String,
    pub hash: String,
    pub chunk: usize,
    pub chunks: usize,
    pub chunk_hash: String,
}

/// The names of [`PointKey`]'s fields, for backends that return only these.
pub const KEY_FIELDS: [&str; 6] = ["doc", "source", "hash", "chunk", "chunks", "chunk_hash"];

/// A document cut into chunks, with all hashes: ready to be compared with the index.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub document: Document,
    pub chunks: Vec<PreparedChunk>,
    pub hash: String,
}

#[derive(Clone, Debug)]
pub struct PreparedChunk {
    pub chunk: Chunk,
    /// What is embedded and what BM25 counts.
    pub embedded: String,
    pub hash: String,
}

impl Prepared {
    /// `chunks` are the document's chunks, each with the text that stands for it in both vectors.
    pub fn new(document: Document, chunks: Vec<(Chunk, String)>) -> Self {
        let chunks: Vec<PreparedChunk> = chunks
            .into_iter()
            .map(|(chunk, embedded)| PreparedChunk { hash: hex(&Sha256::digest(embedded.as_bytes())), chunk, embedded })
            .collect();
        let mut hasher = Sha256::new();
        let mut field = |value: &str| {
            hasher.update((value.len() as u64).to_le_bytes());
            hasher.update(value.as_bytes());
        };
        field(document.kind.as_str());
        field(&document.title);
        field(document.url.as_deref().unwrap_or("\0"));
        field(document.owner.as_deref().unwrap_or("\0"));
        field(&document.tags.len().to_string());
        document.tags.iter().for_each(|tag| field(tag));
        field(&format!("{}-{}", day(document.valid_from, OPEN_START), day(document.valid_to, OPEN_END)));
        field(&document.file);
        for prepared in &chunks {
            let chunk = &prepared.chunk;
            field(&chunk.heading.len().to_string());
            chunk.heading.iter().for_each(|heading| field(heading));
            field(&chunk.text);
            field(&format!("{}-{}", chunk.span.0, chunk.span.1));
            field(&prepared.embedded);
        }
        let hash = hex(&hasher.finalize());
        Self { document, chunks, hash }
    }

    /// The same document, content, model and chunk always have the same id: storing twice is storing once.
    pub fn point_id(&self, model: &ModelId, chunk: usize) -> Uuid {
        let name = format!("{}\n{}\n{model}\n{chunk}", self.document.id, self.hash);
        Uuid::new_v5(&NAMESPACE, name.as_bytes())
    }

    /// The payload of chunk `at`, which counts in `chunks`.
    pub fn fields(&self, at: usize) -> Fields {
        let PreparedChunk { chunk, hash, .. } = &self.chunks[at];
        let document = &self.document;
        Fields {
            doc: document.id.clone(),
            source: document.file.clone(),
            kind: document.kind,
            title: document.title.clone(),
            heading: chunk.heading.clone(),
            text: chunk.text.clone(),
            url: document.url.clone(),
            owner: document.owner.clone(),
            tags: document.tags.clone(),
            valid_from: day(document.valid_from, OPEN_START),
            valid_to: day(document.valid_to, OPEN_END),
            span: chunk.span,
            hash: self.hash.clone(),
            chunk: at,
            chunks: self.chunks.len(),
            chunk_hash: hash.clone(),
        }
    }
}

impl Fields {
    /// The passage that a search returns.
    pub fn into_passage(self, store: StoreId, scores: Scores) -> Passage {
        Passage {
            id: PassageId(format!("{}#{}", self.doc, self.chunk)),
            doc: self.doc,
            store,
            kind: self.kind,
            title: self.title,
            heading: self.heading,
            text: self.text,
            url: self.url,
            tags: self.tags,
            valid_from: date(self.valid_from),
            valid_to: date(self.valid_to),
            span: self.span,
            scores,
        }
    }
}

/// A day as the number that is stored and filtered by.
pub fn day_number(day: Date) -> i64 {
    i64::from(day.year()) * 10_000 + i64::from(day.month()) * 100 + i64::from(day.day())
}

fn day(day: Option<Date>, open: i64) -> i64 {
    day.map_or(open, day_number)
}

/// `None` for an open end.
fn date(number: i64) -> Option<Date> {
    let year = i16::try_from(number / 10_000).ok()?;
    let month = i8::try_from(number / 100 % 100).ok()?;
    Date::new(year, month, i8::try_from(number % 100).ok()?).ok()
}

fn hex(digest: &[u8]) -> String {
    use std::fmt::Write;
    digest.iter().take(16).fold(String::with_capacity(32), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes everything");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Document {
        Document {
            id: DocId("pages/returns.md".into()),
            kind: SourceKind::Policy,
            title: "Returns".into(),
            url: None,
            owner: None,
            tags: vec!["de".into()],
            valid_from: Some(Date::constant(2026, 1, 2)),
            valid_to: None,
            file: "pages/returns.md".into(),
            blocks: vec![],
        }
    }

    fn prepared(document: Document, text: &str) -> Prepared {
        let chunk = Chunk { number: 0, heading: vec!["Sale".into()], text: text.into(), span: (0, text.len()) };
        Prepared::new(document, vec![(chunk, format!("Returns {text}"))])
    }

    #[test]
    fn every_stored_field_changes_the_hash() {
        let same = prepared(document(), "30 days").hash;
        assert_eq!(prepared(document(), "30 days").hash, same);
        let change = |edit: fn(&mut Document)| {
            let mut changed = document();
            edit(&mut changed);
            prepared(changed, "30 days").hash
        };
        for hash in [
            prepared(document(), "31 days").hash,
            change(|d| d.title.push('!')),
            change(|d| d.url = Some(String::new())),
            change(|d| d.owner = Some(String::new())),
            change(|d| d.tags = vec!["d".into(), "e".into()]),
            change(|d| d.valid_to = d.valid_from),
            change(|d| d.kind = SourceKind::Product),
        ] {
            assert_ne!(hash, same);
        }
    }

    #[test]
    fn ids_differ_by_document_content_model_and_chunk() {
        let a = prepared(document(), "30 days");
        let model = ModelId("m@1".into());
        assert_eq!(a.point_id(&model, 0), prepared(document(), "30 days").point_id(&model, 0));
        let mut other = document();
        other.id = DocId("pages/other.md".into());
        for id in [
            a.point_id(&model, 1),
            a.point_id(&ModelId("m@2".into()), 0),
            prepared(document(), "31 days").point_id(&model, 0),
            prepared(other, "30 days").point_id(&model, 0),
        ] {
            assert_ne!(id, a.point_id(&model, 0));
        }
    }

    #[test]
    fn a_passage_is_what_was_prepared() {
        let passage =
            prepared(document(), "30 days").fields(0).into_passage(StoreId::parse("s").unwrap(), Scores::default());
        assert_eq!(passage.id.0, "pages/returns.md#0");
        assert_eq!(passage.valid_from, Some(Date::constant(2026, 1, 2)));
        assert_eq!(passage.valid_to, None);
        assert_eq!(passage.heading, ["Sale"]);
    }

    #[test]
    fn the_key_is_part_of_the_payload() {
        let fields = prepared(document(), "30 days").fields(0);
        let payload = serde_json::to_value(&fields).unwrap();
        for name in KEY_FIELDS {
            assert!(payload.get(name).is_some(), "{name}");
        }
        let key: PointKey = serde_json::from_value(payload).unwrap();
        assert_eq!((key.doc, key.hash, key.chunks), (fields.doc, fields.hash, 1));
    }
}
