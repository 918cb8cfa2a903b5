//! `/` and `/openapi.json`: what is here, for people and for machines.

use axum::Json;
use utoipa::openapi::OpenApi;

/// What to try, as text.
#[utoipa::path(
    get,
    path = "/",
    tag = "health",
    responses((status = 200, description = "What to try", body = String, content_type = "text/plain"))
)]
pub async fn home() -> &'static str {
    "shopclerk answers questions about a store from the store's own pages.\n\
     \n\
     Ask it (a key: shopclerk keys create --store STORE):\n\
     \n\
     \x20 curl -H 'authorization: Bearer sk_...' --json '{\"question\": \"Can I return a sale item?\"}' \\\n\
     \x20      http://THIS_HOST/v1/ask\n\
     \n\
     GET  /openapi.json                  every route\n\
     GET  /v1/stores/STORE/handoffs      what waits for a person (an agent's key)\n\
     GET  /healthz  /readyz              whether it runs, whether it takes questions\n"
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "health", responses((status = 200, description = "OpenAPI 3.1")))]
pub async fn document() -> Json<&'static OpenApi> {
    Json(crate::router::openapi())
}
