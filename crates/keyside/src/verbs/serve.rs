//! `keyside serve`: keyside in a cluster, until it is told to stop.

mod ui;

use super::Ended;
use crate::cli::{self, Global, Injection, Serve};
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
    let serving = serving(flags, &connection.client).await?;
    let stopping = CancellationToken::new();
    let pages = ui::pages(flags, connection.config, &stopping, output).await?;
    let ports = Ports {
        pages,
        ..ports(flags, output).await?
    };
    let starting = async {
        let mut running = keyside_server::run(
            config(flags, serving, connection.client)?,
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

/// How pods are served.
#[derive(Clone, Copy)]
struct Serving {
    policy: bool,
    webhook: bool,
}

/// Decides how pods are served. What was not said follows from what the API server can and keyside may: its rights are those
/// of one way only.
async fn serving(flags: &Serve, client: &kube::Client) -> Result<Serving, Failure> {
    let confined = flags.rights == cli::Rights::Namespaced;
    let asked = match flags.injection {
        // A webhook is registered for the whole cluster.
        Injection::Auto if confined => Injection::Policy,
        other => other,
    };
    if confined && asked != Injection::Policy {
        return Err(Failure::new(
            "a webhook is registered for the whole cluster, for which there is no right",
        )
        .hint("keyside serve --rights namespaced --injection policy"));
    }
    if confined && flags.readable_namespaces.is_empty() {
        return Err(
            Failure::new("keyside is to work in some namespaces only, and none is named")
                .hint("keyside serve --rights namespaced --readable-namespaces NS,NS"),
        );
    }
    let served = asked != Injection::Webhook && keyside_server::serves_policies(client).await?;
    let (policy, webhook) = match asked {
        Injection::Webhook => (false, true),
        Injection::Auto => {
            let policy = served && keyside_server::may_write_policies(client).await?;
            (
                policy,
                !policy || keyside_server::may_register_webhook(client).await?,
            )
        }
        Injection::Policy | Injection::Both if !served => {
            return Err(Failure::new(
                "this API server follows no policy that changes objects: it takes Kubernetes 1.36 or later",
            )
            .hint("keyside serve --injection webhook"));
        }
        Injection::Policy => (true, false),
        Injection::Both => (true, true),
    };
    Ok(Serving { policy, webhook })
}

fn config(flags: &Serve, serving: Serving, client: kube::Client) -> Result<Config, Failure> {
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
        on_demand_removal: flags.on_demand_removal && !serving.policy,
        policy: serving.policy,
        webhook: serving.webhook,
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
    let webhook = if flags.no_webhook || flags.rights == cli::Rights::Namespaced {
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
