//! Erasing a customer, or a whole store: everything that is held is taken out, a receipt is written, and a probe looks
//! whether anything is left.
//!
//! The order matters where a kill may fall in between. The index and the files go first, the databases last, and with
//! them the job that asked for it: so a job that was cut off is there again and is done again. The receipt says
//! `running` until the probe has looked.

use super::{
    needles::{Identifier, Needles, Person},
    probe::{self, Probe, ProbeError},
    receipt::{Receipt, write_private},
};
use crate::{
    counterfactual,
    db::{
        DbError,
        desk::Desks,
        keys::Keys,
        mirror::{Mirror, Mirrors},
        person,
    },
    identity::Tries,
};
use engine::{
    StorePass,
    evidence::{DocId, SourceKind},
    identity::Email,
    ports::KnowledgeError,
};
use ingest::index::{erase::Place, point::Fields};
use jiff::Timestamp;
use serde_json::json;
use std::{
    collections::{BTreeMap, HashSet},
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// How long a running sync of the store, and readers of its old index, are waited for.
const PATIENCE: Duration = Duration::from_secs(120);
/// Below a store's folder: what was handed out for `customers/data_request`.
const REQUESTS: &str = "requests";

/// Where a store's data is.
pub struct Eraser {
    pub data: PathBuf,
    pub pass: StorePass,
    pub place: Place,
    pub mirror: Mirror,
    /// Knows the digests of addresses that the desk keeps.
    pub tries: Tries,
}

#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    #[error("nothing that identifies a customer was said: name an e-mail address, or the number of a customer")]
    Nobody,
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    Index(#[from] KnowledgeError),
    #[error(transparent)]
    Probe(#[from] ProbeError),
    #[error("{}: {doing}", path.display())]
    File { path: PathBuf, doing: &'static str, source: io::Error },
}

/// An erasure that was carried out, or that would be.
pub struct Erased {
    pub receipt: Receipt,
    /// Absent for a dry run.
    pub path: Option<PathBuf>,
}

/// What is held on a person.
struct Held {
    needles: Needles,
    /// For raw bytes: without what a published page holds too.
    bytes: Needles,
    not_looked_for: Vec<String>,
    rows: Vec<person::PersonalRow>,
    documents: HashSet<DocId>,
    passages: Vec<Fields>,
    files: Vec<PathBuf>,
}

impl Eraser {
    /// Takes out everything that is held on the person. `unknown` says what could not be found out about them, for the
    /// receipt.
    pub async fn customer(
        &self,
        person: &Person,
        request: &str,
        unknown: Vec<String>,
        dry_run: bool,
    ) -> Result<Erased, EraseError> {
        let mut held = self.held(person).await?;
        held.not_looked_for.extend(unknown);
        let mut receipt = self.receipt(request, &held)?;
        if dry_run {
            receipt.chunks = held.passages.len();
            return Ok(Erased { receipt, path: None });
        }
        self.save(&receipt)?;
        let doing = "the copy that a trial left of the index cannot be removed";
        let forgotten = counterfactual::forget(&self.data, self.pass.store());
        forgotten.map_err(|source| EraseError::File { path: self.data.clone(), doing, source })?;
        self.mirror.remember_erased(&held.documents, Timestamp::now()).await?;
        let removed = self.remove(held.documents.clone()).await?;
        receipt.chunks = removed.chunks;
        if removed.generations_left > 0 {
            receipt.not_looked_for.push(format!(
                "{} older states of the index are still read by another process; their files stay until it lets go",
                removed.generations_left
            ));
        }
        for path in &held.files {
            let doing = "a file that was handed out cannot be removed";
            std::fs::remove_file(path).map_err(|source| EraseError::File { path: path.clone(), doing, source })?;
        }
        person::erase(&self.folder(), &held.rows).await?;
        receipt.finish(self.probe(&held.needles, &held.bytes).await?, Timestamp::now());
        let path = self.save(&receipt)?;
        Ok(Erased { receipt, path: Some(path) })
    }

    /// Writes down everything that is held on the person, and where it is.
    pub async fn hand_out(
        &self,
        person: &Person,
        request: &str,
        name: &str,
        unknown: Vec<String>,
    ) -> Result<PathBuf, EraseError> {
        let mut held = self.held(person).await?;
        held.not_looked_for.extend(unknown);
        let receipt = self.receipt(request, &held)?;
        let passages: Vec<_> =
            held.passages.iter().map(|p| json!({ "document": p.doc, "title": p.title, "text": p.text })).collect();
        let everything = json!({
            "store": self.pass.store(),
            "read_at": Timestamp::now(),
            "customer": {
                "emails": person.emails,
                "phones": person.phones,
                "ids": person.customer_ids,
                "orders": person.order_names,
            },
            "rows": held.rows,
            "passages": passages,
            "not_looked_for": held.not_looked_for,
        });
        let path = self.folder().join(REQUESTS).join(format!("{name}.json"));
        let content = serde_json::to_vec_pretty(&everything).map_err(io::Error::other);
        let doing = "what is held on a customer cannot be written";
        let written = content.and_then(|content| write_private(&path, &content));
        written.map_err(|source| EraseError::File { path: path.clone(), doing, source })?;
        let mut receipt = receipt;
        receipt.ended_at = Some(Timestamp::now());
        receipt.state = super::receipt::State::Done;
        self.save(&receipt)?;
        Ok(path)
    }

    async fn held(&self, person: &Person) -> Result<Held, EraseError> {
        let mut needles = Needles::new(person);
        for email in person.emails.iter().filter_map(|email| Email::parse(email).ok()) {
            needles.add_digest(&self.tries.address(&self.pass, &email));
        }
        if person.is_empty() || needles.is_empty() {
            return Err(EraseError::Nobody);
        }
        let (mut documents, mut passages) = (HashSet::new(), Vec::new());
        // Orders that a page names as an example ("such as #1001"): in raw bytes the two cannot be told apart.
        let mut examples = vec![false; needles.iter().count()];
        let mut look = |fields: &Fields| match fields.kind {
            SourceKind::Conversation => {
                if !probe::is_about(fields, &needles).is_empty() {
                    documents.insert(fields.doc.clone());
                    passages.push(fields.clone());
                }
            }
            SourceKind::Policy | SourceKind::Product => {
                for (needle, example) in needles.iter().zip(&mut examples) {
                    let an_order = matches!(needle.kind, Identifier::OrderName | Identifier::OrderId);
                    *example |= an_order && needle.is_in(fields.text.as_bytes());
                }
            }
        };
        self.place.visit(&mut look).await?;
        let mut not_looked_for = Vec::new();
        for (needle, _) in needles.iter().zip(&examples).filter(|(_, example)| **example) {
            let name = needle.kind.as_str();
            not_looked_for.push(format!("an {name}, in raw bytes: a published page holds the same characters"));
        }
        let bytes = needles.without(&examples);
        let rows = person::find(&self.folder(), &needles).await?;
        let requests = self.folder().join(REQUESTS);
        let mut files = Vec::new();
        for path in probe::files_below(&requests)? {
            let doing = "a file that was handed out cannot be read";
            let named = probe::is_in(&path, &needles);
            if named.map_err(|source| EraseError::File { path: path.clone(), doing, source })? {
                files.push(path);
            }
        }
        Ok(Held { needles, bytes, not_looked_for, rows, documents, passages, files })
    }

    fn receipt(&self, request: &str, held: &Held) -> Result<Receipt, EraseError> {
        let receipt = Receipt::new(request, self.pass.store(), &held.needles, Timestamp::now());
        let doing = "a receipt cannot be made";
        let mut receipt = receipt.map_err(|source| EraseError::File { path: self.data.clone(), doing, source })?;
        let mut rows: BTreeMap<String, usize> = BTreeMap::new();
        for row in held.rows.iter().filter(|row| !row.is_published()) {
            *rows.entry(format!("{}.{}", row.database.trim_end_matches(".sqlite"), row.table)).or_default() += 1;
        }
        (receipt.rows, receipt.documents, receipt.files) = (rows, held.documents.len(), held.files.len());
        receipt.not_looked_for.clone_from(&held.not_looked_for);
        if matches!(self.place, Place::Server { .. }) {
            let server = "bytes on the disk of the Qdrant server: it rewrites them when it next optimizes a segment";
            receipt.not_looked_for.push(server.to_owned());
        }
        Ok(receipt)
    }

    fn save(&self, receipt: &Receipt) -> Result<PathBuf, EraseError> {
        save(receipt, &self.data)
    }

    /// Waits for a sync of the store that is running.
    async fn remove(&self, documents: HashSet<DocId>) -> Result<ingest::index::erase::Removed, EraseError> {
        let started = Instant::now();
        loop {
            match self.place.remove(documents.clone(), PATIENCE).await {
                Err(KnowledgeError::Busy) if started.elapsed() < PATIENCE => {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                removed => return Ok(removed?),
            }
        }
    }

    async fn probe(&self, needles: &Needles, bytes: &Needles) -> Result<Probe, EraseError> {
        Ok(probe::probe(&self.folder(), &self.place, needles, bytes).await?)
    }

    fn folder(&self) -> PathBuf {
        self.data.join("stores").join(self.pass.store().as_str())
    }
}

/// Removes a store: its keys, its folder with settings, databases and index, its collections on a server. The receipt
/// lies outside.
pub async fn store(eraser: &Eraser, keys: &Keys, desks: &Desks, mirrors: &Mirrors) -> Result<Erased, EraseError> {
    let (store, data) = (eraser.pass.store(), &eraser.data);
    let nobody = Needles::new(&Person::default());
    let doing = "a receipt cannot be made";
    let receipt = Receipt::new("shop/redact", store, &nobody, Timestamp::now());
    let mut receipt = receipt.map_err(|source| EraseError::File { path: data.clone(), doing, source })?;
    save(&receipt, data)?;
    for key in keys.list(Some(store)).await? {
        receipt.keys += usize::from(keys.revoke(&key.id, Timestamp::now()).await?);
    }
    receipt.chunks = eraser.place.remove_all().await?;
    desks.close(store).await;
    mirrors.close(store).await;
    let folder = eraser.folder();
    receipt.files = probe::files_below(&folder)?.len();
    remove_folder(&folder).await?;
    let doing = "the copy that a trial left of the index cannot be removed";
    let forgotten = counterfactual::forget(data, store);
    forgotten.map_err(|source| EraseError::File { path: data.to_owned(), doing, source })?;
    let mut probe = Probe { passages: eraser.place.visit(&mut |_| {}).await?, ..Probe::default() };
    let left = probe::files_below(&folder)?;
    if probe.passages > 0 || !left.is_empty() || folder.exists() {
        let found = format!("{} files, {} passages", left.len(), probe.passages);
        probe.found.push(probe::Find { place: found, identifiers: Default::default() });
    }
    (probe.files, receipt.documents) = (left.len(), 0);
    receipt.finish(probe, Timestamp::now());
    let path = save(&receipt, data)?;
    Ok(Erased { receipt, path: Some(path) })
}

/// A reader may still put its own small files there while it lets go.
async fn remove_folder(folder: &Path) -> Result<(), EraseError> {
    let started = Instant::now();
    loop {
        match std::fs::remove_dir_all(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(source) if started.elapsed() > PATIENCE => {
                let doing = "the store's folder cannot be removed";
                return Err(EraseError::File { path: folder.to_owned(), doing, source });
            }
            Ok(()) => return Ok(()),
            Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
        }
    }
}

fn save(receipt: &Receipt, data: &Path) -> Result<PathBuf, EraseError> {
    let doing = "the receipt cannot be written";
    receipt.save(data).map_err(|source| EraseError::File { path: data.join("receipts"), doing, source })
}
