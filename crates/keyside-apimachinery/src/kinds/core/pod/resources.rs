//! Requests and limits: known resources, amounts that are numbers, and no request above its limit.

use super::totals;
use crate::kinds::access::{entries, is_set, list, text};
use crate::kinds::checks::{Errors, NOT_NEGATIVE, sentences};
use crate::kinds::name;
use crate::kinds::path::Path;
use crate::kinds::quantity::{Quantity, UNREADABLE};
use crate::status::{FieldError, FieldErrorKind};
use serde_json::Value;

/// Names without a prefix that are resources of anything.
const STANDARD: [&str; 20] = [
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "storage",
    "requests.storage",
    "services.nodeports",
    "services.loadbalancers",
];
const COUNTED: [&str; 9] = [
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
];

/// Errors of a container's resources.
pub(super) fn of_container(errors: &mut Errors, path: &Path, resources: &Value, spec: &Value) {
    requirements(errors, path, resources, container_resource);
    let known: Vec<&str> = list(spec, "resourceClaims")
        .iter()
        .map(|claim| text(claim, "name"))
        .collect();
    for (i, claim) in list(resources, "claims").iter().enumerate() {
        let (path, claim) = (path.at("claims").index(i), text(claim, "name"));
        if claim.is_empty() {
            errors.push(FieldError::required(path, ""));
        } else if !known.contains(&claim) {
            let rest = if known.is_empty() {
                " which is empty".into()
            } else {
                format!(": {}", known.join(", "))
            };
            let detail = format!("must be one of the names in pod.spec.resourceClaims{rest}");
            errors.push(FieldError::new(
                FieldErrorKind::NotFound,
                path,
                Some(claim.into()),
                detail,
            ));
        }
    }
}

/// Errors of resources given for the pod as a whole.
pub(super) fn of_pod(errors: &mut Errors, path: &Path, spec: &Value) {
    let (resources, own) = (&spec["resources"], path.at("resources"));
    if !resources.is_object() {
        return;
    }
    if is_set(resources, "claims") {
        let detail = "claims may not be set for Resources at pod-level";
        errors.push(FieldError::forbidden(own.at("claims"), detail));
    }
    requirements(errors, &own, resources, pod_resource);
    for (name, total) in totals::requests(spec) {
        if let Some(whole) = Quantity::read(&resources["requests"][&name]).filter(|whole| total > *whole) {
            errors.push(FieldError::invalid(
                own.at("requests").key(&name),
                whole.to_string(),
                format!("must be greater than or equal to aggregate container requests of {total}"),
            ));
        }
    }
    for (i, container) in list(spec, "containers").iter().enumerate() {
        for (name, limit) in entries(&container["resources"], "limits") {
            let [whole, part] = [&resources["limits"][name], limit].map(Quantity::read);
            if let (Some(whole), Some(part)) = (whole, part)
                && part > whole
            {
                errors.push(FieldError::invalid(
                    own.at("containers").index(i).key(name).at("limits"),
                    part.to_string(),
                    format!("must be less than or equal to pod limits of {whole}"),
                ));
            }
        }
    }
}

/// Errors of a list of amounts.
pub(super) fn amounts(errors: &mut Errors, path: &Path, list: &Value) {
    for (name, value) in list.as_object().into_iter().flatten() {
        container_resource(errors, &path.key(name), name);
        amount(errors, &path.key(name), name, value);
    }
}

/// Errors of one amount; the amount, if it is one.
pub(crate) fn amount(errors: &mut Errors, path: &Path, name: &str, value: &Value) -> Option<Quantity> {
    let Some(read) = Quantity::read(value) else {
        errors.push(FieldError::invalid(path, value.clone(), UNREADABLE));
        return None;
    };
    if read.is_negative() {
        errors.push(FieldError::invalid(path, read.to_string(), NOT_NEGATIVE));
    }
    if (COUNTED.contains(&name) || is_extended(name)) && !read.is_whole() {
        errors.push(FieldError::invalid(path, read.to_string(), "must be an integer"));
    }
    Some(read)
}

fn requirements(
    errors: &mut Errors,
    path: &Path,
    resources: &Value,
    check_name: fn(&mut Errors, &Path, &str),
) {
    let huge = |name: &str| name.starts_with("hugepages-");
    let mut names: Vec<&str> = Vec::new();
    for (name, value) in entries(resources, "limits") {
        let path = path.at("limits").key(name);
        names.push(name);
        check_name(errors, &path, name);
        amount(errors, &path, name, value);
    }
    for (name, value) in entries(resources, "requests") {
        let own = path.at("requests").key(name);
        names.push(name);
        check_name(errors, &own, name);
        let Some(request) = amount(errors, &own, name, value) else {
            continue;
        };
        let shared = is_native(name) && !huge(name);
        match Quantity::read(&resources["limits"][name]) {
            Some(limit) if !shared && request != limit => errors.push(FieldError::invalid(
                path.at("requests"),
                request.to_string(),
                format!("must be equal to {name} limit of {limit}"),
            )),
            Some(limit) if request > limit => errors.push(FieldError::invalid(
                path.at("requests"),
                request.to_string(),
                format!("must be less than or equal to {name} limit of {limit}"),
            )),
            None if !shared && !is_set(&resources["limits"], name) => {
                let detail = "Limit must be set for non overcommitable resources";
                errors.push(FieldError::required(path.at("limits"), detail));
            }
            _ => {}
        }
    }
    if names.iter().any(|name| huge(name)) && !names.iter().any(|name| matches!(*name, "cpu" | "memory")) {
        errors.push(FieldError::forbidden(path, "HugePages require cpu or memory"));
    }
}

/// A name of a resource: qualified, or one of the standard ones.
pub(crate) fn resource_name(errors: &mut Errors, path: &Path, name: &str) {
    let found = name::label_key(name);
    if !found.is_empty() {
        sentences(errors, path, name, found);
    } else if !name.contains('/') && !STANDARD.contains(&name) && !is_huge_quota(name) {
        let detail = "must be a standard resource type or fully qualified";
        errors.push(FieldError::invalid(path, name, detail));
    }
}

/// Whether a name is among those a quota can count.
pub(crate) fn is_counted_by_quota(name: &str) -> bool {
    (STANDARD.contains(&name) && name != "storage") || is_huge_quota(name)
}

fn container_resource(errors: &mut Errors, path: &Path, name: &str) {
    resource_name(errors, path, name);
    if !name.contains('/') {
        let fits = matches!(name, "cpu" | "memory" | "ephemeral-storage") || name.starts_with("hugepages-");
        if !fits {
            errors.push(FieldError::invalid(
                path,
                name,
                "must be a standard resource for containers",
            ));
        }
    } else if !is_native(name) && !is_extended(name) {
        errors.push(FieldError::invalid(
            path,
            name,
            "doesn't follow extended resource name standard",
        ));
    }
}

fn pod_resource(errors: &mut Errors, path: &Path, name: &str) {
    let before = errors.len();
    resource_name(errors, path, name);
    if errors.len() == before && !totals::is_whole(name) {
        let known = ["cpu", "hugepages-", "memory"];
        errors.push(FieldError::not_supported(path, name, &known));
    }
}

fn is_huge_quota(name: &str) -> bool {
    name.starts_with("hugepages-") || name.starts_with("requests.hugepages-")
}

fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

fn is_extended(name: &str) -> bool {
    !is_native(name)
        && !name.starts_with("requests.")
        && name::label_key(&format!("requests.{name}")).is_empty()
}
