//! A store's desk, `<data>/stores/<store>/desk.sqlite`: the questions that wait for a person. What it keeps of identity
//! stands in `identity.rs` beside this.

use super::{
    Db, DbError,
    conversations::{self, Channel, Owner},
    dialect::{self, Write},
    outbox::{self, Destination},
    ownership,
};
use crate::{
    deliver::{ChannelStatus, HandoffNotice, Notice},
    store::{Handover, Handovers, path_in},
};
use async_trait::async_trait;
use engine::{
    AgentPass, HandoffCase, HandoffId, StoreId, StorePass,
    package::{About, PastContact},
    ports::{Clock, Handoffs, HandoffsError},
};
use jiff::Timestamp;
use sqlx::{Row, migrate::Migrator, sqlite::SqliteRow};
use std::{collections::HashMap, path::PathBuf, sync::Arc};
use tokio::sync::{Mutex, watch};

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/desk");

/// The desks of all stores. Each is opened on first use, and only with a pass for its store.
pub struct Desks {
    pub(super) data: PathBuf,
    clock: Arc<dyn Clock>,
    open: Mutex<HashMap<StoreId, Db>>,
    /// Approved answers as they were read last.
    pub(super) answers: super::answers::Kept,
    handovers: Handovers,
    /// Changes when there is something to be sent or worked off.
    woken: watch::Sender<()>,
}

/// A question that a person was called for.
#[derive(Clone, Debug, PartialEq)]
pub struct HandoffRecord {
    pub id: HandoffId,
    pub opened_at: Timestamp,
    pub resolved_at: Option<Timestamp>,
    pub case: HandoffCase,
}

impl Desks {
    /// `data` is the folder that `stores/` stands in.
    pub fn new(data: PathBuf, clock: Arc<dyn Clock>) -> Self {
        let handovers = Handovers::new(data.clone());
        Self {
            data,
            clock,
            open: Mutex::default(),
            handovers,
            woken: watch::Sender::new(()),
            answers: super::answers::Kept::default(),
        }
    }

    /// Hears when there may be something to be sent or worked off. What another process wrote is not heard of.
    pub fn woken(&self) -> watch::Receiver<()> {
        self.woken.subscribe()
    }

    /// How the store's settings want its handoffs handed over, now.
    pub fn handover(&self, store: &StoreId) -> Arc<Handover> {
        self.handovers.of(store)
    }

    /// Whether the store has settings. Without them it is being removed, and its file must not be made again.
    pub fn is_here(&self, store: &StoreId) -> bool {
        path_in(&self.data, store).exists()
    }

