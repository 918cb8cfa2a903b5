//! The model hub: pinned revisions over HTTPS, going on where a download was cut.

use super::{Copied, PartFile, SourceError};
use crate::{
    catalog::{FileSpec, HubSource},
    weights::{Folder, Progress},
};
use hf_hub::{Cache, Repo, RepoType, api::sync::ApiBuilder};
use std::{fmt, time::Duration};
use ureq::{
    Agent,
    config::RedirectAuthHeaders,
    http::{Response, StatusCode, header},
};

/// Cuts in a row without a single new byte before the hub is given up.
const FRUITLESS_TRIES: u32 = 3;

/// Which hub, and as whom.
#[derive(Clone, Debug)]
pub struct HubConfig {
    /// Instead of `HF_ENDPOINT` or the public hub.
    pub endpoint: Option<String>,
    /// Instead of the one that the hub's own tools left in their cache.
    pub token: Option<HubToken>,
    /// An unreachable hub must not hold up the next source.
    pub connect_timeout: Duration,
    /// A connection that says nothing for so long counts as cut.
    pub stall_timeout: Duration,
}

impl HubConfig {
    /// What the hub's own tools would use, with timeouts of five and thirty seconds.
    pub fn standard() -> Self {
        Self {
            endpoint: None,
            token: None,
            connect_timeout: Duration::from_secs(5),
            stall_timeout: Duration::from_secs(30),
        }
    }
}

/// Sent to the hub and shown to nobody.
#[derive(Clone)]
pub struct HubToken(String);

impl HubToken {
    pub fn new(token: impl Into<String>) -> Self {
        Self(token.into())
    }
}

impl fmt::Debug for HubToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HubToken")
    }
}

pub(crate) fn fetch(
    source: &HubSource,
    folder: &Folder,
    files: &[&FileSpec],
    config: &HubConfig,
    progress: &dyn Progress,
) -> Result<(), SourceError> {
    let mut builder = ApiBuilder::from_env().with_progress(false);
    if let Some(endpoint) = &config.endpoint {
        builder = builder.with_endpoint(endpoint.clone());
    }
    let api = builder.build().map_err(|error| SourceError::Unavailable(error.to_string()))?;
    let repo = api.repo(Repo::with_revision(source.repo.clone(), RepoType::Model, source.revision.clone()));
    let agent = agent(config);
    let token = config.token.clone().or_else(|| Cache::from_env().token().map(HubToken));
    for spec in files {
        let path = source.paths.get(&spec.name).unwrap_or(&spec.name);
        let download = Download { agent: &agent, url: repo.url(path), token: token.as_ref(), spec };
        let mut part = PartFile::open(folder, spec)?;
        progress.begin(&format!("downloading {}", spec.name), Some(spec.bytes));
        let result = download.run(&mut part, progress);
        progress.end();
        if result.is_err() && part.bytes() == 0 {
            part.discard()?;
        }
        result?;
        folder.finish(spec, progress)?;
    }
    Ok(())
}

fn agent(config: &HubConfig) -> Agent {
    Agent::config_builder()
        .timeout_resolve(Some(config.connect_timeout))
        .timeout_connect(Some(config.connect_timeout))
        .timeout_recv_response(Some(config.stall_timeout))
        .timeout_per_read(Some(config.stall_timeout))
        // The hub redirects to a storage that must not see the token.
        .redirect_auth_headers(RedirectAuthHeaders::SameHost)
        .http_status_as_error(false)
        .build()
        .into()
}

struct Download<'a> {
    agent: &'a Agent,
    url: String,
    token: Option<&'a HubToken>,
    spec: &'a FileSpec,
}

impl Download<'_> {
    fn run(&self, part: &mut PartFile, progress: &dyn Progress) -> Result<(), SourceError> {
        let mut fruitless = 0;
        if part.bytes() > self.spec.bytes {
            part.truncate(0)?;
        }
        progress.advance(part.bytes());
        while part.bytes() < self.spec.bytes {
            let before = part.bytes();
            match self.go_on(part, progress) {
                Ok(Copied::Whole) if part.bytes() >= self.spec.bytes => break,
                // The server closed early without an error: as good as cut.
                Ok(Copied::Whole) => {}
                Ok(Copied::Cut(error)) => {
                    progress.note(&format!("{}: the connection was cut: {error}", self.spec.name))
                }
                Err(error) if before == 0 => return Err(error),
                Err(SourceError::Unavailable(reason)) => progress.note(&format!("{}: {reason}", self.spec.name)),
                Err(disk) => return Err(disk),
            }
            fruitless = if part.bytes() > before { 0 } else { fruitless + 1 };
            if fruitless == FRUITLESS_TRIES {
                return Err(SourceError::Unavailable(format!(
                    "{} stopped at {} of {} bytes; pull again to go on from there",
                    self.spec.name,
                    part.bytes(),
                    self.spec.bytes
                )));
            }
        }
        Ok(())
    }

    /// One request for the bytes that are still missing.
    fn go_on(&self, part: &mut PartFile, progress: &dyn Progress) -> Result<Copied, SourceError> {
        let mut request = self.agent.get(&self.url).header(header::ACCEPT_ENCODING, "identity");
        if let Some(token) = self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", token.0));
        }
        if part.bytes() > 0 {
            progress.note(&format!("{}: going on after {} bytes", self.spec.name, part.bytes()));
            request = request.header(header::RANGE, format!("bytes={}-", part.bytes()));
        }
        let response = request.call().map_err(|error| SourceError::Unavailable(error.to_string()))?;
        match response.status() {
            StatusCode::PARTIAL_CONTENT if starts_at(&response) == Some(part.bytes()) => {}
            StatusCode::OK => {
                if let Some(bytes) = response.body().content_length().filter(|&bytes| bytes != self.spec.bytes) {
                    return Err(SourceError::Unavailable(format!(
                        "{} has {bytes} bytes there, expected {}",
                        self.spec.name, self.spec.bytes
                    )));
                }
                // After a cut: the server does not know ranges, and starts again.
                part.truncate(0)?;
            }
            StatusCode::RANGE_NOT_SATISFIABLE | StatusCode::PARTIAL_CONTENT => {
                part.truncate(0)?;
                return Err(SourceError::Unavailable("the server sent another range than asked for".into()));
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                return Err(SourceError::Unavailable(format!(
                    "{} for {}; a gated model needs a token in HF_TOKEN",
                    response.status(),
                    self.url
                )));
            }
            status => return Err(SourceError::Unavailable(format!("{status} for {}", self.url))),
        }
        part.append(&mut response.into_body().into_reader(), self.spec.bytes, progress)
    }
}

/// First byte of `Content-Range: bytes 100-199/200`.
fn starts_at<T>(response: &Response<T>) -> Option<u64> {
    let value = response.headers().get(header::CONTENT_RANGE)?.to_str().ok()?;
    value.strip_prefix("bytes ")?.split_once('-')?.0.parse().ok()
}
