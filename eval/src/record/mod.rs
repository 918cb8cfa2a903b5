//! Recorded traces: everything that came to the engine from outside while it answered a turn, so that the turn can be
//! answered again without models, index, shop or network, and the step is named at which a difference begins.
//!
//! ```text
//! FILE.jsonl
//!   {"line": "header", "format": 1, ...}    what is asked, and with which settings; before the turns it is of
//!   {"line": "turn", "id", "asker", "turn", "calls": [...], "vectors": {...}, "reply", "trace"}
//! ```
//!
//! A turn names every call of a port in the order in which they began: what was asked, as a hash and in short, and the
//! whole of what came back. Vectors stand in the first turn that needs them, once for each text. The file holds what
//! customers wrote and what was read about them; it is readable by its owner only.

mod call;
mod differ;
mod file;
mod play;
mod replay;
mod shop;
mod tape;
#[cfg(test)]
mod tests;
mod vectors;

pub use call::{Call, Output, Port};
pub use differ::Difference;
pub use file::{AskerLine, Header, Models, Recorder, Settings, TurnLine};
pub use replay::{Broken, Played, Rebuild, Replayed, intents_of, replay, risk_of, settings_of};
pub use tape::{Searched, Tape, around};
pub use vectors::Vectors;

use std::path::PathBuf;

/// The format that this version writes and reads.
pub const FORMAT: u32 = 1;

/// Classified by what the reader must do.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error("{path} cannot be read or written", path = .path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{path}, line {line}: {problem}; name another file with --record, or remove this one", path = .path.display())]
    NoRecord { path: PathBuf, line: usize, problem: String },
    #[error(
        "{path} holds the record of another run of {file} ({what} differs): name another file with --record",
        path = .path.display()
    )]
    OtherRun { path: PathBuf, file: String, what: &'static str },
    #[error("{path}, line {line}: format {found} is not known; this program reads format {FORMAT}", path = .path.display())]
    Format { path: PathBuf, line: usize, found: u32 },
}
