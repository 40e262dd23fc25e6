//! Revisions: which set belongs to the template as it is now, which ones are history, and the annotations that number them.

use super::super::ownership::controller_of;
use super::super::template::{self, POD_TEMPLATE_HASH};
use super::rollout;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, ReplicaSetSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";
const HISTORY: &str = "deployment.kubernetes.io/revision-history";
const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
const MAX: &str = "deployment.kubernetes.io/max-replicas";
const NOT_COPIED: [&str; 6] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    HISTORY,
    DESIRED,
    MAX,
    "deprecated.deployment.rollback.to",
];
/// The list of earlier numbers of a set is cut to this many characters.
const HISTORY_LENGTH: usize = 2000;

/// The sets of a deployment, oldest first.
pub(super) struct Revisions {
    pub(super) new: Option<Arc<ReplicaSet>>,
    pub(super) old: Vec<Arc<ReplicaSet>>,
}

impl Revisions {
    pub(super) fn of(deployment: &Deployment, sets: &[Arc<ReplicaSet>]) -> Self {
        let mut old = sets.to_vec();
        old.sort_by_key(|set| {
            (
                set.metadata.creation_timestamp.as_ref().map(|time| time.0),
                set.name_any(),
            )
        });
        let wanted = deployment.spec.as_ref().map(|spec| &spec.template);
        let fits = |set: &Arc<ReplicaSet>| {
            let template = set.spec.as_ref().and_then(|spec| spec.template.as_ref());
            wanted
                .zip(template)
                .is_some_and(|(wanted, template)| template::is_same(wanted, template))
        };
        // If there are several, which should not be, the oldest one counts.
        let new = old.iter().position(fits).map(|position| old.remove(position));
        Self { new, old }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<ReplicaSet>> {
        self.old.iter().chain(&self.new)
    }

    /// The number of the revision that is to come, or that is there.
    pub(super) fn number(&self) -> i64 {
        self.old.iter().map(|set| number(set)).max().unwrap_or_default() + 1
    }
}

/// The number of a set; 0 without one.
pub(super) fn number(set: &ReplicaSet) -> i64 {
    annotation(set, REVISION).unwrap_or_default()
}

/// The number of replicas that the deployment wanted when the set was last sized.
pub(super) fn desired(set: &ReplicaSet) -> Option<i32> {
    annotation(set, DESIRED)
}

/// The number of pods that the deployment allowed when the set was last sized.
pub(super) fn max(set: &ReplicaSet) -> Option<i32> {
    annotation(set, MAX)
}

fn annotation<T: std::str::FromStr>(set: &ReplicaSet, key: &str) -> Option<T> {
    set.metadata.annotations.as_ref()?.get(key)?.parse().ok()
}

/// The set for the template as it is now.
pub(super) fn fresh(deployment: &Deployment, number: i64, replicas: i32) -> Option<ReplicaSet> {
    let spec = deployment.spec.as_ref()?;
    let collisions = deployment
        .status
        .as_ref()
        .and_then(|status| status.collision_count)
        .unwrap_or_default();
    let hash = template::hash(&spec.template, collisions);
    let mut template = spec.template.clone();
    let labels = template
        .metadata
        .get_or_insert_default()
        .labels
        .get_or_insert_default();
    labels.insert(POD_TEMPLATE_HASH.to_owned(), hash.clone());
    let labels = labels.clone();
    let mut selector = spec.selector.clone();
    selector
        .match_labels
        .get_or_insert_default()
        .insert(POD_TEMPLATE_HASH.to_owned(), hash.clone());
    let mut set = ReplicaSet {
        metadata: ObjectMeta {
            name: Some(format!("{}-{hash}", deployment.name_any())),
            namespace: deployment.namespace(),
            labels: Some(labels),
            owner_references: Some(vec![controller_of(deployment)]),
            ..ObjectMeta::default()
        },
        spec: Some(ReplicaSetSpec {
            replicas: Some(replicas),
            min_ready_seconds: spec.min_ready_seconds,
            selector,
            template: Some(template),
        }),
        status: None,
    };
    annotate(deployment, &mut set, number);
    size(deployment, &mut set);
    Some(set)
}

/// Brings the new set's annotations up to date: the deployment's own, the number, and the numbers it had before.
pub(super) fn annotate(deployment: &Deployment, set: &mut ReplicaSet, new_number: i64) {
    let old_number = annotation::<i64>(set, REVISION);
    let annotations = set.metadata.annotations.get_or_insert_default();
    for (key, value) in deployment.metadata.annotations.iter().flatten() {
        if !NOT_COPIED.contains(&key.as_str()) {
            annotations.insert(key.clone(), value.clone());
        }
    }
    if old_number.is_some_and(|old| old >= new_number) {
        return;
    }
    annotations.insert(REVISION.to_owned(), new_number.to_string());
    if let Some(old) = old_number {
        remember(annotations, old);
    }
}

fn remember(annotations: &mut BTreeMap<String, String>, number: i64) {
    let history = annotations.get(HISTORY).map(String::as_str).unwrap_or_default();
    let mut numbers: Vec<String> = history
        .split(',')
        .filter(|one| !one.is_empty())
        .map(str::to_owned)
        .collect();
    numbers.push(number.to_string());
    while numbers.len() > 1 && numbers.iter().map(|one| one.len() + 1).sum::<usize>() > HISTORY_LENGTH {
        numbers.remove(0);
    }
    annotations.insert(HISTORY.to_owned(), numbers.join(","));
}

/// Notes for which size of the deployment a set was sized.
pub(super) fn size(deployment: &Deployment, set: &mut ReplicaSet) {
    let desired = rollout::replicas(deployment);
    let max = desired + rollout::max_surge(deployment);
    let annotations = set.metadata.annotations.get_or_insert_default();
    annotations.insert(DESIRED.to_owned(), desired.to_string());
    annotations.insert(MAX.to_owned(), max.to_string());
}
