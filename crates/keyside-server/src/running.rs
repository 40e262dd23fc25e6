//! Starting and stopping: [`run`] wires the parts together, [`Running`] is what the caller holds.

use crate::certificate::{CertificateFiles, Served};
use crate::context::{Context, Key};
use crate::diagnosis::{Diagnoses, Restarts};
use crate::error::Remedy;
use crate::keeper::{self, Target};
use crate::lease::{self, Candidacy};
use crate::metrics::Metrics;
use crate::queue::When;
use crate::rbac::Rights;
use crate::reconcile::{self, Requeue};
use crate::{diagnosis, health, key, listen, policy, verify, watches, webhook};
use anyhow::Context as _;
use jiff::SignedDuration;
use keyside_core::Index;
use keyside_core::index::Recreated;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{self, JoinSet};
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
    /// Whether on-demand copies that no pod uses any more go at all: for that, the pods of a namespace are listed, and
    /// keyside must be allowed to (`rbac::Options::on_demand_removal`).
    pub on_demand_removal: bool,
    /// How often at most one status is written for changes of mere numbers.
    pub status_every: Duration,
    /// What happens to a namespace that a Project states by name and that was deleted and made anew.
    pub recreated: Recreated,
    /// After how long a watch that hears nothing counts as stalled.
    pub stalled_after: Duration,
    /// How this replica takes part in the election of the one that writes; `None` if it is the only one.
    pub candidacy: Option<Candidacy>,
    /// Whether pods that go on failing although a new one would not are replaced, and how fast. keyside must be allowed to
    /// (`rbac::Options::restart_stuck`).
    pub restart_stuck: Option<Restarts>,
    /// Which rights keyside has: it asks for nothing else (`rbac::Options::rights`).
    pub rights: Rights,
    /// Whether pods are served by a policy of the API server's own.
    pub policy: bool,
    /// Whether the API server asks the webhook about pods: about all, or, behind a policy, about those it gave nothing.
    pub webhook: bool,
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
            on_demand_removal: false,
            status_every: Duration::from_secs(1),
            recreated: Recreated::default(),
            stalled_after: Duration::from_secs(150),
            candidacy: None,
            restart_stuck: None,
            rights: Rights::default(),
            policy: false,
            webhook: true,
            verification: Some(verify::Verification::default()),
        }
    }
}

/// Where to listen. What is absent is not served.
#[derive(Debug, Default)]
pub struct Ports {
    /// The webhook, over TLS with certificates that keyside makes, and how API servers reach it.
    pub webhook: Option<(TcpListener, Target)>,
    /// `/livez` and `/readyz`.
    pub health: Option<TcpListener>,
    /// `/metrics`.
    pub metrics: Option<TcpListener>,
    /// The web UI.
    pub pages: Option<Pages>,
}

/// A web UI to be served over TLS.
#[derive(Debug)]
pub struct Pages {
    /// Where.
    pub listener: TcpListener,
    /// What. Whose request it is, it finds as axum's `ConnectInfo`.
    pub router: axum::Router,
    /// The certificate; without one, the webhook's own is served, which no browser trusts by itself.
    pub certificate: Option<CertificateFiles>,
}

/// The running system.
pub struct Running {
    ctx: Arc<Context>,
    webhook: axum::Router,
    ready: watch::Receiver<bool>,
    /// Everything ends.
    shutdown: CancellationToken,
    /// Writing ends, and the Lease is given back; reviews are answered on.
    writing: CancellationToken,
    /// Reviews are no longer answered.
    serving: CancellationToken,
    tasks: JoinSet<anyhow::Result<()>>,
    listeners: JoinSet<()>,
}

impl Running {
    /// The webhook service (`/mutate-pods`, `/validate`), to be served over TLS or called in process.
    pub fn webhook(&self) -> axum::Router {
        self.webhook.clone()
    }

    /// How many pulls fail, by cause.
    pub fn diagnoses(&self) -> Diagnoses {
        self.ctx.stuck.diagnoses()
    }

