//! Conversations and what was said in them, on the store's desk.

use super::{
    Db, DbError,
    desk::Desks,
    dialect::{self, Write},
    outbox::{self, Destination},
};
use crate::deliver::Notice;
use engine::{AgentPass, ConversationId, Message, Speaker, StorePass};
use jiff::Timestamp;
use serde::Serialize;
use sqlx::{Row, sqlite::SqliteRow};

/// A question that comes again within this time, in the same words and without a number, is the same one: a client that
/// lost the connection asks again.
const SAME_WITHIN_MS: i64 = 30_000;

/// Who has the word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    Bot,
    /// A person was called, and none has come yet.
    Waiting,
    /// A person, by name: the bot says nothing.
    Person(String),
    /// Done. The next message opens the conversation anew.
    Resolved,
}

/// Where a conversation takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Whoever calls `/v1/ask`: the widget, a script.
    Api,
    Chatwoot,
}

/// A conversation as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Conversation {
    pub id: ConversationId,
    pub channel: Channel,
    pub owner: Owner,
    /// How often it was opened anew after it was resolved.
    pub epoch: u32,
    /// The number of the first turn of this epoch.
    #[serde(skip)]
    pub epoch_from: u32,
    /// An e-mail address that is known to be the customer's.
    #[serde(skip)]
    pub contact: Option<String>,
    pub opened_at: Timestamp,
    pub last_at: Timestamp,
}

/// One thing that was said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredTurn {
    pub epoch: u32,
    pub number: u32,
    pub role: TurnRole,
    /// The person's name.
    pub who: Option<String>,
    pub text: String,
    /// Of what type the bot's reply was.
    pub kind: Option<String>,
    pub at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnRole {
    Customer,
    Bot,
    Person,
}

/// A customer's message that has arrived.
#[derive(Clone, Debug)]
pub struct Arrived<'a> {
    pub conversation: &'a ConversationId,
    pub channel: Channel,
    /// Which message of the customer the caller says it is.
    pub number: Option<u32>,
    /// The id that a channel gave it.
    pub message: Option<&'a str>,
    pub text: &'a str,
    pub contact: Option<&'a str>,
}

/// A turn that was written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    pub number: u32,
    pub epoch: u32,
    pub epoch_from: u32,
    pub owner: Owner,
    /// What was said before in this epoch, oldest first.
    pub history: Vec<Message>,
    /// It was written down before.
    pub again: bool,
}

impl Owner {
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Bot => "bot",
            Self::Waiting => "waiting",
            Self::Person(_) => "person",
            Self::Resolved => "resolved",
        }
    }

    /// Whether the bot may say something.
    pub fn lets_the_bot_speak(&self) -> bool {
        match self {
            Self::Bot | Self::Waiting => true,
            Self::Person(_) | Self::Resolved => false,
        }
    }

    pub(super) fn person(&self) -> Option<&str> {
        match self {
            Self::Person(name) => Some(name),
            Self::Bot | Self::Waiting | Self::Resolved => None,
        }
    }
}

impl Channel {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Chatwoot => "chatwoot",
        }
    }
}

impl TurnRole {
    fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Bot => "bot",
            Self::Person => "person",
        }
    }
}

impl Desks {
    /// Writes down a customer's message. In the same transaction a resolved conversation is opened anew, so that no
    /// message can fall between two epochs.
    pub async fn arrived(&self, pass: &StorePass, said: &Arrived<'_>, history: usize) -> Result<Begun, DbError> {
        let db = self.desk(pass.store()).await?;
        let (now, handover) = (self.now(), self.handover(pass.store()));
        let mut tx = dialect::write(&db).await?;
        let begun = begin(&db, &mut tx, said, history, now).await?;
        // Whoever has the word, or was called, hears what the customer adds.
        if matches!(begun.owner, Owner::Person(_) | Owner::Waiting) {
            let notice = Notice::CustomerSaid { number: begun.number, text: said.text.to_owned(), at: now };
            let key = format!("{}:{}:said", said.conversation.0, begun.number);
            let put = (Destination::Webhook, key.as_str(), &notice);
            outbox::put(&db, &mut tx, &handover, said.conversation, put, now).await?;
            super::follow_ups::put(&db, &mut tx, &handover, (said, &begun), now).await?;
        }
        tx.commit().await.map_err(|e| db.query_error(e))?;
        self.wake();
        Ok(begun)
    }

