//! What is kept of an erasure: what was looked at, what went, what the probe found. No personal data, only salted
//! hashes of what was looked for.

use super::{
    needles::{Identifier, Needles},
    probe::Probe,
};
use engine::StoreId;
use jiff::Timestamp;
use rand::{TryRngCore, rngs::OsRng};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

/// `<data>/receipts/<store>/<time>-<what>.json`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// `customers/redact`, `customers/data_request`, `shop/redact`, or `by hand`.
    pub request: String,
    pub store: StoreId,
    pub started_at: Timestamp,
    /// Absent while it runs, and where it was cut off.
    pub ended_at: Option<Timestamp>,
    pub state: State,
    /// The hash of an identifier is SHA-256 of `<salt>:<identifier in lower case>`.
    pub salt: String,
    pub looked_for: Vec<Hashed>,
    /// What could not be looked for, and why.
    pub not_looked_for: Vec<String>,
    /// Rows that were removed or blotted out, by `<database>.<table>`.
    pub rows: BTreeMap<String, usize>,
    /// Documents that were taken out of the index, and their chunks.
    pub documents: usize,
    pub chunks: usize,
    /// Files that were removed.
    pub files: usize,
    /// Keys that were revoked.
    pub keys: usize,
    pub probe: Option<Probe>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Running,
    /// The probe found nothing.
    Done,
    /// The probe found something: see `probe.found`.
    Found,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hashed {
    pub identifier: String,
    pub sha256: String,
}

impl Receipt {
    pub fn new(request: &str, store: &StoreId, needles: &Needles, now: Timestamp) -> io::Result<Self> {
        let mut salt = [0u8; 16];
        OsRng.try_fill_bytes(&mut salt).map_err(io::Error::other)?;
        let salt = hex::encode(salt);
        let hashed = |needle: &super::needles::Needle| Hashed {
            identifier: needle.kind.as_str().to_owned(),
            sha256: needle.hashed(&salt),
        };
        Ok(Self {
            request: request.to_owned(),
            store: store.clone(),
            started_at: now,
            ended_at: None,
            state: State::Running,
            looked_for: needles.iter().map(hashed).collect(),
            salt,
            not_looked_for: Vec::new(),
            rows: BTreeMap::new(),
            documents: 0,
            chunks: 0,
            files: 0,
            keys: 0,
            probe: None,
        })
    }

    pub fn finish(&mut self, probe: Probe, now: Timestamp) {
        self.state = if probe.found.is_empty() { State::Done } else { State::Found };
        (self.probe, self.ended_at) = (Some(probe), Some(now));
    }

    /// Writes it, or writes over what was written of it before. Where it is.
    pub fn save(&self, data: &Path) -> io::Result<PathBuf> {
        let folder = data.join("receipts").join(self.store.as_str());
        let time: String = self.started_at.to_string().chars().filter(char::is_ascii_alphanumeric).collect();
        let what: String = self.request.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let path = folder.join(format!("{time}-{what}-{}.json", &self.salt[..8]));
        write_private(&path, &serde_json::to_vec_pretty(self).map_err(io::Error::other)?)?;
        Ok(path)
    }
}

/// Whole or not at all, readable by its owner only.
pub fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    // Made with 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

impl Identifier {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::CustomerId => "customer_id",
            Self::OrderId => "order_id",
            Self::OrderName => "order_name",
            Self::Digest => "digest",
        }
    }
}
