//! What is logged of a request, and what never is.

use super::{EVENTS, JSON, TestApp};
use axum::http::Method;
use serde_json::json;
use tests::log_capture::LogCapture;

#[tokio::test]
async fn the_log_holds_no_word_of_a_customer() {
    let log = LogCapture::start();
    let app = TestApp::start().await;
    let key = app.key("one", engine::Role::Agent).await;
    let shop = app.with_key(&key);
    let secrets = ["zebrafinch", "jo.doe@example.com", "4111 1111 1111 1111", key.as_str()];
    let said = format!("Can I return my {}? I am {}, card {}", secrets[0], secrets[1], secrets[2]);
    let history = json!([{ "role": "customer", "text": said }]);
    for question in [said.as_str(), "How many days do I have to return an item?"] {
        let body = json!({ "question": question, "history": history }).to_string();
        shop.send(Method::POST, "/v1/ask", &[JSON], &body).await;
        shop.send(Method::POST, "/v1/ask", &[JSON, EVENTS], &body).await;
    }
    // Errors, and words in places where they do not belong.
    shop.send(Method::POST, "/v1/ask", &[JSON], &format!("{{\"{}\": 1}}", secrets[1])).await;
    shop.send(Method::GET, &format!("/v1/{}?q={}", secrets[1], secrets[0]), &[], "").await;
    shop.send(Method::GET, &format!("/v1/stores/one/handoffs/{}", secrets[0]), &[], "").await;

    let text = log.text();
    for secret in secrets {
        assert!(!text.contains(secret), "{secret} was logged");
    }
    let answered = log.lines("question answered");
    assert_eq!(answered.len(), 4, "{text}");
    assert!(
        answered.iter().any(|l| l["fields"]["reply.type"] == "handoff" && l["fields"]["handoff.reason"].is_string())
    );
    for line in &answered {
        assert_eq!(line["fields"]["store.id"], "one");
        assert!(line["fields"]["duration_ms"].is_f64());
        assert_eq!(line["span"]["http.route"], "/v1/ask");
        assert!(line["span"]["request.id"].is_string());
    }
    assert_eq!(log.lines("request done").len(), 7);
}
