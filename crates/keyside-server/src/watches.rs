//! Watches: what the API server tells becomes changes of the index. Nothing is ever asked twice.
//!
//! Copies are watched by metadata only, and other Secrets only if their type says that they hold a registry credential, so
//! that memory does not grow with what is none of our business. Where the API server can, the first state comes as a stream
//! instead of pages.

mod feeds;

use crate::context::Context;
use feeds::{
    ACCOUNTS, BASIC_AUTH_SECRETS, CLUSTER_CREDENTIALS, COPIES, CREDENTIALS, LEGACY_SECRETS, NAMESPACES,
    PROJECTS, SECRETS,
};
use futures::TryStreamExt as _;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use keyside_api::{GROUP, VERSION, label};
use keyside_core::Index;
use keyside_core::index::Touched;
use keyside_core::source::BASIC_AUTH;
use keyside_keychain::Form;
use kube::api::{Api, ApiResource, GroupVersionKind};
use kube::core::NamespaceResourceScope;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Client, Resource};
use serde::de::DeserializeOwned;
use std::collections::HashSet;
use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Namespace and name of an object; the namespace is empty for objects of the cluster.
type Place = (String, String);

/// What to do with the objects of one watch.
struct Feed<K> {
    /// For log lines.
    name: &'static str,
    apply: fn(&mut Index, &K) -> Touched,
    /// With the uid of what is gone, if it is known.
    remove: fn(&mut Index, &Place, Option<&str>) -> Touched,
    /// What the index knows of this watch, to find what vanished while nobody watched.
    known: fn(&Index) -> Vec<Place>,
}

impl<K> Clone for Feed<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Feed<K> {}

/// How many watches have not told their first state yet.
pub(crate) struct Pending {
    left: AtomicUsize,
    synced: watch::Sender<bool>,
}

impl Pending {
    /// Waits until every watch has told its first state.
    pub(crate) async fn synced(&self) {
        let mut synced = self.synced.subscribe();
        synced
            .wait_for(|synced| *synced)
            .await
            .expect("the sender lives as long as this");
    }

    fn one_more(&self) {
        self.left.fetch_add(1, Ordering::AcqRel);
    }

    fn one_less(&self) {
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.synced.send_replace(true);
        }
    }
}

/// Starts all watches.
pub(crate) fn start(ctx: &Arc<Context>, tasks: &mut JoinSet<anyhow::Result<()>>) -> Arc<Pending> {
    let pending = Arc::new(Pending {
        // One more than there are, until all are begun.
        left: AtomicUsize::new(1),
        synced: watch::Sender::new(false),
    });
    let spawner = Spawner {
        ctx: ctx.clone(),
        pending: pending.clone(),
    };
    match ctx.config.rights.confines() {
        None => spawner.watch_everywhere(tasks),
        Some(namespaces) => namespaces.iter().for_each(|namespace| {
            // Namespaces themselves may not be seen; that these are there is for whoever has named them to see to.
            ctx.feed(|index| {
                index.apply_namespace(&ObjectMeta {
                    name: Some(namespace.clone()),
                    ..ObjectMeta::default()
                })
            });
            spawner.watch_within(tasks, namespace);
        }),
    }
    match ctx.config.rights.readable(&ctx.config.namespace) {
        None => spawner.watch_secrets(tasks, None),
        Some(readable) => readable
            .into_iter()
            .for_each(|namespace| spawner.watch_secrets(tasks, Some(namespace))),
    }
    pending.one_less();
    pending
}

fn resource(kind: &str, plural: &str) -> ApiResource {
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(GROUP, VERSION, kind), plural)
}

fn of_type(secret_type: &str) -> String {
    format!("type={secret_type}")
}

struct Spawner {
    ctx: Arc<Context>,
    pending: Arc<Pending>,
}

