//! What is said and done about a conversation in the system that it was handed over to: one transaction for each thing,
//! once for each id.
//!
//! Requests come late, twice and out of order, so what is told is weighed against what has happened since. An answer is
//! always written down. It makes its writer the conversation's owner, unless the bot got the word back, or the
//! conversation was resolved, after it was given. A ticket that is done resolves the conversation while that is still in
//! the context that the ticket was made in, no other ticket of it waits, and the customer has added nothing to it since.

use super::{
    Db, DbError,
    conversations::{self, Channel, Conversation, Owner, Said, TurnRole},
    desk::Desks,
    dialect::{self, Write},
    follow_ups,
    outbox::{self, Destination},
    ownership::{From, Move, carry_out},
};
use crate::{deliver::Notice, store::Handover};
use engine::{HandoffId, StorePass};
use jiff::Timestamp;

/// Something that was told, proved and read.
#[derive(Clone, Debug)]
pub struct Heard<'a> {
    /// The system that told it.
    pub from: Destination,
    /// What it calls the thing: the same however often it is told.
    pub key: &'a str,
    /// The handoff that it is about.
    pub handoff: &'a HandoffId,
    /// When it happened, by the clock of whoever tells it.
    pub at: Timestamp,
    /// Who did it.
    pub who: &'a str,
    /// What the customer is to read.
    pub says: Option<&'a str>,
    /// Whether whoever said it passes for the customer there: then what the customer wrote here is no answer.
    pub as_customer: bool,
    /// Whether the ticket is done with that.
    pub done: bool,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Took {
    /// It is written down.
    Now,
    /// It was told before, and changed nothing now.
    Before,
    /// There is no such handoff, or its conversation is gone.
    Unknown,
}

/// What is kept of a handoff that somebody tells of.
struct Handoff {
    conversation: String,
    turn: u32,
    open: bool,
}

impl Desks {
    /// Takes what a helpdesk or a mailbox tells.
    pub async fn heard(&self, pass: &StorePass, heard: &Heard<'_>) -> Result<Took, DbError> {
        let db = self.desk(pass.store()).await?;
        let (now, handover) = (self.now(), self.handover(pass.store()));
        let mut tx = dialect::write(&db).await?;
        let Some(handoff) = handoff(&db, &mut tx, heard.handoff).await? else { return Ok(Took::Unknown) };
        let id = engine::ConversationId(handoff.conversation.clone());
        let Some(mut found) = conversations::find(&db, &mut tx, &id).await? else { return Ok(Took::Unknown) };
        if !is_new(&db, &mut tx, heard, &found, now).await? {
            return Ok(Took::Before);
        }
        if let Some(text) = heard.says
            && heard.as_customer
            && follow_ups::were_told(&db, &mut tx, (heard.handoff, heard.from), text).await?
        {
            // Our own words, read back; that they were is kept.
            tx.commit().await.map_err(|e| db.query_error(e))?;
            return Ok(Took::Before);
        }
        if let Some(text) = heard.says {
            say(&db, &mut tx, &found, (heard, text), now).await?;
            tell_the_channel(&db, &mut tx, &handover, &found, (heard, text), now).await?;
            let late = heard.at <= owned_at(&db, &mut tx, &found).await?;
            let takes = match &found.owner {
                Owner::Waiting | Owner::Person(_) => true,
                Owner::Bot | Owner::Resolved => !late,
            };
            // Nobody takes over with their last word.
            if takes && !heard.done && found.owner.person() != Some(heard.who) {
                let to = Owner::Person(heard.who.to_owned());
                let by = (heard.who, From::Here);
                carry_out((&db, &mut tx, &handover), &mut found, (Move::TakeOver, to), by, now).await?;
            }
        }
        // A ticket of before the conversation was opened anew is over. One that the customer added something to after it
        // was done is not done: that opens it again, and somebody will be done with it once more.
        let done = heard.done
            && handoff.turn >= found.epoch_from
            && !follow_ups::came_after(&db, &mut tx, (heard.handoff, heard.from), heard.at).await?;
        if done {
            finish(&db, &mut tx, &handover, &mut found, (heard, &handoff), now).await?;
        }
        tx.commit().await.map_err(|e| db.query_error(e))?;
        self.wake();
        Ok(Took::Now)
    }
}

