//! What a pod spec must be like, in a pod or in a template (`ValidatePodSpec`).

use super::{container, scheduling, security, volume};
use crate::kinds::access::{flag, int, is_set, list, text};
use crate::kinds::address;
use crate::kinds::checks::{Errors, annotations, labels, not_negative, one_of, sentences};
use crate::kinds::name;
use crate::kinds::path::Path;
use crate::status::FieldError;
use serde_json::Value;

/// Whose spec it is: some rules hold only in pods.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Pod,
    Template,
}

/// Errors of a pod template at `path`.
pub(crate) fn template(errors: &mut Errors, path: &Path, template: &Value) {
    labels(errors, &path.at("labels"), &template["metadata"], "labels");
    annotations(
        errors,
        &path.at("annotations"),
        &template["metadata"],
        "annotations",
    );
    pod_annotations(errors, &path.at("annotations"), &template["metadata"]);
    let path = path.at("spec");
    spec(errors, &path, &template["spec"], Place::Template, "");
    if !list(&template["spec"], "ephemeralContainers").is_empty() {
        errors.push(FieldError::forbidden(
            path.at("ephemeralContainers"),
            "ephemeral containers not allowed in pod template",
        ));
    }
}

/// Errors of a pod's metadata and spec.
pub(super) fn pod(errors: &mut Errors, pod: &Value) {
    let (metadata, content, path) = (&pod["metadata"], &pod["spec"], Path::new("spec"));
    pod_annotations(errors, &Path::new("metadata.annotations"), metadata);
    spec(errors, &path, content, Place::Pod, text(metadata, "name"));
    if text(content, "serviceAccountName").is_empty() {
        for (i, source) in list(content, "volumes").iter().enumerate() {
            for (j, source) in list(&source["projected"], "sources").iter().enumerate() {
                if is_set(source, "serviceAccountToken") {
                    let path = path.at("volumes").index(i).at("projected.sources").index(j);
                    errors.push(FieldError::forbidden(
                        path.at("serviceAccountToken"),
                        "must not be specified when serviceAccountName is not set",
                    ));
                }
            }
        }
    }
    if let Some(seconds) = int(content, "terminationGracePeriodSeconds") {
        not_negative(errors, &path.at("terminationGracePeriodSeconds"), seconds);
    }
    for field in ["containers", "initContainers"] {
        for (i, one) in list(content, field).iter().enumerate() {
            container::image_edges(errors, &path.at(field).index(i), one);
        }
    }
}

/// Annotations with a meaning for pods.
fn pod_annotations(errors: &mut Errors, path: &Path, metadata: &Value) {
    let cost = &metadata["annotations"]["controller.kubernetes.io/pod-deletion-cost"];
    if let Some(cost) = cost.as_str()
        && !is_cost(cost)
    {
        errors.push(FieldError::invalid(
            path.key("controller.kubernetes.io/pod-deletion-cost"),
            cost,
            "must be a 32bit integer",
        ));
    }
}

/// A number as people write it: no plus sign, no leading zeros.
fn is_cost(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    text.parse::<i32>().is_ok() && !text.starts_with('+') && (digits == "0" || !digits.starts_with('0'))
}

/// Errors of a pod spec. `pod` is the pod's name, where one is known.
pub(super) fn spec(errors: &mut Errors, path: &Path, spec: &Value, place: Place, pod: &str) {
    let volumes = volume::volumes(errors, &path.at("volumes"), spec, pod);
    container::containers(errors, path, spec, &volumes);
    host_ports(errors, path, spec, place);
    one_of(
        errors,
        &path.at("restartPolicy"),
        text(spec, "restartPolicy"),
        &["Always", "OnFailure", "Never"],
    );
    one_of(
        errors,
        &path.at("dnsPolicy"),
        text(spec, "dnsPolicy"),
        &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"],
    );
    labels(errors, &path.at("nodeSelector"), spec, "nodeSelector");
    security::pod(errors, &path.at("securityContext"), spec);
    if flag(spec, "shareProcessNamespace") && flag(spec, "hostPID") {
        errors.push(FieldError::invalid(
            path.at("shareProcessNamespace"),
            true,
            "ShareProcessNamespace and HostPID cannot both be enabled",
        ));
    }
    scheduling::affinity(errors, &path.at("affinity"), &spec["affinity"]);
    dns(errors, &path.at("dnsConfig"), spec);
    gates(errors, path, spec);
    scheduling::spread(errors, &path.at("topologySpreadConstraints"), spec);
    own_users(errors, path, spec);
    names(errors, path, spec);
    if let Some(seconds) = int(spec, "activeDeadlineSeconds") {
        let path = path.at("activeDeadlineSeconds");
        sentences(
            errors,
            &path,
            seconds,
            name::between(seconds, 1, i64::from(i32::MAX)),
        );
    }
    scheduling::tolerations(errors, &path.at("tolerations"), list(spec, "tolerations"));
    host_aliases(errors, &path.at("hostAliases"), spec);
    super::resources::amounts(errors, &path.at("overhead.limits"), &spec["overhead"]);
    super::resources::of_pod(errors, path, spec);
    security::system(errors, path, spec);
}

