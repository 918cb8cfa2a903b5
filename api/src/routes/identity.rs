//! `POST /v1/identity/code` and `/verify`: a customer proves an e-mail by a code that was mailed to it.

use crate::{
    app::App,
    auth::Caller,
    body::JsonBody,
    error::{ApiError, Problem},
    routes::refusals::{AnotherStore, BadField, NoKey, TooMany},
    wire::{CodeAccepted, CodeRequest, VerifyRequest, VerifyResponse},
};
use axum::{Json, extract::State, http::StatusCode};
use engine::StorePass;

/// Have a six-digit code mailed to a customer's e-mail, if the store has it on file.
///
/// The reply is the same whether or not it has, and does not wait to find out. A code is good for 10 minutes and five
/// tries; a newer one takes its place. Beyond three an hour for a conversation or an address nothing is sent.
#[utoipa::path(
    post,
    path = "/v1/identity/code",
    tag = "identity",
    request_body = CodeRequest,
    responses(
        (status = 202, description = "If the store knows the address, a code is on its way", body = CodeAccepted),
        BadField,
        NoKey,
        AnotherStore,
        TooMany,
        (status = 503, description = "The store does not mail codes", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = []))
)]
pub async fn code(
    State(app): State<App>,
    Caller(pass): Caller,
    JsonBody(request): JsonBody<CodeRequest>,
) -> Result<(StatusCode, Json<CodeAccepted>), ApiError> {
    own_store(&pass, request.store.as_deref())?;
    let (conversation, email) = request.read().map_err(ApiError::Invalid)?;
    app.identity.send_code(pass, conversation, email).await?;
    let message = "If there are orders with this e-mail address, a six-digit code is on its way to it. \
                   It is good for 10 minutes. At most three codes are sent within an hour.";
    Ok((StatusCode::ACCEPTED, Json(CodeAccepted { message })))
}

/// Redeem a code: the customer is known for a day, in this conversation.
#[utoipa::path(
    post,
    path = "/v1/identity/verify",
    tag = "identity",
    request_body = VerifyRequest,
    responses(
        (status = 200, description = "The customer is known", body = VerifyResponse),
        BadField,
        NoKey,
        (status = 403, description = "The code is not valid: wrong, expired, used or never sent", body = Problem, content_type = "application/problem+json"),
        AnotherStore,
        (status = 429, description = "This code was tried too often; see Retry-After", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = []))
)]
pub async fn verify(
    State(app): State<App>,
    Caller(pass): Caller,
    JsonBody(request): JsonBody<VerifyRequest>,
) -> Result<Json<VerifyResponse>, ApiError> {
    own_store(&pass, request.store.as_deref())?;
    let (conversation, email, code) = request.read().map_err(ApiError::Invalid)?;
    let opened = app.identity.verify_code(&pass, conversation, &email, &code).await?;
    let customer_session = opened.token.expose().to_owned();
    Ok(Json(VerifyResponse { customer_session, expires_at: opened.expires_at.to_string() }))
}

/// A key in the wrong place finds nothing.
fn own_store(pass: &StorePass, named: Option<&str>) -> Result<(), ApiError> {
    if named.is_none_or(|store| store == pass.store().as_str()) { Ok(()) } else { Err(ApiError::NoSuchStore) }
}
