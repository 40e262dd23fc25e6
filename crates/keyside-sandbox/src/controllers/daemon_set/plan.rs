//! Which nodes lack a pod, and which pods are on the wrong node or of an older template (`pkg/controller/daemon`).

use super::super::deployment::scaled;
use super::super::history::REVISION_HASH;
use super::super::template;
use crate::pod;
use crate::scheduler::fit;
use k8s_openapi::api::apps::v1::{DaemonSet, DaemonSetStatus};
use k8s_openapi::api::core::v1::{Node, NodeSelectorRequirement, NodeSelectorTerm, Pod, Toleration};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What every daemon pod tolerates by itself.
const TOLERATED: [(&str, &str); 6] = [
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
];

/// What is known.
#[derive(Clone)]
pub(super) struct View<'a> {
    pub(super) set: &'a DaemonSet,
    pub(super) pods: &'a [Arc<Pod>],
    pub(super) nodes: &'a [Arc<Node>],
    /// The revision label of pods of the present template.
    pub(super) hash: String,
    pub(super) now: Timestamp,
}

#[derive(Default)]
pub(super) struct Plan {
    pub(super) create: Vec<Pod>,
    pub(super) delete: Vec<Arc<Pod>>,
    pub(super) again: Option<Duration>,
}

/// The revision label of a pod.
pub(super) fn hash(pod: &Pod) -> Option<&str> {
    pod.metadata
        .labels
        .as_ref()?
        .get(REVISION_HASH)
        .map(String::as_str)
}

pub(super) fn plan(view: &View<'_>) -> Plan {
    let mut plan = Plan::default();
    let wanted = wanted(view);
    let by_node = by_node(view);
    for (node, pods) in &by_node {
        let active: Vec<_> = pods.iter().filter(|pod| pod::is_active(pod)).collect();
        plan.delete.extend(
            pods.iter()
                .filter(|pod| pod::is_finished(pod) && !pod::is_deleting(pod))
                .cloned(),
        );
        let kept = usize::from(wanted.contains_key(node));
        plan.delete
            .extend(active.iter().skip(kept).map(|pod| Arc::clone(pod)));
    }
    for node in wanted.keys() {
        // A pod that is going away still holds its place.
        if by_node.get(node).is_none_or(Vec::is_empty) {
            plan.create.push(new_pod(view, node));
        }
    }
    if plan.create.is_empty() && plan.delete.is_empty() {
        plan.delete = outdated(view, &wanted, &by_node);
    }
    plan.again = pod::next_available(view.pods.iter().map(|pod| &**pod), min_ready(view), view.now);
    plan
}

fn wanted<'a>(view: &View<'a>) -> BTreeMap<String, &'a Arc<Node>> {
    let fits = |node: &&Arc<Node>| fit::fit(&new_pod(view, &node.name_any()), node).is_ok();
    view.nodes
        .iter()
        .filter(fits)
        .map(|node| (node.name_any(), node))
        .collect()
}

type ByNode = BTreeMap<String, Vec<Arc<Pod>>>;

/// The node of each pod: the one it is bound to, or the one it is meant for.
fn by_node(view: &View<'_>) -> ByNode {
    let mut by_node = ByNode::new();
    for pod in view.pods {
        let node = pod::node(pod).map(str::to_owned).or_else(|| meant_for(pod));
        by_node
            .entry(node.unwrap_or_default())
            .or_default()
            .push(Arc::clone(pod));
    }
    by_node
}

fn meant_for(pod: &Pod) -> Option<String> {
    let affinity = pod.spec.as_ref()?.affinity.as_ref()?.node_affinity.as_ref()?;
    let terms = &affinity
        .required_during_scheduling_ignored_during_execution
        .as_ref()?
        .node_selector_terms;
    let field = terms
        .iter()
        .flat_map(|term| term.match_fields.iter().flatten())
        .find(|field| field.key == "metadata.name")?;
    field.values.as_ref()?.first().cloned()
}

