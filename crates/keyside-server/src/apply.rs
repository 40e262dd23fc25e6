//! Carrying out a plan: the only writes of copies. Each namespace is on its own: what one refuses stops no other.

use crate::context::{Context, Key};
use crate::error::Remedy;
use crate::queue::When;
use crate::rbac::Mode;
use crate::wire;
use futures::StreamExt as _;
use jiff::Timestamp;
use keyside_api::label;
use keyside_core::plan::{Delete, Plan, Write, copy};
use keyside_core::status::Failure;
use keyside_core::{CredentialId, Index};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long to wait until a watch shows what has a name.
const SEEN_WITHIN: Duration = Duration::from_secs(1);

/// After how long a name that was taken by an unseen Secret is tried again.
const TAKEN_AGAIN: Duration = Duration::from_secs(60);

/// The longest text of an API server that a status repeats.
const MESSAGE_MAX: usize = 256;

/// What was done, and what is left to do.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    /// Credentials of which copies were written or removed, or refused.
    pub(crate) concerned: BTreeSet<CredentialId>,
    /// Copies written.
    pub(crate) written: usize,
    /// Copies removed.
    pub(crate) deleted: usize,
    /// Whether some calls failed and are worth another try with growing pauses.
    pub(crate) retry: bool,
    /// Whether something was refused for good, so that only a slow retry makes sense.
    pub(crate) refused: bool,
    /// When to look again although nothing changes.
    pub(crate) again: Option<Timestamp>,
}

/// By what right a write is sent: looked at right before, because whoever planned it may have stood still since.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mandate {
    /// This replica holds the Lease.
    Holder,
    /// A pod that is being admitted waits for the copy until then, whoever holds the Lease.
    Review(Instant),
}

impl Mandate {
    fn holds(self, ctx: &Context) -> bool {
        match self {
            Self::Holder => ctx.leadership.leads(),
            Self::Review(deadline) => Instant::now() < deadline,
        }
    }
}

/// What became of one write or delete.
enum Outcome {
    Done,
    NotDue,
    Gone,
    Retry,
    Refused,
}

/// Carries out a plan: writes first, then deletes, so that what replaces a copy stands before the copy goes.
pub(crate) async fn apply(ctx: &Context, plan: Plan) -> Applied {
    let Plan {
        writes,
        deletes,
        again,
    } = plan;
    let mut applied = Applied {
        again,
        ..Applied::default()
    };
    let side_by_side = ctx.config.in_flight;
    let mut writes = futures::stream::iter(writes)
        .map(|write| async move {
            let credential = write.credential.clone();
            (credential, write_one(ctx, write, Mandate::Holder).await)
        })
        .buffer_unordered(side_by_side);
    while let Some((credential, outcome)) = writes.next().await {
        match outcome {
            Outcome::Done => applied.written += 1,
            Outcome::Retry => applied.retry = true,
            Outcome::Refused => applied.refused = true,
            Outcome::NotDue | Outcome::Gone => continue,
        }
        applied.concerned.insert(credential);
    }
    if applied.retry {
        return applied;
    }
    let mut deletes = futures::stream::iter(deletes)
        .map(|delete| async move { delete_one(ctx, delete).await })
        .buffer_unordered(side_by_side);
    while let Some(outcome) = deletes.next().await {
        match outcome {
            Outcome::Done => applied.deleted += 1,
            Outcome::Retry => applied.retry = true,
            Outcome::Refused => applied.refused = true,
            Outcome::NotDue | Outcome::Gone => {}
        }
    }
    applied
}

/// Writes the copies that a pod being admitted waits for. Nothing else is done on this mandate: whether anything is in
/// the way, or has to go, is the holder's business.
pub(crate) async fn apply_for_review(ctx: &Context, writes: Vec<Write>, deadline: Instant) {
    let written = writes
        .into_iter()
        .map(|write| write_one(ctx, write, Mandate::Review(deadline)));
    futures::future::join_all(written).await;
}

