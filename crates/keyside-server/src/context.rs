//! What all parts share: the client, the index and its one way in, the queue.

use crate::diagnosis::Stuck;
use crate::flow::Flow;
use crate::health::Health;
use crate::lease::Leadership;
use crate::metrics::Counters;
use crate::queue::{Queue, When};
use crate::running::Config;
use crate::stall::Monitor;
use crate::verify::Verifier;
use jiff::Timestamp;
use keyside_core::index::Touched;
use keyside_core::status::Failure;
use keyside_core::{CredentialId, Index};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How long changes of mere numbers are gathered before a status is written.
const BURST: Duration = Duration::from_millis(150);

/// What is worked on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Key {
    /// One credential in all namespaces, and its status.
    Credential(CredentialId),
    /// All credentials in one namespace.
    Namespace(Arc<str>),
    /// One Project: its home namespace and its status.
    Project(Arc<str>),
    /// Which namespaces were accepted as members is written down.
    Memory,
    /// On-demand copies that nobody may need any more.
    Idle,
    /// Names that were taken by Secrets no watch shows: are they still?
    Taken,
}

/// What all parts share.
pub(crate) struct Context {
    pub(crate) config: Config,
    pub(crate) queue: Queue<Key>,
    pub(crate) flow: Flow,
    /// Whether this replica may write.
    pub(crate) leadership: Arc<Leadership>,
    /// Whether watches still hear something.
    pub(crate) monitor: Arc<Monitor>,
    pub(crate) health: Health,
    pub(crate) counters: Counters,
    /// Since when changes of credentials are being delivered.
    pub(crate) propagating: Mutex<HashMap<CredentialId, Instant>>,
    /// Pods that cannot pull.
    pub(crate) stuck: Stuck,
    pub(crate) verifier: Verifier,
    /// When this run began.
    pub(crate) started: Timestamp,
    index: RwLock<Index>,
    /// Counts changes of the index, so that whoever waits for one is woken.
    changes: watch::Sender<u64>,
    failures: Mutex<HashMap<CredentialId, BTreeMap<Arc<str>, Failure>>>,
    /// Why home namespaces could not be created.
    refused_homes: Mutex<HashMap<Arc<str>, String>>,
    status_written: Mutex<HashMap<Key, Instant>>,
}

impl Context {
    pub(crate) fn new(config: Config, index: Index) -> Self {
        Self {
            queue: Queue::new(),
            // Room beyond what a plan takes: a namespace that a pod waits for never queues behind a rotation.
            flow: Flow::new(config.in_flight + config.in_flight.div_ceil(4)),
            leadership: Arc::new(match config.candidacy {
                Some(_) => Leadership::elected(),
                None => Leadership::alone(),
            }),
            monitor: Monitor::new(config.stalled_after),
            health: Health::default(),
            counters: Counters::new(),
            propagating: Mutex::default(),
            stuck: Stuck::default(),
            verifier: Verifier::new(config.verification.clone()),
            started: Timestamp::now(),
            config,
            index: RwLock::new(index),
            changes: watch::channel(0).0,
            failures: Mutex::default(),
            refused_homes: Mutex::default(),
            status_written: Mutex::default(),
        }
    }

    /// Reads the index. Never held across an `await`.
    pub(crate) fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the index something that it takes note of.
    pub(crate) fn note<T>(&self, ask: impl FnOnce(&mut Index) -> T) -> T {
        ask(&mut self.index.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// The one way in: changes the index, and puts into the queue whom the change concerns.
    pub(crate) fn feed(&self, change: impl FnOnce(&mut Index) -> Touched) {
        let (touched, memory) = self.note(|index| {
            let before = index.accepted().revision();
            (change(index), index.accepted().revision() != before)
        });
        if memory {
            self.queue.add(Key::Memory, When::After(self.config.status_every));
        }
        if !touched.is_empty() {
            self.enqueue(touched);
        }
        self.changes.send_modify(|count| *count += 1);
    }

    fn enqueue(&self, touched: Touched) {
        for namespace in touched.namespaces {
            self.queue.add(Key::Namespace(namespace), When::Usual);
        }
        for id in touched.credentials.union(&touched.reports) {
            self.verifier.consider(id);
        }
        for id in touched.credentials {
            let when = self.when(&id);
            self.queue.add(Key::Credential(id), when);
        }
        for id in touched.reports {
            self.report_soon(Key::Credential(id));
        }
        for name in touched.projects {
            let key = Key::Project(name);
            if self.is_first_look(&key) {
                self.queue.add(key, When::Usual)
            } else {
                self.report_soon(key)
            }
        }
    }

    /// Whether a Project has not been looked at since its spec changed: then there is more to do than to count.
    fn is_first_look(&self, key: &Key) -> bool {
        let Key::Project(name) = key else { return false };
        let index = self.index();
        index
            .project(name)
            .is_some_and(|project| project.status.observed_generation != Some(project.generation))
    }

    /// A new credential whose Secret has not been seen is given a moment: the two come by different watches.
    fn when(&self, id: &CredentialId) -> When {
        let index = self.index();
        let is_new = |created: Timestamp| Timestamp::now().duration_since(created).as_secs() < 3;
        match index.credential(id) {
            Some(credential) if credential.content().is_none() && credential.created.is_some_and(is_new) => {
                When::After(Duration::from_millis(500))
            }
            _ => When::Usual,
        }
    }

    /// The numbers in a status may have changed: it is due when the burst is over.
    pub(crate) fn report_soon(&self, key: Key) {
        let written = self
            .status_written
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
            .copied();
        let again = written.map_or(Duration::ZERO, |written| {
            self.config.status_every.saturating_sub(written.elapsed())
        });
        self.queue.add(key, When::After(BURST.max(again)));
    }

    /// A status is about to be written. What changes before the answer is there waits as long as what changes after it.
    pub(crate) fn note_status_write(&self, key: Key) {
        self.status_written
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key, Instant::now());
    }

    /// Woken at every change of the index.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Notes that a namespace refused a copy, or that it does not any more.
    pub(crate) fn note_failure(&self, id: &CredentialId, namespace: &Arc<str>, failure: Option<Failure>) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        match failure {
            Some(failure) => {
                failures
                    .entry(id.clone())
                    .or_default()
                    .insert(namespace.clone(), failure);
            }
            None => {
                if let Some(known) = failures.get_mut(id) {
                    known.remove(namespace);
                }
            }
        }
    }

    /// The namespaces that refuse a credential and still are in its scope.
    pub(crate) fn failures(&self, index: &Index, id: &CredentialId) -> Vec<Failure> {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = failures.get_mut(id) else {
            return Vec::new();
        };
        match index.credential(id) {
            Some(credential) => known.retain(|namespace, _| {
                index.applies(credential, namespace).is_ok() && !index.is_current(namespace, credential)
            }),
            None => known.clear(),
        }
        known.values().cloned().collect()
    }

    /// Whether a namespace refuses a credential.
    pub(crate) fn has_failed(&self, id: &CredentialId, namespace: &str) -> bool {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures
            .get(id)
            .is_some_and(|known| known.contains_key(namespace))
    }

    /// Why a home namespace could not be created.
    pub(crate) fn refused_home(&self, project: &str) -> Option<String> {
        self.refused_homes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(project)
            .cloned()
    }

    /// Notes why a home namespace could not be created, or that it could.
    pub(crate) fn note_refused_home(&self, project: &Arc<str>, why: Option<String>) {
        let mut refused = self.refused_homes.lock().unwrap_or_else(PoisonError::into_inner);
        match why {
            Some(why) => refused.insert(project.clone(), why),
            None => refused.remove(project),
        };
    }
}
