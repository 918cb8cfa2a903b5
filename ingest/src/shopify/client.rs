//! One store's Admin API: typed operations in, typed data out, everything else an error that says what to do.

use super::auth::{Credentials, Tokens};
use super::error::{Deadline, ShopifyError};
use super::secret::Secret;
use super::shape;
use super::throttle::{Admitted, Cost, Throttle};
use super::transport::{Answer, Endpoint, Lost, Transport};
use graphql_client::{GraphQLQuery, QueryBody};
use rand::Rng;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::Deserialize;
use serde_json::Value;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

/// Tries after the first one.
const RETRIES: u32 = 3;
/// Doubled with each try; a random part of it is waited.
const BACKOFF: Duration = Duration::from_millis(250);
/// After THROTTLED without a word on how long.
const THROTTLED_WAIT: Duration = Duration::from_secs(1);

/// Holds the tokens and the bucket of one store; shared by everything that asks it.
pub struct ShopifyClient {
    transport: Transport,
    tokens: Tokens,
    throttle: Throttle,
    version: String,
    served: RwLock<Option<String>>,
}

/// Whether doing it twice is doing it once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Twice {
    Harmless,
    Harmful,
}

/// What one try came to.
enum Try {
    Throttled(Duration),
    TokenRefused(Secret),
    /// Shopify itself failed or nothing came back. `after` is how long it asked to wait.
    Broken {
        lost: Lost,
        why: String,
        after: Option<Duration>,
    },
    Final(ShopifyError),
}

impl ShopifyClient {
    /// `version` is [`API_VERSION`](super::operations::API_VERSION) unless a store asks for another.
    pub fn new(endpoint: Endpoint, version: impl Into<String>, credentials: Credentials) -> Self {
        Self {
            transport: Transport::new(endpoint),
            tokens: Tokens::new(credentials),
            throttle: Throttle::new(),
            version: version.into(),
            served: RwLock::new(None),
        }
    }

    pub fn endpoint(&self) -> &Endpoint {
        self.transport.endpoint()
    }

    pub fn version(&self) -> &str {
        &self.version
    }

