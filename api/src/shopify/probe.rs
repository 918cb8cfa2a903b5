//! Looks whether an erasure left anything: at every byte of every file below the store's folder, and at every passage
//! that searches can find.

use super::needles::{Identifier, Needles};
use engine::{evidence::SourceKind, ports::KnowledgeError};
use ingest::index::{erase::Place, point::Fields};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

/// Bytes that are looked at together.
const WINDOW: usize = 1024 * 1024;
/// Bytes that two windows share; no identifier is so long, however it is escaped.
const OVERLAP: usize = 4096;

/// What was looked at, and where something was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    pub files: usize,
    pub bytes: u64,
    pub passages: usize,
    pub found: Vec<Find>,
}

/// Something is still there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Find {
    /// A file below the store's folder, or `index`.
    pub place: String,
    pub identifiers: BTreeSet<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    #[error("{}: the file cannot be read, so nobody knows what is in it", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Index(#[from] KnowledgeError),
}

/// Whether a passage holds what it must not. A page may name an order as an example ("such as #1001"); that is nobody's.
pub fn is_about(fields: &Fields, needles: &Needles) -> BTreeSet<Identifier> {
    let mut found = needles.find(words(fields).as_bytes());
    if fields.kind != SourceKind::Conversation {
        found.remove(&Identifier::OrderName);
        found.remove(&Identifier::OrderId);
    }
    found
}

/// Everything that is stored of a passage as text.
fn words(fields: &Fields) -> String {
    let mut words = vec![fields.doc.0.as_str(), &fields.source, &fields.title, &fields.text];
    words.extend(fields.heading.iter().chain(&fields.tags).map(String::as_str));
    words.extend(fields.url.as_deref().into_iter().chain(fields.owner.as_deref()));
    words.join("\n")
}

/// Looks everywhere. `files` are the needles for raw bytes: those of `needles` that no published page holds too.
pub async fn probe(folder: &Path, place: &Place, needles: &Needles, files: &Needles) -> Result<Probe, ProbeError> {
    let mut probe = Probe::default();
    let mut passages = BTreeSet::new();
    probe.passages = place.visit(&mut |fields| passages.extend(is_about(fields, needles))).await?;
    if !passages.is_empty() {
        probe.found.push(Find { place: "index".into(), identifiers: names(&passages) });
    }
    for path in files_below(folder)? {
        let mut found = BTreeSet::new();
        let read = scan(&path, &mut |bytes| found.extend(files.find(bytes)));
        match read {
            Ok(bytes) => (probe.files, probe.bytes) = (probe.files + 1, probe.bytes + bytes),
            // Gone between being listed and being read: a reader's own directory, a database's log.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(source) => return Err(ProbeError::File { path, source }),
        }
        if !found.is_empty() {
            let place = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
            probe.found.push(Find { place, identifiers: names(&found) });
        }
    }
    Ok(probe)
}

/// Every file below a folder; links are not followed, since what they lead to is listed where it is.
pub fn files_below(folder: &Path) -> Result<Vec<PathBuf>, ProbeError> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(path) = folders.pop() {
        let failed = |source| ProbeError::File { path: path.clone(), source };
        let entries = match std::fs::read_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries.map_err(failed)?,
        };
        for entry in entries {
            let entry = entry.map_err(failed)?;
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => files.push(entry.path()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed(error)),
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Shows the file's bytes in overlapping windows; how many there were.
fn scan(path: &Path, seen: &mut dyn FnMut(&[u8])) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let (mut window, mut kept, mut total) = (vec![0u8; WINDOW + OVERLAP], 0, 0u64);
    loop {
        let read = file.read(&mut window[kept..])?;
        total += read as u64;
        let filled = kept + read;
        if read == 0 || filled == window.len() {
            seen(&window[..filled]);
            if read == 0 {
                return Ok(total);
            }
            window.copy_within(filled - OVERLAP..filled, 0);
            kept = OVERLAP;
        } else {
            kept = filled;
        }
    }
}

/// Whether one of the identifiers stands in the file.
pub fn is_in(path: &Path, needles: &Needles) -> io::Result<bool> {
    let mut found = false;
    scan(path, &mut |bytes| found |= !needles.find(bytes).is_empty())?;
    Ok(found)
}

fn names(found: &BTreeSet<Identifier>) -> BTreeSet<String> {
    found.iter().map(|identifier| identifier.as_str().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shopify::needles::Person;

    #[test]
    fn windows_overlap_so_that_nothing_falls_between_them() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        let person = Person { emails: ["anna@shop.example".into()].into(), ..Person::default() };
        let needles = Needles::new(&person);
        for at in [0, 5, WINDOW - 9, WINDOW + OVERLAP - 9, 2 * WINDOW + OVERLAP - 9, 3 * WINDOW] {
            let mut bytes = vec![0u8; at];
            bytes.extend(b" anna@shop.example ");
            bytes.extend(vec![0u8; 100]);
            std::fs::write(&path, &bytes).unwrap();
            assert!(is_in(&path, &needles).unwrap(), "{at}");
            std::fs::write(&path, &bytes[..at + 12]).unwrap();
            assert!(!is_in(&path, &needles).unwrap(), "{at}");
        }
    }
}
