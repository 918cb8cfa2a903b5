//! What a store's embedded index holds, read without touching it, and a copy of it to try something on.

use super::{
    failed,
    generation::Generations,
    point::Fields,
    shard,
};
use crate::library::Shelf;
use engine::{
    access::StoreId,
    evidence::{DocId, Passage, Scores, SourceKind},
    ports::KnowledgeError,
};
use jiff::civil::Date;
use std::{collections::BTreeMap, fs, io};

/// Points that are read at a time.
const BATCH: usize = 256;

/// A document of the index, as far as it can be told without its source.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownDocument {
    pub id: DocId,
    /// The file that it was read from, as [`crate::document::Document::file`].
    pub file: String,
    pub kind: SourceKind,
    pub title: String,
    pub url: Option<String>,
    pub owner: Option<String>,
    pub tags: Vec<String>,
    pub valid_from: Option<Date>,
    pub valid_to: Option<Date>,
    /// The text of its first chunk.
    pub opening: String,
}

/// Every document that searches see, by its id.
pub async fn documents(shelf: &Shelf) -> Result<Vec<KnownDocument>, KnowledgeError> {
    let shelf = shelf.clone();
    blocking(move || {
        let generations = Generations::new(shelf.index_dir());
        let no_index = || KnowledgeError::NoIndex(shelf.store().to_string());
        let view = generations.open_current()?.ok_or_else(no_index)?;
        let (mut first, mut offset) = (BTreeMap::<DocId, Fields>::new(), None);
        loop {
            let (points, next) = shard::page(&view.shard, offset, BATCH)?;
            for point in points {
                let known = first.entry(point.fields.doc.clone()).or_insert_with(|| point.fields.clone());
                if point.fields.chunk < known.chunk {
                    *known = point.fields;
                }
            }
            offset = next;
            if offset.is_none() {
                break;
            }
        }
        Ok(first.into_values().map(|fields| known(fields, shelf.store())).collect())
    })
    .await
}

fn known(fields: Fields, store: &StoreId) -> KnownDocument {
    let (file, owner) = (fields.source.clone(), fields.owner.clone());
    let Passage { doc, kind, title, url, tags, valid_from, valid_to, text, .. } =
        fields.into_passage(store.clone(), Scores::default());
    KnownDocument { id: doc, file, kind, title, url, owner, tags, valid_from, valid_to, opening: text }
}

/// Makes what `from` publishes what `to` publishes, in the place of whatever was there. `from` is only read, and stays
/// readable for everybody; what is written to `to` later does not reach it.
pub async fn copy(from: &Shelf, to: &Shelf) -> Result<(), KnowledgeError> {
    let (from, to) = (from.clone(), to.clone());
    blocking(move || {
        let _lock = to.lock()?;
        match fs::remove_dir_all(to.index_dir()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed("removing an earlier copy of the index", error));
            }
            Ok(()) | Err(_) => {}
        }
        let copied = Generations::new(to.index_dir()).adopt(&Generations::new(from.index_dir()))?;
        if copied { Ok(()) } else { Err(KnowledgeError::NoIndex(from.store().to_string())) }
    })
    .await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, KnowledgeError> + Send + 'static,
) -> Result<T, KnowledgeError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| failed("reading the index", error))?
}
