//! Packs: folders of JSON-lines files with things to ask and what is right. The format: `docs/evaluation.md`.

mod kind;
pub(crate) mod lines;
mod manifest;
pub mod records;

use crate::facts::Fact;
use crate::polarity::Polarity;
use crate::ranking::Judgement;
use crate::record::Settings;
use async_trait::async_trait;
use engine::ports::Ports;
use engine::{DocId, Engine, HandoffReason, SourceKind, StoreId, StorePass};
use lines::{read_lines, unique};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

pub use kind::{Kind, PackFile};
pub use manifest::{FORMAT, Manifest};

/// Classified by what the pack's author must do.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    #[error("{path} cannot be read; a pack is a folder of files to run", path = .path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{path}, line {line}: {problem}", path = .path.display())]
    Line { path: PathBuf, line: usize, problem: String },
    #[error("{path} holds no {wanted}", path = .path.display())]
    Missing { path: PathBuf, wanted: &'static str },
}

/// One folder.
#[derive(Clone, Debug)]
pub struct Pack {
    /// The folder's own name.
    pub name: String,
    pub dir: PathBuf,
    pub manifest: Manifest,
    /// Every file of records, in the order of their names.
    pub files: Vec<PackFile>,
}

/// A line of a corpus, as far as this crate looks at it.
#[derive(Clone, Debug, Deserialize)]
pub struct CorpusDocument {
    pub id: DocId,
    pub kind: SourceKind,
    #[serde(default)]
    pub title: String,
    pub text: String,
}

/// A line of a retrieval file: a question and the documents that answer it.
#[derive(Clone, Debug, Deserialize)]
pub struct Query {
    pub id: String,
    pub text: String,
    pub relevant: Vec<Judgement>,
    /// The question as it stands in the source it was cut from, where the pack knows it.
    pub question: Option<String>,
    /// Documents that answer it too, if that source is taken away.
    #[serde(default)]
    pub alt_docs: Vec<DocId>,
    pub gold_answer: Option<String>,
    #[serde(default)]
    pub must_include: Vec<String>,
    pub polarity: Option<Polarity>,
    /// The same question in other words, by a person.
    #[serde(default)]
    pub paraphrases: Vec<String>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// What the engine should do with a question, or did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Answer,
    /// Answer, and offer a person beside it.
    Offer,
    Handoff,
    /// Ask back.
    Clarify,
    /// Ask who is asking.
    #[serde(alias = "identify")]
    NeedsIdentity,
}

impl Action {
    pub const ALL: [Self; 5] = [Self::Answer, Self::Offer, Self::Clarify, Self::NeedsIdentity, Self::Handoff];

    pub fn name(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Offer => "offer",
            Self::Handoff => "handoff",
            Self::Clarify => "clarify",
            Self::NeedsIdentity => "needs_identity",
        }
    }

    /// Whether something is stated.
    pub fn states(self) -> bool {
        matches!(self, Self::Answer | Self::Offer)
    }

    /// Whether doing `did` is what this label asks for. Asking who is asking is a way of asking back; the reverse is
    /// not true.
    pub fn is_met_by(self, did: Self) -> bool {
        self == did
            || (self == Self::Clarify && did == Self::NeedsIdentity)
            || (self == Self::Answer && did == Self::Offer)
    }
}

/// A line of `questions.jsonl`: a question, what to do with it, and what an answer must and must not say.
#[derive(Clone, Debug, Deserialize)]
pub struct Question {
    pub id: String,
    pub text: String,
    pub action: Action,
    /// Every action that is acceptable; `action` alone where absent.
    #[serde(default)]
    pub accept: Vec<Action>,
    #[serde(default)]
    pub must_include: Vec<Fact>,
    #[serde(default)]
    pub must_not_include: Vec<Fact>,
    /// Whether the answer must say yes or no.
    pub polarity: Option<Polarity>,
    #[serde(default)]
    pub gold_docs: Vec<DocId>,
    #[serde(default)]
    pub tags: Vec<String>,
    /// The country the customer shops from (ISO 3166-1 alpha-2).
    pub country: Option<String>,
    /// Why a person should be called, where one should.
    pub reason: Option<HandoffReason>,
    /// The same question in other words, by a person.
    #[serde(default)]
    pub paraphrases: Vec<String>,
    /// For people who read the file.
    pub note: Option<String>,
}

impl Question {
    pub fn accepts(&self, action: Action) -> bool {
        self.action.is_met_by(action) || self.accept.iter().any(|accept| accept.is_met_by(action))
    }
}

/// Documents that are searched together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shelf {
    /// For people; the pack's name.
    pub name: String,
    /// Files of documents, as a sync reads them.
    pub files: Vec<PathBuf>,
    /// Documents of these files to leave out.
    pub without: BTreeSet<DocId>,
    /// The shop that live questions are asked of.
    pub shop: Option<PackShop>,
}

