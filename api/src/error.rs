//! The only place that knows status codes. Every error of the HTTP side is a problem document (RFC 9457).

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use engine::{
    answer::EngineError,
    ports::{HandoffsError, KnowledgeError},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::db::DbError;

/// What the caller can do about it, one variant each.
#[derive(Debug)]
pub enum ApiError {
    /// No key, or one that is not in force: the same to whoever guesses.
    Unauthorized,
    /// What should prove who is asking does not: the same for every reason.
    IdentityRefused,
    /// A code that is wrong, expired, used or was never sent: the same to whoever tries.
    CodeRefused,
    /// The store has no way to mail codes.
    CodesNotOffered,
    /// Tried too often; there is room again after this time.
    TooManyTries {
        retry_after_s: u64,
    },
    /// A webhook that Shopify, or a channel, did not sign for this store; also where there is no such store.
    BadSignature,
    /// The store's own key, but a storefront's where an agent's is needed.
    NotAnAgent,
    /// An unknown store, and another's store: the same to whoever asks.
    NoSuchStore,
    NoSuchHandoff,
    NoSuchConversation,
    /// It cannot be done from where the conversation stands; why, and the way out.
    NotNow(&'static str),
    NoSuchRoute,
    MethodNotAllowed,
    NotJson,
    TooLarge {
        limit_bytes: usize,
    },
    Invalid(Vec<FieldError>),
    /// Come back later.
    Busy {
        retry_after_s: u64,
    },
    /// The store was never synced.
    NoIndex,
    Stopping,
    TimedOut,
    /// Ours to fix; the message is for the log, not for the caller.
    Internal(String),
}

/// One field of a request and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Path of the field, such as `history[0].role`; `body` for the whole.
    #[schema(example = "question")]
    pub field: String,
    #[schema(example = "is missing")]
    pub problem: String,
}

impl FieldError {
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }
}

/// A problem document (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// Names the kind of problem and never changes.
    #[serde(rename = "type")]
    #[schema(example = "urn:shopclerk:problem:invalid-request")]
    pub kind: String,
    #[schema(example = "The request is not valid")]
    pub title: &'static str,
    #[schema(example = 400)]
    pub status: u16,
    pub detail: String,
    /// Only where fields of the request are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

