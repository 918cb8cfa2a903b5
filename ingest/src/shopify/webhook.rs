//! Webhooks: what is subscribed to, and whether Shopify signed what arrives.

use super::connection::Connection;
use super::error::{Deadline, ShopifyError};
use super::operations::{self, webhook_subscription_create, webhook_subscription_delete, webhook_subscriptions};
use super::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use jiff::Timestamp;
use sha2::Sha256;

/// Topics to subscribe to, as GraphQL names them. Pages, articles and policies have none and are polled; those of privacy
/// law are configured in the app itself.
pub const TOPICS: [&str; 10] = [
    "APP_UNINSTALLED",
    "CUSTOMERS_UPDATE",
    "FULFILLMENTS_CREATE",
    "FULFILLMENTS_UPDATE",
    "FULFILLMENT_EVENTS_CREATE",
    "ORDERS_UPDATED",
    "PRODUCTS_CREATE",
    "PRODUCTS_DELETE",
    "PRODUCTS_UPDATE",
    "RETURNS_UPDATE",
];

/// What a delivery says of itself, once its signature was found right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// `products/update`
    pub topic: String,
    /// `fjellvik.myshopify.com`
    pub shop: String,
    /// `X-Shopify-Webhook-Id`: the same for every repetition of this delivery.
    pub id: String,
    /// When what it tells of happened; absent in some topics.
    pub triggered_at: Option<Timestamp>,
    pub api_version: Option<String>,
}

/// Why a delivery is not taken. It goes to the sender, so it says little.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    #[error("the header {0} is missing")]
    Missing(&'static str),
    #[error("the signature is wrong")]
    Signature,
}

/// Proves a delivery by its raw body, before anything of it is read. Several secrets for the hour after a rotation, in
/// which Shopify may still sign with the old one.
pub fn verify<'h>(
    secrets: &[Secret],
    header: impl Fn(&str) -> Option<&'h str>,
    body: &[u8],
) -> Result<Delivery, Rejected> {
    let need = |name: &'static str| header(name).filter(|v| !v.is_empty()).ok_or(Rejected::Missing(name));
    let signature = STANDARD.decode(need("X-Shopify-Hmac-Sha256")?).map_err(|_| Rejected::Signature)?;
    let signed = |secret: &Secret| {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else { return false };
        mac.update(body);
        // Compares in constant time.
        mac.verify_slice(&signature).is_ok()
    };
    if !secrets.iter().any(signed) {
        return Err(Rejected::Signature);
    }
    Ok(Delivery {
        topic: need("X-Shopify-Topic")?.to_owned(),
        shop: need("X-Shopify-Shop-Domain")?.to_ascii_lowercase(),
        id: need("X-Shopify-Webhook-Id")?.to_owned(),
        triggered_at: header("X-Shopify-Triggered-At").and_then(|text| text.parse().ok()),
        api_version: header("X-Shopify-API-Version").map(str::to_owned),
    })
}

/// A subscription of this app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    pub id: String,
    pub topic: String,
    /// `https://clerk.example/v1/shopify/mystore/webhooks`
    pub uri: String,
}

/// What [`Connection::subscribe`] did, by topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscribed {
    pub kept: Vec<String>,
    pub made: Vec<String>,
    /// Ours that led elsewhere, were there twice, or are not needed.
    pub ended: Vec<String>,
}

