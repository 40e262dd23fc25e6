//! What a change of a pod's status may say: conditions with proper names, a class that stays, addresses that agree, and
//! no container coming back from its end unless it restarts.

use crate::kinds::access::{count, is_set, list, text};
use crate::kinds::checks::{Errors, immutable, sentences};
use crate::kinds::path::Path;
use crate::kinds::{address, name};
use crate::status::FieldError;
use serde_json::Value;

/// Errors of a change of `/status`.
pub(super) fn update(new: &Value, old: &Value) -> Errors {
    let mut errors = Errors::new();
    let (path, status, before) = (Path::new("status"), &new["status"], &old["status"]);
    for (i, condition) in list(status, "conditions").iter().enumerate() {
        let kind = text(condition, "type");
        if !matches!(kind, "PodScheduled" | "Ready" | "Initialized") {
            let path = path.at("conditions").index(i).at("Type");
            sentences(&mut errors, &path, kind, name::label_key(kind));
        }
    }
    let nominated = text(status, "nominatedNodeName");
    if !nominated.is_empty() && nominated != text(before, "nominatedNodeName") {
        let path = path.at("nominatedNodeName");
        sentences(&mut errors, &path, nominated, name::subdomain(nominated, false));
        if !text(&old["spec"], "nodeName").is_empty() {
            let detail = "may not be set on pods that are already bound to a node";
            errors.push(FieldError::forbidden(path, detail));
        }
    }
    immutable(
        &mut errors,
        &path.at("qosClass"),
        &status["qosClass"],
        &before["qosClass"],
    );
    for (field, containers) in [
        ("containerStatuses", "containers"),
        ("initContainerStatuses", "initContainers"),
    ] {
        returns(&mut errors, &path.at(field), field, containers, (status, old));
    }
    returns(
        &mut errors,
        &path.at("ephemeralContainerStatuses"),
        "ephemeralContainerStatuses",
        "",
        (status, old),
    );
    addresses(&mut errors, &path, status, "podIP", "podIPs");
    addresses(&mut errors, &path, status, "hostIP", "hostIPs");
    errors
}

/// A container that has ended stays ended, unless its policy restarts it.
fn returns(errors: &mut Errors, path: &Path, field: &str, containers: &str, (status, old): (&Value, &Value)) {
    let policy = text(&old["spec"], "restartPolicy");
    let declared = list(&old["spec"], containers);
    for (i, before) in list(&old["status"], field).iter().enumerate() {
        let ended = &before["state"]["terminated"];
        if !ended.is_object() {
            continue;
        }
        let own = declared
            .iter()
            .find(|c| c["name"] == before["name"])
            .map(|c| text(c, "restartPolicy"));
        let policy = own.filter(|own| !own.is_empty()).unwrap_or(policy);
        let restarts = !containers.is_empty()
            && (policy == "Always" || (policy == "OnFailure" && count(ended, "exitCode") != 0));
        let after = list(status, field)
            .iter()
            .find(|after| after["name"] == before["name"]);
        if !restarts && after.is_some_and(|after| !is_set(&after["state"], "terminated")) {
            let detail = "may not be transitioned to non-terminated state";
            errors.push(FieldError::forbidden(path.index(i).at("state"), detail));
        }
    }
}

/// The one address and the first of the list are the same.
fn addresses(errors: &mut Errors, path: &Path, status: &Value, single: &str, plural: &str) {
    let (path, all, one) = (path.at(plural), list(status, plural), text(status, single));
    for (i, entry) in all.iter().enumerate() {
        address::ip(errors, &path.index(i), text(entry, "ip"));
    }
    let families = all
        .iter()
        .filter(|entry| address::is_v6(text(entry, "ip")))
        .count();
    if all.len() > 2 || (all.len() == 2 && families != 1) {
        let detail = "may specify no more than one IP for each IP family";
        errors.push(FieldError::invalid(&path, all, detail));
    }
    if let Some(first) = all.first().map(|entry| text(entry, "ip"))
        && first != one
    {
        let detail = format!("must be equal to `{single}`");
        errors.push(FieldError::invalid(path.index(0).at("ip"), first, detail));
    }
}
