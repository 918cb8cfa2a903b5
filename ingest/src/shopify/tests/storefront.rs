use super::server::{Say, Server};
use crate::shopify::{Connection, ShopifyStorefront};
use engine::access::{StoreId, StorePass};
use engine::identity::{CustomerId, CustomerKey, CustomerPass, Email, OrderClaim, OrderNumber};
use engine::live::{FulfillmentState, Gid, ParcelStatus};
use engine::ports::{Clock, OrdersWanted, ProductsWanted, Storefront, StorefrontError};
use engine::turn::ConversationId;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        "2026-11-21T12:00:00Z".parse().unwrap()
    }
}

pub(super) fn store() -> StoreId {
    StoreId::parse("demo").unwrap()
}

#[expect(clippy::disallowed_methods, reason = "a test asks as the customer")]
pub(super) fn verified(customer: CustomerKey) -> CustomerPass {
    CustomerPass::for_operator(pass(), customer, "test")
}

#[expect(clippy::disallowed_methods, reason = "a test asks for the store")]
fn pass() -> StorePass {
    StorePass::for_operator(store(), "test")
}

pub(super) fn by_email(email: &str) -> CustomerPass {
    verified(CustomerKey::Email(Email::parse(email).unwrap()))
}

fn number(text: &str) -> OrderNumber {
    OrderNumber::parse(text).unwrap()
}

fn claim(order: &str, email: &str) -> OrderClaim {
    let email = Email::parse(email).unwrap();
    OrderClaim { pass: pass(), conversation: ConversationId("c".into()), number: number(order), email }
}

pub(super) fn shop(scopes: &[&str]) -> Say {
    let scopes: Vec<Value> = scopes.iter().map(|s| json!({"handle": s})).collect();
    Say::Json(
        200,
        json!({"data": {
            "shop": {"id": "gid://shopify/Shop/1", "name": "Fjellvik", "email": "a@b.example", "currencyCode": "USD",
                     "myshopifyDomain": "f.myshopify.com", "primaryDomain": {"url": "https://f.example"},
                     "ianaTimezone": "America/Chicago"},
            "publicApiVersions": [{"handle": "2026-07", "supported": true}],
            "currentAppInstallation": {"accessScopes": scopes}}}),
    )
}

pub(super) fn orders(nodes: Vec<Value>) -> Say {
    let page_info = json!({"hasNextPage": false, "endCursor": null});
    Say::Json(200, json!({"data": {"orders": {"nodes": nodes, "pageInfo": page_info}}}))
}

pub(super) fn bag(amount: &str) -> Value {
    json!({"presentmentMoney": {"amount": amount, "currencyCode": "CAD"}})
}

pub(super) fn page(nodes: Value) -> Value {
    json!({"nodes": nodes, "pageInfo": {"hasNextPage": false}})
}

pub(super) fn order(name: &str, email: &str, customer: &str) -> Value {
    let mut order = json!({
        "id": "gid://shopify/Order/9", "name": name, "email": email,
        "customer": {"id": format!("gid://shopify/Customer/{customer}")},
        "createdAt": "2026-11-01T10:00:00Z", "updatedAt": "2026-11-02T10:00:00Z", "cancelledAt": null,
        "cancelReason": null, "closed": false, "displayFinancialStatus": "PAID",
        "displayFulfillmentStatus": "SOMETHING_NEW", "returnStatus": "NO_RETURN",
        "discountCodes": [], "paymentGatewayNames": ["shopify_payments"], "tags": [],
        "statusPageUrl": "https://f.example/o/1", "shippingLine": {"title": "Standard"},
    });
    order["shippingAddress"] = json!({"name": "Beth", "address1": "1 Elm St", "address2": "", "city": "Austin",
        "provinceCode": "TX", "zip": "73301", "countryCodeV2": "US", "phone": null});
    for (field, amount) in [
        ("currentSubtotalPriceSet", "129.0"),
        ("currentShippingPriceSet", "0.0"),
        ("currentTotalTaxSet", "9.3"),
        ("currentTotalDiscountsSet", "0.0"),
        ("currentTotalPriceSet", "138.3"),
        ("originalTotalPriceSet", "138.30"),
        ("totalRefundedSet", "0.0"),
        ("totalOutstandingSet", "0.0"),
    ] {
        order[field] = bag(amount);
    }
    order["lineItems"] = page(json!([line()]));
    order["fulfillments"] = json!([parcel(true)]);
    let vest = json!({"id": "gid://shopify/LineItem/1", "title": "Vest"});
    order["fulfillmentOrders"] = page(json!([
        {"id": "gid://shopify/FulfillmentOrder/1", "status": "CLOSED", "fulfillAt": null, "fulfillmentHolds": [],
         "lineItems": page(json!([]))},
        {"id": "gid://shopify/FulfillmentOrder/2", "status": "ON_HOLD", "fulfillAt": null,
         "fulfillmentHolds": [{"reason": "INVENTORY_OUT_OF_STOCK", "reasonNotes": "ask Ann"}],
         "lineItems": page(json!([{"remainingQuantity": 1, "lineItem": vest}]))}]));
    let returned = page(json!([
        {"__typename": "ReturnLineItem", "quantity": 1, "refundedQuantity": 0, "fulfillmentLineItem": {"lineItem": vest}},
        {"__typename": "UnverifiedReturnLineItem", "quantity": 1, "refundedQuantity": 0}]));
    order["returns"] = page(json!([{"id": "gid://shopify/Return/1", "name": "#R1", "status": "REQUESTED",
        "createdAt": "2026-11-10T10:00:00Z", "closedAt": null, "decline": null, "returnLineItems": returned}]));
    let payment =
        json!({"amountSet": bag("1.5"), "gateway": "shopify_payments", "status": "PENDING", "processedAt": null});
    order["transactions"] = json!([]);
    order["refunds"] = json!([{"id": "gid://shopify/Refund/1", "processedAt": "2026-11-11T10:00:00Z",
        "totalRefundedSet": bag("1.5"), "refundLineItems": page(json!([{"quantity": 1, "lineItem": vest}])),
        "transactions": page(json!([payment]))}]);
    order
}

