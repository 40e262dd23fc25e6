//! Events: what happened to an object, told to whoever looks at it.
//!
//! [`Recorder::tell`] never waits and never fails: an event is a courtesy. Merging repeated events is the business of [`correlate`],
//! which follows client-go. Events of one object are written in order; those of different objects are written side by side.

mod correlate;

use correlate::{Correlator, Occurrence, Write};
use k8s_openapi::api::core::v1::{Event, EventSeries, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, Time};
use k8s_openapi::jiff::Timestamp;
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::{Client, Resource, ResourceExt};
use serde_json::json;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::debug;

/// Writers side by side. One would wait for a disk write per event; 500 pods make thousands.
const LANES: usize = 8;
/// Events waiting per writer before new ones are dropped, as client-go's broadcaster does.
const WAITING: usize = 2000;

/// How a component signs its events.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Signature {
    /// `source.component` (and host), as the kubelet and the controllers do.
    Source { component: &'static str, host: String },
    /// `reportingComponent` and an action, as the scheduler does.
    Reporting {
        component: &'static str,
        instance: String,
        action: &'static str,
    },
}

/// Writes the events of one component.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    signature: Arc<Signature>,
    lanes: Arc<Vec<mpsc::Sender<Occurrence>>>,
}

impl Recorder {
    /// Starts the writers. They end with `stop`.
    pub(crate) fn start(
        client: &Client,
        component: &'static str,
        stop: &CancellationToken,
        tasks: &TaskTracker,
    ) -> Self {
        let lanes = (0..LANES).map(|_| {
            let (sender, receiver) = mpsc::channel(WAITING);
            tasks.spawn(write_all(client.clone(), receiver, stop.clone()));
            sender
        });
        let signature = Signature::Source {
            component,
            host: String::new(),
        };
        Self {
            signature: Arc::new(signature),
            lanes: Arc::new(lanes.collect()),
        }
    }

    /// The same writers for another component.
    pub(crate) fn signed(&self, component: &'static str) -> Self {
        self.signed_on(component, "")
    }

    /// The same writers for a component on a node.
    pub(crate) fn signed_on(&self, component: &'static str, host: &str) -> Self {
        let signature = Signature::Source {
            component,
            host: host.to_owned(),
        };
        Self {
            signature: Arc::new(signature),
            lanes: Arc::clone(&self.lanes),
        }
    }

    /// The same writers in the newer form of events, which names an action.
    pub(crate) fn reporting(&self, component: &'static str, instance: String, action: &'static str) -> Self {
        let signature = Signature::Reporting {
            component,
            instance,
            action,
        };
        Self {
            signature: Arc::new(signature),
            lanes: Arc::clone(&self.lanes),
        }
    }

    pub(crate) fn normal(&self, about: &ObjectReference, reason: &str, message: impl Into<String>) {
        self.tell(about, false, reason, message.into());
    }

    pub(crate) fn warning(&self, about: &ObjectReference, reason: &str, message: impl Into<String>) {
        self.tell(about, true, reason, message.into());
    }

    pub(crate) fn tell(&self, about: &ObjectReference, is_warning: bool, reason: &str, message: String) {
        self.tell_at(Timestamp::now(), about, is_warning, reason, message);
    }

    /// Tells what happened at a time that is over, so that a cause stands before its effects.
    pub(crate) fn tell_at(
        &self,
        at: Timestamp,
        about: &ObjectReference,
        is_warning: bool,
        reason: &str,
        message: String,
    ) {
        let occurrence = Occurrence {
            about: about.clone(),
            signature: Arc::clone(&self.signature),
            is_warning,
            reason: reason.to_owned(),
            message,
            at,
        };
        let mut hasher = DefaultHasher::new();
        about.uid.hash(&mut hasher);
        let lane = usize::try_from(hasher.finish() % LANES as u64).unwrap_or_default();
        if self.lanes[lane].try_send(occurrence).is_err() {
            debug!(reason, "an event was dropped");
        }
    }
}