impl Connection {
    /// All subscriptions that this app made through the API.
    pub async fn subscriptions(&self, deadline: Deadline) -> Result<Vec<Subscription>, ShopifyError> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let variables = webhook_subscriptions::Variables { first: 100, after: after.take() };
            let data = self.client.read::<operations::WebhookSubscriptions>(variables, deadline).await?;
            let page = data.webhook_subscriptions;
            found.extend(page.nodes.into_iter().map(|s| Subscription { id: s.id, topic: s.topic, uri: s.uri }));
            after = page.page_info.end_cursor;
            if !page.page_info.has_next_page || after.is_none() {
                return Ok(found);
            }
        }
    }

    /// Makes [`TOPICS`] lead to `uri`, each once, and ends the other subscriptions of this app.
    pub async fn subscribe(&self, uri: &str, deadline: Deadline) -> Result<Subscribed, ShopifyError> {
        let mut done = Subscribed::default();
        for known in self.subscriptions(deadline).await? {
            let wanted = TOPICS.contains(&known.topic.as_str()) && known.uri == uri;
            if wanted && !done.kept.contains(&known.topic) {
                done.kept.push(known.topic);
            } else {
                self.unsubscribe(known.id, deadline).await?;
                done.ended.push(known.topic);
            }
        }
        for topic in TOPICS.into_iter().filter(|topic| !done.kept.iter().any(|kept| kept == topic)) {
            let webhook_subscription = webhook_subscription_create::WebhookSubscriptionInput {
                uri: Some(uri.to_owned()),
                format: Some(webhook_subscription_create::WebhookSubscriptionFormat::JSON),
            };
            let variables = webhook_subscription_create::Variables { topic: topic.to_owned(), webhook_subscription };
            let data = self.client.write::<operations::WebhookSubscriptionCreate>(variables, deadline).await?;
            let payload = data.webhook_subscription_create;
            let errors = payload.map(|p| p.user_errors.into_iter().map(|e| e.message).collect::<Vec<_>>());
            refuse("WebhookSubscriptionCreate", topic, errors)?;
            done.made.push(topic.to_owned());
        }
        Ok(done)
    }

    async fn unsubscribe(&self, id: String, deadline: Deadline) -> Result<(), ShopifyError> {
        let variables = webhook_subscription_delete::Variables { id: id.clone() };
        let data = self.client.write::<operations::WebhookSubscriptionDelete>(variables, deadline).await?;
        let payload = data.webhook_subscription_delete;
        let errors = payload.map(|p| p.user_errors.into_iter().map(|e| e.message).collect());
        refuse("WebhookSubscriptionDelete", &id, errors)
    }
}

/// `None`: an answer without a payload.
fn refuse(operation: &'static str, what: &str, errors: Option<Vec<String>>) -> Result<(), ShopifyError> {
    match errors {
        Some(errors) if errors.is_empty() => Ok(()),
        Some(errors) => Err(ShopifyError::Refused { operation, reason: format!("{what}: {}", errors.join("; ")) }),
        None => Err(ShopifyError::Refused { operation, reason: format!("{what}: no answer") }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python's `hmac` over the same bytes: base64(HMAC-SHA256("hush", body)).
    const BODY: &[u8] = br#"{"id":788032119674292922,"title":"Example"}"#;
    const SIGNATURE: &str = "VJvrdNzK+G2YQCK0vmuqhiDrTHRENht3/PJKGX/NLk8=";

    #[test]
    fn only_what_shopify_signed_is_read() {
        let headers = [
            ("X-Shopify-Hmac-Sha256", SIGNATURE),
            ("X-Shopify-Topic", "products/update"),
            ("X-Shopify-Shop-Domain", "Fjellvik.myshopify.com"),
            ("X-Shopify-Webhook-Id", "b54557e4"),
            ("X-Shopify-Triggered-At", "2026-11-21T15:00:00.123456789Z"),
        ];
        let verified = |secrets: &[&str], without: &str, body: &[u8]| {
            let secrets: Vec<Secret> = secrets.iter().map(|s| Secret::new(*s)).collect();
            let find = |name: &str| headers.iter().find(|(n, _)| *n == name && *n != without).map(|(_, value)| *value);
            verify(&secrets, find, body)
        };
        let delivery = verified(&["new", "hush"], "", BODY).unwrap();
        assert_eq!((delivery.topic.as_str(), delivery.shop.as_str()), ("products/update", "fjellvik.myshopify.com"));
        assert!(delivery.triggered_at.is_some());
        assert_eq!(verified(&["new"], "", BODY), Err(Rejected::Signature));
        assert_eq!(verified(&[], "", BODY), Err(Rejected::Signature));
        assert_eq!(verified(&["hush"], "", &BODY[1..]), Err(Rejected::Signature));
        for name in ["X-Shopify-Hmac-Sha256", "X-Shopify-Topic", "X-Shopify-Shop-Domain", "X-Shopify-Webhook-Id"] {
            assert_eq!(verified(&["hush"], name, BODY), Err(Rejected::Missing(name)));
        }
    }
}
