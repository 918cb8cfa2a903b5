//! The server's messages as Qdrant Edge's types, and back.

use super::edge;
use qdrant_client::qdrant::{
    Condition, DenseVector, FieldCondition, Filter, NamedVectorsOutput, PointId, PointStruct, SparseVector, Value,
    Vector as WireVector, VectorInput, VectorOutput, VectorsOutput, WithPayloadSelector, WithVectorsSelector,
    condition::ConditionOneOf, r#match::MatchValue, point_id::PointIdOptions, vector, vector_input, vector_output,
    vectors::VectorsOptions, vectors_output, with_payload_selector, with_vectors_selector,
};
use qdrant_edge::{
    JsonPath, Payload, PointId as EdgeId, PointStruct as EdgePoint, Vector, VectorInternal, VectorStructInternal,
    Vectors, WithPayloadInterface, WithVector,
};
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use tonic::Status;

pub fn id(id: Option<PointId>) -> Result<EdgeId, Status> {
    match id.and_then(|id| id.point_id_options) {
        Some(PointIdOptions::Uuid(text)) => Ok(EdgeId::Uuid(text.parse().map_err(edge)?)),
        Some(PointIdOptions::Num(number)) => Ok(EdgeId::NumId(number)),
        None => Err(Status::invalid_argument("a point id is missing")),
    }
}

pub fn wire_id(id: EdgeId) -> PointId {
    match id {
        EdgeId::Uuid(id) => PointId::from(id.to_string()),
        EdgeId::NumId(number) => PointId::from(number),
    }
}

pub fn point(point: PointStruct) -> Result<EdgePoint, Status> {
    let named = match point.vectors.and_then(|vectors| vectors.vectors_options) {
        Some(VectorsOptions::Vectors(named)) => named.vectors,
        _ => return Err(Status::invalid_argument("the stub knows named vectors only")),
    };
    let named = named.into_iter().map(|(name, vector)| Ok((name, stored_vector(vector)?)));
    let named = named.collect::<Result<Vec<(String, Vector)>, Status>>()?;
    let payload: serde_json::Map<String, Json> =
        point.payload.into_iter().map(|(key, value)| (key, value.into_json())).collect();
    Ok(EdgePoint::new(id(point.id)?, Vectors::new_named(named), Json::Object(payload)))
}

fn stored_vector(vector: WireVector) -> Result<Vector, Status> {
    match vector.vector {
        Some(vector::Vector::Dense(dense)) => Ok(Vector::new_dense(dense.data)),
        Some(vector::Vector::Sparse(sparse)) => Vector::new_sparse(sparse.indices, sparse.values).map_err(edge),
        _ => Err(Status::invalid_argument("the stub knows dense and sparse vectors only")),
    }
}

pub fn query_vector(vector: VectorInput) -> Result<VectorInternal, Status> {
    match vector.variant {
        Some(vector_input::Variant::Dense(dense)) => Ok(VectorInternal::Dense(dense.data)),
        Some(vector_input::Variant::Sparse(sparse)) => {
            Ok(Vector::new_sparse(sparse.indices, sparse.values).map_err(edge)?.0)
        }
        _ => Err(Status::invalid_argument("the stub knows dense and sparse queries only")),
    }
}

pub fn filter(filter: Option<Filter>) -> Result<Option<qdrant_edge::Filter>, Status> {
    let Some(filter) = filter else { return Ok(None) };
    if !filter.should.is_empty() || !filter.must_not.is_empty() || filter.min_should.is_some() {
        return Err(Status::unimplemented("the stub knows 'must' only"));
    }
    let must = filter.must.into_iter().map(condition).collect::<Result<Vec<Json>, Status>>()?;
    serde_json::from_value(json!({ "must": must })).map(Some).map_err(edge)
}

fn condition(condition: Condition) -> Result<Json, Status> {
    let Some(ConditionOneOf::Field(FieldCondition { key, r#match, range, .. })) = condition.condition_one_of else {
        return Err(Status::unimplemented("the stub knows conditions on fields only"));
    };
    match (r#match.and_then(|found| found.match_value), range) {
        (Some(MatchValue::Keyword(word)), None) => Ok(json!({ "key": key, "match": { "value": word } })),
        (Some(MatchValue::Keywords(words)), None) => Ok(json!({ "key": key, "match": { "any": words.strings } })),
        (None, Some(range)) => {
            let range = json!({ "lt": range.lt, "gt": range.gt, "gte": range.gte, "lte": range.lte });
            Ok(json!({ "key": key, "range": range }))
        }
        _ => Err(Status::unimplemented("the stub knows keywords and ranges only")),
    }
}

pub fn with_payload(selector: Option<WithPayloadSelector>) -> Result<WithPayloadInterface, Status> {
    match selector.and_then(|selector| selector.selector_options) {
        None => Ok(WithPayloadInterface::Bool(false)),
        Some(with_payload_selector::SelectorOptions::Enable(enable)) => Ok(WithPayloadInterface::Bool(enable)),
        Some(with_payload_selector::SelectorOptions::Include(include)) => {
            let path = |field: String| field.parse::<JsonPath>().map_err(|()| Status::invalid_argument("a path"));
            Ok(WithPayloadInterface::Fields(include.fields.into_iter().map(path).collect::<Result<_, _>>()?))
        }
        Some(with_payload_selector::SelectorOptions::Exclude(_)) => Err(Status::unimplemented("excluded fields")),
    }
}

pub fn with_vectors(selector: Option<WithVectorsSelector>) -> WithVector {
    match selector.and_then(|selector| selector.selector_options) {
        None => WithVector::Bool(false),
        Some(with_vectors_selector::SelectorOptions::Enable(enable)) => WithVector::Bool(enable),
        Some(with_vectors_selector::SelectorOptions::Include(include)) => WithVector::Selector(include.names),
    }
}

pub fn payload(payload: Option<Payload>) -> HashMap<String, Value> {
    qdrant_client::Payload::from(payload.map(|payload| payload.0).unwrap_or_default()).into()
}

pub fn vectors(vectors: Option<VectorStructInternal>) -> Option<VectorsOutput> {
    let Some(VectorStructInternal::Named(named)) = vectors else { return None };
    let wire = |(name, vector)| {
        let vector = match vector {
            VectorInternal::Dense(data) => vector_output::Vector::Dense(DenseVector { data }),
            VectorInternal::Sparse(sparse) => {
                vector_output::Vector::Sparse(SparseVector { values: sparse.values, indices: sparse.indices })
            }
            VectorInternal::MultiDense(_) => return None,
        };
        Some((name, VectorOutput { vector: Some(vector), ..VectorOutput::default() }))
    };
    let vectors = NamedVectorsOutput { vectors: named.into_iter().filter_map(wire).collect() };
    Some(VectorsOutput { vectors_options: Some(vectors_output::VectorsOptions::Vectors(vectors)) })
}
