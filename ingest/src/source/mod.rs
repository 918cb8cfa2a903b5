//! Files and folders in, documents out. A broken file, line or ticket is a [`Failure`]; everything else is read.

mod chatwoot;
mod conversation;
mod export;
pub(crate) mod front_matter;
mod gorgias;
pub(crate) mod html;
mod html_table;
mod json;
mod json_lines;
mod limits;
pub(crate) mod lines;
mod markdown;
pub(crate) mod money;
pub(crate) mod page;
mod pdf;
pub(crate) mod product;
mod product_csv;
mod quoted;
mod record;
#[cfg(test)]
mod robust;
#[cfg(test)]
mod tests;
mod text;
mod zendesk;

pub use conversation::people;
pub use json::html_text;
pub use limits::Limits;
pub use money::Currency;
pub use quoted::own_words;

use crate::document::Document;
use crate::mask::{MaskConfig, MaskReport, Masker};
use engine::evidence::DocId;
use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// What the readers cannot know from the files.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// Of the prices in a product CSV, which names none.
    pub currency: Currency,
    /// How order numbers look in this store.
    pub mask: MaskConfig,
    pub limits: Limits,
}

/// Something that was not read, and what to do about it. Holds no customer text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Failure {
    /// As it can be opened.
    pub path: PathBuf,
    /// Relative to the root that was given, as [`Document::file`].
    pub file: String,
    /// Counts from 1.
    pub line: Option<usize>,
    pub reason: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

/// What was left out on purpose: an unknown kind of file, draft products, conversations that are still open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    pub path: PathBuf,
    pub count: usize,
    pub reason: String,
}

/// What a run of [`read_each`] saw besides documents and failures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Files that a reader was found for.
    pub files: usize,
    pub documents: usize,
    pub failures: usize,
    pub skipped: Vec<Skipped>,
    /// Personal data masked in conversations, by class.
    pub masked: MaskReport,
}

/// Everything that [`read_all`] found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sources {
    pub documents: Vec<Document>,
    pub failures: Vec<Failure>,
    pub tally: Tally,
}

/// Reads everything into memory. For a large catalogue use [`read_each`].
pub fn read_all(paths: &[PathBuf], options: &ReadOptions) -> Sources {
    let (mut documents, mut failures) = (Vec::new(), Vec::new());
    let tally = read_each(paths, options, &mut |read| match read {
        Ok(document) => documents.push(document),
        Err(failure) => failures.push(failure),
    });
    Sources { documents, failures, tally }
}

/// Reads files and folders one document at a time: folders in the order of their names, hidden files and symbolic
/// links left out, each id once.
pub fn read_each(paths: &[PathBuf], options: &ReadOptions, sink: &mut dyn FnMut(Result<Document, Failure>)) -> Tally {
    let mut run = Run { options, masker: Masker::new(&options.mask), seen: HashMap::new(), tally: Tally::default() };
    for root in paths {
        for entry in walk(root) {
            match entry {
                Ok((path, file)) => run.file(&path, file, sink),
                Err(failure) => {
                    run.tally.failures += 1;
                    sink(Err(failure));
                }
            }
        }
    }
    run.tally
}

/// Each file below `root` with its name relative to it, always with `/`.
fn walk(root: &Path) -> impl Iterator<Item = Result<(PathBuf, String), Failure>> {
    let top = root.to_path_buf();
    // A link that was named on the command line is meant; one found below is not followed.
    walkdir::WalkDir::new(root)
        .follow_links(false)
        .follow_root_links(true)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|e| e.depth() == 0 || !e.file_name().to_string_lossy().starts_with('.'))
        .filter_map(move |entry| match entry {
            Ok(entry) if !entry.path().is_file() || (entry.depth() > 0 && entry.path_is_symlink()) => None,
            Ok(entry) => {
                let path = entry.into_path();
                let relative = path.strip_prefix(&top).ok().filter(|p| p.components().next().is_some());
                let name =
                    relative.map_or_else(|| path.file_name().map(PathBuf::from).unwrap_or_default(), PathBuf::from);
                let parts: Vec<_> = name.components().map(|c| c.as_os_str().to_string_lossy().into_owned()).collect();
                Some(Ok((path, parts.join("/"))))
            }
            Err(error) => {
                let path = error.path().map_or_else(|| top.clone(), Path::to_path_buf);
                let reason = match error.io_error() {
                    Some(io) => limits::unreadable(io),
                    None => format!("could not be walked ({error})"),
                };
                Some(Err(Failure { file: path.display().to_string(), path, line: None, reason }))
            }
        })
}