/// A reference to a typed object, as events carry it.
pub(crate) fn about<K: Resource<DynamicType = ()>>(object: &K) -> ObjectReference {
    ObjectReference {
        api_version: Some(K::api_version(&()).into_owned()),
        kind: Some(K::kind(&()).into_owned()),
        name: object.meta().name.clone(),
        namespace: object.meta().namespace.clone(),
        uid: object.uid(),
        resource_version: object.resource_version(),
        ..ObjectReference::default()
    }
}

async fn write_all(client: Client, mut occurrences: mpsc::Receiver<Occurrence>, stop: CancellationToken) {
    let mut correlator = Correlator::default();
    loop {
        let occurrence = tokio::select! {
            () = stop.cancelled() => return,
            occurrence = occurrences.recv() => occurrence,
        };
        let Some(occurrence) = occurrence else { return };
        let now = tokio::time::Instant::now().into_std();
        if let Some((key, write)) = correlator.correlate(&occurrence, now)
            && !carry_out(&client, &occurrence, write).await
        {
            correlator.forget(&key);
        }
    }
}

/// Whether the event is on the server now. A namespace that is going away takes no events; that is not worth a word.
async fn carry_out(client: &Client, occurrence: &Occurrence, write: Write) -> bool {
    let namespace = occurrence
        .about
        .namespace
        .as_deref()
        .filter(|name| !name.is_empty())
        .unwrap_or("default");
    let events: Api<Event> = Api::namespaced(client.clone(), namespace);
    let mut fresh = event(occurrence, namespace, &write);
    if write.count > 1 {
        let counted = events
            .patch(
                &write.name,
                &PatchParams::default(),
                &Patch::Strategic(counted(&fresh)),
            )
            .await;
        match counted {
            Ok(_) => return true,
            Err(kube::Error::Api(status)) if status.code == 404 => fresh.count = Some(1),
            Err(error) => {
                debug!(%error, "an event was not counted");
                return false;
            }
        }
    }
    match events.create(&PostParams::default(), &fresh).await {
        Ok(_) => true,
        Err(error) => {
            debug!(%error, "an event was not written");
            false
        }
    }
}

fn counted(event: &Event) -> serde_json::Value {
    match &event.series {
        Some(series) => json!({ "series": series }),
        None => {
            json!({ "count": event.count, "lastTimestamp": event.last_timestamp, "message": event.message })
        }
    }
}

fn event(occurrence: &Occurrence, namespace: &str, write: &Write) -> Event {
    let mut event = Event {
        involved_object: occurrence.about.clone(),
        type_: Some(
            if occurrence.is_warning {
                "Warning"
            } else {
                "Normal"
            }
            .to_owned(),
        ),
        reason: Some(occurrence.reason.clone()),
        message: Some(write.message.clone()),
        ..Event::default()
    };
    event.metadata.name = Some(write.name.clone());
    event.metadata.namespace = Some(namespace.to_owned());
    match &*occurrence.signature {
        Signature::Source { component, host } => {
            let host = (!host.is_empty()).then(|| host.clone());
            event.reporting_component = Some((*component).to_owned());
            event.reporting_instance.clone_from(&host);
            event.source = Some(EventSource {
                component: Some((*component).to_owned()),
                host,
            });
            event.first_timestamp = Some(Time(write.first));
            event.last_timestamp = Some(Time(occurrence.at));
            event.count = Some(write.count);
        }
        Signature::Reporting {
            component,
            instance,
            action,
        } => {
            event.reporting_component = Some((*component).to_owned());
            event.reporting_instance = Some(instance.clone());
            event.action = Some((*action).to_owned());
            event.event_time = Some(MicroTime(write.first));
            event.series = (write.count > 1).then_some(EventSeries {
                count: Some(write.count),
                last_observed_time: Some(MicroTime(occurrence.at)),
            });
        }
    }
    event
}
