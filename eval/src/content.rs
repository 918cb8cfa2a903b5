//! A hash that tells whether two runs asked the same over the same.

use crate::pack::{PackError, PackFile, Shelf};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

/// SHA-256 over what is asked and what is searched.
pub(crate) fn content(file: &PackFile, shelf: Option<&Shelf>) -> Result<String, PackError> {
    let mut paths = vec![file.path.clone()];
    if let Some(shelf) = shelf {
        paths.extend(shelf.files.iter().cloned());
        paths.extend(shelf.shop.iter().flat_map(|shop| std::iter::once(&shop.dir).chain(&shop.settings)).cloned());
    }
    let mut hash = Sha256::new();
    for path in paths {
        add(&mut hash, &path)?;
    }
    for doc in shelf.iter().flat_map(|shelf| &shelf.without) {
        hash.update(doc.0.as_bytes());
        hash.update([0]);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A file, or everything below a folder in the order of the names.
fn add(hash: &mut Sha256, path: &Path) -> Result<(), PackError> {
    let unreadable = |source| PackError::Unreadable { path: path.to_owned(), source };
    if path.is_dir() {
        let entries: Result<Vec<PathBuf>, _> =
            fs::read_dir(path).map_err(unreadable)?.map(|entry| entry.map(|entry| entry.path())).collect();
        let mut entries = entries.map_err(unreadable)?;
        entries.sort();
        return entries.iter().try_for_each(|entry| add(hash, entry));
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(&bytes);
    Ok(())
}
