//! Prepared actions that wait for a person, and the audit of what became of them; both on the store's desk.

use super::{DbError, desk::Desks};
use engine::{
    AgentPass,
    live::{ActionId, PreparedAction},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

/// Where an action stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionState {
    Waiting,
    /// It was sent to Shopify, and how that ended is not known yet.
    Started,
    Done,
    /// Shopify refused it; nothing was done.
    Failed,
    Rejected,
}

/// An action as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ActionRecord {
    pub prepared: PreparedAction,
    pub state: ActionState,
    /// When it was first sent.
    pub started_at: Option<Timestamp>,
    pub result: Option<String>,
}

/// A line of the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditLine {
    pub at: Timestamp,
    pub who: String,
    /// `approved`, `rejected`, `refused`, `done`, `failed`, `unknown` of an action; `handed over`, `took over`,
    /// `gave back`, `resolved`, `reopened` of a conversation.
    pub what: String,
    /// The id of the action or the conversation.
    pub action: String,
    pub detail: String,
}

impl ActionState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Started => "started",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Rejected => "rejected",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::Waiting, Self::Started, Self::Done, Self::Failed, Self::Rejected]
            .into_iter()
            .find(|state| state.as_str() == name)
    }
}

/// Keeps an action with the handoff that it came with; once, however often the turn is reported.
pub(super) async fn keep(connection: &mut SqliteConnection, action: &PreparedAction) -> Result<(), sqlx::Error> {
    let json = serde_json::to_string(action).map_err(|e| sqlx::Error::Encode(e.into()))?;
    let insert = "INSERT INTO actions (id, conversation, idempotency_key, record, prepared_at) VALUES (?, ?, ?, ?, ?) \
                  ON CONFLICT DO NOTHING";
    let insert = sqlx::query(insert).bind(&action.id.0).bind(&action.conversation.0).bind(&action.idempotency_key);
    insert.bind(json).bind(action.prepared_at.to_string()).execute(connection).await?;
    Ok(())
}

impl Desks {
    /// Oldest first: those that wait or whose end is not known, or all of them.
    pub async fn actions(&self, agent: AgentPass<'_>, all: bool) -> Result<Vec<ActionRecord>, DbError> {
        let db = self.desk(agent.store()).await?;
        let select = "SELECT * FROM actions WHERE ? OR state IN ('waiting', 'started') ORDER BY prepared_at, id";
        let rows = sqlx::query(select).bind(all).fetch_all(&db.pool).await.map_err(|e| db.query_error(e))?;
        rows.iter().map(|row| record(&db, row)).collect()
    }

    pub async fn action(&self, agent: AgentPass<'_>, id: &ActionId) -> Result<Option<ActionRecord>, DbError> {
        let db = self.desk(agent.store()).await?;
        let row = sqlx::query("SELECT * FROM actions WHERE id = ?").bind(&id.0).fetch_optional(&db.pool).await;
        row.map_err(|e| db.query_error(e))?.map(|row| record(&db, &row)).transpose()
    }

    /// Moves an action from one state to another and writes the line of the audit, in one step. `false`: it was not in
    /// that state, and nothing was written.
    pub async fn move_action(
        &self,
        agent: AgentPass<'_>,
        id: &ActionId,
        (from, to): (ActionState, ActionState),
        line: &AuditLine,
    ) -> Result<bool, DbError> {
        let db = self.desk(agent.store()).await?;
        let moved = async {
            let mut transaction = db.pool.begin_with("BEGIN IMMEDIATE").await?;
            let update = "UPDATE actions SET state = ?1, \
                          started_at = CASE ?1 WHEN 'started' THEN coalesce(started_at, ?2) ELSE started_at END, \
                          result = CASE WHEN ?1 IN ('done', 'failed') THEN ?3 ELSE result END \
                          WHERE id = ?4 AND state = ?5";
            let update = sqlx::query(update).bind(to.as_str()).bind(line.at.to_string()).bind(&line.detail);
            let update = update.bind(&id.0).bind(from.as_str()).execute(&mut *transaction).await?;
            if update.rows_affected() == 0 {
                return Ok(false);
            }
            write_line(&mut transaction, line).await?;
            transaction.commit().await?;
            Ok(true)
        };
        moved.await.map_err(|e: sqlx::Error| db.query_error(e))
    }

    /// A line about an action that stays as it is.
    pub async fn audit(&self, agent: AgentPass<'_>, line: &AuditLine) -> Result<(), DbError> {
        let db = self.desk(agent.store()).await?;
        let mut connection = db.pool.acquire().await.map_err(|e| db.query_error(e))?;
        write_line(&mut connection, line).await.map_err(|e| db.query_error(e))
    }

    /// The audit of one action, or of all actions and conversations, oldest first.
    pub async fn audit_of(&self, agent: AgentPass<'_>, id: Option<&ActionId>) -> Result<Vec<AuditLine>, DbError> {
        let db = self.desk(agent.store()).await?;
        let select = "SELECT at, who, what, action, detail FROM audit WHERE ?1 IS NULL OR action = ?1 ORDER BY id";
        let rows = sqlx::query(select).bind(id.map(|id| id.0.as_str())).fetch_all(&db.pool).await;
        let rows = rows.map_err(|e| db.query_error(e))?;
        let line = |row: &SqliteRow| {
            let text = |column: &str| row.try_get::<String, _>(column).map_err(|e| db.query_error(e));
            let at = text("at")?.parse().map_err(|e| db.damaged("the audit", e))?;
            Ok(AuditLine {
                at,
                who: text("who")?,
                what: text("what")?,
                action: text("action")?,
                detail: text("detail")?,
            })
        };
        rows.iter().map(line).collect()
    }
}

pub(super) async fn write_line(connection: &mut SqliteConnection, line: &AuditLine) -> Result<(), sqlx::Error> {
    let AuditLine { at, who, what, action, detail } = line;
    let insert = sqlx::query("INSERT INTO audit (at, who, what, action, detail) VALUES (?, ?, ?, ?, ?)");
    insert.bind(at.to_string()).bind(who).bind(what).bind(action).bind(detail).execute(connection).await?;
    Ok(())
}

fn record(db: &super::Db, row: &SqliteRow) -> Result<ActionRecord, DbError> {
    let text = |column: &str| row.try_get::<String, _>(column).map_err(|e| db.query_error(e));
    let optional = |column: &str| row.try_get::<Option<String>, _>(column).map_err(|e| db.query_error(e));
    let started = optional("started_at")?;
    Ok(ActionRecord {
        prepared: serde_json::from_str(&text("record")?).map_err(|e| db.damaged("an action", e))?,
        state: ActionState::parse(&text("state")?).ok_or_else(|| db.damaged("an action's state", "it is not known"))?,
        started_at: started.map(|at| at.parse()).transpose().map_err(|e| db.damaged("an action's time", e))?,
        result: optional("result")?,
    })
}
