//! A store's way to one system.

use super::{
    Failure, Notice, chatwoot::Chatwoot, email::Mail, gorgias::Gorgias, slack::Slack, webhook::Webhook,
    zendesk::Zendesk,
};
use crate::{
    db::outbox::{Destination, Due},
    identity::MailerError,
    store::StoreSettings,
};
use std::time::Duration;

/// Closed, so that a new system is decided on everywhere.
pub enum Connector {
    Webhook(Webhook),
    Email(Box<Mail>),
    Chatwoot(Chatwoot),
    Zendesk(Zendesk),
    Gorgias(Gorgias),
    Slack(Slack),
}

/// Settings that were read and still cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorError {
    #[error("the HTTP client cannot be made")]
    Client(#[from] reqwest::Error),
    #[error("identity.smtp")]
    Mailer(#[from] MailerError),
}

impl Connector {
    /// Every one that the store's settings name. `timeout` is for one request.
    pub fn all(settings: &StoreSettings, timeout: Duration) -> Result<Vec<Self>, ConnectorError> {
        let handover = &settings.handover;
        let http = super::http::client(timeout)?;
        let mut all = Vec::new();
        if let Some(webhook) = &handover.webhook {
            all.push(Self::Webhook(Webhook::new(http.clone(), webhook, &settings.store)));
        }
        if let Some((mail, smtp)) = handover.email.as_ref().zip(settings.identity.smtp.as_ref()) {
            all.push(Self::Email(Box::new(Mail::new(smtp, mail, settings)?)));
        }
        if let Some(chatwoot) = &handover.chatwoot {
            all.push(Self::Chatwoot(Chatwoot::new(http.clone(), chatwoot)));
        }
        if let Some(zendesk) = &handover.zendesk {
            all.push(Self::Zendesk(Zendesk::new(http.clone(), zendesk)));
        }
        if let Some(gorgias) = &handover.gorgias {
            all.push(Self::Gorgias(Gorgias::new(http.clone(), gorgias)));
        }
        if let Some(slack) = &handover.slack {
            all.push(Self::Slack(Slack::new(http, slack)));
        }
        Ok(all)
    }

    pub fn destination(&self) -> Destination {
        match self {
            Self::Webhook(_) => Destination::Webhook,
            Self::Email(_) => Destination::Email,
            Self::Chatwoot(_) => Destination::Chatwoot,
            Self::Zendesk(_) => Destination::Zendesk,
            Self::Gorgias(_) => Destination::Gorgias,
            Self::Slack(_) => Destination::Slack,
        }
    }

    /// Tells it. Where the system has a way to say that it was told before, twice is once.
    pub async fn tell(&self, due: &Due) -> Result<(), Failure> {
        match (self, &due.notice) {
            (Self::Webhook(webhook), _) => webhook.tell(due).await,
            (Self::Chatwoot(chatwoot), _) => chatwoot.tell(due).await,
            (Self::Email(mail), Notice::Handoff(handoff)) => mail.hand_over(&due.key, handoff).await,
            (Self::Zendesk(zendesk), Notice::Handoff(handoff)) => zendesk.hand_over(due, handoff).await,
            (Self::Gorgias(gorgias), Notice::Handoff(handoff)) => gorgias.hand_over(due, handoff).await,
            (Self::Slack(slack), Notice::Handoff(handoff)) => slack.hand_over(handoff).await,
            (Self::Email(mail), Notice::FollowUp(said)) => mail.follow_up(&due.key, said).await,
            (Self::Zendesk(zendesk), Notice::FollowUp(said)) => zendesk.follow_up(due, said).await,
            (Self::Gorgias(gorgias), Notice::FollowUp(said)) => gorgias.follow_up(due, said).await,
            (Self::Slack(slack), Notice::FollowUp(said)) => slack.follow_up(said).await,
            (
                Self::Email(_) | Self::Zendesk(_) | Self::Gorgias(_) | Self::Slack(_),
                Notice::CustomerSaid { .. } | Notice::Moved { .. } | Notice::Say { .. } | Notice::Status { .. },
            ) => Err(Failure::Never { class: "not what this system is told".into() }),
        }
    }
}
