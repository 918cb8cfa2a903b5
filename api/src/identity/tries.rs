//! How often something may be tried: the bounds of `[identity]`, counted in the store's own database.

use crate::{
    config,
    db::{
        DbError,
        desk::Desks,
        identity::{Bound, Counted},
    },
};
use engine::{
    ConversationId, StorePass,
    identity::{Email, OrderClaim, code::ServerKey},
    ports::Clock,
};
use jiff::SignedDuration;
use std::sync::Arc;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// Counts tries. Cheap to clone.
#[derive(Clone)]
pub struct Tries {
    desks: Arc<Desks>,
    key: Arc<ServerKey>,
    clock: Arc<dyn Clock>,
    limits: config::Identity,
}

impl Tries {
    pub fn new(desks: Arc<Desks>, key: ServerKey, clock: Arc<dyn Clock>, limits: config::Identity) -> Self {
        Self { desks, key: Arc::new(key), clock, limits }
    }

    /// The same claim once more in its conversation is the same try: a customer who asks again about an order says
    /// again which one. Only the store's bound counts it.
    pub async fn claim(&self, claim: &OrderClaim) -> Result<Counted, DbError> {
        let OrderClaim { pass, conversation, number, email } = claim;
        let what = Some(self.key.subject(&["claim", &conversation.0, number.as_str(), email.expose()]));
        let limits = &self.limits;
        self.count(
            pass,
            [
                self.by_conversation("claim", conversation, what, limits.claims_per_conversation),
                self.by_address("claim", pass, email, what, limits.claims_per_address),
                self.by_store("claim", limits.claims_per_store, MINUTE),
            ],
        )
        .await
    }

    /// Codes to an address and from a conversation.
    pub async fn code(
        &self,
        pass: &StorePass,
        conversation: &ConversationId,
        email: &Email,
    ) -> Result<Counted, DbError> {
        let limits = &self.limits;
        self.count(
            pass,
            [
                self.by_conversation("code", conversation, None, limits.codes_per_conversation),
                self.by_address("code", pass, email, None, limits.codes_per_address),
            ],
        )
        .await
    }

    /// Requests for codes, to whomever.
    pub async fn code_of_store(&self, pass: &StorePass) -> Result<Counted, DbError> {
        self.count(pass, [self.by_store("code", self.limits.codes_per_store, HOUR)]).await
    }

    /// Questions through Shopify's app proxy, whose door anybody can reach.
    pub async fn proxied(&self, pass: &StorePass) -> Result<Counted, DbError> {
        self.count(pass, [self.by_store("proxy", self.limits.proxied_per_store, MINUTE)]).await
    }

    /// What stands for an address in the store's database.
    pub fn address(&self, pass: &StorePass, email: &Email) -> [u8; 32] {
        self.key.subject(&["address", pass.store().as_str(), email.expose()])
    }

    pub(super) fn key(&self) -> Arc<ServerKey> {
        Arc::clone(&self.key)
    }

    async fn count(&self, pass: &StorePass, bounds: impl AsRef<[Bound]>) -> Result<Counted, DbError> {
        self.desks.count_try(pass, bounds.as_ref(), self.clock.now()).await
    }

    fn by_conversation(
        &self,
        of: &'static str,
        conversation: &ConversationId,
        what: Option<[u8; 32]>,
        most: u32,
    ) -> Bound {
        Bound { kind: of, subject: self.key.subject(&["conversation", &conversation.0]), what, most, within: HOUR }
    }

    fn by_address(
        &self,
        of: &'static str,
        pass: &StorePass,
        email: &Email,
        what: Option<[u8; 32]>,
        most: u32,
    ) -> Bound {
        Bound { kind: of, subject: self.address(pass, email), what, most, within: HOUR }
    }

    fn by_store(&self, of: &'static str, most: u32, within: SignedDuration) -> Bound {
        Bound { kind: of, subject: self.key.subject(&["store"]), what: None, most, within }
    }
}
