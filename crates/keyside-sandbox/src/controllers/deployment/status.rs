//! The status of a deployment: counts, and the three conditions that `kubectl rollout status` reads.

use super::plan::View;
use super::revision::Revisions;
use super::rollout;
use k8s_openapi::api::apps::v1::{Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;
use std::time::Duration;

const PROGRESSING: &str = "Progressing";
const REPLICA_FAILURE: &str = "ReplicaFailure";
const COMPLETE: &str = "NewReplicaSetAvailable";
const TIMED_OUT: &str = "ProgressDeadlineExceeded";
const PAUSED: &str = "DeploymentPaused";
pub(super) const FAILED_CREATE: &str = "ReplicaSetCreateError";

/// A status, and when it changes by waiting alone.
pub(super) struct Planned {
    pub(super) status: DeploymentStatus,
    pub(super) again: Option<Duration>,
}

/// What kind of look the status belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look<'a> {
    /// The deployment goes away, or was only resized: progress is not judged.
    Counting,
    Paused,
    /// A rollout; with the name of the set that is being created, if one is.
    Rolling {
        created: Option<&'a str>,
    },
}

pub(super) fn planned(view: &View<'_>, revisions: &Revisions, look: Look<'_>) -> Planned {
    let mut status = counts(view.deployment, revisions, view.now);
    match look {
        Look::Counting => {}
        Look::Paused => pause(view, &mut status),
        Look::Rolling { created } => {
            judge(view, revisions, &mut status, created);
            replica_failure(revisions, &mut status, view.now);
        }
    }
    let again = deadline(view.deployment, &status, view.now);
    Planned { status, again }
}

/// Whether everything wanted is there and nothing else.
pub(super) fn is_complete(deployment: &Deployment, status: &DeploymentStatus) -> bool {
    let wanted = rollout::replicas(deployment);
    let counts = [
        status.updated_replicas,
        status.replicas,
        status.available_replicas,
    ];
    counts.iter().all(|count| count.unwrap_or_default() == wanted)
        && status.observed_generation.unwrap_or_default()
            >= deployment.metadata.generation.unwrap_or_default()
}

/// Notes that the new set could not be created.
pub(super) fn set_refused(status: &mut DeploymentStatus, message: &str, now: Timestamp) {
    set(
        status,
        condition(PROGRESSING, "False", FAILED_CREATE, message.to_owned(), now),
    );
}

fn counts(deployment: &Deployment, revisions: &Revisions, now: Timestamp) -> DeploymentStatus {
    let sum = |count: &dyn Fn(&ReplicaSet) -> i32| revisions.all().map(|set| count(set)).sum::<i32>();
    let some = |number: i32| (number != 0).then_some(number);
    let actual = |set: &ReplicaSet| {
        set.status
            .as_ref()
            .map(|status| status.replicas)
            .unwrap_or_default()
    };
    let ready = |set: &ReplicaSet| {
        set.status
            .as_ref()
            .and_then(|status| status.ready_replicas)
            .unwrap_or_default()
    };
    let available = sum(&rollout::available);
    let old = deployment.status.clone().unwrap_or_default();
    let mut status = DeploymentStatus {
        observed_generation: deployment.metadata.generation,
        replicas: some(sum(&actual)),
        updated_replicas: some(revisions.new.as_ref().map(|new| actual(new)).unwrap_or_default()),
        ready_replicas: some(sum(&ready)),
        available_replicas: some(available),
        unavailable_replicas: some((sum(&rollout::size) - available).max(0)),
        ..old
    };
    let enough = available >= rollout::replicas(deployment) - rollout::max_unavailable(deployment);
    let (verdict, reason, message) = if enough {
        (
            "True",
            "MinimumReplicasAvailable",
            "Deployment has minimum availability.",
        )
    } else {
        (
            "False",
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
        )
    };
    set(
        &mut status,
        condition("Available", verdict, reason, message.to_owned(), now),
    );
    status
}

/// A paused deployment is not late; one that was already late stays so.
fn pause(view: &View<'_>, status: &mut DeploymentStatus) {
    let reason = get(status, PROGRESSING).and_then(|condition| condition.reason.as_deref());
    if has_deadline(view.deployment) && reason != Some(TIMED_OUT) && reason != Some(PAUSED) {
        set(
            status,
            condition(
                PROGRESSING,
                "Unknown",
                PAUSED,
                "Deployment is paused".to_owned(),
                view.now,
            ),
        );
    }
}

