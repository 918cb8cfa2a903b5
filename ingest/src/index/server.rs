//! The index on a Qdrant server: a collection per store behind an alias.
//!
//! Searches ask the alias `shopclerk_<store>`. An ordinary sync writes into the collection behind it, the points of
//! a changed document's new version before the old ones go, each write waited for. The first sync and a rebuild
//! fill `shopclerk_<store>_<n>` beside it and then point the alias there, which the server does in one step; what
//! was behind it goes afterwards. A killed rebuild leaves its collection, and the next one goes on with it.
//! Which embedder made the vectors is kept in the collection's metadata (Qdrant 1.16 and later).

mod wire;

use super::{
    DENSE, Index, IndexMeta, LEXICAL, failed,
    point::{Fields, Point, PointSummary, Sparse},
};
use async_trait::async_trait;
use engine::{
    access::{StoreId, StorePass},
    evidence::DocId,
    ports::{KnowledgeError, SearchMode, SearchQuery},
};
use qdrant_client::{
    Qdrant, QdrantError,
    config::QdrantConfig,
    qdrant::{
        CountPointsBuilder, CreateAliasBuilder, CreateCollectionBuilder, CreateFieldIndexCollectionBuilder,
        DeletePointsBuilder, Distance, FieldType, GetPointsBuilder, Modifier, PointId, QueryBatchPointsBuilder,
        QueryPoints, ScoredPoint, ScrollPointsBuilder, SparseVectorParamsBuilder, SparseVectorsConfigBuilder,
        UpsertPointsBuilder, VectorParamsBuilder, VectorsConfigBuilder,
    },
};
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use uuid::Uuid;

/// Points per page of a listing.
const PAGE: u32 = 1000;

/// How long a search trusts what it read about the collection behind an alias.
const META_AGE: Duration = Duration::from_secs(10);

/// Where the server is. The `Debug` form does not show the key.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// gRPC address: `http://localhost:6334`, or `https://…` for TLS with the system's certificates.
    pub url: String,
    pub api_key: Option<ServerKey>,
    /// Of one request.
    pub timeout: Duration,
}

/// The server's API key. Never logged.
#[derive(Clone)]
pub struct ServerKey(pub String);

impl std::fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServerKey")
    }
}

impl ServerConfig {
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), api_key: None, timeout: Duration::from_secs(30) }
    }

    fn connect(&self) -> Result<Qdrant, KnowledgeError> {
        let mut config = QdrantConfig::from_url(&self.url).timeout(self.timeout).skip_compatibility_check();
        if let Some(ServerKey(key)) = &self.api_key {
            config = config.api_key(key.as_str());
        }
        Qdrant::new(config).map_err(|error| failed(&format!("Qdrant at {}", self.url), error))
    }
}

/// The writer of one store's collection. Two processes must not sync one store at a time: the caller holds the
/// store's [`crate::library::WriteLock`], which covers the processes of one machine.
pub struct ServerIndex {
    client: Qdrant,
    alias: String,
    meta: IndexMeta,
    rebuild: bool,
    /// What the alias points at.
    live: Option<String>,
    /// What is written to, when it is not the live collection.
    draft: Option<String>,
}

impl ServerIndex {
    /// Finds the collection that the alias points at and the one that a killed rebuild may have left. Without
    /// `rebuild`, a collection of another embedder or format is refused.
    pub async fn open(
        config: &ServerConfig,
        pass: &StorePass,
        meta: IndexMeta,
        rebuild: bool,
    ) -> Result<Self, KnowledgeError> {
        let client = config.connect()?;
        let alias = alias_of(pass.store());
        let live = resolve(&client, &alias).await?;
        let mut index = Self { client, alias, meta, rebuild, live, draft: None };
        index.resume().await?;
        if let Some(live) = &index.live
            && index.draft.is_none()
            && !rebuild
        {
            read_meta(&index.client, live).await?.check(&index.meta)?;
        }
        Ok(index)
    }

    /// Takes up an unfinished collection of the same kind; removes every other one that is not live.
    async fn resume(&mut self) -> Result<(), KnowledgeError> {
        for name in self.collections().await? {
            if Some(&name) == self.live.as_ref() {
                continue;
            }
            let newer = self.live.as_deref().is_none_or(|live| number(&name) > number(live));
            if newer && self.draft.is_none() && read_meta(&self.client, &name).await.is_ok_and(|meta| meta == self.meta)
            {
                self.draft = Some(name);
            } else {
                self.client
                    .delete_collection(&name)
                    .await
                    .map_err(|error| remote("removing an unfinished index", error))?;
            }
        }
        Ok(())
    }

