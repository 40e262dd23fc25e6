//! What a pod asks for as a whole: the sum of its containers, or more while it starts
//! (`k8s.io/component-helpers/resource`).

use crate::kinds::access::{entries, fill, list, made, text};
use crate::kinds::quantity::Quantity;
use serde_json::Value;
use std::collections::BTreeMap;

type Totals = BTreeMap<String, Quantity>;

/// What the containers request together. Init containers run one after the other, each beside the sidecars that were
/// started before it.
pub(super) fn requests(spec: &Value) -> Totals {
    let mut together = Totals::new();
    for container in list(spec, "containers") {
        add(&mut together, &asked(container));
    }
    let (mut sidecars, mut start) = (Totals::new(), Totals::new());
    for container in list(spec, "initContainers") {
        let mut now = asked(container);
        if text(container, "restartPolicy") == "Always" {
            add(&mut together, &now);
            add(&mut sidecars, &now);
            now = sidecars.clone();
        } else {
            add(&mut now, &sidecars);
        }
        raise(&mut start, now);
    }
    raise(&mut together, start);
    together
}

/// A pod with resources of its own requests what its containers do, or else what it is limited to.
pub(super) fn default_requests(spec: &mut Value) {
    let of_containers = requests(spec);
    let Some(resources) = spec
        .get_mut("resources")
        .filter(|resources| resources.is_object())
    else {
        return;
    };
    let given = |list: &str| entries(resources, list).next().is_some();
    if !given("requests") && !given("limits") {
        return;
    }
    let limits = resources["limits"].as_object().cloned().unwrap_or_default();
    if let Some(requests) = made(resources, "requests") {
        for (name, total) in of_containers {
            if is_whole(&name) && !name.starts_with("hugepages-") {
                fill(requests, &name, || total.to_string().into());
            }
        }
        for (name, limit) in limits.into_iter().filter(|(name, _)| is_whole(name)) {
            fill(requests, &name, || limit);
        }
    }
}

/// Whether a pod may have this resource as a whole.
pub(super) fn is_whole(name: &str) -> bool {
    matches!(name, "cpu" | "memory") || name.starts_with("hugepages-")
}

fn asked(container: &Value) -> Totals {
    entries(&container["resources"], "requests")
        .filter_map(|(name, value)| Some((name.clone(), Quantity::read(value)?)))
        .collect()
}

fn add(totals: &mut Totals, more: &Totals) {
    for (name, amount) in more {
        let sum = match totals.remove(name) {
            Some(found) => found.plus(amount),
            None => amount.clone(),
        };
        totals.insert(name.clone(), sum);
    }
}

fn raise(totals: &mut Totals, other: Totals) {
    for (name, amount) in other {
        if totals.get(&name).is_none_or(|found| amount > *found) {
            totals.insert(name, amount);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{default_requests, requests};
    use serde_json::{Value, json};

    fn container(cpu: &str, policy: &str) -> Value {
        json!({"restartPolicy": policy, "resources": {"requests": {"cpu": cpu}}})
    }

    #[test]
    fn sidecars_count_with_what_starts_after_them_and_with_the_rest() {
        let spec = |init: Value| json!({"containers": [container("1", ""), container("500m", "")], "initContainers": init});
        let cpu = |init: Value| requests(&spec(init))["cpu"].to_string();
        assert_eq!(cpu(json!([])), "1500m");
        assert_eq!(cpu(json!([container("3", "")])), "3");
        assert_eq!(cpu(json!([container("1", "Always")])), "2500m");
        assert_eq!(cpu(json!([container("1", "Always"), container("2", "")])), "3");
        assert_eq!(
            cpu(json!([container("2", ""), container("1", "Always")])),
            "2500m"
        );
    }

    #[test]
    fn a_limited_pod_requests_what_its_containers_do_or_its_limit() {
        let mut spec = json!({
            "containers": [container("1", "")],
            "resources": {"limits": {"cpu": "2", "memory": "1Gi"}},
        });
        default_requests(&mut spec);
        assert_eq!(
            spec["resources"]["requests"],
            json!({"cpu": "1", "memory": "1Gi"})
        );
        let mut spec = json!({"containers": [container("1", "")], "resources": {}});
        default_requests(&mut spec);
        assert_eq!(spec["resources"], json!({}));
    }
}
