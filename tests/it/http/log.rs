//! What is logged of a request, and what never is.

use super::{EVENTS, JSON, TestApp};
use api::config::{Log, LogFormat};
use axum::http::Method;
use serde_json::{Value, json};
use std::{
    io::Write,
    sync::{Arc, Mutex},
};

#[derive(Clone, Default)]
struct Capture(Arc<Mutex<Vec<u8>>>);

impl Write for Capture {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_holds_no_word_of_a_customer() {
    let capture = Capture::default();
    let writer = capture.clone();
    let log = Log { filter: "trace".into(), format: LogFormat::Json };
    // While only one subscriber lives, tracing lets whichever thread comes first decide whether a line is wanted, and
    // the threads of the other tests want none.
    let _second = tracing::Dispatch::new(api::log::subscriber(&log, std::io::sink));
    let _logging = tracing::subscriber::set_default(api::log::subscriber(&log, move || writer.clone()));
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

    let text = String::from_utf8(capture.0.lock().unwrap().clone()).unwrap();
    for secret in secrets {
        assert!(!text.contains(secret), "{secret} was logged");
    }
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let answered: Vec<&Value> = lines.iter().filter(|l| l["fields"]["message"] == "question answered").collect();
    assert_eq!(answered.len(), 4, "{text}");
    assert!(
        answered.iter().any(|l| l["fields"]["reply.type"] == "handoff" && l["fields"]["handoff.reason"].is_string())
    );
    for line in answered {
        assert_eq!(line["fields"]["store.id"], "one");
        assert!(line["fields"]["duration_ms"].is_f64());
        assert_eq!(line["span"]["http.route"], "/v1/ask");
        assert!(line["span"]["request.id"].is_string());
    }
    assert_eq!(lines.iter().filter(|l| l["fields"]["message"] == "request done").count(), 7);
}
