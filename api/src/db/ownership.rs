//! Who has the word in a conversation. Each change is one transaction with its line of the audit and with what is to be
//! told about it; whoever wants to speak looks in the transaction that writes what is said.

use super::{
    Db, DbError,
    actions::{AuditLine, write_line},
    conversations::{self, Channel, Conversation, Owner, Said, TurnRole},
    desk::Desks,
    dialect::{self, Write},
    outbox,
};
use crate::{
    deliver::{ChannelStatus, Notice},
    store::Handover,
};
use engine::{AgentPass, ConversationId};
use jiff::Timestamp;

/// What a person decides about a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// A person speaks from now on; the bot is silent.
    TakeOver,
    /// The bot speaks again, in the same context.
    GiveBack,
    /// Done; the handoffs that waited are done with it.
    Resolve,
    /// The bot speaks again, and knows nothing of before.
    Reopen,
}

/// Where a decision came from: what a channel decided need not be told to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// The API or the command line.
    Here,
    Channel(Channel),
}

/// How a move ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moved {
    /// The conversation as it is now, and whether that is new.
    Done(Conversation, bool),
    NoSuchConversation,
    /// It cannot be done from where the conversation stands; why.
    Not(&'static str),
}

/// How an attempt of a person to say something ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PersonSaid {
    Done,
    NoSuchConversation,
    /// Whoever speaks takes over first.
    NotTakenOver,
}

impl Move {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TakeOver => "took over",
            Self::GiveBack => "gave back",
            Self::Resolve => "resolved",
            Self::Reopen => "reopened",
        }
    }
}

impl Desks {
    /// Moves a conversation, all of it or nothing. A move that was made already changes nothing.
    pub async fn move_conversation(
        &self,
        agent: AgentPass<'_>,
        id: &ConversationId,
        (wanted, by, from): (Move, &str, From),
    ) -> Result<Moved, DbError> {
        let db = self.desk(agent.store()).await?;
        let (now, handover) = (self.now(), self.handover(agent.store()));
        let mut tx = dialect::write(&db).await?;
        let found = match from {
            From::Here => conversations::find(&db, &mut tx, id).await?,
            // Its first message may still wait to be worked off.
            From::Channel(channel) => Some(conversations::find_or_open(&db, &mut tx, id, channel, now).await?),
        };
        let Some(mut found) = found else { return Ok(Moved::NoSuchConversation) };
        let to = match (wanted, &found.owner) {
            (Move::TakeOver, Owner::Person(name)) if name == by => return Ok(Moved::Done(found, false)),
            (Move::TakeOver, Owner::Bot | Owner::Waiting | Owner::Person(_) | Owner::Resolved) => {
                Owner::Person(by.to_owned())
            }
            (Move::GiveBack, Owner::Person(_) | Owner::Waiting) => Owner::Bot,
            (Move::GiveBack | Move::Reopen, Owner::Bot) => return Ok(Moved::Done(found, false)),
            (Move::GiveBack, Owner::Resolved) => {
                return Ok(Moved::Not("it is resolved; reopen it, and the bot begins anew"));
            }
            (Move::Resolve, Owner::Resolved) => return Ok(Moved::Done(found, false)),
            (Move::Resolve, Owner::Bot | Owner::Waiting | Owner::Person(_)) => Owner::Resolved,
            (Move::Reopen, Owner::Resolved) => Owner::Bot,
            (Move::Reopen, Owner::Waiting | Owner::Person(_)) => {
                return Ok(Moved::Not("it is not resolved; give it back, and the bot goes on"));
            }
        };
        carry_out((&db, &mut tx, &handover), &mut found, (wanted, to), (by, from), now).await?;
        tx.commit().await.map_err(|e| db.query_error(e))?;
        self.wake();
        Ok(Moved::Done(found, true))
    }

    /// A person says something, in the name of the store. Only whoever has the word may.
    pub async fn say_as_person(
        &self,
        agent: AgentPass<'_>,
        id: &ConversationId,
        (by, text): (&str, &str),
    ) -> Result<PersonSaid, DbError> {
        let db = self.desk(agent.store()).await?;
        let (now, handover) = (self.now(), self.handover(agent.store()));
        let mut tx = dialect::write(&db).await?;
        let Some(found) = conversations::find(&db, &mut tx, id).await? else {
            return Ok(PersonSaid::NoSuchConversation);
        };
        if found.owner.person() != Some(by) {
            return Ok(PersonSaid::NotTakenOver);
        }
        let number = conversations::last_number(&db, &mut tx, id).await?.unwrap_or(found.epoch_from);
        let said = Said { role: TurnRole::Person, who: Some(by), text, kind: None, outcome: None };
        let stored = conversations::say(&mut tx, &found, number, &said, None, now).await;
        stored.map_err(|e| db.query_error(e))?;
        if found.channel == Channel::Chatwoot {
            let key = format!("say_{}", uuid::Uuid::new_v4().simple());
            let notice = Notice::Say { text: text.to_owned() };
            let put = (outbox::Destination::Chatwoot, key.as_str(), &notice);
            outbox::put(&db, &mut tx, &handover, id, put, now).await?;
        }
        tx.commit().await.map_err(|e| db.query_error(e))?;
        self.wake();
        Ok(PersonSaid::Done)
    }
}