    /// The store's collections, newest first.
    async fn collections(&self) -> Result<Vec<String>, KnowledgeError> {
        let listed = self.client.list_collections().await.map_err(|error| remote("listing collections", error))?;
        let prefix = format!("{}_", self.alias);
        let ours = |name: String| {
            let digits = name.strip_prefix(&prefix)?;
            (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(name)
        };
        let mut names: Vec<String> = listed.collections.into_iter().filter_map(|found| ours(found.name)).collect();
        names.sort_by_key(|name| std::cmp::Reverse(number(name)));
        Ok(names)
    }

    /// The collection to read from; none in an empty index or at the start of a rebuild.
    fn readable(&self) -> Option<&str> {
        match (&self.draft, self.rebuild) {
            (Some(draft), _) => Some(draft),
            (None, true) => None,
            (None, false) => self.live.as_deref(),
        }
    }

    async fn list(&self, collection: &str) -> Result<Vec<PointSummary>, KnowledgeError> {
        let mut found = Vec::new();
        let mut offset: Option<PointId> = None;
        loop {
            let mut scroll = ScrollPointsBuilder::new(collection).limit(PAGE).with_payload(wire::key_fields());
            if let Some(offset) = offset {
                scroll = scroll.offset(offset);
            }
            let page = self.client.scroll(scroll).await.map_err(|error| remote("listing the index", error))?;
            for point in page.result {
                found.push(PointSummary { id: wire::uuid(point.id)?, key: wire::json(point.payload).ok() });
            }
            match page.next_page_offset {
                Some(next) => offset = Some(next),
                None => return Ok(found),
            }
        }
    }

    async fn writable(&mut self) -> Result<String, KnowledgeError> {
        if let Some(name) = self.readable() {
            return Ok(name.to_owned());
        }
        let next = self.live.as_deref().map_or(0, number) + 1;
        let name = format!("{}_{next}", self.alias);
        let doing = |error| remote("creating the collection", error);
        let mut dense = VectorsConfigBuilder::default();
        dense.add_named_vector_params(DENSE, VectorParamsBuilder::new(self.meta.dimensions as u64, Distance::Cosine));
        let mut lexical = SparseVectorsConfigBuilder::default();
        lexical.add_named_vector_params(LEXICAL, SparseVectorParamsBuilder::default().modifier(Modifier::Idf));
        let create = CreateCollectionBuilder::new(&name)
            .vectors_config(dense)
            .sparse_vectors_config(lexical)
            .metadata(wire::meta_to_json(&self.meta));
        self.client.create_collection(create).await.map_err(doing)?;
        for (field, kind) in [
            ("doc", FieldType::Keyword),
            ("kind", FieldType::Keyword),
            ("tags", FieldType::Keyword),
            ("valid_from", FieldType::Integer),
            ("valid_to", FieldType::Integer),
        ] {
            let index = CreateFieldIndexCollectionBuilder::new(&name, field, kind).wait(true);
            self.client.create_field_index(index).await.map_err(doing)?;
        }
        self.draft = Some(name.clone());
        Ok(name)
    }
}

#[async_trait]
impl Index for ServerIndex {
    async fn contents(&mut self) -> Result<Vec<PointSummary>, KnowledgeError> {
        match self.readable() {
            Some(collection) => self.list(collection).await,
            None => Ok(Vec::new()),
        }
    }

    async fn published(&mut self) -> Result<Vec<PointSummary>, KnowledgeError> {
        match &self.live {
            Some(live) if self.readable() != Some(live) => self.list(live).await,
            _ => Ok(Vec::new()),
        }
    }

    /// Only the first sync and a rebuild have a draft.
    async fn starts_over(&mut self) -> Result<bool, KnowledgeError> {
        Ok(self.live.is_some() && (self.rebuild || self.draft.is_some()))
    }

    async fn vectors(&mut self, ids: &[Uuid]) -> Result<HashMap<Uuid, Vec<f32>>, KnowledgeError> {
        let Some(collection) = self.readable() else { return Ok(HashMap::new()) };
        let ids: Vec<PointId> = ids.iter().map(wire::point_id).collect();
        let get = GetPointsBuilder::new(collection, ids).with_payload(false).with_vectors(wire::dense_only());
        let found = self.client.get_points(get).await.map_err(|error| remote("reading vectors", error))?;
        found.result.into_iter().map(|point| Ok((wire::uuid(point.id)?, wire::dense(point.vectors)?))).collect()
    }

    async fn upsert(&mut self, points: Vec<Point>) -> Result<(), KnowledgeError> {
        let collection = self.writable().await?;
        let points: Vec<_> = points.into_iter().map(wire::point).collect();
        let upsert = UpsertPointsBuilder::new(collection, points).wait(true);
        self.client.upsert_points(upsert).await.map_err(|error| remote("storing chunks", error))?;
        Ok(())
    }

