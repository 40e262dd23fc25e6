//! Autoscalers in their older and newer shape (`k8s.io/kubernetes/pkg/apis/autoscaling/v1/conversion.go`): what the
//! older one has no field for travels in annotations.

use serde_json::{Map, Value, json};

/// Newer fields and the annotations that carry them; the first two belong to `spec`, the others to `status`.
const CARRIED: [(&str, &str, &str); 4] = [
    ("spec", "metrics", "autoscaling.alpha.kubernetes.io/metrics"),
    ("spec", "behavior", "autoscaling.alpha.kubernetes.io/behavior"),
    (
        "status",
        "currentMetrics",
        "autoscaling.alpha.kubernetes.io/current-metrics",
    ),
    (
        "status",
        "conditions",
        "autoscaling.alpha.kubernetes.io/conditions",
    ),
];

/// The older shape: one wanted CPU use.
pub(super) fn to_v1(fields: &mut Map<String, Value>) {
    let wanted = take_cpu(fields, "/spec/metrics", "/resource/target/averageUtilization");
    let measured = take_cpu(
        fields,
        "/status/currentMetrics",
        "/resource/current/averageUtilization",
    );
    for (part, field, annotation) in CARRIED {
        let Some(value) = fields
            .get_mut(part)
            .and_then(Value::as_object_mut)
            .and_then(|part| part.shift_remove(field))
        else {
            continue;
        };
        if value.as_array().is_none_or(|list| !list.is_empty())
            && let Some(metadata) = fields.get_mut("metadata")
        {
            metadata["annotations"][annotation] = value.to_string().into();
        }
    }
    for (part, field, value) in [
        ("spec", "targetCPUUtilizationPercentage", wanted),
        ("status", "currentCPUUtilizationPercentage", measured),
    ] {
        if let (Some(part), Some(value)) = (fields.get_mut(part), value) {
            part[field] = value;
        }
    }
}

/// The newer shape: any number of metrics.
pub(super) fn to_v2(fields: &mut Map<String, Value>) {
    for (part, field, annotation) in CARRIED {
        let annotations = fields
            .get_mut("metadata")
            .and_then(|metadata| metadata.get_mut("annotations")?.as_object_mut());
        let Some(text) = annotations.and_then(|annotations| annotations.shift_remove(annotation)) else {
            continue;
        };
        let value: Option<Value> = text.as_str().and_then(|text| serde_json::from_str(text).ok());
        if let (Some(part), Some(value)) = (fields.get_mut(part), value) {
            part[field] = value;
        }
    }
    let metadata = fields.get_mut("metadata").and_then(Value::as_object_mut);
    if let Some(metadata) = metadata
        && metadata
            .get("annotations")
            .and_then(Value::as_object)
            .is_some_and(Map::is_empty)
    {
        metadata.shift_remove("annotations");
    }
    put_cpu(
        fields,
        ("spec", "targetCPUUtilizationPercentage", "metrics"),
        |percent| json!({"name": "cpu", "target": {"type": "Utilization", "averageUtilization": percent}}),
    );
    put_cpu(
        fields,
        ("status", "currentCPUUtilizationPercentage", "currentMetrics"),
        |percent| json!({"name": "cpu", "current": {"averageUtilization": percent}}),
    );
}

/// Takes the CPU metric out of a list, if it is a share of what was requested.
fn take_cpu(fields: &mut Map<String, Value>, list: &str, share: &str) -> Option<Value> {
    let (part, list) = list[1..].split_once('/')?;
    let list = fields.get_mut(part)?.get_mut(list)?.as_array_mut()?;
    let at = list.iter().position(|metric| {
        metric["resource"]["name"] == "cpu" && metric.pointer(share).is_some_and(Value::is_number)
    })?;
    list.remove(at).pointer(share).cloned()
}

fn put_cpu(fields: &mut Map<String, Value>, names: (&str, &str, &str), metric: impl FnOnce(Value) -> Value) {
    let (part, from, to) = names;
    let Some(part) = fields.get_mut(part).and_then(Value::as_object_mut) else {
        return;
    };
    let Some(percent) = part.shift_remove(from) else {
        return;
    };
    let metric = json!({"type": "Resource", "resource": metric(percent)});
    match part.get_mut(to).and_then(Value::as_array_mut) {
        Some(list) => list.insert(0, metric),
        None => {
            part.insert(to.to_owned(), json!([metric]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_on_the_way_to_the_older_shape_and_back() {
        let cpu = json!({"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}});
        let memory = json!({"type": "Resource", "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}}});
        let newer = json!({
            "metadata": {"name": "a"},
            "spec": {"maxReplicas": 3, "metrics": [cpu, memory], "behavior": {"scaleDown": {}}},
            "status": {"currentReplicas": 1, "currentMetrics": []},
        });
        let mut object = newer.clone();
        to_v1(object.as_object_mut().unwrap());
        assert_eq!(
            object["spec"],
            json!({"maxReplicas": 3, "targetCPUUtilizationPercentage": 60})
        );
        to_v2(object.as_object_mut().unwrap());
        let mut expected = newer;
        expected["status"]
            .as_object_mut()
            .unwrap()
            .shift_remove("currentMetrics");
        assert_eq!(object, expected);
    }

    #[test]
    fn the_older_shape_becomes_a_metric() {
        let mut object = json!({"metadata": {"name": "a"}, "spec": {"maxReplicas": 3, "targetCPUUtilizationPercentage": 50}});
        to_v2(object.as_object_mut().unwrap());
        assert_eq!(
            object.pointer("/spec/metrics/0/resource/target/averageUtilization"),
            Some(&json!(50))
        );
        assert!(object["metadata"].get("annotations").is_none());
    }
}
