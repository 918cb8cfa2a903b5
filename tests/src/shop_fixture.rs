//! A Shopify store for the sandbox, made of as many products as a test needs.

use crate::product_generator;
use serde_json::{Value, json};
use std::{fs, path::Path};

/// The store's time.
pub const NOW: &str = "2026-11-21T15:00:00Z";
pub const TOKEN: &str = "a-token-of-the-sandbox";
pub const SECRET: &str = "a-secret-of-the-sandbox";
pub const DOMAIN: &str = "fjellvik.myshopify.com";
/// The one customer, with the two orders of theirs.
pub const CUSTOMER: &str = "6940095564123";
pub const EMAIL: &str = "anna.berg+shop@mail.example";
pub const PHONE: &str = "+1 555-010-4477";
pub const ORDERS: [&str; 2] = ["#FV10234", "#FV10301"];

const SCOPES: [&str; 12] = [
    "read_all_orders",
    "read_content",
    "read_customers",
    "read_fulfillments",
    "read_inventory",
    "read_legal_policies",
    "read_merchant_managed_fulfillment_orders",
    "read_orders",
    "read_products",
    "read_returns",
    "write_orders",
    "write_returns",
];

/// Writes the fixture into `folder`.
pub fn write(folder: &Path, products: usize, seed: u64) {
    let shop = json!({
        "now": NOW,
        "shop": {
            "id": "gid://shopify/Shop/75500001", "name": "Fjellvik", "email": "help@fjellvik.example",
            "myshopifyDomain": DOMAIN, "primaryDomain": {"url": "https://fjellvik.example"},
            "currencyCode": "EUR", "ianaTimezone": "Europe/Oslo",
        },
        "access_token": TOKEN, "client_id": "a-client", "client_secret": SECRET, "scopes": SCOPES,
    });
    let lines = |objects: Vec<Value>| objects.iter().map(|object| format!("{object}\n")).collect::<String>();
    let product_lines = (0..products).map(|number| product(number, seed)).collect();
    let files: [(&str, String); 7] = [
        ("shop.json", shop.to_string()),
        ("products.jsonl", lines(product_lines)),
        ("customers.jsonl", lines(vec![customer()])),
        ("orders.jsonl", lines((0..ORDERS.len()).map(order).collect())),
        ("pages.jsonl", lines(vec![page(1, "about", "About us", "<p>A small shop in the north.</p>")])),
        ("articles.jsonl", lines(vec![article()])),
        ("policies.jsonl", lines(vec![policy("Send back within 30 days of delivery.")])),
    ];
    for (name, content) in files {
        fs::write(folder.join(name), content).expect("a writable folder");
    }
}

pub fn gid(number: usize) -> String {
    format!("gid://shopify/Product/{}", 8_000_000_000usize + number)
}

/// A product as a line of the fixture; another `edition` of the same number has other words and another price.
pub fn product(number: usize, edition: u64) -> Value {
    let words = product_generator::description(number, edition);
    let variant = |at: usize, size: &str| {
        json!({
            "id": format!("gid://shopify/ProductVariant/{}", 9_000_000_000usize + number * 10 + at),
            "title": size, "sku": format!("SK-{number:05}-{size}"),
            "price": format!("{}.{:02}", 20 + number % 300, edition % 100),
            "inventoryQuantity": 5, "inventoryPolicy": "DENY", "availableForSale": true,
            "selectedOptions": [{"name": "Size", "value": size}],
            "inventoryItem": {"id": format!("gid://shopify/InventoryItem/{}", number * 10 + at), "tracked": true},
        })
    };
    json!({
        "id": gid(number), "handle": format!("thing-{number}"), "title": format!("Thing {number}"),
        "descriptionHtml": format!("<p>{words}</p>"), "status": "ACTIVE", "publishedAt": "2026-01-01T00:00:00Z",
        "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-11-01T00:00:00Z",
        "vendor": "Fjell", "productType": "Things", "tags": ["new"],
        "options": [{"name": "Size", "values": ["S", "M"]}],
        "variants": [variant(0, "S"), variant(1, "M")],
    })
}

pub fn page(number: usize, handle: &str, title: &str, body: &str) -> Value {
    json!({
        "id": format!("gid://shopify/Page/{number}"), "handle": handle, "title": title, "body": body,
        "isPublished": true, "updatedAt": "2026-11-01T00:00:00Z", "createdAt": "2026-01-01T00:00:00Z",
    })
}

fn article() -> Value {
    json!({
        "id": "gid://shopify/Article/1", "handle": "wool", "title": "How to wash wool",
        "body": "<p>Cold, and seldom.</p>", "tags": ["care"], "isPublished": true,
        "updatedAt": "2026-11-01T00:00:00Z", "createdAt": "2026-01-01T00:00:00Z",
        "blog": {"id": "gid://shopify/Blog/1", "handle": "news"},
    })
}

pub fn policy(text: &str) -> Value {
    json!({
        "id": "gid://shopify/ShopPolicy/1", "type": "REFUND_POLICY", "title": "Refunds", "body": format!("<p>{text}</p>"),
        "url": "https://fjellvik.example/policies/refund-policy",
        "updatedAt": "2026-11-01T00:00:00Z", "createdAt": "2026-01-01T00:00:00Z",
    })
}

fn customer() -> Value {
    json!({
        "id": format!("gid://shopify/Customer/{CUSTOMER}"), "firstName": "Anna", "lastName": "Berg", "email": EMAIL,
        "phone": PHONE, "createdAt": "2025-01-01T00:00:00Z", "numberOfOrders": "2", "amountSpent": "98.00",
    })
}

/// An order that was delivered two weeks ago.
fn order(at: usize) -> Value {
    let id = 5_000_010_000usize + at;
    let line = format!("gid://shopify/LineItem/{}", 1_400_000_000usize + at);
    json!({
        "id": format!("gid://shopify/Order/{id}"), "name": ORDERS[at], "email": EMAIL, "phone": PHONE,
        "createdAt": "2026-11-01T10:00:00Z", "updatedAt": "2026-11-07T10:00:00Z", "currencyCode": "EUR",
        "displayFinancialStatus": "PAID", "displayFulfillmentStatus": "FULFILLED", "returnStatus": "NO_RETURN",
        "paymentGatewayNames": ["shopify_payments"], "customer": format!("gid://shopify/Customer/{CUSTOMER}"),
        "lineItems": [{
            "id": line, "title": "Thing 0", "sku": "SK-00000-S", "quantity": 1, "currentQuantity": 1,
            "refundableQuantity": 1, "originalUnitPriceSet": "49.00", "product": gid(0),
        }],
        "fulfillments": [{
            "id": format!("gid://shopify/Fulfillment/{}", 2_500_000_000usize + at), "status": "SUCCESS",
            "displayStatus": "DELIVERED", "createdAt": "2026-11-02T10:00:00Z", "deliveredAt": "2026-11-07T10:00:00Z",
            "fulfillmentLineItems": [{
                "id": format!("gid://shopify/FulfillmentLineItem/{}", 2_600_000_000usize + at),
                "quantity": 1, "lineItem": line,
            }],
        }],
        "transactions": [{
            "id": format!("gid://shopify/OrderTransaction/{}", 2_700_000_000usize + at), "kind": "SALE",
            "status": "SUCCESS", "gateway": "shopify_payments", "amountSet": "49.00",
        }],
    })
}
