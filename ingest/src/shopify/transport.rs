//! Bytes to Shopify and back: TLS unless the host is this machine, no redirects, bodies limited in size, nothing past
//! the deadline.

use super::error::Deadline;
use futures::StreamExt;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{StatusCode, Url};
use std::time::Duration;

/// Where a store's Admin API is: `https://NAME.myshopify.com`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(Url);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadEndpoint {
    #[error("'{0}' is not the address of a shop: write it as https://NAME.myshopify.com")]
    NotAnAddress(String),
    #[error("'{0}' is not encrypted: use https; plain http is taken only for this machine (http://127.0.0.1:PORT)")]
    NotEncrypted(String),
}

impl Endpoint {
    /// Scheme, host and port; a path is not taken. Plain `http` only for a loopback host.
    pub fn parse(text: &str) -> Result<Self, BadEndpoint> {
        let bad = || BadEndpoint::NotAnAddress(text.to_owned());
        let url = Url::parse(text.trim()).map_err(|_| bad())?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !bare || url.host_str().is_none() || !url.username().is_empty() || url.password().is_some() {
            return Err(bad());
        }
        match url.scheme() {
            "https" => Ok(Self(url)),
            "http" if is_loopback(&url) => Ok(Self(url)),
            "http" => Err(BadEndpoint::NotEncrypted(text.to_owned())),
            _ => Err(bad()),
        }
    }

    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    fn join(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(path);
        url
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => {
            host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        None => false,
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    TimedOut,
    /// No connection: nothing was sent.
    NotSent,
    /// It broke off after it was sent.
    Cut,
    TooLarge,
}

impl Lost {
    pub(super) fn says(&self) -> &'static str {
        match self {
            Self::TimedOut => "no answer in time",
            Self::NotSent => "no connection",
            Self::Cut => "the connection broke off",
            Self::TooLarge => "the answer is larger than any that was asked for",
        }
    }
}

pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Seconds, with or without decimals, as Shopify sends them; a date is not read.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        let seconds: f64 = self.header(RETRY_AFTER.as_str())?.trim().parse().ok()?;
        (0.0..=86_400.0).contains(&seconds).then(|| Duration::from_secs_f64(seconds))
    }
}

/// The largest answer that is read, unpacked.
const LARGEST: usize = 16 << 20;

pub(super) struct Transport {
    http: reqwest::Client,
    endpoint: Endpoint,
}

impl Transport {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        let local = is_loopback(&endpoint.0);
        let mut builder = reqwest::Client::builder()
            .https_only(!local)
            // A redirect would carry the token elsewhere.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(5))
            .user_agent("shopclerk");
        if local {
            builder = builder.no_proxy();
        }
        Self { http: builder.build().expect("rustls with compiled-in roots"), endpoint }
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    pub(super) async fn post(
        &self,
        path: &str,
        headers: HeaderMap,
        body: Vec<u8>,
        deadline: Deadline,
    ) -> Result<Answer, Lost> {
        let request = self.http.post(self.endpoint.join(path)).headers(headers).body(body);
        tokio::time::timeout_at(deadline.0, collect(request)).await.unwrap_or(Err(Lost::TimedOut))
    }

    /// A file that Shopify named, as it comes; without our token. Like the shop itself, it must be encrypted unless it
    /// lies on this machine.
    pub(super) async fn download(&self, url: &str) -> Result<reqwest::Response, Lost> {
        let url = Url::parse(url).map_err(|_| Lost::NotSent)?;
        if url.scheme() != "https" && !is_loopback(&url) {
            return Err(Lost::NotSent);
        }
        let sent = self.http.get(url).send().await.and_then(reqwest::Response::error_for_status);
        sent.map_err(|error| lost(&error))
    }
}

async fn collect(request: reqwest::RequestBuilder) -> Result<Answer, Lost> {
    let response = request.send().await.map_err(|error| lost(&error))?;
    if response.content_length().is_some_and(|length| length > LARGEST as u64) {
        return Err(Lost::TooLarge);
    }
    let (status, headers) = (response.status(), response.headers().clone());
    let mut body = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Lost::Cut)?;
        if body.len() + chunk.len() > LARGEST {
            return Err(Lost::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, headers, body })
}

fn lost(error: &reqwest::Error) -> Lost {
    if error.is_connect() || error.is_builder() { Lost::NotSent } else { Lost::Cut }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_spoken_to_in_the_clear() {
        for good in [
            "https://fjellvik.myshopify.com",
            "https://fjellvik.myshopify.com/",
            "http://127.0.0.1:4711",
            "http://localhost:1",
            "http://[::1]:80",
        ] {
            assert!(Endpoint::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "http://fjellvik.myshopify.com",
            "http://127.0.0.1.evil.example",
            "http://localhost.evil.example",
            "fjellvik.myshopify.com",
            "https://fjellvik.myshopify.com/admin",
            "https://user:word@fjellvik.myshopify.com",
            "ftp://127.0.0.1",
            "https://",
            "",
        ] {
            assert!(Endpoint::parse(bad).is_err(), "{bad}");
        }
    }
}
