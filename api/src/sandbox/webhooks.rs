//! What the store tells its subscribers: payloads, signatures, deliveries that are tried again.

use super::{
    Shared,
    world::{Fields, World, ids, iso, money, number_of, text},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::{fmt, time::Duration};

/// Shopify gives up after so many tries, over four hours; here the waits are shorter.
const TRIES: u32 = 9;
/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A signed webhook, ready to be sent, as often as a test likes.
#[derive(Clone, PartialEq, Eq)]
pub struct Delivery {
    /// `products/update`.
    pub topic: String,
    /// The same for every try of one delivery.
    pub webhook_id: String,
    /// The same for every subscription that tells of one event.
    pub event_id: String,
    pub triggered_at: String,
    pub shop_domain: String,
    pub api_version: String,
    pub body: Vec<u8>,
    /// Base64 of the HMAC-SHA256 of the body.
    pub signature: String,
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("topic", &self.topic)
            .field("webhook_id", &self.webhook_id)
            .finish_non_exhaustive()
    }
}

impl Delivery {
    pub fn headers(&self) -> [(&'static str, &str); 8] {
        [
            ("content-type", "application/json"),
            ("x-shopify-topic", &self.topic),
            ("x-shopify-hmac-sha256", &self.signature),
            ("x-shopify-shop-domain", &self.shop_domain),
            ("x-shopify-api-version", &self.api_version),
            ("x-shopify-webhook-id", &self.webhook_id),
            ("x-shopify-event-id", &self.event_id),
            ("x-shopify-triggered-at", &self.triggered_at),
        ]
    }
}

/// How a delivery went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub topic: String,
    pub webhook_id: String,
    pub url: String,
    pub tries: u32,
    /// Of the last try; None if no answer came.
    pub status: Option<u16>,
}

impl Sent {
    pub fn arrived(&self) -> bool {
        self.status.is_some_and(|s| (200..300).contains(&s))
    }
}

pub(super) fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(body);
    STANDARD.encode(mac.finalize().into_bytes())
}

pub(super) fn delivery(shared: &Shared, topic: &str, payload: &Value, event_id: &str) -> Delivery {
    let body = payload.to_string().into_bytes();
    Delivery {
        topic: topic.into(),
        webhook_id: uuid::Uuid::new_v4().to_string(),
        event_id: event_id.into(),
        triggered_at: iso(shared.clock.now()),
        shop_domain: shared.shop_domain(),
        api_version: super::VERSIONS[0].into(),
        signature: sign(&shared.fixture_shop.client_secret, &body),
        body,
    }
}

/// Sends until it is taken or nobody takes it.
pub(super) async fn send(client: reqwest::Client, delivery: Delivery, url: String, first_wait: Duration) -> Sent {
    let mut sent = Sent {
        topic: delivery.topic.clone(),
        webhook_id: delivery.webhook_id.clone(),
        url: url.clone(),
        tries: 0,
        status: None,
    };
    for attempt in 0..TRIES {
        if attempt > 0 {
            tokio::time::sleep(first_wait * 2u32.pow(attempt - 1)).await;
        }
        let mut request = client.post(&url).timeout(PATIENCE).body(delivery.body.clone());
        for (name, value) in delivery.headers() {
            request = request.header(name, value);
        }
        sent.tries += 1;
        sent.status = request.send().await.ok().map(|answer| answer.status().as_u16());
        if sent.arrived() {
            break;
        }
    }
    sent
}

/// The topic of a subscription as deliveries name it: `PRODUCTS_UPDATE` is `products/update`.
pub(super) fn topic_of_enum(name: &str) -> String {
    const TWO_WORDS: [&str; 5] =
        ["BULK_OPERATIONS", "FULFILLMENT_EVENTS", "FULFILLMENT_ORDERS", "INVENTORY_LEVELS", "INVENTORY_ITEMS"];
    let resource =
        TWO_WORDS.iter().find(|two| name.starts_with(*two)).map_or_else(|| name.find('_'), |two| Some(two.len()));
    match resource {
        Some(at) => format!("{}/{}", name[..at].to_lowercase(), name[at..].trim_start_matches('_').to_lowercase()),
        None => name.to_lowercase(),
    }
}

/// What a topic tells of an object, in the form of the REST API, as webhooks have it. Of an object that is gone only its
/// id.
pub(super) fn payload(world: &World, topic: &str, gid: &str) -> Value {
    let id = number_of(gid);
    let Some(fields) = world.get(gid) else { return json!({"id": id}) };
    match topic.split('/').next().unwrap_or_default() {
        _ if topic.ends_with("/delete") => json!({"id": id}),
        "products" => product(world, gid, fields),
        "orders" => order(world, gid, fields),
        "customers" => json!({
            "id": id, "admin_graphql_api_id": gid, "email": fields.get("email"),
            "first_name": fields.get("firstName"), "last_name": fields.get("lastName"),
            "created_at": fields.get("createdAt"), "updated_at": fields.get("updatedAt"),
        }),
        "bulk_operations" => json!({
            "admin_graphql_api_id": gid, "completed_at": fields.get("completedAt"), "created_at": fields.get("createdAt"),
            "error_code": lower(fields, "errorCode"), "status": lower(fields, "status"), "type": "query",
        }),
        // Refunds, returns, fulfilments: whom they belong to, and no more.
        _ => json!({
            "id": id, "admin_graphql_api_id": gid, "status": lower(fields, "status"),
            "order_id": text(fields, "order").and_then(number_of),
            "created_at": fields.get("createdAt"), "updated_at": fields.get("updatedAt"),
        }),
    }
}

