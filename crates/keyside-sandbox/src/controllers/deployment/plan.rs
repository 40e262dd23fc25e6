//! One look at a deployment: what is created, resized and dropped now. Total and without I/O.

use super::revision::{self, Revisions};
use super::rollout::{self, Sizes};
use super::status::{self, Look, Planned};
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;
use std::sync::Arc;

/// What is known.
pub(super) struct View<'a> {
    pub(super) deployment: &'a Deployment,
    pub(super) sets: &'a [Arc<ReplicaSet>],
    /// UIDs of the sets that still have pods.
    pub(super) alive: &'a [String],
    pub(super) now: Timestamp,
}

/// What is to be done.
pub(super) struct Plan {
    pub(super) create: Option<ReplicaSet>,
    pub(super) update: Vec<Resize>,
    pub(super) delete: Vec<Arc<ReplicaSet>>,
    /// The deployment's own number, if it is another one than it says.
    pub(super) revision: Option<String>,
    pub(super) status: Planned,
}

/// A set as it is to be written.
pub(super) struct Resize {
    pub(super) set: ReplicaSet,
    pub(super) from: i32,
    pub(super) to: i32,
}

pub(super) fn plan(view: &View<'_>) -> Plan {
    let deployment = view.deployment;
    let revisions = Revisions::of(deployment, view.sets);
    let paused = deployment.spec.as_ref().and_then(|spec| spec.paused) == Some(true);
    if deployment.metadata.deletion_timestamp.is_some() {
        return just(status::planned(view, &revisions, Look::Counting));
    }
    let mut step = Step::default();
    let look = if paused || is_scaling(deployment, &revisions) {
        step.sizes = rollout::scale(deployment, &revisions);
        if paused { Look::Paused } else { Look::Counting }
    } else {
        step = if rollout::is_recreate(deployment) {
            recreate(view, &revisions)
        } else {
            roll(deployment, &revisions)
        };
        Look::Rolling {
            created: step.create.as_ref().and_then(|set| set.metadata.name.as_deref()),
        }
    };
    let planned = status::planned(view, &revisions, look);
    let settled = paused || status::is_complete(deployment, &planned.status);
    Plan {
        update: updates(deployment, &revisions, &step.sizes),
        delete: if settled {
            outdated(deployment, &revisions)
        } else {
            Vec::new()
        },
        revision: own_number(deployment, &revisions, step.create.is_some()),
        status: planned,
        create: step.create,
    }
}

fn just(status: Planned) -> Plan {
    Plan {
        create: None,
        update: Vec::new(),
        delete: Vec::new(),
        revision: None,
        status,
    }
}

#[derive(Default)]
struct Step {
    create: Option<ReplicaSet>,
    sizes: Sizes,
}

/// Whether the wanted number changed since the sets were sized.
fn is_scaling(deployment: &Deployment, revisions: &Revisions) -> bool {
    let wanted = rollout::replicas(deployment);
    let active = revisions.all().filter(|set| rollout::size(set) > 0);
    active
        .filter_map(|set| revision::desired(set))
        .any(|desired| desired != wanted)
}

fn roll(deployment: &Deployment, revisions: &Revisions) -> Step {
    match &revisions.new {
        Some(new) => Step {
            create: None,
            sizes: rollout::roll(deployment, revisions, new),
        },
        None => create(deployment, revisions),
    }
}

/// First everything old goes, pods included; only then does the new set come.
fn recreate(view: &View<'_>, revisions: &Revisions) -> Step {
    let sizes: Sizes = revisions
        .old
        .iter()
        .filter(|set| rollout::size(set) > 0)
        .map(|set| (set.name_any(), 0))
        .collect();
    let is_alive = |set: &ReplicaSet| {
        let counted = set.status.as_ref().is_some_and(|status| status.replicas > 0);
        counted
            || set
                .metadata
                .uid
                .as_ref()
                .is_some_and(|uid| view.alive.contains(uid))
    };
    if !sizes.is_empty() || revisions.old.iter().any(|set| is_alive(set)) {
        return Step { create: None, sizes };
    }
    match &revisions.new {
        Some(new) => Step {
            create: None,
            sizes: Sizes::from([(new.name_any(), rollout::replicas(view.deployment))]),
        },
        None => create(view.deployment, revisions),
    }
}

fn create(deployment: &Deployment, revisions: &Revisions) -> Step {
    let replicas = rollout::new_size(deployment, revisions, 0);
    Step {
        create: revision::fresh(deployment, revisions.number(), replicas),
        sizes: Sizes::new(),
    }
}

/// The sets whose size or annotations differ from what they should be.
fn updates(deployment: &Deployment, revisions: &Revisions, sizes: &Sizes) -> Vec<Resize> {
    let mut updates = Vec::new();
    for set in revisions.all() {
        let from = rollout::size(set);
        let to = sizes.get(&set.name_any()).copied().unwrap_or(from);
        let mut changed = ReplicaSet::clone(set);
        if revisions
            .new
            .as_ref()
            .is_some_and(|new| new.metadata.uid == set.metadata.uid)
        {
            revision::annotate(deployment, &mut changed, revisions.number());
            let min_ready = deployment.spec.as_ref().and_then(|spec| spec.min_ready_seconds);
            changed.spec.get_or_insert_default().min_ready_seconds = min_ready;
        }
        if sizes.contains_key(&set.name_any()) {
            revision::size(deployment, &mut changed);
            changed.spec.get_or_insert_default().replicas = Some(to);
        }
        if changed != **set {
            updates.push(Resize {
                set: changed,
                from,
                to,
            });
        }
    }
    updates
}

/// Old sets beyond the history that is kept, the oldest first, and only those without pods.
fn outdated(deployment: &Deployment, revisions: &Revisions) -> Vec<Arc<ReplicaSet>> {
    let limit = deployment
        .spec
        .as_ref()
        .and_then(|spec| spec.revision_history_limit)
        .filter(|limit| *limit != i32::MAX);
    let Some(limit) = limit.and_then(|limit| usize::try_from(limit).ok()) else {
        return Vec::new();
    };
    let mut old: Vec<_> = revisions
        .old
        .iter()
        .filter(|set| set.metadata.deletion_timestamp.is_none())
        .collect();
    old.sort_by_key(|set| revision::number(set));
    let surplus = old.len().saturating_sub(limit);
    let is_empty = |set: &&&Arc<ReplicaSet>| {
        let status = set.status.as_ref();
        let observed = status
            .and_then(|status| status.observed_generation)
            .unwrap_or_default();
        rollout::size(set) == 0
            && status.is_none_or(|status| status.replicas == 0)
            && set.metadata.generation.unwrap_or_default() <= observed
    };
    old.iter()
        .take(surplus)
        .filter(is_empty)
        .map(|set| Arc::clone(set))
        .collect()
}

fn own_number(deployment: &Deployment, revisions: &Revisions, creating: bool) -> Option<String> {
    let number = match &revisions.new {
        Some(new) => revision::number(new).max(revisions.number()),
        None if creating => revisions.number(),
        None => return None,
    };
    let number = number.to_string();
    let own = deployment
        .metadata
        .annotations
        .as_ref()
        .and_then(|annotations| annotations.get(revision::REVISION));
    (own != Some(&number)).then_some(number)
}

#[cfg(test)]
mod tests;
