//! Where the embedded index of a store lives on disk, and how it changes without a moment in which it is broken.
//!
//! ```text
//! index/
//!   CURRENT        the number of the published generation
//!   7/             the published generation; never written again
//!     meta.json    which embedder, which format
//!     lease        locked (shared) by every process that reads the generation
//!     shard/       a Qdrant Edge shard
//!   8/             the draft: what the running (or killed) sync has stored so far
//!   views/         one per open reader
//! ```
//!
//! Qdrant Edge lets one process open a shard, does not replay its log, and gives no reader a stable picture while
//! another process writes. So a published generation is never written: a sync that has something to change copies
//! it into a draft (sparse, so mostly the vectors), writes there, flushes after every batch, and publishes by
//! renaming `CURRENT` into place. Readers go on with the generation they have and open the new one at their next
//! question. Killed at any point, the published generation is untouched and the draft holds every batch that was
//! flushed; the next sync compares the sources with the draft and goes on from there. The price is the copy, and
//! the disk space of a second index while a sync runs.
//!
//! A reader opens a *view*: a directory with its own (empty) log and a link to the generation's segments, because
//! the log is what Edge locks. Any number of processes can read at once. A generation is deleted when it is not
//! current and nobody holds its lease.

use super::{IndexMeta, failed, shard};
use engine::ports::KnowledgeError;
use qdrant_edge::EdgeShard;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

const CURRENT: &str = "CURRENT";
const META: &str = "meta.json";
const LEASE: &str = "lease";
const SHARD: &str = "shard";
const VIEWS: &str = "views";
const COPYING: &str = "copying";

/// The directory `index/` of a shelf.
#[derive(Clone, Debug)]
pub struct Generations {
    root: PathBuf,
}

/// A published generation, open for reading. It stays readable while others publish.
pub struct View {
    // Dropped in this order: the shard writes into the view, and the view leads into the leased generation.
    pub shard: EdgeShard,
    _dir: ViewDir,
    _lease: File,
    pub meta: IndexMeta,
    pub generation: u64,
    generations: Generations,
}

impl View {
    /// The generation that is current by now.
    pub fn published(&self) -> Result<Option<u64>, KnowledgeError> {
        self.generations.current()
    }
}

/// `meta.json` of a generation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GenerationMeta {
    #[serde(flatten)]
    pub index: IndexMeta,
    /// The generation that it started as a copy of; none for one built from nothing.
    pub base: Option<u64>,
}

impl Generations {
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The number of the published generation.
    pub fn current(&self) -> Result<Option<u64>, KnowledgeError> {
        match fs::read_to_string(self.root.join(CURRENT)) {
            Ok(text) => match text.trim().parse() {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(KnowledgeError::Failed(format!(
                    "{} does not name a generation; rebuild with `shopclerk sync --rebuild`",
                    self.root.join(CURRENT).display()
                ))),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("reading which index is current", error)),
        }
    }

    pub fn meta(&self, generation: u64) -> Result<GenerationMeta, KnowledgeError> {
        let path = self.dir(generation).join(META);
        let text = fs::read(&path).map_err(|error| failed(&path.display().to_string(), error))?;
        serde_json::from_slice(&text).map_err(|error| failed(&path.display().to_string(), error))
    }

    /// Opens the published generation; `None` if there is none yet.
    pub fn open_current(&self) -> Result<Option<View>, KnowledgeError> {
        // A writer may publish and clean up between any two of our steps; then there is a newer one to open.
        let mut last = KnowledgeError::Busy;
        for _ in 0..8 {
            let Some(generation) = self.current()? else { return Ok(None) };
            let Ok(lease) = File::open(self.dir(generation).join(LEASE)) else { continue };
            lease.lock_shared().map_err(|error| failed("leasing the index", error))?;
            if self.current()? != Some(generation) {
                continue;
            }
            let meta = self.meta(generation)?.index;
            let dir = match self.view_dir(generation) {
                Ok(dir) => dir,
                Err(error) => {
                    last = failed("opening the index for reading", error);
                    continue;
                }
            };
            let shard = shard::load_view(&dir.path)?;
            let generations = self.clone();
            return Ok(Some(View { shard, _dir: dir, _lease: lease, meta, generation, generations }));
        }
        Err(last)
    }

    /// The draft that an earlier sync left, if it can be gone on with. Whoever asks holds the write lock.
    pub fn draft(&self) -> Result<Option<u64>, KnowledgeError> {
        let current = self.current()?;
        Ok(self.numbers()?.into_iter().filter(|number| Some(*number) > current).max())
    }

