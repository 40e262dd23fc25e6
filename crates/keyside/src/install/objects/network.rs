//! How keyside is reached, and what it may reach.

use super::Chart;
use serde_json::{Value, json};

pub(super) fn objects(chart: &Chart<'_>) -> Vec<Value> {
    let mut objects = vec![
        service(chart, &chart.fullname(), "webhook", 443),
        service(chart, &chart.named("metrics"), "metrics", 9090),
    ];
    if chart.values.ui.enabled {
        let mut ui = service(chart, &chart.named("ui"), "ui", 443);
        // A session is known to the replica that opened it.
        ui["spec"]["sessionAffinity"] = json!("ClientIP");
        objects.push(ui);
    }
    if chart.values.network_policy.enabled {
        objects.push(policy(chart));
    }
    objects
}

fn service(chart: &Chart<'_>, name: &str, port: &str, number: u16) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": chart.local(name, "server"),
        "spec": {
            "selector": chart.selector(),
            "ports": [{"name": port, "port": number, "targetPort": port, "protocol": "TCP"}],
        },
    })
}

/// In: what is served (the API server and kubelets have no labels to select them by). Out: the API server, names, and
/// registries, which can be anywhere, but never a cloud's metadata service.
fn policy(chart: &Chart<'_>) -> Value {
    let mut ports = vec!["webhook", "health", "metrics"];
    if chart.values.ui.enabled {
        ports.push("ui");
    }
    let ports: Vec<Value> = ports
        .into_iter()
        .map(|port| json!({"port": port, "protocol": "TCP"}))
        .collect();
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": chart.local(&chart.fullname(), "server"),
        "spec": {
            "podSelector": {"matchLabels": chart.selector()},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"ports": ports}],
            "egress": [{"to": [
                {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.169.254/32", "100.100.100.200/32"]}},
                {"ipBlock": {"cidr": "::/0", "except": ["fd00:ec2::254/128"]}},
            ]}],
        },
    })
}
