//! Events are kept for an hour after their last change, as Kubernetes keeps them. One task sleeps until the oldest one
//! is due.

use crate::clock;
use crate::server::Core;
use crate::store::{Event, Key, Range, Store, Transaction};
use keyside_apimachinery::meta;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long an event is kept.
const LIFE: Duration = Duration::from_secs(3600);

/// An event, as it was written, and when it is due.
struct Due {
    at: Instant,
    key: Key,
    revision: u64,
}

/// Runs until the server stops.
pub(crate) async fn run(core: Arc<Core>) {
    run_with(core, LIFE).await;
}

async fn run_with(core: Arc<Core>, life: Duration) {
    let range = Range::new("", "events", None);
    loop {
        let (mut queue, revision) = stored(&core.store, &range, life);
        let Ok(mut follow) = core.store.follow(range.clone(), revision) else {
            continue;
        };
        // A reader that is too slow for the history starts anew.
        while let Ok(changes) = follow.ready() {
            let at = Instant::now() + life;
            queue.extend(
                changes
                    .iter()
                    .filter(|change| !change.deleted)
                    .map(|change| due(&range, change, at)),
            );
            let next = queue.front().map(|due| due.at);
            tokio::select! {
                () = core.shutdown.cancelled() => return,
                () = follow.changed() => {}
                () = sleep_until(next) => remove(&core.store, &mut queue).await,
            }
        }
    }
}

fn due(range: &Range, change: &Event, at: Instant) -> Due {
    let key = Key {
        collection: Arc::clone(&range.collection),
        path: Arc::clone(&change.path),
    };
    Due {
        at,
        key,
        revision: change.revision,
    }
}

/// What is there at start, the oldest first. The process may have been away for long.
fn stored(store: &Store, range: &Range, life: Duration) -> (VecDeque<Due>, u64) {
    let page = store.list(range);
    let (now, today) = (Instant::now(), jiff::Timestamp::now());
    let mut queue: Vec<Due> = page
        .entries
        .into_iter()
        .map(|(path, entry)| {
            let object = entry.object();
            let last = object["lastTimestamp"]
                .as_str()
                .unwrap_or(meta::string(&object, "creationTimestamp"));
            let age = clock::parse(last).map(|last| today.duration_since(last));
            let age = age
                .and_then(|age| Duration::try_from(age).ok())
                .unwrap_or_default();
            let key = Key {
                collection: Arc::clone(&range.collection),
                path,
            };
            Due {
                at: now + life.saturating_sub(age),
                key,
                revision: entry.revision,
            }
        })
        .collect();
    queue.sort_by_key(|due| due.at);
    (queue.into(), page.revision)
}

async fn sleep_until(next: Option<Instant>) {
    match next {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Removes those that are due and have not been written since.
async fn remove(store: &Store, queue: &mut VecDeque<Due>) {
    let now = Instant::now();
    while let Some(due) = queue.pop_front_if(|due| due.at <= now) {
        let Some(entry) = store.get(&due.key).filter(|entry| entry.revision == due.revision) else {
            continue;
        };
        let transaction = Transaction::delete(due.key, entry.revision, &entry.object());
        if let Err(error) = store.commit(transaction).await {
            tracing::debug!(%error, "an old event stays for now");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ApiServer;
    use serde_json::json;

    fn event(name: &str) -> (Key, serde_json::Value) {
        let key = Key::new("", "events", "default", name);
        let object =
            json!({"kind": "Event", "apiVersion": "v1", "metadata": {"name": name, "namespace": "default"}});
        (key, object)
    }

    #[tokio::test]
    async fn an_event_goes_some_time_after_its_last_change() {
        let server = ApiServer::builder().build().await.unwrap();
        tokio::spawn(run_with(Arc::clone(server.core()), Duration::from_secs(1)));
        let store = server.store();
        let (first, object) = event("first");
        let (second, other) = event("second");
        let entries = store
            .commit(Transaction::create(second.clone(), &other))
            .await
            .unwrap();
        store
            .commit(Transaction::create(first.clone(), &object))
            .await
            .unwrap();
        store
            .commit(Transaction::update(second.clone(), entries[0].revision, &other))
            .await
            .unwrap();
        let mut follow = store
            .follow(Range::new("", "events", None), store.revision())
            .unwrap();
        let mut gone = Vec::new();
        while gone.len() < 2 {
            follow.changed().await;
            gone.extend(follow.ready().unwrap().into_iter().filter(|event| event.deleted));
        }
        let names: Vec<&str> = gone.iter().map(|event| &*event.path).collect();
        assert_eq!(names, ["default/first", "default/second"]);
        assert!(store.get(&first).is_none() && store.get(&second).is_none());
    }

    #[tokio::test]
    async fn what_is_old_at_start_is_due_at_once() {
        let store = Store::memory();
        let (key, mut object) = event("old");
        object["lastTimestamp"] = "2020-01-01T00:00:00Z".into();
        store
            .commit(Transaction::create(key.clone(), &object))
            .await
            .unwrap();
        let (mut queue, _) = stored(&store, &Range::new("", "events", None), LIFE);
        remove(&store, &mut queue).await;
        assert!(store.get(&key).is_none() && queue.is_empty());
    }
}
