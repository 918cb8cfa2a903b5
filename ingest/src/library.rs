//! One directory per store: the wall between stores, and the lock that lets one process at a time write.

use engine::access::{StoreId, StorePass};
use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

/// The data directory with everything that the stores' indexes keep on disk.
#[derive(Clone, Debug)]
pub struct Library {
    data: PathBuf,
}

/// One store's part of the library, `<data>/stores/<store>/`. Only a pass opens it.
#[derive(Clone, Debug)]
pub struct Shelf {
    store: StoreId,
    root: PathBuf,
}

/// Held by the one process that writes a shelf; the operating system frees it when the process ends, however it ends.
#[derive(Debug)]
pub struct WriteLock {
    _file: File,
}

#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    #[error("{}: {source}; check that the data directory exists and may be written", path.display())]
    Directory { path: PathBuf, source: io::Error },
    #[error("another process writes the index of '{0}'; try again when it has finished")]
    Locked(StoreId),
}

impl Library {
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self { data: data.into() }
    }

    /// The directory of the pass's store; it is created, readable by its owner only, if it is not there.
    pub fn shelf(&self, pass: &StorePass) -> Result<Shelf, LibraryError> {
        let root = self.data.join("stores").join(pass.store().as_str());
        create_private(&root).map_err(|source| LibraryError::Directory { path: root.clone(), source })?;
        Ok(Shelf { store: pass.store().clone(), root })
    }
}

impl Shelf {
    pub fn store(&self) -> &StoreId {
        &self.store
    }

    /// Where the embedded index lives. See [`crate::index::generation`] for what is in it.
    pub fn index_dir(&self) -> PathBuf {
        self.root.join("index")
    }

    /// Waits for nobody: a second writer is told so at once. Readers need no lock.
    pub fn lock(&self) -> Result<WriteLock, LibraryError> {
        let path = self.root.join("write.lock");
        let directory = |source| LibraryError::Directory { path: path.clone(), source };
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(directory)?;
        match file.try_lock() {
            Ok(()) => Ok(WriteLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LibraryError::Locked(self.store.clone())),
            Err(TryLockError::Error(source)) => Err(LibraryError::Directory { path, source }),
        }
    }
}

fn create_private(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests act for the operator")]
mod tests {
    use super::*;

    fn pass(store: &str) -> StorePass {
        StorePass::for_operator(StoreId::parse(store).unwrap(), "test")
    }

    #[test]
    fn every_store_has_its_own_private_directory() {
        let data = tempfile::tempdir().unwrap();
        let library = Library::new(data.path());
        let (one, two) = (library.shelf(&pass("one")).unwrap(), library.shelf(&pass("two")).unwrap());
        assert_ne!(one.index_dir(), two.index_dir());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(data.path().join("stores/one")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
        }
    }

    #[test]
    fn one_writes_at_a_time() {
        let data = tempfile::tempdir().unwrap();
        let shelf = Library::new(data.path()).shelf(&pass("one")).unwrap();
        let held = shelf.lock().unwrap();
        assert!(matches!(shelf.lock(), Err(LibraryError::Locked(_))));
        drop(held);
        shelf.lock().unwrap();
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_named() {
        let data = tempfile::NamedTempFile::new().unwrap();
        let error = Library::new(data.path()).shelf(&pass("one")).unwrap_err();
        assert!(error.to_string().contains("stores/one"), "{error}");
    }
}
