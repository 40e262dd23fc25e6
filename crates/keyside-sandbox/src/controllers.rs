//! The controllers of the embedded world, each with the same three steps: look at what informers know, plan, write.

pub(crate) mod batch;
mod cron_job;
mod daemon_set;
mod deployment;
mod endpoints;
mod furnish;
mod history;
mod job;
mod namespace;
mod ownership;
mod pods;
mod replica_set;
mod stateful_set;
mod template;

use crate::event::Recorder;
use crate::garbage::Departures;
use crate::informer::{Informer, Key};
use crate::objects::Objects;
use crate::queue::{Queue, Worked};
use futures::FutureExt as _;
use futures::future::{BoxFuture, join_all};
use k8s_openapi::api::apps::v1::{ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{
    ConfigMap, Endpoints, Namespace, Node, Pod, ReplicationController, Service, ServiceAccount,
};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::runtime::watcher::Config;
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Keys worked on at once, per controller.
const WIDTH: usize = 16;

/// What all parts share: one client, one informer per kind, one event writer.
pub(crate) struct World {
    pub(crate) client: Client,
    pub(crate) recorder: Recorder,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
    pub(crate) departures: Arc<Departures>,
    pub(crate) pods: Objects<Pod>,
    pub(crate) nodes: Objects<Node>,
    pub(crate) namespaces: Objects<Namespace>,
    pub(crate) service_accounts: Objects<ServiceAccount>,
    /// Only `kube-root-ca.crt`.
    pub(crate) root_certificates: Objects<ConfigMap>,
    pub(crate) services: Objects<Service>,
    pub(crate) endpoints: Objects<Endpoints>,
    pub(crate) slices: Objects<EndpointSlice>,
    pub(crate) replica_sets: Objects<ReplicaSet>,
    pub(crate) replication_controllers: Objects<ReplicationController>,
    pub(crate) deployments: Objects<Deployment>,
    pub(crate) stateful_sets: Objects<StatefulSet>,
    pub(crate) daemon_sets: Objects<DaemonSet>,
    pub(crate) revisions: Objects<ControllerRevision>,
    pub(crate) jobs: Objects<Job>,
    pub(crate) cron_jobs: Objects<CronJob>,
    pub(crate) definitions: Arc<Informer<CustomResourceDefinition>>,
}

impl World {
    pub(crate) fn new(client: &Client, stop: &CancellationToken, tasks: &TaskTracker) -> Arc<Self> {
        Arc::new(Self {
            client: client.clone(),
            recorder: Recorder::start(client, "keyside", stop, tasks),
            stop: stop.clone(),
            tasks: tasks.clone(),
            departures: Arc::default(),
            pods: Objects::new(client),
            nodes: Objects::new(client),
            namespaces: Objects::new(client),
            service_accounts: Objects::new(client),
            root_certificates: Objects::new(client),
            services: Objects::new(client),
            endpoints: Objects::new(client),
            slices: Objects::new(client),
            replica_sets: Objects::new(client),
            replication_controllers: Objects::new(client),
            deployments: Objects::new(client),
            stateful_sets: Objects::new(client),
            daemon_sets: Objects::new(client),
            revisions: Objects::new(client),
            jobs: Objects::new(client),
            cron_jobs: Objects::new(client),
            definitions: Informer::new(),
        })
    }

    /// Starts the watches and returns when every first list is there: before that, "not known" would mean "not there".
    pub(crate) async fn fill(&self) {
        let named = |name: &str| Config::default().fields(&format!("metadata.name={name}"));
        let all = Config::default;
        let filled = [
            self.follow(self.pods.informer(), all()),
            self.follow(self.nodes.informer(), all()),
            self.follow(self.namespaces.informer(), all()),
            self.follow(self.service_accounts.informer(), named("default")),
            self.follow(
                self.root_certificates.informer(),
                named(furnish::ROOT_CERTIFICATE),
            ),
            self.follow(self.services.informer(), all()),
            self.follow(self.endpoints.informer(), all()),
            self.follow(self.slices.informer(), all()),
            self.follow(self.replica_sets.informer(), all()),
            self.follow(self.replication_controllers.informer(), all()),
            self.follow(self.deployments.informer(), all()),
            self.follow(self.stateful_sets.informer(), all()),
            self.follow(self.daemon_sets.informer(), all()),
            self.follow(self.revisions.informer(), all()),
            self.follow(self.jobs.informer(), all()),
            self.follow(self.cron_jobs.informer(), all()),
            self.follow(&self.definitions, all()),
        ];
        join_all(filled).await;
    }

    fn follow<K>(&self, informer: &Arc<Informer<K>>, config: Config) -> BoxFuture<'static, ()>
    where
        K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
    {
        informer.start(Api::all(self.client.clone()), config, &self.stop, &self.tasks);
        let informer = Arc::clone(informer);
        async move { informer.synced().await }.boxed()
    }

    /// Runs a reconciler until everything stops.
    pub(crate) fn run(&self, reconciler: impl Reconciler) {
        self.run_wide(reconciler, WIDTH);
    }

    /// As [`World::run`], with another number of keys at once.
    pub(crate) fn run_wide(&self, reconciler: impl Reconciler, width: usize) {
        let (queue, reconciler) = (Queue::new(), Arc::new(reconciler));
        reconciler.listen(&queue);
        self.tasks.spawn(queue.run(width, self.stop.clone(), move |key| {
            let reconciler = Arc::clone(&reconciler);
            async move { reconciler.reconcile(key).await }
        }));
    }
}

/// Something that looks at one key at a time.
pub(crate) trait Reconciler: Send + Sync + 'static {
    /// Says which changes call for a look at which keys.
    fn listen(&self, queue: &Arc<Queue<Key>>);

    /// Brings one object to the state it asks for.
    fn reconcile(&self, key: Key) -> impl Future<Output = Worked> + Send;
}

/// Starts every controller. The world must be filled.
pub(crate) fn start(world: &Arc<World>, root_certificate: Option<String>) {
    world.run(furnish::Controller::new(world, root_certificate));
    world.run(namespace::Controller::new(world));
    world.run(replica_set::Controller::<ReplicaSet>::new(world));
    world.run(replica_set::Controller::<ReplicationController>::new(world));
    world.run(deployment::Controller::new(world));
    world.run(stateful_set::Controller::new(world));
    world.run(daemon_set::Controller::new(world));
    world.run(job::Controller::new(world));
    world.run(cron_job::Controller::new(world));
    world.run(endpoints::Controller::new(world));
}