impl ApiError {
    /// Every status code of the API stands here.
    pub fn problem(&self) -> Problem {
        let (status, kind, title, detail) = match self {
            Self::Unauthorized => (
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "A valid key is needed",
                "Send the store's key as `Authorization: Bearer sk_...`.".to_owned(),
            ),
            Self::IdentityRefused => (
                StatusCode::UNAUTHORIZED,
                "identity-refused",
                "The proof of who is asking is not valid",
                "It may have expired, or be for another store or conversation. Ask without it, or get a new one."
                    .into(),
            ),
            Self::CodeRefused => (
                StatusCode::FORBIDDEN,
                "code-refused",
                "The code is not valid",
                "It may be mistyped, older than 10 minutes, used, or replaced by a newer one.".into(),
            ),
            Self::CodesNotOffered => (
                StatusCode::SERVICE_UNAVAILABLE,
                "codes-not-offered",
                "The store does not mail codes",
                "Its settings name no mail server ([identity.smtp]), or it is not connected to Shopify.".into(),
            ),
            Self::TooManyTries { retry_after_s } => (
                StatusCode::TOO_MANY_REQUESTS,
                "too-many-tries",
                "Tried too often",
                format!("Try again in {retry_after_s} s."),
            ),
            Self::BadSignature => (
                StatusCode::UNAUTHORIZED,
                "bad-signature",
                "The signature is not right",
                "The request must be proved with the secret that the store's settings name, and be sent for this store.".into(),
            ),
            Self::NotAnAgent => (
                StatusCode::FORBIDDEN,
                "agent-key-needed",
                "An agent's key is needed",
                "This key asks questions for a storefront; reading handoffs needs a key with the role 'agent'.".into(),
            ),
            Self::NoSuchStore => (
                StatusCode::NOT_FOUND,
                "no-such-store",
                "There is no such store",
                "There is no store of this name that the key opens.".into(),
            ),
            Self::NoSuchHandoff => (
                StatusCode::NOT_FOUND,
                "no-such-handoff",
                "There is no such handoff",
                "The store has no handoff of this id.".into(),
            ),
            Self::NoSuchConversation => (
                StatusCode::NOT_FOUND,
                "no-such-conversation",
                "There is no such conversation",
                "The store has no conversation of this id.".into(),
            ),
            Self::NotNow(why) => (StatusCode::CONFLICT, "not-now", "The conversation is not where this can be done", {
                let mut chars = why.chars();
                let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
                format!("{first}{}.", chars.as_str())
            }),
            Self::NoSuchRoute => (
                StatusCode::NOT_FOUND,
                "no-such-route",
                "There is nothing here",
                "See /openapi.json for what there is.".into(),
            ),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "The method does not fit this path",
                "See the Allow header for the ones that do.".into(),
            ),
            Self::NotJson => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "not-json",
                "The body must be JSON",
                "Send JSON with `Content-Type: application/json`.".into(),
            ),
            Self::TooLarge { limit_bytes } => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-large",
                "The body is too large",
                format!("A request may have {limit_bytes} bytes."),
            ),
            Self::Invalid(errors) => (
                StatusCode::BAD_REQUEST,
                "invalid-request",
                "The request is not valid",
                errors.iter().map(|e| format!("{}: {}", e.field, e.problem)).collect::<Vec<_>>().join("; "),
            ),
            Self::Busy { retry_after_s } => (
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "Too many questions at once",
                format!("Try again in {retry_after_s} s."),
            ),
            Self::NoIndex => (
                StatusCode::SERVICE_UNAVAILABLE,
                "no-index",
                "The store has no knowledge yet",
                "Sync its sources first: shopclerk sync --store STORE PATH".into(),
            ),
            Self::Stopping => {
                (StatusCode::SERVICE_UNAVAILABLE, "stopping", "The server is stopping", "It takes no new work.".into())
            }
            Self::TimedOut => (
                StatusCode::GATEWAY_TIMEOUT,
                "timed-out",
                "The answer took too long",
                "No answer was ready in time, and the question could not be handed to a person either.".into(),
            ),
            Self::Internal(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "Something failed here",
                "The request's id (header x-request-id) finds it in the log.".into(),
            ),
        };
        let errors = match self {
            Self::Invalid(errors) => errors.clone(),
            _ => Vec::new(),
        };
        Problem { kind: format!("urn:shopclerk:problem:{kind}"), title, status: status.as_u16(), detail, errors }
    }

    /// Writes down what only the operator may read. Called once, where the error leaves.
    pub fn log(&self) {
        if let Self::Internal(cause) = self {
            tracing::error!(error.cause = %cause, "request failed");
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.log();
        let problem = self.problem();
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match self {
            Self::Unauthorized | Self::IdentityRefused => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"shopclerk\""));
            }
            Self::Busy { retry_after_s } | Self::TooManyTries { retry_after_s } => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(retry_after_s));
            }
            _ => {}
        }
        response
    }
}

impl ApiError {
    /// `retry_after_s` is for the errors that pass by waiting.
    pub fn from_engine(error: EngineError, retry_after_s: u64) -> Self {
        match error {
            EngineError::Overloaded | EngineError::Knowledge(KnowledgeError::Busy) => Self::Busy { retry_after_s },
            EngineError::Knowledge(KnowledgeError::NoIndex(_)) => Self::NoIndex,
            EngineError::Knowledge(error @ (KnowledgeError::OtherModel { .. } | KnowledgeError::Failed(_))) => {
                Self::Internal(chain(&error))
            }
            EngineError::Handoffs(error) => Self::from(error),
            EngineError::Foreign(error) => Self::Internal(chain(&error)),
        }
    }
}

impl From<HandoffsError> for ApiError {
    fn from(error: HandoffsError) -> Self {
        Self::Internal(chain(&error))
    }
}

impl From<DbError> for ApiError {
    fn from(error: DbError) -> Self {
        Self::Internal(chain(&error))
    }
}

/// An error with everything below it, on one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(cause) = below {
        let cause_text = cause.to_string();
        // Some libraries repeat their cause in their own words.
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        below = cause.source();
    }
    text
}
