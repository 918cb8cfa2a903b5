//! What a redeemed code opens: the customer stays known for a day, in the conversation that asked for the code.

use super::{CustomerKey, CustomerPass, Email, Proof, code::ServerKey};
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

/// A session as the store's database keeps it. Sealed under the server's key: a row that was written by anything but
/// [`Session::open`], or changed since, admits nobody.
pub struct Session {
    /// [`SessionToken::hashed`].
    pub token: [u8; 32],
    pub conversation: ConversationId,
    pub email: Email,
    pub expires_at: Timestamp,
    pub seal: [u8; 32],
}

impl Session {
    /// For a customer who has just redeemed a code; `None` for whoever was known by something else.
    pub fn open(
        key: &ServerKey,
        customer: &CustomerPass,
        conversation: ConversationId,
        token: &SessionToken,
        now: Timestamp,
    ) -> Option<Self> {
        let (Proof::EmailedCode, CustomerKey::Email(email)) = (customer.by(), customer.customer()) else { return None };
        // Whole seconds, as it is kept.
        let end = Timestamp::from_second(now.as_second()).ok()?.checked_add(LIFETIME).ok()?;
        let session =
            Self { token: token.hashed(), conversation, email: email.clone(), expires_at: end, seal: [0; 32] };
        Some(Self { seal: session.sealed(key, customer.store_pass()), ..session })
    }

    /// The customer, if this is their session and it is used where and while it is good.
    pub fn admit(
        &self,
        key: &ServerKey,
        presented: &SessionToken,
        pass: &StorePass,
        conversation: &ConversationId,
        now: Timestamp,
    ) -> Option<CustomerPass> {
        let same = presented.hashed().ct_eq(&self.token) & self.sealed(key, pass).ct_eq(&self.seal);
        (bool::from(same) && conversation == &self.conversation && now < self.expires_at)
            .then(|| CustomerPass::proved(pass.clone(), CustomerKey::Email(self.email.clone()), Proof::EmailedCode))
    }

    fn sealed(&self, key: &ServerKey, pass: &StorePass) -> [u8; 32] {
        let (store, expires_at) = (pass.store().as_str(), self.expires_at.as_second().to_be_bytes());
        let texts = [store, &self.conversation.0, self.email.expose()].map(str::as_bytes);
        key.digest(b"session", &[&self.token, texts[0], texts[1], texts[2], &expires_at])
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
    use crate::identity::code::{Challenge, CodeFor};

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
        let session = Session::open(&key, &customer, here.clone(), &token, now).unwrap();
        assert_eq!((token.expose().len(), &token.expose()[..5]), (67, "cs_03"));

        let admit = |session: &Session, token: &SessionToken, pass: &StorePass, at: &ConversationId, second: i64| {
            session.admit(&key, token, pass, at, now + SignedDuration::from_secs(second))
        };
        assert_eq!(admit(&session, &token, &pass, &here, 0), Some(customer));
        assert!(admit(&session, &SessionToken::presented(token.expose()), &pass, &here, 86_399).is_some());
        assert_eq!(admit(&session, &token, &pass, &here, 86_400), None);
        assert_eq!(admit(&session, &token, &pass, &elsewhere, 0), None);
        assert_eq!(admit(&session, &SessionToken::new([4; 32]), &pass, &here, 0), None);
        let other = StorePass::for_operator(StoreId::parse("two").unwrap(), "test");
        assert_eq!(admit(&session, &token, &other, &here, 0), None);
        assert_eq!(session.admit(&ServerKey::new([9; 32]), &token, &pass, &here, now), None);

        // A row that somebody wrote or changed is worth nothing, whatever it says.
        let row = |email: &str, expires_at, conversation: &ConversationId| Session {
            token: token.hashed(),
            conversation: conversation.clone(),
            email: Email::parse(email).unwrap(),
            expires_at,
            seal: session.seal,
        };
        let end = session.expires_at;
        assert!(admit(&row("beth@mail.example", end, &here), &token, &pass, &here, 0).is_some());
        for changed in [
            row("jo@mail.example", end, &here),
            row("beth@mail.example", end + SignedDuration::from_secs(1), &here),
            row("beth@mail.example", end, &elsewhere),
        ] {
            let conversation = changed.conversation.clone();
            assert_eq!(admit(&changed, &token, &pass, &conversation, 0), None);
        }
        let operator = CustomerPass::for_operator(pass.clone(), CustomerKey::Email(email), "test");
        assert!(Session::open(&key, &operator, here, &token, now).is_none());
        assert_eq!(format!("{token:?} {session:?}"), "SessionToken Session");
    }
}
