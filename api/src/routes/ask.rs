//! `POST /v1/ask`, `/v1/stores/{store}/ask` and `/v1/stores/{store}/proxy/ask`: a question in, an answer or a handoff
//! out.

mod stream;

use crate::{
    app::App,
    asking::{self, Admitted, Incoming},
    auth::{Caller, ProxyCaller, StoreCaller},
    body::JsonBody,
    db::conversations::Channel,
    error::{ApiError, Problem},
    routes::refusals::{AnotherStore, BadField, NobodyProved, NotAnswered, TooMany},
    wire::{AskRequest, AskResponse},
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use engine::Asker;

/// Ask a question in the name of the key's store.
///
/// With `Accept: text/event-stream` the reply is a stream of events: `sentence` for each sentence that has passed its
/// check, in order and never taken back; then one `answer`, `offer`, `clarify`, `needs_identity` or `handoff` with the
/// whole response, or one `error` with a problem document. An `offer` is an answer with the offer of a person, who comes
/// if the customer says so; `needs_identity` asks who the customer is, before anything of an order is said. A handoff
/// after sentences means that the rest of the question goes to a person; `silent` means that a person has the
/// conversation, and nothing more is said.
#[utoipa::path(
    post,
    path = "/v1/ask",
    tag = "ask",
    request_body = AskRequest,
    responses(
        (status = 200, description = "An answer, an answer with the offer of a person, a question back, a question who is asking, a handoff, or silence where a person has the conversation",
            content((AskResponse = "application/json"), (String = "text/event-stream"))),
        BadField,
        NobodyProved,
        AnotherStore,
        NotAnswered,
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
        (status = 200, description = "An answer, an answer with the offer of a person, a question back, a question who is asking, a handoff, or silence where a person has the conversation",
            content((AskResponse = "application/json"), (String = "text/event-stream"))),
        BadField,
        NobodyProved,
        (status = 404, description = "Not a store that the key opens", body = Problem, content_type = "application/problem+json"),
        NotAnswered,
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
        (status = 200, description = "An answer, an answer with the offer of a person, a question back, a question who is asking, a handoff, or silence where a person has the conversation",
            content((AskResponse = "application/json"), (String = "text/event-stream"))),
        BadField,
        (status = 401, description = "Not signed by Shopify for this store, or too long ago; or a `customer_token` or `customer_session` that proves nothing",
            body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`store` is not the path's", body = Problem, content_type = "application/problem+json"),
        TooMany,
        NotAnswered,
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
    let number = request.number();
    let (turn, said) = request.into_turn(&app.limits).map_err(ApiError::Invalid)?;
    let asker = app.identity.asker(known, said, &turn.conversation).await?;
    let incoming = Incoming { asker, turn, number, channel: Channel::Api, message: None };
    let admitted = asking::admit(&app, incoming).await?;
    match (admitted, wants_events(headers)) {
        (Admitted::Silent(silent), false) => Ok(Json(silent).into_response()),
        (Admitted::Silent(silent), true) => Ok(stream::silence(&app, &silent)),
        (Admitted::Question(question), false) => Ok(Json(question.answer(&app).await?).into_response()),
        (Admitted::Question(question), true) => Ok(stream::events(app, question)),
    }
}

fn wants_events(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted
        .flat_map(|value| value.split(','))
        .any(|kind| kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/event-stream"))
}
