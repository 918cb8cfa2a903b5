//! The list of routes. The OpenAPI document is made from the same list, so neither can forget one.

use crate::{
    app::App,
    error::ApiError,
    observe,
    routes::{ask, channels, conversations, handoffs, health, home, identity, webhooks},
};
use axum::{Router, middleware};
use std::sync::LazyLock;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_axum::{router::OpenApiRouter, routes};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "shopclerk",
        description = "Answers to customers' questions from a store's own pages, with citations, or a handoff to a person.",
    ),
    modifiers(&KeyScheme),
    tags(
        (name = "ask", description = "Questions"),
        (name = "identity", description = "Who is asking"),
        (name = "handoffs", description = "What waits for a person"),
        (name = "conversations", description = "What was said, and who has the word"),
        (name = "channels", description = "What the channels of a store tell"),
        (name = "shopify", description = "What Shopify tells"),
        (name = "health", description = "The server itself"),
    )
)]
struct Document;

struct KeyScheme;

impl Modify for KeyScheme {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A key of one store: `shopclerk keys create --store STORE`."))
            .build();
        let proxy = ApiKeyValue::with_description(
            "signature",
            "Shopify's app proxy adds it, with the parameters that it signs. Callers ask the storefront's own address.",
        );
        let webhook = ApiKeyValue::with_description(
            "x-shopify-hmac-sha256",
            "Base64 of the HMAC-SHA256 of the raw body with the secret of the store's app.",
        );
        let chatwoot = ApiKeyValue::with_description(
            "x-chatwoot-signature",
            "The secret stands in the path. Where the store's settings name signing secrets: `sha256=` and the HMAC-SHA256 of `x-chatwoot-timestamp`, a full stop and the raw body.",
        );
        let zendesk = ApiKeyValue::with_description(
            "x-zendesk-webhook-signature",
            "Base64 of the HMAC-SHA256 of `x-zendesk-webhook-signature-timestamp` and the raw body with the webhook's signing secret.",
        );
        let gorgias = ApiKeyValue::with_description(
            "x-shopclerk-secret",
            "`webhook_secret` of the store's settings, as a header of Gorgias' HTTP integration.",
        );
        let email = ApiKeyValue::with_description(
            "secret",
            "The last part of the path: `path_secret` of the store's settings. The mail itself carries a tag that was signed with it.",
        );
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("key", SecurityScheme::Http(scheme));
        components.add_security_scheme("app_proxy", SecurityScheme::ApiKey(ApiKey::Query(proxy)));
        components.add_security_scheme("webhook", SecurityScheme::ApiKey(ApiKey::Header(webhook)));
        components.add_security_scheme("chatwoot", SecurityScheme::ApiKey(ApiKey::Header(chatwoot)));
        components.add_security_scheme("zendesk", SecurityScheme::ApiKey(ApiKey::Header(zendesk)));
        components.add_security_scheme("gorgias", SecurityScheme::ApiKey(ApiKey::Header(gorgias)));
        components.add_security_scheme("email", SecurityScheme::ApiKey(ApiKey::Query(email)));
    }
}

fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(ask::ask))
        .routes(routes!(ask::ask_store))
        .routes(routes!(ask::ask_proxied))
        .routes(routes!(identity::code))
        .routes(routes!(identity::verify))
        .routes(routes!(handoffs::list))
        .routes(routes!(handoffs::read))
        .routes(routes!(conversations::read))
        .routes(routes!(conversations::take_over))
        .routes(routes!(conversations::give_back))
        .routes(routes!(conversations::resolve))
        .routes(routes!(conversations::say))
        .routes(routes!(channels::chatwoot))
        .routes(routes!(channels::zendesk))
        .routes(routes!(channels::gorgias))
        .routes(routes!(channels::email))
        .routes(routes!(webhooks::receive))
        .routes(routes!(health::health))
        .routes(routes!(health::ready))
        .routes(routes!(home::home))
        .routes(routes!(home::document))
}

/// The document of every route.
pub fn openapi() -> &'static utoipa::openapi::OpenApi {
    static DOCUMENT: LazyLock<utoipa::openapi::OpenApi> = LazyLock::new(|| routes().into_openapi());
    &DOCUMENT
}

/// The server without its socket: what `shopclerk serve` listens with and what tests call.
pub fn router(app: App) -> Router {
    let (router, _) = routes().split_for_parts();
    router
        .fallback(async || ApiError::NoSuchRoute)
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .layer(middleware::from_fn(observe::observe))
        .with_state(app)
}
