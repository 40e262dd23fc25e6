//! Services. Nothing here routes traffic; addresses and ports of nodes are given out by the server, which asks
//! [`needs_cluster_ip`] and [`ports_without_node_port`] what is missing.

use super::pod::probe::port;
use crate::kinds::access::{
    fill, fill_text, inside, int, is_set, items, list, made, restore, same, set, take, text,
};
use crate::kinds::address;
use crate::kinds::checks::{Errors, labels, one_of, one_of_or_none, sentences};
use crate::kinds::kind::{AGE, Generation, Kind, NAME};
use crate::kinds::name;
use crate::kinds::path::Path;
use crate::kinds::print::{age, or_none};
use crate::kinds::selector::shown_labels;
use crate::resource::WriteContext;
use crate::status::FieldError;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashSet};

const TYPES: [&str; 4] = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];
const FAMILIES: [&str; 2] = ["IPv4", "IPv6"];
/// Seconds a client sticks to one pod.
const AFFINITY_SECONDS: i64 = 10_800;

pub(super) const SERVICE: Kind = Kind {
    default,
    prepare_create: |service, _| {
        if let Some(spec) = inside(service, "spec") {
            twin_addresses(spec, &Value::Null);
            families(spec);
        }
        if let Some(status) = made(service, "status") {
            set(status, "loadBalancer", json!({}));
        }
    },
    prepare_update,
    validate_create: |service, _| validate(service),
    validate_update,
    generation: Generation::Absent,
    columns: &[
        NAME,
        ("Type", "string", "", 0, "How the service is reached."),
        ("Cluster-IP", "string", "", 0, "Its address inside the cluster."),
        (
            "External-IP",
            "string",
            "",
            0,
            "Its addresses outside the cluster.",
        ),
        ("Port(s)", "string", "", 0, "Its ports."),
        AGE,
        ("Selector", "string", "", 1, "Labels of the pods behind it."),
    ],
    cells,
    selectable: |service| {
        vec![
            ("spec.clusterIP", text(&service["spec"], "clusterIP").into()),
            ("spec.type", text(&service["spec"], "type").into()),
        ]
    },
    name: name::letter_label,
    ..Kind::WITH_STATUS
};

/// Whether the server has yet to give this service an address inside the cluster.
#[must_use]
pub fn needs_cluster_ip(service: &Value) -> bool {
    has_cluster_ip(service) && text(&service["spec"], "clusterIP").is_empty()
}

/// Gives a service its address inside the cluster.
pub fn set_cluster_ip(service: &mut Value, address: &str) {
    if let Some(spec) = inside(service, "spec") {
        set(spec, "clusterIP", address);
        set(spec, "clusterIPs", json!([address]));
    }
}

/// Positions in `spec.ports` of the ports that the server has yet to give a port on every node.
#[must_use]
pub fn ports_without_node_port(service: &Value) -> Vec<usize> {
    if !has_node_ports(service) {
        return Vec::new();
    }
    let ports = list(&service["spec"], "ports").iter().enumerate();
    ports
        .filter(|(_, port)| int(port, "nodePort").unwrap_or_default() == 0)
        .map(|(i, _)| i)
        .collect()
}

fn has_cluster_ip(service: &Value) -> bool {
    text(&service["spec"], "type") != "ExternalName"
}

fn has_node_ports(service: &Value) -> bool {
    let spec = &service["spec"];
    match text(spec, "type") {
        "NodePort" => true,
        "LoadBalancer" => spec["allocateLoadBalancerNodePorts"] != json!(false),
        _ => false,
    }
}

fn is_headless(spec: &Value) -> bool {
    matches!(list(spec, "clusterIPs"), [only] if only == "None")
}

fn default(service: &mut Value) {
    let Some(spec) = inside(service, "spec") else {
        return;
    };
    fill_text(spec, "sessionAffinity", "None");
    if text(spec, "sessionAffinity") == "ClientIP" {
        let given = is_set(&spec["sessionAffinityConfig"]["clientIP"], "timeoutSeconds");
        if !given {
            set(
                spec,
                "sessionAffinityConfig",
                json!({"clientIP": {"timeoutSeconds": AFFINITY_SECONDS}}),
            );
        }
    } else {
        take(spec, "sessionAffinityConfig");
    }
    fill_text(spec, "type", "ClusterIP");
    for port in items(spec, "ports") {
        fill_text(port, "protocol", "TCP");
        let target = &port["targetPort"];
        if target.is_null() || target == 0 || target == "" {
            let number = port["port"].clone();
            set(port, "targetPort", number);
        }
    }
    let kind = text(spec, "type").to_owned();
    let external = !list(spec, "externalIPs").is_empty();
    if matches!(kind.as_str(), "LoadBalancer" | "NodePort") || (kind == "ClusterIP" && external) {
        fill_text(spec, "externalTrafficPolicy", "Cluster");
    }
    if kind != "ExternalName" {
        fill(spec, "internalTrafficPolicy", || "Cluster".into());
    }
    if kind == "LoadBalancer" {
        fill(spec, "allocateLoadBalancerNodePorts", || true.into());
    }
}

