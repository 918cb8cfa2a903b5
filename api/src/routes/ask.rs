//! `POST /v1/ask`, `/v1/stores/{store}/ask` and `/v1/stores/{store}/proxy/ask`: a question in, an answer or a handoff
//! out.

mod stream;

use crate::{
    app::App,
    auth::{Caller, ProxyCaller, StoreCaller},
    body::JsonBody,
    error::{ApiError, Problem},
    gate::{Full, Place},
    wire::{AskRequest, AskResponse, Reply, Timings},
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use engine::{Asker, HandoffCase, HandoffReason, Turn, ports::Handoffs, reply};
use std::time::Instant;
use tokio::time::timeout;

/// Ask a question in the name of the key's store.
///
/// With `Accept: text/event-stream` the reply is a stream of events: `sentence` for each sentence that has passed its
/// check, in order and never taken back; then one `answer` or one `handoff` with the whole response, or one `error`
/// with a problem document. A handoff after sentences means that the rest of the question goes to a person.
#[utoipa::path(
    post,
    path = "/v1/ask",
    tag = "ask",
    request_body = AskRequest,
    responses(
        (status = 200, description = "An answer or a handoff",
            content((AskResponse = "application/json"), (String = "text/event-stream"))),
        (status = 400, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid key, or `identity-refused`: a `customer_token` or `customer_session` that proves nothing",
            body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`store` is not the key's", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Too many questions at once; see Retry-After", body = Problem, content_type = "application/problem+json"),
        (status = 504, description = "Too slow, and not handed over either", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = []))
)]
pub async fn ask(
    State(app): State<App>,
    Caller(pass): Caller,
    headers: HeaderMap,
    JsonBody(request): JsonBody<AskRequest>,
) -> Result<Response, ApiError> {
    reply_to(app, Asker::Anonymous(pass), &headers, request).await
}

/// The same, with the store named in the path: another store's key finds nothing here.
#[utoipa::path(
    post,
    path = "/v1/stores/{store}/ask",
    tag = "ask",
    params(("store" = String, Path, description = "Name of the store")),
    request_body = AskRequest,
    responses(
        (status = 200, description = "An answer or a handoff",
            content((AskResponse = "application/json"), (String = "text/event-stream"))),
        (status = 400, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid key, or `identity-refused`: a `customer_token` or `customer_session` that proves nothing",
            body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Not a store that the key opens", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Too many questions at once; see Retry-After", body = Problem, content_type = "application/problem+json"),
        (status = 504, description = "Too slow, and not handed over either", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = []))
)]
pub async fn ask_store(
    State(app): State<App>,
    StoreCaller(pass): StoreCaller,
    headers: HeaderMap,
    JsonBody(request): JsonBody<AskRequest>,
) -> Result<Response, ApiError> {
    reply_to(app, Asker::Anonymous(pass), &headers, request).await
}

/// The same through Shopify's app proxy: the storefront's script asks `/apps/<subpath>/ask` of its own shop, and Shopify
/// forwards that here with who is logged in.
///
/// No key is needed, Shopify's signature in the query is one. The proxy URL of the app is this path without `/ask`.
/// There is no GET: questions do not belong into addresses, which are logged on the way.
#[utoipa::path(
    post,
    path = "/v1/stores/{store}/proxy/ask",
    tag = "ask",
    params(("store" = String, Path, description = "Name of the store")),
    request_body = AskRequest,
    responses(
        (status = 200, description = "An answer or a handoff",
            content((AskResponse = "application/json"), (String = "text/event-stream"))),
        (status = 400, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed by Shopify for this store, or too long ago; or a `customer_token` or `customer_session` that proves nothing",
            body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`store` is not the path's", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many in this store; see Retry-After", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Too many questions at once; see Retry-After", body = Problem, content_type = "application/problem+json"),
        (status = 504, description = "Too slow, and not handed over either", body = Problem, content_type = "application/problem+json"),
    ),
    security(("app_proxy" = []))
)]
pub async fn ask_proxied(
    State(app): State<App>,
    ProxyCaller(known): ProxyCaller,
    headers: HeaderMap,
    JsonBody(request): JsonBody<AskRequest>,
) -> Result<Response, ApiError> {
    reply_to(app, known, &headers, request).await
}

