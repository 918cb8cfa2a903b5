//! Both places where an index may live, behind the same calls, for tests that must hold in both.

use crate::{fake_embedder::FakeEmbedder, qdrant_stub::QdrantStub};
use engine::{
    access::{StoreId, StorePass},
    evidence::{DocId, Passage, SourceKind},
    ports::{Embedder, Knowledge, KnowledgeError, SearchMode, SearchQuery},
};
use ingest::{
    document::{Block, Document},
    index::{
        Index, IndexMeta,
        edge::EdgeIndex,
        erase::Place,
        fuse::FusionConfig,
        lexical::DEFAULT_LANGUAGE,
        server::{ServerConfig, ServerIndex},
    },
    knowledge::{EdgeKnowledge, ServerKnowledge},
    library::Library,
    source::{Failure, Tally},
    sync::{Silent, SyncError, SyncOptions, SyncReport, SyncTarget, sync},
};
use std::{path::Path, sync::Arc};

/// An index somewhere, with a data directory of its own.
pub struct IndexBackend {
    pub library: Library,
    /// `None` is Qdrant Edge in the data directory.
    pub server: Option<ServerConfig>,
    _stub: Option<QdrantStub>,
    _dir: Option<tempfile::TempDir>,
}

impl IndexBackend {
    pub fn edge() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        Self { library: Library::new(dir.path()), server: None, _stub: None, _dir: Some(dir) }
    }

    /// Over the wire, to the stub.
    pub async fn stub() -> Self {
        let stub = QdrantStub::start().await;
        let server = Some(ServerConfig::new(stub.url()));
        Self { server, _stub: Some(stub), ..Self::edge() }
    }

    /// The server at `QDRANT_URL`, if there is one; says aloud when there is not.
    pub fn real() -> Option<Self> {
        match std::env::var("QDRANT_URL") {
            Ok(url) => Some(Self { server: Some(ServerConfig::new(url)), ..Self::edge() }),
            Err(_) => {
                eprintln!("skipped: QDRANT_URL is not set, so no real server was asked");
                None
            }
        }
    }

    /// One that another process made.
    pub fn at(data: &Path, server: Option<String>) -> Self {
        let server = server.map(ServerConfig::new);
        Self { library: Library::new(data), server, _stub: None, _dir: None }
    }

    pub async fn open(
        &self,
        pass: &StorePass,
        meta: IndexMeta,
        rebuild: bool,
    ) -> Result<Box<dyn Index>, KnowledgeError> {
        Ok(match &self.server {
            Some(server) => Box::new(ServerIndex::open(server, pass, meta, rebuild).await?),
            None => Box::new(EdgeIndex::open(&self.library.shelf(pass)?, meta, rebuild).await?),
        })
    }

    pub async fn target(
        &self,
        pass: &StorePass,
        embedder: Arc<FakeEmbedder>,
        rebuild: bool,
    ) -> Result<SyncTarget, KnowledgeError> {
        let meta = meta(&embedder);
        Ok(SyncTarget { index: self.open(pass, meta.clone(), rebuild).await?, embedder, meta })
    }

    /// Syncs the store to exactly these documents and failures.
    pub async fn sync(
        &self,
        pass: &StorePass,
        embedder: &Arc<FakeEmbedder>,
        items: Vec<Result<Document, Failure>>,
        options: &SyncOptions,
    ) -> Result<SyncReport, SyncError> {
        let mut target = self.target(pass, embedder.clone(), false).await?;
        sync(&mut target, from(items), options, &Silent).await
    }

    /// As [`IndexBackend::sync`], from nothing.
    pub async fn rebuild(
        &self,
        pass: &StorePass,
        embedder: &Arc<FakeEmbedder>,
        items: Vec<Result<Document, Failure>>,
    ) -> Result<SyncReport, SyncError> {
        let mut target = self.target(pass, embedder.clone(), true).await?;
        sync(&mut target, from(items), &SyncOptions::default(), &Silent).await
    }

    pub fn place(&self, pass: &StorePass) -> Place {
        let shelf = self.library.shelf(pass).expect("a directory");
        match &self.server {
            Some(config) => Place::Server { config: config.clone(), pass: pass.clone(), shelf },
            None => Place::Edge(shelf),
        }
    }

    pub fn knowledge(&self) -> Arc<dyn Knowledge> {
        let fusion = FusionConfig::default();
        match &self.server {
            Some(server) => Arc::new(ServerKnowledge::new(server, DEFAULT_LANGUAGE, fusion).expect("the URL is one")),
            None => Arc::new(
                EdgeKnowledge::new(self.library.clone(), DEFAULT_LANGUAGE, fusion).expect("the language is one"),
            ),
        }
    }
}

pub fn meta(embedder: &FakeEmbedder) -> IndexMeta {
    IndexMeta::new(embedder.model().clone(), embedder.dimensions(), DEFAULT_LANGUAGE)
}

/// A source of these items.
pub fn from(items: Vec<Result<Document, Failure>>) -> impl FnOnce(&mut dyn FnMut(Result<Document, Failure>)) -> Tally {
    move |sink| {
        items.into_iter().for_each(sink);
        Tally::default()
    }
}

/// A pass for the test itself.
#[expect(clippy::disallowed_methods, reason = "tests act for the operator")]
pub fn pass(store: &str) -> StorePass {
    StorePass::for_operator(StoreId::parse(store).expect("a test names stores well"), "test")
}

/// A page with one paragraph.
pub fn page(id: &str, text: &str) -> Document {
    Document {
        id: DocId(format!("pages/{id}.md")),
        file: format!("{id}.md"),
        kind: SourceKind::Policy,
        title: id.replace('-', " "),
        url: None,
        owner: None,
        tags: vec![],
        valid_from: None,
        valid_to: None,
        blocks: vec![Block::Paragraph(text.into())],
    }
}

/// Asks without filters.
pub async fn query(embedder: &FakeEmbedder, text: &str, mode: SearchMode) -> SearchQuery {
    let embedding = embedder.embed_query(text).await.expect("the fake embeds every question");
    SearchQuery { text: text.into(), embedding, mode, limit: 10, kinds: vec![], tags: vec![], valid_on: None }
}

/// The documents of the passages, each once, best first.
pub fn docs(passages: &[Passage]) -> Vec<&str> {
    let mut docs: Vec<&str> = Vec::new();
    for passage in passages {
        if !docs.contains(&passage.doc.0.as_str()) {
            docs.push(&passage.doc.0);
        }
    }
    docs
}
