//! `[identity]`: how a customer can prove who they are.

use super::{Secret, Shopify};
use engine::identity::Email;
use engine::reply::IdentityWay;
use serde::{Deserialize, Deserializer, de::Error};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Order number and e-mail together open the status and the tracking of that order, nothing else.
    #[serde(default = "yes")]
    pub claim: bool,
    /// Requests that come through Shopify's app proxy name the customer who is logged in.
    #[serde(default)]
    pub app_proxy: bool,
    /// A six-digit code to the e-mail address of the order. Needs `smtp`.
    #[serde(default)]
    pub code: bool,
    /// Keys with which the merchant's own site signs tokens (HS256).
    #[serde(default)]
    pub tokens: Vec<TokenKey>,
    pub smtp: Option<Smtp>,
}

/// Several, so that a new key can be brought in before the old one goes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenKey {
    /// The token's `kid`.
    pub key_id: String,
    /// At least 32 bytes.
    pub secret: Secret,
}

/// Where codes are sent through.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    pub host: String,
    pub port: u16,
    pub security: Security,
    pub user: Option<String>,
    pub password: Option<Secret>,
    /// The sender's address.
    #[serde(deserialize_with = "email")]
    pub from: Email,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// TLS after a greeting; port 587.
    Starttls,
    /// TLS from the first byte; port 465.
    Tls,
    /// For a mail server on this machine only.
    None,
}

impl Identity {
    /// What is switched on, the easiest for a customer first.
    pub fn ways(&self) -> Vec<IdentityWay> {
        let sign_in = self.app_proxy || !self.tokens.is_empty();
        let ways = [
            (self.claim, IdentityWay::OrderNumberAndEmail),
            (self.code, IdentityWay::EmailedCode),
            (sign_in, IdentityWay::SignIn),
        ];
        ways.into_iter().filter_map(|(on, way)| on.then_some(way)).collect()
    }
}

impl Default for Identity {
    /// What holds without the section: the claim, which needs no setting up.
    fn default() -> Self {
        Self { claim: true, app_proxy: false, code: false, tokens: Vec::new(), smtp: None }
    }
}

fn yes() -> bool {
    true
}

pub(super) fn email<'de, D: Deserializer<'de>>(d: D) -> Result<Email, D::Error> {
    Email::parse(&String::deserialize(d)?).map_err(D::Error::custom)
}

impl Identity {
    /// What is wrong, with its key.
    pub(super) fn check(&self, shopify: Option<&Shopify>) -> Vec<(&'static str, String)> {
        let mut wrong: Vec<(&'static str, String)> = Vec::new();
        if self.app_proxy && shopify.is_none_or(|s| s.client_secret.is_none()) {
            wrong.push(("app_proxy", "needs client_secret under [shopify]: Shopify signs with it".into()));
        }
        if self.code && self.smtp.is_none() {
            wrong.push(("code", "needs [identity.smtp], through which codes are sent".into()));
        }
        for (i, key) in self.tokens.iter().enumerate() {
            if key.secret.expose().len() < 32 {
                wrong.push((
                    "tokens",
                    format!(
                        "the secret of '{}' has fewer than 32 bytes, so it could be guessed; make one with \
                         `openssl rand -hex 32`",
                        key.key_id
                    ),
                ));
            }
            if key.key_id.is_empty() || self.tokens[..i].iter().any(|other| other.key_id == key.key_id) {
                wrong.push(("tokens", "every key needs a key_id of its own".into()));
            }
        }
        if let Some(smtp) = &self.smtp {
            if smtp.security == Security::None && !super::is_loopback(&smtp.host) {
                wrong.push(("smtp.security", "codes would be readable on the way; use \"starttls\" or \"tls\"".into()));
            }
            if smtp.user.is_some() != smtp.password.is_some() {
                wrong.push(("smtp.user", "user and password go together".into()));
            }
        }
        wrong
    }
}
