//! How a store lets us in: a token that the merchant copied, or one for a day that the app's id and secret are worth.

use super::error::{Deadline, ShopifyError};
use super::secret::Secret;
use super::transport::{Lost, Transport};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::Deserialize;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;
use tokio::time::Instant;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// `shpat_…`: of a custom app that was made in the admin. It does not end.
    Token(Secret),
    /// Of an app of the Dev Dashboard, exchanged for a token of 24 hours (client credentials grant). App and store must
    /// be in one organization.
    App { client_id: String, client_secret: Secret },
}

#[derive(Clone)]
struct Issued {
    token: Secret,
    until: Instant,
    /// From then on a new one is fetched, while this one still holds.
    renew_at: Instant,
}

/// A token is renewed this long before its end, or in its last tenth if it is a short one.
const AHEAD: Duration = Duration::from_secs(15 * 60);

pub(super) struct Tokens {
    credentials: Credentials,
    issued: RwLock<Option<Issued>>,
    /// One fetches, the others wait for it or go on with the token that still holds.
    fetching: tokio::sync::Mutex<()>,
}

impl Tokens {
    pub(super) fn new(credentials: Credentials) -> Self {
        Self { credentials, issued: RwLock::new(None), fetching: tokio::sync::Mutex::new(()) }
    }

    pub(super) async fn get(&self, transport: &Transport, deadline: Deadline) -> Result<Secret, ShopifyError> {
        let (id, secret) = match &self.credentials {
            Credentials::Token(token) => return Ok(token.clone()),
            Credentials::App { client_id, client_secret } => (client_id, client_secret),
        };
        let holds = |issued: &Issued| issued.until > Instant::now();
        let fresh = |issued: &Issued| issued.renew_at > Instant::now();
        let known = self.issued().filter(holds);
        if let Some(issued) = known.as_ref().filter(|issued| fresh(issued)) {
            return Ok(issued.token.clone());
        }
        let turn = match (&known, self.fetching.try_lock()) {
            (_, Ok(turn)) => turn,
            (Some(issued), Err(_)) => return Ok(issued.token.clone()),
            (None, Err(_)) => {
                tokio::time::timeout_at(deadline.0, self.fetching.lock()).await.map_err(|_| ShopifyError::TimedOut)?
            }
        };
        // Somebody may have fetched while we waited.
        if let Some(issued) = self.issued().filter(fresh) {
            return Ok(issued.token);
        }
        match (fetch(transport, id, secret, deadline).await, known) {
            (Ok(issued), _) => {
                let token = issued.token.clone();
                // Before the next one's turn, who looks for it.
                *self.issued.write().unwrap_or_else(PoisonError::into_inner) = Some(issued);
                drop(turn);
                Ok(token)
            }
            // The old one still opens; the next question tries again.
            (Err(_), Some(issued)) => Ok(issued.token),
            (Err(error), None) => Err(error),
        }
    }

    /// As if its last tenth had come.
    #[cfg(test)]
    pub(super) fn come_of_age(&self) {
        if let Some(issued) = self.issued.write().unwrap_or_else(PoisonError::into_inner).as_mut() {
            issued.renew_at = Instant::now();
        }
    }

    /// Shopify did not take this token. Whether another one can be had.
    pub(super) fn refused(&self, token: &Secret) -> bool {
        match &self.credentials {
            Credentials::Token(_) => false,
            Credentials::App { .. } => {
                let mut issued = self.issued.write().unwrap_or_else(PoisonError::into_inner);
                if issued.as_ref().is_some_and(|known| known.token == *token) {
                    *issued = None;
                }
                true
            }
        }
    }

    fn issued(&self) -> Option<Issued> {
        self.issued.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    /// Seconds.
    expires_in: u64,
}

#[derive(Deserialize)]
struct Denied {
    error: String,
}

async fn fetch(transport: &Transport, id: &str, secret: &Secret, deadline: Deadline) -> Result<Issued, ShopifyError> {
    let body = serde_json::json!({
        "grant_type": "client_credentials", "client_id": id, "client_secret": secret.expose(),
    });
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    // Asking twice for a token harms nobody, so a broken connection is tried once more.
    let mut answer = Err(Lost::NotSent);
    for _ in 0..2 {
        let body = body.to_string().into_bytes();
        answer = transport.post("/admin/oauth/access_token", headers.clone(), body, deadline).await;
        if !matches!(&answer, Err(Lost::NotSent | Lost::Cut))
            && !answer.as_ref().is_ok_and(|a| a.status.is_server_error())
        {
            break;
        }
    }
    let answer = answer.map_err(|lost| match lost {
        Lost::TimedOut => ShopifyError::TimedOut,
        lost => ShopifyError::Failed(lost.says().to_owned()),
    })?;
    if answer.status.is_success() {
        let granted: Granted = serde_json::from_slice(&answer.body)
            .map_err(|_| ShopifyError::Failed("the answer to the request for a token cannot be read".into()))?;
        let (now, lives) = (Instant::now(), Duration::from_secs(granted.expires_in.min(10 * 86_400)));
        let ahead = AHEAD.min(lives / 10);
        let token = Secret::new(granted.access_token);
        return Ok(Issued { token, until: now + lives, renew_at: now + lives - ahead });
    }
    if answer.status.is_server_error() || answer.status.as_u16() == 429 {
        return Err(ShopifyError::Failed(format!("it gives no token at the moment ({})", answer.status.as_u16())));
    }
    let code = serde_json::from_slice::<Denied>(&answer.body).map(|denied| denied.error);
    Err(ShopifyError::Unauthorized(explain(code.as_deref().unwrap_or_default(), answer.status.as_u16())))
}

/// What an error of the grant means and what to do about it.
fn explain(code: &str, status: u16) -> String {
    match code {
        "shop_not_permitted" => "the app and the store are not in the same organization, and only there an app's id and \
                                 secret are worth a token: create the app in the Dev Dashboard of the organization that \
                                 owns the store, or use the token of a custom app of the store (shop_not_permitted)"
            .into(),
        "app_not_installed" => "the app is not installed in the store: install it from the Dev Dashboard".into(),
        "invalid_client" | "application_cannot_be_found" | "invalid_request" => {
            format!("it does not know this client id and secret: copy both again from the app's settings ({code})")
        }
        other => {
            let plain = !other.is_empty() && other.len() <= 64 && other.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            let named = if plain { other } else { "no reason given" };
            format!("it gave no token for the client id and secret ({named}, {status})")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_grant_says_what_to_do() {
        for (code, status, says) in [
            ("shop_not_permitted", 400, "same organization"),
            ("app_not_installed", 400, "install it"),
            ("invalid_client", 401, "copy both again"),
            ("other_thing", 400, "(other_thing, 400)"),
            ("<html>secret</html>", 502, "(no reason given, 502)"),
        ] {
            assert!(explain(code, status).contains(says), "{code}: {}", explain(code, status));
        }
    }

    #[test]
    fn secrets_do_not_print() {
        let app = Credentials::App { client_id: "id-1".into(), client_secret: Secret::new("hush") };
        let said = format!("{app:?} {:?}", Credentials::Token(Secret::new("shpat_1")));
        assert!(!said.contains("hush") && !said.contains("shpat_1"), "{said}");
    }
}
