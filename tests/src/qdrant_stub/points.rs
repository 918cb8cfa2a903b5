//! Points: stored, listed, counted, removed and searched.

use super::{Stub, convert, edge, refuse};
use qdrant_client::qdrant::{
    BatchResult, ClearPayloadPoints, CountPoints, CountResponse, CountResult, CreateFieldIndexCollection,
    CreateVectorNameRequest, DeleteFieldIndexCollection, DeletePayloadPoints, DeletePointVectors, DeletePoints,
    DeleteVectorNameRequest, DiscoverBatchPoints, DiscoverBatchResponse, DiscoverPoints, DiscoverResponse, FacetCounts,
    FacetResponse, FieldType, GetPoints, GetResponse, PointsOperationResponse, QueryBatchPoints, QueryBatchResponse,
    QueryGroupsResponse, QueryPointGroups, QueryPoints, QueryResponse, RecommendBatchPoints, RecommendBatchResponse,
    RecommendGroupsResponse, RecommendPointGroups, RecommendPoints, RecommendResponse, RetrievedPoint, ScoredPoint,
    ScrollPoints, ScrollResponse, SearchBatchPoints, SearchBatchResponse, SearchGroupsResponse,
    SearchMatrixOffsetsResponse, SearchMatrixPairsResponse, SearchMatrixPoints, SearchPointGroups, SearchPoints,
    SearchResponse, SetPayloadPoints, UpdateBatchPoints, UpdateBatchResponse, UpdatePointVectors, UpsertPoints,
    points_selector::PointsSelectorOneOf, points_server::Points, query::Variant,
};
use qdrant_edge::{
    CountRequest, CreateIndex, FieldIndexOperations, NamedQuery, PayloadFieldSchema, PayloadSchemaType,
    PointInsertOperations, PointOperations, QueryEnum, Record, ScrollRequest, SearchRequest, UpdateOperation,
};
use tonic::{Request, Response, Status};

type Reply<T> = Result<Response<T>, Status>;

fn done() -> Reply<PointsOperationResponse> {
    Ok(Response::new(PointsOperationResponse::default()))
}

#[tonic::async_trait]
impl Points for Stub {
    async fn upsert(&self, request: Request<UpsertPoints>) -> Reply<PointsOperationResponse> {
        let request = request.into_inner();
        let collection = self.collection(&request.collection_name)?;
        let points = request.points.into_iter().map(|point| convert::point(point).map(Into::into));
        let points = PointInsertOperations::PointsList(points.collect::<Result<_, _>>()?);
        let operation = UpdateOperation::PointOperation(PointOperations::UpsertPoints(points));
        collection.shard.update(operation).map_err(edge)?;
        done()
    }

    async fn delete(&self, request: Request<DeletePoints>) -> Reply<PointsOperationResponse> {
        let request = request.into_inner();
        let collection = self.collection(&request.collection_name)?;
        let Some(PointsSelectorOneOf::Points(ids)) = request.points.and_then(|points| points.points_selector_one_of)
        else {
            return Err(Status::unimplemented("the stub deletes by id only"));
        };
        let ids = ids.ids.into_iter().map(|id| convert::id(Some(id))).collect::<Result<_, _>>()?;
        let operation = UpdateOperation::PointOperation(PointOperations::DeletePoints { ids });
        collection.shard.update(operation).map_err(edge)?;
        done()
    }

    async fn get(&self, request: Request<GetPoints>) -> Reply<GetResponse> {
        let request = request.into_inner();
        let collection = self.collection(&request.collection_name)?;
        let ids = request.ids.into_iter().map(|id| convert::id(Some(id))).collect::<Result<Vec<_>, _>>()?;
        let payload = convert::with_payload(request.with_payload)?;
        let vectors = convert::with_vectors(request.with_vectors);
        let found = collection.shard.retrieve(&ids, Some(payload), Some(vectors)).map_err(edge)?;
        let result = found.into_iter().map(retrieved).collect();
        Ok(Response::new(GetResponse { result, ..GetResponse::default() }))
    }

    async fn create_field_index(&self, request: Request<CreateFieldIndexCollection>) -> Reply<PointsOperationResponse> {
        let request = request.into_inner();
        let collection = self.collection(&request.collection_name)?;
        let schema = match request.field_type.and_then(|kind| FieldType::try_from(kind).ok()) {
            Some(FieldType::Keyword) => PayloadSchemaType::Keyword,
            Some(FieldType::Integer) => PayloadSchemaType::Integer,
            other => return Err(Status::unimplemented(format!("the stub has no index for {other:?}"))),
        };
        let create = CreateIndex {
            field_name: request.field_name.parse().map_err(|()| Status::invalid_argument("a path"))?,
            field_schema: Some(PayloadFieldSchema::FieldType(schema)),
        };
        let operation = UpdateOperation::FieldIndexOperation(FieldIndexOperations::CreateIndex(create));
        collection.shard.update(operation).map_err(edge)?;
        done()
    }

