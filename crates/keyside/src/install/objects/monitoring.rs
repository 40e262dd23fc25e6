//! What monitoring systems need to know: where to scrape, what to warn of, what to show.

use super::{Chart, parsed};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const ALERTS: &str = include_str!("../../../../../charts/keyside/files/alerts.yaml");
const DASHBOARD: &str = include_str!("../../../../../charts/keyside/files/dashboard.json");

pub(super) fn objects(chart: &Chart<'_>) -> Vec<Value> {
    let values = chart.values;
    let mut objects = Vec::new();
    if values.service_monitor.enabled {
        objects.push(json!({
            "apiVersion": "monitoring.coreos.com/v1", "kind": "ServiceMonitor",
            "metadata": metadata(chart, &values.service_monitor.labels),
            "spec": {
                "selector": {"matchLabels": chart.selector()},
                "endpoints": [{"port": "metrics", "path": "/metrics", "interval": values.service_monitor.interval}],
            },
        }));
    }
    if values.prometheus_rule.enabled {
        objects.push(json!({
            "apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule",
            "metadata": metadata(chart, &values.prometheus_rule.labels),
            "spec": parsed(ALERTS),
        }));
    }
    if values.grafana_dashboard.enabled {
        let mut metadata = metadata(chart, &values.grafana_dashboard.labels);
        metadata["name"] = chart.named("dashboard").into();
        metadata["labels"]["grafana_dashboard"] = "1".into();
        objects.push(json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"keyside.json": DASHBOARD},
        }));
    }
    objects
}

/// Metadata with further labels; ours win.
fn metadata(chart: &Chart<'_>, further: &BTreeMap<String, String>) -> Value {
    let mut metadata = chart.local(&chart.fullname(), "monitoring");
    let mut labels: Map<String, Value> = further
        .iter()
        .map(|(key, value)| (key.clone(), value.clone().into()))
        .collect();
    labels.extend(chart.labels("monitoring"));
    metadata["labels"] = labels.into();
    metadata
}
