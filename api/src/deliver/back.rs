//! What comes back from where a conversation was handed over to: answers for the customer, and that a ticket is done.
//!
//! Each system is read by a module of its own, which proves that it was that system and names the handoff; what then
//! happens to the conversation is one transaction (`db/heard.rs`). Notes among agents are never read as answers.

pub mod gorgias;
pub mod mail;
pub mod tag;
pub mod zendesk;

use crate::{
    app::App,
    db::{
        heard::{Heard, Took},
        outbox::Destination,
    },
    error::ApiError,
};
use engine::{HandoffId, StorePass};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

/// A name is shown to customers and stands in the audit.
const NAME_CHARS: usize = 100;
/// An answer is shown in a chat. What is longer is cut.
const TEXT_CHARS: usize = 20_000;

/// What a request comes to, for whoever sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heeded {
    /// Taken, now or before.
    Taken,
    /// Nothing that matters here: another ticket, a note, a message of a machine's.
    Ignored,
    /// It names a handoff of ours, and there is none, or nothing is left of its conversation.
    Unknown,
}

/// The handoff that a ticket was made for, by the id that we gave the ticket.
pub fn handoff_of(external_id: &str, of: Destination) -> Option<HandoffId> {
    let (handoff, destination) = external_id.split_once(':')?;
    let is_ours = handoff.starts_with("ho_") && destination == of.as_str();
    is_ours.then(|| HandoffId(handoff.to_owned()))
}

/// Whether two secrets are the same. Digests, because how long they compare says nothing about the secret.
pub fn same(said: &str, secret: &str) -> bool {
    Sha256::digest(said) == Sha256::digest(secret)
}

fn mac(secret: &str, parts: &[&[u8]]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac
}

async fn take(app: &App, pass: &StorePass, heard: Heard<'_>) -> Result<Heeded, ApiError> {
    let who: String = heard.who.chars().take(NAME_CHARS).collect();
    let says: Option<String> = heard.says.map(|text| text.trim().chars().take(TEXT_CHARS).collect());
    let says = says.as_deref().filter(|text| !text.is_empty());
    if says.is_none() && !heard.done {
        return Ok(Heeded::Ignored);
    }
    let took = app.desks.heard(pass, &Heard { who: &who, says, ..heard }).await?;
    tracing::info!(
        store.id = %pass.store(), channel = heard.from.as_str(), handoff.id = heard.handoff.0,
        heard.says = says.is_some(), heard.done = heard.done, heard.took = ?took, "heard back"
    );
    Ok(match took {
        Took::Now | Took::Before => Heeded::Taken,
        Took::Unknown => Heeded::Unknown,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_ids_name_a_handoff() {
        let of = |id| handoff_of(id, Destination::Zendesk).map(|id| id.0);
        assert_eq!(of("ho_12ab:zendesk").as_deref(), Some("ho_12ab"));
        for other in ["", "ho_12ab", "ho_12ab:gorgias", "12ab:zendesk", "order-7:zendesk:x", ":zendesk"] {
            assert_eq!(of(other), None, "{other}");
        }
        assert!(same("a", "a") && !same("a", "b") && !same("", "b"));
    }
}
