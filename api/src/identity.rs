//! Who is asking, over HTTP: what a request presents becomes an [`Asker`], or is refused. Never silently nobody.

mod limited;
mod mailer;
mod server_key;
mod tries;
mod ways;

pub use limited::LimitedStorefront;
pub use mailer::{MailFailed, Mailer, MailerError};
pub use server_key::KeyFileError;
pub use tries::Tries;
pub use ways::{AllWays, Ways, WaysError};

use crate::{
    db::{DbError, desk::Desks, identity::Counted},
    error::{ApiError, FieldError, chain},
};
use engine::{
    Asker, ConversationId, CustomerPass, StoreId, StorePass,
    identity::{
        Email, OrderClaim, OrderNumber,
        code::{Challenge, Code, CodeFor, CodeRefused, ServerKey},
        session::{Session, SessionToken},
    },
    ports::{Clock, Storefront},
};
use jiff::Timestamp;
use rand::{TryRngCore, rngs::OsRng};
use std::{path::Path, sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tracing::Instrument;

/// Mails under way at the same time; whoever asks for the next code is told to come back.
const MAILS: u32 = 32;
/// How long the storefront may take to say whether it knows an address.
const LOOK_UP: Duration = Duration::from_secs(10);

/// What a request says about who is asking. At most one thing.
#[derive(Debug)]
pub enum Said {
    Nothing,
    /// A JWT of the merchant's site.
    Token(String),
    /// What `/v1/identity/verify` gave out.
    Session(SessionToken),
    Claim {
        number: OrderNumber,
        email: Email,
    },
}

/// Proofs of identity: admitted, mailed and redeemed. Cheap to clone.
#[derive(Clone)]
pub struct Identity(Arc<Inner>);

struct Inner {
    desks: Arc<Desks>,
    tries: Tries,
    key: Arc<ServerKey>,
    clock: Arc<dyn Clock>,
    storefront: Option<Arc<dyn Storefront>>,
    ways: AllWays,
    mails: Arc<Semaphore>,
}

/// What an [`Identity`] is made of.
pub struct IdentityParts {
    pub desks: Arc<Desks>,
    pub clock: Arc<dyn Clock>,
    /// Asked whether an address is on file before a code is mailed to it.
    pub storefront: Option<Arc<dyn Storefront>>,
    pub ways: AllWays,
    pub tries: Tries,
}

/// What a redeemed code gave.
pub struct Opened {
    pub token: SessionToken,
    pub expires_at: Timestamp,
}

impl Identity {
    pub fn new(parts: IdentityParts) -> Self {
        let IdentityParts { desks, clock, storefront, ways, tries } = parts;
        let (key, mails) = (tries.key(), Arc::new(Semaphore::new(MAILS as usize)));
        Self(Arc::new(Inner { desks, tries, key, clock, storefront, ways, mails }))
    }

    /// The server's key, from the data folder; made there at the first start.
    pub fn server_key(data: &Path) -> Result<ServerKey, KeyFileError> {
        server_key::load_or_make(data)
    }

    /// Who is asking. `known` is what the door already knows: a store's key knows nobody, Shopify's proxy may.
    pub async fn asker(&self, known: Asker, said: Said, conversation: &ConversationId) -> Result<Asker, ApiError> {
        let pass = match (known, &said) {
            (known, Said::Nothing) => return Ok(known),
            (Asker::Anonymous(pass), _) => pass,
            (Asker::Claimed(_) | Asker::Verified(_), _) => {
                return Err(ApiError::Invalid(vec![FieldError::new(
                    said.field(),
                    "contradicts Shopify, which names the customer who is logged in; send nothing more",
                )]));
            }
        };
        let ways = self.0.ways.of(pass.store());
        match said {
            Said::Nothing => Ok(Asker::Anonymous(pass)),
            Said::Token(token) => match ways.tokens.verify(&token, &pass, self.0.clock.now()) {
                Ok(customer) => Ok(Asker::Verified(customer)),
                Err(error) => {
                    tracing::info!(store.id = %pass.store(), error.cause = %error, "customer token refused");
                    Err(ApiError::IdentityRefused)
                }
            },
            Said::Session(token) => {
                let session = self.0.desks.session(&pass, &token.hashed()).await?;
                let customer =
                    session.and_then(|s| s.admit(&self.0.key, &token, &pass, conversation, self.0.clock.now()));
                customer.map(Asker::Verified).ok_or(ApiError::IdentityRefused)
            }
            Said::Claim { .. } if !ways.claim => {
                let problem = "this store does not answer by order number and e-mail";
                Err(ApiError::Invalid(vec![FieldError::new("claim", problem)]))
            }
            Said::Claim { number, email } => {
                Ok(Asker::Claimed(OrderClaim { pass, conversation: conversation.clone(), number, email }))
            }
        }
    }

    /// Who is asking through Shopify's app proxy, by the query of the request. A store that does not exist, one that
    /// has no proxy and a wrong signature are the same to whoever asks.
    pub async fn proxied(&self, store: &str, query: &str) -> Result<Asker, ApiError> {
        let store: StoreId = store.parse().map_err(|_| ApiError::IdentityRefused)?;
        let ways = self.0.ways.of(&store);
        let key = ways.app_proxy.as_ref().ok_or(ApiError::IdentityRefused)?;
        let asker = key.verify(query, self.0.clock.now()).map_err(|error| {
            tracing::info!(store.id = %store, error.cause = %error, "app-proxy request refused");
            ApiError::IdentityRefused
        })?;
        self.within(self.0.tries.proxied(asker.store_pass()).await?)?;
        Ok(asker)
    }

    /// Sees to it that a code is mailed to the address if the store knows it. What the caller gets to see depends on
    /// nothing but how much is going on in the store: everything about the address happens after the reply.
    pub async fn send_code(&self, pass: StorePass, conversation: ConversationId, email: Email) -> Result<(), ApiError> {
        let mailer = self.0.ways.of(pass.store()).mailer.clone().ok_or(ApiError::CodesNotOffered)?;
        let storefront = self.0.storefront.clone().ok_or(ApiError::CodesNotOffered)?;
        self.within(self.0.tries.code_of_store(&pass).await?)?;
        let place = Arc::clone(&self.0.mails).try_acquire_owned();
        let place = place.map_err(|_| ApiError::Busy { retry_after_s: 5 })?;
        let job = CodeJob { identity: self.clone(), mailer, storefront, pass, conversation, email, _place: place };
        tokio::spawn(job.run().in_current_span());
        Ok(())
    }

    /// Redeems a code. Wrong, expired, redeemed and never sent are one refusal.
    pub async fn verify_code(
        &self,
        pass: &StorePass,
        conversation: ConversationId,
        email: &Email,
        code: &Code,
    ) -> Result<Opened, ApiError> {
        let Inner { desks, key, clock, .. } = &*self.0;
        let (now, by) = (clock.now(), CodeFor { pass, conversation: &conversation, email });
        let attempt = |challenge: &mut Challenge| {
            challenge.attempt(key, by, code, now).map_err(|refused| (refused, challenge.expires_at()))
        };
        let address = self.0.tries.address(pass, email);
        let tried = desks.try_challenge(pass, &conversation, &address, attempt).await?;
        match tried {
            Some(Ok(customer)) => self.open(&customer, conversation, now).await,
            None | Some(Err((CodeRefused::NotValid, _))) => Err(ApiError::CodeRefused),
            Some(Err((CodeRefused::Exhausted, until))) => Err(too_many(until, now)),
        }
    }

    /// Returns when no code is on its way any more.
    pub async fn drained(&self) {
        // Never closed, so this cannot fail.
        let _ = self.0.mails.acquire_many(MAILS).await;
    }

    /// Removes what is kept of a customer's address: challenges, tries against it, sessions. How many rows that were.
    pub async fn forget(&self, pass: &StorePass, email: &Email) -> Result<u64, DbError> {
        self.0.desks.forget_identity(pass, email, &self.0.tries.address(pass, email)).await
    }

    async fn open(
        &self,
        customer: &CustomerPass,
        conversation: ConversationId,
        now: Timestamp,
    ) -> Result<Opened, ApiError> {
        let token = SessionToken::new(random()?);
        let session = Session::open(&self.0.key, customer, conversation, &token, now).ok_or(ApiError::CodeRefused)?;
        self.0.desks.put_session(customer.store_pass(), &session).await?;
        tracing::info!(store.id = %customer.store_pass().store(), "code redeemed");
        Ok(Opened { token, expires_at: session.expires_at })
    }

    fn within(&self, counted: Counted) -> Result<(), ApiError> {
        match counted {
            Counted::Within => Ok(()),
            Counted::Over { until } => Err(too_many(until, self.0.clock.now())),
        }
    }
}

/// A code that was asked for, with all that sending it needs. Runs when the caller has its reply.
struct CodeJob {
    identity: Identity,
    mailer: Arc<Mailer>,
    storefront: Arc<dyn Storefront>,
    pass: StorePass,
    conversation: ConversationId,
    email: Email,
    _place: OwnedSemaphorePermit,
}

impl CodeJob {
    async fn run(self) {
        let store = self.pass.store();
        match self.send().await {
            Ok(outcome) => tracing::info!(store.id = %store, code.outcome = outcome, "code asked for"),
            Err(cause) => tracing::error!(store.id = %store, error.cause = cause, "code not sent"),
        }
    }

    /// What came of it, as the log says it.
    async fn send(&self) -> Result<&'static str, String> {
        let Inner { desks, tries, key, clock, .. } = &*self.identity.0;
        let Self { pass, conversation, email, .. } = self;
        if tries.code(pass, conversation, email).await.map_err(|e| chain(&e))? != Counted::Within {
            return Ok("too many");
        }
        let known = match timeout(LOOK_UP, self.storefront.knows(pass, email)).await {
            Ok(Ok(known)) => Ok(known),
            Ok(Err(error)) => Err(format!("the storefront was asked for the address: {error}")),
            Err(_) => Err("the storefront did not say in time whether it knows the address".to_owned()),
        };
        let random = random().map_err(|_| "the system gives no random bytes")?;
        let to = CodeFor { pass, conversation, email };
        let (challenge, code) = match known {
            Ok(true) => {
                let (challenge, code) = Challenge::issue(key, to, random, clock.now());
                (challenge, Some(code))
            }
            Ok(false) | Err(_) => (Challenge::decoy(key, random, clock.now()), None),
        };
        let address = tries.address(pass, email);
        desks.put_challenge(pass, conversation, &address, &challenge).await.map_err(|e| chain(&e))?;
        known?;
        match code {
            None => Ok("not on file"),
            Some(code) => {
                self.mailer.send_code(email, &code).await.map_err(|e| chain(&e))?;
                Ok("sent")
            }
        }
    }
}

impl Said {
    fn field(&self) -> &'static str {
        match self {
            Self::Nothing => "body",
            Self::Token(_) => "customer_token",
            Self::Session(_) => "customer_session",
            Self::Claim { .. } => "claim",
        }
    }
}

fn too_many(until: Timestamp, now: Timestamp) -> ApiError {
    let seconds = until.as_second().saturating_sub(now.as_second()).max(1);
    ApiError::TooManyTries { retry_after_s: u64::try_from(seconds).unwrap_or(1) }
}

/// From the system's secure generator.
fn random() -> Result<[u8; 32], ApiError> {
    let mut bytes = [0; 32];
    OsRng.try_fill_bytes(&mut bytes).map_err(|e| ApiError::Internal(format!("no random bytes: {e}")))?;
    Ok(bytes)
}