    /// What a person said in the conversation, in a channel: once for each id.
    pub async fn person_said(
        &self,
        pass: &StorePass,
        conversation: &ConversationId,
        (who, text, message): (&str, &str, &str),
    ) -> Result<(), DbError> {
        let db = self.desk(pass.store()).await?;
        let now = self.now();
        let mut tx = dialect::write(&db).await?;
        if let Some(found) = find(&db, &mut tx, conversation).await? {
            let said = Said { role: TurnRole::Person, who: Some(who), text, kind: None, outcome: None };
            let number = last_number(&db, &mut tx, conversation).await?.unwrap_or(found.epoch_from);
            say(&mut tx, &found, number, &said, Some(message), now).await.map_err(|e| db.query_error(e))?;
        }
        tx.commit().await.map_err(|e| db.query_error(e))
    }

    pub async fn conversation(
        &self,
        agent: AgentPass<'_>,
        id: &ConversationId,
    ) -> Result<Option<(Conversation, Vec<StoredTurn>)>, DbError> {
        let db = self.desk(agent.store()).await?;
        let mut connection = db.pool.acquire().await.map_err(|e| db.query_error(e))?;
        let Some(found) = find(&db, &mut connection, id).await? else { return Ok(None) };
        let rows = sqlx::query("SELECT * FROM turns WHERE conversation = $1 ORDER BY id").bind(&id.0);
        let rows = rows.fetch_all(&mut *connection).await.map_err(|e| db.query_error(e))?;
        let turns = rows.iter().map(|row| turn(&db, row)).collect::<Result<_, _>>()?;
        Ok(Some((found, turns)))
    }

    /// Those that are not resolved, or all; the latest first.
    pub async fn conversations(
        &self,
        agent: AgentPass<'_>,
        all: bool,
        limit: u32,
    ) -> Result<Vec<Conversation>, DbError> {
        let db = self.desk(agent.store()).await?;
        let select = "SELECT * FROM conversations WHERE $1 OR owner <> 'resolved' ORDER BY last_at DESC LIMIT $2";
        let rows = sqlx::query(select).bind(all).bind(limit).fetch_all(&db.pool).await;
        rows.map_err(|e| db.query_error(e))?.iter().map(|row| conversation(&db, row)).collect()
    }
}

async fn begin(db: &Db, tx: &mut Write, said: &Arrived<'_>, history: usize, now: Timestamp) -> Result<Begun, DbError> {
    let mut found = find_or_open(db, tx, said.conversation, said.channel, now).await?;
    if let Some(message) = said.message {
        let before = "SELECT number, epoch FROM turns WHERE conversation = $1 AND message = $2 AND role = 'customer'";
        let before: Option<(u32, u32)> = sqlx::query_as(before)
            .bind(&said.conversation.0)
            .bind(message)
            .fetch_optional(&mut **tx)
            .await
            .map_err(|e| db.query_error(e))?;
        if let Some((number, epoch)) = before {
            let history = history_of(db, tx, &found, number, history).await?;
            let Conversation { epoch_from, owner, .. } = found;
            return Ok(Begun { number, epoch, epoch_from, owner, history, again: true });
        }
    }
    let last = last_number(db, tx, said.conversation).await?;
    let next = last.map_or(0, |last| last.saturating_add(1));
    if found.owner == Owner::Resolved {
        super::ownership::open_anew(tx, &mut found, next, now).await.map_err(|e| db.query_error(e))?;
    }
    let number = match said.number {
        // A caller that counts from the beginning again means the beginning of this epoch.
        Some(number) if number < found.epoch_from => found.epoch_from.saturating_add(number),
        Some(number) => number,
        None => match last {
            Some(last) if last >= found.epoch_from && asked_just_now(db, tx, said, last, now).await? => last,
            Some(_) | None => next,
        },
    };
    let contact = said.contact.or(found.contact.as_deref());
    let update = sqlx::query("UPDATE conversations SET last_at = $1, contact = $2 WHERE conversation = $3");
    let update = update.bind(now.to_string()).bind(contact).bind(&found.id.0);
    update.execute(&mut **tx).await.map_err(|e| db.query_error(e))?;
    let words = Said { role: TurnRole::Customer, who: None, text: said.text, kind: None, outcome: None };
    let stored = say(tx, &found, number, &words, said.message, now).await;
    stored.map_err(|e| db.query_error(e))?;
    let history = history_of(db, tx, &found, number, history).await?;
    let again = last.is_some_and(|last| number <= last);
    let Conversation { epoch, epoch_from, owner, .. } = found;
    Ok(Begun { number, epoch, epoch_from, owner, history, again })
}

