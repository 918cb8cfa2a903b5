//! What the worker keeps of its own doings: cursors, jobs, runs.

use super::{DbError, Mirror};
use crate::error::chain;
use jiff::{SignedDuration, Timestamp};
use sqlx::{Row, sqlite::SqliteRow};

/// Shopify repeats a delivery for four hours; ids are kept longer than that by far.
const KEEP_DELIVERIES: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Runs that are kept for `shopclerk shopify status`.
const KEEP_RUNS: i64 = 50;
/// After the first failure of a job; doubled with each further one.
const RETRY: SignedDuration = SignedDuration::from_secs(30);
const LONGEST_RETRY: SignedDuration = SignedDuration::from_hours(6);

/// Something that must be done for a webhook.
#[derive(Clone, PartialEq, Eq)]
pub struct Job {
    pub id: i64,
    pub topic: String,
    /// May name a customer.
    pub payload: String,
    pub attempts: i64,
}

/// A run as it can be shown.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct RunRecord {
    pub kind: String,
    pub started_at: String,
    pub ended_at: Option<String>,
    /// `done` or `failed`; absent while it runs, and where it was cut off.
    pub ended: Option<String>,
    pub detail: Option<String>,
}

/// How many of each there are.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Objects that Shopify has, by kind.
    pub objects: Vec<(String, i64)>,
    pub dirty_objects: i64,
    pub dirty_documents: i64,
    pub jobs: i64,
    pub deliveries: i64,
}

impl Mirror {
    pub async fn cursor(&self, name: &str) -> Result<Option<String>, DbError> {
        let row = sqlx::query_scalar("SELECT value FROM cursors WHERE name = ?").bind(name);
        row.fetch_optional(&self.db.pool).await.map_err(|e| self.db.query_error(e))
    }

    /// Sets the cursor, or removes it.
    pub async fn set_cursor(&self, name: &str, value: Option<&str>) -> Result<(), DbError> {
        self.write(async |connection| {
            match value {
                Some(value) => {
                    let set = sqlx::query("INSERT OR REPLACE INTO cursors (name, value) VALUES (?, ?)");
                    set.bind(name).bind(value).execute(connection).await?
                }
                None => sqlx::query("DELETE FROM cursors WHERE name = ?").bind(name).execute(connection).await?,
            };
            Ok(())
        })
        .await
    }

    /// Cursors that are times.
    pub async fn time(&self, name: &str) -> Result<Option<Timestamp>, DbError> {
        let value = self.cursor(name).await?;
        value.map(|text| text.parse().map_err(|e| self.db.damaged("a cursor", e))).transpose()
    }

    /// The job that has waited longest, of those that may be tried now.
    pub async fn next_job(&self, now: Timestamp) -> Result<Option<Job>, DbError> {
        let select = "SELECT id, topic, payload, attempts FROM jobs WHERE not_before <= ? ORDER BY id LIMIT 1";
        let row = sqlx::query_as(select).bind(now.to_string());
        let row: Option<(i64, String, String, i64)> =
            row.fetch_optional(&self.db.pool).await.map_err(|e| self.db.query_error(e))?;
        Ok(row.map(|(id, topic, payload, attempts)| Job { id, topic, payload, attempts }))
    }

    /// Takes a job off the list; its payload is gone with it.
    pub async fn job_done(&self, id: i64) -> Result<(), DbError> {
        self.write(async |connection| {
            sqlx::query("DELETE FROM jobs WHERE id = ?").bind(id).execute(connection).await?;
            Ok(())
        })
        .await
    }

    /// Tries a job again later, and puts it back if the erasure took it along. `failed` says why, and names nobody.
    pub async fn job_failed(&self, job: &Job, failed: &str, now: Timestamp) -> Result<(), DbError> {
        let wait = (RETRY * 2i32.pow(job.attempts.clamp(0, 10) as u32)).min(LONGEST_RETRY);
        let not_before = now.checked_add(wait).unwrap_or(Timestamp::MAX);
        self.write(async |connection| {
            let put = "INSERT INTO jobs (id, topic, payload, received_at, attempts, not_before, failed) \
                       VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE \
                       SET attempts = excluded.attempts, not_before = excluded.not_before, failed = excluded.failed";
            let put = sqlx::query(put).bind(job.id).bind(&job.topic).bind(&job.payload).bind(now.to_string());
            put.bind(job.attempts + 1).bind(not_before.to_string()).bind(failed).execute(connection).await?;
            Ok(())
        })
        .await
    }

