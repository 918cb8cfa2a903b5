//! What Shopify said last of a store's products, pages and policies, and what still has to be done about it:
//! `<data>/stores/<store>/shopify.sqlite`.
//!
//! Webhooks only mark objects as dirty; what is then read again decides. So it does not matter in which order, how late
//! or how often they come.

mod ledger;

pub use ledger::{Counts, Job, RunRecord};

use super::{Db, DbError};
use engine::{StoreId, StorePass, evidence::DocId, live::Gid};
use futures::{Stream, StreamExt};
use ingest::document::Document;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, migrate::Migrator};
use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::Arc,
};
use tokio::sync::Mutex;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/shopify");

/// Bound values of one statement.
const BOUND: usize = 500;

/// The mirrors of all stores. Each is opened on first use, and only with a pass for its store.
pub struct Mirrors {
    data: PathBuf,
    open: Mutex<HashMap<StoreId, Mirror>>,
}

/// One store's mirror. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Mirror {
    db: Db,
    /// One write at a time: SQLite allows no more, and waiting here is fair where its own waiting is not.
    writing: Arc<Mutex<()>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Product,
    Page,
    Article,
    Policy,
}

/// An object as Shopify gave it.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    pub gid: Gid,
    pub kind: Kind,
    /// Absent where customers may not see it: a draft, an unpublished page.
    pub document: Option<Document>,
}

/// A mark on something dirty; taken off only if nobody marked it again meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(i64);

/// What a webhook asks for.
#[derive(Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Read this object again.
    Refetch(Gid),
    /// Do what the topic says, with this payload.
    Job(String),
    /// Nothing that outlives the process.
    Nothing,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Product, Self::Page, Self::Article, Self::Policy];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Page => "page",
            Self::Article => "article",
            Self::Policy => "policy",
        }
    }

    /// The kind of object that a global id names.
    pub fn of(gid: &Gid) -> Option<Self> {
        match gid.0.strip_prefix("gid://shopify/")?.split('/').next()? {
            "Product" => Some(Self::Product),
            "Page" | "OnlineStorePage" => Some(Self::Page),
            "Article" | "OnlineStoreArticle" => Some(Self::Article),
            "ShopPolicy" => Some(Self::Policy),
            _ => None,
        }
    }
}

impl Mirrors {
    /// `data` is the folder that `stores/` stands in.
    pub fn new(data: PathBuf) -> Self {
        Self { data, open: Mutex::default() }
    }

    pub async fn of(&self, pass: &StorePass) -> Result<Mirror, DbError> {
        let mut open = self.open.lock().await;
        if let Some(mirror) = open.get(pass.store()) {
            return Ok(mirror.clone());
        }
        let path = self.path(pass.store());
        let mirror = Mirror { db: Db::open(&path, &MIGRATIONS).await?, writing: Arc::default() };
        open.insert(pass.store().clone(), mirror.clone());
        Ok(mirror)
    }

    /// The store's mirror, if it ever had one.
    pub async fn existing(&self, pass: &StorePass) -> Result<Option<Mirror>, DbError> {
        if self.path(pass.store()).is_file() { self.of(pass).await.map(Some) } else { Ok(None) }
    }

    /// Closes the store's file, before it is removed.
    pub async fn close(&self, store: &StoreId) {
        if let Some(mirror) = self.open.lock().await.remove(store) {
            mirror.db.pool.close().await;
        }
    }

    fn path(&self, store: &StoreId) -> PathBuf {
        self.data.join("stores").join(store.as_str()).join("shopify.sqlite")
    }
}

impl Mirror {
    /// Writes down that a webhook came and what it asks for, in one step. Whether it is new.
    pub async fn receive(
        &self,
        webhook_id: &str,
        topic: &str,
        wanted: &Wanted,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        self.write(async |connection| {
            let insert = "INSERT OR IGNORE INTO deliveries (webhook_id, topic, received_at) VALUES (?, ?, ?)";
            let added =
                sqlx::query(insert).bind(webhook_id).bind(topic).bind(now.to_string()).execute(&mut *connection);
            if added.await?.rows_affected() == 0 {
                return Ok(false);
            }
            match wanted {
                Wanted::Refetch(gid) => mark_objects(connection, std::iter::once(gid.0.as_str())).await?,
                Wanted::Job(payload) => {
                    let job = sqlx::query("INSERT INTO jobs (topic, payload, received_at) VALUES (?, ?, ?)");
                    job.bind(topic).bind(payload).bind(now.to_string()).execute(connection).await?;
                }
                Wanted::Nothing => {}
            }
            Ok(true)
        })
        .await
    }

    /// Marks objects to be read again.
    pub async fn mark_dirty(&self, gids: &[Gid]) -> Result<(), DbError> {
        self.write(async |connection| mark_objects(connection, gids.iter().map(|gid| gid.0.as_str())).await).await
    }

