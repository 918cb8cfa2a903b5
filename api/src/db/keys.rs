//! Keys: made, listed, revoked, and the only place that builds a [`Keyring`].

use super::{Db, DbError};
use engine::{Keyring, PlainKey, Role, StoreId, access::KeyHash};
use jiff::Timestamp;
use rand::{TryRngCore, rngs::OsRng};
use sqlx::{Row, migrate::Migrator, sqlite::SqliteRow};
use std::{fmt::Write, path::Path};

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/keys");

/// Characters of a key that are kept for telling keys apart: `sk_` and 6 of its 64.
const PREFIX: usize = 9;

/// `<data>/keys.sqlite`.
#[derive(Clone, Debug)]
pub struct Keys(Db);

/// A key as it can be listed. The key itself is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    pub id: String,
    /// The first characters of the key.
    pub prefix: String,
    pub store: StoreId,
    pub role: Role,
    pub created_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

/// A key just made. Shown once, and never again.
pub struct NewKey {
    pub record: KeyRecord,
    /// What the holder presents.
    pub secret: String,
}

impl Keys {
    pub async fn open(data: &Path) -> Result<Self, DbError> {
        Db::open(&data.join("keys.sqlite"), &MIGRATIONS).await.map(Self)
    }

    pub async fn create(&self, store: &StoreId, role: Role, now: Timestamp) -> Result<NewKey, DbError> {
        let mut bytes = [0u8; 36];
        OsRng
            .try_fill_bytes(&mut bytes)
            .map_err(|e| self.0.query_error(sqlx::Error::Protocol(format!("no random bytes: {e}"))))?;
        let (key, id) = bytes.split_at(32);
        let secret = format!("sk_{}", hex(key));
        let record = KeyRecord {
            id: format!("key_{}", hex(id)),
            prefix: secret[..PREFIX].to_owned(),
            store: store.clone(),
            role,
            created_at: now,
            revoked_at: None,
        };
        sqlx::query("INSERT INTO keys (id, hash, prefix, store, role, created_at) VALUES (?, ?, ?, ?, ?, ?)")
            .bind(&record.id)
            .bind(PlainKey::new(secret.as_str()).hashed().0.to_vec())
            .bind(&record.prefix)
            .bind(record.store.as_str())
            .bind(role_name(role))
            .bind(record.created_at.to_string())
            .execute(&self.0.pool)
            .await
            .map_err(|e| self.0.query_error(e))?;
        Ok(NewKey { record, secret })
    }

    /// Oldest first, revoked ones too; of one store if one is named.
    pub async fn list(&self, store: Option<&StoreId>) -> Result<Vec<KeyRecord>, DbError> {
        let rows = sqlx::query("SELECT * FROM keys WHERE ?1 IS NULL OR store = ?1 ORDER BY created_at, id")
            .bind(store.map(StoreId::as_str))
            .fetch_all(&self.0.pool)
            .await
            .map_err(|e| self.0.query_error(e))?;
        rows.iter().map(|row| self.record(row)).collect()
    }

    /// Whether there was such a key in force.
    pub async fn revoke(&self, id: &str, now: Timestamp) -> Result<bool, DbError> {
        let done = sqlx::query("UPDATE keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL")
            .bind(now.to_string())
            .bind(id)
            .execute(&self.0.pool)
            .await
            .map_err(|e| self.0.query_error(e))?;
        Ok(done.rows_affected() == 1)
    }

    /// All keys that are in force now.
    pub async fn keyring(&self) -> Result<Keyring, DbError> {
        let rows = sqlx::query("SELECT * FROM keys WHERE revoked_at IS NULL")
            .fetch_all(&self.0.pool)
            .await
            .map_err(|e| self.0.query_error(e))?;
        let mut keys = Vec::with_capacity(rows.len());
        for row in &rows {
            let record = self.record(row)?;
            let hash: Vec<u8> = row.try_get("hash").map_err(|e| self.0.query_error(e))?;
            let hash = hash.try_into().map_err(|_| self.0.damaged("a key's hash", "it is not 32 bytes long"))?;
            keys.push((KeyHash(hash), record.store, record.role));
        }
        Ok(Keyring::new(keys))
    }

    fn record(&self, row: &SqliteRow) -> Result<KeyRecord, DbError> {
        let text = |column: &str| row.try_get::<String, _>(column).map_err(|e| self.0.query_error(e));
        let time = |text: String| text.parse().map_err(|e| self.0.damaged("a key's time", e));
        let revoked: Option<String> = row.try_get("revoked_at").map_err(|e| self.0.query_error(e))?;
        Ok(KeyRecord {
            id: text("id")?,
            prefix: text("prefix")?,
            store: text("store")?.parse().map_err(|e| self.0.damaged("a key's store", e))?,
            role: role_of(&text("role")?).ok_or_else(|| self.0.damaged("a key's role", "it is not known"))?,
            created_at: time(text("created_at")?)?,
            revoked_at: revoked.map(time).transpose()?,
        })
    }
}

/// The word for a role in the database, on the command line and in listings.
pub fn role_name(role: Role) -> &'static str {
    match role {
        Role::Storefront => "storefront",
        Role::Agent => "agent",
    }
}

pub fn role_of(name: &str) -> Option<Role> {
    [Role::Storefront, Role::Agent].into_iter().find(|role| role_name(*role) == name)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_key_opens_its_store_until_it_is_revoked() {
        let dir = tempfile::tempdir().unwrap();
        let keys = Keys::open(dir.path()).await.unwrap();
        let store = StoreId::parse("one").unwrap();
        let made = keys.create(&store, Role::Agent, Timestamp::UNIX_EPOCH).await.unwrap();
        assert_eq!(made.secret.len(), 3 + 64);

        let presented = PlainKey::new(made.secret.as_str());
        let pass = keys.keyring().await.unwrap().admit(&presented).unwrap();
        assert_eq!(pass.store(), &store);
        assert!(pass.as_agent().is_ok());
        assert_eq!(keys.list(Some(&store)).await.unwrap(), std::slice::from_ref(&made.record));
        assert_eq!(keys.list(Some(&StoreId::parse("two").unwrap())).await.unwrap(), []);

        assert!(keys.revoke(&made.record.id, Timestamp::UNIX_EPOCH).await.unwrap());
        assert!(!keys.revoke(&made.record.id, Timestamp::UNIX_EPOCH).await.unwrap());
        assert!(keys.keyring().await.unwrap().admit(&presented).is_err());
        assert_eq!(keys.list(None).await.unwrap()[0].revoked_at, Some(Timestamp::UNIX_EPOCH));
    }

    #[tokio::test]
    async fn the_key_itself_is_nowhere_on_disk() {
        let dir = tempfile::tempdir().unwrap();
        let keys = Keys::open(dir.path()).await.unwrap();
        let made = keys.create(&StoreId::parse("one").unwrap(), Role::Storefront, Timestamp::now()).await.unwrap();
        keys.0.pool.close().await;
        let mut files = 0;
        for file in std::fs::read_dir(dir.path()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            let key = made.secret.as_bytes();
            assert!(!bytes.windows(key.len()).any(|window| window == key));
            files += 1;
        }
        assert!(files > 0);
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_is_named() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("keys.sqlite"), "not a database, but long enough to be looked at").unwrap();
        let error = Keys::open(dir.path()).await.unwrap_err().to_string();
        assert!(error.contains("keys.sqlite"), "{error}");
    }
}
