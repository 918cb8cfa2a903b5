//! A small store, and somebody who talks to it.

use api::sandbox::{Options, RunningSandbox, Sandbox};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use std::{fs, path::Path};
use tempfile::TempDir;
use tokio::net::TcpListener;

pub const SCOPES: [&str; 12] = [
    "read_all_orders",
    "read_content",
    "read_customers",
    "read_gift_cards",
    "read_inventory",
    "read_legal_policies",
    "read_merchant_managed_fulfillment_orders",
    "read_orders",
    "read_products",
    "read_store_credit_accounts",
    "write_orders",
    "write_returns",
];

pub fn gid(ty: &str, id: u64) -> String {
    format!("gid://shopify/{ty}/{id}")
}

/// Files of a fixture: #1001 delivered, #1002 on hold, #1003 older than 60 days; two customers, three products.
pub fn fixture() -> Vec<(&'static str, Vec<Value>)> {
    let shop = json!({
        "now": "2026-11-21T15:00:00Z",
        "shop": {
            "id": gid("Shop", 1), "name": "Little Store", "email": "help@little.example",
            "myshopifyDomain": "little.myshopify.com", "primaryDomain": {"url": "https://little.example"},
            "currencyCode": "USD", "ianaTimezone": "America/New_York",
        },
        "access_token": "test-token", "client_id": "test-client", "client_secret": "test-client-secret", "scopes": SCOPES,
    });
    let customer = |id: u64, first: &str, last: &str, email: &str, tags: &[&str]| {
        json!({
            "id": gid("Customer", id), "firstName": first, "lastName": last, "email": email, "tags": tags,
            "createdAt": "2025-01-01T00:00:00Z", "updatedAt": format!("2026-11-{:02}T00:00:00Z", id - 7000),
            "storeCreditAccounts": [{"id": gid("StoreCreditAccount", id), "balance": format!("{}.50", id - 7000)}],
        })
    };
    let product = |id: u64, title: &str, vendor: &str, tags: &[&str], sku: &str, price: &str, stock: i64| {
        json!({
            "id": gid("Product", id), "title": title, "handle": title.to_lowercase().replace(' ', "-"), "vendor": vendor,
            "tags": tags, "productType": "Gear", "descriptionHtml": format!("<p>The <b>{title}</b>.</p>"),
            "createdAt": "2026-01-01T00:00:00Z", "updatedAt": format!("2026-10-{:02}T00:00:00Z", id - 800),
            "collections": [gid("Collection", 1)],
            "metafields": [{"id": gid("Metafield", id), "namespace": "custom", "key": "material", "type": "single_line_text_field", "value": "nylon"}],
            "options": [{"name": "Size", "values": ["S", "M"]}],
            "variants": [
                {"id": gid("ProductVariant", id * 10), "title": "S", "sku": format!("{sku}-S"), "price": price, "inventoryQuantity": stock, "selectedOptions": [{"name": "Size", "value": "S"}]},
                {"id": gid("ProductVariant", id * 10 + 1), "title": "M", "sku": format!("{sku}-M"), "price": price, "inventoryQuantity": 0, "selectedOptions": [{"name": "Size", "value": "M"}]},
            ],
        })
    };
    let line = |id: u64, product: u64, quantity: u64, price: &str| {
        json!({
            "id": gid("LineItem", id), "title": "Tent", "variantTitle": "S", "sku": format!("SKU{product}-S"),
            "quantity": quantity, "originalUnitPriceSet": price,
            "product": gid("Product", product), "variant": gid("ProductVariant", product * 10),
        })
    };
    let order = |number: u64, customer: u64, email: &str, created: &str, rest: Value| {
        let mut order = json!({
            "id": gid("Order", number), "name": format!("#{number}"), "email": email, "customer": gid("Customer", customer),
            "createdAt": created, "currencyCode": "USD", "displayFinancialStatus": "PAID",
            "paymentGatewayNames": ["shopify_payments"], "statusPageUrl": format!("https://little.example/orders/{number}"),
            "shippingLine": {"title": "Standard"},
            "shippingAddress": {"name": "A Name", "address1": "1 Road", "city": "Town", "countryCodeV2": "US", "zip": "12345"},
        });
        order.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        order
    };
    let sent = |n: u64, line: u64, quantity: u64| {
        json!([{
            "id": gid("Fulfillment", n), "createdAt": "2026-11-12T00:00:00Z", "displayStatus": "DELIVERED",
            "deliveredAt": "2026-11-15T00:00:00Z", "trackingInfo": [{"company": "UPS", "number": "1Z999"}],
            "events": [
                {"status": "DELIVERED", "happenedAt": "2026-11-15T00:00:00Z", "message": "Left with a neighbour"},
                {"status": "IN_TRANSIT", "happenedAt": "2026-11-13T00:00:00Z"},
            ],
            "fulfillmentLineItems": [{"id": gid("FulfillmentLineItem", n), "lineItem": gid("LineItem", line), "quantity": quantity}],
        }])
    };
    vec![
        ("shop.json", vec![shop]),
        ("collections.jsonl", vec![json!({"id": gid("Collection", 1), "handle": "all"})]),
        (
            "products.jsonl",
            vec![
                product(801, "Rain Tent", "Fjell", &["tents", "sale"], "SKU801", "129.00", 5),
                product(802, "Snow Boot", "Fjell", &["boots"], "SKU802", "89.50", 0),
                product(803, "Stove (Gas)", "Brenner", &["cooking"], "SKU803", "40.00", 2),
            ],
        ),
        (
            "customers.jsonl",
            vec![
                customer(7001, "Alice", "Ames", "alice@example.com", &["VIP"]),
                customer(7002, "Bob", "Berg", "bob@example.org", &[]),
            ],
        ),
        (
            "orders.jsonl",
            vec![
                order(
                    1001,
                    7001,
                    "alice@example.com",
                    "2026-11-10T10:00:00Z",
                    json!({
                        "displayFulfillmentStatus": "FULFILLED", "originalTotalPriceSet": "258.00", "tags": ["gift"],
                        "lineItems": [line(11, 801, 2, "129.00")], "fulfillments": sent(1, 11, 2),
                        "transactions": [{
                            "id": gid("OrderTransaction", 1), "kind": "SALE", "status": "SUCCESS", "gateway": "shopify_payments",
                            "amountSet": "258.00", "processedAt": "2026-11-10T10:00:00Z",
                            "paymentDetails": {"__typename": "CardPaymentDetails", "company": "Visa", "number": "•••• •••• •••• 4242"},
                        }],
                    }),
                ),
                order(
                    1002,
                    7002,
                    "bob@example.org",
                    "2026-11-18T10:00:00Z",
                    json!({
                        "displayFulfillmentStatus": "ON_HOLD", "originalTotalPriceSet": "89.50", "lineItems": [line(12, 802, 1, "89.50")],
                        "fulfillmentOrders": [{
                            "id": gid("FulfillmentOrder", 1), "status": "ON_HOLD",
                            "fulfillmentHolds": [{"reason": "AWAITING_PAYMENT", "reasonNotes": "card declined"}],
                            "lineItems": [{"lineItem": gid("LineItem", 12), "remainingQuantity": 1}],
                        }],
                    }),
                ),
                order(
                    1003,
                    7001,
                    "alice@example.com",
                    "2026-08-01T10:00:00Z",
                    json!({
                        "displayFulfillmentStatus": "FULFILLED", "displayFinancialStatus": "PARTIALLY_REFUNDED",
                        "originalTotalPriceSet": "80.00", "closed": true, "confirmationNumber": "ABC123",
                        "lineItems": [line(13, 803, 2, "40.00")], "fulfillments": sent(3, 13, 2), "returnStatus": "RETURNED",
                        "refunds": [{
                            "id": gid("Refund", 1), "createdAt": "2026-08-20T10:00:00Z",
                            "refundLineItems": [{"lineItem": gid("LineItem", 13), "quantity": 1}],
                            "transactions": [{"id": gid("OrderTransaction", 3), "kind": "REFUND", "status": "SUCCESS", "gateway": "shopify_payments", "amountSet": "40.00"}],
                        }],
                    }),
                ),
            ],
        ),
        (
            "pages.jsonl",
            vec![
                json!({"id": gid("Page", 1), "title": "About", "handle": "about", "body": "<p>We.</p>", "updatedAt": "2026-05-05T00:00:00Z"}),
            ],
        ),
        (
            "articles.jsonl",
            vec![
                json!({"id": gid("Article", 1), "title": "News", "handle": "news", "body": "<p>New.</p>", "blog": {"handle": "journal"}}),
            ],
        ),
        (
            "policies.jsonl",
            vec![json!({
                "id": gid("ShopPolicy", 1), "type": "REFUND_POLICY", "title": "Refund policy", "body": "<p>30 days.</p>",
                "url": "https://little.example/policies/refund-policy", "updatedAt": "2026-02-02T00:00:00Z",
            })],
        ),
        (
            "gift_cards.jsonl",
            vec![
                json!({"id": gid("GiftCard", 1), "lastCharacters": "7f2k", "balance": "60.00", "customer": gid("Customer", 7001), "expiresOn": "2027-06-30"}),
                json!({"id": gid("GiftCard", 2), "lastCharacters": "9z9z", "balance": "50.00", "customer": gid("Customer", 7001), "recipientAttributes": {"recipient": gid("Customer", 7002)}}),
            ],
        ),
    ]
}