    /// The objects that were marked first, at most so many.
    pub async fn dirty_objects(&self, limit: usize) -> Result<Vec<(Mark, Gid)>, DbError> {
        let rows = sqlx::query_as("SELECT mark, gid FROM dirty_objects ORDER BY mark LIMIT ?").bind(limit as i64);
        let rows: Vec<(i64, String)> = rows.fetch_all(&self.db.pool).await.map_err(|e| self.db.query_error(e))?;
        Ok(rows.into_iter().map(|(mark, gid)| (Mark(mark), Gid(gid))).collect())
    }

    /// Takes over what Shopify answered when it was asked at `asked_at`: these objects, and that it has none of the
    /// `missing`. Marks that were answered by it go. What an older answer says is passed over.
    pub async fn take_over(
        &self,
        seen: &[Seen],
        missing: &[Gid],
        asked_at: Timestamp,
        answered: &[Mark],
    ) -> Result<(), DbError> {
        self.write(async |connection| {
            for object in seen {
                take_object(connection, object, asked_at).await?;
            }
            for gid in missing {
                take_absence(connection, gid, asked_at).await?;
            }
            unmark(connection, "dirty_objects", answered).await
        })
        .await
    }

    /// Documents that the index must be compared with again.
    pub async fn dirty_documents(&self) -> Result<Vec<(Mark, DocId)>, DbError> {
        let rows = sqlx::query_as("SELECT mark, doc FROM dirty_documents ORDER BY mark");
        let rows: Vec<(i64, String)> = rows.fetch_all(&self.db.pool).await.map_err(|e| self.db.query_error(e))?;
        Ok(rows.into_iter().map(|(mark, doc)| (Mark(mark), DocId(doc))).collect())
    }

    /// The index holds them as the mirror did when they were read.
    pub async fn documents_done(&self, marks: &[Mark]) -> Result<(), DbError> {
        self.write(async |connection| unmark(connection, "dirty_documents", marks).await).await
    }

    /// Every document that customers may see.
    pub fn documents(&self) -> impl Stream<Item = Result<Document, DbError>> + '_ {
        let rows = sqlx::query_scalar("SELECT document FROM objects WHERE document IS NOT NULL ORDER BY doc, gid");
        rows.fetch(&self.db.pool).map(|row: Result<String, _>| self.document(&row.map_err(|e| self.db.query_error(e))?))
    }

    /// Those of the documents that customers may see.
    pub async fn documents_of(&self, ids: &HashSet<DocId>) -> Result<Vec<Document>, DbError> {
        let (mut found, ids) = (Vec::new(), ids.iter().collect::<Vec<_>>());
        for ids in ids.chunks(BOUND) {
            let mut query = QueryBuilder::<Sqlite>::new("SELECT document FROM objects WHERE doc IN (");
            let mut list = query.separated(", ");
            for id in ids {
                list.push_bind(id.0.as_str());
            }
            query.push(") ORDER BY doc, gid");
            let rows: Vec<String> =
                query.build_query_scalar().fetch_all(&self.db.pool).await.map_err(|e| self.db.query_error(e))?;
            for row in rows {
                found.push(self.document(&row)?);
            }
        }
        Ok(found)
    }

    /// How many documents customers may see.
    pub async fn visible(&self) -> Result<usize, DbError> {
        let count = sqlx::query_scalar("SELECT count(*) FROM objects WHERE document IS NOT NULL");
        let count: i64 = count.fetch_one(&self.db.pool).await.map_err(|e| self.db.query_error(e))?;
        Ok(count as usize)
    }

    fn document(&self, json: &str) -> Result<Document, DbError> {
        serde_json::from_str(json).map_err(|e| self.db.damaged("a document", e))
    }

    /// The objects of a kind that Shopify had when it was last asked.
    pub async fn objects(&self, kind: Kind) -> Result<Vec<Gid>, DbError> {
        let rows = sqlx::query_scalar("SELECT gid FROM objects WHERE kind = ? AND deleted = 0").bind(kind.as_str());
        let rows: Vec<String> = rows.fetch_all(&self.db.pool).await.map_err(|e| self.db.query_error(e))?;
        Ok(rows.into_iter().map(Gid).collect())
    }

    /// These were erased: no sync of files brings them back.
    pub async fn remember_erased(&self, docs: &HashSet<DocId>, now: Timestamp) -> Result<(), DbError> {
        self.write(async |connection| {
            for doc in docs {
                let insert = sqlx::query("INSERT OR IGNORE INTO erased (doc_hash, erased_at) VALUES (?, ?)");
                insert.bind(doc_hash(doc).to_vec()).bind(now.to_string()).execute(&mut *connection).await?;
            }
            Ok(())
        })
        .await
    }

    pub async fn erased(&self) -> Result<Erased, DbError> {
        let rows = sqlx::query_scalar("SELECT doc_hash FROM erased").fetch_all(&self.db.pool).await;
        Ok(Erased(rows.map_err(|e| self.db.query_error(e))?.into_iter().collect()))
    }

    /// All of `work` or nothing.
    async fn write<T>(
        &self,
        work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, DbError> {
        let _one = self.writing.lock().await;
        let done = async {
            let mut transaction = self.db.pool.begin_with("BEGIN IMMEDIATE").await?;
            let done = work(&mut transaction).await?;
            transaction.commit().await?;
            Ok(done)
        };
        done.await.map_err(|e| self.db.query_error(e))
    }
}