    /// The time by which handoffs are opened.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn wake(&self) {
        self.woken.send_replace(());
    }

    /// Handoffs that nobody has resolved, oldest first, at most `limit`.
    pub async fn open_handoffs(&self, agent: AgentPass<'_>, limit: u32) -> Result<Vec<HandoffRecord>, DbError> {
        let db = self.desk(agent.store()).await?;
        let rows = sqlx::query("SELECT * FROM handoffs WHERE resolved_at IS NULL ORDER BY opened_at, id LIMIT ?")
            .bind(limit)
            .fetch_all(&db.pool)
            .await
            .map_err(|e| db.query_error(e))?;
        rows.iter().map(|row| record(&db, row)).collect()
    }

    /// The latest handoffs, resolved or not, newest first, at most `limit`.
    pub async fn latest_handoffs(&self, agent: AgentPass<'_>, limit: u32) -> Result<Vec<HandoffRecord>, DbError> {
        let db = self.desk(agent.store()).await?;
        let rows = sqlx::query("SELECT * FROM handoffs ORDER BY opened_at DESC, id LIMIT ?")
            .bind(limit)
            .fetch_all(&db.pool)
            .await
            .map_err(|e| db.query_error(e))?;
        rows.iter().map(|row| record(&db, row)).collect()
    }

    /// One handoff of the agent's store.
    pub async fn handoff(&self, agent: AgentPass<'_>, id: &HandoffId) -> Result<Option<HandoffRecord>, DbError> {
        let db = self.desk(agent.store()).await?;
        let row = sqlx::query("SELECT * FROM handoffs WHERE id = ?")
            .bind(&id.0)
            .fetch_optional(&db.pool)
            .await
            .map_err(|e| db.query_error(e))?;
        row.map(|row| record(&db, &row)).transpose()
    }

    /// The handoff, the rows that tell of it and the conversation's new state are one transaction: there is no handoff
    /// that nobody is told of, and nobody is told of one twice.
    async fn insert(&self, store: &StoreId, case: &HandoffCase) -> Result<HandoffId, DbError> {
        let db = self.desk(store).await?;
        let (now, handover) = (self.now(), self.handover(store));
        let json = |value: serde_json::Result<serde_json::Value>| value.map_err(|e| db.damaged("a handoff", e));
        let reason = json(serde_json::to_value(case.reason))?;
        let stored = json(serde_json::to_value(case))?;
        let new = format!("ho_{}", uuid::Uuid::new_v4().simple());
        let mut tx = dialect::write(&db).await?;
        // One statement, so that two reports of a turn at the same time are one handoff as well.
        let insert = sqlx::query(
            "INSERT INTO handoffs (id, conversation, turn, reason, record, opened_at) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (conversation, turn) DO UPDATE SET id = handoffs.id RETURNING id",
        )
        .bind(&new)
        .bind(&case.conversation.0)
        .bind(case.turn)
        .bind(reason.as_str())
        .bind(stored.to_string())
        .bind(now.to_string());
        let row = insert.fetch_one(&mut *tx).await.map_err(|e| db.query_error(e))?;
        let id: String = row.try_get("id").map_err(|e| db.query_error(e))?;
        if let Some(action) = &case.action {
            super::actions::keep(&mut tx, action).await.map_err(|e| db.query_error(e))?;
        }
        super::contacts::keep(&mut tx, &HandoffId(id.clone()), case).await.map_err(|e| db.query_error(e))?;
        if id == new {
            self.tell_of(&db, &mut tx, &handover, (&id, case), now).await?;
        }
        tx.commit().await.map_err(|e| db.query_error(e))?;
        self.wake();
        Ok(HandoffId(id))
    }

    /// Has a new handoff told to every destination of the store. A person who has the conversation already knows.
    async fn tell_of(
        &self,
        db: &Db,
        tx: &mut Write,
        handover: &Handover,
        (id, case): (&str, &HandoffCase),
        now: Timestamp,
    ) -> Result<(), DbError> {
        let mut found = conversations::find_or_open(db, tx, &case.conversation, Channel::Api, now).await?;
        match found.owner {
            Owner::Person(_) => return Ok(()),
            Owner::Bot | Owner::Resolved => {
                ownership::own(tx, &mut found, Owner::Waiting, now).await.map_err(|e| db.query_error(e))?;
                let line = ("shopclerk", "handed over");
                ownership::audit(tx, &found, line, now).await.map_err(|e| db.query_error(e))?;
            }
            Owner::Waiting => {}
        }
        let handoff = Notice::Handoff(Box::new(HandoffNotice {
            id: HandoffId(id.to_owned()),
            opened_at: now,
            contact: found.contact.clone(),
            case: case.clone(),
        }));
        for destination in Destination::ALL {
            // Chatwoot is told of the conversations that take place in it.
            if destination == Destination::Chatwoot && found.channel != Channel::Chatwoot {
                continue;
            }
            let key = format!("{id}:{}", destination.as_str());
            outbox::put(db, tx, handover, &case.conversation, (destination, &key, &handoff), now).await?;
        }
        if found.channel == Channel::Chatwoot {
            let open = Notice::Status { status: ChannelStatus::Open };
            let key = format!("{id}:chatwoot:open");
            outbox::put(db, tx, handover, &case.conversation, (Destination::Chatwoot, &key, &open), now).await?;
        }
        Ok(())
    }

    /// Closes the store's file, before it is removed.
    pub async fn close(&self, store: &StoreId) {
        if let Some(db) = self.open.lock().await.remove(store) {
            db.pool.close().await;
        }
    }

    pub(super) async fn desk(&self, store: &StoreId) -> Result<Db, DbError> {
        let mut open = self.open.lock().await;
        if let Some(db) = open.get(store) {
            return Ok(db.clone());
        }
        let path = self.data.join("stores").join(store.as_str()).join("desk.sqlite");
        let db = Db::open(&path, &MIGRATIONS).await?;
        open.insert(store.clone(), db.clone());
        Ok(db)
    }
}

pub(super) fn record(db: &Db, row: &SqliteRow) -> Result<HandoffRecord, DbError> {
    let text = |column: &str| row.try_get::<String, _>(column).map_err(|e| db.query_error(e));
    let time = |text: String| text.parse().map_err(|e| db.damaged("a handoff's time", e));
    let resolved: Option<String> = row.try_get("resolved_at").map_err(|e| db.query_error(e))?;
    Ok(HandoffRecord {
        id: HandoffId(text("id")?),
        opened_at: time(text("opened_at")?)?,
        resolved_at: resolved.map(time).transpose()?,
        case: serde_json::from_str(&text("record")?).map_err(|e| db.damaged("a handoff", e))?,
    })
}

