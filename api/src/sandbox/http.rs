//! The store's addresses: GraphQL by version, tokens, files of bulk operations. Here trouble is made too.

use super::{
    Shared, VERSIONS,
    access::Scopes,
    execute::{self, Request, Trouble},
    faults::FaultKind,
};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use std::{collections::HashMap, io, sync::Arc};

/// How long a granted token lives.
const TOKEN_SECONDS: i64 = 86_399;
/// A client of another organization: known to Shopify, and not for this shop.
pub const FOREIGN_CLIENT: &str = "client-of-another-organization";
const VERSION_HEADER: &str = "x-shopify-api-version";

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/admin/api/{version}/graphql.json", post(graphql))
        .route("/admin/oauth/access_token", post(access_token))
        .route("/bulk/{file}", get(bulk_file))
        .fallback(async || json_reply(StatusCode::NOT_FOUND, &json!({"errors": "Not Found"})))
        .with_state(shared)
}

fn json_reply(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json; charset=utf-8")], body.to_string()).into_response()
}

/// The version that serves a request for `asked`: itself, or for an older one the oldest that there is.
fn serving(asked: &str) -> Option<&'static str> {
    let (year, month) = asked.split_once('-')?;
    let well_formed =
        year.len() == 4 && month.len() == 2 && (year.to_owned() + month).bytes().all(|b| b.is_ascii_digit());
    if !well_formed {
        return None;
    }
    let exact = VERSIONS.iter().find(|v| **v == asked).copied();
    exact.or_else(|| (asked < VERSIONS[0]).then_some(VERSIONS[0]))
}

async fn graphql(
    State(shared): State<Arc<Shared>>,
    Path(version): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(version) = serving(&version) else {
        return json_reply(StatusCode::NOT_FOUND, &json!({"errors": "Not Found"}));
    };
    let fault = shared.draw();
    let mut reply = trouble(&shared, fault, &headers, body).await;
    reply.headers_mut().insert(VERSION_HEADER, HeaderValue::from_static(version));
    if let Ok(id) = HeaderValue::from_str(&uuid::Uuid::new_v4().to_string()) {
        reply.headers_mut().insert("x-request-id", id);
    }
    reply
}

/// The reply with the fault that was drawn: before the request is carried out, or after it.
async fn trouble(shared: &Arc<Shared>, fault: Option<FaultKind>, headers: &HeaderMap, body: Bytes) -> Response {
    match fault {
        None => carry_out(shared, headers, body, Trouble::default()).await,
        Some(FaultKind::TooManyRequests) => {
            let mut reply = json_reply(StatusCode::TOO_MANY_REQUESTS, &json!({"errors": "Too Many Requests"}));
            // With a decimal, as Shopify writes it.
            let wait = format!("{:.1}", shared.options.retry_after.as_secs_f64());
            reply.headers_mut().extend(HeaderValue::from_str(&wait).ok().map(|wait| (header::RETRY_AFTER, wait)));
            reply
        }
        Some(FaultKind::Unavailable) => {
            json_reply(StatusCode::SERVICE_UNAVAILABLE, &json!({"errors": "Service Unavailable"}))
        }
        Some(FaultKind::ExpiredToken) => {
            shared.revoke(token(headers));
            unauthorized()
        }
        Some(FaultKind::Throttled) => {
            carry_out(shared, headers, body, Trouble { throttled: true, ..Trouble::default() }).await
        }
        Some(FaultKind::DroppedField) => {
            carry_out(shared, headers, body, Trouble { dropped_field: true, ..Trouble::default() }).await
        }
        Some(FaultKind::Slow(by)) => {
            tokio::time::sleep(by).await;
            carry_out(shared, headers, body, Trouble::default()).await
        }
        Some(FaultKind::ServerError) => {
            carry_out(shared, headers, body, Trouble::default()).await;
            json_reply(StatusCode::INTERNAL_SERVER_ERROR, &json!({"errors": "Internal Server Error"}))
        }
        Some(FaultKind::Hang) => {
            carry_out(shared, headers, body, Trouble::default()).await;
            std::future::pending().await
        }
        Some(kind @ (FaultKind::Cut | FaultKind::Truncated)) => {
            let whole = carry_out(shared, headers, body, Trouble::default()).await;
            in_half(whole, kind == FaultKind::Cut).await
        }
    }
}

/// The first half of a reply, with the connection cut there, or as if that were all.
async fn in_half(whole: Response, cut: bool) -> Response {
    let (mut parts, body) = whole.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let half = bytes.slice(..bytes.len() / 2);
    if cut {
        parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
        let broken = stream::iter([Ok(half), Err(io::Error::from(io::ErrorKind::ConnectionReset))]);
        return Response::from_parts(parts, Body::from_stream(broken));
    }
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(half))
}

