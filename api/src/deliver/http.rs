//! One HTTP request of a connector, and what its failure means.

use reqwest::{Client, RequestBuilder, StatusCode, header::RETRY_AFTER};
use serde_json::Value;
use std::time::Duration;

/// An answer that is longer is nobody's business here.
const ANSWER_BYTES: usize = 1024 * 1024;

/// Why something was not told. A class only: the other system's words may repeat the customer's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It may pass; not before this time, if one was said.
    #[error("{class}")]
    Later { class: String, after: Option<Duration> },
    /// The same request would be refused again.
    #[error("{class}")]
    Never { class: String },
}

impl Failure {
    pub fn later(class: impl Into<String>) -> Self {
        Self::Later { class: class.into(), after: None }
    }
}

/// A client that follows nobody elsewhere with what a customer said.
pub fn client(timeout: Duration) -> Result<Client, reqwest::Error> {
    Client::builder()
        .user_agent(concat!("shopclerk/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(timeout.min(Duration::from_secs(10)))
        .timeout(timeout)
        .build()
}

/// Sends it; the answer's JSON, or null where there is none.
pub async fn send(request: RequestBuilder) -> Result<Value, Failure> {
    send_within(request, ANSWER_BYTES).await
}

/// The same, where the answer may be longer.
pub async fn send_within(request: RequestBuilder, limit: usize) -> Result<Value, Failure> {
    let mut answer = request.send().await.map_err(|error| Failure::later(lost(&error)))?;
    let status = answer.status();
    let after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(seconds);
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| Failure::later(lost(&error)))? {
        if body.len() + chunk.len() > limit {
            break;
        }
        body.extend_from_slice(&chunk);
    }
    if status.is_success() {
        return Ok(serde_json::from_slice(&body).unwrap_or_default());
    }
    let class = format!("status {}", status.as_u16());
    match status {
        // What was sent is wrong, and stays so.
        StatusCode::BAD_REQUEST
        | StatusCode::GONE
        | StatusCode::METHOD_NOT_ALLOWED
        | StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::UNSUPPORTED_MEDIA_TYPE
        | StatusCode::UNPROCESSABLE_ENTITY => Err(Failure::Never { class }),
        // Trouble over there, a key that is being changed, a proxy in between.
        _ => Err(Failure::Later { class, after }),
    }
}

/// `Retry-After` in seconds; a date is not waited for longer than any other failure.
fn seconds(value: &str) -> Option<Duration> {
    value.trim().parse().ok().map(Duration::from_secs)
}

fn lost(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "cannot be reached"
    } else if error.is_builder() {
        "the address is not one"
    } else {
        "the connection was lost"
    }
}