fn line() -> Value {
    json!({"id": "gid://shopify/LineItem/1", "title": "Vest", "variantTitle": "Default Title", "sku": "",
        "quantity": 2, "currentQuantity": 2, "refundableQuantity": 2, "isGiftCard": false, "requiresShipping": true,
        "discountedUnitPriceSet": bag("64.5"), "discountedTotalSet": bag("129.0"),
        "customAttributes": [{"key": "Engraving", "value": "B"}, {"key": "empty", "value": null}], "variant": null,
        "product": {"id": "gid://shopify/Product/3", "productType": "Vests", "tags": ["down"],
            "collections": page(json!([{"handle": "vests"}]))}})
}

fn parcel(with_items: bool) -> Value {
    let mut parcel = json!({
        "id": "gid://shopify/Fulfillment/1", "name": "#F1", "displayStatus": "IN_TRANSIT",
        "createdAt": "2026-11-02T10:00:00Z", "inTransitAt": null, "deliveredAt": null, "estimatedDeliveryAt": null,
        "trackingInfo": [{"company": "UPS", "number": "1Z", "url": null}],
        "events": {"nodes": [
            {"status": "LABEL_PRINTED", "happenedAt": "2026-11-02T10:00:00Z", "message": null, "city": null,
             "province": null, "country": null},
            {"status": "IN_TRANSIT", "happenedAt": "2026-11-03T10:00:00Z", "message": "On its way", "city": "Austin",
             "province": "TX", "country": "US"}]},
    });
    if with_items {
        parcel["fulfillmentLineItems"] = page(json!([{"id": "gid://shopify/FulfillmentLineItem/1", "quantity": 2,
            "lineItem": {"id": "gid://shopify/LineItem/1", "title": "Vest"}}]));
    }
    parcel
}

fn claimable(name: &str, email: &str) -> Value {
    json!({"name": name, "email": email, "createdAt": "2026-11-01T10:00:00Z", "cancelledAt": null, "cancelReason": null,
        "displayFulfillmentStatus": "FULFILLED", "shippingLine": null, "shippingAddress": {"countryCodeV2": "US"},
        "fulfillments": [parcel(false)],
        "fulfillmentOrders": page(json!([{"id": "gid://shopify/FulfillmentOrder/2", "status": "ON_HOLD",
            "fulfillAt": null, "fulfillmentHolds": [{"reason": "OTHER", "reasonNotes": "ask Ann"}]}]))})
}

fn claims(nodes: Vec<Value>) -> Say {
    Say::Json(200, json!({"data": {"orders": {"nodes": nodes}}}))
}

pub(super) async fn storefront(script: Vec<Say>) -> (ShopifyStorefront, Server) {
    let server = Server::saying(script).await;
    let storefront = ShopifyStorefront::new(Arc::new(Noon));
    let connection = Connection::new(Arc::new(server.client()), Duration::from_secs(3));
    storefront.connect(&store(), Arc::new(connection));
    (storefront, server)
}