async fn write_one(ctx: &Context, planned: Write, mandate: Mandate) -> Outcome {
    let _turn = ctx.flow.turn(&planned.namespace, &planned.credential.name).await;
    let due = {
        let index = ctx.index();
        if copy::is_due(&index, &planned) {
            Some(planned)
        } else {
            copy::due(&index, &planned.credential, &planned.namespace)
        }
    };
    let Some(write) = due else { return Outcome::NotDue };
    if !mandate.holds(ctx) {
        return Outcome::Retry;
    }
    let error = match wire::write_copy(&ctx.config.client, &write).await {
        Ok(meta) => {
            tracing::debug!(namespace = %write.namespace, secret = %write.name, "a copy is written");
            ctx.note_failure(&write.credential, &write.namespace, None);
            ctx.feed(|index| index.confirm_copy(&meta, Timestamp::now()));
            return Outcome::Done;
        }
        Err(error) => error,
    };
    match error.remedy() {
        Remedy::Taken | Remedy::LookAgain if !sees_copies(ctx, &write.namespace) => {
            let label = write.labels.get(label::CREDENTIAL).map_or("", String::as_str);
            look(ctx, &write.namespace, &write.name, label).await
        }
        Remedy::Nothing if write.existing.is_some() && !sees_copies(ctx, &write.namespace) => {
            gone(ctx, &write.namespace, &write.name)
        }
        Remedy::Nothing => Outcome::Gone,
        Remedy::Taken => taken(ctx, &write).await,
        Remedy::LookAgain => {
            let before = write.existing.clone();
            let changed = |index: &Index| {
                index
                    .copy(&write.namespace, &write.name)
                    .map(copy::Existing::from)
                    != before
            };
            seen(ctx, changed).await;
            Outcome::Retry
        }
        Remedy::Pause(time) => {
            ctx.flow.hold(time);
            Outcome::Retry
        }
        Remedy::Retry => {
            tracing::warn!(namespace = %write.namespace, credential = %write.credential, answer = error.answer(), "a copy could not be written");
            Outcome::Retry
        }
        Remedy::Refused(message) => {
            let message = speakable(&message, &write);
            tracing::warn!(namespace = %write.namespace, credential = %write.credential, message, "a copy is refused");
            let failure = Failure {
                namespace: write.namespace.clone(),
                message,
            };
            ctx.note_failure(&write.credential, &write.namespace, Some(failure));
            Outcome::Refused
        }
    }
}

/// Whether a watch shows the copies of a namespace.
fn sees_copies(ctx: &Context, namespace: &str) -> bool {
    ctx.config.rights.mode != Mode::Blind || ctx.index().may_read(namespace)
}

/// Learns what has a name where no watch shows it: a copy of this credential, or something that is not ours.
async fn look(ctx: &Context, namespace: &Arc<str>, name: &Arc<str>, label: &str) -> Outcome {
    match wire::find_copy(&ctx.config.client, namespace, name, label).await {
        Ok(meta) => {
            ctx.feed(|index| index.apply_copy(&meta, Timestamp::now()));
            Outcome::Retry
        }
        Err(error) => match error.remedy() {
            Remedy::Nothing => gone(ctx, namespace, name),
            // Its label is another one, or it has none.
            Remedy::Refused(_) => {
                ctx.feed(|index| {
                    let touched = index.remove_copy(namespace, name, None);
                    index.set_taken(namespace, name, true);
                    touched
                });
                ctx.queue.add(Key::Taken, When::After(TAKEN_AGAIN));
                Outcome::Retry
            }
            Remedy::Pause(time) => {
                ctx.flow.hold(time);
                Outcome::Retry
            }
            Remedy::Taken | Remedy::LookAgain | Remedy::Retry => Outcome::Retry,
        },
    }
}

/// A copy is gone that no watch would have shown to go.
fn gone(ctx: &Context, namespace: &str, name: &str) -> Outcome {
    ctx.feed(|index| index.remove_copy(namespace, name, None));
    Outcome::Retry
}

/// Something has the name: a Secret that a watch is about to show, or one of a kind that is not watched.
async fn taken(ctx: &Context, write: &Write) -> Outcome {
    let (namespace, name) = (&write.namespace, &write.name);
    let shown =
        |index: &Index| index.copy(namespace, name).is_some() || index.secret(namespace, name).is_some();
    if !seen(ctx, shown).await {
        ctx.note(|index| index.set_taken(namespace, name, true));
        ctx.queue.add(Key::Taken, When::After(TAKEN_AGAIN));
    }
    Outcome::Retry
}

