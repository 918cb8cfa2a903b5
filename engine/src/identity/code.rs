//! A six-digit code to the e-mail on file: what is kept of it, and what it takes to redeem it.
//!
//! A [`Challenge`] never holds the code, only a digest of it under the server's key, together with the store, the
//! conversation and the address: a copy of the database cannot be tried against the million codes there are, and a code
//! opens nothing but the conversation that asked for it. For an address that the store does not know there is a
//! challenge too, a decoy that takes as many attempts and never opens; from outside the two are the same.

use super::{CustomerKey, CustomerPass, Email, Proof};
use crate::access::StorePass;
use crate::turn::ConversationId;
use hmac::{Hmac, Mac};
use jiff::{SignedDuration, Timestamp};
use sha2::Sha256;
use std::fmt;
use subtle::ConstantTimeEq;

/// How long a code is good for.
pub const LIFETIME: SignedDuration = SignedDuration::from_mins(10);
/// How often a code may be tried.
pub const ATTEMPTS: u32 = 5;
const DIGITS: usize = 6;

/// 32 random bytes that only this server has: the key of every digest here.
pub struct ServerKey([u8; 32]);

impl ServerKey {
    pub fn new(random: [u8; 32]) -> Self {
        Self(random)
    }

    /// What is kept of something in place of the thing itself, such as an address in a count of tries. The same parts
    /// give the same digest; each part counts with its length, so that no two lists of parts are one text.
    pub fn subject(&self, parts: &[&str]) -> [u8; 32] {
        let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
        self.digest(b"subject", &parts)
    }

    /// `purpose` keeps the digests of one use from passing for those of another.
    pub(super) fn digest(&self, purpose: &[u8], parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        for part in std::iter::once(&purpose).chain(parts) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerKey")
    }
}

/// Six digits, as they are mailed or typed.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

impl Code {
    /// As typed: spaces and hyphens do not count. `None` if that leaves anything but six digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).take(DIGITS + 1).collect();
        (digits.len() == DIGITS && digits.bytes().all(|b| b.is_ascii_digit())).then_some(Self(digits))
    }

    /// For the mail, and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code")
    }
}

/// Whom a code is for.
#[derive(Clone, Copy, Debug)]
pub struct CodeFor<'a> {
    pub pass: &'a StorePass,
    pub conversation: &'a ConversationId,
    pub email: &'a Email,
}

/// A code that was sent, or a decoy.
#[derive(Clone, PartialEq, Eq)]
pub struct Challenge {
    salt: [u8; 16],
    digest: [u8; 32],
    issued_at: Timestamp,
    attempts_left: u32,
    redeemed: bool,
}

/// Why a code opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeRefused {
    /// Wrong, expired, redeemed before, or never sent: whoever tries cannot tell which.
    #[error("the code is not valid")]
    NotValid,
    /// Nothing is compared any more.
    #[error("the code was tried too often")]
    Exhausted,
}

impl Challenge {
    /// A challenge and its code. `random` comes from the system's secure generator: 16 bytes of it become the code (as
    /// a number modulo a million, 10^-33 away from uniform), the others salt the digest.
    pub fn issue(key: &ServerKey, to: CodeFor<'_>, random: [u8; 32], now: Timestamp) -> (Self, Code) {
        let (number, salt) = split(random);
        let code = Code(format!("{:06}", u128::from_be_bytes(number) % 1_000_000));
        let digest = code_digest(key, to, &salt, &code);
        (Self { salt, digest, issued_at: now, attempts_left: ATTEMPTS, redeemed: false }, code)
    }

    /// A challenge that no code redeems.
    pub fn decoy(key: &ServerKey, random: [u8; 32], now: Timestamp) -> Self {
        let (number, salt) = split(random);
        let digest = key.digest(b"decoy", &[&number]);
        Self { salt, digest, issued_at: now, attempts_left: ATTEMPTS, redeemed: false }
    }

    /// One that was put away with [`Self::salt`] and the other getters.
    pub fn restore(salt: [u8; 16], digest: [u8; 32], issued_at: Timestamp, attempts_left: u32) -> Self {
        Self { salt, digest, issued_at, attempts_left, redeemed: false }
    }

