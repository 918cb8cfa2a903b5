//! What mutations do, once, and what the store tells of it.

use super::store::{Store, each, gid};
use api::sandbox::{Delivery, Options};
use axum::{Router, body::Bytes, extract::State, http::HeaderMap, http::StatusCode, routing::post};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::net::TcpListener;

const RETURN: &str = "mutation($input: ReturnRequestInput!) { returnRequest(input: $input) {
    return { id name status totalQuantity order { returnStatus } } userErrors { field code message } } }";
const CANCEL: &str = "mutation($id: ID!, $refund: Boolean!) { orderCancel(orderId: $id, reason: CUSTOMER, restock: true,
    refundMethod: {originalPaymentMethodsRefund: $refund}) { job { id done } orderCancelUserErrors { field code message } } }";
const UPDATE: &str = "mutation($input: OrderInput!) { orderUpdate(input: $input) {
    order { shippingAddress { name address1 city countryCodeV2 zip } } userErrors { field message } } }";
const REFUND: &str =
    "mutation($input: RefundInput!, $key: String!) { refundCreate(input: $input) @idempotent(key: $key) {
    refund { id totalRefundedSet { presentmentMoney { amount } } } userErrors { field message } } }";

#[tokio::test]
async fn a_return_is_asked_for_once() {
    let store = Store::open().await;
    let ask = async |order: u64, line: u64, quantity: i64, note: &str| {
        let line = json!({"fulfillmentLineItemId": gid("FulfillmentLineItem", line), "quantity": quantity, "customerNote": note});
        let input = json!({"orderId": gid("Order", order), "returnLineItems": [line]});
        store.data(RETURN, json!({"input": input})).await["returnRequest"].clone()
    };
    for (order, line, quantity, code, field) in [
        (9, 1, 1, "NOT_FOUND", "orderId"),
        (1002, 1, 1, "NOT_FOUND", "fulfillmentLineItemId"),
        (1001, 3, 1, "NOT_FOUND", "fulfillmentLineItemId"),
        (1001, 1, 3, "INVALID", "quantity"),
        (1001, 1, 0, "INVALID", "quantity"),
    ] {
        let reply = ask(order, line, quantity, "").await;
        let error = &reply["userErrors"][0];
        assert_eq!(
            (&error["code"], error["field"].as_array().unwrap().last().unwrap()),
            (&json!(code), &json!(field)),
            "{reply}"
        );
        assert!(reply["return"].is_null());
    }
    assert_eq!(ask(1001, 1, 1, &"x".repeat(301)).await["userErrors"][0]["code"], "TOO_LONG");
    assert_eq!(store.running.effects(), []);

    let asked = ask(1001, 1, 2, "too small").await;
    assert_eq!(asked["userErrors"], json!([]));
    let made = &asked["return"];
    assert_eq!(
        (&made["name"], &made["status"], &made["totalQuantity"]),
        (&json!("#1001-R1"), &json!("REQUESTED"), &json!(2))
    );
    assert_eq!(made["order"]["returnStatus"], "RETURN_REQUESTED");
    assert_eq!(ask(1001, 1, 1, "").await["userErrors"][0]["code"], "INVALID");
    assert_eq!(store.running.effects().len(), 1);
}

#[tokio::test]
async fn an_order_is_cancelled_until_it_leaves() {
    let store = Store::open().await;
    let cancel = async |order: u64| {
        store.data(CANCEL, json!({"id": gid("Order", order), "refund": true})).await["orderCancel"].clone()
    };
    assert_eq!(cancel(1001).await["orderCancelUserErrors"][0]["code"], "INVALID");
    assert_eq!(cancel(9).await["orderCancelUserErrors"][0]["code"], "NOT_FOUND");
    let reply = cancel(1002).await;
    assert_eq!((&reply["job"]["done"], &reply["orderCancelUserErrors"]), (&json!(false), &json!([])));
    let look =
        "query($job: ID!, $id: ID!) { job(id: $job) { done } order(id: $id) { cancelReason displayFinancialStatus
        currentTotalPriceSet { shopMoney { amount } } lineItems(first: 1) { nodes { refundableQuantity } }
        fulfillmentOrders(first: 1) { nodes { status fulfillmentHolds { reason } } } } }";
    let data = store.data(look, json!({"job": reply["job"]["id"], "id": gid("Order", 1002)})).await;
    assert_eq!(data["job"]["done"], true);
    assert_eq!(
        data["order"],
        json!({
            "cancelReason": "CUSTOMER", "displayFinancialStatus": "REFUNDED", "currentTotalPriceSet": {"shopMoney": {"amount": "0.00"}},
            "lineItems": {"nodes": [{"refundableQuantity": 0}]},
            "fulfillmentOrders": {"nodes": [{"status": "CLOSED", "fulfillmentHolds": []}]},
        })
    );
    assert_eq!(cancel(1002).await["orderCancelUserErrors"][0]["code"], "INVALID");
}