    /// Writes down that a run of this kind begins, and how it ends; `said` puts into words what came of it.
    pub async fn recorded<T, E: std::error::Error + From<DbError>>(
        &self,
        kind: &str,
        work: impl Future<Output = Result<T, E>>,
        said: impl FnOnce(&T) -> String,
    ) -> Result<T, E> {
        let run = self.start_run(kind, Timestamp::now()).await?;
        let done = work.await;
        let (ended, detail) = match &done {
            Ok(done) => ("done", said(done)),
            Err(error) => ("failed", chain(error)),
        };
        self.end_run(run, ended, &detail, Timestamp::now()).await?;
        done
    }

    async fn start_run(&self, kind: &str, now: Timestamp) -> Result<i64, DbError> {
        self.write(async |connection| {
            let insert = sqlx::query("INSERT INTO runs (kind, started_at) VALUES (?, ?)");
            let id = insert.bind(kind).bind(now.to_string()).execute(&mut *connection).await?.last_insert_rowid();
            sqlx::query("DELETE FROM runs WHERE id <= ?").bind(id - KEEP_RUNS).execute(connection).await?;
            Ok(id)
        })
        .await
    }

    async fn end_run(&self, run: i64, ended: &str, detail: &str, now: Timestamp) -> Result<(), DbError> {
        self.write(async |connection| {
            let update = sqlx::query("UPDATE runs SET ended = ?, detail = ?, ended_at = ? WHERE id = ?");
            update.bind(ended).bind(detail).bind(now.to_string()).bind(run).execute(connection).await?;
            Ok(())
        })
        .await
    }

    /// Newest first.
    pub async fn runs(&self, limit: u32) -> Result<Vec<RunRecord>, DbError> {
        let rows =
            sqlx::query("SELECT * FROM runs ORDER BY id DESC LIMIT ?").bind(limit).fetch_all(&self.db.pool).await;
        let rows = rows.map_err(|e| self.db.query_error(e))?;
        let record = |row: &SqliteRow| -> Result<RunRecord, sqlx::Error> {
            Ok(RunRecord {
                kind: row.try_get("kind")?,
                started_at: row.try_get("started_at")?,
                ended_at: row.try_get("ended_at")?,
                ended: row.try_get("ended")?,
                detail: row.try_get("detail")?,
            })
        };
        rows.iter().map(|row| record(row).map_err(|e| self.db.query_error(e))).collect()
    }

    pub async fn counts(&self) -> Result<Counts, DbError> {
        let objects = "SELECT kind, count(*) FROM objects WHERE deleted = 0 GROUP BY kind ORDER BY kind";
        let objects = sqlx::query_as(objects).fetch_all(&self.db.pool).await.map_err(|e| self.db.query_error(e))?;
        let rest = "SELECT (SELECT count(*) FROM dirty_objects), (SELECT count(*) FROM dirty_documents), \
                    (SELECT count(*) FROM jobs), (SELECT count(*) FROM deliveries)";
        let rest: (i64, i64, i64, i64) =
            sqlx::query_as(rest).fetch_one(&self.db.pool).await.map_err(|e| self.db.query_error(e))?;
        let (dirty_objects, dirty_documents, jobs, deliveries) = rest;
        Ok(Counts { objects, dirty_objects, dirty_documents, jobs, deliveries })
    }

    /// Forgets webhook ids that no delivery repeats any more.
    pub async fn purge(&self, now: Timestamp) -> Result<u64, DbError> {
        let before = now.checked_sub(KEEP_DELIVERIES).unwrap_or(Timestamp::MIN);
        self.write(async |connection| {
            let delete = sqlx::query("DELETE FROM deliveries WHERE received_at < ?").bind(before.to_string());
            Ok(delete.execute(connection).await?.rows_affected())
        })
        .await
    }
}