    async fn scroll(&self, request: Request<ScrollPoints>) -> Reply<ScrollResponse> {
        let request = request.into_inner();
        let collection = self.collection(&request.collection_name)?;
        let scroll = ScrollRequest {
            offset: request.offset.map(|offset| convert::id(Some(offset))).transpose()?,
            limit: request.limit.map(|limit| limit as usize),
            filter: convert::filter(request.filter)?,
            with_payload: Some(convert::with_payload(request.with_payload)?),
            with_vector: convert::with_vectors(request.with_vectors),
            order_by: None,
        };
        let (records, next) = collection.shard.scroll(scroll).map_err(edge)?;
        Ok(Response::new(ScrollResponse {
            next_page_offset: next.map(convert::wire_id),
            result: records.into_iter().map(retrieved).collect(),
            ..ScrollResponse::default()
        }))
    }

    async fn count(&self, request: Request<CountPoints>) -> Reply<CountResponse> {
        let request = request.into_inner();
        let collection = self.collection(&request.collection_name)?;
        let filter = convert::filter(request.filter)?;
        let count = CountRequest { filter, exact: request.exact.unwrap_or(true) };
        let count = collection.shard.count(count).map_err(edge)? as u64;
        Ok(Response::new(CountResponse { result: Some(CountResult { count }), ..CountResponse::default() }))
    }

    async fn query_batch(&self, request: Request<QueryBatchPoints>) -> Reply<QueryBatchResponse> {
        let request = request.into_inner();
        let mut result = Vec::new();
        for query in request.query_points {
            // As the server does it: the name of the batch counts.
            result.push(BatchResult { result: self.nearest(&request.collection_name, query)? });
        }
        Ok(Response::new(QueryBatchResponse { result, ..QueryBatchResponse::default() }))
    }

    refuse! {
        update_vectors(UpdatePointVectors) -> PointsOperationResponse;
        delete_vectors(DeletePointVectors) -> PointsOperationResponse;
        set_payload(SetPayloadPoints) -> PointsOperationResponse;
        overwrite_payload(SetPayloadPoints) -> PointsOperationResponse;
        delete_payload(DeletePayloadPoints) -> PointsOperationResponse;
        clear_payload(ClearPayloadPoints) -> PointsOperationResponse;
        delete_field_index(DeleteFieldIndexCollection) -> PointsOperationResponse;
        create_vector_name(CreateVectorNameRequest) -> PointsOperationResponse;
        delete_vector_name(DeleteVectorNameRequest) -> PointsOperationResponse;
        search(SearchPoints) -> SearchResponse;
        search_batch(SearchBatchPoints) -> SearchBatchResponse;
        search_groups(SearchPointGroups) -> SearchGroupsResponse;
        recommend(RecommendPoints) -> RecommendResponse;
        recommend_batch(RecommendBatchPoints) -> RecommendBatchResponse;
        recommend_groups(RecommendPointGroups) -> RecommendGroupsResponse;
        discover(DiscoverPoints) -> DiscoverResponse;
        discover_batch(DiscoverBatchPoints) -> DiscoverBatchResponse;
        update_batch(UpdateBatchPoints) -> UpdateBatchResponse;
        query(QueryPoints) -> QueryResponse;
        query_groups(QueryPointGroups) -> QueryGroupsResponse;
        facet(FacetCounts) -> FacetResponse;
        search_matrix_pairs(SearchMatrixPoints) -> SearchMatrixPairsResponse;
        search_matrix_offsets(SearchMatrixPoints) -> SearchMatrixOffsetsResponse;
    }
}

impl Stub {
    fn nearest(&self, collection: &str, query: QueryPoints) -> Result<Vec<ScoredPoint>, Status> {
        let collection = self.collection(collection)?;
        let Some(Variant::Nearest(vector)) = query.query.and_then(|query| query.variant) else {
            return Err(Status::unimplemented("the stub searches by a vector only"));
        };
        let vector = convert::query_vector(vector)?;
        let search = SearchRequest {
            query: QueryEnum::Nearest(NamedQuery::new(vector, query.using.unwrap_or_default())),
            filter: convert::filter(query.filter)?,
            params: None,
            limit: query.limit.unwrap_or(10) as usize,
            offset: 0,
            with_payload: Some(convert::with_payload(query.with_payload)?),
            with_vector: None,
            score_threshold: None,
        };
        let found = collection.shard.search(search).map_err(edge)?;
        let wire = |point: qdrant_edge::ScoredPoint| ScoredPoint {
            id: Some(convert::wire_id(point.id)),
            payload: convert::payload(point.payload),
            score: point.score,
            ..ScoredPoint::default()
        };
        Ok(found.into_iter().map(wire).collect())
    }
}

fn retrieved(record: Record) -> RetrievedPoint {
    RetrievedPoint {
        id: Some(convert::wire_id(record.id)),
        payload: convert::payload(record.payload),
        vectors: convert::vectors(record.vector),
        ..RetrievedPoint::default()
    }
}