    /// What Prometheus may know.
    pub fn metrics(&self) -> Metrics {
        Metrics(self.ctx.clone())
    }

    /// Listens on these ports. With the webhook come its certificates and its registration, which are kept from then on.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn serve(&mut self, ports: Ports) -> anyhow::Result<()> {
        let Ports {
            webhook,
            health,
            metrics,
            pages,
        } = ports;
        let served = Served::default();
        if let Some(pages) = pages {
            self.serve_pages(pages, &served)?;
        }
        if let Some((listener, target)) = webhook {
            let tls = served.config().context("set up TLS for the webhook")?;
            let (router, serving) = (self.webhook.clone(), self.serving.clone());
            self.listeners
                .spawn(listen::over_tls(listener, tls, router, listen::REVIEW, serving));
            let keeper = keeper::run(self.ctx.clone(), target, served, self.shutdown.clone());
            self.listeners.spawn(keeper);
        }
        let metrics = metrics.map(|listener| (listener, health::metrics_router(self.metrics())));
        let health = health.map(|listener| (listener, health::router(self.ctx.clone())));
        for (listener, router) in [health, metrics].into_iter().flatten() {
            self.listeners
                .spawn(listen::plain(listener, router, self.shutdown.clone()));
        }
        Ok(())
    }

    fn serve_pages(&mut self, pages: Pages, webhook: &Served) -> anyhow::Result<()> {
        let Pages {
            listener,
            router,
            certificate,
        } = pages;
        let tls = match certificate {
            Some(files) => files.config()?,
            None => webhook.config().context("set up TLS for the web UI")?,
        };
        let stop = self.serving.clone();
        self.listeners
            .spawn(listen::over_tls(listener, tls, router, listen::PAGE, stop));
        Ok(())
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
        let ended = tokio::select! {
            Some(ended) = self.tasks.join_next() => ended,
            Some(ended) = self.listeners.join_next() => ended.map(Ok),
            else => std::future::pending().await,
        };
        match ended {
            Ok(Err(error)) => error,
            Ok(Ok(())) => anyhow::anyhow!("a part of the system has stopped"),
            Err(error) => anyhow::Error::new(error).context("a part of the system broke"),
        }
    }

    /// Stops in order, so that nobody notices: not ready any more, no more writes and the Lease given back; after `delay`,
    /// in which whoever calls the webhook learns that it is leaving, reviews under way are finished; then everything ends.
    pub async fn drain(self, delay: Duration) {
        self.ctx.health.drain();
        self.writing.cancel();
        tokio::time::sleep(delay).await;
        self.serving.cancel();
        self.stop().await;
    }

    /// Stops everything, lets writes and answers under way finish, and waits for both.
    pub async fn stop(mut self) {
        self.shutdown.cancel();
        while self.listeners.join_next().await.is_some() {}
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
    index.set_access(config.rights.access(namespace));
    if config.policy {
        index.set_needs_unseen();
        index.note_tables();
    }
    let accepted = reconcile::recall(client, namespace)
        .await
        .context("read which namespaces were accepted")?;
    index.restore_accepted(accepted);
    let ctx = Arc::new(Context::new(config, index));
    let (ready_in, ready) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let mut watching = JoinSet::new();
    let pending = watches::start(&ctx, &mut watching);
    diagnosis::start(&ctx, &mut watching);
    let webhook = webhook::router(ctx.clone());
    // The Lease is given back when the last write is done.
    let finished = CancellationToken::new();
    let (writing, serving) = (shutdown.child_token(), shutdown.child_token());
    tasks.spawn(control(
        ctx.clone(),
        pending,
        writing.clone(),
        ready_in,
        finished.clone(),
    ));
    if let Some(candidacy) = ctx.config.candidacy.clone() {
        let ctx = ctx.clone();
        tasks.spawn(async move {
            let Config {
                client, namespace, ..
            } = &ctx.config;
            lease::run(
                client.clone(),
                namespace,
                candidacy,
                ctx.config.rights.mode,
                ctx.leadership.clone(),
                finished,
            )
            .await;
            Ok(())
        });
    }
    if ctx.config.policy {
        let keeping = policy::run(ctx.clone(), ready.clone(), writing.clone());
        let stop = shutdown.clone();
        tasks.spawn(async move {
            keeping.await;
            // Ends with the system: whoever only stops writing still answers.
            stop.cancelled().await;
            Ok(())
        });
    }
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
        ctx,
        webhook,
        ready,
        shutdown,
        writing,
        serving,
        tasks,
        listeners: JoinSet::new(),
    })
}

