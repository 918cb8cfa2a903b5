//! Why a GGUF file cannot become a generator.

use std::path::PathBuf;

/// Names the file, the field and the way out. Nothing here goes away by trying again.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("{path}: cannot be read; pull the model again with `shopclerk models pull`, or correct its path")]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error(
        "{path}: is not a usable GGUF file ({reason}); check it with `shopclerk models verify`, \
         or pull it again with `shopclerk models pull`"
    )]
    Format { path: PathBuf, reason: String },
    #[error("{path}: the architecture `{found}` is not supported; take a model of one of: {supported}")]
    Architecture { path: PathBuf, found: String, supported: &'static str },
    #[error("{path}: `{field}` is {found}, which is not supported ({supported}); take another file of this model")]
    Unsupported { path: PathBuf, field: String, found: String, supported: &'static str },
    #[error("{path}: has no `{field}`; take a GGUF file that was converted with it")]
    Missing { path: PathBuf, field: String },
    #[error("the generator's `{field}` is {found}; it must be {must}")]
    Config { field: &'static str, found: usize, must: String },
    #[error("the thread of the model could not be started")]
    Thread(#[source] std::io::Error),
}
