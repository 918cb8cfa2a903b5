//! Qdrant Edge, in the words of this crate. Everything here blocks.

use super::{
    DENSE, IndexMeta, LEXICAL, failed,
    point::{Fields, KEY_FIELDS, Point, PointSummary, Sparse, day_number},
};
use engine::ports::{KnowledgeError, SearchQuery};
use qdrant_edge::{
    CountRequest, CreateIndex, Distance, EdgeConfig, EdgeShard, EdgeSparseVectorParams, EdgeVectorParams,
    FieldIndexOperations, Filter, JsonPath, Modifier, NamedQuery, Payload, PayloadFieldSchema, PayloadSchemaType,
    PointId, PointInsertOperations, PointOperations, PointStruct, QueryEnum, ScrollRequest, SearchRequest,
    SparseVector, UpdateOperation, Vector, VectorInternal, VectorStructInternal, Vectors, WalOptions,
    WithPayloadInterface, WithVector,
};
use serde_json::{Value, json};
use std::{collections::HashMap, fs, path::Path};
use uuid::Uuid;

/// Points per page of a listing.
const PAGE: usize = 1000;

/// Creates an empty shard and closes it.
pub fn create(dir: &Path, meta: &IndexMeta) -> Result<(), KnowledgeError> {
    let config = EdgeConfig::builder()
        .vector(DENSE, EdgeVectorParams::builder(meta.dimensions, Distance::Cosine).build())
        .sparse_vector(LEXICAL, EdgeSparseVectorParams::builder().modifier(Modifier::Idf).build())
        .wal_options(wal(8 * 1024 * 1024))
        .build();
    let shard = EdgeShard::new(dir, config).map_err(|error| failed("creating the index", error))?;
    for (field, schema) in [
        ("doc", PayloadSchemaType::Keyword),
        ("kind", PayloadSchemaType::Keyword),
        ("tags", PayloadSchemaType::Keyword),
        ("valid_from", PayloadSchemaType::Integer),
        ("valid_to", PayloadSchemaType::Integer),
    ] {
        let create = CreateIndex { field_name: path(field), field_schema: Some(PayloadFieldSchema::FieldType(schema)) };
        shard
            .update(UpdateOperation::FieldIndexOperation(FieldIndexOperations::CreateIndex(create)))
            .map_err(|error| failed("creating the index", error))?;
    }
    shard.flush();
    Ok(())
}

/// Opens a shard to write it. Its log is cut to the last closed part first: Edge never reads it back, but takes
/// the number of the next operation from it, and an operation numbered lower than a point is ignored.
pub fn load(dir: &Path) -> Result<EdgeShard, KnowledgeError> {
    prune_log(&dir.join("wal")).map_err(|error| failed("cutting the log of the index", error))?;
    EdgeShard::load(dir, None).map_err(|error| failed("opening the index", error))
}

/// Opens the shard behind a view, with a log as small as can be: nothing will be written to it.
pub fn load_view(dir: &Path) -> Result<EdgeShard, KnowledgeError> {
    let doing = |error: qdrant_edge::OperationError| failed("opening the index for reading", error);
    let mut config = match EdgeConfig::load(dir) {
        Some(config) => config.map_err(doing)?,
        None => {
            return Err(KnowledgeError::Failed(
                "the index has no edge_config.json; rebuild it with `shopclerk sync --rebuild`".into(),
            ));
        }
    };
    config.wal_options = Some(wal(4096));
    EdgeShard::load(dir, Some(config)).map_err(doing)
}

fn wal(segment_capacity: usize) -> WalOptions {
    WalOptions { segment_capacity, ..WalOptions::default() }
}

fn prune_log(wal: &Path) -> std::io::Result<()> {
    let mut closed: Vec<(u64, std::path::PathBuf)> = Vec::new();
    for entry in fs::read_dir(wal)?.flatten() {
        if let Some(start) = entry.file_name().to_str().and_then(|name| name.strip_prefix("closed-")?.parse().ok()) {
            closed.push((start, entry.path()));
        }
    }
    closed.sort();
    closed.pop();
    closed.into_iter().try_for_each(|(_, path)| fs::remove_file(path))
}

