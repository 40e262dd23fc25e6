//! The listener: TLS on a socket, with limits on time, size and number that hold before anybody has said who they are.

mod host;
mod patient;

pub(crate) use host::Hosts;

use crate::auth::PeerCertificates;
use crate::handle;
use crate::server::{Body, Core};
use host::misdirected;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use patient::Patient;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Connections served at once; more wait in the kernel's queue.
const CONNECTIONS: usize = 2048;

/// Requests of one HTTP/2 connection under way at once.
const STREAMS: u32 = 250;

/// Time for the handshake, and then for the first bytes and each request's headers.
const PATIENCE: Duration = Duration::from_secs(15);

/// Most bytes of headers.
const HEADERS: usize = 64 * 1024;

/// How often an idle HTTP/2 client is asked whether it is still there.
const PING: Duration = Duration::from_secs(30);

/// Time for answers under way when the server stops.
const GRACE: Duration = Duration::from_secs(10);

/// Serves connections until the server stops, then lets answers under way finish.
pub(super) async fn run(
    core: Arc<Core>,
    listener: TcpListener,
    tls: Arc<rustls::ServerConfig>,
) -> io::Result<()> {
    let acceptor = TlsAcceptor::from(tls);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let hosts = Arc::new(core.hosts.with_address(listener.local_addr()?));
    loop {
        let place = Arc::clone(&places)
            .acquire_owned()
            .await
            .map_err(io::Error::other)?;
        let (stream, peer) = tokio::select! {
            () = core.shutdown.cancelled() => break,
            accepted = accept(&listener) => accepted,
        };
        let (core, acceptor, hosts) = (Arc::clone(&core), acceptor.clone(), Arc::clone(&hosts));
        core.connections.clone().spawn(async move {
            if let Err(error) = connection(core, acceptor, hosts, stream).await {
                tracing::debug!(%peer, %error, "connection ended");
            }
            drop(place);
        });
    }
    drop(listener);
    finish(&core).await;
    Ok(())
}

/// Waits for answers under way, but not for ever.
pub(super) async fn finish(core: &Core) {
    core.connections.close();
    if tokio::time::timeout(GRACE, core.connections.wait())
        .await
        .is_err()
    {
        tracing::warn!("some clients did not take their answers in time");
    }
}

/// The next connection. Running out of descriptors passes; it must not end the server, nor make it spin.
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
    core: Arc<Core>,
    acceptor: TlsAcceptor,
    hosts: Arc<Hosts>,
    stream: TcpStream,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    stream.set_nodelay(true)?;
    let stream = tokio::time::timeout(PATIENCE, acceptor.accept(stream)).await??;
    let certificates = peer(&stream);
    let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let shutdown = core.shutdown.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let (core, hosts, certificates) = (Arc::clone(&core), Arc::clone(&hosts), certificates.clone());
        async move { Ok::<_, Infallible>(answer(core, &hosts, certificates, request).await) }
    });
    let io = TokioIo::new(Patient::new(stream, PATIENCE));
    if http2 {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .keep_alive_interval(PING);
        builder.max_header_list_size(u32::try_from(HEADERS).unwrap_or(u32::MAX));
        let mut connection = pin!(builder.serve_connection(io, service));
        tokio::select! {
            ended = connection.as_mut() => return Ok(ended?),
            () = shutdown.cancelled() => connection.as_mut().graceful_shutdown(),
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
        () = shutdown.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    Ok(connection.await?)
}

fn peer(stream: &TlsStream<TcpStream>) -> Option<PeerCertificates> {
    let certificates = stream.get_ref().1.peer_certificates()?;
    Some(PeerCertificates(Arc::new(
        certificates.iter().map(|one| one.clone().into_owned()).collect(),
    )))
}

async fn answer(
    core: Arc<Core>,
    hosts: &Hosts,
    certificates: Option<PeerCertificates>,
    request: Request<Incoming>,
) -> Response<Body> {
    if !hosts.allow(&request) {
        return misdirected();
    }
    let mut request = request.map(Body::new);
    if let Some(certificates) = certificates {
        request.extensions_mut().insert(certificates);
    }
    handle::serve(core, request).await
}