pub fn write(dir: &Path, files: &[(&str, Vec<Value>)]) {
    for (name, lines) in files {
        let text: Vec<String> = lines.iter().map(Value::to_string).collect();
        fs::write(dir.join(name), text.join("\n")).unwrap();
    }
}

/// A running store and a client.
pub struct Store {
    pub running: RunningSandbox,
    pub http: Client,
    _dir: TempDir,
}

impl Store {
    pub async fn open() -> Self {
        let quick = std::time::Duration::from_millis(20);
        Self::with(Options { bulk_delay: quick, webhook_wait: quick, ..Options::default() }).await
    }

    pub async fn with(options: Options) -> Self {
        let dir = TempDir::new().unwrap();
        write(dir.path(), &fixture());
        let sandbox = Sandbox::load(dir.path(), options).unwrap_or_else(|e| panic!("{e}"));
        let running = sandbox.start(TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
        Self { running, http: Client::builder().no_proxy().build().unwrap(), _dir: dir }
    }

    pub fn post(&self, path: &str) -> RequestBuilder {
        self.http.post(format!("{}{path}", self.running.url()))
    }

    pub async fn send(&self, query: &str, variables: Value) -> Response {
        let request =
            self.post("/admin/api/2026-07/graphql.json").header("x-shopify-access-token", self.running.token());
        request.json(&json!({"query": query, "variables": variables})).send().await.unwrap()
    }

    /// The whole reply.
    pub async fn ask(&self, query: &str, variables: Value) -> Value {
        let reply = self.send(query, variables).await;
        assert_eq!(reply.status(), 200);
        reply.json().await.unwrap()
    }

    /// `data` of a reply without errors.
    pub async fn data(&self, query: &str, variables: Value) -> Value {
        let mut reply = self.ask(query, variables).await;
        assert!(reply.get("errors").is_none(), "{query}\n{reply:#}");
        reply["data"].take()
    }
}

/// The strings under `key` in a list.
pub fn each(list: &Value, key: &str) -> Vec<String> {
    let list = list.as_array().unwrap_or_else(|| panic!("a list: {list}"));
    list.iter().map(|item| item[key].as_str().unwrap_or("null").to_owned()).collect()
}
