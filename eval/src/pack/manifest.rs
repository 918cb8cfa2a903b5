//! `pack.toml`: what a pack says about itself. A folder without one is a pack too.

use super::PackError;
use super::lines::read;
use jiff::civil::Date;
use serde::Deserialize;
use std::path::Path;

/// The format of packs that this version reads.
pub const FORMAT: u32 = 1;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub format: u32,
    /// A field of the records (`source.task`); records with the same value are drawn together by a bootstrap.
    pub cluster: Option<String>,
    /// The day on which the pack's questions are asked.
    pub today: Option<Date>,
}

/// What holds where a pack says nothing.
impl Default for Manifest {
    fn default() -> Self {
        Self { format: FORMAT, cluster: None, today: None }
    }
}

impl Manifest {
    pub(super) fn read(dir: &Path) -> Result<Self, PackError> {
        let path = dir.join("pack.toml");
        if !path.is_file() {
            return Ok(Self::default());
        }
        let text = read(&path)?;
        let manifest: Self = toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start].lines().count().max(1));
            PackError::Line { path: path.clone(), line, problem: error.message().to_owned() }
        })?;
        if manifest.format == FORMAT {
            return Ok(manifest);
        }
        let problem = format!(
            "'format' is {}, and this version reads format {FORMAT}: convert the pack, or use a newer shopclerk",
            manifest.format
        );
        Err(PackError::Line { path, line: 1, problem })
    }
}
