//! `shopclerk serve`: answer over HTTP until told to stop.

use super::{CommandError, Exit, cli::ServeArgs, operator};
use crate::{
    approved::recheck::with_desks,
    error::chain,
    retention::Purger,
    serve::{Ended, asked_to_stop, serve},
    wiring::House,
};
use std::{net::SocketAddr, time::Instant};
use tokio::net::TcpListener;

pub async fn run(mut house: House, args: ServeArgs) -> Result<Exit, CommandError> {
    if let Some(bind) = args.bind {
        house.config.http.bind = bind;
    }
    // Before the models, so that a port that is taken is known at once.
    let listener = listen(house.config.http.bind).await?;
    let started = Instant::now();
    let loaded = tokio::select! {
        models = house.load_models() => Some(models?),
        () = asked_to_stop() => None,
    };
    let Some(models) = loaded else { return Ok(Exit::Done) };
    house.move_to_sandboxes();
    let (app, supervisor, deliverer) = house.serving(&models, operator).await?;
    // A sync that was killed after it published has compared nothing: before the first question it is made good.
    for store in with_desks(&house.places.data) {
        if let Err(error) = supervisor.index.recheck(&operator(&store)).await {
            tracing::warn!(store.id = %store, error.cause = %chain(&error), "approved answers not compared with the index");
        }
    }
    tracing::info!(
        http.bind = %house.config.http.bind,
        model.embedder = app.loaded.embedder,
        model.reranker = app.loaded.reranker,
        model.generator = app.loaded.generator,
        duration_ms = started.elapsed().as_secs_f64() * 1000.0,
        "ready"
    );
    let purger = Purger { desks: app.desks.clone(), data: house.places.data.clone(), pass: operator };
    let background = [tokio::spawn(supervisor.run()), tokio::spawn(deliverer.run()), tokio::spawn(purger.run())];
    let ended = until_stopped(&house, listener, app).await;
    // What it was doing stands in the stores' databases, and goes on at the next start.
    background.iter().for_each(tokio::task::JoinHandle::abort);
    ended
}

pub async fn listen(bind: SocketAddr) -> Result<TcpListener, CommandError> {
    TcpListener::bind(bind).await.map_err(CommandError::io(format!(
        "{bind} cannot be listened on; choose another address with --bind, or http.bind in shopclerk.toml"
    )))
}

pub async fn until_stopped(house: &House, listener: TcpListener, app: crate::App) -> Result<Exit, CommandError> {
    let grace = house.config.http.shutdown_grace();
    let ended = serve(listener, app, grace, asked_to_stop()).await.map_err(CommandError::io("the server failed"))?;
    match ended {
        Ended::Drained => tracing::info!("stopped"),
        Ended::Cut => tracing::warn!(grace_ms = house.config.http.shutdown_grace_ms, "stopped with requests running"),
    }
    Ok(Exit::Done)
}