#[tokio::test]
async fn an_address_is_changed() {
    let store = Store::open().await;
    let address = json!({"firstName": "Ann", "lastName": "Lee", "address1": "2 Way", "city": "Ville", "countryCode": "CA", "zip": "K1A"});
    let update = json!({"input": {"id": gid("Order", 1002), "shippingAddress": address}});
    let data = store.data(UPDATE, update).await;
    assert_eq!(
        data["orderUpdate"]["order"]["shippingAddress"],
        json!({
            "name": "Ann Lee", "address1": "2 Way", "city": "Ville", "countryCodeV2": "CA", "zip": "K1A",
        })
    );
}

#[tokio::test]
async fn one_key_one_refund() {
    let store = Store::open().await;
    let order = gid("Order", 1001);
    let refund = async |amount: &str, quantity: u64, key: &str| {
        let money = json!({"orderId": order, "amount": amount, "gateway": "shopify_payments", "kind": "REFUND"});
        let line = json!({"lineItemId": gid("LineItem", 11), "quantity": quantity});
        let input = json!({"orderId": order, "refundLineItems": [line], "transactions": [money]});
        store.data(REFUND, json!({"input": input, "key": key})).await["refundCreate"].clone()
    };
    let first = refund("129.00", 1, "key-1").await;
    assert_eq!(first["refund"]["totalRefundedSet"]["presentmentMoney"]["amount"], "129.00");
    // Also when several come at once.
    let (a, b, c) =
        tokio::join!(refund("129.00", 1, "key-1"), refund("129.00", 1, "key-1"), refund("129.00", 1, "key-1"));
    assert!([a, b, c].iter().all(|again| *again == first));
    let other = refund("1.00", 1, "key-1").await;
    assert_eq!(
        each(&other["userErrors"], "message"),
        ["The same idempotency key cannot be used with different operation parameters."]
    );
    let keys: Vec<_> = store.running.effects().into_iter().map(|e| (e.mutation, e.key)).collect();
    assert_eq!(keys, [("refundCreate".to_owned(), Some("key-1".to_owned()))]);

    assert!(refund("129.01", 1, "key-2").await["refund"].is_null(), "more than was paid");
    assert!(refund("1.00", 2, "key-3").await["refund"].is_null(), "more pieces than are left");
    let look = format!(
        r#"{{ order(id: "{order}") {{ displayFinancialStatus totalRefundedSet {{ shopMoney {{ amount }} }} refunds {{ id }} }} }}"#
    );
    let seen = store.data(&look, json!({})).await["order"].clone();
    assert_eq!(
        (&seen["displayFinancialStatus"], &seen["totalRefundedSet"]["shopMoney"]["amount"]),
        (&json!("PARTIALLY_REFUNDED"), &json!("129.00"))
    );
    assert_eq!(seen["refunds"].as_array().unwrap().len(), 1);

    for (directive, message) in [
        ("", "The @idempotent directive is required for this mutation but was not provided."),
        (r#"@idempotent(key: " ")"#, "The idempotency key cannot be blank."),
    ] {
        let query =
            format!(r#"mutation {{ refundCreate(input: {{orderId: "{order}"}}) {directive} {{ refund {{ id }} }} }}"#);
        let reply = store.ask(&query, json!({})).await;
        assert_eq!(reply["errors"][0]["message"], message);
        assert!(reply["data"]["refundCreate"].is_null());
    }
}

#[tokio::test]
async fn a_bulk_operation_leaves_a_file() {
    let store = Store::open().await;
    let run = "mutation($q: String!) { bulkOperationRunQuery(query: $q) { bulkOperation { id status } userErrors { code field message } } }";
    for (query, code) in [
        ("{ shop { name } }", "INVALID"),
        ("query($n: Int) { products(first: $n) { nodes { id } } }", "INVALID"),
        ("{ products { nodes { nope } } }", "INVALID"),
        ("{ customers { nodes { id orders { nodes { id lineItems { nodes { id } } } } } } }", "INVALID"),
        ("{ products { nodes { a: variants { nodes { id } } b: variants { nodes { id } } c: variants { nodes { id } }
            d: variants { nodes { id } } e: variants { nodes { id } } } } }", "INVALID"),
    ] {
        let reply = store.data(run, json!({"q": query})).await["bulkOperationRunQuery"].clone();
        assert_eq!((&reply["userErrors"][0]["code"], &reply["bulkOperation"]), (&json!(code), &Value::Null), "{query}");
    }
    let products = "{ products(query: \"vendor:Fjell\") { edges { node { id title collections { nodes { handle } } variants { edges { node { id sku } } } } } } }";
    let started = store.data(run, json!({"q": products})).await["bulkOperationRunQuery"]["bulkOperation"].clone();
    assert_eq!(started["status"], "CREATED");
    let done = wait_for(&store, &started["id"]).await;
    assert_eq!(
        (&done["status"], &done["objectCount"], &done["rootObjectCount"]),
        (&json!("COMPLETED"), &json!("8"), &json!("2"))
    );
    let text = store.http.get(done["url"].as_str().unwrap()).send().await.unwrap().text().await.unwrap();
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows[0], json!({"id": gid("Product", 801), "title": "Rain Tent"}));
    assert!(
        rows.contains(
            &json!({"id": gid("ProductVariant", 8021), "sku": "SKU802-M", "__parentId": gid("Product", 802)})
        )
    );
    assert!(rows.contains(&json!({"handle": "all", "__parentId": gid("Product", 801)})));
    assert_eq!(rows.len(), 8);

    for _ in 0..5 {
        store.data(run, json!({"q": products})).await;
    }
    let sixth = store.data(run, json!({"q": products})).await["bulkOperationRunQuery"].clone();
    assert_eq!(sixth["userErrors"][0]["code"], "LIMIT_REACHED");
    store.running.set_scopes(&["read_orders"]);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let denied = store.data(run, json!({"q": products})).await["bulkOperationRunQuery"]["bulkOperation"].clone();
    assert_eq!(wait_for(&store, &denied["id"]).await["errorCode"], "ACCESS_DENIED");
}