/// A pack's customers, orders and products.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PackShop {
    /// The folder that holds them.
    pub dir: PathBuf,
    /// The store's settings: its rules about returns, delivery and cancellation.
    pub settings: Option<PathBuf>,
}

/// Makes documents searchable. The binary implements it with the same sync that serves customers.
#[async_trait]
pub trait PackIndex: Send + Sync {
    /// A store that holds the shelf's documents. Called again with the same shelf it brings the kept index up to date
    /// instead of building a new one.
    async fn open(&self, shelf: &Shelf) -> Result<IndexedStore, IndexError>;

    /// The settings by which the engine of a store that was opened here knows it, for a record.
    fn settings(&self, _store: &StoreId) -> Option<Settings> {
        None
    }

    /// What a pack without documents is asked over: its name, and its shelf where that is known.
    async fn fallback(&self) -> Result<(String, Option<Shelf>, IndexedStore), IndexError>;
}

/// A store that can be asked. Its clock counts where it has a storefront: the time of the orders.
#[derive(Clone)]
pub struct IndexedStore {
    pub pass: StorePass,
    pub ports: Ports,
    pub engine: Engine,
}

/// The cause, in words: this crate does not know what an index is made of.
#[derive(Debug, thiserror::Error)]
#[error("the pack could not be indexed: {0}")]
pub struct IndexError(pub String);

