//! Labels confirmed by a person: in the terminal, in a spreadsheet, and two persons compared.
//!
//! Every decision is written at once and whole; whatever ends the program, what was decided is there.

mod agreement;
mod file;
mod session;
mod sheet;
mod show;
#[cfg(test)]
mod tests;

pub use agreement::{Agreement, Disagreement, agreement};
pub use file::{Decision, Item, LabelFile, Only, Signature};
pub use session::{Ended, Session};
pub use sheet::{Applied, Unread, apply, export};

use crate::pack::PackError;
use crate::results::ResultsError;
use std::path::PathBuf;

/// Classified by what the labeller must do.
#[derive(Debug, thiserror::Error)]
pub enum LabelError {
    #[error(transparent)]
    Pack(#[from] PackError),
    #[error("{path} has changed since it was opened, by another labeller or an import: start again, nothing is lost", path = .0.display())]
    Changed(PathBuf),
    #[error(transparent)]
    Write(#[from] ResultsError),
    #[error("the terminal cannot be read or written")]
    Terminal(#[from] std::io::Error),
    #[error("{path} cannot be read", path = .path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{path}: {problem}", path = .path.display())]
    Sheet { path: PathBuf, problem: String },
    #[error("{a} and {b} have no confirmed label of the same turn: label the same pack twice, each in a file of its own", a = .a.display(), b = .b.display())]
    NothingShared { a: PathBuf, b: PathBuf },
}
