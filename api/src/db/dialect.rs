//! What is SQLite's own about the desk's conversations and outbox, in one place.
//!
//! The decision: one set of queries, one folder of migrations for each backend. A query is written in what SQLite and
//! Postgres both understand (`$1` for a parameter, `ON CONFLICT … DO UPDATE`, `RETURNING`, partial indexes, no functions
//! of dates: times that are compared are whole milliseconds). What differs is the schema's types (`migrations/desk` is
//! SQLite's) and how a transaction gets hold of what it will write, which is below. Postgres joins by a second folder of
//! migrations, `BEGIN` with `SELECT … FOR UPDATE` of the conversation's row in the place of [`write`], and the same
//! tests run against it.

use super::{Db, DbError};
use sqlx::{Sqlite, Transaction};

/// A transaction that holds the write lock from its first statement: what it reads is still so when it commits.
pub(super) type Write = Transaction<'static, Sqlite>;

/// Begins one. `BEGIN IMMEDIATE`, because a transaction that reads first and writes later would fail where another wrote
/// in between.
pub(super) async fn write(db: &Db) -> Result<Write, DbError> {
    db.pool.begin_with("BEGIN IMMEDIATE").await.map_err(|e| db.query_error(e))
}
