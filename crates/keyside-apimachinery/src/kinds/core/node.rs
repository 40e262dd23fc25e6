//! Nodes: where pods run.

use super::pod::{resources, scheduling};
use crate::kinds::access::{entries, fill, flag, inside, list, set, text};
use crate::kinds::address;
use crate::kinds::checks::Errors;
use crate::kinds::kind::{AGE, Generation, Kind, NAME, Status};
use crate::kinds::path::Path;
use crate::kinds::print::{age, or_none};
use crate::kinds::quantity::tidy_list;
use crate::resource::WriteContext;
use crate::status::{FieldError, FieldErrorKind};
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(super) const NODE: Kind = Kind {
    default,
    validate_create: |node, _| validate_create(node),
    validate_update,
    generation: Generation::Absent,
    columns: &[
        NAME,
        ("Status", "string", "", 0, "Whether pods can run there."),
        ("Roles", "string", "", 0, "What the node is for, by its labels."),
        AGE,
        ("Version", "string", "", 0, "Version its kubelet reports."),
        ("Internal-IP", "string", "", 1, "Its address inside the cluster."),
        ("External-IP", "string", "", 1, "Its address outside the cluster."),
        ("OS-Image", "string", "", 1, "Its operating system."),
        ("Kernel-Version", "string", "", 1, "Its kernel."),
        ("Container-Runtime", "string", "", 1, "What runs its containers."),
    ],
    cells,
    selectable: |node| {
        vec![(
            "spec.unschedulable",
            flag(&node["spec"], "unschedulable").to_string(),
        )]
    },
    status: Status::Brought,
    ..Kind::WITH_STATUS
};

fn default(node: &mut Value) {
    let range = text(&node["spec"], "podCIDR").to_owned();
    let known = list(&node["spec"], "podCIDRs").first().and_then(Value::as_str);
    if let (true, Some(known)) = (range.is_empty(), known.map(str::to_owned)) {
        set(&mut node["spec"], "podCIDR", known);
    } else if !range.is_empty() && known != Some(&range) {
        set(&mut node["spec"], "podCIDRs", json!([range]));
    }
    let Some(status) = inside(node, "status") else {
        return;
    };
    tidy_list(status, "capacity");
    tidy_list(status, "allocatable");
    let capacity = status["capacity"].clone();
    if !capacity.is_null() {
        fill(status, "allocatable", || capacity);
    }
}

fn amounts(errors: &mut Errors, node: &Value) {
    for field in ["capacity", "allocatable"] {
        for (name, value) in entries(&node["status"], field) {
            let path = Path::new("status").at(field).at(name);
            resources::amount(errors, &path, name, value);
        }
    }
}

fn validate_create(node: &Value) -> Errors {
    let mut errors = Errors::new();
    scheduling::taints(
        &mut errors,
        &Path::new("metadata.taints"),
        list(&node["spec"], "taints"),
    );
    amounts(&mut errors, node);
    pod_ranges(&mut errors, list(&node["spec"], "podCIDRs"));
    errors
}

/// At most one range of addresses of each family.
fn pod_ranges(errors: &mut Errors, ranges: &[Value]) {
    let path = Path::new("spec.podCIDRs");
    let ranges: Vec<&str> = ranges.iter().filter_map(Value::as_str).collect();
    for (i, range) in ranges.iter().enumerate() {
        address::network(errors, &path.index(i), range);
    }
    let newer = ranges.iter().filter(|range| range.contains(':')).count();
    if ranges.len() > 2 || (ranges.len() == 2 && newer != 1) {
        let detail = "may specify no more than one CIDR for each IP family";
        errors.push(FieldError::invalid(path, json!(ranges), detail));
    }
}

fn validate_update(new: &Value, old: &Value, _: &WriteContext) -> Errors {
    let mut errors = Errors::new();
    amounts(&mut errors, new);
    let addresses = list(&new["status"], "addresses");
    for (i, address) in addresses
        .iter()
        .enumerate()
        .filter(|(i, a)| addresses[..*i].contains(a))
    {
        let field = Path::new("status.addresses").index(i);
        errors.push(FieldError::new(
            FieldErrorKind::Duplicate,
            field,
            Some(address.clone()),
            "",
        ));
    }
    let (spec, before) = (&new["spec"], &old["spec"]);
    let ranges = list(before, "podCIDRs");
    if !ranges.is_empty() && ranges != list(spec, "podCIDRs") {
        let detail = "node updates may not change podCIDR except from \"\" to valid";
        errors.push(FieldError::forbidden("spec.podCIDRs", detail));
    }
    match (text(before, "providerID"), text(spec, "providerID")) {
        ("", _) => {}
        (_, "") => {
            let detail = "field cannot be cleared once set";
            errors.push(FieldError::invalid("spec.providerID", Value::Null, detail));
        }
        (old, new) if old != new => {
            let detail = "field cannot be modified once set";
            errors.push(FieldError::invalid("spec.providerID", Value::Null, detail));
        }
        _ => {}
    }
    scheduling::taints(&mut errors, &Path::new("metadata.taints"), list(spec, "taints"));
    errors
}

fn cells(node: &Value, now: &str) -> Vec<Value> {
    let status = &node["status"];
    let info = &status["nodeInfo"];
    let ready = list(status, "conditions")
        .iter()
        .find(|condition| text(condition, "type") == "Ready");
    let mut state = match ready.map(|condition| text(condition, "status")) {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    }
    .to_owned();
    if flag(&node["spec"], "unschedulable") {
        state.push_str(",SchedulingDisabled");
    }
    let unknown = |field: &str| match text(info, field) {
        "" => "<unknown>",
        known => known,
    };
    vec![
        node["metadata"]["name"].clone(),
        state.into(),
        or_none(&roles(node)),
        age(node, now).into(),
        text(info, "kubeletVersion").into(),
        or_none(address_of(status, "InternalIP")),
        or_none(address_of(status, "ExternalIP")),
        unknown("osImage").into(),
        unknown("kernelVersion").into(),
        unknown("containerRuntimeVersion").into(),
    ]
}

fn roles(node: &Value) -> String {
    let mut roles = BTreeSet::new();
    for (key, value) in entries(&node["metadata"], "labels") {
        let value = value.as_str().unwrap_or_default();
        match key.strip_prefix("node-role.kubernetes.io/") {
            Some(role) if !role.is_empty() => roles.insert(role),
            None if key == "kubernetes.io/role" && !value.is_empty() => roles.insert(value),
            _ => false,
        };
    }
    roles.into_iter().collect::<Vec<_>>().join(",")
}

fn address_of<'a>(status: &'a Value, kind: &str) -> &'a str {
    let found = list(status, "addresses")
        .iter()
        .find(|address| text(address, "type") == kind);
    found.map(|address| text(address, "address")).unwrap_or_default()
}
