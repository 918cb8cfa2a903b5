//! A handoff by mail, through the store's own mail server.
//!
//! A mail that was taken by the server and not confirmed is sent again with the same `Message-ID`, by which mailboxes
//! tell that it is one.

use super::{
    Failure, HandoffNotice,
    text::{agent_note, subject},
};
use crate::{
    identity::{MailFailed, Mailer, MailerError},
    store::{self, Smtp, StoreSettings},
};
use engine::identity::Email;
use sha2::{Digest, Sha256};

pub struct Mail {
    mailer: Mailer,
    to: Email,
    /// What stands after the `@` of a `Message-ID`.
    domain: String,
}

impl Mail {
    pub fn new(smtp: &Smtp, mail: &store::Mail, settings: &StoreSettings) -> Result<Self, MailerError> {
        let mailer = Mailer::new(smtp, &settings.basics.name)?;
        let domain = smtp.from.expose().rsplit_once('@').map_or("shopclerk.invalid", |(_, domain)| domain);
        Ok(Self { mailer, to: mail.to.clone(), domain: domain.to_owned() })
    }

    pub async fn hand_over(&self, key: &str, handoff: &HandoffNotice) -> Result<(), Failure> {
        let id = format!("<{}@{}>", hex::encode(&Sha256::digest(key.as_bytes())[..16]), self.domain);
        let contact = handoff.contact.as_deref().and_then(|contact| Email::parse(contact).ok());
        let text = format!("{}\n\nHandoff {}\n", agent_note(&handoff.case), handoff.id.0);
        let sent = self.mailer.send_note(&self.to, contact.as_ref(), (&subject(&handoff.case), &text), id).await;
        sent.map_err(|failed| match failed {
            MailFailed::Unwritable => Failure::Never { class: "no mail can be written to this address".into() },
            MailFailed::Refused(status) if status.starts_with('5') => {
                Failure::Never { class: format!("SMTP {status}") }
            }
            MailFailed::Refused(status) => Failure::later(format!("SMTP {status}")),
            MailFailed::TimedOut => Failure::later("no answer in time"),
            MailFailed::Unreachable => Failure::later("cannot be reached"),
        })
    }
}