#[tokio::test]
async fn an_order_is_read_field_by_field() {
    let (storefront, server) =
        storefront(vec![shop(&["read_orders"]), orders(vec![order("#FV1", "Beth@Mail.example", "7")])]).await;
    let wanted = number("fv1");
    let found = storefront.orders(&by_email("beth@mail.example"), OrdersWanted::Number(&wanted)).await.unwrap();
    assert_eq!(found.reach, Some("2026-09-22T12:00:00Z".parse().unwrap()), "sixty days without read_all_orders");
    assert_eq!((found.orders.source, found.orders.read_at), ("OrdersOfCustomer", Noon.now()));
    let [order] = found.orders.value.as_slice() else { panic!("one order") };
    assert_eq!(order.fulfillment, FulfillmentState::Other("SOMETHING_NEW".into()));
    assert_eq!((order.total.to_string(), order.original_total), ("$138.30 CAD".to_owned(), order.total));
    let [line] = order.items.as_slice() else { panic!("one line") };
    assert_eq!((line.variant_title.as_deref(), line.sku.as_deref(), line.quantity), (None, None, 2));
    assert_eq!(line.collections, ["vests"]);
    assert_eq!(line.attributes, [("Engraving".to_owned(), "B".to_owned())]);
    let parcel = &order.parcels[0];
    assert_eq!((parcel.status.clone(), parcel.items[0].quantity), (Some(ParcelStatus::InTransit), 2));
    assert_eq!(parcel.events[0].message.as_deref(), Some("On its way"), "newest first");
    assert_eq!(order.pending.len(), 1, "what is closed is not pending");
    assert_eq!(order.pending[0].items[0].remaining, 1);
    assert_eq!(order.returns[0].items.iter().map(|i| i.line.is_some()).collect::<Vec<_>>(), [true, false]);
    assert_eq!(order.refunds[0].transactions[0].status, "PENDING");
    assert_eq!(
        server.asked()[1].body["variables"]["query"],
        "(name:\"#FV1\" OR name:\"FV1\") AND email:\"beth@mail.example\""
    );
}

#[tokio::test]
async fn a_value_that_cannot_be_read_is_an_error_that_names_its_field() {
    for (pointer, value, field) in [
        ("/totalRefundedSet/presentmentMoney/amount", json!("1.005"), "totalRefundedSet"),
        ("/totalRefundedSet/presentmentMoney/currencyCode", json!("ZZQ"), "totalRefundedSet"),
        ("/createdAt", json!("yesterday"), "createdAt"),
        ("/lineItems/nodes/0/quantity", json!(-1), "lineItems.quantity"),
        ("/fulfillments/0/fulfillmentLineItems/nodes/0/quantity", json!(null), "fulfillmentLineItems.quantity"),
        ("/customer/id", json!("gid://shopify/Customer/"), "customer.id"),
    ] {
        let mut broken = order("#FV1", "beth@mail.example", "7");
        *broken.pointer_mut(pointer).expect(pointer) = value;
        let (storefront, _server) = storefront(vec![shop(&[]), orders(vec![broken])]).await;
        let ended = storefront.orders(&by_email("beth@mail.example"), OrdersWanted::Latest(1)).await;
        assert!(matches!(&ended, Err(StorefrontError::Failed(why)) if why.contains(field)), "{pointer}: {ended:?}");
    }
    let mut lost = order("#FV1", "beth@mail.example", "7");
    lost["fulfillments"][0].as_object_mut().unwrap().remove("deliveredAt");
    let (storefront, _server) = storefront(vec![shop(&[]), orders(vec![lost])]).await;
    let ended = storefront.orders(&by_email("beth@mail.example"), OrdersWanted::Latest(1)).await;
    assert!(matches!(&ended, Err(StorefrontError::Failed(why)) if why.contains("deliveredAt")), "{ended:?}");
}

