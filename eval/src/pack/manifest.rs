//! `pack.toml`: what a pack says about itself. A folder without one is a pack too.

use super::PackError;
use super::lines::read;
use crate::score::Costs;
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
    /// What mistakes cost this store.
    #[serde(default)]
    pub costs: Costs,
}

/// What holds where a pack says nothing.
impl Default for Manifest {
    fn default() -> Self {
        Self { format: FORMAT, cluster: None, today: None, costs: Costs::default() }
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
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_checked_and_errors_name_the_line() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Manifest::read(dir.path()).unwrap(), Manifest::default());
        let read = |text: &str| {
            std::fs::write(dir.path().join("pack.toml"), text).unwrap();
            Manifest::read(dir.path())
        };
        let good = read("format = 1\ncluster = \"source.task\"\ntoday = \"2026-11-21\"\n").unwrap();
        assert_eq!(good.cluster.as_deref(), Some("source.task"));
        let costly = read("format = 1\n[costs]\nwrong = 20\n").unwrap().costs;
        assert_eq!(costly, Costs { wrong: 20.0, ..Costs::default() });
        for (text, expected) in [
            ("format = 2", "pack.toml, line 1: 'format' is 2, and this version reads format 1"),
            ("format = 1\nclutser = 1", "pack.toml, line 2: unknown field `clutser`"),
            ("format = 1\n[costs]\nwrong = -1", "pack.toml, line 3: a cost is a number, 0 or more"),
        ] {
            let found = read(text).unwrap_err().to_string();
            assert!(found.contains(expected), "{found}");
        }
    }
}
