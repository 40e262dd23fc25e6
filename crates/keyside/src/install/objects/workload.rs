//! The replicas, and what keeps them running.

use super::{Chart, put, texts};
use crate::cli::Injection;
use crate::install::VERSION;
use crate::install::values::Given;
use keyside_server::rbac;
use serde_json::{Value, json};

pub(super) fn objects(chart: &Chart<'_>) -> Vec<Value> {
    let mut objects = vec![deployment(chart)];
    let budget = &chart.values.pod_disruption_budget;
    if budget.enabled && chart.values.replica_count > 1 {
        objects.push(json!({
            "apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
            "metadata": chart.local(&chart.fullname(), "server"),
            "spec": {"minAvailable": budget.min_available, "selector": {"matchLabels": chart.selector()}},
        }));
    }
    objects
}

fn deployment(chart: &Chart<'_>) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": chart.local(&chart.fullname(), "server"),
        "spec": {
            "replicas": chart.values.replica_count,
            "selector": {"matchLabels": chart.selector()},
            // A new replica is ready before an old one goes, so that admission is always answered.
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {"metadata": {"labels": chart.labels("server")}, "spec": pod(chart)},
        },
    })
}

fn pod(chart: &Chart<'_>) -> Value {
    let values = chart.values;
    let mut pod = json!({
        "serviceAccountName": chart.account(),
        "automountServiceAccountToken": true,
        "enableServiceLinks": false,
        "terminationGracePeriodSeconds": 30,
        "containers": [container(chart)],
    });
    let secrets = values
        .global
        .image_pull_secrets
        .iter()
        .chain(&values.image_pull_secrets);
    put(
        &mut pod,
        "imagePullSecrets",
        secrets.map(|secret| secret.value().clone()).collect::<Vec<_>>(),
    );
    put(
        &mut pod,
        "securityContext",
        values.pod_security_context.value().clone(),
    );
    put(&mut pod, "affinity", affinity(chart));
    put(&mut pod, "nodeSelector", texts(&values.node_selector));
    put(&mut pod, "tolerations", all(&values.tolerations));
    put(
        &mut pod,
        "topologySpreadConstraints",
        all(&values.topology_spread_constraints),
    );
    put(&mut pod, "priorityClassName", values.priority_class_name.clone());
    put(&mut pod, "volumes", volumes(chart));
    pod
}

fn volumes(chart: &Chart<'_>) -> Vec<Value> {
    let values = chart.values;
    let mut volumes = Vec::new();
    if has_own_certificate(chart) {
        let secret = json!({"secretName": values.ui.tls.secret_name});
        volumes.push(json!({"name": "ui-certificate", "secret": secret}));
    }
    if has_registry_ca(chart) {
        let map = json!({"name": values.registry_ca.config_map_name});
        volumes.push(json!({"name": "registry-ca", "configMap": map}));
    }
    volumes
}

fn mounts(chart: &Chart<'_>) -> Vec<Value> {
    let mount = |name: &str, path: &str| json!({"name": name, "mountPath": path, "readOnly": true});
    let mut mounts = Vec::new();
    if has_own_certificate(chart) {
        mounts.push(mount("ui-certificate", UI_CERTIFICATE));
    }
    if has_registry_ca(chart) {
        mounts.push(mount("registry-ca", REGISTRY_CA));
    }
    mounts
}

fn all<T>(given: &[Given<T>]) -> Vec<Value> {
    given.iter().map(|one| one.value().clone()).collect()
}

/// As given; otherwise replicas prefer different nodes, and still run where there is only one.
fn affinity(chart: &Chart<'_>) -> Value {
    let given = chart.values.affinity.value();
    if given.as_object().is_some_and(|fields| !fields.is_empty()) {
        return given.clone();
    }
    json!({"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{
        "weight": 100,
        "podAffinityTerm": {
            "topologyKey": "kubernetes.io/hostname",
            "labelSelector": {"matchLabels": chart.selector()},
        },
    }]}})
}

/// Where the web page's certificate is mounted.
const UI_CERTIFICATE: &str = "/etc/keyside/ui";

fn has_own_certificate(chart: &Chart<'_>) -> bool {
    chart.values.ui.enabled && !chart.values.ui.tls.secret_name.is_empty()
}

