//! How many pods are missing, which ones go first, and what the status says (`pkg/controller/replicaset`).

use crate::pod;
use k8s_openapi::api::apps::v1::{ReplicaSet, ReplicaSetCondition, ReplicaSetStatus};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Pods made or deleted in one look, at most.
const BURST: usize = 500;

/// The cheapest pods to lose are named by this annotation; lower goes first.
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

/// What is missing and what is too much.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) create: usize,
    pub(super) delete: Vec<Arc<Pod>>,
}

pub(super) fn plan(set: &ReplicaSet, pods: &[Arc<Pod>]) -> Plan {
    if set.metadata.deletion_timestamp.is_some() {
        return Plan::default();
    }
    let wanted = usize::try_from(wanted(set)).unwrap_or_default();
    let mut active: Vec<_> = pods.iter().filter(|pod| pod::is_active(pod)).cloned().collect();
    if active.len() <= wanted {
        return Plan {
            create: (wanted - active.len()).min(BURST),
            delete: Vec::new(),
        };
    }
    active.sort_by_cached_key(|pod| cheapest_first(pod));
    active.truncate((active.len() - wanted).min(BURST));
    Plan {
        create: 0,
        delete: active,
    }
}

fn wanted(set: &ReplicaSet) -> i32 {
    set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1)
}

/// Unassigned before assigned, pending before running, unready before ready, cheap before dear, and of equal ones the younger first.
fn cheapest_first(pod: &Pod) -> impl Ord + use<> {
    let cost: i64 = pod
        .metadata
        .annotations
        .as_ref()
        .and_then(|annotations| annotations.get(DELETION_COST))
        .and_then(|cost| cost.parse().ok())
        .unwrap_or_default();
    let phase = match pod::phase(pod) {
        "Pending" | "" => 0,
        "Unknown" => 1,
        _ => 2,
    };
    let created = pod.metadata.creation_timestamp.as_ref().map(|time| time.0);
    let ready = pod::ready_since(pod);
    (
        pod::node(pod).is_some(),
        phase,
        ready.is_some(),
        cost,
        Reverse(ready),
        Reverse(created),
    )
}

/// The status, and when it changes by waiting alone.
pub(super) fn status(
    set: &ReplicaSet,
    pods: &[Arc<Pod>],
    refused: Option<&str>,
    now: Timestamp,
) -> (ReplicaSetStatus, Option<Duration>) {
    let active: Vec<&Pod> = pods
        .iter()
        .map(|pod| &**pod)
        .filter(|pod| pod::is_active(pod))
        .collect();
    let spec = set.spec.as_ref();
    let min_ready = spec.and_then(|spec| spec.min_ready_seconds).unwrap_or_default();
    let template = spec
        .and_then(|spec| spec.template.as_ref()?.metadata.as_ref()?.labels.clone())
        .unwrap_or_default();
    let count = |counts: &dyn Fn(&Pod) -> bool| {
        i32::try_from(active.iter().filter(|pod| counts(pod)).count()).unwrap_or(i32::MAX)
    };
    let some = |number: i32| (number != 0).then_some(number);
    let old = set.status.clone().unwrap_or_default();
    let status = ReplicaSetStatus {
        replicas: count(&|_| true),
        fully_labeled_replicas: some(count(&|pod| has_labels(pod, &template))),
        ready_replicas: some(count(&|pod| pod::is_ready(pod))),
        available_replicas: some(count(&|pod| pod::is_available(pod, min_ready, now))),
        observed_generation: set.metadata.generation,
        conditions: conditions(old.conditions.clone(), refused, now),
        ..old
    };
    (status, pod::next_available(active.into_iter(), min_ready, now))
}

fn has_labels(pod: &Pod, labels: &BTreeMap<String, String>) -> bool {
    let own = pod.metadata.labels.as_ref();
    labels
        .iter()
        .all(|(key, value)| own.and_then(|own| own.get(key)) == Some(value))
}