pub fn upsert(shard: &EdgeShard, points: Vec<Point>) -> Result<(), KnowledgeError> {
    let points = points.into_iter().map(|point| edge_point(point).map(Into::into)).collect::<Result<Vec<_>, _>>()?;
    let operation = PointOperations::UpsertPoints(PointInsertOperations::PointsList(points));
    shard.update(UpdateOperation::PointOperation(operation)).map_err(|error| failed("storing chunks", error))
}

pub fn delete(shard: &EdgeShard, ids: &[Uuid]) -> Result<(), KnowledgeError> {
    let operation = PointOperations::DeletePoints { ids: ids.iter().copied().map(PointId::Uuid).collect() };
    shard.update(UpdateOperation::PointOperation(operation)).map_err(|error| failed("removing chunks", error))
}

/// Every point of the shard, without vectors and text.
pub fn summaries(shard: &EdgeShard) -> Result<Vec<PointSummary>, KnowledgeError> {
    let mut found = Vec::new();
    let mut offset = None;
    loop {
        let request = ScrollRequest {
            offset,
            limit: Some(PAGE),
            with_payload: Some(WithPayloadInterface::Fields(KEY_FIELDS.iter().map(|name| path(name)).collect())),
            ..ScrollRequest::default()
        };
        let (records, next) = shard.scroll(request).map_err(|error| failed("listing the index", error))?;
        for record in records {
            let id = uuid(record.id)?;
            let payload = Value::Object(record.payload.map(|payload| payload.0).unwrap_or_default());
            found.push(PointSummary { id, key: serde_json::from_value(payload).ok() });
        }
        match next {
            Some(next) => offset = Some(next),
            None => return Ok(found),
        }
    }
}

/// Whole points, with their vectors, in pages: `offset` is where the page starts, the second value where the next does.
pub fn page(
    shard: &EdgeShard,
    offset: Option<Uuid>,
    limit: usize,
) -> Result<(Vec<Point>, Option<Uuid>), KnowledgeError> {
    let request = ScrollRequest {
        offset: offset.map(PointId::Uuid),
        limit: Some(limit),
        with_payload: Some(true.into()),
        with_vector: WithVector::Bool(true),
        ..ScrollRequest::default()
    };
    let (records, next) = shard.scroll(request).map_err(|error| failed("reading the index", error))?;
    let mut points = Vec::with_capacity(records.len());
    for record in records {
        let id = uuid(record.id)?;
        let (dense, lexical) = split(record.vector)?;
        points.push(Point { id, dense, lexical, fields: fields(record.payload)? });
    }
    Ok((points, next.map(uuid).transpose()?))
}

/// The dense vectors of those of the points that exist.
pub fn vectors(shard: &EdgeShard, ids: &[Uuid]) -> Result<HashMap<Uuid, Vec<f32>>, KnowledgeError> {
    let ids: Vec<PointId> = ids.iter().copied().map(PointId::Uuid).collect();
    let records = shard
        .retrieve(&ids, Some(false.into()), Some(WithVector::Selector(vec![DENSE.into()])))
        .map_err(|error| failed("reading vectors", error))?;
    records.into_iter().map(|record| Ok((uuid(record.id)?, split(record.vector)?.0))).collect()
}

/// The payloads of those of the points that exist.
pub fn payloads(shard: &EdgeShard, ids: &[Uuid]) -> Result<HashMap<Uuid, Fields>, KnowledgeError> {
    let ids: Vec<PointId> = ids.iter().copied().map(PointId::Uuid).collect();
    let records = shard.retrieve(&ids, Some(true.into()), None).map_err(|error| failed("reading passages", error))?;
    records.into_iter().map(|record| Ok((uuid(record.id)?, fields(record.payload)?))).collect()
}

pub fn count(shard: &EdgeShard, doc: Option<&str>) -> Result<usize, KnowledgeError> {
    let filter = doc.map(|doc| filter(&json!({ "must": [{ "key": "doc", "match": { "value": doc } }] })));
    shard.count(CountRequest { filter, exact: true }).map_err(|error| failed("counting chunks", error))
}