    pub fn salt(&self) -> &[u8; 16] {
        &self.salt
    }

    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    pub fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    pub fn expires_at(&self) -> Timestamp {
        self.issued_at.saturating_add(LIFETIME).unwrap_or(Timestamp::MAX)
    }

    pub fn attempts_left(&self) -> u32 {
        self.attempts_left
    }

    /// A code is good once; what was redeemed is not kept.
    pub fn redeemed(&self) -> bool {
        self.redeemed
    }

    /// One try. It counts before anything is compared, and the caller must keep `self` whatever comes of it.
    pub fn attempt(
        &mut self,
        key: &ServerKey,
        by: CodeFor<'_>,
        said: &Code,
        now: Timestamp,
    ) -> Result<CustomerPass, CodeRefused> {
        if self.redeemed || now < self.issued_at || now >= self.expires_at() {
            return Err(CodeRefused::NotValid);
        }
        self.attempts_left = self.attempts_left.checked_sub(1).ok_or(CodeRefused::Exhausted)?;
        let digest = code_digest(key, by, &self.salt, said);
        if !bool::from(digest.ct_eq(&self.digest)) {
            return Err(CodeRefused::NotValid);
        }
        self.redeemed = true;
        Ok(CustomerPass::proved(by.pass.clone(), CustomerKey::Email(by.email.clone()), Proof::EmailedCode))
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Challenge")
    }
}

fn code_digest(key: &ServerKey, to: CodeFor<'_>, salt: &[u8; 16], code: &Code) -> [u8; 32] {
    let store = to.pass.store().as_str();
    let parts = [store, &to.conversation.0, to.email.expose(), &code.0].map(str::as_bytes);
    key.digest(b"code", &[salt, parts[0], parts[1], parts[2], parts[3]])
}