fn judge(view: &View<'_>, revisions: &Revisions, status: &mut DeploymentStatus, created: Option<&str>) {
    let deployment = view.deployment;
    if !has_deadline(deployment) {
        remove(status, PROGRESSING);
        return;
    }
    let now = view.now;
    if let Some(name) = created {
        let message = format!("Created new replica set {name:?}");
        set(
            status,
            condition(PROGRESSING, "True", "NewReplicaSetCreated", message, now),
        );
        return;
    }
    let current = get(status, PROGRESSING).cloned();
    let reason = current.as_ref().and_then(|condition| condition.reason.as_deref());
    if reason == Some(PAUSED) {
        set(
            status,
            condition(
                PROGRESSING,
                "Unknown",
                "DeploymentResumed",
                "Deployment is resumed".to_owned(),
                now,
            ),
        );
    }
    if status.replicas == status.updated_replicas && reason == Some(COMPLETE) {
        return;
    }
    let subject = match &revisions.new {
        Some(new) => format!("ReplicaSet {:?}", new.name_any()),
        None => format!("Deployment {:?}", deployment.name_any()),
    };
    if is_complete(deployment, status) {
        set(
            status,
            condition(
                PROGRESSING,
                "True",
                COMPLETE,
                format!("{subject} has successfully progressed."),
                now,
            ),
        );
    } else if has_progressed(deployment.status.as_ref(), status) {
        let mut progress = condition(
            PROGRESSING,
            "True",
            "ReplicaSetUpdated",
            format!("{subject} is progressing."),
            now,
        );
        if let Some(current) = current.filter(|current| current.status == "True") {
            progress.last_transition_time = current.last_transition_time;
        }
        // Removed first, so that each step of progress renews the time from which the deadline counts.
        remove(status, PROGRESSING);
        set(status, progress);
    } else if is_late(deployment, status, now) {
        set(
            status,
            condition(
                PROGRESSING,
                "False",
                TIMED_OUT,
                format!("{subject} has timed out progressing."),
                now,
            ),
        );
    } else if current.is_none() && revisions.new.is_some() {
        let name = revisions
            .new
            .as_ref()
            .map(|new| new.name_any())
            .unwrap_or_default();
        set(
            status,
            condition(
                PROGRESSING,
                "True",
                "FoundNewReplicaSet",
                format!("Found new replica set {name:?}"),
                now,
            ),
        );
    }
}

fn has_progressed(old: Option<&DeploymentStatus>, new: &DeploymentStatus) -> bool {
    let of = |status: &DeploymentStatus| {
        let [all, updated, ready, available] = [
            status.replicas,
            status.updated_replicas,
            status.ready_replicas,
            status.available_replicas,
        ]
        .map(Option::unwrap_or_default);
        (updated, all - updated, ready, available)
    };
    let (updated, outdated, ready, available) = of(new);
    let (old_updated, old_outdated, old_ready, old_available) = old.map(of).unwrap_or_default();
    updated > old_updated || outdated < old_outdated || ready > old_ready || available > old_available
}

fn is_late(deployment: &Deployment, status: &DeploymentStatus, now: Timestamp) -> bool {
    match get(status, PROGRESSING) {
        None => false,
        Some(condition) if condition.reason.as_deref() == Some(COMPLETE) => false,
        Some(condition) if condition.reason.as_deref() == Some(TIMED_OUT) => true,
        Some(condition) => remaining(deployment, condition, now).is_some_and(|left| left.is_zero()),
    }
}

/// When to look again because a rollout may be late by then.
fn deadline(deployment: &Deployment, status: &DeploymentStatus, now: Timestamp) -> Option<Duration> {
    let condition = get(status, PROGRESSING)?;
    let judged = matches!(condition.reason.as_deref(), Some(TIMED_OUT | PAUSED | COMPLETE));
    if judged || is_complete(deployment, status) {
        return None;
    }
    remaining(deployment, condition, now).map(|left| left + Duration::from_secs(1))
}

fn remaining(deployment: &Deployment, condition: &DeploymentCondition, now: Timestamp) -> Option<Duration> {
    let seconds = deployment
        .spec
        .as_ref()?
        .progress_deadline_seconds
        .filter(|seconds| *seconds != i32::MAX)?;
    let since = condition
        .last_update_time
        .as_ref()
        .map_or(Timestamp::UNIX_EPOCH, |time| time.0);
    let age = Duration::try_from(now.duration_since(since)).unwrap_or_default();
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or_default()).saturating_sub(age))
}

fn has_deadline(deployment: &Deployment) -> bool {
    let seconds = deployment
        .spec
        .as_ref()
        .and_then(|spec| spec.progress_deadline_seconds);
    seconds.is_some_and(|seconds| seconds != i32::MAX)
}

/// What refuses pods to a set is shown at the deployment, the new set's trouble before that of the old ones.
fn replica_failure(revisions: &Revisions, status: &mut DeploymentStatus, now: Timestamp) {
    let of_set = |set: &ReplicaSet| {
        let conditions = set.status.as_ref()?.conditions.as_ref()?;
        conditions
            .iter()
            .find(|condition| condition.type_ == REPLICA_FAILURE)
            .cloned()
    };
    let found = revisions
        .new
        .iter()
        .chain(&revisions.old)
        .find_map(|set| of_set(set));
    match found {
        None => remove(status, REPLICA_FAILURE),
        Some(failure) => {
            let reason = failure.reason.unwrap_or_default();
            let message = failure.message.unwrap_or_default();
            set(
                status,
                condition(REPLICA_FAILURE, &failure.status, &reason, message, now),
            );
        }
    }
}

fn condition(kind: &str, status: &str, reason: &str, message: String, now: Timestamp) -> DeploymentCondition {
    DeploymentCondition {
        type_: kind.to_owned(),
        status: status.to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(message),
        last_update_time: Some(Time(now)),
        last_transition_time: Some(Time(now)),
    }
}

fn get<'a>(status: &'a DeploymentStatus, kind: &str) -> Option<&'a DeploymentCondition> {
    status
        .conditions
        .as_ref()?
        .iter()
        .find(|condition| condition.type_ == kind)
}

fn remove(status: &mut DeploymentStatus, kind: &str) {
    if let Some(conditions) = &mut status.conditions {
        conditions.retain(|condition| condition.type_ != kind);
    }
}

/// The same status for the same reason is no news.
fn set(status: &mut DeploymentStatus, mut new: DeploymentCondition) {
    if let Some(old) = get(status, &new.type_) {
        if old.status == new.status && old.reason == new.reason {
            return;
        }
        if old.status == new.status {
            new.last_transition_time.clone_from(&old.last_transition_time);
        }
    }
    let kind = new.type_.clone();
    remove(status, &kind);
    status.conditions.get_or_insert_default().push(new);
}