/// What is said, and by whom.
pub(super) struct Said<'a> {
    pub role: TurnRole,
    pub who: Option<&'a str>,
    pub text: &'a str,
    pub kind: Option<&'a str>,
    pub outcome: Option<String>,
}

/// Writes a turn. What a customer or the bot said under the same number takes the place of what stood there; what a
/// person said under the same id of a channel stands already. Sentences that were said before the rest went to a person
/// stay said.
pub(super) async fn say(
    tx: &mut Write,
    conversation: &Conversation,
    number: u32,
    said: &Said<'_>,
    message: Option<&str>,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let insert = match said.role {
        TurnRole::Customer | TurnRole::Bot => {
            "INSERT INTO turns (conversation, epoch, number, role, who, text, kind, outcome, message, at, at_ms) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
             ON CONFLICT (conversation, number, role) WHERE role <> 'person' DO UPDATE SET \
             text = CASE WHEN turns.kind = 'part' AND excluded.kind NOT IN ('part', 'answer') \
             THEN turns.text || ' ' || excluded.text ELSE excluded.text END, kind = excluded.kind, outcome = excluded.outcome, at = excluded.at, \
             at_ms = excluded.at_ms"
        }
        TurnRole::Person => {
            "INSERT INTO turns (conversation, epoch, number, role, who, text, kind, outcome, message, at, at_ms) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
             ON CONFLICT (conversation, message) WHERE message IS NOT NULL DO NOTHING"
        }
    };
    let insert = sqlx::query(insert).bind(&conversation.id.0).bind(conversation.epoch).bind(number);
    let insert = insert.bind(said.role.as_str()).bind(said.who).bind(said.text).bind(said.kind).bind(&said.outcome);
    let insert = insert.bind(message).bind(now.to_string()).bind(now.as_millisecond());
    insert.execute(&mut **tx).await.map(drop)
}

pub(super) async fn find_or_open(
    db: &Db,
    tx: &mut Write,
    id: &ConversationId,
    channel: Channel,
    now: Timestamp,
) -> Result<Conversation, DbError> {
    let insert = "INSERT INTO conversations (conversation, channel, owner, opened_at, last_at, owned_at) \
                  VALUES ($1, $2, 'bot', $3, $3, $3) ON CONFLICT (conversation) DO NOTHING";
    let insert = sqlx::query(insert).bind(&id.0).bind(channel.as_str()).bind(now.to_string());
    insert.execute(&mut **tx).await.map_err(|e| db.query_error(e))?;
    find(db, tx, id).await?.ok_or_else(|| db.damaged("a conversation", "it was written and is not there"))
}

pub(super) async fn find(
    db: &Db,
    connection: &mut sqlx::SqliteConnection,
    id: &ConversationId,
) -> Result<Option<Conversation>, DbError> {
    let row = sqlx::query("SELECT * FROM conversations WHERE conversation = $1").bind(&id.0);
    let row = row.fetch_optional(connection).await.map_err(|e| db.query_error(e))?;
    row.map(|row| conversation(db, &row)).transpose()
}

/// The number of the customer's last message.
pub(super) async fn last_number(db: &Db, tx: &mut Write, id: &ConversationId) -> Result<Option<u32>, DbError> {
    let last = "SELECT max(number) FROM turns WHERE conversation = $1 AND role = 'customer'";
    let last: Option<u32> =
        sqlx::query_scalar(last).bind(&id.0).fetch_one(&mut **tx).await.map_err(|e| db.query_error(e))?;
    Ok(last)
}