impl Spawner {
    /// All but Secrets, in all namespaces.
    fn watch_everywhere(&self, tasks: &mut JoinSet<anyhow::Result<()>>) {
        let any = watcher::Config::default();
        self.watch(tasks, Api::all, any.clone(), NAMESPACES);
        self.watch(tasks, Api::all, any.clone(), ACCOUNTS);
        for (kind, plural, feed) in [
            ("Project", "projects", PROJECTS),
            ("RegistryCredential", "registrycredentials", CREDENTIALS),
            (
                "ClusterRegistryCredential",
                "clusterregistrycredentials",
                CLUSTER_CREDENTIALS,
            ),
        ] {
            let api = |client| Api::all_with(client, &resource(kind, plural));
            self.watch(tasks, api, any.clone(), feed);
        }
    }

    /// All but Secrets, in one namespace.
    fn watch_within(&self, tasks: &mut JoinSet<anyhow::Result<()>>, namespace: &str) {
        let any = watcher::Config::default();
        self.watch_in(tasks, Some(namespace.to_owned()), any.clone(), ACCOUNTS);
        let within = Some(namespace.to_owned());
        let run = Run::new(self.ctx.clone(), self.pending.clone(), CREDENTIALS, within);
        let resource = resource("RegistryCredential", "registrycredentials");
        let api = |client| Api::namespaced_with(client, namespace, &resource);
        self.begin(tasks, api, any, run);
    }

    /// Secrets of a namespace, or of all: copies, and those that are none.
    fn watch_secrets(&self, tasks: &mut JoinSet<anyhow::Result<()>>, namespace: Option<String>) {
        let any = watcher::Config::default();
        if self.ctx.config.rights.has_copies() {
            let copies = any
                .clone()
                .labels(label::CREDENTIAL)
                .fields(&of_type(Form::ConfigJson.secret_type()));
            self.watch_in(tasks, namespace.clone(), copies, COPIES);
        }
        for (secret_type, feed) in [
            (Form::ConfigJson.secret_type(), SECRETS),
            (Form::Legacy.secret_type(), LEGACY_SECRETS),
            (BASIC_AUTH, BASIC_AUTH_SECRETS),
        ] {
            let config = any
                .clone()
                .labels(&format!("!{}", label::CREDENTIAL))
                .fields(&of_type(secret_type));
            self.watch_in(tasks, namespace.clone(), config, feed);
        }
    }

    fn watch_in<K>(
        &self,
        tasks: &mut JoinSet<anyhow::Result<()>>,
        namespace: Option<String>,
        config: watcher::Config,
        feed: Feed<K>,
    ) where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
        K: Clone + DeserializeOwned + Debug + Send + Sync + 'static,
    {
        let within = namespace.clone();
        let api = |client| match within {
            Some(namespace) => Api::namespaced(client, &namespace),
            None => Api::all(client),
        };
        self.begin(
            tasks,
            api,
            config,
            Run::new(self.ctx.clone(), self.pending.clone(), feed, namespace),
        );
    }

    fn watch<K>(
        &self,
        tasks: &mut JoinSet<anyhow::Result<()>>,
        api: impl FnOnce(Client) -> Api<K>,
        config: watcher::Config,
        feed: Feed<K>,
    ) where
        K: Resource + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
    {
        self.begin(
            tasks,
            api,
            config,
            Run::new(self.ctx.clone(), self.pending.clone(), feed, None),
        );
    }

    fn begin<K>(
        &self,
        tasks: &mut JoinSet<anyhow::Result<()>>,
        api: impl FnOnce(Client) -> Api<K>,
        config: watcher::Config,
        mut run: Run<K>,
    ) where
        K: Resource + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
    {
        self.pending.one_more();
        let (client, heart) = self.ctx.monitor.listen(&self.ctx.config.client, run.feed.name);
        let api = api(client);
        tasks.spawn(async move {
            loop {
                let events = watcher(api.clone(), run.strategy(config.clone())).default_backoff();
                let mut events = std::pin::pin!(events);
                loop {
                    tokio::select! {
                        event = next(&mut events) => match event.map(|event| run.take(event)) {
                            Some(Next::Go) => {}
                            Some(Next::Restart) | None => break,
                        },
                        () = heart.stopped() => break,
                    }
                }
            }
        });
    }
}