/// `clusterIP` and the first of `clusterIPs` are the same; the one that was changed wins.
fn twin_addresses(spec: &mut Value, old: &Value) {
    let [single, old_single] = [&*spec, old].map(|spec| text(spec, "clusterIP").to_owned());
    let [plural, old_plural] = [&*spec, old].map(|spec| list(spec, "clusterIPs").to_vec());
    let single_changed = single != old_single;
    if single.is_empty() {
        if single_changed && plural == old_plural {
            take(spec, "clusterIPs");
        }
    } else if plural.is_empty() || (single_changed && plural == old_plural) {
        set(spec, "clusterIPs", json!([single]));
    }
}

/// One address family, unless more are asked for.
fn families(spec: &mut Value) {
    if text(spec, "type") == "ExternalName" {
        return;
    }
    fill_text(spec, "ipFamilyPolicy", "SingleStack");
    let first = list(spec, "clusterIPs")
        .first()
        .and_then(Value::as_str)
        .unwrap_or_default();
    let family = if address::is_v6(first) {
        FAMILIES[1]
    } else {
        FAMILIES[0]
    };
    fill(spec, "ipFamilies", || json!([family]));
}

/// What the server gave is kept by a writer who does not mention it, and dropped where the new type has no use for it.
fn prepare_update(new: &mut Value, old: &Value, context: &WriteContext) {
    if context.subresource == "status" {
        return;
    }
    let kept = has_cluster_ip(new) && has_cluster_ip(old);
    let ports_kept = has_node_ports(new) && has_node_ports(old);
    let Some(spec) = inside(new, "spec") else { return };
    let before = &old["spec"];
    if kept {
        for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            if same(&spec[field], &Value::Null) {
                restore(spec, field, before);
            }
        }
    } else if text(spec, "type") == "ExternalName" && text(before, "type") != "ExternalName" {
        for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            if same(&spec[field], &before[field]) {
                take(spec, field);
            }
        }
    }
    if ports_kept {
        keep_node_ports(spec, before);
    } else if text(spec, "type") == "ClusterIP" {
        drop_node_ports(spec, before);
    }
    twin_addresses(spec, before);
    families(spec);
}

fn keep_node_ports(spec: &mut Value, before: &Value) {
    let number = |port: &Value| int(port, "nodePort").unwrap_or_default();
    let taken: Vec<i64> = list(spec, "ports").iter().map(number).collect();
    for port in items(spec, "ports").iter_mut().filter(|port| number(port) == 0) {
        let old = list(before, "ports")
            .iter()
            .find(|old| text(old, "name") == text(port, "name"));
        let old = old.map(number).filter(|old| *old != 0 && !taken.contains(old));
        if let Some(old) = old {
            set(port, "nodePort", old);
        }
    }
}

/// Ports of nodes that were given to another type are dropped if the writer left them as they were.
fn drop_node_ports(spec: &mut Value, before: &Value) {
    let old: Vec<i64> = list(before, "ports")
        .iter()
        .filter_map(|port| int(port, "nodePort"))
        .collect();
    for port in items(spec, "ports") {
        if int(port, "nodePort").is_some_and(|number| old.contains(&number)) {
            take(port, "nodePort");
        }
    }
}

fn validate_update(new: &Value, old: &Value, context: &WriteContext) -> Errors {
    if context.subresource == "status" {
        return Errors::new();
    }
    let mut errors = Errors::new();
    let (spec, before, path) = (&new["spec"], &old["spec"], Path::new("spec"));
    let external = [spec, before]
        .iter()
        .any(|spec| text(spec, "type") == "ExternalName");
    if !external && !(is_headless(spec) && is_headless(before)) {
        for (field, what) in [("clusterIPs", "clusterIP"), ("ipFamilies", "ipFamily")] {
            let (now, then) = (list(spec, field), list(before, field));
            let path = path.at(field).index(0);
            if now.is_empty() && !then.is_empty() {
                let detail = format!("primary {what} can not be unset");
                errors.push(FieldError::invalid(path, now, detail));
            } else if then.first().is_some_and(|then| now.first() != Some(then)) {
                errors.push(FieldError::invalid(path, now, "may not change once set"));
            }
        }
    }
    errors.extend(validate(new));
    errors
}

