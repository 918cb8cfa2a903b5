//! A directory of the user's: the files are copied, checked like any other, and the originals stay.

use super::{Copied, PartFile, SourceError};
use crate::{
    catalog::{FileSpec, LocalSource},
    weights::{Folder, Progress},
};
use std::fs::File;

pub(crate) fn fetch(
    source: &LocalSource,
    folder: &Folder,
    files: &[&FileSpec],
    progress: &dyn Progress,
) -> Result<(), SourceError> {
    for spec in files {
        let path = source.path.join(&spec.name);
        let unreadable = |error| SourceError::Unavailable(format!("{} could not be read: {error}", path.display()));
        let mut original = File::open(&path).map_err(unreadable)?;
        let mut part = PartFile::open(folder, spec)?;
        part.truncate(0)?;
        progress.begin(&format!("copying {}", spec.name), Some(spec.bytes));
        let copied = part.append(&mut original, spec.bytes, progress);
        progress.end();
        if let Copied::Cut(error) = copied? {
            return Err(unreadable(error));
        }
        folder.finish(spec, progress)?;
    }
    Ok(())
}
