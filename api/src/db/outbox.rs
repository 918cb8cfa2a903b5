//! What is to be told to other systems: written in the transaction of what it tells of, sent at least once by
//! `deliver/worker.rs`, in order for each conversation and destination.

use super::{Db, DbError, desk::Desks, dialect::Write};
use crate::{deliver::Notice, store::Handover};
use engine::{AgentPass, ConversationId, StorePass};
use jiff::Timestamp;
use serde::Serialize;
use sqlx::{Row, sqlite::SqliteRow};

/// Whom is told. Each store has at most one of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Destination {
    Webhook,
    Email,
    Chatwoot,
    Zendesk,
    Gorgias,
    Slack,
}

/// Where a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OutboxState {
    Pending,
    Sent,
    /// Given up. A person looks at it and has it sent again, or drops it.
    Dead,
}

/// A row, without what a customer said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutboxLine {
    pub id: i64,
    pub conversation: String,
    pub destination: Destination,
    pub kind: String,
    pub state: OutboxState,
    pub attempts: u32,
    pub created_at: Timestamp,
    /// When it is tried next; of rows that are pending.
    pub next_at: Option<Timestamp>,
    /// Why the last attempt failed: a class, not the other system's words.
    pub last_error: Option<String>,
}

/// A row that is to be sent now.
#[derive(Clone, Debug)]
pub struct Due {
    pub id: i64,
    pub conversation: ConversationId,
    pub destination: Destination,
    pub key: String,
    pub notice: Notice,
    /// Attempts before this one.
    pub attempts: u32,
    /// When it was first tried, if it was.
    pub first_at: Option<Timestamp>,
}

impl Destination {
    pub const ALL: [Self; 6] = [Self::Webhook, Self::Email, Self::Chatwoot, Self::Zendesk, Self::Gorgias, Self::Slack];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Email => "email",
            Self::Chatwoot => "chatwoot",
            Self::Zendesk => "zendesk",
            Self::Gorgias => "gorgias",
            Self::Slack => "slack",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|destination| destination.as_str() == name)
    }
}

impl OutboxState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Dead => "dead",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::Pending, Self::Sent, Self::Dead].into_iter().find(|state| state.as_str() == name)
    }
}

/// Writes a row, once for its key, if the store has the destination.
pub(super) async fn put(
    db: &Db,
    tx: &mut Write,
    handover: &Handover,
    conversation: &ConversationId,
    (destination, key, notice): (Destination, &str, &Notice),
    now: Timestamp,
) -> Result<(), DbError> {
    put_for(db, tx, handover, conversation, (destination, key, None, notice), now).await
}

/// The same of a row that adds to a ticket: with the key of the row that makes it, before which it is not sent.
pub(super) async fn put_for(
    db: &Db,
    tx: &mut Write,
    handover: &Handover,
    conversation: &ConversationId,
    (destination, key, ticket, notice): (Destination, &str, Option<&str>, &Notice),
    now: Timestamp,
) -> Result<(), DbError> {
    if !handover.has(destination) {
        return Ok(());
    }
    let payload = serde_json::to_string(notice).map_err(|e| db.damaged("what is to be told", e))?;
    let insert = "INSERT INTO outbox (conversation, destination, kind, key, ticket, payload, next_at, created_at) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT (key) DO NOTHING";
    let insert = sqlx::query(insert).bind(&conversation.0).bind(destination.as_str()).bind(notice.kind());
    let insert = insert.bind(key).bind(ticket).bind(payload).bind(now.as_millisecond());
    insert.execute(&mut **tx).await.map(drop).map_err(|e| db.query_error(e))
}