    /// The version that answered last (`X-Shopify-API-Version`). Another one than
    /// [`Self::version`] means that the one we ask for has expired.
    pub fn served_version(&self) -> Option<String> {
        self.served.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A query. Tried again when Shopify breaks off, as long as the deadline allows.
    pub async fn read<Q: GraphQLQuery>(
        &self,
        variables: Q::Variables,
        deadline: Deadline,
    ) -> Result<Q::ResponseData, ShopifyError> {
        self.run::<Q>(variables, Twice::Harmless, deadline).await
    }

    /// A mutation with an idempotency key among its variables. Tried again like a query.
    pub async fn write_keyed<Q: GraphQLQuery>(
        &self,
        variables: Q::Variables,
        deadline: Deadline,
    ) -> Result<Q::ResponseData, ShopifyError> {
        self.run::<Q>(variables, Twice::Harmless, deadline).await
    }

    /// A mutation. Tried again only where it surely was not run; where that is not known, [`ShopifyError::Uncertain`].
    pub async fn write<Q: GraphQLQuery>(
        &self,
        variables: Q::Variables,
        deadline: Deadline,
    ) -> Result<Q::ResponseData, ShopifyError> {
        self.run::<Q>(variables, Twice::Harmful, deadline).await
    }

    #[cfg(test)]
    pub(super) fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    pub(super) async fn download(&self, url: &str) -> Result<reqwest::Response, ShopifyError> {
        self.transport.download(url).await.map_err(|lost| ShopifyError::Failed(lost.says().to_owned()))
    }

    async fn run<Q: GraphQLQuery>(
        &self,
        variables: Q::Variables,
        twice: Twice,
        deadline: Deadline,
    ) -> Result<Q::ResponseData, ShopifyError> {
        let body = Q::build_query(variables);
        let (operation, document) = (body.operation_name, body.query);
        let data = self.send(&body, twice, deadline).await?;
        shape::check(document, operation, &data)?;
        serde_json::from_value(data).map_err(|error| unreadable(operation, &error))
    }

    async fn send<V: serde::Serialize>(
        &self,
        body: &QueryBody<V>,
        twice: Twice,
        deadline: Deadline,
    ) -> Result<Value, ShopifyError> {
        let operation = body.operation_name;
        let bytes = serde_json::to_vec(body).map_err(|error| unreadable(operation, &error))?;
        let (mut retries, mut renewed) = (0, false);
        loop {
            let (lost, why, after) = match self.attempt(operation, bytes.clone(), deadline).await {
                Ok(data) => return Ok(data),
                Err(Try::Final(error)) => return Err(error),
                Err(Try::TokenRefused(token)) if !renewed && self.tokens.refused(&token) => {
                    renewed = true;
                    continue;
                }
                Err(Try::TokenRefused(_)) => {
                    return Err(ShopifyError::Unauthorized(
                        "it does not take the access token: make a new one, or install the app again".into(),
                    ));
                }
                // Nothing was done. The bucket knows now, and the next try waits as long as it takes.
                Err(Try::Throttled(wait)) => {
                    tracing::debug!(operation, wait_ms = wait.as_millis() as u64, "shopify.throttled");
                    continue;
                }
                Err(Try::Broken { lost, why, after }) => (lost, why, after),
            };
            let sent = lost != Lost::NotSent;
            if twice == Twice::Harmful && sent {
                return Err(ShopifyError::Uncertain { operation });
            }
            if lost == Lost::TimedOut {
                return Err(ShopifyError::TimedOut);
            }
            retries += 1;
            if retries > RETRIES {
                return Err(ShopifyError::Failed(why));
            }
            let longest = BACKOFF * 2u32.pow(retries);
            let wait = longest.mul_f64(rand::rng().random_range(0.2..1.0)).max(after.unwrap_or_default());
            tracing::debug!(operation, retries, why, "shopify.retry");
            deadline.wait(wait).await?;
        }
    }

    async fn attempt(&self, operation: &'static str, body: Vec<u8>, deadline: Deadline) -> Result<Value, Try> {
        let token = self.tokens.get(&self.transport, deadline).await.map_err(Try::Final)?;
        let admitted = self.throttle.admit(operation, deadline).await.map_err(Try::Final)?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let mut value = HeaderValue::from_str(token.expose()).map_err(|_| {
            Try::Final(ShopifyError::Unauthorized("the access token holds characters that no token has".into()))
        })?;
        value.set_sensitive(true);
        headers.insert("X-Shopify-Access-Token", value);
        let path = format!("/admin/api/{}/graphql.json", self.version);
        let begun = std::time::Instant::now();
        let answer = self.transport.post(&path, headers, body, deadline).await;
        let duration_ms = begun.elapsed().as_millis() as u64;
        let answer = answer.map_err(|lost| match lost {
            // Asking again would bring the same.
            Lost::TooLarge => Try::Final(ShopifyError::Unreadable {
                operation,
                field: "the whole answer".into(),
                why: lost.says().into(),
            }),
            lost => Try::Broken { why: lost.says().into(), lost, after: None },
        })?;
        tracing::debug!(operation, status = answer.status.as_u16(), duration_ms, "shopify.answer");
        if let Some(version) = answer.header("x-shopify-api-version") {
            let mut served = self.served.write().unwrap_or_else(PoisonError::into_inner);
            if served.as_deref() != Some(version) {
                *served = Some(version.to_owned());
            }
        }
        read(operation, &answer, token, admitted)
    }
}

#[derive(Deserialize)]
struct Envelope {
    data: Option<Value>,
    /// A list in GraphQL's answers, a text in those of the gateway before it.
    errors: Option<Value>,
    extensions: Option<Extensions>,
}

#[derive(Deserialize)]
struct Extensions {
    cost: Option<Cost>,
}

#[derive(Deserialize)]
struct GraphqlError {
    #[serde(default)]
    message: String,
    path: Option<Vec<Value>>,
    extensions: Option<ErrorExtensions>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ErrorExtensions {
    code: Option<String>,
    required_access: Option<String>,
}

/// From an answer to data, or to what to do about it.
fn read(operation: &'static str, answer: &Answer, token: Secret, admitted: Admitted<'_>) -> Result<Value, Try> {
    let envelope: Option<Envelope> = serde_json::from_slice(&answer.body).ok();
    let cost = envelope.as_ref().and_then(|e| e.extensions.as_ref()).and_then(|e| e.cost).unwrap_or_default();
    let errors = envelope.as_ref().and_then(|e| e.errors.clone());
    let errors: Vec<GraphqlError> = match errors {
        Some(list @ Value::Array(_)) => serde_json::from_value(list).unwrap_or_default(),
        _ => Vec::new(),
    };
    let throttled = |error: &GraphqlError| code(error) == Some("THROTTLED");
    if answer.status.as_u16() == 429 || errors.iter().any(throttled) {
        // An answer that says how full the bucket is says how long to wait as well: the bucket counts it out.
        let short = cost.throttle_status.is_some();
        let wait = answer.retry_after().unwrap_or(if short { THROTTLED_WAIT / 10 } else { THROTTLED_WAIT });
        admitted.refused(cost, wait);
        return Err(Try::Throttled(wait));
    }
    admitted.settle(cost);
    let status = answer.status.as_u16();
    let unavailable = |why: &str| Err(Try::Final(ShopifyError::Unavailable(why.to_owned())));
    match status {
        200 => {}
        401 => return Err(Try::TokenRefused(token)),
        402 => return unavailable("it is frozen, which is a matter of unpaid bills (402)"),
        403 => return Err(Try::Final(ShopifyError::Unauthorized("the app may not use this API (403)".into()))),
        404 => return unavailable("there is no such shop (404): check its address"),
        423 => return unavailable("it is locked (423): Shopify's support knows why"),
        500.. => {
            let after = answer.retry_after();
            return Err(Try::Broken { lost: Lost::Cut, why: format!("it answers {status}"), after });
        }
        _ => return Err(Try::Final(ShopifyError::Refused { operation, reason: format!("status {status}") })),
    }
    let Some(envelope) = envelope else {
        // A gateway's page under status 200, or half a body.
        return Err(Try::Broken { lost: Lost::Cut, why: "its answer is no JSON".into(), after: None });
    };
    if let Some(error) = errors.first() {
        return Err(classify(operation, error));
    }
    match (envelope.data, envelope.errors) {
        (Some(data @ Value::Object(_)), None | Some(Value::Null)) => Ok(data),
        // An empty list of errors is no error; a text is one.
        (Some(data @ Value::Object(_)), Some(Value::Array(list))) if list.is_empty() => Ok(data),
        _ => Err(Try::Final(ShopifyError::Refused { operation, reason: "an answer without data".into() })),
    }
}

fn code(error: &GraphqlError) -> Option<&str> {
    error.extensions.as_ref()?.code.as_deref()
}

/// Data beside an error is not used: what is missing in it cannot be told from what is empty.
fn classify(operation: &'static str, error: &GraphqlError) -> Try {
    let field = error.path.as_deref().unwrap_or_default().iter().filter_map(Value::as_str).next_back();
    let field = field.unwrap_or(operation).to_owned();
    match code(error) {
        Some("ACCESS_DENIED") => {
            let named = error.extensions.as_ref().and_then(|e| e.required_access.as_deref()).unwrap_or(&error.message);
            let scope = scopes_in(named).unwrap_or_else(|| "that Shopify names for this field".into());
            Try::Final(ShopifyError::MissingScope { scope, field })
        }
        Some("MAX_COST_EXCEEDED") => Try::Final(ShopifyError::TooCostly { operation }),
        Some("INTERNAL_SERVER_ERROR" | "TIMEOUT" | "SERVICE_UNAVAILABLE") => {
            Try::Broken { lost: Lost::Cut, why: "it has an internal error".into(), after: None }
        }
        // The message may repeat what was asked; code and field cannot.
        other => {
            let code = other.filter(|c| c.len() <= 64 && c.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_'));
            let reason = format!("{} at '{field}'", code.unwrap_or("an error without a code"));
            Try::Final(ShopifyError::Refused { operation, reason })
        }
    }
}

/// The scopes of ``Required access: `read_orders` access scope.``
fn scopes_in(text: &str) -> Option<String> {
    let is_scope = |word: &&str| {
        (word.starts_with("read_") || word.starts_with("write_"))
            && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
    };
    let scopes: Vec<&str> = text.split('`').skip(1).step_by(2).filter(is_scope).collect();
    (!scopes.is_empty()).then(|| scopes.join(" or "))
}

/// Of serde's words only those that name fields and types; the others repeat values.
fn unreadable(operation: &'static str, error: &serde_json::Error) -> ShopifyError {
    let said = error.to_string();
    let missing = said.split('`').nth(1).filter(|_| said.starts_with("missing field"));
    let (field, why) = match missing {
        Some(field) => (field.to_owned(), "it is missing"),
        None => ("one of its fields".to_owned(), "its type is not the one that the schema says"),
    };
    ShopifyError::Unreadable { operation, field, why: why.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_from_what_shopify_says() {
        for (text, expect) in [
            ("Access denied for returns field. Required access: `read_returns` access scope.", Some("read_returns")),
            (
                "`read_content` access scope or `read_online_store_pages` access scope.",
                Some("read_content or read_online_store_pages"),
            ),
            ("Access denied for `orders`.", None),
            ("", None),
        ] {
            assert_eq!(scopes_in(text).as_deref(), expect, "{text}");
        }
    }

    #[test]
    fn an_unreadable_answer_names_the_field_and_no_value() {
        #[derive(Debug, Deserialize)]
        struct Row {
            #[allow(dead_code, reason = "only its absence matters")]
            name: u32,
        }
        let error = |json: &str| unreadable("Op", &serde_json::from_str::<Row>(json).unwrap_err()).to_string();
        assert!(error("{}").contains("name: it is missing"), "{}", error("{}"));
        let said = error(r#"{"name":"beth@mail.example"}"#);
        assert!(!said.contains("beth"), "{said}");
    }
}