struct Run<'o> {
    options: &'o ReadOptions,
    masker: Masker,
    /// Where each id was first read.
    seen: HashMap<DocId, PathBuf>,
    tally: Tally,
}

impl Run<'_> {
    fn file(&mut self, path: &Path, file: String, sink: &mut dyn FnMut(Result<Document, Failure>)) {
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
        let read: fn(&mut Reading<'_, '_>) = match extension.as_str() {
            "md" | "markdown" | "html" | "htm" | "txt" | "text" | "pdf" => page::read,
            "csv" => product_csv::read,
            "jsonl" | "ndjson" => json_lines::read,
            "json" => export::read,
            _ => {
                let reason = "no reader for this kind of file".to_owned();
                self.tally.skipped.push(Skipped { path: path.to_path_buf(), count: 1, reason });
                return;
            }
        };
        self.tally.files += 1;
        let mut reading = Reading { path, file, extension, run: self, sink, failures: 0, skipped: Vec::new() };
        read(&mut reading);
        reading.finish();
    }
}

/// One file being read: where its documents, failures and omissions go.
pub(crate) struct Reading<'r, 'o> {
    path: &'r Path,
    file: String,
    extension: String,
    run: &'r mut Run<'o>,
    sink: &'r mut dyn FnMut(Result<Document, Failure>),
    failures: usize,
    skipped: Vec<(String, usize)>,
}

/// So that a file of a wrong kind does not fill the screen.
const FAILURES_NAMED: usize = 20;

impl Reading<'_, '_> {
    pub(crate) fn options(&self) -> &ReadOptions {
        self.run.options
    }

    pub(crate) fn masker(&mut self) -> (&Masker, &mut MaskReport) {
        (&self.run.masker, &mut self.run.tally.masked)
    }

    pub(crate) fn document(&mut self, mut document: Document, line: Option<usize>) {
        if let Some(first) = self.run.seen.get(&document.id) {
            let reason = if first == self.path {
                format!("the id '{}' is in this file twice: only the first was read", document.id)
            } else {
                let first = first.display();
                format!(
                    "the id '{}' was already read from {first}: rename one of the two, or sync the folder above both",
                    document.id
                )
            };
            return self.fail(line, reason);
        }
        self.run.seen.insert(document.id.clone(), self.path.to_path_buf());
        self.run.tally.documents += 1;
        document.file.clone_from(&self.file);
        (self.sink)(Ok(document));
    }

    pub(crate) fn fail(&mut self, line: Option<usize>, reason: impl Into<String>) {
        self.failures += 1;
        self.run.tally.failures += 1;
        if self.failures <= FAILURES_NAMED {
            self.failure(line, reason.into());
        }
    }

    pub(crate) fn skip(&mut self, reason: &str) {
        match self.skipped.iter_mut().find(|(known, _)| known == reason) {
            Some((_, count)) => *count += 1,
            None => self.skipped.push((reason.to_owned(), 1)),
        }
    }

    fn failure(&mut self, line: Option<usize>, reason: String) {
        (self.sink)(Err(Failure { path: self.path.to_path_buf(), file: self.file.clone(), line, reason }));
    }

    fn finish(mut self) {
        if self.failures > FAILURES_NAMED {
            let more = self.failures - FAILURES_NAMED;
            self.failure(
                None,
                format!("and {more} more of its rows could not be read: mend those above and sync again"),
            );
        }
        for (reason, count) in std::mem::take(&mut self.skipped) {
            self.run.tally.skipped.push(Skipped { path: self.path.to_path_buf(), count, reason });
        }
    }
}
