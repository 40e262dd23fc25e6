//! Pods: what runs.

mod container;
pub(crate) mod default;
mod env;
mod mount;
mod print;
pub(super) mod probe;
mod qos;
pub(crate) mod resources;
pub(crate) mod scheduling;
mod security;
pub(crate) mod spec;
mod status;
mod totals;
mod update;
mod volume;
pub(crate) mod warn;

use crate::kinds::access::{fill, fill_text, flag, inside, int, items, list, made, restore, set, take, text};
use crate::kinds::checks::Errors;
use crate::kinds::kind::Kind;
use crate::resource::WriteContext;
use crate::status::FieldError;
use serde_json::{Value, json};

pub(super) const POD: Kind = Kind {
    default: default::pod,
    prepare_create,
    prepare_update,
    validate_create,
    validate_update,
    warnings: warn::pod,
    columns: print::COLUMNS,
    cells: print::cells,
    selectable,
    grace_period,
    ..Kind::WITH_STATUS
};

/// Seconds a pod stays on a node that is not ready or not reachable.
const PATIENCE: i64 = 300;

fn prepare_create(pod: &mut Value, context: &WriteContext) {
    if let Some(spec) = pod.get_mut("spec").filter(|spec| spec.is_object()) {
        fill(spec, "priority", || 0.into());
        fill_text(spec, "preemptionPolicy", "PreemptLowerPriority");
        tolerate_bad_nodes(spec);
        totals::default_requests(spec);
    }
    let class = qos::class(&pod["spec"]);
    let gated = !list(&pod["spec"], "schedulingGates").is_empty();
    let Some(status) = made(pod, "status") else { return };
    set(status, "phase", "Pending");
    if gated {
        set(
            status,
            "conditions",
            json!([{
                "type": "PodScheduled",
                "status": "False",
                "lastProbeTime": null,
                "lastTransitionTime": context.now,
                "reason": "SchedulingGated",
                "message": "Scheduling is blocked due to non-empty scheduling gates",
            }]),
        );
    }
    set(status, "qosClass", class);
}

/// Every pod tolerates a node's failure for some minutes (the admission plugin `DefaultTolerationSeconds`).
fn tolerate_bad_nodes(spec: &mut Value) {
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let tolerated = list(spec, "tolerations").iter().any(|toleration| {
            let named = text(toleration, "key");
            let effect = text(toleration, "effect");
            (named == key || named.is_empty()) && (effect == "NoExecute" || effect.is_empty())
        });
        if !tolerated {
            fill(spec, "tolerations", || json!([]));
            let added = json!({
                "key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": PATIENCE,
            });
            if let Some(list) = spec.get_mut("tolerations").and_then(Value::as_array_mut) {
                list.push(added);
            }
        }
    }
}

fn prepare_update(new: &mut Value, old: &Value, context: &WriteContext) {
    match context.subresource.as_str() {
        "status" => {
            let Some(metadata) = made(new, "metadata") else {
                return;
            };
            // Old kubelets sent owners back in a form that broke garbage collection.
            restore(metadata, "ownerReferences", &old["metadata"]);
            restore(metadata, "deletionTimestamp", &old["metadata"]);
            if let Some(status) = made(new, "status")
                && text(status, "qosClass").is_empty()
            {
                restore(status, "qosClass", &old["status"]);
            }
        }
        "ephemeralcontainers" => {
            let wanted = inside(new, "spec").and_then(|spec| take(spec, "ephemeralContainers"));
            restore(new, "spec", old);
            if let (Some(spec), Some(wanted)) = (made(new, "spec"), wanted) {
                set(spec, "ephemeralContainers", wanted);
            }
        }
        "resize" => keep_all_but_resources(new, old),
        _ => {}
    }
}

/// A resize changes what containers get, and nothing else of the spec.
fn keep_all_but_resources(new: &mut Value, old: &Value) {
    let wanted = new["spec"].clone();
    restore(new, "spec", old);
    let Some(spec) = made(new, "spec") else { return };
    for field in ["containers", "initContainers"] {
        for container in items(spec, field) {
            let own = list(&wanted, field)
                .iter()
                .find(|other| other["name"] == container["name"]);
            if let Some(own) = own {
                restore(container, "resources", own);
                restore(container, "resizePolicy", own);
            }
        }
    }
}

fn validate_create(pod: &Value, _: &WriteContext) -> Errors {
    let mut errors = Errors::new();
    spec::pod(&mut errors, pod);
    let content = &pod["spec"];
    if !list(content, "ephemeralContainers").is_empty() {
        errors.push(FieldError::forbidden(
            "spec.ephemeralContainers",
            "cannot be set on create",
        ));
    }
    if !text(content, "nodeName").is_empty() && !list(content, "schedulingGates").is_empty() {
        let detail = "cannot be set until all schedulingGates have been cleared";
        errors.push(FieldError::forbidden("spec.nodeName", detail));
    }
    errors
}

fn validate_update(new: &Value, old: &Value, context: &WriteContext) -> Errors {
    match context.subresource.as_str() {
        "status" => status::update(new, old),
        "ephemeralcontainers" => update::ephemeral(new, old),
        // A resize was already reduced to the resources it may change; binding is the server's own write.
        "resize" | "binding" => {
            let mut errors = Errors::new();
            spec::pod(&mut errors, new);
            errors
        }
        _ => update::pod(new, old),
    }
}

fn selectable(pod: &Value) -> Vec<(&'static str, String)> {
    let (spec, status) = (&pod["spec"], &pod["status"]);
    vec![
        ("spec.nodeName", text(spec, "nodeName").into()),
        ("spec.restartPolicy", text(spec, "restartPolicy").into()),
        ("spec.schedulerName", text(spec, "schedulerName").into()),
        ("spec.serviceAccountName", text(spec, "serviceAccountName").into()),
        ("spec.hostNetwork", flag(spec, "hostNetwork").to_string()),
        ("status.phase", text(status, "phase").into()),
        (
            "status.podIP",
            status["podIPs"][0]["ip"].as_str().unwrap_or_default().into(),
        ),
        (
            "status.nominatedNodeName",
            text(status, "nominatedNodeName").into(),
        ),
    ]
}

/// A pod on a node gets the time it asks for; one without a node, or at its end, goes at once.
fn grace_period(pod: &Value) -> Option<i64> {
    let ended = matches!(text(&pod["status"], "phase"), "Failed" | "Succeeded");
    if ended || text(&pod["spec"], "nodeName").is_empty() {
        return None;
    }
    let seconds = int(&pod["spec"], "terminationGracePeriodSeconds").unwrap_or_default();
    Some(if seconds < 0 { 1 } else { seconds })
}

#[cfg(test)]
mod tests;
