//! A Qdrant server for tests: the real gRPC interface, as generated for `qdrant-client`, over Qdrant Edge shards.
//!
//! It answers the calls that this project makes and refuses all others by name, so that a test fails when the
//! project starts to make one. What it holds is gone when it is dropped.

mod collections;
mod convert;
mod points;

use qdrant_client::qdrant::{
    HealthCheckReply, HealthCheckRequest, Value,
    collections_server::CollectionsServer,
    points_server::PointsServer,
    qdrant_server::{Qdrant, QdrantServer},
};
use qdrant_edge::EdgeShard;
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, RwLock},
};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, transport::Server};

/// A server on a loopback port; it stops when this is dropped.
pub struct QdrantStub {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl QdrantStub {
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a loopback port is free");
        let address = listener.local_addr().expect("it is bound");
        let stub = Stub::default();
        let serving = Server::builder()
            .add_service(CollectionsServer::new(stub.clone()))
            .add_service(PointsServer::new(stub.clone()).max_decoding_message_size(64 * 1024 * 1024))
            .add_service(QdrantServer::new(stub))
            .serve_with_incoming(TcpListenerStream::new(listener));
        let serving = tokio::spawn(async move { serving.await.expect("the stub serves until it is dropped") });
        Self { address, serving }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for QdrantStub {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// What the three services share.
#[derive(Clone, Default)]
struct Stub {
    state: Arc<RwLock<State>>,
}

#[derive(Default)]
struct State {
    collections: HashMap<String, Arc<Collection>>,
    aliases: HashMap<String, String>,
}

struct Collection {
    shard: EdgeShard,
    metadata: HashMap<String, Value>,
    // Dropped after the shard that lies in it.
    _dir: tempfile::TempDir,
}

impl Stub {
    /// The collection of that name or behind that alias.
    fn collection(&self, name: &str) -> Result<Arc<Collection>, Status> {
        let state = self.state.read().map_err(|_| Status::internal("poisoned"))?;
        let name = state.aliases.get(name).map_or(name, String::as_str);
        let found = state.collections.get(name).cloned();
        found.ok_or_else(|| Status::not_found(format!("Not found: Collection `{name}` doesn't exist!")))
    }
}

#[tonic::async_trait]
impl Qdrant for Stub {
    async fn health_check(&self, _: Request<HealthCheckRequest>) -> Result<Response<HealthCheckReply>, Status> {
        Ok(Response::new(HealthCheckReply { title: "stub".into(), version: "1.17.0".into(), commit: None }))
    }
}

fn edge(error: impl std::fmt::Display) -> Status {
    Status::internal(error.to_string())
}

/// Methods of a service that this project does not call.
macro_rules! refuse {
    ($($method:ident($request:ty) -> $response:ty;)*) => {$(
        fn $method<'s, 'f>(
            &'s self,
            _: tonic::Request<$request>,
        ) -> std::pin::Pin<Box<dyn Future<Output = Result<tonic::Response<$response>, tonic::Status>> + Send + 'f>>
        where
            's: 'f,
            Self: 'f,
        {
            Box::pin(async { Err(tonic::Status::unimplemented(concat!("the stub does not know ", stringify!($method)))) })
        }
    )*};
}
use refuse;
