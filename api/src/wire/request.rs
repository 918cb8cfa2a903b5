//! A question as a caller sends it, and the limits that it must keep.

use super::{Claim, Private, identity};
use crate::{config::Limits, error::FieldError, identity::Said};
use engine::{ConversationId, Message, Speaker, Turn, identity::session::SessionToken};
use serde::Deserialize;
use utoipa::ToSchema;

/// A customer's question.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskRequest {
    /// What the customer wrote.
    #[schema(example = "Can I return a sale jacket?", min_length = 1)]
    pub question: String,
    /// The same id means the same conversation; one is made up if it is absent. Whoever knows the id can go on with the
    /// conversation, so make ids up at random (22 characters or more): of such a one the history is kept here.
    #[schema(example = "c-1029", max_length = 128)]
    #[serde(default)]
    pub conversation_id: Option<String>,
    /// Which message of the customer this is, from 0. Absent: as many as the customer has in `history`; without a history
    /// the next one, or the last one if it comes in the same words within 30 s.
    /// A question that is sent again with the same conversation and turn opens no second handoff.
    #[serde(default)]
    pub turn: Option<u32>,
    /// What was said before, oldest first. Absent: what is kept of the conversation, if its id cannot be guessed.
    #[serde(default)]
    pub history: Vec<HistoryMessage>,
    /// The country that the customer shops from, as ISO 3166-1 alpha-2.
    #[schema(example = "US")]
    #[serde(default)]
    pub country: Option<String>,
    /// The store that the caller means. Must be the key's own; guards against a key in the wrong place.
    #[serde(default)]
    pub store: Option<String>,
    /// Who is asking, as the merchant's own site says it: a JWT (HS256, `kid` of one of the store's keys, `aud`
    /// `shopclerk`, `iss` the store, `exp` within 24 h, and `sub`, Shopify's customer id, or `email`). At most one of
    /// `customer_token`, `customer_session` and `claim`.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub customer_token: Option<Private>,
    /// Who is asking, as `/v1/identity/verify` found; goes with the `conversation_id` that the code was asked for in.
    #[schema(value_type = Option<String>, example = "cs_...")]
    #[serde(default)]
    pub customer_session: Option<Private>,
    /// The order that the question is about, by its number and e-mail; opens its status and tracking.
    #[serde(default)]
    pub claim: Option<Claim>,
}

/// An earlier message of the conversation.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HistoryMessage {
    pub role: Role,
    pub text: String,
}

/// Who spoke.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Customer,
    /// Whoever spoke for the store: a person, or shopclerk.
    Agent,
}

impl AskRequest {
    /// Which message of the customer it is, as far as the caller says: outright, or by the history that it brings.
    pub fn number(&self) -> Option<u32> {
        let asked = self.history.iter().filter(|message| matches!(message.role, Role::Customer)).count();
        self.turn.or((!self.history.is_empty()).then_some(u32::try_from(asked).unwrap_or(u32::MAX)))
    }

    /// The turn and what was said of who is asking, or every field that is wrong.
    pub fn into_turn(self, limits: &Limits) -> Result<(Turn, Said), Vec<FieldError>> {
        let mut errors = Vec::new();
        let question = self.question.trim();
        if question.is_empty() {
            errors.push(FieldError::new("question", "is empty"));
        }
        too_long(&mut errors, "question", question, limits.question_chars);
        if self.history.len() > limits.history_messages {
            let (said, limit) = (self.history.len(), limits.history_messages);
            errors.push(FieldError::new("history", format!("has {said} messages, the limit is {limit}")));
        }
        for (i, message) in self.history.iter().enumerate() {
            too_long(&mut errors, &format!("history[{i}].text"), &message.text, limits.history_chars);
        }
        if self.customer_session.is_some() && self.conversation_id.is_none() {
            errors.push(FieldError::new("conversation_id", "is needed with customer_session"));
        }
        let said = said(self.customer_token, self.customer_session, self.claim, &mut errors);
        let conversation = match self.conversation_id {
            None => ConversationId(format!("c_{}", uuid::Uuid::new_v4().simple())),
            Some(id) => identity::conversation(id, &mut errors),
        };
        if self.turn.is_some_and(|turn| turn > TURNS) {
            errors.push(FieldError::new("turn", format!("is at most {TURNS}")));
        }
        let country = self.country.map(|country| {
            if country.len() != 2 || !country.bytes().all(|b| b.is_ascii_alphabetic()) {
                errors.push(FieldError::new("country", "use two letters, such as US"));
            }
            country.to_ascii_uppercase()
        });
        if !errors.is_empty() {
            return Err(errors);
        }
        let history: Vec<_> = self.history.into_iter().map(Message::from).collect();
        let asked = history.iter().filter(|message| message.role == Speaker::Customer).count();
        let number = self.turn.unwrap_or(u32::try_from(asked).unwrap_or(u32::MAX));
        Ok((Turn { conversation, number, text: question.to_owned(), history, country }, said))
    }
}