    /// Starts a draft, as a copy of the current generation or from nothing. Whoever asks holds the write lock.
    pub fn start_draft(&self, meta: &IndexMeta, from_current: bool) -> Result<u64, KnowledgeError> {
        let base = if from_current { self.current()? } else { None };
        self.start_with(meta, base, |shard_dir| match base {
            Some(base) => copy_tree(&self.dir(base).join(SHARD), shard_dir).map_err(starting),
            None => {
                fs::create_dir(shard_dir).map_err(starting)?;
                shard::create(shard_dir, meta)
            }
        })
    }

    /// Starts a draft whose shard `fill` makes in the directory that it is given. It becomes a draft when `fill` is
    /// done: what a kill cuts off before that is never gone on with.
    pub fn start_with(
        &self,
        meta: &IndexMeta,
        base: Option<u64>,
        fill: impl FnOnce(&Path) -> Result<(), KnowledgeError>,
    ) -> Result<u64, KnowledgeError> {
        let number = self.current()?.unwrap_or(0) + 1;
        let copying = self.root.join(COPYING);
        remove_if_there(&copying).map_err(starting)?;
        fs::create_dir_all(&copying).map_err(starting)?;
        fill(&copying.join(SHARD))?;
        let meta = GenerationMeta { index: meta.clone(), base };
        write_durably(&copying.join(META), &serde_json::to_vec_pretty(&meta).expect("plain data")).map_err(starting)?;
        write_durably(&copying.join(LEASE), b"").map_err(starting)?;
        fs::rename(&copying, self.dir(number)).map_err(starting)?;
        Ok(number)
    }

    /// Publishes a copy of what another directory publishes; whether there was anything. The lease keeps it there until
    /// it is copied. Whoever asks holds the write lock of this directory.
    pub fn adopt(&self, other: &Self) -> Result<bool, KnowledgeError> {
        let Some(view) = other.open_current()? else { return Ok(false) };
        let number = self.start_with(&view.meta, None, |shard_dir| {
            copy_tree(&other.shard_dir(view.generation), shard_dir).map_err(starting)
        })?;
        self.publish(number)?;
        Ok(true)
    }

    /// Makes a finished, flushed and closed draft the current generation.
    pub fn publish(&self, draft: u64) -> Result<(), KnowledgeError> {
        let doing = |error: io::Error| failed("publishing the index", error);
        let next = self.root.join("CURRENT.next");
        write_durably(&next, format!("{draft}\n").as_bytes()).map_err(doing)?;
        fs::rename(&next, self.root.join(CURRENT)).map_err(doing)?;
        File::open(&self.root).and_then(|dir| dir.sync_all()).map_err(doing)
    }

    pub fn discard(&self, draft: u64) -> Result<(), KnowledgeError> {
        remove_if_there(&self.dir(draft)).map_err(|error| failed("removing an unfinished index", error))
    }

    /// Removes what nobody needs any more: half-made copies, generations before the current one that nobody reads,
    /// views of processes that were killed. Whoever asks holds the write lock.
    pub fn clean(&self) -> Result<(), KnowledgeError> {
        let doing = |error: io::Error| failed("cleaning the index directory", error);
        fs::create_dir_all(self.root.join(VIEWS)).map_err(doing)?;
        remove_if_there(&self.root.join(COPYING)).map_err(doing)?;
        let current = self.current()?;
        for number in self.numbers()? {
            if Some(number) < current && is_free(&self.dir(number)) {
                remove_if_there(&self.dir(number)).map_err(doing)?;
            }
        }
        for view in fs::read_dir(self.root.join(VIEWS)).map_err(doing)?.flatten() {
            // One that is being made has no lease for a moment; it holds nothing yet.
            let in_the_making = view.file_name().to_string_lossy().starts_with('.');
            let leased = view.path().join(LEASE).exists();
            if (leased || !in_the_making) && is_free(&view.path()) {
                remove_if_there(&view.path()).map_err(doing)?;
            }
        }
        Ok(())
    }

    /// Generations on the disk, the current one and drafts counted too.
    pub fn count(&self) -> Result<usize, KnowledgeError> {
        self.numbers().map(|numbers| numbers.len())
    }

    /// The Edge shard of a generation.
    pub fn shard_dir(&self, generation: u64) -> PathBuf {
        self.dir(generation).join(SHARD)
    }

    fn dir(&self, generation: u64) -> PathBuf {
        self.root.join(generation.to_string())
    }