#[async_trait]
impl Handoffs for Desks {
    async fn open(&self, pass: &StorePass, case: &HandoffCase) -> Result<HandoffId, HandoffsError> {
        self.insert(pass.store(), case).await.map_err(|e| HandoffsError(crate::error::chain(&e)))
    }

    async fn waiting(&self, agent: AgentPass<'_>) -> Result<Vec<(HandoffId, HandoffCase)>, HandoffsError> {
        let records = self.open_handoffs(agent, u32::MAX).await.map_err(|e| HandoffsError(crate::error::chain(&e)))?;
        Ok(records.into_iter().map(|record| (record.id, record.case)).collect())
    }

    async fn past(&self, pass: &StorePass, about: About<'_>) -> Result<Vec<PastContact>, HandoffsError> {
        self.past_contacts(pass, about).await.map_err(|e| HandoffsError(crate::error::chain(&e)))
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test acts for its own stores")]
mod tests {
    use super::*;
    use engine::{ConversationId, HandoffReason};

    struct Noon;
    impl Clock for Noon {
        fn now(&self) -> Timestamp {
            "2026-11-20T12:00:00Z".parse().unwrap()
        }
    }

    fn pass(store: &str) -> StorePass {
        StorePass::for_operator(StoreId::parse(store).unwrap(), "test")
    }

    fn case(conversation: &str, turn: u32) -> HandoffCase {
        HandoffCase {
            conversation: ConversationId(conversation.into()),
            turn,
            reason: HandoffReason::NoEvidence,
            evidence: String::new(),
            question: "do you sell snow?".into(),
            looked_at: Vec::new(),
            draft: Some("Yes.".into()),
            tier: None,
            action: None,
            package: None,
        }
    }

    #[tokio::test]
    async fn the_same_turn_is_the_same_handoff() {
        let dir = tempfile::tempdir().unwrap();
        let desks = Desks::new(dir.path().into(), Arc::new(Noon));
        let store = pass("one");
        let first = desks.open(&store, &case("c", 0)).await.unwrap();
        assert_eq!(desks.open(&store, &case("c", 0)).await.unwrap(), first);
        assert_ne!(desks.open(&store, &case("c", 1)).await.unwrap(), first);
        assert_ne!(desks.open(&store, &case("d", 0)).await.unwrap(), first);
        // Reopened by another process: still the same.
        let again = Desks::new(dir.path().into(), Arc::new(Noon));
        assert_eq!(again.open(&store, &case("c", 0)).await.unwrap(), first);
        let waiting = again.waiting(store.as_agent().unwrap()).await.unwrap();
        assert_eq!(waiting.len(), 3);
        assert!(waiting.contains(&(first.clone(), case("c", 0))));
        let read = again.handoff(store.as_agent().unwrap(), &first).await.unwrap().unwrap();
        assert_eq!((read.opened_at, read.case), (Noon.now(), case("c", 0)));
    }

    #[tokio::test]
    async fn many_reports_at_once_are_one_handoff() {
        let dir = tempfile::tempdir().unwrap();
        let desks = Arc::new(Desks::new(dir.path().into(), Arc::new(Noon)));
        let reports = (0..16).map(|_| {
            let desks = Arc::clone(&desks);
            tokio::spawn(async move { desks.open(&pass("one"), &case("c", 0)).await.unwrap() })
        });
        let ids: Vec<_> = futures::future::join_all(reports).await.into_iter().map(Result::unwrap).collect();
        assert!(ids.iter().all(|id| id == &ids[0]));
    }

    #[tokio::test]
    async fn a_desk_belongs_to_its_store() {
        let dir = tempfile::tempdir().unwrap();
        let desks = Desks::new(dir.path().into(), Arc::new(Noon));
        let id = desks.open(&pass("one"), &case("c", 0)).await.unwrap();
        let other = pass("two");
        assert_eq!(desks.handoff(other.as_agent().unwrap(), &id).await.unwrap(), None);
        assert_eq!(desks.waiting(other.as_agent().unwrap()).await.unwrap(), []);
        assert!(dir.path().join("stores/one/desk.sqlite").is_file());
    }
}
