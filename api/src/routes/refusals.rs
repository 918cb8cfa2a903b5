//! What several routes may answer in the place of what was asked for, as the OpenAPI document names it: each is a
//! [`Problem`]. What only one route says stands at that route.

#![allow(dead_code, reason = "only described, never made: `ApiError` is what answers")]

use crate::error::Problem;
use utoipa::IntoResponses;

/// Of whatever takes a body with fields.
#[derive(IntoResponses)]
pub enum BadField {
    #[response(status = 400, description = "A field is wrong", content_type = "application/problem+json")]
    Wrong(Problem),
}

/// Of whatever needs a key of the store.
#[derive(IntoResponses)]
pub enum NoKey {
    #[response(status = 401, description = "No valid key", content_type = "application/problem+json")]
    Unknown(Problem),
}

/// Of what an agent does about a conversation.
#[derive(IntoResponses)]
pub enum NotTheAgents {
    #[response(status = 403, description = "A storefront's key", content_type = "application/problem+json")]
    Storefront(Problem),
    #[response(
        status = 404,
        description = "Not a store that the key opens, or no such conversation",
        content_type = "application/problem+json"
    )]
    Nothing(Problem),
}

/// Of whatever is asked in the name of the key's store.
#[derive(IntoResponses)]
pub enum AnotherStore {
    #[response(status = 404, description = "`store` is not the key's", content_type = "application/problem+json")]
    NotTheKeys(Problem),
}

/// Of a question with a key, where a customer may have proved nothing.
#[derive(IntoResponses)]
pub enum NobodyProved {
    #[response(
        status = 401,
        description = "No valid key, or `identity-refused`: a `customer_token` or `customer_session` that proves nothing",
        content_type = "application/problem+json"
    )]
    Refused(Problem),
}

/// Of whatever only so many may do in a store.
#[derive(IntoResponses)]
pub enum TooMany {
    #[response(
        status = 429,
        description = "Too many in this store; see Retry-After",
        content_type = "application/problem+json"
    )]
    InStore(Problem),
}

/// Of a question, whoever asks it.
#[derive(IntoResponses)]
pub enum NotAnswered {
    #[response(status = 413, description = "The body is too large", content_type = "application/problem+json")]
    TooLarge(Problem),
    #[response(status = 415, description = "The body is not JSON", content_type = "application/problem+json")]
    NotJson(Problem),
    #[response(
        status = 503,
        description = "Too many questions at once; see Retry-After",
        content_type = "application/problem+json"
    )]
    Overloaded(Problem),
    #[response(
        status = 504,
        description = "Too slow, and not handed over either",
        content_type = "application/problem+json"
    )]
    TooSlow(Problem),
}
