//! Payments, gift cards and store credit, through our own client as a storefront reads them.

use super::store::{Store, fixture, write};
use api::sandbox::{Fixture, Options, RunningSandbox, Sandbox};
use api::wiring::SystemClock;
use engine::identity::{CustomerId, CustomerKey, CustomerPass, Email};
use engine::live::{LastFour, Order, PaymentKind, PaymentMethod, StoredValue};
use engine::ports::{OrdersWanted, Storefront, StorefrontError};
use ingest::shopify::operations::{API_VERSION, OPERATIONS};
use ingest::shopify::{Connection, Credentials, Endpoint, Secret, ShopifyClient, ShopifyStorefront};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tests::index_backend::pass;
use tokio::net::TcpListener;

fn connected(sandbox: &RunningSandbox) -> ShopifyStorefront {
    let endpoint = Endpoint::parse(&sandbox.url()).expect("an endpoint");
    let client = ShopifyClient::new(endpoint, API_VERSION, Credentials::Token(Secret::new(sandbox.token())));
    let storefront = ShopifyStorefront::new(Arc::new(SystemClock));
    let connection = Connection::new(Arc::new(client), Duration::from_secs(10));
    storefront.connect(pass("little").store(), Arc::new(connection));
    storefront
}

#[expect(clippy::disallowed_methods, reason = "a test asks as the customer")]
fn customer(key: CustomerKey) -> CustomerPass {
    CustomerPass::for_operator(pass("little"), key, "test")
}

fn by_email(email: &str) -> CustomerPass {
    customer(CustomerKey::Email(Email::parse(email).expect("an address")))
}

