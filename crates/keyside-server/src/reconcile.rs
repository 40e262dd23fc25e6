//! The controllers. Each has four steps with the same names: view (memory only), plan (pure), apply (the only writes),
//! report (status and events, from what was applied).

mod idle;
mod memory;
pub(crate) use memory::recall;
mod project;
mod standby;

use crate::apply::{Applied, apply};
use crate::context::{Context, Key};
use crate::error::Error;
use crate::report;
use jiff::Timestamp;
use keyside_core::CredentialId;
use keyside_core::plan::{copy, plan};
use std::sync::Arc;
use std::time::Duration;

/// How long numbers may wait for a namespace that is being worked on.
const SETTLING: Duration = Duration::from_millis(250);

/// When to work on a key again although nothing changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Requeue {
    /// Not before something changes.
    No,
    /// After this time.
    After(Duration),
    /// With pauses that grow as long as it fails.
    Backoff,
    /// With long pauses: something is refused, and may be allowed one day.
    Slowly,
}

/// Brings whatever a key stands for to the state that is asked for.
pub(crate) async fn reconcile(ctx: &Context, key: &Key) -> Result<Requeue, Error> {
    if !ctx.leadership.leads() {
        return Ok(standby::reconcile(ctx, key));
    }
    match key {
        Key::Credential(id) => credential(ctx, id).await,
        Key::Namespace(namespace) => namespace_copies(ctx, namespace).await,
        Key::Project(name) => project::reconcile(ctx, name).await,
        Key::Memory => memory::reconcile(ctx).await,
        Key::Idle => idle::reconcile(ctx).await,
        Key::Taken => Ok(taken(ctx)),
    }
}

/// Brings one credential's deliveries to the state that its spec asks for.
async fn credential(ctx: &Context, id: &CredentialId) -> Result<Requeue, Error> {
    let now = Timestamp::now();
    let view = ctx.note(|index| copy::view_credential(index, id, now));
    let plan = plan(view, now, ctx.config.grace);
    let had_writes = !plan.writes.is_empty();
    if had_writes {
        ctx.note_propagation(id, false);
    }
    let applied = apply(ctx, plan).await;
    if had_writes && !applied.retry {
        ctx.note_propagation(id, true);
    }
    if ctx.index().credential(id).is_none() {
        ctx.forget_propagation(id);
    }
    if applied.retry && had_writes {
        return Ok(Requeue::Backoff);
    }
    if !had_writes && still_settling(ctx, id) {
        return Ok(Requeue::After(SETTLING));
    }
    report::credential(ctx, id).await?;
    Ok(requeue(&applied))
}

/// Brings all copies in one namespace to the state that is asked for.
async fn namespace_copies(ctx: &Context, namespace: &Arc<str>) -> Result<Requeue, Error> {
    let now = Timestamp::now();
    let view = ctx.note(|index| copy::view_namespace(index, namespace, now));
    let plan = plan(view, now, ctx.config.grace);
    let applied = apply(ctx, plan).await;
    for id in &applied.concerned {
        ctx.report_soon(Key::Credential(id.clone()));
    }
    Ok(requeue(&applied))
}

/// Whether the numbers of a credential are about to change, because a namespace in its scope is being worked on.
fn still_settling(ctx: &Context, id: &CredentialId) -> bool {
    let index = ctx.index();
    let Some(credential) = index.credential(id) else {
        return false;
    };
    ctx.queue.is_busy_with(|key| match key {
        Key::Namespace(namespace) => {
            index.applies(credential, namespace).is_ok() && !index.is_current(namespace, credential)
        }
        _ => false,
    })
}

fn requeue(applied: &Applied) -> Requeue {
    match applied.again {
        _ if applied.retry => Requeue::Backoff,
        _ if applied.refused => Requeue::Slowly,
        None => Requeue::No,
        Some(again) => until(again),
    }
}

fn until(again: Timestamp) -> Requeue {
    let wait = again.duration_since(Timestamp::now());
    Requeue::After(Duration::try_from(wait).unwrap_or_default())
}

/// Names that were taken by Secrets no watch shows are tried again.
fn taken(ctx: &Context) -> Requeue {
    let taken: Vec<(Arc<str>, Arc<str>)> = ctx.index().taken().cloned().collect();
    for (namespace, name) in taken {
        ctx.note(|index| index.set_taken(&namespace, &name, false));
        ctx.queue
            .add(Key::Namespace(namespace), crate::queue::When::Usual);
    }
    Requeue::No
}