fn token(headers: &HeaderMap) -> &str {
    headers.get("x-shopify-access-token").and_then(|v| v.to_str().ok()).unwrap_or_default()
}

fn unauthorized() -> Response {
    let text = "[API] Invalid API key or access token (unrecognized login or wrong password)";
    json_reply(StatusCode::UNAUTHORIZED, &json!({"errors": text}))
}

async fn carry_out(shared: &Arc<Shared>, headers: &HeaderMap, body: Bytes, trouble: Trouble) -> Response {
    let Some(scopes) = shared.scopes_of(token(headers)) else { return unauthorized() };
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let request = match content_type.split(';').next().unwrap_or_default().trim() {
        "application/json" => {
            serde_json::from_slice::<Request>(&body).map_err(|e| format!("the body is not a request: {e}"))
        }
        "application/graphql" => String::from_utf8(body.to_vec())
            .map(|query| Request { query: Some(query), ..Request::default() })
            .map_err(|_| "the body is not UTF-8".to_owned()),
        other => {
            let text = format!("content type {other:?} is not taken; send application/json or application/graphql");
            return json_reply(StatusCode::UNSUPPORTED_MEDIA_TYPE, &json!({"errors": text}));
        }
    };
    let request = match request {
        Ok(request) => request,
        Err(text) => return json_reply(StatusCode::BAD_REQUEST, &json!({"errors": text})),
    };
    let reply = run(shared.clone(), scopes, request, trouble).await;
    json_reply(StatusCode::OK, &reply)
}

/// Executing is work for a thread that may take its time.
async fn run(shared: Arc<Shared>, scopes: Scopes, request: Request, trouble: Trouble) -> Value {
    let work = move || execute::answer(&shared, &scopes, &request, trouble);
    tokio::task::spawn_blocking(work).await.unwrap_or_else(
        |_| json!({"errors": [{"message": "Internal error", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}),
    )
}

/// Client credentials for a token of a day, as a form or as JSON.
async fn access_token(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let fields: HashMap<String, String> = if content_type.starts_with("application/json") {
        serde_json::from_slice(&body).unwrap_or_default()
    } else {
        form(&body)
    };
    let refuse = |status, error: &str, description: &str| {
        json_reply(status, &json!({"error": error, "error_description": description}))
    };
    let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    if field("grant_type") != "client_credentials" {
        return refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type", "The grant type is not supported.");
    }
    if field("client_id") == FOREIGN_CLIENT {
        let text = "Client credentials cannot be performed on this shop.";
        return refuse(StatusCode::BAD_REQUEST, "shop_not_permitted", text);
    }
    let shop = &shared.fixture_shop;
    if field("client_id") != shop.client_id || field("client_secret") != shop.client_secret {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_client", "The client is unknown or its secret is wrong.");
    }
    let (token, scopes) = shared.grant(TOKEN_SECONDS);
    let scope = scopes.iter().collect::<Vec<_>>().join(",");
    json_reply(StatusCode::OK, &json!({"access_token": token, "scope": scope, "expires_in": TOKEN_SECONDS}))
}

/// `application/x-www-form-urlencoded`.
fn form(body: &[u8]) -> HashMap<String, String> {
    let text = String::from_utf8_lossy(body);
    text.split('&').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (decode(k), decode(v))).collect()
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = tail.get(..2).filter(|_| *first == b'%').and_then(|two| hex::decode(two).ok());
        match escaped {
            Some(byte) => {
                bytes.extend(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(if *first == b'+' { b' ' } else { *first });
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A result of a bulk operation. Its address is the key to it, as with Shopify's.
async fn bulk_file(State(shared): State<Arc<Shared>>, Path(file): Path<String>) -> Response {
    let found = shared.files.lock().expect("no holder panics").get(&format!("{}/bulk/{file}", shared.url())).cloned();
    let opened = match &found {
        Some(file) => tokio::fs::File::open(file.path()).await.ok(),
        None => None,
    };
    let Some(opened) = opened else { return json_reply(StatusCode::NOT_FOUND, &json!({"errors": "Not Found"})) };
    let chunks = stream::unfold((opened, found), |(mut file, held)| async {
        let mut chunk = vec![0; 64 * 1024];
        match tokio::io::AsyncReadExt::read(&mut file, &mut chunk).await {
            Ok(0) => None,
            Ok(read) => {
                chunk.truncate(read);
                Some((Ok(Bytes::from(chunk)), (file, held)))
            }
            Err(error) => Some((Err(error), (file, held))),
        }
    });
    ([(header::CONTENT_TYPE, "application/jsonl")], Body::from_stream(chunks.boxed())).into_response()
}
