//! A JSON body, or a problem that names the field.

use crate::{
    app::App,
    error::{ApiError, FieldError},
};
use axum::{
    body::to_bytes,
    extract::{FromRequest, Request},
    http::header,
};
use serde::de::DeserializeOwned;

/// axum's own `Json` answers with plain text and three statuses; this one with problem documents.
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !content_type.is_some_and(is_json) {
            return Err(ApiError::NotJson);
        }
        let limit_bytes = app.limits.body_bytes;
        let bytes = to_bytes(request.into_body(), limit_bytes).await.map_err(|error| {
            // A caller who hung up gets no answer anyway; whatever else stops the reading is the limit.
            tracing::debug!(error.cause = %error, "body not read");
            ApiError::TooLarge { limit_bytes }
        })?;
        parse(&bytes).map(Self).map_err(|error| ApiError::Invalid(vec![error]))
    }
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, FieldError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        // "." is the body itself; "?" is a place that the text ended before it was named.
        let path = Some(error.path().to_string()).filter(|path| path != "." && path != "?");
        let problem = error.inner().to_string();
        if let Some(name) = problem.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
            let at = path.map_or_else(|| name.to_owned(), |path| format!("{path}.{name}"));
            return FieldError::new(at, "is missing");
        }
        FieldError::new(path.unwrap_or_else(|| "body".into()), problem)
    })?;
    reader.end().map_err(|error| FieldError::new("body", error.to_string()))?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::AskRequest;

    #[test]
    fn errors_name_the_field() {
        for (body, field, problem) in [
            ("", "body", "EOF"),
            ("{", "body", "EOF"),
            ("[]", "body", "invalid"),
            ("{}", "question", "is missing"),
            (r#"{"question":1}"#, "question", "invalid type"),
            (r#"{"question":"a","quetsion":"b"}"#, "quetsion", "unknown field"),
            (r#"{"question":"a","history":[{"role":"bot","text":"b"}]}"#, "history[0].role", "unknown variant"),
            (r#"{"question":"a","history":[{"role":"agent"}]}"#, "history[0].text", "is missing"),
            (r#"{"question":"a"} {}"#, "body", "trailing"),
        ] {
            let error = parse::<AskRequest>(body.as_bytes()).expect_err(body);
            assert_eq!(error.field, field, "{body}: {error:?}");
            assert!(error.problem.starts_with(problem), "{body}: {error:?}");
        }
        assert_eq!(parse::<AskRequest>(br#"{"question":"a"}"#).unwrap().question, "a");
    }

    #[test]
    fn content_types() {
        for (header, expect) in
            [("application/json", true), ("Application/JSON; charset=utf-8", true), ("text/plain", false), ("", false)]
        {
            assert_eq!(is_json(header), expect, "{header}");
        }
    }
}
