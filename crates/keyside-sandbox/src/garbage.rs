//! The garbage collector: what is owned goes with its owner, in the order that the deletion asked for.
//!
//! The graph of owners is kept from one metadata watch per kind, custom kinds included. A change of the graph names the objects to look
//! at; each is then read once, freshly, before anything is deleted. The rules are those of `pkg/controller/garbagecollector`.

mod collect;
mod graph;

use crate::catalog::{self, Meta, Served};
use crate::informer::Informer;
use crate::queue::Queue;
use futures::StreamExt as _;
use graph::{Graph, Look, Node};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::ApiResource;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{Config, Event, watcher};
use kube::{Client, Resource, ResourceExt};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::debug;

/// Objects looked at side by side.
const WIDTH: usize = 16;

type Listener = Box<dyn Fn(&str) + Send + Sync>;

/// Tells in which namespaces objects have gone, to whoever waits for one to become empty.
#[derive(Default)]
pub(crate) struct Departures(RwLock<Vec<Listener>>);

impl Departures {
    pub(crate) fn listen(&self, listener: impl Fn(&str) + Send + Sync + 'static) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Box::new(listener));
    }

    fn tell(&self, namespace: &str) {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .for_each(|listener| listener(namespace));
    }
}

pub(crate) struct Collector {
    client: Client,
    recorder: crate::event::Recorder,
    departures: Arc<Departures>,
    graph: Mutex<Graph>,
    looks: Arc<Queue<Look>>,
    /// The kinds that are watched, by `apiVersion` and kind.
    served: RwLock<HashMap<(String, String), Served>>,
    /// Bumped when a list is complete.
    listed: watch::Sender<usize>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Collector {
    pub(crate) fn new(world: &Arc<crate::controllers::World>) -> Arc<Self> {
        Arc::new(Self {
            client: world.client.clone(),
            recorder: world.recorder.signed("garbage-collector-controller"),
            departures: Arc::clone(&world.departures),
            graph: Mutex::default(),
            looks: Queue::new(),
            served: RwLock::default(),
            listed: watch::Sender::new(0),
            stop: world.stop.clone(),
            tasks: world.tasks.clone(),
        })
    }

    /// Watches every kind until told to stop, and collects. Kinds come and go with their definitions.
    pub(crate) async fn run(self: Arc<Self>, definitions: Arc<Informer<CustomResourceDefinition>>) {
        let changed = Arc::new(Notify::new());
        let signal = Arc::clone(&changed);
        definitions.listen(move |_| signal.notify_one());
        let mut watches: HashMap<String, CancellationToken> = HashMap::new();
        let mut is_collecting = false;
        loop {
            match catalog::discover(&self.client).await {
                Ok(served) => self.follow(&served, &mut watches),
                Err(error) => {
                    debug!(%error, "discovery failed");
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                    changed.notify_one();
                }
            }
            if !is_collecting && !watches.is_empty() {
                is_collecting = true;
                self.collect_when_listed(watches.len());
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = changed.notified() => {}
            }
        }
    }

    /// Nothing is collected before every list is complete: an owner that was not listed yet is not an absent one.
    fn collect_when_listed(self: &Arc<Self>, kinds: usize) {
        let collector = Arc::clone(self);
        self.tasks.spawn(async move {
            let mut listed = collector.listed.subscribe();
            tokio::select! {
                () = collector.stop.cancelled() => return,
                // The sender lives as long as the collector.
                _ = listed.wait_for(|listed| *listed >= kinds) => {}
            }
            let (queue, stop) = (Arc::clone(&collector.looks), collector.stop.clone());
            queue
                .run(WIDTH, stop, move |look| Arc::clone(&collector).look(look))
                .await;
        });
    }

    /// Starts the watches of new kinds and ends those of kinds that are served no longer.
    fn follow(self: &Arc<Self>, served: &[Served], watches: &mut HashMap<String, CancellationToken>) {
        let kinds: Vec<&Served> = served.iter().filter(|one| one.is_collectable()).collect();
        let name = |one: &Served| format!("{}/{}", one.resource.api_version, one.resource.plural);
        let names: HashSet<String> = kinds.iter().map(|one| name(one)).collect();
        let by_kind = |one: &Served| {
            (
                (one.resource.api_version.clone(), one.resource.kind.clone()),
                one.clone(),
            )
        };
        *self.served.write().unwrap_or_else(PoisonError::into_inner) = served.iter().map(by_kind).collect();
        watches.retain(|name, stop| {
            let stays = names.contains(name);
            if !stays {
                stop.cancel();
            }
            stays
        });
        for one in kinds {
            watches.entry(name(one)).or_insert_with(|| {
                let stop = self.stop.child_token();
                self.tasks
                    .spawn(Arc::clone(self).watch(one.clone(), stop.clone()));
                stop
            });
        }
    }

    async fn watch(self: Arc<Self>, served: Served, stop: CancellationToken) {
        let resource = Arc::new(served.resource.clone());
        let mut events = watcher(served.everywhere(&self.client), Config::default())
            .default_backoff()
            .boxed();
        let (mut listing, mut is_first) = (HashSet::new(), true);
        loop {
            let event = tokio::select! {
                () = stop.cancelled() => break,
                event = events.next() => event,
            };
            match event {
                Some(Ok(Event::Init)) => listing.clear(),
                Some(Ok(Event::InitApply(object))) => {
                    listing.extend(object.uid());
                    self.seen(&resource, served.is_namespaced, &object);
                }
                Some(Ok(Event::InitDone)) => {
                    self.keep_only(&resource, &listing);
                    if std::mem::take(&mut is_first) {
                        self.listed.send_modify(|listed| *listed += 1);
                    }
                }
                Some(Ok(Event::Apply(object))) => self.seen(&resource, served.is_namespaced, &object),
                Some(Ok(Event::Delete(object))) => self.gone(&object.uid().unwrap_or_default()),
                Some(Err(error)) => debug!(%error, kind = resource.kind, "watch interrupted"),
                None => break,
            }
        }
        // The kind is gone, and with it its objects; unless everything stops.
        if !self.stop.is_cancelled() {
            self.keep_only(&resource, &HashSet::new());
        }
    }

    fn seen(&self, resource: &Arc<ApiResource>, is_namespaced: bool, object: &Meta) {
        let node = Node::new(resource, is_namespaced, object.meta());
        let looks = self.graph().seen(&object.uid().unwrap_or_default(), node);
        looks.into_iter().for_each(|look| self.looks.add(look));
    }

    fn gone(&self, uid: &str) {
        let (namespace, looks) = {
            let mut graph = self.graph();
            (graph.get(uid).map(|node| node.namespace.clone()), graph.gone(uid))
        };
        looks.into_iter().for_each(|look| self.looks.add(look));
        if let Some(namespace) = namespace.filter(|namespace| !namespace.is_empty()) {
            self.departures.tell(&namespace);
        }
    }

    fn keep_only(&self, resource: &ApiResource, listed: &HashSet<String>) {
        let known = self.graph().of_kind(resource);
        known
            .iter()
            .filter(|uid| !listed.contains(*uid))
            .for_each(|uid| self.gone(uid));
    }

    fn graph(&self) -> MutexGuard<'_, Graph> {
        self.graph.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn served(&self, api_version: &str, kind: &str) -> Option<Served> {
        let served = self.served.read().unwrap_or_else(PoisonError::into_inner);
        served.get(&(api_version.to_owned(), kind.to_owned())).cloned()
    }
}
