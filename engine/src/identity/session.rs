//! What a redeemed code opens: the customer stays known for a day, in the conversation that asked for the code.

use super::{CustomerKey, CustomerPass, Email, Proof};
use crate::access::StorePass;
use crate::turn::ConversationId;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;

/// How long a session is good for.
pub const LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// What the caller sends back: `cs_` and 64 hex digits. Never stored, never logged.
pub struct SessionToken(String);

impl SessionToken {
    /// From 32 bytes of the system's secure generator.
    pub fn new(random: [u8; 32]) -> Self {
        Self(format!("cs_{}", hex::encode(random)))
    }

    /// As presented; whether it is one shows when it is looked for.
    pub fn presented(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// 256 random bits: a plain SHA-256 is enough, there is nothing to guess.
    pub fn hashed(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// For the reply to the caller whom it is for.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken")
    }
}

/// A session as the store's own database keeps it. Like a [`Keyring`](crate::Keyring), it is a root of trust: only the
/// database builds one.
pub struct Session {
    /// [`SessionToken::hashed`].
    pub token: [u8; 32],
    pub conversation: ConversationId,
    pub email: Email,
    pub expires_at: Timestamp,
}

impl Session {
    /// For a customer who has just redeemed a code; `None` for whoever was known by something else.
    pub fn open(
        customer: &CustomerPass,
        conversation: ConversationId,
        token: &SessionToken,
        now: Timestamp,
    ) -> Option<Self> {
        let expires_at = now.saturating_add(LIFETIME).unwrap_or(Timestamp::MAX);
        match (customer.by(), customer.customer()) {
            (Proof::EmailedCode, CustomerKey::Email(email)) => {
                Some(Self { token: token.hashed(), conversation, email: email.clone(), expires_at })
            }
            _ => None,
        }
    }

    /// The customer, if this is their session and it is used where and while it is good. `pass` is of the store whose
    /// database the session came from.
    pub fn admit(
        &self,
        presented: &SessionToken,
        pass: &StorePass,
        conversation: &ConversationId,
        now: Timestamp,
    ) -> Option<CustomerPass> {
        let same = bool::from(presented.hashed().ct_eq(&self.token));
        (same && conversation == &self.conversation && now < self.expires_at)
            .then(|| CustomerPass::proved(pass.clone(), CustomerKey::Email(self.email.clone()), Proof::EmailedCode))
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session")
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test acts for its own store")]
mod tests {
    use super::*;
    use crate::access::StoreId;
    use crate::identity::code::{Challenge, CodeFor, ServerKey};

    #[test]
    fn a_session_is_for_its_conversation_and_a_day() {
        let pass = StorePass::for_operator(StoreId::parse("one").unwrap(), "test");
        let (here, elsewhere) = (ConversationId("c-1".into()), ConversationId("c-2".into()));
        let email = Email::parse("beth@mail.example").unwrap();
        let now = Timestamp::from_second(1_795_000_000).unwrap();
        let (key, to) = (ServerKey::new([1; 32]), CodeFor { pass: &pass, conversation: &here, email: &email });
        let (mut challenge, code) = Challenge::issue(&key, to, [2; 32], now);
        let customer = challenge.attempt(&key, to, &code, now).unwrap();
        let token = SessionToken::new([3; 32]);
        let session = Session::open(&customer, here.clone(), &token, now).unwrap();
        assert_eq!((token.expose().len(), &token.expose()[..5]), (67, "cs_03"));

        assert_eq!(session.admit(&token, &pass, &here, now), Some(customer));
        let (last, over) = (now + SignedDuration::from_secs(86_399), now + SignedDuration::from_secs(86_400));
        assert!(session.admit(&SessionToken::presented(token.expose()), &pass, &here, last).is_some());
        assert_eq!(session.admit(&token, &pass, &here, over), None);
        assert_eq!(session.admit(&token, &pass, &elsewhere, now), None);
        assert_eq!(session.admit(&SessionToken::new([4; 32]), &pass, &here, now), None);
        let operator = CustomerPass::for_operator(pass.clone(), CustomerKey::Email(email), "test");
        assert!(Session::open(&operator, here, &token, now).is_none());
        assert_eq!(format!("{token:?} {session:?}"), "SessionToken Session");
    }
}
