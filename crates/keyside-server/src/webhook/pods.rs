//! Pods: what they need is added, and where a copy is due, the answer waits for it.

use super::review::{Answer, Request};
use super::{HOLDER_FIRST, WAIT};
use crate::apply::apply_for_review;
use crate::context::{Context, Key};
use crate::queue::When;
use jiff::Timestamp;
use keyside_core::inject::{Injection, Pod, decide, patch};
use keyside_core::plan::copy;
use keyside_core::{CredentialId, Index};
use std::sync::Arc;
use tokio::time::{Instant, timeout_at};

pub(super) async fn answer<'a>(ctx: &Context, request: &'a Request<'_>) -> Answer<'a> {
    let uid = &request.uid;
    let pod = request.object.and_then(|object| Pod::parse(object.get()).ok());
    let (Some(namespace), Some(pod), "CREATE") = (&request.namespace, pod, &*request.operation) else {
        return Answer::Allowed { uid };
    };
    let deadline = Instant::now() + WAIT;
    let mut injection = decide_once_known(ctx, namespace, &pod, deadline).await;
    if request.dry_run != Some(true) {
        note_uses(ctx, &injection);
    }
    if request.dry_run != Some(true) && needs_work(ctx, namespace, &injection) {
        deliver(ctx, namespace, &injection, deadline).await;
        // A name may have turned out to be taken meanwhile.
        injection = decide(&ctx.index(), namespace, &pod);
    }
    match patch(&pod, &injection.add) {
        operations if operations.is_empty() => Answer::Allowed { uid },
        operations => Answer::Patched { uid, operations },
    }
}

/// Decides, as soon as the namespace is known: the API server may ask about a pod before its watch has told of the
/// namespace.
async fn decide_once_known(ctx: &Context, namespace: &str, pod: &Pod<'_>, deadline: Instant) -> Injection {
    let known = |index: &Index| index.namespace(namespace).is_some();
    if !known(&ctx.index()) {
        until(ctx, deadline, known).await;
    }
    decide(&ctx.index(), namespace, pod)
}

/// Notes which images a credential is used for: what can be tested.
fn note_uses(ctx: &Context, injection: &Injection) {
    for (id, image) in &injection.uses {
        if ctx.note(|index| index.note_used(id, image)) {
            ctx.verifier.consider(id);
        }
    }
}

/// Whether something has to be written down or delivered before the pod can pull.
fn needs_work(ctx: &Context, namespace: &str, injection: &Injection) -> bool {
    let index = ctx.index();
    let is_noted = |(id, images): (&_, &Vec<Arc<str>>)| {
        let need = index
            .credential(id)
            .and_then(|credential| index.need(namespace, credential));
        let is_on_demand = index
            .credential(id)
            .is_some_and(|one| one.delivery == keyside_api::Delivery::OnDemand);
        need.map_or(!is_on_demand && images.is_empty(), |need| {
            !need.released && images.iter().all(|image| need.images.contains(image))
        })
    };
    !injection.awaited.is_empty() || !injection.needs.iter().all(is_noted)
}

/// Notes what the pod needs, has it delivered at once, and waits for it.
async fn deliver(ctx: &Context, namespace: &str, injection: &Injection, deadline: Instant) {
    let now = Timestamp::now();
    ctx.note(|index| {
        for (id, images) in &injection.needs {
            index.note_need(namespace, id, images.clone(), now);
        }
    });
    ctx.queue.add(Key::Namespace(namespace.into()), When::Urgent);
    let awaited: Vec<_> = injection
        .awaited
        .iter()
        .filter(|id| !ctx.has_failed(id, namespace))
        .collect();
    let delivered = |index: &Index| {
        awaited.iter().all(|id| {
            index
                .credential(id)
                .is_none_or(|credential| index.is_current(namespace, credential))
        })
    };
    if !ctx.leadership.leads() {
        // Of what pods need only this replica knows; copies that are due anyway come from the holder, if it lives.
        deliver_here(ctx, namespace, injection, deadline, |id| {
            !holder_knows(ctx, injection, id)
        })
        .await;
        until(ctx, deadline.min(Instant::now() + HOLDER_FIRST), delivered).await;
        deliver_here(ctx, namespace, injection, deadline, |_| true).await;
    }
    until(ctx, deadline, delivered).await;
}

/// Whether the replica that holds the Lease can know that this copy is due: a need is noted only where the pod was seen.
fn holder_knows(ctx: &Context, injection: &Injection, id: &CredentialId) -> bool {
    let index = ctx.index();
    let is_on_demand = index
        .credential(id)
        .is_some_and(|one| one.delivery == keyside_api::Delivery::OnDemand);
    let needs_keys = injection
        .needs
        .iter()
        .any(|(needed, images)| needed == id && !images.is_empty());
    !is_on_demand && !needs_keys
}

/// Writes copies that this pod waits for, although this replica does not hold the Lease.
async fn deliver_here(
    ctx: &Context,
    namespace: &str,
    injection: &Injection,
    deadline: Instant,
    concerns: impl Fn(&CredentialId) -> bool,
) {
    let namespace: Arc<str> = namespace.into();
    let awaited = injection.awaited.iter().filter(|id| concerns(id));
    let writes = {
        let index = ctx.index();
        awaited
            .filter_map(|id| copy::due(&index, id, &namespace))
            .collect()
    };
    apply_for_review(ctx, writes, deadline).await;
}

/// Waits until the index says so, or until the deadline.
async fn until(ctx: &Context, deadline: Instant, holds: impl Fn(&Index) -> bool) {
    let mut changes = ctx.changes();
    while !holds(&ctx.index()) {
        match timeout_at(deadline, changes.changed()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return,
        }
    }
}
