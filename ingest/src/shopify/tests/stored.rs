//! Payments of an order, gift cards and store credit: what is read of them, and whose they have to be.

use super::server::Say;
use super::storefront::{bag, by_email, order, orders, shop, store, storefront, verified};
use engine::identity::{CustomerId, CustomerKey, CustomerPass};
use engine::live::{Gid, LastFour, Payment, PaymentKind, PaymentMethod, PaymentStatus, Wallet};
use engine::ports::{OrdersWanted, Storefront, StorefrontError};
use serde_json::{Value, json};

fn transaction(id: u32, kind: &str, gateway: Value, parent: Option<u32>, details: Value) -> Value {
    let gid = |id: u32| format!("gid://shopify/OrderTransaction/{id}");
    json!({"id": gid(id), "kind": kind, "status": "SUCCESS", "gateway": gateway, "formattedGateway": null,
        "accountNumber": null, "processedAt": "2026-11-01T10:00:00Z", "amountSet": bag("138.3"),
        "parentTransaction": parent.map(|id| json!({"id": gid(id)})), "paymentDetails": details})
}

fn card(number: &str, wallet: Value) -> Value {
    json!({"__typename": "CardPaymentDetails", "company": "Visa", "number": number, "wallet": wallet})
}

async fn payments(transactions: Vec<Value>) -> Result<Vec<Payment>, StorefrontError> {
    let mut node = order("#FV1", "beth@mail.example", "7");
    node["transactions"] = transactions.into();
    let (storefront, _server) = storefront(vec![shop(&[]), orders(vec![node])]).await;
    let found = storefront.orders(&by_email("beth@mail.example"), OrdersWanted::Latest(1)).await?;
    Ok(found.orders.value[0].payments.clone())
}

#[tokio::test]
async fn each_movement_says_what_it_was_paid_with() {
    let visa = PaymentMethod::Card { brand: Some("Visa".into()), last: LastFour::of("4242"), wallet: None };
    let read = payments(vec![
        transaction(1, "AUTHORIZATION", json!("shopify_payments"), None, card("•••• •••• •••• 4242", Value::Null)),
        // These two say nothing themselves: the payment before them does.
        transaction(2, "CAPTURE", json!("shopify_payments"), Some(1), Value::Null),
        transaction(3, "REFUND", json!("shopify_payments"), Some(2), Value::Null),
    ])
    .await
    .unwrap();
    assert_eq!(read.iter().map(|p| p.method.clone()).collect::<Vec<_>>(), vec![Some(visa); 3]);
    assert_eq!(read[1].kind, PaymentKind::Capture);
    assert_eq!((read[2].status.clone(), read[2].amount.to_string()), (PaymentStatus::Success, "$138.30 CAD".into()));
    assert!(read[0].at.is_some());

    let gift = |mut t: Value| {
        t["accountNumber"] = json!("•••• •••• •••• 7f2k");
        t
    };
    let named = |name: &str, mut t: Value| {
        t["formattedGateway"] = json!(name);
        t
    };
    let typed = |name: &str| json!({"__typename": name});
    let read = payments(vec![
        gift(transaction(1, "SALE", json!("gift_card"), None, Value::Null)),
        transaction(2, "SALE", json!("paypal"), None, typed("PaypalWalletPaymentDetails")),
        transaction(3, "SALE", json!("shopify_store_credit"), None, Value::Null),
    ])
    .await
    .unwrap();
    let methods: Vec<_> = read.into_iter().map(|p| p.method).collect();
    let code = PaymentMethod::GiftCard { last: LastFour::of("7f2k") };
    assert_eq!(methods, [Some(code), Some(PaymentMethod::PayPal), Some(PaymentMethod::StoreCredit)]);

    let local = json!({"__typename": "LocalPaymentMethodsPaymentDetails", "paymentMethodName": "iDEAL"});
    let read = payments(vec![
        transaction(1, "SALE", json!("local"), None, local),
        named("Cash on Delivery (COD)", transaction(2, "SALE", json!("cod"), None, Value::Null)),
        // Came after this was written.
        named("Tomorrow Pay", transaction(3, "SALE", json!("tp"), None, typed("TomorrowPaymentDetails"))),
        transaction(4, "NEW_KIND", Value::Null, None, Value::Null),
        transaction(5, "SALE", json!("shopify_payments"), None, card("4242424242424242", json!("APPLE_PAY"))),
    ])
    .await
    .unwrap();
    let other = |name: &str| Some(PaymentMethod::Other(name.into()));
    assert_eq!(read[0].method, other("iDEAL"));
    assert_eq!(read[1].method, other("Cash on Delivery (COD)"));
    assert_eq!(read[2].method, other("Tomorrow Pay"));
    assert_eq!((&read[3].method, &read[3].kind), (&None, &PaymentKind::Other("NEW_KIND".into())));
    let Some(PaymentMethod::Card { last, wallet, .. }) = &read[4].method else { panic!("{:?}", read[4]) };
    assert_eq!((last.as_ref().map(LastFour::as_str), wallet), (Some("4242"), &Some(Wallet::ApplePay)));
}

#[tokio::test]
async fn an_order_with_many_movements_is_read_again_alone() {
    let many = |n: u32| -> Vec<Value> {
        (0..n).map(|id| transaction(id, "SALE", json!("gift_card"), None, Value::Null)).collect()
    };
    let mut node = order("#FV1", "beth@mail.example", "7");
    node["transactions"] = many(6).into();
    let script = vec![shop(&[]), orders(vec![node.clone()]), orders(vec![node])];
    let (storefront, server) = storefront(script).await;
    let found = storefront.orders(&by_email("beth@mail.example"), OrdersWanted::Latest(5)).await.unwrap();
    assert_eq!(found.orders.value[0].payments.len(), 6);
    let asked: Vec<_> = server.asked().iter().filter_map(|a| a.body["variables"]["payments"].as_u64()).collect();
    assert_eq!(asked, [6, 100]);
}

