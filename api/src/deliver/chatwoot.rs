//! Chatwoot, as the agent bot of an inbox: what is said to the customer, notes for agents, and the conversation's status.
//! What Chatwoot says back is read in `inbound.rs`.
//!
//! Requests carry `api_access_token`. A status that is set twice is set once; a message is looked for before it is sent
//! again, where an agent's token was given: a bot's own may not read.

use super::{ChannelStatus, Failure, Notice, agent_note, http};
use crate::{
    db::outbox::Due,
    store::{self, Secret},
};
use engine::ConversationId;
use jiff::Timestamp;
use reqwest::Client;
use serde_json::json;

/// The number that Chatwoot gives messages of agents and bots.
const OUTGOING: i64 = 1;
/// How far Chatwoot's clock may be behind ours, in seconds.
const SKEW: i64 = 120;

pub struct Chatwoot {
    http: Client,
    url: String,
    account: u64,
    token: Secret,
    look_token: Option<Secret>,
}

impl Chatwoot {
    pub fn new(http: Client, settings: &store::Chatwoot) -> Self {
        Self {
            http,
            url: settings.url.trim_end_matches('/').to_owned(),
            account: settings.account,
            token: settings.token.clone(),
            look_token: settings.look_token.clone(),
        }
    }

    pub async fn tell(&self, due: &Due) -> Result<(), Failure> {
        let Some((account, number)) = parts(&due.conversation) else {
            return Err(Failure::Never { class: "not a conversation of Chatwoot".into() });
        };
        if account != self.account {
            return Err(Failure::Never { class: "a conversation of another account".into() });
        }
        match &due.notice {
            Notice::Say { text } => self.message(due, number, text, false).await,
            Notice::Handoff(handoff) => {
                let note = format!("{}\nHandoff {}", agent_note(&handoff.case), handoff.id.0);
                self.message(due, number, &note, true).await
            }
            Notice::Status { status } => self.set(number, *status).await,
            Notice::CustomerSaid { .. } | Notice::FollowUp(_) | Notice::Moved { .. } => {
                Err(Failure::Never { class: "not what this system is told".into() })
            }
        }
    }

    async fn message(&self, due: &Due, conversation: u64, text: &str, private: bool) -> Result<(), Failure> {
        if let Some(first) = due.first_at
            && self.is_there(conversation, text, private, first).await?
        {
            return Ok(());
        }
        let body = json!({ "content": text, "message_type": "outgoing", "private": private, "content_type": "text" });
        let request = self.http.post(self.address(conversation, "messages")).json(&body);
        http::send(request.header("api_access_token", self.token.expose())).await.map(drop)
    }

    async fn set(&self, conversation: u64, status: ChannelStatus) -> Result<(), Failure> {
        let body = json!({ "status": status.as_str() });
        let request = self.http.post(self.address(conversation, "toggle_status")).json(&body);
        http::send(request.header("api_access_token", self.token.expose())).await.map(drop)
    }

    /// Whether a first attempt arrived whose confirmation was lost.
    async fn is_there(&self, conversation: u64, text: &str, private: bool, first: Timestamp) -> Result<bool, Failure> {
        let Some(token) = &self.look_token else { return Ok(false) };
        let request = self.http.get(self.address(conversation, "messages"));
        let found = http::send(request.header("api_access_token", token.expose())).await?;
        let is_it = |message: &serde_json::Value| {
            message["content"] == text
                && message["message_type"] == OUTGOING
                && message["private"].as_bool().unwrap_or_default() == private
                && message["created_at"].as_i64().is_some_and(|at| at >= first.as_second() - SKEW)
        };
        Ok(found["payload"].as_array().is_some_and(|messages| messages.iter().any(is_it)))
    }

    fn address(&self, conversation: u64, what: &str) -> String {
        format!("{}/api/v1/accounts/{}/conversations/{conversation}/{what}", self.url, self.account)
    }
}

/// The id here of a conversation there.
pub fn conversation(account: u64, number: u64) -> ConversationId {
    ConversationId(format!("chatwoot:{account}:{number}"))
}

fn parts(id: &ConversationId) -> Option<(u64, u64)> {
    let (account, number) = id.0.strip_prefix("chatwoot:")?.split_once(':')?;
    Some((account.parse().ok()?, number.parse().ok()?))
}
