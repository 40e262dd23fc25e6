//! What containers must be like: ordinary ones, init containers and ephemeral ones.

use super::volume::Volumes;
use super::{env, mount, probe, resources, security};
use crate::kinds::access::{count, is_set, list, same, text};
use crate::kinds::checks::{Errors, one_of, required, sentences};
use crate::kinds::name;
use crate::kinds::path::Path;
use crate::status::{FieldError, FieldErrorKind};
use serde_json::{Value, json};
use std::collections::HashSet;

const PROBES: [&str; 3] = ["livenessProbe", "readinessProbe", "startupProbe"];

/// What all containers of a pod share.
pub(super) struct Pod<'a> {
    pub(super) spec: &'a Value,
    pub(super) volumes: &'a Volumes<'a>,
}

/// Errors of all containers of a pod spec.
pub(super) fn containers(errors: &mut Errors, path: &Path, spec: &Value, volumes: &Volumes<'_>) {
    let pod = Pod { spec, volumes };
    ordinary(errors, &path.at("containers"), &pod);
    init(errors, &path.at("initContainers"), &pod);
    ephemeral(errors, &path.at("ephemeralContainers"), &pod);
}

/// An image of a pod has no blank at its edges. Templates may: some systems put a blank there to mean "later".
pub(super) fn image_edges(errors: &mut Errors, path: &Path, container: &Value) {
    let image = text(container, "image");
    if image.trim() != image {
        let detail = "must not have leading or trailing whitespace";
        errors.push(FieldError::invalid(path.at("image"), image, detail));
    }
}

fn ordinary(errors: &mut Errors, path: &Path, pod: &Pod<'_>) {
    let all = list(pod.spec, "containers");
    if all.is_empty() {
        errors.push(FieldError::required(path, ""));
        return;
    }
    let mut names = HashSet::new();
    for (i, container) in all.iter().enumerate() {
        let path = path.index(i);
        common(errors, &path, container, pod);
        if !names.insert(text(container, "name")) {
            errors.push(FieldError::duplicate(path.at("name"), text(container, "name")));
        }
        running(errors, &path, container, pod);
        restart_rules(errors, &path, container);
    }
    host_port_conflicts(errors, path, all);
}

fn init(errors: &mut Errors, path: &Path, pod: &Pod<'_>) {
    let mut names: HashSet<&str> = list(pod.spec, "containers")
        .iter()
        .map(|c| text(c, "name"))
        .collect();
    for (i, container) in list(pod.spec, "initContainers").iter().enumerate() {
        let own = path.index(i);
        common(errors, &own, container, pod);
        restart_rules(errors, &own, container);
        let container_name = text(container, "name");
        if !names.insert(container_name) && !container_name.is_empty() {
            errors.push(FieldError::duplicate(own.at("name"), container_name));
        }
        host_port_conflicts(errors, path, std::slice::from_ref(container));
        if text(container, "restartPolicy") == "Always" {
            running(errors, &own, container, pod);
            continue;
        }
        for field in ["lifecycle"].into_iter().chain(PROBES) {
            if is_set(container, field) {
                errors.push(FieldError::forbidden(
                    own.at(field),
                    "may not be set for init containers without restartPolicy=Always",
                ));
            }
        }
    }
}

fn ephemeral(errors: &mut Errors, path: &Path, pod: &Pod<'_>) {
    let fixed = list(pod.spec, "containers")
        .iter()
        .chain(list(pod.spec, "initContainers"));
    let fixed: HashSet<&str> = fixed.map(|c| text(c, "name")).collect();
    let mut names = fixed.clone();
    for (i, container) in list(pod.spec, "ephemeralContainers").iter().enumerate() {
        let path = path.index(i);
        common(errors, &path, container, pod);
        image_edges(errors, &path, container);
        if !names.insert(text(container, "name")) {
            errors.push(FieldError::duplicate(path.at("name"), text(container, "name")));
        }
        let target = text(container, "targetContainerName");
        if !target.is_empty() && !fixed.contains(target) {
            let field = path.at("targetContainerName");
            errors.push(FieldError::new(
                FieldErrorKind::NotFound,
                field,
                Some(target.into()),
                "",
            ));
        }
        let forbidden = ["ports", "resources"].into_iter().chain(PROBES);
        for field in forbidden.chain(["lifecycle", "resizePolicy", "restartPolicy"]) {
            if !same(&container[field], &Value::Null) {
                let detail = "cannot be set for an Ephemeral Container";
                errors.push(FieldError::forbidden(path.at(field), detail));
            }
        }
        for (j, mount) in list(container, "volumeMounts").iter().enumerate() {
            for field in ["subPath", "subPathExpr"] {
                if !text(mount, field).is_empty() {
                    errors.push(FieldError::forbidden(
                        path.at("volumeMounts").index(j).at(field),
                        "cannot be set for an Ephemeral Container",
                    ));
                }
            }
        }
    }
}