/// Writes a move that can be done: the owner, the audit, what waited and what is told, in the caller's transaction.
pub(super) async fn carry_out(
    (db, tx, handover): (&Db, &mut Write, &Handover),
    found: &mut Conversation,
    (wanted, to): (Move, Owner),
    (by, from): (&str, From),
    now: Timestamp,
) -> Result<(), DbError> {
    let id = found.id.clone();
    match wanted {
        Move::Reopen => {
            let next = conversations::last_number(db, tx, &id).await?.map_or(0, |last| last.saturating_add(1));
            open_anew(tx, found, next, now).await.map_err(|e| db.query_error(e))?;
        }
        Move::TakeOver | Move::GiveBack | Move::Resolve => {
            own(tx, found, to, now).await.map_err(|e| db.query_error(e))?;
            audit(tx, found, (by, wanted.as_str()), now).await.map_err(|e| db.query_error(e))?;
        }
    }
    // A person who gives the conversation back has dealt with what it waited for.
    if matches!(wanted, Move::Resolve | Move::GiveBack) {
        let done = "UPDATE handoffs SET resolved_at = $1 WHERE conversation = $2 AND resolved_at IS NULL";
        let done = sqlx::query(done).bind(now.to_string()).bind(&id.0).execute(&mut **tx).await;
        done.map_err(|e| db.query_error(e))?;
    }
    let serial = audit_serial(db, tx).await?;
    for (destination, notice) in told(found, (wanted, by, from), now) {
        let key = format!("{}:{}:{serial}", id.0, destination.as_str());
        outbox::put(db, tx, handover, &id, (destination, &key, &notice), now).await?;
    }
    Ok(())
}

/// What a move is told as, and to whom.
fn told(
    found: &Conversation,
    (wanted, by, from): (Move, &str, From),
    now: Timestamp,
) -> Vec<(outbox::Destination, Notice)> {
    let moved = Notice::Moved { what: wanted.as_str().to_owned(), by: by.to_owned(), at: now };
    let mut told = vec![(outbox::Destination::Webhook, moved)];
    if found.channel == Channel::Chatwoot && from != From::Channel(Channel::Chatwoot) {
        let status = match wanted {
            Move::TakeOver => ChannelStatus::Open,
            Move::GiveBack | Move::Reopen => ChannelStatus::Pending,
            Move::Resolve => ChannelStatus::Resolved,
        };
        told.push((outbox::Destination::Chatwoot, Notice::Status { status }));
    }
    told
}

/// The number of the last line of the audit: what is told of a change is told once for it.
async fn audit_serial(db: &Db, tx: &mut Write) -> Result<i64, DbError> {
    let last = sqlx::query_scalar("SELECT coalesce(max(id), 0) FROM audit").fetch_one(&mut **tx).await;
    last.map_err(|e| db.query_error(e))
}

/// A new epoch: the bot has the word, and the turns from `next` on are all it knows.
pub(super) async fn open_anew(
    tx: &mut Write,
    found: &mut Conversation,
    next: u32,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    found.epoch += 1;
    found.epoch_from = next;
    let update = "UPDATE conversations SET epoch = $1, epoch_from = $2 WHERE conversation = $3";
    let update = sqlx::query(update).bind(found.epoch).bind(next).bind(&found.id.0);
    update.execute(&mut **tx).await?;
    own(tx, found, Owner::Bot, now).await?;
    audit(tx, found, ("shopclerk", Move::Reopen.as_str()), now).await
}

pub(super) async fn own(
    tx: &mut Write,
    found: &mut Conversation,
    to: Owner,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let update = "UPDATE conversations SET owner = $1, person = $2, owned_at = $3 WHERE conversation = $4";
    let update = sqlx::query(update).bind(to.as_str()).bind(to.person()).bind(now.to_string()).bind(&found.id.0);
    update.execute(&mut **tx).await?;
    found.owner = to;
    Ok(())
}

pub(super) async fn audit(
    tx: &mut Write,
    found: &Conversation,
    (who, what): (&str, &str),
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let line = AuditLine {
        at: now,
        who: who.to_owned(),
        what: what.to_owned(),
        action: found.id.0.clone(),
        detail: String::new(),
    };
    write_line(tx, &line).await
}
