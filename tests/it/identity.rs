//! Who is asking, through the real router, a real database and a real SMTP conversation.

mod claims;
mod code;
mod door;

use async_trait::async_trait;
use axum::http::StatusCode;
use engine::{
    CustomerPass, StorePass,
    identity::{Email, OrderClaim},
    live::{ClaimedOrder, Customer, FulfillmentState, Product, Read, StoredValue},
    ports::{OrdersFound, OrdersWanted, ProductsWanted, Storefront, StorefrontError},
};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tests::{
    app::{ANSWERED, Caller, Response, TestApp},
    log_capture::LogCapture,
};

const BETH: &str = "beth@mail.example";
const STRANGER: &str = "stranger@mail.example";
/// Shopify does not answer about this one.
const UNLUCKY: &str = "unlucky@mail.example";

/// A storefront of one customer with one order, `#1001`. Of everything else it is not connected.
#[derive(Default)]
struct OneOrder {
    claims: AtomicUsize,
    /// A miss takes this much longer than a hit.
    slow_miss: Duration,
}

#[async_trait]
impl Storefront for OneOrder {
    async fn orders(&self, _: &CustomerPass, _: OrdersWanted<'_>) -> Result<OrdersFound, StorefrontError> {
        Err(StorefrontError::NotConnected)
    }

    async fn claimed(&self, claim: &OrderClaim) -> Result<Option<Read<ClaimedOrder>>, StorefrontError> {
        self.claims.fetch_add(1, Ordering::SeqCst);
        if claim.number.as_str() != "#1001" || claim.email.expose() != BETH {
            tokio::time::sleep(self.slow_miss).await;
            return Ok(None);
        }
        let at = "2026-11-20T08:00:00Z".parse().expect("a time");
        let order = ClaimedOrder {
            store: claim.pass.store().clone(),
            number: claim.number.clone(),
            created_at: at,
            cancelled: None,
            fulfillment: FulfillmentState::Unfulfilled,
            parcels: Vec::new(),
            pending: Vec::new(),
            shipping_method: None,
            country: None,
        };
        Ok(Some(Read { value: order, source: "test", read_at: at }))
    }

    async fn customer(&self, _: &CustomerPass) -> Result<Option<Read<Customer>>, StorefrontError> {
        Err(StorefrontError::NotConnected)
    }

    async fn stored_value(&self, _: &CustomerPass) -> Result<Read<StoredValue>, StorefrontError> {
        Err(StorefrontError::NotConnected)
    }

    async fn knows(&self, _: &StorePass, email: &Email) -> Result<bool, StorefrontError> {
        if email.expose() == UNLUCKY { Err(StorefrontError::TimedOut) } else { Ok(email.expose() == BETH) }
    }

    async fn products(&self, _: &StorePass, _: ProductsWanted<'_>) -> Result<Read<Vec<Product>>, StorefrontError> {
        Err(StorefrontError::NotConnected)
    }
}

/// `[identity]` with codes through a server on this machine.
fn codes_through(port: u16, security: &str) -> String {
    format!(
        "[identity]\ncode = true\n[identity.smtp]\nhost = \"127.0.0.1\"\nport = {port}\nsecurity = \"{security}\"\n\
         from = \"help@fjellvik.example\"\n"
    )
}

async fn ask_for_code(caller: &Caller, conversation: &str, email: &str) -> Response {
    caller.post("/v1/identity/code", &json!({ "conversation_id": conversation, "email": email })).await
}

async fn verify(caller: &Caller, conversation: &str, email: &str, code: &str) -> Response {
    let body = json!({ "conversation_id": conversation, "email": email, "code": code });
    caller.post("/v1/identity/verify", &body).await
}

/// Asks with what the request says of who is asking, in conversation `c-1`.
async fn ask_as(caller: &Caller, path: &str, who: &Value) -> Response {
    let mut body = json!({ "question": ANSWERED, "conversation_id": "c-1" });
    body.as_object_mut().unwrap().extend(who.as_object().unwrap().clone());
    caller.post(path, &body).await
}

/// The tier that the last question was answered for, as the log has it.
fn last_tier(log: &LogCapture) -> String {
    let lines = log.lines("question answered");
    lines.last().expect("a question")["fields"]["asker.tier"].as_str().expect("a tier").to_owned()
}

/// Status and kind of a refusal.
fn refusal(response: &Response) -> (u16, String) {
    (response.status.as_u16(), response.problem())
}

fn refused(status: u16, kind: &str) -> (u16, String) {
    (status, kind.to_owned())
}

fn storefront() -> Arc<OneOrder> {
    Arc::new(OneOrder::default())
}
