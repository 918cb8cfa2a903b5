//! A handoff by mail, through the store's own mail server.
//!
//! A mail that was taken by the server and not confirmed is sent again with the same `Message-ID`, by which mailboxes
//! tell that it is one. Where answers by mail are read (`back/mail.rs`), the id and the address to answer to name the
//! handoff; elsewhere an answer goes to the customer's own mailbox, if it is known.

use super::{
    Failure, HandoffNotice,
    back::{mail::ABOVE, tag},
    text::{agent_note, subject},
};
use crate::{
    identity::{MailFailed, Mailer, MailerError},
    store::{self, MailReplies, Smtp, StoreSettings},
};
use engine::{HandoffId, identity::Email};
use sha2::{Digest, Sha256};

pub struct Mail {
    mailer: Mailer,
    to: Email,
    /// What stands after the `@` of a `Message-ID`.
    domain: String,
    replies: Option<MailReplies>,
}

impl Mail {
    pub fn new(smtp: &Smtp, mail: &store::Mail, settings: &StoreSettings) -> Result<Self, MailerError> {
        let mailer = Mailer::new(smtp, &settings.basics.name)?;
        let domain = smtp.from.expose().rsplit_once('@').map_or("shopclerk.invalid", |(_, domain)| domain);
        Ok(Self { mailer, to: mail.to.clone(), domain: domain.to_owned(), replies: mail.replies.clone() })
    }

    pub async fn hand_over(&self, key: &str, handoff: &HandoffNotice) -> Result<(), Failure> {
        let note = format!("{}\n\nHandoff {}\n", agent_note(&handoff.case), handoff.id.0);
        let subject = subject(&handoff.case);
        let sent = match self.answered(&handoff.id) {
            Some((id, address)) => {
                let text = format!(
                    "{ABOVE}\nThe customer reads your answer in the chat. A last line of #done ends the conversation.\n\n{note}"
                );
                self.mailer.send_note(&self.to, Some(&address), (&subject, &text), id).await
            }
            None => {
                let id = format!("<{}@{}>", hex::encode(&Sha256::digest(key.as_bytes())[..16]), self.domain);
                let contact = handoff.contact.as_deref().and_then(|contact| Email::parse(contact).ok());
                self.mailer.send_note(&self.to, contact.as_ref(), (&subject, &note), id).await
            }
        };
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

    /// The `Message-ID` and the address by which an answer finds the handoff again.
    fn answered(&self, handoff: &HandoffId) -> Option<(String, Email)> {
        let replies = self.replies.as_ref()?;
        let tag = tag::tag(handoff, replies.path_secret.expose())?;
        let address = Email::parse(&tag::address(replies.address.expose(), &tag)?).ok()?;
        Some((format!("<{tag}@{}>", self.domain), address))
    }
}