fn new_pod(view: &View<'_>, node: &str) -> Pod {
    let spec = view.set.spec.clone().unwrap_or_default();
    let mut pod = template::pod(view.set, &spec.template);
    let labels = pod.metadata.labels.get_or_insert_default();
    labels.insert(REVISION_HASH.to_owned(), view.hash.clone());
    if let Some(generation) = view.set.metadata.generation {
        labels.insert("pod-template-generation".to_owned(), generation.to_string());
    }
    let pod_spec = pod.spec.get_or_insert_default();
    let tolerated = TOLERATED.map(|(key, effect)| Toleration {
        key: Some(key.to_owned()),
        operator: Some("Exists".to_owned()),
        effect: Some(effect.to_owned()),
        ..Toleration::default()
    });
    pod_spec.tolerations.get_or_insert_default().extend(tolerated);
    bind(pod_spec, node);
    pod
}

/// The scheduler binds daemon pods too; each may only go to its node.
fn bind(spec: &mut k8s_openapi::api::core::v1::PodSpec, node: &str) {
    let field = NodeSelectorRequirement {
        key: "metadata.name".to_owned(),
        operator: "In".to_owned(),
        values: Some(vec![node.to_owned()]),
    };
    let affinity = spec
        .affinity
        .get_or_insert_default()
        .node_affinity
        .get_or_insert_default();
    let terms = &mut affinity
        .required_during_scheduling_ignored_during_execution
        .get_or_insert_default()
        .node_selector_terms;
    if terms.is_empty() {
        terms.push(NodeSelectorTerm::default());
    }
    for term in terms {
        term.match_fields = Some(vec![field.clone()]);
    }
}

fn min_ready(view: &View<'_>) -> i32 {
    view.set
        .spec
        .as_ref()
        .and_then(|spec| spec.min_ready_seconds)
        .unwrap_or_default()
}

/// Pods of an older template, as many as may be missing at once.
fn outdated(view: &View<'_>, wanted: &BTreeMap<String, &Arc<Node>>, by_node: &ByNode) -> Vec<Arc<Pod>> {
    let strategy = view
        .set
        .spec
        .as_ref()
        .and_then(|spec| spec.update_strategy.as_ref());
    if strategy.and_then(|strategy| strategy.type_.as_deref()) == Some("OnDelete") {
        return Vec::new();
    }
    let limit = strategy.and_then(|strategy| strategy.rolling_update.as_ref()?.max_unavailable.clone());
    let total = i32::try_from(wanted.len()).unwrap_or(i32::MAX);
    let limit = scaled(&limit.unwrap_or(IntOrString::Int(1)), total, true).max(1);
    let pods: Vec<_> = by_node
        .iter()
        .filter(|(node, _)| wanted.contains_key(*node))
        .flat_map(|(_, pods)| pods)
        .collect();
    let is_available = |pod: &Pod| pod::is_active(pod) && pod::is_available(pod, min_ready(view), view.now);
    let missing =
        total - i32::try_from(pods.iter().filter(|pod| is_available(pod)).count()).unwrap_or_default();
    let is_old = |pod: &Pod| pod::is_active(pod) && hash(pod) != Some(&view.hash);
    // Those that are not available anyway cost nothing.
    let (available, broken): (Vec<_>, Vec<_>) = pods
        .iter()
        .filter(|pod| is_old(pod))
        .partition(|pod| is_available(pod));
    let room = usize::try_from(limit - missing).unwrap_or_default();
    broken
        .into_iter()
        .chain(available.into_iter().take(room))
        .map(Arc::clone)
        .collect()
}