fn split(random: [u8; 32]) -> ([u8; 16], [u8; 16]) {
    let (mut first, mut second) = ([0; 16], [0; 16]);
    first.copy_from_slice(&random[..16]);
    second.copy_from_slice(&random[16..]);
    (first, second)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test acts for its own store")]
mod tests {
    use super::*;
    use crate::access::StoreId;
    use proptest::prelude::*;

    struct Asking {
        pass: StorePass,
        conversation: ConversationId,
        email: Email,
    }

    fn asking(store: &str, conversation: &str, email: &str) -> Asking {
        let pass = StorePass::for_operator(StoreId::parse(store).unwrap(), "test");
        Asking { pass, conversation: ConversationId(conversation.into()), email: Email::parse(email).unwrap() }
    }

    impl Asking {
        fn who(&self) -> CodeFor<'_> {
            CodeFor { pass: &self.pass, conversation: &self.conversation, email: &self.email }
        }
    }

    fn beth() -> Asking {
        asking("one", "c-1", "beth@mail.example")
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + second).unwrap()
    }

    fn wrong(code: &Code) -> Code {
        let last = if code.0.ends_with('0') { '1' } else { '0' };
        Code(format!("{}{last}", &code.0[..5]))
    }

    #[test]
    fn a_code_opens_once_and_for_whom_it_was_sent() {
        let (key, beth) = (ServerKey::new([7; 32]), beth());
        let (challenge, code) = Challenge::issue(&key, beth.who(), [9; 32], at(0));
        for other in [
            asking("two", "c-1", "beth@mail.example"),
            asking("one", "c-2", "beth@mail.example"),
            asking("one", "c-1", "jo@mail.example"),
            asking("one", "c-1b", "eth@mail.example"),
        ] {
            assert_eq!(challenge.clone().attempt(&key, other.who(), &code, at(1)), Err(CodeRefused::NotValid));
        }
        let stolen = challenge.clone().attempt(&ServerKey::new([8; 32]), beth.who(), &code, at(1));
        assert_eq!(stolen, Err(CodeRefused::NotValid), "without the server's key a challenge tells nothing");

        let mut open = challenge.clone();
        let customer = open.attempt(&key, beth.who(), &code, at(1)).unwrap();
        assert_eq!(customer.customer(), &CustomerKey::Email(beth.email.clone()));
        assert_eq!((customer.by(), customer.store_pass()), (Proof::EmailedCode, &beth.pass));
        assert_eq!(open.attempt(&key, beth.who(), &code, at(2)), Err(CodeRefused::NotValid));
    }

    #[test]
    fn ten_minutes_and_not_before() {
        let (key, beth) = (ServerKey::new([7; 32]), beth());
        let (challenge, code) = Challenge::issue(&key, beth.who(), [9; 32], at(0));
        for (second, ok) in [(-1, false), (0, true), (599, true), (600, false), (100_000, false)] {
            assert_eq!(challenge.clone().attempt(&key, beth.who(), &code, at(second)).is_ok(), ok, "{second}");
        }
    }

    #[test]
    fn the_sixth_try_is_not_compared_and_a_decoy_behaves_alike() {
        let (key, beth) = (ServerKey::new([7; 32]), beth());
        let (mut real, code) = Challenge::issue(&key, beth.who(), [9; 32], at(0));
        let mut decoy = Challenge::decoy(&key, [9; 32], at(0));
        assert_ne!(decoy.digest(), real.digest());
        assert_eq!(decoy.clone().attempt(&key, beth.who(), &code, at(1)), Err(CodeRefused::NotValid));
        for _ in 0..ATTEMPTS {
            for challenge in [&mut real, &mut decoy] {
                assert_eq!(challenge.attempt(&key, beth.who(), &wrong(&code), at(1)), Err(CodeRefused::NotValid));
            }
        }
        for challenge in [&mut real, &mut decoy] {
            assert_eq!(challenge.attempt(&key, beth.who(), &code, at(1)), Err(CodeRefused::Exhausted));
            // Put away and restored, as between two requests.
            let (salt, digest) = (*challenge.salt(), *challenge.digest());
            let mut again = Challenge::restore(salt, digest, challenge.issued_at(), challenge.attempts_left());
            assert_eq!(again.attempt(&key, beth.who(), &code, at(1)), Err(CodeRefused::Exhausted));
            assert_eq!(again.attempt(&key, beth.who(), &code, at(600)), Err(CodeRefused::NotValid));
        }
    }

    #[test]
    fn codes_as_they_are_typed() {
        for (typed, expect) in [
            ("012345", Some("012345")),
            (" 012 345 ", Some("012345")),
            ("012-345", Some("012345")),
            ("12345", None),
            ("1234567", None),
            ("12345a", None),
            ("１２３４５６", None),
            ("", None),
        ] {
            assert_eq!(Code::parse(typed).as_ref().map(Code::expose), expect, "{typed}");
        }
    }

    proptest! {
        #[test]
        fn of_all_codes_only_the_one_sent_opens(random: [u8; 32], guess in 0..1_000_000_u32) {
            let (key, beth) = (ServerKey::new([7; 32]), beth());
            let (mut challenge, code) = Challenge::issue(&key, beth.who(), random, at(0));
            prop_assert!(Code::parse(code.expose()).is_some());
            let guess = Code::parse(&format!("{guess:06}")).unwrap();
            let opened = challenge.attempt(&key, beth.who(), &guess, at(1)).is_ok();
            prop_assert_eq!(opened, guess == code);
            prop_assert_eq!(challenge.attempt(&key, beth.who(), &code, at(2)).is_ok(), !opened);
        }
    }

    #[test]
    fn codes_are_spread_evenly() {
        // Chi-squared over the first digit of 20,000 codes: 9 degrees of freedom, 27.9 at one in a thousand.
        let (key, beth) = (ServerKey::new([7; 32]), beth());
        let mut counts = [0_u32; 10];
        for i in 0_u32..20_000 {
            let random = key.digest(b"test", &[&i.to_be_bytes()]);
            let (_, code) = Challenge::issue(&key, beth.who(), random, at(0));
            counts[usize::from(code.0.as_bytes()[0] - b'0')] += 1;
        }
        let squares: f64 = counts.iter().map(|n| (f64::from(*n) - 2000.0).powi(2) / 2000.0).sum();
        assert!(squares < 27.9, "{counts:?}");
    }

    #[test]
    fn secrets_do_not_print() {
        let (key, beth) = (ServerKey::new([7; 32]), beth());
        let (challenge, code) = Challenge::issue(&key, beth.who(), [9; 32], at(0));
        assert_eq!(format!("{key:?} {challenge:?} {code:?}"), "ServerKey Challenge Code");
        assert_ne!(key.subject(&["ab", "c"]), key.subject(&["a", "bc"]));
    }
}