/// The next event or failure of a watch, which never ends by itself.
async fn next<S, K>(events: &mut S) -> Option<Result<Event<K>, watcher::Error>>
where
    S: futures::Stream<Item = Result<Event<K>, watcher::Error>> + Unpin,
{
    events.try_next().await.transpose()
}

#[derive(PartialEq, Eq)]
enum Next {
    Go,
    Restart,
}

/// The state of one watch.
struct Run<K> {
    ctx: Arc<Context>,
    pending: Arc<Pending>,
    feed: Feed<K>,
    /// The namespace that is watched; `None` if all are.
    within: Option<String>,
    /// What the list under way has shown.
    seen: HashSet<Place>,
    streams: bool,
    synced: bool,
}

impl<K: Resource> Run<K> {
    fn new(ctx: Arc<Context>, pending: Arc<Pending>, feed: Feed<K>, within: Option<String>) -> Self {
        Self {
            ctx,
            pending,
            feed,
            within,
            seen: HashSet::new(),
            streams: true,
            synced: false,
        }
    }

    fn strategy(&self, config: watcher::Config) -> watcher::Config {
        if self.streams {
            config.streaming_lists()
        } else {
            config
        }
    }

    fn take(&mut self, event: Result<Event<K>, watcher::Error>) -> Next {
        let feed = self.feed;
        match event {
            Ok(Event::Init) => self.seen.clear(),
            Ok(Event::InitApply(object)) => {
                self.seen.insert(place(&object));
                self.ctx.feed(|index| (feed.apply)(index, &object));
            }
            Ok(Event::InitDone) => self.init_done(),
            Ok(Event::Apply(object)) => self.ctx.feed(|index| (feed.apply)(index, &object)),
            Ok(Event::Delete(object)) => {
                let uid = object.meta().uid.as_deref();
                self.ctx.feed(|index| (feed.remove)(index, &place(&object), uid));
            }
            Err(error) => return self.failed(&error),
        }
        Next::Go
    }

    /// What the index knew and the list did not show is gone.
    fn init_done(&mut self) {
        let feed = self.feed;
        let mut known = (feed.known)(&self.ctx.index());
        if let Some(within) = &self.within {
            known.retain(|(namespace, _)| namespace == within);
        }
        for gone in known.iter().filter(|known| !self.seen.contains(*known)) {
            self.ctx.feed(|index| (feed.remove)(index, gone, None));
        }
        self.seen = HashSet::new();
        if !std::mem::replace(&mut self.synced, true) {
            self.pending.one_less();
        }
    }

    fn failed(&mut self, error: &watcher::Error) -> Next {
        // An older API server does not stream its first state: then it is asked for in pages.
        let refused = match error {
            watcher::Error::WatchStartFailed(kube::Error::Api(status)) => matches!(status.code, 400 | 422),
            watcher::Error::WatchError(status) => matches!(status.code, 400 | 422),
            _ => false,
        };
        if refused && self.streams && !self.synced {
            self.streams = false;
            return Next::Restart;
        }
        tracing::warn!(
            watch = self.feed.name,
            answer = answer(error),
            "a watch failed and is begun again"
        );
        Next::Go
    }
}

/// What failed, in a few words that hold nothing of what was received: that may have been a Secret.
fn answer(error: &watcher::Error) -> String {
    let of_call = |error: &kube::Error| match error {
        kube::Error::Api(status) => format!("{} {}", status.code, status.reason),
        _ => "no readable answer".to_owned(),
    };
    match error {
        watcher::Error::InitialListFailed(error) => format!("list: {}", of_call(error)),
        watcher::Error::WatchStartFailed(error) => format!("start: {}", of_call(error)),
        watcher::Error::WatchFailed(error) => format!("event: {}", of_call(error)),
        watcher::Error::WatchError(status) => format!("{} {}", status.code, status.reason),
        watcher::Error::NoResourceVersion => "no resource version".to_owned(),
    }
}

fn place<K: Resource>(object: &K) -> Place {
    let meta = object.meta();
    (
        meta.namespace.clone().unwrap_or_default(),
        meta.name.clone().unwrap_or_default(),
    )
}
