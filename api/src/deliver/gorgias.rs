//! A handoff as a ticket of Gorgias: `POST /api/tickets` with the customer's message and an internal note.
//!
//! Gorgias documents no idempotency key, so a repetition looks first for a ticket with the same `external_id`.

use super::{
    Failure, HandoffNotice, http,
    text::{agent_note, subject},
};
use crate::{
    db::outbox::Due,
    store::{self, Secret},
};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

/// A ticket with a long history and pictures in its mails.
const TICKET_BYTES: usize = 16 * 1024 * 1024;

pub struct Gorgias {
    http: Client,
    url: String,
    user: String,
    key: Secret,
    unknown_customer: String,
    tags: Vec<String>,
}

impl Gorgias {
    pub fn new(http: Client, settings: &store::Gorgias) -> Self {
        Self {
            http,
            url: format!("{}/api/tickets", settings.url.trim_end_matches('/')),
            user: settings.user.expose().to_owned(),
            key: settings.key.clone(),
            unknown_customer: settings.unknown_customer.expose().to_owned(),
            tags: settings.tags.clone(),
        }
    }

    pub async fn hand_over(&self, due: &Due, handoff: &HandoffNotice) -> Result<(), Failure> {
        if due.attempts > 0 && self.is_there(&due.key).await? {
            return Ok(());
        }
        http::send(self.signed(self.http.post(&self.url)).json(&self.ticket(&due.key, handoff))).await.map(drop)
    }

    /// `GET /api/tickets/{id}`: a ticket with its messages, as it is now.
    pub async fn read(&self, id: u64) -> Result<Value, Failure> {
        let request = self.signed(self.http.get(format!("{}/{id}", self.url)));
        let ticket = http::send_within(request, TICKET_BYTES).await?;
        if ticket.is_object() { Ok(ticket) } else { Err(Failure::later("no ticket in the answer")) }
    }

    fn ticket(&self, key: &str, handoff: &HandoffNotice) -> Value {
        let customer = json!({ "email": handoff.contact.as_ref().unwrap_or(&self.unknown_customer) });
        let subject = subject(&handoff.case);
        let tags = ["shopclerk"].into_iter().chain(self.tags.iter().map(String::as_str));
        let tags: Vec<Value> = tags.map(|name| json!({ "name": name })).collect();
        json!({
            "external_id": key,
            "channel": "api",
            "via": "api",
            "from_agent": false,
            "status": "open",
            "subject": subject,
            "customer": customer,
            "tags": tags,
            "messages": [
                {
                    "channel": "api",
                    "via": "api",
                    "from_agent": false,
                    "public": true,
                    "sender": customer,
                    "subject": subject,
                    "body_text": handoff.case.question,
                },
                {
                    "channel": "internal-note",
                    "via": "api",
                    "from_agent": true,
                    "public": false,
                    "sender": { "email": self.user },
                    "body_text": agent_note(&handoff.case),
                },
            ],
        })
    }

    async fn is_there(&self, key: &str) -> Result<bool, Failure> {
        let found = http::send(self.signed(self.http.get(&self.url)).query(&[("external_id", key)])).await?;
        let tickets = found["data"].as_array();
        Ok(tickets.is_some_and(|tickets| tickets.iter().any(|ticket| ticket["external_id"] == key)))
    }

    fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        request.basic_auth(&self.user, Some(self.key.expose()))
    }
}