/// What every container has.
fn common(errors: &mut Errors, path: &Path, container: &Value, pod: &Pod<'_>) {
    let container_name = text(container, "name");
    if container_name.is_empty() {
        errors.push(FieldError::required(path.at("name"), ""));
    } else {
        sentences(
            errors,
            &path.at("name"),
            container_name,
            name::label(container_name, false),
        );
    }
    required(errors, &path.at("image"), text(container, "image"));
    one_of(
        errors,
        &path.at("terminationMessagePolicy"),
        text(container, "terminationMessagePolicy"),
        &["File", "FallbackToLogsOnError"],
    );
    ports(errors, &path.at("ports"), list(container, "ports"));
    env::variables(errors, &path.at("env"), list(container, "env"));
    env::sources(errors, &path.at("envFrom"), list(container, "envFrom"));
    mount::mounts(errors, &path.at("volumeMounts"), container, pod.volumes);
    mount::devices(errors, &path.at("volumeDevices"), container, pod.volumes);
    let policy = text(container, "imagePullPolicy");
    one_of(
        errors,
        &path.at("imagePullPolicy"),
        policy,
        &["Always", "IfNotPresent", "Never"],
    );
    resources::of_container(errors, &path.at("resources"), &container["resources"], pod.spec);
    resize(errors, &path.at("resizePolicy"), container, pod.spec);
    security::container(
        errors,
        &path.at("securityContext"),
        &container["securityContext"],
        pod.spec["hostUsers"] != json!(false),
    );
}

/// What a container has that keeps running.
fn running(errors: &mut Errors, path: &Path, container: &Value, pod: &Pod<'_>) {
    let grace = pod.spec["terminationGracePeriodSeconds"].as_i64();
    for field in ["postStart", "preStop"] {
        let action = &container["lifecycle"][field];
        if action.is_object() {
            probe::handler(errors, &path.at("lifecycle").at(field), action, grace);
        }
    }
    for field in PROBES.iter().filter(|field| is_set(container, field)) {
        probe::probe(errors, &path.at(field), &container[*field], field);
    }
}

fn restart_rules(errors: &mut Errors, path: &Path, container: &Value) {
    if let Some(policy) = container["restartPolicy"].as_str() {
        let allowed = ["Always", "Never", "OnFailure"];
        if !allowed.contains(&policy) {
            errors.push(FieldError::not_supported(
                path.at("restartPolicy"),
                policy,
                &allowed,
            ));
        }
    }
}

fn ports(errors: &mut Errors, path: &Path, ports: &[Value]) {
    let mut names = HashSet::new();
    for (i, port) in ports.iter().enumerate() {
        let path = path.index(i);
        let port_name = text(port, "name");
        if !port_name.is_empty() {
            let found = name::port(port_name);
            if !found.is_empty() {
                sentences(errors, &path.at("name"), port_name, found);
            } else if !names.insert(port_name) {
                errors.push(FieldError::duplicate(path.at("name"), port_name));
            }
        }
        match count(port, "containerPort") {
            0 => errors.push(FieldError::required(path.at("containerPort"), "")),
            number => sentences(
                errors,
                &path.at("containerPort"),
                number,
                name::port_number(number),
            ),
        }
        let host = count(port, "hostPort");
        if host != 0 {
            sentences(errors, &path.at("hostPort"), host, name::port_number(host));
        }
        one_of(
            errors,
            &path.at("protocol"),
            text(port, "protocol"),
            &["SCTP", "TCP", "UDP"],
        );
    }
}

/// Two containers that run at the same time cannot have the same port of the host.
fn host_port_conflicts(errors: &mut Errors, path: &Path, containers: &[Value]) {
    let mut taken = HashSet::new();
    for (i, container) in containers.iter().enumerate() {
        for (j, port) in list(container, "ports").iter().enumerate() {
            let number = count(port, "hostPort");
            let key = format!("{}/{}/{number}", text(port, "protocol"), text(port, "hostIP"));
            if number != 0 && !taken.insert(key.clone()) {
                let path = path.index(i).at("ports").index(j).at("hostPort");
                errors.push(FieldError::duplicate(path, key));
            }
        }
    }
}

fn resize(errors: &mut Errors, path: &Path, container: &Value, spec: &Value) {
    let mut seen = HashSet::new();
    for (i, policy) in list(container, "resizePolicy").iter().enumerate() {
        let (resource, restart) = (text(policy, "resourceName"), text(policy, "restartPolicy"));
        if !seen.insert(resource) {
            errors.push(FieldError::duplicate(path.index(i), resource));
        }
        one_of(errors, path, resource, &["cpu", "memory"]);
        one_of(errors, path, restart, &["NotRequired", "RestartContainer"]);
        if text(spec, "restartPolicy") == "Never" && restart != "NotRequired" {
            let detail = "must be 'NotRequired' when pod `restartPolicy` is 'Never'";
            errors.push(FieldError::invalid(path, restart, detail));
        }
    }
}