impl Desks {
    /// The next rows of a destination, each the first that its conversation waits for, at most `limit`; and when to look
    /// again, if there will be something to do.
    pub async fn due(
        &self,
        pass: &StorePass,
        destination: Destination,
        now: Timestamp,
        limit: u32,
    ) -> Result<(Vec<Due>, Option<Timestamp>), DbError> {
        let db = self.desk(pass.store()).await?;
        // What adds to a ticket that was given up waits until that is sent again, and holds up nothing else.
        let held = |row: &str| {
            format!(
                "EXISTS (SELECT 1 FROM outbox t WHERE t.key = {row}.ticket AND t.state = 'dead' AND t.payload <> '{{}}')"
            )
        };
        let heads = format!(
            "FROM outbox o WHERE destination = $1 AND state = 'pending' AND NOT {} AND NOT EXISTS (\
             SELECT 1 FROM outbox p WHERE p.destination = o.destination AND p.conversation = o.conversation \
             AND p.state = 'pending' AND p.id < o.id AND NOT {})",
            held("o"),
            held("p")
        );
        let select = format!("SELECT * {heads} AND next_at <= $2 ORDER BY next_at, id LIMIT $3");
        let rows = sqlx::query(sqlx::AssertSqlSafe(select)).bind(destination.as_str()).bind(now.as_millisecond());
        let rows = rows.bind(limit).fetch_all(&db.pool).await.map_err(|e| db.query_error(e))?;
        if !rows.is_empty() {
            let mut found = Vec::new();
            for row in &rows {
                match due(&db, row) {
                    Ok(due) => found.push(due),
                    // One that cannot be read must not hold up the others.
                    Err(DbError::Damaged { .. }) => {
                        let id = row.try_get("id").map_err(|e| db.query_error(e))?;
                        self.failed(pass, id, ("unreadable", None), now).await?;
                    }
                    Err(error) => return Err(error),
                }
            }
            return Ok((found, Some(now)));
        }
        let next = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT min(next_at) {heads}")));
        let next: Option<i64> =
            next.bind(destination.as_str()).fetch_one(&db.pool).await.map_err(|e| db.query_error(e))?;
        Ok((Vec::new(), next.and_then(|next| Timestamp::from_millisecond(next).ok())))
    }

    /// A row is about to be sent: if the process dies now, the next one knows that it may have arrived.
    pub async fn trying(&self, pass: &StorePass, id: i64, now: Timestamp) -> Result<(), DbError> {
        let update = "UPDATE outbox SET attempts = attempts + 1, first_at = coalesce(first_at, $1) WHERE id = $2";
        self.change(pass, sqlx::query(update).bind(now.as_millisecond()).bind(id)).await.map(drop)
    }

    /// It has arrived. What was told goes; the key stays, so that the same is not told again.
    pub async fn sent(&self, pass: &StorePass, id: i64, now: Timestamp) -> Result<(), DbError> {
        let update = "UPDATE outbox SET state = 'sent', payload = '{}', ended_at = $1, last_error = NULL \
                      WHERE id = $2 AND state = 'pending'";
        self.change(pass, sqlx::query(update).bind(now.as_millisecond()).bind(id)).await.map(drop)
    }

    /// It has not, and is tried again then; or never, if there is no then.
    pub async fn failed(
        &self,
        pass: &StorePass,
        id: i64,
        (error, again): (&str, Option<Timestamp>),
        now: Timestamp,
    ) -> Result<(), DbError> {
        let change = match again {
            Some(again) => {
                let update = "UPDATE outbox SET last_error = $1, next_at = $2 WHERE id = $3 AND state = 'pending'";
                sqlx::query(update).bind(error).bind(again.as_millisecond()).bind(id)
            }
            None => {
                let update = "UPDATE outbox SET last_error = $1, state = 'dead', ended_at = $2 \
                              WHERE id = $3 AND state = 'pending'";
                sqlx::query(update).bind(error).bind(now.as_millisecond()).bind(id)
            }
        };
        self.change(pass, change).await.map(drop)
    }

    /// What waits and what was given up, or all; oldest first.
    pub async fn outbox(&self, agent: AgentPass<'_>, all: bool, limit: u32) -> Result<Vec<OutboxLine>, DbError> {
        let db = self.desk(agent.store()).await?;
        let select = "SELECT * FROM outbox WHERE $1 OR state <> 'sent' ORDER BY id LIMIT $2";
        let rows = sqlx::query(select).bind(all).bind(limit).fetch_all(&db.pool).await;
        rows.map_err(|e| db.query_error(e))?.iter().map(|row| line(&db, row)).collect()
    }

