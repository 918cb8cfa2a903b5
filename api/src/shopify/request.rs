//! What privacy law lets a customer ask for, as Shopify's webhooks say it.

use super::needles::Person;
use serde::Deserialize;

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
