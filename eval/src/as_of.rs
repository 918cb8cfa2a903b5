//! What was known at a time: a conversation that is replayed must not be answered from what came later.

use crate::pack::PackError;
use crate::pack::lines::read_lines;
use async_trait::async_trait;
use engine::ports::{Knowledge, KnowledgeError, SearchQuery};
use engine::{DocId, Passage, SourceKind, StorePass};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Since when a document is known, as exactly as its record tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Since {
    Day(Date),
    Moment(Timestamp),
}

/// The documents whose record carries a date.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dates(HashMap<DocId, Since>);

/// Fields that date a conversation, in a record or in its `meta`: the first one counts.
const OF_CONVERSATION: [&str; 4] = ["at", "created_at", "date", "valid_from"];
/// A page may have been written long before it held.
const OF_PAGE: [&str; 1] = ["valid_from"];

impl Dates {
    /// Those of a pack's files of documents; other formats carry their dates in the index.
    pub fn read(files: &[PathBuf]) -> Result<Self, PackError> {
        let mut dates = HashMap::new();
        for path in files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "jsonl")) {
            for (_, record) in read_lines::<Map<String, Value>>(path)? {
                let id = record.get("id").and_then(Value::as_str);
                let conversation = record.get("kind").and_then(Value::as_str) == Some("conversation");
                let fields: &[&str] = if conversation { &OF_CONVERSATION } else { &OF_PAGE };
                let field = |name: &&str| record.get(*name).or_else(|| record.get("meta")?.get(*name));
                if let (Some(id), Some(since)) = (id, fields.iter().filter_map(field).find_map(since)) {
                    dates.insert(DocId(id.to_owned()), since);
                }
            }
        }
        Ok(Self(dates))
    }

    fn is_known(&self, passage: &Passage, at: Timestamp) -> bool {
        let Some(since) = self.0.get(&passage.doc).copied().or(passage.valid_from.map(Since::Day)) else { return true };
        let today = at.to_zoned(TimeZone::UTC).date();
        match (since, passage.kind) {
            (Since::Moment(moment), _) => moment <= at,
            // Of a conversation of the same day nobody can say that it was over.
            (Since::Day(day), SourceKind::Conversation) => day < today,
            (Since::Day(day), SourceKind::Policy | SourceKind::Product) => day <= today,
        }
    }
}

