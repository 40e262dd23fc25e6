//! Which numbered pods are made and which go, one after the other unless the set says `Parallel`
//! (`pkg/controller/statefulset/stateful_set_control.go`).

use super::super::history::REVISION_HASH;
use super::super::template;
use crate::pod;
use k8s_openapi::api::apps::v1::{StatefulSet, StatefulSetStatus};
use k8s_openapi::api::core::v1::{PersistentVolumeClaimVolumeSource, Pod, PodTemplateSpec, Volume};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const POD_NAME: &str = "statefulset.kubernetes.io/pod-name";
const POD_INDEX: &str = "apps.kubernetes.io/pod-index";

/// What is known.
#[derive(Clone)]
pub(super) struct View<'a> {
    pub(super) set: &'a StatefulSet,
    pub(super) pods: &'a [Arc<Pod>],
    /// Name of the revision that pods below the partition have.
    pub(super) current: String,
    pub(super) update: String,
    pub(super) current_template: PodTemplateSpec,
    pub(super) now: Timestamp,
}

#[derive(Default)]
pub(super) struct Plan {
    pub(super) create: Vec<Pod>,
    pub(super) delete: Vec<Arc<Pod>>,
    pub(super) again: Option<Duration>,
}

/// The revision that a set is moving away from; a new set has only one.
pub(super) fn current_revision(set: &StatefulSet, update: &str) -> String {
    let known = set
        .status
        .as_ref()
        .and_then(|status| status.current_revision.clone());
    known
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| update.to_owned())
}

/// Name of the revision of a pod.
pub(super) fn revision(pod: &Pod) -> Option<&str> {
    pod.metadata
        .labels
        .as_ref()?
        .get(REVISION_HASH)
        .map(String::as_str)
}

pub(super) fn plan(view: &View<'_>) -> Plan {
    let (replicas, condemned) = sorted(view);
    let mut plan = Plan {
        again: pod::next_available(view.pods.iter().map(|pod| &**pod), min_ready(view), view.now),
        ..Plan::default()
    };
    let in_order = view
        .set
        .spec
        .as_ref()
        .and_then(|spec| spec.pod_management_policy.as_deref())
        != Some("Parallel");
    for ordinal in ordinals(view) {
        match replicas.get(&ordinal) {
            None => plan.create.push(new_pod(view, ordinal)),
            Some(pod) if pod::is_finished(pod) && !pod::is_deleting(pod) => plan.delete.push(Arc::clone(pod)),
            Some(pod) if is_healthy(view, pod) => continue,
            Some(_) => {}
        }
        if in_order {
            return plan;
        }
    }
    for pod in condemned.values().rev() {
        if !pod::is_deleting(pod) {
            plan.delete.push(Arc::clone(pod));
        }
        if in_order {
            return plan;
        }
    }
    if plan.create.is_empty() && plan.delete.is_empty() {
        plan.delete.extend(outdated(view, &replicas));
    }
    plan
}

type Numbered = BTreeMap<i32, Arc<Pod>>;

fn sorted(view: &View<'_>) -> (Numbered, Numbered) {
    let wanted = ordinals(view);
    let numbered = view
        .pods
        .iter()
        .filter_map(|pod| Some((ordinal(view.set, pod)?, Arc::clone(pod))));
    numbered.partition(|(ordinal, _)| wanted.contains(ordinal))
}

fn ordinals(view: &View<'_>) -> std::ops::Range<i32> {
    let spec = view.set.spec.as_ref();
    let start = spec
        .and_then(|spec| spec.ordinals.as_ref()?.start)
        .unwrap_or_default();
    start..start + spec.and_then(|spec| spec.replicas).unwrap_or(1)
}

fn ordinal(set: &StatefulSet, pod: &Pod) -> Option<i32> {
    pod.name_any()
        .strip_prefix(&format!("{}-", set.name_any()))?
        .parse()
        .ok()
}

fn min_ready(view: &View<'_>) -> i32 {
    view.set
        .spec
        .as_ref()
        .and_then(|spec| spec.min_ready_seconds)
        .unwrap_or_default()
}

fn is_healthy(view: &View<'_>, pod: &Pod) -> bool {
    pod::is_active(pod) && pod::phase(pod) == "Running" && pod::is_available(pod, min_ready(view), view.now)
}

