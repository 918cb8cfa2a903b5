//! What channels told: written down once for each id and answered at once, worked off later, in order for each
//! conversation.

use super::{DbError, desk::Desks};
use engine::{ConversationId, StorePass};
use jiff::Timestamp;
use std::time::Duration;

/// Something that is to be worked off.
#[derive(Clone, Debug)]
pub struct Received {
    pub id: i64,
    /// Who told it.
    pub channel: String,
    pub conversation: ConversationId,
    pub payload: String,
    pub attempts: u32,
}

impl Desks {
    /// Writes something down that is worked off after `wait` by [`Desks::received`], unless whoever wrote it down does
    /// that sooner. Its id; `None`: it was written down before.
    pub async fn receive(
        &self,
        pass: &StorePass,
        (channel, key): (&str, &str),
        conversation: &ConversationId,
        (payload, wait): (&str, Duration),
    ) -> Result<Option<i64>, DbError> {
        let db = self.desk(pass.store()).await?;
        let now = self.now().as_millisecond();
        let insert = "INSERT INTO inbox (channel, key, conversation, payload, next_at, received_at) \
                      VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (channel, key) DO NOTHING RETURNING id";
        let insert = sqlx::query_scalar(insert).bind(channel).bind(key).bind(&conversation.0).bind(payload);
        let insert = insert.bind(now.saturating_add(wait.as_millis() as i64)).bind(now);
        let inserted: Option<i64> = insert.fetch_optional(&db.pool).await.map_err(|e| db.query_error(e))?;
        self.wake();
        Ok(inserted)
    }

    /// The first of each conversation that has something to be worked off by now.
    pub async fn received(&self, pass: &StorePass, limit: u32) -> Result<Vec<Received>, DbError> {
        let db = self.desk(pass.store()).await?;
        let select = "SELECT id, channel, conversation, payload, attempts FROM inbox i WHERE done_at IS NULL AND next_at <= $1 \
                      AND NOT EXISTS (SELECT 1 FROM inbox p WHERE p.conversation = i.conversation \
                      AND p.done_at IS NULL AND p.id < i.id) ORDER BY id LIMIT $2";
        let rows: Vec<(i64, String, String, String, u32)> = sqlx::query_as(select)
            .bind(self.now().as_millisecond())
            .bind(limit)
            .fetch_all(&db.pool)
            .await
            .map_err(|e| db.query_error(e))?;
        let received = |(id, channel, conversation, payload, attempts)| Received {
            id,
            channel,
            conversation: ConversationId(conversation),
            payload,
            attempts,
        };
        Ok(rows.into_iter().map(received).collect())
    }

    /// It was worked off; its words go.
    pub async fn worked_off(&self, pass: &StorePass, id: i64) -> Result<(), DbError> {
        let db = self.desk(pass.store()).await?;
        let update = sqlx::query("UPDATE inbox SET done_at = $1, payload = '' WHERE id = $2");
        let update = update.bind(self.now().as_millisecond()).bind(id).execute(&db.pool).await;
        update.map(drop).map_err(|e| db.query_error(e))
    }

    /// It could not be; it is tried again then.
    pub async fn put_off(&self, pass: &StorePass, id: i64, until: Timestamp) -> Result<(), DbError> {
        let db = self.desk(pass.store()).await?;
        let update = sqlx::query("UPDATE inbox SET attempts = attempts + 1, next_at = $1 WHERE id = $2");
        let update = update.bind(until.as_millisecond()).bind(id).execute(&db.pool).await;
        update.map(drop).map_err(|e| db.query_error(e))
    }
}
