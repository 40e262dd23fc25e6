//! `keyside serve`: keyside in a cluster, until it is told to stop.

mod ui;

use super::Ended;
use crate::cli::{Global, Injection, Serve};
use crate::connect;
use crate::failure::Failure;
use crate::output::Output;
use crate::signals::Signals;
use keyside_server::rbac::Rights;
use keyside_server::{Candidacy, Config, Ports, Restarts, Target, Verification};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// After this long a stop goes on without those who do not end: a container has ten seconds.
const PATIENCE: Duration = Duration::from_secs(9);

/// Runs until SIGINT or SIGTERM.
pub(super) async fn run(global: &Global, flags: &Serve, output: &Output) -> Ended {
    let mut stop = Signals::listen()?;
    let connection = connect::connect(global).await?;
    let policy = by_policy(flags, &connection.client).await?;
    let stopping = CancellationToken::new();
    let pages = ui::pages(flags, connection.config, &stopping, output).await?;
    let ports = Ports {
        pages,
        ..ports(flags, output).await?
    };
    let starting = async {
        let mut running = keyside_server::run(
            config(flags, policy, connection.client)?,
            CancellationToken::new(),
        )
        .await?;
        running.serve(ports)?;
        Ok::<_, Failure>(running)
    };
    let mut running = tokio::select! {
        running = starting => running?,
        () = stop.received() => return Ok(ExitCode::SUCCESS),
    };
    let failed = tokio::select! {
        () = stop.received() => None,
        error = running.failed() => Some(error),
    };
    tracing::info!("stopping");
    stopping.cancel();
    let delay = if failed.is_some() {
        Duration::ZERO
    } else {
        length(flags.drain)
    };
    if tokio::time::timeout(PATIENCE, running.drain(delay))
        .await
        .is_err()
    {
        tracing::warn!("not everything ended in {} s", PATIENCE.as_secs());
    }
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(ExitCode::SUCCESS),
    }
}

/// Whether pods are served by a policy. What was not said is decided by what the API server can and keyside may: its rights
/// are those of one way only.
async fn by_policy(flags: &Serve, client: &kube::Client) -> Result<bool, Failure> {
    if flags.injection == Injection::Webhook {
        return Ok(false);
    }
    let served = keyside_server::serves_policies(client).await?;
    match flags.injection {
        Injection::Auto => Ok(served && keyside_server::may_write_policies(client).await?),
        _ if served => Ok(true),
        _ => Err(Failure::new(
            "this API server follows no policy that changes objects: it takes Kubernetes 1.36 or later",
        )
        .hint("keyside serve --injection webhook")),
    }
}

fn config(flags: &Serve, policy: bool, client: kube::Client) -> Result<Config, Failure> {
    let verification = Verification {
        network: crate::network::network(&flags.network)?,
        ..Verification::default()
    };
    Ok(Config {
        namespace: flags.namespace.clone(),
        in_flight: usize::from(flags.in_flight),
        grace: flags.grace,
        idle_for: flags.idle_for,
        // Nobody tells what pods need, so nothing is known to be needed no more.
        on_demand_removal: flags.on_demand_removal && !policy,
        policy,
        rights: Rights {
            mode: flags.rights.mode(),
            namespaces: flags.readable_namespaces.clone(),
        },
        status_every: length(flags.status_every),
        candidacy: flags.leader_elect.then(|| Candidacy::new(&replica(flags))),
        restart_stuck: flags.restart_stuck.map(|most| Restarts::at_most(most.into())),
        verification: Some(verification),
        ..Config::new(client)
    })
}

/// The name of this replica.
fn replica(flags: &Serve) -> String {
    let host = || std::fs::read_to_string("/proc/sys/kernel/hostname").map(|name| name.trim().to_owned());
    flags
        .pod_name
        .clone()
        .or_else(|| host().ok())
        .unwrap_or_else(|| "keyside".to_owned())
}

/// Listens, and says where if any free port was asked for.
async fn ports(flags: &Serve, output: &Output) -> Result<Ports, Failure> {
    // Also where a policy serves pods: keyside's own kinds are checked by it.
    let webhook = if flags.no_webhook {
        None
    } else {
        let listener = listen(
            "webhook",
            "--webhook-port",
            flags.listen,
            flags.webhook_port,
            output,
        )
        .await?;
        let target = match &flags.webhook_url {
            Some(url) => Target::Url(url.trim_end_matches('/').to_owned()),
            None => Target::Service(flags.webhook_service.clone()),
        };
        Some((listener, target))
    };
    Ok(Ports {
        webhook,
        health: Some(listen("health", "--health-port", flags.listen, flags.health_port, output).await?),
        metrics: Some(
            listen(
                "metrics",
                "--metrics-port",
                flags.listen,
                flags.metrics_port,
                output,
            )
            .await?,
        ),
        pages: None,
    })
}

async fn listen(
    what: &str,
    flag: &str,
    address: std::net::IpAddr,
    port: u16,
    output: &Output,
) -> Result<TcpListener, Failure> {
    let listener = TcpListener::bind(SocketAddr::new(address, port))
        .await
        .map_err(|error| {
            Failure::new(format!("the {what} port {port} cannot be listened on"))
                .because(error)
                .hint(format!("keyside serve {flag} 0"))
        })?;
    if port == 0 {
        output.note(format!("{what} listens on {}", listener.local_addr()?));
    }
    Ok(listener)
}

fn length(duration: jiff::SignedDuration) -> Duration {
    duration.unsigned_abs()
}
