//! What handoffs are about, and the earlier ones about the same.

use super::{
    DbError,
    desk::{Desks, record},
};
use engine::{
    HandoffCase, HandoffId, StorePass,
    package::{About, Link, PastContact},
};
use sqlx::{SqliteConnection, sqlite::SqliteRow};
use std::collections::HashSet;

/// An agent reads the latest; what is older stands in the desk.
const MOST: usize = 10;

/// Files a handoff under what it is about; once, however often its turn is reported.
pub(super) async fn keep(
    connection: &mut SqliteConnection,
    id: &HandoffId,
    case: &HandoffCase,
) -> Result<(), sqlx::Error> {
    for subject in case.package.iter().flat_map(|package| package.subjects()) {
        let insert = "INSERT INTO contacts (subject, handoff, conversation) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
        let insert = sqlx::query(insert).bind(subject).bind(&id.0).bind(&case.conversation.0);
        insert.execute(&mut *connection).await?;
    }
    Ok(())
}

impl Desks {
    /// Earlier handoffs of the conversation, about one of the orders or of the customer, newest first.
    pub(super) async fn past_contacts(&self, pass: &StorePass, about: About<'_>) -> Result<Vec<PastContact>, DbError> {
        let db = self.desk(pass.store()).await?;
        let mut seen = HashSet::new();
        let mut found: Vec<PastContact> = Vec::new();
        let mut add = |link: Link, rows: &[SqliteRow]| -> Result<(), DbError> {
            for row in rows {
                let read = record(&db, row)?;
                if !seen.insert(read.id.clone()) {
                    continue;
                }
                found.push(PastContact {
                    conversation: read.case.conversation,
                    turn: read.case.turn,
                    at: read.opened_at,
                    reason: read.case.reason,
                    question: read.case.question,
                    resolved: read.resolved_at.is_some(),
                    link,
                    channel: None,
                });
            }
            Ok(())
        };
        let own = "SELECT * FROM handoffs WHERE conversation = ? AND turn < ? ORDER BY opened_at DESC, id LIMIT ?";
        let own = sqlx::query(own).bind(&about.conversation.0).bind(about.turn).bind(MOST as i64);
        add(Link::Conversation, &own.fetch_all(&db.pool).await.map_err(|e| db.query_error(e))?)?;
        for (link, subject) in about.subjects() {
            let others = "SELECT h.* FROM contacts c JOIN handoffs h ON h.id = c.handoff \
                          WHERE c.subject = ? AND h.conversation <> ? ORDER BY h.opened_at DESC, h.id LIMIT ?";
            let others = sqlx::query(others).bind(subject).bind(&about.conversation.0).bind(MOST as i64);
            add(link, &others.fetch_all(&db.pool).await.map_err(|e| db.query_error(e))?)?;
        }
        found.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.conversation.0.cmp(&b.conversation.0)));
        found.truncate(MOST);
        Ok(found)
    }
}
