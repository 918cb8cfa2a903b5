//! What a file of a pack holds, told by the fields of its records and not by its name.

use super::PackError;
use super::lines::{numbered, parse, read};
use serde_json::{Map, Value};
use std::path::PathBuf;

/// Closed: whoever adds a kind decides what is run on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `kind`, `text`: documents to search.
    Corpus,
    /// The same, and all of them conversations: what a store has answered before.
    Conversations,
    /// `text`, `relevant`: questions with judged documents.
    Queries,
    /// `text`, `action`, and facts that an answer must or must not state.
    Questions,
    /// `text`, `action`, `accept`: what to do with a message.
    Decisions,
    /// `turns`, `expected`: conversations to replay.
    Transcripts,
    /// `text`, `expected_action`, `intent`.
    Intents,
    /// `text`, `expected_action` without an intent: what the store cannot answer.
    OutOfScope,
    /// `text`, `label: attack`.
    Attacks,
    /// `text`, `label: benign`: harmless messages that look like attacks.
    Benign,
    /// `kind`, `text`, `query`, `must_not_include`: documents with an instruction planted in them.
    PoisonedDocs,
    /// `instruction`, `actions`: scenarios for a simulated customer, which nothing here runs.
    Tasks,
    /// Of no known kind.
    Unknown,
}

/// One file of a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackFile {
    pub path: PathBuf,
    pub kind: Kind,
}

impl PackFile {
    /// Looks at every record's fields; the values are checked when the file is run.
    pub fn look(path: PathBuf) -> Result<Self, PackError> {
        let text = read(&path)?;
        let mut kind = Kind::Unknown;
        for (number, line) in numbered(&text) {
            let record: Map<String, Value> = parse(&path, number, line)?;
            kind = match (kind, of(&record)) {
                (Kind::Unknown, found) => found,
                // One document of another kind makes a corpus of past conversations a corpus; one fact makes
                // decisions questions.
                (Kind::Conversations, Kind::Corpus) => Kind::Corpus,
                (Kind::Decisions, Kind::Questions) => Kind::Questions,
                (kind, _) => kind,
            };
            if !matches!(kind, Kind::Unknown | Kind::Conversations | Kind::Decisions) {
                break;
            }
        }
        Ok(Self { path, kind })
    }

    pub fn name(&self) -> String {
        self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

fn of(record: &Map<String, Value>) -> Kind {
    let has = |field: &str| record.get(field).is_some_and(|value| !value.is_null());
    let is = |field: &str, value: &str| record.get(field).and_then(Value::as_str) == Some(value);
    if has("turns") {
        return Kind::Transcripts;
    }
    if has("instruction") && !has("text") {
        return Kind::Tasks;
    }
    if !has("text") {
        return Kind::Unknown;
    }
    let checked = has("must_include") || has("must_not_include") || has("polarity");
    match () {
        () if has("relevant") => Kind::Queries,
        () if is("label", "attack") => Kind::Attacks,
        () if is("label", "benign") => Kind::Benign,
        () if has("query") && has("must_not_include") => Kind::PoisonedDocs,
        () if is("kind", "conversation") => Kind::Conversations,
        () if is("kind", "policy") || is("kind", "product") => Kind::Corpus,
        () if has("action") && checked => Kind::Questions,
        () if has("action") => Kind::Decisions,
        () if has("intent") => Kind::Intents,
        () if has("expected_action") => Kind::OutOfScope,
        () => Kind::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lines: &str, expected: Kind) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("whatever.jsonl");
        std::fs::write(&path, lines).unwrap();
        assert_eq!(PackFile::look(path).unwrap().kind, expected, "{lines}");
    }

    #[test]
    fn a_file_is_what_its_fields_say() {
        let chat = r#"{"id":"c","kind":"conversation","text":"t"}"#;
        let decision = r#"{"id":"d","text":"t","action":"handoff","accept":["handoff"]}"#;
        check(r#"{"id":"c","kind":"policy","title":"t","text":"t"}"#, Kind::Corpus);
        check(chat, Kind::Conversations);
        check(&format!("{chat}\n{}", chat.replace("conversation", "product")), Kind::Corpus);
        check(r#"{"id":"q","text":"t","relevant":[]}"#, Kind::Queries);
        check(decision, Kind::Decisions);
        check(
            &format!("{decision}\n{}", r#"{"id":"e","text":"t","action":"answer","must_include":["1"]}"#),
            Kind::Questions,
        );
        check(r#"{"id":"t","turns":[],"expected":[]}"#, Kind::Transcripts);
        check(r#"{"id":"i","text":"t","intent":"x","expected_action":null}"#, Kind::Intents);
        check(r#"{"id":"o","text":"t","expected_action":"decline_or_clarify"}"#, Kind::OutOfScope);
        check(r#"{"id":"a","text":"t","label":"attack","kind":"Jailbreak","must_not_include":[]}"#, Kind::Attacks);
        check(r#"{"id":"b","text":"t","label":"benign","intent":"x"}"#, Kind::Benign);
        check(r#"{"id":"p","kind":"product","text":"t","query":"q","must_not_include":["Z"]}"#, Kind::PoisonedDocs);
        check(r#"{"id":"s","instruction":"i","actions":[]}"#, Kind::Tasks);
        check(r#"{"anything":1}"#, Kind::Unknown);
        check("\n", Kind::Unknown);
    }
}
