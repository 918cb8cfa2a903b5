//! What is old goes: conversations in which nothing was said for as long as the store keeps them, with everything that
//! was written about them.
//!
//! A conversation that waits for a person, is a person's, or of which a handoff, an action or something to be told is
//! open, stays however old it is. What goes is counted first, in the same transaction. The audit keeps who did what when;
//! its details go. What SQLite frees is overwritten (`secure_delete`); only an erasure rewrites the file as well.

use super::{
    Db, DbError,
    desk::Desks,
    dialect::{self, Write},
};
use engine::StorePass;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// Conversations of one transaction: short enough that nobody who wants to write waits for long.
const BATCH: u32 = 100;

/// A conversation that may go. `$1` is the time before which it must have ended.
const MAY_GO: &str = "FROM conversations c WHERE c.last_at < $1 AND c.owner IN ('bot', 'resolved') \
    AND NOT EXISTS (SELECT 1 FROM handoffs h WHERE h.conversation = c.conversation AND h.resolved_at IS NULL) \
    AND NOT EXISTS (SELECT 1 FROM actions a WHERE a.conversation = c.conversation AND a.state IN ('waiting', 'started')) \
    AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.conversation = c.conversation AND o.state = 'pending') \
    AND NOT EXISTS (SELECT 1 FROM inbox i WHERE i.conversation = c.conversation AND i.done_at IS NULL)";

/// What is counted of a conversation before it goes.
const COUNTS: [&str; 3] = [
    "SELECT substr(opened_at, 1, 7), 'conversation', channel, 1 FROM conversations WHERE conversation = $1",
    "SELECT substr(at, 1, 7), 'turn', CASE WHEN kind IS NULL THEN role ELSE role || ':' || kind END, count(*) \
     FROM turns WHERE conversation = $1 GROUP BY 1, 3",
    "SELECT substr(opened_at, 1, 7), 'handoff', reason, count(*) FROM handoffs WHERE conversation = $1 GROUP BY 1, 3",
];

/// What stays without its words: who did what, and what agents made of suggestions.
const TEXTS: [&str; 3] = [
    "UPDATE audit SET detail = '[erased]' WHERE detail NOT IN ('', '[erased]') AND (action = $1 \
     OR action IN (SELECT id FROM actions WHERE conversation = $1))",
    "UPDATE assist_feedback SET suggested = '', sent = '' WHERE conversation = $1",
    "UPDATE feedback SET before = '', after = '' WHERE conversation = $1",
];

/// Whose rows of a conversation go, its own last.
const TABLES: [&str; 10] = [
    "turns",
    "asked",
    "contacts",
    "handoffs",
    "actions",
    "outbox",
    "inbox",
    "identity_challenges",
    "identity_sessions",
    "conversations",
];

/// What went, or would go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Purged {
    pub conversations: u64,
    pub turns: u64,
    pub handoffs: u64,
    /// Old enough to go, and still open.
    pub open: u64,
}

/// What was counted of what went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeptCount {
    /// Such as `2026-11`.
    pub month: String,
    /// `conversation`, `turn` or `handoff`.
    pub what: String,
    /// A channel; who spoke and of what type the reply was; a reason.
    pub name: String,
    pub count: i64,
}

impl Desks {
    /// The time that lies so many days before now.
    pub fn days_ago(&self, days: u32) -> Timestamp {
        let days = SignedDuration::from_hours(24).saturating_mul(i32::try_from(days).unwrap_or(i32::MAX));
        self.now().saturating_sub(days).unwrap_or(Timestamp::MIN)
    }

