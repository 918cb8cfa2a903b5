//! Who is calling: a key, or Shopify's signature, becomes a pass here, before a handler runs.

use crate::{
    app::App,
    db::{DbError, keys::Keys},
    error::{ApiError, chain},
};
use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::{header, request::Parts},
};
use engine::{AgentPass, Asker, Keyring, PlainKey, StorePass};
use std::time::Duration;
use tokio::{
    sync::{Mutex, RwLock},
    time::{Instant, sleep_until},
};

/// Unknown keys make the server look at most this often, however many are tried.
const SPACING: Duration = Duration::from_millis(100);
/// A key that was just revoked opens its store at most this much longer.
const STALE: Duration = Duration::from_secs(2);

/// The keys in force, re-read from the database while the server runs.
pub struct LiveKeyring {
    keys: Keys,
    ring: RwLock<Keyring>,
    read_at: Mutex<Instant>,
}

impl LiveKeyring {
    pub async fn open(keys: Keys) -> Result<Self, DbError> {
        let ring = RwLock::new(keys.keyring().await?);
        Ok(Self { keys, ring, read_at: Mutex::new(Instant::now()) })
    }

    /// Whether the key database can be read.
    pub async fn check(&self) -> Result<(), DbError> {
        self.keys.keyring().await.map(drop)
    }

    /// A key that was made before the request came is known: one that is not found is looked for once more.
    async fn admit(&self, key: &PlainKey) -> Result<StorePass, ApiError> {
        let arrived = Instant::now();
        // Whoever holds the lock is reading already.
        if let Ok(mut read_at) = self.read_at.try_lock()
            && read_at.elapsed() > STALE
        {
            self.reread(&mut read_at).await;
        }
        if let Ok(pass) = self.ring.read().await.admit(key) {
            return Ok(pass);
        }
        let mut read_at = self.read_at.lock().await;
        if *read_at <= arrived {
            sleep_until(*read_at + SPACING).await;
            self.reread(&mut read_at).await;
        }
        drop(read_at);
        self.ring.read().await.admit(key).map_err(|_| ApiError::Unauthorized)
    }

    /// A database that cannot be read leaves the keys that were known: they were good a moment ago.
    async fn reread(&self, read_at: &mut Instant) {
        *read_at = Instant::now();
        match self.keys.keyring().await {
            Ok(ring) => *self.ring.write().await = ring,
            Err(error) => tracing::error!(error.cause = %chain(&error), "keys not read"),
        }
    }
}

/// Whoever holds a key of a store.
pub struct Caller(pub StorePass);

impl FromRequestParts<App> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let said = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let key = said.and_then(bearer).ok_or(ApiError::Unauthorized)?;
        app.keyring.admit(&PlainKey::new(key)).await.map(Caller)
    }
}

/// A caller whose key is for the store that the path names. Another store is not there.
pub struct StoreCaller(pub StorePass);

impl FromRequestParts<App> for StoreCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let Caller(pass) = Caller::from_request_parts(parts, app).await?;
        let named = store_named(parts, app).await.ok_or(ApiError::NoSuchStore)?;
        if named == pass.store().as_str() { Ok(Self(pass)) } else { Err(ApiError::NoSuchStore) }
    }
}

async fn store_named(parts: &mut Parts, app: &App) -> Option<String> {
    let params = RawPathParams::from_request_parts(parts, app).await.ok()?;
    params.iter().find(|(name, _)| *name == "store").map(|(_, value)| value.to_owned())
}

/// Whoever asks through Shopify's app proxy of the store that the path names: the signature in the query is the key.
pub struct ProxyCaller(pub Asker);

impl FromRequestParts<App> for ProxyCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let store = store_named(parts, app).await.ok_or(ApiError::IdentityRefused)?;
        let query = parts.uri.query().unwrap_or_default();
        app.identity.proxied(&store, query).await.map(Self)
    }
}

/// A caller who may read the handoffs of the store that the path names.
pub struct AgentCaller(StorePass);

impl AgentCaller {
    pub fn pass(&self) -> Result<AgentPass<'_>, ApiError> {
        self.0.as_agent().map_err(|_| ApiError::NotAnAgent)
    }
}

impl FromRequestParts<App> for AgentCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let StoreCaller(pass) = StoreCaller::from_request_parts(parts, app).await?;
        let caller = Self(pass);
        caller.pass()?;
        Ok(caller)
    }
}

/// The scheme's name is case-insensitive (RFC 9110), the key is not.
fn bearer(header: &str) -> Option<&str> {
    let (scheme, key) = header.split_once(' ')?;
    let key = key.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !key.is_empty()).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::bearer;

    #[test]
    fn bearer_headers() {
        for (header, expect) in [
            ("Bearer sk_1", Some("sk_1")),
            ("bearer  sk_1 ", Some("sk_1")),
            ("Basic sk_1", None),
            ("Bearer", None),
            ("Bearer ", None),
            ("sk_1", None),
        ] {
            assert_eq!(bearer(header), expect, "{header}");
        }
    }
}