    async fn delete(&mut self, ids: &[Uuid]) -> Result<(), KnowledgeError> {
        let collection = self.writable().await?;
        let ids: Vec<PointId> = ids.iter().map(wire::point_id).collect();
        let delete = DeletePointsBuilder::new(collection).points(ids).wait(true);
        self.client.delete_points(delete).await.map_err(|error| remote("removing chunks", error))?;
        Ok(())
    }

    /// Every write was waited for, and the server keeps a log.
    async fn flush(&mut self) -> Result<(), KnowledgeError> {
        Ok(())
    }

    async fn count(&mut self, doc: Option<&str>) -> Result<usize, KnowledgeError> {
        let Some(collection) = self.readable() else { return Ok(0) };
        let mut count = CountPointsBuilder::new(collection).exact(true);
        if let Some(doc) = doc {
            count = count.filter(wire::doc_filter(doc));
        }
        let counted = self.client.count(count).await.map_err(|error| remote("counting chunks", error))?;
        Ok(counted.result.map_or(0, |result| result.count as usize))
    }

    async fn publish(&mut self) -> Result<(), KnowledgeError> {
        if self.rebuild {
            self.writable().await?;
        }
        let Some(draft) = self.draft.take() else { return Ok(()) };
        // Creating an alias that exists moves it, in one step.
        let alias = CreateAliasBuilder::new(&draft, &self.alias);
        self.client.create_alias(alias).await.map_err(|error| remote("publishing the index", error))?;
        self.rebuild = false;
        if let Some(old) = self.live.replace(draft) {
            self.client.delete_collection(&old).await.map_err(|error| remote("removing the old index", error))?;
        }
        Ok(())
    }
}

/// Searches through the aliases.
pub struct ServerSearch {
    client: Qdrant,
    metas: Mutex<HashMap<StoreId, (Instant, Arc<IndexMeta>)>>,
}

/// The lists that a search found, before they are merged.
#[derive(Debug, Default)]
pub struct Lists {
    pub dense: Vec<(Uuid, f32)>,
    pub lexical: Vec<(Uuid, f32)>,
    pub payloads: HashMap<Uuid, Fields>,
}

impl ServerSearch {
    pub fn new(config: &ServerConfig) -> Result<Self, KnowledgeError> {
        Ok(Self { client: config.connect()?, metas: Mutex::default() })
    }

    /// What kind of index the pass's store has; at most [`META_AGE`] old.
    pub async fn meta(&self, pass: &StorePass) -> Result<Arc<IndexMeta>, KnowledgeError> {
        let store = pass.store();
        let lock = || self.metas.lock().map_err(|_| KnowledgeError::Failed("an earlier search panicked".into()));
        if let Some((read, meta)) = lock()?.get(store)
            && read.elapsed() < META_AGE
        {
            return Ok(meta.clone());
        }
        let alias = alias_of(store);
        if resolve(&self.client, &alias).await?.is_none() {
            return Err(KnowledgeError::NoIndex(store.to_string()));
        }
        let meta = Arc::new(read_meta(&self.client, &alias).await?);
        lock()?.insert(store.clone(), (Instant::now(), meta.clone()));
        Ok(meta)
    }

