//! A handoff as a ticket of Zendesk: `POST /api/v2/tickets.json` with basic authentication `{e-mail}/token:{token}`.
//!
//! Zendesk remembers an `Idempotency-Key` for two hours; after a first attempt it is looked for by `external_id` as
//! well, so that an attempt of the next day makes no second ticket.
//!
//! What the customer adds is a comment of the requester's: `PUT /api/v2/tickets/{id}.json`. Zendesk knows no key for
//! that, so the comment's audit carries ours as metadata, which a repetition looks for. A ticket that waits for the
//! customer or is solved is opened with it; one that is closed for good gets a follow-up ticket with the same
//! `external_id`.

use super::{
    Failure, FollowUp, HandoffNotice, http,
    text::{agent_note, follow_up_note, subject},
};
use crate::{
    db::outbox::{Destination, Due},
    store::{self, Secret},
};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

pub struct Zendesk {
    http: Client,
    /// Without `.json`.
    url: String,
    user: String,
    token: Secret,
    tags: Vec<String>,
}

/// The name under which an audit holds our key.
const MARK: &str = "shopclerk";
/// A page of audits, with what was written and changed.
const AUDITS_BYTES: usize = 16 * 1024 * 1024;
/// A hundred audits each.
const PAGES: usize = 50;

impl Zendesk {
    pub fn new(http: Client, settings: &store::Zendesk) -> Self {
        Self {
            http,
            url: format!("{}/api/v2/tickets", settings.url.trim_end_matches('/')),
            user: format!("{}/token", settings.user.expose()),
            token: settings.token.clone(),
            tags: settings.tags.clone(),
        }
    }

    pub async fn hand_over(&self, due: &Due, handoff: &HandoffNotice) -> Result<(), Failure> {
        if due.attempts > 0 && self.is_there(&due.key).await? {
            return Ok(());
        }
        match self.make(&due.key, &self.ticket(&due.key, handoff)).await {
            // The same key with another body: the ticket was made before the settings changed.
            Err(Failure::Never { class }) => {
                if self.is_there(&due.key).await? {
                    Ok(())
                } else {
                    Err(Failure::Never { class })
                }
            }
            made => made,
        }
    }

    pub async fn follow_up(&self, due: &Due, said: &FollowUp) -> Result<(), Failure> {
        let external_id = said.ticket(Destination::Zendesk);
        let mut tickets = self.tickets(&external_id).await?;
        // The last one that something can be added to.
        tickets.sort_by_key(|ticket| (ticket["status"] != "closed", ticket["id"].as_u64()));
        match tickets.last() {
            Some(ticket) if ticket["status"] != "closed" => self.add(due, ticket, said).await,
            closed => self.make(&due.key, &self.fresh(due, closed, said, &external_id)).await,
        }
    }

    async fn add(&self, due: &Due, ticket: &Value, said: &FollowUp) -> Result<(), Failure> {
        let id = ticket["id"].as_u64().ok_or_else(|| Failure::later("a ticket without an id"))?;
        if due.attempts > 0 && self.holds(id, &due.key).await? {
            return Ok(());
        }
        let requester = &ticket["requester_id"];
        // Without an address the ticket is for whoever made it, and its words would pass for an agent's answer.
        let comment = if requester.is_null() || *requester == ticket["submitter_id"] {
            json!({ "body": follow_up_note(&said.text), "public": false })
        } else {
            json!({ "body": said.text, "public": true, "author_id": requester })
        };
        let mut change = json!({ "comment": comment, "metadata": { MARK: due.key } });
        if matches!(ticket["status"].as_str(), Some("pending" | "hold" | "solved")) {
            change["status"] = json!("open");
        }
        let request = self.signed(self.http.put(format!("{}/{id}.json", self.url)));
        http::send(request.json(&json!({ "ticket": change }))).await.map(drop)
    }

    /// Whether an audit of the ticket carries the key.
    async fn holds(&self, ticket: u64, key: &str) -> Result<bool, Failure> {
        let url = format!("{}/{ticket}/audits.json", self.url);
        let mut after: Option<String> = None;
        for _ in 0..PAGES {
            let mut request = self.signed(self.http.get(&url)).query(&[("page[size]", "100")]);
            if let Some(after) = &after {
                request = request.query(&[("page[after]", after)]);
            }
            let page = http::send_within(request, AUDITS_BYTES).await?;
            let audits = page["audits"].as_array().ok_or_else(|| Failure::later("no audits in the answer"))?;
            if audits.iter().any(|audit| audit["metadata"]["custom"][MARK] == key) {
                return Ok(true);
            }
            after = page["meta"]["after_cursor"].as_str().map(str::to_owned);
            if page["meta"]["has_more"] != true || after.is_none() {
                return Ok(false);
            }
        }
        Ok(false)
    }

    /// In the place of a ticket that is closed for good, or that nobody can find any more.
    fn fresh(&self, due: &Due, closed: Option<&Value>, said: &FollowUp, external_id: &str) -> Value {
        let mut ticket = json!({
            "subject": subject(&said.question),
            "comment": { "body": follow_up_note(&said.text), "public": false },
            "external_id": external_id,
            "tags": self.tags(),
            "metadata": { MARK: due.key },
        });
        if let Some(closed) = closed {
            ticket["via_followup_source_id"] = closed["id"].clone();
            ticket["requester_id"] = closed["requester_id"].clone();
        } else if let Some(contact) = &said.contact {
            ticket["requester"] = json!({ "email": contact, "name": contact });
        }
        json!({ "ticket": ticket })
    }

    async fn make(&self, key: &str, ticket: &Value) -> Result<(), Failure> {
        let request = self.signed(self.http.post(format!("{}.json", self.url))).header("idempotency-key", key);
        http::send(request.json(ticket)).await.map(drop)
    }

    fn tags(&self) -> Vec<&str> {
        ["shopclerk"].into_iter().chain(self.tags.iter().map(String::as_str)).collect()
    }

    fn ticket(&self, key: &str, handoff: &HandoffNotice) -> Value {
        let mut ticket = json!({
            "subject": subject(&handoff.case.question),
            // For agents: the customer would be mailed a public comment.
            "comment": { "body": agent_note(&handoff.case), "public": false },
            "external_id": key,
            "tags": self.tags(),
        });
        if let Some(contact) = &handoff.contact {
            // A requester who is not known yet needs a name.
            ticket["requester"] = json!({ "email": contact, "name": contact });
        }
        json!({ "ticket": ticket })
    }

    async fn is_there(&self, external_id: &str) -> Result<bool, Failure> {
        self.tickets(external_id).await.map(|tickets| !tickets.is_empty())
    }

    async fn tickets(&self, external_id: &str) -> Result<Vec<Value>, Failure> {
        let request = self.signed(self.http.get(format!("{}.json", self.url)));
        let mut found = http::send(request.query(&[("external_id", external_id)])).await?;
        let Value::Array(mut tickets) = found["tickets"].take() else {
            return Err(Failure::later("no tickets in the answer"));
        };
        tickets.retain(|ticket| ticket["external_id"] == external_id);
        Ok(tickets)
    }

    fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        request.basic_auth(&self.user, Some(self.token.expose()))
    }
}