/// `known` is what the door knows of who is asking; the request may say more.
async fn reply_to(app: App, known: Asker, headers: &HeaderMap, request: AskRequest) -> Result<Response, ApiError> {
    if request.store.as_deref().is_some_and(|store| store != known.store_pass().store().as_str()) {
        return Err(ApiError::NoSuchStore);
    }
    let (turn, said) = request.into_turn(&app.limits).map_err(ApiError::Invalid)?;
    let asker = app.identity.asker(known, said, &turn.conversation).await?;
    let arrived = Instant::now();
    let place = app.gate.enter().await.map_err(|Full| ApiError::Busy { retry_after_s: app.limits.retry_after_s })?;
    let question = Question { asker, turn, queue_ms: millis(arrived), _place: place };
    if wants_events(headers) {
        return Ok(stream::events(app, question));
    }
    Ok(Json(question.answer(&app, &|_| {}).await?).into_response())
}

/// An admitted question. Dropping it, or the future that answers it, stops the work: the caller has gone.
struct Question {
    asker: Asker,
    turn: Turn,
    queue_ms: f64,
    _place: Place,
}

impl Question {
    async fn answer(
        &self,
        app: &App,
        release: &(dyn Fn(&reply::Sentence) + Send + Sync),
    ) -> Result<AskResponse, ApiError> {
        let started = Instant::now();
        let Self { asker, turn, .. } = self;
        let (reply, timings) = match timeout(app.http.request_timeout(), app.engine.answer(asker, turn, release)).await
        {
            Ok(Ok(outcome)) => (outcome.reply, Timings::new(self.queue_ms, &outcome.trace.timings)),
            Ok(Err(error)) => return Err(ApiError::from_engine(error, app.limits.retry_after_s)),
            Err(_) => {
                let reply = reply::Reply::Handoff(self.hand_over_late(app).await?);
                let total_ms = millis(started);
                (reply, Timings { queue_ms: self.queue_ms, total_ms, ..Timings::default() })
            }
        };
        let (reply, citations) = Reply::from_engine(reply);
        let reason = match &reply {
            Reply::Answer(_) | Reply::Offer(_) | Reply::Clarify(_) | Reply::NeedsIdentity(_) => None,
            Reply::Handoff(handoff) => Some(handoff.case.reason.as_str()),
        };
        tracing::info!(
            store.id = %asker.store_pass().store(),
            asker.tier = ?asker.tier(),
            reply.r#type = reply.kind(),
            handoff.reason = reason,
            queue_ms = self.queue_ms,
            duration_ms = millis(started),
            "question answered"
        );
        Ok(AskResponse { conversation_id: turn.conversation.0.clone(), turn: turn.number, reply, citations, timings })
    }

    /// Too slow is a person's case, not an error.
    async fn hand_over_late(&self, app: &App) -> Result<reply::Handoff, ApiError> {
        let case = HandoffCase {
            conversation: self.turn.conversation.clone(),
            turn: self.turn.number,
            reason: HandoffReason::Unavailable,
            evidence: format!("no answer within {} ms", app.http.request_timeout_ms),
            question: self.turn.text.clone(),
            looked_at: Vec::new(),
            draft: None,
            tier: Some(self.asker.tier()),
            action: None,
        };
        let id = app.desks.open(self.asker.store_pass(), &case).await.map_err(|error| {
            ApiError::from(error).log();
            ApiError::TimedOut
        })?;
        Ok(reply::Handoff { id, message: app.handoff_message.clone(), case })
    }
}

fn wants_events(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted
        .flat_map(|value| value.split(','))
        .any(|kind| kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/event-stream"))
}

fn millis(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}
