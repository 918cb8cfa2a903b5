//! A handoff as a ticket of Zendesk: `POST /api/v2/tickets.json` with basic authentication `{e-mail}/token:{token}`.
//!
//! Zendesk remembers an `Idempotency-Key` for two hours; after a first attempt it is looked for by `external_id` as
//! well, so that an attempt of the next day makes no second ticket.

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

pub struct Zendesk {
    http: Client,
    url: String,
    user: String,
    token: Secret,
    tags: Vec<String>,
}

impl Zendesk {
    pub fn new(http: Client, settings: &store::Zendesk) -> Self {
        Self {
            http,
            url: format!("{}/api/v2/tickets.json", settings.url.trim_end_matches('/')),
            user: format!("{}/token", settings.user.expose()),
            token: settings.token.clone(),
            tags: settings.tags.clone(),
        }
    }

    pub async fn hand_over(&self, due: &Due, handoff: &HandoffNotice) -> Result<(), Failure> {
        if due.attempts > 0 && self.is_there(&due.key).await? {
            return Ok(());
        }
        let request = self.signed(self.http.post(&self.url)).header("idempotency-key", &due.key);
        match http::send(request.json(&self.ticket(&due.key, handoff))).await {
            // The same key with another body: the ticket was made before the settings changed.
            Err(Failure::Never { class }) => {
                if self.is_there(&due.key).await? {
                    Ok(())
                } else {
                    Err(Failure::Never { class })
                }
            }
            sent => sent.map(drop),
        }
    }

    fn ticket(&self, key: &str, handoff: &HandoffNotice) -> Value {
        let mut tags = vec!["shopclerk".to_owned()];
        tags.extend(self.tags.iter().cloned());
        let mut ticket = json!({
            "subject": subject(&handoff.case),
            // For agents: the customer would be mailed a public comment.
            "comment": { "body": agent_note(&handoff.case), "public": false },
            "external_id": key,
            "tags": tags,
        });
        if let Some(contact) = &handoff.contact {
            // A requester who is not known yet needs a name.
            ticket["requester"] = json!({ "email": contact, "name": contact });
        }
        json!({ "ticket": ticket })
    }

    async fn is_there(&self, key: &str) -> Result<bool, Failure> {
        let found = http::send(self.signed(self.http.get(&self.url)).query(&[("external_id", key)])).await?;
        let tickets = found["tickets"].as_array();
        Ok(tickets.is_some_and(|tickets| tickets.iter().any(|ticket| ticket["external_id"] == key)))
    }

    fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        request.basic_auth(&self.user, Some(self.token.expose()))
    }
}
