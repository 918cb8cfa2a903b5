//! Collections and aliases.

use super::{Collection, Stub, edge, refuse};
use qdrant_client::qdrant::{
    AliasDescription, ChangeAliases, CollectionClusterInfoRequest, CollectionClusterInfoResponse, CollectionConfig,
    CollectionDescription, CollectionExistsRequest, CollectionExistsResponse, CollectionInfo,
    CollectionOperationResponse, CreateCollection, CreateShardKeyRequest, CreateShardKeyResponse, DeleteCollection,
    DeleteShardKeyRequest, DeleteShardKeyResponse, GetCollectionInfoRequest, GetCollectionInfoResponse,
    ListAliasesRequest, ListAliasesResponse, ListCollectionAliasesRequest, ListCollectionsRequest,
    ListCollectionsResponse, ListShardKeysRequest, ListShardKeysResponse, Modifier as WireModifier, UpdateCollection,
    UpdateCollectionClusterSetupRequest, UpdateCollectionClusterSetupResponse, alias_operations::Action,
    collections_server::Collections, vectors_config::Config,
};
use qdrant_edge::{Distance, EdgeConfig, EdgeShard, EdgeSparseVectorParams, EdgeVectorParams, Modifier};
use std::sync::Arc;
use tonic::{Request, Response, Status};

type Reply<T> = Result<Response<T>, Status>;

fn done() -> Reply<CollectionOperationResponse> {
    Ok(Response::new(CollectionOperationResponse { result: true, time: 0.0 }))
}

#[tonic::async_trait]
impl Collections for Stub {
    async fn get(&self, request: Request<GetCollectionInfoRequest>) -> Reply<GetCollectionInfoResponse> {
        let collection = self.collection(&request.get_ref().collection_name)?;
        let config = CollectionConfig { metadata: collection.metadata.clone(), ..CollectionConfig::default() };
        let info = CollectionInfo { config: Some(config), ..CollectionInfo::default() };
        Ok(Response::new(GetCollectionInfoResponse { result: Some(info), time: 0.0 }))
    }

    async fn list(&self, _: Request<ListCollectionsRequest>) -> Reply<ListCollectionsResponse> {
        let state = self.state.read().map_err(edge)?;
        let collections = state.collections.keys().map(|name| CollectionDescription { name: name.clone() }).collect();
        Ok(Response::new(ListCollectionsResponse { collections, time: 0.0 }))
    }

    async fn create(&self, request: Request<CreateCollection>) -> Reply<CollectionOperationResponse> {
        let request = request.into_inner();
        let config = edge_config(&request)?;
        let dir = tempfile::tempdir().map_err(edge)?;
        let shard = EdgeShard::new(dir.path(), config).map_err(edge)?;
        let collection = Collection { shard, metadata: request.metadata, _dir: dir };
        let mut state = self.state.write().map_err(edge)?;
        if state.collections.contains_key(&request.collection_name) {
            return Err(Status::already_exists(format!("Collection `{}` already exists!", request.collection_name)));
        }
        state.collections.insert(request.collection_name, Arc::new(collection));
        drop(state);
        done()
    }

    async fn delete(&self, request: Request<DeleteCollection>) -> Reply<CollectionOperationResponse> {
        let name = request.into_inner().collection_name;
        let mut state = self.state.write().map_err(edge)?;
        state.collections.remove(&name);
        state.aliases.retain(|_, collection| *collection != name);
        drop(state);
        done()
    }

    async fn update_aliases(&self, request: Request<ChangeAliases>) -> Reply<CollectionOperationResponse> {
        // One lock over all actions: a searcher sees all of them or none.
        let mut state = self.state.write().map_err(edge)?;
        for action in request.into_inner().actions.into_iter().filter_map(|operation| operation.action) {
            match action {
                Action::CreateAlias(create) => {
                    if !state.collections.contains_key(&create.collection_name) {
                        return Err(Status::not_found(format!(
                            "Collection `{}` doesn't exist!",
                            create.collection_name
                        )));
                    }
                    state.aliases.insert(create.alias_name, create.collection_name);
                }
                Action::DeleteAlias(delete) => {
                    state.aliases.remove(&delete.alias_name);
                }
                Action::RenameAlias(_) => return Err(Status::unimplemented("the stub does not rename aliases")),
            }
        }
        drop(state);
        done()
    }

    async fn list_aliases(&self, _: Request<ListAliasesRequest>) -> Reply<ListAliasesResponse> {
        let state = self.state.read().map_err(edge)?;
        let describe = |(alias, collection): (&String, &String)| AliasDescription {
            alias_name: alias.clone(),
            collection_name: collection.clone(),
        };
        let aliases = state.aliases.iter().map(describe).collect();
        Ok(Response::new(ListAliasesResponse { aliases, time: 0.0 }))
    }

    refuse! {
        update(UpdateCollection) -> CollectionOperationResponse;
        list_collection_aliases(ListCollectionAliasesRequest) -> ListAliasesResponse;
        collection_cluster_info(CollectionClusterInfoRequest) -> CollectionClusterInfoResponse;
        collection_exists(CollectionExistsRequest) -> CollectionExistsResponse;
        update_collection_cluster_setup(UpdateCollectionClusterSetupRequest) -> UpdateCollectionClusterSetupResponse;
        create_shard_key(CreateShardKeyRequest) -> CreateShardKeyResponse;
        delete_shard_key(DeleteShardKeyRequest) -> DeleteShardKeyResponse;
        list_shard_keys(ListShardKeysRequest) -> ListShardKeysResponse;
    }
}

/// Named cosine vectors and sparse vectors: what this project creates.
fn edge_config(request: &CreateCollection) -> Result<EdgeConfig, Status> {
    let mut config = EdgeConfig::builder();
    match request.vectors_config.as_ref().and_then(|vectors| vectors.config.as_ref()) {
        Some(Config::ParamsMap(params)) => {
            for (name, params) in &params.map {
                if params.distance() != qdrant_client::qdrant::Distance::Cosine {
                    return Err(Status::invalid_argument("the stub knows cosine only"));
                }
                let params = EdgeVectorParams::builder(params.size as usize, Distance::Cosine).build();
                config = config.vector(name.clone(), params);
            }
        }
        _ => return Err(Status::invalid_argument("the stub knows named vectors only")),
    }
    for (name, params) in request.sparse_vectors_config.iter().flat_map(|sparse| &sparse.map) {
        let mut sparse = EdgeSparseVectorParams::builder();
        if params.modifier == Some(WireModifier::Idf as i32) {
            sparse = sparse.modifier(Modifier::Idf);
        }
        config = config.sparse_vector(name.clone(), sparse.build());
    }
    Ok(config.build())
}