    /// The best of each list in one request; `words` is absent or empty where the lexical list is not wanted.
    pub async fn lists(
        &self,
        pass: &StorePass,
        query: &SearchQuery,
        words: Option<Sparse>,
        depth: usize,
    ) -> Result<Lists, KnowledgeError> {
        let alias = alias_of(pass.store());
        let words = words.filter(|words| !words.indices.is_empty());
        let mut requests: Vec<QueryPoints> = Vec::new();
        let wants_dense = query.mode != SearchMode::Lexical;
        if wants_dense {
            requests.push(wire::dense_query(&alias, query, depth));
        }
        if let Some(words) = &words {
            requests.push(wire::lexical_query(&alias, query, words, depth));
        }
        if requests.is_empty() {
            return Ok(Lists::default());
        }
        let batch = QueryBatchPointsBuilder::new(&alias, requests);
        let found = self.client.query_batch(batch).await.map_err(|error| remote("searching", error))?;
        let mut results = found.result.into_iter().map(|list| list.result);
        let mut lists = Lists::default();
        if wants_dense {
            lists.dense = take(results.next(), &mut lists.payloads)?;
        }
        if words.is_some() {
            lists.lexical = take(results.next(), &mut lists.payloads)?;
        }
        Ok(lists)
    }
}

fn take(
    list: Option<Vec<ScoredPoint>>,
    payloads: &mut HashMap<Uuid, Fields>,
) -> Result<Vec<(Uuid, f32)>, KnowledgeError> {
    let mut scored = Vec::new();
    for point in list.unwrap_or_default() {
        let id = wire::uuid(point.id)?;
        scored.push((id, point.score));
        if let std::collections::hash_map::Entry::Vacant(free) = payloads.entry(id) {
            free.insert(wire::json(point.payload)?);
        }
    }
    Ok(scored)
}

/// A page of the payloads behind the store's alias, from `offset` on, and where the next one starts.
pub(super) async fn fields(
    config: &ServerConfig,
    pass: &StorePass,
    offset: Option<Uuid>,
) -> Result<(Vec<Fields>, Option<Uuid>), KnowledgeError> {
    let client = config.connect()?;
    let Some(live) = resolve(&client, &alias_of(pass.store())).await? else { return Ok((Vec::new(), None)) };
    let mut scroll = ScrollPointsBuilder::new(live).limit(PAGE).with_payload(true);
    if let Some(offset) = offset {
        scroll = scroll.offset(wire::point_id(&offset));
    }
    let page = client.scroll(scroll).await.map_err(|error| remote("reading the index", error))?;
    let found = page.result.into_iter().map(|point| wire::json(point.payload)).collect::<Result<_, _>>()?;
    let next = page.next_page_offset.map(|next| wire::uuid(Some(next))).transpose()?;
    Ok((found, next))
}

/// Removes the documents from what the store's alias points at, and every collection beside it. How many points went.
/// The server takes their bytes off its disk when it next optimizes the segments.
pub(super) async fn erase(
    config: &ServerConfig,
    pass: &StorePass,
    docs: &HashSet<DocId>,
) -> Result<usize, KnowledgeError> {
    let client = config.connect()?;
    let alias = alias_of(pass.store());
    let Some(live) = resolve(&client, &alias).await? else { return Ok(0) };
    let meta = read_meta(&client, &live).await?;
    let mut index = ServerIndex { client, alias, meta, rebuild: false, live: Some(live.clone()), draft: None };
    for name in index.collections().await?.into_iter().filter(|name| *name != live) {
        let removed = index.client.delete_collection(&name).await;
        removed.map_err(|error| remote("removing an unfinished index", error))?;
    }
    let of_docs = |point: PointSummary| point.key.is_some_and(|key| docs.contains(&key.doc)).then_some(point.id);
    let ids: Vec<Uuid> = index.list(&live).await?.into_iter().filter_map(of_docs).collect();
    for ids in ids.chunks(PAGE as usize) {
        index.delete(ids).await?;
    }
    Ok(ids.len())
}

/// Removes every collection of the store; the alias goes with the one that it names.
pub(super) async fn forget(config: &ServerConfig, pass: &StorePass) -> Result<(), KnowledgeError> {
    let (client, alias) = (config.connect()?, alias_of(pass.store()));
    let listed = client.list_collections().await.map_err(|error| remote("listing collections", error))?;
    let prefix = format!("{alias}_");
    let is_ours = |name: &String| name.strip_prefix(&prefix).is_some_and(|rest| rest.parse::<u64>().is_ok());
    for name in listed.collections.into_iter().map(|found| found.name).filter(is_ours) {
        let removed = client.delete_collection(&name).await;
        removed.map_err(|error| remote("removing an index", error))?;
    }
    Ok(())
}

fn alias_of(store: &StoreId) -> String {
    format!("shopclerk_{store}")
}

/// The number at the end of a collection's name.
fn number(collection: &str) -> u64 {
    collection.rsplit('_').next().and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

async fn resolve(client: &Qdrant, alias: &str) -> Result<Option<String>, KnowledgeError> {
    let aliases = client.list_aliases().await.map_err(|error| remote("reading the aliases", error))?;
    Ok(aliases.aliases.into_iter().find(|found| found.alias_name == alias).map(|found| found.collection_name))
}

async fn read_meta(client: &Qdrant, collection: &str) -> Result<IndexMeta, KnowledgeError> {
    let info = client.collection_info(collection).await.map_err(|error| remote("reading the collection", error))?;
    let metadata = info.result.and_then(|info| info.config).map(|config| config.metadata).unwrap_or_default();
    wire::meta_from_json(metadata).map_err(|_| {
        KnowledgeError::Failed(format!(
            "the collection {collection} does not say which embedder made it (the server must be Qdrant 1.16 or \
             later); rebuild with `shopclerk sync --rebuild`"
        ))
    })
}

fn remote(doing: &str, error: QdrantError) -> KnowledgeError {
    match error {
        // The status alone: its metadata may repeat headers.
        QdrantError::ResponseError { status } => {
            failed(&format!("Qdrant, {doing}"), format!("{} ({})", status.message(), status.code()))
        }
        other => failed(&format!("Qdrant, {doing}"), other),
    }
}