impl Pack {
    /// Looks at the folder and at the first records of its files; nothing else is read yet.
    pub fn open(dir: &Path) -> Result<Self, PackError> {
        let unreadable = |source| PackError::Unreadable { path: dir.to_owned(), source };
        let dir = fs::canonicalize(dir).map_err(unreadable)?;
        let mut files = Vec::new();
        for entry in fs::read_dir(&dir).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.is_file() && path.extension().is_some_and(|extension| extension == "jsonl") {
                files.push(PackFile::look(path)?);
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let name = dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let manifest = Manifest::read(&dir)?;
        Ok(Self { name, dir, manifest, files })
    }

    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &PackFile> {
        self.files.iter().filter(move |file| file.kind == kind)
    }

    /// A file of the pack by its name, with or without `.jsonl`.
    pub fn file(&self, name: &str) -> PathBuf {
        let plain = self.dir.join(name);
        if plain.is_file() { plain } else { self.dir.join(format!("{name}.jsonl")) }
    }

    /// The retrieval files of the pack: those that judge documents.
    pub fn query_files(&self) -> Result<Vec<PathBuf>, PackError> {
        let files: Vec<PathBuf> = self.of(Kind::Queries).map(|file| file.path.clone()).collect();
        if files.is_empty() {
            let wanted = "file of queries (JSON lines with id, text and relevant: [{doc_id, grade}])";
            return Err(PackError::Missing { path: self.dir.clone(), wanted });
        }
        Ok(files)
    }

    /// The files of documents that are searched; past conversations are no part of them.
    pub fn corpus_files(&self) -> Vec<PathBuf> {
        self.of(Kind::Corpus).map(|file| file.path.clone()).collect()
    }

    /// Customers, orders and products in the folder `store`, and the first TOML file beside `pack.toml`.
    pub fn shop(&self) -> Option<PackShop> {
        let dir = self.dir.join("store");
        let files = fs::read_dir(&self.dir).into_iter().flatten().flatten().map(|entry| entry.path());
        let is_settings =
            |path: &PathBuf| path.extension().is_some_and(|e| e == "toml") && !path.ends_with("pack.toml");
        let settings = files.filter(is_settings).min();
        dir.join("orders.jsonl").is_file().then_some(PackShop { dir, settings })
    }

    pub fn corpus(&self) -> Result<Vec<CorpusDocument>, PackError> {
        let mut corpus: Vec<CorpusDocument> = Vec::new();
        let mut seen = HashSet::new();
        for path in self.corpus_files() {
            let documents: Vec<(usize, CorpusDocument)> = read_lines(&path)?;
            unique(&path, &mut seen, documents.iter().map(|(line, document)| (*line, document.id.0.as_str())))?;
            corpus.extend(documents.into_iter().map(|(_, document)| document));
        }
        if corpus.is_empty() {
            let wanted = "document (JSON lines with id, kind: policy|product|conversation, title and text)";
            return Err(PackError::Missing { path: self.dir.clone(), wanted });
        }
        Ok(corpus)
    }
}

/// The pack's past conversations by the customer who had them (`meta.user_id` or `meta.customer_id`).
pub fn conversations(pack: &Pack) -> Result<BTreeMap<String, BTreeSet<DocId>>, PackError> {
    #[derive(Deserialize)]
    struct Past {
        id: DocId,
        #[serde(default)]
        meta: PastMeta,
    }
    #[derive(Default, Deserialize)]
    struct PastMeta {
        #[serde(alias = "customer_id")]
        user_id: Option<String>,
    }
    let mut past: BTreeMap<String, BTreeSet<DocId>> = BTreeMap::new();
    for file in pack.of(Kind::Conversations) {
        for (_, record) in read_lines::<Past>(&file.path)? {
            if let Some(customer) = record.meta.user_id {
                past.entry(customer).or_default().insert(record.id);
            }
        }
    }
    Ok(past)
}

/// Reads a retrieval file. `corpus` is what it may point to.
pub fn queries(path: &Path, corpus: &[CorpusDocument]) -> Result<Vec<Query>, PackError> {
    let known: HashSet<&DocId> = corpus.iter().map(|document| &document.id).collect();
    let queries: Vec<(usize, Query)> = read_lines(path)?;
    unique(path, &mut HashSet::new(), queries.iter().map(|(line, query)| (*line, query.id.as_str())))?;
    for (line, query) in &queries {
        let problem = |problem: String| Err(PackError::Line { path: path.to_owned(), line: *line, problem });
        if query.text.trim().is_empty() {
            return problem("'text' is empty: write the question".into());
        }
        if !query.relevant.iter().any(|judgement| judgement.grade > 0) {
            return problem("'relevant' names no document with a grade above 0: there is nothing to find".into());
        }
        let judged = query.relevant.iter().map(|judgement| &judgement.doc_id);
        if let Some(stranger) = judged.chain(&query.alt_docs).find(|doc| !known.contains(doc)) {
            return problem(format!("the document '{stranger}' is not in the pack's corpus"));
        }
    }
    Ok(queries.into_iter().map(|(_, query)| query).collect())
}

/// Reads a file of questions in the format of `questions.jsonl`.
pub fn questions(path: &Path) -> Result<Vec<Question>, PackError> {
    let questions: Vec<(usize, Question)> = read_lines(path)?;
    unique(path, &mut HashSet::new(), questions.iter().map(|(line, question)| (*line, question.id.as_str())))?;
    for (line, question) in &questions {
        let problem =
            |problem: &str| Err(PackError::Line { path: path.to_owned(), line: *line, problem: problem.into() });
        if question.text.trim().is_empty() {
            return problem("'text' is empty: write the question");
        }
        if question.must_include.iter().any(Fact::is_empty) {
            return problem("'must_include' holds a fact without a letter or a digit: no answer could state it");
        }
        if question.must_not_include.iter().any(Fact::is_empty) {
            return problem("'must_not_include' holds a fact without a letter or a digit: remove it");
        }
        if question.action == Action::Answer && question.must_include.is_empty() && question.polarity.is_none() {
            return problem(
                "'must_include' is empty: an answer is right by the facts that it states, name at least one",
            );
        }
    }
    Ok(questions.into_iter().map(|(_, question)| question).collect())
}

/// The questions of a file of queries that can be checked: those whose gold answer names numbers or says yes or no.
pub fn checkable(queries: &[Query]) -> Vec<Question> {
    queries
        .iter()
        .filter(|query| query.gold_answer.is_some() && (!query.must_include.is_empty() || query.polarity.is_some()))
        .map(|query| Question {
            id: query.id.clone(),
            text: query.text.clone(),
            action: Action::Answer,
            accept: Vec::new(),
            must_include: query.must_include.iter().cloned().map(Fact::One).collect(),
            must_not_include: Vec::new(),
            polarity: query.polarity,
            gold_docs: query.relevant.iter().filter(|j| j.grade > 0).map(|j| j.doc_id.clone()).collect(),
            tags: Vec::new(),
            country: None,
            reason: None,
            paraphrases: query.paraphrases.clone(),
            note: None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CORPUS: &str = r#"{"id": "a", "kind": "policy", "title": "A", "text": "about a", "url": null, "meta": {}}"#;
    const QUERY: &str = r#"{"id": "q", "text": "a?", "relevant": [{"doc_id": "a", "grade": 2}], "user_id": "u"}"#;

    fn pack(files: &[(&str, &str)]) -> (tempfile::TempDir, Pack) {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(dir.path().join(name), text).unwrap();
        }
        let pack = Pack::open(dir.path()).unwrap();
        (dir, pack)
    }

    /// Reads everything in the pack, as a run would.
    fn read_all(pack: &Pack) -> Result<usize, PackError> {
        let corpus = pack.corpus()?;
        let mut records = 0;
        for file in pack.query_files()? {
            records += queries(&file, &corpus)?.len();
        }
        if pack.file("questions").is_file() {
            records += questions(&pack.file("questions"))?.len();
        }
        Ok(records)
    }

    #[test]
    fn query_files_are_known_by_what_they_hold() {
        let other = r#"{"id": "t", "turns": []}"#;
        let (_dir, pack) = pack(&[
            ("corpus.jsonl", CORPUS),
            ("faq_qa.jsonl", QUERY),
            ("anything.jsonl", &format!("\n{QUERY}\n\n")),
            ("transcripts.jsonl", other),
            ("notes.txt", QUERY),
        ]);
        let names: Vec<_> =
            pack.query_files().unwrap().iter().map(|path| path.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["anything.jsonl", "faq_qa.jsonl"]);
        assert_eq!(read_all(&pack).unwrap(), 2);
        let corpus = pack.corpus().unwrap();
        assert_eq!(queries(&pack.file("faq_qa"), &corpus).unwrap()[0].rest["user_id"], "u");
    }

    #[test]
    fn errors_name_the_file_and_the_line() {
        let question = r#"{"id": "x", "text": "t", "action": "answer", "must_include": ["30 days"]}"#;
        for (name, text, expected) in [
            ("q.jsonl", format!("{QUERY}\n{{"), "q.jsonl, line 2: EOF while parsing an object (column 1)"),
            (
                "q.jsonl",
                format!("{QUERY}\n\n{{\"id\": \"r\", \"text\": \"b\"}}"),
                "q.jsonl, line 3: missing field `relevant`",
            ),
            ("q.jsonl", format!("{QUERY}\n{QUERY}"), "q.jsonl, line 2: the id 'q' stands above already"),
            ("q.jsonl", QUERY.replace("a?", " "), "q.jsonl, line 1: 'text' is empty"),
            ("q.jsonl", QUERY.replace("\"grade\": 2", "\"grade\": 0"), "q.jsonl, line 1: 'relevant' names no document"),
            (
                "q.jsonl",
                QUERY.replace("\"a\", \"grade", "\"b\", \"grade"),
                "line 1: the document 'b' is not in the pack's corpus",
            ),
            (
                "questions.jsonl",
                question.replace("answer", "perhaps"),
                "questions.jsonl, line 1: 'action': unknown variant `perhaps`",
            ),
            (
                "questions.jsonl",
                question.replace("30 days", "!"),
                "questions.jsonl, line 1: 'must_include' holds a fact",
            ),
            (
                "questions.jsonl",
                question.replace("[\"30 days\"]", "[]"),
                "questions.jsonl, line 1: 'must_include' is empty",
            ),
            ("questions.jsonl", "\n".into(), "holds no record"),
        ] {
            let (_dir, pack) =
                pack(&[("corpus.jsonl", CORPUS), ("base.jsonl", &QUERY.replace("\"q\"", "\"base\"")), (name, &text)]);
            let found = read_all(&pack).unwrap_err().to_string();
            assert!(found.contains(expected), "{found:?} does not say {expected:?}");
        }
    }

    #[test]
    fn a_pack_that_is_not_there_is_named() {
        let error = Pack::open(Path::new("no/such/pack")).unwrap_err().to_string();
        assert!(error.starts_with("no/such/pack cannot be read"), "{error}");
        let (_dir, pack) = pack(&[("corpus.jsonl", CORPUS)]);
        assert!(pack.query_files().unwrap_err().to_string().contains("holds no file of queries"));
    }

    #[test]
    fn questions_take_alternatives_and_accepted_actions() {
        let line = r#"{"id":"x","text":"t","action":"handoff","accept":["handoff","answer"],
            "must_include":["$5",["two weeks","14 days"]],"tags":["money"],"note":"n"}"#;
        let (_dir, pack) = pack(&[("questions.jsonl", &line.replace('\n', ""))]);
        let question = &questions(&pack.file("questions")).unwrap()[0];
        assert!(question.accepts(Action::Answer) && question.accepts(Action::Handoff));
        assert_eq!(question.must_include[1].wordings().len(), 2);
    }

    #[test]
    fn only_what_can_be_checked_is_asked() {
        let line =
            |id: &str, rest: &str| QUERY.replace("\"q\"", &format!("\"{id}\"")).replace("\"user_id\": \"u\"", rest);
        let text = [
            line("number", r#""gold_answer": "It is 5.", "must_include": ["5"], "polarity": null"#),
            line("no", r#""gold_answer": "No.", "must_include": [], "polarity": "no""#),
            line("prose", r#""gold_answer": "It depends.", "must_include": [], "polarity": null"#),
        ]
        .join("\n");
        let (_dir, pack) = pack(&[("corpus.jsonl", CORPUS), ("faq.jsonl", &text)]);
        let queries = queries(&pack.file("faq"), &pack.corpus().unwrap()).unwrap();
        let ids: Vec<_> = checkable(&queries).into_iter().map(|question| question.id).collect();
        assert_eq!(ids, ["number", "no"]);
    }
}
