//! What a question says of who asks it: Shopify's signature, the merchant's token, a claim.

use super::*;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Noon, when the test's clock begins.
const NOW: i64 = 1_795_262_400;
const SECRET: &str = "a secret of thirty-two bytes, one";
const SETTINGS: &str = "[shopify]\nshop = \"STORE.myshopify.com\"\nclient_id = \"id\"\nclient_secret = \"hush-STORE\"\n\
    [identity]\napp_proxy = true\ntokens = [{ key_id = \"k1\", secret = \"a secret of thirty-two bytes, STORE\" }]\n";

async fn start(change: impl FnOnce(&mut tests::app::Setup)) -> TestApp {
    TestApp::with(|setup| {
        for store in ["one", "two"] {
            setup.settings(store, &SETTINGS.replace("STORE", store));
        }
        change(setup);
    })
    .await
}

fn hmac(secret: &str, text: &str) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(text);
    mac.finalize().into_bytes().to_vec()
}

/// The path as Shopify forwards it, signed by hand.
fn proxied(store: &str, customer: &str, signed_at: i64, secret: &str) -> String {
    let shop = format!("{store}.myshopify.com");
    let text = format!("logged_in_customer_id={customer}path_prefix=/apps/helpshop={shop}timestamp={signed_at}");
    let signature = hex::encode(hmac(secret, &text));
    format!(
        "/v1/stores/{store}/proxy/ask?shop={shop}&logged_in_customer_id={customer}&path_prefix=%2Fapps%2Fhelp\
         &timestamp={signed_at}&signature={signature}"
    )
}

fn token(claims: &Value, secret: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(&json!({ "alg": "HS256", "kid": "k1" })), part(claims));
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(hmac(secret, &message)))
}

#[tokio::test]
async fn shopifys_signature_is_a_key_and_names_the_customer() {
    let log = LogCapture::start();
    let app = start(|_| {}).await;
    let visitor = app.nobody();
    for (customer, tier) in [("", "Anonymous"), ("6940095564", "Verified")] {
        let answered = ask_as(&visitor, &proxied("one", customer, NOW, "hush-one"), &json!({})).await;
        assert_eq!(answered.status, StatusCode::OK, "{}", answered.text);
        assert!(answered.text.contains("30 days"), "the page of store one: {}", answered.text);
        assert_eq!(last_tier(&log), tier);
    }
    let claim = json!({ "claim": { "order_number": "#1001", "email": BETH } });
    assert_eq!(ask_as(&visitor, &proxied("one", "", NOW, "hush-one"), &claim).await.status, StatusCode::OK);
    assert_eq!(last_tier(&log), "Claimed");
    // Who is logged in is said by Shopify alone.
    let both = ask_as(&visitor, &proxied("one", "6940095564", NOW, "hush-one"), &claim).await;
    assert_eq!(
        (refusal(&both), &both.json()["errors"][0]["field"]),
        (refused(400, "invalid-request"), &json!("claim"))
    );

    let path = proxied("one", "6940095564", NOW, "hush-one");
    let mut bodies = Vec::new();
    for path in [
        path.replace("6940095564", "6940095565"),
        path.split('?').next().unwrap().to_owned(),
        proxied("one", "6940095564", NOW - 91, "hush-one"),
        proxied("one", "6940095564", NOW + 91, "hush-one"),
        proxied("one", "6940095564", NOW, "hush-two"),
        // Signed by the other store's app, and for the other store.
        proxied("two", "6940095564", NOW, "hush-two").replace("stores/two", "stores/one"),
        path.replace("stores/one", "stores/nobody"),
        path.replace("stores/one", "stores/%20"),
    ] {
        let response = ask_as(&visitor, &path, &json!({})).await;
        assert_eq!(refusal(&response), refused(401, "identity-refused"), "{path}");
        bodies.push(response.text);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "the same to whoever guesses");
    // A store's key is no signature.
    let keyed = ask_as(&app.agent("one").await, path.split('?').next().unwrap(), &json!({})).await;
    assert_eq!(refusal(&keyed), refused(401, "identity-refused"));
    let text = log.text();
    assert!(!text.contains("6940095564") && !text.contains("hush-one") && !text.contains("signature="), "{text}");
}

