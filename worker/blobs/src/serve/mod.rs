//! The server: HTTP/1.1, read only, for anyone.
//!
//! | path | gives |
//! |---|---|
//! | `/blobs/{blake3}` | the bytes of a blob, or a range of them |
//! | `/blobs/{blake3}/groups` | the chaining values of its groups, 32 bytes each; nothing where one group is the whole |
//! | `/results/{root}` | the file of a result, or a range of it |
//! | `/healthz` | `ok` |
//!
//! Hashes are 64 hexadecimal digits.

mod connection;
mod routes;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{watch, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use crate::error::BlobError;
use crate::store::Store;
use connection::Watched;

/// How long downloads may go on when the server is to stop. What is cut off can be gone on with elsewhere.
const GRACE: Duration = Duration::from_secs(5);

/// How long to wait when a connection can't be accepted: mostly there are too many open files, which takes a moment.
const RETRY: Duration = Duration::from_millis(100);

/// What a server takes upon itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time, each with one request at a time. More have to wait.
    pub connections: usize,
    /// How long a connection may stand still: no bytes in, no bytes out.
    pub idle: Duration,
}

impl Default for Limits {
    /// 128 connections, 30 seconds.
    fn default() -> Self {
        Self { connections: 128, idle: Duration::from_secs(30) }
    }
}

/// Serves a store until `shutdown` is done, then lets downloads go on for a few seconds.
///
/// # Errors
///
/// [`Serve`](BlobError::Serve) if the listener is of no use.
pub async fn serve(listener: TcpListener, store: Store, shutdown: impl Future) -> Result<(), BlobError> {
    serve_with(listener, store, Limits::default(), shutdown).await
}

/// [`serve()`] with other limits.
///
/// # Errors
///
/// [`Serve`](BlobError::Serve) if the listener is of no use.
pub async fn serve_with(
    listener: TcpListener,
    store: Store,
    limits: Limits,
    shutdown: impl Future,
) -> Result<(), BlobError> {
    let address = listener.local_addr().map_err(BlobError::Serve)?;
    tracing::info!(%address, "serving blobs");
    let app = routes::routes(store);
    let slots = Arc::new(Semaphore::new(limits.connections));
    let (stop, stopping) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let (stream, slot) = tokio::select! {
            accepted = accept(&listener, &slots) => accepted,
            _ = shutdown.as_mut() => break,
        };
        connections.spawn(answer(Watched::new(stream, limits.idle), slot, app.clone(), stopping.clone()));
        while connections.try_join_next().is_some() {}
    }
    drop((listener, stop));
    let ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, ended).await.is_err() {
        tracing::info!("cut off the downloads that were left");
    }
    Ok(())
}

/// The next connection, once there is a slot for it.
async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> (TcpStream, OwnedSemaphorePermit) {
    let slot = Arc::clone(slots).acquire_owned().await.expect("nobody closes the semaphore");
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, slot),
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

/// Answers the requests of one connection. It ends after the one at hand when the sender of `stopping` is gone.
async fn answer(stream: Watched, slot: OwnedSemaphorePermit, app: Router, mut stopping: watch::Receiver<()>) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new());
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(app)));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stopping.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
    drop(slot);
}