#[tokio::test]
async fn another_customers_order_is_dropped_whatever_the_search_brings() {
    let found = async |customer: CustomerPass, wanted: OrdersWanted<'_>, node: Value| {
        let (storefront, _server) = storefront(vec![shop(&["read_all_orders"]), orders(vec![node])]).await;
        let found = storefront.orders(&customer, wanted).await.unwrap();
        assert_eq!(found.reach, None);
        found.orders.value.len()
    };
    let beth = || by_email("beth@mail.example");
    let seven = || verified(CustomerKey::Id(CustomerId::parse("7").unwrap()));
    let (one, two) = (number("#FV1"), number("#FV2"));
    assert_eq!(found(beth(), OrdersWanted::Latest(5), order("#FV1", "beth@mail.example", "7")).await, 1);
    assert_eq!(found(beth(), OrdersWanted::Latest(5), order("#FV1", "ann@mail.example", "7")).await, 0);
    assert_eq!(
        found(beth(), OrdersWanted::Latest(5), order("#FV1", "bеth@mail.example", "7")).await,
        0,
        "a Cyrillic e"
    );
    assert_eq!(found(seven(), OrdersWanted::Latest(5), order("#FV1", "ann@mail.example", "7")).await, 1);
    assert_eq!(found(seven(), OrdersWanted::Latest(5), order("#FV1", "ann@mail.example", "77")).await, 0);
    assert_eq!(found(seven(), OrdersWanted::Number(&one), order("#fv1", "ann@mail.example", "7")).await, 1);
    assert_eq!(found(seven(), OrdersWanted::Number(&two), order("#FV1", "ann@mail.example", "7")).await, 0);
    let mut nobodys = order("#FV1", "ann@mail.example", "7");
    nobodys["customer"] = Value::Null;
    assert_eq!(found(seven(), OrdersWanted::Latest(5), nobodys).await, 0);
}

#[tokio::test]
async fn a_claim_opens_only_what_has_both_and_asks_the_same_for_every_other() {
    let mut asked = Vec::new();
    for (nodes, opens) in [
        (vec![claimable("#FV1", "beth@mail.example")], true),
        (vec![], false),
        (vec![claimable("#FV1", "ann@mail.example")], false),
        (vec![claimable("#FV12", "beth@mail.example")], false),
        (vec![claimable("#FV12", "beth@mail.example"), claimable("#FV1", "beth@mail.example")], true),
    ] {
        let (storefront, server) = storefront(vec![claims(nodes)]).await;
        let found = storefront.claimed(&claim("#FV1", "beth@mail.example")).await.unwrap();
        assert_eq!(found.is_some(), opens);
        if let Some(read) = found {
            assert_eq!(read.value.number, number("#FV1"));
            assert!(read.value.parcels.iter().all(|p| p.items.is_empty()));
            assert!(read.value.pending.iter().flat_map(|p| &p.holds).all(|h| h.notes.is_none()));
        }
        asked.push(server.asked().into_iter().map(|a| a.body["variables"].clone()).collect::<Vec<_>>());
    }
    assert!(asked.iter().all(|a| a.len() == 1 && *a == asked[0]), "one request, the same for all");
}

#[tokio::test]
async fn facts_are_kept_for_a_moment_and_forgotten_when_told() {
    let script = vec![
        shop(&[]),
        orders(vec![order("#FV1", "beth@mail.example", "7")]),
        orders(vec![]),
        orders(vec![order("#FV1", "beth@mail.example", "7")]),
    ];
    let (storefront, server) = storefront(script).await;
    let (beth, one) = (by_email("beth@mail.example"), number("#FV1"));
    let count = async || {
        let found = storefront.orders(&beth, OrdersWanted::Number(&one)).await.unwrap();
        (found.orders.value.len(), server.asked().len())
    };
    assert_eq!(count().await, (1, 2));
    assert_eq!(count().await, (1, 2), "kept");
    storefront.forget_order(&store(), &Gid("gid://shopify/Order/8".into()));
    assert_eq!(count().await, (1, 2), "another order is not this one");
    storefront.forget_order(&store(), &Gid("gid://shopify/Order/9".into()));
    assert_eq!(count().await, (0, 3));
    storefront.forget_order(&store(), &Gid("gid://shopify/Order/8".into()));
    assert_eq!(count().await, (1, 4), "what was not found may be there now");
    storefront.disconnect(&store());
    assert!(matches!(storefront.orders(&beth, OrdersWanted::Number(&one)).await, Err(StorefrontError::NotConnected)));
}