pub(super) fn status(view: &View<'_>) -> DaemonSetStatus {
    let wanted = wanted(view);
    let by_node = by_node(view);
    let number = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    let some = |number: i32| (number != 0).then_some(number);
    let on_wanted = |counts: &dyn Fn(&Pod) -> bool| {
        let has = |node: &&String| {
            by_node
                .get(*node)
                .is_some_and(|pods| pods.iter().any(|pod| pod::is_active(pod) && counts(pod)))
        };
        number(wanted.keys().filter(has).count())
    };
    let is_misplaced = |(node, pods): &(&String, &Vec<Arc<Pod>>)| {
        !wanted.contains_key(*node) && pods.iter().any(|pod| pod::is_active(pod))
    };
    let available = on_wanted(&|pod| pod::is_available(pod, min_ready(view), view.now));
    let desired = number(wanted.len());
    let old = view.set.status.clone().unwrap_or_default();
    DaemonSetStatus {
        desired_number_scheduled: desired,
        current_number_scheduled: on_wanted(&|_| true),
        number_misscheduled: number(by_node.iter().filter(is_misplaced).count()),
        number_ready: on_wanted(&|pod| pod::is_ready(pod)),
        updated_number_scheduled: some(on_wanted(&|pod| hash(pod) == Some(&view.hash))),
        number_available: some(available),
        number_unavailable: some(desired - available),
        observed_generation: view.set.metadata.generation,
        ..old
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set(extra: serde_json::Value) -> DaemonSet {
        let mut spec = json!({ "selector": {}, "template": { "spec": { "containers": [{ "name": "a", "image": "x:1" }] } } });
        spec.as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        serde_json::from_value(json!({ "metadata": { "name": "log", "namespace": "ns", "uid": "u", "generation": 2 }, "spec": spec })).unwrap()
    }

    fn nodes(names: &[&str]) -> Vec<Arc<Node>> {
        let node =
            |name: &&str| Arc::new(serde_json::from_value(json!({ "metadata": { "name": name } })).unwrap());
        names.iter().map(node).collect()
    }

    /// `node hash True|False`.
    fn pods(lines: &[&str]) -> Vec<Arc<Pod>> {
        let one = |(number, line): (usize, &&str)| {
            let parts: Vec<&str> = line.split(' ').collect();
            let value = json!({
                "metadata": { "name": format!("log-{number}"), "labels": { REVISION_HASH: parts[1] } },
                "spec": { "nodeName": parts[0], "containers": [] },
                "status": { "phase": "Running", "conditions": [{ "type": "Ready", "status": parts[2] }] },
            });
            Arc::new(serde_json::from_value(value).unwrap())
        };
        lines.iter().enumerate().map(one).collect()
    }

    fn check(set: &DaemonSet, names: &[&str], lines: &[&str], expected: &[&str]) -> DaemonSetStatus {
        let (nodes, pods) = (nodes(names), pods(lines));
        let view = View {
            set,
            pods: &pods,
            nodes: &nodes,
            hash: "new".into(),
            now: Timestamp::now(),
        };
        let plan = plan(&view);
        let made = plan
            .create
            .iter()
            .map(|pod| format!("+{}", meant_for(pod).unwrap()));
        let gone = plan.delete.iter().map(|pod| format!("-{}", pod.name_any()));
        assert_eq!(made.chain(gone).collect::<Vec<_>>(), expected, "{lines:?}");
        status(&view)
    }

    #[test]
    fn every_node_gets_one_and_others_none() {
        let set = set(json!({}));
        check(&set, &["a", "b"], &["a new True"], &["+b"]);
        check(
            &set,
            &["a"],
            &["a new True", "a new True", "gone new True"],
            &["-log-1", "-log-2"],
        );
    }

    #[test]
    fn an_update_replaces_as_many_as_may_be_missing() {
        let set = set(json!({}));
        check(&set, &["a", "b"], &["a old True", "b old True"], &["-log-0"]);
        check(&set, &["a", "b"], &["a new False", "b old True"], &[]);
        check(&set, &["a", "b"], &["a new True", "b old False"], &["-log-1"]);
        let half = self::set(
            json!({ "updateStrategy": { "type": "RollingUpdate", "rollingUpdate": { "maxUnavailable": "100%" } } }),
        );
        check(
            &half,
            &["a", "b"],
            &["a old True", "b old True"],
            &["-log-0", "-log-1"],
        );
    }

    #[test]
    fn status_counts_nodes() {
        let status = check(
            &set(json!({})),
            &["a", "b"],
            &["a new True", "b old False"],
            &["-log-1"],
        );
        assert_eq!(
            (
                status.desired_number_scheduled,
                status.number_ready,
                status.updated_number_scheduled
            ),
            (2, 1, Some(1))
        );
        assert_eq!(
            (
                status.number_available,
                status.number_unavailable,
                status.observed_generation
            ),
            (Some(1), Some(1), Some(2))
        );
    }
}
