//! Pods that go on failing although what was in their way is gone are evicted, so that their controllers make new ones: those that were
//! made without what they need, and those whose credential the registry accepts again and that would wait for the kubelet's next
//! attempt. Only if asked for, never more than told, and never against a disruption budget.

use super::stuck::Waiting;
use crate::context::Context;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use keyside_core::diagnose::Remedy;
use keyside_core::explain::{explain, heard};
use kube::api::EvictParams;
use kube::{Api, ResourceExt};
use std::time::Duration;

/// How fast pods are replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restarts {
    /// How many at most in one round.
    pub most: usize,
    /// The time between two rounds.
    pub every: Duration,
}

impl Restarts {
    /// So many at most every ten seconds.
    pub fn at_most(most: usize) -> Self {
        Self {
            most,
            every: Duration::from_secs(10),
        }
    }
}

/// The reasons of a kubelet for a container that waits for its image and may get it at the next attempt.
const WAITS: [&str; 4] = [
    "ErrImagePull",
    "ImagePullBackOff",
    "ErrImageNeverPull",
    "RegistryUnavailable",
];

/// Works in rounds, while this replica is the one that writes.
pub(super) async fn work(ctx: &Context, restarts: Restarts) -> anyhow::Result<()> {
    loop {
        tokio::time::sleep(restarts.every).await;
        if ctx.leadership.leads() {
            round(ctx, restarts.most).await;
        }
    }
}

/// Replaces so many pods at most. One that a disruption budget protects takes nobody's place.
async fn round(ctx: &Context, most: usize) {
    let mut replaced = 0;
    for waiting in ctx.stuck.waiting() {
        if replaced == most {
            return;
        }
        if helps(ctx, &waiting) && replace(ctx, &waiting).await {
            replaced += 1;
        }
    }
}

/// Whether a new pod gets its image. Decided anew each time: since the node spoke, a credential may have come or been accepted.
fn helps(ctx: &Context, waiting: &Waiting) -> bool {
    let mut question = waiting.asked.question(&waiting.namespace, &waiting.name);
    let index = ctx.index();
    if let Some(at) = waiting.asked.at() {
        question.registry = heard(&index, &question, at);
    }
    explain(&index, &question).remedy != Remedy::Cause
}

/// Evicts the pod, if it still waits and somebody makes another; whether it did.
async fn replace(ctx: &Context, waiting: &Waiting) -> bool {
    let api: Api<Pod> = Api::namespaced(ctx.config.client.clone(), &waiting.namespace);
    let Ok(pod) = api.get_opt(&waiting.name).await else {
        return false;
    };
    let same = pod.filter(|pod| pod.uid().as_deref() == Some(&*waiting.uid));
    if !same.is_some_and(|pod| is_owned(&pod) && is_waiting(&pod)) {
        ctx.stuck.forget(&waiting.uid);
        return false;
    }
    match api.evict(&waiting.name, &EvictParams::default()).await {
        Ok(_) => {
            ctx.stuck.forget(&waiting.uid);
            tracing::info!(namespace = %waiting.namespace, pod = %waiting.name, "replaced a pod that waited in vain");
            true
        }
        // A budget that does not allow it now may do so later.
        Err(kube::Error::Api(status)) if status.code == 429 => false,
        Err(error) => {
            let (namespace, pod) = (&waiting.namespace, &waiting.name);
            tracing::warn!(%error, %namespace, %pod, "a pod that waits in vain could not be replaced");
            false
        }
    }
}

fn is_owned(pod: &Pod) -> bool {
    let mut owners = pod.owner_references().iter();
    owners.any(|owner| owner.controller == Some(true)) && pod.metadata.deletion_timestamp.is_none()
}

/// Whether a container still has no image. What has healed by itself is left alone.
fn is_waiting(pod: &Pod) -> bool {
    let status = pod.status.as_ref();
    let lists = status.map(|status| [&status.init_container_statuses, &status.container_statuses]);
    let mut all = lists.into_iter().flatten().flatten().flatten();
    let reason = |status: &ContainerStatus| status.state.clone()?.waiting?.reason;
    all.any(|status| reason(status).is_some_and(|reason| WAITS.contains(&&*reason)))
}
