//! How large a file may be before a reader refuses it: a wrong folder must not fill the memory.

use std::path::Path;

/// In bytes. A product CSV and JSON lines are read as a stream and have no limit but that of one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Markdown, HTML, plain text and PDF.
    pub page: u64,
    /// A conversation export in one JSON file, which has to be held in memory as a whole.
    pub export: u64,
    /// One row of a CSV or one line of JSON lines.
    pub row: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { page: 50 << 20, export: 200 << 20, row: 4 << 20 }
    }
}

impl Limits {
    /// The file's content, or what to do about it.
    pub(crate) fn read(path: &Path, limit: u64, way_out: &str) -> Result<Vec<u8>, String> {
        let size = std::fs::metadata(path).map_err(|e| unreadable(&e))?.len();
        if size > limit {
            return Err(format!("the file has {} MB, the limit is {} MB: {way_out}", size >> 20, limit >> 20));
        }
        std::fs::read(path).map_err(|e| unreadable(&e))
    }
}

pub(crate) fn unreadable(error: &std::io::Error) -> String {
    format!("could not be read ({error}): check that the file is there and that its permissions allow reading")
}