/// Waits until a watch shows something, but not long.
async fn seen(ctx: &Context, shown: impl Fn(&Index) -> bool) -> bool {
    let mut changes = ctx.changes();
    let wait = async {
        while !shown(&ctx.index()) {
            if changes.changed().await.is_err() {
                return;
            }
        }
    };
    tokio::time::timeout(SEEN_WITHIN, wait).await.is_ok()
}

async fn delete_one(ctx: &Context, delete: Delete) -> Outcome {
    let _turn = ctx.flow.turn(&delete.namespace, &delete.name).await;
    let same = ctx
        .index()
        .copy(&delete.namespace, &delete.name)
        .map(copy::Existing::from);
    if same.as_ref() != Some(&delete.existing) {
        return Outcome::NotDue;
    }
    if !Mandate::Holder.holds(ctx) {
        return Outcome::Retry;
    }
    let result = wire::delete_copy(&ctx.config.client, &delete).await;
    tracing::debug!(namespace = %delete.namespace, secret = %delete.name, ok = result.is_ok(), "a copy is removed");
    let removed = |ctx: &Context| {
        ctx.feed(|index| index.remove_copy(&delete.namespace, &delete.name, delete.existing.uid.as_deref()));
    };
    match result.map_err(|error| error.remedy()) {
        Ok(()) => {
            removed(ctx);
            Outcome::Done
        }
        Err(Remedy::Nothing) => {
            removed(ctx);
            Outcome::Gone
        }
        Err(Remedy::Pause(time)) => {
            ctx.flow.hold(time);
            Outcome::Retry
        }
        Err(Remedy::LookAgain) if !sees_copies(ctx, &delete.namespace) => {
            let label = ctx.index().copy_label(&delete.namespace, &delete.name);
            look(
                ctx,
                &delete.namespace,
                &delete.name,
                label.as_deref().unwrap_or_default(),
            )
            .await
        }
        Err(Remedy::Refused(message)) => {
            tracing::warn!(namespace = %delete.namespace, secret = %delete.name, message, "a copy cannot be removed");
            Outcome::Refused
        }
        Err(Remedy::Taken | Remedy::LookAgain | Remedy::Retry) => Outcome::Retry,
    }
}

/// What the API server said, as it may stand in a status: not long, and nothing of the credential in it, whoever put it
/// there (a policy of the cluster may quote what it refuses).
fn speakable(message: &str, write: &Write) -> String {
    let document = write.document.expose_text();
    let quoted = document
        .split('"')
        .filter(|part| part.len() > 3)
        .any(|part| message.contains(part) && is_value(part));
    if quoted {
        return "the API server refused the Secret".to_owned();
    }
    let end = message
        .char_indices()
        .map(|(at, _)| at)
        .nth(MESSAGE_MAX)
        .unwrap_or(message.len());
    message[..end].to_owned()
}

/// Whether a part of the document is a value and not one of its fixed names.
fn is_value(part: &str) -> bool {
    !["auths", "username", "password", "email", "auth"].contains(&part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyside_keychain::Secret;

    fn write(document: &str) -> Write {
        Write {
            namespace: "shop".into(),
            name: "testquay".into(),
            credential: CredentialId::cluster("testquay"),
            labels: std::collections::BTreeMap::new(),
            annotations: std::collections::BTreeMap::new(),
            document: Arc::new(Secret::from(document)),
            existing: None,
        }
    }

    #[test]
    fn refusal_that_quotes_the_password_is_not_repeated() {
        let write = write(
            r#"{"auths":{"quay.io":{"username":"robot","password":"hunter22","auth":"cm9ib3Q6aHVudGVyMjI="}}}"#,
        );
        for quoted in ["hunter22", "robot", "cm9ib3Q6aHVudGVyMjI="] {
            let said = speakable(&format!("denied by policy: {quoted} is weak"), &write);
            assert_eq!(said, "the API server refused the Secret");
        }
        assert_eq!(
            speakable("exceeded quota: password rules", &write),
            "exceeded quota: password rules"
        );
    }

    #[test]
    fn refusal_is_cut_at_a_character() {
        let said = speakable(&"命".repeat(1000), &write("{}"));
        assert_eq!(said.chars().count(), MESSAGE_MAX);
    }
}
