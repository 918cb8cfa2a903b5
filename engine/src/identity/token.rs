//! Tokens that the merchant's own site signs for a customer who is logged in there.
//!
//! A JWT (RFC 7519) by HS256 with a key that site and shopclerk share, named by `kid`. `exp` is compulsory and at most
//! 24 h ahead, `aud` is `shopclerk`, `iss` or `store` names the store, and `sub` (Shopify's customer id) or `email`
//! says who it is. The library is given a verifier for HS256 and none else, so a header cannot ask for another
//! algorithm: there is no code that would follow it.

use super::{CustomerId, CustomerKey, CustomerPass, Email, Proof};
use crate::access::StorePass;
use hmac::{Hmac, Mac};
use jiff::Timestamp;
use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, Validation,
    crypto::{CryptoProvider, JwtVerifier, KeyUtils},
    errors::ErrorKind,
    signature::{self, Verifier},
};
use serde::Deserialize;
use sha2::Sha256;
use std::{collections::HashMap, fmt};

/// What `aud` must be.
const AUDIENCE: &str = "shopclerk";
/// Seconds that a token may be good for.
const LONGEST_S: f64 = 24.0 * 3600.0;
/// Seconds that the site's clock may be ahead of ours. None are given to a token that has expired.
const SKEW_S: f64 = 60.0;
/// Bytes of a token.
const TOKEN_BYTES: usize = 4096;
/// Bytes of a secret at least: as many as the hash has (RFC 7518, 3.2).
const SECRET_BYTES: usize = 32;

/// The keys that a store's site signs with, by `kid`. Several, so that one can replace another.
#[derive(Clone, Default)]
pub struct TokenKeys(HashMap<String, Vec<u8>>);

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the secret of key '{0}' is too short: use at least 32 random bytes")]
pub struct WeakKey(pub String);

/// Why a token is not believed. For the log; whoever sent it learns only that it is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefused {
    #[error("the token is no JWT, or longer than {TOKEN_BYTES} bytes")]
    Malformed,
    #[error("the token names no key of this store (kid)")]
    UnknownKey,
    #[error("the signature is not made with HS256 and the key that the token names")]
    WrongSignature,
    #[error("the claim {0} is missing, malformed or not for this store")]
    WrongClaim(&'static str),
    #[error("the token has expired")]
    Expired,
    #[error("the token is not valid yet")]
    TooEarly,
    #[error("the token is good for longer than 24 h")]
    TooLong,
}

#[derive(Deserialize)]
struct Claims {
    exp: f64,
    nbf: Option<f64>,
    iat: Option<f64>,
    iss: Option<String>,
    store: Option<String>,
    sub: Option<String>,
    email: Option<String>,
    email_verified: Option<bool>,
}

impl TokenKeys {
    pub fn new<K: Into<String>, S: AsRef<[u8]>>(keys: impl IntoIterator<Item = (K, S)>) -> Result<Self, WeakKey> {
        let mut all = HashMap::new();
        for (kid, secret) in keys {
            let (kid, secret) = (kid.into(), secret.as_ref().to_vec());
            if secret.len() < SECRET_BYTES {
                return Err(WeakKey(kid));
            }
            all.insert(kid, secret);
        }
        Ok(Self(all))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The customer that the token speaks of.
    pub fn verify(&self, token: &str, pass: &StorePass, now: Timestamp) -> Result<CustomerPass, TokenRefused> {
        // A second installation is refused, and so is whatever came before ours from elsewhere: both verify HS256.
        let _ = HS256_ONLY.install_default();
        if token.len() > TOKEN_BYTES {
            return Err(TokenRefused::Malformed);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|error| match error.kind() {
            // "none", and whatever else the library has no name for.
            ErrorKind::Json(_) => TokenRefused::WrongSignature,
            _ => TokenRefused::Malformed,
        })?;
        if header.crit.is_some() {
            return Err(TokenRefused::WrongClaim("crit"));
        }
        let secret = header.kid.and_then(|kid| self.0.get(&kid)).ok_or(TokenRefused::UnknownKey)?;
        let mut expect = Validation::new(Algorithm::HS256);
        expect.set_audience(&[AUDIENCE]);
        expect.set_required_spec_claims(&["exp", "aud"]);
        // By the clock that is handed in, below.
        expect.validate_exp = false;
        let decoded = jsonwebtoken::decode::<Claims>(token, &DecodingKey::from_secret(secret), &expect);
        let claims = decoded.map_err(|error| refused(error.kind()))?.claims;

        let now = now.as_second() as f64;
        if claims.exp <= now {
            return Err(TokenRefused::Expired);
        }
        if claims.exp > now + LONGEST_S + SKEW_S {
            return Err(TokenRefused::TooLong);
        }
        if [claims.nbf, claims.iat].into_iter().flatten().any(|from| from > now + SKEW_S) {
            return Err(TokenRefused::TooEarly);
        }
        let named: Vec<&String> = [&claims.iss, &claims.store].into_iter().flatten().collect();
        if named.is_empty() || named.iter().any(|store| *store != pass.store().as_str()) {
            return Err(TokenRefused::WrongClaim("iss"));
        }
        Ok(CustomerPass::proved(pass.clone(), claims.customer()?, Proof::SignedToken))
    }
}

impl Claims {
    /// By id where there is one. An address that the site has not verified may be somebody else's, and with it the
    /// account that was opened for it: such a token is refused whatever else it says.
    fn customer(self) -> Result<CustomerKey, TokenRefused> {
        if self.email_verified == Some(false) {
            return Err(TokenRefused::WrongClaim("email_verified"));
        }
        let email = self.email.map(|email| Email::parse(&email)).transpose();
        let email = email.map_err(|_| TokenRefused::WrongClaim("email"))?;
        match (self.sub, email) {
            (Some(id), _) => CustomerId::parse(&id).map(CustomerKey::Id).ok_or(TokenRefused::WrongClaim("sub")),
            (None, Some(email)) => Ok(CustomerKey::Email(email)),
            (None, None) => Err(TokenRefused::WrongClaim("sub")),
        }
    }
}

fn refused(kind: &ErrorKind) -> TokenRefused {
    match kind {
        ErrorKind::InvalidSignature | ErrorKind::InvalidAlgorithm => TokenRefused::WrongSignature,
        ErrorKind::InvalidAudience => TokenRefused::WrongClaim("aud"),
        ErrorKind::MissingRequiredClaim(claim) if claim == "aud" => TokenRefused::WrongClaim("aud"),
        ErrorKind::MissingRequiredClaim(_) => TokenRefused::WrongClaim("exp"),
        ErrorKind::Json(_) => TokenRefused::WrongClaim("(one of them)"),
        _ => TokenRefused::Malformed,
    }
}

impl fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKeys")
    }
}

