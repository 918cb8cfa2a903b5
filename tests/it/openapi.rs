//! The OpenAPI document, as a person must review it when it changes.

use tests::app::TestApp;

#[test]
fn the_document_is_the_reviewed_one() {
    insta::assert_json_snapshot!(api::openapi());
}

#[tokio::test]
async fn the_server_gives_it_out() {
    let app = TestApp::start().await;
    let given = app.nobody().get("/openapi.json").await.json();
    assert_eq!(given, serde_json::to_value(api::openapi()).unwrap());
    assert_eq!(given["openapi"], "3.1.0");
    // Whatever needs a key says so.
    for (path, item) in given["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert_eq!(operation["security"].is_array(), path.starts_with("/v1/"), "{method} {path}");
        }
    }
}
