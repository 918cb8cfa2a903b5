//! What the bot says: written down in the transaction that looks whether it may, and sent only then.

use super::{
    DbError,
    conversations::{self, Channel, Owner, Said, TurnRole},
    desk::Desks,
    dialect, outbox,
};
use crate::deliver::Notice;
use engine::{ConversationId, StorePass};

/// A reply that is ready to be said.
#[derive(Clone, Debug)]
pub struct BotReply<'a> {
    pub conversation: &'a ConversationId,
    pub number: u32,
    /// Of the turn that it answers. A conversation that was opened anew since has no use for it.
    pub epoch: u32,
    pub text: &'a str,
    /// `answer`, `clarify`, `needs_identity` or `handoff`.
    pub kind: &'a str,
    /// What is kept of how it came about.
    pub outcome: Option<serde_json::Value>,
}

/// Whether it may be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It is written down, and what a channel must send stands in the outbox.
    Said,
    /// Someone else has the word since; nothing was written, and nothing may be said.
    Discarded(Owner),
}

impl Desks {
    /// Writes the reply down if the bot still has the word. A take-over that was committed before wins, one that comes
    /// later finds the reply said.
    pub async fn record_reply_if_bot_owns(&self, pass: &StorePass, reply: &BotReply<'_>) -> Result<Recorded, DbError> {
        self.record(pass, reply, true).await
    }

    /// The same for the part of a reply that is finished while the rest is not: what is released must stand here
    /// first. No channel is told of a part.
    pub async fn record_part_if_bot_owns(&self, pass: &StorePass, part: &BotReply<'_>) -> Result<Recorded, DbError> {
        self.record(pass, part, false).await
    }

    async fn record(&self, pass: &StorePass, reply: &BotReply<'_>, whole: bool) -> Result<Recorded, DbError> {
        let db = self.desk(pass.store()).await?;
        let (now, handover) = (self.now(), self.handover(pass.store()));
        let mut tx = dialect::write(&db).await?;
        let found = conversations::find_or_open(&db, &mut tx, reply.conversation, Channel::Api, now).await?;
        if !found.owner.lets_the_bot_speak() {
            return Ok(Recorded::Discarded(found.owner));
        }
        if found.epoch != reply.epoch {
            return Ok(Recorded::Discarded(Owner::Resolved));
        }
        let outcome = reply.outcome.as_ref().map(ToString::to_string);
        let said = Said { role: TurnRole::Bot, who: None, text: reply.text, kind: Some(reply.kind), outcome };
        conversations::say(&mut tx, &found, reply.number, &said, None, now).await.map_err(|e| db.query_error(e))?;
        if whole && found.channel == Channel::Chatwoot {
            let key = format!("{}:{}:{}:say", found.id.0, found.epoch, reply.number);
            let notice = Notice::Say { text: reply.text.to_owned() };
            let put = (outbox::Destination::Chatwoot, key.as_str(), &notice);
            outbox::put(&db, &mut tx, &handover, &found.id, put, now).await?;
        }
        tx.commit().await.map_err(|e| db.query_error(e))?;
        if whole {
            self.wake();
        }
        Ok(Recorded::Said)
    }
}