static HS256_ONLY: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(ErrorKind::InvalidAlgorithm.into()),
    verifier_factory: |algorithm, key| match (algorithm, key.family()) {
        (Algorithm::HS256, AlgorithmFamily::Hmac) => Ok(Box::new(Hs256(key.try_get_as_bytes()?.to_vec()))),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    },
    key_utils: KeyUtils::new_unimplemented(),
};

struct Hs256(Vec<u8>);

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        // Compares in constant time.
        mac.chain_update(message).verify_slice(signature).map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test acts for its own store")]
mod tests {
    use super::*;
    use crate::access::StoreId;
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use serde_json::{Value, json};
    use sha2::Sha512;

    const NOW: i64 = 1_795_000_000;
    const SECRET: &str = "0123456789abcdef0123456789abcdef";
    const OTHER: &str = "fedcba9876543210fedcba9876543210";

    fn pass(store: &str) -> StorePass {
        StorePass::for_operator(StoreId::parse(store).unwrap(), "test")
    }

    fn keys() -> TokenKeys {
        TokenKeys::new([("k1", SECRET), ("k2", OTHER)]).unwrap()
    }

    /// RFC 7515 by hand: the library has no part in it.
    fn token(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
        format!("{message}.{signature}")
    }

    fn hs256(secret: &str) -> impl Fn(&[u8]) -> Vec<u8> + '_ {
        |message| {
            let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(message);
            mac.finalize().into_bytes().to_vec()
        }
    }

    fn claims(change: Value) -> Value {
        let mut claims = json!({ "iss": "one", "aud": "shopclerk", "sub": "6940095564", "exp": NOW + 600, "iat": NOW });
        for (name, value) in change.as_object().unwrap() {
            match value {
                Value::Null => claims.as_object_mut().unwrap().remove(name),
                value => claims.as_object_mut().unwrap().insert(name.clone(), value.clone()),
            };
        }
        claims
    }

    fn verify(token: &str) -> Result<CustomerPass, TokenRefused> {
        keys().verify(token, &pass("one"), Timestamp::from_second(NOW).unwrap())
    }

    #[test]
    fn a_published_example_of_hs256_verifies() {
        // RFC 7515, appendix A.1: key, message and signature.
        let key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
        let message = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
                       eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = URL_SAFE_NO_PAD.decode("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap();
        let verifier = Hs256(URL_SAFE_NO_PAD.decode(key).unwrap());
        verifier.verify(message.as_bytes(), &signature).unwrap();
        verifier.verify(&message.as_bytes()[1..], &signature).unwrap_err();
    }

    #[test]
    fn claims_one_by_one() {
        let id = |id: &str| Ok(CustomerKey::Id(CustomerId::parse(id).unwrap()));
        let email = |email: &str| Ok(CustomerKey::Email(Email::parse(email).unwrap()));
        let wrong = |claim| Err(TokenRefused::WrongClaim(claim));
        for (change, expect) in [
            (json!({}), id("6940095564")),
            (json!({ "iss": null, "store": "one" }), id("6940095564")),
            (json!({ "sub": null, "email": "Beth@Mail.Example" }), email("beth@mail.example")),
            (json!({ "email": "beth@mail.example", "email_verified": true }), id("6940095564")),
            (json!({ "email": "beth@mail.example", "email_verified": false }), wrong("email_verified")),
            (json!({ "sub": null, "email": "beth@mail.example", "email_verified": "false" }), wrong("(one of them)")),
            (json!({ "sub": null, "email": "bеth@mail.example" }), wrong("email")),
            (json!({ "sub": null }), wrong("sub")),
            (json!({ "sub": "" }), wrong("sub")),
            (json!({ "sub": "1 OR id:2" }), wrong("sub")),
            (json!({ "sub": 6940095564_u64 }), wrong("(one of them)")),
            (json!({ "iss": "two" }), wrong("iss")),
            (json!({ "iss": "two", "store": "one" }), wrong("iss")),
            (json!({ "store": "two" }), wrong("iss")),
            (json!({ "iss": null }), wrong("iss")),
            (json!({ "aud": null }), wrong("aud")),
            (json!({ "aud": "another" }), wrong("aud")),
            (json!({ "aud": ["another", "shopclerk"] }), id("6940095564")),
            (json!({ "exp": null }), wrong("(one of them)")),
            (json!({ "exp": "soon" }), wrong("(one of them)")),
            (json!({ "exp": NOW + 1 }), id("6940095564")),
            (json!({ "exp": NOW }), Err(TokenRefused::Expired)),
            (json!({ "exp": -1 }), wrong("exp")),
            (json!({ "exp": NOW + 86_400 }), id("6940095564")),
            (json!({ "exp": NOW + 86_461 }), Err(TokenRefused::TooLong)),
            (json!({ "exp": 1e300 }), Err(TokenRefused::TooLong)),
            (json!({ "nbf": NOW + 60 }), id("6940095564")),
            (json!({ "nbf": NOW + 61 }), Err(TokenRefused::TooEarly)),
            (json!({ "iat": NOW + 61 }), Err(TokenRefused::TooEarly)),
        ] {
            let made =
                token(&json!({ "alg": "HS256", "typ": "JWT", "kid": "k1" }), &claims(change.clone()), hs256(SECRET));
            assert_eq!(verify(&made).map(|customer| customer.customer().clone()), expect, "{change}");
        }
    }

    #[test]
    fn headers_and_signatures() {
        let header = |change: Value| {
            let mut header = json!({ "alg": "HS256", "kid": "k1" });
            header.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            header
        };
        let good = token(&header(json!({})), &claims(json!({})), hs256(SECRET));
        let customer = verify(&good).unwrap();
        assert_eq!((customer.by(), customer.store_pass()), (Proof::SignedToken, &pass("one")));
        let second = token(&header(json!({ "kid": "k2" })), &claims(json!({})), hs256(OTHER));
        verify(&second).unwrap();
        let elsewhere = keys().verify(&good, &pass("two"), Timestamp::from_second(NOW).unwrap());
        assert_eq!(elsewhere, Err(TokenRefused::WrongClaim("iss")));

        let hs512 = |message: &[u8]| {
            let mac = Hmac::<Sha512>::new_from_slice(SECRET.as_bytes()).unwrap().chain_update(message);
            mac.finalize().into_bytes().to_vec()
        };
        let nothing = |_: &[u8]| Vec::new();
        let cut = good.rsplit_once('.').unwrap().0;
        let grown = format!("{good}{}", "A".repeat(TOKEN_BYTES));
        let signed = |header: Value| token(&header, &claims(json!({})), hs256(SECRET));
        for (made, expect) in [
            (token(&header(json!({ "alg": "none" })), &claims(json!({})), nothing), TokenRefused::WrongSignature),
            (token(&header(json!({})), &claims(json!({})), nothing), TokenRefused::WrongSignature),
            (signed(header(json!({ "alg": "none" }))), TokenRefused::WrongSignature),
            (signed(header(json!({ "alg": "RS256" }))), TokenRefused::WrongSignature),
            (signed(header(json!({ "alg": "ES256" }))), TokenRefused::WrongSignature),
            (token(&header(json!({ "alg": "HS512" })), &claims(json!({})), hs512), TokenRefused::WrongSignature),
            (signed(header(json!({ "kid": "k2" }))), TokenRefused::WrongSignature),
            (signed(header(json!({ "kid": "k3" }))), TokenRefused::UnknownKey),
            (signed(json!({ "alg": "HS256" })), TokenRefused::UnknownKey),
            (signed(header(json!({ "crit": ["b64"] }))), TokenRefused::WrongClaim("crit")),
            (format!("{cut}."), TokenRefused::WrongSignature),
            (cut.to_owned(), TokenRefused::Malformed),
            (grown, TokenRefused::Malformed),
            ("a.b.c".to_owned(), TokenRefused::Malformed),
            (String::new(), TokenRefused::Malformed),
        ] {
            assert_eq!(verify(&made), Err(expect), "{made}");
        }
    }

    #[test]
    fn short_secrets_are_refused_and_none_prints() {
        assert_eq!(TokenKeys::new([("k", "x".repeat(31))]).unwrap_err(), WeakKey("k".into()));
        assert_eq!(format!("{:?}", keys()), "TokenKeys");
    }
}
