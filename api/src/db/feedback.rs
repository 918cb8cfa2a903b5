//! What a person changed about what was proposed, kept so that the answer, the passage or the rule can learn from it.

use super::{DbError, desk::Desks};
use engine::{AgentPass, ConversationId};
use jiff::Timestamp;
use serde::Serialize;
use sqlx::Row;

/// What was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    Answer,
    Passage,
    Rule,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Feedback {
    pub conversation: Option<ConversationId>,
    pub who: String,
    pub subject: Subject,
    /// The id of the answer, the passage or the rule.
    pub name: String,
    pub before: String,
    pub after: String,
    pub at: Timestamp,
}

impl Subject {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Passage => "passage",
            Self::Rule => "rule",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::Answer, Self::Passage, Self::Rule].into_iter().find(|subject| subject.as_str() == name)
    }
}

impl Desks {
    /// Keeps a change.
    pub async fn give_feedback(&self, agent: AgentPass<'_>, feedback: &Feedback) -> Result<(), DbError> {
        let db = self.desk(agent.store()).await?;
        let Feedback { conversation, who, subject, name, before, after, at } = feedback;
        let insert = "INSERT INTO feedback (conversation, who, subject, name, before, after, at) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let insert = sqlx::query(insert).bind(conversation.as_ref().map(|id| id.0.as_str())).bind(who);
        let insert = insert.bind(subject.as_str()).bind(name).bind(before).bind(after).bind(at.to_string());
        insert.execute(&db.pool).await.map(drop).map_err(|e| db.query_error(e))
    }

    /// What was changed about one answer, passage or rule, oldest first.
    pub async fn feedback_on(
        &self,
        agent: AgentPass<'_>,
        subject: Subject,
        name: &str,
    ) -> Result<Vec<Feedback>, DbError> {
        let db = self.desk(agent.store()).await?;
        let select = "SELECT * FROM feedback WHERE subject = $1 AND name = $2 ORDER BY id";
        let rows = sqlx::query(select).bind(subject.as_str()).bind(name).fetch_all(&db.pool).await;
        let read = |row: &sqlx::sqlite::SqliteRow| {
            let text = |column: &str| row.try_get::<String, _>(column).map_err(|e| db.query_error(e));
            let conversation: Option<String> = row.try_get("conversation").map_err(|e| db.query_error(e))?;
            let subject = Subject::parse(&text("subject")?);
            Ok(Feedback {
                conversation: conversation.map(ConversationId),
                who: text("who")?,
                subject: subject.ok_or_else(|| db.damaged("what feedback is on", "it is not known"))?,
                name: text("name")?,
                before: text("before")?,
                after: text("after")?,
                at: text("at")?.parse().map_err(|e| db.damaged("the time of feedback", e))?,
            })
        };
        rows.map_err(|e| db.query_error(e))?.iter().map(read).collect()
    }
}
