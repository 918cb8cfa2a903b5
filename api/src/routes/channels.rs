//! `/v1/channels/…`: what the systems of a store's people tell. No key opens these; what each system can prove does: a
//! signature, a secret in a header, or a secret in the address.

use crate::{
    app::App,
    deliver::{
        back::{self, Heeded},
        inbound,
    },
    error::{ApiError, Problem},
    store::Handover,
};
use axum::{
    body::{Body, to_bytes},
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
};
use engine::{StoreId, StorePass};
use jiff::Timestamp;
use std::sync::Arc;

const BODY_BYTES: usize = 1024 * 1024;
/// A mail with pictures; providers take some 25 MiB.
const MAIL_BYTES: usize = 26 * 1024 * 1024;

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
    let (pass, handover) = open(&app, &store)?;
    let settings = handover.chatwoot.as_ref().ok_or(ApiError::BadSignature)?;
    let body = read(body, BODY_BYTES).await?;
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    inbound::prove(settings, &secret, header, &body, Timestamp::now())?;
    inbound::receive(&app, &pass, settings, &body).await?;
    Ok(StatusCode::OK)
}

/// Takes an event of Zendesk's webhook: a comment that was added, a ticket whose status changed. A public comment of an
/// agent is written into the conversation, whose owner the agent is then; a ticket that is solved resolves it. Both hold
/// when this has answered. What is of other tickets is taken and forgotten; a repetition changes nothing.
#[utoipa::path(
    post,
    path = "/v1/channels/zendesk/{store}",
    tag = "channels",
    params(
        ("store" = String, Path, description = "Name of the store"),
        ("x-zendesk-webhook-signature" = String, Header, description = "Base64 of the HMAC-SHA256 of the timestamp and the raw body"),
        ("x-zendesk-webhook-signature-timestamp" = String, Header, description = "Within five minutes of now"),
    ),
    request_body(content = String, content_type = "application/json", description = "As Zendesk signed it"),
    responses(
        (status = 200, description = "Taken, now or before, or of no matter here"),
        (status = 400, description = "Signed, and not an event of Zendesk", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed for this store; also where there is no such store", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Nothing is left of the conversation that the ticket was made for", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Too large", body = Problem, content_type = "application/problem+json"),
    ),
    security(("zendesk" = []))
)]
pub async fn zendesk(
    State(app): State<App>,
    Path(store): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let (pass, handover) = open(&app, &store)?;
    let settings = handover.zendesk.as_ref().and_then(|zendesk| zendesk.signing_secret.as_ref());
    let secret = settings.ok_or(ApiError::BadSignature)?;
    let body = read(body, BODY_BYTES).await?;
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    back::zendesk::prove(secret, header, &body, Timestamp::now())?;
    heeded(back::zendesk::receive(&app, &pass, &body).await?)
}

/// Takes a call of Gorgias' HTTP integration: there is something to read in a ticket. It is written down and answered at
/// once; the ticket is read later, through Gorgias' API, and what an agent wrote to the customer in it is written into
/// the conversation, whose owner the agent is then. A ticket that is closed resolves it.
#[utoipa::path(
    post,
    path = "/v1/channels/gorgias/{store}",
    tag = "channels",
    params(
        ("store" = String, Path, description = "Name of the store"),
        ("x-shopclerk-secret" = String, Header, description = "`webhook_secret` of the store's settings"),
    ),
    request_body(content = String, content_type = "application/json", description = "`{\"ticket_id\": \"{{ticket.id}}\"}`, as Gorgias fills it in"),
    responses(
        (status = 200, description = "Written down"),
        (status = 400, description = "It names no ticket", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Another secret, or none; also where there is no such store", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Too large", body = Problem, content_type = "application/problem+json"),
    ),
    security(("gorgias" = []))
)]
pub async fn gorgias(
    State(app): State<App>,
    Path(store): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let (pass, handover) = open(&app, &store)?;
    let settings = handover.gorgias.as_ref().and_then(|gorgias| gorgias.webhook_secret.as_ref());
    let secret = settings.ok_or(ApiError::BadSignature)?;
    let said = headers.get(back::gorgias::SECRET_HEADER).and_then(|value| value.to_str().ok());
    // Before anything is read: it is in a header.
    back::gorgias::prove(secret, said)?;
    let body = read(body, BODY_BYTES).await?;
    back::gorgias::receive(&app, &pass, &body).await?;
    Ok(StatusCode::OK)
}

/// Takes a mail that answers a handoff, as a provider of inbound mail posts it: whole (`message/rfc822`), as `RawEmail`
/// in JSON, or as `email` or `body-mime` in a form. What was written above what it quotes is written into the
/// conversation, whose owner the sender is then. Notes of absence and other mails of machines are taken and forgotten; a
/// repetition changes nothing.
#[utoipa::path(
    post,
    path = "/v1/channels/email/{store}/{secret}",
    tag = "channels",
    params(
        ("store" = String, Path, description = "Name of the store"),
        ("secret" = String, Path, description = "`path_secret` of the store's settings"),
    ),
    request_body(content = String, content_type = "message/rfc822", description = "The mail"),
    responses(
        (status = 200, description = "Taken, now or before, or a machine's"),
        (status = 400, description = "There is no mail in it", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Another secret; also where there is no such store", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "It answers nothing that was sent, or its sender may not answer", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Too large", body = Problem, content_type = "application/problem+json"),
    ),
    security(("email" = []))
)]
pub async fn email(
    State(app): State<App>,
    Path(at): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let (store, secret) = at;
    let (pass, handover) = open(&app, &store)?;
    let settings = handover.email.as_ref().and_then(|mail| mail.replies.as_ref().map(|replies| (mail, replies)));
    let (settings, replies) = settings.ok_or(ApiError::BadSignature)?;
    // Before anything is read: it is in the address.
    back::mail::prove(replies, &secret)?;
    let body = read(body, MAIL_BYTES).await?;
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    heeded(back::mail::receive(&app, &pass, (settings, replies), (kind, &body)).await?)
}

/// A store that hears something from somewhere, and where from.
fn open(app: &App, store: &str) -> Result<(StorePass, Arc<Handover>), ApiError> {
    let store: StoreId = store.parse().map_err(|_| ApiError::BadSignature)?;
    let pass = app.channels.get(&store).ok_or(ApiError::BadSignature)?;
    let handover = app.desks.handover(&store);
    Ok((pass, handover))
}

async fn read(body: Body, limit_bytes: usize) -> Result<axum::body::Bytes, ApiError> {
    to_bytes(body, limit_bytes).await.map_err(|_| ApiError::TooLarge { limit_bytes })
}

fn heeded(heeded: Heeded) -> Result<StatusCode, ApiError> {
    match heeded {
        Heeded::Taken | Heeded::Ignored => Ok(StatusCode::OK),
        Heeded::Unknown => Err(ApiError::NoSuchConversation),
    }
}
