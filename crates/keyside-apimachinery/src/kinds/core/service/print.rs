//! A service's table row.

use crate::kinds::access::{int, list, text};
use crate::kinds::print::{age, or_none};
use crate::kinds::selector::shown_labels;
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) fn cells(service: &Value, now: &str) -> Vec<Value> {
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