/// The highest pod of an older revision, if nothing above it is still on its way. Below the partition pods stay as they are.
fn outdated(view: &View<'_>, replicas: &Numbered) -> Option<Arc<Pod>> {
    let strategy = view
        .set
        .spec
        .as_ref()
        .and_then(|spec| spec.update_strategy.as_ref());
    if strategy.and_then(|strategy| strategy.type_.as_deref()) == Some("OnDelete") {
        return None;
    }
    let partition = partition(view);
    for (ordinal, pod) in replicas.iter().rev() {
        if *ordinal < partition {
            return None;
        }
        if revision(pod) != Some(&view.update) && !pod::is_deleting(pod) {
            return Some(Arc::clone(pod));
        }
        if !is_healthy(view, pod) {
            return None;
        }
    }
    None
}

fn partition(view: &View<'_>) -> i32 {
    let strategy = view
        .set
        .spec
        .as_ref()
        .and_then(|spec| spec.update_strategy.as_ref());
    strategy
        .and_then(|strategy| strategy.rolling_update.as_ref()?.partition)
        .unwrap_or_default()
}

/// A pod with its number in name, labels and host name, and with its own claims.
fn new_pod(view: &View<'_>, ordinal: i32) -> Pod {
    let set = view.set;
    let name = format!("{}-{ordinal}", set.name_any());
    let start = ordinals(view).start;
    // A pod below the partition comes back as it was.
    let is_current = view.current != view.update && ordinal < partition(view).max(start);
    let spec = set.spec.clone().unwrap_or_default();
    let (template, revision) = if is_current {
        (&view.current_template, &view.current)
    } else {
        (&spec.template, &view.update)
    };
    let mut pod = template::pod(set, template);
    pod.metadata.generate_name = None;
    pod.metadata.name = Some(name.clone());
    let labels = pod.metadata.labels.get_or_insert_default();
    labels.insert(POD_NAME.to_owned(), name.clone());
    labels.insert(POD_INDEX.to_owned(), ordinal.to_string());
    labels.insert(REVISION_HASH.to_owned(), revision.clone());
    let pod_spec = pod.spec.get_or_insert_default();
    pod_spec.hostname = Some(name.clone());
    pod_spec.subdomain = spec.service_name.clone();
    for claim in spec.volume_claim_templates.iter().flatten() {
        let volumes = pod_spec.volumes.get_or_insert_default();
        volumes.retain(|volume| volume.name != claim.name_any());
        let source = PersistentVolumeClaimVolumeSource {
            claim_name: format!("{}-{name}", claim.name_any()),
            ..Default::default()
        };
        volumes.push(Volume {
            name: claim.name_any(),
            persistent_volume_claim: Some(source),
            ..Volume::default()
        });
    }
    pod
}

pub(super) fn status(view: &View<'_>) -> StatefulSetStatus {
    let active: Vec<&Pod> = view
        .pods
        .iter()
        .map(|pod| &**pod)
        .filter(|pod| !pod::is_finished(pod))
        .collect();
    let count = |counts: &dyn Fn(&Pod) -> bool| {
        i32::try_from(active.iter().filter(|pod| counts(pod)).count()).unwrap_or(i32::MAX)
    };
    let some = |number: i32| (number != 0).then_some(number);
    let replicas = count(&|_| true);
    let ready = count(&|pod| pod::is_active(pod) && pod::is_ready(pod));
    let updated = count(&|pod| pod::is_active(pod) && revision(pod) == Some(&view.update));
    let current = count(&|pod| pod::is_active(pod) && revision(pod) == Some(&view.current));
    let is_done = updated == replicas
        && ready == replicas
        && replicas == i32::try_from(ordinals(view).len()).unwrap_or_default();
    let old = view.set.status.clone().unwrap_or_default();
    StatefulSetStatus {
        replicas,
        ready_replicas: some(ready),
        available_replicas: Some(count(&|pod| is_healthy(view, pod))),
        updated_replicas: some(updated),
        current_replicas: some(if is_done { updated } else { current }),
        current_revision: Some(if is_done {
            view.update.clone()
        } else {
            view.current.clone()
        }),
        update_revision: Some(view.update.clone()),
        observed_generation: view.set.metadata.generation,
        collision_count: Some(old.collision_count.unwrap_or_default()),
        ..old
    }
}

#[cfg(test)]
mod tests;
