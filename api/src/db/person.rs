//! Everything that the databases of a store hold on one person, whichever table it is in: to be handed out, or to be
//! taken out so that no page keeps a copy.

use super::DbError;
use crate::shopify::needles::{Identifier, Needles};
use futures::TryStreamExt;
use serde::Serialize;
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Row, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteRow},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// How long other processes may hold a database before an erasure gives up.
const PATIENCE: Duration = Duration::from_secs(30);
/// Rows of these are blotted out, not removed: that something was done is kept, for whom is not.
const BLOTTED: [&str; 1] = ["audit"];
/// What the merchant publishes. It is reported and stays: it must be changed in Shopify.
const PUBLISHED: [&str; 1] = ["objects"];
/// The column by which rows of one conversation belong together.
const CONVERSATION: &str = "conversation";

/// A row that a person is named in, or that belongs to a conversation of which another row is.
#[derive(Clone, Serialize)]
pub struct PersonalRow {
    /// Name of the file.
    pub database: String,
    pub table: String,
    pub values: BTreeMap<String, Option<String>>,
    /// By what it was found; empty for the rest of a conversation.
    pub by: BTreeSet<Identifier>,
    /// Finds the row, as SQL.
    #[serde(skip)]
    key: String,
}

impl PersonalRow {
    /// What the merchant publishes, which only they can change.
    pub fn is_published(&self) -> bool {
        PUBLISHED.contains(&self.table.as_str())
    }

    /// The row of `shopify.sqlite` that holds this job.
    pub fn is_job(&self, job: i64) -> bool {
        self.table == "jobs" && self.key == format!("rowid = {job}")
    }
}

/// The databases in a store's folder.
pub fn databases(folder: &Path) -> Result<Vec<PathBuf>, DbError> {
    let unreadable = |source| DbError::Folder { path: folder.to_owned(), source };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "sqlite") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The rows of all the store's databases that name the person.
pub async fn find(folder: &Path, needles: &Needles) -> Result<Vec<PersonalRow>, DbError> {
    let mut conversations = BTreeSet::new();
    loop {
        let known = conversations.len();
        let mut rows = Vec::new();
        for path in databases(folder)? {
            let found = find_in(&path, needles, &mut conversations).await;
            rows.extend(found.map_err(|source| DbError::Query { path, source })?);
        }
        // A conversation that was found late may have rows in a table that was read early.
        if conversations.len() == known {
            return Ok(rows);
        }
    }
}

/// Takes the rows out and rewrites every database of the store, so that neither a free page nor a log keeps a copy.
pub async fn erase(folder: &Path, rows: &[PersonalRow]) -> Result<(), DbError> {
    for path in databases(folder)? {
        let name = file_name(&path);
        let of_it = rows.iter().filter(|row| row.database == name);
        erase_in(&path, of_it).await.map_err(|source| DbError::Query { path, source })?;
    }
    Ok(())
}

async fn open(path: &Path) -> Result<SqliteConnection, sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(PATIENCE);
    options.pragma("secure_delete", "ON").connect().await
}

async fn find_in(
    path: &Path,
    needles: &Needles,
    conversations: &mut BTreeSet<String>,
) -> Result<Vec<PersonalRow>, sqlx::Error> {
    let mut connection = open(path).await?;
    let tables = "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table' \
                  AND name NOT LIKE 'sqlite_%' AND name <> '_sqlx_migrations' ORDER BY name";
    let tables: Vec<(String, bool)> = sqlx::query_as(tables).fetch_all(&mut connection).await?;
    let mut found = Vec::new();
    for (table, without_rowid) in tables {
        let columns = "SELECT name, pk FROM pragma_table_info(?) ORDER BY cid";
        let columns: Vec<(String, i64)> = sqlx::query_as(columns).bind(&table).fetch_all(&mut connection).await?;
        let names: Vec<&String> = columns.iter().map(|(name, _)| name).collect();
        let keys = columns.iter().filter(|(_, pk)| *pk > 0).map(|(name, _)| quoted(name));
        let keys: Vec<String> = if without_rowid { keys.collect() } else { vec!["rowid".into()] };
        let key = keys.iter().map(|key| format!("'{} = ' || quote({key})", key.replace('\'', "''")));
        let key = key.collect::<Vec<_>>().join(" || ' AND ' || ");
        let values = names.iter().map(|name| format!("CAST({} AS BLOB)", quoted(name))).collect::<Vec<_>>();
        let select = format!("SELECT {key}, {} FROM {}", values.join(", "), quoted(&table));
        let mut rows = sqlx::query(AssertSqlSafe(select)).fetch(&mut connection);
        while let Some(row) = rows.try_next().await? {
            let row = read(&row, &names)?;
            let by: BTreeSet<Identifier> = row.1.values().flatten().flat_map(|bytes| needles.find(bytes)).collect();
            let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
            let conversation = row.1.get(CONVERSATION).and_then(|value| value.as_ref().map(text));
            if by.is_empty() && !conversation.as_ref().is_some_and(|id| conversations.contains(id)) {
                continue;
            }
            conversations.extend(conversation);
            let values = row.1.iter().map(|(name, value)| (name.clone(), value.as_ref().map(text))).collect();
            found.push(PersonalRow { database: file_name(path), table: table.clone(), values, by, key: row.0 });
        }
    }
    connection.close().await?;
    Ok(found)
}

type Values = BTreeMap<String, Option<Vec<u8>>>;

fn read(row: &SqliteRow, names: &[&String]) -> Result<(String, Values), sqlx::Error> {
    let mut values = Values::new();
    for (at, name) in names.iter().enumerate() {
        values.insert((*name).clone(), row.try_get(at + 1)?);
    }
    Ok((row.try_get(0)?, values))
}

async fn erase_in<'r>(path: &Path, rows: impl Iterator<Item = &'r PersonalRow>) -> Result<(), sqlx::Error> {
    let mut connection = open(path).await?;
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    for row in rows.filter(|row| !row.is_published()) {
        let table = quoted(&row.table);
        let statement = if BLOTTED.contains(&row.table.as_str()) {
            format!("UPDATE {table} SET detail = '[erased]' WHERE {}", row.key)
        } else {
            format!("DELETE FROM {table} WHERE {}", row.key)
        };
        sqlx::query(AssertSqlSafe(statement)).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    sqlx::query("VACUUM").execute(&mut connection).await?;
    let started = Instant::now();
    loop {
        let (busy, ..): (i64, i64, i64) =
            sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut connection).await?;
        if busy == 0 {
            break;
        }
        if started.elapsed() > PATIENCE {
            return Err(sqlx::Error::Protocol("another process reads the database, so its log cannot be cut".into()));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    connection.close().await
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
