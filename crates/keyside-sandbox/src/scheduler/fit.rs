//! Whether a node may take a pod.

use crate::selector::requirement;
use k8s_openapi::api::core::v1::{Node, NodeSelectorRequirement, NodeSelectorTerm, Pod, Taint, Toleration};
use kube::ResourceExt;
use std::collections::BTreeMap;

/// Why a node may not take a pod, in the scheduler's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Misfit {
    #[error("node(s) were unschedulable")]
    Unschedulable,
    #[error("node(s) had untolerated taint {{{key}: {value}}}")]
    Taint { key: String, value: String },
    #[error("node(s) didn't match Pod's node affinity/selector")]
    Affinity,
}

/// What of a node matters here; a heartbeat changes nothing of it.
pub(crate) type Relevant = (
    Option<BTreeMap<String, String>>,
    Vec<(String, String, String)>,
    bool,
);

pub(crate) fn relevant(node: &Node) -> Relevant {
    let spec = node.spec.as_ref();
    let taint = |taint: &Taint| {
        (
            taint.key.clone(),
            taint.value.clone().unwrap_or_default(),
            taint.effect.clone(),
        )
    };
    let taints = spec
        .and_then(|spec| spec.taints.as_ref())
        .into_iter()
        .flatten()
        .map(taint)
        .collect();
    (
        node.metadata.labels.clone(),
        taints,
        spec.and_then(|spec| spec.unschedulable).unwrap_or_default(),
    )
}

/// Whether a node may take a pod that is not there yet.
pub(crate) fn fit(pod: &Pod, node: &Node) -> Result<(), Misfit> {
    let tolerations = pod
        .spec
        .as_ref()
        .and_then(|spec| spec.tolerations.as_deref())
        .unwrap_or_default();
    let spec = node.spec.as_ref();
    let unschedulable = Taint {
        key: "node.kubernetes.io/unschedulable".to_owned(),
        effect: "NoSchedule".to_owned(),
        ..Taint::default()
    };
    if spec.and_then(|spec| spec.unschedulable) == Some(true) && !is_tolerated(&unschedulable, tolerations) {
        return Err(Misfit::Unschedulable);
    }
    let taints = spec.and_then(|spec| spec.taints.as_deref()).unwrap_or_default();
    let keeps_out = |taint: &&Taint| taint.effect != "PreferNoSchedule" && !is_tolerated(taint, tolerations);
    match taints.iter().find(keeps_out) {
        None => affinity(pod, node),
        Some(taint) => Err(Misfit::Taint {
            key: taint.key.clone(),
            value: taint.value.clone().unwrap_or_default(),
        }),
    }
}

/// Selector and required affinity alone.
fn affinity(pod: &Pod, node: &Node) -> Result<(), Misfit> {
    let Some(spec) = &pod.spec else { return Ok(()) };
    let label = |key: &str| node.metadata.labels.as_ref()?.get(key);
    let selected = spec
        .node_selector
        .iter()
        .flatten()
        .all(|(key, value)| label(key) == Some(value));
    let required = spec
        .affinity
        .as_ref()
        .and_then(|affinity| affinity.node_affinity.as_ref())
        .and_then(|affinity| {
            affinity
                .required_during_scheduling_ignored_during_execution
                .as_ref()
        });
    let wanted =
        required.is_none_or(|required| required.node_selector_terms.iter().any(|term| takes(term, node)));
    if selected && wanted {
        Ok(())
    } else {
        Err(Misfit::Affinity)
    }
}

fn takes(term: &NodeSelectorTerm, node: &Node) -> bool {
    let name = node.name_any();
    let labels = node.metadata.labels.as_ref();
    let holds = |one: &NodeSelectorRequirement, value: Option<&str>| {
        requirement(&one.operator, one.values.as_deref().unwrap_or_default(), value)
    };
    let by_label = term.match_expressions.as_deref().unwrap_or_default();
    let by_field = term.match_fields.as_deref().unwrap_or_default();
    // A term without any requirement takes nothing.
    !(by_label.is_empty() && by_field.is_empty())
        && by_label.iter().all(|one| {
            holds(
                one,
                labels.and_then(|labels| labels.get(&one.key)).map(String::as_str),
            )
        })
        && by_field
            .iter()
            .all(|one| one.key == "metadata.name" && holds(one, Some(&name)))
}

fn is_tolerated(taint: &Taint, tolerations: &[Toleration]) -> bool {
    tolerations.iter().any(|one| {
        let effect = one
            .effect
            .as_deref()
            .is_none_or(|effect| effect.is_empty() || effect == taint.effect);
        let key = one.key.as_deref().unwrap_or_default();
        let value = || one.value.as_deref().unwrap_or_default() == taint.value.as_deref().unwrap_or_default();
        let fits = match one.operator.as_deref() {
            Some("Exists") => key.is_empty() || key == taint.key,
            _ => key == taint.key && value(),
        };
        effect && fits
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(pod: serde_json::Value, node: serde_json::Value, expected: Result<(), &str>) {
        let pod: Pod = serde_json::from_value(json!({ "spec": pod })).unwrap();
        let node: Node = serde_json::from_value(node).unwrap();
        assert_eq!(
            fit(&pod, &node).map_err(|misfit| misfit.to_string()),
            expected.map_err(str::to_owned)
        );
    }

    #[test]
    fn taints_keep_out_whoever_does_not_tolerate_them() {
        let node =
            json!({ "spec": { "taints": [{ "key": "gpu", "value": "yes", "effect": "NoSchedule" }] } });
        let refused = Err("node(s) had untolerated taint {gpu: yes}");
        check(json!({ "containers": [] }), node.clone(), refused);
        for (toleration, expected) in [
            (json!({ "key": "gpu", "value": "yes" }), Ok(())),
            (
                json!({ "key": "gpu", "operator": "Exists", "effect": "NoSchedule" }),
                Ok(()),
            ),
            (json!({ "operator": "Exists" }), Ok(())),
            (json!({ "key": "gpu", "value": "no" }), refused),
            (
                json!({ "key": "gpu", "value": "yes", "effect": "NoExecute" }),
                refused,
            ),
        ] {
            check(
                json!({ "containers": [], "tolerations": [toleration] }),
                node.clone(),
                expected,
            );
        }
        let soft = json!({ "spec": { "taints": [{ "key": "gpu", "effect": "PreferNoSchedule" }] } });
        check(json!({ "containers": [] }), soft, Ok(()));
    }

    #[test]
    fn required_affinity_is_any_of_its_terms() {
        let term = |key: &str, value: &str| json!({ "matchExpressions": [{ "key": key, "operator": "In", "values": [value] }] });
        let pod = |terms: serde_json::Value| {
            let required = json!({ "nodeSelectorTerms": terms });
            json!({ "containers": [], "affinity": { "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": required } } })
        };
        let node = json!({ "metadata": { "name": "n", "labels": { "disk": "ssd" } } });
        let refused = Err("node(s) didn't match Pod's node affinity/selector");
        check(
            pod(json!([term("disk", "hdd"), term("disk", "ssd")])),
            node.clone(),
            Ok(()),
        );
        check(pod(json!([term("disk", "hdd")])), node.clone(), refused);
        check(pod(json!([{}])), node.clone(), refused);
        let by_name =
            json!({ "matchFields": [{ "key": "metadata.name", "operator": "In", "values": ["n"] }] });
        check(pod(json!([by_name])), node, Ok(()));
    }
}
