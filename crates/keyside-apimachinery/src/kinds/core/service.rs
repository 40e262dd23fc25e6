//! Services. Nothing here routes traffic; addresses and ports of nodes are given out by the server, which asks
//! [`needs_cluster_ip`] and [`ports_without_node_port`] what is missing.

mod print;
mod validate;

use crate::kinds::access::{
    fill, fill_text, inside, int, is_set, items, list, made, restore, same, set, take, text,
};
use crate::kinds::address;
use crate::kinds::kind::{AGE, Generation, Kind, NAME};
use crate::kinds::name;
use crate::resource::WriteContext;
use serde_json::{Value, json};

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
    warnings: |service, _| warnings(service),
    validate_create: |service, _| validate::create(service),
    validate_update: validate::update,
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
    cells: print::cells,
    selectable: |service| {
        vec![
            ("spec.clusterIP", text(&service["spec"], "clusterIP").into()),
            ("spec.type", text(&service["spec"], "type").into()),
        ]
    },
    name: name::label,
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

fn is_reached_from_outside(service: &Value) -> bool {
    let spec = &service["spec"];
    match text(spec, "type") {
        "LoadBalancer" | "NodePort" => true,
        "ClusterIP" => !list(spec, "externalIPs").is_empty(),
        _ => false,
    }
}

fn is_headless(spec: &Value) -> bool {
    matches!(list(spec, "clusterIPs"), [only] if only == "None")
}

fn warnings(service: &Value) -> Vec<String> {
    let spec = &service["spec"];
    let outside = !list(spec, "externalIPs").is_empty();
    let external = text(spec, "type") == "ExternalName";
    let headless = is_headless(spec);
    let rules = [
        (
            headless && !text(spec, "loadBalancerIP").is_empty(),
            "spec.loadBalancerIP is ignored for headless services",
        ),
        (
            headless && outside,
            "spec.externalIPs is ignored for headless services",
        ),
        (
            headless && text(spec, "sessionAffinity") != "None",
            "spec.SessionAffinity is ignored for headless services",
        ),
        (
            outside && !headless && !external,
            "spec.externalIPs is deprecated and may no longer be implemented in some clusters",
        ),
        (
            external && outside,
            "spec.externalIPs is ignored when spec.type is \"ExternalName\"",
        ),
        (
            !external && !text(spec, "externalName").is_empty(),
            "spec.externalName is ignored when spec.type is not \"ExternalName\"",
        ),
        (
            text(spec, "trafficDistribution") == "PreferClose",
            "spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"",
        ),
    ];
    let met = rules.into_iter().filter(|(met, _)| *met);
    met.map(|(_, warning)| warning.to_owned()).collect()
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
    let family = if address::is_v6(first) { "IPv6" } else { "IPv4" };
    fill(spec, "ipFamilies", || json!([family]));
}

/// What the server gave is kept by a writer who does not mention it, and dropped where the new type has no use for it.
fn prepare_update(new: &mut Value, old: &Value, context: &WriteContext) {
    if context.subresource == "status" {
        return;
    }
    let kept = has_cluster_ip(new) && has_cluster_ip(old);
    let ports_kept = has_node_ports(new) && has_node_ports(old);
    let closed = is_reached_from_outside(old) && !is_reached_from_outside(new);
    let Some(spec) = inside(new, "spec") else { return };
    let before = &old["spec"];
    if closed && same(&spec["externalTrafficPolicy"], &before["externalTrafficPolicy"]) {
        take(spec, "externalTrafficPolicy");
    }
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

#[cfg(test)]
mod tests;
