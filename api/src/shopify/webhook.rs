//! A webhook as it arrives: proved by its signature, before anything of it is read.

use super::{
    request::{Payload, fits},
    topics::Topic,
};
use crate::db::mirror::Wanted;
use engine::live::Gid;
use ingest::shopify::{Secret, webhook::verify};
use serde::Deserialize;
use serde_json::Value;

/// A webhook that Shopify signed for this store.
#[derive(Clone, PartialEq, Eq)]
pub struct Delivery {
    pub id: String,
    /// As Shopify writes it.
    pub name: String,
    pub topic: Topic,
    pub wanted: Wanted,
    pub changed: Changed,
}

/// Which facts, that may be kept for a moment, are old now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    Order(Gid),
    Product(Gid),
    Anything,
    Nothing,
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
    pub fn prove<'h>(
        header: impl Fn(&str) -> Option<&'h str>,
        body: &[u8],
        secret: &Secret,
        domain: &str,
    ) -> Result<Self, Refused> {
        let proved = verify(std::slice::from_ref(secret), header, body).map_err(|_| Refused::Unproved)?;
        if !proved.shop.eq_ignore_ascii_case(domain) {
            return Err(Refused::Unproved);
        }
        let is_name = |name: &str| name.len() <= NAME && name.bytes().all(|b| b.is_ascii_graphic());
        let (id, name) = (proved.id, proved.topic);
        if !is_name(&id) || !is_name(&name) {
            return Err(Refused::Malformed);
        }
        let topic = Topic::parse(&name);
        Ok(Self { changed: changed(topic, &name, body), id, name, topic, wanted: wanted(topic, body, domain)? })
    }
}

#[derive(Deserialize)]
struct Named {
    id: u64,
}

/// Payloads about an order are the order, or name it.
#[derive(Deserialize)]
struct OfOrder {
    order_id: Option<u64>,
    id: Option<u64>,
}

fn changed(topic: Topic, name: &str, body: &[u8]) -> Changed {
    match topic {
        Topic::Product => match serde_json::from_slice(body) {
            Ok(Named { id }) => Changed::Product(Gid(format!("gid://shopify/Product/{id}"))),
            Err(_) => Changed::Anything,
        },
        Topic::Live => {
            let of: Option<OfOrder> = serde_json::from_slice(body).ok();
            let own = of.as_ref().and_then(|of| of.id).filter(|_| name.starts_with("orders/"));
            match of.and_then(|of| of.order_id).or(own) {
                Some(id) => Changed::Order(Gid(format!("gid://shopify/Order/{id}"))),
                None => Changed::Anything,
            }
        }
        Topic::CustomerRedact | Topic::ShopRedact | Topic::Uninstalled => Changed::Anything,
        Topic::DataRequest | Topic::Other => Changed::Nothing,
    }
}