/// Waits for the first state of everything, and then works until told to stop.
async fn control(
    ctx: Arc<Context>,
    pending: Arc<watches::Pending>,
    stop: CancellationToken,
    ready: watch::Sender<bool>,
    finished: CancellationToken,
) -> anyhow::Result<()> {
    let _finished = finished.drop_guard();
    tokio::select! {
        () = stop.cancelled() => return Ok(()),
        () = pending.synced() => {}
    }
    ctx.feed(|index| {
        index.prune();
        index.first_look()
    });
    ctx.queue.open();
    if ctx.config.on_demand_removal {
        let idle_for = Duration::try_from(ctx.config.idle_for).unwrap_or_default();
        ctx.queue.add(Key::Idle, When::After(idle_for));
    }
    tokio::join!(work(&ctx, &stop, &ready), verify::work(&ctx, &stop));
    Ok(())
}

/// Hands keys to the controllers until told to stop; then waits for those under way.
async fn work(ctx: &Arc<Context>, stop: &CancellationToken, ready: &watch::Sender<bool>) {
    let mut working: JoinSet<Option<Requeue>> = JoinSet::new();
    let mut keys: HashMap<task::Id, Key> = HashMap::new();
    let mut failures: HashMap<Key, u32> = HashMap::new();
    let mut leading = ctx.leadership.subscribe();
    let mut terms = leading.borrow_and_update().terms;
    loop {
        if !*ready.borrow() && ctx.queue.is_idle() {
            ready.send_replace(true);
            ctx.health.passed();
        }
        tokio::select! {
            () = stop.cancelled() => break,
            Ok(()) = leading.changed() => {
                let now = leading.borrow_and_update().terms;
                if std::mem::replace(&mut terms, now) != now {
                    take_over(ctx);
                }
            }
            Some(ended) = working.join_next_with_id(), if !working.is_empty() => {
                let (id, requeue) = ended.unwrap_or_else(|broken| {
                    tracing::error!(error = %broken, "a controller broke, and its work is tried again");
                    (broken.id(), Some(Requeue::Slowly))
                });
                if let Some(key) = keys.remove(&id) {
                    finish(ctx, key, requeue, &mut failures);
                }
            }
            key = ctx.queue.next(), if working.len() < SIDE_BY_SIDE => {
                let (ctx, one) = (ctx.clone(), key.clone());
                let task = working.spawn(async move { work_on(&ctx, &one).await });
                keys.insert(task.id(), key);
            }
        }
    }
    // What is on its way ends; what is only planned is left to whoever writes next.
    ctx.leadership.resign();
    while working.join_next().await.is_some() {}
}

/// This replica leads now: everything is looked at as at the start.
fn take_over(ctx: &Context) {
    tracing::info!("this replica writes from now on");
    ctx.feed(|index| index.first_look());
    for key in ctx.leadership.take_deferred() {
        ctx.queue.add(key, When::Usual);
    }
}

/// Works on one key. `None`: the API server asked for a pause, which every write keeps anyway.
async fn work_on(ctx: &Context, key: &Key) -> Option<Requeue> {
    tracing::debug!(?key, leads = ctx.leadership.leads(), "begun");
    match reconcile::reconcile(ctx, key).await {
        Ok(requeue) => {
            tracing::debug!(?key, ?requeue, "done");
            Some(requeue)
        }
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
