//! Our types as the server's messages, and back.

use crate::index::{
    DENSE, IndexMeta, LEXICAL, failed,
    point::{KEY_FIELDS, Point, Sparse, day_number},
};
use engine::ports::{KnowledgeError, SearchQuery};
use qdrant_client::{
    Payload,
    qdrant::{
        Condition, Filter, NamedVectors, PayloadIncludeSelector, PointId, PointStruct, Query, QueryPoints,
        QueryPointsBuilder, Range, Value, Vector, VectorInput, VectorsOutput, VectorsSelector,
        point_id::PointIdOptions, vector_output, with_payload_selector, with_vectors_selector,
    },
};
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use uuid::Uuid;

pub fn point(point: Point) -> PointStruct {
    let serde_json::Value::Object(payload) = serde_json::to_value(point.fields).expect("plain data") else {
        unreachable!("a struct is an object");
    };
    let vectors = NamedVectors::default()
        .add_vector(DENSE, Vector::new_dense(point.dense))
        .add_vector(LEXICAL, Vector::new_sparse(point.lexical.indices, point.lexical.values));
    PointStruct::new(point_id(&point.id), vectors, Payload::from(payload))
}

pub fn dense_query(collection: &str, query: &SearchQuery, depth: usize) -> QueryPoints {
    let vector = Query::new_nearest(VectorInput::new_dense(query.embedding.values.clone()));
    list(collection, query, vector, DENSE, depth)
}

pub fn lexical_query(collection: &str, query: &SearchQuery, words: &Sparse, depth: usize) -> QueryPoints {
    let vector = Query::new_nearest(VectorInput::new_sparse(words.indices.clone(), words.values.clone()));
    list(collection, query, vector, LEXICAL, depth)
}

fn list(collection: &str, query: &SearchQuery, vector: Query, using: &str, depth: usize) -> QueryPoints {
    let mut request =
        QueryPointsBuilder::new(collection).query(vector).using(using).limit(depth as u64).with_payload(true);
    if let Some(filter) = search_filter(query) {
        request = request.filter(filter);
    }
    request.build()
}

fn search_filter(query: &SearchQuery) -> Option<Filter> {
    let mut must = Vec::new();
    if !query.kinds.is_empty() {
        let kinds: Vec<String> = query.kinds.iter().map(|kind| kind.as_str().to_owned()).collect();
        must.push(Condition::matches("kind", kinds));
    }
    must.extend(query.tags.iter().map(|tag| Condition::matches("tags", tag.clone())));
    if let Some(day) = query.valid_on {
        let day = day_number(day) as f64;
        must.push(Condition::range("valid_from", Range { lte: Some(day), ..Range::default() }));
        must.push(Condition::range("valid_to", Range { gte: Some(day), ..Range::default() }));
    }
    (!must.is_empty()).then(|| Filter::must(must))
}

pub fn doc_filter(doc: &str) -> Filter {
    Filter::must([Condition::matches("doc", doc.to_owned())])
}

pub fn key_fields() -> with_payload_selector::SelectorOptions {
    PayloadIncludeSelector { fields: KEY_FIELDS.iter().map(|name| (*name).to_owned()).collect() }.into()
}

pub fn dense_only() -> with_vectors_selector::SelectorOptions {
    VectorsSelector { names: vec![DENSE.to_owned()] }.into()
}

pub fn point_id(id: &Uuid) -> PointId {
    PointId::from(id.to_string())
}

pub fn uuid(id: Option<PointId>) -> Result<Uuid, KnowledgeError> {
    match id.and_then(|id| id.point_id_options) {
        Some(PointIdOptions::Uuid(text)) => text.parse().map_err(|error| failed("reading the id of a point", error)),
        Some(PointIdOptions::Num(number)) => {
            Err(KnowledgeError::Failed(format!("the collection holds a point that is not ours: {number}")))
        }
        None => Err(KnowledgeError::Failed("the server returned a point without an id".into())),
    }
}

pub fn json<T: DeserializeOwned>(payload: HashMap<String, Value>) -> Result<T, KnowledgeError> {
    Payload::from(payload).deserialize().map_err(|error| failed("reading a passage", error))
}

pub fn dense(vectors: Option<VectorsOutput>) -> Result<Vec<f32>, KnowledgeError> {
    match vectors.and_then(|vectors| vectors.get_vector_by_name(DENSE)) {
        Some(vector_output::Vector::Dense(vector)) => Ok(vector.data),
        _ => Err(KnowledgeError::Failed("the server returned a point without its dense vector".into())),
    }
}

pub fn meta_to_json(meta: &IndexMeta) -> HashMap<String, serde_json::Value> {
    HashMap::from([("shopclerk".to_owned(), serde_json::to_value(meta).expect("plain data"))])
}

pub fn meta_from_json(mut metadata: HashMap<String, Value>) -> Result<IndexMeta, KnowledgeError> {
    let ours = metadata.remove("shopclerk").unwrap_or_default();
    serde_json::from_value(ours.into_json()).map_err(|error| failed("reading the collection's metadata", error))
}