    fn numbers(&self) -> Result<Vec<u64>, KnowledgeError> {
        match fs::read_dir(&self.root) {
            Ok(entries) => Ok(entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(failed("reading the index directory", error)),
        }
    }

    fn view_dir(&self, generation: u64) -> io::Result<ViewDir> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        // Made elsewhere and moved in when its lease is held, so that no cleaner finds it without one.
        let path = self.root.join(VIEWS).join(&name);
        let making = self.root.join(VIEWS).join(format!(".{name}"));
        remove_if_there(&making)?;
        remove_if_there(&path)?;
        fs::create_dir_all(&making)?;
        let lease = File::create(making.join(LEASE))?;
        lease.lock()?;
        let shard = self.shard_dir(generation);
        symlink(&fs::canonicalize(shard.join("segments"))?, &making.join("segments"))?;
        fs::copy(shard.join("edge_config.json"), making.join("edge_config.json"))?;
        fs::rename(&making, &path)?;
        Ok(ViewDir { path, _lease: lease })
    }
}

fn starting(error: io::Error) -> KnowledgeError {
    failed("starting a new generation of the index", error)
}

/// Nobody holds its lease, or it has none because removing it was cut off.
fn is_free(dir: &Path) -> bool {
    match File::open(dir.join(LEASE)) {
        Ok(lease) => lease.try_lock().is_ok(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// A reader's own directory; removed with the reader.
struct ViewDir {
    path: PathBuf,
    _lease: File,
}

impl Drop for ViewDir {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::debug!(index.error = %error, "a view was left for the next sync to remove");
        }
    }
}

#[cfg(unix)]
fn symlink(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(windows)]
fn symlink(target: &Path, link: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_dir(target, link)
}

fn write_durably(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Copies a shard. A reader that closes it may replace a state file by an equal one meanwhile: a name that
/// vanishes was its temporary file.
fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let copied = match entry.file_type() {
            Ok(kind) if kind.is_dir() => copy_tree(&entry.path(), &target),
            Ok(_) => copy_sparse(&entry.path(), &target),
            Err(error) => Err(error),
        };
        match copied {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !entry.path().exists() => {}
            other => other?,
        }
    }
    Ok(())
}

/// Edge reserves tens of megabytes per file and fills them from the front; blocks of zeros stay holes.
fn copy_sparse(from: &Path, to: &Path) -> io::Result<()> {
    const BLOCK: usize = 64 * 1024;
    let (mut source, mut target) = (File::open(from)?, File::create(to)?);
    let mut block = vec![0u8; BLOCK];
    let mut length = 0u64;
    loop {
        let read = source.read(&mut block)?;
        if read == 0 {
            break;
        }
        length += read as u64;
        if block[..read].iter().all(|byte| *byte == 0) {
            target.seek(io::SeekFrom::Current(read as i64))?;
        } else {
            target.write_all(&block[..read])?;
        }
    }
    target.set_len(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::ports::ModelId;

    fn meta() -> IndexMeta {
        IndexMeta::new(ModelId("m@1".into()), 4, "english")
    }

    #[test]
    fn a_generation_is_seen_when_it_is_published_and_goes_when_nobody_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let generations = Generations::new(dir.path());
        generations.clean().unwrap();
        assert!(generations.open_current().unwrap().is_none());

        let first = generations.start_draft(&meta(), true).unwrap();
        assert!(generations.open_current().unwrap().is_none());
        assert_eq!(generations.draft().unwrap(), Some(first));
        generations.publish(first).unwrap();
        let (a, b) = (generations.open_current().unwrap().unwrap(), generations.open_current().unwrap().unwrap());
        assert_eq!((a.generation, b.generation), (first, first));

        let second = generations.start_draft(&meta(), true).unwrap();
        assert_eq!(generations.meta(second).unwrap().base, Some(first));
        generations.publish(second).unwrap();
        generations.clean().unwrap();
        assert!(generations.shard_dir(first).exists(), "it is being read");
        drop((a, b));
        generations.clean().unwrap();
        assert!(!generations.shard_dir(first).exists());
        assert_eq!(generations.open_current().unwrap().unwrap().generation, second);
    }

    #[test]
    fn a_killed_readers_view_is_cleaned() {
        let dir = tempfile::tempdir().unwrap();
        let generations = Generations::new(dir.path());
        generations.clean().unwrap();
        let view = dir.path().join(VIEWS).join("1-1");
        fs::create_dir(&view).unwrap();
        fs::write(view.join(LEASE), "").unwrap();
        generations.clean().unwrap();
        assert!(!view.exists());
    }

    #[test]
    fn a_sparse_copy_is_a_copy() {
        let dir = tempfile::tempdir().unwrap();
        let mut content = vec![0u8; 300_000];
        content[0] = 1;
        content[200_000] = 7;
        let (from, to) = (dir.path().join("a"), dir.path().join("b"));
        fs::write(&from, &content).unwrap();
        copy_sparse(&from, &to).unwrap();
        assert_eq!(fs::read(&to).unwrap(), content);
    }
}
