//! A webhook as it arrives: proved by its signature, before anything of it is read.

use super::topics::Topic;
use crate::db::mirror::Wanted;
use base64::{Engine, engine::general_purpose::STANDARD};
use engine::live::Gid;
use hmac::{Hmac, Mac};
use serde::Deserialize;
use sha2::Sha256;

/// What Shopify sends beside the body.
#[derive(Clone, Copy)]
pub struct Headers<'h> {
    /// `X-Shopify-Hmac-Sha256`
    pub hmac: &'h str,
    /// `X-Shopify-Shop-Domain`
    pub shop: &'h str,
    /// `X-Shopify-Topic`
    pub topic: &'h str,
    /// `X-Shopify-Webhook-Id`: the same for every repetition of one delivery.
    pub id: &'h str,
}

/// A webhook that Shopify signed for this store.
#[derive(Clone, PartialEq, Eq)]
pub struct Delivery {
    pub id: String,
    /// As Shopify writes it.
    pub name: String,
    pub topic: Topic,
    pub wanted: Wanted,
}

/// Why a webhook is not taken. What it says goes to the sender, so it says little.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The signature or the shop is not this store's.
    Unproved,
    /// It is signed, and is not what its topic promises.
    Malformed,
}

/// Longer ids and topics are none of Shopify's.
const NAME: usize = 128;

impl Delivery {
    /// `secret` is the one that the store's app signs with, `domain` the store's own at Shopify.
    pub fn prove(headers: Headers<'_>, body: &[u8], secret: &[u8], domain: &str) -> Result<Self, Refused> {
        let signature = STANDARD.decode(headers.hmac).map_err(|_| Refused::Unproved)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(|_| Refused::Unproved)?;
        mac.update(body);
        // Compares in constant time.
        mac.verify_slice(&signature).map_err(|_| Refused::Unproved)?;
        if !headers.shop.eq_ignore_ascii_case(domain) {
            return Err(Refused::Unproved);
        }
        let is_name = |name: &str| (1..=NAME).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic());
        let (id, name) = (headers.id, headers.topic);
        if !is_name(id) || !is_name(name) {
            return Err(Refused::Malformed);
        }
        let topic = Topic::parse(name);
        Ok(Self { id: id.to_owned(), name: name.to_owned(), topic, wanted: wanted(topic, body)? })
    }
}

#[derive(Deserialize)]
struct Named {
    id: u64,
}

fn wanted(topic: Topic, body: &[u8]) -> Result<Wanted, Refused> {
    match topic {
        Topic::Product => {
            let Named { id } = serde_json::from_slice(body).map_err(|_| Refused::Malformed)?;
            Ok(Wanted::Refetch(Gid(format!("gid://shopify/Product/{id}"))))
        }
        Topic::DataRequest | Topic::CustomerRedact | Topic::ShopRedact => {
            let text = std::str::from_utf8(body).map_err(|_| Refused::Malformed)?;
            serde_json::from_str::<super::request::Payload>(text).map_err(|_| Refused::Malformed)?;
            Ok(Wanted::Job(text.to_owned()))
        }
        Topic::Uninstalled => Ok(Wanted::Job(String::new())),
        Topic::Live | Topic::Other => Ok(Wanted::Nothing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign(secret: &str, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(body);
        STANDARD.encode(mac.finalize().into_bytes())
    }

    /// RFC 4231, test case 2.
    #[test]
    fn the_signature_is_hmac_sha256() {
        let hex = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let expect = STANDARD.encode(hex::decode(hex).unwrap());
        assert_eq!(sign("Jefe", b"what do ya want for nothing?"), expect);
    }

    #[test]
    fn only_what_shopify_signed_for_this_store_is_read() {
        let body = br#"{"id":632910392,"title":"x"}"#;
        let good = sign("hush", body);
        fn prove(hmac: &str, shop: &str, topic: &str, id: &str, body: &[u8]) -> Result<Delivery, Refused> {
            Delivery::prove(Headers { hmac, shop, topic, id }, body, b"hush", "a.myshopify.com")
        }
        let headers = |hmac: &str, shop: &str, topic: &str, id: &str| prove(hmac, shop, topic, id, body);
        let delivery = headers(&good, "A.myshopify.com", "products/update", "w-1").ok().unwrap();
        let gid = Gid("gid://shopify/Product/632910392".into());
        assert!(delivery.wanted == Wanted::Refetch(gid) && delivery.id == "w-1");
        for (hmac, shop, id, expect) in [
            (sign("other", body).as_str(), "a.myshopify.com", "w", Refused::Unproved),
            (sign("hush", b"{}").as_str(), "a.myshopify.com", "w", Refused::Unproved),
            ("", "a.myshopify.com", "w", Refused::Unproved),
            ("not base64!", "a.myshopify.com", "w", Refused::Unproved),
            (good.as_str(), "b.myshopify.com", "w", Refused::Unproved),
            (good.as_str(), "a.myshopify.com", "", Refused::Malformed),
        ] {
            assert_eq!(headers(hmac, shop, "products/update", id).err(), Some(expect), "{hmac} {shop} {id}");
        }
        assert_eq!(headers(&good, "a.myshopify.com", "customers/redact", "w").err(), Some(Refused::Malformed));
    }
}
