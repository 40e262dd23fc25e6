//! The ports of `up`, all on 127.0.0.1. A default port that is taken is replaced by a free one and said; a port asked
//! for that is taken is an error; 0 asks for any free one.

use crate::cli::Up;
use crate::failure::Failure;
use crate::output::Output;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpListener;

/// The bound listeners.
pub(super) struct Ports {
    pub(super) api: TcpListener,
    pub(super) registry: TcpListener,
    pub(super) ui: TcpListener,
    pub(super) metrics: TcpListener,
}

impl Ports {
    /// Binds all of them, or says which cannot be.
    pub(super) async fn bind(flags: &Up, output: &Output) -> Result<Self, Failure> {
        Ok(Self {
            api: listen("API server", "--api-port", flags.api_port, 7443, output).await?,
            registry: listen("registry", "--registry-port", flags.registry_port, 5050, output).await?,
            ui: listen("web UI", "--ui-port", flags.ui_port, 7080, output).await?,
            // Metrics follow the UI: whoever asked for free ports gets a free one here too.
            metrics: listen("metrics", "--ui-port", flags.ui_port.map(|_| 0), 7081, output).await?,
        })
    }
}

async fn listen(
    what: &str,
    flag: &str,
    asked: Option<u16>,
    default: u16,
    output: &Output,
) -> Result<TcpListener, Failure> {
    let port = asked.unwrap_or(default);
    match TcpListener::bind(address(port)).await {
        Ok(listener) => Ok(listener),
        Err(_) if asked.is_none() => {
            let listener = TcpListener::bind(address(0)).await?;
            let got = listener.local_addr()?.port();
            output.note(format!("port {default} is taken; the {what} listens on {got}"));
            Ok(listener)
        }
        Err(error) => Err(Failure::new(format!("the {what} cannot listen on port {port}"))
            .because(error)
            .hint(format!("keyside up {flag} 0"))),
    }
}

fn address(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}
