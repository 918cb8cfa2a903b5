//! What must outlive the process, in SQLite: the keys of all stores in one file, each store's handoffs and its mirror of
//! Shopify in files of their own.

pub mod actions;
pub mod answers;
mod asked;
pub mod assist;
pub mod contacts;
pub mod conversations;
pub mod desk;
mod dialect;
pub mod feedback;
pub mod finished;
mod follow_ups;
pub mod heard;
pub mod identity;
pub mod inbox;
pub mod keys;
pub mod mirror;
pub mod outbox;
pub mod ownership;
pub mod person;
pub mod replies;
pub mod retention;

use sqlx::{
    SqlitePool,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// The file and what went wrong with it.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    #[error("{path}: the folder cannot be made; choose another with --data DIR", path = path.display())]
    Folder { path: PathBuf, source: std::io::Error },
    #[error("{path}: the database cannot be opened", path = path.display())]
    Open { path: PathBuf, source: sqlx::Error },
    #[error("{path}: the database was written by another version of shopclerk", path = path.display())]
    Migrate { path: PathBuf, source: sqlx::migrate::MigrateError },
    #[error("{path}: the database cannot be read or written", path = path.display())]
    Query { path: PathBuf, source: sqlx::Error },
    #[error("{path}: {what} in the database is damaged: {problem}", path = path.display())]
    Damaged { path: PathBuf, what: &'static str, problem: String },
}

/// A database file, with the name that its errors carry.
#[derive(Clone, Debug)]
pub(crate) struct Db {
    pool: SqlitePool,
    path: PathBuf,
}

impl Db {
    async fn open(path: &Path, migrations: &Migrator) -> Result<Self, DbError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|source| DbError::Folder { path: folder.to_owned(), source })?;
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            // Readers do not wait for the writer: `keys create` works while the server runs.
            .journal_mode(SqliteJournalMode::Wal)
            // A handoff that was confirmed survives a power cut.
            .synchronous(SqliteSynchronous::Full)
            // What is deleted is overwritten, so that an erasure leaves nothing in a free page.
            .pragma("secure_delete", "ON")
            .busy_timeout(Duration::from_secs(5));
        let pool = SqlitePoolOptions::new()
            .max_connections(4)
            .connect_with(options)
            .await
            .map_err(|source| DbError::Open { path: path.to_owned(), source })?;
        migrations.run(&pool).await.map_err(|source| DbError::Migrate { path: path.to_owned(), source })?;
        Ok(Self { pool, path: path.to_owned() })
    }

    fn query_error(&self, source: sqlx::Error) -> DbError {
        DbError::Query { path: self.path.clone(), source }
    }

    fn damaged(&self, what: &'static str, problem: impl ToString) -> DbError {
        DbError::Damaged { path: self.path.clone(), what, problem: problem.to_string() }
    }
}
