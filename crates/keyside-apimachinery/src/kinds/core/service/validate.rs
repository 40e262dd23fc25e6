//! What a service must be like, and what of it may change.

use super::is_headless;
use crate::kinds::access::{int, is_set, list, same, text};
use crate::kinds::address;
use crate::kinds::checks::{Errors, labels, one_of, one_of_or_none, sentences};
use crate::kinds::core::pod::probe::port;
use crate::kinds::name;
use crate::kinds::path::Path;
use crate::resource::WriteContext;
use crate::status::FieldError;
use serde_json::{Value, json};
use std::collections::HashSet;

const TYPES: [&str; 4] = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];
const FAMILIES: [&str; 2] = ["IPv4", "IPv6"];

pub(super) fn update(new: &Value, old: &Value, context: &WriteContext) -> Errors {
    if context.subresource == "status" {
        return Errors::new();
    }
    let mut errors = Errors::new();
    let (spec, before, path) = (&new["spec"], &old["spec"], Path::new("spec"));
    let external = [spec, before]
        .iter()
        .any(|spec| text(spec, "type") == "ExternalName");
    if !(external || (is_headless(spec) && is_headless(before))) {
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
    errors.extend(create(new));
    errors
}

pub(super) fn create(service: &Value) -> Errors {
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
    let ranges = list(spec, "loadBalancerSourceRanges");
    let path_of_ranges = path.at("LoadBalancerSourceRanges");
    if !ranges.is_empty() && kind != "LoadBalancer" {
        let detail = "may only be used when `type` is 'LoadBalancer'";
        errors.push(FieldError::forbidden(&path_of_ranges, detail));
    }
    for (i, range) in ranges.iter().enumerate() {
        let range = range.as_str().unwrap_or_default().trim();
        address::network(&mut errors, &path_of_ranges.index(i), range);
    }
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
        if let Some(application) = one["appProtocol"].as_str() {
            let found = name::label_key(application);
            sentences(errors, &path.at("appProtocol"), application, found);
        }
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
