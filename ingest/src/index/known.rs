//! What a store's index holds, read without touching it, and a copy of an embedded one to try something on.

use super::{erase::Place, failed, generation::Generations, point::Fields};
use crate::library::Shelf;
use engine::{
    access::StoreId,
    evidence::{DocId, Passage, Scores, SourceKind},
    ports::KnowledgeError,
};
use jiff::civil::Date;
use std::{collections::BTreeMap, fs, io};

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

/// Every document that searches of the store see, by its id.
pub async fn documents(place: &Place, store: &StoreId) -> Result<Vec<KnownDocument>, KnowledgeError> {
    let mut first = BTreeMap::<DocId, Fields>::new();
    let found = place
        .visit(&mut |fields| {
            let known = first.entry(fields.doc.clone()).or_insert_with(|| fields.clone());
            if fields.chunk < known.chunk {
                *known = fields.clone();
            }
        })
        .await?;
    if found == 0 {
        return Err(KnowledgeError::NoIndex(store.to_string()));
    }
    Ok(first.into_values().map(|fields| known(fields, store)).collect())
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
    let copying = tokio::task::spawn_blocking(move || {
        let _lock = to.lock()?;
        match fs::remove_dir_all(to.index_dir()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed("removing an earlier copy of the index", error));
            }
            Ok(()) | Err(_) => {}
        }
        let copied = Generations::new(to.index_dir()).adopt(&Generations::new(from.index_dir()))?;
        if copied { Ok(()) } else { Err(KnowledgeError::NoIndex(from.store().to_string())) }
    });
    copying.await.map_err(|error| failed("copying the index", error))?
}
