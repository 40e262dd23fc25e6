//! Defaults of pods and of the pod specs inside workloads. What is filled only in pods, and not in templates, says so.

use crate::kinds::access::{fill, fill_count, fill_text, flag, inside, is_set, items, made, set, take, text};
use crate::kinds::core::image::pull_policy;
use crate::kinds::quantity::{tidy_field, tidy_list};
use serde_json::{Value, json};

/// Defaults of a whole pod.
pub(crate) fn pod(object: &mut Value) {
    if let Some(spec) = made(object, "spec") {
        pod_spec(spec);
        only_in_pods(spec);
    }
    if let Some(status) = inside(object, "status") {
        addresses(status);
        for field in [
            "containerStatuses",
            "initContainerStatuses",
            "ephemeralContainerStatuses",
        ] {
            for container in items(status, field) {
                fill(container, "ready", || false.into());
                fill(container, "restartCount", || 0.into());
            }
        }
    }
}

/// Defaults of a pod template's `spec`, in place. `object` is the template.
pub(crate) fn template(object: &mut Value) {
    if let Some(spec) = made(object, "spec") {
        pod_spec(spec);
    }
}

fn pod_spec(spec: &mut Value) {
    for field in ["containers", "initContainers", "ephemeralContainers"] {
        items(spec, field).iter_mut().for_each(container);
    }
    items(spec, "volumes").iter_mut().for_each(volume);
    if text(spec, "serviceAccountName").is_empty() {
        let old_name = text(spec, "serviceAccount").to_owned();
        if !old_name.is_empty() {
            set(spec, "serviceAccountName", old_name);
        }
    }
    let account = text(spec, "serviceAccountName").to_owned();
    if !account.is_empty() {
        set(spec, "serviceAccount", account);
    }
    fill_text(spec, "dnsPolicy", "ClusterFirst");
    fill_text(spec, "restartPolicy", "Always");
    fill(spec, "securityContext", || json!({}));
    fill(spec, "terminationGracePeriodSeconds", || 30.into());
    fill_text(spec, "schedulerName", "default-scheduler");
    tidy_list(spec, "overhead");
    if let Some(resources) = inside(spec, "resources") {
        tidy_list(resources, "limits");
        tidy_list(resources, "requests");
    }
    for constraint in items(spec, "topologySpreadConstraints") {
        fill(constraint, "maxSkew", || 1.into());
    }
}

fn only_in_pods(spec: &mut Value) {
    if spec["terminationGracePeriodSeconds"]
        .as_i64()
        .is_some_and(|seconds| seconds < 0)
    {
        set(spec, "terminationGracePeriodSeconds", 1);
    }
    let on_host = flag(spec, "hostNetwork");
    for field in ["containers", "initContainers"] {
        for container in items(spec, field) {
            requests_from_limits(container);
            if on_host {
                items(container, "ports").iter_mut().for_each(host_port);
            }
        }
    }
    fill(spec, "enableServiceLinks", || true.into());
}

/// A container that limits a resource asks for as much, unless it says otherwise.
fn requests_from_limits(container: &mut Value) {
    let limits = container["resources"]["limits"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    if limits.is_empty() {
        return;
    }
    let requests = made(container, "resources").and_then(|resources| made(resources, "requests"));
    if let Some(requests) = requests {
        for (name, amount) in limits {
            fill(requests, &name, || amount);
        }
    }
}

fn host_port(port: &mut Value) {
    let number = port["containerPort"].as_i64().unwrap_or_default();
    fill_count(port, "hostPort", number);
}

fn container(container: &mut Value) {
    let policy = pull_policy(text(container, "image"));
    fill_text(container, "imagePullPolicy", policy);
    fill_text(container, "terminationMessagePath", "/dev/termination-log");
    fill_text(container, "terminationMessagePolicy", "File");
    for port in items(container, "ports") {
        fill_text(port, "protocol", "TCP");
    }
    for variable in items(container, "env") {
        if let Some(source) = inside(variable, "valueFrom") {
            field_reference(source);
            if let Some(resource) = inside(source, "resourceFieldRef") {
                fill(resource, "divisor", || "0".into());
                tidy_field(resource, "divisor");
            }
        }
    }
    for field in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(check) = inside(container, field) {
            probe(check);
        }
    }
    for field in ["postStart", "preStop"] {
        if let Some(action) = inside(container, "lifecycle").and_then(|lifecycle| inside(lifecycle, field)) {
            http_get(action);
        }
    }
    if let Some(lifecycle) = inside(container, "lifecycle") {
        // Known, and switched off.
        take(lifecycle, "stopSignal");
    }
    if let Some(resources) = made(container, "resources") {
        tidy_list(resources, "limits");
        tidy_list(resources, "requests");
    }
    if let Some(context) = inside(container, "securityContext")
        && is_set(context, "procMount")
    {
        fill_text(context, "procMount", "Default");
    }
}

fn probe(probe: &mut Value) {
    fill_count(probe, "timeoutSeconds", 1);
    fill_count(probe, "periodSeconds", 10);
    fill_count(probe, "successThreshold", 1);
    fill_count(probe, "failureThreshold", 3);
    http_get(probe);
    if let Some(grpc) = inside(probe, "grpc") {
        fill(grpc, "service", || "".into());
    }
}

fn http_get(handler: &mut Value) {
    if let Some(get) = inside(handler, "httpGet") {
        fill_text(get, "path", "/");
        fill_text(get, "scheme", "HTTP");
    }
}

fn field_reference(source: &mut Value) {
    if let Some(reference) = inside(source, "fieldRef") {
        fill_text(reference, "apiVersion", "v1");
    }
}

fn volume(volume: &mut Value) {
    let sources = volume.as_object().into_iter().flatten();
    if sources
        .filter(|(field, source)| *field != "name" && !source.is_null())
        .count()
        == 0
    {
        set(volume, "emptyDir", json!({}));
    }
    if let Some(image) = inside(volume, "image") {
        let policy = pull_policy(text(image, "reference"));
        fill_text(image, "pullPolicy", policy);
    }
    for field in ["secret", "configMap", "downwardAPI", "projected"] {
        if let Some(source) = inside(volume, field) {
            fill(source, "defaultMode", || 0o644.into());
            items(source, "items").iter_mut().for_each(field_reference);
        }
    }
    if let Some(projected) = inside(volume, "projected") {
        for source in items(projected, "sources") {
            if let Some(token) = inside(source, "serviceAccountToken") {
                fill(token, "expirationSeconds", || 3600.into());
            }
            if let Some(api) = inside(source, "downwardAPI") {
                items(api, "items").iter_mut().for_each(field_reference);
            }
        }
    }
    if let Some(host) = inside(volume, "hostPath") {
        fill(host, "type", || "".into());
    }
    if let Some(empty) = inside(volume, "emptyDir") {
        tidy_field(empty, "sizeLimit");
    }
    if let Some(claim) = inside(volume, "ephemeral").and_then(|source| inside(source, "volumeClaimTemplate"))
        && let Some(spec) = inside(claim, "spec")
    {
        crate::kinds::core::volume::claim::defaults(spec);
    }
}

/// `podIP` and the first of `podIPs` are the same; either may be given.
fn addresses(status: &mut Value) {
    let single = text(status, "podIP").to_owned();
    let first = status["podIPs"][0]["ip"].as_str().unwrap_or_default().to_owned();
    if single.is_empty() && !first.is_empty() {
        set(status, "podIP", first);
    } else if !single.is_empty() && single != first {
        set(status, "podIPs", json!([{ "ip": single }]));
    }
}
