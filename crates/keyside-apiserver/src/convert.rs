//! Kinds that are two shapes of the same stored object: events of the core group and of `events.k8s.io`, whose fields
//! differ by name only (`k8s.io/kubernetes/pkg/apis/events/v1/conversion.go`), and autoscalers.

mod autoscaler;

use serde_json::{Map, Value};

/// Field names of `v1` and of `events.k8s.io/v1`, where they differ.
const NAMES: [(&str, &str); 7] = [
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
];

/// Writes an object in another version. Kinds that are not events differ by `apiVersion` alone: custom kinds without
/// a conversion of their own.
pub(crate) fn to_version(object: &mut Value, kind: &str, api_version: &str) {
    let Some(fields) = object.as_object_mut() else {
        return;
    };
    let from = fields
        .get("apiVersion")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    if from == api_version {
        return;
    }
    match (kind, from.as_str(), api_version) {
        ("Event", "v1", "events.k8s.io/v1") => rename(fields, |(core, new)| (core, new)),
        ("Event", "events.k8s.io/v1", "v1") => rename(fields, |(core, new)| (new, core)),
        ("HorizontalPodAutoscaler", "autoscaling/v1", "autoscaling/v2") => autoscaler::to_v2(fields),
        ("HorizontalPodAutoscaler", "autoscaling/v2", "autoscaling/v1") => autoscaler::to_v1(fields),
        _ => {}
    }
    fields.insert("apiVersion".to_owned(), api_version.into());
}

fn rename(
    fields: &mut Map<String, Value>,
    direction: fn((&'static str, &'static str)) -> (&'static str, &'static str),
) {
    let old = std::mem::take(fields);
    for (name, value) in old {
        let new = NAMES.into_iter().map(direction).find(|(from, _)| *from == name);
        fields.insert(new.map_or(name, |(_, to)| to.to_owned()), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_goes_to_the_other_group_and_back() {
        let core = json!({
            "kind": "Event", "apiVersion": "v1", "metadata": {"name": "e"}, "involvedObject": {"kind": "Pod"},
            "message": "m", "source": {"component": "c"}, "count": 2, "reportingComponent": "r", "type": "Normal",
        });
        let mut event = core.clone();
        to_version(&mut event, "Event", "events.k8s.io/v1");
        let expected = json!({
            "kind": "Event", "apiVersion": "events.k8s.io/v1", "metadata": {"name": "e"}, "regarding": {"kind": "Pod"},
            "note": "m", "deprecatedSource": {"component": "c"}, "deprecatedCount": 2, "reportingController": "r",
            "type": "Normal",
        });
        assert_eq!(event, expected);
        to_version(&mut event, "Event", "v1");
        assert_eq!(event, core);
    }
}