/// No conversation is longer; numbers are counted on from what a caller says.
const TURNS: u32 = 1_000_000;

/// One of the three at most: of two that disagree, neither may win in silence.
fn said(token: Option<Private>, session: Option<Private>, claim: Option<Claim>, errors: &mut Vec<FieldError>) -> Said {
    match (token, session, claim) {
        (None, None, None) => Said::Nothing,
        (Some(token), None, None) => Said::Token(token.0),
        (None, Some(session), None) => Said::Session(SessionToken::presented(&session.0)),
        (None, None, Some(claim)) => claim.read(errors),
        (token, _, claim) => {
            let field = if claim.is_some() { "claim" } else { "customer_session" };
            let other = if token.is_some() { "customer_token" } else { "customer_session" };
            errors.push(FieldError::new(field, format!("cannot be sent together with {other}")));
            Said::Nothing
        }
    }
}

fn too_long(errors: &mut Vec<FieldError>, field: &str, text: &str, limit: usize) {
    let chars = text.chars().count();
    if chars > limit {
        errors.push(FieldError::new(field, format!("has {chars} characters, the limit is {limit}")));
    }
}

impl From<HistoryMessage> for Message {
    fn from(message: HistoryMessage) -> Self {
        let role = match message.role {
            Role::Customer => Speaker::Customer,
            Role::Agent => Speaker::Agent,
        };
        Self { role, text: message.text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(body: &str) -> Result<Turn, Vec<String>> {
        let mut limits = crate::config::shipped().unwrap().limits;
        (limits.question_chars, limits.history_messages, limits.history_chars) = (10, 3, 5);
        let request: AskRequest = serde_json::from_str(body).unwrap();
        request.into_turn(&limits).map(|(turn, _)| turn).map_err(|errors| errors.into_iter().map(|e| e.field).collect())
    }

    #[test]
    fn every_field_that_is_wrong_is_named() {
        for (body, fields) in [
            (r#"{"question":" "}"#, &["question"][..]),
            (r#"{"question":"ééééééééééé"}"#, &["question"]),
            (r#"{"question":"a","conversation_id":"","country":"USA"}"#, &["conversation_id", "country"]),
            (r#"{"question":"a","conversation_id":"a b"}"#, &["conversation_id"]),
            // A channel's conversation, and a number after which nothing can be counted.
            (r#"{"question":"a","conversation_id":"chatwoot:1:7"}"#, &["conversation_id"]),
            (r#"{"question":"a","turn":4294967295}"#, &["turn"]),
            (r#"{"question":"a","history":[{"role":"agent","text":"too long"}]}"#, &["history[0].text"]),
            (r#"{"question":"a","customer_session":"cs_1"}"#, &["conversation_id"]),
            (
                r#"{"question":"a","customer_token":"t","customer_session":"s","conversation_id":"c"}"#,
                &["customer_session"],
            ),
            (r#"{"question":"a","customer_token":"t","claim":{"order_number":"1","email":"a@b.example"}}"#, &["claim"]),
            (
                r#"{"question":"a","claim":{"order_number":"1 OR 2","email":"a@b"}}"#,
                &["claim.order_number", "claim.email"],
            ),
        ] {
            assert_eq!(turn(body).unwrap_err(), fields, "{body}");
        }
        turn(r#"{"question":"éééééééééé"}"#).unwrap();
    }

    #[test]
    fn the_turn_counts_the_customers_messages() {
        let history = r#"[{"role":"customer","text":"a"},{"role":"agent","text":"b"}]"#;
        let counted = turn(&format!(r#"{{"question":"c","history":{history},"country":"us"}}"#)).unwrap();
        assert_eq!((counted.number, counted.country.as_deref(), counted.history.len()), (1, Some("US"), 2));
        assert_eq!(turn(r#"{"question":"c","turn":7}"#).unwrap().number, 7);
        assert_ne!(
            turn(r#"{"question":"c"}"#).unwrap().conversation,
            turn(r#"{"question":"c"}"#).unwrap().conversation
        );
    }
}
