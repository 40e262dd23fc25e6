//! The API server on a loopback port, without TLS or authentication: to try it with curl or kubectl.
//!
//! `cargo run -p keyside-apiserver --example serve -- 8001`, then `kubectl --server http://127.0.0.1:8001 get ns`.

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use keyside_apiserver::{ApiServer, UserInfo};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port: u16 = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "8001".to_owned())
        .parse()?;
    let server = ApiServer::builder().build().await?;
    let service = TowerToHyperService::new(server.in_process(UserInfo::admin("example")));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        let service = service.clone();
        tokio::spawn(async move {
            let builder = auto::Builder::new(TokioExecutor::new());
            if let Err(error) = builder.serve_connection(TokioIo::new(stream), service).await {
                tracing::debug!(%error, "connection ended");
            }
        });
    }
}
