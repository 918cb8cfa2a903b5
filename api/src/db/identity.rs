//! What a store's desk keeps of proofs of identity: codes that were asked for, sessions that they opened, tries.

use super::{Db, DbError, desk::Desks};
use engine::{
    ConversationId, StorePass,
    identity::{Email, code, code::Challenge, session::Session},
};
use jiff::{SignedDuration, Timestamp};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

/// The longest time over which tries are counted; older ones are removed.
pub const LONGEST_WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// How many tries of a kind there may be within a time.
#[derive(Clone, Debug)]
pub struct Bound {
    pub kind: &'static str,
    /// By or against whom, as a digest.
    pub subject: [u8; 32],
    /// What is tried, as a digest. The same thing once more is no further try: it can teach nobody anything new.
    pub what: Option<[u8; 32]>,
    pub most: u32,
    /// At most [`LONGEST_WINDOW`].
    pub within: SignedDuration,
}

/// Whether a try may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    Within,
    /// A bound was reached; the next try is free at this time.
    Over {
        until: Timestamp,
    },
}

impl Desks {
    /// Counts one try against every bound, or against none if one of them is reached.
    pub async fn count_try(&self, pass: &StorePass, bounds: &[Bound], now: Timestamp) -> Result<Counted, DbError> {
        let db = self.desk(pass.store()).await?;
        let counted = async {
            let mut transaction = db.pool.begin_with("BEGIN IMMEDIATE").await?;
            purge(&mut transaction, now).await?;
            let mut fresh = Vec::with_capacity(bounds.len());
            for bound in bounds {
                let since = now.as_second() - bound.within.as_secs();
                if known(&mut transaction, bound, since).await? {
                    continue;
                }
                // The try that has to grow old before there is room for another one.
                let last_of_all: Option<i64> = sqlx::query_scalar(
                    "SELECT at FROM identity_tries WHERE kind = ? AND subject = ? AND at > ?
                     ORDER BY at DESC LIMIT 1 OFFSET ?",
                )
                .bind(bound.kind)
                .bind(bound.subject.as_slice())
                .bind(since)
                .bind(bound.most.saturating_sub(1))
                .fetch_optional(&mut *transaction)
                .await?;
                if let Some(at) = last_of_all {
                    let until = Timestamp::from_second(at + bound.within.as_secs()).unwrap_or(Timestamp::MAX);
                    return Ok(Counted::Over { until });
                }
                fresh.push(bound);
            }
            for bound in fresh {
                sqlx::query("INSERT INTO identity_tries (kind, subject, what, at) VALUES (?, ?, ?, ?)")
                    .bind(bound.kind)
                    .bind(bound.subject.as_slice())
                    .bind(bound.what.as_ref().map(|what| what.as_slice()))
                    .bind(now.as_second())
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await?;
            Ok(Counted::Within)
        };
        counted.await.map_err(|e| db.query_error(e))
    }

    /// Puts a challenge in the place of the last one for this conversation and address.
    pub async fn put_challenge(
        &self,
        pass: &StorePass,
        conversation: &ConversationId,
        address: &[u8; 32],
        challenge: &Challenge,
    ) -> Result<(), DbError> {
        let db = self.desk(pass.store()).await?;
        let put = sqlx::query(
            "INSERT OR REPLACE INTO identity_challenges (conversation, address, salt, digest, issued_at, attempts_left)
             VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(&conversation.0)
        .bind(address.as_slice())
        .bind(challenge.salt().as_slice())
        .bind(challenge.digest().as_slice())
        .bind(challenge.issued_at().as_second())
        .bind(challenge.attempts_left());
        put.execute(&db.pool).await.map(drop).map_err(|e| db.query_error(e))
    }

    /// Lets the newest challenge of this conversation and address be tried, and keeps what the try left of it before
    /// anybody hears of the outcome. `None`: there is none.
    pub async fn try_challenge<T>(
        &self,
        pass: &StorePass,
        conversation: &ConversationId,
        address: &[u8; 32],
        attempt: impl FnOnce(&mut Challenge) -> T,
    ) -> Result<Option<T>, DbError> {
        let db = self.desk(pass.store()).await?;
        let broken = |e| db.query_error(e);
        let mut transaction = db.pool.begin_with("BEGIN IMMEDIATE").await.map_err(broken)?;
        let row = sqlx::query("SELECT * FROM identity_challenges WHERE conversation = ? AND address = ?")
            .bind(&conversation.0)
            .bind(address.as_slice())
            .fetch_optional(&mut *transaction)
            .await
            .map_err(broken)?;
        let Some(row) = row else { return Ok(None) };
        let mut challenge = challenge(&db, &row)?;
        let outcome = attempt(&mut challenge);
        let left = challenge.attempts_left();
        let kept = if challenge.redeemed() {
            sqlx::query("DELETE FROM identity_challenges WHERE conversation = ? AND address = ?")
        } else {
            sqlx::query("UPDATE identity_challenges SET attempts_left = ? WHERE conversation = ? AND address = ?")
                .bind(left)
        };
        let kept = kept.bind(&conversation.0).bind(address.as_slice());
        kept.execute(&mut *transaction).await.map_err(broken)?;
        transaction.commit().await.map_err(broken)?;
        Ok(Some(outcome))
    }

    pub async fn put_session(&self, pass: &StorePass, session: &Session) -> Result<(), DbError> {
        let db = self.desk(pass.store()).await?;
        let put = sqlx::query(
            "INSERT INTO identity_sessions (token, conversation, email, expires_at, seal) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(session.token.as_slice())
        .bind(&session.conversation.0)
        .bind(session.email.expose())
        .bind(session.expires_at.as_second())
        .bind(session.seal.as_slice());
        put.execute(&db.pool).await.map(drop).map_err(|e| db.query_error(e))
    }

    /// The session of a token, given by its hash. Whether it may be used where it is used, it says itself.
    pub async fn session(&self, pass: &StorePass, token: &[u8; 32]) -> Result<Option<Session>, DbError> {
        let db = self.desk(pass.store()).await?;
        let row = sqlx::query("SELECT conversation, email, expires_at, seal FROM identity_sessions WHERE token = ?")
            .bind(token.as_slice())
            .fetch_optional(&db.pool)
            .await
            .map_err(|e| db.query_error(e))?;
        let read = |row: SqliteRow| {
            let text = |column| row.try_get::<String, _>(column).map_err(|e| db.query_error(e));
            Ok(Session {
                token: *token,
                conversation: ConversationId(text("conversation")?),
                email: Email::parse(&text("email")?).map_err(|e| db.damaged("a session's address", e))?,
                expires_at: time(&db, &row, "expires_at")?,
                seal: bytes(&db, &row, "seal")?,
            })
        };
        row.map(read).transpose()
    }

    /// Removes what is kept of an address; `address` is its digest. How many rows that were.
    pub async fn forget_identity(&self, pass: &StorePass, email: &Email, address: &[u8; 32]) -> Result<u64, DbError> {
        let db = self.desk(pass.store()).await?;
        let removed = async {
            let mut transaction = db.pool.begin_with("BEGIN IMMEDIATE").await?;
            let mut rows = 0;
            for delete in
                ["DELETE FROM identity_challenges WHERE address = ?", "DELETE FROM identity_tries WHERE subject = ?"]
            {
                let delete = sqlx::query(delete).bind(address.as_slice());
                rows += delete.execute(&mut *transaction).await?.rows_affected();
            }
            let delete = sqlx::query("DELETE FROM identity_sessions WHERE email = ?").bind(email.expose());
            rows += delete.execute(&mut *transaction).await?.rows_affected();
            transaction.commit().await?;
            Ok(rows)
        };
        removed.await.map_err(|e| db.query_error(e))
    }
}

/// Whether the same thing was tried already within the bound's time.
async fn known(transaction: &mut SqliteConnection, bound: &Bound, since: i64) -> Result<bool, sqlx::Error> {
    let Some(what) = &bound.what else { return Ok(false) };
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM identity_tries WHERE kind = ? AND subject = ? AND what = ? AND at > ?)",
    )
    .bind(bound.kind)
    .bind(bound.subject.as_slice())
    .bind(what.as_slice())
    .bind(since)
    .fetch_one(transaction)
    .await
}

/// What has expired goes with the next try, whoever makes it.
async fn purge(transaction: &mut SqliteConnection, now: Timestamp) -> Result<(), sqlx::Error> {
    let now = now.as_second();
    for (delete, before) in [
        ("DELETE FROM identity_tries WHERE at <= ?", now - LONGEST_WINDOW.as_secs()),
        ("DELETE FROM identity_challenges WHERE issued_at <= ?", now - code::LIFETIME.as_secs()),
        ("DELETE FROM identity_sessions WHERE expires_at <= ?", now),
    ] {
        sqlx::query(delete).bind(before).execute(&mut *transaction).await?;
    }
    Ok(())
}

fn challenge(db: &Db, row: &SqliteRow) -> Result<Challenge, DbError> {
    let attempts_left = row.try_get("attempts_left").map_err(|e| db.query_error(e))?;
    let (salt, digest) = (bytes(db, row, "salt")?, bytes(db, row, "digest")?);
    Ok(Challenge::restore(salt, digest, time(db, row, "issued_at")?, attempts_left))
}

fn bytes<const N: usize>(db: &Db, row: &SqliteRow, column: &str) -> Result<[u8; N], DbError> {
    let bytes: Vec<u8> = row.try_get(column).map_err(|e| db.query_error(e))?;
    bytes.try_into().map_err(|_| db.damaged("a digest", format!("{column} has another length")))
}

fn time(db: &Db, row: &SqliteRow, column: &str) -> Result<Timestamp, DbError> {
    let second: i64 = row.try_get(column).map_err(|e| db.query_error(e))?;
    Timestamp::from_second(second).map_err(|e| db.damaged("a time", e))
}