/// Where the authorities of registries are mounted.
const REGISTRY_CA: &str = "/etc/keyside/registry-ca";

fn has_registry_ca(chart: &Chart<'_>) -> bool {
    !chart.values.registry_ca.config_map_name.is_empty()
}

fn container(chart: &Chart<'_>) -> Value {
    let values = chart.values;
    let port = |name: &str, number: u16| json!({"name": name, "containerPort": number, "protocol": "TCP"});
    let mut ports = vec![port("webhook", 9443), port("health", 8081), port("metrics", 9090)];
    if values.ui.enabled {
        ports.push(port("ui", 8443));
    }
    let probe = |path: &str, every: u8| {
        json!({
            "httpGet": {"path": path, "port": "health"}, "periodSeconds": every, "timeoutSeconds": 2,
            "failureThreshold": 3,
        })
    };
    let mut container = json!({
        "name": "keyside",
        "image": image(chart),
        "imagePullPolicy": values.image.pull_policy,
        "args": arguments(chart),
        "ports": ports,
        "livenessProbe": probe("/livez", 10),
        "readinessProbe": probe("/readyz", 2),
        // The root is read-only; what outlives a restart is kept in the cluster.
        "terminationMessagePolicy": "FallbackToLogsOnError",
    });
    put(&mut container, "volumeMounts", mounts(chart));
    put(&mut container, "env", all(&values.extra_env));
    put(&mut container, "resources", values.resources.value().clone());
    put(
        &mut container,
        "securityContext",
        values.security_context.value().clone(),
    );
    container
}

fn arguments(chart: &Chart<'_>) -> Vec<String> {
    let fixed = [
        "serve".to_owned(),
        format!("--namespace={}", chart.release.namespace),
        "--webhook-port=9443".to_owned(),
        "--health-port=8081".to_owned(),
        "--metrics-port=9090".to_owned(),
        format!("--webhook-service={}", chart.fullname()),
        "--leader-elect=true".to_owned(),
        "--log-format=json".to_owned(),
    ];
    let injection = match chart.values.serving() {
        Injection::Policy => "policy",
        Injection::Both => "both",
        Injection::Auto | Injection::Webhook => "webhook",
    };
    let rights = chart.values.rights();
    let fewer = (rights.mode != rbac::Mode::Repair).then(|| format!("--rights={}", rights.mode.as_str()));
    let confined = chart.values.is_confined().then(|| "--no-webhook".to_owned());
    let readable = rights.namespaces.join(",");
    let readable =
        (fewer.is_some() && !readable.is_empty()).then(|| format!("--readable-namespaces={readable}"));
    let removal = chart
        .values
        .removes_idle()
        .then(|| "--on-demand-removal".to_owned());
    let most = chart.values.restart_stuck;
    let restarts = (most > 0).then(|| format!("--restart-stuck={most}"));
    let key = &chart.values.registry_ca.key;
    let registry_ca = has_registry_ca(chart).then(|| format!("--registry-ca={REGISTRY_CA}/{key}"));
    let extra = chart.values.extra_args.iter().cloned();
    fixed
        .into_iter()
        .chain([format!("--injection={injection}")])
        .chain(fewer)
        .chain(readable)
        .chain(confined)
        .chain(removal)
        .chain(restarts)
        .chain(ui(chart))
        .chain(registry_ca)
        .chain(extra)
        .collect()
}

/// What `keyside serve` is told of the web page.
fn ui(chart: &Chart<'_>) -> Vec<String> {
    let ui = &chart.values.ui;
    if !ui.enabled {
        return Vec::new();
    }
    let certificate = has_own_certificate(chart).then(|| format!("--ui-certificate={UI_CERTIFICATE}"));
    std::iter::once("--ui-port=8443".to_owned())
        .chain(ui.hosts.iter().map(|host| format!("--ui-host={host}")))
        .chain(certificate)
        .collect()
}

/// `repository:tag`, and the digest if one is given.
pub(super) fn image(chart: &Chart<'_>) -> String {
    let image = &chart.values.image;
    let version = format!("v{VERSION}");
    let tag = if image.tag.is_empty() {
        &version
    } else {
        &image.tag
    };
    let digest = if image.digest.is_empty() {
        String::new()
    } else {
        format!("@{}", image.digest)
    };
    format!("{}:{tag}{digest}", image.repository)
}
