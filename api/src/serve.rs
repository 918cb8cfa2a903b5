//! A socket in front of the router, and a stop that lets running questions finish.

use crate::{app::App, router};
use std::{future::Future, io, time::Duration};
use tokio::{net::TcpListener, sync::oneshot, time::timeout};

/// How a server ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    /// Every running request finished.
    Drained,
    /// Some were still running when the grace period was over.
    Cut,
}

/// Serves until `stop` resolves, then takes no new connection and gives running requests, and mails that were promised,
/// `grace` to finish.
pub async fn serve(
    listener: TcpListener,
    app: App,
    grace: Duration,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<Ended> {
    let (told, heard) = oneshot::channel::<()>();
    let signal = {
        let app = app.clone();
        async move {
            stop.await;
            app.stop();
            tracing::info!("stopping: running questions finish, no new ones are taken");
            let _ = told.send(());
        }
    };
    let identity = app.identity.clone();
    let server = axum::serve(listener, router(app)).with_graceful_shutdown(signal);
    let mut server = tokio::spawn(async move { server.await });
    tokio::select! {
        ended = &mut server => ended.map_err(io::Error::other)?.map(|()| Ended::Drained),
        _ = heard => {
            let finish = async {
                let ended = (&mut server).await;
                identity.drained().await;
                ended
            };
            match timeout(grace, finish).await {
                Ok(ended) => ended.map_err(io::Error::other)?.map(|()| Ended::Drained),
                Err(_) => {
                    server.abort();
                    Ok(Ended::Cut)
                }
            }
        }
    }
}

/// Resolves when the process is asked to stop: Ctrl-C, or SIGTERM where there is one.
pub async fn asked_to_stop() {
    let interrupt = async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(error.cause = %error, "Ctrl-C cannot be heard");
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(error) => {
                tracing::error!(error.cause = %error, "SIGTERM cannot be heard");
                std::future::pending::<()>().await;
            }
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
