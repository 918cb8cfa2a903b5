//! Who may ask what, and what comes.

use super::store::{Store, each, fixture, gid, write};
use api::sandbox::{FOREIGN_CLIENT, Fixture, Options};
use ingest::shopify::operations::OPERATIONS;
use jiff::SignedDuration;
use serde_json::{Value, json};

const SHOP: &str = "{ shop { name } }";

#[tokio::test]
async fn versions_tokens_and_content_types() {
    let store = Store::open().await;
    for (version, status, served) in [
        ("2026-07", 200, Some("2026-07")),
        ("2026-10", 200, Some("2026-10")),
        ("2025-04", 200, Some("2026-07")),
        ("2027-01", 404, None),
        ("latest", 404, None),
    ] {
        let request = store.post(&format!("/admin/api/{version}/graphql.json"));
        let request = request.header("x-shopify-access-token", "test-token").json(&json!({"query": SHOP}));
        let reply = request.send().await.unwrap();
        let header = reply.headers().get("x-shopify-api-version").map(|v| v.to_str().unwrap().to_owned());
        assert_eq!((reply.status().as_u16(), header.as_deref()), (status, served), "{version}");
    }
    for (token, content_type, body, status) in [
        (None, "application/json", "{}", 401),
        (Some("wrong"), "application/json", "{}", 401),
        (Some("test-token"), "application/json; charset=utf-8", r#"{"query":"{shop{name}}"}"#, 200),
        (Some("test-token"), "application/graphql", SHOP, 200),
        (Some("test-token"), "text/plain", SHOP, 415),
        (Some("test-token"), "application/json", "{", 400),
    ] {
        let mut request = store.post("/admin/api/2026-07/graphql.json").header("content-type", content_type);
        if let Some(token) = token {
            request = request.header("x-shopify-access-token", token);
        }
        assert_eq!(request.body(body).send().await.unwrap().status(), status, "{token:?} {content_type} {body}");
    }
}

#[tokio::test]
async fn client_credentials_give_a_token_of_a_day() {
    let store = Store::open().await;
    let good =
        json!({"grant_type": "client_credentials", "client_id": "test-client", "client_secret": "test-client-secret"});
    for (change, error) in [
        (("client_secret", "wrong"), "invalid_client"),
        (("client_id", FOREIGN_CLIENT), "shop_not_permitted"),
        (("grant_type", "password"), "unsupported_grant_type"),
    ] {
        let mut body = good.clone();
        body[change.0] = change.1.into();
        let reply = store.post("/admin/oauth/access_token").json(&body).send().await.unwrap();
        assert!(reply.status().is_client_error());
        assert_eq!(reply.json::<Value>().await.unwrap()["error"], error);
    }
    let form = "grant_type=client_credentials&client_id=test%2Dclient&client_secret=test-client-secret";
    let form =
        store.post("/admin/oauth/access_token").header("content-type", "application/x-www-form-urlencoded").body(form);
    for request in [form, store.post("/admin/oauth/access_token").json(&good)] {
        let granted: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(granted["expires_in"], 86_399);
        assert!(granted["scope"].as_str().unwrap().contains("read_orders"));
        let token = granted["access_token"].as_str().unwrap().to_owned();
        let try_it = || async {
            let request = store.post("/admin/api/2026-07/graphql.json").header("x-shopify-access-token", &token);
            request.json(&json!({"query": SHOP})).send().await.unwrap().status().as_u16()
        };
        assert_eq!(try_it().await, 200);
        store.running.advance(SignedDuration::from_secs(86_400));
        assert_eq!(try_it().await, 401);
    }
}

#[tokio::test]
async fn scopes_open_types() {
    let store = Store::open().await;
    let order = gid("Order", 1001);
    let customer_of = format!(r#"{{ order(id: "{order}") {{ name customer {{ id }} }} }}"#);
    let any = format!(r#"{{ node(id: "{order}") {{ id }} }}"#);
    for (scopes, query, path, access) in [
        (vec!["read_products"], "{ orders(first: 1) { nodes { id } } }", json!(["orders"]), "read_orders"),
        (vec!["read_orders"], &customer_of, json!(["order", "customer"]), "read_customers"),
        (vec!["read_products"], &any, json!(["node"]), "read_orders"),
        (
            vec!["read_orders"],
            "{ orders(first: 1) { nodes { fulfillmentOrders(first: 1) { nodes { id } } } } }",
            json!(["orders", "nodes", 0, "fulfillmentOrders"]),
            "read_merchant_managed_fulfillment_orders",
        ),
        (vec![], "{ shop { shopPolicies { id } } }", json!(["shop", "shopPolicies"]), "read_legal_policies"),
        (vec![], "{ pages(first: 1) { nodes { id } } }", json!(["pages"]), "read_content"),
        (vec!["read_orders"], "{ giftCards(first: 1) { nodes { id } } }", json!(["giftCards"]), "read_gift_cards"),
        (
            vec!["read_customers"],
            r#"{ customerByIdentifier(identifier: {emailAddress: "alice@example.com"}) { storeCreditAccounts(first: 1) { nodes { id } } } }"#,
            json!(["customerByIdentifier", "storeCreditAccounts"]),
            "read_store_credit_accounts",
        ),
        (
            vec!["read_orders"],
            r#"mutation { orderUpdate(input: {id: "x"}) { order { id } } }"#,
            json!(["orderUpdate"]),
            "write_orders",
        ),
    ] {
        store.running.set_scopes(&scopes);
        let reply = store.ask(query, json!({})).await;
        let error = &reply["errors"][0];
        assert_eq!(error["extensions"]["code"], "ACCESS_DENIED", "{query}: {reply}");
        assert_eq!(error["path"], path, "{query}");
        let required = error["extensions"]["requiredAccess"].as_str().unwrap();
        assert!(required.contains(&format!("`{access}` access scope")), "{required}");
        let field = path.as_array().unwrap().iter().filter_map(Value::as_str).next_back().unwrap();
        assert_eq!(error["message"], format!("Access denied for {field} field. Required access: {required}"));
    }
    // What may be null is null, and the rest of the reply is there.
    store.running.set_scopes(&["read_orders"]);
    let reply = store.ask(&customer_of, json!({})).await;
    assert_eq!(reply["data"]["order"], json!({"name": "#1001", "customer": null}));
}

#[tokio::test]
async fn sixty_days_without_read_all_orders() {
    let store = Store::open().await;
    let all = r#"{ orders(first: 9) { nodes { name } } refund(id: "gid://shopify/Refund/1") { id }
        order(id: "gid://shopify/Order/1003") { id } customer(id: "gid://shopify/Customer/7001") { orders(first: 9) { nodes { name } } } }"#;
    let data = store.data(all, json!({})).await;
    assert_eq!(each(&data["orders"]["nodes"], "name"), ["#1003", "#1001", "#1002"]);
    assert_eq!(each(&data["customer"]["orders"]["nodes"], "name"), ["#1001", "#1003"]);
    assert!(data["order"].is_object() && data["refund"].is_object());
    store.running.set_scopes(&["read_orders", "read_customers"]);
    let data = store.data(all, json!({})).await;
    assert_eq!(each(&data["orders"]["nodes"], "name"), ["#1001", "#1002"]);
    assert_eq!(each(&data["customer"]["orders"]["nodes"], "name"), ["#1001"]);
    assert!(data["order"].is_null() && data["refund"].is_null());
}

#[tokio::test]
async fn points_are_taken_and_come_back() {
    let store = Store::with(Options { bucket: (100.0, 40.0), ..Options::default() }).await;
    // The one cost that a published reply of Shopify's shows.
    let known = r#"{ product(id: "gid://shopify/Product/1") { variants(first: 250) { nodes { inventoryItem { id tracked } } } } }"#;
    let reply = store.ask(known, json!({})).await;
    let cost = &reply["extensions"]["cost"];
    assert_eq!((&cost["requestedQueryCost"], &cost["actualQueryCost"]), (&json!(25), &json!(0)));
    assert_eq!(
        cost["throttleStatus"],
        json!({"maximumAvailable": 100.0, "currentlyAvailable": 100, "restoreRate": 40.0})
    );

    store.running.drain_bucket();
    let throttled = store.ask(known, json!({})).await;
    assert_eq!(throttled["errors"][0]["extensions"]["code"], "THROTTLED");
    assert!(throttled.get("data").is_none() && throttled["extensions"]["cost"]["actualQueryCost"].is_null());
    assert!(throttled["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"].as_u64().unwrap() < 25);
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    assert!(store.ask(known, json!({})).await.get("errors").is_none());

    let dear = "{ orders(first: 250) { nodes { lineItems(first: 250) { nodes { product { variants(first: 250) { nodes { id } } } } } } } }";
    assert_eq!(store.ask(dear, json!({})).await["errors"][0]["extensions"]["code"], "MAX_COST_EXCEEDED");
}

#[tokio::test]
async fn pages_by_cursor() {
    let store = Store::open().await;
    for n in 3..=7 {
        let customer = json!({"id": gid("Customer", 7000 + n), "email": format!("c{n}@example.com"), "updatedAt": format!("2026-11-{n:02}T00:00:00Z")});
        store.running.put("Customer", customer).unwrap();
    }
    let page = async |arguments: &str| {
        let query = format!(
            "{{ customers({arguments}) {{ edges {{ cursor node {{ id }} }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"
        );
        let data = store.data(&query, json!({})).await;
        let edges = data["customers"]["edges"].as_array().unwrap().clone();
        let ids: Vec<u64> = edges
            .iter()
            .map(|e| e["node"]["id"].as_str().unwrap().rsplit('/').next().unwrap().parse().unwrap())
            .collect();
        (ids, data["customers"]["pageInfo"].clone())
    };
    let (ids, info) = page("first: 3, sortKey: UPDATED_AT").await;
    assert_eq!(
        (ids, &info["hasNextPage"], &info["hasPreviousPage"]),
        (vec![7001, 7002, 7003], &json!(true), &json!(false))
    );
    let end = info["endCursor"].as_str().unwrap();
    // Neither the node of the cursor nor one before it needs to be there any more.
    for gone in [7001, 7003] {
        store.running.delete(&gid("Customer", gone));
    }
    let (ids, info) = page(&format!("first: 3, sortKey: UPDATED_AT, after: \"{end}\"")).await;
    assert_eq!(
        (ids, &info["hasNextPage"], &info["hasPreviousPage"]),
        (vec![7004, 7005, 7006], &json!(true), &json!(true))
    );
    let start = info["startCursor"].as_str().unwrap();
    let (ids, info) = page(&format!("last: 1, sortKey: UPDATED_AT, before: \"{start}\"")).await;
    assert_eq!((ids, &info["hasNextPage"], &info["hasPreviousPage"]), (vec![7002], &json!(true), &json!(false)));
    let (ids, _) = page(&format!("first: 9, sortKey: UPDATED_AT, reverse: true, after: \"{start}\"")).await;
    assert_eq!(ids, [7002]);

    for (arguments, message) in [
        ("", "you must provide one of first or last"),
        ("(first: 1, last: 1)", "providing both first and last is not supported"),
        ("(first: 251)", "first must be a number from 0 to 250"),
        ("(first: 1, after: \"nonsense\")", "Invalid cursor for current pagination sort."),
    ] {
        let reply = store.ask(&format!("{{ customers{arguments} {{ nodes {{ id }} }} }}"), json!({})).await;
        assert_eq!(reply["errors"][0]["message"], message);
        assert_eq!(reply["errors"][0]["extensions"]["code"], "BAD_REQUEST");
    }
}

#[tokio::test]
async fn searches() {
    let store = Store::open().await;
    let check = async |list: &str, key: &str, query: &str, expect: &[&str]| {
        let text = format!("query($q: String!) {{ {list}(first: 9, query: $q) {{ nodes {{ {key} }} }} }}");
        let data = store.data(&text, json!({"q": query})).await;
        let mut found = each(&data[list]["nodes"], key);
        found.sort();
        assert_eq!(found, expect, "{list}: {query}");
    };
    for (query, expect) in [
        ("name:1001", &["#1001"][..]),
        ("name:\"#1001\"", &["#1001"]),
        ("name:#1001 AND email:bob@example.org", &[]),
        ("name:100*", &["#1001", "#1002", "#1003"]),
        ("#1002", &["#1002"]),
        ("alice", &["#1001", "#1003"]),
        ("email:\"alice@example.com\"", &["#1001", "#1003"]),
        ("customer_id:7002", &["#1002"]),
        ("customer_id:7001 -name:1001", &["#1003"]),
        ("NOT customer_id:7001", &["#1002"]),
        ("created_at:>'2026-11-15'", &["#1002"]),
        ("created_at:<=2026-08", &["#1003"]),
        ("created_at:>=2026-08-01T10:00:00Z created_at:<2026-11-18T10:00:00Z", &["#1001", "#1003"]),
        ("financial_status:paid", &["#1001", "#1002"]),
        ("financial_status:paid,partially_refunded", &["#1001", "#1002", "#1003"]),
        ("fulfillment_status:shipped", &["#1001", "#1003"]),
        ("fulfillment_status:on_hold OR return_status:returned", &["#1002", "#1003"]),
        ("status:open", &["#1001", "#1002"]),
        ("status:closed", &["#1003"]),
        ("tag:gift", &["#1001"]),
        ("sku:SKU802-S", &["#1002"]),
        ("confirmation_number:abc123", &["#1003"]),
        ("(tag:gift OR customer_id:7002) AND status:open", &["#1001", "#1002"]),
        ("", &["#1001", "#1002", "#1003"]),
    ] {
        check("orders", "name", query, expect).await;
    }
    for (query, expect) in [
        ("tent", &["Rain Tent"][..]),
        ("title:rain title:tent", &["Rain Tent"]),
        ("title:\"tent rain\"", &[]),
        ("title:ra*", &["Rain Tent"]),
        (r"stove\ \(gas\)", &["Stove (Gas)"]),
        ("sku:SKU803-M", &["Stove (Gas)"]),
        ("vendor:Fjell -tag:sale", &["Snow Boot"]),
        ("tag:'boots,cooking'", &["Snow Boot", "Stove (Gas)"]),
        ("handle:rain-tent", &["Rain Tent"]),
        ("product_type:gear id:>801", &["Snow Boot", "Stove (Gas)"]),
        ("status:draft", &[]),
        ("updated_at:>'2026-10-02T00:00:00Z'", &["Stove (Gas)"]),
    ] {
        check("products", "title", query, expect).await;
    }
    check("customers", "firstName", "email:example.com", &["Alice"]).await;
    check("customers", "firstName", "updated_at:>=2026-11-02", &["Bob"]).await;
    check("pages", "title", "updated_at:<2026-06-01", &["About"]).await;
    check("articles", "title", "title:news", &["News"]).await;
}

/// What a client has to guard against: text that brings terms of its own, and terms that are left out.
#[tokio::test]
async fn text_that_is_not_escaped_injects() {
    let store = Store::open().await;
    let find = "query($q: String!) { orders(first: 9, query: $q) { nodes { name } } }";
    let typed = "#1001 OR name:#1002";
    let names = async |query: String| each(&store.data(find, json!({"q": query})).await["orders"]["nodes"], "name");
    assert_eq!(names(format!("name:{typed}")).await, ["#1001", "#1002"]);
    assert_eq!(names(format!("name:\"{typed}\"")).await, Vec::<String>::new());
    assert_eq!(names("name:\"#1001\" OR name:\"#1002\"".into()).await, ["#1001", "#1002"]);
    assert_eq!(names(r##"name:"#1001\" OR name:\"#1002""##.into()).await, Vec::<String>::new());

    let reply = store.ask(find, json!({"q": "nmae:1001 created_at:soon tag:gift"})).await;
    assert_eq!(each(&reply["data"]["orders"]["nodes"], "name"), ["#1001"]);
    let warnings = &reply["extensions"]["search"][0]["warnings"];
    assert_eq!(
        (each(warnings, "field"), each(warnings, "code")),
        (vec!["nmae".into(), "created_at".into()], vec!["invalid_field".into(), "invalid_value".into()])
    );
}

#[tokio::test]
async fn what_is_not_valid_is_not_run() {
    let store = Store::open().await;
    for (query, variables, code) in [
        ("{ shop { nmae } }", json!({}), "undefinedField"),
        ("{ shop(id: 1) { name } }", json!({}), "undefinedArgument"),
        ("query($a: Int!) { orders(first: $a) { nodes { id } } }", json!({"a": "ten"}), "INVALID_VARIABLE"),
        ("query($a: String) { orders(first: $a) { nodes { id } } }", json!({}), "disallowedVariableUsage"),
        ("{ shop { name }", json!({}), "parseError"),
    ] {
        let reply = store.ask(query, variables).await;
        let errors = reply["errors"].as_array().unwrap();
        assert!(
            errors.iter().any(|e| e["extensions"]["code"] == code && e["locations"].is_array()),
            "{query}: {reply}"
        );
        assert!(reply.get("data").is_none());
    }
    // A hole where the schema wants a value.
    store.running.put("Page", json!({"id": gid("Page", 1), "title": null})).unwrap();
    let reply = store.ask("{ pages(first: 1) { nodes { title } } }", json!({})).await;
    assert_eq!(reply["errors"][0]["path"], json!(["pages", "nodes", 0, "title"]));
    assert!(reply["data"].is_null());
}

/// Everything that shopclerk asks, with variables that find something.
#[tokio::test]
async fn every_operation_runs() {
    let store = Store::open().await;
    let order = gid("Order", 1001);
    let address =
        json!({"firstName": "Ann", "address1": "2 Road", "city": "Town", "countryCode": "US", "zip": "12345"});
    let subscription = json!({"topic": "PRODUCTS_UPDATE", "webhookSubscription": {"uri": "http://127.0.0.1:9/hooks"}});
    let made = store.data(operation("WebhookSubscriptionCreate"), subscription.clone()).await;
    let made = made["webhookSubscriptionCreate"]["webhookSubscription"]["id"].clone();
    let bulk = store.data(operation("BulkRun"), json!({"query": operation("BulkProducts")})).await;
    let bulk = bulk["bulkOperationRunQuery"]["bulkOperation"]["id"].clone();
    // The text of a bulk operation names no page size, so it runs as one only.
    for (name, document) in OPERATIONS.iter().filter(|(name, _)| *name != "BulkProducts") {
        let variables = match *name {
            "OrdersOfCustomer" => {
                json!({"query": "customer_id:7001", "first": 2, "lines": 10, "parts": 4, "payments": 6})
            }
            "OrderByClaim" => json!({"query": "name:1001", "first": 2, "parts": 5}),
            "CustomerByKey" => json!({"identifier": {"emailAddress": "alice@example.com"}}),
            "GiftCardsOfCustomer" => json!({"query": "customer_id:7001", "first": 5}),
            "StoreCreditOfCustomer" => json!({"id": gid("Customer", 7001), "first": 5}),
            "ProductsByQuery" => {
                json!({"query": "tent", "first": 5, "variants": 10, "metafields": ["custom.material"]})
            }
            "ProductsByIds" => json!({"ids": [gid("Product", 801)], "variants": 10, "metafields": ["custom.material"]}),
            "ProductVariants" => json!({"id": gid("Product", 801), "variants": 1}),
            "ChangedProducts" => json!({"query": "updated_at:>2026-01-01", "first": 5}),
            "BulkRun" => json!({"query": operation("BulkProducts")}),
            "BulkStatus" => json!({"id": bulk}),
            "Pages" | "Articles" | "WebhookSubscriptions" => json!({"first": 5}),
            "WebhookSubscriptionCreate" => {
                json!({"topic": "ORDERS_UPDATED", "webhookSubscription": {"uri": "http://127.0.0.1:9/hooks"}})
            }
            "WebhookSubscriptionDelete" => json!({"id": made}),
            "ReturnRequest" => {
                json!({"input": {"orderId": order, "returnLineItems": [{"fulfillmentLineItemId": gid("FulfillmentLineItem", 1), "quantity": 1}]}})
            }
            "OrderCancel" => {
                json!({"orderId": gid("Order", 1002), "reason": "CUSTOMER", "restock": true, "notifyCustomer": false})
            }
            "OrderUpdate" => json!({"input": {"id": order, "shippingAddress": address}}),
            "OrderPayments" | "OrderState" => json!({"id": order}),
            "OrderNames" => json!({"query": "customer_id:7001", "first": 5}),
            "RefundCreate" => {
                json!({"input": {"orderId": order, "transactions": [{"orderId": order, "amount": "5.00", "gateway": "shopify_payments", "kind": "REFUND"}]}, "key": "k"})
            }
            _ => json!({}),
        };
        let request = store.post("/admin/api/2026-07/graphql.json").header("x-shopify-access-token", "test-token");
        let body = json!({"query": document, "variables": variables, "operationName": name});
        let reply: Value = request.json(&body).send().await.unwrap().json().await.unwrap();
        assert!(reply.get("errors").is_none(), "{name}: {reply:#}");
        let text = reply["data"].to_string();
        assert!(!text.contains("rrors\":[{"), "user errors of {name}: {text}");
        if *name != "ShopInfo" {
            assert!(text.contains("gid://") || text.contains("\"name\":\"#1001\""), "{name} found nothing: {text}");
        }
    }
    for _ in 0..200 {
        let status = store.data(operation("BulkStatus"), json!({"id": bulk})).await["bulkOperation"].clone();
        if status["status"] == "COMPLETED" {
            // Three products with two variants and one metafield each.
            assert_eq!(status["objectCount"], "12");
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the bulk operation does not end");
}

fn operation(name: &str) -> &'static str {
    OPERATIONS.iter().find(|(n, _)| *n == name).expect("an operation of that name").1
}

#[test]
fn a_fixture_that_is_wrong_is_not_served() {
    let dir = tempfile::TempDir::new().unwrap();
    let mut files = fixture();
    for (name, lines) in &mut files {
        match *name {
            "orders.jsonl" => {
                lines[0]["lineItems"][0]["quantity"] = json!("two");
                lines[1]["displayFinancialStatus"] = json!("PAYED");
                lines[2]["customer"] = json!(gid("Customer", 1));
            }
            "products.jsonl" => lines.push(json!(["no", "object"])),
            "customers.jsonl" => lines[1]["createdAt"] = json!("yesterday"),
            _ => {}
        }
    }
    write(dir.path(), &files);
    let said = Fixture::load(dir.path()).unwrap_err().to_string();
    for expect in [
        "orders.jsonl:1: lineItems[0].quantity: \"two\" is no Int",
        "orders.jsonl:2: displayFinancialStatus: \"PAYED\" is not one of OrderDisplayFinancialStatus",
        "orders.jsonl:3: customer: gid://shopify/Customer/1 is not in this fixture",
        "products.jsonl:4: not a JSON object",
        "customers.jsonl:2: createdAt: \"yesterday\" is no DateTime",
    ] {
        assert!(said.contains(expect), "{expect}\nis not in\n{said}");
    }
    files[4].1 = vec![json!({"id": gid("Order", 1), "name": 5}); 30];
    write(dir.path(), &files);
    let said = Fixture::load(dir.path()).unwrap_err().to_string();
    assert!(said.contains("more") && said.lines().count() <= 22, "{said}");
}

#[test]
fn the_leaner_shape_is_read_too() {
    let dir = tempfile::TempDir::new().unwrap();
    let order = json!({
        "id": "55", "name": "#W55", "customer_id": "ann_1", "email": "ann@example.com", "status": "delivered",
        "financial_status": "paid", "fulfillment_status": "fulfilled", "cancelled": false, "total_price": "30.00",
        "shipping_address": {"address1": "1 Road", "city": "Town", "country": "USA", "state": "TX", "zip": "1"},
        "line_items": [{"variant_id": "21", "product_id": "2", "title": "Mug", "variant_title": "red", "price": "15.00", "quantity": 2}],
        "fulfillments": [{"tracking_numbers": ["T1"], "variant_ids": ["21"], "shipment_status": "delivered"}],
    });
    write(
        dir.path(),
        &[
            ("orders.jsonl", vec![order.clone()]),
            (
                "customers.jsonl",
                vec![json!({"id": "ann_1", "email": "ann@example.com", "first_name": "Ann", "last_name": "A"})],
            ),
            (
                "products.jsonl",
                vec![
                    json!({"id": "2", "title": "Mug", "handle": "mug", "options": [{"name": "color", "values": ["red"]}],
            "variants": [{"id": "21", "title": "red", "sku": "21", "price": "15.00", "available": true, "options": {"color": "red"}}]}),
                ],
            ),
        ],
    );
    Fixture::load(dir.path()).unwrap_or_else(|e| panic!("{e}"));
    let mut bad = order;
    bad["line_items"][0]["price"] = Value::Null;
    write(dir.path(), &[("orders.jsonl", vec![bad])]);
    let said = Fixture::load(dir.path()).unwrap_err().to_string();
    assert!(said.contains("orders.jsonl:1: price: is missing or of another kind"), "{said}");
}
