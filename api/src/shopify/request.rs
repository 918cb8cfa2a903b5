//! What privacy law lets a customer ask for, as Shopify's webhooks say it.

use super::{needles::Person, topics::Topic};
use serde::Deserialize;
use serde_json::Value;

/// The payload of `customers/data_request`, `customers/redact` and `shop/redact`.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Payload {
    pub customer: Customer,
    pub orders_requested: Vec<u64>,
    pub orders_to_redact: Vec<u64>,
    pub data_request: DataRequest,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Customer {
    pub id: Option<u64>,
    pub email: Option<String>,
    pub phone: Option<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct DataRequest {
    pub id: Option<u64>,
}

/// Whether a signed body is what the topic promises, and of this shop. The signature covers the body and not the topic:
/// without this, any body that was ever signed could be sent again as the order to remove a store.
pub fn fits(topic: Topic, body: &Value, domain: &str) -> bool {
    let has = |key: &str| body.get(key).is_some();
    let ours = body.get("shop_domain").and_then(Value::as_str).is_some_and(|said| said.eq_ignore_ascii_case(domain));
    match topic {
        Topic::DataRequest => ours && has("customer") && has("orders_requested"),
        Topic::CustomerRedact => ours && has("customer") && has("orders_to_redact"),
        Topic::ShopRedact => ours && has("shop_id") && !["id", "customer", "data_request"].into_iter().any(has),
        Topic::Product | Topic::Live | Topic::Uninstalled | Topic::Other => true,
    }
}

impl Payload {
    pub fn person(&self) -> Person {
        let orders = self.orders_requested.iter().chain(&self.orders_to_redact);
        Person {
            emails: self.customer.email.iter().map(|email| email.trim().to_lowercase()).collect(),
            phones: self.customer.phone.iter().cloned().collect(),
            customer_ids: self.customer.id.iter().map(u64::to_string).collect(),
            order_ids: orders.map(u64::to_string).collect(),
            order_names: Default::default(),
        }
    }
}
