//! Starting and stopping: [`run`] wires the parts together, [`Running`] is what the caller holds.

use crate::context::{Context, Key};
use crate::error::Remedy;
use crate::queue::When;
use crate::reconcile::{self, Requeue};
use crate::{key, verify, watches, webhook};
use anyhow::Context as _;
use jiff::SignedDuration;
use keyside_core::Index;
use keyside_core::index::Recreated;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How many keys are worked on at once. Most ask memory only; those that write wait for their turn anyway.
const SIDE_BY_SIDE: usize = 256;

/// The first pause after a failure; it doubles up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_millis(50);

/// The longest pause after failures.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// The first pause after something was refused for good; it doubles up to [`SLOW_MAX`].
const SLOW: Duration = Duration::from_secs(15);

/// The longest pause after something was refused for good.
const SLOW_MAX: Duration = Duration::from_secs(600);

/// What [`run`] needs to know.
#[derive(Clone)]
pub struct Config {
    /// The cluster to work on.
    pub client: kube::Client,
    /// The namespace keyside itself lives in, where its install key is kept.
    pub namespace: String,
    /// How many writes may be under way at once.
    pub in_flight: usize,
    /// How long a copy without a reason stands before it is removed.
    pub grace: SignedDuration,
    /// After how long without a new pod that needs it an on-demand copy may go.
    pub idle_for: SignedDuration,
    /// How often at most one status is written for changes of mere numbers.
    pub status_every: Duration,
    /// What happens to a namespace that a Project states by name and that was deleted and made anew.
    pub recreated: Recreated,
    /// How registries are asked whether credentials work; `None` if they are not.
    pub verification: Option<verify::Verification>,
}

impl Config {
    /// The usual configuration over this client.
    pub fn new(client: kube::Client) -> Self {
        Self {
            client,
            namespace: keyside_api::SYSTEM_NAMESPACE.to_owned(),
            in_flight: 64,
            grace: SignedDuration::from_secs(5),
            idle_for: SignedDuration::from_hours(24),
            status_every: Duration::from_secs(1),
            recreated: Recreated::default(),
            verification: Some(verify::Verification::default()),
        }
    }
}

/// The running system.
pub struct Running {
    webhook: axum::Router,
    ready: watch::Receiver<bool>,
    shutdown: CancellationToken,
    tasks: JoinSet<anyhow::Result<()>>,
}

impl Running {
    /// The webhook service (`/mutate-pods`, `/validate`), to be served over TLS or called in process.
    pub fn webhook(&self) -> axum::Router {
        self.webhook.clone()
    }

    /// Whether all watches have told their first state and everything that was due then is done.
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
///
/// # Errors
/// The install key or what an earlier run remembered cannot be read.
pub async fn run(config: Config, shutdown: CancellationToken) -> anyhow::Result<Running> {
    let (client, namespace) = (&config.client, &config.namespace);
    let mut index = Index::new(namespace, Some(key::install_key(client, namespace).await?));
    index.set_recreated(config.recreated);
    let accepted = reconcile::recall(client, namespace)
        .await
        .context("read which namespaces were accepted")?;
    index.restore_accepted(accepted);
    let ctx = Arc::new(Context::new(config, index));
    let (ready_in, ready) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let mut watching = JoinSet::new();
    let pending = watches::start(&ctx, &mut watching);
    let webhook = webhook::router(ctx.clone());
    let (worker, stop) = (ctx.clone(), shutdown.clone());
    tasks.spawn(async move {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = pending.synced() => {}
        }
        worker.feed(|index| {
            index.prune();
            index.first_look()
        });
        worker.queue.open();
        worker.queue.add(
            Key::Idle,
            When::After(Duration::try_from(worker.config.idle_for).unwrap_or_default()),
        );
        tokio::join!(work(&worker, &stop, &ready_in), verify::work(&worker, &stop));
        Ok(())
    });
    let stop = shutdown.clone();
    tasks.spawn(async move {
        tokio::select! {
            () = stop.cancelled() => {
                watching.shutdown().await;
                Ok(())
            }
            Some(ended) = watching.join_next() => ended.context("a watch broke")?,
        }
    });
    Ok(Running {
        webhook,
        ready,
        shutdown,
        tasks,
    })
}

/// Hands keys to the controllers until told to stop; then waits for those under way.
async fn work(ctx: &Arc<Context>, stop: &CancellationToken, ready: &watch::Sender<bool>) {
    let mut working: JoinSet<(Key, Option<Requeue>)> = JoinSet::new();
    let mut failures: HashMap<Key, u32> = HashMap::new();
    loop {
        if !*ready.borrow() && ctx.queue.is_idle() {
            ready.send_replace(true);
        }
        tokio::select! {
            () = stop.cancelled() => break,
            Some(ended) = working.join_next(), if !working.is_empty() => {
                // A controller that panics has lost its key; the next change of its object brings it back.
                match ended {
                    Ok((key, requeue)) => finish(ctx, key, requeue, &mut failures),
                    Err(error) => tracing::error!(%error, "a controller broke"),
                }
            }
            key = ctx.queue.next(), if working.len() < SIDE_BY_SIDE => {
                let ctx = ctx.clone();
                working.spawn(async move {
                    let requeue = work_on(&ctx, &key).await;
                    (key, requeue)
                });
            }
        }
    }
    while working.join_next().await.is_some() {}
}

/// Works on one key. `None`: the API server asked for a pause, which every write keeps anyway.
async fn work_on(ctx: &Context, key: &Key) -> Option<Requeue> {
    match reconcile::reconcile(ctx, key).await {
        Ok(requeue) => Some(requeue),
        Err(error) => match error.remedy() {
            Remedy::Pause(time) => {
                ctx.flow.hold(time);
                Some(Requeue::After(time))
            }
            Remedy::Refused(message) => {
                tracing::warn!(?key, %error, answer = error.answer(), message, "refused by the API server");
                Some(Requeue::Slowly)
            }
            Remedy::Nothing | Remedy::Taken | Remedy::LookAgain | Remedy::Retry => {
                tracing::warn!(?key, %error, answer = error.answer(), "failed, and is tried again");
                Some(Requeue::Backoff)
            }
        },
    }
}

/// Puts a key back as it asks for.
fn finish(ctx: &Context, key: Key, requeue: Option<Requeue>, failures: &mut HashMap<Key, u32>) {
    ctx.queue.done(&key);
    let grown =
        |first: Duration, max: Duration, failed: u32| first.saturating_mul(1 << failed.min(20)).min(max);
    let pause = match requeue {
        Some(Requeue::Backoff) => Some((PAUSE, PAUSE_MAX)),
        Some(Requeue::Slowly) => Some((SLOW, SLOW_MAX)),
        _ => None,
    };
    match (pause, requeue) {
        (Some((first, max)), _) => {
            let failed = failures.entry(key.clone()).or_default();
            let delay = grown(first, max, *failed);
            *failed += 1;
            ctx.queue.add(key, When::After(delay));
        }
        (None, Some(Requeue::After(delay))) => {
            failures.remove(&key);
            ctx.queue.add(key, When::After(delay));
        }
        (None, _) => {
            failures.remove(&key);
        }
    }
}
