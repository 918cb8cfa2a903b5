//! Codes, and notes to the store's people, by mail, through a store's SMTP server.

use crate::store::{Security, Smtp};
use engine::identity::{Email, code::Code};
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Mailbox,
        header::{HeaderName, HeaderValue},
    },
    transport::smtp::authentication::Credentials,
};
use std::{fmt, time::Duration};
use tokio::time::timeout;

/// Connecting, each on its own and the whole conversation with the server.
const CONNECT: Duration = Duration::from_secs(10);
const SEND: Duration = Duration::from_secs(30);

/// One store's way to send mail.
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    store_name: String,
}

/// Settings that no mail can be sent with.
#[derive(Debug, thiserror::Error)]
pub enum MailerError {
    #[error("smtp.from is not an address that mail can come from")]
    From(#[source] lettre::address::AddressError),
    #[error("smtp.host is not a name that a certificate can be checked for")]
    Host(#[source] lettre::transport::smtp::Error),
}

/// Why a mail did not go out. Without the server's words: they tend to repeat the address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailFailed {
    #[error("the SMTP server did not take the mail within {} s", SEND.as_secs())]
    TimedOut,
    #[error("the SMTP server refused with status {0}")]
    Refused(String),
    #[error("the SMTP server could not be reached, or not with the security that is set")]
    Unreachable,
    #[error("no mail can be written to this address")]
    Unwritable,
}

impl Mailer {
    /// `store_name` is what customers know the store by: the sender's name, and in the text.
    pub fn new(smtp: &Smtp, store_name: &str) -> Result<Self, MailerError> {
        let builder = match smtp.security {
            Security::Tls => AsyncSmtpTransport::<Tokio1Executor>::relay(&smtp.host),
            // Fails where the server offers no TLS; it does not go on without.
            Security::Starttls => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(&smtp.host),
            Security::None => Ok(AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&smtp.host)),
        };
        let mut builder = builder.map_err(MailerError::Host)?.port(smtp.port).timeout(Some(CONNECT));
        if let Some((user, password)) = smtp.user.as_ref().zip(smtp.password.as_ref()) {
            builder = builder.credentials(Credentials::new(user.clone(), password.expose().to_owned()));
        }
        let from: Address = smtp.from.expose().parse().map_err(MailerError::From)?;
        let from = Mailbox::new(Some(store_name.to_owned()), from);
        Ok(Self { transport: builder.build(), from, store_name: store_name.to_owned() })
    }

    /// The code is in the text and not in the subject, which lock screens show. There is no link: nobody should learn
    /// to follow one from a mail about codes.
    pub async fn send_code(&self, to: &Email, code: &Code) -> Result<(), MailFailed> {
        let to: Address = to.expose().parse().map_err(|_| MailFailed::Unwritable)?;
        let (store, code) = (&self.store_name, code.expose());
        let text = format!(
            "Your code for {store} is {code}\r\n\r\n\
             Type it into the chat that asked for it. It is good for 10 minutes and can be used once.\r\n\r\n\
             If you did not ask for a code, ignore this message. Tell the code to nobody: {store} never asks for it by \
             phone or e-mail.\r\n"
        );
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(format!("Your code for {store}"))
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
            .body(text)
            .map_err(|_| MailFailed::Unwritable)?;
        self.send(message).await
    }

    /// A note to the store's own people. `id` is its `Message-ID`, the same when it is sent again; `after` is that of
    /// the note whose thread it belongs to; `reply_to` is where an answer goes.
    pub async fn send_note(
        &self,
        to: &Email,
        reply_to: Option<&Email>,
        (subject, text): (&str, &str),
        (id, after): (String, Option<String>),
    ) -> Result<(), MailFailed> {
        let address = |email: &Email| email.expose().parse::<Address>().map_err(|_| MailFailed::Unwritable);
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        let mut message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, address(to)?))
            .subject(subject)
            .message_id(Some(id))
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()));
        if let Some(after) = after {
            message = message.in_reply_to(after.clone()).references(after);
        }
        if let Some(reader) = reply_to {
            message = message.reply_to(Mailbox::new(None, address(reader)?));
        }
        let text = text.replace("\r\n", "\n").replace('\n', "\r\n");
        let plain = lettre::message::header::ContentType::TEXT_PLAIN;
        self.send(message.header(plain).body(text).map_err(|_| MailFailed::Unwritable)?).await
    }

    async fn send(&self, message: Message) -> Result<(), MailFailed> {
        match timeout(SEND, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(match error.status() {
                Some(status) => MailFailed::Refused(status.to_string()),
                None if error.is_timeout() => MailFailed::TimedOut,
                None => MailFailed::Unreachable,
            }),
            Err(_) => Err(MailFailed::TimedOut),
        }
    }
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mailer")
    }
}
