//! keyside as it is installed in the cluster: what it calls, by the API server's audit log, and how many replicas run.

use crate::bed::Call;
use http::Method;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Pod;
use keyside_api::SYSTEM_NAMESPACE;
use kube::Client;
use kube::api::{Api, ListParams, Patch, PatchParams};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// The name of the installation.
const NAME: &str = "keyside";

/// How many replicas are installed.
const REPLICAS: i32 = 2;

/// An image has to start, and what ends may drain.
const PATIENCE: Duration = Duration::from_secs(120);

/// Every call since the cluster began, without those that keep the Lease.
pub(crate) fn calls() -> Vec<Call> {
    let path = std::env::var_os("KEYSIDE_AUDIT_LOG").expect("the audit log of the cluster is named");
    let user = format!("\"username\":\"system:serviceaccount:{SYSTEM_NAMESPACE}:");
    std::fs::read_to_string(path)
        .unwrap()
        .lines()
        .filter(|line| line.contains(&user) && !line.contains("\"resource\":\"leases\""))
        // The last line may be half written.
        .filter_map(|line| call(&serde_json::from_str(line).ok()?))
        .collect()
}

fn call(entry: &Value) -> Option<Call> {
    let verb = entry["verb"].as_str()?;
    let method = match verb {
        "create" => Method::POST,
        "update" => Method::PUT,
        "patch" => Method::PATCH,
        "delete" | "deletecollection" => Method::DELETE,
        _ => Method::GET,
    };
    let uri = entry["requestURI"].as_str()?;
    Some(Call {
        method,
        path: uri.split('?').next()?.to_owned(),
        is_watch: verb == "watch" || uri.contains("watch=true"),
    })
}

/// Ends all replicas; returns when none is left.
pub(crate) async fn stop(client: &Client) {
    scale(client, 0).await;
    let pods: Api<Pod> = Api::namespaced(client.clone(), SYSTEM_NAMESPACE);
    let ours = ListParams::default().labels("app.kubernetes.io/component=server");
    until("the replicas to end", async || {
        pods.list(&ours).await.unwrap().items.is_empty()
    })
    .await;
}

/// Runs the replicas, if they do not run; returns when all are ready and one of them writes.
pub(crate) async fn run(client: &Client) {
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), SYSTEM_NAMESPACE);
    let ready = async || {
        let status = deployments.get(NAME).await.unwrap().status.unwrap_or_default();
        status.ready_replicas == Some(REPLICAS)
    };
    if ready().await {
        return;
    }
    scale(client, REPLICAS).await;
    until("the replicas", ready).await;
    let leases: Api<Lease> = Api::namespaced(client.clone(), SYSTEM_NAMESPACE);
    until("a replica that writes", async || {
        let spec = leases.get(NAME).await.unwrap().spec.unwrap_or_default();
        spec.holder_identity.is_some_and(|holder| !holder.is_empty())
    })
    .await;
}

async fn scale(client: &Client, replicas: i32) {
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), SYSTEM_NAMESPACE);
    let patch = json!({"spec": {"replicas": replicas}});
    deployments
        .patch_scale(NAME, &PatchParams::default(), &Patch::Merge(patch))
        .await
        .unwrap();
}

async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let start = Instant::now();
    while !is_so().await {
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
