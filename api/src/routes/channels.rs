//! `POST /v1/channels/chatwoot/{store}/{secret}`: what Chatwoot tells. No key opens it; the secret in the address does,
//! and the signature where Chatwoot signs.

use crate::{
    app::App,
    deliver::inbound,
    error::{ApiError, Problem},
};
use axum::{
    body::{Body, to_bytes},
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use engine::StoreId;
use jiff::Timestamp;

const BODY_BYTES: usize = 1024 * 1024;

/// Takes an event of Chatwoot's, as an agent bot or an account's webhook gets it. A message is written down and answered
/// later, through Chatwoot's own API; a change of who speaks holds when this has answered. A repetition is answered like
/// the first.
#[utoipa::path(
    post,
    path = "/v1/channels/chatwoot/{store}/{secret}",
    tag = "channels",
    params(
        ("store" = String, Path, description = "Name of the store"),
        ("secret" = String, Path, description = "`path_secret` of the store's settings"),
    ),
    request_body(content = String, content_type = "application/json", description = "As Chatwoot sent it"),
    responses(
        (status = 200, description = "Taken, now or before"),
        (status = 400, description = "Not an event of Chatwoot", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not Chatwoot, as far as can be told; also where there is no such store", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Too large", body = Problem, content_type = "application/problem+json"),
    ),
    security(("chatwoot" = []))
)]
pub async fn chatwoot(
    State(app): State<App>,
    Path(at): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let (store, secret) = at;
    let store: StoreId = store.parse().map_err(|_| ApiError::BadSignature)?;
    let pass = app.channels.get(&store).ok_or(ApiError::BadSignature)?;
    let handover = app.desks.handover(&store);
    let settings = handover.chatwoot.as_ref().ok_or(ApiError::BadSignature)?;
    let body = to_bytes(body, BODY_BYTES).await.map_err(|_| ApiError::TooLarge { limit_bytes: BODY_BYTES })?;
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    inbound::prove(settings, &secret, header, &body, Timestamp::now())?;
    inbound::receive(&app, &pass, settings, &body).await?;
    Ok(StatusCode::OK)
}
