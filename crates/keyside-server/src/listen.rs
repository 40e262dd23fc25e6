//! Listeners: over TLS those of the webhook and of the web UI, with limits that hold before anybody has said anything; plain ones
//! for probes and metrics. When told to stop, they let answers under way finish.

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::future::IntoFuture as _;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Connections served at once; more wait in the kernel's queue.
const CONNECTIONS: usize = 1024;
/// Requests of one HTTP/2 connection under way at once; an API server uses one connection for all its reviews.
const STREAMS: u32 = 1000;
/// Time for the handshake, and then for each request's headers.
const PATIENCE: Duration = Duration::from_secs(5);
/// Time for a whole review: API servers do not wait that long.
pub(crate) const REVIEW: Duration = Duration::from_secs(10);
/// Time for a page, before its first byte: a registry that is asked on the way may take 15 s.
pub(crate) const PAGE: Duration = Duration::from_secs(30);
/// Most bytes of headers.
const HEADERS: usize = 64 * 1024;
/// How often an idle HTTP/2 client is asked whether it is still there.
const PING: Duration = Duration::from_secs(30);
/// Time for answers under way when told to stop.
pub(crate) const GRACE: Duration = Duration::from_secs(5);

/// Serves over TLS until told to stop. An answer that has not begun after `patience` is given up. Who asks is in each request, as
/// axum's [`ConnectInfo`].
pub(crate) async fn over_tls(
    listener: TcpListener,
    tls: Arc<rustls::ServerConfig>,
    router: Router,
    patience: Duration,
    stop: CancellationToken,
) {
    let acceptor = TlsAcceptor::from(tls);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let timeout =
        tower_http::timeout::TimeoutLayer::with_status_code(http::StatusCode::REQUEST_TIMEOUT, patience);
    let router = router.layer(timeout);
    let connections = TaskTracker::new();
    loop {
        let place = places
            .clone()
            .acquire_owned()
            .await
            .expect("the places are never closed");
        let (stream, address) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accept(&listener) => accepted,
        };
        let (acceptor, stop) = (acceptor.clone(), stop.clone());
        let router = router.clone().layer(Extension(ConnectInfo(address)));
        connections.spawn(async move {
            if let Err(error) = connection(acceptor, router, stream, stop).await {
                tracing::debug!(%error, "a connection ended");
            }
            drop(place);
        });
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(GRACE, connections.wait()).await.is_err() {
        tracing::warn!("some callers did not take their answers in time");
    }
}

/// The next connection. Running out of descriptors passes; it must not end the listener, nor make it spin.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted for a moment");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn connection(
    acceptor: TlsAcceptor,
    router: Router,
    stream: TcpStream,
    stop: CancellationToken,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    stream.set_nodelay(true)?;
    let stream = tokio::time::timeout(PATIENCE, acceptor.accept(stream)).await??;
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let (io, service) = (TokioIo::new(stream), TowerToHyperService::new(router));
    if is_http2 {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .keep_alive_interval(PING);
        builder.max_header_list_size(u32::try_from(HEADERS).unwrap_or(u32::MAX));
        let mut connection = pin!(builder.serve_connection(io, service));
        tokio::select! {
            ended = connection.as_mut() => return Ok(ended?),
            () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
        }
        return Ok(connection.await?);
    }
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(HEADERS);
    let mut connection = pin!(builder.serve_connection(io, service));
    tokio::select! {
        ended = connection.as_mut() => return Ok(ended?),
        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    Ok(connection.await?)
}

/// Serves without TLS until told to stop: probes and metrics.
pub(crate) async fn plain(listener: TcpListener, router: Router, stop: CancellationToken) {
    let served = axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
    let ended = async {
        stop.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        result = served.into_future() => {
            if let Err(error) = result {
                tracing::error!(%error, "a listener ended");
            }
        }
        // A scrape that is never read to its end must not hold anybody back.
        () = ended => {}
    }
}