fn lower(fields: &Fields, key: &str) -> Value {
    text(fields, key).map_or(Value::Null, |v| v.to_lowercase().into())
}

fn product(world: &World, gid: &str, fields: &Fields) -> Value {
    let id = number_of(gid);
    let variants = world.list(fields, "variants").into_iter().enumerate().map(|(at, v)| {
        let own = text(&v, "id").unwrap_or_default();
        json!({
            "id": number_of(own), "admin_graphql_api_id": own, "product_id": id, "title": v.get("title"),
            "sku": v.get("sku"), "price": v.get("price"), "compare_at_price": v.get("compareAtPrice"),
            "inventory_quantity": v.get("inventoryQuantity"), "inventory_policy": lower(&v, "inventoryPolicy"),
            "position": at + 1, "updated_at": v.get("updatedAt"),
        })
    });
    json!({
        "id": id, "admin_graphql_api_id": gid, "title": fields.get("title"), "handle": fields.get("handle"),
        "body_html": fields.get("descriptionHtml"), "vendor": fields.get("vendor"),
        "product_type": fields.get("productType"), "status": lower(fields, "status"),
        "tags": ids(fields, "tags").collect::<Vec<_>>().join(", "),
        "created_at": fields.get("createdAt"), "updated_at": fields.get("updatedAt"),
        "published_at": fields.get("publishedAt"), "variants": variants.collect::<Vec<_>>(),
    })
}

fn order(world: &World, gid: &str, fields: &Fields) -> Value {
    let customer = text(fields, "customer");
    let known = customer.and_then(|c| world.get(c));
    let total = money(fields, "currentTotalPriceSet");
    let lines = world.list(fields, "lineItems").into_iter().map(|l| {
        let own = text(&l, "id").unwrap_or_default();
        json!({
            "id": number_of(own), "admin_graphql_api_id": own, "title": l.get("title"), "sku": l.get("sku"),
            "quantity": l.get("quantity"), "product_id": text(&l, "product").and_then(number_of),
            "variant_id": text(&l, "variant").and_then(number_of),
        })
    });
    json!({
        "id": number_of(gid), "admin_graphql_api_id": gid, "name": fields.get("name"), "email": fields.get("email"),
        "order_number": fields.get("number"), "created_at": fields.get("createdAt"), "updated_at": fields.get("updatedAt"),
        "cancelled_at": fields.get("cancelledAt"), "cancel_reason": lower(fields, "cancelReason"),
        "financial_status": lower(fields, "displayFinancialStatus"),
        "fulfillment_status": lower(fields, "displayFulfillmentStatus"),
        "currency": total.map(|m| m.currency.code()), "total_price": total.map(|m| m.decimal()),
        "customer": customer.map(|c| json!({
            "id": number_of(c), "admin_graphql_api_id": c, "email": known.and_then(|k| k.get("email")),
        })),
        "line_items": lines.collect::<Vec<_>>(),
    })
}

/// The three topics that the law asks for. They are not subscribed to through the API; `gid` is the customer's, or the
/// shop's.
pub(super) fn compliance(world: &World, shared: &Shared, topic: &str, gid: &str) -> Option<Value> {
    let shop_id = text(&world.shop, "id").and_then(number_of);
    let shop_domain = shared.shop_domain();
    let customer = || {
        let known = world.get(gid);
        let field = |key: &str| known.and_then(|k| k.get(key)).cloned().unwrap_or_default();
        json!({"id": number_of(gid), "email": field("email"), "phone": field("phone")})
    };
    let orders = || {
        let all = world.all("Order").iter();
        let own = all.filter(|id| world.get(id).is_some_and(|o| text(o, "customer") == Some(gid)));
        own.filter_map(|id| number_of(id)).collect::<Vec<_>>()
    };
    match topic {
        "customers/data_request" => Some(json!({
            "shop_id": shop_id, "shop_domain": shop_domain, "orders_requested": orders(), "customer": customer(),
            "data_request": {"id": 9999},
        })),
        "customers/redact" => Some(json!({
            "shop_id": shop_id, "shop_domain": shop_domain, "customer": customer(), "orders_to_redact": orders(),
        })),
        "shop/redact" => Some(json!({"shop_id": shop_id, "shop_domain": shop_domain})),
        _ => None,
    }
}
