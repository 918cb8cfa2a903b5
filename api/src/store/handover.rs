//! `[handover]`: where a person is told that a conversation needs one, and how.

use super::{Identity, Secret, is_loopback, path_in};
use crate::{db::outbox::Destination, error::chain, store::StoreSettings};
use engine::{StoreId, identity::Email};
use serde::Deserialize;
use std::{
    collections::HashMap,
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

/// A local part has 64 characters; a plus and a tag of 48 go behind the mailbox's name.
const MAILBOX_CHARS: usize = 15;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handover {
    /// Whether the bot says nothing between the call for a person and the person's coming. Without it, the bot goes on
    /// answering what it can.
    #[serde(default)]
    pub silent_while_waiting: bool,
    /// How often something is tried before it is given up; the waits between grow to an hour.
    #[serde(default = "attempts")]
    pub attempts: u32,
    pub webhook: Option<Webhook>,
    pub email: Option<Mail>,
    pub chatwoot: Option<Chatwoot>,
    pub zendesk: Option<Zendesk>,
    pub gorgias: Option<Gorgias>,
    pub slack: Option<Slack>,
}

/// A system of one's own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    pub url: String,
    /// At least 32 bytes; each delivery is signed with it.
    pub secret: Secret,
}

/// Through the mail server of `[identity.smtp]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    #[serde(deserialize_with = "super::identity::email")]
    pub to: Email,
    /// By which the team's answers come back. Without it an answer goes to the customer's own mailbox, if it is known.
    pub replies: Option<MailReplies>,
}

/// A mailbox whose mail a provider posts here.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailReplies {
    /// Such as `help@in.mystore.example`. What is sent to `help+TAG@in.mystore.example` must reach it.
    #[serde(deserialize_with = "super::identity::email")]
    pub address: Email,
    /// The last part of the address that the provider posts to; at least 24 characters. Tags are signed with it too.
    pub path_secret: Secret,
    /// Who may answer: addresses, or `@` and a domain. Without it, whoever writes from the domain of `to`.
    #[serde(default)]
    pub agents: Vec<String>,
}

