//! Events are kept for an hour after they last happened.

use super::{Reconciler, World};
use crate::informer::Key;
use crate::queue::{Doing as _, Queue, Worked, code};
use futures::StreamExt as _;
use k8s_openapi::api::core::v1::Event;
use k8s_openapi::jiff::Timestamp;
use kube::api::{DeleteParams, Preconditions};
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{Config, Event as Change, watcher};
use kube::{Api, ResourceExt};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tracing::debug;

/// `--event-ttl` of kube-apiserver.
const TIME_TO_LIVE: Duration = Duration::from_secs(3600);

/// When an event last happened, and its version then. The events themselves are not kept in memory.
type Seen = HashMap<Key, (Timestamp, Option<String>)>;

struct Expiry {
    world: Arc<World>,
    seen: Arc<Mutex<Seen>>,
}

pub(super) fn start(world: &Arc<World>) {
    world.run(Expiry {
        world: Arc::clone(world),
        seen: Arc::default(),
    });
}

impl Reconciler for Expiry {
    fn listen(&self, queue: &Arc<Queue<Key>>) {
        let (queue, seen, stop) = (Arc::clone(queue), Arc::clone(&self.seen), self.world.stop.clone());
        let events: Api<Event> = Api::all(self.world.client.clone());
        self.world.tasks.spawn(async move {
            let mut changes = watcher(events, Config::default()).default_backoff().boxed();
            loop {
                let change = tokio::select! {
                    () = stop.cancelled() => return,
                    change = changes.next() => change,
                };
                match change {
                    Some(Ok(change)) => take(&queue, &seen, &change),
                    Some(Err(error)) => debug!(%error, "watch of events interrupted"),
                    None => return,
                }
            }
        });
    }

    async fn reconcile(&self, key: Key) -> Worked {
        let known = self
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
            .cloned();
        let Some((time, version)) = known else {
            return Ok(None);
        };
        let left = left(time);
        if left > Duration::ZERO {
            return Ok(Some(left));
        }
        let events: Api<Event> = Api::namespaced(self.world.client.clone(), &key.namespace);
        let preconditions = Preconditions {
            uid: None,
            resource_version: version,
        };
        let params = DeleteParams {
            preconditions: Some(preconditions),
            ..DeleteParams::default()
        };
        match events.delete(&key.name, &params).await {
            // Gone, or it happened again; then the watch has told or is about to.
            Err(error) if matches!(code(&error), Some(404 | 409)) => Ok(None),
            answer => answer
                .map(|_| None)
                .doing(|| format!("delete event {}/{}", key.namespace, key.name)),
        }
    }
}

fn take(queue: &Queue<Key>, seen: &Mutex<Seen>, change: &Change<Event>) {
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    match change {
        Change::Init => seen.clear(),
        Change::InitDone => {}
        Change::Delete(event) => {
            seen.remove(&Key::of(event));
        }
        Change::Apply(event) | Change::InitApply(event) => {
            let (key, time) = (Key::of(event), last(event));
            seen.insert(key.clone(), (time, event.resource_version()));
            queue.add_after(key, left(time));
        }
    }
}

fn left(time: Timestamp) -> Duration {
    TIME_TO_LIVE.saturating_sub(Duration::try_from(Timestamp::now().duration_since(time)).unwrap_or_default())
}

/// When an event last happened, by whichever of its times is the latest.
fn last(event: &Event) -> Timestamp {
    let series = event
        .series
        .as_ref()
        .and_then(|series| series.last_observed_time.as_ref());
    let times = [
        event.last_timestamp.as_ref().map(|time| time.0),
        event.event_time.as_ref().map(|time| time.0),
        series.map(|time| time.0),
        event.metadata.creation_timestamp.as_ref().map(|time| time.0),
    ];
    times.into_iter().flatten().max().unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_latest_time_counts() {
        let event: Event = serde_json::from_value(json!({
            "metadata": { "creationTimestamp": "2026-01-01T00:00:00Z" }, "involvedObject": {},
            "lastTimestamp": "2026-01-01T00:00:05Z", "series": { "lastObservedTime": "2026-01-01T00:00:07.000000Z", "count": 2 },
        }))
        .unwrap();
        assert_eq!(last(&event).to_string(), "2026-01-01T00:00:07Z");
    }
}
