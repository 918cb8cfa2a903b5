//! The folder of a trial, below `eval/` of the data folder: made for it, and gone with it.

use super::CounterfactualError;
use crate::wiring::House;
use engine::StoreId;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// What is tried, and what it is tried on where that is made anew.
const FOLDERS: [&str; 2] = ["counterfactual", "sources"];

/// While it lives nobody else tries anything here.
pub(super) struct Trial {
    /// As configured, but for its folder; the index is embedded whatever the configuration says.
    pub house: House,
    store: PathBuf,
    _lock: File,
}

impl Trial {
    /// The folder for the changed copy.
    pub fn of_changes(house: &House, store: &StoreId) -> Result<Self, CounterfactualError> {
        Self::begin(house, FOLDERS[0], store)
    }

    /// The folder for an index that is made of sources.
    pub fn of_sources(house: &House, store: &StoreId) -> Result<Self, CounterfactualError> {
        Self::begin(house, FOLDERS[1], store)
    }

    fn begin(house: &House, name: &str, store: &StoreId) -> Result<Self, CounterfactualError> {
        let mut there = house.clone();
        there.places.data.extend(["eval", name]);
        there.config.index.url.clear();
        let folder = there.places.data.clone();
        let failed = |source| CounterfactualError::Folder { path: folder.clone(), source };
        fs::create_dir_all(&folder).map_err(failed)?;
        let mut options = File::options();
        let lock = options.create(true).truncate(false).write(true).open(folder.join("trial.lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(CounterfactualError::Running),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let store = folder.join("stores").join(store.as_str());
        // What a trial left that was killed.
        remove(&store).map_err(failed)?;
        Ok(Self { house: there, store, _lock: lock })
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        // A copy of what the store knows must not outlive its use; if it does, the next trial or an erasure removes it.
        if let Err(error) = remove(&self.store) {
            tracing::warn!(error.cause = %error, "the copy of a trial stays in its folder");
        }
    }
}

/// Removes what killed trials left of a store: an erasure must reach it.
pub fn forget(data: &Path, store: &StoreId) -> io::Result<()> {
    FOLDERS.iter().try_for_each(|name| remove(&data.join("eval").join(name).join("stores").join(store.as_str())))
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Machine;
    use crate::wiring::{HouseClock, Places};

    #[test]
    fn a_trial_is_alone_and_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let places = Places { data: dir.path().to_owned(), models: dir.path().join("models") };
        let config = crate::config::shipped().unwrap();
        let house = House { config, places, machine: Machine::look(), clock: HouseClock::default() };
        let store = StoreId::parse("one").unwrap();
        let left = dir.path().join("eval/counterfactual/stores/one/index");
        fs::create_dir_all(&left).unwrap();
        let trial = Trial::of_changes(&house, &store).unwrap();
        assert!(!left.exists());
        assert!(matches!(Trial::of_changes(&house, &store), Err(CounterfactualError::Running)));
        fs::create_dir_all(&left).unwrap();
        drop(trial);
        assert!(!left.exists());
        fs::create_dir_all(&left).unwrap();
        forget(dir.path(), &store).unwrap();
        assert!(!left.exists() && dir.path().exists());
        forget(dir.path(), &store).unwrap();
    }
}