/// The ticket is done: so is the handoff, and so is the conversation if nothing else of it waits and no bot has it.
async fn finish(
    db: &Db,
    tx: &mut Write,
    handover: &Handover,
    found: &mut Conversation,
    (heard, handoff): (&Heard<'_>, &Handoff),
    now: Timestamp,
) -> Result<(), DbError> {
    if handoff.open {
        let done = "UPDATE handoffs SET resolved_at = $1 WHERE id = $2 AND resolved_at IS NULL";
        let done = sqlx::query(done).bind(now.to_string()).bind(&heard.handoff.0).execute(&mut **tx).await;
        done.map_err(|e| db.query_error(e))?;
    }
    let others = "SELECT count(*) FROM handoffs WHERE conversation = $1 AND turn >= $2 AND resolved_at IS NULL";
    let others: i64 = sqlx::query_scalar(others)
        .bind(&found.id.0)
        .bind(found.epoch_from)
        .fetch_one(&mut **tx)
        .await
        .map_err(|e| db.query_error(e))?;
    let resolves = match &found.owner {
        Owner::Waiting | Owner::Person(_) => others == 0,
        // Somebody gave it back since, and whose it was is settled by that: the customer may be in the middle of a
        // sentence with the bot, and resolving would take from it all that was said. What the bot has and nobody adds to
        // is over after a day anyway (`finished.rs`).
        Owner::Bot | Owner::Resolved => false,
    };
    if resolves {
        carry_out((db, tx, handover), found, (Move::Resolve, Owner::Resolved), (heard.who, From::Here), now).await?;
    }
    Ok(())
}

async fn handoff(db: &Db, tx: &mut Write, id: &HandoffId) -> Result<Option<Handoff>, DbError> {
    let select = "SELECT conversation, turn, resolved_at IS NULL FROM handoffs WHERE id = $1";
    let found: Option<(String, u32, bool)> =
        sqlx::query_as(select).bind(&id.0).fetch_optional(&mut **tx).await.map_err(|e| db.query_error(e))?;
    Ok(found.map(|(conversation, turn, open)| Handoff { conversation, turn, open }))
}

/// Writes its id down; `false`: it stood there.
async fn is_new(
    db: &Db,
    tx: &mut Write,
    heard: &Heard<'_>,
    found: &Conversation,
    now: Timestamp,
) -> Result<bool, DbError> {
    let insert = "INSERT INTO inbox (channel, key, conversation, payload, next_at, received_at, done_at) \
                  VALUES ($1, $2, $3, '', $4, $4, $4) ON CONFLICT (channel, key) DO NOTHING";
    let insert = sqlx::query(insert).bind(heard.from.as_str()).bind(heard.key).bind(&found.id.0);
    let inserted = insert.bind(now.as_millisecond()).execute(&mut **tx).await.map_err(|e| db.query_error(e))?;
    Ok(inserted.rows_affected() > 0)
}

async fn say(
    db: &Db,
    tx: &mut Write,
    found: &Conversation,
    (heard, text): (&Heard<'_>, &str),
    now: Timestamp,
) -> Result<(), DbError> {
    let said = Said { role: TurnRole::Person, who: Some(heard.who), text, kind: None, outcome: None };
    let number = conversations::last_number(db, tx, &found.id).await?.unwrap_or(found.epoch_from);
    let message = format!("{}:{}", heard.from.as_str(), heard.key);
    conversations::say(tx, found, number, &said, Some(&message), now).await.map_err(|e| db.query_error(e))?;
    let last = sqlx::query("UPDATE conversations SET last_at = $1 WHERE conversation = $2");
    let last = last.bind(now.to_string()).bind(&found.id.0).execute(&mut **tx).await;
    last.map(drop).map_err(|e| db.query_error(e))
}

/// A customer of Chatwoot's reads the answer there.
async fn tell_the_channel(
    db: &Db,
    tx: &mut Write,
    handover: &Handover,
    found: &Conversation,
    (heard, text): (&Heard<'_>, &str),
    now: Timestamp,
) -> Result<(), DbError> {
    match found.channel {
        Channel::Api => Ok(()),
        Channel::Chatwoot => {
            let key = format!("{}:{}:{}:say", found.id.0, heard.from.as_str(), heard.key);
            let notice = Notice::Say { text: text.to_owned() };
            outbox::put(db, tx, handover, &found.id, (Destination::Chatwoot, &key, &notice), now).await
        }
    }
}

async fn owned_at(db: &Db, tx: &mut Write, found: &Conversation) -> Result<Timestamp, DbError> {
    let at: String = sqlx::query_scalar("SELECT owned_at FROM conversations WHERE conversation = $1")
        .bind(&found.id.0)
        .fetch_one(&mut **tx)
        .await
        .map_err(|e| db.query_error(e))?;
    at.parse().map_err(|e| db.damaged("a conversation's time", e))
}
