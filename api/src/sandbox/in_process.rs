//! The sandbox of a store whose settings name a fixture instead of a shop: one for each fixture and process.

use super::{FixtureError, Options, RunningSandbox, Sandbox};
use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

#[derive(Debug, thiserror::Error)]
pub enum InProcessError {
    #[error(transparent)]
    Fixture(#[from] FixtureError),
    #[error("no port of this machine can be listened on")]
    Port(#[from] io::Error),
}

static RUNNING: LazyLock<Mutex<HashMap<PathBuf, Arc<RunningSandbox>>>> = LazyLock::new(Mutex::default);

/// The sandbox over this fixture; started, on a port of this machine, when it is first asked for. Must be called within
/// a tokio runtime, which then serves it.
pub fn over(fixture: &Path) -> Result<Arc<RunningSandbox>, InProcessError> {
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(sandbox) = running.get(fixture) {
        return Ok(sandbox.clone());
    }
    let sandbox = Sandbox::load(fixture, Options::default())?;
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    listener.set_nonblocking(true)?;
    let sandbox = Arc::new(sandbox.start(tokio::net::TcpListener::from_std(listener)?)?);
    running.insert(fixture.to_owned(), sandbox.clone());
    Ok(sandbox)
}
