//! The web UI of `keyside serve`: pages that ask this API server in the name of whoever signs in with a token.

use super::listen;
use crate::cli::Serve;
use crate::failure::Failure;
use crate::output::Output;
use keyside_server::{CertificateFiles, Pages};
use keyside_web::{self as web, Door};
use tokio_util::sync::CancellationToken;

/// Listens, if a port was given.
pub(super) async fn pages(
    flags: &Serve,
    cluster: kube::Config,
    stop: &CancellationToken,
    output: &Output,
) -> Result<Option<Pages>, Failure> {
    let Some(port) = flags.ui_port else {
        return Ok(None);
    };
    let has_own = !flags.no_webhook;
    if flags.ui_certificate.is_none() && !has_own {
        return Err(
            Failure::new("the web UI has no certificate: without the webhook keyside makes none")
                .hint("keyside serve --ui-port 8443 --ui-certificate DIR"),
        );
    }
    let listener = listen("web UI", "--ui-port", flags.listen, port, output).await?;
    let router = web::router(web::Config {
        door: Door::cluster(cluster),
        hosts: hosts(flags),
        tls: true,
        network: crate::network::network(&flags.network)?,
        sandbox: None,
        shutdown: stop.clone(),
    });
    let certificate = flags.ui_certificate.as_ref().map(|folder| CertificateFiles {
        certificate: folder.join("tls.crt"),
        key: folder.join("tls.key"),
    });
    Ok(Some(Pages {
        listener,
        router,
        certificate,
    }))
}

/// What browsers may call it: this machine, as `kubectl port-forward` does, its Service, and what was said.
fn hosts(flags: &Serve) -> Vec<String> {
    let service = format!("{}-ui.{}.svc", flags.webhook_service, flags.namespace);
    let usual = ["localhost".to_owned(), "127.0.0.1".to_owned(), service];
    usual.into_iter().chain(flags.ui_host.iter().cloned()).collect()
}
