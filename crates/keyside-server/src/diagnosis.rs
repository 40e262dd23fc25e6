//! Pods that cannot pull: seen by the node's events, diagnosed once per cause, said in one event each.
//!
//! Only events of failing pulls are watched, by their reasons, never all pods; so what is remembered is as much as there are failing
//! pods, and no more than [`REMEMBERED`]. A pod is read once per new cause, where that is permitted; without the right the event and
//! the decision have to do. Registries are not asked from here: what verification has found stands in the credentials' conditions.

mod asked;
mod restart;
mod stuck;

pub use restart::Restarts;
pub use stuck::Diagnoses;
pub(crate) use stuck::Stuck;

use crate::context::Context;
use asked::Asked;
use futures::StreamExt;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, Pod};
use keyside_api::{Cause, FIELD_MANAGER, event};
use keyside_core::diagnose::{Word, words};
use keyside_core::explain::{Explanation, Verdict, explain};
use kube::api::PostParams;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, ResourceExt};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// The reasons of a kubelet's events that tell of a failing pull.
const REASONS: [&str; 5] = [
    "Failed",
    "BackOff",
    "InspectFailed",
    "ErrImageNeverPull",
    "FailedToRetrieveImagePullSecret",
];

/// How many failing pods are remembered.
const REMEMBERED: usize = 10_000;

/// Events that are older when they are first seen are history.
const RECENT: Duration = Duration::from_secs(15 * 60);

/// Begins to watch.
pub(crate) fn start(ctx: &Arc<Context>, tasks: &mut JoinSet<anyhow::Result<()>>) {
    for reason in REASONS {
        let ctx = ctx.clone();
        tasks.spawn(async move {
            watch(&ctx, reason).await;
            Ok(())
        });
    }
    if let Some(restarts) = ctx.config.restart_stuck {
        let ctx = ctx.clone();
        tasks.spawn(async move { restart::work(&ctx, restarts).await });
    }
}

/// Watches the events of one reason, in all namespaces or where alone keyside works.
async fn watch(ctx: &Context, reason: &str) {
    let client = || ctx.config.client.clone();
    match ctx.config.rights.confines() {
        None => follow(ctx, Api::all(client()), reason).await,
        Some(namespaces) => {
            let within = namespaces.iter().map(|one| Api::namespaced(client(), one));
            futures::future::join_all(within.map(|api| follow(ctx, api, reason))).await;
            // Nothing to watch is no watch that has ended.
            std::future::pending::<()>().await;
        }
    }
}

/// Their first state is streamed; an older API server is asked for it in pages.
async fn follow(ctx: &Context, api: Api<Event>, reason: &str) {
    let config = watcher::Config::default().fields(&format!("reason={reason},involvedObject.kind=Pod"));
    for (config, is_last) in [(config.clone().streaming_lists(), false), (config, true)] {
        let events = watcher(api.clone(), config).default_backoff().applied_objects();
        let mut events = std::pin::pin!(events);
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => note(ctx, &event).await,
                Err(error) if is_refused(&error) && !is_last => break,
                // The watch begins again by itself, after a pause.
                Err(_) => {}
            }
        }
    }
}

/// Whether the API server does not know what it was asked for.
fn is_refused(error: &watcher::Error) -> bool {
    match error {
        watcher::Error::WatchStartFailed(kube::Error::Api(status)) => matches!(status.code, 400 | 422),
        watcher::Error::WatchError(status) => matches!(status.code, 400 | 422),
        _ => false,
    }
}

/// Takes note of an event; a cause that is new for its pod is diagnosed and said.
async fn note(ctx: &Context, event: &Event) {
    // Who takes over sees the next event: a kubelet repeats them for as long as the pull fails.
    if !ctx.leadership.leads() {
        return;
    }
    let Some(word) = word(event) else { return };
    let Some(words::Said::Because(cause)) = words::read(&word.message) else {
        return;
    };
    let about = &event.involved_object;
    let (Some(uid), Some(namespace), Some(name)) = (&about.uid, &about.namespace, &about.name) else {
        return;
    };
    let is_recent = word
        .at
        .is_none_or(|at| Timestamp::now().duration_since(at).unsigned_abs() < RECENT);
    if !is_recent || !ctx.stuck.is_new(uid, cause, word.at) {
        return;
    }
    let pod = Api::<Pod>::namespaced(ctx.config.client.clone(), namespace)
        .get_opt(name)
        .await;
    let pod = pod.ok().flatten().filter(|pod| pod.uid().as_ref() == Some(uid));
    let Some(asked) = Asked::new(pod.as_ref(), word) else {
        return;
    };
    let explanation = explain(&ctx.index(), &asked.question(namespace, name));
    if explanation.verdict != Verdict::Failing {
        return;
    }
    let found = Cause::parse(&explanation.reason).unwrap_or(cause);
    let asked = ctx.config.restart_stuck.map(|_| Arc::new(asked));
    if ctx.stuck.add((uid, namespace, name), cause, found, asked) {
        say(ctx, event, &explanation).await;
    }
}

fn word(event: &Event) -> Option<Word> {
    let micro = event.event_time.as_ref().map(|time| time.0);
    Some(Word {
        by: format!("event {}", event.reason.as_deref().unwrap_or_default()),
        message: event.message.clone()?,
        times: u32::try_from(event.count.unwrap_or(1)).unwrap_or(1),
        at: event.last_timestamp.as_ref().map(|time| time.0).or(micro),
    })
}

/// One event on the pod. Its name says which pod and which cause, so that nobody says it twice: not after a restart, and not with two
/// replicas.
async fn say(ctx: &Context, about: &Event, explanation: &Explanation) {
    let pod = &about.involved_object;
    let (Some(uid), Some(namespace), Some(name)) = (&pod.uid, &pod.namespace, &pod.name) else {
        return;
    };
    let time = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let next = explanation
        .fix
        .first()
        .map_or_else(String::new, |fix| format!(". Next: {fix}"));
    let body = json!({
        "metadata": {"name": format!("{name}.{:016x}", stuck::mark(uid, &explanation.reason)), "namespace": namespace},
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", "name": name, "namespace": namespace, "uid": uid},
        "type": "Warning",
        "reason": event::PULL_DIAGNOSED,
        "message": format!("{}: {}{next}", explanation.reason, explanation.message),
        "source": {"component": FIELD_MANAGER},
        "reportingComponent": FIELD_MANAGER,
        "firstTimestamp": time,
        "lastTimestamp": time,
        "count": 1,
    });
    let event: Event = serde_json::from_value(body).expect("an event has this form");
    let api: Api<Event> = Api::namespaced(ctx.config.client.clone(), namespace);
    match api.create(&PostParams::default(), &event).await {
        Ok(_) => {}
        Err(kube::Error::Api(status)) if status.code == 409 => {}
        Err(_) => tracing::warn!(
            namespace,
            pod = name,
            "a diagnosis could not be written as an event"
        ),
    }
}