fn wanted(topic: Topic, body: &[u8], domain: &str) -> Result<Wanted, Refused> {
    match topic {
        Topic::Product => {
            let Named { id } = serde_json::from_slice(body).map_err(|_| Refused::Malformed)?;
            Ok(Wanted::Refetch(Gid(format!("gid://shopify/Product/{id}"))))
        }
        Topic::DataRequest | Topic::CustomerRedact | Topic::ShopRedact => {
            let text = std::str::from_utf8(body).map_err(|_| Refused::Malformed)?;
            let value: Value = serde_json::from_str(text).map_err(|_| Refused::Malformed)?;
            if !fits(topic, &value, domain) || serde_json::from_value::<Payload>(value).is_err() {
                return Err(Refused::Malformed);
            }
            Ok(Wanted::Job(text.to_owned()))
        }
        Topic::Uninstalled => Ok(Wanted::Job(String::new())),
        Topic::Live | Topic::Other => Ok(Wanted::Nothing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine, engine::general_purpose::STANDARD};
    use hmac::{Hmac, Mac};
    use sha2::Sha256;

    /// A delivery to `a.myshopify.com`, signed with `hush` unless said otherwise.
    fn prove(secret: &str, shop: &str, topic: &str, id: &str, body: &str) -> Result<Delivery, Refused> {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(body.as_bytes());
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        let header = |name: &str| match name {
            "X-Shopify-Hmac-Sha256" => Some(signature.as_str()),
            "X-Shopify-Shop-Domain" => Some(shop),
            "X-Shopify-Topic" => Some(topic),
            "X-Shopify-Webhook-Id" => Some(id),
            _ => None,
        };
        Delivery::prove(header, body.as_bytes(), &Secret::new("hush"), "a.myshopify.com")
    }

    #[test]
    fn only_what_shopify_signed_for_this_store_is_read() {
        let body = r#"{"id":632910392,"title":"x"}"#;
        assert!(prove("hush", "A.myshopify.com", "products/update", "w-1", body).is_ok());
        for (secret, shop, id, body, expect) in [
            ("other", "a.myshopify.com", "w", body, Refused::Unproved),
            ("hush", "b.myshopify.com", "w", body, Refused::Unproved),
            ("hush", "a.myshopify.com", "", body, Refused::Unproved),
            ("hush", "a.myshopify.com", "w w", body, Refused::Malformed),
            ("hush", "a.myshopify.com", "w", "[]", Refused::Malformed),
        ] {
            assert_eq!(prove(secret, shop, "products/update", id, body).err(), Some(expect), "{secret} {shop} {id}");
        }
    }

    #[test]
    fn a_topic_says_what_to_read_again_and_what_to_forget() {
        let gid = |kind: &str, id: u64| Gid(format!("gid://shopify/{kind}/{id}"));
        let product = Wanted::Refetch(gid("Product", 7));
        let redact = r#"{"shop_id":1,"shop_domain":"a.myshopify.com","customer":{"id":5,"email":"a@b.example","phone":null},"orders_to_redact":[9]}"#;
        for (topic, body, wanted, changed) in [
            ("products/update", r#"{"id":7}"#, product.clone(), Changed::Product(gid("Product", 7))),
            ("products/delete", r#"{"id":7}"#, product, Changed::Product(gid("Product", 7))),
            ("orders/updated", r#"{"id":8}"#, Wanted::Nothing, Changed::Order(gid("Order", 8))),
            ("fulfillments/update", r#"{"id":9,"order_id":8}"#, Wanted::Nothing, Changed::Order(gid("Order", 8))),
            ("customers/update", r#"{"id":5}"#, Wanted::Nothing, Changed::Anything),
            ("customers/redact", redact, Wanted::Job(redact.into()), Changed::Anything),
            ("app/uninstalled", "{}", Wanted::Job(String::new()), Changed::Anything),
            ("themes/publish", "{}", Wanted::Nothing, Changed::Nothing),
        ] {
            let delivery = prove("hush", "a.myshopify.com", topic, "w", body).ok().unwrap();
            assert!(delivery.wanted == wanted, "{topic}");
            assert_eq!(delivery.changed, changed, "{topic}");
        }
        // What was signed for one purpose serves no other: the topic is not part of what is signed.
        let shop = r#"{"shop_id":1,"shop_domain":"a.myshopify.com"}"#;
        let request = redact.replace("orders_to_redact", "orders_requested");
        for (topic, body, taken) in [
            ("shop/redact", shop, true),
            ("shop/redact", redact, false),
            ("shop/redact", r#"{"id":7}"#, false),
            ("shop/redact", r#"{"shop_id":1,"shop_domain":"b.myshopify.com"}"#, false),
            ("customers/data_request", request.as_str(), true),
            ("customers/data_request", redact, false),
            ("customers/redact", request.as_str(), false),
            ("customers/redact", shop, false),
            ("customers/redact", "[]", false),
        ] {
            let proved = prove("hush", "a.myshopify.com", topic, "w", body);
            assert_eq!(proved.err(), (!taken).then_some(Refused::Malformed), "{topic} {body}");
        }
    }
}