/// A day, a time with or without a zone (UTC), or seconds or milliseconds since 1970.
fn since(value: &Value) -> Option<Since> {
    match value {
        Value::String(text) => {
            let text = text.trim();
            let without_zone = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|t| t.timestamp());
            match text.parse::<Timestamp>().ok() {
                Some(moment) => Some(Since::Moment(moment)),
                None if text.len() <= 10 => text.parse().ok().map(Since::Day),
                None => without_zone().map(Since::Moment),
            }
        }
        Value::Number(number) => {
            let seconds = number.as_i64()?;
            let milliseconds = if seconds > 100_000_000_000 { seconds } else { seconds.checked_mul(1000)? };
            Timestamp::from_millisecond(milliseconds).ok().map(Since::Moment)
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// What is known, less what came later. Ranks and word statistics are still those of the whole.
pub struct AsOf {
    pub inner: Arc<dyn Knowledge>,
    pub at: Timestamp,
    pub dates: Arc<Dates>,
}

#[async_trait]
impl Knowledge for AsOf {
    async fn search(&self, pass: &StorePass, query: &SearchQuery) -> Result<Vec<Passage>, KnowledgeError> {
        deeper(self.inner.as_ref(), pass, query, |passage| self.dates.is_known(passage, self.at)).await
    }
}

/// Searches deeper until enough is left of what may be found.
pub async fn deeper(
    inner: &dyn Knowledge,
    pass: &StorePass,
    query: &SearchQuery,
    may_be_found: impl Fn(&Passage) -> bool,
) -> Result<Vec<Passage>, KnowledgeError> {
    let mut deeper = SearchQuery { limit: query.limit * 2, ..query.clone() };
    loop {
        let mut found = inner.search(pass, &deeper).await?;
        let exhausted = found.len() < deeper.limit;
        found.retain(&may_be_found);
        if exhausted || found.len() >= query.limit {
            found.truncate(query.limit);
            return Ok(found);
        }
        deeper.limit *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::StoreId;
    use engine::fakes::{BagEmbedder, MemoryKnowledge};
    use engine::ports::{Embedder, SearchMode};

    const RECORDS: &str = r#"
{"id":"rule","kind":"policy","title":"Wrapping","text":"x","meta":{"date":"2026-12-01"}}
{"id":"new-rule","kind":"policy","title":"Wrapping","text":"x","valid_from":"2026-06-02"}
{"id":"before","kind":"conversation","title":"Wrapping","text":"x","meta":{"at":"2026-06-01T08:00:00Z"}}
{"id":"after","kind":"conversation","title":"Wrapping","text":"x","meta":{"at":"2026-06-01T12:30:00Z"}}
{"id":"same-day","kind":"conversation","title":"Wrapping","text":"x","date":"2026-06-01"}
{"id":"day-before","kind":"conversation","title":"Wrapping","text":"x","meta":{"created_at":1780185600}}
{"id":"undated","kind":"conversation","title":"Wrapping","text":"x","meta":{"date":"some day"}}
"#;

    async fn known(at: &str, limit: usize) -> Vec<String> {
        #[expect(clippy::disallowed_methods, reason = "a test acts for the operator")]
        let pass = StorePass::for_operator(StoreId::parse("pack").unwrap(), "test");
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("corpus.jsonl");
        std::fs::write(&path, RECORDS).unwrap();
        let mut knowledge = MemoryKnowledge::default();
        for line in RECORDS.trim().lines() {
            let record: Value = serde_json::from_str(line).unwrap();
            let kind = record["kind"].as_str().unwrap().parse().unwrap();
            knowledge.add(&pass, kind, record["id"].as_str().unwrap(), "Wrapping", "Gift wrapping costs $3.50.");
        }
        // One that only the index dates.
        knowledge.add(&pass, SourceKind::Conversation, "indexed", "Wrapping", "Gift wrapping.").valid_from =
            Some("2026-06-03".parse().unwrap());
        let dates = Arc::new(Dates::read(&[path, dir.path().join("page.md")]).unwrap());
        let as_of = AsOf { inner: Arc::new(knowledge), at: at.parse().unwrap(), dates };
        let embedding = BagEmbedder::new("bag", 8).embed_query("x").await.unwrap();
        let query = SearchQuery {
            text: "gift wrapping".into(),
            embedding,
            mode: SearchMode::Fused,
            limit,
            kinds: Vec::new(),
            tags: Vec::new(),
            valid_on: None,
        };
        let mut found: Vec<String> =
            as_of.search(&pass, &query).await.unwrap().into_iter().map(|passage| passage.doc.0).collect();
        found.sort();
        found
    }

    #[tokio::test]
    async fn what_came_later_is_not_known() {
        assert_eq!(known("2026-06-01T12:00:00Z", 20).await, ["before", "day-before", "rule", "undated"]);
        let later = known("2026-06-04T00:00:00Z", 20).await;
        assert_eq!(later.len(), 8, "{later:?}");
        // What is left out leaves its place to what is further down.
        assert_eq!(known("2026-06-01T12:00:00Z", 3).await.len(), 3);
    }

    #[test]
    fn times_are_read_in_every_form() {
        let moment = |text: &str| Some(Since::Moment(text.parse().unwrap()));
        for (value, expected) in [
            (serde_json::json!("2026-03-31"), Some(Since::Day("2026-03-31".parse().unwrap()))),
            (serde_json::json!("2026-03-31T10:00:00+02:00"), moment("2026-03-31T08:00:00Z")),
            (serde_json::json!("2026-03-31 10:00:00"), moment("2026-03-31T10:00:00Z")),
            (serde_json::json!(1_772_323_200), moment("2026-03-01T00:00:00Z")),
            (serde_json::json!(1_772_323_200_000_i64), moment("2026-03-01T00:00:00Z")),
            (serde_json::json!("soon"), None),
            (serde_json::json!(null), None),
        ] {
            assert_eq!(since(&value), expected, "{value}");
        }
    }
}