fn validate(service: &Value) -> Errors {
    let mut errors = Errors::new();
    let (spec, path) = (&service["spec"], Path::new("spec"));
    let kind = text(spec, "type");
    if list(spec, "ports").is_empty() && !is_headless(spec) && kind != "ExternalName" {
        errors.push(FieldError::required(path.at("ports"), ""));
    }
    if matches!(kind, "LoadBalancer" | "NodePort") && is_headless(spec) {
        let detail = format!("may not be set to 'None' for {kind} services");
        errors.push(FieldError::invalid(
            path.at("clusterIPs").index(0),
            "None",
            detail,
        ));
    }
    if kind == "ExternalName" {
        external_name(&mut errors, &path, spec);
    }
    ports(&mut errors, &path.at("ports"), spec);
    labels(&mut errors, &path.at("selector"), spec, "selector");
    affinity(&mut errors, &path, spec);
    if kind != "ExternalName" {
        addresses(&mut errors, &path, spec);
    }
    for (i, ip) in list(spec, "externalIPs").iter().enumerate() {
        let path = path.at("externalIPs").index(i);
        let ip = ip.as_str().unwrap_or_default();
        let before = errors.len();
        address::ip(&mut errors, &path, ip);
        if errors.len() == before {
            address::reachable(&mut errors, &path, ip);
        }
    }
    one_of(&mut errors, &path.at("type"), kind, &TYPES);
    let external = !text(spec, "externalTrafficPolicy").is_empty();
    let reachable = matches!(kind, "LoadBalancer" | "NodePort") || !list(spec, "externalIPs").is_empty();
    let path_of_policy = path.at("externalTrafficPolicy");
    if external && !reachable {
        let value = spec["externalTrafficPolicy"].clone();
        let detail = "may only be set for externally-accessible services";
        errors.push(FieldError::invalid(path_of_policy, value, detail));
    } else {
        let policy = &spec["externalTrafficPolicy"];
        one_of_or_none(&mut errors, &path_of_policy, policy, &["Cluster", "Local"]);
    }
    let policy = &spec["internalTrafficPolicy"];
    one_of_or_none(
        &mut errors,
        &path.at("internalTrafficPolicy"),
        policy,
        &["Cluster", "Local"],
    );
    if is_set(spec, "allocateLoadBalancerNodePorts") && kind != "LoadBalancer" {
        let detail = "may only be used when `type` is 'LoadBalancer'";
        errors.push(FieldError::forbidden(
            path.at("allocateLoadBalancerNodePorts"),
            detail,
        ));
    }
    errors
}

fn external_name(errors: &mut Errors, path: &Path, spec: &Value) {
    for field in ["clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
        if !same(&spec[field], &Value::Null) {
            let detail = "may not be set for ExternalName services";
            errors.push(FieldError::forbidden(path.at(field), detail));
        }
    }
    let host = text(spec, "externalName");
    let host = host.strip_suffix('.').unwrap_or(host);
    if host.is_empty() {
        errors.push(FieldError::required(path.at("externalName"), ""));
    } else {
        sentences(
            errors,
            &path.at("externalName"),
            host,
            name::subdomain(host, false),
        );
    }
}

fn ports(errors: &mut Errors, path: &Path, spec: &Value) {
    let all = list(spec, "ports");
    let (mut names, mut numbers, mut node_ports) = (HashSet::new(), HashSet::new(), HashSet::new());
    for (i, one) in all.iter().enumerate() {
        let path = path.index(i);
        let port_name = text(one, "name");
        if port_name.is_empty() {
            if all.len() > 1 {
                errors.push(FieldError::required(path.at("name"), ""));
            }
        } else {
            sentences(errors, &path.at("name"), port_name, name::label(port_name, false));
            if !names.insert(port_name) {
                errors.push(FieldError::duplicate(path.at("name"), port_name));
            }
        }
        let number = int(one, "port").unwrap_or_default();
        let protocol = text(one, "protocol");
        sentences(errors, &path.at("port"), number, name::port_number(number));
        one_of(errors, &path.at("protocol"), protocol, &PROTOCOLS);
        port(errors, &path.at("targetPort"), &one["targetPort"]);
        let node_port = int(one, "nodePort").unwrap_or_default();
        if node_port != 0 {
            if text(spec, "type") == "ClusterIP" {
                let detail = "may not be used when `type` is 'ClusterIP'";
                errors.push(FieldError::forbidden(path.at("nodePort"), detail));
            }
            if !node_ports.insert((protocol, node_port)) {
                errors.push(FieldError::duplicate(path.at("nodePort"), node_port));
            }
        }
        if !numbers.insert((protocol, number)) {
            errors.push(FieldError::duplicate(
                path,
                json!({"protocol": protocol, "port": number}),
            ));
        }
    }
}

