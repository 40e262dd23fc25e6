//! What may change in a pod that exists: almost nothing, because a pod is what runs, not what should run
//! (`ValidatePodUpdate` and its neighbours).

use super::{scheduling, spec};
use crate::kinds::access::{int, is_set, items, list, restore, same, set, text};
use crate::kinds::checks::{Errors, required};
use crate::kinds::name;
use crate::kinds::path::Path;
use crate::status::FieldError;
use serde_json::Value;

const FROZEN: &str = "pod updates may not change fields other than `spec.containers[*].image`,\
                      `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only \
                      additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be \
                      set to 1 if it was previously negative)";

/// Errors of a change to the pod itself.
pub(super) fn pod(new: &Value, old: &Value) -> Errors {
    let mut errors = Errors::new();
    spec::pod(&mut errors, new);
    let (path, new, old) = (Path::new("spec"), &new["spec"], &old["spec"]);
    for field in ["containers", "initContainers"] {
        if !images(&mut errors, &path.at(field), list(new, field), list(old, field)) {
            return errors;
        }
    }
    if !deadline(&mut errors, &path.at("activeDeadlineSeconds"), new, old) {
        return errors;
    }
    tolerations(&mut errors, &path.at("tolerations"), new, old);
    gates(&mut errors, &path.at("schedulingGates"), new, old);
    if same(new, old) {
        return errors;
    }
    let mut masked = mask(new, old);
    if !list(old, "schedulingGates").is_empty() {
        gated(&mut errors, &path, &mut masked, old);
    }
    if !same(&masked, old) {
        errors.push(FieldError::forbidden(path, FROZEN));
    }
    errors
}

/// Errors of a change to the ephemeral containers: they are added, never changed or removed.
pub(super) fn ephemeral(new: &Value, old: &Value) -> Errors {
    if is_set(&old["metadata"]["annotations"], "kubernetes.io/config.mirror") {
        return vec![FieldError::forbidden(
            "",
            "static pods do not support ephemeral containers",
        )];
    }
    let mut errors = Errors::new();
    spec::pod(&mut errors, new);
    let path = Path::new("spec.ephemeralContainers");
    let wanted = list(&new["spec"], "ephemeralContainers");
    for container in list(&old["spec"], "ephemeralContainers") {
        let container_name = text(container, "name");
        match wanted.iter().find(|new| text(new, "name") == container_name) {
            None => errors.push(FieldError::forbidden(
                &path,
                format!("existing ephemeral containers {container_name:?} may not be removed\n"),
            )),
            Some(new) if !same(new, container) => errors.push(FieldError::forbidden(
                &path,
                format!("existing ephemeral containers {container_name:?} may not be changed\n"),
            )),
            Some(_) => {}
        }
    }
    errors
}

/// Images may change, containers may not come or go. Whether to look further.
fn images(errors: &mut Errors, path: &Path, new: &[Value], old: &[Value]) -> bool {
    if new.len() != old.len() {
        errors.push(FieldError::forbidden(
            path,
            "pod updates may not add or remove containers",
        ));
        return false;
    }
    for (i, container) in new.iter().enumerate() {
        required(errors, &path.index(i).at("image"), text(container, "image"));
    }
    true
}

/// A deadline may be set or brought forward. Whether to look further.
fn deadline(errors: &mut Errors, path: &Path, new: &Value, old: &Value) -> bool {
    let (new, old) = (
        int(new, "activeDeadlineSeconds"),
        int(old, "activeDeadlineSeconds"),
    );
    let Some(seconds) = new else {
        if old.is_some() {
            let detail = "must not update from a positive integer to nil value";
            errors.push(FieldError::invalid(path, Value::Null, detail));
        }
        return true;
    };
    let found = name::between(seconds, 0, i64::from(i32::MAX));
    if let Some(detail) = found.into_iter().next() {
        errors.push(FieldError::invalid(path, seconds, detail));
        return false;
    }
    if old.is_some_and(|old| old < seconds) {
        errors.push(FieldError::invalid(
            path,
            seconds,
            "must be less than or equal to previous value",
        ));
        return false;
    }
    true
}

