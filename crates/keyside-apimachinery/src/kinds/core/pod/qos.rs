//! The class of a pod, by what its containers ask for (`pkg/apis/core/helper/qos`): it decides who is evicted first.

use crate::kinds::access::list;
use crate::kinds::quantity::Quantity;
use serde_json::Value;

/// `Guaranteed`, `Burstable` or `BestEffort`.
pub(super) fn class(spec: &Value) -> &'static str {
    if spec["resources"].is_object() {
        return of_requirements(&spec["resources"]);
    }
    let containers = list(spec, "initContainers")
        .iter()
        .chain(list(spec, "containers"));
    agreed(containers.map(|container| of_requirements(&container["resources"])))
}

/// What all say, or `Burstable` if they differ.
fn agreed(classes: impl Iterator<Item = &'static str>) -> &'static str {
    classes
        .reduce(|one, other| if one == other { one } else { "Burstable" })
        .unwrap_or("BestEffort")
}

fn of_requirements(resources: &Value) -> &'static str {
    let amount = |list: &str, name: &str| Quantity::read(&resources[list][name]);
    let is_empty = |list: &str| resources[list].as_object().is_none_or(serde_json::Map::is_empty);
    if is_empty("requests") && is_empty("limits") {
        return "BestEffort";
    }
    agreed(["cpu", "memory"].into_iter().map(|name| {
        let [request, limit] = ["requests", "limits"].map(|list| amount(list, name).filter(|q| !q.is_zero()));
        match (request, limit) {
            (None, None) => "BestEffort",
            (Some(request), Some(limit)) if request == limit => "Guaranteed",
            _ => "Burstable",
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::class;
    use serde_json::json;

    #[test]
    fn equal_requests_and_limits_guarantee() {
        let full =
            json!({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1000m", "memory": "1Gi"}});
        let half = json!({"requests": {"cpu": "1"}});
        let pod = |all: &[&serde_json::Value]| json!({"containers": all.iter().map(|r| json!({"resources": r})).collect::<Vec<_>>()});
        assert_eq!(class(&pod(&[&full, &full])), "Guaranteed");
        assert_eq!(class(&pod(&[&full, &half])), "Burstable");
        assert_eq!(class(&pod(&[&full, &json!({})])), "Burstable");
        assert_eq!(class(&pod(&[&json!({}), &json!({})])), "BestEffort");
    }
}
