//! Small things every new pod gets: a priority, and patience with nodes that stop answering
//! (`plugin/pkg/admission/{priority,defaulttolerationseconds}`).

use super::{AdmissionRequest, Operation, forbidden};
use crate::store::{Range, Store};
use keyside_apimachinery::meta;
use keyside_apimachinery::status::Status;
use serde_json::{Value, json};

const SYSTEM: [(&str, i64); 2] = [
    ("system-cluster-critical", 2_000_000_000),
    ("system-node-critical", 2_000_001_000),
];
const TOLERATED: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];
const TOLERATION_SECONDS: i64 = 300;

/// Fills in a new pod; does nothing to one that has it all.
pub(super) fn admit(store: &Store, request: &AdmissionRequest, pod: &mut Value) -> Result<(), Status> {
    let is_pod = request.resource.gvk.group.is_empty() && request.resource.plural == "pods";
    if !is_pod || request.operation != Operation::Create || !request.subresource.is_empty() {
        return Ok(());
    }
    set_priority(store, request, pod)?;
    tolerate(&mut pod["spec"]);
    Ok(())
}

fn set_priority(store: &Store, request: &AdmissionRequest, pod: &mut Value) -> Result<(), Status> {
    let name = pod["spec"]["priorityClassName"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let classes = store.list(&Range::new("scheduling.k8s.io", "priorityclasses", None));
    let mut classes = classes.entries.iter().map(|(_, entry)| entry.object());
    let class = if name.is_empty() {
        classes.find(|class| class["globalDefault"] == true)
    } else {
        let system = SYSTEM.iter().find(|(system, _)| *system == name);
        let system = system.map(|(name, value)| json!({"metadata": {"name": name}, "value": value}));
        let found = classes.find(|class| meta::name(class) == name).or(system);
        let why = || format!("no PriorityClass with name {name} was found");
        Some(found.ok_or_else(|| forbidden(request, pod, &why()))?)
    };
    let computed = class
        .as_ref()
        .and_then(|class| class["value"].as_i64())
        .unwrap_or(0);
    if let Some(given) = pod["spec"]["priority"]
        .as_i64()
        .filter(|given| *given != computed)
    {
        let why = format!(
            "the integer value of priority ({given}) must not be provided in pod spec; priority admission controller \
             computed {computed} from the given PriorityClass name"
        );
        return Err(forbidden(request, pod, &why));
    }
    let policy = class
        .as_ref()
        .and_then(|class| class["preemptionPolicy"].as_str())
        .unwrap_or("PreemptLowerPriority");
    let policy = policy.to_owned();
    let spec = &mut pod["spec"];
    if let Some(class) = class.as_ref().filter(|_| name.is_empty()) {
        spec["priorityClassName"] = meta::name(class).into();
    }
    spec["priority"] = computed.into();
    if spec["preemptionPolicy"].is_null() {
        spec["preemptionPolicy"] = policy.into();
    }
    Ok(())
}

fn tolerate(spec: &mut Value) {
    for key in TOLERATED {
        let tolerations = spec["tolerations"].as_array().into_iter().flatten();
        let covers = |t: &Value| {
            let effect = t["effect"].as_str().unwrap_or_default();
            let own = t["key"].as_str().unwrap_or_default();
            (own == key || own.is_empty()) && (effect == "NoExecute" || effect.is_empty())
        };
        if tolerations.into_iter().any(covers) {
            continue;
        }
        let toleration = json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": TOLERATION_SECONDS});
        match &mut spec["tolerations"] {
            Value::Array(list) => list.push(toleration),
            other => *other = json!([toleration]),
        }
    }
}
