//! What a caller says of who is asking.

use crate::{error::FieldError, identity::Said};
use engine::{
    ConversationId,
    identity::{Email, OrderNumber, code::Code},
};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// Characters of a conversation's id.
const CONVERSATION_CHARS: usize = 128;

/// A text of a request that must not be printed.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Private(pub String);

impl fmt::Debug for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Private")
    }
}

/// An order as its customer names it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    #[schema(value_type = String, example = "#1001")]
    pub order_number: Private,
    /// The e-mail that the order was placed with.
    #[schema(value_type = String, format = Email)]
    pub email: Private,
}

/// Asks for a six-digit code to an e-mail.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeRequest {
    /// The conversation in which the code, and the session that it opens, can be used.
    #[schema(example = "c-1029", max_length = 128)]
    pub conversation_id: String,
    #[schema(value_type = String, format = Email)]
    pub email: Private,
    /// The store that the caller means. Must be the key's own.
    #[serde(default)]
    pub store: Option<String>,
}

/// The same whether or not the store knows the address.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CodeAccepted {
    /// What to show to the customer.
    pub message: &'static str,
}

/// A code as the customer typed it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyRequest {
    #[schema(example = "c-1029", max_length = 128)]
    pub conversation_id: String,
    #[schema(value_type = String, format = Email)]
    pub email: Private,
    #[schema(value_type = String, example = "012345")]
    pub code: Private,
    /// The store that the caller means. Must be the key's own.
    #[serde(default)]
    pub store: Option<String>,
}

/// The customer is known from now on, in this conversation.
#[derive(Serialize, ToSchema)]
pub struct VerifyResponse {
    /// Send it as `customer_session` with the questions of this conversation. Keep it as secret as a password.
    #[schema(example = "cs_...")]
    pub customer_session: String,
    /// RFC 3339, UTC.
    #[schema(example = "2026-11-22T12:00:00Z", format = DateTime)]
    pub expires_at: String,
}

impl Claim {
    pub(super) fn read(self, errors: &mut Vec<FieldError>) -> Said {
        let number = OrderNumber::parse(&self.order_number.0);
        if number.is_none() {
            errors.push(FieldError::new("claim.order_number", "use the number of one order, such as #1001"));
        }
        match (number, email("claim.email", &self.email, errors)) {
            (Some(number), Some(email)) => Said::Claim { number, email },
            _ => Said::Nothing,
        }
    }
}

impl CodeRequest {
    pub fn read(self) -> Result<(ConversationId, Email), Vec<FieldError>> {
        let mut errors = Vec::new();
        let conversation = conversation(self.conversation_id, &mut errors);
        let email = email("email", &self.email, &mut errors);
        email.filter(|_| errors.is_empty()).map(|email| (conversation, email)).ok_or(errors)
    }
}

impl VerifyRequest {
    pub fn read(self) -> Result<(ConversationId, Email, Code), Vec<FieldError>> {
        let mut errors = Vec::new();
        let conversation = conversation(self.conversation_id, &mut errors);
        let email = email("email", &self.email, &mut errors);
        let code = Code::parse(&self.code.0);
        if code.is_none() {
            errors.push(FieldError::new("code", "has six digits"));
        }
        let read = email.zip(code).filter(|_| errors.is_empty());
        read.map(|(email, code)| (conversation, email, code)).ok_or(errors)
    }
}

/// A channel counts its conversations, and what is said there is sent there: no caller of the API may name one.
const OF_A_CHANNEL: &str = "chatwoot:";

pub(super) fn conversation(id: String, errors: &mut Vec<FieldError>) -> ConversationId {
    let ok = (1..=CONVERSATION_CHARS).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b));
    if !ok {
        let problem = format!("use 1 to {CONVERSATION_CHARS} of A-Z, a-z, 0-9 and -_.:");
        errors.push(FieldError::new("conversation_id", problem));
    } else if id.starts_with(OF_A_CHANNEL) {
        errors.push(FieldError::new("conversation_id", "begins as those of a channel do"));
    }
    ConversationId(id)
}

fn email(field: &str, said: &Private, errors: &mut Vec<FieldError>) -> Option<Email> {
    let email = Email::parse(&said.0);
    email.map_err(|_| errors.push(FieldError::new(field, "is not an e-mail address of plain ASCII letters"))).ok()
}
