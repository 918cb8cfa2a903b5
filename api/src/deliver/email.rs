//! A handoff by mail, through the store's own mail server.
//!
//! A mail that was taken by the server and not confirmed is sent again with the same `Message-ID`, by which mailboxes
//! tell that it is one. Where answers by mail are read (`back/mail.rs`), the id and the address to answer to name the
//! handoff; elsewhere an answer goes to the customer's own mailbox, if it is known. What the customer adds is mailed
//! in the thread of the handoff's mail.

use super::{
    Failure, FollowUp, HandoffNotice,
    back::{mail::ABOVE, tag},
    text::{agent_note, follow_up_note, subject},
};
use crate::{
    db::outbox::Destination,
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
        let subject = subject(&handoff.case.question);
        self.send((&handoff.id, key), handoff.contact.as_deref(), (&subject, &note), None).await
    }

    /// In the thread of the handoff's mail.
    pub async fn follow_up(&self, key: &str, said: &FollowUp) -> Result<(), Failure> {
        let number = said.number.saturating_add(1);
        let note = format!("{}\n\nHandoff {}, message {number}\n", follow_up_note(&said.text), said.handoff.0);
        let subject = format!("Re: {}", subject(&said.question));
        let first = said.ticket(Destination::Email);
        self.send((&said.handoff, key), said.contact.as_deref(), (&subject, &note), Some(&first)).await
    }

    /// `key` is the row's; `first` that of the row which began the thread, if this one does not.
    async fn send(
        &self,
        (handoff, key): (&HandoffId, &str),
        contact: Option<&str>,
        (subject, note): (&str, &str),
        first: Option<&str>,
    ) -> Result<(), Failure> {
        let sent = match self.answered(handoff) {
            Some((tag, address)) => {
                let text = format!(
                    "{ABOVE}\nThe customer reads your answer in the chat. A last line of #done ends the conversation.\n\n{note}"
                );
                let begins = format!("<{tag}@{}>", self.domain);
                let ids = match first {
                    None => (begins, None),
                    Some(_) => (format!("<{tag}.{}@{}>", digest(key), self.domain), Some(begins)),
                };
                self.mailer.send_note(&self.to, Some(&address), (subject, &text), ids).await
            }
            None => {
                let id = |key: &str| format!("<{}@{}>", digest(key), self.domain);
                let contact = contact.and_then(|contact| Email::parse(contact).ok());
                self.mailer.send_note(&self.to, contact.as_ref(), (subject, note), (id(key), first.map(id))).await
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

    /// The tag and the address by which an answer finds the handoff again.
    fn answered(&self, handoff: &HandoffId) -> Option<(String, Email)> {
        let replies = self.replies.as_ref()?;
        let tag = tag::tag(handoff, replies.path_secret.expose())?;
        let address = Email::parse(&tag::address(replies.address.expose(), &tag)?).ok()?;
        Some((tag, address))
    }
}

fn digest(key: &str) -> String {
    hex::encode(&Sha256::digest(key.as_bytes())[..16])
}
