//! Approved answers, on the store's desk: what waits, what is said, and in the audit who decided so.

use super::{
    Db, DbError,
    actions::{AuditLine, write_line},
    desk::Desks,
};
use async_trait::async_trait;
use engine::{
    AgentPass, StoreId, StorePass,
    approved::{AnswerId, ApprovedAnswer, ApprovedSet, MatchModel, State},
    ports::{Approved, ApprovedError},
};
use sqlx::{Row, sqlite::SqliteRow};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// The approved answers of stores, each with the stamp of the table that it was read at.
pub(super) type Kept = Mutex<HashMap<StoreId, (Vec<u8>, Arc<ApprovedSet>)>>;

/// Below the data folder: weights that were fitted on own pairs. The shipped ones hold where it is not there.
pub const MODEL: &str = "match-model.json";

/// Where [`MODEL`] is.
pub fn model_in(data: &Path) -> PathBuf {
    data.join(MODEL)
}

impl Desks {
    /// All answers of the store, or those in a state; the most asked first.
    pub async fn all_answers(&self, agent: AgentPass<'_>, state: Option<&str>) -> Result<Vec<ApprovedAnswer>, DbError> {
        let db = self.desk(agent.store()).await?;
        let select = "SELECT record FROM answers WHERE ?1 IS NULL OR state = ?1 ORDER BY id";
        let rows = sqlx::query(select).bind(state).fetch_all(&db.pool).await.map_err(|e| db.query_error(e))?;
        let mut answers = rows.iter().map(|row| record(&db, row)).collect::<Result<Vec<_>, _>>()?;
        answers.sort_by(|a, b| b.asked.cmp(&a.asked).then_with(|| a.id.cmp(&b.id)));
        Ok(answers)
    }

    pub async fn find_answer(&self, agent: AgentPass<'_>, id: &AnswerId) -> Result<Option<ApprovedAnswer>, DbError> {
        let db = self.desk(agent.store()).await?;
        let row = sqlx::query("SELECT record FROM answers WHERE id = ?").bind(&id.0).fetch_optional(&db.pool).await;
        row.map_err(|e| db.query_error(e))?.map(|row| record(&db, &row)).transpose()
    }

    /// Keeps a new answer. `false`: there is one with this id already, and nothing was written.
    pub async fn add_answer(
        &self,
        agent: AgentPass<'_>,
        answer: &ApprovedAnswer,
        line: &AuditLine,
    ) -> Result<bool, DbError> {
        let statement = "INSERT INTO answers (id, state, version, record, changed_at) VALUES (?1, ?2, ?3, ?4, ?5) \
                         ON CONFLICT DO NOTHING";
        self.write(agent, answer, line, statement).await
    }

    /// Puts an answer in the place of the version before it. `false`: somebody else changed it meanwhile, and nothing
    /// was written.
    pub async fn change_answer(
        &self,
        agent: AgentPass<'_>,
        answer: &ApprovedAnswer,
        line: &AuditLine,
    ) -> Result<bool, DbError> {
        let statement = "UPDATE answers SET state = ?2, version = ?3, record = ?4, changed_at = ?5 \
                         WHERE id = ?1 AND version = ?3 - 1";
        self.write(agent, answer, line, statement).await
    }

    async fn write(
        &self,
        agent: AgentPass<'_>,
        answer: &ApprovedAnswer,
        line: &AuditLine,
        statement: &'static str,
    ) -> Result<bool, DbError> {
        let db = self.desk(agent.store()).await?;
        let json = serde_json::to_string(answer).map_err(|e| db.damaged("an answer", e))?;
        let written = async {
            let mut transaction = db.pool.begin_with("BEGIN IMMEDIATE").await?;
            let query = sqlx::query(statement).bind(&answer.id.0).bind(answer.state.as_str()).bind(answer.version);
            let query = query.bind(json).bind(line.at.to_string());
            if query.execute(&mut *transaction).await?.rows_affected() == 0 {
                return Ok(false);
            }
            write_line(&mut transaction, line).await?;
            transaction.commit().await?;
            Ok(true)
        };
        written.await.map_err(|e: sqlx::Error| db.query_error(e))
    }

    /// Questions that a person was called for, newest first, resolved or not.
    pub async fn handed_over(&self, agent: AgentPass<'_>, limit: u32) -> Result<Vec<String>, DbError> {
        let db = self.desk(agent.store()).await?;
        let select =
            "SELECT json_extract(record, '$.question') AS question FROM handoffs ORDER BY opened_at DESC, id LIMIT ?";
        let rows = sqlx::query(select).bind(limit).fetch_all(&db.pool).await.map_err(|e| db.query_error(e))?;
        let question = |row: &SqliteRow| row.try_get("question").map_err(|e| db.query_error(e));
        rows.iter().map(question).collect()
    }

