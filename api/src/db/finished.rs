//! Conversations that are over, as something to learn from: their first questions, and the whole of them.
//!
//! Over is what was resolved, what came before a conversation was opened anew, and what the bot had to itself and nobody
//! has added to for a day. What a person is called for, or has, is not over.

use super::{DbError, desk::Desks};
use engine::AgentPass;
use jiff::{SignedDuration, Timestamp};

/// Nobody has added to it for so long.
const QUIET: SignedDuration = SignedDuration::from_hours(24);

/// `$1` is the time before which the last thing must have been said where nobody resolved anything.
const OVER: &str = "turns t JOIN conversations c ON c.conversation = t.conversation \
    WHERE (c.owner = 'resolved' OR t.epoch < c.epoch OR (c.owner = 'bot' AND c.last_at < $1))";

/// One context of a conversation: from its beginning, or from where it was opened anew, to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    pub conversation: String,
    pub epoch: u32,
    pub channel: String,
    /// An e-mail address that is known to be the customer's.
    pub contact: Option<String>,
    /// Oldest first.
    pub turns: Vec<Said>,
}

/// One thing that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// `customer`, `bot` or `person`.
    pub role: String,
    /// The person's name.
    pub who: Option<String>,
    pub text: String,
    pub at: String,
}

/// A row of the query below.
type Row = (String, u32, String, Option<String>, String, Option<String>, String, String);

impl Desks {
    /// What customers wrote first, the latest conversation first. `but_handed_over`: without what a person was called
    /// for, which is read from the handoffs.
    pub async fn first_messages(
        &self,
        agent: AgentPass<'_>,
        but_handed_over: bool,
        limit: u32,
    ) -> Result<Vec<String>, DbError> {
        let db = self.desk(agent.store()).await?;
        let select = format!(
            "SELECT t.text FROM {OVER} AND t.id IN \
             (SELECT min(id) FROM turns WHERE role = 'customer' GROUP BY conversation, epoch) \
             AND NOT ($2 AND EXISTS (SELECT 1 FROM handoffs h WHERE h.conversation = t.conversation AND h.turn = t.number)) \
             ORDER BY t.id DESC LIMIT $3"
        );
        let texts = sqlx::query_scalar(sqlx::AssertSqlSafe(select)).bind(self.quiet_before()).bind(but_handed_over);
        texts.bind(limit).fetch_all(&db.pool).await.map_err(|e| db.query_error(e))
    }

    /// Everything that was said in them, the oldest conversation first.
    pub async fn finished(&self, agent: AgentPass<'_>) -> Result<Vec<Finished>, DbError> {
        let db = self.desk(agent.store()).await?;
        let select = format!(
            "SELECT t.conversation, t.epoch, c.channel, c.contact, t.role, t.who, t.text, t.at FROM {OVER} \
             AND t.text <> '' ORDER BY c.opened_at, t.conversation, t.epoch, t.id"
        );
        let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(select))
            .bind(self.quiet_before())
            .fetch_all(&db.pool)
            .await
            .map_err(|e| db.query_error(e))?;
        let mut finished: Vec<Finished> = Vec::new();
        for (conversation, epoch, channel, contact, role, who, text, at) in rows {
            let said = Said { role, who, text, at };
            match finished.last_mut() {
                Some(last) if last.conversation == conversation && last.epoch == epoch => last.turns.push(said),
                Some(_) | None => finished.push(Finished { conversation, epoch, channel, contact, turns: vec![said] }),
            }
        }
        Ok(finished)
    }

    fn quiet_before(&self) -> String {
        self.now().saturating_sub(QUIET).unwrap_or(Timestamp::MIN).to_string()
    }
}