pub fn search_dense(
    shard: &EdgeShard,
    vector: Vec<f32>,
    query: &SearchQuery,
    depth: usize,
) -> Result<Vec<(Uuid, f32)>, KnowledgeError> {
    search(shard, VectorInternal::Dense(vector), DENSE, query, depth)
}

/// Nothing for a question without words.
pub fn search_lexical(
    shard: &EdgeShard,
    words: Sparse,
    query: &SearchQuery,
    depth: usize,
) -> Result<Vec<(Uuid, f32)>, KnowledgeError> {
    if words.indices.is_empty() {
        return Ok(Vec::new());
    }
    let words = SparseVector { indices: words.indices, values: words.values };
    search(shard, VectorInternal::Sparse(words), LEXICAL, query, depth)
}

fn search(
    shard: &EdgeShard,
    vector: VectorInternal,
    using: &str,
    query: &SearchQuery,
    depth: usize,
) -> Result<Vec<(Uuid, f32)>, KnowledgeError> {
    let request = SearchRequest {
        query: QueryEnum::Nearest(NamedQuery::new(vector, using)),
        filter: search_filter(query),
        params: None,
        limit: depth,
        offset: 0,
        with_payload: None,
        with_vector: None,
        score_threshold: None,
    };
    let found = shard.search(request).map_err(|error| failed("searching", error))?;
    found.into_iter().map(|point| Ok((uuid(point.id)?, point.score))).collect()
}

fn search_filter(query: &SearchQuery) -> Option<Filter> {
    let mut must = Vec::new();
    if !query.kinds.is_empty() {
        let kinds: Vec<&str> = query.kinds.iter().map(|kind| kind.as_str()).collect();
        must.push(json!({ "key": "kind", "match": { "any": kinds } }));
    }
    must.extend(query.tags.iter().map(|tag| json!({ "key": "tags", "match": { "value": tag } })));
    if let Some(day) = query.valid_on {
        must.push(json!({ "key": "valid_from", "range": { "lte": day_number(day) } }));
        must.push(json!({ "key": "valid_to", "range": { "gte": day_number(day) } }));
    }
    (!must.is_empty()).then(|| filter(&json!({ "must": must })))
}

fn filter(json: &Value) -> Filter {
    serde_json::from_value(json.clone()).expect("a filter of this module is one")
}

fn path(field: &str) -> JsonPath {
    field.parse().expect("a field of this crate is a path")
}

fn uuid(id: PointId) -> Result<Uuid, KnowledgeError> {
    match id {
        PointId::Uuid(id) => Ok(id),
        PointId::NumId(number) => Err(KnowledgeError::Failed(format!("it holds a point that is not ours: {number}"))),
    }
}

fn fields(payload: Option<Payload>) -> Result<Fields, KnowledgeError> {
    let payload = Value::Object(payload.map(|payload| payload.0).unwrap_or_default());
    serde_json::from_value(payload).map_err(|error| failed("reading a passage", error))
}

fn edge_point(point: Point) -> Result<PointStruct, KnowledgeError> {
    let lexical = Vector::new_sparse(point.lexical.indices, point.lexical.values)
        .map_err(|error| failed("storing the words of a chunk", error))?;
    let vectors = Vectors::new_named([(DENSE, Vector::new_dense(point.dense)), (LEXICAL, lexical)]);
    let payload = serde_json::to_value(point.fields).expect("plain data");
    Ok(PointStruct::new(PointId::Uuid(point.id), vectors, payload))
}

fn split(vectors: Option<VectorStructInternal>) -> Result<(Vec<f32>, Sparse), KnowledgeError> {
    let Some(VectorStructInternal::Named(mut named)) = vectors else {
        return Err(KnowledgeError::Failed("it holds a point without vectors".into()));
    };
    let dense = match named.remove(DENSE) {
        Some(VectorInternal::Dense(values)) => values,
        _ => return Err(KnowledgeError::Failed("it holds a point without a dense vector".into())),
    };
    let lexical = match named.remove(LEXICAL) {
        Some(VectorInternal::Sparse(vector)) => Sparse { indices: vector.indices, values: vector.values },
        _ => Sparse::default(),
    };
    Ok((dense, lexical))
}
