//! `<data>/identity.key`: 32 random bytes, made at the first start, readable by their owner only. Beside the databases
//! and not in them, so that a copy of a store's database alone cannot be tried against the million codes there are.
//! Whoever removes the file ends the codes and sessions under way and begins every count anew; nothing else is lost.

use engine::identity::code::ServerKey;
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error("{}: the file cannot be read or made", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{}: the file does not have 32 bytes; remove it, and a new one is made", path.display())]
    Damaged { path: PathBuf },
}

pub(super) fn load_or_make(data: &Path) -> Result<ServerKey, KeyFileError> {
    let path = data.join("identity.key");
    let bytes = read_or_make(data, &path).map_err(|source| KeyFileError::Io { path: path.clone(), source })?;
    bytes.try_into().map(ServerKey::new).map_err(|_| KeyFileError::Damaged { path })
}

fn read_or_make(data: &Path, path: &Path) -> io::Result<Vec<u8>> {
    if !path.exists() {
        std::fs::create_dir_all(data)?;
        let random = super::random().map_err(|_| io::Error::other("the system gives no random bytes"))?;
        // Made with 0600, and appears whole. If two processes start at once, the first one's key is everybody's.
        let mut file = tempfile::NamedTempFile::new_in(data)?;
        file.write_all(&random)?;
        file.as_file().sync_all()?;
        match file.persist_noclobber(path) {
            Ok(_) => {}
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.error),
        }
    }
    std::fs::read(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_for_its_owner() {
        let dir = tempfile::tempdir().unwrap();
        let first = load_or_make(dir.path()).unwrap().subject(&["a"]);
        assert_eq!(load_or_make(dir.path()).unwrap().subject(&["a"]), first);
        let other = tempfile::tempdir().unwrap();
        assert_ne!(load_or_make(other.path()).unwrap().subject(&["a"]), first);
        let path = dir.path().join("identity.key");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        std::fs::write(&path, "short").unwrap();
        assert!(load_or_make(dir.path()).unwrap_err().to_string().contains("identity.key"));
    }
}