async fn wait_for(store: &Store, id: &Value) -> Value {
    let look = "query($id: ID!) { bulkOperation(id: $id) { status errorCode objectCount rootObjectCount url } }";
    for _ in 0..200 {
        let now = store.data(look, json!({"id": id})).await["bulkOperation"].clone();
        if !matches!(now["status"].as_str(), Some("CREATED" | "RUNNING")) {
            return now;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the operation does not end");
}

type Heard = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// Refuses the first delivery, as a server that is just starting would.
async fn receiver() -> (String, Heard) {
    let heard = Heard::default();
    let take = async |State(heard): State<Heard>, headers: HeaderMap, body: Bytes| {
        let mut heard = heard.lock().unwrap();
        heard.push((headers, body));
        if heard.len() == 1 { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
    };
    let router = Router::new().route("/hooks", post(take)).with_state(heard.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hooks", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, heard)
}

fn signature(body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(b"test-client-secret").unwrap();
    mac.update(body);
    STANDARD.encode(mac.finalize().into_bytes())
}

async fn until(what: impl Fn() -> bool) {
    for _ in 0..250 {
        if what() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it did not happen within five seconds");
}

#[tokio::test]
async fn subscribers_are_told_and_can_verify_it() {
    let store = Store::open().await;
    let (url, heard) = receiver().await;
    let subscribe = "mutation($topic: WebhookSubscriptionTopic!, $uri: String!) {
        webhookSubscriptionCreate(topic: $topic, webhookSubscription: {uri: $uri}) { webhookSubscription { id } userErrors { message } } }";
    let made = store.data(subscribe, json!({"topic": "PRODUCTS_UPDATE", "uri": url})).await;
    let again = store.data(subscribe, json!({"topic": "PRODUCTS_UPDATE", "uri": url})).await;
    assert_eq!(
        again["webhookSubscriptionCreate"]["userErrors"][0]["message"],
        "Address for this topic has already been taken"
    );

    let product = gid("Product", 801);
    store.running.put("Product", json!({"id": product, "title": "Rain Tent 2"})).unwrap();
    store.running.emit("products/update", &product);
    store.running.emit("products/delete", &product);
    until(|| !store.running.sent().is_empty()).await;
    let sent = store.running.sent();
    assert_eq!(
        (sent.len(), sent[0].tries, sent[0].arrived()),
        (1, 2, true),
        "refused once, and nobody asked for the other"
    );

    let heard = heard.lock().unwrap().clone();
    let header = |n: usize, name: &str| heard[n].0.get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!(header(0, "x-shopify-webhook-id"), header(1, "x-shopify-webhook-id"));
    assert_eq!(heard[0].1, heard[1].1);
    assert_eq!(header(0, "x-shopify-hmac-sha256"), signature(&heard[0].1));
    assert_eq!(
        (header(0, "x-shopify-topic"), header(0, "x-shopify-shop-domain")),
        ("products/update".into(), "little.myshopify.com".into())
    );
    let body: Value = serde_json::from_slice(&heard[0].1).unwrap();
    assert_eq!(
        (&body["id"], &body["admin_graphql_api_id"], &body["title"]),
        (&json!(801), &json!(product), &json!("Rain Tent 2"))
    );
    assert_eq!((&body["status"], &body["variants"][0]["sku"]), (&json!("active"), &json!("SKU801-S")));
    assert!(body["updated_at"].as_str().unwrap() >= "2026-11-21");

    let delete = "mutation($id: ID!) { webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId userErrors { message } } }";
    let id = json!({"id": made["webhookSubscriptionCreate"]["webhookSubscription"]["id"]});
    assert_eq!(
        store.data(delete, id.clone()).await["webhookSubscriptionDelete"]["deletedWebhookSubscriptionId"],
        id["id"]
    );
    assert!(store.data(delete, id).await["webhookSubscriptionDelete"]["userErrors"][0].is_object());
}

#[tokio::test]
async fn everything_goes_to_webhooks_to() {
    let (url, heard) = receiver().await;
    let store =
        Store::with(Options { webhooks_to: Some(url), webhook_wait: Duration::from_millis(20), ..Options::default() })
            .await;
    let update = json!({"input": {"id": gid("Order", 1001), "shippingAddress": {"city": "Ville"}}});
    store.data(UPDATE, update).await;
    until(|| store.running.sent().len() == 1).await;
    let (headers, body) = heard.lock().unwrap().last().unwrap().clone();
    assert_eq!(headers.get("x-shopify-topic").unwrap(), "orders/updated");
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&body["name"], &body["customer"]["id"]), (&json!("#1001"), &json!(7001)));

    // The same ones for a test to send, as often and in the order that it likes.
    let check = |delivery: &Delivery, expect: Value| {
        assert_eq!(delivery.signature, signature(&delivery.body));
        assert!(delivery.headers().contains(&("x-shopify-topic", &delivery.topic)));
        assert_eq!(serde_json::from_slice::<Value>(&delivery.body).unwrap(), expect);
    };
    let (alice, shop) = (gid("Customer", 7001), gid("Shop", 1));
    let person = json!({"id": 7001, "email": "alice@example.com", "phone": null});
    check(
        &store.running.webhook("customers/redact", &alice),
        json!({
            "shop_id": 1, "shop_domain": "little.myshopify.com", "customer": person, "orders_to_redact": [1001, 1003],
        }),
    );
    check(&store.running.webhook("shop/redact", &shop), json!({"shop_id": 1, "shop_domain": "little.myshopify.com"}));
    check(&store.running.webhook("products/delete", &gid("Product", 801)), json!({"id": 801}));
    let request = store.running.webhook("customers/data_request", &alice);
    let request: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!((&request["customer"], &request["orders_requested"]), (&person, &json!([1001, 1003])));
}