    /// Has a row that waits or was given up sent now; every such row that was given up without an id. How many.
    pub async fn retry_outbox(&self, agent: AgentPass<'_>, id: Option<i64>) -> Result<u64, DbError> {
        // Without its payload a row was dropped.
        let update = "UPDATE outbox SET state = 'pending', next_at = $1, attempts = 0, ended_at = NULL \
                      WHERE payload <> '{}' AND ((id = $2 AND state <> 'sent') OR ($2 IS NULL AND state = 'dead'))";
        let db = self.desk(agent.store()).await?;
        let update = sqlx::query(update).bind(self.now().as_millisecond()).bind(id);
        let changed = update.execute(&db.pool).await.map_err(|e| db.query_error(e))?;
        self.wake();
        Ok(changed.rows_affected())
    }

    /// Gives up a row for good, with what was to be added to the ticket that it would have made: it is never sent, and
    /// what it told goes. `false`: there is none that was not sent.
    pub async fn drop_outbox(&self, agent: AgentPass<'_>, id: i64) -> Result<bool, DbError> {
        let db = self.desk(agent.store()).await?;
        let update = "UPDATE outbox SET state = 'dead', payload = '{}', last_error = 'dropped', ended_at = $1 \
                      WHERE state <> 'sent' AND (id = $2 OR ticket IN \
                      (SELECT key FROM outbox WHERE id = $2 AND state <> 'sent'))";
        let update = sqlx::query(update).bind(self.now().as_millisecond()).bind(id).execute(&db.pool).await;
        Ok(update.map_err(|e| db.query_error(e))?.rows_affected() > 0)
    }

    async fn change(
        &self,
        pass: &StorePass,
        query: sqlx::query::Query<'_, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>,
    ) -> Result<u64, DbError> {
        let db = self.desk(pass.store()).await?;
        query.execute(&db.pool).await.map(|done| done.rows_affected()).map_err(|e| db.query_error(e))
    }
}

fn due(db: &Db, row: &SqliteRow) -> Result<Due, DbError> {
    let text = |column: &str| row.try_get::<String, _>(column).map_err(|e| db.query_error(e));
    let first: Option<i64> = row.try_get("first_at").map_err(|e| db.query_error(e))?;
    Ok(Due {
        id: row.try_get("id").map_err(|e| db.query_error(e))?,
        conversation: ConversationId(text("conversation")?),
        destination: destination(db, row)?,
        key: text("key")?,
        notice: serde_json::from_str(&text("payload")?).map_err(|e| db.damaged("what is to be told", e))?,
        attempts: row.try_get("attempts").map_err(|e| db.query_error(e))?,
        first_at: first.and_then(|at| Timestamp::from_millisecond(at).ok()),
    })
}

fn line(db: &Db, row: &SqliteRow) -> Result<OutboxLine, DbError> {
    let text = |column: &str| row.try_get::<String, _>(column).map_err(|e| db.query_error(e));
    let time = |column: &str| {
        let at = row.try_get::<i64, _>(column).map_err(|e| db.query_error(e))?;
        Timestamp::from_millisecond(at).map_err(|e| db.damaged("a time of the outbox", e))
    };
    let state = OutboxState::parse(&text("state")?);
    let state = state.ok_or_else(|| db.damaged("a state of the outbox", "it is not known"))?;
    Ok(OutboxLine {
        id: row.try_get("id").map_err(|e| db.query_error(e))?,
        conversation: text("conversation")?,
        destination: destination(db, row)?,
        kind: text("kind")?,
        state,
        attempts: row.try_get("attempts").map_err(|e| db.query_error(e))?,
        created_at: time("created_at")?,
        next_at: if state == OutboxState::Pending { Some(time("next_at")?) } else { None },
        last_error: row.try_get("last_error").map_err(|e| db.query_error(e))?,
    })
}

fn destination(db: &Db, row: &SqliteRow) -> Result<Destination, DbError> {
    let name: String = row.try_get("destination").map_err(|e| db.query_error(e))?;
    Destination::parse(&name).ok_or_else(|| db.damaged("a destination of the outbox", "it is not known"))
}