#[tokio::test]
async fn the_proxys_door_is_counted() {
    let app = start(|setup| setup.identity.proxied_per_store = 2).await;
    let path = proxied("one", "", NOW, "hush-one");
    for _ in 0..2 {
        assert_eq!(ask_as(&app.nobody(), &path, &json!({})).await.status, StatusCode::OK);
    }
    let over = ask_as(&app.nobody(), &path, &json!({})).await;
    assert_eq!((refusal(&over), over.header("retry-after")), (refused(429, "too-many-tries"), Some("60")));
    assert_eq!(
        ask_as(&app.nobody(), &path.replace("timestamp=", "timestamp=0"), &json!({})).await.status,
        StatusCode::UNAUTHORIZED
    );
    let other = ask_as(&app.nobody(), &proxied("two", "", NOW, "hush-two"), &json!({})).await;
    assert_eq!(other.status, StatusCode::OK);
}

#[tokio::test]
async fn a_token_of_the_merchants_site_is_good_in_its_own_store() {
    let log = LogCapture::start();
    let app = start(|_| {}).await;
    let (shop, elsewhere) = (app.storefront("one").await, app.storefront("two").await);
    let claims = json!({ "iss": "one", "aud": "shopclerk", "sub": "6940095564", "exp": NOW + 600 });
    let good = json!({ "customer_token": token(&claims, SECRET) });
    assert_eq!(ask_as(&shop, "/v1/ask", &good).await.status, StatusCode::OK);
    assert_eq!(last_tier(&log), "Verified");
    assert_eq!(ask_as(&shop, "/v1/stores/one/ask", &good).await.status, StatusCode::OK);
    let late = json!({ "customer_token": token(&json!({ "iss": "one", "aud": "shopclerk", "sub": "1", "exp": NOW }), SECRET) });
    let foreign = json!({ "customer_token": token(&claims, &SECRET.replace("one", "two")) });
    let none = json!({ "customer_token": "" });
    for (caller, who) in [(&elsewhere, &good), (&shop, &late), (&shop, &foreign), (&shop, &none)] {
        let response = ask_as(caller, "/v1/ask", who).await;
        assert_eq!(refusal(&response), refused(401, "identity-refused"), "never silently anonymous");
    }
    // A store without keys believes no token.
    let bare = TestApp::start().await;
    let response = ask_as(&bare.storefront("one").await, "/v1/ask", &good).await;
    assert_eq!(refusal(&response), refused(401, "identity-refused"));
}

#[tokio::test]
async fn what_contradicts_itself_is_named() {
    let log = LogCapture::start();
    let app = start(|setup| {
        let closed = SETTINGS.replace("STORE", "two").replace("[identity]", "[identity]\nclaim = false");
        setup.settings("two", &closed);
    })
    .await;
    let shop = app.storefront("one").await;
    let claim = json!({ "order_number": "fv10234", "email": BETH });
    assert_eq!(ask_as(&shop, "/v1/ask", &json!({ "claim": claim })).await.status, StatusCode::OK);
    assert_eq!(last_tier(&log), "Claimed");
    for (who, field) in [
        (json!({ "customer_token": "a", "customer_session": "b" }), "customer_session"),
        (json!({ "customer_token": "a", "claim": claim }), "claim"),
        (json!({ "customer_session": "a", "claim": claim }), "claim"),
        (json!({ "claim": { "order_number": "#1001 OR name:#1002", "email": BETH } }), "claim.order_number"),
        (json!({ "claim": { "order_number": "#1001", "email": "b" } }), "claim.email"),
        (json!({ "claim": { "order_number": "#1001" } }), "claim.email"),
        (json!({ "customer_session": "a", "conversation_id": null }), "conversation_id"),
        (json!({ "customer_token": 7 }), "customer_token"),
    ] {
        let response = ask_as(&shop, "/v1/ask", &who).await;
        assert_eq!(refusal(&response), refused(400, "invalid-request"), "{who}");
        assert_eq!(response.json()["errors"][0]["field"], field, "{}", response.text);
    }
    let closed = ask_as(&app.storefront("two").await, "/v1/ask", &json!({ "claim": claim })).await;
    assert_eq!(
        (refusal(&closed), &closed.json()["errors"][0]["field"]),
        (refused(400, "invalid-request"), &json!("claim"))
    );
}