const SCOPES: [&str; 2] = ["read_gift_cards", "read_store_credit_accounts"];

fn seven() -> CustomerPass {
    verified(CustomerKey::Id(CustomerId::parse("7").unwrap()))
}

fn gift_card(last: &str, balance: &str, customer: Option<&str>, recipient: Option<&str>) -> Value {
    let holder = |id: &str| json!({"id": format!("gid://shopify/Customer/{id}")});
    json!({"id": format!("gid://shopify/GiftCard/{last}"), "lastCharacters": last,
        "balance": {"amount": balance, "currencyCode": "USD"}, "enabled": true, "expiresOn": "2027-06-30",
        "customer": customer.map(holder), "recipientAttributes": recipient.map(|id| json!({"recipient": holder(id)}))})
}

fn gift_cards(nodes: Vec<Value>) -> Say {
    let page_info = json!({"hasNextPage": false});
    Say::Json(200, json!({"data": {"giftCards": {"nodes": nodes, "pageInfo": page_info}}}))
}

fn credit(customer: &str) -> Say {
    let account =
        json!({"id": "gid://shopify/StoreCreditAccount/1", "balance": {"amount": "12.5", "currencyCode": "USD"}});
    let accounts = json!({"nodes": [account], "pageInfo": {"hasNextPage": false}});
    let id = format!("gid://shopify/Customer/{customer}");
    Say::Json(200, json!({"data": {"customerByIdentifier": {"id": id, "storeCreditAccounts": accounts}}}))
}

#[tokio::test]
async fn only_the_holders_own_cards_are_read() {
    let nodes = vec![
        gift_card("mine", "60.0", Some("7"), None),
        gift_card("from", "50.0", Some("8"), Some("7")),
        // Given away, somebody else's, nobody's.
        gift_card("gone", "40.0", Some("7"), Some("9")),
        gift_card("else", "30.0", Some("77"), None),
        gift_card("none", "20.0", None, None),
    ];
    let (storefront, server) = storefront(vec![shop(&SCOPES[..1]), gift_cards(nodes)]).await;
    let read = storefront.stored_value(&seven()).await.unwrap();
    let cards = read.value.gift_cards.as_ref().unwrap();
    let last: Vec<_> = cards.iter().filter_map(|card| Some(card.last.as_ref()?.as_str().to_owned())).collect();
    assert_eq!(last, ["mine", "from"]);
    assert_eq!((cards[0].balance.to_string(), cards[0].expires_on), ("$60.00".into(), "2027-06-30".parse().ok()));
    assert_eq!(read.value.credit, None, "its scope is not granted");
    assert_eq!(read.value.customer, CustomerId::parse("7"));
    let asked = server.asked();
    assert_eq!(asked[1].body["variables"]["query"], "(customer_id:7 OR recipient_id:7)");
    // Kept for a moment, and forgotten when an order changes.
    assert_eq!(storefront.stored_value(&seven()).await.unwrap(), read);
    assert_eq!(server.asked().len(), 2);
    storefront.forget_order(&store(), &Gid("gid://shopify/Order/1".into()));
    assert!(storefront.stored_value(&seven()).await.is_err(), "the script is over: it was asked again");
}

#[tokio::test]
async fn store_credit_is_that_of_the_customer_who_was_asked_for() {
    for (came, expect) in [("7", vec!["$12.50"]), ("8", vec![])] {
        let (storefront, _server) = storefront(vec![shop(&SCOPES[1..]), credit(came)]).await;
        let read = storefront.stored_value(&seven()).await.unwrap().value;
        let amounts: Vec<String> = read.credit.unwrap().iter().map(ToString::to_string).collect();
        assert_eq!((amounts, read.gift_cards), (expect.into_iter().map(str::to_owned).collect(), None));
    }
}

#[tokio::test]
async fn a_guest_has_nothing_and_a_missing_scope_is_said() {
    let nobody = Say::Json(200, json!({"data": {"customerByIdentifier": null}}));
    let (storefront, server) = storefront(vec![nobody, shop(&SCOPES)]).await;
    let read = storefront.stored_value(&by_email("guest@mail.example")).await.unwrap().value;
    assert_eq!((read.gift_cards, read.credit, read.email), (Some(vec![]), Some(vec![]), None));
    assert_eq!(server.asked().len(), 2, "nothing is searched for nobody");

    let (storefront, server) = super::storefront::storefront(vec![shop(&["read_orders"])]).await;
    let ended = storefront.stored_value(&seven()).await;
    assert!(
        matches!(&ended, Err(StorefrontError::MissingScope(scope)) if scope.contains("read_gift_cards")),
        "{ended:?}"
    );
    assert_eq!(server.asked().len(), 1);

    // Taken away since the shop was asked what the key may do.
    let denied = json!({"errors": [{"message": "Access denied", "path": ["giftCards"],
        "extensions": {"code": "ACCESS_DENIED", "requiredAccess": "`read_gift_cards` access scope."}}]});
    let (storefront, _server) = super::storefront::storefront(vec![shop(&SCOPES[..1]), Say::Json(200, denied)]).await;
    assert_eq!(storefront.stored_value(&seven()).await.unwrap().value.gift_cards, None);
}