#[tokio::test]
async fn an_order_with_more_parts_than_usual_is_read_again_alone() {
    let mut large = order("#FV1", "beth@mail.example", "7");
    large["lineItems"]["pageInfo"]["hasNextPage"] = json!(true);
    let script = vec![shop(&[]), orders(vec![large.clone()]), orders(vec![order("#FV1", "beth@mail.example", "7")])];
    let (storefront, server) = storefront(script).await;
    let beth = by_email("beth@mail.example");
    assert_eq!(storefront.orders(&beth, OrdersWanted::Latest(5)).await.unwrap().orders.value.len(), 1);
    let again = &server.asked()[2].body["variables"];
    assert_eq!((&again["query"], &again["lines"]), (&json!("id:9"), &json!(100)));

    let (storefront, _server) =
        super::storefront::storefront(vec![shop(&[]), orders(vec![large.clone()]), orders(vec![large])]).await;
    let ended = storefront.orders(&beth, OrdersWanted::Latest(5)).await;
    assert!(matches!(&ended, Err(StorefrontError::Failed(why)) if why.contains("lineItems")), "{ended:?}");
}

#[tokio::test]
async fn pages_that_are_too_costly_are_halved_and_stay_so() {
    let costly = || Say::Json(200, json!({"errors": [{"message": "x", "extensions": {"code": "MAX_COST_EXCEEDED"}}]}));
    let (storefront, server) = storefront(vec![shop(&[]), costly(), costly(), orders(vec![])]).await;
    storefront.orders(&by_email("beth@mail.example"), OrdersWanted::Latest(9)).await.unwrap();
    let first = |body: &Value| body["variables"]["first"].as_u64();
    let sizes: Vec<_> = server.asked().iter().filter_map(|a| first(&a.body)).collect();
    assert_eq!(sizes, [5, 2, 1]);
}

#[tokio::test]
async fn only_products_that_customers_may_see_are_found() {
    let product = |handle: &str, status: &str, published: Value| {
        json!({"id": format!("gid://shopify/Product/{handle}"), "handle": handle, "title": format!("{handle} vest"),
            "descriptionHtml": "", "status": status, "publishedAt": published, "productType": "Vests", "vendor": "",
            "tags": [], "onlineStoreUrl": null, "updatedAt": "2026-11-01T10:00:00Z",
            "options": [{"name": "Size", "values": ["S"]}], "collections": page(json!([{"handle": "vests"}])),
            "metafields": page(json!([{"namespace": "custom", "key": "care", "type": "t", "value": "Wash",
                "definition": null}])),
            "variants": {"nodes": [{"id": "gid://shopify/ProductVariant/1", "title": "S", "sku": "V-S",
                "selectedOptions": [{"name": "Size", "value": "S"}], "price": "80.00", "compareAtPrice": null,
                "availableForSale": true, "inventoryQuantity": -2, "inventoryPolicy": "CONTINUE",
                "inventoryItem": {"tracked": handle != "untracked"}}],
                "pageInfo": {"hasNextPage": false, "endCursor": null}}})
    };
    let when = json!("2026-01-01T00:00:00Z");
    let nodes = vec![
        product("untracked", "ACTIVE", when.clone()),
        product("shown", "ACTIVE", when.clone()),
        product("draft", "DRAFT", when.clone()),
        product("unlisted", "UNLISTED", when),
        product("unpublished", "ACTIVE", Value::Null),
    ];
    let answer = || Say::Json(200, json!({"data": {"products": {"nodes": nodes.clone()}}}));
    let nothing = Say::Json(200, json!({"data": {"products": {"nodes": []}}}));
    let (storefront, server) = storefront(vec![shop(&[]), answer(), nothing, answer()]).await;
    let handles = ["shown", "draft", "untracked", "other"].map(String::from);
    let found = storefront.products(&pass(), ProductsWanted::Handles(&handles)).await.unwrap().value;
    assert_eq!(found.iter().map(|p| p.handle.as_str()).collect::<Vec<_>>(), ["shown", "untracked"]);
    let variant = &found[0].variants[0];
    assert_eq!((variant.stock, variant.oversell, variant.price.to_string()), (Some(-2), true, "$80.00".to_owned()));
    assert_eq!(found[1].variants[0].stock, None, "not tracked");
    assert_eq!(found[0].metafields, [("custom.care".to_owned(), "Wash".to_owned())]);

    let found = storefront.products(&pass(), ProductsWanted::Words("\"shown\" vest* OR tag:vip")).await.unwrap().value;
    assert_eq!(found[0].handle, "shown", "it has both words in its title");
    let queries: Vec<_> =
        server.asked().iter().filter_map(|a| a.body["variables"]["query"].as_str().map(str::to_owned)).collect();
    let words = ["\"shown\"", "\"vest\"", "\"or\"", "\"tag\"", "\"vip\""];
    assert_eq!(queries[1], format!("{} AND status:active", words.join(" AND ")));
    assert_eq!(queries[2], format!("({}) AND status:active", words.join(" OR ")));
}
