//! Who may act for which store.
//!
//! A [`StorePass`] is proof, not an id: its fields are private, it cannot be deserialized, and from a request only
//! [`Keyring::admit`] and [`AppProxyKey::verify`](crate::identity::app_proxy::AppProxyKey::verify) make one. Whatever reads a store's data takes a pass, so a forgotten check does not compile.
//!
//! ```compile_fail,E0451
//! use engine::access::{Role, StoreId, StorePass};
//! let store = StoreId::parse("a").unwrap();
//! let forged = StorePass { store, role: Role::Agent };
//! ```
//!
//! ```compile_fail,E0277
//! let forged: engine::StorePass = serde_json::from_str("{}").unwrap();
//! ```

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{collections::HashMap, fmt};

/// The name of a store: 1 to 63 of `a-z`, `0-9` and `-`, so that it is safe as a folder or a collection name.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StoreId(String);

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("'{0}' is not a store name: use 1 to 63 of a-z, 0-9 and '-', not beginning with '-'")]
pub struct BadStoreId(pub String);

impl StoreId {
    pub fn parse(name: &str) -> Result<Self, BadStoreId> {
        let ok = (1..=63).contains(&name.len())
            && !name.starts_with('-')
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if ok { Ok(Self(name.to_owned())) } else { Err(BadStoreId(name.to_owned())) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// No store at all: where a fact belongs that was read back from a file, until its reader says where. No pass is
    /// for it, so that evidence of it ends a turn.
    pub(crate) fn nowhere() -> Self {
        Self(String::new())
    }
}

impl TryFrom<String> for StoreId {
    type Error = BadStoreId;
    fn try_from(name: String) -> Result<Self, BadStoreId> {
        Self::parse(&name)
    }
}

impl From<StoreId> for String {
    fn from(id: StoreId) -> Self {
        id.0
    }
}

impl std::str::FromStr for StoreId {
    type Err = BadStoreId;
    fn from_str(name: &str) -> Result<Self, BadStoreId> {
        Self::parse(name)
    }
}

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a key may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Ask questions in the store's name: what a storefront or a channel holds.
    Storefront,
    /// Also read handoffs and sources: what a human helper's tools hold.
    Agent,
}

/// Proof that the caller may act for one store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorePass {
    store: StoreId,
    role: Role,
}

/// Proof that the caller is a human helper of the store (or acts for one).
#[derive(Clone, Copy, Debug)]
pub struct AgentPass<'a>(&'a StorePass);

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Denied {
    #[error("the key is not known")]
    UnknownKey,
    #[error("this needs a key with the role 'agent'")]
    NotAnAgent,
}

impl StorePass {
    pub fn store(&self) -> &StoreId {
        &self.store
    }

    pub fn as_agent(&self) -> Result<AgentPass<'_>, Denied> {
        match self.role {
            Role::Agent => Ok(AgentPass(self)),
            Role::Storefront => Err(Denied::NotAnAgent),
        }
    }

    /// For a request whose signature was found to be Shopify's. It opens what a storefront's key opens.
    pub(crate) fn signed_by_shopify(store: StoreId) -> Self {
        Self { store, role: Role::Storefront }
    }

    /// A pass for whoever sits at the machine itself: the command line, a test. Never for a request.
    /// A lint (`disallowed_methods`) makes every use say why.
    pub fn for_operator(store: StoreId, _reason: &'static str) -> Self {
        Self { store, role: Role::Agent }
    }
}

impl AgentPass<'_> {
    pub fn store(&self) -> &StoreId {
        self.0.store()
    }
}

/// A key as its holder presents it. Never stored, never logged.
pub struct PlainKey(String);

impl PlainKey {
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// Keys are 256 random bits, so a plain SHA-256 is enough: there is nothing to guess.
    pub fn hashed(&self) -> KeyHash {
        KeyHash(Sha256::digest(self.0.as_bytes()).into())
    }
}

impl fmt::Debug for PlainKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainKey")
    }
}

/// What is kept of a key.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct KeyHash(pub [u8; 32]);

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash")
    }
}

/// All keys that are in force. The root of trust: only the key database builds one.
#[derive(Clone, Debug, Default)]
pub struct Keyring(HashMap<KeyHash, (StoreId, Role)>);

impl Keyring {
    pub fn new(keys: impl IntoIterator<Item = (KeyHash, StoreId, Role)>) -> Self {
        Self(keys.into_iter().map(|(hash, store, role)| (hash, (store, role))).collect())
    }

    pub fn admit(&self, presented: &PlainKey) -> Result<StorePass, Denied> {
        let (store, role) = self.0.get(&presented.hashed()).ok_or(Denied::UnknownKey)?;
        Ok(StorePass { store: store.clone(), role: *role })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn store_names_are_safe_as_folders() {
        for good in ["a", "fjellvik", "shop-2"] {
            assert_eq!(StoreId::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "-a", "A", "a/b", "..", "a.b", "ä", &"x".repeat(64)] {
            assert!(StoreId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_key_opens_its_own_store_and_no_other() {
        let key = PlainKey::new("secret");
        let ring = Keyring::new([(key.hashed(), StoreId::parse("one").unwrap(), Role::Storefront)]);
        let pass = ring.admit(&key).unwrap();
        assert_eq!(pass.store().as_str(), "one");
        assert_eq!(pass.as_agent().unwrap_err(), Denied::NotAnAgent);
        assert_eq!(ring.admit(&PlainKey::new("other")).unwrap_err(), Denied::UnknownKey);
    }

    #[test]
    fn secrets_do_not_print() {
        let key = PlainKey::new("sk_live_1");
        assert_eq!(format!("{key:?} {:?}", key.hashed()), "PlainKey KeyHash");
    }
}
