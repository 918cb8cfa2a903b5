//! Every setting: the shipped file, the user's file over it, the environment over both. Read once, in `main`.

mod load;
mod validate;

pub use load::{ConfigError, Sources, load, shipped};

use engine::{EngineConfig, Intent, ports::SearchMode};
use serde::Deserialize;
use std::{collections::BTreeMap, fmt, net::SocketAddr, path::PathBuf, time::Duration};

/// One struct for each concern. There is no `Default`: the shipped `shopclerk.toml` is the default.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub http: Http,
    pub log: Log,
    pub data: Data,
    pub models: Models,
    pub index: Index,
    pub engine: Answering,
    pub understanding: Understanding,
    pub limits: Limits,
    pub identity: Identity,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    pub bind: SocketAddr,
    pub request_timeout_ms: u64,
    pub shutdown_grace_ms: u64,
    pub keep_alive_ms: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub filter: String,
    pub format: LogFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    pub dir: PathBuf,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Models {
    pub dir: PathBuf,
    pub offline: bool,
    pub device: Device,
    pub embedder: String,
    pub reranker: String,
    pub generator: String,
    pub threads: usize,
    pub queue: usize,
    pub catalog: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Device {
    Cpu,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    pub url: String,
    pub api_key: Secret,
    pub language: String,
    pub chunk_max_chars: usize,
    pub chunk_min_chars: usize,
    pub rrf_k: f32,
    pub dense_weight: f32,
    pub lexical_weight: f32,
    pub depth: usize,
}

/// A setting that must not be printed.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// For the one call that hands it on; `None` if nothing was said.
    pub fn expose(&self) -> Option<&str> {
        (!self.0.is_empty()).then_some(self.0.as_str())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// What customers come for, and how it is told.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Understanding {
    pub head: String,
    pub labels: Vec<PathBuf>,
    pub meaning: BTreeMap<String, Intent>,
}

/// The engine's part, named by its table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answering {
    pub candidates: usize,
    pub passages: usize,
    pub search: SearchMode,
    pub coverage: f32,
    pub certain: f32,
    pub risk: PathBuf,
    pub evidence_sentences: usize,
    pub max_tokens: usize,
    pub handoff_message: String,
}

impl Answering {
    pub fn to_engine(&self) -> EngineConfig {
        EngineConfig {
            candidates: self.candidates,
            passages: self.passages,
            search: self.search,
            coverage: self.coverage,
            certain: self.certain,
            evidence_sentences: self.evidence_sentences,
            max_tokens: self.max_tokens,
            handoff_message: self.handoff_message.clone(),
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    pub question_chars: usize,
    pub history_messages: usize,
    pub history_chars: usize,
    pub body_bytes: usize,
    pub concurrent: usize,
    pub waiting: usize,
    pub wait_ms: u64,
    pub retry_after_s: u64,
}

/// How often a proof of identity may be tried; how customers of a store can prove theirs is the store's to say.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    pub claims_per_conversation: u32,
    pub claims_per_address: u32,
    pub claims_per_store: u32,
    pub codes_per_conversation: u32,
    pub codes_per_address: u32,
    pub codes_per_store: u32,
    pub proxied_per_store: u32,
}

impl Http {
    pub fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms)
    }

    pub fn shutdown_grace(&self) -> Duration {
        Duration::from_millis(self.shutdown_grace_ms)
    }

    pub fn keep_alive(&self) -> Duration {
        Duration::from_millis(self.keep_alive_ms)
    }
}

impl Limits {
    pub fn wait(&self) -> Duration {
        Duration::from_millis(self.wait_ms)
    }
}