/// `ReplicaFailure` is there exactly while pods are refused.
fn conditions(
    old: Option<Vec<ReplicaSetCondition>>,
    refused: Option<&str>,
    now: Timestamp,
) -> Option<Vec<ReplicaSetCondition>> {
    const KIND: &str = "ReplicaFailure";
    let mut conditions = old.unwrap_or_default();
    let known = conditions.iter().any(|condition| condition.type_ == KIND);
    match refused {
        None => conditions.retain(|condition| condition.type_ != KIND),
        // The first refusal is kept: messages that differ only in a name would make a write each time.
        Some(_) if known => {}
        Some(message) => conditions.push(ReplicaSetCondition {
            type_: KIND.to_owned(),
            status: "True".to_owned(),
            reason: Some("FailedCreate".to_owned()),
            message: Some(message.to_owned()),
            last_transition_time: Some(Time(now)),
        }),
    }
    (!conditions.is_empty()).then_some(conditions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set(replicas: i32) -> ReplicaSet {
        let value = json!({
            "metadata": { "name": "web", "generation": 3 },
            "spec": { "replicas": replicas, "minReadySeconds": 10, "selector": {}, "template": { "metadata": { "labels": { "app": "web" } } } },
        });
        serde_json::from_value(value).unwrap()
    }

    fn pod(name: &str, phase: &str, ready_for: Option<i64>) -> Arc<Pod> {
        let conditions = ready_for.map(|seconds| {
            json!([{ "type": "Ready", "status": "True", "lastTransitionTime": Timestamp::from_second(1000 - seconds).unwrap().to_string() }])
        });
        let value = json!({
            "metadata": { "name": name, "labels": { "app": "web" } },
            "spec": { "nodeName": "n", "containers": [] },
            "status": { "phase": phase, "conditions": conditions },
        });
        Arc::new(serde_json::from_value(value).unwrap())
    }

    fn names(pods: &[Arc<Pod>]) -> Vec<&str> {
        pods.iter()
            .map(|pod| pod.metadata.name.as_deref().unwrap())
            .collect()
    }

    #[test]
    fn finished_pods_are_replaced() {
        let pods = [pod("a", "Running", None), pod("b", "Failed", None)];
        let plan = plan(&set(3), &pods);
        assert_eq!((plan.create, plan.delete.len()), (2, 0));
    }

    #[test]
    fn the_cheapest_pods_go_first() {
        let pods = [
            pod("ready", "Running", Some(100)),
            pod("young", "Running", Some(5)),
            pod("unready", "Running", None),
            pod("pending", "Pending", None),
        ];
        assert_eq!(
            names(&plan(&set(1), &pods).delete),
            ["pending", "unready", "young"]
        );
    }

    #[test]
    fn a_set_that_goes_away_is_left_to_the_garbage_collector() {
        let mut leaving = set(3);
        leaving.metadata.deletion_timestamp = Some(Time(Timestamp::UNIX_EPOCH));
        assert_eq!(plan(&leaving, &[]).create, 0);
    }

    #[test]
    fn status_counts_and_says_when_to_look_again() {
        let pods = [
            pod("a", "Running", Some(100)),
            pod("b", "Running", Some(4)),
            pod("c", "Pending", None),
        ];
        let (status, again) = status(&set(3), &pods, None, Timestamp::from_second(1000).unwrap());
        assert_eq!(
            (status.replicas, status.ready_replicas, status.available_replicas),
            (3, Some(2), Some(1))
        );
        assert_eq!(
            (status.fully_labeled_replicas, status.observed_generation),
            (Some(3), Some(3))
        );
        assert_eq!(again, Some(Duration::from_secs(6)));
    }

    #[test]
    fn a_refusal_is_a_condition_until_it_is_over() {
        let now = Timestamp::UNIX_EPOCH;
        let refused = conditions(None, Some("quota"), now);
        assert_eq!(refused.as_ref().unwrap()[0].message.as_deref(), Some("quota"));
        assert_eq!(conditions(refused.clone(), Some("other"), now), refused);
        assert_eq!(conditions(refused, None, now), None);
    }
}