fn affinity(errors: &mut Errors, path: &Path, spec: &Value) {
    let affinity = text(spec, "sessionAffinity");
    one_of(
        errors,
        &path.at("sessionAffinity"),
        affinity,
        &["ClientIP", "None"],
    );
    if affinity == "ClientIP" {
        let timeout = int(&spec["sessionAffinityConfig"]["clientIP"], "timeoutSeconds").unwrap_or_default();
        if !(1..=86_400).contains(&timeout) {
            let path = path.at("sessionAffinityConfig.clientIP.timeoutSeconds");
            let detail = "must be greater than 0 and less than 86400";
            errors.push(FieldError::invalid(path, timeout, detail));
        }
    }
}

fn addresses(errors: &mut Errors, path: &Path, spec: &Value) {
    let (single, all) = (text(spec, "clusterIP"), list(spec, "clusterIPs"));
    let own = path.at("clusterIPs");
    match (single, all.first()) {
        ("", None) => {}
        ("", Some(_)) => {
            let detail = "must be empty when `clusterIP` is not specified";
            errors.push(FieldError::invalid(&own, all, detail));
        }
        (_, None) => errors.push(FieldError::required(&own, "")),
        (single, Some(first)) if first != single => {
            errors.push(FieldError::invalid(
                &own,
                all,
                "first value must match `clusterIP`",
            ));
        }
        _ => {}
    }
    for (i, family) in list(spec, "ipFamilies").iter().enumerate() {
        let path = path.at("ipFamilies").index(i);
        one_of_or_none(errors, &path, family, &FAMILIES);
        if list(spec, "ipFamilies")[..i].contains(family) {
            errors.push(FieldError::duplicate(path, family.clone()));
        }
    }
    let policies = ["PreferDualStack", "RequireDualStack", "SingleStack"];
    one_of_or_none(
        errors,
        &path.at("ipFamilyPolicy"),
        &spec["ipFamilyPolicy"],
        &policies,
    );
    for (i, ip) in all.iter().enumerate() {
        let ip = ip.as_str().unwrap_or_default();
        if i == 0 && ip == "None" {
            if all.len() > 1 {
                let detail = "'None' must be the first and only value";
                errors.push(FieldError::invalid(&own, all, detail));
            }
        } else {
            address::ip(errors, &own.index(i), ip);
        }
    }
    if all.len() > 2 {
        errors.push(FieldError::invalid(own, all, "may only hold up to 2 values"));
    }
}

fn cells(service: &Value, now: &str) -> Vec<Value> {
    let spec = &service["spec"];
    let ports = list(spec, "ports").iter().map(|port| {
        let (number, protocol) = (int(port, "port").unwrap_or_default(), text(port, "protocol"));
        match int(port, "nodePort") {
            Some(node) if node > 0 => format!("{number}:{node}/{protocol}"),
            _ => format!("{number}/{protocol}"),
        }
    });
    vec![
        service["metadata"]["name"].clone(),
        spec["type"].clone(),
        or_none(
            list(spec, "clusterIPs")
                .first()
                .and_then(Value::as_str)
                .unwrap_or_default(),
        ),
        external(service).into(),
        or_none(&ports.collect::<Vec<_>>().join(",")),
        age(service, now).into(),
        shown_labels(&spec["selector"]).into(),
    ]
}

fn external(service: &Value) -> String {
    let spec = &service["spec"];
    let own = list(spec, "externalIPs").iter().filter_map(Value::as_str);
    match text(spec, "type") {
        "ExternalName" => text(spec, "externalName").into(),
        kind @ ("ClusterIP" | "NodePort" | "LoadBalancer") => {
            let balancers: BTreeSet<&str> = list(&service["status"]["loadBalancer"], "ingress")
                .iter()
                .filter(|_| kind == "LoadBalancer")
                .map(|point| [text(point, "ip"), text(point, "hostname")])
                .filter_map(|names| names.into_iter().find(|name| !name.is_empty()))
                .collect();
            let all: Vec<&str> = balancers.into_iter().chain(own).collect();
            match (kind, all.is_empty()) {
                ("LoadBalancer", true) => "<pending>".into(),
                (_, true) => "<none>".into(),
                (_, false) => all.join(","),
            }
        }
        _ => "<unknown>".into(),
    }
}