    /// What is said to customers, as it stands at this moment: read again only if something was changed since.
    async fn in_force(&self, store: &StoreId) -> Result<Arc<ApprovedSet>, DbError> {
        let db = self.desk(store).await?;
        let stamp = "SELECT stamp FROM answers_stamp";
        let stamp: Vec<u8> = sqlx::query_scalar(stamp).fetch_one(&db.pool).await.map_err(|e| db.query_error(e))?;
        let kept = || self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, set)) = kept().get(store)
            && *at == stamp
        {
            return Ok(set.clone());
        }
        let select = "SELECT record FROM answers WHERE state = 'approved' ORDER BY id";
        let rows = sqlx::query(select).fetch_all(&db.pool).await.map_err(|e| db.query_error(e))?;
        let answers = rows.iter().map(|row| record(&db, row)).collect::<Result<Vec<_>, _>>()?;
        let answers = answers.into_iter().filter(|answer| answer.state == State::Approved).collect();
        let set = Arc::new(ApprovedSet { answers, model: self.match_model() });
        // Under the stamp that was read before: what changed in between is read again at the next question.
        kept().insert(store.clone(), (stamp, set.clone()));
        Ok(set)
    }

    /// Own weights, or the shipped ones. A file that cannot be read is reported, and the shipped ones hold.
    fn match_model(&self) -> MatchModel {
        let path = model_in(&self.data);
        let Ok(text) = std::fs::read_to_string(&path) else { return MatchModel::default() };
        MatchModel::parse(&text).unwrap_or_else(|error| {
            tracing::error!(file = %path.display(), error.cause = %error, "weights of approved answers not used");
            MatchModel::default()
        })
    }
}

#[async_trait]
impl Approved for Desks {
    async fn answers(&self, pass: &StorePass) -> Result<Arc<ApprovedSet>, ApprovedError> {
        self.in_force(pass.store()).await.map_err(|e| ApprovedError(crate::error::chain(&e)))
    }
}

fn record(db: &Db, row: &SqliteRow) -> Result<ApprovedAnswer, DbError> {
    let text: String = row.try_get("record").map_err(|e| db.query_error(e))?;
    serde_json::from_str(&text).map_err(|e| db.damaged("an answer", e))
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test acts for its own stores")]
mod tests {
    use super::*;
    use crate::wiring::SystemClock;
    use engine::approved::Limits;
    use jiff::Timestamp;

    fn answer(id: &str, state: State) -> ApprovedAnswer {
        ApprovedAnswer {
            id: AnswerId(id.into()),
            questions: vec!["How long do I have?".into()],
            text: "You have 30 days.".into(),
            rests_on: Vec::new(),
            state,
            limits: Limits::default(),
            approved_by: None,
            approved_at: None,
            version: 1,
            asked: 3,
        }
    }

    fn line(what: &str) -> AuditLine {
        let detail = String::new();
        AuditLine { at: Timestamp::now(), who: "Mia".into(), what: what.into(), action: "ans_1".into(), detail }
    }

    fn pass(store: &str) -> StorePass {
        StorePass::for_operator(store.parse().unwrap(), "test")
    }

    #[tokio::test]
    async fn what_another_process_approves_is_seen_at_the_next_question() {
        let dir = tempfile::tempdir().unwrap();
        let desks = || Desks::new(dir.path().into(), Arc::new(SystemClock));
        let (server, person, store) = (desks(), desks(), pass("one"));
        let agent = store.as_agent().unwrap();
        assert!(server.answers(&store).await.unwrap().answers.is_empty());
        let draft = answer("ans_1", State::Draft);
        assert!(person.add_answer(agent, &draft, &line("drafted")).await.unwrap());
        assert!(!person.add_answer(agent, &draft, &line("drafted")).await.unwrap(), "twice is once");
        assert!(server.answers(&store).await.unwrap().answers.is_empty(), "a draft is not said");
        let approved = ApprovedAnswer { state: State::Approved, version: 2, ..draft.clone() };
        assert!(person.change_answer(agent, &approved, &line("approved")).await.unwrap());
        assert_eq!(server.answers(&store).await.unwrap().answers, *std::slice::from_ref(&approved));
        let held = server.answers(&store).await.unwrap();
        assert!(Arc::ptr_eq(&held, &server.answers(&store).await.unwrap()), "nothing changed, nothing is read");
        // Made on the version that was there before somebody approved it.
        let late = ApprovedAnswer { text: "Other words.".into(), version: 2, ..draft };
        assert!(!person.change_answer(agent, &late, &line("edited")).await.unwrap());
        let gone = ApprovedAnswer { state: State::Review { why: "the page changed".into() }, version: 3, ..approved };
        assert!(person.change_answer(agent, &gone, &line("review")).await.unwrap());
        assert!(server.answers(&store).await.unwrap().answers.is_empty());
        let whats: Vec<String> = person.audit_of(agent, None).await.unwrap().into_iter().map(|l| l.what).collect();
        assert_eq!(whats, ["drafted", "approved", "review"], "what was not done is not in the audit");
        let other = pass("two");
        assert!(server.all_answers(other.as_agent().unwrap(), None).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn own_weights_are_read_and_bad_ones_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let desks = Desks::new(dir.path().into(), Arc::new(SystemClock));
        assert_eq!(desks.match_model(), MatchModel::default());
        let own = MatchModel { bound: 0.77, ..MatchModel::default() };
        std::fs::write(model_in(dir.path()), serde_json::to_string(&own).unwrap()).unwrap();
        assert_eq!(desks.match_model(), own);
        std::fs::write(model_in(dir.path()), "{}").unwrap();
        assert_eq!(desks.match_model(), MatchModel::default());
    }
}