/// On the host's network a container's port is the host's port.
fn host_ports(errors: &mut Errors, path: &Path, spec: &Value, place: Place) {
    if !flag(spec, "hostNetwork") {
        return;
    }
    for (i, container) in list(spec, "containers").iter().enumerate() {
        for (j, port) in list(container, "ports").iter().enumerate() {
            let host = int(port, "hostPort").unwrap_or_default();
            let wanted = int(port, "containerPort").unwrap_or_default();
            if (place == Place::Pod || host != 0) && host != wanted {
                errors.push(FieldError::invalid(
                    path.at("containers").index(i).at("ports").index(j).at("hostPort"),
                    host,
                    "must match `containerPort` when `hostNetwork` is true",
                ));
            }
        }
    }
}

fn dns(errors: &mut Errors, path: &Path, spec: &Value) {
    let config = &spec["dnsConfig"];
    let servers = list(config, "nameservers");
    if text(spec, "dnsPolicy") == "None" {
        if !config.is_object() {
            errors.push(FieldError::required(
                path,
                "must provide `dnsConfig` when `dnsPolicy` is None",
            ));
            return;
        }
        if servers.is_empty() {
            errors.push(FieldError::required(
                path.at("nameservers"),
                "must provide at least one DNS nameserver when `dnsPolicy` is None",
            ));
            return;
        }
    }
    if servers.len() > 3 {
        let path = path.at("nameservers");
        errors.push(FieldError::invalid(
            path,
            servers,
            "must not have more than 3 nameservers",
        ));
    }
    for (i, server) in servers.iter().enumerate() {
        address::ip(
            errors,
            &path.at("nameservers").index(i),
            server.as_str().unwrap_or_default(),
        );
    }
    let searches = list(config, "searches");
    if searches.len() > 32 {
        let path = path.at("searches");
        errors.push(FieldError::invalid(
            path,
            searches,
            "must not have more than 32 search paths",
        ));
    }
    let length: usize = searches
        .iter()
        .filter_map(Value::as_str)
        .map(|s| s.len() + 1)
        .sum();
    if length > 2049 {
        errors.push(FieldError::invalid(
            path.at("searches"),
            searches,
            "must not have more than 2048 characters (including spaces) in the search list",
        ));
    }
    for (i, search) in searches.iter().enumerate() {
        let search = search.as_str().unwrap_or_default();
        if search != "." {
            let search = search.strip_suffix('.').unwrap_or(search);
            let found = name::searched_domain(search);
            sentences(errors, &path.at("searches").index(i), search, found);
        }
    }
    for (i, option) in list(config, "options").iter().enumerate() {
        if text(option, "name").is_empty() {
            errors.push(FieldError::required(
                path.at("options").index(i),
                "must not be empty",
            ));
        }
    }
}

fn gates(errors: &mut Errors, path: &Path, spec: &Value) {
    for (i, gate) in list(spec, "readinessGates").iter().enumerate() {
        let kind = text(gate, "conditionType");
        let path = path.at("readinessGates").index(i).at("conditionType");
        sentences(errors, &path, kind, name::label_key(kind));
    }
    let gates = list(spec, "schedulingGates");
    for (i, gate) in gates.iter().enumerate() {
        let (gate_name, path) = (text(gate, "name"), path.at("schedulingGates").index(i));
        sentences(errors, &path, gate_name, name::label_key(gate_name));
        if gates[..i].iter().any(|other| text(other, "name") == gate_name) {
            errors.push(FieldError::duplicate(path, gate_name));
        }
    }
}

/// A pod with users of its own cannot also share the host's processes.
fn own_users(errors: &mut Errors, path: &Path, spec: &Value) {
    if spec["hostUsers"] != Value::Bool(false) {
        return;
    }
    for (field, shown) in [
        ("hostNetwork", "hostNetwork"),
        ("hostPID", "HostPID"),
        ("hostIPC", "HostIPC"),
    ] {
        if flag(spec, field) {
            errors.push(FieldError::forbidden(path.at(shown), "when `hostUsers` is false"));
        }
    }
}

/// Fields that hold a name of something.
fn names(errors: &mut Errors, path: &Path, spec: &Value) {
    type Check = fn(&str, bool) -> Vec<String>;
    let fields: [(&str, Check); 6] = [
        ("serviceAccountName", name::subdomain),
        ("nodeName", name::subdomain),
        ("hostname", name::label),
        ("subdomain", name::label),
        ("priorityClassName", name::subdomain),
        ("runtimeClassName", name::subdomain),
    ];
    for (field, check) in fields {
        let value = text(spec, field);
        if !value.is_empty() {
            sentences(errors, &path.at(field), value, check(value, false));
        }
    }
    if let Some(policy) = spec["preemptionPolicy"].as_str() {
        one_of(
            errors,
            &path.at("preemptionPolicy"),
            policy,
            &["PreemptLowerPriority", "Never"],
        );
    }
}

fn host_aliases(errors: &mut Errors, path: &Path, spec: &Value) {
    for (i, alias) in list(spec, "hostAliases").iter().enumerate() {
        let path = path.index(i);
        address::ip(errors, &path.at("ip"), text(alias, "ip"));
        for (j, host) in list(alias, "hostnames").iter().enumerate() {
            let host = host.as_str().unwrap_or_default();
            sentences(
                errors,
                &path.at("hostnames").index(j),
                host,
                name::subdomain(host, false),
            );
        }
    }
}