/// The documents of a store that were erased.
#[derive(Clone, Debug, Default)]
pub struct Erased(HashSet<Vec<u8>>);

impl Erased {
    pub fn contains(&self, doc: &DocId) -> bool {
        !self.0.is_empty() && self.0.contains(doc_hash(doc).as_slice())
    }
}

fn doc_hash(doc: &DocId) -> [u8; 32] {
    Sha256::digest(doc.0.as_bytes()).into()
}

async fn mark_objects(connection: &mut SqliteConnection, gids: impl Iterator<Item = &str>) -> Result<(), sqlx::Error> {
    for gid in gids {
        let mark = sqlx::query("INSERT OR REPLACE INTO dirty_objects (gid) VALUES (?)").bind(gid);
        mark.execute(&mut *connection).await?;
    }
    Ok(())
}

async fn unmark(connection: &mut SqliteConnection, table: &'static str, marks: &[Mark]) -> Result<(), sqlx::Error> {
    for marks in marks.chunks(BOUND) {
        let mut query = QueryBuilder::<Sqlite>::new("DELETE FROM ");
        query.push(table).push(" WHERE mark IN (");
        let mut list = query.separated(", ");
        for mark in marks {
            list.push_bind(mark.0);
        }
        query.push(")").build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// What is held of an object: the document's id, the document, and when Shopify was asked.
type Held = (Option<String>, Option<String>, String);

/// `None`: what is held answers a later question than this one.
async fn held(
    connection: &mut SqliteConnection,
    gid: &Gid,
    asked: Timestamp,
) -> Result<Option<Option<Held>>, sqlx::Error> {
    let select = sqlx::query_as("SELECT doc, document, read_at FROM objects WHERE gid = ?").bind(&gid.0);
    let held: Option<Held> = select.fetch_optional(connection).await?;
    let read = held.as_ref().map(|(_, _, read)| read.parse::<Timestamp>()).transpose();
    let read = read.map_err(|e| sqlx::Error::Decode(e.into()))?;
    Ok(read.is_none_or(|read| asked >= read).then_some(held))
}

async fn take_object(connection: &mut SqliteConnection, object: &Seen, asked: Timestamp) -> Result<(), sqlx::Error> {
    let Some(held) = held(connection, &object.gid, asked).await? else { return Ok(()) };
    let doc = object.document.as_ref().map(|document| document.id.0.clone());
    let json = object.document.as_ref().map(|document| serde_json::to_string(document).expect("plain data"));
    let (held_doc, held_json) = held.map(|(doc, json, _)| (doc, json)).unwrap_or_default();
    let write = "INSERT OR REPLACE INTO objects (gid, kind, doc, document, read_at, deleted) VALUES (?, ?, ?, ?, ?, 0)";
    let write = sqlx::query(write).bind(&object.gid.0).bind(object.kind.as_str()).bind(&doc).bind(&json);
    write.bind(asked.to_string()).execute(&mut *connection).await?;
    if (&held_doc, &held_json) == (&doc, &json) {
        return Ok(());
    }
    // Both: a handle that changed makes another document.
    mark_documents(connection, held_doc.iter().chain(&doc)).await
}

async fn take_absence(connection: &mut SqliteConnection, gid: &Gid, asked: Timestamp) -> Result<(), sqlx::Error> {
    let Some(kind) = Kind::of(gid) else { return Ok(()) };
    let Some(held) = held(connection, gid, asked).await? else { return Ok(()) };
    // Written down for what was never seen too: an answer that is older than this one may still be on its way.
    let write = "INSERT OR REPLACE INTO objects (gid, kind, read_at, deleted) VALUES (?, ?, ?, 1)";
    let write = sqlx::query(write).bind(&gid.0).bind(kind.as_str()).bind(asked.to_string());
    write.execute(&mut *connection).await?;
    mark_documents(connection, held.and_then(|held| held.0).iter()).await
}

async fn mark_documents(
    connection: &mut SqliteConnection,
    docs: impl Iterator<Item = &String>,
) -> Result<(), sqlx::Error> {
    for doc in docs {
        let mark = sqlx::query("INSERT OR REPLACE INTO dirty_documents (doc) VALUES (?)").bind(doc);
        mark.execute(&mut *connection).await?;
    }
    Ok(())
}