async fn asked_just_now(
    db: &Db,
    tx: &mut Write,
    said: &Arrived<'_>,
    last: u32,
    now: Timestamp,
) -> Result<bool, DbError> {
    if said.message.is_some() {
        return Ok(false);
    }
    let before = "SELECT text, at_ms FROM turns WHERE conversation = $1 AND number = $2 AND role = 'customer'";
    let before: Option<(String, i64)> = sqlx::query_as(before)
        .bind(&said.conversation.0)
        .bind(last)
        .fetch_optional(&mut **tx)
        .await
        .map_err(|e| db.query_error(e))?;
    Ok(before.is_some_and(|(text, at)| text == said.text && now.as_millisecond() - at < SAME_WITHIN_MS))
}

/// The last so many things that were said in this epoch before a turn, oldest first.
async fn history_of(
    db: &Db,
    tx: &mut Write,
    conversation: &Conversation,
    before: u32,
    limit: usize,
) -> Result<Vec<Message>, DbError> {
    let select = "SELECT role, text FROM turns WHERE conversation = $1 AND epoch = $2 AND number < $3 \
                  ORDER BY id DESC LIMIT $4";
    let rows: Vec<(String, String)> = sqlx::query_as(select)
        .bind(&conversation.id.0)
        .bind(conversation.epoch)
        .bind(before)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(&mut **tx)
        .await
        .map_err(|e| db.query_error(e))?;
    let message = |(role, text): (String, String)| {
        let role = if role == TurnRole::Customer.as_str() { Speaker::Customer } else { Speaker::Agent };
        Message { role, text }
    };
    Ok(rows.into_iter().rev().map(message).collect())
}

fn conversation(db: &Db, row: &SqliteRow) -> Result<Conversation, DbError> {
    let text = |column: &str| row.try_get::<String, _>(column).map_err(|e| db.query_error(e));
    let optional = |column: &str| row.try_get::<Option<String>, _>(column).map_err(|e| db.query_error(e));
    let count = |column: &str| row.try_get::<u32, _>(column).map_err(|e| db.query_error(e));
    let time = |text: String| text.parse().map_err(|e| db.damaged("a conversation's time", e));
    let owner = match (text("owner")?.as_str(), optional("person")?) {
        ("bot", None) => Owner::Bot,
        ("waiting", None) => Owner::Waiting,
        ("person", Some(name)) => Owner::Person(name),
        ("resolved", None) => Owner::Resolved,
        _ => return Err(db.damaged("a conversation's owner", "it is not known")),
    };
    let channel = match text("channel")?.as_str() {
        "api" => Channel::Api,
        "chatwoot" => Channel::Chatwoot,
        _ => return Err(db.damaged("a conversation's channel", "it is not known")),
    };
    Ok(Conversation {
        id: ConversationId(text("conversation")?),
        channel,
        owner,
        epoch: count("epoch")?,
        epoch_from: count("epoch_from")?,
        contact: optional("contact")?,
        opened_at: time(text("opened_at")?)?,
        last_at: time(text("last_at")?)?,
    })
}

fn turn(db: &Db, row: &SqliteRow) -> Result<StoredTurn, DbError> {
    let text = |column: &str| row.try_get::<String, _>(column).map_err(|e| db.query_error(e));
    let optional = |column: &str| row.try_get::<Option<String>, _>(column).map_err(|e| db.query_error(e));
    let count = |column: &str| row.try_get::<u32, _>(column).map_err(|e| db.query_error(e));
    let role = match text("role")?.as_str() {
        "customer" => TurnRole::Customer,
        "bot" => TurnRole::Bot,
        "person" => TurnRole::Person,
        _ => return Err(db.damaged("a turn's role", "it is not known")),
    };
    Ok(StoredTurn {
        epoch: count("epoch")?,
        number: count("number")?,
        role,
        who: optional("who")?,
        text: text("text")?,
        kind: optional("kind")?,
        at: text("at")?.parse().map_err(|e| db.damaged("a turn's time", e))?,
    })
}