    /// Removes what ended before a time, batch by batch. A kill in between leaves whole conversations, which go next
    /// time.
    pub async fn purge(&self, pass: &StorePass, before: Timestamp) -> Result<Purged, DbError> {
        let db = self.desk(pass.store()).await?;
        let mut purged = Purged { open: still_open(&db, before).await?, ..Purged::default() };
        loop {
            let mut tx = dialect::write(&db).await?;
            let select = format!("SELECT c.conversation {MAY_GO} ORDER BY c.last_at LIMIT $2");
            let ids: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(select))
                .bind(before.to_string())
                .bind(BATCH)
                .fetch_all(&mut *tx)
                .await
                .map_err(|e| db.query_error(e))?;
            for id in &ids {
                remove(&mut tx, id, &mut purged).await.map_err(|e| db.query_error(e))?;
            }
            tx.commit().await.map_err(|e| db.query_error(e))?;
            if ids.len() < BATCH as usize {
                break;
            }
            // Whoever waited to write goes first.
            tokio::task::yield_now().await;
        }
        // Calls that named no conversation of ours.
        let calls = sqlx::query("DELETE FROM inbox WHERE done_at < $1 AND conversation LIKE 'gorgias:ticket:%'");
        let calls = calls.bind(before.as_millisecond()).execute(&db.pool).await;
        calls.map_err(|e| db.query_error(e))?;
        Ok(purged)
    }

    /// What [`Desks::purge`] would remove. Nothing is written.
    pub async fn would_purge(&self, pass: &StorePass, before: Timestamp) -> Result<Purged, DbError> {
        let db = self.desk(pass.store()).await?;
        let count = async |what: String| {
            let counted = sqlx::query_scalar(sqlx::AssertSqlSafe(what)).bind(before.to_string()).fetch_one(&db.pool);
            counted.await.map(|count: i64| count.unsigned_abs()).map_err(|e| db.query_error(e))
        };
        let of = |table: &str| {
            format!("SELECT count(*) FROM {table} WHERE conversation IN (SELECT c.conversation {MAY_GO})")
        };
        Ok(Purged {
            conversations: count(format!("SELECT count(*) {MAY_GO}")).await?,
            turns: count(of("turns")).await?,
            handoffs: count(of("handoffs")).await?,
            open: still_open(&db, before).await?,
        })
    }

    /// What was counted of what went, month by month.
    pub async fn kept_counts(&self, pass: &StorePass) -> Result<Vec<KeptCount>, DbError> {
        let db = self.desk(pass.store()).await?;
        let select = "SELECT month, what, name, count FROM kept_counts ORDER BY month, what, name";
        let rows: Vec<(String, String, String, i64)> =
            sqlx::query_as(select).fetch_all(&db.pool).await.map_err(|e| db.query_error(e))?;
        let count = |(month, what, name, count)| KeptCount { month, what, name, count };
        Ok(rows.into_iter().map(count).collect())
    }
}

async fn still_open(db: &Db, before: Timestamp) -> Result<u64, DbError> {
    let select = format!("SELECT (SELECT count(*) FROM conversations WHERE last_at < $1) - (SELECT count(*) {MAY_GO})");
    let open: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(select))
        .bind(before.to_string())
        .fetch_one(&db.pool)
        .await
        .map_err(|e| db.query_error(e))?;
    Ok(open.unsigned_abs())
}

async fn remove(tx: &mut Write, id: &str, purged: &mut Purged) -> Result<(), sqlx::Error> {
    for counts in COUNTS {
        // `WHERE true`, without which SQLite reads ON CONFLICT as part of a join.
        let insert = format!(
            "INSERT INTO kept_counts (month, what, name, count) SELECT * FROM ({counts}) AS counted WHERE true \
             ON CONFLICT (month, what, name) DO UPDATE SET count = kept_counts.count + excluded.count"
        );
        sqlx::query(sqlx::AssertSqlSafe(insert)).bind(id).execute(&mut **tx).await?;
    }
    for text in TEXTS {
        sqlx::query(text).bind(id).execute(&mut **tx).await?;
    }
    for table in TABLES {
        let delete = format!("DELETE FROM {table} WHERE conversation = $1");
        let removed = sqlx::query(sqlx::AssertSqlSafe(delete)).bind(id).execute(&mut **tx).await?.rows_affected();
        match table {
            "turns" => purged.turns += removed,
            "handoffs" => purged.handoffs += removed,
            "conversations" => purged.conversations += removed,
            _ => {}
        }
    }
    Ok(())
}
