//! `/v1/shopify/{store}/webhooks`: what Shopify tells. No key opens it; the signature over the raw body is the proof.

use crate::{
    app::App,
    error::{ApiError, FieldError, Problem},
    shopify::webhook::Refused,
};
use axum::{
    body::{Body, to_bytes},
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use jiff::Timestamp;

/// A product with 2,048 variants is a few MiB.
const BODY_BYTES: usize = 8 * 1024 * 1024;

/// Takes one of Shopify's webhooks. It is written down and answered at once; what it asks for is done later. A
/// repetition is answered like the first.
#[utoipa::path(
    post,
    path = "/v1/shopify/{store}/webhooks",
    tag = "shopify",
    params(
        ("store" = String, Path, description = "Name of the store"),
        ("x-shopify-shop-domain" = String, Header, description = "The store's domain at Shopify"),
        ("x-shopify-topic" = String, Header, description = "Such as products/update"),
        ("x-shopify-webhook-id" = String, Header, description = "The same for every repetition"),
    ),
    request_body(content = String, content_type = "application/json", description = "As Shopify signed it"),
    responses(
        (status = 200, description = "Written down, now or before"),
        (status = 400, description = "Signed, and not what its topic promises", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed for this store; also where there is no such store", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Too large", body = Problem, content_type = "application/problem+json"),
    ),
    security(("webhook" = []))
)]
pub async fn receive(
    State(app): State<App>,
    Path(store): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let shop = store.parse().ok().and_then(|store| app.shops.get(&store)).ok_or(ApiError::BadSignature)?;
    let body = to_bytes(body, BODY_BYTES).await.map_err(|_| ApiError::TooLarge { limit_bytes: BODY_BYTES })?;
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let delivery = shop.prove(header, &body).map_err(|refused| match refused {
        Refused::Unproved => ApiError::BadSignature,
        Refused::Malformed => ApiError::Invalid(vec![FieldError::new("body", "is not what the topic promises")]),
    })?;
    shop.receive(&delivery, Timestamp::now()).await?;
    Ok(StatusCode::OK)
}
