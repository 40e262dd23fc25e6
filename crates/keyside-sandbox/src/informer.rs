//! One watch per kind, shared by everybody: objects in memory, and word of every change.
//!
//! An informer is also told what this process itself has written ([`Informer::observe`]), so that a controller never decides on a
//! state older than its own last write: no pod is created twice because the watch was slow.

mod cache;

use cache::Cache;
use futures::StreamExt as _;
use kube::runtime::watcher::{self, Config, Event};
use kube::runtime::{WatchStreamExt as _, watcher::watcher};
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::debug;

/// Namespace and name. Cluster-wide objects have an empty namespace.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Key {
    pub(crate) fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
        }
    }

    pub(crate) fn of<K: ResourceExt>(object: &K) -> Self {
        Self::new(object.namespace().unwrap_or_default(), object.name_any())
    }
}

/// One change of one object.
#[derive(Debug)]
pub(crate) struct Change<K> {
    pub(crate) old: Option<Arc<K>>,
    /// Nothing if the object is gone.
    pub(crate) new: Option<Arc<K>>,
}

impl<K> Change<K> {
    /// The object before and after, as far as there is one.
    pub(crate) fn both(&self) -> impl Iterator<Item = &Arc<K>> {
        self.old.iter().chain(&self.new)
    }

    /// The object as it is or was last.
    pub(crate) fn latest(&self) -> &K {
        self.new
            .as_ref()
            .or(self.old.as_ref())
            .expect("a change has at least one side")
    }
}

type Listener<K> = Box<dyn Fn(&Change<K>) + Send + Sync>;

/// The objects of a kind, kept up to date by one watch.
pub(crate) struct Informer<K> {
    cache: RwLock<Cache<K>>,
    listeners: RwLock<Vec<Listener<K>>>,
    synced: watch::Sender<bool>,
}

impl<K> Informer<K>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
{
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            cache: RwLock::new(Cache::default()),
            listeners: RwLock::new(Vec::new()),
            synced: watch::Sender::new(false),
        })
    }

    /// Adds somebody who is told of every change from now on, and of every object that is known already.
    pub(crate) fn listen(&self, listener: impl Fn(&Change<K>) + Send + Sync + 'static) {
        // While this lock is held nobody else is told anything: a change in between is told twice rather than never.
        let mut listeners = self.listeners.write().unwrap_or_else(PoisonError::into_inner);
        for object in self.list() {
            listener(&Change {
                old: None,
                new: Some(object),
            });
        }
        listeners.push(Box::new(listener));
    }

    /// Watches until `stop`. Watch errors are retried with growing delays; nothing is ever asked for in a loop.
    pub(crate) fn start(
        self: &Arc<Self>,
        api: Api<K>,
        config: Config,
        stop: &CancellationToken,
        tasks: &TaskTracker,
    ) {
        let (informer, stop) = (Arc::clone(self), stop.clone());
        tasks.spawn(async move {
            let mut events = watcher(api, config).default_backoff().boxed();
            loop {
                let event = tokio::select! {
                    () = stop.cancelled() => return,
                    event = events.next() => event,
                };
                match event {
                    Some(Ok(event)) => informer.take(event),
                    Some(Err(error)) => debug!(%error, kind = %K::kind(&()), "watch interrupted"),
                    None => return,
                }
            }
        });
    }

    /// Returns when the first list is complete.
    pub(crate) async fn synced(&self) {
        // The sender lives in self, so waiting cannot fail.
        let _ = self.synced.subscribe().wait_for(|synced| *synced).await;
    }

    fn take(&self, event: watcher::Event<K>) {
        match event {
            Event::Init => self.write(|cache| cache.start_list()),
            Event::InitDone => {
                for change in self.write(Cache::end_list) {
                    self.tell(Some(change));
                }
                self.synced.send_replace(true);
            }
            Event::InitApply(object) | Event::Apply(object) => self.observe(object),
            Event::Delete(object) => self.observe_gone(&object),
        }
    }

    /// Takes over an object from the watch, or as an own write returned it. Older than what is known: ignored.
    pub(crate) fn observe(&self, object: K) {
        let change = self.write(|cache| cache.apply(slim(object)));
        self.tell(change);
    }

    /// Takes over that an object is gone.
    pub(crate) fn observe_gone(&self, object: &K) {
        let change = self.write(|cache| cache.remove(&Key::of(object), object.meta().uid.as_deref()));
        self.tell(change);
    }

    fn tell(&self, change: Option<Change<K>>) {
        if let Some(change) = change {
            self.listeners
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .iter()
                .for_each(|listener| listener(&change));
        }
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Arc<K>> {
        self.read(|cache| cache.get(key))
    }

    /// All objects, in the order of their keys.
    pub(crate) fn list(&self) -> Vec<Arc<K>> {
        self.read(|cache| cache.list().cloned().collect())
    }

    /// The objects of a namespace.
    pub(crate) fn list_in(&self, namespace: &str) -> Vec<Arc<K>> {
        self.read(|cache| cache.list_in(namespace).cloned().collect())
    }

    /// The objects whose controlling owner has this UID.
    pub(crate) fn owned_by(&self, uid: &str) -> Vec<Arc<K>> {
        self.read(|cache| cache.owned_by(uid))
    }

    fn read<T>(&self, read: impl FnOnce(&Cache<K>) -> T) -> T {
        read(&self.cache.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, write: impl FnOnce(&mut Cache<K>) -> T) -> T {
        write(&mut self.cache.write().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Nobody here reads `managedFields`, and they are often half of an object.
fn slim<K: Resource>(mut object: K) -> K {
    object.meta_mut().managed_fields = None;
    object
}
