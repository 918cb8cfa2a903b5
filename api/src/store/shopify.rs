//! `[shopify]`: how the store is reached.

use super::Secret;
use serde::Deserialize;
use std::path::PathBuf;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shopify {
    /// `fjellvik.myshopify.com`.
    pub shop: String,
    #[serde(default = "api_version")]
    pub api_version: String,
    /// A token of an app that was made in the store's admin; or else the next two.
    pub access_token: Option<Secret>,
    pub client_id: Option<String>,
    /// Also what Shopify signs webhooks and app-proxy requests with.
    pub client_secret: Option<Secret>,
    /// Only for a sandbox or a proxy: the address in place of `https://{shop}`.
    pub endpoint: Option<String>,
    /// A folder with a fixture: no shop is asked, `shopclerk` itself stands in for one. For trying.
    pub sandbox: Option<PathBuf>,
    /// After so many milliseconds a question is answered without Shopify.
    #[serde(default = "deadline_ms")]
    pub deadline_ms: u64,
    /// Where it is another than `client_secret`.
    pub webhook_secret: Option<Secret>,
}

/// How the client proves itself.
#[derive(Clone, Copy, Debug)]
pub enum Access<'a> {
    Token(&'a Secret),
    Client { id: &'a str, secret: &'a Secret },
}

fn api_version() -> String {
    "2026-07".into()
}

fn deadline_ms() -> u64 {
    4000
}

impl Shopify {
    /// `None` only in settings that [`Self::check`] refuses.
    pub fn access(&self) -> Option<Access<'_>> {
        match (&self.access_token, &self.client_id, &self.client_secret) {
            (Some(token), _, _) => Some(Access::Token(token)),
            (None, Some(id), Some(secret)) => Some(Access::Client { id, secret }),
            (None, _, _) => None,
        }
    }

    pub fn webhook_secret(&self) -> Option<&Secret> {
        self.webhook_secret.as_ref().or(self.client_secret.as_ref())
    }

    /// Where requests go, without a slash at the end.
    pub fn base_url(&self) -> String {
        self.endpoint
            .as_ref()
            .map_or_else(|| format!("https://{}", self.shop), |url| url.trim_end_matches('/').to_owned())
    }

    /// What is wrong, with its key.
    pub(super) fn check(&self) -> Vec<(&'static str, String)> {
        let mut wrong = Vec::new();
        if !is_shop(&self.shop) {
            wrong.push(("shop", "write the store's own domain at Shopify, such as mystore.myshopify.com".into()));
        }
        if !is_version(&self.api_version) {
            wrong.push(("api_version", "write a version of the Admin API, such as 2026-07".into()));
        }
        if self.sandbox.is_some() {
            if self.access().is_some() || self.endpoint.is_some() {
                wrong.push(("sandbox", "needs no access_token, client_id or endpoint; leave them out".into()));
            }
        } else if self.access().is_none() {
            wrong.push(("access_token", "is missing; or write client_id and client_secret".into()));
        }
        if self.access_token.is_some() && self.client_id.is_some() {
            wrong.push(("access_token", "says twice how to log in; keep it, or client_id, but not both".into()));
        }
        if let Some(endpoint) = &self.endpoint
            && !is_endpoint(endpoint)
        {
            wrong.push((
                "endpoint",
                "write https://HOST, or http:// for this machine only: the token would be readable on the way".into(),
            ));
        }
        if !(100..=60_000).contains(&self.deadline_ms) {
            wrong.push(("deadline_ms", "write 100 to 60000 milliseconds".into()));
        }
        wrong
    }
}

fn is_shop(shop: &str) -> bool {
    shop.strip_suffix(".myshopify.com").is_some_and(|name| {
        !name.is_empty()
            && !name.starts_with('-')
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    })
}

fn is_version(version: &str) -> bool {
    version == "unstable"
        || version.split_once('-').is_some_and(|(year, month)| {
            year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit()) && matches!(month, "01" | "04" | "07" | "10")
        })
}

fn is_endpoint(url: &str) -> bool {
    match reqwest::Url::parse(url) {
        Ok(url) => match url.scheme() {
            "https" => url.has_host(),
            "http" => url.host_str().is_some_and(super::is_loopback),
            _ => false,
        },
        Err(_) => false,
    }
}
