//! What a customer adds after a person was called: told in the ticket that was made of the handoff, in the transaction
//! that writes it down.

use super::{
    Db, DbError,
    conversations::{Arrived, Begun},
    dialect::Write,
    outbox::{self, Destination},
};
use crate::{
    deliver::{FollowUp, Notice},
    store::Handover,
};
use engine::{ConversationId, HandoffId};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// Where a handoff becomes something that can be added to. The webhook is told of everything anyway, and Chatwoot is
/// where the customer writes.
const TICKETS: [Destination; 4] = [Destination::Email, Destination::Zendesk, Destination::Gorgias, Destination::Slack];
/// In the place of a picture or a file.
const WORDLESS: &str = "(a message without words)";

/// Has what arrived told wherever a ticket of the conversation is, once for each message.
pub(super) async fn put(
    db: &Db,
    tx: &mut Write,
    handover: &Handover,
    (said, begun): (&Arrived<'_>, &Begun),
    now: Timestamp,
) -> Result<(), DbError> {
    for destination in TICKETS {
        if !handover.has(destination) {
            continue;
        }
        let Some((handoff, question, ticket)) = ticket(db, tx, destination, (said.conversation, begun)).await? else {
            continue;
        };
        let text = if said.text.trim().is_empty() { WORDLESS } else { said.text };
        let notice = Notice::FollowUp(Box::new(FollowUp {
            handoff: HandoffId(handoff),
            question,
            number: begun.number,
            text: text.to_owned(),
            at: now,
            contact: contact(db, tx, said.conversation).await?,
        }));
        let key = format!("{}:{}", name(said.conversation, begun.number, text), destination.as_str());
        let row = (destination, key.as_str(), Some(ticket.as_str()), &notice);
        outbox::put_for(db, tx, handover, said.conversation, row, now).await?;
    }
    Ok(())
}

/// Whether the customer's words were told in the ticket that a handoff became there, so that it is no answer if they
/// come back.
pub(super) async fn were_told(
    db: &Db,
    tx: &mut Write,
    (handoff, destination): (&HandoffId, Destination),
    text: &str,
) -> Result<bool, DbError> {
    let select = "SELECT t.text FROM turns t WHERE t.role = 'customer' AND t.conversation IN \
                  (SELECT o.conversation FROM outbox o WHERE o.ticket = $1 AND o.kind = 'follow_up')";
    let told: Vec<String> = sqlx::query_scalar(select)
        .bind(format!("{}:{}", handoff.0, destination.as_str()))
        .fetch_all(&mut **tx)
        .await
        .map_err(|e| db.query_error(e))?;
    // Other systems change line ends and what is blank.
    Ok(told.iter().any(|told| told.split_whitespace().eq(text.split_whitespace())))
}

/// Whether the customer added something to the ticket after a time.
pub(super) async fn came_after(
    db: &Db,
    tx: &mut Write,
    (handoff, destination): (&HandoffId, Destination),
    at: Timestamp,
) -> Result<bool, DbError> {
    let select = "SELECT count(*) FROM outbox WHERE ticket = $1 AND kind = 'follow_up' AND state <> 'dead' \
                  AND created_at > $2";
    let after: i64 = sqlx::query_scalar(select)
        .bind(format!("{}:{}", handoff.0, destination.as_str()))
        .bind(at.as_millisecond())
        .fetch_one(&mut **tx)
        .await
        .map_err(|e| db.query_error(e))?;
    Ok(after > 0)
}

/// The handoff of this context whose ticket a message belongs to, the question that it was made of, and the key of the
/// row that makes it: of those that came before the message the last that is not done, or the last. One that was
/// dropped is none.
async fn ticket(
    db: &Db,
    tx: &mut Write,
    destination: Destination,
    (conversation, begun): (&ConversationId, &Begun),
) -> Result<Option<(String, String, String)>, DbError> {
    let select = "SELECT h.id, json_extract(h.record, '$.question'), o.key FROM handoffs h \
                  JOIN outbox o ON o.key = h.id || ':' || $1 \
                  WHERE h.conversation = $2 AND h.turn >= $3 AND h.turn < $4 \
                  AND (o.state <> 'dead' OR o.payload <> '{}') \
                  ORDER BY CASE WHEN h.resolved_at IS NULL THEN 0 ELSE 1 END, h.turn DESC LIMIT 1";
    let found = sqlx::query_as(select).bind(destination.as_str()).bind(&conversation.0).bind(begun.epoch_from);
    found.bind(begun.number).fetch_optional(&mut **tx).await.map_err(|e| db.query_error(e))
}

async fn contact(db: &Db, tx: &mut Write, conversation: &ConversationId) -> Result<Option<String>, DbError> {
    let select = sqlx::query_scalar("SELECT contact FROM conversations WHERE conversation = $1").bind(&conversation.0);
    let found: Option<Option<String>> = select.fetch_optional(&mut **tx).await.map_err(|e| db.query_error(e))?;
    Ok(found.flatten())
}

/// The same for the same words under the same number; other systems are shown it, so it says nothing of either.
fn name(conversation: &ConversationId, number: u32, text: &str) -> String {
    let mut digest = Sha256::new();
    digest.update(conversation.0.as_bytes());
    digest.update(number.to_be_bytes());
    digest.update(text.as_bytes());
    format!("{}{}", FollowUp::KEYS, hex::encode(&digest.finalize()[..16]))
}