/// Tolerations may be added, and last longer or shorter.
fn tolerations(errors: &mut Errors, path: &Path, new: &Value, old: &Value) {
    let bare = |toleration: &Value| {
        let mut bare = toleration.clone();
        restore(&mut bare, "tolerationSeconds", &Value::Null);
        bare
    };
    let wanted: Vec<Value> = list(new, "tolerations").iter().map(bare).collect();
    if !list(old, "tolerations")
        .iter()
        .map(bare)
        .all(|old| wanted.iter().any(|new| same(new, &old)))
    {
        let detail = "existing toleration can not be modified except its tolerationSeconds";
        errors.push(FieldError::forbidden(path, detail));
    }
}

/// Scheduling gates only open.
fn gates(errors: &mut Errors, path: &Path, new: &Value, old: &Value) {
    let before = list(old, "schedulingGates");
    for (i, gate) in list(new, "schedulingGates").iter().enumerate() {
        let gate = text(gate, "name");
        if !before.iter().any(|old| text(old, "name") == gate) {
            let detail = format!("only deletion is allowed, but found new scheduling gate '{gate}'");
            errors.push(FieldError::forbidden(path.index(i).at("name"), detail));
        }
    }
}

/// The new spec with everything that may change put back.
fn mask(new: &Value, old: &Value) -> Value {
    let mut masked = new.clone();
    for field in ["containers", "initContainers"] {
        for (container, old) in items(&mut masked, field).iter_mut().zip(list(old, field)) {
            restore(container, "image", old);
        }
    }
    for field in ["activeDeadlineSeconds", "schedulingGates", "tolerations"] {
        restore(&mut masked, field, old);
    }
    let grace = "terminationGracePeriodSeconds";
    if int(old, grace).is_some_and(|seconds| seconds < 0) && int(new, grace) == Some(1) {
        restore(&mut masked, grace, old);
    }
    masked
}

/// A pod that is not yet scheduled may be given more conditions on where to run.
fn gated(errors: &mut Errors, path: &Path, masked: &mut Value, old: &Value) {
    if !same(&masked["nodeSelector"], &old["nodeSelector"]) {
        if !scheduling::only_adds(masked, old, "nodeSelector") {
            errors.push(FieldError::invalid(
                path.at("nodeSelector"),
                masked["nodeSelector"].clone(),
                "only additions to spec.nodeSelector are allowed (no mutations or deletions)",
            ));
        }
        restore(masked, "nodeSelector", old);
    }
    let [new_terms, old_terms] = [&*masked, old].map(|spec| &spec["affinity"]["nodeAffinity"]);
    if !same(new_terms, old_terms) {
        node_affinity(errors, &path.at("affinity.nodeAffinity"), new_terms, old_terms);
        let mut affinity = masked["affinity"].clone();
        if affinity.is_object() {
            restore(&mut affinity, "nodeAffinity", &old["affinity"]);
            set(masked, "affinity", affinity);
        } else {
            restore(masked, "affinity", old);
        }
    }
}

fn node_affinity(errors: &mut Errors, path: &Path, new: &Value, old: &Value) {
    let field = "requiredDuringSchedulingIgnoredDuringExecution";
    let path = path.at(field).at("nodeSelectorTerms");
    let terms = |affinity| list(affinity, "nodeSelectorTerms").to_vec();
    let (new, old) = (terms(&new[field]), terms(&old[field]));
    if !old.is_empty() && old.len() != new.len() {
        let detail = "no additions/deletions to non-empty NodeSelectorTerms list are allowed";
        errors.push(FieldError::invalid(path, new, detail));
        return;
    }
    for (i, (new, old)) in new.iter().zip(&old).enumerate() {
        let grows = |field: &str| {
            let (new, old) = (list(new, field), list(old, field));
            new.len() >= old.len() && new.iter().zip(old).all(|(new, old)| same(new, old))
        };
        let fields = ["matchExpressions", "matchFields"];
        let was_empty = fields.iter().all(|field| list(old, field).is_empty());
        let is_empty = fields.iter().all(|field| list(new, field).is_empty());
        if (was_empty && !is_empty) || !fields.into_iter().all(grows) {
            let detail = "only additions are allowed (no mutations or deletions)";
            errors.push(FieldError::invalid(path.index(i), new.clone(), detail));
        }
    }
}
