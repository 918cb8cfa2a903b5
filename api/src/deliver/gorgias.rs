//! A handoff as a ticket of Gorgias: `POST /api/tickets` with the customer's message and an internal note.
//!
//! Gorgias documents no idempotency key, so a repetition looks first for a ticket with the same `external_id`. What the
//! customer adds is a message of theirs in it, with an `external_id` of its own, which a repetition looks for; a ticket
//! that was closed is opened with it.

use super::{
    Failure, FollowUp, HandoffNotice, http,
    text::{agent_note, subject},
};
use crate::{
    db::outbox::{Destination, Due},
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

    pub async fn follow_up(&self, due: &Due, said: &FollowUp) -> Result<(), Failure> {
        let external_id = said.ticket(Destination::Gorgias);
        let tickets = self.tickets(&external_id).await?;
        let Some(ticket) = tickets.iter().max_by_key(|ticket| ticket["id"].as_u64()) else {
            return self.fresh(due, said, &external_id).await;
        };
        let id = ticket["id"].as_u64().ok_or_else(|| Failure::later("a ticket without an id"))?;
        if due.attempts == 0 || !self.holds(id, &due.key).await? {
            let customer = match ticket["customer"]["id"].as_u64() {
                Some(id) => json!({ "id": id }),
                None => self.customer(said.contact.as_deref()),
            };
            let message = incoming(&customer, &said.question, &said.text, Some(&due.key));
            http::send(self.signed(self.http.post(format!("{}/{id}/messages", self.url))).json(&message)).await?;
        }
        if ticket["status"] == "closed" {
            let open = self.signed(self.http.put(format!("{}/{id}", self.url))).json(&json!({ "status": "open" }));
            http::send(open).await?;
        }
        Ok(())
    }

    /// Whether the ticket holds the message of this key.
    async fn holds(&self, ticket: u64, key: &str) -> Result<bool, Failure> {
        let ticket = self.read(ticket).await?;
        let messages = ticket["messages"].as_array().ok_or_else(|| Failure::later("no messages in the answer"))?;
        Ok(messages.iter().any(|message| message["external_id"] == key))
    }

    /// In the place of a ticket that nobody can find any more.
    async fn fresh(&self, due: &Due, said: &FollowUp, external_id: &str) -> Result<(), Failure> {
        let customer = self.customer(said.contact.as_deref());
        let message = incoming(&customer, &said.question, &said.text, Some(&due.key));
        let ticket = self.holding(external_id, (&subject(&said.question), &customer), &[message]);
        http::send(self.signed(self.http.post(&self.url)).json(&ticket)).await.map(drop)
    }

    /// `GET /api/tickets/{id}`: a ticket with its messages, as it is now.
    pub async fn read(&self, id: u64) -> Result<Value, Failure> {
        let request = self.signed(self.http.get(format!("{}/{id}", self.url)));
        let ticket = http::send_within(request, TICKET_BYTES).await?;
        if ticket.is_object() { Ok(ticket) } else { Err(Failure::later("no ticket in the answer")) }
    }

    fn ticket(&self, key: &str, handoff: &HandoffNotice) -> Value {
        let customer = self.customer(handoff.contact.as_deref());
        let note = json!({
            "channel": "internal-note",
            "via": "api",
            "from_agent": true,
            "public": false,
            "sender": { "email": self.user },
            "body_text": agent_note(&handoff.case),
        });
        let question = &handoff.case.question;
        let messages = [incoming(&customer, question, question, None), note];
        self.holding(key, (&subject(question), &customer), &messages)
    }

    fn holding(&self, key: &str, (subject, customer): (&str, &Value), messages: &[Value]) -> Value {
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
            "messages": messages,
        })
    }

    fn customer(&self, contact: Option<&str>) -> Value {
        json!({ "email": contact.unwrap_or(&self.unknown_customer) })
    }

    async fn is_there(&self, external_id: &str) -> Result<bool, Failure> {
        self.tickets(external_id).await.map(|tickets| !tickets.is_empty())
    }

    async fn tickets(&self, external_id: &str) -> Result<Vec<Value>, Failure> {
        let request = self.signed(self.http.get(&self.url)).query(&[("external_id", external_id)]);
        let mut found = http::send(request).await?;
        let Value::Array(mut tickets) = found["data"].take() else {
            return Err(Failure::later("no tickets in the answer"));
        };
        tickets.retain(|ticket| ticket["external_id"] == external_id);
        Ok(tickets)
    }

    fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        request.basic_auth(&self.user, Some(self.key.expose()))
    }
}

/// What the customer wrote, as a message of a ticket about a question.
fn incoming(customer: &Value, question: &str, text: &str, key: Option<&str>) -> Value {
    let mut message = json!({
        "channel": "api",
        "via": "api",
        "from_agent": false,
        "public": true,
        "sender": customer,
        "subject": subject(question),
        "body_text": text,
    });
    if let Some(key) = key {
        message["external_id"] = json!(key);
    }
    message
}
