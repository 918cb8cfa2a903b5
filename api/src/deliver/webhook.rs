//! A signed POST to a system of the merchant's own.
//!
//! `X-Shopclerk-Signature: sha256=<hex>` is the HMAC-SHA256, under the store's secret, of the timestamp in
//! `X-Shopclerk-Timestamp` (seconds since 1970), a full stop and the raw body. A receiver computes it over the bytes it
//! got, compares in constant time and refuses a timestamp that is more than five minutes off: each attempt is signed
//! anew, so a late one is fresh. `Idempotency-Key` is the same for every attempt.

use super::{Failure, Notice, agent_note, http};
use crate::{db::outbox::Due, store};
use engine::StoreId;
use hmac::{Hmac, Mac};
use jiff::Timestamp;
use reqwest::{Client, header::CONTENT_TYPE};
use serde_json::json;
use sha2::Sha256;

pub const SIGNATURE_HEADER: &str = "x-shopclerk-signature";
pub const TIMESTAMP_HEADER: &str = "x-shopclerk-timestamp";

pub struct Webhook {
    http: Client,
    url: String,
    secret: store::Secret,
    store: StoreId,
}

impl Webhook {
    pub fn new(http: Client, settings: &store::Webhook, store: &StoreId) -> Self {
        Self { http, url: settings.url.clone(), secret: settings.secret.clone(), store: store.clone() }
    }

    pub async fn tell(&self, due: &Due) -> Result<(), Failure> {
        let body = self.body(due).to_string();
        let timestamp = Timestamp::now().as_second().to_string();
        let request = self
            .http
            .post(&self.url)
            .header(CONTENT_TYPE, "application/json")
            .header("idempotency-key", &due.key)
            .header(SIGNATURE_HEADER, signature(self.secret.expose(), &timestamp, body.as_bytes()))
            .header(TIMESTAMP_HEADER, timestamp)
            .body(body);
        http::send(request).await.map(drop)
    }

    fn body(&self, due: &Due) -> serde_json::Value {
        let mut body = json!({
            "event": due.notice.kind(),
            "id": due.key,
            "store": self.store,
            "conversation_id": due.conversation.0,
        });
        let more = match &due.notice {
            Notice::Handoff(handoff) => json!({
                "handoff_id": handoff.id,
                "opened_at": handoff.opened_at,
                "contact": handoff.contact,
                "case": handoff.case,
                "note": agent_note(&handoff.case),
            }),
            Notice::CustomerSaid { number, text, at } => json!({ "turn": number, "text": text, "at": at }),
            Notice::FollowUp(said) => {
                json!({ "handoff_id": said.handoff, "turn": said.number, "text": said.text, "at": said.at })
            }
            Notice::Moved { what, by, at } => json!({ "what": what, "by": by, "at": at }),
            Notice::Say { text } => json!({ "text": text }),
            Notice::Status { status } => json!({ "status": status }),
        };
        if let (Some(body), serde_json::Value::Object(more)) = (body.as_object_mut(), more) {
            body.extend(more);
        }
        body
    }
}

/// What the signature header says of a body that is sent at a time.
pub fn signature(secret: &str, timestamp: &str, body: &[u8]) -> String {
    format!("sha256={}", hex::encode(mac(secret, timestamp, body).finalize().into_bytes()))
}

/// Whether somebody who knows the secret wrote such a header; compared in constant time.
pub fn is_signed(secret: &str, timestamp: &str, body: &[u8], said: &str) -> bool {
    let said = said.strip_prefix("sha256=").and_then(|digits| hex::decode(digits).ok());
    said.is_some_and(|said| mac(secret, timestamp, body).verify_slice(&said).is_ok())
}

fn mac(secret: &str, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_its_time_and_body_and_secret() {
        // Checked with: printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac secret
        let expected = "sha256=49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae411686";
        assert_eq!(signature("secret", "1700000000", br#"{"a":1}"#), expected);
        assert!(is_signed("secret", "1700000000", br#"{"a":1}"#, expected));
        for (secret, timestamp, body, said) in [
            ("other", "1700000000", &br#"{"a":1}"#[..], expected),
            ("secret", "1700000001", br#"{"a":1}"#, expected),
            ("secret", "1700000000", br#"{"a":2}"#, expected),
            ("secret", "1700000000", br#"{"a":1}"#, "sha256="),
            ("secret", "1700000000", br#"{"a":1}"#, &expected[7..]),
        ] {
            assert!(!is_signed(secret, timestamp, body, said), "{secret} {timestamp} {said}");
        }
    }
}
