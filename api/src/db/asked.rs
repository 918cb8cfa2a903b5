//! What customers asked, for their later conversations: written after each turn, read before the next.

use super::{Db, DbError, desk::Desks, dialect};
use async_trait::async_trait;
use engine::{
    ConversationId, Turn,
    identity::{CustomerKey, CustomerPass},
    policy::MAX_REPEATS,
    ports::{Contacts, ContactsError},
    understand::repeats::{Asked, AskedBefore, Ended, subject},
};
use jiff::{SignedDuration, Timestamp};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

/// Of earlier questions so many are looked at, the latest first.
const MOST: i64 = 20;
/// Of what was written after one of them.
const AFTER: i64 = 5;

impl Desks {
    async fn keep_asked(
        &self,
        customer: &CustomerPass,
        also: &[CustomerKey],
        turn: &Turn,
        (asked, at): (&Asked, Timestamp),
    ) -> Result<(), DbError> {
        let db = self.desk(customer.store_pass().store()).await?;
        let record = serde_json::to_string(asked).map_err(|e| db.damaged("what was asked", e))?;
        let mut tx = dialect::write(&db).await?;
        for key in std::iter::once(customer.customer()).chain(also) {
            // A conversation that is not here has nothing that could be found again.
            let insert = "INSERT INTO asked (subject, conversation, number, epoch, at_ms, record) \
                          SELECT $1, conversation, $2, epoch, $3, $4 FROM conversations WHERE conversation = $5 \
                          ON CONFLICT (subject, conversation, number) DO UPDATE SET record = excluded.record";
            let insert = sqlx::query(insert)
                .bind(subject(key))
                .bind(turn.number)
                .bind(at.as_millisecond())
                .bind(&record)
                .bind(&turn.conversation.0);
            insert.execute(&mut *tx).await.map_err(|e| db.query_error(e))?;
        }
        let oldest = at.saturating_sub(SignedDuration::from_hours(24 * i64::from(MAX_REPEATS)));
        let oldest = oldest.map_or(i64::MIN, |oldest| oldest.as_millisecond());
        let remove = sqlx::query("DELETE FROM asked WHERE at_ms < $1").bind(oldest);
        remove.execute(&mut *tx).await.map_err(|e| db.query_error(e))?;
        tx.commit().await.map_err(|e| db.query_error(e))
    }

    async fn asked_before(
        &self,
        customer: &CustomerPass,
        turn: &Turn,
        since: Timestamp,
    ) -> Result<Vec<AskedBefore>, DbError> {
        let db = self.desk(customer.store_pass().store()).await?;
        let mut connection = db.pool.acquire().await.map_err(|e| db.query_error(e))?;
        // What was said before a conversation was opened anew is another conversation.
        let select = "SELECT a.conversation, a.number, a.epoch, a.at_ms, a.record, c.owner, c.epoch AS epoch_now, \
                             q.text AS question, r.kind AS reply \
                      FROM asked a \
                      JOIN conversations c ON c.conversation = a.conversation \
                      JOIN turns q ON q.conversation = a.conversation AND q.number = a.number AND q.role = 'customer' \
                      LEFT JOIN turns r ON r.conversation = a.conversation AND r.number = a.number AND r.role = 'bot' \
                      WHERE a.subject = $1 AND a.at_ms >= $2 AND (a.conversation <> $3 OR a.epoch < c.epoch) \
                      ORDER BY a.at_ms DESC, a.conversation, a.number DESC LIMIT $4";
        let select = sqlx::query(select)
            .bind(subject(customer.customer()))
            .bind(since.as_millisecond())
            .bind(&turn.conversation.0)
            .bind(MOST);
        let rows = select.fetch_all(&mut *connection).await.map_err(|e| db.query_error(e))?;
        let mut found = Vec::with_capacity(rows.len());
        for row in &rows {
            found.push(read(&db, &mut connection, row).await?);
        }
        Ok(found)
    }
}

async fn read(db: &Db, connection: &mut SqliteConnection, row: &SqliteRow) -> Result<AskedBefore, DbError> {
    let text = |column: &str| row.try_get::<String, _>(column).map_err(|e| db.query_error(e));
    let number = |column: &str| row.try_get::<i64, _>(column).map_err(|e| db.query_error(e));
    let (conversation, epoch) = (text("conversation")?, number("epoch")?);
    let reply: Option<String> = row.try_get("reply").map_err(|e| db.query_error(e))?;
    let after = "SELECT text FROM turns WHERE conversation = $1 AND epoch = $2 AND number > $3 AND role = 'customer' \
                 ORDER BY id LIMIT $4";
    let after = sqlx::query_scalar(after).bind(&conversation).bind(epoch).bind(number("number")?).bind(AFTER);
    let after = after.fetch_all(connection).await.map_err(|e| db.query_error(e))?;
    let at = Timestamp::from_millisecond(number("at_ms")?).map_err(|e| db.damaged("a question's time", e))?;
    Ok(AskedBefore {
        at,
        question: text("question")?,
        asked: serde_json::from_str(&text("record")?).map_err(|e| db.damaged("what was asked", e))?,
        ended: ended(&text("owner")?, epoch < number("epoch_now")?, reply.as_deref()),
        conversation: ConversationId(conversation),
        after,
    })
}

/// What became of a question, by who has the word in its conversation and what the bot replied.
fn ended(owner: &str, opened_anew: bool, reply: Option<&str>) -> Ended {
    match (owner, reply) {
        _ if opened_anew => Ended::Resolved,
        ("resolved", _) => Ended::Resolved,
        ("waiting" | "person", _) => Ended::WithPerson,
        // A person had it, and gave it back when it was done.
        (_, Some("handoff")) => Ended::Resolved,
        (_, Some("answer" | "offer" | "part")) => Ended::Answered,
        (_, Some(_) | None) => Ended::Unanswered,
    }
}

fn failed(customer: &CustomerPass, error: &DbError) -> ContactsError {
    let why = crate::error::chain(error);
    tracing::warn!(store.id = %customer.store_pass().store(), error = %why, "earlier questions are not known");
    ContactsError(why)
}

#[async_trait]
impl Contacts for Desks {
    async fn asked(
        &self,
        customer: &CustomerPass,
        turn: &Turn,
        since: Timestamp,
    ) -> Result<Vec<AskedBefore>, ContactsError> {
        self.asked_before(customer, turn, since).await.map_err(|error| failed(customer, &error))
    }

    async fn keep(
        &self,
        customer: &CustomerPass,
        also: &[CustomerKey],
        turn: &Turn,
        asked: &Asked,
        at: Timestamp,
    ) -> Result<(), ContactsError> {
        self.keep_asked(customer, also, turn, (asked, at)).await.map_err(|error| failed(customer, &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_a_question_is_told_by_its_conversation() {
        assert_eq!(ended("bot", false, Some("answer")), Ended::Answered);
        assert_eq!(ended("bot", true, Some("answer")), Ended::Resolved);
        assert_eq!(ended("resolved", false, Some("handoff")), Ended::Resolved);
        assert_eq!(ended("waiting", false, Some("answer")), Ended::WithPerson, "a later turn called a person");
        assert_eq!(ended("bot", false, Some("handoff")), Ended::Resolved);
        assert_eq!(ended("bot", false, Some("needs_identity")), Ended::Unanswered);
        assert_eq!(ended("bot", false, None), Ended::Unanswered);
    }
}