fn last_of(stored: &StoredValue) -> Vec<(String, String)> {
    let cards = stored.gift_cards.iter().flatten();
    cards.map(|c| (c.last.as_ref().map_or("none", LastFour::as_str).to_owned(), c.balance.to_string())).collect()
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

#[tokio::test]
async fn a_customer_reads_what_they_paid_with_and_what_is_left() {
    let store = Store::open().await;
    let storefront = connected(&store.running);
    let alice = customer(CustomerKey::Id(CustomerId::parse("7001").expect("an id")));
    let found = storefront.orders(&alice, OrdersWanted::Latest(5)).await.expect("orders").orders.value;
    let of = |name: &str| -> &Order { found.iter().find(|o| o.number.as_str() == name).expect("the order") };
    let [paid] = of("#1001").payments.as_slice() else { panic!("one payment: {:?}", of("#1001").payments) };
    let visa = PaymentMethod::Card { brand: Some("Visa".into()), last: LastFour::of("4242"), wallet: None };
    assert_eq!(
        (paid.kind.clone(), paid.amount.to_string(), paid.method.clone()),
        (PaymentKind::Sale, "$258.00".into(), Some(visa))
    );
    // What a refund moved stands among the order's movements, as in Shopify.
    let kinds: Vec<PaymentKind> = of("#1003").payments.iter().map(|p| p.kind.clone()).collect();
    assert_eq!(kinds, [PaymentKind::Refund]);

    let stored = storefront.stored_value(&alice).await.expect("a balance").value;
    assert_eq!(last_of(&stored), pairs(&[("7f2k", "$60.00")]), "what she gave away is not hers");
    assert_eq!(stored.credit.expect("readable")[0].to_string(), "$1.50");
    let bob = storefront.stored_value(&by_email("bob@example.org")).await.expect("a balance").value;
    assert_eq!(last_of(&bob), pairs(&[("9z9z", "$50.00")]));
    let nobody = storefront.stored_value(&by_email("nobody@example.org")).await.expect("nothing").value;
    assert_eq!((nobody.gift_cards, nobody.credit), (Some(vec![]), Some(vec![])));
}

#[tokio::test]
async fn without_the_scopes_orders_are_read_and_balances_are_not() {
    let store = Store::open().await;
    store.running.set_scopes(&[
        "read_orders",
        "read_customers",
        "read_merchant_managed_fulfillment_orders",
        "read_returns",
        "read_products",
    ]);
    let storefront = connected(&store.running);
    let alice = by_email("alice@example.com");
    assert_eq!(storefront.orders(&alice, OrdersWanted::Latest(5)).await.expect("orders").orders.value.len(), 1);
    let ended = storefront.stored_value(&alice).await;
    assert!(matches!(ended, Err(StorefrontError::MissingScope(_))), "{ended:?}");
}

#[tokio::test]
async fn orders_with_their_payments_stay_below_what_one_query_may_cost() {
    let store = Store::with(Options { bucket: (1e9, 1e9), ..Options::default() }).await;
    let document = OPERATIONS.iter().find(|(name, _)| *name == "OrdersOfCustomer").expect("the operation").1;
    for (first, lines, parts, payments) in [(5, 10, 4, 6), (2, 30, 10, 20), (1, 100, 25, 100)] {
        let variables =
            json!({"query": "customer_id:7001", "first": first, "lines": lines, "parts": parts, "payments": payments});
        let request = store.post("/admin/api/2026-07/graphql.json").header("x-shopify-access-token", "test-token");
        let body = json!({"query": document, "variables": variables, "operationName": "OrdersOfCustomer"});
        let reply: Value = request.json(&body).send().await.expect("a reply").json().await.expect("JSON");
        assert!(reply.get("errors").is_none(), "{reply:#}");
        let cost = reply["extensions"]["cost"]["requestedQueryCost"].as_u64().expect("a cost");
        assert!(cost <= 1000, "{variables}: {cost}");
    }
}

#[tokio::test]
async fn the_leaner_shape_says_what_was_paid_with() {
    let dir = tempfile::TempDir::new().expect("a folder");
    let line = json!({"variant_id": "21", "product_id": "2", "title": "Mug", "variant_title": "red", "price": "15.00", "quantity": 2});
    let order = |id: &str, status: &str, transactions: Value| {
        json!({"id": id, "name": format!("#W{id}"), "customer_id": "ann_1", "email": "ann@example.com",
            "financial_status": status, "fulfillment_status": null, "cancelled": false, "total_price": "30.00",
            "line_items": [line], "fulfillments": [], "transactions": transactions})
    };
    let methods = json!([
        {"source": "credit_card", "brand": "mastercard", "last_four": "4336", "id": "credit_card_1"},
        {"source": "gift_card", "balance": 17, "id": "gift_card_7245904"},
        {"source": "paypal", "id": "paypal_1"}]);
    let sale = |amount: &str, id: &str| json!({"kind": "sale", "amount": amount, "payment_method_id": id});
    let back = json!({"kind": "refund", "amount": "30.00", "payment_method_id": "credit_card_1"});
    let product = json!({"id": "2", "title": "Mug", "handle": "mug", "options": [], "variants": [{"id": "21", "title": "red", "price": "15.00"}]});
    let files = |methods: Value| {
        [
            (
                "orders.jsonl",
                vec![
                    order("55", "paid", json!([sale("10.00", "gift_card_7245904"), sale("20.00", "paypal_1")])),
                    order("56", "refunded", json!([sale("30.00", "credit_card_1"), back])),
                ],
            ),
            (
                "customers.jsonl",
                vec![
                    json!({"id": "ann_1", "email": "ann@example.com", "first_name": "Ann", "payment_methods": methods}),
                ],
            ),
            ("products.jsonl", vec![product.clone()]),
        ]
    };
    write(dir.path(), &files(methods));
    let sandbox = Sandbox::load(dir.path(), Options::default()).unwrap_or_else(|e| panic!("{e}"));
    let sandbox = sandbox.start(TcpListener::bind("127.0.0.1:0").await.expect("a port")).expect("served");
    let storefront = connected(&sandbox);
    let ann = by_email("ann@example.com");
    let orders = storefront.orders(&ann, OrdersWanted::Latest(5)).await.expect("orders").orders.value;
    let methods = |name: &str| -> Vec<Option<PaymentMethod>> {
        let order = orders.iter().find(|o| o.number.as_str() == name).expect("the order");
        order.payments.iter().map(|p| p.method.clone()).collect()
    };
    let gift = PaymentMethod::GiftCard { last: LastFour::of("5904") };
    assert_eq!(methods("#W55"), [Some(gift), Some(PaymentMethod::PayPal)]);
    let card = PaymentMethod::Card { brand: Some("Mastercard".into()), last: LastFour::of("4336"), wallet: None };
    assert_eq!(methods("#W56"), [Some(card.clone()), Some(card)], "and it went back there");
    let refunded = orders.iter().find(|o| o.number.as_str() == "#W56").expect("the order");
    assert_eq!((refunded.refunds.len(), refunded.refunded.to_string()), (1, "$30.00".to_owned()));
    let stored = storefront.stored_value(&ann).await.expect("a balance").value;
    assert_eq!(last_of(&stored), pairs(&[("5904", "$17.00")]));
    // A card without a balance is named, and so is what else is wrong.
    write(dir.path(), &files(json!([{"source": "gift_card", "id": "gift_card_1"}])));
    let said = Fixture::load(dir.path()).expect_err("wrong").to_string();
    assert!(said.contains("customers.jsonl:1: payment_methods.balance: is missing or of another kind"), "{said}");
}

#[test]
fn a_day_that_is_none_is_not_served() {
    let dir = tempfile::TempDir::new().expect("a folder");
    let mut files = fixture();
    files.last_mut().expect("files").1[0]["expiresOn"] = json!("soon");
    write(dir.path(), &files);
    let said = Fixture::load(dir.path()).expect_err("wrong").to_string();
    assert!(said.contains("gift_cards.jsonl:1: expiresOn: \"soon\" is no Date"), "{said}");
}
