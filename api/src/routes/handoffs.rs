//! `GET /v1/stores/{store}/handoffs`: what waits for a person.

use crate::{
    app::App,
    auth::AgentCaller,
    error::{ApiError, Problem},
    wire::{Handoff, HandoffList},
};
use axum::{
    Json,
    extract::{Path, State},
};
use engine::HandoffId;

/// Handoffs in one answer at most.
const LIMIT: u32 = 200;

/// Handoffs that wait, oldest first, at most 200. Needs an agent's key.
#[utoipa::path(
    get,
    path = "/v1/stores/{store}/handoffs",
    tag = "handoffs",
    params(("store" = String, Path, description = "Name of the store")),
    responses(
        (status = 200, description = "What waits for a person", body = HandoffList),
        (status = 401, description = "No valid key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "A storefront's key", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Not a store that the key opens", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = []))
)]
pub async fn list(State(app): State<App>, caller: AgentCaller) -> Result<Json<HandoffList>, ApiError> {
    let records = app.desks.open_handoffs(caller.pass()?, LIMIT).await?;
    Ok(Json(HandoffList { handoffs: records.into_iter().map(Handoff::from).collect() }))
}

/// One handoff with all that a person needs to take over. Needs an agent's key.
#[utoipa::path(
    get,
    path = "/v1/stores/{store}/handoffs/{id}",
    tag = "handoffs",
    params(
        ("store" = String, Path, description = "Name of the store"),
        ("id" = String, Path, description = "Id of the handoff"),
    ),
    responses(
        (status = 200, description = "The handoff", body = Handoff),
        (status = 401, description = "No valid key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "A storefront's key", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Not a store that the key opens, or no such handoff", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = []))
)]
pub async fn read(
    State(app): State<App>,
    caller: AgentCaller,
    Path(path): Path<(String, String)>,
) -> Result<Json<Handoff>, ApiError> {
    let (_, id) = path;
    let record = app.desks.handoff(caller.pass()?, &HandoffId(id)).await?;
    record.map(|record| Json(record.into())).ok_or(ApiError::NoSuchHandoff)
}