/// Both ways: the bot of an inbox.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chatwoot {
    /// Such as `https://app.chatwoot.com`.
    pub url: String,
    pub account: u64,
    /// The agent bot's access token.
    pub token: Secret,
    /// The last part of the address that Chatwoot calls; at least 24 characters.
    pub path_secret: Secret,
    /// What Chatwoot signs with, one for the bot and one for the account's webhook. Older versions do not sign.
    #[serde(default)]
    pub signing_secrets: Vec<Secret>,
    /// An agent's access token, with which it is looked whether a message arrived before it is sent again. A bot's own
    /// token cannot read.
    pub look_token: Option<Secret>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Zendesk {
    /// Such as `https://mystore.zendesk.com`.
    pub url: String,
    /// Of the agent that the token belongs to.
    #[serde(deserialize_with = "super::identity::email")]
    pub user: Email,
    pub token: Secret,
    #[serde(default)]
    pub tags: Vec<String>,
    /// What Zendesk signs its webhook with, by which answers and solved tickets come back.
    pub signing_secret: Option<Secret>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gorgias {
    /// Such as `https://mystore.gorgias.com`.
    pub url: String,
    /// Of the user that the key belongs to.
    #[serde(deserialize_with = "super::identity::email")]
    pub user: Email,
    pub key: Secret,
    /// Whose tickets those are that nobody knows the customer of: Gorgias takes none without a customer.
    #[serde(deserialize_with = "super::identity::email")]
    pub unknown_customer: Email,
    #[serde(default)]
    pub tags: Vec<String>,
    /// What the HTTP integration sends as `x-shopclerk-secret`, by which answers and closed tickets come back; at least
    /// 24 characters.
    pub webhook_secret: Option<Secret>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slack {
    /// The address of an incoming webhook. Whoever knows it can post, so it is a secret.
    pub url: Secret,
}

impl Default for Handover {
    /// What holds without the section: handoffs wait on the store's desk, and nobody is told.
    fn default() -> Self {
        Self {
            silent_while_waiting: false,
            attempts: attempts(),
            webhook: None,
            email: None,
            chatwoot: None,
            zendesk: None,
            gorgias: None,
            slack: None,
        }
    }
}

impl Handover {
    pub fn has(&self, destination: Destination) -> bool {
        match destination {
            Destination::Webhook => self.webhook.is_some(),
            Destination::Email => self.email.is_some(),
            Destination::Chatwoot => self.chatwoot.is_some(),
            Destination::Zendesk => self.zendesk.is_some(),
            Destination::Gorgias => self.gorgias.is_some(),
            Destination::Slack => self.slack.is_some(),
        }
    }

    /// Whether something comes back, so that somebody must read it.
    pub fn hears(&self) -> bool {
        self.chatwoot.is_some()
            || self.zendesk.as_ref().is_some_and(|zendesk| zendesk.signing_secret.is_some())
            || self.gorgias.as_ref().is_some_and(|gorgias| gorgias.webhook_secret.is_some())
            || self.email.as_ref().is_some_and(|mail| mail.replies.is_some())
    }

    /// What is wrong, with its key.
    pub(super) fn check(&self, identity: &Identity) -> Vec<(&'static str, String)> {
        let mut wrong: Vec<(&'static str, String)> = Vec::new();
        if !(1..=100).contains(&self.attempts) {
            wrong.push(("attempts", "write a number from 1 to 100".into()));
        }
        let urls = [
            ("webhook.url", self.webhook.as_ref().map(|w| w.url.as_str())),
            ("chatwoot.url", self.chatwoot.as_ref().map(|c| c.url.as_str())),
            ("zendesk.url", self.zendesk.as_ref().map(|z| z.url.as_str())),
            ("gorgias.url", self.gorgias.as_ref().map(|g| g.url.as_str())),
            ("slack.url", self.slack.as_ref().map(|s| s.url.expose())),
        ];
        for (key, url) in urls {
            if let Some(text) = url.and_then(wrong_url) {
                wrong.push((key, text.into()));
            }
        }
        if self.webhook.as_ref().is_some_and(|webhook| webhook.secret.expose().len() < 32) {
            let text = "has fewer than 32 bytes, so it could be guessed; make one with `openssl rand -hex 32`";
            wrong.push(("webhook.secret", text.into()));
        }
        if self.email.is_some() && identity.smtp.is_none() {
            wrong.push(("email", "needs [identity.smtp], through which the mail is sent".into()));
        }
        let replies = self.email.as_ref().and_then(|mail| mail.replies.as_ref());
        let paths = [
            ("chatwoot.path_secret", self.chatwoot.as_ref().map(|chatwoot| &chatwoot.path_secret)),
            ("email.replies.path_secret", replies.map(|replies| &replies.path_secret)),
            ("gorgias.webhook_secret", self.gorgias.as_ref().and_then(|gorgias| gorgias.webhook_secret.as_ref())),
        ];
        for (key, secret) in paths {
            if secret.is_some_and(|secret| !fits_an_address(secret.expose())) {
                let text =
                    "write at least 24 letters and digits, for an address; make them with `openssl rand -hex 16`";
                wrong.push((key, text.into()));
            }
        }
        if let Some(replies) = replies {
            let local = replies.address.expose().rsplit_once('@').map_or("", |(local, _)| local);
            if local.contains('+') || local.len() > MAILBOX_CHARS {
                let text = format!(
                    "a tag is put behind the mailbox's name: write one of at most {MAILBOX_CHARS} characters, without a +"
                );
                wrong.push(("email.replies.address", text));
            }
            if replies.agents.iter().any(|agent| !agent.contains('@')) {
                wrong.push(("email.replies.agents", "write whole addresses, or @ and a domain".into()));
            }
        }
        wrong
    }
}

/// Long enough not to be guessed, and nothing in it that an address or a header would change.
fn fits_an_address(secret: &str) -> bool {
    secret.len() >= 24 && secret.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
}

/// What is wrong with an address that customers' words are sent to.
fn wrong_url(url: &str) -> Option<&'static str> {
    let Ok(parsed) = reqwest::Url::parse(url) else { return Some("is no address; write https://...") };
    match (parsed.scheme(), parsed.host_str()) {
        ("https", Some(_)) => None,
        ("http", Some(host)) if is_loopback(host) => None,
        ("http", Some(_)) => Some("what customers said would be readable on the way; use https://"),
        _ => Some("is no address; write https://..."),
    }
}

fn attempts() -> u32 {
    12
}

/// The `[handover]` in force of each store, read again when its file changes.
#[derive(Debug)]
pub struct Handovers {
    data: PathBuf,
    known: Mutex<HashMap<StoreId, Known>>,
}

/// When the file was written that was read, and what stood in it.
type Known = (Option<SystemTime>, Arc<Handover>);

impl Handovers {
    pub fn new(data: PathBuf) -> Self {
        Self { data, known: Mutex::default() }
    }

    /// Settings that are wrong change nothing: what was right before stays in force.
    pub fn of(&self, store: &StoreId) -> Arc<Handover> {
        let path = path_in(&self.data, store);
        let written = fs::metadata(&path).and_then(|file| file.modified()).ok();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.get(store);
        if let Some((at, handover)) = before
            && *at == written
        {
            return handover.clone();
        }
        let read = match written {
            None => Arc::default(),
            Some(_) => match StoreSettings::load(&path, store) {
                Ok(settings) => Arc::new(settings.handover),
                Err(error) => {
                    tracing::error!(store.id = %store, error.cause = %chain(&error), "handover settings not used");
                    before.map(|(_, handover)| handover.clone()).unwrap_or_default()
                }
            },
        };
        known.insert(store.clone(), (written, read.clone()));
        read
    }
}
