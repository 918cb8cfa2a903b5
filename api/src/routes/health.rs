//! `/healthz` and `/readyz`: for whoever restarts the process, and for whoever sends it work.

use crate::{
    app::App,
    error::{ApiError, Problem},
};
use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

/// The process runs.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    #[schema(example = "ok")]
    pub status: &'static str,
}

/// The process answers questions, with these models.
#[derive(Debug, Serialize, ToSchema)]
pub struct Ready {
    #[schema(example = "ready")]
    pub status: &'static str,
    #[schema(example = "minilm-l6@53aa51172d142c89")]
    pub embedder: String,
    pub reranker: Option<String>,
    /// Absent: answers are sentences of the sources.
    pub generator: Option<String>,
}

/// Whether the process runs.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = Health)))]
pub async fn health() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Whether it takes questions: models are loaded, the key database can be read, and it is not stopping.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "health",
    responses(
        (status = 200, body = Ready),
        (status = 500, description = "The key database cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Stopping", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn ready(State(app): State<App>) -> Result<Json<Ready>, ApiError> {
    if app.stopping() {
        return Err(ApiError::Stopping);
    }
    app.keyring.check().await?;
    let loaded = app.loaded.clone();
    Ok(Json(Ready {
        status: "ready",
        embedder: loaded.embedder,
        reranker: loaded.reranker,
        generator: loaded.generator,
    }))
}
