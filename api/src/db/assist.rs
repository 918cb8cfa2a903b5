//! Cases by their conversation, and what agents made of what was suggested.

use super::{
    DbError,
    desk::{Desks, HandoffRecord, record},
};
use engine::{
    AgentPass, ConversationId,
    package::{Feedback, FeedbackKind},
};
use jiff::Timestamp;
use serde::Serialize;
use sqlx::Row;

/// How often something that was suggested was used, edited and rejected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Changed {
    pub kind: FeedbackKind,
    pub about: String,
    pub used: i64,
    pub edited: i64,
    pub rejected: i64,
}

impl Desks {
    /// The handoffs of a conversation, the latest turn first.
    pub async fn handoffs_of(
        &self,
        agent: AgentPass<'_>,
        conversation: &ConversationId,
    ) -> Result<Vec<HandoffRecord>, DbError> {
        let db = self.desk(agent.store()).await?;
        let rows = sqlx::query("SELECT * FROM handoffs WHERE conversation = ? ORDER BY turn DESC")
            .bind(&conversation.0)
            .fetch_all(&db.pool)
            .await
            .map_err(|e| db.query_error(e))?;
        rows.iter().map(|row| record(&db, row)).collect()
    }

    /// Writes down what an agent made of a suggestion; what was said about the same turn before is replaced as a whole.
    pub async fn put_feedback(
        &self,
        agent: AgentPass<'_>,
        (conversation, turn): (&ConversationId, u32),
        by: &str,
        at: Timestamp,
        feedback: &[Feedback],
    ) -> Result<(), DbError> {
        let db = self.desk(agent.store()).await?;
        let written = async {
            let mut transaction = db.pool.begin_with("BEGIN IMMEDIATE").await?;
            let old = sqlx::query("DELETE FROM assist_feedback WHERE conversation = ? AND turn = ?");
            old.bind(&conversation.0).bind(turn).execute(&mut *transaction).await?;
            for Feedback { kind, about, verdict, before, after } in feedback {
                let insert = "INSERT INTO assist_feedback \
                              (conversation, turn, kind, about, verdict, suggested, sent, agent, at) \
                              VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
                let insert = sqlx::query(insert).bind(&conversation.0).bind(turn).bind(kind.as_str()).bind(about);
                let insert = insert.bind(verdict.as_str()).bind(before).bind(after).bind(by).bind(at.to_string());
                insert.execute(&mut *transaction).await?;
            }
            transaction.commit().await
        };
        written.await.map_err(|e: sqlx::Error| db.query_error(e))
    }

    /// What was changed most often first; what was only used is at the end.
    pub async fn changed_most(&self, agent: AgentPass<'_>, limit: u32) -> Result<Vec<Changed>, DbError> {
        let db = self.desk(agent.store()).await?;
        let select = "SELECT kind, about, sum(verdict = 'used') AS used, sum(verdict = 'edited') AS edited, \
                      sum(verdict = 'rejected') AS rejected FROM assist_feedback GROUP BY kind, about \
                      ORDER BY edited + rejected DESC, rejected DESC, kind, about LIMIT ?";
        let rows = sqlx::query(select).bind(limit).fetch_all(&db.pool).await.map_err(|e| db.query_error(e))?;
        let read = |row: &sqlx::sqlite::SqliteRow| {
            let name: String = row.try_get("kind").map_err(|e| db.query_error(e))?;
            let kind = FeedbackKind::ALL.into_iter().find(|kind| kind.as_str() == name);
            let count = |column: &str| row.try_get(column).map_err(|e| db.query_error(e));
            Ok(Changed {
                kind: kind.ok_or_else(|| db.damaged("a line of feedback", format!("'{name}' is no kind")))?,
                about: row.try_get("about").map_err(|e| db.query_error(e))?,
                used: count("used")?,
                edited: count("edited")?,
                rejected: count("rejected")?,
            })
        };
        rows.iter().map(read).collect()
    }
}
